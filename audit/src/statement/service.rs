//! What a desk says of itself and of its legs, without a person: checks, outages, its clock, its opening and closing.

use super::header::{optional_reference, put_reference};
use super::{Header, MAX_LEGS, Reference};
use crate::strict::{Reader, StrictError, Writer};

/// A desk's statement about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The desk and its place in the chain.
    pub header: Header,
    /// 1 CHECK, 2 CHECK_ANSWER, 3 PATH_OUTAGE, 4 PATH_RESTORED, 5 CLOCK_STEP, 6 DESK_OPENS, 7 DESK_CLOSES, 8 OVERDUE,
    /// 9 NON_DELIVERY, 10 CLOCK_OFFSETS, 11 NOT_OPENED.
    pub kind: u32,
    /// With CHECK_ANSWER the check, with OVERDUE, NON_DELIVERY and NOT_OPENED the message.
    pub refers_to: Option<Reference>,
    /// Legs, and how long each took.
    pub legs: Vec<LegFact>,
    /// With CLOCK_STEP: the clock before, milliseconds since 1970 (UTC); else 0.
    pub clock_before_ms: u64,
    /// With CLOCK_STEP: the clock behind the step, milliseconds since 1970 (UTC); else 0.
    pub clock_after_ms: u64,
    /// With OVERDUE: 1 re-alert, 2 second position, 3 supervisor, 4 out-of-band step; else 0.
    pub step: u32,
    /// In words; may be empty. Those of NON_DELIVERY and CLOCK_OFFSETS have a form (FORMAT.md 3.3).
    pub text: String,
}

impl Service {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one service payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Service, StrictError> {
        let mut reader = Reader::new("ServicePayload", bytes);
        let service = Service {
            header: Header::decode(reader.bytes(1, "header")?)?,
            kind: reader.code(2, "kind", 1..=11)?,
            refers_to: optional_reference(&mut reader, 3, "refers_to")?,
            legs: reader
                .repeated(4, "legs", MAX_LEGS)?
                .into_iter()
                .map(LegFact::decode)
                .collect::<Result<_, _>>()?,
            clock_before_ms: reader.number_or_none(5, "clock_before_ms")?,
            clock_after_ms: reader.number_or_none(6, "clock_after_ms")?,
            step: reader.optional_code(7, "step", 1..=4)?,
            text: reader.optional_text(8, "text")?,
        };
        reader.finish()?;
        Ok(service)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let writer = Writer::new()
            .message(1, &self.header.encode())
            .number(2, u64::from(self.kind));
        put_reference(writer, 3, self.refers_to.as_ref())
            .repeated(4, self.legs.iter().map(LegFact::encode))
            .number(5, self.clock_before_ms)
            .number(6, self.clock_after_ms)
            .number(7, u64::from(self.step))
            .text(8, &self.text)
            .finish()
    }
}

/// One leg of a service statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegFact {
    /// The leg of the desk that signs, e.g. `north/quic`.
    pub leg: String,
    /// With CHECK_ANSWER: milliseconds from the first copy to the one of this leg, plus one; with PATH_OUTAGE,
    /// PATH_RESTORED and NON_DELIVERY: since when, milliseconds since 1970 (UTC); 0 where nothing is said.
    pub ms: u64,
}

impl LegFact {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one leg fact.
    pub fn decode(bytes: &[u8]) -> Result<LegFact, StrictError> {
        let mut reader = Reader::new("LegFact", bytes);
        let fact = LegFact {
            leg: reader.text(1, "leg")?,
            ms: reader.number_or_none(2, "ms")?,
        };
        reader.finish()?;
        Ok(fact)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new().text(1, &self.leg).number(2, self.ms).finish()
    }
}
