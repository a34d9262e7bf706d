//! Why the rest of a report can be believed, and what it does not prove.

use serde::Serialize;

use super::{Leaf, Moment};

/// The integrity statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Integrity {
    /// Every log of the evidence, by name.
    pub logs: Vec<LogRow>,
    /// Logs that were held against each other.
    pub pairs: Vec<Pair>,
    /// Each clock of the stage against control's, by clock and time.
    pub offsets: Vec<Offset>,
    /// Everything that was done to the story clock, in order: from STARTEX to ENDEX, with crashes.
    pub turns: Vec<TurnRow>,
    /// Versions as STARTEX recorded them.
    pub versions: Vec<Version>,
    /// Of each relay's log: who has cosigned it, what conflicts, and what witnesses refused; each as one line.
    pub cosignatures: Vec<String>,
    /// What signatures are worth whose keys have ended, by the relays' logs, each with its proof as one line.
    pub standings: Vec<String>,
    /// What limits these figures, each as one sentence: resolution of the clocks, looks that were put together.
    pub limits: Vec<String>,
}

/// A log, and whether it verifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogRow {
    /// Its name in the evidence: `desk-A`.
    pub name: String,
    /// The origin on its checkpoint.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Its root hash, hex.
    pub root: String,
    /// Whose key signed the checkpoint.
    pub signer: String,
    /// Why it does not verify; `None`: every entry, signature and the root were recomputed and hold.
    pub refused: Option<String>,
}

/// Two logs held against each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// One log's name.
    pub first: String,
    /// The other's.
    pub second: String,
    /// The verdict: `MATCH`, `SENT_NO_RECEIPT`, `FORK`, …
    pub verdict: String,
    /// What was found, as a sentence; may be empty.
    pub found: String,
    /// Whether one says what the other cannot have: something is forged or altered. That one lacks what the other has is no
    /// contradiction.
    pub contradict: bool,
}

/// A clock against control's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offset {
    /// Whose: `desk A`.
    pub clock: String,
    /// When it was asked.
    pub at: Moment,
    /// How far it goes before control's wall clock, milliseconds; behind it, if negative.
    pub offset_ms: i64,
    /// Half the round trip in which it was asked, milliseconds.
    pub uncertain_ms: u32,
    /// Control's record.
    pub leaf: Leaf,
}

/// Something that was done to the story clock, or that it went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TurnRow {
    /// When, by all three clocks.
    pub at: Moment,
    /// What.
    pub turn: TurnKind,
    /// How, in words: `to 60 times`, `by +2m story`; may be empty.
    pub how: String,
    /// Control's record.
    pub leaf: Leaf,
}

/// What was done to the story clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TurnKind {
    /// STARTEX.
    Startex,
    /// PAUSEX: the story stands, the line goes on.
    Pause,
    /// It goes on.
    Resume,
    /// At another rate.
    Speed,
    /// Everything that had not fired was moved; the clock was not.
    Shift,
    /// Straight to a later moment.
    Leap,
    /// The last record before control stopped unasked.
    Crash,
    /// Control went on.
    Resumed,
    /// ENDEX.
    Endex,
}

/// A process, and its version as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// `relay north`, `desk A`.
    pub who: String,
    /// As it told it.
    pub version: String,
}

impl TurnKind {
    /// Its word, as printed and as in the JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Startex => "STARTEX",
            Self::Pause => "PAUSE",
            Self::Resume => "RESUME",
            Self::Speed => "SPEED",
            Self::Shift => "SHIFT",
            Self::Leap => "LEAP",
            Self::Crash => "CRASH",
            Self::Resumed => "RESUMED",
            Self::Endex => "ENDEX",
        }
    }
}
