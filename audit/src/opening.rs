//! Openings: salt and text of a content, and whether they are the ones its sender committed to.
//!
//! A recipient opens a content with its key and keeps salt and text. Who is shown both later checks them against the
//! signed commitment, and needs no key for it: so a text is disclosed without disclosing what opens any other. `FORMAT.md`
//! §21.4 has the file.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::dsse::SignedStatement;
use crate::hash::Hash;
use crate::statement::{Content, ContentError, Payload, commit};
use crate::strict::{MAX_STATEMENT_BYTES, StrictError};

/// Format of an opening file.
pub const FORMAT: &str = "hotline-opening/1";
/// Largest opening file, in bytes: each byte of a text may take six in JSON.
pub const MAX_OPENING_BYTES: usize = 6 * MAX_STATEMENT_BYTES + 1024;

/// Salt and text of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// The text.
    pub text: String,
}

impl Opening {
    /// Of a content in the clear.
    ///
    /// # Errors
    /// [`ContentError`]: it is sealed, or not the text committed to.
    pub fn in_the_clear(content: &Content) -> Result<Opening, ContentError> {
        let text = content.text()?.to_owned();
        let salt = content.salt.as_slice().try_into();
        let salt = salt.map_err(|_| ContentError::WrongCommitment)?;
        Ok(Opening { salt, text })
    }

    /// What binds it.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        commit(&self.salt, self.text.as_bytes())
    }

    /// Whether it is what the content's sender committed to. Of a content in the clear it is what everybody has read there,
    /// and of one whose suite this version does not know nobody can say.
    #[must_use]
    pub fn fits(&self, content: &Content) -> bool {
        let may = match content.suite {
            Content::SUITE_NONE => content.body == self.text.as_bytes() && content.salt == self.salt,
            Content::SUITE_XWING => true,
            _ => false,
        };
        may && self.commitment() == content.commitment
    }

    /// The opening as it is given to others, of the statement with this hash.
    #[must_use]
    pub fn of_statement(&self, statement: Hash) -> OpeningFile {
        OpeningFile {
            statement,
            opening: self.clone(),
        }
    }
}

/// An opening, and of which statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningFile {
    /// SHA-256 of the statement's exact bytes.
    pub statement: Hash,
    /// Salt and text.
    pub opening: Opening,
}

/// Why an opening is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// Larger than any opening.
    #[error("the opening has more than {MAX_OPENING_BYTES} bytes")]
    TooLarge,
    /// Not a file of this format.
    #[error("this is no opening: {0}")]
    Malformed(String),
    /// It is of another statement.
    #[error("the opening is of statement {named}, and this is {found}")]
    OtherStatement {
        /// In the file.
        named: Hash,
        /// What was to be opened.
        found: Hash,
    },
    /// The statement cannot be read.
    #[error("the statement cannot be read: {0}")]
    Unreadable(#[from] StrictError),
    /// The statement has no words.
    #[error("the statement has no text that could be opened")]
    NoContent,
    /// MISMATCH: the text is not the one that was committed to.
    #[error("MISMATCH: salt and text are not those that the statement commits to")]
    Mismatch,
    /// MISMATCH: the statement shows words in the clear, and they are other ones.
    #[error("MISMATCH: the statement shows other words, in the clear, than those of the opening")]
    ShowsOther,
    /// Nobody can open it, so nobody has.
    #[error("the statement's content has suite {0}, which this version does not know")]
    UnknownSuite(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    statement: String,
    salt: String,
    text: String,
}

impl OpeningFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`OpeningError::TooLarge`], [`OpeningError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<OpeningFile, OpeningError> {
        let wrong = |why: &str| OpeningError::Malformed(why.to_owned());
        if bytes.len() > MAX_OPENING_BYTES {
            return Err(OpeningError::TooLarge);
        }
        let read: Written = serde_json::from_slice(bytes).map_err(|error| wrong(&error.to_string()))?;
        if read.format != FORMAT {
            return Err(wrong("its format is not hotline-opening/1"));
        }
        let statement = read.statement.parse();
        let salt = BASE64.decode(read.salt.as_bytes()).ok();
        let salt = salt.and_then(|salt| <[u8; 32]>::try_from(salt).ok());
        Ok(OpeningFile {
            statement: statement.map_err(|_| wrong("its statement is no SHA-256 in hex"))?,
            opening: Opening {
                salt: salt.ok_or_else(|| wrong("its salt is not 32 bytes in base64"))?,
                text: read.text,
            },
        })
    }

    /// As a file: one line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        let written = Written {
            format: FORMAT.to_owned(),
            statement: self.statement.to_string(),
            salt: BASE64.encode(&self.opening.salt),
            text: self.opening.text.clone(),
        };
        // Four texts: this cannot fail.
        let mut line = serde_json::to_string(&written).unwrap_or_default();
        line.push('\n');
        line
    }

    /// The file's name: that of the statement.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.json", self.statement)
    }

    /// Checks it against the statement's exact bytes. The statement itself is not verified here.
    ///
    /// # Errors
    /// [`OpeningError`]; [`OpeningError::Mismatch`] when the text is not the one committed to.
    pub fn check(&self, statement: &[u8]) -> Result<(), OpeningError> {
        let found = Hash::of(statement);
        if found != self.statement {
            let named = self.statement;
            return Err(OpeningError::OtherStatement { named, found });
        }
        let payload = Payload::parse(&SignedStatement::parse(statement)?)?;
        let content = content_of(&payload).ok_or(OpeningError::NoContent)?;
        match content.suite {
            Content::SUITE_NONE | Content::SUITE_XWING => {}
            later => return Err(OpeningError::UnknownSuite(later)),
        }
        if self.opening.fits(content) {
            Ok(())
        } else if self.opening.commitment() == content.commitment {
            Err(OpeningError::ShowsOther)
        } else {
            Err(OpeningError::Mismatch)
        }
    }
}

/// The words of a statement that has some: of a message, or of a translation.
#[must_use]
pub fn content_of(payload: &Payload) -> Option<&Content> {
    match payload {
        Payload::Message(message) => Some(&message.content),
        Payload::Annex(annex) => annex.content.as_ref(),
        Payload::Receipt(_)
        | Payload::Act(_)
        | Payload::Charter(_)
        | Payload::Service(_)
        | Payload::Watch(_)
        | Payload::Lifecycle(_) => None,
    }
}

#[cfg(test)]
mod tests;
