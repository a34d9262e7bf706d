//! Who keeps the watch of a desk, from what its officers signed.
//!
//! Statements count in the order of the desk's chain, not of arrival. A watch that is handed over is kept by the officer
//! who hands over until the other one takes it: there is no moment without an officer of the watch but one that is
//! signed. Anybody who may keep the watch may take it, also unasked: a relief must not wait for a signature of somebody
//! who fell ill. Handing over and leaving are the holder's.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Axis, Evidence, Proof, Watched};
use crate::duty::WatchVerb;
use crate::id::{Hash32, Place};
use crate::identity::Identity;
use crate::time::WallTime;

/// Changes of the watch that are remembered per desk. 256: months of four watches a day.
const REMEMBERED: usize = 256;

/// How long a desk may be unheard before nothing it signed about its watch counts. 3 min: two automatic comm checks, one
/// a minute, may be lost, and a minute over.
pub const UNHEARD: Duration = Duration::from_secs(180);

/// Times between two automatic checks that a desk may be unheard. 3: two are lost, and one over.
const CHECKS_LOST: u32 = 3;

/// The most that a desk can ask for by announcing rare checks. 3 h: three of the rarest there are, one an hour.
const UNHEARD_MOST: Duration = Duration::from_secs(3 * 3600);

/// How long a desk may be unheard that says it sends a comm check so often.
#[must_use]
pub fn may_be_unheard(every: Duration) -> Duration {
    (every.saturating_mul(CHECKS_LOST)).clamp(UNHEARD, UNHEARD_MOST)
}

/// One signed change of the watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEntry {
    /// What the officer does.
    pub verb: WatchVerb,
    /// Who.
    pub officer: Identity,
    /// To whom it is handed over, or from whom it is taken; none if nobody is named.
    pub other: Option<String>,
    /// What the next watch should know.
    pub remark: String,
    /// When the officer says that it was.
    pub claimed: WallTime,
    /// When it was stored here.
    pub received: WallTime,
    /// SHA-256 of the desk's statement that places it.
    pub hash: Hash32,
}

/// The watch of one desk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attendance {
    entries: BTreeMap<Place, WatchEntry>,
}

/// What the statements of a desk add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held<'a> {
    /// The statement by which it is held; none if nobody holds it.
    pub by: Option<&'a WatchEntry>,
    /// A hand-over that the other officer has not taken yet.
    pub offered: Option<&'a WatchEntry>,
    /// The statement by which it was left last.
    pub left: Option<&'a WatchEntry>,
}

/// Why a change of the watch is not one. Completes "refused: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHolder {
    /// Nobody holds the watch.
    #[error("nobody has taken the watch of this desk")]
    Nobody,
    /// Somebody else holds it.
    #[error("{0} holds the watch, and only the holder hands it over or leaves it")]
    Other(Identity),
}

impl Attendance {
    /// Takes in a statement of the desk's chain; the same place twice changes nothing.
    pub fn note(&mut self, place: Place, entry: WatchEntry) {
        self.entries.entry(place).or_insert(entry);
        if self.entries.len() > REMEMBERED {
            self.entries.pop_first();
        }
    }

    /// What all statements add up to.
    #[must_use]
    pub fn held(&self) -> Held<'_> {
        let mut held = Held {
            by: None,
            offered: None,
            left: None,
        };
        for entry in self.entries.values() {
            let mine = held.by.is_none_or(|holder| holder.officer == entry.officer);
            match entry.verb {
                WatchVerb::Take => {
                    held = Held {
                        by: Some(entry),
                        offered: None,
                        left: None,
                    };
                }
                WatchVerb::HandOver if mine => {
                    held.by = held.by.or(Some(entry));
                    held.offered = Some(entry);
                }
                WatchVerb::Leave if mine => {
                    held = Held {
                        by: None,
                        offered: None,
                        left: Some(entry),
                    };
                }
                WatchVerb::HandOver | WatchVerb::Leave => {}
            }
        }
        held
    }

    /// Whether an officer may sign this now at the own desk.
    ///
    /// # Errors
    /// Who holds the watch, when a hand-over or leaving is not the holder's.
    pub fn permits(&self, verb: WatchVerb, officer: &Identity) -> Result<(), NotHolder> {
        match (verb, self.held().by) {
            (WatchVerb::Take, _) => Ok(()),
            (WatchVerb::HandOver | WatchVerb::Leave, Some(holder)) if holder.officer == *officer => Ok(()),
            (WatchVerb::HandOver | WatchVerb::Leave, Some(holder)) => {
                Err(NotHolder::Other(holder.officer.clone()))
            }
            (WatchVerb::HandOver | WatchVerb::Leave, None) => Err(NotHolder::Nobody),
        }
    }

    /// The axis. `unheard` is how long nothing that the desk signed has come, none if nothing ever did, and how long that
    /// may be. An own desk is heard at once.
    #[must_use]
    pub fn axis(&self, (unheard, may_be): (Option<Duration>, Duration)) -> Axis<Watched> {
        let held = self.held();
        let facts: Vec<Evidence> = [held.by, held.offered, held.left]
            .into_iter()
            .flatten()
            .map(evidence)
            .collect();
        let state = match (held.by, held.left) {
            _ if unheard.is_none_or(|silence| silence > may_be) => Watched::Unknown,
            (Some(_), _) => Watched::Manned,
            (None, Some(_)) => Watched::Unmanned,
            (None, None) => Watched::Unknown,
        };
        Axis::new(state, dedup(facts))
    }
}

/// A hand-over by an officer who never signed TAKE is both what is held and what is offered.
fn dedup(mut facts: Vec<Evidence>) -> Vec<Evidence> {
    facts.dedup_by(|later, earlier| later.statement == earlier.statement);
    facts
}

fn evidence(entry: &WatchEntry) -> Evidence {
    let name = entry.officer.name();
    let what = match (entry.verb, &entry.other) {
        (WatchVerb::Take, Some(other)) => format!("{name} took the watch from {other}"),
        (WatchVerb::Take, None) => format!("{name} took the watch"),
        (WatchVerb::HandOver, other) => format!(
            "{name} hands the watch over to {}, who has not taken it yet",
            other.as_deref().unwrap_or("nobody named")
        ),
        (WatchVerb::Leave, _) => format!("{name} left the watch"),
    };
    let remark = match entry.remark.as_str() {
        "" => String::new(),
        remark => format!(": {remark}"),
    };
    Evidence {
        what: what + &remark,
        by: entry.officer.to_string(),
        received: entry.received,
        claimed: Some(entry.claimed),
        statement: Some(entry.hash),
        proof: Proof::Statement,
    }
}
