//! What does not hold of the copies: each by itself, and each of one side beside those of the other.

use std::collections::BTreeMap;

use hotline_audit::{CompareReport, Verdict, compare::compare_verified};

use super::{Finding, hand_in::side_of, ruling::by};
use crate::{
    bundle::{Evidence, LogKind, VerifiedLog},
    scenario::lists::{Side, Word},
    timeline::Timeline,
};

/// Of each log the worst that is found, worst first. The auditor's whole view of the copies is in here.
pub(super) fn of(
    evidence: &Evidence,
    timeline: &Timeline,
    copies: &BTreeMap<String, VerifiedLog>,
) -> Vec<Finding> {
    // What two copies show together goes before what one shows by itself.
    let mut findings = beside(evidence, timeline, copies);
    findings.extend(alone(timeline, copies));
    worst_of_each(findings)
}

/// What does not hold of each copy by itself.
fn alone(timeline: &Timeline, copies: &BTreeMap<String, VerifiedLog>) -> Vec<Finding> {
    let bad = copies.values().filter(|log| !log.report.passed() && !log.ended);
    bad.filter_map(|bad| {
        let (side, log) = by(&bad.name)?;
        let fact = bad.fact();
        let own = side_of(timeline, &bad.owner) == Some(side);
        Some(Finding {
            word: bad.report.verdict.map_or(Word::CannotTell, word),
            against: own.then_some(side),
            log: log.to_owned(),
            index: bad.report.first_bad,
            proof: format!(
                "{log} as {side} handed it in does not hold by itself: {}",
                fact.fault.unwrap_or(fact.verdict)
            ),
        })
    })
    .collect()
}

/// Of each log the worst, worst first: a log that parts also ends early, and does not hold by itself.
fn worst_of_each(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| rank(finding.word));
    let mut worst: Vec<Finding> = Vec::new();
    for finding in findings {
        if !worst.iter().any(|known| known.log == finding.log) {
            worst.push(finding);
        }
    }
    worst
}

/// What does not hold between a copy of one side and one of the other.
fn beside(evidence: &Evidence, timeline: &Timeline, copies: &BTreeMap<String, VerifiedLog>) -> Vec<Finding> {
    let of_side = |side: Side| {
        let logs = copies.values();
        logs.filter(move |log| by(&log.name).is_some_and(|(by, _)| by == side))
    };
    // Two copies of one log say most, so they come first.
    let (mut of_one, mut of_two) = (Vec::new(), Vec::new());
    for a in of_side(Side::A) {
        for b in of_side(Side::B) {
            let (one_owner, sound) = (a.owner == b.owner, a.report.passed() && b.report.passed());
            if !one_owner && !sound {
                continue;
            }
            let (of_a, of_b) = (a.report.clone(), b.report.clone());
            let report = compare_verified(&a.log, &b.log, of_a, of_b, &evidence.trust);
            if one_owner {
                of_one.extend(one_log(timeline, a, b, &report));
            } else {
                of_two.extend(two_logs(timeline, a, b, &report));
            }
        }
    }
    of_one.extend(of_two);
    of_one
}

/// Two copies of one log: its owner must have signed one history, and hand in all that the other side has seen of it.
fn one_log(timeline: &Timeline, a: &VerifiedLog, b: &VerifiedLog, report: &CompareReport) -> Option<Finding> {
    let owner = side_of(timeline, &a.owner)?;
    let (_, log) = by(&a.name)?;
    let (own, other, theirs) = match owner {
        Side::A => (a, b, Side::B),
        Side::B => (b, a, Side::A),
    };
    match report.verdict? {
        Verdict::Fork => {
            let index = report.fork.as_ref()?.index;
            Some(Finding {
                word: Word::Fork,
                against: Some(owner),
                log: log.to_owned(),
                index: Some(index),
                proof: format!(
                    "the key of {log} has signed two histories, which part at #{index}: {owner} handed in one of {} entries, and {theirs} holds one of {}",
                    own.report.entries, other.report.entries
                ),
            })
        }
        Verdict::Truncated if own.report.entries < other.report.entries => Some(Finding {
            word: Word::Truncated,
            against: Some(owner),
            log: log.to_owned(),
            index: Some(own.report.entries),
            proof: format!(
                "{owner} handed in {} entries of {log}; its key had signed {} of the same history, which {theirs} holds",
                own.report.entries, other.report.entries
            ),
        }),
        _ => None,
    }
}

/// Two logs: what one has seen of the other must be there, and nobody signs two statements for one place.
fn two_logs(
    timeline: &Timeline,
    a: &VerifiedLog,
    b: &VerifiedLog,
    report: &CompareReport,
) -> Option<Finding> {
    if let Some(proof) = report.equivocations.first() {
        let (_, log) = by(&a.name)?;
        return Some(Finding {
            word: Word::Equivocation,
            against: side_of(timeline, &proof.sender),
            log: log.to_owned(),
            index: Some(proof.index_a),
            proof: proof.to_string(),
        });
    }
    if let Some(finding) = own_missing(timeline, a, b).or_else(|| own_missing(timeline, b, a)) {
        return Some(finding);
    }
    let conflict = report.conflicts.first()?;
    let of = |log: &&VerifiedLog| {
        let origin = hotline_audit::key::origin_of(&log.owner).unwrap_or_default();
        conflict.explanation.contains(&format!(" of {origin}"))
    };
    let bad = [a, b].into_iter().find(of)?;
    let (side, log) = by(&bad.name)?;
    let owner = side_of(timeline, &bad.owner);
    // That a copy is older than what others have seen is nobody's doing.
    let tells = conflict.verdict == Verdict::Fork || owner == Some(side);
    tells.then(|| Finding {
        word: word(conflict.verdict),
        against: owner,
        log: log.to_owned(),
        index: (conflict.verdict == Verdict::Truncated).then_some(bad.report.entries),
        proof: conflict.explanation.clone(),
    })
}

/// A desk's own log, handed in by its own side, lacks statements of that desk which another log holds.
fn own_missing(timeline: &Timeline, desk: &VerifiedLog, other: &VerifiedLog) -> Option<Finding> {
    let (side, log) = by(&desk.name)?;
    if desk.kind != Some(LogKind::Desk) || side_of(timeline, &desk.owner) != Some(side) {
        return None;
    }
    let newest = |log: &VerifiedLog| {
        let mut senders = log.report.senders.iter();
        let own = senders.find(|sender| sender.sender == desk.owner)?;
        Some((own.epoch, own.sequence))
    };
    let (there, here) = (newest(other)?, newest(desk));
    (here < Some(there)).then(|| Finding {
        word: Word::Truncated,
        against: Some(side),
        log: log.to_owned(),
        index: Some(desk.report.entries),
        proof: format!(
            "{log} ends before statement {}.{} of its own desk, which {} holds",
            there.0, there.1, other.name
        ),
    })
}

const fn word(verdict: Verdict) -> Word {
    match verdict {
        Verdict::Match => Word::Match,
        Verdict::Truncated => Word::Truncated,
        Verdict::Altered(_) => Word::Altered,
        Verdict::Fork => Word::Fork,
        Verdict::Equivocation => Word::Equivocation,
        Verdict::ReceiptProvesDelivery => Word::ReceiptProvesDelivery,
        Verdict::SentNoReceipt => Word::SentNoReceipt,
    }
}

/// Worst first.
const fn rank(word: Word) -> u8 {
    match word {
        Word::Fork => 0,
        Word::Equivocation => 1,
        Word::Altered => 2,
        Word::Truncated => 3,
        Word::CannotTell => 4,
        Word::SentNoReceipt | Word::ReceiptProvesDelivery | Word::Match => 5,
    }
}
