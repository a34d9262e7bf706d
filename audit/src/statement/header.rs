//! The header of a desk's statement, and the small messages inside it.

use super::{MAX_RECIPIENTS, MAX_SEEN};
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// What every statement of a desk opens with, and all that a relay reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// 16 random bytes; with the sender the key of the statement.
    pub id: [u8; 16],
    /// Trust domain of the sender.
    pub trust_domain: String,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// Id of the message that opened the conversation.
    pub conversation: [u8; 16],
    /// The desk that signs.
    pub sender: String,
    /// Hash of the sender's key statement.
    pub key_statement: Hash,
    /// Who is to receive it; at least one.
    pub recipients: Vec<Recipient>,
    /// The sender's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
    /// Chain epoch, from 1.
    pub epoch: u64,
    /// Place in the epoch, from 1.
    pub sequence: u64,
    /// Hash of the sender's previous statement; [`Hash::ZERO`] for the very first.
    pub previous: Hash,
    /// Newest checkpoint of every relay that the sender has seen.
    pub seen: Vec<SeenCheckpoint>,
}

impl Header {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one header; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Header, StrictError> {
        let mut reader = Reader::new("Header", bytes);
        let header = Header {
            id: reader.array(1, "id")?,
            trust_domain: reader.text(2, "trust_domain")?,
            exercise: reader.text(3, "exercise")?,
            conversation: reader.array(4, "conversation")?,
            sender: reader.text(5, "sender")?,
            key_statement: reader.hash(6, "key_statement")?,
            recipients: recipients(&mut reader, 7)?,
            claimed_time_ms: reader.number(8, "claimed_time_ms")?,
            epoch: reader.number(9, "epoch")?,
            sequence: reader.number(10, "sequence")?,
            previous: reader.hash(11, "previous")?,
            seen: reader
                .repeated(12, "seen", MAX_SEEN)?
                .into_iter()
                .map(SeenCheckpoint::decode)
                .collect::<Result<_, _>>()?,
        };
        reader.finish()?;
        Ok(header)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .bytes(1, &self.id)
            .text(2, &self.trust_domain)
            .text(3, &self.exercise)
            .bytes(4, &self.conversation)
            .text(5, &self.sender)
            .bytes(6, self.key_statement.as_bytes())
            .repeated(7, self.recipients.iter().map(Recipient::encode))
            .number(8, self.claimed_time_ms)
            .number(9, self.epoch)
            .number(10, self.sequence)
            .bytes(11, self.previous.as_bytes())
            .repeated(12, self.seen.iter().map(SeenCheckpoint::encode))
            .finish()
    }
}

/// One recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its identity.
    pub identity: String,
    /// 1 action, 2 information.
    pub kind: u32,
}

impl Recipient {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one recipient.
    pub fn decode(bytes: &[u8]) -> Result<Recipient, StrictError> {
        let mut reader = Reader::new("Recipient", bytes);
        let recipient = Recipient {
            identity: reader.text(1, "identity")?,
            kind: reader.code(2, "kind", 1..=2)?,
        };
        reader.finish()?;
        Ok(recipient)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.identity)
            .number(2, u64::from(self.kind))
            .finish()
    }
}

/// At least one recipient, at most [`MAX_RECIPIENTS`].
pub(super) fn recipients(reader: &mut Reader<'_>, number: u64) -> Result<Vec<Recipient>, StrictError> {
    reader
        .repeated_some(number, "recipients", MAX_RECIPIENTS)?
        .into_iter()
        .map(Recipient::decode)
        .collect()
}

/// A checkpoint that the sender has seen and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCheckpoint {
    /// The log.
    pub origin: String,
    /// Its size, at least 1.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl SeenCheckpoint {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one seen checkpoint.
    pub fn decode(bytes: &[u8]) -> Result<SeenCheckpoint, StrictError> {
        let mut reader = Reader::new("SeenCheckpoint", bytes);
        let seen = SeenCheckpoint {
            origin: reader.text(1, "origin")?,
            size: reader.number(2, "size")?,
            root: reader.hash(3, "root")?,
        };
        reader.finish()?;
        Ok(seen)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.origin)
            .number(2, self.size)
            .bytes(3, self.root.as_bytes())
            .finish()
    }
}

/// Names one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its sender.
    pub sender: String,
    /// Its id.
    pub id: [u8; 16],
    /// Hash of its bytes.
    pub sha256: Hash,
}

impl Reference {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one reference.
    pub fn decode(bytes: &[u8]) -> Result<Reference, StrictError> {
        let mut reader = Reader::new("Reference", bytes);
        let reference = Reference {
            sender: reader.text(1, "sender")?,
            id: reader.array(2, "id")?,
            sha256: reader.hash(3, "sha256")?,
        };
        reader.finish()?;
        Ok(reference)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.sender)
            .bytes(2, &self.id)
            .bytes(3, self.sha256.as_bytes())
            .finish()
    }
}

/// A reference that may be absent.
pub(super) fn optional_reference(
    reader: &mut Reader<'_>,
    number: u64,
    field: &'static str,
) -> Result<Option<Reference>, StrictError> {
    reader
        .optional_bytes(number, field)?
        .map(Reference::decode)
        .transpose()
}

/// Adds a reference if there is one.
pub(super) fn put_reference(writer: Writer, number: u32, reference: Option<&Reference>) -> Writer {
    match reference {
        Some(reference) => writer.message(number, &reference.encode()),
        None => writer,
    }
}
