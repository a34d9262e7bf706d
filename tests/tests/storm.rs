//! The storm, as part of every test run: past failures, a sweep, replay, and the planted bugs.
//!
//! Past failures are in `tests/seeds.txt`, a seed a line with its reason; a seed that ever failed is played for good.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_tests::storm::{
    many::{Order, many},
    mix::WINDOW_MS,
    plants::PLANTS,
    play,
};

/// Schedules of the sweep, and their first seed.
const SWEEP: (u64, u64) = (500, 1_000_000);
/// Schedules within which a planted bug must be found.
const FOUND_WITHIN: u64 = 200;
/// Seeds that are played twice.
const TWICE: u64 = 10;

fn past_failures() -> Vec<u64> {
    include_str!("../seeds.txt")
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn every_seed_that_ever_failed_holds() {
    for seed in past_failures() {
        let ending = play::play(seed, None, WINDOW_MS);
        assert!(ending.broken.is_empty(), "seed {seed}: {:?}", ending.broken);
    }
}

#[test]
fn a_sweep_of_schedules_breaks_no_promise() {
    let (schedules, seed) = SWEEP;
    let total = many(Order {
        seed,
        schedules,
        plant: None,
        stop_at_first: false,
    });
    let (crashes, partitions) = total.least.unwrap();
    assert!(
        crashes >= 3 && partitions >= 3,
        "{crashes} crashes, {partitions} partitions"
    );
    let failed: Vec<_> = total
        .failed
        .iter()
        .map(|ending| (ending.seed, &ending.broken))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_same_seed_is_the_same_storm_to_the_last_packet() {
    for seed in 1..=TWICE {
        let (one, other) = (
            play::play(seed, None, WINDOW_MS),
            play::play(seed, None, WINDOW_MS),
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
            plant: Some(name),
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
