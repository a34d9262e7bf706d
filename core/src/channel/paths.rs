//! The carrier: which ways lead from desk to desk, as far as this desk knows.
//!
//! A way leads over one relay. It carries when a leg of ours to that relay is up and the relay does not say that the
//! other desk is gone. A relay that never said anything about the other desk is given the benefit of the doubt; one that
//! did, was lost and says nothing yet is not: it may have been started again, and then knows nobody. One that cannot be
//! reached says nothing that counts.

use std::collections::BTreeSet;

use super::{Axis, Carrier, Cause, CauseKind, Evidence};
use crate::duty::PresenceState;
use crate::leg::{Leg, RelayName};
use crate::time::WallTime;

/// Ways over different relays that make a line whole.
const WAYS_WANTED: usize = 2;
/// Legs of ours that make a line whole.
const LEGS_WANTED: usize = 2;

/// One leg of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegFact {
    /// Which.
    pub leg: Leg,
    /// Whether its relay answers.
    pub up: bool,
    /// Why not, in words; empty while it is up.
    pub why: String,
    /// When it was last proven up, or was found down.
    pub at: WallTime,
}

/// Whether a relay's word is that of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It said so since it can be heard.
    Now,
    /// It said so before it was lost, and nothing since.
    Before,
    /// It said so before this desk was started, however long ago, and nothing since. It names no cause: much may have
    /// changed that nobody here heard of.
    Remembered,
}

/// What a relay signed about the other desk's sessions with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceFact {
    /// The relay that signed.
    pub relay: RelayName,
    /// What it says, or said last.
    pub state: PresenceState,
    /// Whether that is its word of now.
    pub told: Told,
    /// When it was last heard to say that the other desk is there, by our clock; none if never.
    pub there: Option<WallTime>,
    /// Its signature, as people see it.
    pub evidence: Evidence,
}

/// All legs of ours, and what relays say about the other desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// This desk: who saw the legs.
    pub me: String,
    /// Every leg of ours.
    pub legs: Vec<LegFact>,
    /// At most one per relay: the newest.
    pub presence: Vec<PresenceFact>,
    /// What the other desk signed of its own legs, and has not taken back. It is shown and decides nothing: what a desk
    /// can still sign and send has arrived.
    pub said: Vec<Evidence>,
}

impl PresenceFact {
    /// Whether the other desk is at this relay now, as the relay says.
    fn is_there(&self) -> bool {
        self.told == Told::Now && self.state == PresenceState::Present
    }
}

impl Paths {
    /// The carrier, desk to desk.
    #[must_use]
    pub fn carrier(&self) -> Axis<Carrier> {
        let carrying = self.carrying().len();
        let legs_up = self.legs.iter().filter(|fact| fact.up).count();
        let wanted = self.relays().len().min(WAYS_WANTED);
        let state = if carrying == 0 {
            Carrier::Down
        } else if carrying >= wanted && legs_up >= LEGS_WANTED {
            Carrier::Up
        } else {
            Carrier::Degraded
        };
        Axis::new(state, self.facts())
    }

    /// Why nothing or not everything passes; none while every leg is up and the other desk is at every relay.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        if self.reached().is_empty() {
            return Some(self.all_cut());
        }
        if self.carrying().is_empty() {
            return Some(self.nobody_there());
        }
        self.some_cut()
    }

    fn relays(&self) -> BTreeSet<&RelayName> {
        self.legs.iter().map(|fact| &fact.leg.relay).collect()
    }

    /// Relays that this desk reaches.
    fn reached(&self) -> BTreeSet<&RelayName> {
        let up = self.legs.iter().filter(|fact| fact.up);
        up.map(|fact| &fact.leg.relay).collect()
    }

    /// Relays over which statements pass from desk to desk.
    fn carrying(&self) -> BTreeSet<&RelayName> {
        let mut relays = self.reached();
        for fact in self.counting() {
            if !fact.is_there() {
                relays.remove(&fact.relay);
            }
        }
        relays
    }

    /// What relays say that this desk reaches.
    fn counting(&self) -> impl Iterator<Item = &PresenceFact> {
        let reached = self.reached();
        self.presence
            .iter()
            .filter(move |fact| reached.contains(&fact.relay))
    }

    fn facts(&self) -> Vec<Evidence> {
        let legs = self.legs.iter().map(|fact| self.leg(fact));
        legs.chain(self.counting().map(|fact| fact.evidence.clone()))
            .chain(self.said.iter().cloned())
            .collect()
    }

    fn leg(&self, fact: &LegFact) -> Evidence {
        let what = if fact.up {
            format!("leg {} answers", fact.leg)
        } else {
            format!("leg {} is down: {}", fact.leg, fact.why)
        };
        Evidence::observed(what, self.me.clone(), fact.at)
    }

    fn all_cut(&self) -> Cause {
        Cause {
            kind: CauseKind::AllPathsCut,
            plain: "no relay can be reached from this desk: every path is cut here".into(),
            message: None,
            evidence: self.facts(),
        }
    }

    /// No relay that we reach says that the other desk is there.
    fn nobody_there(&self) -> Cause {
        let told: Vec<&PresenceFact> = self.counting().collect();
        let of_now = |fact: &&&PresenceFact| fact.told == Told::Now;
        let (reset, closed) = (
            self.gone(&told, PresenceState::Reset),
            self.gone(&told, PresenceState::Closed),
        );
        let (kind, plain) = if !reset.is_empty() {
            let names = names(&reset);
            (
                CauseKind::RemoteDeskDead,
                format!("the remote desk's process is gone: its machine ended the connections to {names}"),
            )
        } else if !closed.is_empty() {
            let names = names(&closed);
            (
                CauseKind::RemoteDeskDead,
                format!("the remote desk is closed: it took leave of {names} in good order"),
            )
        } else if told.iter().any(|fact| fact.told == Told::Now) {
            let now: Vec<&PresenceFact> = told.iter().filter(of_now).copied().collect();
            let names = names(&now);
            (
                CauseKind::RemoteDeskUnreachable,
                format!(
                    "the remote desk no longer answers {names}: its ways are cut, or its machine stands still"
                ),
            )
        } else {
            let names = names(&told);
            (
                CauseKind::RemoteDeskUnreachable,
                format!("{names} can be heard again, and nobody says yet that the remote desk is there"),
            )
        };
        Cause {
            kind,
            plain,
            message: None,
            evidence: told.iter().map(|fact| fact.evidence.clone()).collect(),
        }
    }

    /// Those of them that say in this state that the other desk is gone, and count.
    fn gone<'a>(&self, told: &[&'a PresenceFact], state: PresenceState) -> Vec<&'a PresenceFact> {
        let counts = |fact: &&&PresenceFact| {
            fact.state == state && fact.told != Told::Remembered && !self.is_overtaken(fact)
        };
        told.iter().filter(counts).copied().collect()
    }

    /// Whether the other desk was at some relay after this one said last, before it was lost, that it is not; also if that
    /// relay has lost it since.
    fn is_overtaken(&self, old: &PresenceFact) -> bool {
        let later = |fact: &PresenceFact| fact.there > Some(old.evidence.received);
        old.told == Told::Before && self.presence.iter().any(later)
    }

    /// Legs of ours that are down, and relays that the other desk has lost, while others carry.
    fn some_cut(&self) -> Option<Cause> {
        let down: Vec<&LegFact> = self.legs.iter().filter(|fact| !fact.up).collect();
        let away: Vec<&PresenceFact> = self.counting().filter(|fact| !fact.is_there()).collect();
        if down.is_empty() && away.is_empty() {
            return None;
        }
        let carrying: Vec<&str> = self.carrying().iter().map(|relay| relay.as_str()).collect();
        let ours = down.iter().map(|fact| format!("{} is down here", fact.leg));
        let theirs = away.iter().map(|fact| match fact.told {
            Told::Now => format!("the remote desk is not at {}", fact.relay),
            Told::Before | Told::Remembered => {
                format!("{} does not say yet that the remote desk is there", fact.relay)
            }
        });
        let cut: Vec<String> = ours.chain(theirs).collect();
        let evidence = down.iter().map(|fact| self.leg(fact));
        let evidence = evidence
            .chain(away.iter().map(|fact| fact.evidence.clone()))
            .chain(self.said.iter().cloned());
        Some(Cause {
            kind: CauseKind::OnePathCut,
            plain: format!(
                "a path is cut ({}); {} still carries",
                cut.join(", "),
                carrying.join(" and ")
            ),
            message: None,
            evidence: evidence.collect(),
        })
    }
}

fn names(facts: &[&PresenceFact]) -> String {
    let names: Vec<&str> = facts.iter().map(|fact| fact.relay.as_str()).collect();
    names.join(" and ")
}
