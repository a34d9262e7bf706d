//! The outbox: nothing is forgotten before ACCEPTED, and no bound is passed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::id::StatementId;
use crate::leg::{Lane, lane_of};
use proptest::prelude::*;
use std::time::Duration;

fn relay(name: &str) -> RelayName {
    RelayName::parse(name).unwrap()
}

fn leg(name: &str) -> Leg {
    name.parse().unwrap()
}

fn peer() -> Identity {
    "spiffe://exercise.borenia.example/desk/ops".parse().unwrap()
}

fn key(number: u32) -> StatementKey {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    StatementKey {
        sender: "spiffe://exercise.avelia.example/desk/ops".parse().unwrap(),
        id: StatementId(id),
    }
}

fn item(number: u32, precedence: Precedence) -> OutboxItem {
    OutboxItem {
        statement: key(number),
        precedence,
        lane: lane_of(precedence),
        relays: [relay("north"), relay("south")].into(),
        recipients: [peer()].into(),
    }
}

fn at(milliseconds: u64) -> LineTime {
    LineTime::from_start(Duration::from_millis(milliseconds))
}

const LEGS: [&str; 4] = ["north/quic", "north/tcp", "south/quic", "south/tcp"];

fn up() -> Outbox {
    let mut outbox = Outbox::new(Bounds::default());
    for name in LEGS {
        let _ = outbox.handle(Event::LegUp(leg(name)), at(0));
    }
    outbox
}

/// The copies asked for, as "number leg".
fn copies(done: &Done) -> Vec<String> {
    let copy = |then: &Then| match then {
        Then::Send { statement, leg, .. } => Some(format!(
            "{} {leg}",
            u32::from_be_bytes(statement.id.0[..4].try_into().unwrap())
        )),
        Then::Stalled { .. } | Then::Shed { .. } => None,
    };
    done.then.iter().filter_map(copy).collect()
}

fn sent(outbox: &mut Outbox, number: u32, name: &str, now: u64) {
    let _ = outbox.handle(
        Event::Sent {
            statement: key(number),
            leg: leg(name),
        },
        at(now),
    );
}

fn accept(outbox: &mut Outbox, number: u32, name: &str) -> Done {
    outbox.handle(
        Event::Accepted {
            statement: key(number),
            relay: relay(name),
        },
        at(0),
    )
}

fn deliver(outbox: &mut Outbox, number: u32) -> Done {
    outbox.handle(
        Event::Delivered {
            statement: key(number),
            by: peer(),
        },
        at(0),
    )
}

#[test]
fn a_flash_leaves_on_every_leg_and_a_routine_message_on_the_diagonal() {
    let mut outbox = up();
    let flash = outbox.queue(item(1, Precedence::Flash), at(0)).unwrap();
    assert_eq!(
        copies(&flash),
        ["1 north/quic", "1 north/tcp", "1 south/quic", "1 south/tcp"]
    );
    assert!(matches!(
        &flash.then[0],
        Then::Send {
            lane: Lane::Control,
            ..
        }
    ));
    assert!(matches!(flash.keep[..], [Keep::Queued { ticket: 1, .. }]));
    let routine = outbox.queue(item(2, Precedence::Routine), at(0)).unwrap();
    assert_eq!(copies(&routine), ["2 north/quic", "2 south/tcp"]);
}

#[test]
fn a_statement_is_remembered_until_both_relays_accepted_and_the_peer_delivered() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    let first = accept(&mut outbox, 1, "north");
    assert_eq!(
        first.keep,
        [Keep::Accepted {
            statement: key(1),
            relay: relay("north"),
            generation: 0
        }]
    );
    assert!(accept(&mut outbox, 1, "north").keep.is_empty());
    let _ = accept(&mut outbox, 1, "south");
    let standing = outbox.standing(&key(1)).unwrap();
    assert!(standing.owed.is_empty());
    assert_eq!(standing.undelivered, [peer()].into());
    assert_eq!(deliver(&mut outbox, 1).keep, [Keep::Forget { statement: key(1) }]);
    assert!(outbox.is_empty());
    assert_eq!(outbox.next_wake(), None);
}

#[test]
fn delivered_alone_does_not_end_what_a_relay_is_owed() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    assert!(matches!(
        deliver(&mut outbox, 1).keep[..],
        [Keep::Delivered { .. }]
    ));
    let _ = accept(&mut outbox, 1, "north");
    assert_eq!(outbox.owed_to(&relay("south")), 1);
    assert_eq!(
        accept(&mut outbox, 1, "south").keep,
        [Keep::Forget { statement: key(1) }]
    );
}

#[test]
fn a_receipt_is_forgotten_once_both_relays_have_it() {
    let mut outbox = up();
    let receipt = OutboxItem {
        recipients: BTreeSet::new(),
        lane: Lane::Control,
        ..item(1, Precedence::Routine)
    };
    let _ = outbox.queue(receipt, at(0)).unwrap();
    let _ = accept(&mut outbox, 1, "north");
    assert_eq!(
        accept(&mut outbox, 1, "south").keep,
        [Keep::Forget { statement: key(1) }]
    );
}

#[test]
fn without_an_answer_a_copy_is_sent_again_after_1_2_4_8_16_30_30_seconds_over_both_doors_in_turn() {
    let mut outbox = up();
    let only_north = OutboxItem {
        relays: [relay("north")].into(),
        ..item(1, Precedence::Routine)
    };
    let _ = outbox.queue(only_north, at(0)).unwrap();
    let mut now = 0;
    for (attempt, seconds) in [1u64, 2, 4, 8, 16, 30, 30].into_iter().enumerate() {
        sent(&mut outbox, 1, "north/quic", now);
        now += seconds * 1_000;
        assert_eq!(outbox.next_wake(), Some(at(now)));
        assert!(outbox.handle(Event::Tick, at(now - 1)).then.is_empty());
        let again = outbox.handle(Event::Tick, at(now));
        assert_eq!(
            copies(&again),
            [if attempt % 2 == 0 {
                "1 north/tcp"
            } else {
                "1 north/quic"
            }]
        );
        let stalled = again
            .then
            .iter()
            .any(|then| matches!(then, Then::Stalled { attempts: 6, .. }));
        assert_eq!(stalled, attempt == 4);
    }
}

#[test]
fn on_a_farther_line_no_copy_is_sent_again_sooner_than_an_answer_can_come() {
    for (profile, pauses) in [
        (Profile::Lan, [1, 2, 4, 8, 16, 30, 30]),
        (Profile::Wan, [2, 4, 8, 16, 30, 30, 30]),
        (Profile::Satellite, [10, 20, 40, 60, 60, 60, 60]),
    ] {
        let mut outbox = up();
        outbox.pace(&relay("north"), profile);
        let _ = outbox.queue(item(1, Precedence::Flash), at(0)).unwrap();
        let waits = profile.numbers().answer_max.max(Duration::from_secs(1));
        let mut now = 0;
        for seconds in pauses {
            sent(&mut outbox, 1, "north/quic", now);
            assert!(
                outbox
                    .handle(Event::Tick, at(now + seconds * 1_000 - 1))
                    .then
                    .iter()
                    .all(
                        |then| matches!(then, Then::Send { leg, .. } if leg.relay == relay("south"))
                            || matches!(then, Then::Stalled { .. })
                    )
            );
            now += seconds * 1_000;
            let again = copies(&outbox.handle(Event::Tick, at(now)));
            assert!(again.contains(&"1 north/quic".to_owned()), "{profile}: {again:?}");
            assert!(u128::from(seconds * 1_000) >= waits.as_millis(), "{profile}");
        }
    }
}

#[test]
fn the_pace_of_a_line_stays_when_the_outbox_is_taken_up_anew_and_paced_again() {
    let mut outbox = Outbox::new(Bounds::default());
    outbox.pace(&relay("north"), Profile::Satellite);
    let _ = outbox.handle(Event::LegUp(leg("north/quic")), at(0));
    let _ = outbox.queue(item(1, Precedence::Flash), at(0)).unwrap();
    assert_eq!(
        outbox.next_wake(),
        Some(at(120_000)),
        "it may stay in the leg's queue that long"
    );
    sent(&mut outbox, 1, "north/quic", 500);
    assert_eq!(outbox.next_wake(), Some(at(10_500)));
}

#[test]
fn an_urgent_copy_is_sent_again_on_every_leg() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Flash), at(0)).unwrap();
    sent(&mut outbox, 1, "north/quic", 0);
    assert_eq!(
        copies(&outbox.handle(Event::Tick, at(1_000))),
        ["1 north/quic", "1 north/tcp"]
    );
}

#[test]
fn nothing_is_sent_while_no_leg_is_up_and_all_at_once_when_one_is() {
    let mut outbox = Outbox::new(Bounds::default());
    for number in 1..=3 {
        let precedence = if number == 3 {
            Precedence::Flash
        } else {
            Precedence::Routine
        };
        assert!(copies(&outbox.queue(item(number, precedence), at(0)).unwrap()).is_empty());
    }
    assert_eq!(outbox.next_wake(), None);
    let opened = outbox.handle(Event::LegUp(leg("south/tcp")), at(9));
    assert_eq!(copies(&opened), ["3 south/tcp", "1 south/tcp", "2 south/tcp"]);
}

#[test]
fn what_flew_on_a_leg_that_died_leaves_at_once_by_the_other_door() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    sent(&mut outbox, 1, "north/quic", 0);
    assert_eq!(
        copies(&outbox.handle(Event::LegDown(leg("north/quic")), at(5))),
        ["1 north/tcp"]
    );
    assert_eq!(
        copies(&outbox.handle(Event::LegDown(leg("north/tcp")), at(6))),
        ["1 south/quic"],
        "both doors of the relay that is left take part"
    );
    assert_eq!(outbox.owed_to(&relay("north")), 1);
    assert_eq!(
        copies(&outbox.handle(Event::LegUp(leg("north/quic")), at(7))),
        ["1 north/quic"]
    );
}

#[test]
fn a_suspect_leg_brings_the_other_door_in_at_once() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    assert_eq!(
        copies(&outbox.handle(Event::LegSuspect(leg("north/quic")), at(5))),
        ["1 north/tcp"]
    );
    assert!(
        outbox
            .handle(Event::LegSuspect(leg("north/quic")), at(6))
            .then
            .is_empty()
    );
    let next = outbox.queue(item(2, Precedence::Routine), at(7)).unwrap();
    assert_eq!(copies(&next), ["2 north/quic", "2 north/tcp", "2 south/tcp"]);
    assert!(
        outbox
            .handle(Event::LegUp(leg("north/quic")), at(8))
            .then
            .is_empty()
    );
}

#[test]
fn a_door_that_is_planned_anew_carries_first_what_flies_by_the_other_alone() {
    let mut outbox = up();
    let _ = outbox.handle(Event::LegDown(leg("north/quic")), at(0));
    for number in [1, 2] {
        let _ = outbox.queue(item(number, Precedence::Routine), at(0)).unwrap();
    }
    // It came up as a second door of a relay whose first one is busy: what is released next takes the new one alone.
    assert_eq!(
        copies(&outbox.handle(Event::LegUp(leg("north/quic")), at(5))),
        ["1 north/quic", "2 north/quic"]
    );
    let next = outbox.queue(item(3, Precedence::Routine), at(6)).unwrap();
    assert_eq!(copies(&next), ["3 north/quic", "3 south/tcp"]);
    // One relay is left: its other door takes part from now on.
    let _ = outbox.handle(Event::LegDown(leg("south/quic")), at(7));
    assert_eq!(
        copies(&outbox.handle(Event::LegDown(leg("south/tcp")), at(8))),
        ["3 north/tcp"]
    );
}

#[test]
fn a_new_session_carries_at_once_whatever_was_sent_before_in_vain() {
    let mut outbox = up();
    let _ = outbox.handle(Event::LegDown(leg("north/tcp")), at(0));
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    sent(&mut outbox, 1, "north/quic", 0);
    let _ = outbox.handle(Event::Tick, at(1_000));
    sent(&mut outbox, 1, "north/quic", 1_000);
    assert_eq!(
        copies(&outbox.handle(Event::LegUp(leg("north/tcp")), at(1_500))),
        ["1 north/tcp"]
    );
}

#[test]
fn a_new_session_does_not_repeat_what_was_only_just_sent() {
    let mut outbox = up();
    let _ = outbox.handle(Event::LegDown(leg("north/tcp")), at(0));
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    let _ = outbox.queue(item(2, Precedence::Flash), at(0)).unwrap();
    assert_eq!(
        copies(&outbox.handle(Event::LegUp(leg("north/tcp")), at(5))),
        ["2 north/tcp"]
    );
}

#[test]
fn a_relay_that_lost_its_log_is_offered_what_it_had_refused() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    let retry = Retry::NextSession;
    let _ = outbox.handle(
        Event::Refused {
            statement: key(1),
            relay: relay("north"),
            retry,
        },
        at(0),
    );
    let lost = outbox.handle(
        Event::RelayLost {
            relay: relay("north"),
        },
        at(1),
    );
    assert_eq!(copies(&lost), ["1 north/quic"]);
}

#[test]
fn a_relay_that_lost_its_log_is_offered_all_that_is_not_delivered() {
    let mut outbox = up();
    for number in 1..=3 {
        let _ = outbox.queue(item(number, Precedence::Routine), at(0)).unwrap();
        let _ = accept(&mut outbox, number, "north");
        let _ = accept(&mut outbox, number, "south");
    }
    let _ = deliver(&mut outbox, 2);
    let lost = outbox.handle(
        Event::RelayLost {
            relay: relay("north"),
        },
        at(0),
    );
    assert_eq!(
        lost.keep,
        [Keep::Generation {
            relay: relay("north"),
            generation: 1
        }]
    );
    assert_eq!(copies(&lost), ["1 north/quic", "3 north/quic"]);
    assert_eq!(outbox.owed_to(&relay("south")), 0);
}

#[test]
fn a_refusal_never_ends_the_debt() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    let refused = |retry| Event::Refused {
        statement: key(1),
        relay: relay("north"),
        retry,
    };
    let _ = outbox.handle(refused(Retry::Later), at(0));
    let _ = outbox.handle(Event::Tick, at(29_999));
    assert_eq!(copies(&outbox.handle(Event::Tick, at(30_000))).len(), 2);
    let _ = outbox.handle(refused(Retry::NextSession), at(30_000));
    assert!(
        !copies(&outbox.handle(Event::Tick, at(500_000)))
            .iter()
            .any(|copy| copy.contains("north"))
    );
    assert_eq!(outbox.owed_to(&relay("north")), 1);
    for name in ["north/quic", "north/tcp"] {
        let _ = outbox.handle(Event::LegDown(leg(name)), at(600_000));
    }
    assert_eq!(
        copies(&outbox.handle(Event::LegUp(leg("north/tcp")), at(600_001))),
        ["1 north/tcp"]
    );
}

#[test]
fn an_urgent_statement_that_was_refused_for_now_is_offered_again_within_two_seconds() {
    for (precedence, again_ms) in [
        (Precedence::Immediate, 30_000),
        (Precedence::Flash, 2_000),
        (Precedence::Override, 2_000),
    ] {
        let mut outbox = up();
        let _ = outbox.queue(item(1, precedence), at(0)).unwrap();
        let _ = accept(&mut outbox, 1, "south");
        let refused = Event::Refused {
            statement: key(1),
            relay: relay("north"),
            retry: Retry::Later,
        };
        let _ = outbox.handle(refused, at(0));
        assert!(
            copies(&outbox.handle(Event::Tick, at(again_ms - 1))).is_empty(),
            "{precedence:?}"
        );
        assert!(
            !copies(&outbox.handle(Event::Tick, at(again_ms))).is_empty(),
            "{precedence:?}"
        );
    }
}

#[test]
fn at_the_bound_routine_is_refused_first_and_flash_last() {
    let mut outbox = Outbox::new(Bounds {
        statements: 20,
        window: 4,
    });
    let mut taken = |precedence, count: u32, from: u32| {
        (from..from + count)
            .filter(|number| outbox.queue(item(*number, precedence), at(0)).is_ok())
            .count()
    };
    assert_eq!(taken(Precedence::Routine, 30, 0), 18);
    assert_eq!(taken(Precedence::Deferred, 1, 50), 0);
    assert_eq!(taken(Precedence::Immediate, 5, 100), 1);
    assert_eq!(taken(Precedence::Flash, 5, 200), 1);
    assert_eq!(taken(Precedence::Override, 5, 300), 0);
    let full = outbox.queue(item(400, Precedence::Routine), at(0)).unwrap_err();
    assert_eq!(
        full,
        QueueError::Full {
            pending: 20,
            limit: 18,
            precedence: Precedence::Routine
        }
    );
    assert_eq!(outbox.len(), 20);
}

#[test]
fn a_dead_relay_does_not_stop_the_line_once_the_peer_has_everything() {
    let mut outbox = Outbox::new(Bounds {
        statements: 20,
        window: 4,
    });
    let _ = outbox.handle(Event::LegUp(leg("north/quic")), at(0));
    for number in 0..100 {
        let queued = outbox.queue(item(number, Precedence::Routine), at(0)).unwrap();
        let shed = queued
            .then
            .iter()
            .filter(|then| matches!(then, Then::Shed { relays, .. } if *relays == [relay("south")]));
        assert_eq!(shed.count(), usize::from(number >= 18));
        let _ = accept(&mut outbox, number, "north");
        let _ = deliver(&mut outbox, number);
    }
    assert_eq!(outbox.len(), 18);
}

#[test]
fn what_no_relay_has_or_the_peer_lacks_is_never_shed() {
    let mut outbox = Outbox::new(Bounds {
        statements: 10,
        window: 4,
    });
    for number in 0..9 {
        let _ = outbox.queue(item(number, Precedence::Routine), at(0)).unwrap();
    }
    let _ = deliver(&mut outbox, 0);
    let _ = accept(&mut outbox, 1, "north");
    assert!(outbox.queue(item(10, Precedence::Routine), at(0)).is_err());
    let _ = accept(&mut outbox, 0, "north");
    assert!(outbox.queue(item(10, Precedence::Routine), at(0)).is_ok());
    assert!(outbox.standing(&key(0)).is_none());
}

#[test]
fn only_a_window_flies_and_each_answer_lets_one_more_fly() {
    let mut outbox = Outbox::new(Bounds {
        statements: 100,
        window: 4,
    });
    let _ = outbox.handle(Event::LegUp(leg("north/quic")), at(0));
    let sent: usize = (0..10)
        .map(|number| copies(&outbox.queue(item(number, Precedence::Routine), at(0)).unwrap()).len())
        .sum();
    assert_eq!(sent, 4);
    assert_eq!(
        copies(&outbox.queue(item(20, Precedence::Flash), at(0)).unwrap()),
        ["20 north/quic"]
    );
    assert_eq!(copies(&accept(&mut outbox, 2, "north")), ["4 north/quic"]);
}

/// The outbox of these records with its legs up, and which of the copies it would send leave now.
fn taken_up(kept: &[Keep], before: &Outbox, now: u64) -> (Outbox, Vec<String>) {
    let mut outbox = Outbox::restore(Bounds::default(), kept.to_vec());
    let mut now_leaves = Vec::new();
    for name in LEGS {
        let done = outbox.handle(Event::LegUp(leg(name)), at(now));
        for then in &done.then {
            if let Then::Send { statement, leg, .. } = then
                && outbox.go_on(before, statement, &leg.relay, at(now)) == GoesOn::Now
            {
                now_leaves.push(format!("{} {leg}", statement.id.0[3]));
            }
        }
    }
    (outbox, now_leaves)
}

#[test]
fn an_outbox_taken_up_anew_puts_nothing_off_and_sends_nothing_early() {
    let mut outbox = up();
    let kept = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap().keep;
    sent(&mut outbox, 1, "north/quic", 0);
    sent(&mut outbox, 1, "south/tcp", 0);
    let mut now = 0;
    for _ in 0..4 {
        now += 300;
        let (anew, now_leaves) = taken_up(&kept, &outbox, now);
        assert_eq!(now_leaves, [""; 0]);
        outbox = anew;
    }
    assert_eq!(
        outbox.next_wake(),
        Some(at(1000)),
        "however often it was taken up"
    );
    let again = outbox.handle(Event::Tick, at(1200));
    assert_eq!(copies(&again), ["1 north/tcp", "1 south/quic"], "a second try");
}

#[test]
fn an_outbox_taken_up_anew_sends_at_once_what_had_not_left_and_later_what_was_answered() {
    let mut outbox = Outbox::new(Bounds::default());
    let mut kept = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap().keep;
    let (mut outbox, now_leaves) = taken_up(&kept, &outbox, 10);
    assert_eq!(
        now_leaves,
        ["1 north/quic", "1 north/tcp", "1 south/quic", "1 south/tcp"],
        "each leg in turn is planned while the others are not up"
    );
    kept.extend(outbox.queue(item(2, Precedence::Routine), at(10)).unwrap().keep);
    for number in [1, 2] {
        sent(&mut outbox, number, "north/quic", 10);
        sent(&mut outbox, number, "south/tcp", 10);
    }
    let _ = accept(&mut outbox, 1, "north");
    let refusal = Event::Refused {
        statement: key(2),
        relay: relay("north"),
        retry: Retry::NextSession,
    };
    let _ = outbox.handle(refusal, at(20));
    let (mut anew, now_leaves) = taken_up(&kept, &outbox, 500);
    assert_eq!(
        now_leaves, [""; 0],
        "neither what was answered nor what was refused"
    );
    assert_eq!(
        copies(&anew.handle(Event::Tick, at(1010))),
        ["1 south/quic", "2 south/quic"]
    );
    assert_eq!(copies(&anew.handle(Event::Tick, at(1500))), ["1 north/tcp"]);
}

#[test]
fn queueing_twice_or_nowhere_or_to_a_crowd_does_nothing() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    assert_eq!(
        outbox.queue(item(1, Precedence::Routine), at(0)),
        Ok(Done::nothing())
    );
    let nowhere = OutboxItem {
        relays: BTreeSet::new(),
        ..item(2, Precedence::Routine)
    };
    assert_eq!(outbox.queue(nowhere, at(0)), Err(QueueError::NoRelay));
    let crowd = OutboxItem {
        relays: (0..20).map(|n| relay(&format!("r{n}"))).collect(),
        ..item(2, Precedence::Routine)
    };
    assert_eq!(
        outbox.queue(crowd, at(0)),
        Err(QueueError::TooManyRelays { most: 16 })
    );
    assert_eq!(outbox.len(), 1);
}

#[test]
fn what_a_person_gives_up_is_forgotten() {
    let mut outbox = up();
    let _ = outbox.queue(item(1, Precedence::Routine), at(0)).unwrap();
    let done = outbox.handle(Event::Withdraw { statement: key(1) }, at(0));
    assert_eq!(done.keep, [Keep::Forget { statement: key(1) }]);
    assert!(outbox.is_empty());
    assert_eq!(outbox.owed_to(&relay("north")), 0);
}

#[test]
fn tens_of_thousands_in_flight_are_answered_one_by_one() {
    let mut outbox = up();
    for number in 0..20_000 {
        let _ = outbox.queue(item(number, Precedence::Routine), at(0)).unwrap();
    }
    for number in (0..20_000).rev() {
        let _ = accept(&mut outbox, number, "south");
        let _ = accept(&mut outbox, number, "north");
        let _ = deliver(&mut outbox, number);
    }
    assert!(outbox.is_empty());
}

// === properties ===

#[derive(Debug, Clone)]
enum Act {
    Queue(u32, Precedence),
    Leg(usize, LegStanding),
    Sent(u32, usize),
    Accept(u32, bool),
    Refuse(u32, bool, Retry),
    Lose(bool),
    Deliver(u32),
    Pass(u64),
    Restart,
}

fn any_act() -> impl Strategy<Value = Act> {
    let number = 0u32..24;
    let precedence = proptest::sample::select(Precedence::ALL);
    let standing = proptest::sample::select(vec![LegStanding::Up, LegStanding::Suspect, LegStanding::Down]);
    let retry = proptest::sample::select(vec![Retry::Later, Retry::NextSession]);
    prop_oneof![
        6 => (number.clone(), precedence).prop_map(|(n, p)| Act::Queue(n, p)),
        4 => (0usize..4, standing).prop_map(|(leg, standing)| Act::Leg(leg, standing)),
        3 => (number.clone(), 0usize..4).prop_map(|(n, leg)| Act::Sent(n, leg)),
        5 => (number.clone(), any::<bool>()).prop_map(|(n, north)| Act::Accept(n, north)),
        2 => (number.clone(), any::<bool>(), retry).prop_map(|(n, north, retry)| Act::Refuse(n, north, retry)),
        1 => any::<bool>().prop_map(Act::Lose),
        4 => number.prop_map(Act::Deliver),
        3 => (0u64..40_000).prop_map(Act::Pass),
        1 => Just(Act::Restart),
    ]
}

/// What the outside world knows: the truth the outbox is held to.
#[derive(Default)]
struct World {
    /// Statement → relays that hold it, and whether the peer has it.
    owed: BTreeMap<u32, (BTreeSet<RelayName>, bool)>,
    kept: Vec<Keep>,
    now: u64,
}

const SMALL: Bounds = Bounds {
    statements: 16,
    window: 3,
};

impl World {
    fn keep(&mut self, done: &Done) {
        for keep in &done.keep {
            if let Keep::Forget { statement } = keep {
                self.kept.retain(|kept| match kept {
                    Keep::Queued { item, .. } => item.statement != *statement,
                    Keep::Accepted { statement: kept, .. } | Keep::Delivered { statement: kept, .. } => {
                        kept != statement
                    }
                    Keep::Generation { .. } | Keep::Forget { .. } => true,
                });
            } else {
                if let Keep::Generation { relay, .. } = keep {
                    self.kept.retain(
                        |kept| !matches!(kept, Keep::Generation { relay: kept, .. } if kept == relay),
                    );
                }
                self.kept.push(keep.clone());
            }
        }
        for then in &done.then {
            if let Then::Shed { statement, .. } = then {
                let number = u32::from_be_bytes(statement.id.0[..4].try_into().unwrap());
                let (holders, delivered) = self.owed.remove(&number).unwrap();
                assert!(delivered && !holders.is_empty(), "shed before it was safe");
            }
        }
    }

    fn act(&mut self, outbox: &mut Outbox, act: &Act) {
        let name = |north: bool| relay(if north { "north" } else { "south" });
        let now = at(self.now);
        let done = match act.clone() {
            Act::Queue(number, precedence) => match outbox.queue(item(number, precedence), now) {
                Ok(done) => {
                    self.owed.entry(number).or_default();
                    done
                }
                Err(error) => {
                    assert!(matches!(error, QueueError::Full { .. }));
                    Done::nothing()
                }
            },
            Act::Leg(which, standing) => {
                let leg = leg(LEGS[which]);
                outbox.handle(
                    match standing {
                        LegStanding::Up => Event::LegUp(leg),
                        LegStanding::Suspect => Event::LegSuspect(leg),
                        LegStanding::Down => Event::LegDown(leg),
                    },
                    now,
                )
            }
            Act::Sent(number, which) => outbox.handle(
                Event::Sent {
                    statement: key(number),
                    leg: leg(LEGS[which]),
                },
                now,
            ),
            Act::Accept(number, north) => {
                if let Some((holders, _)) = self.owed.get_mut(&number) {
                    holders.insert(name(north));
                }
                outbox.handle(
                    Event::Accepted {
                        statement: key(number),
                        relay: name(north),
                    },
                    now,
                )
            }
            Act::Refuse(number, north, retry) => outbox.handle(
                Event::Refused {
                    statement: key(number),
                    relay: name(north),
                    retry,
                },
                now,
            ),
            Act::Lose(north) => {
                for (holders, _) in self.owed.values_mut() {
                    holders.remove(&name(north));
                }
                outbox.handle(Event::RelayLost { relay: name(north) }, now)
            }
            Act::Deliver(number) => {
                if let Some((_, delivered)) = self.owed.get_mut(&number) {
                    *delivered = true;
                }
                outbox.handle(
                    Event::Delivered {
                        statement: key(number),
                        by: peer(),
                    },
                    now,
                )
            }
            Act::Pass(milliseconds) => {
                self.now += milliseconds;
                outbox.handle(Event::Tick, at(self.now))
            }
            Act::Restart => {
                *outbox = Outbox::restore(SMALL, self.kept.clone());
                self.now = 0;
                Done::nothing()
            }
        };
        self.keep(&done);
        self.owed
            .retain(|_, (holders, delivered)| holders.len() < 2 || !*delivered);
    }

    /// The invariants.
    fn check(&self, outbox: &Outbox) {
        assert!(outbox.len() <= SMALL.statements);
        for (number, (holders, delivered)) in &self.owed {
            let ticket = *outbox
                .tickets
                .get(&key(*number))
                .expect("forgotten before ACCEPTED by all and DELIVERED");
            let entry = &outbox.entries[&ticket];
            assert_eq!(entry.undelivered.is_empty(), *delivered);
            for name in ["north", "south"].map(relay) {
                let owes = outbox.lines[&name].owes(entry.rank(ticket));
                assert_eq!(owes, usize::from(!holders.contains(&name)));
            }
        }
        assert!(outbox.lines.values().all(|line| line.books_agree(SMALL.window)));
        assert_eq!(outbox.entries.len(), self.owed.len());
        assert_eq!(outbox.tickets.len(), self.owed.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_forgotten_before_it_is_accepted_and_no_bound_is_passed(
        acts in proptest::collection::vec(any_act(), 0..150),
    ) {
        let (mut world, mut outbox) = (World::default(), Outbox::new(SMALL));
        for act in &acts {
            world.act(&mut outbox, act);
            world.check(&outbox);
        }
    }

    #[test]
    fn once_the_line_heals_everything_drains(acts in proptest::collection::vec(any_act(), 0..100)) {
        let (mut world, mut outbox) = (World::default(), Outbox::new(SMALL));
        for act in &acts {
            world.act(&mut outbox, act);
        }
        let mut todo = Vec::new();
        for name in LEGS {
            let _ = outbox.handle(Event::LegDown(leg(name)), at(world.now));
        }
        for name in LEGS {
            todo.extend(outbox.handle(Event::LegUp(leg(name)), at(world.now)).then);
        }
        while let Some(then) = todo.pop() {
            if let Then::Send { statement, leg, .. } = then {
                todo.extend(outbox.handle(Event::Accepted { statement: statement.clone(), relay: leg.relay }, at(world.now)).then);
                todo.extend(outbox.handle(Event::Delivered { statement, by: peer() }, at(world.now)).then);
            }
        }
        for number in 0..24 {
            let _ = deliver(&mut outbox, number);
        }
        prop_assert!(outbox.is_empty(), "{outbox:?}");
        prop_assert_eq!(outbox.next_wake(), None);
    }
}
