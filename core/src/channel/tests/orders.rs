//! Suspended, severed, restored.

use super::{at, desk, order, relay};
use crate::channel::floor::passes;
use crate::channel::{Order, Orders, Political, Restoring, Shown};
use crate::duty::OrderVerb;
use crate::words::TrafficClass;

pub(super) fn orders(all: impl IntoIterator<Item = Order>) -> Orders {
    let mut orders = Orders::default();
    for order in all {
        orders.note(order, &|_| true);
    }
    orders
}

pub(super) fn state(orders: &Orders, channel: &str, shown: &Shown) -> Political {
    orders
        .axis(channel, &|agreed| {
            assert_eq!(shown.complete(agreed), shown.lacking(agreed).is_empty());
            shown.complete(agreed)
        })
        .state
}

/// Two relays, each checked at this leaf.
pub(super) fn checked(leaf: u64) -> Shown {
    let mut shown = Shown::over(Some(desk("A")), [relay("north"), relay("south")]);
    for name in ["north", "south"] {
        shown.note_checked(relay(name), leaf);
    }
    shown
}

#[test]
fn one_side_alone_suspends_and_severs() {
    for side in ["A", "B"] {
        for (verb, expected) in [
            (OrderVerb::Suspend, Political::Suspended),
            (OrderVerb::Sever, Political::Severed),
        ] {
            let orders = orders([order(side, verb, 1)]);
            assert_eq!(state(&orders, "MARITIME", &checked(9)), expected);
            assert_eq!(state(&orders, "MINISTER", &checked(9)), Political::Open);
        }
    }
}

#[test]
fn an_order_that_names_no_channel_is_about_all() {
    let all = Order {
        channel: None,
        ..order("B", OrderVerb::Suspend, 1)
    };
    let orders = orders([all]);
    for channel in ["MARITIME", "MINISTER"] {
        assert_eq!(state(&orders, channel, &checked(9)), Political::Suspended);
    }
}

#[test]
fn the_strongest_order_that_stands_is_the_state() {
    let orders = orders([order("B", OrderVerb::Suspend, 1), order("A", OrderVerb::Sever, 2)]);
    assert_eq!(state(&orders, "MARITIME", &checked(9)), Political::Severed);
}

#[test]
fn the_floor_passes_under_a_suspension_and_only_service_and_test_when_severed() {
    for class in TrafficClass::ALL {
        for safety in [false, true] {
            assert!(passes(Political::Open, *class, safety));
            let formal = *class == TrafficClass::Formal;
            assert_eq!(passes(Political::Suspended, *class, safety), !formal || safety);
            let operators = matches!(class, TrafficClass::Service | TrafficClass::Test);
            assert_eq!(passes(Political::Severed, *class, safety), operators);
        }
    }
}

#[test]
fn an_order_that_names_a_moment_counts_from_then_on() {
    let order = Order {
        effective: Some(at(60)),
        ..order("A", OrderVerb::Suspend, 1)
    };
    assert!(!order.counts(at(59)) && order.counts(at(60)));
    assert!(order.plain().contains(", from "), "{}", order.plain());
    let at_once = Order {
        effective: None,
        ..order
    };
    assert!(at_once.counts(at(0)) && !at_once.plain().contains(", from "));
}

#[test]
fn an_order_says_who_what_why_and_until_when() {
    let order = Order {
        scope: "policy topics".into(),
        review_by: Some(crate::time::WallTime::from_unix_ms(1_795_651_200_000)),
        ..order("B", OrderVerb::Suspend, 1)
    };
    let plain = order.plain();
    for part in [
        "moreau of borenia.example suspended MARITIME",
        "policy topics",
        "a visit",
        "Z NOV 26",
    ] {
        assert!(plain.contains(part), "{plain}");
    }
}

#[test]
fn a_stranger_who_signs_many_orders_fills_no_memory() {
    let mut orders = Orders::default();
    for sequence in 1..3000u64 {
        let place = super::place(sequence);
        let one = Order {
            place,
            ..order("B", OrderVerb::Suspend, 1)
        };
        orders.note(one, &|_| true);
    }
    assert_eq!(orders.all().count(), 1024);
}

#[test]
fn a_flood_of_one_kind_takes_the_place_of_no_other_and_the_strictest_order_stays() {
    let mut orders = orders([order("B", OrderVerb::Sever, 1)]);
    let verbs = [OrderVerb::Rekey, OrderVerb::Restore, OrderVerb::Suspend];
    for (sequence, verb) in (2..6000u64).zip(verbs.into_iter().cycle()) {
        // Suspensions of channels that nobody chartered, and of the one that is severed.
        let channel = match sequence % 2 {
            0 => format!("FAKE-{sequence}"),
            _ => "MARITIME".to_owned(),
        };
        let one = Order {
            place: super::place(sequence),
            hash: numbered(sequence),
            leaf: sequence,
            channel: Some(channel),
            ..order("B", verb, 1)
        };
        orders.note(one, &|named| named == "MARITIME");
    }
    assert_eq!(state(&orders, "MARITIME", &checked(9)), Political::Severed);
    assert_eq!(orders.all().count(), 3 * 1024);
    assert!(
        orders.by_hash(numbered(5)).is_none(),
        "forgotten, and not found either"
    );
}

/// Orders whose place, hash and leaf is their number, of desk B about MARITIME, from a moment on.
fn from_on(sequence: u64, verb: OrderVerb, effective: Option<u64>) -> Order {
    Order {
        place: super::place(sequence),
        hash: numbered(sequence),
        leaf: sequence,
        effective: effective.map(at),
        received: at(sequence),
        ..order("B", verb, 1)
    }
}

#[test]
fn suspensions_that_count_in_years_end_none_that_counts_today() {
    let far = |sequence: u64| Some(1_000_000_000 + sequence);
    // Each a little later than the one before, some behind a RESTORE that nobody agreed to; or each a little sooner.
    let later = |sequence: u64| match sequence % 3 {
        0 => from_on(sequence, OrderVerb::Restore, None),
        _ => from_on(sequence, OrderVerb::Suspend, far(sequence)),
    };
    let sooner = |sequence: u64| from_on(sequence, OrderVerb::Suspend, far(20_000 - sequence));
    let floods: [&dyn Fn(u64) -> Order; 2] = [&later, &sooner];
    for (flood, present) in floods.into_iter().zip([None, Some(1)]) {
        let other = Order {
            channel: Some("MINISTER".into()),
            ..from_on(2, OrderVerb::Suspend, far(30_000))
        };
        let first = [from_on(1, OrderVerb::Suspend, present), other];
        let orders = orders(first.into_iter().chain((3..6000).map(flood)));
        assert_eq!(orders.all().filter(|order| order.stops()).count(), 1024);
        let standing = orders.standing("MARITIME", &|_| false);
        assert!(
            standing.iter().any(|order| order.counts(at(6000))),
            "today's stands"
        );
        let other = orders.standing("MINISTER", &|_| false);
        assert_eq!(other.len(), 1, "and that of another channel");
    }
}

#[test]
fn the_newest_suspension_counts_however_many_named_their_moment_before_it() {
    // Suspended and restored each day, always from a moment on that has come since.
    let daily = |sequence: u64| from_on(sequence, OrderVerb::Suspend, Some(sequence + 1));
    let orders = orders((1..3000).map(daily));
    let newest = orders.by_hash(numbered(2999)).unwrap();
    assert!(!newest.counts(at(2999)) && newest.counts(at(3000)));
    assert!(
        orders.by_hash(numbered(1)).is_none(),
        "what it repeats is forgotten"
    );
}

pub(super) fn numbered(sequence: u64) -> crate::id::Hash32 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&sequence.to_be_bytes());
    crate::id::Hash32(bytes)
}

/// With quadratic or worse work this does not end within the time of a test run.
#[test]
fn a_thousand_orders_of_a_hostile_releaser_are_looked_through_once() {
    let mut orders = orders([order("A", OrderVerb::Restore, 1)]);
    for sequence in 2..2002u64 {
        let verb = if sequence % 2 == 0 {
            OrderVerb::Suspend
        } else {
            OrderVerb::Restore
        };
        let one = Order {
            place: super::place(sequence),
            hash: numbered(sequence),
            leaf: sequence,
            consents_to: (verb == OrderVerb::Restore).then_some(crate::id::Hash32([1; 32])),
            ..order("B", verb, 1)
        };
        orders.note(one, &|_| true);
    }
    let shown = checked(9);
    for _ in 0..100 {
        assert_eq!(state(&orders, "MARITIME", &shown), Political::Suspended);
        assert!(matches!(
            orders.restoring("MARITIME", &shown),
            Restoring::Agreed { .. }
        ));
    }
    assert_eq!(orders.agreed("MARITIME").len(), 16);
}

#[test]
fn nobody_is_told_that_an_order_was_not_reviewed_before_it_counts() {
    let reviewed = |effective: Option<u64>, review_by: Option<u64>| {
        Order {
            effective: effective.map(at),
            review_by: review_by.map(at),
            ..order("A", OrderVerb::Suspend, 1)
        }
        .review_due()
    };
    assert_eq!(reviewed(None, None), None);
    assert_eq!(reviewed(Some(9), None), None, "nobody promised to look again");
    assert_eq!(reviewed(None, Some(5)), Some(at(5)));
    assert_eq!(reviewed(Some(9), Some(5)), Some(at(9)));
    assert_eq!(reviewed(Some(5), Some(9)), Some(at(9)));
}
