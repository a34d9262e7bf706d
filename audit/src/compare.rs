//! Two logs side by side: what one has and the other lacks, and what cannot both be true.
//!
//! Two copies of one log (same origin) must be prefixes of one another; otherwise a [`ForkProof`] shows two signed
//! histories. Logs of different origins are joined statement by statement: the same sender's id or place with other
//! bytes is EQUIVOCATION, and the two statements are the proof. What only one log has is listed; whether a receipt
//! proves that it arrived all the same is said for each.
//!
//! Only statements that are genuine under the verifier's own trust count. Both logs are held in memory.

mod join;
mod keys;
mod proofs;

pub use join::{Missing, SeenConflict};
pub use keys::KeyMissing;
pub(crate) use proofs::{EntryTree, fork};
pub use proofs::{EquivocationProof, ForkBranch, ForkProof};

use std::fmt;
use std::path::Path;

use crate::tiles::{TILE_WIDTH, TileDir, TileError};
use crate::trust::TrustPolicy;
use crate::verify::{Counted, Evidence, LogReport, Verdict, counts, verify_directory, verify_log};
use join::Joined;

/// One log: its newest checkpoint and the entries.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The signed note.
    pub note: Vec<u8>,
    /// Exact bytes of every entry.
    pub entries: Vec<Vec<u8>>,
}

impl Log {
    /// Reads an exported folder, as far as its bundles can be read. Nothing is verified.
    ///
    /// # Errors
    /// When there is no readable checkpoint.
    pub fn read(dir: &Path) -> Result<Log, TileError> {
        Log::read_tiles(&TileDir::new(dir))
    }

    /// The same wherever the folder is.
    ///
    /// # Errors
    /// As [`Log::read`].
    pub fn read_tiles(folder: &TileDir) -> Result<Log, TileError> {
        let note = folder.checkpoint()?;
        let size = crate::Checkpoint::danger_parse_unverified(&note)?.size;
        let mut entries = Vec::new();
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let Ok(bundle) = folder.bundle(index, size) else {
                break;
            };
            entries.extend(bundle.entries);
        }
        Ok(Log { note, entries })
    }
}

/// What two logs say together.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CompareReport {
    /// The one word; none when a checkpoint cannot be believed.
    pub verdict: Option<Verdict>,
    /// The first log by itself.
    pub a: LogReport,
    /// The second log by itself.
    pub b: LogReport,
    /// Statements that both hold.
    pub common: u64,
    /// Statements that only the first holds.
    pub only_a: Vec<Missing>,
    /// Statements that only the second holds.
    pub only_b: Vec<Missing>,
    /// Of rosters and deny-lists, what only the first holds of two relays' logs.
    pub keys_only_a: Vec<KeyMissing>,
    /// The same, what only the second holds.
    pub keys_only_b: Vec<KeyMissing>,
    /// What signatures are worth whose keys have ended, by the checkpoints that each log holds of the other.
    pub counted: Vec<Counted>,
    /// Two histories of one log.
    pub fork: Option<ForkProof>,
    /// Two statements of one sender for one id or place.
    pub equivocations: Vec<EquivocationProof>,
    /// Checkpoints of the one log that the other holds, or that statements in it have seen, and that it does not continue.
    pub conflicts: Vec<SeenConflict>,
    /// The result as a sentence.
    pub conclusion: String,
}

impl CompareReport {
    /// True when the verdict is MATCH.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdict == Some(Verdict::Match)
    }

    /// True when nothing is wrong with either log, though one may hold what the other lacks.
    #[must_use]
    pub fn nothing_forged(&self) -> bool {
        matches!(
            self.verdict,
            Some(Verdict::Match | Verdict::SentNoReceipt | Verdict::ReceiptProvesDelivery)
        )
    }
}

/// Compares two exported folders.
///
/// # Errors
/// When one has no readable checkpoint.
pub fn compare_directories(a: &Path, b: &Path, trust: &TrustPolicy) -> Result<CompareReport, TileError> {
    let (log_a, log_b) = (Log::read(a)?, Log::read(b)?);
    Ok(compare(
        &log_a,
        &log_b,
        verify_directory(a, trust),
        verify_directory(b, trust),
        trust,
    ))
}

/// Compares two logs.
#[must_use]
pub fn compare_logs(a: &Log, b: &Log, trust: &TrustPolicy) -> CompareReport {
    let (report_a, report_b) = (
        verify_log(&a.entries, &a.note, trust),
        verify_log(&b.entries, &b.note, trust),
    );
    compare(a, b, report_a, report_b, trust)
}

/// Compares two logs that were verified before, each with this trust: `a` and `b` are what was found.
#[must_use]
pub fn compare_verified(
    log_a: &Log,
    log_b: &Log,
    a: LogReport,
    b: LogReport,
    trust: &TrustPolicy,
) -> CompareReport {
    compare(log_a, log_b, a, b, trust)
}

fn compare(log_a: &Log, log_b: &Log, a: LogReport, b: LogReport, trust: &TrustPolicy) -> CompareReport {
    let joined = Joined::new(log_a, log_b, &a, &b, trust);
    let same_log = a
        .checkpoint
        .as_ref()
        .zip(b.checkpoint.as_ref())
        .is_some_and(|(a, b)| a.origin == b.origin);
    let fork = if same_log && a.log_key.is_some() && b.log_key.is_some() {
        fork(log_a, log_b).filter(|proof| proof.holds(trust))
    } else {
        None
    };
    let evidence = [(log_a, &a), (log_b, &b)].map(|(log, report)| Evidence {
        log,
        report,
        cosigned: &[],
    });
    let counted = counts(&evidence, trust);
    let [keys_only_a, keys_only_b] = keys::differing((log_a, &a), (log_b, &b));
    let mut report = CompareReport {
        verdict: None,
        a,
        b,
        common: joined.common,
        only_a: joined.only_a,
        only_b: joined.only_b,
        keys_only_a,
        keys_only_b,
        counted,
        fork,
        equivocations: joined.equivocations,
        conflicts: joined.conflicts,
        conclusion: String::new(),
    };
    report.verdict = verdict(&report, same_log);
    report.conclusion = conclusion(&report);
    report
}

/// The gravest thing that was found.
fn verdict(report: &CompareReport, same_log: bool) -> Option<Verdict> {
    let (a, b) = (report.a.verdict?, report.b.verdict?);
    let conflict = |verdict| {
        report
            .conflicts
            .iter()
            .any(|conflict| conflict.binds && conflict.verdict == verdict)
    };
    let missing = |verdict| {
        report
            .only_a
            .iter()
            .chain(&report.only_b)
            .any(|missing| missing.verdict == verdict)
    };
    Some(
        if report.fork.is_some() || a == Verdict::Fork || b == Verdict::Fork || conflict(Verdict::Fork) {
            Verdict::Fork
        } else if !report.equivocations.is_empty() {
            Verdict::Equivocation
        } else if a != Verdict::Match {
            a
        } else if b != Verdict::Match {
            b
        } else if conflict(Verdict::Truncated) || (same_log && report.a.entries != report.b.entries) {
            Verdict::Truncated
        } else if missing(Verdict::SentNoReceipt) {
            Verdict::SentNoReceipt
        } else if missing(Verdict::ReceiptProvesDelivery) {
            Verdict::ReceiptProvesDelivery
        } else {
            Verdict::Match
        },
    )
}

fn conclusion(report: &CompareReport) -> String {
    let (a, b) = (report.only_a.len(), report.only_b.len());
    match report.verdict {
        None => "a checkpoint is not signed by a log that our rosters know".to_owned(),
        Some(Verdict::Match) => format!("both hold the same {} statements", report.common),
        Some(Verdict::Fork) => match &report.fork {
            Some(proof) => format!("one log, two signed histories: they part at #{}", proof.index),
            None => told(report, Verdict::Fork).map_or_else(
                || "one of the logs by itself has two histories".to_owned(),
                |conflict| {
                    format!(
                        "another history of one of the logs is signed: {}",
                        conflict.explanation
                    )
                },
            ),
        },
        Some(Verdict::Equivocation) => {
            "one sender signed two different statements for one place or id".to_owned()
        }
        Some(Verdict::Truncated) => {
            let shorter = if report.a.entries <= report.b.entries {
                "first"
            } else {
                "second"
            };
            let conflict = told(report, Verdict::Truncated).map_or_else(
                || {
                    format!(
                        "the {shorter} log ends early, at {} entries",
                        report.a.entries.min(report.b.entries)
                    )
                },
                |conflict| conflict.explanation.clone(),
            );
            format!("{conflict}; {a} only in the first, {b} only in the second")
        }
        Some(Verdict::Altered(_)) => {
            let bad = if report.a.passed() { &report.b } else { &report.a };
            let which = if report.a.passed() { "second" } else { "first" };
            format!("the {which} log by itself does not hold: {}", bad.conclusion)
        }
        Some(Verdict::SentNoReceipt) => {
            format!(
                "{a} only in the first, {b} only in the second; for some nothing proves that they arrived"
            )
        }
        Some(Verdict::ReceiptProvesDelivery) => {
            format!("{a} only in the first, {b} only in the second; receipts prove that all of them arrived")
        }
    }
}

/// The first checkpoint that binds a log which does not continue it.
fn told(report: &CompareReport, verdict: Verdict) -> Option<&SeenConflict> {
    let mut conflicts = report.conflicts.iter();
    conflicts.find(|conflict| conflict.binds && conflict.verdict == verdict)
}

impl fmt::Display for CompareReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Some(verdict) => writeln!(f, "{verdict}: {}", self.conclusion)?,
            None => writeln!(f, "cannot tell: {}", self.conclusion)?,
        }
        for (which, report) in [("first", &self.a), ("second", &self.b)] {
            writeln!(f, "\n-- {which} log --\n{report}")?;
        }
        for (which, list) in [("first", &self.only_a), ("second", &self.only_b)] {
            for missing in list {
                writeln!(f, "only in the {which}: {missing}")?;
            }
        }
        for (which, list) in [("first", &self.keys_only_a), ("second", &self.keys_only_b)] {
            for missing in list {
                writeln!(f, "only in the {which}: {missing}")?;
            }
        }
        for counted in &self.counted {
            writeln!(f, "{counted}")?;
        }
        for proof in &self.equivocations {
            writeln!(f, "EQUIVOCATION: {proof}")?;
        }
        for conflict in &self.conflicts {
            let explanation = conflict.explanation.escape_debug();
            if conflict.binds {
                writeln!(f, "{}: {explanation}", conflict.verdict)?;
            } else {
                writeln!(
                    f,
                    "for a person to look at, by nobody's word but its own: {explanation}"
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
