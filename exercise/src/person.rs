//! A scripted player: what a seat hears goes in, what it wants done comes out.
//!
//! It reads no clock, holds no key and does nothing itself: whoever plays the seat does what a [`Wish`] says, or is refused,
//! as a person would be. Times of its rules count from the moment that it heard of something. While the story stands it does
//! nothing.

mod cue;
mod script;
mod wish;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hotline_audit::Hash;
use hotline_core::{
    precedence::Precedence,
    story::StoryClock,
    time::{LineTime, StoryTime},
    words::Rung,
};

use serde::{Deserialize, Serialize};

pub use script::{DEEDS_MAX, PersonError, RULES_MAX};
pub use wish::{PENDING_MAX, Wish};

use crate::{
    plan::{Marks, Past, Point},
    scenario::{
        Scenario,
        lists::Label,
        mark::{Alias, Mark, Serial},
        player::Rule,
    },
    spelled,
};
use cue::Event;
use wish::Pending;

/// What reaches a seat. An arrival or a rung that is told again, by another leg or with every news of its desk, is heard once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Heard {
    /// An inject is delivered to this seat.
    Inject(#[serde(with = "spelled")] Serial),
    /// A message is known at a desk.
    Message {
        /// Its SHA-256.
        #[serde(with = "spelled")]
        message: Hash,
        /// What the file calls it, if that is known already.
        #[serde(with = "spelled::perhaps", default, skip_serializing_if = "Option::is_none")]
        alias: Option<Alias>,
        /// Its code, if it is coded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// Its precedence.
        #[serde(with = "spelled")]
        precedence: Precedence,
        /// It came from the other side. One that this side sent arrives nowhere here.
        incoming: bool,
        /// At which desk.
        desk: String,
    },
    /// A message has reached a rung.
    Rung {
        /// Its SHA-256.
        #[serde(with = "spelled")]
        message: Hash,
        /// Which rung.
        #[serde(with = "spelled")]
        rung: Rung,
        /// At which desk.
        at: String,
    },
    /// A desk shows a label.
    Label {
        /// Which.
        #[serde(with = "spelled")]
        label: Label,
        /// Which desk.
        at: String,
    },
    /// Anything with a name has happened.
    Mark(#[serde(with = "spelled")] Mark),
    /// A message is the one that the file calls so.
    Named {
        /// Its name; of a repeated message with the number of the copy.
        #[serde(with = "spelled")]
        alias: Alias,
        /// Its SHA-256.
        #[serde(with = "spelled")]
        message: Hash,
    },
}

/// A rung that was reached by a message which may yet turn out to bear a name.
#[derive(Clone, Debug)]
struct Reached {
    point: Point,
    /// A rule has been played upon it.
    spent: bool,
}

/// One seat that is played by its script.
#[derive(Clone, Debug)]
pub struct Person {
    seat: String,
    desk: Option<String>,
    rules: Vec<Rule>,
    /// Names of messages and rungs that the rules hang on.
    asks: BTreeSet<(String, Rung)>,
    seed: Option<u64>,
    marks: Marks,
    past: Past,
    names: BTreeMap<Alias, Hash>,
    bears: BTreeMap<Hash, Vec<Alias>>,
    labels: BTreeMap<String, Label>,
    /// Rungs of messages, while a name that a rule waits for is not given to any.
    reached: BTreeMap<(Hash, Rung, String), Reached>,
    /// Arrivals (no rung) and rungs that rules ask for, with their desk: what is told again is no news. A few small entries for
    /// each message.
    heard: BTreeSet<(Hash, Option<Rung>, String)>,
    /// How often a rule was played for a message.
    played: BTreeMap<(usize, Option<Hash>), u16>,
    pending: Pending,
}

impl Person {
    /// Who plays this seat, in this variant. `seed` is for the simulated stage, where rules with a `chance` are drawn;
    /// without it they are always played.
    ///
    /// # Errors
    /// [`PersonError`]: there is no such seat, or its script is larger than any file's can be.
    pub fn new(
        scenario: &Arc<Scenario>,
        seat: &str,
        variant: Option<&str>,
        seed: Option<u64>,
    ) -> Result<Self, PersonError> {
        let card = scenario
            .seat(seat)
            .ok_or_else(|| PersonError::NoSeat(seat.to_owned()))?;
        let rules = script::rules(scenario, seat, variant)?;
        Ok(Self {
            seat: seat.to_owned(),
            desk: card.desk.as_ref().map(|desk| desk.value.clone()),
            asks: script::asks(&rules),
            rules,
            seed,
            marks: Marks::new(scenario, variant),
            past: Past::default(),
            names: BTreeMap::new(),
            bears: BTreeMap::new(),
            labels: BTreeMap::new(),
            reached: BTreeMap::new(),
            heard: BTreeSet::new(),
            played: BTreeMap::new(),
            pending: Pending::default(),
        })
    }

    /// Hears something. `clock` is as it runs at `now`; between two turns of it [`hear`](Self::hear), [`due`](Self::due) or
    /// [`turned`](Self::turned) is called at least once.
    ///
    /// # Errors
    /// [`PersonError::RanAway`]: more is pending than any script means. The seat does no more.
    pub fn hear(&mut self, heard: &Heard, now: LineTime, clock: &StoryClock) -> Result<(), PersonError> {
        self.turned(now, clock);
        let point = self.past.point(now, clock.at(now));
        match heard {
            Heard::Inject(serial) => {
                self.cue(&Event::Inject(*serial), point)?;
                self.mark(Mark::Inject(*serial), point)
            }
            Heard::Message {
                message,
                alias,
                code,
                precedence,
                incoming,
                desk,
            } => {
                if let Some(alias) = alias {
                    self.name(alias, *message)?;
                }
                if !incoming || !self.heard.insert((*message, None, desk.clone())) {
                    return Ok(());
                }
                let arrives = Event::Arrives {
                    message: *message,
                    code: code.as_deref(),
                    precedence: *precedence,
                    desk,
                };
                self.cue(&arrives, point).map(|_| ())
            }
            Heard::Rung { message, rung, at } => self.rung(*message, *rung, at, point),
            Heard::Label { label, at } => {
                if self.labels.insert(at.clone(), *label) == Some(*label) {
                    return Ok(());
                }
                self.cue(&Event::Label(*label, at), point).map(|_| ())
            }
            Heard::Mark(mark) => self.mark(mark.clone(), point),
            Heard::Named { alias, message } => self.name(alias, *message),
        }
    }

    /// What is to be done now, in order.
    pub fn due(&mut self, now: LineTime, clock: &StoryClock) -> Vec<Wish> {
        self.turned(now, clock);
        let (rules, marks, names, past) = (&self.rules, &self.marks, &self.names, &self.past);
        self.pending.due(now, clock, past, |play, deed| {
            script::step(rules, marks, names, play, deed)
        })
    }

    /// When on the line to ask again what is due; `None` if nothing is pending, or the story stands.
    #[must_use]
    pub fn next_wake(&self, clock: &StoryClock) -> Option<LineTime> {
        self.pending.next_wake(clock, &self.past)
    }

    /// The moment of the story at which its next deed is due; `None` if nothing is pending, or a deed waits for the line, of
    /// which the story knows nothing.
    #[must_use]
    pub fn next_story(&self) -> Option<StoryTime> {
        self.pending.next_story()
    }

    /// The clock was turned, or may have been.
    pub fn turned(&mut self, now: LineTime, clock: &StoryClock) {
        if self.past.clock() != *clock {
            // Any moment that is past is answered with the newest turn's time.
            let turned = clock.when(StoryTime::STARTEX).unwrap_or(now);
            self.past.bend(*clock, turned);
        }
    }

    /// Nothing is pending that will come by itself.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.pending.idle()
    }

    /// Which seat.
    #[must_use]
    pub fn seat(&self) -> &str {
        &self.seat
    }
}

#[cfg(test)]
mod tests;
