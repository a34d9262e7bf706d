//! What a failover run tells: gaps, what was noticed, and promises about both.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::bench::{
    measure::failover::deck,
    report::{conditions::Conditions, run::tests::stalled},
};

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn measured() -> Failover {
    let folder = tempfile::tempdir().unwrap();
    let draws = deck::draw(1, &Kind::ALL, 4).unwrap();
    let noticed = Noticed {
        suspect: Some(millis(400)),
        down: Some(millis(1300)),
        back: Some(millis(600)),
    };
    let faults = draws
        .into_iter()
        .zip([12, 30, 20, 15])
        .map(|(draw, gap)| Happened {
            at: millis(1000),
            lasted: millis(2000),
            gap: millis(gap),
            legs: draw
                .target
                .legs()
                .unwrap()
                .into_iter()
                .map(|leg| (leg.to_string(), noticed))
                .collect(),
            draw,
        });
    Failover {
        conditions: Conditions::of(folder.path()),
        floor: [millis(1)].into_iter().collect(),
        faults: faults.collect(),
        quiet: [20, 11, 15].map(millis).to_vec(),
        released: 900,
        lost: 0,
        shown_twice: 0,
        run: stalled(),
    }
}

#[test]
fn a_leg_that_nobody_noticed_counts_with_all_the_time_it_was_broken() {
    let mut failover = measured();
    let one = &mut failover.faults[0];
    one.legs[0].1 = Noticed::default();
    let told = failover.json();
    assert_eq!(told["down_ms"]["max"], 2000.0);
    assert_eq!(told["down_ms"]["count"], 4);
    assert_eq!(told["faults"][0]["legs"][0]["down_ms"], Value::Null);
}

#[test]
fn the_longest_gap_of_each_kind_is_compared() {
    let told = measured().json();
    assert_eq!(
        told["gap_ms"],
        json!({ "p50": 15.0, "p95": 30.0, "max": 30.0, "count": 4 })
    );
    assert_eq!(told["gap_without_fault_ms"]["max"], 20.0);
    assert_eq!(told["gap_ratio"], 1.5);
    assert_eq!((&told["lost"], &told["shown_twice"]), (&json!(0), &json!(0)));
    assert_eq!(told["down_ms"]["max"], 1300.0);
}

#[test]
fn each_fault_is_told_with_what_was_noticed_of_its_legs() {
    let told = measured().json();
    let faults = told["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 4);
    for fault in faults {
        assert_eq!(
            (&fault["suspect_ms"], &fault["for_ms"]),
            (&json!(400.0), &json!(2000.0))
        );
        assert!(fault["relay"].is_string() != fault["leg"].is_string(), "{fault}");
        assert!(!fault["legs"].as_array().unwrap().is_empty());
    }
}

#[test]
fn the_table_tells_losses_and_duplicates_and_every_kind() {
    let text = measured().table();
    assert!(
        text.contains("0 lost, 0 shown twice") && text.contains("1.50 times"),
        "{text}"
    );
    for kind in Kind::ALL {
        assert!(text.contains(kind.name()), "{text}");
    }
}

#[test]
fn every_metric_that_can_be_asked_for_is_measured() {
    catalogue().is_measured(&measured().values());
}

#[test]
fn few_times_are_spread_by_rank() {
    let spread = Spread::of((1..=20).map(millis)).unwrap();
    assert_eq!(spread.values, [10.0, 19.0, 20.0]);
    assert_eq!(Spread::of([millis(7)].into_iter()).unwrap().values, [7.0; 3]);
    assert_eq!(Spread::of(std::iter::empty()), None);
}
