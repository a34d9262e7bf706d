//! What a relay says of our own chain, and must show.
//!
//! In its hello a relay names the newest statement of this desk that it holds. If that is another one than stands at this
//! place here, either two histories were signed with one key, or the relay lies. A word proves nothing: the statement is
//! fetched, and [`super::adopt`] judges its bytes. Only one that this desk's key signed closes the pen. A relay that shows
//! none is named, and the desk goes on signing.

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::Hash;
use hotline_core::{
    chain::{End, Missing},
    leg::{Lane, Leg, RelayName},
    time::LineTime,
};

use super::{Engine, Signing};
use crate::{lane::Order, round::Round};

/// How long a relay has to show what it claims. 5 s: a lane that is just being opened has 3 s for its hello, and an answer
/// 1.5 s; after either the leg is down.
pub(super) const SHOWN_WITHIN: Duration = Duration::from_secs(5);

/// Another statement than ours, which a relay says it holds at a place of our chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Chain epoch and sequence number.
    place: (u64, u64),
    /// What it names.
    hash: Hash,
    /// What this ledger holds there.
    ours: Hash,
}

impl Claim {
    /// The place, as it is asked for.
    pub(super) fn missing(&self) -> Missing {
        let (epoch, sequence) = self.place;
        Missing {
            epoch,
            first: sequence,
            end: End::At(sequence),
        }
    }
}

/// What a relay's newest statement of ours is to us.
pub(super) enum Named {
    /// It is held here.
    Held,
    /// Nothing is held at its place.
    Unknown,
    /// Another statement is held at its place.
    Other(Claim),
}

/// A relay's claim, and whether people were told that it is not shown.
#[derive(Debug)]
pub(crate) struct Claimed {
    claim: Claim,
    /// When people are told; none if they were.
    due: Option<LineTime>,
}

/// Claims by relay.
pub(crate) type Claims = BTreeMap<RelayName, Claimed>;

impl Engine {
    /// Compares what a relay names with what is held.
    pub(super) fn named(&self, place: (u64, u64), hash: Hash) -> Named {
        let ours = self.ledger.by_place(&self.me.to_string(), place.0, place.1);
        match ours.ok().flatten().map(|ours| ours.hash) {
            Some(ours) if ours == hash => Named::Held,
            Some(ours) => Named::Other(Claim { place, hash, ours }),
            None => Named::Unknown,
        }
    }

    /// Notes a claim: it is to be shown in time. One that people were told of is not told again.
    pub(super) fn note_claim(&mut self, relay: &RelayName, claim: Claim) {
        if self.claims.get(relay).is_some_and(|known| known.claim == claim) {
            return;
        }
        tracing::warn!(%relay, ?claim, "a relay names another statement of this desk than is held: it is asked for it");
        let due = Some(self.line().after(SHOWN_WITHIN));
        self.claims.insert(relay.clone(), Claimed { claim, due });
    }

    /// Asks a relay, behind the gate, for the statement that it claims to hold.
    pub(super) fn ask_for_claimed(&mut self, leg: &Leg, claim: Claim, round: &mut Round) {
        self.note_claim(&leg.relay, claim);
        let (sender, missing) = (self.me.to_string(), claim.missing());
        round
            .orders
            .push((leg.clone(), Lane::Bulk, Order::Refetch { sender, missing }));
    }

    /// Tells people of claims that were not shown in time. If one was shown, they know more than that.
    pub(super) fn tick_claims(&mut self, now: LineTime, round: &mut Round) {
        let late: Vec<RelayName> = self
            .claims
            .iter()
            .filter(|(_, claimed)| claimed.due.is_some_and(|due| due <= now))
            .map(|(relay, _)| relay.clone())
            .collect();
        for relay in late {
            self.not_shown(&relay, round);
        }
    }

    /// A relay has not shown what it claims: it is named, and this desk goes on signing.
    pub(super) fn not_shown(&mut self, relay: &RelayName, round: &mut Round) {
        let Some(claimed) = self.claims.get_mut(relay) else {
            return;
        };
        if claimed.due.take().is_none() || self.signing != Signing::Open {
            return;
        }
        let Claim { place, hash, ours } = claimed.claim;
        let what = format!(
            "{relay} says that it holds {hash} at place {}.{} of this desk's chain, where this ledger holds {ours}, and does not show it: this desk goes on signing",
            place.0, place.1
        );
        self.alarm("UNPROVEN", what, round);
    }

    /// When a claim must have been shown.
    pub(super) fn next_claim(&self) -> Option<LineTime> {
        self.claims.values().filter_map(|claimed| claimed.due).min()
    }
}
