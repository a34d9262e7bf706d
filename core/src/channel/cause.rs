//! Why it is silent: every cause that the facts show, the newest and most severe that is still true first
//! (`rank.rs`).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::orders::Order;
use super::rank::{self, Found};
use super::{Axis, Evidence, Paths, Political, Watched};
use crate::duty::OrderVerb;
use crate::id::Place;
use crate::precedence::Precedence;
use crate::words::{UnknownWord, words};

/// How long a message may be on its way before its absence is named. 5 s: two round trips of a satellite leg and one
/// second over, as for gaps.
pub const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// How long without a comm check that a person acknowledged makes a channel DORMANT. 30 days: VOCABULARY.
pub const DORMANT_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);

words! {
    /// Why it is silent. What stands higher explains what stands lower, if it came later.
    CauseKind, "cause" {
        /// A side severed the channel.
        Severed = 1 "SEVERED",
        /// A side suspended it, or some of it.
        Suspended = 2 "SUSPENDED",
        /// This desk reaches no relay.
        AllPathsCut = 3 "ALL_PATHS_CUT",
        /// The remote desk's process is gone, or it closed.
        RemoteDeskDead = 4 "REMOTE_DESK_DEAD",
        /// The remote desk answers no relay, and nothing says why.
        RemoteDeskUnreachable = 5 "REMOTE_DESK_UNREACHABLE",
        /// An officer of the remote desk declined a message.
        Declined = 6 "DECLINED",
        /// The officer of the watch left, and nobody took it.
        WatchUnmanned = 7 "WATCH_UNMANNED",
        /// A message arrived and was not on screen.
        NotDisplayed = 8 "NOT_DISPLAYED",
        /// A message was on screen, and nobody acknowledged it.
        DisplayedNotAcknowledged = 9 "DISPLAYED_NOT_ACKNOWLEDGED",
        /// A message did not arrive although the way is whole.
        NotDelivered = 10 "NOT_DELIVERED",
        /// A path is cut, another carries.
        OnePathCut = 11 "ONE_PATH_CUT",
        /// Nothing is silent.
        None = 12 "NONE",
    }
}

/// One cause, in words, with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Which.
    pub kind: CauseKind,
    /// In plain words.
    pub plain: String,
    /// The message it is about, as people say it; none if it is about the line.
    pub message: Option<String>,
    /// What proves it.
    pub evidence: Vec<Evidence>,
}

/// How far a message of ours came without a person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The remote desk has not signed DELIVERED.
    NotDelivered,
    /// It arrived; whether the desk signed that its alarm sounded.
    NotDisplayed {
        /// ALERTED is signed.
        alerted: bool,
    },
    /// It was on screen.
    Displayed,
    /// It was read back, and we corrected that: nobody has read it back again.
    Corrected,
    /// An officer declined it.
    Declined {
        /// The reason, verbatim; may be empty.
        reason: String,
        /// Who declined.
        by: String,
    },
}

/// A message of ours that waits for a person of the remote desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// As people say it: `A-0017`.
    pub name: String,
    /// Its channel; empty if it names none.
    pub channel: String,
    /// How urgent.
    pub precedence: Precedence,
    /// Where in the remote desk's chain stands what its stage rests on; none if that desk signed nothing about it.
    pub place: Option<Place>,
    /// How far it came.
    pub stage: Stage,
    /// How long it waits: since DELIVERED, or since it was released if it has not arrived.
    pub waited: Duration,
    /// What was signed about it.
    pub evidence: Vec<Evidence>,
}

impl Waiting {
    /// Whether a person should have answered by now: the first alert step of its precedence has passed.
    #[must_use]
    pub fn overdue(&self) -> bool {
        let person = !matches!(self.stage, Stage::NotDelivered | Stage::Declined { .. });
        let first = self.precedence.alert_schedule().map(|[first, ..]| first);
        person && first.is_some_and(|first| self.waited >= first)
    }

    /// Its cause; none while it may still be on its way.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        let name = &self.name;
        let (kind, plain) = match &self.stage {
            Stage::NotDelivered if self.waited < ON_ITS_WAY => return None,
            Stage::NotDelivered => (
                CauseKind::NotDelivered,
                format!("{name} has not arrived at the remote desk"),
            ),
            Stage::NotDisplayed { alerted: true } => (
                CauseKind::NotDisplayed,
                format!("{name}: delivered, alarm sounded, not displayed"),
            ),
            Stage::NotDisplayed { alerted: false } => (
                CauseKind::NotDisplayed,
                format!("{name}: delivered, not displayed, and no alarm is signed"),
            ),
            Stage::Displayed => (
                CauseKind::DisplayedNotAcknowledged,
                format!("{name}: on screen, and nobody acknowledged it"),
            ),
            Stage::Corrected => (
                CauseKind::DisplayedNotAcknowledged,
                format!("{name}: read back and corrected, and nobody read it back again"),
            ),
            Stage::Declined { reason, by } if reason.is_empty() => (
                CauseKind::Declined,
                format!("{name}: declined by {by} without a reason"),
            ),
            Stage::Declined { reason, by } => {
                (CauseKind::Declined, format!("{name}: declined by {by}: {reason}"))
            }
        };
        Some(Cause {
            kind,
            plain,
            message: Some(name.clone()),
            evidence: self.evidence.clone(),
        })
    }
}

/// All that a cause may come from.
#[derive(Debug, Clone, Copy)]
pub struct Silence<'a> {
    /// Orders that stand, strongest state.
    pub political: Political,
    /// The orders.
    pub orders: &'a [&'a Order],
    /// Whether they stop some channels only of what is asked for.
    pub partial: bool,
    /// Legs and presence.
    pub paths: &'a Paths,
    /// The watch of the other desk.
    pub watch: &'a Axis<Watched>,
    /// Messages that wait.
    pub waiting: &'a [Waiting],
}

/// Every cause, the newest and most severe that is still true first; exactly NONE when nothing is silent.
#[must_use]
pub fn causes(silence: &Silence<'_>) -> Vec<Cause> {
    let of_the_line = [ordered(silence), silence.paths.cause(), unmanned(silence)];
    let mut found: Vec<Found<'_>> = of_the_line
        .into_iter()
        .flatten()
        .map(|cause| (cause, None))
        .collect();
    let waiting = silence.waiting.iter();
    found.extend(waiting.filter_map(|waiting| Some((waiting.cause()?, Some(waiting)))));
    if found.is_empty() {
        found.push((nothing(), None));
    }
    rank::sort(&mut found, silence);
    found.into_iter().map(|(cause, _)| cause).collect()
}

fn nothing() -> Cause {
    Cause {
        kind: CauseKind::None,
        plain: "nothing is silent".into(),
        message: None,
        evidence: Vec::new(),
    }
}

/// Nobody has the watch of the remote desk.
fn unmanned(silence: &Silence<'_>) -> Option<Cause> {
    (silence.watch.state == Watched::Unmanned).then(|| Cause {
        kind: CauseKind::WatchUnmanned,
        plain: "nobody has the watch of the remote desk".into(),
        message: None,
        evidence: silence.watch.facts.clone(),
    })
}

/// SUSPENDED or SEVERED, with who, scope, reason and review.
fn ordered(silence: &Silence<'_>) -> Option<Cause> {
    let (kind, verb) = match silence.political {
        Political::Open => return None,
        Political::Suspended => (CauseKind::Suspended, OrderVerb::Suspend),
        Political::Severed => (CauseKind::Severed, OrderVerb::Sever),
    };
    let plain: Vec<String> = silence
        .orders
        .iter()
        .filter(|order| order.verb == verb)
        .map(|order| order.plain())
        .collect();
    Some(Cause {
        kind,
        plain: plain.join("; "),
        message: None,
        evidence: silence.orders.iter().map(|order| order.evidence()).collect(),
    })
}
