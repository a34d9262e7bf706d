//! Ed25519 certificates in the place of those that `hotline pki` made.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_cli::pki::layout;
use hotline_core::time::WallTime;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

/// How long they are valid: longer than any clock here is wrong.
const DAYS: u64 = 30;

/// A CA for each domain, and a certificate from it for every relay and desk.
pub(super) fn replace(folders: &[PathBuf], made: WallTime) {
    for (number, folder) in folders.iter().enumerate() {
        let number = u8::try_from(number).unwrap();
        let domain = name_of(folder);
        let authority_key = key(&[number, 0]);
        let authority = authority(&domain, made, number);
        let certificate = authority.self_signed(&authority_key).unwrap();
        for other in folders {
            let trusted = other.join(layout::TRUST).join(&domain);
            fs::write(trusted.join(layout::CA_CERTIFICATE), certificate.pem()).unwrap();
            // The list was signed by the CA that was replaced.
            let _ = fs::remove_file(trusted.join(layout::REVOCATION_LIST));
        }
        let issuer = Issuer::from_params(&authority, &authority_key);
        for (kind, role) in [
            ("relay", ExtendedKeyUsagePurpose::ServerAuth),
            ("desk", ExtendedKeyUsagePurpose::ClientAuth),
        ] {
            for (place, holder) in holders(&folder.join(kind)).into_iter().enumerate() {
                let identity = format!("spiffe://{domain}/{kind}/{}", name_of(&holder));
                let key = key(identity.as_bytes());
                let mut leaf = params(&domain, made, &[0x40 + number, (kind.len() + 16 * place) as u8]);
                leaf.subject_alt_names = vec![SanType::URI(identity.try_into().unwrap())];
                leaf.is_ca = IsCa::ExplicitNoCa;
                leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                leaf.extended_key_usages = vec![role.clone()];
                leaf.use_authority_key_identifier_extension = true;
                let certificate = leaf.signed_by(&key, &issuer).unwrap();
                fs::write(holder.join(layout::TLS_CERTIFICATE), certificate.pem()).unwrap();
                // The file is there already, for its owner only.
                fs::write(holder.join(layout::TLS_KEY), key.serialize_pem()).unwrap();
            }
        }
    }
}

/// The folders of all relays or desks of a side, in the order of their names.
fn holders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|holder| holder.unwrap().path())
        .collect();
    found.sort();
    found
}

fn authority(domain: &str, made: WallTime, number: u8) -> CertificateParams {
    let mut params = params(domain, made, &[0x40, number]);
    params
        .distinguished_name
        .push(DnType::OrganizationalUnitName, "hotline CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(domain: &str, made: WallTime, serial: &[u8]) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, domain);
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(&[serial, &[0x55; 14]].concat()));
    let from = rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(made.unix_ms() / 1000);
    params.not_before = from;
    params.not_after = from + std::time::Duration::from_secs(DAYS * 86_400);
    params
}

/// An Ed25519 key from a few bytes, always the same.
fn key(seed: &[u8]) -> KeyPair {
    let mut secret = [0x17_u8; 32];
    for (at, byte) in seed.iter().enumerate() {
        secret[at % 32] = secret[at % 32].rotate_left(3) ^ byte;
    }
    // PKCS#8 version 1 of an Ed25519 seed (RFC 8410 §7).
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ];
    der.extend(secret);
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &rcgen::PKCS_ED25519).unwrap()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
