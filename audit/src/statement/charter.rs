//! A channel's charter: its terms, each side's consent, and the statement that holds both.

use super::{Header, MAX_CONSENTS};
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, StrictFault, Writer};

/// A charter in the chain of one desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    /// The desk and its place in the chain.
    pub header: Header,
    /// Exact bytes of the terms.
    pub terms: Vec<u8>,
    /// Exact bytes of each side's consent; at least one.
    pub consents: Vec<Vec<u8>>,
}

impl Charter {
    /// Strictly reads one; terms and consents are not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one charter payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Charter, StrictError> {
        let mut reader = Reader::new("CharterPayload", bytes);
        let charter = Charter {
            header: Header::decode(reader.bytes(1, "header")?)?,
            terms: reader.bytes(2, "terms")?.to_vec(),
            consents: reader
                .repeated_some(3, "consents", MAX_CONSENTS)?
                .into_iter()
                .map(<[u8]>::to_vec)
                .collect(),
        };
        reader.finish()?;
        Ok(charter)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .message(1, &self.header.encode())
            .bytes(2, &self.terms)
            .repeated(3, &self.consents)
            .finish()
    }
}

/// What both sides agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharterTerms {
    /// Name of the channel.
    pub channel: String,
    /// MINISTER, THEATRE and so on.
    pub level: String,
    /// What the channel is for.
    pub scope: String,
    /// When it is attended.
    pub hours: String,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// The two trust domains, ascending.
    pub sides: Vec<String>,
    /// Which receipts are owed.
    pub receipt_policy: String,
    /// Hash of the codebook; `None` while none is agreed.
    pub codebook_sha256: Option<Hash>,
}

impl CharterTerms {
    /// Strictly reads them.
    ///
    /// # Errors
    /// When the bytes are not exactly the terms of one charter; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<CharterTerms, StrictError> {
        let mut reader = Reader::new("CharterTerms", bytes);
        let terms = CharterTerms {
            channel: reader.text(1, "channel")?,
            level: reader.text(2, "level")?,
            scope: reader.text(3, "scope")?,
            hours: reader.text(4, "hours")?,
            exercise: reader.text(5, "exercise")?,
            sides: two_sides(&mut reader)?,
            receipt_policy: reader.text(7, "receipt_policy")?,
            codebook_sha256: reader.optional_array(8, "codebook_sha256")?.map(Hash),
        };
        reader.finish()?;
        Ok(terms)
    }

    /// Their one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let codebook = self
            .codebook_sha256
            .as_ref()
            .map_or(&[][..], |hash| hash.as_bytes());
        Writer::new()
            .text(1, &self.channel)
            .text(2, &self.level)
            .text(3, &self.scope)
            .text(4, &self.hours)
            .text(5, &self.exercise)
            .repeated(6, &self.sides)
            .text(7, &self.receipt_policy)
            .bytes(8, codebook)
            .finish()
    }
}

/// Exactly two sides, in ascending order.
fn two_sides(reader: &mut Reader<'_>) -> Result<Vec<String>, StrictError> {
    let sides = reader
        .repeated_some(6, "sides", 2)?
        .into_iter()
        .map(|side| reader.utf8(side, "sides"))
        .collect::<Result<Vec<String>, _>>()?;
    match sides.as_slice() {
        [first, second] if first < second => Ok(sides),
        [_, _] => Err(reader.error("sides", StrictFault::NotAscending)),
        _ => Err(reader.error("sides", StrictFault::Missing)),
    }
}

/// One side's consent, signed by a releaser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharterConsent {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// SHA-256 of the exact bytes of the terms.
    pub terms_sha256: Hash,
    /// The officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

impl CharterConsent {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one consent; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<CharterConsent, StrictError> {
        let mut reader = Reader::new("CharterConsentPayload", bytes);
        let consent = CharterConsent {
            officer: reader.text(1, "officer")?,
            key_statement: reader.hash(2, "key_statement")?,
            terms_sha256: reader.hash(3, "terms_sha256")?,
            claimed_time_ms: reader.number(4, "claimed_time_ms")?,
        };
        reader.finish()?;
        Ok(consent)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.officer)
            .bytes(2, self.key_statement.as_bytes())
            .bytes(3, self.terms_sha256.as_bytes())
            .number(4, self.claimed_time_ms)
            .finish()
    }
}
