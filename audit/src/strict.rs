//! The strict field reader and writer: one meaning, one encoding.
//!
//! Ordinary protobuf readers accept fields in any order, twice, unknown, at their default value and with long varints.
//! Two readers of the same signed bytes may then see two different things. Here exactly one encoding of each message is
//! accepted, namely the one that an ordinary writer (prost) emits: ascending fields, defaults left out, shortest varints.
//! Hence `encode(decode(bytes)) == bytes` for everything that is accepted, though nobody ever re-encodes a received
//! statement.
//!
//! A [`Reader`] is asked for its fields in ascending order by code that mirrors the schema; whatever it was not asked
//! for is an error that names message and field. Only wire types 0 (varint) and 2 (length-delimited) exist.

mod reader;
mod wire;
mod writer;

pub use reader::Reader;
pub(crate) use wire::peek_bytes;
pub use writer::Writer;

use std::borrow::Cow;

/// Largest statement, in bytes. tlog-tiles allows 65,535 bytes an entry; the rest is reserve (notes: 60 KiB).
pub const MAX_STATEMENT_BYTES: usize = 60 * 1024;

/// What is wrong, and in which field of which message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}.{field}: {fault}")]
pub struct StrictError {
    /// The message, e.g. `Header`.
    pub message: &'static str,
    /// The field, by name where the schema has one.
    pub field: Cow<'static, str>,
    /// What is wrong with it.
    pub fault: StrictFault,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrictFault {
    /// The whole is larger than allowed.
    #[error("{bytes} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Size found.
        bytes: usize,
        /// Size allowed.
        limit: usize,
    },
    /// The bytes end inside the field.
    #[error("the bytes end inside it")]
    CutShort,
    /// A varint that is longer than needed, or does not fit its type.
    #[error("a number that is not in its shortest form or does not fit")]
    BadVarint,
    /// Not a field key at all, e.g. number 0.
    #[error("not a field, or not of its type")]
    BadTag,
    /// A field that the schema does not have.
    #[error("no such field in this version")]
    Unknown,
    /// A singular field that is present twice.
    #[error("present twice")]
    Duplicate,
    /// A field behind one with a higher number.
    #[error("out of order")]
    OutOfOrder,
    /// A field that is present with its default value.
    #[error("present with its default value")]
    DefaultPresent,
    /// A field that must be present.
    #[error("missing")]
    Missing,
    /// A field of fixed length that has another.
    #[error("{found} bytes instead of {expected}")]
    Length {
        /// Length required.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// Text that is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// More repetitions than allowed.
    #[error("more than {limit}")]
    TooMany {
        /// Repetitions allowed.
        limit: usize,
    },
    /// A number outside the values that are defined.
    #[error("{value} is not defined")]
    OutOfRange {
        /// Value found.
        value: u64,
    },
    /// Values that must ascend and do not.
    #[error("not in ascending order")]
    NotAscending,
    /// A payload type that may not stand in this place.
    #[error("not a payload type that may stand here")]
    WrongPayloadType,
    /// A payload type that is not ours.
    #[error("not a payload type of this version")]
    UnknownPayloadType,
    /// A field that the content's suite does not have.
    #[error("not allowed with this suite")]
    NotWithSuite,
    /// A sealed body that is no container.
    #[error("{0}")]
    Container(crate::sealed::ContainerError),
}

impl StrictError {
    /// An error about `field` of `message`.
    pub fn new(
        message: &'static str,
        field: impl Into<Cow<'static, str>>,
        fault: StrictFault,
    ) -> StrictError {
        StrictError {
            message,
            field: field.into(),
            fault,
        }
    }
}

/// Refuses more than [`MAX_STATEMENT_BYTES`]; to be called before anything is parsed.
///
/// # Errors
/// [`StrictFault::TooLarge`].
pub fn check_size(message: &'static str, bytes: &[u8]) -> Result<(), StrictError> {
    if bytes.len() > MAX_STATEMENT_BYTES {
        let fault = StrictFault::TooLarge {
            bytes: bytes.len(),
            limit: MAX_STATEMENT_BYTES,
        };
        return Err(StrictError::new(message, "bytes", fault));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
