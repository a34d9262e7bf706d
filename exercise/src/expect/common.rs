//! The seven expectations that stand in every exercise without being written.

pub(super) mod labels;

use hotline_audit::Hash;
use hotline_core::words::{MessageType, ResponseAttribute, Rung};

use crate::{
    scenario::lists::Figure,
    timeline::{MessageFact, What},
};

use super::{
    Judged, Met,
    case::{Case, Finding},
};

/// Most messages that are listed as open.
const LISTED_MAX: usize = 10;

pub(super) fn all(case: &Case<'_>) -> Vec<Judged> {
    let rows: [(&str, &str, &str, Finding); 7] = [
        (
            "C1",
            "Every FORMAL message ends once, or is listed as open",
            "at most one end of every FORMAL message",
            case.ends_once(),
        ),
        (
            "C2",
            "No message is shown twice",
            "shown_twice == 0",
            case.none(Figure::ShownTwice),
        ),
        (
            "C3",
            "No accepted message is lost",
            "lost == 0",
            case.none(Figure::Lost),
        ),
        (
            "C4",
            "Every log verifies, and no two contradict each other",
            "verdict MATCH of every log, nothing forged between two",
            case.logs_hold(),
        ),
        (
            "C5",
            "The report can be made again from the evidence",
            "scenario and codebook as STARTEX names them, and ENDEX recorded",
            case.rebuilds(),
        ),
        (
            "C6",
            "Every statement bears the identifier of the exercise",
            "one identifier in all logs, every message of type EXERCISE",
            case.one_exercise(),
        ),
        (
            "C7",
            "No label of silence contradicts what control knows",
            "INTERRUPTED only under a fault, a dead process or an order; UNRESPONSIVE only where a way carries",
            case.labels_fit(),
        ),
    ];
    let judged = rows.into_iter().map(|(id, title, expected, finding)| Judged {
        id: id.to_owned(),
        title: title.to_owned(),
        objective: None,
        must: true,
        score: 0,
        got: 0,
        met: finding.met,
        expected: expected.to_owned(),
        leaves: case.places(&finding.entries),
        observed: finding.observed,
        at: finding.at,
        measured: None,
        limit: None,
    });
    judged.collect()
}

/// How a message has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Declined,
    Cancelled,
    Expired,
    /// It asks nothing and was displayed.
    Displayed,
}

impl Case<'_> {
    fn none(&self, figure: Figure) -> Finding {
        let finding = self.figure(figure, crate::scenario::expect::Compare::Equal(0));
        if finding.met == Met::Yes && self.timeline.messages.is_empty() {
            return Finding::new(Met::Undecided, "no message was sent");
        }
        finding
    }

    fn ends_once(&self) -> Finding {
        let (mut ended, mut open, mut twice) = (0_u64, Vec::new(), Vec::new());
        for (message, fact) in self.formal() {
            match self.ends(&message, fact).as_slice() {
                [] => open.push(message),
                [_] => ended += 1,
                [_, _, ..] => twice.push(message),
            }
        }
        if ended == 0 && open.is_empty() && twice.is_empty() {
            return Finding::new(Met::Undecided, "no FORMAL message was released");
        }
        let names = |messages: &[Hash]| {
            let named: Vec<String> = messages
                .iter()
                .take(LISTED_MAX)
                .map(|message| self.spoken(message))
                .collect();
            match messages.len().saturating_sub(LISTED_MAX) {
                0 => named.join(", "),
                more => format!("{} and {more} more", named.join(", ")),
            }
        };
        let entries = |messages: &[Hash]| -> Vec<usize> {
            let found = messages.iter();
            found
                .filter_map(|message| self.timeline.messages.get(message).copied())
                .collect()
        };
        if !twice.is_empty() {
            let seen = format!("ended in two ways: {}", names(&twice));
            return Finding::new(Met::No, seen).seen_in(entries(&twice));
        }
        let seen = match open.len() {
            0 => format!("{ended} ended, none open"),
            number => format!("{ended} ended, {number} open at ENDEX: {}", names(&open)),
        };
        Finding::new(Met::Yes, seen).seen_in(entries(&open))
    }

    /// Every end of a message that cannot stand beside another.
    fn ends(&self, message: &Hash, fact: &MessageFact) -> Vec<End> {
        let first = |rung| self.climbs(message, rung, None).next();
        let mut ends = Vec::new();
        let declined = first(Rung::Declined).is_some();
        if first(Rung::Closed).is_some() {
            ends.push(End::Closed);
        }
        if declined {
            ends.push(End::Declined);
        }
        if !ends.is_empty() {
            return ends;
        }
        let cancelled = self.is_cancelled(message);
        let displayed = first(Rung::Displayed).is_some();
        let expired =
            fact.expires_ms != 0 && !displayed && self.end.is_some_and(|end| end.wall_ms > fact.expires_ms);
        let end = match (cancelled, expired) {
            (true, _) => Some(End::Cancelled),
            (false, true) => Some(End::Expired),
            (false, false) if fact.response == ResponseAttribute::None && displayed => Some(End::Displayed),
            (false, false) => None,
        };
        end.into_iter().collect()
    }

    fn logs_hold(&self) -> Finding {
        let logs = &self.timeline.logs;
        if let Some(log) = logs.iter().find(|log| !log.holds && !log.ended) {
            let fault = log.fault.clone().unwrap_or_else(|| log.verdict.clone());
            return Finding::new(Met::No, format!("{}: {fault}", log.name));
        }
        if let Some(owner) = self.missing_log() {
            return Finding::new(Met::No, format!("the log of {owner} is not in the evidence"));
        }
        let ended = |name: &String| logs.iter().any(|log| log.ended && log.name == *name);
        let mut pairs = self.timeline.pairs.iter();
        if let Some(pair) = pairs.find(|pair| !pair.nothing_forged && !ended(&pair.a) && !ended(&pair.b)) {
            let seen = format!("{} and {}: {}", pair.a, pair.b, pair.conclusion);
            return Finding::new(Met::No, seen);
        }
        let verified = || logs.iter().filter(|log| log.holds);
        let entries: u64 = verified().map(|log| log.entries).fold(0, u64::saturating_add);
        let ended = logs.iter().filter(|log| log.ended).map(|log| {
            format!(
                "; {} has ended, and counts where another log holds the same",
                log.name
            )
        });
        Finding::new(
            Met::Yes,
            format!(
                "{} logs with {entries} entries verify{}",
                verified().count(),
                ended.collect::<String>()
            ),
        )
    }

    fn rebuilds(&self) -> Finding {
        let startex = &self.timeline.startex;
        let same = |told: &str, found: &Hash| told == found.to_string();
        if !same(&startex.scenario_sha256, &self.timeline.scenario_sha256) {
            return Finding::new(Met::No, "the scenario is not the one that STARTEX names");
        }
        if !same(&startex.codebook_sha256, &self.timeline.codebook_sha256) {
            return Finding::new(Met::No, "the codebook is not the one that STARTEX names");
        }
        match self.mark(&crate::scenario::mark::Mark::Endex, None) {
            Ok(end) => {
                Finding::new(Met::Yes, "scenario, codebook and records are complete").at(end.at, end.entry)
            }
            Err(lacking) => Finding::new(Met::No, format!("{lacking}: the records end before it")),
        }
    }

    fn one_exercise(&self) -> Finding {
        let exercise = &self.timeline.exercise;
        if exercise.is_empty() {
            return Finding::new(Met::No, "statements name different exercises, or none");
        }
        let other = self.timeline.entries.iter().position(|entry| match &entry.what {
            What::Message(fact) => fact.message_type != MessageType::Exercise,
            _ => false,
        });
        match other {
            Some(entry) => {
                let name = self.timeline.entries.get(entry).map(|entry| entry.sha256);
                let name = name.map(|hash| self.spoken(&hash)).unwrap_or_default();
                Finding::new(Met::No, format!("{name} is no message of an exercise")).seen_in([entry])
            }
            None => Finding::new(Met::Yes, format!("all name {exercise}")),
        }
    }
}
