//! Chains: any order, gaps, forks, new epochs, bounds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use proptest::prelude::*;
use std::time::Duration;

const T0: LineTime = LineTime::START;

fn place(epoch: u64, sequence: u64) -> Place {
    Place::new(epoch, sequence).unwrap()
}

/// The hash of the statement that an honest sender has at a place.
fn hash(epoch: u64, sequence: u64) -> Hash32 {
    let mut bytes = [0xA5; 32];
    bytes[..8].copy_from_slice(&epoch.to_be_bytes());
    bytes[8..16].copy_from_slice(&sequence.to_be_bytes());
    Hash32(bytes)
}

fn link(epoch: u64, sequence: u64) -> Link {
    let previous = if sequence > 1 {
        hash(epoch, sequence - 1)
    } else {
        Hash32::ZERO
    };
    Link {
        place: place(epoch, sequence),
        hash: hash(epoch, sequence),
        previous,
    }
}

/// The first statement of an epoch, behind a place of an earlier one.
fn opens(epoch: u64, behind: (u64, u64)) -> Link {
    Link {
        previous: hash(behind.0, behind.1),
        ..link(epoch, 1)
    }
}

fn range(epoch: u64, first: u64, last: u64) -> Missing {
    Missing {
        epoch,
        first,
        end: End::At(last),
    }
}

fn see(view: &mut ChainView, link: Link) -> ChainNews {
    view.observe(link, T0).news
}

fn missing(view: &ChainView) -> Vec<Missing> {
    view.gaps().map(|gap| gap.missing).collect()
}

fn chain_up_to(sequence: u64) -> ChainView {
    let mut view = ChainView::new();
    for sequence in 1..=sequence {
        assert_eq!(see(&mut view, link(1, sequence)), ChainNews::Next);
    }
    view
}

#[test]
fn a_chain_in_order_has_no_gaps() {
    let view = chain_up_to(10);
    assert_eq!(view.newest(), Some(place(1, 10)));
    assert_eq!(view.gaps().count(), 0);
}

#[test]
fn a_jump_is_a_gap_that_splits_and_closes_as_it_fills() {
    let mut view = chain_up_to(2);
    assert_eq!(
        see(&mut view, link(1, 8)),
        ChainNews::Gap {
            missing: vec![range(1, 3, 7)]
        }
    );
    assert_eq!(see(&mut view, link(1, 5)), ChainNews::Fills);
    assert_eq!(missing(&view), [range(1, 3, 4), range(1, 6, 7)]);
    for sequence in [3, 7, 6, 4] {
        assert_eq!(see(&mut view, link(1, sequence)), ChainNews::Fills);
    }
    assert_eq!(view.gaps().count(), 0);
    assert_eq!(see(&mut view, link(1, 9)), ChainNews::Next);
}

#[test]
fn a_late_copy_is_known() {
    let mut view = chain_up_to(3);
    assert_eq!(see(&mut view, link(1, 2)), ChainNews::Late);
}

#[test]
fn another_statement_at_the_same_place_is_a_fork() {
    let mut view = chain_up_to(3);
    let before = view.clone();
    let other = Link {
        hash: hash(9, 9),
        ..link(1, 2)
    };
    let fork = ChainNews::Fork {
        at: place(1, 2),
        held: hash(1, 2),
        other: hash(9, 9),
    };
    assert_eq!(see(&mut view, other), fork);
    assert_eq!(view, before);
}

#[test]
fn another_previous_is_a_fork_from_whichever_side_it_is_seen() {
    let mut view = chain_up_to(3);
    let mut strays = link(1, 4);
    strays.previous = hash(9, 9);
    let fork = ChainNews::Fork {
        at: place(1, 3),
        held: hash(1, 3),
        other: hash(9, 9),
    };
    assert_eq!(see(&mut view, strays), fork);
    assert_eq!(
        see(&mut view, link(1, 6)),
        ChainNews::Gap {
            missing: vec![range(1, 4, 5)]
        }
    );
    let other = Link {
        hash: hash(9, 9),
        ..link(1, 5)
    };
    assert_eq!(
        see(&mut view, other),
        ChainNews::Fork {
            at: place(1, 5),
            held: hash(1, 5),
            other: hash(9, 9)
        }
    );
    assert_eq!(missing(&view), [range(1, 4, 5)]);
}

#[test]
fn nothing_stands_before_the_very_first() {
    let mut view = ChainView::new();
    let odd = Link {
        previous: hash(9, 9),
        ..link(1, 1)
    };
    assert!(matches!(see(&mut view, odd), ChainNews::Fork { .. }));
    assert_eq!(see(&mut view, link(1, 1)), ChainNews::Next);
}

#[test]
fn a_new_epoch_behind_the_newest_statement_leaves_no_gap() {
    let mut view = chain_up_to(3);
    assert_eq!(see(&mut view, opens(2, (1, 3))), ChainNews::Next);
    assert_eq!(see(&mut view, link(2, 2)), ChainNews::Next);
    assert_eq!(view.gaps().count(), 0);
}

#[test]
fn a_new_epoch_tells_what_its_sender_forgot() {
    let mut view = chain_up_to(5);
    assert_eq!(
        see(&mut view, opens(2, (1, 3))),
        ChainNews::Reopened {
            after: place(1, 3),
            forgotten: 2
        }
    );
}

#[test]
fn what_is_missing_of_an_epoch_that_its_sender_left_is_still_missed_and_found() {
    let mut view = chain_up_to(3);
    assert!(matches!(see(&mut view, link(1, 7)), ChainNews::Gap { .. }));
    // Its sender went back to the second place, and goes on from there.
    let reopened = see(&mut view, opens(2, (1, 2)));
    assert_eq!(
        reopened,
        ChainNews::Reopened {
            after: place(1, 2),
            forgotten: 5
        }
    );
    assert_eq!(missing(&view), [range(1, 4, 6)]);
    assert_eq!(see(&mut view, link(2, 2)), ChainNews::Next);
    for sequence in [5, 4, 6] {
        assert_eq!(see(&mut view, link(1, sequence)), ChainNews::Fills);
    }
    // What nobody had seen of it is no contradiction either.
    assert_eq!(see(&mut view, link(1, 8)), ChainNews::Next);
    assert_eq!(view.gaps().count(), 0);
    // Another statement at a place of the epoch that was left is one.
    let other = Link {
        hash: hash(9, 9),
        ..link(1, 9)
    };
    assert_eq!(see(&mut view, other), ChainNews::Next);
    assert!(matches!(see(&mut view, link(1, 9)), ChainNews::Fork { .. }));
}

#[test]
fn a_new_epoch_behind_an_unknown_statement_leaves_an_open_gap_until_it_is_found() {
    let mut view = chain_up_to(3);
    let open = |first| Missing {
        epoch: 1,
        first,
        end: End::Open { until: hash(1, 7) },
    };
    assert_eq!(
        see(&mut view, opens(2, (1, 7))),
        ChainNews::Gap {
            missing: vec![open(4)]
        }
    );
    assert_eq!(see(&mut view, link(1, 5)), ChainNews::Fills);
    assert_eq!(missing(&view), [range(1, 4, 4), open(6)]);
    assert_eq!(see(&mut view, link(1, 7)), ChainNews::Fills);
    assert_eq!(missing(&view), [range(1, 4, 4), range(1, 6, 6)]);
}

#[test]
fn two_epochs_may_wait_for_what_is_behind_the_same_place() {
    let mut view = chain_up_to(3);
    see(&mut view, opens(3, (2, 2)));
    see(&mut view, opens(2, (1, 5)));
    assert_eq!(view.gaps().count(), 2);
    see(&mut view, link(1, 4));
    assert_eq!(view.gaps().filter(|gap| gap.missing.first == 5).count(), 2);
    see(&mut view, link(2, 2));
    see(&mut view, link(1, 5));
    assert_eq!(view.gaps().count(), 0);
}

#[test]
fn whoever_meets_a_chain_in_its_middle_misses_its_beginning() {
    let mut view = ChainView::new();
    assert_eq!(
        see(&mut view, link(1, 500)),
        ChainNews::Gap {
            missing: vec![range(1, 1, 499)]
        }
    );
    let mut view = ChainView::new();
    assert!(matches!(see(&mut view, opens(2, (1, 40))), ChainNews::Gap { .. }));
    assert_eq!(view.gaps().next().unwrap().missing.to_string(), "1.1 and later");
}

#[test]
fn a_gap_is_suspected_first_and_shown_after_five_seconds() {
    let mut view = chain_up_to(1);
    see(&mut view, link(1, 4));
    assert_eq!(view.next_wake(), Some(T0.after(SHOWN_AFTER)));
    assert!(view.tick(T0.after(Duration::from_millis(4_999))).is_empty());
    see(&mut view, link(1, 3));
    assert_eq!(view.tick(T0.after(SHOWN_AFTER)), [range(1, 2, 2)]);
    assert!(view.tick(T0.after(SHOWN_AFTER)).is_empty());
    assert_eq!(view.gaps().next().unwrap().standing, GapStanding::Shown);
    assert_eq!(view.next_wake(), None);
}

#[test]
fn a_gap_is_shown_as_soon_as_every_reachable_relay_was_asked_in_vain() {
    let [north, south] = ["north", "south"].map(|name| RelayName::parse(name).unwrap());
    let reachable = BTreeSet::from([north.clone(), south.clone()]);
    let mut view = chain_up_to(1);
    see(&mut view, link(1, 4));
    assert!(
        view.refetch_failed(&range(1, 2, 3), &north, &reachable)
            .is_empty()
    );
    assert_eq!(
        view.refetch_failed(&range(1, 2, 3), &south, &reachable),
        [range(1, 2, 3)]
    );
    assert!(
        view.refetch_failed(&range(1, 2, 3), &south, &reachable)
            .is_empty()
    );
    assert!(view.tick(T0.after(Duration::from_secs(60))).is_empty());
}

#[test]
fn every_change_of_the_list_is_told_so_that_it_can_be_kept() {
    let mut view = chain_up_to(1);
    let opened = view.observe(link(1, 4), T0).changes;
    assert_eq!(opened, [GapChange::Opened(range(1, 2, 3))]);
    let filled = view.observe(link(1, 2), T0).changes;
    assert_eq!(
        filled,
        [
            GapChange::Ended(range(1, 2, 3)),
            GapChange::Opened(range(1, 3, 3))
        ]
    );
}

#[test]
fn a_chain_is_taken_up_after_a_restart() {
    let view = ChainView::resume([link(1, 9), link(1, 8), link(1, 5)], [range(1, 6, 7)], T0);
    assert_eq!(view.newest(), Some(place(1, 9)));
    assert_eq!(missing(&view), [range(1, 6, 7)]);
    let mut view = view;
    assert_eq!(see(&mut view, link(1, 2)), ChainNews::Beyond);
    assert_eq!(see(&mut view, link(1, 7)), ChainNews::Fills);
    assert_eq!(see(&mut view, link(1, 10)), ChainNews::Next);
}

#[test]
fn what_left_the_window_is_asked_of_the_ledger() {
    let mut view = chain_up_to(5_000);
    assert_eq!(view.window.len(), WINDOW);
    assert_eq!(see(&mut view, link(1, 904)), ChainNews::Beyond);
    assert_eq!(see(&mut view, link(1, 905)), ChainNews::Late);
}

#[test]
fn a_hostile_sender_fills_no_memory() {
    let mut view = ChainView::new();
    for sequence in 1..3_000 {
        see(&mut view, link(1, sequence * 2));
    }
    for epoch in 2..300 {
        see(
            &mut view,
            Link {
                previous: hash(77, epoch),
                ..link(epoch, 1)
            },
        );
    }
    see(&mut view, link(900, u64::MAX));
    assert_eq!(view.gaps().count(), MAX_GAPS);
    assert!(view.unlisted() > 0);
    assert!(view.window.len() <= WINDOW);
    assert!(view.epochs.len() <= MAX_EPOCHS);
    assert_eq!(see(&mut view, link(2, 2)), ChainNews::Beyond);
}

#[test]
fn the_last_place_there_is_can_be_taken() {
    let mut view = ChainView::new();
    see(&mut view, link(1, u64::MAX));
    assert_eq!(missing(&view), [range(1, 1, u64::MAX - 1)]);
    assert_eq!(see(&mut view, link(1, u64::MAX - 1)), ChainNews::Fills);
    assert_eq!(see(&mut view, link(1, u64::MAX)), ChainNews::Late);
}

/// An honest chain of three epochs: the second opens behind the first's end, the third behind any statement of the
/// second, after a loss.
fn honest(one: u64, two: u64, three: u64, lost: u64) -> Vec<Link> {
    let mut links: Vec<Link> = (1..=one).map(|sequence| link(1, sequence)).collect();
    links.push(opens(2, (1, one)));
    links.extend((2..=two).map(|sequence| link(2, sequence)));
    links.push(opens(3, (2, two.saturating_sub(lost).max(1))));
    links.extend((2..=three).map(|sequence| link(3, sequence)));
    links
}

proptest! {
    #[test]
    fn an_honest_chain_in_any_order_leaves_no_gap_and_no_fork(
        links in (1u64..30, 1u64..30, 1u64..30, 0u64..30)
            .prop_flat_map(|(one, two, three, lost)| Just(honest(one, two, three, lost)).prop_shuffle()),
        repeats in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut view = ChainView::new();
        let mut listed = BTreeSet::new();
        for link in &links {
            let observed = view.observe(*link, T0);
            prop_assert!(!matches!(observed.news, ChainNews::Fork { .. } | ChainNews::Late | ChainNews::Beyond), "{:?}", observed.news);
            for change in observed.changes {
                match change {
                    GapChange::Opened(missing) => prop_assert!(listed.insert(missing)),
                    GapChange::Ended(missing) => prop_assert!(listed.remove(&missing)),
                }
            }
            prop_assert_eq!(listed.iter().copied().collect::<Vec<_>>().len(), view.gaps().count());
        }
        prop_assert_eq!(missing(&view), vec![]);
        for repeat in repeats {
            prop_assert_eq!(see(&mut view, links[repeat.index(links.len())]), ChainNews::Late);
        }
    }

    #[test]
    fn within_an_epoch_exactly_the_unseen_places_are_missing(
        seen in proptest::collection::btree_set(1u64..60, 1..40).prop_flat_map(|seen| Just(seen.into_iter().collect::<Vec<_>>()).prop_shuffle()),
    ) {
        let mut view = ChainView::new();
        for sequence in &seen {
            let _ = view.observe(link(1, *sequence), T0);
        }
        let top = *seen.iter().max().unwrap();
        let unseen: Vec<u64> = (1..top).filter(|sequence| !seen.contains(sequence)).collect();
        let listed: Vec<u64> = view.gaps().flat_map(|gap| gap.missing.first..=gap.missing.last()).collect();
        prop_assert_eq!(listed, unseen);
    }

    #[test]
    fn no_chain_of_a_stranger_makes_it_panic(
        links in proptest::collection::vec((1u64..4, prop_oneof![1u64..8, Just(u64::MAX), Just(u64::MAX - 1)], 0u64..4, 0u64..4), 0..60),
    ) {
        let mut view = ChainView::new();
        for (epoch, sequence, one, another) in links {
            let _ = view.observe(Link { place: place(epoch, sequence), hash: hash(one, sequence), previous: hash(another, sequence.saturating_sub(1)) }, T0);
        }
        let mut ranges: Vec<Missing> = view.gaps().map(|gap| gap.missing).filter(|missing| matches!(missing.end, End::At(_))).collect();
        ranges.sort();
        for pair in ranges.windows(2) {
            prop_assert!(pair[0].epoch < pair[1].epoch || pair[0].last() < pair[1].first);
        }
    }
}
