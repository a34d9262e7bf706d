//! Ed25519 keys, over ring.
//!
//! ring accepts signatures that verify for *every* message when the public key is one of the eight small-order points.
//! Whoever enrols such a key can later deny everything. [`PublicKey::parse`] is therefore the only way to a key, and
//! refuses them, and every non-canonical encoding with them.

use std::fmt;

use ring::signature::{self, KeyPair};

use crate::hash::Hash;

/// Why bytes are not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes.
    #[error("{0} bytes instead of 32")]
    Length(usize),
    /// A small-order point: one signature of it verifies for every message.
    #[error("a weak key (small-order point): one signature would verify for every message")]
    Weak,
    /// An encoding of a point that has another, shorter one.
    #[error("not the canonical encoding of a key")]
    NotCanonical,
    /// Not an Ed25519 private key in PKCS#8.
    #[error("not an Ed25519 private key in PKCS#8")]
    NotPkcs8,
}

/// An Ed25519 public key that is neither weak nor oddly encoded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key in `bytes`.
    ///
    /// # Errors
    /// When there are not 32 bytes, or the key is weak or not canonical.
    pub fn parse(bytes: &[u8]) -> Result<PublicKey, KeyError> {
        let key: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Length(bytes.len()))?;
        if is_small_order(&key) {
            return Err(KeyError::Weak);
        }
        if !is_canonical(&key) {
            return Err(KeyError::NotCanonical);
        }
        Ok(PublicKey(key))
    }

    /// The 32 bytes of RFC 8032.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// True when `signature` is this key's over `message`. A signature whose first half is a small-order point is
    /// refused too, as strict verifiers elsewhere do.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let Some(commitment) = signature.first_chunk::<32>() else {
            return false;
        };
        !is_small_order(commitment) && self.verifies(message, signature)
    }

    #[cfg(not(feature = "remember"))]
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.computes(message, signature)
    }

    /// For the storm: see [`super::remembered`].
    #[cfg(feature = "remember")]
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        super::remembered::or_else(&self.0, signature, message, || self.computes(message, signature))
    }

    fn computes(&self, message: &[u8], signature: &[u8]) -> bool {
        signature::UnparsedPublicKey::new(&signature::ED25519, &self.0)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", Hash(self.0))
    }
}

/// An Ed25519 private key.
pub struct SigningKey {
    pair: signature::Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The key of a 32-byte seed. The caller keeps the seed secret, and makes it from a good source.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> SigningKey {
        let pair = signature::Ed25519KeyPair::from_seed_unchecked(seed)
            .expect("every 32-byte seed is an Ed25519 key");
        SigningKey::from_pair(pair)
            .expect("a key made from a seed lies in the prime-order group, so it is not weak")
    }

    /// A new key; `fill` fills the seed with randomness.
    #[must_use]
    pub fn generate(fill: &mut impl FnMut(&mut [u8])) -> SigningKey {
        let mut seed = [0; 32];
        fill(&mut seed);
        SigningKey::from_seed(&seed)
    }

    /// The key in a PKCS#8 document, with or without the public half.
    ///
    /// # Errors
    /// When it is not an Ed25519 key, or its halves do not belong together.
    pub fn from_pkcs8(document: &[u8]) -> Result<SigningKey, KeyError> {
        let pair = signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(document)
            .map_err(|_| KeyError::NotPkcs8)?;
        SigningKey::from_pair(pair)
    }

    /// The PKCS#8 document (RFC 8410) of the key with this seed, for writing it to a file.
    #[must_use]
    pub fn pkcs8_of_seed(seed: &[u8; 32]) -> Vec<u8> {
        [PKCS8_PREFIX.as_slice(), seed].concat()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs `message` as it is. Statements are signed with [`super::SignedStatement::sign`], which adds the payload type.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.pair.sign(message).as_ref());
        out
    }

    fn from_pair(pair: signature::Ed25519KeyPair) -> Result<SigningKey, KeyError> {
        let public = PublicKey::parse(pair.public_key().as_ref())?;
        Ok(SigningKey { pair, public })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {:?})", self.public)
    }
}

/// PrivateKeyInfo version 0, algorithm 1.3.101.112, then the seed as an octet string in an octet string.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The y coordinates of the eight small-order points, sign bit cleared, with their encodings above the field's prime:
/// 0, 1, the two of order eight, -1 (= p - 1), p (= 0) and p + 1 (= 1).
pub(super) const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    little([1, 0], 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    little([0xec, 0xff], 0xff, 0x7f),
    little([0xed, 0xff], 0xff, 0x7f),
    little([0xee, 0xff], 0xff, 0x7f),
];

const fn little(first: [u8; 2], middle: u8, last: u8) -> [u8; 32] {
    let mut out = [middle; 32];
    out[0] = first[0];
    out[1] = first[1];
    out[31] = last;
    out
}

fn is_small_order(key: &[u8; 32]) -> bool {
    let mut y = *key;
    y[31] &= 0x7f;
    SMALL_ORDER.contains(&y)
}

/// True when y is below the field's prime, 2^255 - 19.
fn is_canonical(key: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = key;
    !(*first >= 0xed && middle.iter().all(|byte| *byte == 0xff) && last & 0x7f == 0x7f)
}
