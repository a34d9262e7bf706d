//! What a statement says, in words of the core.

mod read;
mod release;

pub(super) use read::Reading;

use hotline_audit::{Hash, PayloadType};
use hotline_core::{
    duty::{OrderVerb, OverdueStep, ServiceKind, WatchVerb},
    ladder::Signer,
    precedence::Precedence,
    words::{Answer, Function, MessageType, ResponseAttribute, Rung, TrafficClass},
};

use crate::{
    codebook::coded::Decoded,
    record::Record,
    scenario::lists::{Grade, Jump},
};

/// What a statement says.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A released message.
    Message(Box<MessageFact>),
    /// A rung that desks sign by themselves, for some messages.
    Receipt(ReceiptFact),
    /// An officer's act about a message.
    Act(OfficerWord),
    /// A desk says something of itself.
    Service(ServiceFact),
    /// An officer takes, hands over or leaves the watch.
    Watch {
        /// Which.
        verb: WatchVerb,
        /// Who.
        officer: String,
        /// To whom, or from whom; may be empty.
        other: String,
        /// In words; may be empty.
        remark: String,
    },
    /// An officer's order about a channel.
    Order {
        /// Which.
        verb: OrderVerb,
        /// A releaser signed it. Another officer's stands in the log, and orders nothing.
        stands: bool,
        /// Who.
        officer: String,
        /// The channel; empty for all of the line.
        channel: String,
        /// What of it; empty for all.
        scope: String,
        /// Why.
        reason: String,
        /// The other side's order that it agrees to: SHA-256 of its statement.
        consents_to: Option<Hash>,
    },
    /// A channel's charter.
    Charter {
        /// The channel.
        channel: String,
        /// The codebook that it pins.
        codebook_sha256: Option<Hash>,
    },
    /// What control wrote down.
    Control(Box<Record>),
    /// A statement of another type: an entry of a roster.
    Other(PayloadType),
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageFact {
    /// What it is for the line.
    pub class: TrafficClass,
    /// Under which undertaking.
    pub message_type: MessageType,
    /// What it does.
    pub function: Function,
    /// How urgent.
    pub precedence: Precedence,
    /// The channel; may be empty.
    pub channel: String,
    /// Its number at its sender's desk.
    pub number: u64,
    /// How it is to be answered.
    pub response: ResponseAttribute,
    /// What it answers, updates or cancels.
    pub refers_to: Option<Hash>,
    /// What it answers.
    pub answer: Option<Answer>,
    /// Who signed it, in which order: name, whether as releaser, and when by the officer's clock.
    pub officers: Vec<(String, bool, u64)>,
    /// Identities of the desks that are to act on it.
    pub to: Vec<String>,
    /// Identities of the desks that it names for information.
    pub copies: Vec<String>,
    /// Who released it, by the rule of the line; else why it does not count as released.
    pub released: Result<Signer, String>,
    /// Its text; `None` if it cannot be shown.
    pub text: Option<String>,
    /// What the text is under the exercise's codebook.
    pub coding: Decoded,
    /// By when an answer is asked for, by its sender's clock; 0 for no time.
    pub respond_by_ms: u64,
    /// From when on nobody may act on it, by its sender's clock; 0 for never.
    pub expires_ms: u64,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptFact {
    /// DELIVERED, ALERTED or DISPLAYED.
    pub rung: Rung,
    /// The messages, and the leg on which the first copy of each came.
    pub messages: Vec<(Hash, String)>,
}

/// What an officer signed about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerWord {
    /// Which rung or mark.
    pub rung: Rung,
    /// Who: the officer's identity.
    pub officer: String,
    /// The same for the ladder, with roles and desk; `None` if a name cannot be read.
    pub signer: Option<Signer>,
    /// The message.
    pub message: Hash,
    /// In words; may be empty. Of a translation, the translation.
    pub text: String,
    /// How good a translation is.
    pub grade: Option<Grade>,
    /// Its language; empty where there is none.
    pub language: String,
}

/// What a desk says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFact {
    /// What.
    pub kind: ServiceKind,
    /// With CHECK_ANSWER the check, with OVERDUE the message.
    pub about: Option<Hash>,
    /// Legs, each with its number of milliseconds: how late, or since when.
    pub legs: Vec<(String, u64)>,
    /// With OVERDUE the step; `None` where an answer was asked for by a time.
    pub step: Option<OverdueStep>,
    /// With CLOCK_STEP the desk's clock before and behind the step, milliseconds since 1970.
    pub clock_ms: (u64, u64),
    /// In words; may be empty.
    pub text: String,
}

impl ServiceFact {
    /// Of CLOCK_STEP: which way the desk's clock jumped.
    #[must_use]
    pub const fn jumped(&self) -> Option<Jump> {
        match self.clock_ms {
            (before, behind) if behind > before => Some(Jump::Ahead),
            (before, behind) if behind < before => Some(Jump::Back),
            _ => None,
        }
    }
}

impl MessageFact {
    /// Its code, if it is a coded message of the exercise's codebook.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.coding {
            Decoded::Coded(coded) => Some(&coded.code),
            Decoded::Free | Decoded::OtherCodebook { .. } | Decoded::Malformed(_) => None,
        }
    }

    /// Those who released it, by name.
    pub fn releasers(&self) -> impl Iterator<Item = &str> {
        self.officers
            .iter()
            .filter(|(_, releaser, _)| *releaser)
            .map(|(officer, _, _)| officer.as_str())
    }
}

impl What {
    /// One word for what it is: `message`, `DELIVERED`, `service CHECK`, `control tick`.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Message(message) => format!("message {}", message.function),
            Self::Receipt(receipt) => receipt.rung.to_string(),
            Self::Act(word) => word.rung.to_string(),
            Self::Service(service) => format!("service {}", service.kind),
            Self::Watch { verb, .. } => format!("watch {verb}"),
            Self::Order { verb, .. } => format!("order {verb}"),
            Self::Charter { .. } => "charter".into(),
            Self::Control(record) => format!("control {}", super::control::word(&record.kind)),
            Self::Other(kind) => kind.as_str().to_owned(),
        }
    }
}
