//! What a releaser signs under a report that both sides put their names to.
//!
//! `FORMAT.md` §15.

use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// One side's signature under a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSignature {
    /// Who signs.
    pub officer: String,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// SHA-256 of the exact bytes of the report.
    pub report_sha256: Hash,
    /// The officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

impl ReportSignature {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one signature; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<ReportSignature, StrictError> {
        let mut reader = Reader::new("ReportSignaturePayload", bytes);
        let signature = ReportSignature {
            officer: reader.text(1, "officer")?,
            key_statement: reader.hash(2, "key_statement")?,
            exercise: reader.text(3, "exercise")?,
            report_sha256: reader.hash(4, "report_sha256")?,
            claimed_time_ms: reader.number(5, "claimed_time_ms")?,
        };
        reader.finish()?;
        Ok(signature)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.officer)
            .bytes(2, self.key_statement.as_bytes())
            .text(3, &self.exercise)
            .bytes(4, self.report_sha256.as_bytes())
            .number(5, self.claimed_time_ms)
            .finish()
    }
}
