//! What control writes down: one record for everything that it does or sees, each with the three clocks.
//!
//! The state of an exercise is what its records say and nothing else: resuming after a crash, looking at an earlier moment
//! and the report read the same ones. How a record is signed and stored is the evidence's business (`FORMAT.md`); here is
//! what it says. Its detail is JSON as [`Kind::detail`] writes it, and read back strictly.

use hotline_core::{
    story::{Rate, Running},
    time::{LineTime, StoryTime, WallTime},
};
use serde::{Deserialize, Serialize};

use crate::scenario::mark::Serial;

/// When something was done, on every clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// By control's wall clock.
    pub wall: WallTime,
    /// Since control's first start in this exercise. It goes on over a restart, by the wall clock.
    pub line: LineTime,
    /// Since STARTEX.
    pub story: StoryTime,
}

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When.
    pub stamp: Stamp,
    /// How the story clock ran, behind it.
    pub running: Running,
    /// What.
    pub kind: Kind,
}

/// What became of an inject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InjectStatus {
    /// It was overdue by more than a second of story and waits for a controller.
    Entered,
    /// A controller has approved it.
    Approved,
    /// It is being done. Written before it is done.
    Firing,
    /// It was done.
    Delivered,
    /// A person did it, and control writes down what came of it.
    Completed,
    /// A controller left it out.
    Skipped,
    /// It is no longer left out.
    Unskipped,
    /// It could not be done.
    Failed,
    /// Whether it was done cannot be said: control stopped in the middle of it.
    Unknown,
    /// A contingency whose expectation was met: it never fires.
    NotNeeded,
    /// A controller moved it, by so much story time.
    Moved,
}

/// A rating of an objective, as in HSEEP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rating {
    /// Performed without challenges.
    P,
    /// Performed with some challenges.
    S,
    /// Performed with major challenges.
    M,
    /// Unable to be performed.
    U,
}

/// A turn of the story clock, as it is written down. Rates in thousandths, times in milliseconds of story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TurnWord {
    /// The story stands.
    Pause,
    /// It goes on.
    Resume,
    /// At another rate.
    Speed(u32),
    /// Straight to a later moment.
    Leap(u64),
    /// Everything that has not fired is moved: later, or (negative) earlier. The clock itself is not.
    Shift(i64),
}

/// What a desk shows, as control saw it. What has not changed since control's last look at this desk is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seen {
    /// Its wall clock, in milliseconds since 1970, and half the round trip in which it was told, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<(u64, u32)>,
    /// The label above everything: `NORMAL`, `DEGRADED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The causes behind it, the first being the one that it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causes: Option<Vec<String>>,
    /// Axis and state: `carrier`, `UP`.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub axes: std::collections::BTreeMap<String, String>,
    /// Leg and state: `north/quic`, `DOWN`.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub legs: std::collections::BTreeMap<String, String>,
    /// Since when each of these legs stands so, by the desk's wall clock, milliseconds since 1970; absent where it does not say.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub legs_since_ms: std::collections::BTreeMap<String, u64>,
    /// Alarms that it has raised: code and sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<(String, String)>,
    /// Messages that were shown to people since then, SHA-256 in hex; one that is shown twice stands twice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
    /// Looks that were put together into this one because there were too many.
    #[serde(skip_serializing_if = "is_zero")]
    pub coalesced: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A process of the stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessWord {
    /// `relay north`, `desk A`.
    pub who: String,
    /// Its version.
    pub version: String,
}

/// What stands at STARTEX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Startex {
    /// The scenario's id.
    pub scenario: String,
    /// The variant that is played, if the scenario has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// SHA-256 of the scenario's file, hex.
    pub scenario_sha256: String,
    /// Codebook: name and version, like `starter/1`.
    pub codebook: String,
    /// SHA-256 of the codebook, hex.
    pub codebook_sha256: String,
    /// `live`, `headless` or `simulated`.
    pub stage: String,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// The first rate, in thousandths.
    pub rate: u32,
    /// Two officers release OVERRIDE and FLASH, or (`1`) one does: printed in the report.
    pub release: u8,
    /// Every process, with its version.
    pub processes: Vec<ProcessWord>,
    /// Seat and who plays it: `person` or `script`.
    pub seats: std::collections::BTreeMap<String, String>,
    /// Desk and side: `A`, `avelia`; the name under which its log and its identity go: `exercise.avelia.example`.
    pub desks: std::collections::BTreeMap<String, DeskWord>,
}

/// Whose a desk is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskWord {
    /// `A` or `B`.
    pub side: String,
    /// Its identity: `spiffe://exercise.avelia.example/desk/avelia-1`.
    pub identity: String,
    /// The folder of its log in the evidence: `desk-A`.
    pub log: String,
    /// Its backup identity, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
}

impl DeskWord {
    /// Whether an identity is this desk's, or its backup's.
    #[must_use]
    pub fn is(&self, identity: &str) -> bool {
        self.identity == identity || self.backup.as_deref() == Some(identity)
    }
}

/// What is written down of somebody at control stands under this and their name: no seat of a scenario is called so.
pub const AT_CONTROL: &str = "control/";

/// What a record says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// STARTEX. The first record.
    Startex(Box<Startex>),
    /// The exercise runs. Once a second of line.
    Tick,
    /// The story clock was turned.
    Clock {
        /// How.
        turn: TurnWord,
    },
    /// An inject.
    Inject {
        /// Its number: `1.1.1`.
        serial: String,
        /// What became of it.
        status: InjectStatus,
        /// The result, why, or by how much.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        what: String,
    },
    /// A fault was put on or taken off.
    Fault {
        /// Its name.
        name: String,
        /// On?
        on: bool,
        /// What, as it is typed.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        fault: String,
        /// The links it is on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        links: Vec<String>,
    },
    /// A process was killed, stopped, let go on or started; or it died by itself (`DIED`).
    Process {
        /// `relay north`.
        who: String,
        /// `KILL`, `PAUSE`, `RESUME`, `START`, `DIED`.
        deed: String,
    },
    /// A note of a controller, evaluator or observer.
    Note {
        /// Who.
        author: String,
        /// What.
        text: String,
        /// About which objective.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        objective: Option<String>,
    },
    /// An objective was rated.
    Rating {
        /// Who.
        author: String,
        /// Which.
        objective: String,
        /// How.
        rating: Rating,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// What a desk shows.
    Observed {
        /// Which: `A`.
        desk: String,
        /// What.
        seen: Box<Seen>,
    },
    /// A seat was taken or left; or somebody joined control, or has gone.
    Seat {
        /// Which; of control [`AT_CONTROL`] and a name.
        seat: String,
        /// `JOINED`, `LEFT`, `SCRIPTED`; of control `CONTROLLER JOINED`, `OBSERVER LEFT`.
        what: String,
    },
    /// A message has this name in the scenario.
    Named {
        /// Its name: `m1`, `sar#7`.
        alias: String,
        /// SHA-256 of the message, hex.
        message: String,
    },
    /// A rule of a script was played.
    Played {
        /// The seat.
        seat: String,
        /// The rule's name.
        rule: String,
        /// What was refused, if anything was: code and sentence.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        refused: String,
    },
    /// A seat's written judgement.
    Stated {
        /// The seat.
        seat: String,
        /// About what.
        what: String,
        /// What it says.
        is: String,
    },
    /// An order of a controller was refused.
    Refused {
        /// Who.
        controller: String,
        /// What.
        order: String,
        /// Why.
        why: String,
    },
    /// Control goes on after it had stopped.
    Resumed {
        /// What was found: processes that were started again, injects that are unknown.
        found: Vec<String>,
    },
    /// A piece of the scenario's or the codebook's file, in order.
    Annex {
        /// `scenario` or `codebook`.
        file: String,
        /// From which byte.
        offset: u64,
        /// The text.
        text: String,
    },
    /// A finding, and what is to be done about it.
    Improvement {
        /// What was found.
        finding: String,
        /// What is to be done.
        action: String,
        /// Who does it.
        owner: String,
        /// By when.
        due: String,
    },
    /// A security officer's watch has told control of a second passphrase.
    Duress {
        /// Whose watch: `security-A`.
        seat: String,
        /// The officer: `lindqvist`.
        officer: String,
        /// `DURESS`: the second passphrase was typed. `LOST`: notes of unlockings are gone, or the watch cannot tell whether it
        /// was.
        what: String,
        /// When, by the clock of the officer's seat, milliseconds since 1970; 0 where that is not known.
        noted_ms: u64,
    },
    /// ENDEX.
    Endex {
        /// Why: `DONE`, `DURATION`, `CONTROL`.
        why: String,
    },
}

/// A record's detail or code is not one that this program knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of control says {what}")]
pub struct NotARecord {
    /// What is wrong.
    what: String,
}

impl Kind {
    /// Its number in a signed record. New ones are added at the end.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::Startex(_) => 1,
            Self::Tick => 2,
            Self::Clock { .. } => 3,
            Self::Inject { .. } => 4,
            Self::Fault { .. } => 5,
            Self::Process { .. } => 6,
            Self::Note { .. } => 7,
            Self::Rating { .. } => 8,
            Self::Observed { .. } => 9,
            Self::Seat { .. } => 10,
            Self::Refused { .. } => 11,
            Self::Named { .. } => 12,
            Self::Resumed { .. } => 13,
            Self::Stated { .. } => 14,
            Self::Annex { .. } => 15,
            Self::Endex { .. } => 16,
            Self::Improvement { .. } => 17,
            Self::Played { .. } => 18,
            Self::Duress { .. } => 19,
        }
    }

    /// What it says, as JSON: the bytes that are signed.
    ///
    /// # Errors
    /// [`NotARecord`]: never for what this program makes.
    pub fn detail(&self) -> Result<String, NotARecord> {
        serde_json::to_string(self).map_err(|error| NotARecord {
            what: error.to_string(),
        })
    }

    /// Reads what [`detail`](Self::detail) wrote.
    ///
    /// # Errors
    /// [`NotARecord`]: other JSON, an unknown word, another kind than `code`, or other bytes than would be written.
    pub fn parse(code: u32, detail: &str) -> Result<Self, NotARecord> {
        let refused = |what: String| NotARecord { what };
        let kind: Self = serde_json::from_str(detail).map_err(|error| refused(error.to_string()))?;
        if kind.code() != code {
            return Err(refused(format!(
                "that it is of kind {code}, and is of kind {}",
                kind.code()
            )));
        }
        if kind.detail()? != detail {
            return Err(refused("the same in other bytes than are written".into()));
        }
        Ok(kind)
    }

    /// An inject's number, of a record about one.
    #[must_use]
    pub fn serial(&self) -> Option<Serial> {
        match self {
            Self::Inject { serial, .. } => serial.parse().ok(),
            _ => None,
        }
    }
}

/// How the story clock runs as two numbers of a signed record: 1 not started, 2 running, 3 paused, 4 ended; and the rate in
/// thousandths, 0 where there is none.
#[must_use]
pub const fn running_codes(running: Running) -> (u32, u32) {
    match running {
        Running::NotStarted => (1, 0),
        Running::Running(rate) => (2, rate.thousandths()),
        Running::Paused(rate) => (3, rate.thousandths()),
        Running::Ended => (4, 0),
    }
}

/// The other way; `None` for numbers that mean nothing.
#[must_use]
pub fn running_of(state: u32, rate: u32) -> Option<Running> {
    match (state, rate) {
        (1, 0) => Some(Running::NotStarted),
        (4, 0) => Some(Running::Ended),
        (2, rate) => Rate::from_thousandths(rate).map(Running::Running),
        (3, rate) => Rate::from_thousandths(rate).map(Running::Paused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_in_no_other_bytes() {
        let kind = Kind::Inject {
            serial: "1.1.1".into(),
            status: InjectStatus::Delivered,
            what: String::new(),
        };
        let detail = kind.detail().unwrap();
        assert_eq!(
            detail,
            r#"{"kind":"inject","serial":"1.1.1","status":"DELIVERED"}"#
        );
        assert_eq!(Kind::parse(4, &detail).unwrap(), kind);
        assert!(Kind::parse(5, &detail).is_err());
        assert!(Kind::parse(4, &detail.replace(',', ", ")).is_err());
        assert!(Kind::parse(4, &detail.replace("}", r#","more":1}"#)).is_err());
        assert_eq!(kind.serial(), Some("1.1.1".parse().unwrap()));
        assert_eq!(Kind::Tick.detail().unwrap(), r#"{"kind":"tick"}"#);
        let turn = Kind::Clock {
            turn: TurnWord::Speed(60_000),
        };
        assert_eq!(
            turn.detail().unwrap(),
            r#"{"kind":"clock","turn":{"SPEED":60000}}"#
        );
        let seen = Kind::Observed {
            desk: "A".into(),
            seen: Box::default(),
        };
        assert_eq!(Kind::parse(9, &seen.detail().unwrap()).unwrap(), seen);
    }

    #[test]
    fn how_the_clock_runs_is_read_as_it_was_written() {
        for running in [
            Running::NotStarted,
            Running::Running(Rate::REAL),
            Running::Paused(Rate::FASTEST),
            Running::Ended,
        ] {
            let (state, rate) = running_codes(running);
            assert_eq!(running_of(state, rate), Some(running));
        }
        assert_eq!(running_of(2, 0), None);
        assert_eq!(running_of(9, 0), None);
    }
}
