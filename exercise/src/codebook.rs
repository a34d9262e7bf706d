//! The codebook: agreed messages with one meaning in both languages, and the fields that each must carry.
//!
//! [`Codebook`] is valid by construction: it comes out of [`read`] only. What both sides pin is the SHA-256 of its
//! canonical writing, so that comments and layout of a file never change it. [`coded`] writes and reads a message,
//! [`fields`] its values, [`brevity`] counts its words. `CODEBOOK.md` beside this crate is the specification.

use std::{fmt, time::Duration};

use hotline_audit::Hash;
use hotline_core::{
    precedence::Precedence,
    words::{Function, ResponseAttribute, TrafficClass},
};

pub mod brevity;
mod canonical;
pub mod coded;
pub mod fields;
pub mod fill;
pub mod read;
pub mod shipped;
#[cfg(test)]
mod tests;

pub use fields::{Kind, Value};
pub use read::{BookErrors, read};

pub use crate::tongue::Tongue;

/// An agreed list of coded messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codebook {
    name: String,
    version: u32,
    codes: Vec<Code>,
    sha256: Hash,
}

/// One coded message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Its name, like `HZ-01`.
    pub id: String,
    /// FORMAL, or CONTROL for what orders the line itself.
    pub class: TrafficClass,
    /// What the message does.
    pub function: Function,
    /// How urgent it is.
    pub level: Level,
    /// What closes the dialogue that it opens.
    pub response: ResponseAttribute,
    /// What its sender may expect.
    pub reply: Reply,
    /// Within what story time the reply is due; `None`: no time is agreed.
    pub due: Option<Duration>,
    /// The agreed full text.
    pub text: Words,
    /// Its fields, in the order in which they are written.
    pub fields: Vec<Field>,
}

/// One field of a coded message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, like `whose`.
    pub id: String,
    /// What may stand in it.
    pub kind: Kind,
    /// Whether the message may go without it.
    pub must: Must,
    /// What screens call it.
    pub label: Words,
}

/// Whether a message may go without a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Must {
    /// Without it the message can only go as free text.
    Mandatory,
    /// It may be left out.
    Optional,
}

/// The same words in the three languages of a codebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Avelian, an invented language.
    pub qav: String,
    /// Borenian, an invented language.
    pub qbo: String,
    /// English, for facilitators.
    pub en: String,
}

/// How urgent a coded message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// By itself.
    Own {
        /// Unless something else is said.
        usual: Precedence,
        /// What its releaser may choose instead.
        also: Vec<Precedence>,
        /// When the first date-time group of the message is less than this ahead, the first of `also` is usual.
        also_below: Option<Duration>,
    },
    /// As the message that it refers to.
    AsOriginal,
    /// One level above the message that it refers to, OVERRIDE at most.
    AboveOriginal,
}

/// What the sender of a coded message may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reply {
    /// Nothing.
    Nothing,
    /// An officer's acknowledgement.
    Ack,
    /// An officer's acknowledgement, over another path than the one that is spoken of.
    AckOtherPath,
    /// A holding reply first: received, under consideration.
    Holding,
    /// A released reply.
    Reply,
    /// One of the answers that close the dialogue.
    Answer,
}

/// The codebook of a desk is not the one that the charter pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The charter names none, so nothing coded may be sent.
    #[error("the charter pins no codebook; both sides must sign one that does")]
    NotPinned,
    /// Another one.
    #[error(
        "the charter pins the codebook {pinned}, and this desk has {own}; only the pinned one may be used"
    )]
    Other {
        /// Hash in the charter.
        pinned: Hash,
        /// Hash of this codebook.
        own: Hash,
    },
}

impl Codebook {
    pub(crate) fn new(name: String, version: u32, codes: Vec<Code>) -> Self {
        let sha256 = Hash::of(canonical::write(&name, version, &codes).as_bytes());
        Self {
            name,
            version,
            codes,
            sha256,
        }
    }

    /// Its name, like `starter`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version, from 1. Every change of meaning is a new version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Its coded messages, in the order of the file.
    #[must_use]
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// The coded message of this name.
    #[must_use]
    pub fn code(&self, id: &str) -> Option<&Code> {
        self.codes.iter().find(|code| code.id == id)
    }

    /// The canonical writing: a codebook file that reads as this very codebook.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::write(&self.name, self.version, &self.codes)
    }

    /// SHA-256 of the canonical writing: what the charter pins.
    #[must_use]
    pub fn sha256(&self) -> Hash {
        self.sha256
    }

    /// Whether this is the codebook that a charter pins.
    ///
    /// # Errors
    /// [`PinError`]: nothing coded may be sent with it.
    pub fn check_pin(&self, pinned: Option<Hash>) -> Result<(), PinError> {
        match pinned {
            None => Err(PinError::NotPinned),
            Some(pinned) if pinned == self.sha256 => Ok(()),
            Some(pinned) => Err(PinError::Other {
                pinned,
                own: self.sha256,
            }),
        }
    }
}

impl Code {
    /// The field of this name.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }
}

impl Words {
    /// The words in one language.
    #[must_use]
    pub fn in_tongue(&self, tongue: Tongue) -> &str {
        match tongue {
            Tongue::Qav => &self.qav,
            Tongue::Qbo => &self.qbo,
            Tongue::En => &self.en,
        }
    }
}

impl Level {
    /// The precedence that a desk proposes. `original` is that of the message referred to, `ahead` the time until the
    /// first date-time group. `None`: it follows an original, and none is given.
    #[must_use]
    pub fn usual(&self, original: Option<Precedence>, ahead: Option<Duration>) -> Option<Precedence> {
        match self {
            Self::AsOriginal => original,
            Self::AboveOriginal => original.map(above),
            Self::Own {
                usual,
                also,
                also_below,
            } => match (also_below, ahead, also.first()) {
                (Some(below), Some(ahead), Some(sooner)) if ahead < *below => Some(*sooner),
                _ => Some(*usual),
            },
        }
    }

    /// Whether a releaser may send it with this precedence.
    #[must_use]
    pub fn allows(&self, precedence: Precedence, original: Option<Precedence>) -> bool {
        match self {
            Self::Own { usual, also, .. } => *usual == precedence || also.contains(&precedence),
            Self::AsOriginal | Self::AboveOriginal => self.usual(original, None) == Some(precedence),
        }
    }
}

fn above(precedence: Precedence) -> Precedence {
    Precedence::from_wire(precedence.to_wire() + 1).unwrap_or(Precedence::Override)
}

impl Reply {
    /// Every reply, as it is written in a file.
    pub const ALL: [Self; 6] = [
        Self::Nothing,
        Self::Ack,
        Self::AckOtherPath,
        Self::Holding,
        Self::Reply,
        Self::Answer,
    ];

    /// Its word in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "NOTHING",
            Self::Ack => "ACK",
            Self::AckOtherPath => "ACK_OTHER_PATH",
            Self::Holding => "HOLDING",
            Self::Reply => "REPLY",
            Self::Answer => "ANSWER",
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
