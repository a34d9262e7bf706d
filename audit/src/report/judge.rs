//! Whose names stand under a report.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::SignedReport;
use crate::check::verify_report_signature;
use crate::key::{RosterSet, Subject};

/// RELEASER: who may bind a side in words to the other, as in a charter and in orders.
const RELEASER: u32 = 2;

/// A name that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedBy {
    /// Who signed.
    pub officer: String,
    /// For which side.
    pub side: String,
    /// When, by the officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

/// What is wrong with a name, or that one lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportFault {
    /// Stable name of the rule.
    pub rule: &'static str,
    /// A sentence.
    pub what: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportVerdict {
    /// Both sides have signed these bytes, and every signature counts.
    pub valid: bool,
    /// `trust/v1` or `public/v1`.
    pub report: &'static str,
    /// SHA-256 of its line.
    pub sha256: String,
    /// Whose names count.
    pub signed_by: Vec<SignedBy>,
    /// What is wrong.
    pub faults: Vec<ReportFault>,
    /// What it says.
    pub says: Value,
}

impl SignedReport {
    /// Verifies every signature against the verifier's own rosters, without a clock.
    #[must_use]
    pub fn judge(&self, rosters: &RosterSet) -> ReportVerdict {
        let mut signed_by: Vec<SignedBy> = Vec::new();
        let mut faults = Vec::new();
        for (no, bytes) in self.signatures.iter().enumerate() {
            match self.signature(bytes, rosters, &signed_by) {
                Ok(name) => signed_by.push(name),
                Err((rule, why)) => faults.push(ReportFault {
                    rule,
                    what: format!("signature {}: {why}", no + 1),
                }),
            }
        }
        for side in &self.sides {
            if !signed_by.iter().any(|name| name.side == *side) {
                faults.push(ReportFault {
                    rule: "NOT_SIGNED",
                    what: format!("no signature of a releaser of {side} counts"),
                });
            }
        }
        ReportVerdict {
            valid: faults.is_empty(),
            report: self.kind.name(),
            sha256: self.sha256().to_string(),
            signed_by,
            faults,
            says: serde_json::from_str(&self.text).unwrap_or(Value::Null),
        }
    }

    /// Verifies one signature, beside those that count already.
    fn signature(
        &self,
        bytes: &[u8],
        rosters: &RosterSet,
        before: &[SignedBy],
    ) -> Result<SignedBy, (&'static str, String)> {
        let given =
            verify_report_signature(bytes, rosters).map_err(|error| (error.rule(), error.to_string()))?;
        let officer = given.officer;
        let refuse = |rule, why: &str| Err((rule, format!("{officer} {why}")));
        let side = Subject::parse(&officer)
            .map_or("", |subject| subject.domain)
            .to_owned();
        if given.said.report_sha256 != self.sha256() {
            return refuse(
                "ALTERED",
                "signed other bytes: the report was altered, or it is another one",
            );
        }
        if given.said.exercise != self.exercise {
            return refuse("WRONG_EXERCISE", "signed in another exercise");
        }
        if !self.sides.contains(&side) {
            return refuse("WRONG_SIDE", "is of no side of this report");
        }
        if !given.roles.contains(&RELEASER) {
            return refuse("WRONG_ROLE", "is no RELEASER, and cannot sign for a side");
        }
        if before.iter().any(|name| name.officer == officer) {
            return refuse("TWICE", "has signed already");
        }
        Ok(SignedBy {
            side,
            claimed_time_ms: given.said.claimed_time_ms,
            officer,
        })
    }
}

impl fmt::Display for ReportVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.valid { "VALID" } else { "NOT VALID" };
        writeln!(f, "{word}: report {}, SHA-256 {}", self.report, self.sha256)?;
        for name in &self.signed_by {
            let SignedBy {
                officer,
                side,
                claimed_time_ms,
            } = name;
            let (officer, side) = (officer.escape_debug(), side.escape_debug());
            writeln!(f, "signed for {side} by {officer} (claimed {claimed_time_ms} ms)")?;
        }
        for fault in &self.faults {
            writeln!(f, "{}: {}", fault.rule, fault.what.escape_debug())?;
        }
        write!(f, "it says:")?;
        lines(&self.says, "", f)
    }
}

/// A line for each figure, by the way to it. What it says is ASCII, and shown escaped.
fn lines(value: &Value, path: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let below = |key: &dyn fmt::Display| match path {
        "" => key.to_string(),
        path => format!("{path} / {key}"),
    };
    match value {
        Value::Object(object) => object
            .iter()
            .try_for_each(|(key, value)| lines(value, &below(key), f)),
        Value::Array(list) => (1..)
            .zip(list)
            .try_for_each(|(no, value)| lines(value, &below(&no), f)),
        Value::String(text) => write!(f, "\n  {}: {}", path.escape_debug(), text.escape_debug()),
        other => write!(f, "\n  {}: {other}", path.escape_debug()),
    }
}
