//! The availability of a line, counted from statements alone.
//!
//! Whatever is counted was signed by a desk and stands in both desks' logs, so either side makes the same report of the
//! same statements, and its SHA-256 is what two ministries can put their names to. Times are those that the signers
//! claim; what is received when plays no part. Shares are in millionths, so that no rounding of fractions differs.

mod count;
mod facts;
mod human;
mod orders;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hotline_audit::{Hash, statement::Payload};
use serde::Serialize;

use count::Counting;
use facts::{DeskFacts, Facts};
use orders::Span;

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// Longest stretch, in days. 366: a year of checks from each side is a million statements.
pub const DAYS_MAX: u64 = 366;

/// Statements on their way into a report.
#[derive(Debug, Default)]
pub struct Collector(Facts);

/// What was available, and what was not and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What this is: `availability/v1`.
    pub report: &'static str,
    /// Exercise or operation.
    pub exercise: String,
    /// From when on it counts, milliseconds since 1970.
    pub from_ms: u64,
    /// Until when, milliseconds since 1970.
    pub until_ms: u64,
    /// How long in that time every channel that the log names was SUSPENDED or SEVERED, in milliseconds.
    pub under_order_ms: u64,
    /// How long in that time no person had answered a comm check for 30 days, in milliseconds.
    pub dormant_ms: u64,
    /// By desk: what it checked, and what it said of itself.
    pub desks: BTreeMap<String, DeskReport>,
}

/// One desk's checks and words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeskReport {
    /// Its automatic comm checks.
    pub automatic: Counted,
    /// The same by path: its leg, `>`, the other desk's leg.
    pub paths: BTreeMap<String, Counted>,
    /// The comm checks of its officers.
    pub human: HumanReport,
    /// What it said of its own legs.
    pub outages: BTreeMap<String, OutageReport>,
    /// SUSPEND and SEVER of its officers that stood in that time, the oldest first.
    pub orders: Vec<OrderReport>,
    /// How often it opened.
    pub opened: u64,
    /// How often it closed in good order.
    pub closed: u64,
    /// How often its clock jumped.
    pub clock_steps: u64,
    /// Steps it took because nobody acknowledged, by name.
    pub overdue: BTreeMap<String, u64>,
}

/// Checks, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Due: sent and not sent.
    pub scheduled: u64,
    /// Answered in time; of a path, passed.
    pub answered: u64,
    /// Answered late.
    pub late: u64,
    /// Sent and not answered.
    pub missed: u64,
    /// Not sent at all.
    pub not_sent: u64,
    /// Due while every channel was under an order: told apart, and not among `scheduled`.
    pub under_order: u64,
    /// Of those, answered in time.
    pub under_order_answered: u64,
    /// What was not answered in time, by cause.
    pub causes: BTreeMap<&'static str, u64>,
    /// Share of `scheduled` that was answered in time, in millionths; absent when nothing was due.
    pub availability_ppm: Option<u64>,
}

/// Outages that a desk said of one of its legs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutageReport {
    /// How many.
    pub count: u64,
    /// How long altogether, in milliseconds.
    pub total_ms: u64,
    /// Whether the last one lasts.
    pub open: bool,
}

/// An order that stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderReport {
    /// `SUSPEND` or `SEVER`.
    pub verb: &'static str,
    /// The channel; absent for all of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Who ordered.
    pub officer: String,
    /// Why, in words.
    pub reason: String,
    /// From when on, milliseconds since 1970.
    pub from_ms: u64,
    /// When both sides had signed RESTORE, milliseconds since 1970; absent while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// The hourly checks of people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HumanReport {
    /// Hours that were this desk's.
    pub scheduled: u64,
    /// A person of the other desk acknowledged or answered within 5 minutes.
    pub answered: u64,
    /// The same, later.
    pub late: u64,
    /// Nobody did.
    pub missed: u64,
    /// Nobody here checked.
    pub not_made: u64,
    /// Hours of this desk in which the line was under an order: not among `scheduled`.
    pub under_order: u64,
}

impl Collector {
    /// A collector at that time, milliseconds since 1970: what claims to be later is counted like the rest, and is no end
    /// of a report.
    #[must_use]
    pub fn at(now_ms: u64) -> Self {
        let mut facts = Facts::default();
        facts.now_ms = Some(now_ms);
        Self(facts)
    }

    /// Takes a statement of the log, in whatever order.
    pub fn add(&mut self, hash: Hash, payload: &Payload) {
        self.0.add(hash, payload);
    }

    /// When a person last answered a comm check of the other side, milliseconds since 1970.
    #[must_use]
    pub fn last_human_check_ms(&self) -> Option<u64> {
        let tests = self.0.desks.values().flat_map(|desk| &desk.tests);
        tests.filter_map(|test| self.0.person_answered(test)).max()
    }

    /// The report of the `days` before `until_ms`; without it, up to and with the newest statement that does not claim to
    /// come from the future.
    #[must_use]
    pub fn report(mut self, days: u64, until_ms: Option<u64>) -> Report {
        self.0.sort();
        let until_ms = until_ms.unwrap_or(self.0.newest_ms.saturating_add(1));
        let from_ms = until_ms.saturating_sub(days.clamp(1, DAYS_MAX).saturating_mul(DAY_MS));
        let window = Window { from_ms, until_ms };
        let under_order = orders::standing(&self.0, until_ms);
        let desks = self.0.desks.keys().map(|desk| {
            let report = desk_report(&self.0, desk, window, &under_order);
            (desk.clone(), report)
        });
        Report {
            report: "availability/v1",
            exercise: self.0.exercise.clone(),
            from_ms,
            until_ms,
            under_order_ms: orders::within(&under_order, window),
            dormant_ms: human::dormant_ms(&self.0, window),
            desks: desks.collect(),
        }
    }
}

impl Report {
    /// Its one JSON form: no white space, fields in the order of this file, names sorted.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("numbers and strings have a JSON form")
    }

    /// SHA-256 of that form.
    #[must_use]
    pub fn sha256(&self) -> Hash {
        Hash::of(self.canonical().as_bytes())
    }
}

/// The time that is counted.
#[derive(Clone, Copy, Debug)]
struct Window {
    from_ms: u64,
    until_ms: u64,
}

impl Window {
    fn holds(self, at_ms: u64) -> bool {
        (self.from_ms..self.until_ms).contains(&at_ms)
    }
}

fn desk_report(facts: &Facts, name: &str, window: Window, under_order: &[Span]) -> DeskReport {
    let Some(desk) = facts.desks.get(name) else {
        return DeskReport::default();
    };
    let mut counting = Counting::new(facts, desk, window, under_order);
    counting.all();
    let in_window = |at: &&u64| window.holds(**at);
    let mut overdue = BTreeMap::new();
    for (step, at) in &desk.overdue {
        if window.holds(*at) {
            *overdue.entry(step.clone()).or_insert(0) += 1;
        }
    }
    let turns = |opens| {
        desk.duty
            .iter()
            .filter(|(at, o)| *o == opens && window.holds(*at))
            .count() as u64
    };
    DeskReport {
        automatic: counting.automatic.shared(),
        paths: counting
            .paths
            .into_iter()
            .map(|((from, to), counted)| (format!("{from}>{to}"), counted.shared()))
            .collect(),
        human: human::report(facts, name, window, under_order),
        outages: outages(desk, window),
        orders: orders::of_desk(facts, name, window),
        opened: turns(true),
        closed: turns(false),
        clock_steps: desk.clock_steps.iter().filter(in_window).count() as u64,
        overdue,
    }
}

impl Counted {
    fn shared(mut self) -> Self {
        let share = |scheduled| self.answered.saturating_mul(1_000_000) / scheduled;
        self.availability_ppm = (self.scheduled > 0).then(|| share(self.scheduled));
        self
    }
}

fn outages(desk: &DeskFacts, window: Window) -> BTreeMap<String, OutageReport> {
    let mut outages: BTreeMap<String, OutageReport> = BTreeMap::new();
    for outage in &desk.outages {
        let end = outage.end_ms.unwrap_or(window.until_ms).min(window.until_ms);
        let begin = outage.begin_ms.max(window.from_ms);
        if begin >= end {
            continue;
        }
        let report = outages.entry(outage.leg.to_string()).or_default();
        report.count += 1;
        report.total_ms += end - begin;
        report.open = outage.end_ms.is_none();
    }
    outages
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
