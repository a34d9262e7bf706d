//! The storm, as part of every test run: past failures, a sweep, replay, and the planted bugs.
//!
//! Past failures are in `tests/seeds.txt`, a seed a line with its reason; a seed that ever failed is played for good.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_tests::storm::{
    many::{Order, Total, many},
    plants::PLANTS,
    play::{self, With},
    shape::Shape,
};

/// Schedules of the sweep, and their first seed.
const SWEEP: (u64, u64) = (500, 1_000_000);
/// Schedules within which a planted bug must be found.
const FOUND_WITHIN: u64 = 200;
/// Schedules of a larger line, and within which a bug that is planted in it must be found.
const LARGER: u64 = 12;
/// Seeds that are played twice.
const TWICE: u64 = 10;

fn past_failures() -> Vec<u64> {
    include_str!("../seeds.txt")
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect()
}

fn none_failed(total: &Total) {
    let failed: Vec<_> = total
        .failed
        .iter()
        .map(|ending| (ending.seed, &ending.broken))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_seed_that_ever_failed_holds() {
    for seed in past_failures() {
        let ending = play::play(seed, With::default());
        assert!(ending.broken.is_empty(), "seed {seed}: {:?}", ending.broken);
    }
}

#[test]
fn a_sweep_of_schedules_breaks_no_promise() {
    let (schedules, seed) = SWEEP;
    let total = many(Order {
        seed,
        schedules,
        with: With::default(),
        stop_at_first: false,
    });
    let (crashes, partitions) = total.least.unwrap();
    assert!(
        crashes >= 3 && partitions >= 3,
        "{crashes} crashes, {partitions} partitions"
    );
    none_failed(&total);
}

#[test]
fn the_same_seed_is_the_same_storm_to_the_last_packet() {
    for seed in 1..=TWICE {
        let (one, other) = (
            play::play(seed, With::default()),
            play::play(seed, With::default()),
        );
        assert_eq!(one.trace, other.trace, "seed {seed}");
    }
}

#[test]
fn every_planted_bug_is_found() {
    let mut missed = Vec::new();
    for (name, _) in PLANTS {
        let total = many(Order {
            seed: 1,
            schedules: FOUND_WITHIN,
            with: With {
                plant: Some(name),
                ..With::default()
            },
            stop_at_first: true,
        });
        if total.held() {
            missed.push(*name);
        }
    }
    assert!(
        missed.is_empty(),
        "not found within {FOUND_WITHIN} schedules: {missed:?}"
    );
}

/// Three relays and four desks.
fn larger() -> With {
    With {
        shape: Shape::new(3, 4).unwrap(),
        ..With::default()
    }
}

#[test]
fn three_relays_and_four_desks_keep_the_same_promises() {
    let total = many(Order {
        seed: 1,
        schedules: LARGER,
        with: larger(),
        stop_at_first: false,
    });
    none_failed(&total);
    let again = play::play(1, larger());
    assert_eq!(total.traces.first(), Some(&(1, again.trace)));
}

#[test]
fn a_bug_planted_in_a_larger_line_is_found() {
    for plant in ["letter-not-posted", "flash-on-the-diagonal"] {
        let total = many(Order {
            seed: 1,
            schedules: LARGER,
            with: With {
                plant: Some(plant),
                ..larger()
            },
            stop_at_first: true,
        });
        assert!(!total.held(), "{plant} was not found");
    }
}

#[test]
fn a_storm_leaves_nothing_behind_whether_or_not_a_promise_was_broken() {
    let broken = ["--plant", "displayed-without-drawing", "--schedules", "20"];
    for (exit, what) in [(0, &["--schedules", "1"][..]), (3, &broken[..])] {
        let place = tempfile::tempdir().unwrap();
        let ended = std::process::Command::new(env!("CARGO_BIN_EXE_storm"))
            .args(what)
            .env("TMPDIR", place.path())
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(exit), "{ended:?}");
        let left: Vec<_> = std::fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_line_that_cannot_be_is_refused_in_words() {
    for (relays, desks, word) in [
        (1, 2, "relays"),
        (5, 2, "relays"),
        (2, 3, "pairs"),
        (2, 6, "desks"),
    ] {
        assert!(Shape::new(relays, desks).unwrap_err().contains(word));
    }
    assert_eq!(Shape::new(2, 2), Ok(Shape::default()));
}
