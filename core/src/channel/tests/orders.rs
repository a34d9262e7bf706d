//! Suspended, severed, restored.

use std::collections::BTreeMap;

use super::{agreeing, at, desk, order, relay};
use crate::channel::floor::passes;
use crate::channel::{Order, Orders, Political, Restoring, Shown};
use crate::duty::OrderVerb;
use crate::words::TrafficClass;

fn orders(all: impl IntoIterator<Item = Order>) -> Orders {
    let mut orders = Orders::default();
    for order in all {
        orders.note(order);
    }
    orders
}

fn state(orders: &Orders, channel: &str, shown: &Shown) -> Political {
    orders
        .axis(channel, &|agreed| shown.lacking(agreed).is_empty())
        .state
}

/// Two relays, each checked at this leaf.
fn checked(leaf: u64) -> Shown {
    let mut shown = Shown {
        relays: [relay("north"), relay("south")].into(),
        ..Shown::default()
    };
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
fn restoring_needs_a_releaser_of_both_sides() {
    let suspended = order("B", OrderVerb::Suspend, 1);
    let alone = orders([suspended.clone(), order("A", OrderVerb::Restore, 2)]);
    assert_eq!(state(&alone, "MARITIME", &checked(9)), Political::Suspended);
    let shown = checked(9);
    assert!(matches!(
        alone.restoring("MARITIME", &shown),
        Restoring::Proposed(_)
    ));
    // The same side twice is one side.
    let twice = orders([
        suspended.clone(),
        order("A", OrderVerb::Restore, 2),
        agreeing("A", 2, 3),
    ]);
    assert_eq!(state(&twice, "MARITIME", &checked(9)), Political::Suspended);
    let both = orders([suspended, order("A", OrderVerb::Restore, 2), agreeing("B", 2, 3)]);
    assert_eq!(state(&both, "MARITIME", &checked(9)), Political::Open);
    assert_eq!(both.restoring("MARITIME", &checked(9)), Restoring::No);
}

#[test]
fn restoring_lasts_until_each_path_was_checked_since() {
    let orders = orders([
        order("B", OrderVerb::Suspend, 1),
        order("A", OrderVerb::Restore, 2),
        agreeing("B", 2, 3),
    ]);
    let mut shown = checked(3);
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Suspended);
    shown.note_checked(relay("north"), 4);
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Suspended);
    let Restoring::Agreed { lacking, .. } = orders.restoring("MARITIME", &shown) else {
        panic!("both signed");
    };
    assert_eq!(lacking, ["a comm check over south"]);
    shown.note_checked(relay("south"), 5);
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Open);
}

#[test]
fn restoring_lasts_until_both_sides_named_fresh_checkpoints() {
    let second = Order {
        seen: BTreeMap::from([("north".to_owned(), 40), ("south".to_owned(), 41)]),
        ..agreeing("B", 2, 3)
    };
    let orders = orders([
        order("B", OrderVerb::Suspend, 1),
        order("A", OrderVerb::Restore, 2),
        second,
    ]);
    let mut shown = checked(9);
    let sizes = |north, south| [("north".to_owned(), north), ("south".to_owned(), south)];
    shown.note_seen(&desk("B"), sizes(40, 41));
    shown.note_seen(&desk("A"), sizes(40, 40));
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Suspended);
    shown.note_seen(&desk("A"), sizes(1, 44));
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Open);
}

#[test]
fn a_restoration_lifts_only_what_each_side_ordered_before_its_own() {
    let orders = orders([
        order("B", OrderVerb::Suspend, 1),
        order("A", OrderVerb::Restore, 2),
        agreeing("B", 2, 3),
        order("B", OrderVerb::Suspend, 4),
    ]);
    assert_eq!(state(&orders, "MARITIME", &checked(9)), Political::Suspended);
    assert_eq!(orders.standing("MARITIME", &|_| true).len(), 1);
}

#[test]
fn a_restored_channel_is_no_other_channel() {
    let all = Order {
        channel: None,
        ..order("B", OrderVerb::Suspend, 1)
    };
    let orders = orders([all, order("A", OrderVerb::Restore, 2), agreeing("B", 2, 3)]);
    assert_eq!(state(&orders, "MARITIME", &checked(9)), Political::Open);
    assert_eq!(state(&orders, "MINISTER", &checked(9)), Political::Suspended);
}

#[test]
fn both_sides_find_the_same_whatever_came_first() {
    let all = [
        order("B", OrderVerb::Suspend, 1),
        order("A", OrderVerb::Sever, 2),
        order("A", OrderVerb::Restore, 3),
        agreeing("B", 3, 4),
    ];
    let forward = orders(all.clone());
    let backward = orders(all.into_iter().rev());
    assert_eq!(forward, backward);
    assert_eq!(state(&forward, "MARITIME", &checked(9)), Political::Open);
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
        orders.note(Order {
            place,
            ..order("B", OrderVerb::Suspend, 1)
        });
    }
    assert_eq!(orders.all().count(), 1024);
}
