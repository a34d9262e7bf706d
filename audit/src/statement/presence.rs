//! What a relay signs about a desk's sessions with it. It stands in no chain and in no log: a relay's word, dated.

use super::MAX_LEGS;
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// A relay's word about one desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// The relay that signs, with its LOG key.
    pub relay: String,
    /// Hash of the relay's key statement.
    pub key_statement: Hash,
    /// The desk it is about.
    pub desk: String,
    /// 1 PRESENT, 2 CLOSED (it said so), 3 RESET (its machine ended the connections), 4 SILENT (it no longer answers).
    pub state: u32,
    /// Doors over which it has a session; none unless PRESENT.
    pub doors: Vec<String>,
    /// Since when, by the relay's clock, milliseconds since 1970 (UTC).
    pub since_ms: u64,
    /// When the relay signed, by its clock, milliseconds since 1970 (UTC).
    pub claimed_time_ms: u64,
}

impl Presence {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one presence payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Presence, StrictError> {
        let mut reader = Reader::new("PresencePayload", bytes);
        let presence = Presence {
            relay: reader.text(1, "relay")?,
            key_statement: reader.hash(2, "key_statement")?,
            desk: reader.text(3, "desk")?,
            state: reader.code(4, "state", 1..=4)?,
            doors: reader
                .repeated(5, "doors", MAX_LEGS)?
                .into_iter()
                .map(|door| reader.utf8(door, "doors"))
                .collect::<Result<_, _>>()?,
            since_ms: reader.number(6, "since_ms")?,
            claimed_time_ms: reader.number(7, "claimed_time_ms")?,
        };
        reader.finish()?;
        Ok(presence)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.relay)
            .bytes(2, self.key_statement.as_bytes())
            .text(3, &self.desk)
            .number(4, u64::from(self.state))
            .repeated(5, &self.doors)
            .number(6, self.since_ms)
            .number(7, self.claimed_time_ms)
            .finish()
    }
}
