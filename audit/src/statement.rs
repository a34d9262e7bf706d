//! The payloads: what each kind of statement says.
//!
//! One struct per message of `statement.proto`, with the same field names. `decode` is strict and is the only way in
//! from bytes; `encode` gives the one encoding that `decode` accepts. Codes stay numbers here (they are checked to be
//! defined): what they mean to people belongs to the core rules, and evidence must be readable without them.

mod act;
mod annex;
mod approval;
mod charter;
mod control;
mod deny;
mod header;
mod lifecycle;
mod message;
mod presence;
mod receipt;
mod relay_record;
mod report_signature;
mod roster_entry;
mod seal_key;
mod service;
mod watch;

pub use act::{Act, OfficerAct};
pub use annex::{Annex, AnnexDone, OfficerAnnex};
pub use approval::{Approval, ApprovalBy};
pub use charter::{Charter, CharterConsent, CharterTerms};
pub use control::{Control, ControlOrder, MAX_CONTROL_DETAIL, MAX_CONTROL_ORDER_DETAIL, MAX_CONTROL_SUBJECT};
pub use deny::{Deny, DenyOrder};
pub use header::{Header, Recipient, Reference, SeenCheckpoint};
pub use lifecycle::{Lifecycle, OfficerOrder};
pub use message::{Content, ContentError, Message};
pub use presence::Presence;
pub use receipt::{Receipt, ReceiptItem};
pub use relay_record::{CosignRefused, LogLink, MAX_LOGGED_NOTE, PeerCheckpoint, RelayRecord};
pub use report_signature::ReportSignature;
pub use roster_entry::{KeyStatement, Revocation};
pub use seal_key::{SEAL_KEY_BYTES, SEAL_SUITE_XWING, SealKey};
pub use service::{LegFact, Service};
pub use watch::{OfficerWatch, Watch};

use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::strict::{StrictError, StrictFault};

/// Most recipients of one statement.
pub const MAX_RECIPIENTS: usize = 64;
/// Most checkpoints in one header: one per relay.
pub const MAX_SEEN: usize = 16;
/// Most approvals of one message. Two are needed at most; room for a chain of releasers.
pub const MAX_APPROVALS: usize = 8;
/// Most consents of one charter.
pub const MAX_CONSENTS: usize = 8;
/// Most messages in one receipt.
pub const MAX_RECEIPT_ITEMS: usize = 512;
/// Most legs in one service statement, and doors in a relay's word: two doors of every relay that a header may name.
pub const MAX_LEGS: usize = 32;

/// The payload of a statement that stands in a desk's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A released message.
    Message(Message),
    /// DELIVERED, ALERTED or DISPLAYED.
    Receipt(Receipt),
    /// An officer's act.
    Act(Act),
    /// A translation of a message, or that it was presented.
    Annex(Annex),
    /// A channel's charter.
    Charter(Charter),
    /// What a desk says of itself and its legs.
    Service(Service),
    /// A change of the watch.
    Watch(Watch),
    /// An order about a channel.
    Lifecycle(Lifecycle),
}

impl Payload {
    /// Reads the payload of a desk's statement.
    ///
    /// # Errors
    /// When it is malformed, or of a type that does not stand in a chain.
    pub fn parse(statement: &SignedStatement) -> Result<Payload, StrictError> {
        let payload = &statement.payload;
        match statement.payload_type {
            PayloadType::Message => Message::decode(payload).map(Payload::Message),
            PayloadType::Receipt => Receipt::decode(payload).map(Payload::Receipt),
            PayloadType::Act => Act::decode(payload).map(Payload::Act),
            PayloadType::Annex => Annex::decode(payload).map(Payload::Annex),
            PayloadType::Charter => Charter::decode(payload).map(Payload::Charter),
            PayloadType::Service => Service::decode(payload).map(Payload::Service),
            PayloadType::Watch => Watch::decode(payload).map(Payload::Watch),
            PayloadType::Lifecycle => Lifecycle::decode(payload).map(Payload::Lifecycle),
            PayloadType::Approval
            | PayloadType::OfficerAct
            | PayloadType::OfficerAnnex
            | PayloadType::CharterConsent
            | PayloadType::OfficerWatch
            | PayloadType::OfficerOrder
            | PayloadType::Presence
            | PayloadType::PeerCheckpoint
            | PayloadType::CosignRefused
            | PayloadType::LogLink
            | PayloadType::Key
            | PayloadType::SealKey
            | PayloadType::Revocation
            | PayloadType::Deny
            | PayloadType::Control
            | PayloadType::ControlOrder
            | PayloadType::ReportSignature => Err(StrictError::new(
                "SignedStatement",
                "payload_type",
                StrictFault::WrongPayloadType,
            )),
        }
    }

    /// The header that every one of them opens with.
    #[must_use]
    pub fn header(&self) -> &Header {
        match self {
            Payload::Message(message) => &message.header,
            Payload::Receipt(receipt) => &receipt.header,
            Payload::Act(act) => &act.header,
            Payload::Annex(annex) => &annex.header,
            Payload::Charter(charter) => &charter.header,
            Payload::Service(service) => &service.header,
            Payload::Watch(watch) => &watch.header,
            Payload::Lifecycle(lifecycle) => &lifecycle.header,
        }
    }

    /// Its payload type.
    #[must_use]
    pub fn payload_type(&self) -> PayloadType {
        match self {
            Payload::Message(_) => PayloadType::Message,
            Payload::Receipt(_) => PayloadType::Receipt,
            Payload::Act(_) => PayloadType::Act,
            Payload::Annex(_) => PayloadType::Annex,
            Payload::Charter(_) => PayloadType::Charter,
            Payload::Service(_) => PayloadType::Service,
            Payload::Watch(_) => PayloadType::Watch,
            Payload::Lifecycle(_) => PayloadType::Lifecycle,
        }
    }

    /// The bytes to sign.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Payload::Message(message) => message.encode(),
            Payload::Receipt(receipt) => receipt.encode(),
            Payload::Act(act) => act.encode(),
            Payload::Annex(annex) => annex.encode(),
            Payload::Charter(charter) => charter.encode(),
            Payload::Service(service) => service.encode(),
            Payload::Watch(watch) => watch.encode(),
            Payload::Lifecycle(lifecycle) => lifecycle.encode(),
        }
    }
}

/// The commitment to a text: `SHA-256("hotline/commit/v1" || salt || text)`. The salt is 32 random bytes.
#[must_use]
pub fn commit(salt: &[u8], text: &[u8]) -> Hash {
    Hash::of_parts(&[COMMIT_LABEL, salt, text])
}

const COMMIT_LABEL: &[u8] = b"hotline/commit/v1";

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
