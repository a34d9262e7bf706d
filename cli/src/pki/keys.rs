//! Signing keys in files: Ed25519, PKCS#8 in PEM, 0600; and `root.pub`, the one line that names a statement root.
//!
//! These keys sign statements, logs and rosters. They are never a TLS key, and a TLS key never signs a statement.

use std::path::Path;

use data_encoding::BASE64;
use hotline_audit::trust::{parse_root, root_line};
use hotline_audit::{PublicKey, SigningKey};
use hotline_core::identity::TrustDomain;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::error::PkiError;
use super::files;

/// A new signing key and the text of its file.
#[must_use]
pub fn new_signing_key(entropy: &mut dyn FnMut(&mut [u8])) -> (SigningKey, Zeroizing<String>) {
    let mut seed = Zeroizing::new([0; 32]);
    entropy(&mut *seed);
    let document = Zeroizing::new(SigningKey::pkcs8_of_seed(&seed));
    // 48 bytes are exactly one PEM line of 64 characters.
    let body = Zeroizing::new(BASE64.encode(&document));
    let text = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        *body
    );
    (SigningKey::from_seed(&seed), Zeroizing::new(text))
}

/// Reads a signing key from a file that only its owner may read.
///
/// # Errors
/// [`PkiError::Lax`] if others may read it, [`PkiError::Unreadable`] if it is no Ed25519 key.
pub fn signing_key(path: &Path) -> Result<SigningKey, PkiError> {
    let text = Zeroizing::new(files::read_secret(path)?);
    let what = "a signing key";
    let key = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes())
        .map_err(|e| PkiError::unreadable(path, what, e))?;
    SigningKey::from_pkcs8(key.secret_pkcs8_der()).map_err(|e| PkiError::unreadable(path, what, e))
}

/// The text of `root.pub`.
#[must_use]
pub fn root_text(domain: &TrustDomain, root: &PublicKey) -> String {
    root_line(domain.as_str(), root)
}

/// Reads `root.pub`; `path` is for errors.
///
/// # Errors
/// If it is not the one line that it should be, or the key is weak.
pub fn read_root(path: &Path, text: &str) -> Result<(TrustDomain, PublicKey), PkiError> {
    let wrong = |why: String| PkiError::unreadable(path, "the public half of a statement root", why);
    let (domain, root) = parse_root(text)
        .ok_or_else(|| wrong("the one line \"hotline-root <domain> <base64>\" is needed".into()))?
        .map_err(|e| wrong(e.to_string()))?;
    Ok((
        TrustDomain::parse(&domain).map_err(|e| wrong(e.to_string()))?,
        root,
    ))
}

/// Reads a public key in base64.
///
/// # Errors
/// Why it is none, or that it is weak.
pub fn public_key(text: &str) -> Result<PublicKey, String> {
    let bytes = BASE64
        .decode(text.as_bytes())
        .map_err(|e| format!("{text:?} is not base64: {e}"))?;
    PublicKey::parse(&bytes).map_err(|e| e.to_string())
}
