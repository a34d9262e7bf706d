//! Counting: one desk's checks, each with the answer it had or the cause why it had none.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::Hash;
use hotline_core::commcheck::MISSED_AFTER;

use super::{
    Counted, Window,
    facts::{Answer, Check, DeskFacts},
    millis,
};

/// The shortest interval that a desk may set, in milliseconds. What claims less claims nothing.
const EVERY_LEAST_MS: u64 = 1000;

/// Counts one desk's checks against the other's answers.
pub(super) struct Counting<'a> {
    desk: &'a DeskFacts,
    other: Option<&'a DeskFacts>,
    answers: &'a BTreeMap<Hash, Answer>,
    pub(super) automatic: Counted,
    pub(super) paths: BTreeMap<String, Counted>,
}

impl<'a> Counting<'a> {
    pub(super) fn new(
        desk: &'a DeskFacts,
        other: Option<&'a DeskFacts>,
        answers: &'a BTreeMap<Hash, Answer>,
    ) -> Self {
        let to: BTreeSet<&str> = other.map(DeskFacts::legs).unwrap_or_default();
        let from = desk.legs();
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
        let same_relay = |(from, to): &(&str, &str)| relay_of(from) == relay_of(to);
        let paths = pairs
            .filter(same_relay)
            .map(|(from, to)| (format!("{from}>{to}"), Counted::default()));
        Self {
            desk,
            other,
            answers,
            automatic: Counted::default(),
            paths: paths.collect(),
        }
    }

    pub(super) fn all(&mut self, window: Window) {
        let patience = millis(MISSED_AFTER);
        let checks: Vec<&Check> = self
            .desk
            .checks
            .iter()
            .filter(|check| window.holds(check.at_ms))
            .collect();
        for (place, check) in checks.iter().enumerate() {
            let answer = self
                .answers
                .get(&check.hash)
                .filter(|answer| answer.at_ms < window.until_ms);
            match answer {
                Some(answer) if answer.at_ms.saturating_sub(check.at_ms) <= patience => {
                    self.passed(check, answer);
                }
                Some(_) => self.failed("LATE", 1, |counted| &mut counted.late),
                // It may still be answered.
                None if check.at_ms.saturating_add(patience) >= window.until_ms => {}
                None => {
                    let cause = self.cause_of_silence(check.at_ms);
                    self.failed(cause, 1, |counted| &mut counted.missed);
                }
            }
            self.not_sent(
                check,
                checks.get(place + 1).map(|next| next.at_ms),
                window.until_ms,
            );
        }
    }

    fn passed(&mut self, check: &Check, answer: &Answer) {
        self.automatic.scheduled += 1;
        self.automatic.answered += 1;
        let other = self.other;
        for (path, counted) in &mut self.paths {
            let (from, to) = path.split_once('>').unwrap_or_default();
            counted.scheduled += 1;
            if check.legs.contains(from) && answer.legs.contains(to) {
                counted.answered += 1;
                continue;
            }
            let cause = if !check.legs.contains(from) {
                "OWN_LEG_DOWN"
            } else if other.is_some_and(|other| other.said_down(to, check.at_ms)) {
                "PATH_OUTAGE"
            } else {
                "NOT_SEEN"
            };
            counted.missed += 1;
            *counted.causes.entry(cause).or_insert(0) += 1;
        }
    }

    fn failed(&mut self, cause: &'static str, count: u64, which: impl Fn(&mut Counted) -> &mut u64) {
        for counted in self.paths.values_mut().chain([&mut self.automatic]) {
            counted.scheduled = counted.scheduled.saturating_add(count);
            let of_its_kind = which(counted);
            *of_its_kind = of_its_kind.saturating_add(count);
            let of_its_cause = counted.causes.entry(cause).or_insert(0);
            *of_its_cause = of_its_cause.saturating_add(count);
        }
    }

    /// Checks that were due between this one and the next, or the end, and were never made.
    fn not_sent(&mut self, check: &Check, next_ms: Option<u64>, until_ms: u64) {
        if check.every_ms < EVERY_LEAST_MS {
            return;
        }
        let end = next_ms.unwrap_or(until_ms);
        // A station that is busy may be half an interval late.
        let gap = end.saturating_sub(check.at_ms).saturating_add(check.every_ms / 2);
        let missing = (gap / check.every_ms).saturating_sub(1);
        if missing > 0 {
            let cause = self.desk.cause_of_absence(check.at_ms, end);
            self.failed(cause, missing, |counted| &mut counted.not_sent);
        }
    }

    fn cause_of_silence(&self, at_ms: u64) -> &'static str {
        let Some(other) = self.other else {
            return "NO_ANSWER";
        };
        let legs = other.legs();
        if other.closed_at(at_ms) {
            "DESK_CLOSED"
        } else if !legs.is_empty() && legs.iter().all(|leg| other.said_down(leg, at_ms)) {
            "PATH_OUTAGE"
        } else {
            "NO_ANSWER"
        }
    }
}

fn relay_of(leg: &str) -> &str {
    leg.split_once('/').map_or(leg, |(relay, _)| relay)
}
