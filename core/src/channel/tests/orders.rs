//! Suspended, severed, restored.

use std::collections::BTreeMap;

use super::{agreeing, desk, order, relay};
use crate::channel::floor::passes;
use crate::channel::{Order, Orders, Political, Restoring, Shown};
use crate::duty::OrderVerb;
use crate::words::TrafficClass;

fn orders(all: impl IntoIterator<Item = Order>) -> Orders {
    let mut orders = Orders::default();
    for order in all {
        orders.note(order, &|_| true);
    }
    orders
}

fn state(orders: &Orders, channel: &str, shown: &Shown) -> Political {
    orders
        .axis(channel, &|agreed| {
            assert_eq!(shown.complete(agreed), shown.lacking(agreed).is_empty());
            shown.complete(agreed)
        })
        .state
}

/// Two relays, each checked at this leaf.
fn checked(leaf: u64) -> Shown {
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

fn numbered(sequence: u64) -> crate::id::Hash32 {
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

/// B suspended, A restores (leaf 2), B agrees (leaf 3).
fn restored() -> Orders {
    orders([
        order("B", OrderVerb::Suspend, 1),
        order("A", OrderVerb::Restore, 2),
        agreeing("B", 2, 3),
    ])
}

#[test]
fn only_an_answer_to_an_own_check_made_since_and_by_a_way_that_was_asked_proves_a_path() {
    let orders = restored();
    let both = || [relay("north"), relay("south")].into();
    let (old, own, north_only) = (numbered(100), numbered(101), numbered(102));
    let mut shown = Shown::over(Some(desk("A")), [relay("north"), relay("south")]);
    // Made before the second RESTORE, whenever it is answered; and an answer to nothing that this desk asked.
    shown.note_check(old, 2, both());
    shown.note_answer(&old, &both());
    shown.note_answer(&numbered(999), &both());
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Suspended);
    // It left by north alone: what the answer says of south proves nothing.
    shown.note_check(north_only, 5, [relay("north")].into());
    shown.note_answer(&north_only, &both());
    let Restoring::Agreed { lacking, .. } = orders.restoring("MARITIME", &shown) else {
        panic!("both signed");
    };
    assert_eq!(lacking, ["a comm check over south"]);
    shown.note_check(own, 6, both());
    shown.note_answer(&own, &both());
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Open);
}

#[test]
fn what_the_other_desk_says_that_it_has_seen_counts_once_this_desk_has_seen_as_much() {
    let mut shown = checked(9);
    let second = Order {
        seen: BTreeMap::from([("north".to_owned(), 40)]),
        ..agreeing("B", 2, 3)
    };
    let orders = orders([
        order("B", OrderVerb::Suspend, 1),
        order("A", OrderVerb::Restore, 2),
        second,
    ]);
    shown.note_seen(&desk("B"), [("north".to_owned(), u64::MAX)]);
    shown.note_seen(&desk("B"), [("north".to_owned(), 41)]);
    shown.note_seen(&desk("A"), [("north".to_owned(), 40)]);
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Suspended);
    shown.note_seen(&desk("A"), [("north".to_owned(), 41)]);
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Open);
    // It stays so whatever is named next.
    shown.note_seen(&desk("B"), [("north".to_owned(), 77)]);
    assert_eq!(state(&orders, "MARITIME", &shown), Political::Open);
}

#[test]
fn a_desk_that_names_many_logs_fills_no_memory() {
    let mut shown = Shown::over(Some(desk("A")), [relay("north")]);
    for size in 0..5000u64 {
        shown.note_seen(
            &desk("B"),
            [(format!("log-{size}"), size), ("north".to_owned(), size)],
        );
        shown.note_seen(&desk("A"), [(format!("log-{size}"), size)]);
    }
    assert!(shown.remembered() <= 2 * 16 + 16 * 16, "{}", shown.remembered());
}

#[test]
fn a_restoration_that_an_order_has_overtaken_gives_way_to_a_new_one() {
    let shown = checked(3);
    let overtaken = |orders: &Orders| {
        let standing = orders.standing("MARITIME", &|agreed| shown.complete(agreed));
        orders.restoring("MARITIME", &shown).overtaken(&standing)
    };
    let mut orders = restored();
    assert!(!overtaken(&orders));
    orders.note(order("B", OrderVerb::Suspend, 4), &|_| true);
    assert!(overtaken(&orders), "what came behind the pair stays");
    orders.note(order("A", OrderVerb::Restore, 5), &|_| true);
    let Restoring::Proposed(anew) = orders.restoring("MARITIME", &shown) else {
        panic!("the new one is proposed");
    };
    assert_eq!((anew.leaf, overtaken(&orders)), (5, false));
    // Its own side orders again: that RESTORE is behind it.
    orders.note(order("A", OrderVerb::Suspend, 6), &|_| true);
    assert!(overtaken(&orders));
}
