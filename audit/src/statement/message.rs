//! A released message and its content.

use super::header::{optional_reference, put_reference};
use super::{Header, MAX_APPROVALS, Reference, commit};
use crate::hash::Hash;
use crate::sealed::{Container, ContainerError};
use crate::strict::{Reader, StrictError, StrictFault, Writer};

/// A released message, signed by the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Sender, recipients and place in the chain.
    pub header: Header,
    /// 1 FORMAL, 2 SERVICE, 3 TEST, 4 CONTROL, 5 EXCON.
    pub traffic_class: u32,
    /// 1 EXERCISE, 2 OPERATION, 3 PROJECT, 4 DRILL.
    pub message_type: u32,
    /// 1 NOTIFY, 2 QUERY, 3 REPLY, 4 UPDATE, 5 CANCEL, 6 ERROR.
    pub function: u32,
    /// 1 DEFERRED to 6 OVERRIDE.
    pub precedence: u32,
    /// Name of the channel; may be empty.
    pub channel: String,
    /// What people say aloud: 17 of A-0017.
    pub number: u64,
    /// 1 NONE to 7 SUFFICIENT_INSUFFICIENT.
    pub response_attribute: u32,
    /// What this answers, updates or cancels.
    pub refers_to: Option<Reference>,
    /// 1 ROGER to 14 FREE_TEXT; 0 when this is no reply.
    pub answer: u32,
    /// Exact bytes of each officer's approval.
    pub approvals: Vec<Vec<u8>>,
    /// What is said; opaque to relays.
    pub content: Content,
    /// From when on nobody may act on it, milliseconds since 1970 (UTC); 0 for never.
    pub expires_ms: u64,
    /// Whether it is about saving lives: it passes under a suspension.
    pub safety_of_life: bool,
    /// By when an answer is asked for, milliseconds since 1970 (UTC); 0 when no time is named.
    pub respond_by_ms: u64,
    /// 1 PRESENCE_QUERY, 2 CALL_REQUEST; 0 when it asks for neither.
    pub contact: u32,
}

impl Message {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one message payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Message, StrictError> {
        let mut reader = Reader::new("MessagePayload", bytes);
        let message = Message {
            header: Header::decode(reader.bytes(1, "header")?)?,
            traffic_class: reader.code(2, "traffic_class", 1..=5)?,
            message_type: reader.code(3, "message_type", 1..=4)?,
            function: reader.code(4, "function", 1..=6)?,
            precedence: reader.code(5, "precedence", 1..=6)?,
            channel: reader.optional_text(6, "channel")?,
            number: reader.number(7, "number")?,
            response_attribute: reader.code(8, "response_attribute", 1..=7)?,
            refers_to: optional_reference(&mut reader, 9, "refers_to")?,
            answer: reader.optional_code(10, "answer", 1..=14)?,
            approvals: reader
                .repeated(11, "approvals", MAX_APPROVALS)?
                .into_iter()
                .map(<[u8]>::to_vec)
                .collect(),
            content: Content::decode(reader.bytes(12, "content")?)?,
            expires_ms: reader.number_or_none(13, "expires_ms")?,
            safety_of_life: reader.optional_code(14, "safety_of_life", 1..=1)? == 1,
            respond_by_ms: reader.number_or_none(15, "respond_by_ms")?,
            contact: reader.optional_code(16, "contact", 1..=2)?,
        };
        reader.finish()?;
        Ok(message)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let writer = Writer::new()
            .message(1, &self.header.encode())
            .number(2, u64::from(self.traffic_class))
            .number(3, u64::from(self.message_type))
            .number(4, u64::from(self.function))
            .number(5, u64::from(self.precedence))
            .text(6, &self.channel)
            .number(7, self.number)
            .number(8, u64::from(self.response_attribute));
        put_reference(writer, 9, self.refers_to.as_ref())
            .number(10, u64::from(self.answer))
            .repeated(11, &self.approvals)
            .message(12, &self.content.encode())
            .number(13, self.expires_ms)
            .number(14, u64::from(self.safety_of_life))
            .number(15, self.respond_by_ms)
            .number(16, u64::from(self.contact))
            .finish()
    }
}

/// What a message says. Relays never look into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// 1 NONE: `body` is the text itself; 2 XWING: `body` is a [`Container`].
    pub suite: u32,
    /// [`commit`] of salt and text.
    pub commitment: Hash,
    /// 32 bytes, unless a suite hides it in `body`.
    pub salt: Vec<u8>,
    /// The text, as the suite has it.
    pub body: Vec<u8>,
}

/// Why the text of a content cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// A suite that this version cannot open.
    #[error("content suite {0} cannot be opened by this version")]
    UnknownSuite(u32),
    /// Only the holders of the keys that it is sealed to can tell.
    #[error("it is sealed: a recipient's key or opening shows it")]
    Sealed,
    /// Salt and text are not those that the sender committed to.
    #[error("the text is not the one that the sender committed to")]
    WrongCommitment,
    /// The text is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
}

impl Content {
    /// Suite NONE: the body is the UTF-8 text itself.
    pub const SUITE_NONE: u32 = 1;
    /// Suite XWING: the body is a [`Container`], whose content key is sealed to each recipient by HPKE with X-Wing,
    /// HKDF-SHA256 and ChaCha20-Poly1305.
    pub const SUITE_XWING: u32 = 2;

    /// Content in the clear, with its commitment.
    #[must_use]
    pub fn plain(salt: [u8; 32], text: &str) -> Content {
        Content {
            suite: Content::SUITE_NONE,
            commitment: commit(&salt, text.as_bytes()),
            salt: salt.to_vec(),
            body: text.as_bytes().to_vec(),
        }
    }

    /// Content under a cipher, with the commitment to what is in it.
    #[must_use]
    pub fn sealed(commitment: Hash, container: &Container) -> Content {
        Content {
            suite: Content::SUITE_XWING,
            commitment,
            salt: Vec::new(),
            body: container.encode(),
        }
    }

    /// Whether only holders of keys can read it.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.suite != Content::SUITE_NONE
    }

    /// The container of a sealed content.
    ///
    /// # Errors
    /// [`ContainerError`]: never of a content that was strictly read.
    pub fn container(&self) -> Result<Container, ContainerError> {
        Container::parse(&self.body)
    }

    /// The text of a content in the clear, checked against the commitment.
    ///
    /// # Errors
    /// When it is sealed or the suite is unknown, or the body is not the text committed to.
    pub fn text(&self) -> Result<&str, ContentError> {
        match self.suite {
            Content::SUITE_NONE => {}
            Content::SUITE_XWING => return Err(ContentError::Sealed),
            later => return Err(ContentError::UnknownSuite(later)),
        }
        if commit(&self.salt, &self.body) != self.commitment {
            return Err(ContentError::WrongCommitment);
        }
        std::str::from_utf8(&self.body).map_err(|_| ContentError::NotUtf8)
    }

    /// SHA-256 of its exact bytes: what approvals name.
    #[must_use]
    pub fn sha256(&self) -> Hash {
        Hash::of(&self.encode())
    }

    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one content.
    pub fn decode(bytes: &[u8]) -> Result<Content, StrictError> {
        let mut reader = Reader::new("Content", bytes);
        let content = Content {
            suite: reader.code(1, "suite", 1..=u32::MAX)?,
            commitment: reader.hash(2, "commitment")?,
            salt: reader
                .optional_array::<32>(3, "salt")?
                .map(|salt| salt.to_vec())
                .unwrap_or_default(),
            body: reader.optional_bytes(4, "body")?.unwrap_or_default().to_vec(),
        };
        match (content.suite, content.salt.is_empty()) {
            (Content::SUITE_NONE, true) => return Err(reader.error("salt", StrictFault::Missing)),
            (Content::SUITE_XWING, false) => return Err(reader.error("salt", StrictFault::NotWithSuite)),
            (Content::SUITE_XWING, true) => {
                let judged = Container::parse(&content.body);
                judged.map_err(|fault| reader.error("body", StrictFault::Container(fault)))?;
            }
            _ => {}
        }
        reader.finish()?;
        Ok(content)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .number(1, u64::from(self.suite))
            .bytes(2, self.commitment.as_bytes())
            .bytes(3, &self.salt)
            .bytes(4, &self.body)
            .finish()
    }
}
