//! Our own certificate and key, read with care.
//!
//! A private key that others can read is no key: a file open to group or others, or reached through a symbolic link,
//! is refused before a port opens, with the command that mends it. Transport keys only; officers' signing keys are
//! different keys and live elsewhere.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hotline_core::identity::Identity;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::certificate::CertificateSummary;
use crate::name;
use crate::refusal::NameFault;
use crate::seams::Seams;

/// A key file is a few hundred bytes, a chain a few thousand. More is a mistake, not a key.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Our certificate chain and the key that proves it.
#[derive(Debug, Clone)]
pub struct Credentials {
    certified: Arc<CertifiedKey>,
    identity: Identity,
    summary: CertificateSummary,
    file: Option<PathBuf>,
}

/// Why a certificate or key is not usable as ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read or change the key.
    #[error("the key file {} has mode {mode:04o}; others could read or change it. Run: chmod 600 {}", file.display(), file.display())]
    KeyTooOpen {
        /// The key file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key is reached through a symbolic link, so its mode protects nothing.
    #[error("the key file {} is a symbolic link; name the file itself", file.display())]
    KeyIsLink {
        /// The link.
        file: PathBuf,
    },
    /// The key is a folder, a device or a pipe.
    #[error("the key file {} is not a plain file", file.display())]
    KeyNotAFile {
        /// What was named.
        file: PathBuf,
    },
    /// Larger than any certificate or key.
    #[error("{} has more than {MAX_FILE_BYTES} bytes; it is no certificate or key", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// Not the PEM that was expected.
    #[error("{} holds no usable {what}: {source}", file.display())]
    NotPem {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What the reader said.
        source: rustls_pki_types::pem::Error,
    },
    /// No key for sealing.
    #[error("{} holds no usable key for sealing: it is not what hotline pki writes", file.display())]
    NoSealSeed {
        /// The file.
        file: PathBuf,
    },
    /// There is no certificate at all.
    #[error("the certificate chain is empty")]
    NoCertificate,
    /// The certificate names nobody that peers would accept.
    #[error("our own certificate is not usable: {fault}. Run: hotline pki inspect FILE")]
    Name {
        /// What is wrong with its name.
        fault: NameFault,
    },
    /// Key and certificate do not belong together, or the key is of an unknown kind.
    #[error("key and certificate do not fit: {source}")]
    Mismatch {
        /// What the TLS library said.
        source: rustls::Error,
    },
}

impl Credentials {
    /// Reads a PEM chain (leaf first) and its PEM key.
    ///
    /// # Errors
    /// A [`CredentialError`] names the file, what is wrong, and for a key that is too open the command to run.
    pub fn load(certificate: &Path, key: &Path, seams: &Seams) -> Result<Self, CredentialError> {
        let pem = read(certificate, open(certificate)?)?;
        let chain = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| not_pem(certificate, "certificate", source))?;
        let key_pem = read(key, open_key(key)?)?;
        let private =
            PrivateKeyDer::from_pem_slice(&key_pem).map_err(|source| not_pem(key, "private key", source))?;
        let mut credentials = Self::from_der(chain, private, seams)?;
        credentials.file = Some(certificate.to_owned());
        Ok(credentials)
    }

    /// Takes a chain (leaf first) and its key as they are.
    ///
    /// # Errors
    /// As [`load`](Self::load), without the files.
    pub fn from_der(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        seams: &Seams,
    ) -> Result<Self, CredentialError> {
        let leaf = chain.first().ok_or(CredentialError::NoCertificate)?;
        let identity = name::claimed_identity(leaf).map_err(|fault| CredentialError::Name { fault })?;
        let summary = CertificateSummary::of(leaf).ok_or(CredentialError::Name {
            fault: NameFault::Unreadable,
        })?;
        let certified = CertifiedKey::from_der(chain, key, &seams.crypto)
            .map_err(|source| CredentialError::Mismatch { source })?;
        Ok(Self {
            certified: Arc::new(certified),
            identity,
            summary,
            file: None,
        })
    }

    /// Who we are.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What our certificate says of itself.
    #[must_use]
    pub fn summary(&self) -> &CertificateSummary {
        &self.summary
    }

    /// Where the certificate was read from, if from a file.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub(crate) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }
}

fn not_pem(file: &Path, what: &'static str, source: rustls_pki_types::pem::Error) -> CredentialError {
    CredentialError::NotPem {
        file: file.to_owned(),
        what,
        source,
    }
}

/// Reads a signing key: PKCS#8 in PEM, in a file that only its owner can read. The document is returned as it is; what
/// it signs is not this room's matter.
///
/// # Errors
/// A [`CredentialError`] names the file, what is wrong, and for a key that is too open the command to run.
pub fn load_signing_key(file: &Path) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let pem = read(file, open_key(file)?)?;
    let key =
        PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|source| not_pem(file, "private key", source))?;
    Ok(Zeroizing::new(key.secret_pkcs8_der().to_vec()))
}

/// First line of a key file for sealing.
pub const SEAL_BEGIN: &str = "-----BEGIN HOTLINE SEAL SEED-----";
/// Its last line.
const SEAL_END: &str = "-----END HOTLINE SEAL SEED-----";

/// Reads a key for sealing: the 32 bytes of its seed in base64 between two lines, in a file that only its owner can read.
///
/// # Errors
/// As [`load_signing_key`].
pub fn load_seal_seed(file: &Path) -> Result<Zeroizing<[u8; 32]>, CredentialError> {
    let pem = read(file, open_key(file)?)?;
    seal_seed(&pem).ok_or_else(|| CredentialError::NoSealSeed {
        file: file.to_owned(),
    })
}

/// The seed in the text of such a file; none if it is another.
#[must_use]
pub fn seal_seed(pem: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let text = std::str::from_utf8(pem).ok()?;
    let body = text.trim_end().strip_prefix(SEAL_BEGIN)?.strip_suffix(SEAL_END)?;
    let mut seed = Zeroizing::new([0; 32]);
    // 32 bytes are 44 characters; the decoder may ask for one byte more.
    let mut decoded = Zeroizing::new([0; 33]);
    let body = body.trim().as_bytes();
    // It panics where the room is not exactly what it asks for.
    let asked = data_encoding::BASE64.decode_len(body.len()).ok()?;
    let length = data_encoding::BASE64
        .decode_mut(body, decoded.get_mut(..asked)?)
        .ok()?;
    seed.copy_from_slice(decoded.get(..length).filter(|bytes| bytes.len() == 32)?);
    Some(seed)
}

/// The text of such a file.
#[must_use]
pub fn seal_seed_pem(seed: &[u8; 32]) -> Zeroizing<String> {
    let body = Zeroizing::new(data_encoding::BASE64.encode(seed));
    Zeroizing::new(format!("{SEAL_BEGIN}\n{}\n{SEAL_END}\n", *body))
}

fn unreadable(file: &Path) -> impl FnOnce(io::Error) -> CredentialError {
    let file = file.to_owned();
    move |source| CredentialError::Unreadable { file, source }
}

fn open(file: &Path) -> Result<File, CredentialError> {
    File::open(file).map_err(unreadable(file))
}

fn read(file: &Path, open: File) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = open
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable(file))?;
    if read as u64 > MAX_FILE_BYTES {
        return Err(CredentialError::TooLarge {
            file: file.to_owned(),
        });
    }
    Ok(bytes)
}

/// Opens a key file and judges the very file that was opened, so that nobody swaps it in between.
fn open_key(file: &Path) -> Result<File, CredentialError> {
    let named = fs::symlink_metadata(file).map_err(unreadable(file))?;
    if named.file_type().is_symlink() {
        return Err(CredentialError::KeyIsLink {
            file: file.to_owned(),
        });
    }
    // Checked before opening too: opening a pipe would wait for its other end.
    if !named.is_file() {
        return Err(CredentialError::KeyNotAFile {
            file: file.to_owned(),
        });
    }
    let opened = open(file)?;
    let found = opened.metadata().map_err(unreadable(file))?;
    if !found.is_file() {
        return Err(CredentialError::KeyNotAFile {
            file: file.to_owned(),
        });
    }
    check_mode(file, &named, &found)?;
    Ok(opened)
}

#[cfg(unix)]
fn check_mode(file: &Path, named: &Metadata, found: &Metadata) -> Result<(), CredentialError> {
    use std::os::unix::fs::MetadataExt;
    if (named.dev(), named.ino()) != (found.dev(), found.ino()) {
        return Err(CredentialError::KeyIsLink {
            file: file.to_owned(),
        });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(CredentialError::KeyTooOpen {
            file: file.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_file: &Path, _named: &Metadata, _found: &Metadata) -> Result<(), CredentialError> {
    // Other systems keep permissions in lists that the standard library does not read.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_for_sealing_reads_back_and_nothing_else_does() {
        let pem = seal_seed_pem(&[7; 32]);
        assert_eq!(seal_seed(pem.as_bytes()).as_deref(), Some(&[7; 32]));
        let short = pem.replace("BwcH", "");
        let long = pem.replacen("BwcH", "BwcHBwcH", 1);
        let other = pem.replace("SEAL SEED", "PRIVATE KEY");
        for wrong in ["", "BwcH", &short, &long, &other, &pem[1..]] {
            assert!(seal_seed(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
