//! The carrier: which ways lead from desk to desk, as far as this desk knows.
//!
//! A way leads over one relay. It carries when a leg of ours to that relay is up and the relay does not say that the
//! other desk is gone. A relay that says nothing about the other desk is given the benefit of the doubt; one that cannot
//! be reached says nothing that counts.

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

/// What a relay signed about the other desk's sessions with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceFact {
    /// The relay that signed.
    pub relay: RelayName,
    /// What it says.
    pub state: PresenceState,
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
            if fact.state != PresenceState::Present {
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

    /// Every relay that we reach says that the other desk is not there.
    fn nobody_there(&self) -> Cause {
        let told: Vec<&PresenceFact> = self.counting().collect();
        let names: Vec<&str> = told.iter().map(|fact| fact.relay.as_str()).collect();
        let names = names.join(" and ");
        let any = |state| told.iter().any(|fact| fact.state == state);
        let (kind, plain) = if any(PresenceState::Reset) {
            (
                CauseKind::RemoteDeskDead,
                format!("the remote desk's process is gone: its machine ended the connections to {names}"),
            )
        } else if any(PresenceState::Closed) {
            (
                CauseKind::RemoteDeskDead,
                format!("the remote desk is closed: it took leave of {names} in good order"),
            )
        } else {
            (
                CauseKind::RemoteDeskUnreachable,
                format!(
                    "the remote desk no longer answers {names}: its ways are cut, or its machine stands still"
                ),
            )
        };
        Cause {
            kind,
            plain,
            message: None,
            evidence: told.iter().map(|fact| fact.evidence.clone()).collect(),
        }
    }

    /// Legs of ours that are down, and relays that the other desk has lost, while others carry.
    fn some_cut(&self) -> Option<Cause> {
        let down: Vec<&LegFact> = self.legs.iter().filter(|fact| !fact.up).collect();
        let away: Vec<&PresenceFact> = self
            .counting()
            .filter(|fact| fact.state != PresenceState::Present)
            .collect();
        if down.is_empty() && away.is_empty() {
            return None;
        }
        let carrying: Vec<&str> = self.carrying().iter().map(|relay| relay.as_str()).collect();
        let ours = down.iter().map(|fact| format!("{} is down here", fact.leg));
        let theirs = away
            .iter()
            .map(|fact| format!("the remote desk is not at {}", fact.relay));
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
