//! The container of a sealed content: whose keys open it, and the ciphertext. Read strictly, never opened here.
//!
//! `FORMAT.md` §21. A relay, a witness, a mirror and a verifier see this much of a message and no more: by which keys it
//! can be opened, and in which bucket its length lies. Opening it takes a recipient's private key and a library for it,
//! which this room does not have; what a recipient discloses later is checked by [`crate::opening`].

mod context;
mod text;

pub use context::SealContext;
pub use text::{LONGEST_TEXTS, PaddedError, bucket, pad, unpad};

use crate::hash::Hash;

/// Version of the container.
const VERSION: u8 = 1;
/// Cipher of the text: ChaCha20-Poly1305, its nonce twelve zero bytes because a content key is used once.
const CIPHER: u8 = 1;
/// Version, cipher and number of wraps.
const HEAD: usize = 3;

/// Encapsulation of X-Wing, in bytes.
pub const ENCAPSULATION_BYTES: usize = 1_120;
/// The wrapped content key: 32 bytes and the tag.
pub const WRAPPED_KEY_BYTES: usize = 48;
/// What one more recipient costs, in bytes.
pub const WRAP_BYTES: usize = 32 + ENCAPSULATION_BYTES + WRAPPED_KEY_BYTES;
/// Tag of the ciphertext, in bytes.
pub const TAG_BYTES: usize = 16;
/// Most keys that one content is sealed to. 48: with the smallest text they nearly fill a statement.
pub const MAX_WRAPS: usize = 48;

/// The content key, sealed to one key of the rosters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrap {
    /// SHA-256 of the seal-key statement that enrols the key.
    pub key_statement: Hash,
    /// The encapsulation.
    pub encapsulation: Box<[u8; ENCAPSULATION_BYTES]>,
    /// The content key under it, with its tag.
    pub wrapped_key: [u8; WRAPPED_KEY_BYTES],
}

/// A sealed text with everything that is needed to open it but a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// For whom; ascending by key statement, each once.
    pub wraps: Vec<Wrap>,
    /// The padded text under the content key, with its tag.
    pub ciphertext: Vec<u8>,
}

/// Why bytes are no container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// The bytes end before it does.
    #[error("the container ends early")]
    CutShort,
    /// Another version or cipher.
    #[error("container version {version} with cipher {cipher} is not of this version")]
    Unknown {
        /// Version found.
        version: u8,
        /// Cipher found.
        cipher: u8,
    },
    /// Nobody, or more than [`MAX_WRAPS`].
    #[error("the container is sealed to {0} keys, and 1 to {MAX_WRAPS} are allowed")]
    Wraps(usize),
    /// Key statements that do not ascend: one stands twice, or out of order.
    #[error("the keys of the container do not ascend")]
    NotAscending,
    /// A ciphertext of a length that no padding gives.
    #[error("a ciphertext of {0} bytes is no bucket")]
    NoBucket(usize),
}

impl Container {
    /// Strictly reads one: one meaning, one encoding.
    ///
    /// # Errors
    /// [`ContainerError`].
    pub fn parse(bytes: &[u8]) -> Result<Container, ContainerError> {
        let (head, rest) = bytes.split_at_checked(HEAD).ok_or(ContainerError::CutShort)?;
        let &[version, cipher, count] = head else {
            return Err(ContainerError::CutShort);
        };
        if (version, cipher) != (VERSION, CIPHER) {
            return Err(ContainerError::Unknown { version, cipher });
        }
        let count = usize::from(count);
        if count == 0 || count > MAX_WRAPS {
            return Err(ContainerError::Wraps(count));
        }
        let (wraps, ciphertext) = rest
            .split_at_checked(count * WRAP_BYTES)
            .ok_or(ContainerError::CutShort)?;
        let wraps = wraps
            .chunks_exact(WRAP_BYTES)
            .map(Wrap::parse)
            .collect::<Option<Vec<_>>>()
            .ok_or(ContainerError::CutShort)?;
        if !wraps.is_sorted_by(|one, next| one.key_statement < next.key_statement) {
            return Err(ContainerError::NotAscending);
        }
        if !text::is_bucket(ciphertext.len().saturating_sub(TAG_BYTES)) {
            return Err(ContainerError::NoBucket(ciphertext.len()));
        }
        Ok(Container {
            wraps,
            ciphertext: ciphertext.to_vec(),
        })
    }

    /// Its one encoding, if its wraps are in order.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = head(&self.wraps);
        bytes.extend_from_slice(&self.ciphertext);
        bytes
    }

    /// What the cipher of the text authenticates beside it: the context, and everything before the ciphertext.
    #[must_use]
    pub fn authenticated(context: &SealContext, wraps: &[Wrap]) -> Vec<u8> {
        [context.as_bytes(), &head(wraps)].concat()
    }

    /// The wrap for a key, if there is one.
    #[must_use]
    pub fn wrap_for(&self, key_statement: &Hash) -> Option<&Wrap> {
        self.wraps
            .iter()
            .find(|wrap| wrap.key_statement == *key_statement)
    }
}

fn head(wraps: &[Wrap]) -> Vec<u8> {
    let count = u8::try_from(wraps.len()).unwrap_or(u8::MAX);
    let mut bytes = Vec::with_capacity(HEAD + wraps.len() * WRAP_BYTES);
    bytes.extend_from_slice(&[VERSION, CIPHER, count]);
    for wrap in wraps {
        bytes.extend_from_slice(wrap.key_statement.as_bytes());
        bytes.extend_from_slice(wrap.encapsulation.as_slice());
        bytes.extend_from_slice(&wrap.wrapped_key);
    }
    bytes
}

impl Wrap {
    fn parse(bytes: &[u8]) -> Option<Wrap> {
        let (key, rest) = bytes.split_at_checked(32)?;
        let (encapsulation, wrapped) = rest.split_at_checked(ENCAPSULATION_BYTES)?;
        Some(Wrap {
            key_statement: Hash::from_slice(key)?,
            encapsulation: Box::new(encapsulation.try_into().ok()?),
            wrapped_key: wrapped.try_into().ok()?,
        })
    }
}

/// Bytes of a content body that is sealed to so many keys and holds a text of so many bytes; `None` when no bucket is
/// large enough for the text.
#[must_use]
pub fn container_bytes(keys: usize, text: usize) -> Option<usize> {
    Some(HEAD + keys * WRAP_BYTES + bucket(text)? + TAG_BYTES)
}

#[cfg(test)]
mod tests;
