//! Shares: which leg brings what, so that every relay delivers each message once, over different doors.
//!
//! The *diagonal*: relays in name order take the doors in turn, so that two relays deliver over two different doors. A
//! relay's other leg brings only FLASH and OVERRIDE. When the chosen leg is down the other one takes everything over
//! from the cursor that is stored; a copy that comes twice is dropped by its key.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use hotline_core::leg::{Door, Lane, Leg, RelayName};
use hotline_proto::v1;

/// Who brings what, shared between the station and its legs.
#[derive(Debug, Default)]
pub struct Shares(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Relays in name order with the door the diagonal gives them.
    preferred: BTreeMap<RelayName, Door>,
    up: BTreeMap<RelayName, Vec<Door>>,
    cursors: BTreeMap<(RelayName, u32), u64>,
}

impl Shares {
    /// The diagonal over these relays.
    #[must_use]
    pub fn diagonal(relays: impl IntoIterator<Item = RelayName>) -> Self {
        let mut names: Vec<RelayName> = relays.into_iter().collect();
        names.sort();
        let preferred = names.into_iter().zip(Door::ALL.into_iter().cycle()).collect();
        Self(Mutex::new(Inner {
            preferred,
            ..Inner::default()
        }))
    }

    /// What a leg's lane is to bring now.
    #[must_use]
    pub fn of(&self, leg: &Leg, lane: Lane) -> v1::Subscribe {
        self.with(|inner| {
            let share = if inner.carrier(&leg.relay) == leg.door {
                v1::Share::All
            } else {
                match lane {
                    Lane::Control => v1::Share::Urgent,
                    Lane::Message | Lane::Bulk => v1::Share::Nothing,
                }
            };
            let cursor = inner
                .cursors
                .get(&(leg.relay.clone(), lane.to_wire()))
                .copied()
                .unwrap_or(0);
            v1::Subscribe {
                share: share.into(),
                cursor,
            }
        })
    }

    /// Notes that a leg is up; tells whether the relay's carrying leg changed.
    pub fn up(&self, leg: &Leg) -> Carrier {
        self.with(|inner| {
            let before = inner.carrier(&leg.relay);
            let doors = inner.up.entry(leg.relay.clone()).or_default();
            if !doors.contains(&leg.door) {
                doors.push(leg.door);
            }
            Carrier::between(before, inner.carrier(&leg.relay))
        })
    }

    /// Notes that a leg is down; tells whether the relay's carrying leg changed.
    pub fn down(&self, leg: &Leg) -> Carrier {
        self.with(|inner| {
            let before = inner.carrier(&leg.relay);
            if let Some(doors) = inner.up.get_mut(&leg.relay) {
                doors.retain(|door| *door != leg.door);
            }
            Carrier::between(before, inner.carrier(&leg.relay))
        })
    }

    /// Notes the cursor that is stored for a relay's lane; tells whether it is further than before.
    pub fn stored(&self, relay: &RelayName, lane: Lane, cursor: u64) -> bool {
        self.with(|inner| {
            let known = inner.cursors.entry((relay.clone(), lane.to_wire())).or_insert(0);
            let further = cursor > *known;
            *known = (*known).max(cursor);
            further
        })
    }

    /// Forgets the cursors of a relay whose mailboxes are new.
    pub fn restart(&self, relay: &RelayName) {
        self.with(|inner| inner.cursors.retain(|(name, _), _| name != relay));
    }

    fn with<T>(&self, ask: impl FnOnce(&mut Inner) -> T) -> T {
        ask(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    /// The leg of a relay that brings everything: the diagonal's, unless only the other one is up.
    fn carrier(&self, relay: &RelayName) -> Door {
        let preferred = self.preferred.get(relay).copied().unwrap_or(Door::Quic);
        match self.up.get(relay) {
            Some(up) if !up.contains(&preferred) && up.contains(&preferred.other()) => preferred.other(),
            Some(_) | None => preferred,
        }
    }
}

/// Whether the leg that brings everything is another one now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The same as before.
    Same,
    /// Another one: both legs must be told.
    Changed,
}

impl Carrier {
    fn between(before: Door, after: Door) -> Self {
        if before == after {
            Self::Same
        } else {
            Self::Changed
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn leg(text: &str) -> Leg {
        text.parse().unwrap()
    }

    fn shares() -> Shares {
        Shares::diagonal(["south", "north"].map(|name| RelayName::parse(name).unwrap()))
    }

    #[test]
    fn two_relays_deliver_over_two_different_doors() {
        let shares = shares();
        assert_eq!(
            shares.of(&leg("north/quic"), Lane::Message).share(),
            v1::Share::All
        );
        assert_eq!(
            shares.of(&leg("south/tcp"), Lane::Message).share(),
            v1::Share::All
        );
        assert_eq!(
            shares.of(&leg("north/tcp"), Lane::Message).share(),
            v1::Share::Nothing
        );
        assert_eq!(
            shares.of(&leg("south/quic"), Lane::Control).share(),
            v1::Share::Urgent
        );
    }

    #[test]
    fn the_other_leg_takes_over_from_the_stored_cursor_and_gives_back() {
        let shares = shares();
        shares.up(&leg("north/quic"));
        shares.up(&leg("north/tcp"));
        shares.stored(&RelayName::parse("north").unwrap(), Lane::Message, 7);
        assert_eq!(shares.down(&leg("north/quic")), Carrier::Changed);
        let taken = shares.of(&leg("north/tcp"), Lane::Message);
        assert_eq!((taken.share(), taken.cursor), (v1::Share::All, 7));
        assert_eq!(shares.up(&leg("north/quic")), Carrier::Changed);
        assert_eq!(
            shares.of(&leg("north/tcp"), Lane::Message).share(),
            v1::Share::Nothing
        );
    }

    #[test]
    fn a_cursor_never_goes_back() {
        let shares = shares();
        let north = RelayName::parse("north").unwrap();
        assert!(shares.stored(&north, Lane::Message, 9));
        assert!(!shares.stored(&north, Lane::Message, 3));
        assert_eq!(shares.of(&leg("north/quic"), Lane::Message).cursor, 9);
    }
}
