//! An annex: a translation of a message, or that it was put before a principal. It stands beside the message.
//!
//! The officer signs the hash of the translation, and the desk places officer's statement and translation in its chain,
//! as it does with approvals and content of a message. So what the officer signed can be shown without the words.

use super::header::{optional_reference, put_reference};
use super::{Content, Header, Reference};
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, StrictFault, Writer};

/// An officer's annex in the chain of the officer's desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annex {
    /// The desk and its place in the chain.
    pub header: Header,
    /// Exact bytes of the officer's signed statement.
    pub annex: Vec<u8>,
    /// The translation; none of what holds no words.
    pub content: Option<Content>,
}

impl Annex {
    /// Strictly reads one; the officer's statement inside is not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one annex payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Annex, StrictError> {
        let mut reader = Reader::new("AnnexPayload", bytes);
        let annex = Annex {
            header: Header::decode(reader.bytes(1, "header")?)?,
            annex: reader.bytes(2, "annex")?.to_vec(),
            content: reader
                .optional_bytes(3, "content")?
                .map(Content::decode)
                .transpose()?,
        };
        reader.finish()?;
        Ok(annex)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let writer = Writer::new()
            .message(1, &self.header.encode())
            .bytes(2, &self.annex);
        match &self.content {
            Some(content) => writer.message(3, &content.encode()),
            None => writer,
        }
        .finish()
    }
}

/// What the officer signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerAnnex {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// Desk at which the officer sits.
    pub desk: String,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// The message that it stands beside.
    pub message: Reference,
    /// What was done.
    pub done: AnnexDone,
    /// The officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

/// What an annex says was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnnexDone {
    /// The message was translated.
    Translated {
        /// 1 SIGHT, 2 ROUGH, 3 CERTIFIED.
        grade: u32,
        /// Into which language: a code of ISO 639.
        language: String,
        /// SHA-256 of the exact bytes of the translation's [`Content`].
        content_sha256: Hash,
        /// The annex that this one replaces.
        of_annex: Option<Reference>,
    },
    /// The message was put before a principal.
    Presented {
        /// To whom.
        to: String,
    },
}

impl AnnexDone {
    /// The rung that it climbs: 8 TRANSLATED, 9 PRESENTED.
    #[must_use]
    pub const fn kind(&self) -> u32 {
        match self {
            AnnexDone::Translated { .. } => TRANSLATED,
            AnnexDone::Presented { .. } => PRESENTED,
        }
    }

    /// Hash of the content that belongs to it, if one does.
    #[must_use]
    pub const fn content_sha256(&self) -> Option<&Hash> {
        match self {
            AnnexDone::Translated { content_sha256, .. } => Some(content_sha256),
            AnnexDone::Presented { .. } => None,
        }
    }

    /// Fields 6 to 11: each is present exactly where its kind has it.
    fn read(reader: &mut Reader<'_>) -> Result<AnnexDone, StrictError> {
        let kind = reader.code(6, "kind", TRANSLATED..=PRESENTED)?;
        if kind == TRANSLATED {
            let done = AnnexDone::Translated {
                grade: reader.code(7, "grade", 1..=3)?,
                language: reader.text(8, "language")?,
                content_sha256: reader.hash(9, "content_sha256")?,
                of_annex: optional_reference(reader, 10, "of_annex")?,
            };
            return if reader.optional_text(11, "text")?.is_empty() {
                Ok(done)
            } else {
                Err(reader.error("text", StrictFault::Unknown))
            };
        }
        if reader.optional_number(7, "grade")?.is_some() {
            return Err(reader.error("grade", StrictFault::Unknown));
        }
        for (number, field) in [(8, "language"), (9, "content_sha256"), (10, "of_annex")] {
            if reader.optional_bytes(number, field)?.is_some() {
                return Err(reader.error(field, StrictFault::Unknown));
            }
        }
        Ok(AnnexDone::Presented {
            to: reader.text(11, "text")?,
        })
    }

    fn write(&self, writer: Writer) -> Writer {
        let writer = writer.number(6, u64::from(self.kind()));
        match self {
            AnnexDone::Translated {
                grade,
                language,
                content_sha256,
                of_annex,
            } => {
                let writer = writer
                    .number(7, u64::from(*grade))
                    .text(8, language)
                    .bytes(9, content_sha256.as_bytes());
                put_reference(writer, 10, of_annex.as_ref())
            }
            AnnexDone::Presented { to } => writer.text(11, to),
        }
    }
}

impl OfficerAnnex {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one officer's annex; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<OfficerAnnex, StrictError> {
        let mut reader = Reader::new("OfficerAnnexPayload", bytes);
        let annex = OfficerAnnex {
            officer: reader.text(1, "officer")?,
            key_statement: reader.hash(2, "key_statement")?,
            desk: reader.text(3, "desk")?,
            exercise: reader.text(4, "exercise")?,
            message: Reference::decode(reader.bytes(5, "message")?)?,
            done: AnnexDone::read(&mut reader)?,
            claimed_time_ms: reader.number(12, "claimed_time_ms")?,
        };
        reader.finish()?;
        Ok(annex)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let writer = Writer::new()
            .text(1, &self.officer)
            .bytes(2, self.key_statement.as_bytes())
            .text(3, &self.desk)
            .text(4, &self.exercise)
            .message(5, &self.message.encode());
        self.done.write(writer).number(12, self.claimed_time_ms).finish()
    }
}

/// The rung TRANSLATED.
const TRANSLATED: u32 = 8;
/// The rung PRESENTED.
const PRESENTED: u32 = 9;
