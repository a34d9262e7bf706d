//! What a controller signs.

use super::{KINDS, MAX_CONTROL_ORDER_DETAIL, MAX_CONTROL_SUBJECT, short_text};
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// What a controller wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlOrder {
    /// 16 random bytes.
    pub id: [u8; 16],
    /// Exercise identifier.
    pub exercise: String,
    /// The control identity that signs.
    pub controller: String,
    /// Hash of its key statement.
    pub key_statement: Hash,
    /// The kind of the record that is to come of it, as in a record.
    pub kind: u32,
    /// What it is about; may be empty.
    pub subject: String,
    /// What is to be done, as JSON; may be empty.
    pub detail: String,
    /// Hash of the newest record about this subject that the controller had seen; [`Hash::ZERO`] when there was none.
    pub expects: Hash,
    /// The controller's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

impl ControlOrder {
    /// Strictly reads one; the detail is not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one order; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<ControlOrder, StrictError> {
        let mut reader = Reader::new("ControlOrderPayload", bytes);
        let order = ControlOrder {
            id: reader.array(1, "id")?,
            exercise: reader.text(2, "exercise")?,
            controller: reader.text(3, "controller")?,
            key_statement: reader.hash(4, "key_statement")?,
            kind: reader.code(5, "kind", KINDS)?,
            subject: short_text(&mut reader, 6, "subject", MAX_CONTROL_SUBJECT)?,
            detail: short_text(&mut reader, 7, "detail", MAX_CONTROL_ORDER_DETAIL)?,
            expects: reader.hash(8, "expects")?,
            claimed_time_ms: reader.number(9, "claimed_time_ms")?,
        };
        reader.finish()?;
        Ok(order)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .bytes(1, &self.id)
            .text(2, &self.exercise)
            .text(3, &self.controller)
            .bytes(4, self.key_statement.as_bytes())
            .number(5, u64::from(self.kind))
            .text(6, &self.subject)
            .text(7, &self.detail)
            .bytes(8, self.expects.as_bytes())
            .number(9, self.claimed_time_ms)
            .finish()
    }
}
