//! How the line stands, as far as this desk can prove it: the legs and their health, what each relay showed of its log,
//! and in [`StandingView`] label, axes and cause.

use std::{collections::BTreeMap, time::Duration};

use hotline_core::health::Transition;
use serde::{Deserialize, Serialize};

use crate::{standing::StandingView, story::StoryStatus, view::OverdueView};

/// One leg.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LegStatus {
    /// Whether its relay answered the hello and has been heard since.
    pub up: bool,
    /// How it stands: `UP`, `PROVING` (it has a session, and has to answer three probes in a row before it counts as a
    /// second way), `SUSPECT` (a probe was not answered in time), `DOWN`.
    #[serde(default)]
    pub state: String,
    /// Since when, milliseconds since 1970; none before anything happened.
    #[serde(default)]
    pub since_ms: Option<u64>,
    /// It is up, and has not relapsed for five minutes, or never: its lamp is steady.
    #[serde(default)]
    pub steady: bool,
    /// Why it is suspect or down, in words; down: `refused`, `unreachable`, `lost` or `not tried yet` first.
    pub why: String,
    /// By whose numbers it is judged: `lan`, `wan`, `satellite`.
    #[serde(default)]
    pub profile: String,
    /// How the keys of its newest session were agreed: `X25519MLKEM768`, or a classical one; empty before the first.
    #[serde(default)]
    pub key_exchange: String,
    /// Round trip of the newest probe, in milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Smoothed over some eight probes, in milliseconds.
    #[serde(default)]
    pub round_trip_smoothed_ms: Option<f64>,
    /// How much round trips differ, in milliseconds.
    #[serde(default)]
    pub round_trip_variation_ms: Option<f64>,
    /// The shortest of this session, in milliseconds.
    #[serde(default)]
    pub round_trip_least_ms: Option<f64>,
    /// Probes sent on the control lane since the start.
    #[serde(default)]
    pub probes_sent: u64,
    /// Those that were not answered in time.
    #[serde(default)]
    pub probes_missed: u64,
    /// The share of the last hundred that was not answered in time.
    #[serde(default)]
    pub loss: Option<f64>,
    /// The relay's clock less ours, in milliseconds, not corrected for the way.
    pub clock_offset_ms: Option<i64>,
    /// Copies that were the first.
    pub first_copies: u64,
    /// Copies that came later.
    pub late_copies: u64,
    /// How much later than the first later copies came: the median of the last 256, in milliseconds.
    #[serde(default)]
    pub late_by_median_ms: Option<f64>,
    /// The same: the most, in milliseconds.
    #[serde(default)]
    pub late_by_longest_ms: Option<f64>,
    /// Later copies that came when the first one's time was forgotten.
    #[serde(default)]
    pub late_by_unknown: u64,
    /// Copies sent.
    pub sent: u64,
    /// How often it came up.
    pub came_up: u64,
    /// When it was last proven: it answered the hello or a probe. Milliseconds since 1970.
    pub last_proven_ms: Option<u64>,
    /// How it changed lately, the newest last.
    #[serde(default)]
    pub transitions: Vec<TransitionView>,
}

impl LegStatus {
    /// Its lamp, as people read it: `UP`, or `UP, not steady` while it has been up for less than five minutes behind a
    /// relapse.
    #[must_use]
    pub fn lamp(&self) -> String {
        match self.state == "UP" && !self.steady {
            true => format!("{}, not steady", self.state),
            false => self.state.clone(),
        }
    }
}

/// A leg stood differently from then on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitionView {
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// How it stood.
    pub from: String,
    /// How it stands.
    pub to: String,
    /// Why, in words.
    pub why: String,
}

impl TransitionView {
    /// As it is shown.
    #[must_use]
    pub fn of(transition: &Transition) -> Self {
        Self {
            at_ms: transition.at.unix_ms(),
            from: transition.from.name().into(),
            to: transition.to.name().into(),
            why: transition.why.clone(),
        }
    }
}

/// A time in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// One relay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayStatus {
    /// Its identity.
    pub identity: String,
    /// Size of its newest checkpoint that was checked.
    pub log_size: u64,
    /// Statements it has not accepted yet.
    pub pending: u64,
    /// Why it takes nothing in, or why its log is not believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The newest checkpoint of its log that the other side has cosigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosigned: Option<CosignedStatus>,
    /// What it signed last about each desk of the other side, by the desk's identity; nothing while it cannot be heard.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub presence: BTreeMap<String, PresenceStatus>,
}

/// The newest checkpoint of a relay's log that the other side has cosigned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CosignedStatus {
    /// Its leaves.
    pub size: u64,
    /// The relay that cosigned it.
    pub by: String,
    /// When, by its clock, milliseconds since 1970.
    pub at_ms: u64,
    /// Whether a mirror holds all of them.
    pub mirrored: bool,
}

/// A relay's signed word about a desk's sessions with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceStatus {
    /// `PRESENT`, `CLOSED` (the desk said so), `RESET` (its machine ended the connections), `SILENT`.
    pub state: String,
    /// Doors over which the relay has a session with it.
    pub doors: Vec<String>,
    /// Since when, by the relay's clock, milliseconds since 1970.
    pub since_ms: u64,
    /// When the relay signed, by its clock, milliseconds since 1970.
    pub claimed_ms: u64,
    /// When this desk heard it, milliseconds since 1970.
    pub heard_ms: u64,
    /// When this desk heard last that the relay says PRESENT, milliseconds since 1970; none if never, or not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub there_ms: Option<u64>,
    /// SHA-256 of the signed bytes, hex.
    pub sha256: String,
}

/// What became of one path since this station started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathStatus {
    /// Checks that left by our leg and came by theirs.
    pub passed: u64,
    /// Checks that did not.
    pub missed: u64,
    /// When it passed last, milliseconds since 1970.
    pub last_passed_ms: Option<u64>,
    /// When it was missed last, milliseconds since 1970.
    pub last_missed_ms: Option<u64>,
}

/// The automatic comm checks since this station started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecksStatus {
    /// Time between two of them in milliseconds; none when none are sent.
    pub every_ms: Option<u64>,
    /// Sent.
    pub sent: u64,
    /// Answered in time.
    pub answered: u64,
    /// Answered after they had counted as missed.
    pub late: u64,
    /// Not answered in time.
    pub missed: u64,
    /// By path: our leg, `>`, their leg.
    pub paths: BTreeMap<String, PathStatus>,
}

/// A message that nobody acknowledged in time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverdueStatus {
    /// `A-0017`.
    pub name: String,
    /// SHA-256 of its exact bytes, hex.
    pub sha256: String,
    /// How its timer stands.
    pub timer: OverdueView,
}

/// What a station that is run does by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyStatus {
    /// Automatic comm checks.
    pub checks: ChecksStatus,
    /// Messages for which somebody was called again, ours and theirs.
    pub overdue: Vec<OverdueStatus>,
}

/// What a desk said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// `PATH_OUTAGE`, `PATH_RESTORED`, `CLOCK_STEP`, `DESK_OPENS`, `DESK_CLOSES` or `OVERDUE`.
    pub kind: String,
    /// In plain words.
    pub plain: String,
    /// Its legs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<String>,
    /// With OVERDUE: `RE_ALERT`, `SECOND_POSITION`, `SUPERVISOR` or `OUT_OF_BAND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// With OVERDUE: SHA-256 of the message, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// With CLOCK_STEP: the clock before, milliseconds since 1970; else 0.
    pub clock_before_ms: u64,
    /// With CLOCK_STEP: the clock after, milliseconds since 1970; else 0.
    pub clock_after_ms: u64,
    /// In its words, inert.
    pub text: String,
    /// When it was stored here, milliseconds since 1970.
    pub stored_ms: u64,
    /// When its signer says it was, milliseconds since 1970.
    pub claimed_ms: u64,
    /// SHA-256 of the exact signed bytes, hex.
    pub sha256: String,
}

/// How another clock stands to this desk's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockView {
    /// Ahead of this desk's, in milliseconds; behind if negative.
    pub ahead_ms: i64,
    /// Wrong by at most so much, either way, in milliseconds.
    pub uncertainty_ms: u64,
    /// `AGREES`, `WARN` (surely more than 2 s) or `ALARM` (surely more than 10 s); `UNDECIDED` if it was not measured lately.
    pub grade: String,
    /// How long ago it was measured, milliseconds. From three minutes on, or three of this desk's checks, it says nothing of
    /// now.
    #[serde(default)]
    pub age_ms: u64,
}

/// The whole line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineStatus {
    /// This desk.
    pub desk: String,
    /// The desk at the other end.
    pub peer: String,
    /// Exercise or operation.
    pub exercise: String,
    /// Legs by name.
    pub legs: BTreeMap<String, LegStatus>,
    /// Relays by name.
    pub relays: BTreeMap<String, RelayStatus>,
    /// `OPEN`, `DEGRADED` (redundancy lost) or `INTERRUPTED` (no leg up).
    pub carrier: String,
    /// `WHOLE` (two relays answer, over two legs), `LOST`, or `STARTING` (it has never been whole since the start).
    #[serde(default)]
    pub redundancy: String,
    /// Label, axes, watch, channels and the cause of silence.
    #[serde(default)]
    pub standing: StandingView,
    /// Leaves in this desk's log.
    pub log_size: u64,
    /// Messages known.
    pub messages: u64,
    /// Gaps in the peer's chain that are shown.
    pub gaps: Vec<String>,
    /// Alarms since the start, by name.
    pub alarms: BTreeMap<String, u64>,
    /// What this station does by itself, while it is on duty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<DutyStatus>,
    /// The newest statements of each desk about itself, the oldest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub said: BTreeMap<String, Vec<ServiceView>>,
    /// How the story stands that human deadlines run on; none if this desk was told of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<StoryStatus>,
    /// What this desk's own wall clock said, milliseconds since 1970; 0 from a station that does not say.
    #[serde(default)]
    pub wall_ms: u64,
    /// Other clocks as this desk measured them last, by identity: the relays' and the other desk's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clocks: BTreeMap<String, ClockView>,
    /// Why this desk signs nothing, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<String>,
    /// Whether that is because its own key has ended: its log is in order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub key_ended: bool,
}

impl LineStatus {
    /// Legs that have a session.
    #[must_use]
    pub fn legs_up(&self) -> usize {
        self.legs.values().filter(|leg| leg.up).count()
    }
}
