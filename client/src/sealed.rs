//! An officer's signing key at rest: plain PKCS#8 in a file that only its owner may read, or sealed with a passphrase.
//!
//! The sealed form is text:
//!
//! ```text
//! -----BEGIN HOTLINE SEALED KEY-----
//! officer: spiffe://exercise.avelia.example/officer/okoye
//! kdf: PBKDF2-HMAC-SHA256
//! iterations: 600000
//! salt: <base64, 16 bytes>
//! cipher: CHACHA20-POLY1305
//! nonce: <base64, 12 bytes>
//!
//! <base64 of the encrypted PKCS#8 bytes and their 16-byte tag, 64 characters a line>
//! -----END HOTLINE SEALED KEY-----
//! ```
//!
//! The key that encrypts is PBKDF2-HMAC-SHA256(passphrase, salt, iterations). The seven lines from BEGIN to `nonce`,
//! each with its line feed, are authenticated with the key, so that nobody can hand an officer's sealed key to another
//! name. Reading is strict: lines in this order, nothing else. PBKDF2 is used because ring has it; the iteration count
//! is OWASP's for it, so a passphrase of four random words costs an attacker about 10^19 hashes.
//!
//! Nothing here asks anybody for a passphrase, and nothing keeps one.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use hotline_audit::SigningKey;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::pbkdf2;

/// First line of a sealed key.
pub const BEGIN: &str = "-----BEGIN HOTLINE SEALED KEY-----";
/// Last line of a sealed key.
pub const END: &str = "-----END HOTLINE SEALED KEY-----";
/// Rounds of PBKDF2 when sealing: OWASP's figure for PBKDF2-HMAC-SHA256. About 0.2 s on a laptop.
pub const ITERATIONS: u32 = 600_000;
/// Most rounds accepted when opening: ten times as many, so that a file cannot hold us up for long.
pub const ITERATIONS_MAX: u32 = 10 * ITERATIONS;
/// Largest key file read. A sealed key has about 500 bytes.
pub const FILE_BYTES_MAX: u64 = 16 * 1024;
/// Shortest passphrase accepted for sealing, in characters. NIST SP 800-63B asks for at least 15 when it stands alone.
pub const PASSPHRASE_CHARACTERS_MIN: usize = 15;

/// Fresh random bytes that sealing needs: salt and nonce.
pub const RANDOM_BYTES: usize = SALT_BYTES + NONCE_BYTES;

const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;
const BASE64_COLUMNS: usize = 64;
const KDF: &str = "PBKDF2-HMAC-SHA256";
const CIPHER: &str = "CHACHA20-POLY1305";
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

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
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
}

/// Loads an officer's key from a plain or sealed file. A passphrase for a plain file is not looked at.
///
/// Takes about 0.2 s for a sealed key, on purpose.
///
/// # Errors
/// [`SealedKeyError::PassphraseNeeded`] if the file is sealed and no passphrase is given; otherwise what is wrong with
/// the file, its permissions or the passphrase.
pub fn load_officer_key(path: &Path, passphrase: Option<&Passphrase>) -> Result<SigningKey, SealedKeyError> {
    let text = read_private(path)?;
    let pkcs8 = match (kind(&text), passphrase) {
        (Some(KeyFile::Plain), _) => pem_body(&text).map_err(|why| not_a_key(path, why))?,
        (Some(KeyFile::Sealed), Some(passphrase)) => {
            unseal(&text, passphrase).map_err(|fault| fault.at(path))?
        }
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

/// Seals PKCS#8 bytes for an officer. `random` must be fresh for every call: it is salt and nonce.
///
/// # Errors
/// [`SealedKeyError::ShortPassphrase`].
pub fn seal(
    officer: &str,
    pkcs8: &[u8],
    passphrase: &Passphrase,
    random: &[u8; RANDOM_BYTES],
) -> Result<String, SealedKeyError> {
    let found = passphrase.0.chars().count();
    if found < PASSPHRASE_CHARACTERS_MIN {
        return Err(SealedKeyError::ShortPassphrase { found });
    }
    let (salt, nonce) = random.split_at(SALT_BYTES);
    let mut nonce_bytes = [0; NONCE_BYTES];
    nonce_bytes.copy_from_slice(nonce);
    let head = format!(
        "{BEGIN}\nofficer: {officer}\nkdf: {KDF}\niterations: {ITERATIONS}\nsalt: {}\ncipher: {CIPHER}\nnonce: {}\n",
        BASE64.encode(salt),
        BASE64.encode(nonce),
    );
    let rounds = NonZeroU32::new(ITERATIONS).expect("the constant is not zero");
    let mut sealed = pkcs8.to_vec();
    sealing_key(passphrase, salt, rounds)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce_bytes),
            Aad::from(head.as_bytes()),
            &mut sealed,
        )
        .expect("a key file is far below the cipher's bound of 256 GiB");
    let body = BASE64.encode(&sealed);
    let mut text = head;
    text.push('\n');
    for line in body.as_bytes().chunks(BASE64_COLUMNS) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str(END);
    text.push('\n');
    Ok(text)
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

fn unseal(text: &str, passphrase: &Passphrase) -> Result<Vec<u8>, Fault> {
    let (head, body) = text
        .split_once("\n\n")
        .ok_or_else(|| Fault::Text("no empty line stands after its head".into()))?;
    let mut lines = head.lines();
    expect_line(&mut lines, BEGIN, "")?;
    expect_line(&mut lines, "officer: ", "…")?;
    expect_line(&mut lines, &format!("kdf: {KDF}"), "")?;
    let rounds = expect_line(&mut lines, "iterations: ", "600000")?;
    let salt = decoded::<SALT_BYTES>("salt", expect_line(&mut lines, "salt: ", "…")?)?;
    expect_line(&mut lines, &format!("cipher: {CIPHER}"), "")?;
    let nonce = decoded::<NONCE_BYTES>("nonce", expect_line(&mut lines, "nonce: ", "…")?)?;
    if let Some(more) = lines.next() {
        return Err(Fault::Text(format!("nobody knows the line {more:?}")));
    }
    let rounds: u32 = rounds
        .parse()
        .map_err(|_| Fault::Text("its iterations are no number".into()))?;
    let rounds = NonZeroU32::new(rounds)
        .filter(|rounds| (ITERATIONS..=ITERATIONS_MAX).contains(&rounds.get()))
        .ok_or_else(|| Fault::Text(format!("its iterations are not {ITERATIONS} to {ITERATIONS_MAX}")))?;
    let body = body
        .strip_suffix('\n')
        .and_then(|body| body.strip_suffix(END))
        .ok_or_else(|| Fault::Text(format!("it does not end with {END}")))?;
    let joined: String = body.split('\n').collect();
    let mut sealed = BASE64
        .decode(joined.as_bytes())
        .map_err(|e| Fault::Text(e.to_string()))?;
    let authenticated = format!("{head}\n");
    let opened = sealing_key(passphrase, &salt, rounds)
        .open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(authenticated.as_bytes()),
            &mut sealed,
        )
        .map_err(|_| Fault::Passphrase)?;
    Ok(opened.to_vec())
}

fn expect_line<'a>(
    lines: &mut impl Iterator<Item = &'a str>,
    opening: &str,
    example: &str,
) -> Result<&'a str, Fault> {
    lines
        .next()
        .and_then(|line| line.strip_prefix(opening))
        .filter(|rest| rest.is_empty() == example.is_empty())
        .ok_or_else(|| Fault::Text(format!("the line \"{opening}{example}\" is missing")))
}

fn decoded<const N: usize>(what: &str, text: &str) -> Result<[u8; N], Fault> {
    BASE64
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Fault::Text(format!("its {what} is not the base64 of {N} bytes")))
}

fn sealing_key(passphrase: &Passphrase, salt: &[u8], rounds: NonZeroU32) -> LessSafeKey {
    let mut key = [0; KEY_BYTES];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        salt,
        passphrase.0.as_bytes(),
        &mut key,
    );
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has the cipher's 32 bytes");
    LessSafeKey::new(key)
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
