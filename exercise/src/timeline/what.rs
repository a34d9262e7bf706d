//! What a statement says, in words of the core.

use hotline_audit::{
    Hash, PayloadType, SignedStatement,
    statement::{
        Act, Annex, AnnexDone, Approval, CharterTerms, Lifecycle, Message, OfficerAct, OfficerAnnex,
        OfficerOrder, OfficerWatch, Payload, Receipt, Service, Watch,
    },
    strict::{StrictError, StrictFault},
};
use hotline_core::{
    duty::{OrderVerb, OverdueStep, ServiceKind, WatchVerb},
    precedence::Precedence,
    words::{Answer, Function, MessageType, ResponseAttribute, Rung, TrafficClass},
};

use crate::{
    codebook::{
        Codebook,
        coded::{self, Decoded},
    },
    record::Record,
    scenario::lists::Grade,
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
        /// Who.
        officer: String,
        /// The channel; empty for all of the line.
        channel: String,
        /// What of it; empty for all.
        scope: String,
        /// Why.
        reason: String,
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
    /// What a desk's statement says.
    ///
    /// # Errors
    /// A code that is on no list, or something inside that cannot be read: never in a log that verifies.
    pub(super) fn of(payload: &Payload, book: &Codebook) -> Result<Self, StrictError> {
        match payload {
            Payload::Message(message) => Ok(Self::Message(Box::new(message_fact(message, book)?))),
            Payload::Receipt(receipt) => receipt_fact(receipt).map(Self::Receipt),
            Payload::Act(act) => act_fact(act).map(Self::Act),
            Payload::Annex(annex) => annex_fact(annex).map(Self::Act),
            Payload::Service(service) => service_fact(service).map(Self::Service),
            Payload::Watch(watch) => watch_fact(watch),
            Payload::Lifecycle(lifecycle) => order_fact(lifecycle),
            Payload::Charter(charter) => {
                let terms = CharterTerms::decode(&charter.terms)?;
                Ok(Self::Charter {
                    channel: terms.channel,
                    codebook_sha256: terms.codebook_sha256,
                })
            }
        }
    }

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

fn known<T>(field: &'static str, number: u32, word: Option<T>) -> Result<T, StrictError> {
    let value = u64::from(number);
    word.ok_or_else(|| StrictError::new("statement", field, StrictFault::OutOfRange { value }))
}

fn message_fact(message: &Message, book: &Codebook) -> Result<MessageFact, StrictError> {
    let mut officers = Vec::new();
    for approval in &message.approvals {
        let approval = Approval::decode(&SignedStatement::parse(approval)?.payload)?;
        officers.push((
            approval.officer,
            approval.capacity == RELEASER,
            approval.claimed_time_ms,
        ));
    }
    let text = message.content.text().ok().map(str::to_owned);
    let coding = text
        .as_deref()
        .map_or(Decoded::Free, |text| coded::decode(book, text));
    let action = |recipient: &&hotline_audit::statement::Recipient| recipient.kind == ACTION;
    Ok(MessageFact {
        class: known(
            "traffic_class",
            message.traffic_class,
            TrafficClass::from_wire(message.traffic_class),
        )?,
        message_type: known(
            "message_type",
            message.message_type,
            MessageType::from_wire(message.message_type),
        )?,
        function: known(
            "function",
            message.function,
            Function::from_wire(message.function),
        )?,
        precedence: known(
            "precedence",
            message.precedence,
            Precedence::from_wire(message.precedence),
        )?,
        channel: message.channel.clone(),
        number: message.number,
        response: known(
            "response_attribute",
            message.response_attribute,
            ResponseAttribute::from_wire(message.response_attribute),
        )?,
        refers_to: message.refers_to.as_ref().map(|reference| reference.sha256),
        answer: Answer::from_wire(message.answer),
        officers,
        to: message
            .header
            .recipients
            .iter()
            .filter(action)
            .map(|recipient| recipient.identity.clone())
            .collect(),
        text,
        coding,
        respond_by_ms: message.respond_by_ms,
        expires_ms: message.expires_ms,
    })
}

fn receipt_fact(receipt: &Receipt) -> Result<ReceiptFact, StrictError> {
    Ok(ReceiptFact {
        rung: known("rung", receipt.rung, Rung::from_wire(receipt.rung))?,
        messages: receipt
            .items
            .iter()
            .map(|item| (item.sha256, item.leg.clone()))
            .collect(),
    })
}

fn act_fact(act: &Act) -> Result<OfficerWord, StrictError> {
    let said = OfficerAct::decode(&SignedStatement::parse(&act.act)?.payload)?;
    Ok(OfficerWord {
        rung: known("rung", said.rung, Rung::from_wire(said.rung))?,
        officer: said.officer,
        message: said.message.sha256,
        text: said.text,
        grade: None,
        language: String::new(),
    })
}

/// A translation, with its words from beside the signature; or that the message was put before somebody.
fn annex_fact(annex: &Annex) -> Result<OfficerWord, StrictError> {
    let said = OfficerAnnex::decode(&SignedStatement::parse(&annex.annex)?.payload)?;
    let (grade, language, text) = match &said.done {
        AnnexDone::Translated { grade, language, .. } => {
            let words = annex.content.as_ref().and_then(|content| content.text().ok());
            let grades = Grade::ALL.iter().copied();
            let grade = grades
                .zip(1u32..)
                .find(|(_, number)| number == grade)
                .map(|(grade, _)| grade);
            (grade, language.clone(), words.unwrap_or_default().to_owned())
        }
        AnnexDone::Presented { to } => (None, String::new(), to.clone()),
    };
    Ok(OfficerWord {
        rung: known("kind", said.done.kind(), Rung::from_wire(said.done.kind()))?,
        officer: said.officer,
        message: said.message.sha256,
        text,
        grade,
        language,
    })
}

fn service_fact(service: &Service) -> Result<ServiceFact, StrictError> {
    Ok(ServiceFact {
        kind: known("kind", service.kind, ServiceKind::from_wire(service.kind))?,
        about: service.refers_to.as_ref().map(|reference| reference.sha256),
        legs: service
            .legs
            .iter()
            .map(|fact| (fact.leg.clone(), fact.ms))
            .collect(),
        step: OverdueStep::from_wire(service.step),
        clock_ms: (service.clock_before_ms, service.clock_after_ms),
        text: service.text.clone(),
    })
}

fn watch_fact(watch: &Watch) -> Result<What, StrictError> {
    let said = OfficerWatch::decode(&SignedStatement::parse(&watch.officer_watch)?.payload)?;
    Ok(What::Watch {
        verb: known("verb", said.verb, WatchVerb::from_wire(said.verb))?,
        officer: said.officer,
        other: said.other,
        remark: said.remark,
    })
}

fn order_fact(lifecycle: &Lifecycle) -> Result<What, StrictError> {
    let said = OfficerOrder::decode(&SignedStatement::parse(&lifecycle.order)?.payload)?;
    Ok(What::Order {
        verb: known("verb", said.verb, OrderVerb::from_wire(said.verb))?,
        officer: said.officer,
        channel: said.channel,
        scope: said.scope,
        reason: said.reason,
    })
}

const RELEASER: u32 = 2;
const ACTION: u32 = 1;
