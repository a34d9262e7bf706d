//! Counting: one desk's checks, each with the answer it had or the cause why it had none.

use std::collections::BTreeMap;

use hotline_core::{commcheck::MISSED_AFTER, leg::Leg};

use super::{
    Counted, Window,
    facts::{Answer, Check, DeskFacts, Facts},
    millis,
    orders::{self, Span},
};

/// The shortest interval that a desk may set, in milliseconds. What claims less claims nothing.
const EVERY_LEAST_MS: u64 = 1000;

/// The checking desk's leg and the other desk's, at one relay.
pub(super) type Path = (Leg, Leg);

/// Counts one desk's checks against the answers of the desks that it asked.
pub(super) struct Counting<'a> {
    facts: &'a Facts,
    desk: &'a DeskFacts,
    window: Window,
    /// When an order stood.
    under_order: &'a [Span],
    pub(super) automatic: Counted,
    pub(super) paths: BTreeMap<Path, Counted>,
}

impl<'a> Counting<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        desk: &'a DeskFacts,
        window: Window,
        under_order: &'a [Span],
    ) -> Self {
        Self {
            facts,
            desk,
            window,
            under_order,
            automatic: Counted::default(),
            paths: BTreeMap::new(),
        }
    }

    pub(super) fn all(&mut self) {
        let checks = &self.desk.checks;
        for (place, check) in checks.iter().enumerate() {
            if check.at_ms >= self.window.until_ms {
                return;
            }
            if self.window.holds(check.at_ms) {
                self.made(check);
            }
            self.not_sent(check, checks.get(place + 1).map(|next| next.at_ms));
        }
    }

    fn made(&mut self, check: &Check) {
        let patience = millis(MISSED_AFTER);
        let until_ms = self.window.until_ms;
        let answer = self.facts.answer_to(check);
        let answer = answer.filter(|answer| answer.at_ms < until_ms);
        let in_time = answer.filter(|answer| answer.at_ms.saturating_sub(check.at_ms) <= patience);
        if in_time.is_none() && check.at_ms.saturating_add(patience) >= until_ms {
            // It may still be answered.
            return;
        }
        if orders::holds(self.under_order, check.at_ms) {
            self.under_order(check, in_time);
            return;
        }
        match (in_time, answer) {
            (Some(answer), _) => self.passed(check, answer),
            (None, Some(_)) => self.failed(check, "LATE", 1, |counted| &mut counted.late),
            (None, None) => {
                let cause = self.cause_of_silence(check);
                self.failed(check, cause, 1, |counted| &mut counted.missed);
            }
        }
    }

    fn asked(&self, check: &Check) -> Option<&'a DeskFacts> {
        self.facts.desks.get(check.to.as_ref()?)
    }

    /// The whole, and each path to the desk that a check asked.
    fn each(&mut self, check: &Check, mut count: impl FnMut(Option<&Path>, &mut Counted)) {
        count(None, &mut self.automatic);
        let Some(other) = self.asked(check) else { return };
        for from in self.desk.legs() {
            for to in other.legs().iter().filter(|to| to.relay == from.relay) {
                let path = (from.clone(), to.clone());
                let counted = self.paths.entry(path.clone()).or_default();
                count(Some(&path), counted);
            }
        }
    }

    fn passed(&mut self, check: &Check, answer: &Answer) {
        let other = self.asked(check);
        self.each(check, |path, counted| {
            counted.scheduled += 1;
            let cause = match path {
                Some((from, _)) if !check.legs.contains(from) => "OWN_LEG_DOWN",
                Some((_, to)) if answer.legs.contains(to) => "",
                Some((_, to)) if other.is_some_and(|other| other.said_down(to, check.at_ms)) => "PATH_OUTAGE",
                Some(_) => "NOT_SEEN",
                None => "",
            };
            if cause.is_empty() {
                counted.answered += 1;
            } else {
                counted.missed += 1;
                *counted.causes.entry(cause).or_insert(0) += 1;
            }
        });
    }

    /// A check while an order stood: it tells how the line was, and counts neither for it nor against it.
    fn under_order(&mut self, check: &Check, answer: Option<&Answer>) {
        self.each(check, |path, counted| {
            counted.under_order += 1;
            let through = answer.is_some_and(|answer| {
                path.is_none_or(|(from, to)| check.legs.contains(from) && answer.legs.contains(to))
            });
            counted.under_order_answered += u64::from(through);
        });
    }

    fn failed(
        &mut self,
        check: &Check,
        cause: &'static str,
        count: u64,
        which: impl Fn(&mut Counted) -> &mut u64,
    ) {
        self.each(check, |_, counted| {
            counted.scheduled = counted.scheduled.saturating_add(count);
            let of_its_kind = which(counted);
            *of_its_kind = of_its_kind.saturating_add(count);
            let of_its_cause = counted.causes.entry(cause).or_insert(0);
            *of_its_cause = of_its_cause.saturating_add(count);
        });
    }

    /// Checks that were due in the window, between this one and the next or the end, and were never made.
    fn not_sent(&mut self, check: &Check, next_ms: Option<u64>) {
        if check.every_ms < EVERY_LEAST_MS {
            return;
        }
        let end = next_ms.unwrap_or(u64::MAX).min(self.window.until_ms);
        // A station that is busy may be half an interval late.
        let gap = end.saturating_sub(check.at_ms).saturating_add(check.every_ms / 2);
        let missing = (gap / check.every_ms).saturating_sub(1);
        let due = Due { check, missing };
        let absent = due.within((self.window.from_ms, self.window.until_ms));
        let spans = self.under_order.iter();
        let ordered = spans
            .map(|(begin, end)| due.within((*begin.max(&self.window.from_ms), *end)))
            .fold(0, u64::saturating_add);
        if ordered > 0 {
            self.each(check, |_, counted| {
                counted.under_order = counted.under_order.saturating_add(ordered);
            });
        }
        let unexplained = absent.saturating_sub(ordered);
        if unexplained > 0 {
            let cause = self.desk.cause_of_absence(check.at_ms, end);
            self.failed(check, cause, unexplained, |counted| &mut counted.not_sent);
        }
    }

    fn cause_of_silence(&self, check: &Check) -> &'static str {
        let Some(other) = self.asked(check) else {
            return "NO_ANSWER";
        };
        let legs = other.legs();
        if other.closed_at(check.at_ms) {
            "DESK_CLOSED"
        } else if !legs.is_empty() && legs.iter().all(|leg| other.said_down(leg, check.at_ms)) {
            "PATH_OUTAGE"
        } else {
            "NO_ANSWER"
        }
    }
}

/// Checks that were due behind one that was made, an interval apart.
struct Due<'a> {
    check: &'a Check,
    missing: u64,
}

impl Due<'_> {
    /// How many of them were due in a span.
    fn within(&self, (begin, end): Span) -> u64 {
        let before = |at_ms: u64| {
            // Those whose time is earlier than this.
            let since = at_ms.saturating_sub(self.check.at_ms).saturating_sub(1);
            (since / self.check.every_ms).min(self.missing)
        };
        before(end).saturating_sub(before(begin))
    }
}
