//! What the figures are drawn from.

use serde::Serialize;

use super::{Leaf, Moment};

/// Inputs of all figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Desks, relays and control, from top to bottom.
    pub lanes: Vec<Lane>,
    /// What was broken, by beginning.
    pub faults: Vec<FaultSpan>,
    /// How long people took, by release of the message.
    pub waits: Vec<Wait>,
    /// Paths first, then legs, by name.
    pub strips: Vec<Strip>,
    /// The messages whose ladder is drawn, at most four.
    pub ladders: Vec<Ladder>,
    /// How many dialogues were open, each time that it changed.
    pub dialogues: Vec<DialoguesAt>,
    /// How long rungs took, in the ladder's order.
    pub latency: Vec<LatencyRow>,
}

/// Whose lane it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LaneKind {
    /// A desk's.
    Desk,
    /// A relay's.
    Relay,
    /// Control's.
    Control,
}

/// A lane of the swim-lane figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// `desk A`, `relay north`, `control`.
    pub name: String,
    /// Whose.
    pub kind: LaneKind,
    /// What happened there, by time. A statement stands once, in its signer's lane.
    pub marks: Vec<Mark>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// When.
    pub at: Moment,
    /// `RELEASED`, `DELIVERED`, `INJECT`, `CLOCK`, …
    pub kind: String,
    /// Its shape in the figure ([`MarkClass::of`]).
    pub class: MarkClass,
    /// What, as one line: `A-0001 FLASH HZ-01`.
    pub text: String,
    /// The entry that says so.
    pub leaf: Leaf,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MarkClass {
    /// A message leaves: DRAFTED, RELEASED, ANSWERED.
    Message,
    /// A machine's receipt: ACCEPTED, DELIVERED, ALERTED, DISPLAYED.
    Receipt,
    /// A person's act: ACKNOWLEDGED, HOLDING, TRANSLATED, PRESENTED, …
    Person,
    /// The line's own business: service notices, comm checks, watch, channels.
    Service,
    /// Control: injects, turns of the clock, notes.
    Control,
    /// Trouble: faults, processes that end, refusals, alarms.
    Trouble,
}

/// Something that was broken on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultSpan {
    /// Its name.
    pub name: String,
    /// What, as typed.
    pub fault: String,
    /// `OPERATIONAL`, `ADVERSARIAL`, `ACCIDENTAL`, `INSTITUTIONAL`.
    pub category: Option<String>,
    /// The links that it was on.
    pub links: Vec<String>,
    /// Names of the lanes that are shaded; all if empty.
    pub lanes: Vec<String>,
    /// When it was put on.
    pub from: Moment,
    /// When it was taken off; `None`: never.
    pub to: Option<Moment>,
    /// The record that put it on.
    pub leaf: Leaf,
}

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WaitKind {
    /// An officer's acknowledgement, from DELIVERED.
    Acknowledge,
    /// An answer, from DELIVERED.
    Answer,
}

/// How long people took over one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// `A-0001`.
    pub message: String,
    /// `FLASH`, …
    pub precedence: String,
    /// What was waited for.
    pub kind: WaitKind,
    /// The desk that was waited for.
    pub desk: String,
    /// From when.
    pub from: Moment,
    /// Milliseconds of story; `None`: it did not come.
    pub story_ms: Option<u64>,
    /// Milliseconds of story that were allowed; `None`: no deadline.
    pub deadline_ms: Option<u64>,
    /// The entry that ended it.
    pub leaf: Option<Leaf>,
}

/// What a strip is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StripKind {
    /// All legs through one relay.
    Path,
    /// One leg.
    Leg,
}

/// How a path or leg stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StripState {
    /// It carried.
    Up,
    /// A check was missed.
    Suspect,
    /// It did not carry.
    Down,
    /// Nobody looked.
    Unknown,
}

/// Availability of one path or leg, as control observed it on the desks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Strip {
    /// `path 1`, `A north/quic`.
    pub name: String,
    /// What it is.
    pub kind: StripKind,
    /// Its states, by time, without holes.
    pub spans: Vec<StripSpan>,
    /// Where it did not carry.
    pub gaps: Vec<Gap>,
}

/// A stretch in one state. Milliseconds of line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StripSpan {
    /// How it stood.
    pub state: StripState,
    /// From when.
    pub from_line_ms: u64,
    /// Until when.
    pub to_line_ms: u64,
}

/// Where something did not carry. Milliseconds of line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// From when.
    pub from_line_ms: u64,
    /// How long.
    pub length_ms: u64,
    /// The observation that saw it first.
    pub leaf: Option<Leaf>,
}

/// A clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockName {
    /// It never stops.
    Line,
    /// It stands in a pause.
    Story,
}

/// How long one message took to each rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ladder {
    /// `A-0001`.
    pub message: String,
    /// What it is, as one line: `m1, HZ-01, FLASH, A to B`.
    pub about: String,
    /// Its rungs, from the lowest.
    pub steps: Vec<LadderStep>,
}

/// How long one rung took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LadderStep {
    /// From which rung it is counted: `RELEASED`.
    pub from: String,
    /// The rung, with its grade: `TRANSLATED SIGHT`.
    pub rung: String,
    /// By which clock: machines' rungs by line, people's by story.
    pub clock: ClockName,
    /// Milliseconds; `None`: not reached.
    pub ms: Option<u64>,
    /// What of 1967 it is laid beside.
    pub history: Option<HistoryStep>,
    /// The entry that says so.
    pub leaf: Option<Leaf>,
}

/// A step whose length in June 1967 is known (`data/frus-1967-latency.csv`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HistoryStep {
    /// From the last approval to RELEASED.
    ApprovedToSent,
    /// From RELEASED to DELIVERED.
    SentToReceived,
    /// From DELIVERED to TRANSLATED SIGHT.
    ReceivedToSight,
    /// From RELEASED to PRESENTED.
    SentToPrincipal,
    /// From RELEASED to TRANSLATED CERTIFIED.
    SentToCertified,
}

/// How many dialogues were open from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DialoguesAt {
    /// From when.
    pub at: Moment,
    /// How many.
    pub open: u32,
}

/// How long a rung took over all messages. Milliseconds of `clock`; quantiles are values that occurred (nearest rank).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyRow {
    /// `ACCEPTED`, `DELIVERED`, …
    pub rung: String,
    /// From which rung: `RELEASED`.
    pub from: String,
    /// Only these: a precedence, a leg; `None`: all.
    pub only: Option<String>,
    /// By which clock.
    pub clock: ClockName,
    /// How many messages.
    pub count: u32,
    /// The shortest.
    pub min_ms: u64,
    /// Half took at most this.
    pub p50_ms: u64,
    /// Nine of ten.
    pub p90_ms: u64,
    /// 99 of 100.
    pub p99_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

impl MarkClass {
    /// The class of a mark by its kind: rungs and kinds of control's records by their formal names; else the line's own
    /// business.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        match kind {
            "DRAFTED" | "RELEASED" | "ANSWERED" | "CANCELLED" => Self::Message,
            "ACCEPTED" | "DELIVERED" | "ALERTED" | "DISPLAYED" | "CLOSED" => Self::Receipt,
            "ACKNOWLEDGED" | "TRANSLATED" | "PRESENTED" | "HOLDING" | "READ_BACK" | "INSUFFICIENT"
            | "DECLINED" | "CONFIRMED" | "CORRECTED" | "STATED" => Self::Person,
            "STARTEX" | "ENDEX" | "INJECT" | "CLOCK" | "NOTE" | "RATING" | "SEAT" | "RESUMED"
            | "IMPROVEMENT" => Self::Control,
            "FAULT" | "PROCESS" | "REFUSED" | "REJECTED" | "QUARANTINED" | "ALARM" => Self::Trouble,
            _ => Self::Service,
        }
    }
}

impl LatencyRow {
    /// Counts `times`, in milliseconds; `None` without any.
    #[must_use]
    pub fn over(rung: &str, from: &str, clock: ClockName, mut times: Vec<u64>) -> Option<Self> {
        times.sort_unstable();
        let (min_ms, max_ms) = (*times.first()?, *times.last()?);
        Some(Self {
            rung: rung.to_owned(),
            from: from.to_owned(),
            only: None,
            clock,
            count: u32::try_from(times.len()).unwrap_or(u32::MAX),
            min_ms,
            p50_ms: quantile(&times, 500)?,
            p90_ms: quantile(&times, 900)?,
            p99_ms: quantile(&times, 990)?,
            max_ms,
        })
    }
}

/// The nearest-rank quantile of sorted values: the smallest that `thousandths` of them do not exceed.
pub(crate) fn quantile(sorted: &[u64], thousandths: usize) -> Option<u64> {
    let rank = (sorted.len().saturating_mul(thousandths)).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied()
}

impl StripState {
    /// As printed and as in the JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Suspect => "SUSPECT",
            Self::Down => "DOWN",
            Self::Unknown => "UNKNOWN",
        }
    }
}
