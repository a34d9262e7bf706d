//! A finished exercise, played back: how it stood at a moment of its story, and what happened from there on, in the order
//! in which it happened. Nothing is done again and nothing can be changed: what is shown was signed.

mod stood;

pub use stood::ReplayError;

use serde::Serialize;

use hotline_core::words::Rung;

use super::{
    build::{is_news, moment},
    lines::Lines,
    model::Moment,
};
use crate::{
    bundle::Evidence,
    order::Standing,
    record::{Kind, TurnWord},
    timeline::{Climb, Entry, Timeline, What},
};

/// Which part of an exercise is played back, in milliseconds of story.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// From here on; 0 is STARTEX.
    pub from_ms: u64,
    /// Up to here, this moment included; none for all of it.
    pub until_ms: Option<u64>,
}

/// What is played back.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// How the exercise stood just before the first line; none from STARTEX on, before which nothing stood.
    pub stood: Option<Standing>,
    /// What happened, by story time; in the order of the wall clock where the story stood.
    pub lines: Vec<Line>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, on every clock.
    pub at: Moment,
    /// Whose: `desk A`, `relay north`, `control`.
    pub who: String,
    /// What: a rung, or a record of control, by its formal name.
    pub kind: String,
    /// About what.
    pub subject: String,
    /// In its signer's words; may be empty.
    pub what: String,
    /// The log in which it stands first.
    pub log: String,
    /// Its leaf there, from 0.
    pub leaf: u64,
    /// The story went straight to this moment: nothing was waited for.
    pub leapt: bool,
}

impl Replay {
    /// Reads it from the evidence. The same evidence gives the same lines.
    ///
    /// # Errors
    /// [`ReplayError`]: the records of control do not follow from the scenario in the evidence.
    pub fn of(evidence: &Evidence, timeline: &Timeline, part: Part) -> Result<Self, ReplayError> {
        // Folded whole, whatever part is asked for: records that do not follow are no exercise.
        let stood = stood::at(evidence, timeline, part.from_ms)?;
        let told = Lines::new(timeline);
        let mut lines: Vec<Line> = timeline
            .entries
            .iter()
            .flat_map(|entry| of_entry(timeline, &told, entry))
            .collect();
        lines.retain(|line| part.holds(line.at.story_ms));
        // Entries come by control's wall clock, and equal ones keep their order.
        lines.sort_by_key(|line| line.at.story_ms);
        let stood = Some(stood).filter(|_| part.from_ms > 0);
        Ok(Self { stood, lines })
    }
}

impl Part {
    fn holds(&self, story_ms: u64) -> bool {
        self.from_ms <= story_ms && self.until_ms.is_none_or(|until| story_ms <= until)
    }
}

/// An entry, and that relays accepted it. What came before STARTEX is no part of the story.
fn of_entry(timeline: &Timeline, told: &Lines<'_>, entry: &Entry) -> Vec<Line> {
    let news = is_news(entry) && entry.at.story_ms.is_some();
    let place = entry.places.first().filter(|_| news);
    let own = place.map(|place| Line {
        at: moment(entry.at),
        who: told.who(entry),
        kind: told.kind(entry),
        subject: told.subject(entry),
        what: told.what(entry),
        log: place.log.clone(),
        leaf: place.leaf,
        leapt: is_leap(entry),
    });
    let climbs = timeline.climbs_of(&entry.sha256).iter();
    let accepted = climbs
        .filter(|climb| climb.rung == Rung::Accepted)
        .filter_map(|climb| accepted(timeline, told, entry, climb));
    own.into_iter().chain(accepted).collect()
}

/// That a relay had it on disk and in its log.
fn accepted(timeline: &Timeline, told: &Lines<'_>, entry: &Entry, climb: &Climb) -> Option<Line> {
    let at = climb.at.filter(|at| at.story_ms.is_some())?;
    let mut logs = timeline.logs.iter();
    let log = logs.find(|log| timeline.name_of(&log.owner) == climb.desk)?;
    let place = entry.places.iter().find(|place| place.log == log.name)?;
    Some(Line {
        at: moment(at),
        who: climb.desk.clone(),
        kind: climb.rung.to_string(),
        subject: told.subject(entry),
        what: String::new(),
        log: place.log.clone(),
        leaf: place.leaf,
        leapt: false,
    })
}

fn is_leap(entry: &Entry) -> bool {
    let What::Control(record) = &entry.what else {
        return false;
    };
    matches!(
        record.kind,
        Kind::Clock {
            turn: TurnWord::Leap(_)
        }
    )
}

#[cfg(test)]
mod tests;
