//! An officer's act, and the desk's statement that places it in the chain.

use super::{Header, Reference};
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, StrictFault, Writer};

/// An officer's act in the chain of the officer's desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The desk and its place in the chain.
    pub header: Header,
    /// Exact bytes of the officer's signed statement.
    pub act: Vec<u8>,
}

impl Act {
    /// Strictly reads one; the act inside is not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one act payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Act, StrictError> {
        let mut reader = Reader::new("ActPayload", bytes);
        let act = Act {
            header: Header::decode(reader.bytes(1, "header")?)?,
            act: reader.bytes(2, "act")?.to_vec(),
        };
        reader.finish()?;
        Ok(act)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .message(1, &self.header.encode())
            .bytes(2, &self.act)
            .finish()
    }
}

/// What the officer signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerAct {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// 7 ACKNOWLEDGED, 20 HOLDING, 21 READ_BACK, 22 INSUFFICIENT, 23 DECLINED, 24 CONFIRMED, 25 CORRECTED.
    pub rung: u32,
    /// Desk at which the officer sits.
    pub desk: String,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// The message that the act is about.
    pub message: Reference,
    /// A reason, the fields that lack, what was read back; may be empty.
    pub text: String,
    /// The officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

impl OfficerAct {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one officer's act; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<OfficerAct, StrictError> {
        let mut reader = Reader::new("OfficerActPayload", bytes);
        let act = OfficerAct {
            officer: reader.text(1, "officer")?,
            key_statement: reader.hash(2, "key_statement")?,
            rung: reader.code(3, "rung", 1..=u32::MAX)?,
            desk: reader.text(4, "desk")?,
            exercise: reader.text(5, "exercise")?,
            message: Reference::decode(reader.bytes(6, "message")?)?,
            text: reader.optional_text(7, "text")?,
            claimed_time_ms: reader.number(8, "claimed_time_ms")?,
        };
        if !RUNGS.contains(&act.rung) {
            return Err(reader.error(
                "rung",
                StrictFault::OutOfRange {
                    value: u64::from(act.rung),
                },
            ));
        }
        reader.finish()?;
        Ok(act)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.officer)
            .bytes(2, self.key_statement.as_bytes())
            .number(3, u64::from(self.rung))
            .text(4, &self.desk)
            .text(5, &self.exercise)
            .message(6, &self.message.encode())
            .text(7, &self.text)
            .number(8, self.claimed_time_ms)
            .finish()
    }
}

/// The rungs that an officer's act can climb.
const RUNGS: [u32; 7] = [7, 20, 21, 22, 23, 24, 25];
