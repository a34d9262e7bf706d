//! What a restoration needs, and what proves that the line works.

use std::collections::BTreeMap;

use super::orders::{checked, numbered, orders, state};
use super::{agreeing, desk, order, relay};
use crate::channel::{Order, Orders, Political, Restoring, Shown};
use crate::duty::OrderVerb;

/// B suspended, A restores (leaf 2), B agrees (leaf 3).
fn restored() -> Orders {
    orders([
        order("B", OrderVerb::Suspend, 1),
        order("A", OrderVerb::Restore, 2),
        agreeing("B", 2, 3),
    ])
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
