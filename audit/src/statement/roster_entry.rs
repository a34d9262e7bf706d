//! Two of the three kinds of roster entry; the third is in [`super::SealKey`]. What makes a roster of them is in [`crate::key`].

use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// Enrols one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatement {
    /// Trust domain of the roster.
    pub trust_domain: String,
    /// Place in the roster, from 1.
    pub number: u64,
    /// Hash of the previous entry; [`Hash::ZERO`] for the first.
    pub previous: Hash,
    /// 1 STATEMENT, 2 LOG, 3 OFFICER, 4 CONTROL, 5 WITNESS, 6 MIRROR.
    pub purpose: u32,
    /// Whose key it is.
    pub subject: String,
    /// Officer roles, 1 DRAFTER to 8 AUDITOR, ascending.
    pub roles: Vec<u32>,
    /// The Ed25519 key. Not yet checked for weakness: the roster does that.
    pub public_key: [u8; 32],
    /// First moment at which it may be used, milliseconds since 1970 (UTC).
    pub not_before_ms: u64,
    /// Last moment at which it may be used, milliseconds since 1970 (UTC).
    pub not_after_ms: u64,
}

impl KeyStatement {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one key payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<KeyStatement, StrictError> {
        let mut reader = Reader::new("KeyPayload", bytes);
        let key = KeyStatement {
            trust_domain: reader.text(1, "trust_domain")?,
            number: reader.number(2, "number")?,
            previous: reader.hash(3, "previous")?,
            purpose: reader.code(4, "purpose", 1..=6)?,
            subject: reader.text(5, "subject")?,
            roles: reader.packed_codes(6, "roles", 1..=8)?,
            public_key: reader.array(7, "public_key")?,
            not_before_ms: reader.number(8, "not_before_ms")?,
            not_after_ms: reader.number(9, "not_after_ms")?,
        };
        reader.finish()?;
        Ok(key)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.trust_domain)
            .number(2, self.number)
            .bytes(3, self.previous.as_bytes())
            .number(4, u64::from(self.purpose))
            .text(5, &self.subject)
            .packed_codes(6, &self.roles)
            .bytes(7, &self.public_key)
            .number(8, self.not_before_ms)
            .number(9, self.not_after_ms)
            .finish()
    }
}

/// Ends one key, of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Trust domain of the roster.
    pub trust_domain: String,
    /// Place in the roster, from 1.
    pub number: u64,
    /// Hash of the previous entry.
    pub previous: Hash,
    /// Hash of the key statement that ends.
    pub key_statement: Hash,
    /// Why, in words.
    pub reason: String,
    /// The security officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

impl Revocation {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one revocation payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Revocation, StrictError> {
        let mut reader = Reader::new("RevocationPayload", bytes);
        let revocation = Revocation {
            trust_domain: reader.text(1, "trust_domain")?,
            number: reader.number(2, "number")?,
            previous: reader.hash(3, "previous")?,
            key_statement: reader.hash(4, "key_statement")?,
            reason: reader.text(5, "reason")?,
            claimed_time_ms: reader.number(6, "claimed_time_ms")?,
        };
        reader.finish()?;
        Ok(revocation)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.trust_domain)
            .number(2, self.number)
            .bytes(3, self.previous.as_bytes())
            .bytes(4, self.key_statement.as_bytes())
            .text(5, &self.reason)
            .number(6, self.claimed_time_ms)
            .finish()
    }
}
