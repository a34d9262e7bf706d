//! The life of a channel behind its charter: what an officer orders, and the desk's statement that places it in the chain.

use super::header::{optional_reference, put_reference};
use super::{Header, Reference};
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// An order about a channel in the chain of the officer's desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// The desk and its place in the chain.
    pub header: Header,
    /// Exact bytes of the officer's signed statement.
    pub order: Vec<u8>,
}

impl Lifecycle {
    /// Strictly reads one; the order inside is not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one lifecycle payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Lifecycle, StrictError> {
        let mut reader = Reader::new("LifecyclePayload", bytes);
        let lifecycle = Lifecycle {
            header: Header::decode(reader.bytes(1, "header")?)?,
            order: reader.bytes(2, "order")?.to_vec(),
        };
        reader.finish()?;
        Ok(lifecycle)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .message(1, &self.header.encode())
            .bytes(2, &self.order)
            .finish()
    }
}

/// What the officer orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerOrder {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// 1 SUSPEND, 2 SEVER, 3 RESTORE, 4 REKEY, 5 AMEND_CONFIG.
    pub verb: u32,
    /// Desk at which the officer sits.
    pub desk: String,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// The channel; empty for all of the line.
    pub channel: String,
    /// What of it, in words; empty for all.
    pub scope: String,
    /// Why, in words that the other side reads.
    pub reason: String,
    /// When it is to be looked at again, milliseconds since 1970 (UTC); 0 when no time is named.
    pub review_by_ms: u64,
    /// The order of the other side that this one agrees to.
    pub consents_to: Option<Reference>,
    /// Hash of the key or configuration that changes; `None` where nothing does.
    pub subject_sha256: Option<Hash>,
    /// The officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
    /// From when on it counts, milliseconds since 1970 (UTC); 0 for at once.
    pub effective_ms: u64,
}

impl OfficerOrder {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one order; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<OfficerOrder, StrictError> {
        let mut reader = Reader::new("OfficerOrderPayload", bytes);
        let order = OfficerOrder {
            officer: reader.text(1, "officer")?,
            key_statement: reader.hash(2, "key_statement")?,
            verb: reader.code(3, "verb", 1..=5)?,
            desk: reader.text(4, "desk")?,
            exercise: reader.text(5, "exercise")?,
            channel: reader.optional_text(6, "channel")?,
            scope: reader.optional_text(7, "scope")?,
            reason: reader.text(8, "reason")?,
            review_by_ms: reader.number_or_none(9, "review_by_ms")?,
            consents_to: optional_reference(&mut reader, 10, "consents_to")?,
            subject_sha256: reader.optional_array(11, "subject_sha256")?.map(Hash),
            claimed_time_ms: reader.number(12, "claimed_time_ms")?,
            effective_ms: reader.number_or_none(13, "effective_ms")?,
        };
        reader.finish()?;
        Ok(order)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let subject = self
            .subject_sha256
            .as_ref()
            .map_or(&[][..], |hash| hash.as_bytes());
        let writer = Writer::new()
            .text(1, &self.officer)
            .bytes(2, self.key_statement.as_bytes())
            .number(3, u64::from(self.verb))
            .text(4, &self.desk)
            .text(5, &self.exercise)
            .text(6, &self.channel)
            .text(7, &self.scope)
            .text(8, &self.reason)
            .number(9, self.review_by_ms);
        put_reference(writer, 10, self.consents_to.as_ref())
            .bytes(11, subject)
            .number(12, self.claimed_time_ms)
            .number(13, self.effective_ms)
            .finish()
    }
}
