//! Copies: on which legs a message leaves at once.
//!
//! OVERRIDE and FLASH take every leg that works. All others take the *diagonal*: each relay once, over different doors,
//! so that no single relay and no single transport can hold a message back. Nothing here fails over: both copies leave
//! in the first moment, and the slower one is dropped as a late copy.

use std::collections::{BTreeMap, BTreeSet};

use crate::leg::{Door, Leg, RelayName};
use crate::plant;
use crate::precedence::{Precedence, Urgency};

/// How far a leg can be trusted with a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegStanding {
    /// Its probes are answered.
    Up,
    /// It missed a probe; it may still carry.
    Suspect,
    /// No session.
    Down,
}

/// One leg and its standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegState {
    /// Which leg.
    pub leg: Leg,
    /// How it stands.
    pub standing: LegStanding,
}

/// The plan of copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copies;

impl LegStanding {
    /// Whether a copy may be handed to it at all.
    pub const fn carries(self) -> Carries {
        match self {
            Self::Up | Self::Suspect => Carries::Copies,
            Self::Down => Carries::Nothing,
        }
    }
}

/// Whether a leg has a session to hand a copy to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carries {
    /// It has.
    Copies,
    /// It has none.
    Nothing,
}

impl Copies {
    /// The legs on which a message of this precedence leaves now, in the order of their names; empty when no leg has a
    /// session.
    ///
    /// The diagonal: relays in the order of their names prefer QUIC and TCP in turn. A relay whose preferred leg is
    /// down, or which has none, uses its other; one whose preferred leg is suspect uses both. When only one relay can
    /// be reached, its both doors are used, so that two copies leave whenever two legs are there.
    pub fn plan(precedence: Precedence, legs: &[LegState]) -> Vec<Leg> {
        let relays = by_relay(legs);
        let reachable = relays
            .values()
            .filter(|doors| !carrying(doors).is_empty())
            .count();
        let mut plan = Vec::new();
        for (place, (relay, doors)) in relays.iter().enumerate() {
            let urgency = if plant::active("flash-on-the-diagonal") {
                Urgency::Ordinary
            } else {
                precedence.urgency()
            };
            let taken = match (urgency, reachable) {
                (Urgency::Urgent, _) | (Urgency::Ordinary, 0 | 1) => carrying(doors),
                (Urgency::Ordinary, _) => diagonal(place, doors),
            };
            plan.extend(taken.into_iter().map(|door| Leg::new((*relay).clone(), door)));
        }
        plan
    }
}

type Doors = BTreeMap<Door, LegStanding>;

fn by_relay(legs: &[LegState]) -> BTreeMap<&RelayName, Doors> {
    let mut relays: BTreeMap<&RelayName, Doors> = BTreeMap::new();
    for LegState { leg, standing } in legs {
        relays.entry(&leg.relay).or_default().insert(leg.door, *standing);
    }
    relays
}

fn carrying(doors: &Doors) -> BTreeSet<Door> {
    doors
        .iter()
        .filter(|(_, standing)| standing.carries() == Carries::Copies)
        .map(|(door, _)| *door)
        .collect()
}

fn diagonal(place: usize, doors: &Doors) -> BTreeSet<Door> {
    let preferred = if place.is_multiple_of(2) {
        Door::Quic
    } else {
        Door::Tcp
    };
    match doors.get(&preferred) {
        Some(LegStanding::Up) => [preferred].into(),
        Some(LegStanding::Suspect | LegStanding::Down) | None => carrying(doors),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use LegStanding::{Down, Suspect, Up};
    use proptest::prelude::*;

    fn plan(precedence: Precedence, legs: &[(&str, LegStanding)]) -> Vec<String> {
        let legs: Vec<LegState> = legs
            .iter()
            .map(|(leg, standing)| LegState {
                leg: leg.parse().unwrap(),
                standing: *standing,
            })
            .collect();
        Copies::plan(precedence, &legs)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    const ALL_UP: [(&str, LegStanding); 4] = [
        ("north/quic", Up),
        ("north/tcp", Up),
        ("south/quic", Up),
        ("south/tcp", Up),
    ];

    fn with(changes: &[(&'static str, LegStanding)]) -> Vec<(&'static str, LegStanding)> {
        let changed = |leg: &str| {
            changes
                .iter()
                .find(|(name, _)| *name == leg)
                .map(|(_, standing)| *standing)
        };
        ALL_UP
            .iter()
            .map(|(leg, standing)| (*leg, changed(leg).unwrap_or(*standing)))
            .collect()
    }

    #[test]
    fn a_flash_takes_every_leg_that_carries() {
        for precedence in [Precedence::Flash, Precedence::Override] {
            assert_eq!(plan(precedence, &ALL_UP).len(), 4);
            let legs = with(&[("north/quic", Down), ("south/tcp", Suspect)]);
            assert_eq!(plan(precedence, &legs), ["north/tcp", "south/quic", "south/tcp"]);
        }
    }

    #[test]
    fn a_routine_message_takes_each_relay_once_over_different_doors() {
        assert_eq!(plan(Precedence::Routine, &ALL_UP), ["north/quic", "south/tcp"]);
        assert_eq!(plan(Precedence::Immediate, &ALL_UP), ["north/quic", "south/tcp"]);
    }

    #[test]
    fn a_relay_whose_preferred_leg_is_down_uses_its_other() {
        assert_eq!(
            plan(Precedence::Routine, &with(&[("north/quic", Down)])),
            ["north/tcp", "south/tcp"]
        );
        assert_eq!(
            plan(Precedence::Routine, &with(&[("south/tcp", Down)])),
            ["north/quic", "south/quic"]
        );
    }

    #[test]
    fn a_suspect_leg_adds_the_other_door_at_once() {
        let legs = with(&[("north/quic", Suspect)]);
        assert_eq!(
            plan(Precedence::Routine, &legs),
            ["north/quic", "north/tcp", "south/tcp"]
        );
        assert_eq!(
            plan(Precedence::Routine, &with(&[("north/tcp", Suspect)])),
            ["north/quic", "south/tcp"]
        );
    }

    #[test]
    fn when_one_relay_is_gone_both_doors_of_the_other_are_used() {
        let legs = with(&[("north/quic", Down), ("north/tcp", Down)]);
        assert_eq!(plan(Precedence::Routine, &legs), ["south/quic", "south/tcp"]);
    }

    #[test]
    fn without_any_session_nothing_leaves() {
        let legs: Vec<_> = ALL_UP.iter().map(|(leg, _)| (*leg, Down)).collect();
        assert!(plan(Precedence::Flash, &legs).is_empty());
        assert!(plan(Precedence::Flash, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn two_copies_leave_whenever_two_legs_carry(
            standings in proptest::collection::vec(proptest::sample::select(vec![Up, Suspect, Down]), 6),
            precedence in proptest::sample::select(Precedence::ALL),
        ) {
            let names = ["east/quic", "east/tcp", "north/quic", "north/tcp", "south/quic", "south/tcp"];
            let legs: Vec<_> = names.iter().copied().zip(standings).collect();
            let plan = plan(precedence, &legs);
            let carrying: Vec<_> = legs.iter().filter(|(_, standing)| *standing != Down).map(|(leg, _)| *leg).collect();
            prop_assert!(plan.iter().all(|leg| carrying.contains(&leg.as_str())));
            prop_assert!(plan.len() >= carrying.len().min(2));
            for relay in ["east", "north", "south"] {
                let reachable = carrying.iter().any(|leg| leg.starts_with(relay));
                prop_assert_eq!(plan.iter().any(|leg| leg.starts_with(relay)), reachable);
            }
        }
    }
}
