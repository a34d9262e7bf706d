//! A record of control, and the controller's order that it may hold.
//!
//! `FORMAT.md` §14. What a record's detail means is the exercise's business; here it is text within its bound.

mod order;

pub use order::ControlOrder;

use crate::hash::Hash;
use crate::strict::{Reader, StrictError, StrictFault, Writer};

/// Most bytes of a record's detail: 40 KiB, so that the longest order still fits beside it.
pub const MAX_CONTROL_DETAIL: usize = 40 * 1024;
/// Most bytes of an order's detail: 16 KiB.
pub const MAX_CONTROL_ORDER_DETAIL: usize = 16 * 1024;
/// Most bytes of what a record or order is about. Names in a scenario are far shorter.
pub const MAX_CONTROL_SUBJECT: usize = 256;

/// Kinds that can be read: 18 have a meaning, the rest is kept for records to come.
const KINDS: std::ops::RangeInclusive<u32> = 1..=64;
/// Rates of the story clock, in thousandths: ×0.1 to ×60.
const RATES: std::ops::RangeInclusive<u32> = 100..=60_000;
/// States of the story clock at which it has a rate.
const WITH_RATE: std::ops::RangeInclusive<u32> = 2..=3;

/// One thing that control did or saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// 16 random bytes; with the conductor the key of the record.
    pub id: [u8; 16],
    /// Exercise identifier.
    pub exercise: String,
    /// The control identity that signs.
    pub conductor: String,
    /// Hash of its key statement.
    pub key_statement: Hash,
    /// Place in the log, from 1.
    pub sequence: u64,
    /// Hash of the record before; [`Hash::ZERO`] for the first.
    pub previous: Hash,
    /// Control's wall clock, milliseconds since 1970 (UTC); a claim.
    pub wall_ms: u64,
    /// Line time since control's first start in this exercise, in milliseconds.
    pub line_ms: u64,
    /// Story time since STARTEX, in milliseconds.
    pub story_ms: u64,
    /// How the story clock ran behind it: 1 not started, 2 running, 3 paused, 4 ended.
    pub running: u32,
    /// Story time over line time in thousandths, 100 to 60,000; 0 unless it was running or paused.
    pub rate: u32,
    /// 1 STARTEX to 19 DURESS; up to 64 for records to come.
    pub kind: u32,
    /// What it is about; may be empty.
    pub subject: String,
    /// What it says, as JSON; may be empty.
    pub detail: String,
    /// Exact bytes of the controller's signed order; empty where nobody ordered it.
    pub order: Vec<u8>,
}

impl Control {
    /// Strictly reads one; neither the order inside nor the detail is looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one control record; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Control, StrictError> {
        let mut reader = Reader::new("ControlPayload", bytes);
        let record = Control {
            id: reader.array(1, "id")?,
            exercise: reader.text(2, "exercise")?,
            conductor: reader.text(3, "conductor")?,
            key_statement: reader.hash(4, "key_statement")?,
            sequence: reader.number(5, "sequence")?,
            previous: reader.hash(6, "previous")?,
            wall_ms: reader.number(7, "wall_ms")?,
            line_ms: reader.number_or_none(8, "line_ms")?,
            story_ms: reader.number_or_none(9, "story_ms")?,
            running: reader.code(10, "running", 1..=4)?,
            rate: reader.optional_code(11, "rate", RATES)?,
            kind: reader.code(12, "kind", KINDS)?,
            subject: short_text(&mut reader, 13, "subject", MAX_CONTROL_SUBJECT)?,
            detail: short_text(&mut reader, 14, "detail", MAX_CONTROL_DETAIL)?,
            order: reader.optional_bytes(15, "order")?.unwrap_or_default().to_vec(),
        };
        match (WITH_RATE.contains(&record.running), record.rate) {
            (true, 0) => return Err(reader.error("rate", StrictFault::Missing)),
            (false, rate) if rate != 0 => return Err(reader.error("rate", StrictFault::Unknown)),
            (true | false, _) => {}
        }
        reader.finish()?;
        Ok(record)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .bytes(1, &self.id)
            .text(2, &self.exercise)
            .text(3, &self.conductor)
            .bytes(4, self.key_statement.as_bytes())
            .number(5, self.sequence)
            .bytes(6, self.previous.as_bytes())
            .number(7, self.wall_ms)
            .number(8, self.line_ms)
            .number(9, self.story_ms)
            .number(10, u64::from(self.running))
            .number(11, u64::from(self.rate))
            .number(12, u64::from(self.kind))
            .text(13, &self.subject)
            .text(14, &self.detail)
            .bytes(15, &self.order)
            .finish()
    }
}

/// Text that may be absent, of at most `limit` bytes.
fn short_text(
    reader: &mut Reader<'_>,
    number: u64,
    field: &'static str,
    limit: usize,
) -> Result<String, StrictError> {
    let text = reader.optional_text(number, field)?;
    if text.len() > limit {
        let bytes = text.len();
        return Err(reader.error(field, StrictFault::TooLarge { bytes, limit }));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
