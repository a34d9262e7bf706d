//! X.509: a side's CA, its leaf certificates and its revocation list.
//!
//! P-256 throughout, because every TLS library checks it. A leaf carries exactly one URI name, its identity; only a
//! relay's also carries DNS names and addresses, so that gRPC clients of others connect. There is no common name, no
//! wildcard and no name constraint: the trust domain in the URI selects the CA, and that is checked at the handshake.
//! A relay's certificate serves and nothing else, a desk's and an officer's call and nothing else.

use std::path::Path;
use std::time::Duration;

use hotline_core::identity::{Identity, Role, TrustDomain};
use hotline_core::time::WallTime;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
    RevokedCertParams, SanType, SerialNumber, SignatureAlgorithm,
};

use super::error::PkiError;
use super::read_certificate::{CertificateView, RevokedSerial};

/// How far in the past a certificate begins, so that a peer whose clock is slow accepts it at once. 5 minutes: thirty
/// times the clock difference that raises an alarm (10 s).
pub const BACKDATED: Duration = Duration::from_secs(5 * 60);

/// When something begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First moment, milliseconds since 1970.
    pub not_before_ms: u64,
    /// Last moment, milliseconds since 1970.
    pub not_after_ms: u64,
}

impl Validity {
    /// From [`BACKDATED`] before `now` to `lifetime` after it, in whole seconds, as X.509 counts.
    #[must_use]
    pub fn starting(now: WallTime, lifetime: Duration) -> Self {
        let now = now.unix_ms() / 1000 * 1000;
        Self {
            not_before_ms: now.saturating_sub(millis(BACKDATED)),
            not_after_ms: now.saturating_add(millis(lifetime)),
        }
    }

    /// The same, but ending no later than `end_ms`.
    #[must_use]
    pub fn ending_by(self, end_ms: u64) -> Self {
        Self {
            not_after_ms: self.not_after_ms.min(end_ms),
            ..self
        }
    }
}

/// What stands in a leaf certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The one name that counts.
    pub identity: Identity,
    /// DNS names; empty but for relays.
    pub dns: Vec<String>,
    /// IP addresses; empty but for relays.
    pub ips: Vec<std::net::IpAddr>,
    /// When it is valid.
    pub validity: Validity,
    /// 16 random bytes.
    pub serial: [u8; 16],
}

/// A side's CA for one trust domain.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    not_after_ms: u64,
}

impl Authority {
    /// Makes a new CA and its certificate.
    ///
    /// # Errors
    /// If the machine gives no randomness.
    pub fn make(
        domain: &TrustDomain,
        validity: Validity,
        serial: [u8; 16],
    ) -> Result<(Self, Certificate), PkiError> {
        let key = new_key()?;
        let mut params = issuer_params(domain);
        set_dates(&mut params, validity);
        params.serial_number = Some(serial_number(serial));
        let certificate = params
            .self_signed(&key)
            .map_err(|e| PkiError::making("the CA certificate", e))?;
        Ok((
            Self {
                params,
                key,
                not_after_ms: validity.not_after_ms,
            },
            certificate,
        ))
    }

    /// Opens a CA from the text of its certificate and key; `path` names the certificate in errors.
    ///
    /// # Errors
    /// If they do not belong together or to this domain.
    pub fn open(domain: &TrustDomain, path: &Path, certificate: &str, key: &str) -> Result<Self, PkiError> {
        let view = CertificateView::from_pem(path, certificate)?;
        let key = KeyPair::from_pem(key)
            .map_err(|e| PkiError::unreadable(path, "a CA whose key can be read", e))?;
        if view.public_key != key.public_key_raw() {
            return Err(PkiError::unreadable(
                path,
                "the certificate of the CA key beside it",
                "the keys differ",
            ));
        }
        let params = issuer_params(domain);
        if view.subject != issuer_name(domain) {
            let what = "the CA of this domain";
            return Err(PkiError::unreadable(
                path,
                what,
                format!("its subject is {}", view.subject),
            ));
        }
        Ok(Self {
            params,
            key,
            not_after_ms: view.validity.not_after_ms,
        })
    }

    /// When the CA ends, milliseconds since 1970.
    #[must_use]
    pub fn not_after_ms(&self) -> u64 {
        self.not_after_ms
    }

    /// The CA's private key, PKCS#8 PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Signs a leaf certificate for a public key.
    ///
    /// # Errors
    /// If a DNS name is not ASCII.
    pub fn issue(&self, leaf: &Leaf, key: &impl PublicKeyData) -> Result<Certificate, PkiError> {
        self.issue_for(leaf, purposes(leaf.identity.role()), key)
    }

    /// Signs the certificate of whoever listens for this domain on the control plane. Its name is no relay's.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_listener(&self, leaf: &Leaf, key: &impl PublicKeyData) -> Result<Certificate, PkiError> {
        self.issue_for(leaf, vec![ExtendedKeyUsagePurpose::ServerAuth], key)
    }

    fn issue_for(
        &self,
        leaf: &Leaf,
        purposes: Vec<ExtendedKeyUsagePurpose>,
        key: &impl PublicKeyData,
    ) -> Result<Certificate, PkiError> {
        leaf_params(leaf, purposes)?
            .signed_by(key, &Issuer::from_params(&self.params, &self.key))
            .map_err(|e| PkiError::making("a certificate", e))
    }

    /// Signs a revocation list with this number, valid as long as the CA itself: a list that ended earlier would either
    /// cut the line or be ignored.
    ///
    /// # Errors
    /// If the CA has ended.
    pub fn revocation_list(
        &self,
        number: u64,
        now: WallTime,
        revoked: &[RevokedSerial],
    ) -> Result<String, PkiError> {
        let list = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(1970, 1, 1)
                + seconds(now.unix_ms().saturating_sub(millis(BACKDATED))),
            next_update: rcgen::date_time_ymd(1970, 1, 1) + seconds(self.not_after_ms),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(revoked_params).collect(),
            key_identifier_method: self.params.key_identifier_method.clone(),
        };
        list.signed_by(&Issuer::from_params(&self.params, &self.key))
            .and_then(|list| list.pem())
            .map_err(|e| PkiError::making("the revocation list", e))
    }
}

/// The public half of a P-256 key that somebody else holds: a point, as a certificate has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TheirKey(pub Vec<u8>);

impl PublicKeyData for TheirKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// A new P-256 key.
///
/// # Errors
/// If the machine gives no randomness.
pub fn new_key() -> Result<KeyPair, PkiError> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|e| PkiError::making("a key", e))
}

/// How the subject of a domain's CA reads.
#[must_use]
pub fn issuer_name(domain: &TrustDomain) -> String {
    format!("O={domain}, OU={ISSUER_UNIT}")
}

const ISSUER_UNIT: &str = "hotline CA";

fn issuer_params(domain: &TrustDomain) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = organization(domain);
    params
        .distinguished_name
        .push(DnType::OrganizationalUnitName, ISSUER_UNIT);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf_params(leaf: &Leaf, purposes: Vec<ExtendedKeyUsagePurpose>) -> Result<CertificateParams, PkiError> {
    let ascii = |text: &str| {
        text.try_into()
            .map_err(|e| PkiError::making("a name of a certificate", e))
    };
    let mut names = vec![SanType::URI(ascii(&leaf.identity.to_string())?)];
    for name in &leaf.dns {
        names.push(SanType::DnsName(ascii(name)?));
    }
    names.extend(leaf.ips.iter().copied().map(SanType::IpAddress));

    let mut params = CertificateParams::default();
    params.distinguished_name = organization(leaf.identity.domain());
    params.subject_alt_names = names;
    set_dates(&mut params, leaf.validity);
    params.serial_number = Some(serial_number(leaf.serial));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = purposes;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// A relay listens, and asks the other side's relays to witness its log.
fn purposes(role: Role) -> Vec<ExtendedKeyUsagePurpose> {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    match role {
        Role::Relay => vec![ServerAuth, ClientAuth],
        // An escrow gets no certificate at all: nothing asks for one, and no door lets one in.
        Role::Desk | Role::Officer | Role::Control | Role::Escrow => vec![ClientAuth],
    }
}

fn organization(domain: &TrustDomain) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, domain.as_str());
    name
}

fn revoked_params(revoked: &RevokedSerial) -> RevokedCertParams {
    RevokedCertParams {
        serial_number: SerialNumber::from_slice(&revoked.serial),
        revocation_time: rcgen::date_time_ymd(1970, 1, 1) + seconds(revoked.at_ms),
        // The reason stands in the roster, in words; RFC 5280 asks to leave an unspecified code out.
        reason_code: None,
        invalidity_date: None,
    }
}

/// 16 random bytes as a positive number whose length never varies: what stands in the certificate.
#[must_use]
pub fn serial_bytes(mut random: [u8; 16]) -> [u8; 16] {
    random[0] = random[0] & 0x7f | 0x40;
    random
}

fn serial_number(random: [u8; 16]) -> SerialNumber {
    SerialNumber::from_slice(&serial_bytes(random))
}

fn set_dates(params: &mut CertificateParams, validity: Validity) {
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + seconds(validity.not_before_ms);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + seconds(validity.not_after_ms);
}

/// X.509 counts whole seconds, and its calendar ends with the year 9999.
fn seconds(ms: u64) -> Duration {
    const END_OF_9999: u64 = 253_402_300_799;
    Duration::from_secs((ms / 1000).min(END_OF_9999))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
