//! The inbox, with a small ledger beside it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::chain::{End, GapStanding, SHOWN_AFTER};
use crate::id::StatementId;
use proptest::prelude::*;
use std::time::Duration;

const T0: LineTime = LineTime::START;

fn desk() -> Identity {
    "spiffe://exercise.avelia.example/desk/ops".parse().unwrap()
}

fn hash(sequence: u64) -> Hash32 {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&sequence.to_be_bytes());
    Hash32(bytes)
}

fn arrival(sequence: u64, leg: &str) -> Arrival {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&sequence.to_be_bytes());
    let previous = if sequence == 1 {
        Hash32::ZERO
    } else {
        hash(sequence - 1)
    };
    Arrival {
        key: StatementKey {
            sender: desk(),
            id: StatementId(id),
        },
        link: Link {
            place: Place::new(1, sequence).unwrap(),
            hash: hash(sequence),
            previous,
        },
        leg: leg.parse().unwrap(),
    }
}

fn relays(names: &[&str]) -> BTreeSet<RelayName> {
    names.iter().map(|name| RelayName::parse(name).unwrap()).collect()
}

/// An inbox and what its ledger would hold.
#[derive(Default)]
struct Desk {
    inbox: Inbox,
    by_id: BTreeMap<StatementKey, Hash32>,
    by_place: BTreeMap<Place, Hash32>,
    missing: BTreeSet<Missing>,
}

impl Desk {
    fn take(&mut self, arrival: &Arrival) -> Done {
        let held = InLedger {
            by_id: self.by_id.get(&arrival.key).copied(),
            by_place: self.by_place.get(&arrival.link.place).copied(),
        };
        let done = self.inbox.arrived(arrival, held, T0);
        for keep in &done.keep {
            match keep {
                Keep::Store { key, .. } => {
                    assert!(
                        self.by_id.insert(key.clone(), arrival.link.hash).is_none(),
                        "stored twice"
                    );
                    self.by_place.insert(arrival.link.place, arrival.link.hash);
                }
                Keep::Missing { missing, .. } => assert!(self.missing.insert(*missing)),
                Keep::NoLongerMissing { missing, .. } => assert!(self.missing.remove(missing)),
                Keep::Equivocation(_) => {}
            }
        }
        done
    }
}

fn takes(done: &Done) -> usize {
    done.then
        .iter()
        .filter(|then| matches!(then, Then::Take { .. }))
        .count()
}

#[test]
fn the_first_copy_is_taken_and_the_second_is_counted_and_answered_again() {
    let mut desk = Desk::default();
    let first = desk.take(&arrival(1, "north/quic"));
    assert_eq!(
        first.keep,
        [Keep::Store {
            key: arrival(1, "north/quic").key,
            leg: "north/quic".parse().unwrap()
        }]
    );
    assert_eq!(takes(&first), 1);
    let second = desk.take(&arrival(1, "south/tcp"));
    assert!(second.keep.is_empty());
    assert_eq!(
        second.then,
        [Then::AnswerAgain {
            key: arrival(1, "south/tcp").key
        }]
    );
    let counts: Vec<(String, u64, u64)> = desk
        .inbox
        .counts()
        .iter()
        .map(|(leg, count)| (leg.to_string(), count.first, count.late))
        .collect();
    assert_eq!(
        counts,
        [("north/quic".to_owned(), 1, 0), ("south/tcp".to_owned(), 0, 1)]
    );
}

#[test]
fn a_statement_that_overtakes_is_taken_at_once_and_what_it_overtook_is_refetched() {
    let mut desk = Desk::default();
    let _ = desk.inbox.reachable(relays(&["north", "south"]));
    let _ = desk.take(&arrival(1, "north/quic"));
    let overtaking = desk.take(&arrival(4, "south/tcp"));
    assert!(matches!(overtaking.then[0], Then::Take { .. }));
    let Then::Refetch { missing, relays, .. } = &overtaking.then[1] else {
        panic!("{overtaking:?}")
    };
    assert_eq!((missing.first, missing.last()), (2, 3));
    assert_eq!(relays.len(), 2);
    let overtaken = desk.take(&arrival(3, "north/quic"));
    assert_eq!(takes(&overtaken), 1);
    let _ = desk.take(&arrival(2, "north/quic"));
    assert!(desk.missing.is_empty());
    assert!(
        desk.inbox.tick(T0.after(Duration::from_secs(60))).then.is_empty(),
        "overtaking was shown as a gap"
    );
}

#[test]
fn a_gap_is_shown_when_every_reachable_relay_failed_or_after_its_bound() {
    let mut desk = Desk::default();
    let _ = desk.inbox.reachable(relays(&["north", "south"]));
    let _ = desk.take(&arrival(3, "north/quic"));
    let missing = *desk.missing.first().unwrap();
    let [north, south] = ["north", "south"].map(|name| RelayName::parse(name).unwrap());
    assert!(
        desk.inbox
            .refetch_failed(&self::desk(), &missing, &north)
            .then
            .is_empty()
    );
    let shown = desk.inbox.refetch_failed(&self::desk(), &missing, &south);
    assert_eq!(
        shown.then,
        [Then::ShowGap {
            sender: self::desk(),
            missing
        }]
    );

    let mut desk = Desk::default();
    let _ = desk.take(&arrival(3, "north/quic"));
    assert_eq!(desk.inbox.next_wake(), Some(T0.after(SHOWN_AFTER)));
    assert_eq!(
        desk.inbox.tick(T0.after(SHOWN_AFTER)).then,
        [Then::ShowGap {
            sender: self::desk(),
            missing
        }]
    );
    assert_eq!(desk.inbox.next_wake(), None);
}

#[test]
fn a_gap_is_shown_in_time_however_often_the_inbox_is_taken_up_anew() {
    let mut desk = Desk::default();
    let done = desk.take(&arrival(3, "north/quic"));
    let missing = done
        .keep
        .iter()
        .find_map(|keep| match keep {
            Keep::Missing { missing, .. } => Some(*missing),
            _ => None,
        })
        .unwrap();
    let links = [arrival(3, "north/quic").link];
    for seconds in 1..5 {
        let mut anew = Inbox::new();
        let now = T0.after(Duration::from_secs(seconds));
        anew.resume(self::desk(), ChainView::resume(links, [missing], now));
        anew.as_old_as(&desk.inbox);
        desk.inbox = anew;
    }
    assert_eq!(desk.inbox.next_wake(), Some(T0.after(SHOWN_AFTER)));
    assert_eq!(desk.inbox.tick(T0.after(SHOWN_AFTER)).then.len(), 1);
    let mut anew = Inbox::new();
    anew.resume(
        self::desk(),
        ChainView::resume(links, [missing], T0.after(SHOWN_AFTER)),
    );
    anew.as_old_as(&desk.inbox);
    assert!(
        anew.gaps(&self::desk())
            .all(|gap| gap.standing == GapStanding::Shown)
    );
}

#[test]
fn a_relay_that_comes_back_is_asked_for_what_is_missing() {
    let mut desk = Desk::default();
    let _ = desk.take(&arrival(3, "north/quic"));
    let asked = desk.inbox.reachable(relays(&["south"]));
    assert!(matches!(&asked.then[..], [Then::Refetch { relays, .. }] if relays.len() == 1));
    assert!(desk.inbox.reachable(relays(&["south"])).then.is_empty());
}

#[test]
fn other_bytes_under_a_known_id_or_place_are_refused_and_both_are_kept() {
    let mut desk = Desk::default();
    let _ = desk.take(&arrival(1, "north/quic"));
    let mut forged = arrival(1, "south/tcp");
    forged.link.hash = hash(99);
    let contradiction = Contradiction {
        key: forged.key.clone(),
        refused: hash(99),
        held: hash(1),
        at: Place::new(1, 1).unwrap(),
    };
    let refused = desk.take(&forged);
    assert_eq!(refused.keep, [Keep::Equivocation(contradiction.clone())]);
    assert_eq!(refused.then, [Then::Alarm(contradiction)]);
    forged.key.id = StatementId([9; 16]);
    assert!(matches!(desk.take(&forged).then[..], [Then::Alarm(_)]));
    assert_eq!(desk.by_id.len(), 1);
}

#[test]
fn a_statement_that_names_another_predecessor_is_refused() {
    let mut desk = Desk::default();
    let _ = desk.take(&arrival(1, "north/quic"));
    let mut forked = arrival(2, "north/quic");
    forked.link.previous = hash(99);
    assert!(matches!(desk.take(&forked).then[..], [Then::Alarm(_)]));
    assert_eq!(takes(&desk.take(&arrival(2, "south/tcp"))), 1);
}

#[test]
fn an_old_statement_that_comes_for_the_first_time_is_taken_all_the_same() {
    let chain = ChainView::resume([arrival(9, "north/quic").link], [], T0);
    let mut desk = Desk::default();
    desk.inbox.resume(self::desk(), chain);
    assert_eq!(takes(&desk.take(&arrival(2, "north/quic"))), 1);
}

#[test]
fn a_copy_that_comes_while_the_first_is_being_committed_is_stored_once() {
    let mut inbox = Inbox::new();
    assert_eq!(
        inbox
            .arrived(&arrival(1, "north/quic"), InLedger::default(), T0)
            .keep
            .len(),
        1
    );
    assert_eq!(
        inbox.arrived(&arrival(1, "south/tcp"), InLedger::default(), T0),
        Done::nothing()
    );
    assert_eq!(inbox.counts().len(), 2);
}

#[test]
fn more_senders_than_are_tracked_lose_no_message() {
    let mut inbox = Inbox::new();
    for number in 0..100 {
        let mut arrival = arrival(1, "north/quic");
        arrival.key.sender = format!("spiffe://exercise.avelia.example/desk/d{number}")
            .parse()
            .unwrap();
        let done = inbox.arrived(&arrival, InLedger::default(), T0);
        assert_eq!(takes(&done), 1);
        assert_eq!(done.then.len() == 2, number >= MAX_SENDERS);
    }
}

#[test]
fn what_is_missing_survives_a_restart() {
    let mut before = Desk::default();
    let _ = before.take(&arrival(1, "north/quic"));
    let _ = before.take(&arrival(5, "north/quic"));
    let links = [arrival(1, "north/quic").link, arrival(5, "north/quic").link];
    let mut inbox = Inbox::new();
    inbox.resume(desk(), ChainView::resume(links, before.missing.clone(), T0));
    let gaps: Vec<Missing> = inbox.gaps(&desk()).map(|gap| gap.missing).collect();
    assert_eq!(
        gaps,
        [Missing {
            epoch: 1,
            first: 2,
            end: End::At(4)
        }]
    );
}

proptest! {
    #[test]
    fn every_statement_is_taken_exactly_once_however_its_copies_come(
        copies in (1u64..40).prop_flat_map(|last| {
            let once: Vec<(u64, &str)> = (1..=last).flat_map(|n| [(n, "north/quic"), (n, "south/tcp")]).collect();
            Just(once).prop_shuffle()
        }),
    ) {
        let mut desk = Desk::default();
        let last = copies.iter().map(|(sequence, _)| *sequence).max().unwrap();
        let taken: usize = copies.iter().map(|(sequence, leg)| takes(&desk.take(&arrival(*sequence, leg)))).sum();
        prop_assert_eq!(u64::try_from(taken).unwrap(), last);
        prop_assert!(desk.missing.is_empty());
        prop_assert_eq!(desk.inbox.counts().values().map(|count| count.first + count.late).sum::<u64>(), 2 * last);
        prop_assert_eq!(desk.inbox.counts().values().map(|count| count.late).sum::<u64>(), last);
    }
}
