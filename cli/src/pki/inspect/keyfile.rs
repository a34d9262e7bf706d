//! Key files, line by line; the key itself is never shown.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use data_encoding::BASE64;
use hotline_audit::{Hash, PublicKey, SigningKey};
use hotline_client::{
    seal::SealSecret,
    sealed::{self, KeyFile},
};
use hotline_core::identity::TrustDomain;
use hotline_transport::credentials;

use super::Report;
use crate::pki::error::PkiError;

/// Explains `root.pub`.
pub(super) fn root((domain, root): &(TrustDomain, PublicKey)) -> Report {
    let mut report = Report::new("The public half of a statement root");
    report.line(
        "domain",
        domain.to_string(),
        "The trust domain whose roster this key signs.",
    );
    report.chance(
        "key",
        BASE64.encode(root.as_bytes()),
        "An Ed25519 key in base64. It was checked not to be a weak one.",
    );
    report
}

/// Explains a private key without showing it.
pub(super) fn private(path: &Path, text: &str) -> Result<Report, PkiError> {
    let mut report = match sealed::kind(text) {
        Some(KeyFile::Sealed) => {
            let mut report = Report::new("An officer's key, sealed with a passphrase");
            let officer = sealed::claimed_officer(text).unwrap_or("nobody");
            report.line(
                "officer",
                officer,
                "Whose key it says it is; opening it with the passphrase proves it.",
            );
            if sealed::is_old(text) {
                report.line(
                    "form",
                    "one slot",
                    "Sealed before there were second passphrases: hotline pki seal seals it anew.",
                );
            } else {
                report.line(
                    "form",
                    "two slots",
                    "Each as long as the other. Whether a second passphrase is set cannot be told from the file.",
                );
            }
            report
        }
        None if is_for_sealing(text) => for_sealing(path, text)?,
        Some(KeyFile::Plain) | None => plain(path, text)?,
    };
    let metadata = std::fs::metadata(path).map_err(|source| PkiError::file("read", path, source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    let meaning = if mode & 0o077 == 0 {
        "Only its owner may read it.".to_owned()
    } else {
        format!(
            "OTHERS MAY READ IT: nothing will load it before chmod 600 {}.",
            path.display()
        )
    };
    report.line("mode", format!("{mode:04o}"), meaning);
    Ok(report)
}

/// Whether a text is a key with which what is sealed is opened.
pub(super) fn is_for_sealing(text: &str) -> bool {
    text.starts_with(credentials::SEAL_BEGIN)
}

fn for_sealing(path: &Path, text: &str) -> Result<Report, PkiError> {
    let unreadable = |why: String| PkiError::unreadable(path, "a key for sealing", why);
    let seed =
        credentials::seal_seed(text.as_bytes()).ok_or_else(|| unreadable("it is cut or changed".into()))?;
    let secret = SealSecret::from_seed(&seed).map_err(unreadable)?;
    let mut report = Report::new("A key that opens what is sealed to a desk or an escrow");
    report.chance(
        "public half",
        Hash::of(secret.public()).to_string(),
        "SHA-256 of the X-Wing key that messages are sealed to. The roster says whose it is; it signs nothing.",
    );
    Ok(report)
}

fn plain(path: &Path, text: &str) -> Result<Report, PkiError> {
    let pkcs8 = sealed::pem_body(text).map_err(|why| PkiError::unreadable(path, "a private key", why))?;
    let mut report = Report::new("A private key, not sealed");
    match SigningKey::from_pkcs8(&pkcs8) {
        Ok(key) => report.chance(
            "public half",
            BASE64.encode(key.public().as_bytes()),
            "An Ed25519 key: it signs statements, a log or a roster. The roster says whose it is.",
        ),
        Err(_) => report.line(
            "kind",
            "not Ed25519",
            "A TLS key, for the tls.crt or ca.crt beside it.",
        ),
    }
    Ok(report)
}
