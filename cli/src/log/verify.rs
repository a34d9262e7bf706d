//! `hotline log verify`: one log against the verifier's own trust.
//!
//! The evidence is judged by `audit`; for a ledger, what the file says about itself is looked at too: hash column, tiles,
//! head and fence. That names a leaf that was exchanged for another genuine one, and a ledger that was put back.

use std::path::{Path, PathBuf};

use clap::Args;
use hotline_audit::{
    LogReport,
    trust::TrustPolicy,
    verify::{Fault, Verdict, verify_directory, verify_log},
};
use hotline_ledger::{Damage, Inspector};
use serde::Serialize;

use super::{
    read::{self, Leaves, Source, Stop},
    say,
    trust::{Choice, Trust, TrustArgs},
};
use crate::exit::{self, Failure, Outcome};

/// What `verify` takes.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A ledger (running or not), or an exported log.
    #[arg(value_name = "DIR|LEDGER")]
    log: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// The object that `--json` prints. Fields are only added.
#[derive(Debug, Serialize)]
struct Object<'a> {
    passed: bool,
    verdict: Option<Verdict>,
    origin: Option<&'a str>,
    size: u64,
    first_bad_index: Option<u64>,
    complete_to: Option<u64>,
    what: String,
    log: String,
    trust: Vec<String>,
    trust_named: bool,
    report: &'a LogReport,
}

/// Runs the verb.
///
/// # Errors
/// The log or the trust cannot be used. A log that fails its verification is no error: it is exit code 8.
pub fn run(args: &VerifyArgs) -> Outcome {
    let trust = args.trust.need(&[&args.log])?;
    trust.say();
    let report = verify(&args.log, &trust.policy)?;
    if args.json {
        say::object(&object(args, &trust, &report))?;
    } else {
        say::text(&report.to_string())?;
    }
    Ok(if report.passed() { exit::OK } else { exit::LOG })
}

/// Verifies a ledger or an exported folder.
///
/// # Errors
/// It is neither, or was taken up by its owner meanwhile.
pub fn verify(log: &Path, trust: &TrustPolicy) -> Result<LogReport, Failure> {
    match Source::open(log)? {
        Source::Folder(_) => Ok(verify_directory(log, trust)),
        Source::Ledger(ledger) => verify_opened(&ledger, trust),
    }
}

/// Verifies a ledger, whether its relay or desk runs or not, without touching it.
///
/// # Errors
/// It is no ledger, its head cannot be read, or it was taken up by its owner meanwhile.
pub fn verify_ledger(path: &Path, trust: &TrustPolicy) -> Result<LogReport, Failure> {
    verify_opened(&read::ledger(path)?, trust)
}

/// What is wrong with a log, in one line: the first fault, or the result.
#[must_use]
pub fn what(report: &LogReport) -> String {
    match report.faults.first() {
        None => report.conclusion.clone(),
        Some(fault) => {
            let place = fault
                .index
                .map_or_else(|| "the log".to_owned(), |index| format!("#{index}"));
            format!(
                "{place} {}: {}",
                fault.rule,
                hotline_core::text::inert_line(&fault.explanation).text
            )
        }
    }
}

fn object<'a>(args: &VerifyArgs, trust: &Trust, report: &'a LogReport) -> Object<'a> {
    Object {
        passed: report.passed(),
        verdict: report.verdict,
        origin: report
            .checkpoint
            .as_ref()
            .map(|checkpoint| checkpoint.origin.as_str()),
        size: report.entries,
        first_bad_index: report.first_bad,
        complete_to: report.complete_to,
        what: what(report),
        log: args.log.display().to_string(),
        trust: trust
            .folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect(),
        trust_named: trust.choice == Choice::Named,
        report,
    }
}

fn verify_opened(ledger: &Inspector, trust: &TrustPolicy) -> Result<LogReport, Failure> {
    let damage = ledger.damage();
    let head = ledger.head();
    let mut report = if head.size == 0 && head.note.is_none() {
        unsigned()
    } else {
        let mut leaves = Leaves::of(ledger);
        let note = head.note.as_deref().unwrap_or_default();
        let mut report = verify_log(leaves.by_ref().map(|leaf| leaf.bytes), note, trust);
        if let Some(stop) = &leaves.stopped {
            blame(&mut report, stopped(ledger, stop));
        }
        report
    };
    if let Some(fault) = damage.and_then(|damage| of_damage(&damage)) {
        blame(&mut report, fault);
    }
    read::still_alone(ledger)?;
    Ok(report)
}

/// The report about a ledger in which nothing was ever signed.
pub(super) fn unsigned() -> LogReport {
    LogReport {
        verdict: Some(Verdict::Match),
        checkpoint: None,
        log_key: None,
        entries: 0,
        root: hotline_audit::tree::empty_root(),
        genuine: 0,
        kinds: std::collections::BTreeMap::new(),
        senders: Vec::new(),
        gaps: Vec::new(),
        ended: Vec::new(),
        review: Vec::new(),
        unfit: Vec::new(),
        faults: Vec::new(),
        fault_count: 0,
        first_bad: None,
        complete_to: None,
        conclusion:
            "the log is empty, and nothing was signed yet; that all of it was cut off shows only against the \
                     other side: compare"
                .to_owned(),
    }
}

/// The fault of the entry at which reading stopped. If the last one is there, it is a hole and no cut.
fn stopped(ledger: &Inspector, stop: &Stop) -> Fault {
    let last = ledger.head().size.saturating_sub(1);
    let hole = last > stop.index && ledger.leaves(last, 1).is_ok_and(|rest| !rest.is_empty());
    Fault {
        index: Some(stop.index),
        rule: if hole { "ALTERED" } else { "MISSING_ENTRY" },
        explanation: format!("this entry is missing or cannot be read: {}", stop.why),
    }
}

/// What a ledger's file says about itself, as a fault of the log.
fn of_damage(damage: &Damage) -> Option<Fault> {
    let (index, rule) = match damage {
        Damage::LeafAltered { index } | Damage::LeafNotInTile { index } => (Some(*index), "ALTERED"),
        Damage::LeafMissing { index } => (Some(*index), "MISSING_ENTRY"),
        Damage::LeafBehindHead { index } => (Some(*index), "EXTRA_ENTRY"),
        Damage::TileAltered { first_index, .. } => (Some(*first_index), "TILE_DAMAGED"),
        Damage::Unreadable { index, .. } => (Some(*index), "UNREADABLE"),
        Damage::RootDiffers { .. } | Damage::NoteForeign { .. } | Damage::NoteDiffers { .. } => {
            (None, "WRONG_ROOT")
        }
        Damage::RolledBack { .. } | Damage::WitnessAhead { .. } => (None, "ROLLBACK"),
        Damage::Forked { .. } => (None, "FORK"),
        // A backup says that it is one; that is no fault of its evidence.
        Damage::Copy { .. } | Damage::NotAsked => return None,
    };
    Some(Fault {
        index,
        rule,
        explanation: damage.to_string(),
    })
}

/// Adds a fault, and says again what the whole amounts to.
fn blame(report: &mut LogReport, fault: Fault) {
    let named = |known: &Fault| known.index == fault.index && known.rule == fault.rule;
    let told = fault.index.is_some_and(|index| {
        fault.rule != "ALTERED"
            && report
                .faults
                .iter()
                .any(|known| known.index.is_some_and(|bad| bad <= index))
    });
    if told || report.faults.iter().any(named) {
        return;
    }
    report.faults.insert(0, fault);
    report.fault_count = report.fault_count.saturating_add(1);
    report.faults.sort_by_key(|fault| fault.index.unwrap_or(u64::MAX));
    report.first_bad = report.faults.iter().find_map(|fault| fault.index);
    report.complete_to = report.first_bad.and_then(|bad| bad.checked_sub(1));
    let Some(before) = report.verdict else { return };
    let only = |rules: &[&str]| report.faults.iter().all(|fault| rules.contains(&fault.rule));
    report.verdict = Some(if before == Verdict::Fork {
        Verdict::Fork
    } else if only(&["MISSING_ENTRY", "ROLLBACK"]) {
        Verdict::Truncated
    } else {
        Verdict::Altered(report.first_bad)
    });
    let place = report
        .first_bad
        .map_or_else(|| "the whole".to_owned(), |index| format!("#{index}"));
    let rule = report.faults.first().map_or("", |fault| fault.rule);
    report.conclusion = format!("first bad entry: {place} ({rule})");
}
