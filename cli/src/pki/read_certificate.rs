//! Reading certificates and revocation lists back: what stands in them, in our own types.
//!
//! Used by the verbs that show, compare or extend what is there. It is not the check of a handshake: that is
//! `transport`'s, and does more. Everything read here may come from the other side, so nothing is trusted to be short,
//! well-formed or ours.

use std::net::IpAddr;
use std::path::Path;

use hotline_audit::Hash;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{
    ASN1Time, CertificateRevocationList, FromDer, GeneralName, ParsedExtension, X509Certificate,
    X509Extension,
};

use super::certificate::Validity;
use super::error::PkiError;

/// What stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView {
    /// The exact bytes.
    pub der: Vec<u8>,
    /// SHA-256 of them.
    pub fingerprint: Hash,
    /// Subject, as X.509 tools print it.
    pub subject: String,
    /// Issuer, likewise.
    pub issuer: String,
    /// Serial number, big-endian, without leading zeros.
    pub serial: Vec<u8>,
    /// First and last moment.
    pub validity: Validity,
    /// URI names: exactly one in a leaf of ours.
    pub uris: Vec<String>,
    /// DNS names.
    pub dns: Vec<String>,
    /// IP addresses.
    pub ips: Vec<IpAddr>,
    /// Whether it may sign certificates, and how long a chain.
    pub authority: Option<Option<u32>>,
    /// What the key may do, as X.509 names it.
    pub key_usage: Vec<&'static str>,
    /// What the certificate is for, as X.509 names it.
    pub extended_key_usage: Vec<&'static str>,
    /// The public key: an uncompressed P-256 point in ours.
    pub public_key: Vec<u8>,
    signed_part: Vec<u8>,
    signature: Vec<u8>,
}

impl CertificateView {
    /// Reads the first certificate of a PEM text; `path` is for errors.
    ///
    /// # Errors
    /// If there is none, or it is not X.509.
    pub fn from_pem(path: &Path, text: &str) -> Result<Self, PkiError> {
        let der = CertificateDer::from_pem_slice(text.as_bytes())
            .map_err(|e| PkiError::unreadable(path, "a certificate", e))?;
        Self::from_der(&der).map_err(|why| PkiError::unreadable(path, "a certificate", why))
    }

    /// Reads exact bytes.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|e| e.to_string())?;
        if !rest.is_empty() {
            return Err(format!("{} bytes follow its end", rest.len()));
        }
        let mut view = Self {
            der: der.to_vec(),
            fingerprint: Hash::of(der),
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            serial: without_leading_zeros(parsed.raw_serial()),
            validity: Validity {
                not_before_ms: millis(parsed.validity().not_before),
                not_after_ms: millis(parsed.validity().not_after),
            },
            uris: Vec::new(),
            dns: Vec::new(),
            ips: Vec::new(),
            authority: None,
            key_usage: Vec::new(),
            extended_key_usage: Vec::new(),
            public_key: parsed.public_key().subject_public_key.data.to_vec(),
            signed_part: parsed.tbs_certificate.as_ref().to_vec(),
            signature: parsed.signature_value.data.to_vec(),
        };
        for extension in parsed.extensions() {
            view.take(extension)?;
        }
        Ok(view)
    }

    /// Whether this certificate's key signed `other`.
    #[must_use]
    pub fn signed(&self, other: &CertificateView) -> Signature {
        check(&self.public_key, &other.signed_part, &other.signature)
    }

    fn take(&mut self, extension: &X509Extension<'_>) -> Result<(), String> {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    match name {
                        GeneralName::URI(uri) => self.uris.push((*uri).to_owned()),
                        GeneralName::DNSName(dns) => self.dns.push((*dns).to_owned()),
                        GeneralName::IPAddress(bytes) => self.ips.push(address(bytes)?),
                        other => return Err(format!("it carries a name of a kind we never issue: {other}")),
                    }
                }
            }
            ParsedExtension::BasicConstraints(constraints) if constraints.ca => {
                self.authority = Some(constraints.path_len_constraint);
            }
            ParsedExtension::KeyUsage(usage) => {
                let named = [
                    (usage.digital_signature(), "digitalSignature"),
                    (usage.key_cert_sign(), "keyCertSign"),
                    (usage.crl_sign(), "cRLSign"),
                    (usage.key_encipherment(), "keyEncipherment"),
                    (usage.key_agreement(), "keyAgreement"),
                ];
                self.key_usage
                    .extend(named.into_iter().filter_map(|(set, name)| set.then_some(name)));
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let named = [
                    (usage.server_auth, "serverAuth"),
                    (usage.client_auth, "clientAuth"),
                    (usage.any, "any"),
                ];
                self.extended_key_usage
                    .extend(named.into_iter().filter_map(|(set, name)| set.then_some(name)));
            }
            ParsedExtension::ParseError { error } => return Err(error.to_string()),
            // Key identifiers and the like say nothing that the rest does not.
            _ => {}
        }
        Ok(())
    }
}

/// Whether a signature holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// It does.
    Holds,
    /// It does not.
    Broken,
}

/// One entry of a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedSerial {
    /// Serial number, big-endian, without leading zeros.
    pub serial: Vec<u8>,
    /// When it was revoked, milliseconds since 1970.
    pub at_ms: u64,
}

/// What stands in a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationListView {
    /// Who issued it.
    pub issuer: String,
    /// Its number, which only grows.
    pub number: u64,
    /// When it was made and by when the next is due.
    pub validity: Validity,
    /// What it revokes.
    pub revoked: Vec<RevokedSerial>,
    signed_part: Vec<u8>,
    signature: Vec<u8>,
}

impl RevocationListView {
    /// Reads the first revocation list of a PEM text; `path` is for errors.
    ///
    /// # Errors
    /// If there is none, or it is not one, or has no number.
    pub fn from_pem(path: &Path, text: &str) -> Result<Self, PkiError> {
        let what = "a revocation list";
        let der = CertificateRevocationListDer::from_pem_slice(text.as_bytes())
            .map_err(|e| PkiError::unreadable(path, what, e))?;
        Self::from_der(&der).map_err(|why| PkiError::unreadable(path, what, why))
    }

    /// Reads exact bytes.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) = CertificateRevocationList::from_der(der).map_err(|e| e.to_string())?;
        if !rest.is_empty() {
            return Err(format!("{} bytes follow its end", rest.len()));
        }
        let number = parsed.crl_number().ok_or("it has no number")?;
        let next_update = parsed
            .next_update()
            .ok_or("it does not say when the next one is due")?;
        let revoked = parsed.iter_revoked_certificates().map(|entry| RevokedSerial {
            serial: without_leading_zeros(entry.raw_serial()),
            at_ms: millis(entry.revocation_date),
        });
        Ok(Self {
            issuer: parsed.issuer().to_string(),
            number: u64::try_from(number).map_err(|_| "its number is too large")?,
            validity: Validity {
                not_before_ms: millis(parsed.last_update()),
                not_after_ms: millis(next_update),
            },
            revoked: revoked.collect(),
            signed_part: parsed.tbs_cert_list.as_ref().to_vec(),
            signature: parsed.signature_value.data.to_vec(),
        })
    }

    /// Whether the key of `authority` signed this list.
    #[must_use]
    pub fn signed_by(&self, authority: &CertificateView) -> Signature {
        check(&authority.public_key, &self.signed_part, &self.signature)
    }
}

fn check(public_key: &[u8], signed_part: &[u8], signature: &[u8]) -> Signature {
    match UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key).verify(signed_part, signature) {
        Ok(()) => Signature::Holds,
        Err(_) => Signature::Broken,
    }
}

fn without_leading_zeros(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}

fn millis(time: ASN1Time) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or(0).saturating_mul(1000)
}

fn address(bytes: &[u8]) -> Result<IpAddr, String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Ok(four.into());
    }
    <[u8; 16]>::try_from(bytes)
        .map(IpAddr::from)
        .map_err(|_| format!("an IP address of {} bytes", bytes.len()))
}
