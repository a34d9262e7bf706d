//! Real certificates, made when a test needs them: one CA per trust domain, leaves with any fault one can order.
//!
//! All dates lie around [`NOON`], which is what the tests' wall clock says; the machine's own date plays no part.

use hotline_core::identity::TrustDomain;
use hotline_transport::{Anchor, Credentials, Seams};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// 2030-06-15T12:00:00Z in milliseconds since 1970.
pub const NOON: u64 = 1_907_755_200_000;

/// A certificate authority of one side.
pub struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a leaf is ordered to be. Good, unless one of its fields is changed.
#[derive(Clone)]
pub struct Order {
    pub uris: Vec<&'static str>,
    pub from: (i32, u8, u8),
    pub to: (i32, u8, u8),
    pub purposes: Vec<ExtendedKeyUsagePurpose>,
    pub serial: u64,
}

/// A chain and its key.
pub struct Leaf {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: KeyPair,
}

pub fn order(uri: &'static str) -> Order {
    Order {
        uris: vec![uri],
        from: (2030, 6, 15),
        to: (2030, 6, 16),
        purposes: vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ],
        serial: 7,
    }
}

impl Ca {
    pub fn new(name: &str) -> Self {
        let params = ca_params(name, (2030, 1, 1), (2031, 1, 1));
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    pub fn expired(name: &str) -> Self {
        let params = ca_params(name, (2029, 1, 1), (2030, 1, 1));
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    /// A CA below this one.
    pub fn below(&self, name: &str) -> Self {
        let params = ca_params(name, (2030, 1, 1), (2031, 1, 1));
        let issuer = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &self.issuer).unwrap();
        Self { issuer }
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub fn leaf(&self, order: &Order) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = named("a leaf");
        params.not_before = date_time_ymd(order.from.0, order.from.1, order.from.2);
        params.not_after = date_time_ymd(order.to.0, order.to.1, order.to.2);
        params.serial_number = Some(SerialNumber::from(order.serial));
        params.extended_key_usages.clone_from(&order.purposes);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // Relay certificates carry DNS names too, for stock clients; they must never matter.
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        for uri in &order.uris {
            params
                .subject_alt_names
                .push(SanType::URI((*uri).try_into().unwrap()));
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf {
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    pub fn credentials(&self, seams: &Seams, order: &Order) -> Credentials {
        self.leaf(order).credentials(seams)
    }

    pub fn crl(&self, serials: &[u64]) -> CertificateRevocationListDer<'static> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2030, 6, 15),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2030, 6, 1),
            next_update: date_time_ymd(2030, 6, 14),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().clone()
    }

    pub fn anchor(&self, domain: &str, revoked: &[u64]) -> Anchor {
        let crls = if revoked.is_empty() {
            Vec::new()
        } else {
            vec![self.crl(revoked)]
        };
        Anchor {
            domain: TrustDomain::parse(domain).unwrap(),
            ca: self.der(),
            crls,
        }
    }
}

impl Leaf {
    pub fn credentials(self, seams: &Seams) -> Credentials {
        let key = self.key_der();
        Credentials::from_der(self.chain, key, seams).unwrap()
    }

    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    pub fn with(mut self, more: CertificateDer<'static>) -> Self {
        self.chain.push(more);
        self
    }
}

fn ca_params(name: &str, from: (i32, u8, u8), to: (i32, u8, u8)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(to.0, to.1, to.2);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
