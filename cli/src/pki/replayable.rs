//! Ed25519 certificates in the place of those that `hotline pki` made, for nodes of a simulated world: the length of a P-256
//! signature varies by chance, and a packet's length is part of a replay. Their keys follow from names and are no secret:
//! what is made here speaks to nobody outside of its world.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hotline_core::time::WallTime;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

use super::{error::PkiError, layout};

/// How long they are valid: longer than any clock of a world is wrong.
const DAYS: u64 = 30;

/// A CA for each domain, and a certificate from it for every relay and desk. `folders`: those of all domains, each trusting
/// the others.
///
/// # Errors
/// A file cannot be written, or a name is none.
pub fn replace(folders: &[PathBuf], made: WallTime) -> Result<(), PkiError> {
    for (number, folder) in (0..).zip(folders) {
        side(number, folder, folders, made)?;
    }
    Ok(())
}

fn side(number: u8, folder: &Path, folders: &[PathBuf], made: WallTime) -> Result<(), PkiError> {
    let domain = name_of(folder);
    let authority_key = key(&[number, 0])?;
    let authority = authority(&domain, made, number);
    let certificate = authority.self_signed(&authority_key).map_err(failed)?;
    for other in folders {
        let trusted = other.join(layout::TRUST).join(&domain);
        write(&trusted.join(layout::CA_CERTIFICATE), &certificate.pem())?;
        // The list was signed by the CA that was replaced.
        let _ = fs::remove_file(trusted.join(layout::REVOCATION_LIST));
    }
    let issuer = Issuer::from_params(&authority, &authority_key);
    for (kind, purposes) in [
        (
            "relay",
            vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ],
        ),
        ("desk", vec![ExtendedKeyUsagePurpose::ClientAuth]),
    ] {
        for (place, holder) in (0u8..).zip(holders(&folder.join(kind))?) {
            let identity = format!("spiffe://{domain}/{kind}/{}", name_of(&holder));
            let key = key(identity.as_bytes())?;
            let kind_number = if kind == "relay" { 5 } else { 4 };
            let serial = [0x40 + number, 16_u8.wrapping_mul(place).wrapping_add(kind_number)];
            let mut leaf = params(&domain, made, &serial);
            leaf.subject_alt_names = vec![SanType::URI(identity.try_into().map_err(failed)?)];
            leaf.is_ca = IsCa::ExplicitNoCa;
            leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            leaf.extended_key_usages.clone_from(&purposes);
            leaf.use_authority_key_identifier_extension = true;
            let certificate = leaf.signed_by(&key, &issuer).map_err(failed)?;
            write(&holder.join(layout::TLS_CERTIFICATE), &certificate.pem())?;
            // The file is there already, for its owner only.
            write(&holder.join(layout::TLS_KEY), &key.serialize_pem())?;
        }
    }
    Ok(())
}

fn failed(error: rcgen::Error) -> PkiError {
    PkiError::making("a certificate of a simulated world", error)
}

fn write(file: &Path, text: &str) -> Result<(), PkiError> {
    fs::write(file, text).map_err(|source| PkiError::File {
        doing: "written",
        path: file.to_owned(),
        source,
    })
}

/// The folders of all relays or desks of a side, in the order of their names.
fn holders(folder: &Path) -> Result<Vec<PathBuf>, PkiError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|holder| holder.map(|holder| holder.path()))
            .collect()
    };
    let mut found = read().map_err(|source| PkiError::File {
        doing: "read",
        path: folder.to_owned(),
        source,
    })?;
    found.sort();
    Ok(found)
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
fn key(seed: &[u8]) -> Result<KeyPair, PkiError> {
    let mut secret = [0x17_u8; 32];
    for (at, byte) in (0..32).cycle().zip(seed) {
        if let Some(place) = secret.get_mut(at) {
            *place = place.rotate_left(3) ^ byte;
        }
    }
    // PKCS#8 version 1 of an Ed25519 seed (RFC 8410 §7).
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ];
    der.extend(secret);
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &rcgen::PKCS_ED25519)
        .map_err(failed)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
