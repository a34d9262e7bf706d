//! An officer's signing key at rest: plain PKCS#8 in a file that only its owner may read, or sealed with a passphrase.
//!
//! A sealed key has two slots under one head, each of which opens with a passphrase of its own and holds the same key; or
//! one of them is chance, and the file does not tell. What stands where is `client/SEALED.md`, whose worked example a test
//! reads. PBKDF2 is used because ring has it; the iteration count is OWASP's for it, so a passphrase of four random words
//! costs an attacker about 10^19 hashes.
//!
//! The second passphrase is the one of an officer under duress. Nothing here knows which of the two was typed: both do the
//! same and leave the same behind, a note of the unlocking ([`notes`]). Only whoever holds the book of it ([`book`]) can
//! tell them apart, by a watch over the notes ([`watch`]).
//!
//! Nothing here asks anybody for a passphrase, and nothing keeps one.

pub mod book;
pub mod notes;
mod slots;
pub mod watch;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use hotline_audit::SigningKey;
use hotline_core::time::WallTime;
use hotline_transport::Seams;
use zeroize::{Zeroize, Zeroizing};

pub use slots::{Sealed, seal};

/// First line of a sealed key.
pub const BEGIN: &str = "-----BEGIN HOTLINE SEALED KEY-----";
/// Last line of a sealed key.
pub const END: &str = "-----END HOTLINE SEALED KEY-----";
/// Rounds of PBKDF2 when sealing: OWASP's figure for PBKDF2-HMAC-SHA256. About 0.2 s on a laptop.
pub const ITERATIONS: u32 = 600_000;
/// Most rounds accepted when opening: ten times as many, so that a file cannot hold us up for long.
pub const ITERATIONS_MAX: u32 = 10 * ITERATIONS;
/// Largest key file read. A sealed key has about 700 bytes.
pub const FILE_BYTES_MAX: u64 = 16 * 1024;
/// Shortest passphrase accepted for sealing, in characters. NIST SP 800-63B asks for at least 15 when it stands alone.
pub const PASSPHRASE_CHARACTERS_MIN: usize = 15;

const SECRET_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// What an officer types. It prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(String);

impl Passphrase {
    /// Takes a passphrase as typed, without its line feed.
    #[must_use]
    pub fn new(typed: String) -> Self {
        Self(typed)
    }
}

impl Drop for Passphrase {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// A passphrase that is typed now, and what the note of it needs.
pub struct Unlocking<'a> {
    /// What was typed.
    pub passphrase: &'a Passphrase,
    /// When, by this machine's clock.
    pub wall: WallTime,
    /// Fresh chance: it serves one note.
    pub chance: [u8; notes::CHANCE_BYTES],
}

impl Drop for Unlocking<'_> {
    fn drop(&mut self) {
        self.chance.zeroize();
    }
}

impl<'a> Unlocking<'a> {
    /// A passphrase that is typed now.
    #[must_use]
    pub fn now(passphrase: &'a Passphrase, seams: &Seams) -> Self {
        let mut chance = [0; notes::CHANCE_BYTES];
        seams.entropy.fill(&mut chance);
        Self {
            passphrase,
            wall: seams.clock.wall(),
            chance,
        }
    }
}

/// 32 secret bytes. It prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a slot holds beside the key, for the note of an unlocking. To whoever reads it, it is chance.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Beside {
    /// The slot's own. Which of a file's two is that of the second passphrase stands in the security officer's book and
    /// nowhere else.
    token: Secret,
    /// The public half of a key made for this file: whoever has the other half can tell whose token a note was made with.
    /// The two slots have the same.
    watch: [u8; SECRET_BYTES],
}

/// What the book knows of a second passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watching {
    /// The secret half of the key made for this file.
    secret: Secret,
    /// The token of the second passphrase's slot.
    token: Secret,
    /// The salt of the sealed file, which anybody may read there: by it the watch knows whether the book is of today's key.
    salt: [u8; SALT_BYTES],
    /// The public half.
    watch: [u8; SECRET_BYTES],
}

impl Watching {
    fn new(secret: Secret, token: Secret, salt: [u8; SALT_BYTES]) -> Self {
        let watch = notes::public(&secret);
        Self {
            secret,
            token,
            salt,
            watch,
        }
    }
}

/// How an officer's key lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFile {
    /// PKCS#8: whoever reads the file can sign.
    Plain,
    /// Sealed: a passphrase is needed too.
    Sealed,
}

/// Why an officer's key could not be sealed or loaded.
#[derive(Debug, thiserror::Error)]
pub enum SealedKeyError {
    /// The file cannot be read.
    #[error("{} could not be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("{} may be read by others (mode {mode:04o}); chmod 600 it", .path.display())]
    Lax {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds no key, plain or sealed.
    #[error("{} is not an officer's key: {why}", .path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The key is sealed and no passphrase was given: ask for one.
    #[error("{} is sealed: its passphrase is needed", .path.display())]
    PassphraseNeeded {
        /// The file.
        path: PathBuf,
    },
    /// It does not open: another passphrase, or an altered file. The two cannot be told apart.
    #[error("{} does not open with this passphrase", .path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase is too short to seal with.
    #[error("the passphrase has {found} characters, but at least {PASSPHRASE_CHARACTERS_MIN} are needed")]
    ShortPassphrase {
        /// How many it has.
        found: usize,
    },
    /// Both passphrases are the same.
    #[error("the second passphrase is the same as the first: then nobody can tell which was meant")]
    SamePassphrases,
    /// The note of an unlocking cannot be written. Nothing is signed then, whichever passphrase it was.
    #[error("{} cannot be written, and an unlocking that is not noted opens no key", .path.display())]
    NotNoted {
        /// The file of notes, beside the key.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Loads an officer's key from a plain or sealed file. A passphrase for a plain file is not looked at.
///
/// A sealed key takes about 0.2 s, on purpose, and its unlocking is noted beside it before it is given back. Which of two
/// passphrases it was makes no difference to anything that this does or leaves behind.
///
/// # Errors
/// [`SealedKeyError::PassphraseNeeded`] if the file is sealed and no passphrase is given; otherwise what is wrong with
/// the file, its permissions or the passphrase.
pub fn load_officer_key(
    path: &Path,
    unlocking: Option<&Unlocking<'_>>,
) -> Result<SigningKey, SealedKeyError> {
    let text = read_private(path)?;
    let pkcs8 = match (kind(&text), unlocking) {
        (Some(KeyFile::Plain), _) => Zeroizing::new(pem_body(&text).map_err(|why| not_a_key(path, why))?),
        (Some(KeyFile::Sealed), Some(unlocking)) => unlock(path, &text, unlocking)?,
        (Some(KeyFile::Sealed), None) => {
            return Err(SealedKeyError::PassphraseNeeded {
                path: path.to_owned(),
            });
        }
        (None, _) => {
            return Err(not_a_key(
                path,
                "it opens with neither PRIVATE KEY nor HOTLINE SEALED KEY".into(),
            ));
        }
    };
    SigningKey::from_pkcs8(&pkcs8).map_err(|e| not_a_key(path, e.to_string()))
}

/// The PKCS#8 bytes of a sealed key, to seal them anew. It is noted as any other unlocking.
///
/// # Errors
/// As [`load_officer_key`].
pub fn unlock(
    path: &Path,
    text: &str,
    unlocking: &Unlocking<'_>,
) -> Result<Zeroizing<Vec<u8>>, SealedKeyError> {
    let opened = slots::open(text, unlocking.passphrase).map_err(|fault| fault.at(path))?;
    if let Some(beside) = &opened.beside {
        let officer = claimed_officer(text).unwrap_or_default();
        let file = notes::beside(path);
        notes::write(&file, officer, beside, unlocking)
            .map_err(|source| SealedKeyError::NotNoted { path: file, source })?;
    }
    Ok(opened.pkcs8)
}

/// Whether the key in this text is plain or sealed; `None` if it is no key at all.
#[must_use]
pub fn kind(text: &str) -> Option<KeyFile> {
    match text.lines().next() {
        Some(PEM_BEGIN) => Some(KeyFile::Plain),
        Some(BEGIN) => Some(KeyFile::Sealed),
        Some(_) | None => None,
    }
}

/// Whose key a sealed text says it is, before anybody has opened it.
#[must_use]
pub fn claimed_officer(text: &str) -> Option<&str> {
    let mut lines = text.lines();
    (lines.next() == Some(BEGIN))
        .then(|| lines.next())
        .flatten()?
        .strip_prefix("officer: ")
}

/// The salt that stands in a sealed text's head, before anybody has opened it.
fn claimed_salt(text: &str) -> Option<[u8; SALT_BYTES]> {
    let salt = text.lines().find_map(|line| line.strip_prefix("salt: "))?;
    BASE64.decode(salt.as_bytes()).ok()?.try_into().ok()
}

/// Whether a sealed text is of the form that has one slot only.
#[must_use]
pub fn is_old(text: &str) -> bool {
    let head = text.lines().take_while(|line| !line.is_empty());
    head.last().is_some_and(|last| last.starts_with(slots::OLD_NONCE))
}

/// The PKCS#8 bytes of a plain key file's text.
///
/// # Errors
/// What is wrong with the text.
pub fn pem_body(text: &str) -> Result<Vec<u8>, String> {
    let body = text
        .strip_prefix(PEM_BEGIN)
        .and_then(|rest| rest.split_once(PEM_END))
        .ok_or("it does not end as a private key does")?
        .0;
    let joined: String = body.split_ascii_whitespace().collect();
    BASE64.decode(joined.as_bytes()).map_err(|e| e.to_string())
}

enum Fault {
    Text(String),
    Passphrase,
}

impl Fault {
    fn at(self, path: &Path) -> SealedKeyError {
        match self {
            Self::Text(why) => not_a_key(path, why),
            Self::Passphrase => SealedKeyError::WrongPassphrase {
                path: path.to_owned(),
            },
        }
    }
}

fn read_private(path: &Path) -> Result<String, SealedKeyError> {
    let read = |source| SealedKeyError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(read)?;
    refuse_lax(path, &file.metadata().map_err(read)?)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(read)?;
    Ok(text)
}

#[cfg(unix)]
fn refuse_lax(path: &Path, metadata: &std::fs::Metadata) -> Result<(), SealedKeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(SealedKeyError::Lax {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn refuse_lax(_path: &Path, _metadata: &std::fs::Metadata) -> Result<(), SealedKeyError> {
    Ok(())
}

fn not_a_key(path: &Path, why: String) -> SealedKeyError {
    SealedKeyError::NotAKey {
        path: path.to_owned(),
        why,
    }
}

#[cfg(test)]
mod tests;
