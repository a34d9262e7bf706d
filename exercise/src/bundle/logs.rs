//! The logs of the evidence, each verified by itself and beside another.

use std::{collections::BTreeMap, ops::Bound};

use hotline_audit::{
    Hash,
    compare::{Log, compare_verified},
    key::{Subject, subject_of_origin},
    trust::TrustPolicy,
    verify::{LogReport, verify_log},
};

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogKind {
    /// A desk's.
    Desk,
    /// A relay's.
    Relay,
    /// Control's.
    Control,
}

/// A log with what its verification said.
#[derive(Clone, Debug)]
pub struct VerifiedLog {
    /// Its folder's name.
    pub name: String,
    /// Its owner's identity, as its checkpoint says; empty if the checkpoint cannot be read.
    pub owner: String,
    /// Whose it is; `None` if its owner is nobody who has a log.
    pub kind: Option<LogKind>,
    /// Its checkpoint and the exact bytes of every entry.
    pub log: Log,
    /// What was found.
    pub report: LogReport,
    /// Two officers of its owner's side have ended its identity, and nothing else is wrong with it: whoever has a copy of
    /// its key could have signed this checkpoint. What it holds counts where another log holds the same.
    pub ended: bool,
}

/// What the report says of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFact {
    /// Its folder's name.
    pub name: String,
    /// Its owner's identity.
    pub owner: String,
    /// Whose it is.
    pub kind: Option<LogKind>,
    /// How many entries it has.
    pub entries: u64,
    /// Their root.
    pub root: Hash,
    /// The one word; `CANNOT_TELL` if its checkpoint is not believed.
    pub verdict: String,
    /// It verifies.
    pub holds: bool,
    /// Its owner's identity was ended by its own side: [`VerifiedLog::ended`].
    pub ended: bool,
    /// The first thing that is wrong, with its entry.
    pub fault: Option<String>,
}

/// Two logs side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFact {
    /// The first one's name.
    pub a: String,
    /// The second one's.
    pub b: String,
    /// The one word; `CANNOT_TELL` if a checkpoint is not believed.
    pub verdict: String,
    /// As a sentence.
    pub conclusion: String,
    /// Neither contradicts the other, though one may hold what the other lacks.
    pub nothing_forged: bool,
    /// Statements in both.
    pub common: u64,
    /// Only in the first.
    pub only_a: u64,
    /// Only in the second.
    pub only_b: u64,
}

impl VerifiedLog {
    /// Verifies logs, each by itself, with a verifier's trust.
    #[must_use]
    pub fn all(logs: BTreeMap<String, Log>, trust: &TrustPolicy) -> BTreeMap<String, Self> {
        verify(logs, trust)
    }

    /// What the report says of it.
    #[must_use]
    pub fn fact(&self) -> LogFact {
        let report = &self.report;
        let fault = report.faults.first().map(|fault| {
            let place = fault
                .index
                .map_or_else(|| "the log".to_owned(), |index| format!("#{index}"));
            let what = hotline_core::text::inert_line(&fault.explanation).text;
            format!("{place} {}: {what}", fault.rule)
        });
        LogFact {
            name: self.name.clone(),
            owner: self.owner.clone(),
            kind: self.kind,
            entries: report.entries,
            root: report.root,
            verdict: word(report.verdict),
            holds: report.passed(),
            ended: self.ended,
            fault: fault.or_else(|| (!report.passed()).then(|| report.conclusion.clone())),
        }
    }

    /// False for an entry that the verification names: it is not what somebody signed, or not where it belongs.
    pub(crate) fn is_sound(&self, leaf: u64) -> bool {
        let report = &self.report;
        if report.faults.len() as u64 != report.fault_count {
            // Not all are listed: nothing behind the first is believed.
            return report.first_bad.is_none_or(|bad| leaf < bad);
        }
        let unfit = report.unfit.binary_search_by_key(&leaf, |unfit| unfit.index);
        unfit.is_err() && !report.faults.iter().any(|fault| fault.index == Some(leaf))
    }
}

/// Verifies every log, each in a thread of its own: what is found does not depend on which is done first.
pub(super) fn verify(logs: BTreeMap<String, Log>, trust: &TrustPolicy) -> BTreeMap<String, VerifiedLog> {
    let each = |(name, log): (String, Log)| {
        let report = verify_log(&log.entries, &log.note, trust);
        let owner = report
            .checkpoint
            .as_ref()
            .map(|checkpoint| subject_of_origin(&checkpoint.origin))
            .unwrap_or_default();
        let faults = report.faults.as_slice();
        let only_its_key = matches!(faults, [fault] if fault.index.is_none() && fault.rule == "REVOKED_KEY");
        let verified = VerifiedLog {
            ended: only_its_key && trust.rosters().denial(&owner).is_some(),
            name: name.clone(),
            kind: kind(&owner),
            owner,
            log,
            report,
        };
        (name, verified)
    };
    in_threads(logs, each).into_iter().collect()
}

/// What logs say together: every desk of one side beside every desk of the other, and relays likewise; and two copies of one
/// owner's log, which must be one history. A relay and a desk of one side hold the same statements only in part, so they
/// are not compared.
pub(super) fn pairs(logs: &BTreeMap<String, VerifiedLog>, trust: &TrustPolicy) -> Vec<PairFact> {
    let mut pairs = Vec::new();
    for (a, first) in logs {
        let behind = (Bound::Excluded(a), Bound::Unbounded);
        for (_, second) in logs.range::<String, _>(behind) {
            let of_the_line = matches!(first.kind, Some(LogKind::Desk | LogKind::Relay));
            let two_sides = domain(&first.owner) != domain(&second.owner);
            let one_owner = first.owner == second.owner && !first.owner.is_empty();
            if one_owner || (of_the_line && first.kind == second.kind && two_sides) {
                pairs.push((first, second));
            }
        }
    }
    in_threads(pairs, |(first, second)| pair(first, second, trust))
}

fn pair(first: &VerifiedLog, second: &VerifiedLog, trust: &TrustPolicy) -> PairFact {
    let (a, b) = (first.report.clone(), second.report.clone());
    let report = compare_verified(&first.log, &second.log, a, b, trust);
    PairFact {
        a: first.name.clone(),
        b: second.name.clone(),
        verdict: word(report.verdict),
        conclusion: report.conclusion.clone(),
        nothing_forged: report.nothing_forged(),
        common: report.common,
        only_a: report.only_a.len() as u64,
        only_b: report.only_b.len() as u64,
    }
}

/// Does something with each, at once, and gives what came of it in their order.
fn in_threads<T: Send, R: Send>(each: impl IntoIterator<Item = T>, does: impl Fn(T) -> R + Sync) -> Vec<R> {
    let does = &does;
    std::thread::scope(|scope| {
        let threads: Vec<_> = each
            .into_iter()
            .map(|one| scope.spawn(move || does(one)))
            .collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(cause) => std::panic::resume_unwind(cause),
        });
        joined.collect()
    })
}

fn word(verdict: Option<hotline_audit::Verdict>) -> String {
    verdict.map_or_else(|| "CANNOT_TELL".to_owned(), |verdict| verdict.to_string())
}

fn kind(owner: &str) -> Option<LogKind> {
    match Subject::parse(owner)?.role {
        "desk" => Some(LogKind::Desk),
        "relay" => Some(LogKind::Relay),
        "control" => Some(LogKind::Control),
        _ => None,
    }
}

fn domain(owner: &str) -> &str {
    Subject::parse(owner).map_or("", |subject| subject.domain)
}
