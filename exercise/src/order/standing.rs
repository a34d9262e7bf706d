//! How an exercise stands, as control is told: clocks, injects, faults, seats, and what a controller has seen by then.

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::Hash;
use hotline_core::{
    story::{Rate, Running},
    time::{LineTime, StoryTime, WallTime},
};
use serde::{Deserialize, Serialize};

use super::{Heads, label, words};
use crate::{
    plan::Plan,
    record::{Record, Stamp, running_codes},
    scenario::lists::Tongue,
};

/// A moment on the three clocks, in milliseconds: since 1970, since control's start, since STARTEX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    /// By control's wall clock.
    pub wall_ms: u64,
    /// Of the line.
    pub line_ms: u64,
    /// Of the story.
    pub story_ms: u64,
}

/// An inject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InjectStands {
    /// Its number.
    pub serial: String,
    /// What it is called.
    pub title: String,
    /// How it stands: `PENDING`.
    pub status: String,
    /// Its moment of the story, if it is known: planned, or when it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story_ms: Option<u64>,
    /// What it waits for; empty if for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub waits: String,
    /// What was said with its status.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// It waits for a controller's word and could come now.
    pub offered: bool,
}

/// A fault in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultStands {
    /// Its name.
    pub name: String,
    /// What is wrong, as it is typed.
    pub fault: String,
    /// On which links.
    pub links: Vec<String>,
    /// Since when.
    pub since: Clocks,
    /// Until when.
    pub until: String,
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatStands {
    /// Its name.
    pub seat: String,
    /// `person`, `script`; empty where nobody sits.
    pub who: String,
    /// Its desk, if it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub desk: String,
    /// What that desk shows, as far as control has seen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// A record, as it was written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordStands {
    /// Its place in control's log, from 1.
    pub number: u64,
    /// SHA-256 of its signed bytes, hex.
    pub hash: String,
    /// When.
    pub at: Clocks,
    /// How the story clock ran behind it: `PAUSED`.
    pub state: String,
    /// What it is: `CLOCK`.
    pub kind: String,
    /// What it says.
    pub words: String,
    /// The controller who ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Everything that control is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The exercise's identifier.
    pub exercise: String,
    /// The scenario's id.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// `NOT_STARTED`, `RUNNING`, `PAUSED`, `ENDED`.
    pub state: String,
    /// The story's rate, in thousandths; 0 where it has none.
    pub rate: u32,
    /// Now.
    pub at: Clocks,
    /// Planned ENDEX, in milliseconds of story.
    pub planned_end_ms: u64,
    /// How many records there are.
    pub records: u64,
    /// Every inject, in the order of the file.
    pub injects: Vec<InjectStands>,
    /// Faults in force.
    pub faults: Vec<FaultStands>,
    /// Every seat.
    pub seats: Vec<SeatStands>,
    /// The newest record about each thing that is ordered: what an order expects.
    pub heads: BTreeMap<String, String>,
}

impl Clocks {
    /// A stamp in milliseconds.
    #[must_use]
    pub fn of(stamp: Stamp) -> Self {
        Self {
            wall_ms: stamp.wall.unix_ms(),
            line_ms: millis(stamp.line.since_start()),
            story_ms: millis(stamp.story.since_startex()),
        }
    }

    /// The wall clock.
    #[must_use]
    pub const fn wall(&self) -> WallTime {
        WallTime::from_unix_ms(self.wall_ms)
    }

    /// Line time since control's start.
    #[must_use]
    pub const fn line(&self) -> LineTime {
        LineTime::from_start(Duration::from_millis(self.line_ms))
    }

    /// Story time since STARTEX.
    #[must_use]
    pub const fn story(&self) -> StoryTime {
        StoryTime::from_startex(Duration::from_millis(self.story_ms))
    }
}

impl RecordStands {
    /// A record of the log.
    #[must_use]
    pub fn of(number: u64, hash: Hash, by: Option<&str>, record: &Record) -> Self {
        Self {
            number,
            hash: hash.to_string(),
            at: Clocks::of(record.stamp),
            state: state(record.running).to_owned(),
            kind: label(&record.kind).to_owned(),
            words: words(&record.kind),
            by: by.map(str::to_owned),
        }
    }
}

impl Standing {
    /// What follows from records alone. Faults and desks' labels are for whoever sees the stage to add.
    #[must_use]
    pub fn of(exercise: &str, plan: &Plan, heads: &Heads, records: u64, stamp: Stamp) -> Self {
        let scenario = plan.scenario();
        let clock = plan.clock();
        let offered = plan.offered(&clock, stamp.line);
        let injects = plan.steps().map(|step| {
            let serial = step.inject.serial;
            let waits = plan.waits(serial).map(|waits| waits.to_string());
            InjectStands {
                serial: serial.to_string(),
                title: step.inject.title.in_or_any(Tongue::En).to_owned(),
                status: step.status().to_string(),
                story_ms: plan.planned(serial).map(|story| millis(story.since_startex())),
                waits: waits.unwrap_or_default(),
                what: step.what().to_owned(),
                offered: offered.contains(&serial),
            }
        });
        let seats = scenario.seats.iter().map(|seat| SeatStands {
            seat: seat.name.to_string(),
            who: String::new(),
            desk: seat
                .desk
                .as_ref()
                .map(|desk| desk.to_string())
                .unwrap_or_default(),
            label: String::new(),
        });
        Self {
            exercise: exercise.to_owned(),
            scenario: scenario.id.to_string(),
            title: scenario.title.in_or_any(Tongue::En).to_owned(),
            variant: plan.variant().map(str::to_owned),
            state: state(clock.running()).to_owned(),
            rate: running_codes(clock.running()).1,
            at: Clocks::of(stamp),
            planned_end_ms: millis(plan.end().since_startex()),
            records,
            injects: injects.collect(),
            faults: Vec::new(),
            seats: seats.collect(),
            heads: heads.seen(),
        }
    }

    /// The story's rate, where it has one.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        Rate::from_thousandths(self.rate)
    }

    /// Whether the story stands by a controller's word.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.state == state(Running::Paused(Rate::REAL))
    }
}

/// How a clock runs, in a word.
const fn state(running: Running) -> &'static str {
    match running {
        Running::NotStarted => "NOT_STARTED",
        Running::Running(_) => "RUNNING",
        Running::Paused(_) => "PAUSED",
        Running::Ended => "ENDED",
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
