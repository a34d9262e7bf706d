//! The order by which a side ends an identity of its own, and what each of its two officers signs.
//!
//! What makes a list of them is in [`crate::key`].

use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// What both officers sign, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyOrder {
    /// Trust domain of the list.
    pub trust_domain: String,
    /// Place in the list, from 1.
    pub number: u64,
    /// Hash of the previous order's bytes; [`Hash::ZERO`] for the first.
    pub previous: Hash,
    /// Who ends.
    pub identity: String,
    /// Why, in words that both sides read.
    pub reason: String,
    /// Since when somebody else may have had the keys, milliseconds since 1970 (UTC); 0 when nobody knows.
    pub compromised_since_ms: u64,
    /// The officers' clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

impl DenyOrder {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one order; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<DenyOrder, StrictError> {
        let mut reader = Reader::new("DenyOrder", bytes);
        let order = DenyOrder {
            trust_domain: reader.text(1, "trust_domain")?,
            number: reader.number(2, "number")?,
            previous: reader.hash(3, "previous")?,
            identity: reader.text(4, "identity")?,
            reason: reader.text(5, "reason")?,
            compromised_since_ms: reader
                .optional_number(6, "compromised_since_ms")?
                .unwrap_or_default(),
            claimed_time_ms: reader.number(7, "claimed_time_ms")?,
        };
        reader.finish()?;
        Ok(order)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.trust_domain)
            .number(2, self.number)
            .bytes(3, self.previous.as_bytes())
            .text(4, &self.identity)
            .text(5, &self.reason)
            .number(6, self.compromised_since_ms)
            .number(7, self.claimed_time_ms)
            .finish()
    }
}

/// What one officer signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deny {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// Exact bytes of the order.
    pub order: Vec<u8>,
}

impl Deny {
    /// Strictly reads one; the order inside is not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one deny payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Deny, StrictError> {
        let mut reader = Reader::new("DenyPayload", bytes);
        let deny = Deny {
            officer: reader.text(1, "officer")?,
            key_statement: reader.hash(2, "key_statement")?,
            order: reader.bytes(3, "order")?.to_vec(),
        };
        reader.finish()?;
        Ok(deny)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.officer)
            .bytes(2, self.key_statement.as_bytes())
            .bytes(3, &self.order)
            .finish()
    }
}
