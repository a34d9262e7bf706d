//! Reports that both sides put their names to: one line of JSON, and officers' signatures over exactly its bytes.
//!
//! `FORMAT.md` §15. What a report counts is nothing that this room knows: it says whose names stand under which bytes. So an
//! outsider can check one with nothing but public keys, and has to trust the two sides for its figures.

mod canonical;
mod judge;

pub use canonical::canonical;
pub use judge::{ReportFault, ReportVerdict, SignedBy};

use data_encoding::BASE64;
use serde_json::Value;

use crate::hash::Hash;

/// The first line of a report's file.
pub const FIRST_LINE: &str = "hotline-report v1";
/// Largest file, in bytes: two sides' figures and eight signatures have a hundredth of it.
pub const MAX_REPORT_BYTES: usize = 256 * 1024;
/// Most signatures under one report.
pub const MAX_SIGNATURES: usize = 8;
/// How a line with a signature begins.
const SIGNATURE: &str = "signature ";

/// What reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// What each side kept of what it owed the other.
    Trust,
    /// What a state in the region may be shown.
    Public,
}

impl ReportKind {
    /// As a report names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ReportKind::Trust => "trust/v1",
            ReportKind::Public => "public/v1",
        }
    }
}

/// Why a file is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Larger than any report.
    #[error("the file is larger than {MAX_REPORT_BYTES} bytes")]
    TooLarge,
    /// A line that is not as it must be, from 1.
    #[error("line {line} {why}")]
    Line {
        /// Which.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// More signatures than a report has.
    #[error("there are more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
}

/// A report with the signatures under it.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedReport {
    text: String,
    /// What it is.
    pub kind: ReportKind,
    /// Exercise or operation identifier.
    pub exercise: String,
    /// The two trust domains, ascending.
    pub sides: [String; 2],
    /// Exact bytes of each signed statement.
    signatures: Vec<Vec<u8>>,
}

impl SignedReport {
    /// A report that nobody has signed. Its text must be as [`canonical`] writes it.
    ///
    /// # Errors
    /// [`ReportError`]: it is no report.
    pub fn unsigned(text: &str) -> Result<SignedReport, ReportError> {
        let wrong = |why: String| ReportError::Line { line: 2, why };
        let object: Value =
            serde_json::from_str(text).map_err(|error| wrong(format!("is no JSON: {error}")))?;
        // One meaning, one writing: so a key that stands twice is refused too.
        match canonical(&object) {
            Some(written) if written == text => {}
            _ => return Err(wrong("is not in its one writing".to_owned())),
        }
        let kinds = [ReportKind::Trust, ReportKind::Public];
        let kind = kinds.into_iter().find(|kind| object["report"] == kind.name());
        let kind = kind.ok_or_else(|| wrong("is no report that this program knows".to_owned()))?;
        let exercise = object["exercise"].as_str().filter(|name| !name.is_empty());
        let exercise = exercise.ok_or_else(|| wrong("names no exercise".to_owned()))?;
        let sides: Vec<String> = object["sides"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(side, _)| side.clone())
            .collect();
        let mut sides: [String; 2] = sides
            .try_into()
            .map_err(|_| wrong("does not name two sides".to_owned()))?;
        sides.sort();
        Ok(SignedReport {
            text: text.to_owned(),
            kind,
            exercise: exercise.to_owned(),
            sides,
            signatures: Vec::new(),
        })
    }

    /// Reads a file. No signature is verified.
    ///
    /// # Errors
    /// [`ReportError`] names the line.
    pub fn parse(bytes: &[u8]) -> Result<SignedReport, ReportError> {
        if bytes.len() > MAX_REPORT_BYTES {
            return Err(ReportError::TooLarge);
        }
        let wrong = |line, why: &str| ReportError::Line {
            line,
            why: why.to_owned(),
        };
        let text = std::str::from_utf8(bytes).map_err(|_| wrong(1, "or one behind it is no UTF-8"))?;
        let whole = text
            .strip_suffix('\n')
            .ok_or_else(|| wrong(text.lines().count().max(1), "does not end"))?;
        let mut lines = whole.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(wrong(1, &format!("is not \"{FIRST_LINE}\"")));
        }
        let mut report = SignedReport::unsigned(lines.next().ok_or_else(|| wrong(2, "lacks"))?)?;
        for (no, line) in lines.enumerate() {
            let base64 = line
                .strip_prefix(SIGNATURE)
                .ok_or_else(|| wrong(no + 3, "is no signature"))?;
            let signature = crate::base64::decode(base64).ok_or_else(|| wrong(no + 3, "is not base64"))?;
            report.add(signature)?;
        }
        Ok(report)
    }

    /// Adds the exact bytes of a signed statement.
    ///
    /// # Errors
    /// [`ReportError::TooManySignatures`].
    pub fn add(&mut self, signature: Vec<u8>) -> Result<(), ReportError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(ReportError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The line of JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of that line, without its line feed: what officers sign.
    #[must_use]
    pub fn sha256(&self) -> Hash {
        Hash::of(self.text.as_bytes())
    }

    /// The file.
    #[must_use]
    pub fn to_file(&self) -> String {
        let mut file = format!("{FIRST_LINE}\n{}\n", self.text);
        for signature in &self.signatures {
            file.push_str(SIGNATURE);
            file.push_str(&BASE64.encode(signature));
            file.push('\n');
        }
        file
    }
}

#[cfg(test)]
mod tests;
