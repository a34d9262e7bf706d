//! The plan: which inject is due, what a controller may do to it, and where everything stands.
//!
//! A plan reads no clock and does nothing. The conductor asks what is [`due`](Plan::due) and what is to be written down
//! ([`to_write`](Plan::to_write)), writes records, does what they say, and gives each record to [`take`](Plan::take): that is
//! the only way in which anything changes, so that [`fold`](Plan::fold) of the same records is the same plan. What happens
//! on the line comes in as marks ([`seen`](Plan::seen)). The rules stand in `CLOCK.md`, each with its tests.

pub mod agenda;
mod basis;
mod course;
mod dry;
mod due;
mod fold;
mod judge;
mod marks;
mod order;
mod past;
mod sight;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hotline_core::{
    precedence::Precedence,
    story::StoryClock,
    time::{LineTime, StoryTime},
};

pub use course::Waits;
pub use dry::{Dry, dry_run};
pub use fold::FoldError;
pub(crate) use marks::{Marks, plays};
pub use order::{Head, Order, OrderError, Subject};
pub(crate) use past::Past;
pub use past::Point;
pub use sight::{Sight, is_seen_while_played};
pub use status::{NoSuchStep, Status, Step};

use crate::{
    record::{Kind, Stamp},
    scenario::{
        Scenario,
        lists::Side,
        mark::{Alias, Mark, Serial},
    },
};
use basis::Basis;

/// Most injects that are due at once. More at one moment come one after another, in their order.
pub const DUE_AT_ONCE: usize = 4;
/// How late an inject may be and still come by itself: a second of story; and at a fast rate what passes of the story in a
/// second of the line, since at ×60 a machine's own 20 ms are more than a second of story.
pub const OVERDUE: Duration = Duration::from_secs(1);
/// Line time between two overdue injects that nobody but a script decides about.
pub const OFFERED_APART: Duration = Duration::from_secs(1);

/// A plan and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    scenario: Arc<Scenario>,
    variant: Option<String>,
    /// In the order of the file.
    steps: Vec<Step>,
    marks: Marks,
    past: Past,
    /// Expectations of which the conductor has said that what they name has happened.
    told: BTreeMap<String, Point>,
    names: BTreeMap<Alias, String>,
    /// Seats where a person sits.
    persons: BTreeSet<String>,
    /// The newest record's stamp.
    last: Option<Stamp>,
    /// The newest inject that was begun, and when in the story anything was last done about it.
    newest: Option<(Serial, StoryTime)>,
    heads: BTreeMap<Subject, Head>,
    taken: u64,
}

/// A message that was released, as a filter of the file sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released<'a> {
    /// Its SHA-256.
    pub message: hotline_audit::Hash,
    /// Its code, if it is coded.
    pub code: Option<&'a str>,
    /// From which side.
    pub from: Side,
    /// Its precedence.
    pub precedence: Precedence,
    /// SHA-256, in hex, of the message that it answers, corrects or cancels.
    pub refers_to: Option<&'a str>,
}

impl Plan {
    /// The plan of a scenario before STARTEX; of one of its variants, if it has any. What is only in other variants is not in
    /// the plan.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, variant: Option<&str>) -> Self {
        let here = |only: &[String]| plays(only, variant);
        let injects = scenario.injects().filter(|inject| here(&inject.only));
        let steps = injects
            .map(|inject| Step::new(Arc::new(inject.clone()), Basis::of(&scenario, inject, here)))
            .collect();
        Self {
            marks: Marks::new(&scenario, variant),
            variant: variant.map(str::to_owned),
            steps,
            past: Past::default(),
            told: BTreeMap::new(),
            names: BTreeMap::new(),
            persons: BTreeSet::new(),
            last: None,
            newest: None,
            heads: BTreeMap::new(),
            taken: 0,
            scenario,
        }
    }

    /// What happened on the line, with the time that it happened. Told again, the earliest counts. False for what the file has
    /// no name for, for a repeated message without the number of its copy, and for injects, STARTEX and ENDEX: those are
    /// known from the records.
    pub fn seen(&mut self, mark: Mark, stamp: Stamp) -> bool {
        let point = self.past.point(stamp.line, stamp.story);
        matches!(mark, Mark::Rung { .. }) && self.marks.reach(mark, point)
    }

    /// What an expectation names has happened: for those that no mark decides. If it is to happen, the expectation is met; if it
    /// is `never` to happen, broken. Told again, the earliest counts.
    pub fn met(&mut self, expect: &str, stamp: Stamp) {
        if !self
            .scenario
            .expects
            .iter()
            .any(|known| *known.id.value == *expect)
        {
            return;
        }
        let point = self.past.point(stamp.line, stamp.story);
        let earliest = self.told.entry(expect.to_owned()).or_insert(point);
        *earliest = point.min(*earliest);
    }

    /// The names that a released message gets by filters of expectations: records to write. Each name is given once, to the
    /// first that fits.
    #[must_use]
    pub fn names_for(&self, released: &Released<'_>) -> Vec<Kind> {
        let mut found: BTreeSet<&Alias> = BTreeSet::new();
        for expect in &self.scenario.expects {
            let Some(filter) = expect.of.as_ref().filter(|_| self.plays(&expect.only)) else {
                continue;
            };
            let code = filter.code.as_ref().map(|code| code.value.as_str());
            let fits = (code.is_none() || code == released.code)
                && filter.from.is_none_or(|side| side == released.from)
                && filter.precedence.is_none_or(|level| level == released.precedence)
                && filter
                    .refers_to
                    .as_ref()
                    .is_none_or(|to| self.message(to) == released.refers_to && released.refers_to.is_some());
            if fits && !self.names.contains_key(&filter.alias.value) {
                found.insert(&filter.alias.value);
            }
        }
        let named = |alias: &Alias| Kind::Named {
            alias: alias.to_string(),
            message: released.message.to_string(),
        };
        found.into_iter().map(named).collect()
    }

    fn plays(&self, only: &[String]) -> bool {
        plays(only, self.variant.as_deref())
    }

    /// The scenario that is planned.
    #[must_use]
    pub const fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// The variant, if the scenario has any.
    #[must_use]
    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// The story clock, as the records have turned it.
    #[must_use]
    pub fn clock(&self) -> StoryClock {
        self.past.clock()
    }

    /// Line time since STARTEX, without pauses.
    #[must_use]
    pub fn run(&self, now: LineTime) -> Duration {
        self.past.run(now)
    }

    /// Every inject of the play in the order of the file.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter()
    }

    /// One inject.
    #[must_use]
    pub fn step(&self, serial: Serial) -> Option<&Step> {
        self.steps.iter().find(|step| step.inject.serial == serial)
    }

    /// When a mark was reached: by the last of all copies, if it names a repeated message without a copy.
    #[must_use]
    pub fn reached(&self, mark: &Mark) -> Option<Point> {
        self.marks.when(mark)
    }

    /// The SHA-256, in hex, of the message of this name, once it is known.
    #[must_use]
    pub fn message(&self, alias: &Alias) -> Option<&str> {
        let alias = self.marks.named(alias)?;
        self.names.get(&alias).map(String::as_str)
    }

    /// Every message that has a name.
    pub fn names(&self) -> impl Iterator<Item = (&Alias, &str)> {
        self.names
            .iter()
            .map(|(alias, message)| (alias, message.as_str()))
    }

    /// The names of a message, by its SHA-256 in hex.
    pub fn names_of<'a>(&'a self, message: &'a str) -> impl Iterator<Item = &'a Alias> {
        let bears = move |(alias, known): (&'a Alias, &'a String)| (known == message).then_some(alias);
        self.names.iter().filter_map(bears)
    }

    /// The newest record's stamp. Control that goes on after a crash goes on with the story at that moment.
    #[must_use]
    pub const fn last(&self) -> Option<Stamp> {
        self.last
    }
}

#[cfg(test)]
pub(crate) mod tests;
