//! The roster entry that enrols a key for sealing: what a message is encrypted to. It signs nothing.

use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// X-Wing (X25519 and ML-KEM-768) with HKDF-SHA256 and ChaCha20-Poly1305: the one suite of this version. Suite 1, NONE,
/// has no key.
pub const SEAL_SUITE_XWING: u32 = 2;
/// Bytes of a public key of [`SEAL_SUITE_XWING`]: 1,184 of ML-KEM-768, then 32 of X25519.
pub const SEAL_KEY_BYTES: usize = 1_216;

/// Enrols one key for sealing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealKey {
    /// Trust domain of the roster.
    pub trust_domain: String,
    /// Place in the roster, from 1.
    pub number: u64,
    /// Hash of the previous entry; [`Hash::ZERO`] for the first.
    pub previous: Hash,
    /// Whose key it is: a desk, or the escrow of its side.
    pub subject: String,
    /// 2, [`SEAL_SUITE_XWING`].
    pub suite: u32,
    /// The public key. Not yet checked: the roster does that.
    pub public_key: Box<[u8; SEAL_KEY_BYTES]>,
    /// First moment at which it may be used, milliseconds since 1970 (UTC).
    pub not_before_ms: u64,
    /// Last moment at which it may be used, milliseconds since 1970 (UTC).
    pub not_after_ms: u64,
}

impl SealKey {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one seal-key payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<SealKey, StrictError> {
        let mut reader = Reader::new("SealKeyPayload", bytes);
        let key = SealKey {
            trust_domain: reader.text(1, "trust_domain")?,
            number: reader.number(2, "number")?,
            previous: reader.hash(3, "previous")?,
            subject: reader.text(4, "subject")?,
            suite: reader.code(5, "suite", SEAL_SUITE_XWING..=SEAL_SUITE_XWING)?,
            public_key: Box::new(reader.array(6, "public_key")?),
            not_before_ms: reader.number(7, "not_before_ms")?,
            not_after_ms: reader.number(8, "not_after_ms")?,
        };
        reader.finish()?;
        Ok(key)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.trust_domain)
            .number(2, self.number)
            .bytes(3, self.previous.as_bytes())
            .text(4, &self.subject)
            .number(5, u64::from(self.suite))
            .bytes(6, self.public_key.as_slice())
            .number(7, self.not_before_ms)
            .number(8, self.not_after_ms)
            .finish()
    }
}
