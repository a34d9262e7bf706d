//! Sealing: words that only desks and escrows read, and relays carry.
//!
//! A fresh content key for each text; HPKE (base mode, X-Wing, HKDF-SHA256, ChaCha20-Poly1305) seals it to each key of the
//! rosters; ring's ChaCha20-Poly1305 puts the padded text under it. `audit/FORMAT.md` §21 is the specification. HPKE's
//! modes that authenticate the sender are not used: the desk's signature does, and it cannot be denied.
//!
//! Neither cipher commits to its key: a sender who wants to can make one ciphertext that opens to two texts. So whoever
//! opens compares salt and text with the commitment that the sender has signed, and anything else is MISMATCH.

mod key;
mod opener;
mod recipients;

pub use key::{OLD_MAX, PUBLIC_BYTES, SealSecret, key_file, old_key};
pub(crate) use opener::NOTHING_OPENED;
pub use opener::{Opener, Words, opening_record, read_opening};
pub(crate) use recipients::{ESCROWS_MAX, check_wraps, crowded_sides};
pub use recipients::{SealRule, Sealing};

use hotline_audit::{
    Hash,
    opening::Opening,
    sealed::{self, Container, MAX_WRAPS, SealContext, WRAP_BYTES, Wrap},
    statement::{Content, ContentError},
};
use hotline_transport::Entropy;
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use ring::aead;
use zeroize::{Zeroize as _, Zeroizing};

pub(crate) type Kem = hpke::kem::XWing;
type Kdf = hpke::kdf::HkdfSha256;
type Cipher = hpke::aead::ChaCha20Poly1305;
pub(crate) type PublicKey = <Kem as hpke::Kem>::PublicKey;
pub(crate) type PrivateKey = <Kem as hpke::Kem>::PrivateKey;
type Encapsulation = <Kem as hpke::Kem>::EncappedKey;

/// A key that a text is sealed to.
#[derive(Clone, Debug)]
pub struct SealTo {
    /// SHA-256 of the seal-key statement that enrols it.
    pub key_statement: Hash,
    /// The key.
    pub key: PublicKey,
}

impl SealTo {
    /// A key of that roster entry.
    ///
    /// # Errors
    /// [`SealError::BadKey`]: it is none.
    pub fn new(key_statement: Hash, key: &[u8]) -> Result<Self, SealError> {
        let key = PublicKey::from_bytes(key).map_err(|_| SealError::BadKey(key_statement.to_string()))?;
        Ok(Self { key_statement, key })
    }
}

/// Why a text cannot be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no key that it could be sealed to.
    #[error("{0} has no seal key in the rosters; its side enrols one with hotline pki rotate --seal")]
    NoKey(String),
    /// There was one, and nothing goes in the clear because it has ended.
    #[error(
        "no seal key of {0} in the rosters is valid now; its side enrols a new one with hotline pki rotate --seal, and hands out its trust file"
    )]
    KeyEnded(String),
    /// A side has an escrow, and no key of it is valid: what its desks receive is to be readable to it.
    #[error(
        "no key of an escrow of {0} in the rosters is valid now; that side enrols a new one with hotline pki rotate --seal, or revokes the escrow"
    )]
    EscrowEnded(String),
    /// What was sealed before is not sealed to whom it would be sealed now.
    #[error("it is sealed to other keys than the rosters name now: write it again")]
    OtherKeys,
    /// A key of the rosters is none.
    #[error("the seal key of {0} in the rosters is not usable")]
    BadKey(String),
    /// More keys than a container holds.
    #[error("it would be sealed to {found} keys, and {MAX_WRAPS} are allowed")]
    TooManyKeys {
        /// Keys wanted.
        found: usize,
    },
    /// More words than fit.
    #[error(
        "its text has {text} bytes, which is too long: sealed to {keys} keys of {WRAP_BYTES} bytes each it may have {most}"
    )]
    TooLong {
        /// Bytes of the text.
        text: usize,
        /// Keys that it is sealed to.
        keys: usize,
        /// Bytes that would fit.
        most: usize,
    },
    /// The cipher said no, which it never does.
    #[error("it could not be sealed: the cipher refused")]
    Cipher,
}

/// Why a content cannot be read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// In the clear and not in order, or of a later suite.
    #[error(transparent)]
    Content(ContentError),
    /// In the clear, where everything is sealed.
    #[error("it is in the clear (suite NONE), and this line takes only what is sealed")]
    Unsealed,
    /// Sealed to others.
    #[error("it is sealed to {0} keys, and none of them is this desk's")]
    NotForUs(usize),
    /// Its content key is not to be had.
    #[error("its content key does not open with this desk's key")]
    ContentKey,
    /// Its text does not open with its content key.
    #[error("its text does not open with its content key")]
    Ciphertext,
    /// It opens to something else than was committed to.
    #[error("MISMATCH: it opens to something else than its sender committed to ({0})")]
    Mismatch(&'static str),
}

impl NotOpened {
    /// The alarm that people are told by.
    #[must_use]
    pub const fn alarm(&self) -> &'static str {
        match self {
            Self::Mismatch(_) => "MISMATCH",
            Self::Unsealed => "UNSEALED",
            Self::Content(_) | Self::NotForUs(_) | Self::ContentKey | Self::Ciphertext => "NOT_OPENED",
        }
    }
}

impl From<ContentError> for NotOpened {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::WrongCommitment => Self::Mismatch("other words in the clear"),
            ContentError::UnknownSuite(_) | ContentError::Sealed | ContentError::NotUtf8 => {
                Self::Content(error)
            }
        }
    }
}

/// Seals a text. `context` is told the commitment and names all else that the statement says.
///
/// # Errors
/// [`SealError`].
pub fn seal(
    text: &str,
    to: &[SealTo],
    context: impl FnOnce(&Hash) -> SealContext,
    entropy: &dyn Entropy,
) -> Result<(Content, Opening), SealError> {
    if to.is_empty() || to.len() > MAX_WRAPS {
        return Err(SealError::TooManyKeys { found: to.len() });
    }
    let mut salt = [0; 32];
    entropy.fill(&mut salt);
    let text = text.to_owned();
    let opening = Opening { salt, text };
    let commitment = opening.commitment();
    let context = context(&commitment);
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(key.as_mut_slice());
    let wraps = wraps(&key, to, &context, entropy)?;
    let mut padded =
        sealed::pad(&opening.salt, &opening.text).ok_or_else(|| too_long(&opening.text, to.len()))?;
    let authenticated = Container::authenticated(&context, &wraps);
    let encrypted =
        cipher(&key)?.seal_in_place_append_tag(once(), aead::Aad::from(&authenticated), &mut padded);
    if encrypted.is_err() {
        padded.zeroize();
        return Err(SealError::Cipher);
    }
    let container = Container {
        wraps,
        ciphertext: padded,
    };
    Ok((Content::sealed(commitment, &container), opening))
}

/// That a text has more bytes than fit with so many keys.
pub(crate) fn too_long(text: &str, keys: usize) -> SealError {
    SealError::TooLong {
        text: text.len(),
        keys,
        most: recipients::longest_text(keys),
    }
}

/// The content key, sealed to each key; ascending by key statement.
fn wraps(
    content_key: &[u8; 32],
    to: &[SealTo],
    context: &SealContext,
    entropy: &dyn Entropy,
) -> Result<Vec<Wrap>, SealError> {
    let mut wraps = to
        .iter()
        .map(|to| wrap(content_key, to, context, entropy))
        .collect::<Result<Vec<_>, _>>()?;
    wraps.sort_by_key(|wrap| wrap.key_statement);
    wraps.dedup_by_key(|wrap| wrap.key_statement);
    Ok(wraps)
}

fn wrap(
    content_key: &[u8; 32],
    to: &SealTo,
    context: &SealContext,
    entropy: &dyn Entropy,
) -> Result<Wrap, SealError> {
    let (encapsulation, wrapped) = hpke::single_shot_seal_with_rng::<Cipher, Kdf, Kem>(
        &OpModeS::Base,
        &to.key,
        context.as_bytes(),
        content_key,
        to.key_statement.as_bytes(),
        &mut key::Dice(entropy),
    )
    .map_err(|_| SealError::Cipher)?;
    Ok(Wrap {
        key_statement: to.key_statement,
        encapsulation: Box::new(encapsulation.to_bytes().into()),
        wrapped_key: wrapped.try_into().map_err(|_| SealError::Cipher)?,
    })
}

/// Opens a sealed content with a key that a statement of this hash enrols, and checks it against its commitment.
///
/// # Errors
/// [`NotOpened`].
pub fn open(
    content: &Content,
    context: &SealContext,
    (key_statement, secret): (&Hash, &SealSecret),
) -> Result<Opening, NotOpened> {
    let container = container(content)?;
    let wrap = container
        .wrap_for(key_statement)
        .ok_or(NotOpened::NotForUs(container.wraps.len()))?;
    let key = content_key(wrap, context, secret).ok_or(NotOpened::ContentKey)?;
    open_with(content, &container, context, &key)
}

/// The same with a key of which nobody says where it is enrolled: each wrap is tried.
///
/// # Errors
/// [`NotOpened`].
pub fn open_trying(
    content: &Content,
    context: &SealContext,
    secret: &SealSecret,
) -> Result<Opening, NotOpened> {
    let container = container(content)?;
    let mut keys = container
        .wraps
        .iter()
        .filter_map(|wrap| content_key(wrap, context, secret));
    let key = keys.next().ok_or(NotOpened::NotForUs(container.wraps.len()))?;
    open_with(content, &container, context, &key)
}

fn container(content: &Content) -> Result<Container, NotOpened> {
    match content.suite {
        Content::SUITE_XWING => content.container().map_err(|_| NotOpened::Ciphertext),
        other => Err(ContentError::UnknownSuite(other).into()),
    }
}

fn content_key(wrap: &Wrap, context: &SealContext, secret: &SealSecret) -> Option<Zeroizing<[u8; 32]>> {
    let encapsulation = Encapsulation::from_bytes(wrap.encapsulation.as_slice()).ok()?;
    let opened = hpke::single_shot_open::<Cipher, Kdf, Kem>(
        &OpModeR::Base,
        secret.private(),
        &encapsulation,
        context.as_bytes(),
        &wrap.wrapped_key,
        wrap.key_statement.as_bytes(),
    );
    let opened = Zeroizing::new(opened.ok()?);
    Some(Zeroizing::new(opened.as_slice().try_into().ok()?))
}

fn open_with(
    content: &Content,
    container: &Container,
    context: &SealContext,
    key: &[u8; 32],
) -> Result<Opening, NotOpened> {
    let authenticated = Container::authenticated(context, &container.wraps);
    let mut buffer = container.ciphertext.clone();
    let cipher = cipher(key).map_err(|_| NotOpened::Ciphertext)?;
    let padded = cipher
        .open_in_place(once(), aead::Aad::from(&authenticated), &mut buffer)
        .map_err(|_| NotOpened::Ciphertext)?;
    // The cipher was content. That says nothing yet: another key may open the same bytes to another text.
    let (salt, text) = sealed::unpad(padded).map_err(|error| {
        NotOpened::Mismatch(match error {
            sealed::PaddedError::CutShort => "no salt and text",
            sealed::PaddedError::Padding => "no padding",
            sealed::PaddedError::NotUtf8 => "no UTF-8",
        })
    })?;
    let text = text.to_owned();
    let opening = Opening { salt, text };
    if opening.fits(content) {
        Ok(opening)
    } else {
        Err(NotOpened::Mismatch("another salt or text"))
    }
}

fn cipher(key: &[u8; 32]) -> Result<aead::LessSafeKey, SealError> {
    aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key)
        .map(aead::LessSafeKey::new)
        .map_err(|_| SealError::Cipher)
}

/// A content key is used once, so its nonce need not vary.
fn once() -> aead::Nonce {
    aead::Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests;
