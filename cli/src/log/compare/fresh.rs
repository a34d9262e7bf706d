//! A ledger in which nothing was signed yet has no checkpoint that could be judged. Beside another log it still says
//! something: who has seen entries of it knows that they were cut off.

use hotline_audit::{
    CompareReport, SignedStatement,
    compare::SeenConflict,
    key::{Subject, subject_of_origin},
    statement::Payload,
    verify::Verdict,
};

use super::Read;
use crate::log::verify::unsigned;

/// Puts into words what an empty, unsigned log means beside the other one.
pub(super) fn amend(report: &mut CompareReport, pair: &[Read; 2]) {
    let [a, b] = pair;
    if a.is_fresh() {
        report.a = unsigned();
    }
    if b.is_fresh() {
        report.b = unsigned();
    }
    let (Some(first), Some(second)) = (report.a.verdict, report.b.verdict) else {
        return;
    };
    report.conflicts.extend(seen_of(a, b));
    report.conflicts.extend(seen_of(b, a));
    let cut = a.origin == b.origin && a.log.entries.len() != b.log.entries.len();
    let (verdict, conclusion) =
        if let Some(bad) = [first, second].into_iter().find(|one| *one != Verdict::Match) {
            (bad, "one of the logs by itself does not hold".to_owned())
        } else if let Some(conflict) = report.conflicts.iter().find(|conflict| conflict.binds) {
            (Verdict::Truncated, conflict.explanation.clone())
        } else if cut {
            (
                Verdict::Truncated,
                "one log, and one of its copies is empty".to_owned(),
            )
        } else {
            let missing = || {
                report
                    .only_a
                    .iter()
                    .chain(&report.only_b)
                    .map(|missing| missing.verdict)
            };
            let verdict = if missing().any(|verdict| verdict == Verdict::SentNoReceipt) {
                Verdict::SentNoReceipt
            } else if missing().next().is_some() {
                Verdict::ReceiptProvesDelivery
            } else {
                Verdict::Match
            };
            (
                verdict,
                "one of the logs is empty, and nothing was signed in it yet".to_owned(),
            )
        };
    report.verdict = Some(verdict);
    report.conclusion = conclusion;
}

/// Statements of `log` that have seen entries of the empty one.
fn seen_of(empty: &Read, log: &Read) -> Vec<SeenConflict> {
    if !empty.is_fresh() {
        return Vec::new();
    }
    let mut conflicts = Vec::new();
    for (index, entry) in (0u64..).zip(&log.log.entries) {
        let payload = SignedStatement::parse(entry).and_then(|statement| Payload::parse(&statement));
        let Ok(payload) = payload else { continue };
        let header = payload.header();
        let seen = header
            .seen
            .iter()
            .find(|seen| seen.origin == empty.origin && seen.size > 0);
        if let Some(seen) = seen {
            let side = |identity: &str| Subject::parse(identity).map(|subject| subject.domain.to_owned());
            conflicts.push(SeenConflict {
                verdict: Verdict::Truncated,
                // Another side's word convicts nobody.
                binds: side(&header.sender) == side(&subject_of_origin(&empty.origin)),
                index,
                sender: header.sender.clone(),
                explanation: format!(
                    "{} has seen {} entries of {}, and none are there",
                    header.sender, seen.size, empty.origin
                ),
            });
        }
    }
    conflicts
}
