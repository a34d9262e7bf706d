//! What an officer signs when drafting or releasing a message.

use super::header::{optional_reference, put_reference, recipients};
use super::{Message, Recipient, Reference};
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// An officer's approval of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// 1 DRAFTER, 2 RELEASER.
    pub capacity: u32,
    /// Id of the message, so that an approval serves once.
    pub id: [u8; 16],
    /// The desk that is to send it.
    pub desk: String,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// The conversation it belongs to.
    pub conversation: [u8; 16],
    /// Who is to receive it.
    pub recipients: Vec<Recipient>,
    /// As in the message.
    pub traffic_class: u32,
    /// As in the message.
    pub message_type: u32,
    /// As in the message.
    pub function: u32,
    /// As in the message.
    pub precedence: u32,
    /// As in the message; may be empty.
    pub channel: String,
    /// As in the message.
    pub response_attribute: u32,
    /// As in the message.
    pub refers_to: Option<Reference>,
    /// As in the message; 0 when it is no reply.
    pub answer: u32,
    /// SHA-256 of the exact bytes of the content.
    pub content_sha256: Hash,
    /// The officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
    /// As in the message; 0 for never.
    pub expires_ms: u64,
    /// As in the message.
    pub safety_of_life: bool,
    /// As in the message; 0 when no time is named.
    pub respond_by_ms: u64,
    /// As in the message; 0 when it asks for neither.
    pub contact: u32,
}

/// Who approves a message, in which capacity, and when by the officer's own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalBy {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// 1 DRAFTER, 2 RELEASER.
    pub capacity: u32,
    /// Milliseconds since 1970 (UTC).
    pub claimed_time_ms: u64,
}

impl Approval {
    /// The approval that covers exactly this message. Its approvals and its place in the chain are not part of it.
    #[must_use]
    pub fn of(message: &Message, by: ApprovalBy) -> Approval {
        let header = &message.header;
        Approval {
            officer: by.officer,
            key_statement: by.key_statement,
            capacity: by.capacity,
            id: header.id,
            desk: header.sender.clone(),
            exercise: header.exercise.clone(),
            conversation: header.conversation,
            recipients: header.recipients.clone(),
            traffic_class: message.traffic_class,
            message_type: message.message_type,
            function: message.function,
            precedence: message.precedence,
            channel: message.channel.clone(),
            response_attribute: message.response_attribute,
            refers_to: message.refers_to.clone(),
            answer: message.answer,
            content_sha256: message.content.sha256(),
            claimed_time_ms: by.claimed_time_ms,
            expires_ms: message.expires_ms,
            safety_of_life: message.safety_of_life,
            respond_by_ms: message.respond_by_ms,
            contact: message.contact,
        }
    }

    /// The first field in which the message is not the one that was approved; `None` when it is.
    #[must_use]
    pub fn first_difference(&self, message: &Message) -> Option<&'static str> {
        let header = &message.header;
        [
            ("id", self.id == header.id),
            ("desk", self.desk == header.sender),
            ("exercise", self.exercise == header.exercise),
            ("conversation", self.conversation == header.conversation),
            ("recipients", self.recipients == header.recipients),
            ("traffic_class", self.traffic_class == message.traffic_class),
            ("message_type", self.message_type == message.message_type),
            ("function", self.function == message.function),
            ("precedence", self.precedence == message.precedence),
            ("channel", self.channel == message.channel),
            (
                "response_attribute",
                self.response_attribute == message.response_attribute,
            ),
            ("refers_to", self.refers_to == message.refers_to),
            ("answer", self.answer == message.answer),
            ("content_sha256", self.content_sha256 == message.content.sha256()),
            ("expires_ms", self.expires_ms == message.expires_ms),
            ("safety_of_life", self.safety_of_life == message.safety_of_life),
            ("respond_by_ms", self.respond_by_ms == message.respond_by_ms),
            ("contact", self.contact == message.contact),
        ]
        .into_iter()
        .find_map(|(field, same)| if same { None } else { Some(field) })
    }

    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one approval payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Approval, StrictError> {
        let mut reader = Reader::new("ApprovalPayload", bytes);
        let approval = Approval {
            officer: reader.text(1, "officer")?,
            key_statement: reader.hash(2, "key_statement")?,
            capacity: reader.code(3, "capacity", 1..=2)?,
            id: reader.array(4, "id")?,
            desk: reader.text(5, "desk")?,
            exercise: reader.text(6, "exercise")?,
            conversation: reader.array(7, "conversation")?,
            recipients: recipients(&mut reader, 8)?,
            traffic_class: reader.code(9, "traffic_class", 1..=5)?,
            message_type: reader.code(10, "message_type", 1..=4)?,
            function: reader.code(11, "function", 1..=6)?,
            precedence: reader.code(12, "precedence", 1..=6)?,
            channel: reader.optional_text(13, "channel")?,
            response_attribute: reader.code(14, "response_attribute", 1..=7)?,
            refers_to: optional_reference(&mut reader, 15, "refers_to")?,
            answer: reader.optional_code(16, "answer", 1..=14)?,
            content_sha256: reader.hash(17, "content_sha256")?,
            claimed_time_ms: reader.number(18, "claimed_time_ms")?,
            expires_ms: reader.number_or_none(19, "expires_ms")?,
            safety_of_life: reader.optional_code(20, "safety_of_life", 1..=1)? == 1,
            respond_by_ms: reader.number_or_none(21, "respond_by_ms")?,
            contact: reader.optional_code(22, "contact", 1..=2)?,
        };
        reader.finish()?;
        Ok(approval)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let writer = Writer::new()
            .text(1, &self.officer)
            .bytes(2, self.key_statement.as_bytes())
            .number(3, u64::from(self.capacity))
            .bytes(4, &self.id)
            .text(5, &self.desk)
            .text(6, &self.exercise)
            .bytes(7, &self.conversation)
            .repeated(8, self.recipients.iter().map(Recipient::encode))
            .number(9, u64::from(self.traffic_class))
            .number(10, u64::from(self.message_type))
            .number(11, u64::from(self.function))
            .number(12, u64::from(self.precedence))
            .text(13, &self.channel)
            .number(14, u64::from(self.response_attribute));
        put_reference(writer, 15, self.refers_to.as_ref())
            .number(16, u64::from(self.answer))
            .bytes(17, self.content_sha256.as_bytes())
            .number(18, self.claimed_time_ms)
            .number(19, self.expires_ms)
            .number(20, u64::from(self.safety_of_life))
            .number(21, self.respond_by_ms)
            .number(22, u64::from(self.contact))
            .finish()
    }
}
