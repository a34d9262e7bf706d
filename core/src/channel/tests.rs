//! Facts by hand for the rules of channel state; the rules themselves are tested in the files below.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod first;
mod label;
mod orders;
mod rekeys;
mod restoring;
mod silence;
mod watch;

use std::collections::BTreeMap;

use super::{Evidence, LegFact, Order, Paths, PresenceFact, Told, WatchEntry};
use crate::duty::{OrderVerb, PresenceState, WatchVerb};
use crate::id::{Hash32, Place};
use crate::identity::Identity;
use crate::leg::RelayName;
use crate::time::WallTime;

/// `A` and `B`: the two desks.
fn desk(side: &str) -> Identity {
    let domain = if side == "A" { "avelia" } else { "borenia" };
    format!("spiffe://{domain}.example/desk/ops").parse().unwrap()
}

fn officer(side: &str, name: &str) -> Identity {
    let domain = if side == "A" { "avelia" } else { "borenia" };
    format!("spiffe://{domain}.example/officer/{name}")
        .parse()
        .unwrap()
}

fn relay(name: &str) -> RelayName {
    RelayName::parse(name).unwrap()
}

fn at(second: u64) -> WallTime {
    WallTime::from_unix_ms(second * 1000)
}

fn place(sequence: u64) -> Place {
    Place::new(1, sequence).unwrap()
}

fn took(name: &str) -> WatchEntry {
    change(WatchVerb::Take, name)
}

fn change(verb: WatchVerb, name: &str) -> WatchEntry {
    WatchEntry {
        verb,
        officer: officer("B", name),
        other: (verb == WatchVerb::HandOver).then(|| officer("B", "sato").to_string()),
        remark: String::new(),
        claimed: at(1),
        received: at(1),
        hash: Hash32([1; 32]),
    }
}

/// An order about MARITIME; `leaf` is also its place and its hash.
fn order(side: &str, verb: OrderVerb, leaf: u8) -> Order {
    Order {
        desk: desk(side),
        place: place(u64::from(leaf)),
        hash: Hash32([leaf; 32]),
        officer: officer(side, "moreau"),
        verb,
        channel: Some("MARITIME".into()),
        scope: String::new(),
        reason: "a visit".into(),
        effective: None,
        review_by: None,
        subject: None,
        consents_to: None,
        claimed: at(1),
        received: at(1),
        leaf: u64::from(leaf),
        seen: BTreeMap::new(),
    }
}

fn agreeing(side: &str, to: u8, leaf: u8) -> Order {
    Order {
        consents_to: Some(Hash32([to; 32])),
        ..order(side, OrderVerb::Restore, leaf)
    }
}

/// Legs in the order north/quic, north/tcp, south/quic, south/tcp.
fn paths(up: [bool; 4], presence: &[(&str, PresenceState)]) -> Paths {
    let legs = ["north/quic", "north/tcp", "south/quic", "south/tcp"];
    Paths {
        me: desk("A").to_string(),
        legs: legs
            .iter()
            .zip(up)
            .map(|(leg, up)| LegFact {
                leg: leg.parse().unwrap(),
                up,
                why: "unreachable".into(),
                at: at(1),
            })
            .collect(),
        presence: presence
            .iter()
            .map(|(name, state)| PresenceFact {
                relay: relay(name),
                state: *state,
                told: Told::Now,
                there: (*state == PresenceState::Present).then_some(at(1)),
                evidence: Evidence::observed(format!("{name} says {state}"), *name, at(1)),
            })
            .collect(),
        said: Vec::new(),
    }
}
