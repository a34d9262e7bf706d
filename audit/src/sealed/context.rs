//! What a sealed content belongs to: bytes that both ciphers authenticate, so that it opens nowhere else.

use crate::hash::Hash;
use crate::statement::{AnnexDone, Header, OfficerAnnex};

const LABEL: &[u8] = b"hotline/seal/v1";
/// The content of a message.
const MESSAGE: u8 = 1;
/// The content of a translation.
const ANNEX: u8 = 2;

/// Everything about a statement that is known before its content is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealContext(Vec<u8>);

impl SealContext {
    /// Of a message: its id, sender, exercise, conversation, channel and recipients.
    #[must_use]
    pub fn message(header: &Header, channel: &str, commitment: &Hash) -> SealContext {
        let mut context = SealContext::of(MESSAGE, commitment)
            .field(&header.id)
            .field(header.sender.as_bytes())
            .field(header.exercise.as_bytes())
            .field(&header.conversation)
            .field(channel.as_bytes());
        for recipient in &header.recipients {
            context = context
                .field(&recipient.kind.to_be_bytes())
                .field(recipient.identity.as_bytes());
        }
        context
    }

    /// Of a translation: its desk, exercise, message, grade and language.
    #[must_use]
    pub fn annex(annex: &OfficerAnnex, commitment: &Hash) -> SealContext {
        let (grade, language) = match &annex.done {
            AnnexDone::Translated { grade, language, .. } => (*grade, language.as_str()),
            // It has no words that could be sealed.
            AnnexDone::Presented { .. } => (0, ""),
        };
        SealContext::of(ANNEX, commitment)
            .field(annex.desk.as_bytes())
            .field(annex.exercise.as_bytes())
            .field(annex.message.sha256.as_bytes())
            .field(&grade.to_be_bytes())
            .field(language.as_bytes())
    }

    fn of(kind: u8, commitment: &Hash) -> SealContext {
        let bytes = [LABEL, &[kind], commitment.as_bytes()].concat();
        SealContext(bytes)
    }

    /// One more field, with its length before it: no two lists of fields give the same bytes.
    fn field(mut self, bytes: &[u8]) -> SealContext {
        // A statement of 60 KiB holds no longer field.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
