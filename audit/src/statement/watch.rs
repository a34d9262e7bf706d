//! Who keeps the watch: what an officer signs, and the desk's statement that places it in the chain.

use super::Header;
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, StrictFault, Writer};

/// A change of the watch in the chain of the officer's desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The desk and its place in the chain.
    pub header: Header,
    /// Exact bytes of the officer's signed statement.
    pub officer_watch: Vec<u8>,
}

impl Watch {
    /// Strictly reads one; what the officer signed is not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one watch payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Watch, StrictError> {
        let mut reader = Reader::new("WatchPayload", bytes);
        let watch = Watch {
            header: Header::decode(reader.bytes(1, "header")?)?,
            officer_watch: reader.bytes(2, "officer_watch")?.to_vec(),
        };
        reader.finish()?;
        Ok(watch)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .message(1, &self.header.encode())
            .bytes(2, &self.officer_watch)
            .finish()
    }
}

/// What the officer signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerWatch {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// 1 TAKE, 2 HAND_OVER, 3 LEAVE.
    pub verb: u32,
    /// Desk at which the watch is kept.
    pub desk: String,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// With HAND_OVER to whom; with TAKE from whom, if it was handed over; else empty.
    pub other: String,
    /// What the next watch should know; may be empty.
    pub remark: String,
    /// The officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

impl OfficerWatch {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one, or a hand-over names nobody; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<OfficerWatch, StrictError> {
        let mut reader = Reader::new("OfficerWatchPayload", bytes);
        let watch = OfficerWatch {
            officer: reader.text(1, "officer")?,
            key_statement: reader.hash(2, "key_statement")?,
            verb: reader.code(3, "verb", 1..=3)?,
            desk: reader.text(4, "desk")?,
            exercise: reader.text(5, "exercise")?,
            other: reader.optional_text(6, "other")?,
            remark: reader.optional_text(7, "remark")?,
            claimed_time_ms: reader.number(8, "claimed_time_ms")?,
        };
        match (watch.verb, watch.other.is_empty()) {
            (HAND_OVER, true) => return Err(reader.error("other", StrictFault::Missing)),
            (LEAVE, false) => return Err(reader.error("other", StrictFault::Unknown)),
            _ => {}
        }
        reader.finish()?;
        Ok(watch)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.officer)
            .bytes(2, self.key_statement.as_bytes())
            .number(3, u64::from(self.verb))
            .text(4, &self.desk)
            .text(5, &self.exercise)
            .text(6, &self.other)
            .text(7, &self.remark)
            .number(8, self.claimed_time_ms)
            .finish()
    }
}

const HAND_OVER: u32 = 2;
const LEAVE: u32 = 3;
