//! The audit of a disputed message: every copy by itself, every copy of one side beside those of the other, and what they
//! prove of the message.

use std::collections::BTreeMap;

use hotline_audit::{Hash, compare::Log};

use super::{Copies, Fact, findings, hand_in::side_of, life};
use crate::{
    bundle::{EXCON, Evidence, LogKind, VerifiedLog},
    expect,
    scenario::lists::{Side, Word},
    timeline::{MessageFact, Timeline, TimelineError},
};

/// A copy that was handed in, or that was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedLog {
    /// By whom.
    pub by: Side,
    /// The log's name in the evidence.
    pub log: String,
    /// Whose log it is.
    pub owner: Side,
    /// Its entries; `None`: it was not handed in.
    pub entries: Option<u64>,
    /// Why it does not verify by itself.
    pub fault: Option<String>,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub word: Word,
    /// Whose doing it is; `None` where that is not known.
    pub against: Option<Side>,
    /// The log's name in the evidence.
    pub log: String,
    /// The first entry that is not what was: where a log was altered, parts, or ends.
    pub index: Option<u64>,
    /// What shows it, as a sentence.
    pub proof: String,
}

/// What an auditor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The exercise's identifier.
    pub exercise: String,
    /// What people call the message: `A-0002`.
    pub name: String,
    /// SHA-256 of the message; `None` if none of that name was released.
    pub message: Option<Hash>,
    /// What it says, where a copy that holds has it and it can be read.
    pub says: Option<String>,
    /// The one word.
    pub word: Word,
    /// What the copies prove of the message itself, whatever else does not hold.
    pub of_message: Word,
    /// What does not hold, worst first.
    pub findings: Vec<Finding>,
    /// What was signed about the message.
    pub life: Vec<Fact>,
    /// Every log that either side could have handed in.
    pub handed: Vec<HandedLog>,
}

impl Ruling {
    /// Whose doing it is that something does not hold.
    #[must_use]
    pub fn against(&self) -> Option<Side> {
        self.findings.first().and_then(|finding| finding.against)
    }

    /// Who of the recipient found the message insufficient, behind an acknowledgement.
    #[must_use]
    pub fn insufficient(&self) -> Option<&Fact> {
        let acknowledged = |fact: &Fact| fact.rung == hotline_core::words::Rung::Acknowledged;
        let at = self.life.iter().position(acknowledged)?;
        self.life.iter().skip(at).find(|fact| fact.finds_insufficient())
    }

    /// Words and index: `ALTERED(12)`.
    #[must_use]
    pub fn spoken(&self) -> String {
        match self.findings.first().and_then(|finding| finding.index) {
            Some(index) if self.word == Word::Altered => format!("{}({index})", self.word),
            _ => self.word.to_string(),
        }
    }
}

/// The ruling about the disputed message, by what was handed in and the auditor's own trust; `None` where nothing was.
///
/// # Errors
/// [`TimelineError`]: control's log cannot be read. It gives names and clocks, and proves nothing about the message.
pub fn rule(evidence: &Evidence, timeline: &Timeline) -> Result<Option<Ruling>, TimelineError> {
    let variant = timeline.startex.variant.as_deref();
    let alias = evidence.scenario.disputed(variant);
    let Some(alias) = alias.filter(|_| !evidence.copies.is_empty()) else {
        return Ok(None);
    };
    let message = expect::named(&evidence.scenario, variant, timeline, alias)
        .first()
        .copied();
    let copies = verified(evidence);
    let findings = findings::of(evidence, timeline, &copies);
    let handed = Timeline::load(&audited(evidence, copies))?;
    let life = message.map_or_else(Vec::new, |message| life::of(&handed, &message));
    let of_message = message.map_or(Word::CannotTell, |message| of_message(&handed, &message, &life));
    let name = message.map_or_else(|| alias.to_string(), |message| spoken(timeline, &message));
    Ok(Some(Ruling {
        exercise: timeline.exercise.clone(),
        name,
        message,
        says: message.and_then(|message| says(handed.message(&message)?.1)),
        word: findings.first().map_or(of_message, |finding| finding.word),
        of_message,
        findings,
        life,
        handed: handed_in(evidence, timeline, &handed),
    }))
}

/// The copies, each verified by itself, under names that say who handed it in: `B/relay-south`.
fn verified(evidence: &Evidence) -> BTreeMap<String, VerifiedLog> {
    let logs = evidence.copies.iter().flat_map(|(side, logs)| {
        let named = logs
            .iter()
            .map(move |(name, log)| (copy(*side, name), log.clone()));
        named.collect::<Vec<(String, Log)>>()
    });
    VerifiedLog::all(logs.collect(), &evidence.trust)
}

fn copy(side: Side, log: &str) -> String {
    format!("{side}/{log}")
}

/// Who handed a copy in, and the log's name.
pub(super) fn by(copy: &str) -> Option<(Side, &str)> {
    let (side, log) = copy.split_once('/')?;
    Some((side.parse().ok()?, log))
}

/// What the copies prove of the message itself.
fn of_message(handed: &Timeline, message: &Hash, life: &[Fact]) -> Word {
    let Some((entry, fact)) = handed.message(message) else {
        return Word::CannotTell;
    };
    let to: Vec<&str> = fact
        .to
        .iter()
        .filter_map(|desk| handed.desk_of(desk))
        .map(|(_, desk)| desk.log.as_str())
        .collect();
    let held = entry.places.iter().any(|place| {
        by(&place.log).is_some_and(|(side, log)| {
            let own = handed
                .startex
                .desks
                .values()
                .any(|desk| desk.log == log && desk.side == side.name());
            own && to.contains(&log)
        })
    });
    if held {
        Word::Match
    } else if life.iter().any(Fact::is_of_the_recipient) {
        Word::ReceiptProvesDelivery
    } else {
        Word::SentNoReceipt
    }
}

/// The evidence as the auditor has it: the copies, and of the exercise only control's log, which has the names.
fn audited(evidence: &Evidence, copies: BTreeMap<String, VerifiedLog>) -> Evidence {
    let mut logs = copies;
    logs.extend(
        evidence
            .logs
            .get(EXCON)
            .map(|excon| (EXCON.to_owned(), excon.clone())),
    );
    Evidence {
        scenario: evidence.scenario.clone(),
        codebook: evidence.codebook.clone(),
        trust: evidence.trust.clone(),
        logs,
        pairs: Vec::new(),
        copies: Copies::new(),
        openings: evidence.openings.clone(),
        files: BTreeMap::new(),
        manifest_sha256: evidence.manifest_sha256,
    }
}

/// Every log that either side could have handed in, and what became of it.
fn handed_in(evidence: &Evidence, timeline: &Timeline, handed: &Timeline) -> Vec<HandedLog> {
    let mut all = Vec::new();
    for side in Side::ALL {
        for log in evidence.logs.values() {
            let Some(owner) = side_of(timeline, &log.owner) else {
                continue;
            };
            if log.kind == Some(LogKind::Desk) && owner != *side {
                continue;
            }
            let name = copy(*side, &log.name);
            let found = handed.logs.iter().find(|known| known.name == name);
            all.push(HandedLog {
                by: *side,
                log: log.name.clone(),
                owner,
                entries: found.map(|found| found.entries),
                fault: found.and_then(|found| found.fault.clone()),
            });
        }
    }
    all
}

/// What a message says, on one line; of a coded one its code and fields.
fn says(message: &MessageFact) -> Option<String> {
    let coded = message.code().is_some();
    let lines = message.text.as_ref()?.lines();
    let lines = lines.skip_while(|line| coded && !line.starts_with("code: "));
    Some(lines.collect::<Vec<_>>().join("; "))
}

fn spoken(timeline: &Timeline, message: &Hash) -> String {
    timeline.message(message).map_or_else(
        || message.to_string(),
        |(entry, fact)| format!("{}-{:04}", timeline.name_of(&entry.who), fact.number),
    )
}
