//! The audit of a disputed message: exactly what `hotline-audit dispute` says of both sides' bundles under control's policy.

use std::collections::BTreeMap;

use hotline_audit::{
    Hash, Policy,
    bundle::Bundle,
    evidence::{self, CopyReport, DisputeReport, Refused},
    key::origin_of,
};

use super::{
    Brought, Fact,
    bring::{bring, domains, name_of},
    hand_in::side_of,
    life,
};
use crate::{
    bundle::{Evidence, LogKind},
    expect,
    scenario::lists::{Side, Word},
    timeline::Timeline,
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
    /// The stable name of the rule that was broken.
    pub rule: String,
    /// Whose doing it is; `None` where that is not known.
    pub against: Option<Side>,
    /// The log's name in the evidence, or who it is about.
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
    /// What it says, where it can be read.
    pub says: Option<String>,
    /// The one word.
    pub word: Word,
    /// The verdict as the program writes it: `ALTERED(12)`.
    pub spoken: String,
    /// The program's sentence.
    pub sentence: String,
    /// What the bundles prove of the message itself, whatever else does not hold.
    pub of_message: Word,
    /// What does not hold, worst first; of each log the worst.
    pub findings: Vec<Finding>,
    /// What was signed about the message.
    pub life: Vec<Fact>,
    /// Whether the recipient acknowledged it, and found it insufficient later.
    pub insufficient: bool,
    /// Every log that either side could have handed in.
    pub handed: Vec<HandedLog>,
    /// The very files on which the program decides.
    pub brought: Brought,
}

impl Ruling {
    /// Whose doing it is that something does not hold.
    #[must_use]
    pub fn against(&self) -> Option<Side> {
        self.findings.first().and_then(|finding| finding.against)
    }
}

/// The ruling about the disputed message, by what was handed in and the auditor's own policy; `None` where nothing was.
#[must_use]
pub fn rule(evidence: &Evidence, timeline: &Timeline) -> Option<Ruling> {
    let variant = timeline.startex.variant.as_deref();
    let alias = evidence.scenario.disputed(variant)?;
    if evidence.copies.is_empty() {
        return None;
    }
    let message = expect::named(&evidence.scenario, variant, timeline, alias)
        .first()
        .copied();
    let blank = Ruling {
        exercise: timeline.exercise.clone(),
        name: message.map_or_else(|| alias.to_string(), |message| spoken(timeline, &message)),
        message,
        says: None,
        word: Word::CannotTell,
        spoken: "CANNOT_TELL(NOT_FOUND)".to_owned(),
        sentence: String::new(),
        of_message: Word::CannotTell,
        findings: Vec::new(),
        life: Vec::new(),
        insufficient: false,
        handed: Vec::new(),
        brought: Brought {
            policy: String::new(),
            bundles: BTreeMap::new(),
        },
    };
    let ruling = bring(evidence, timeline, message.as_ref()).and_then(|brought| {
        let with = Ruling {
            brought,
            ..blank.clone()
        };
        decide(with, evidence, timeline).map_err(|refused| refused.to_string())
    });
    Some(ruling.unwrap_or_else(|why| Ruling {
        word: Word::Failed,
        spoken: "FAILED".to_owned(),
        sentence: why,
        ..blank
    }))
}

/// Judges the files as whoever gets them does.
fn decide(mut ruling: Ruling, evidence: &Evidence, timeline: &Timeline) -> Result<Ruling, Refused> {
    let names = Names {
        evidence,
        domains: domains(timeline),
    };
    let read = ruling.brought.bundles.values();
    let bundles: Vec<Bundle> = read
        .map(|bytes| Bundle::read(bytes.as_ref()).map_err(Refused::from))
        .collect::<Result<_, _>>()?;
    let refused = |error: String| Refused {
        rule: "POLICY",
        what: error,
    };
    let policy =
        Policy::parse(ruling.brought.policy.as_bytes()).map_err(|error| refused(error.to_string()))?;
    let [a, b] = bundles.as_slice() else {
        return Err(refused("there are not two sides".to_owned()));
    };
    let judged = evidence::Evidence::judge(&[a, b], &policy)?;
    ruling.handed = handed_in(evidence, timeline, &names, &judged.compare().logs);
    ruling.findings = worst_of_each(judged.findings().iter().map(|finding| names.finding(finding)));
    let asked = ruling.message.map(|message| message.to_string());
    match judged.dispute(asked.as_deref().unwrap_or(&ruling.name)) {
        Ok(report) => take(&mut ruling, &report, &names),
        Err(nobody) => ruling.sentence = nobody.to_string(),
    }
    Ok(ruling)
}

fn take(ruling: &mut Ruling, report: &DisputeReport, names: &Names<'_>) {
    ruling.word = word(&report.verdict);
    ruling.spoken = report.verdict.to_string();
    ruling.sentence = names.told(&report.sentence);
    ruling.of_message = word(&report.of_message);
    ruling.says = report.life.text.as_deref().map(says);
    ruling.insufficient = report.life.acknowledged_then_insufficient;
    ruling.life = life::of(&report.life, names);
}

const fn word(ruling: &evidence::Ruling) -> Word {
    match ruling {
        evidence::Ruling::Fork => Word::Fork,
        evidence::Ruling::Equivocation => Word::Equivocation,
        evidence::Ruling::Altered(_) => Word::Altered,
        evidence::Ruling::Truncated => Word::Truncated,
        evidence::Ruling::Failed(_) => Word::Failed,
        evidence::Ruling::SentNoReceipt => Word::SentNoReceipt,
        evidence::Ruling::ReceiptProvesDelivery => Word::ReceiptProvesDelivery,
        evidence::Ruling::Match => Word::Match,
        // Of one message nobody asks what else one side lacks.
        evidence::Ruling::CannotTell(_) | evidence::Ruling::OnlyOneHolds => Word::CannotTell,
    }
}

/// Of each log the worst, in the order of the program: a log that parts also ends early, and does not hold by itself.
fn worst_of_each(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut worst: Vec<Finding> = Vec::new();
    for finding in findings {
        if !worst.iter().any(|known| known.log == finding.log) {
            worst.push(finding);
        }
    }
    worst
}

/// How the exercise names what the program names in full.
pub(super) struct Names<'e> {
    evidence: &'e Evidence,
    domains: BTreeMap<Side, String>,
}

impl Names<'_> {
    /// A log by its origin: `relay-south`.
    pub(super) fn log(&self, origin: &str) -> String {
        name_of(self.evidence, origin).unwrap_or_else(|| self.told(origin))
    }

    /// An identity or cosigner: `officer/rossi of B`.
    pub(super) fn short(&self, identity: &str) -> String {
        let bare = identity.strip_prefix("spiffe://").unwrap_or(identity);
        match bare
            .split_once('/')
            .map(|(domain, rest)| (self.side(domain), rest))
        {
            Some((Some(side), rest)) => format!("{rest} of {side}"),
            _ => bare.to_owned(),
        }
    }

    /// Whose an identity or cosigner is: `B`, or the name itself where it is of neither side.
    pub(super) fn side_of(&self, name: &str) -> String {
        let bare = name.strip_prefix("spiffe://").unwrap_or(name);
        let domain = bare.split('/').next().unwrap_or_default();
        self.side(domain)
            .map_or_else(|| bare.to_owned(), |side| side.name().to_owned())
    }

    /// A sentence of the program, with sides for trust domains.
    pub(super) fn told(&self, sentence: &str) -> String {
        let mut told = sentence.replace("spiffe://", "");
        for (side, domain) in &self.domains {
            told = told.replace(domain.as_str(), side.name());
        }
        told
    }

    fn side(&self, domain: &str) -> Option<Side> {
        let mut domains = self.domains.iter();
        domains.find(|(_, known)| *known == domain).map(|(side, _)| *side)
    }

    fn finding(&self, found: &evidence::Finding) -> Finding {
        let word = word(&found.ruling);
        // The program names a log, a copy of it or its note, each with the origin last; or a signer.
        let about = found.who.rsplit(' ').next().unwrap_or_default();
        let about = about.strip_prefix("spiffe://").unwrap_or(about);
        let owner = about.split('/').next().and_then(|domain| self.side(domain));
        let by = self.side(&found.evidence_of);
        let against = match word {
            Word::Fork | Word::Equivocation => owner,
            // Of a log that somebody else's mirror holds nobody knows who changed it.
            _ => by.filter(|by| Some(*by) == owner),
        };
        Finding {
            word,
            rule: found.rule.to_owned(),
            against,
            log: self.log(about),
            index: found.index,
            proof: format!(
                "{}{}{}: {}",
                self.told(&found.who),
                found
                    .index
                    .map_or_else(String::new, |index| format!(" at #{index}")),
                by.map_or_else(String::new, |by| format!(", handed in by {by}")),
                self.told(&found.explanation)
            ),
        }
    }
}

/// Every log that either side could have handed in, and what became of it.
fn handed_in(
    evidence: &Evidence,
    timeline: &Timeline,
    names: &Names<'_>,
    copies: &[CopyReport],
) -> Vec<HandedLog> {
    let mut all = Vec::new();
    for (by, domain) in &names.domains {
        for log in evidence.logs.values() {
            let Some(owner) = side_of(timeline, &log.owner) else {
                continue;
            };
            if log.kind == Some(LogKind::Desk) && owner != *by {
                continue;
            }
            let found = copies.iter().find(|copy| {
                copy.evidence_of == *domain
                    && Some(copy.origin.as_str()) == origin_of(&log.owner)
                    && copy.mirror.is_none() == (owner == *by)
            });
            let fault = found.filter(|found| found.ruling != evidence::Ruling::Match);
            all.push(HandedLog {
                by: *by,
                log: log.name.clone(),
                owner,
                entries: found.map(|found| found.entries),
                fault: fault.map(|found| found.ruling.to_string()),
            });
        }
    }
    all
}

/// What a message says, on one line; of a coded one its code and fields.
fn says(text: &str) -> String {
    let coded = text.lines().any(|line| line.starts_with("code: "));
    let lines = text.lines();
    let lines = lines.skip_while(|line| coded && !line.starts_with("code: "));
    lines.collect::<Vec<_>>().join("; ")
}

fn spoken(timeline: &Timeline, message: &Hash) -> String {
    timeline.message(message).map_or_else(
        || message.to_string(),
        |(entry, fact)| format!("{}-{:04}", timeline.name_of(&entry.who), fact.number),
    )
}
