//! What a failover run tells: gaps, what was noticed, and promises about both.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::bench::measure::failover::Healed;
use crate::bench::{
    measure::failover::deck,
    report::{conditions::Conditions, run::tests::stalled},
};

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn measured() -> Failover {
    let folder = tempfile::tempdir().unwrap();
    let draws = deck::draw(1, &Kind::ALL[..4], 4).unwrap();
    let noticed = Noticed {
        suspect: Some(millis(400)),
        down: Some(millis(1300)),
        session: Some(millis(600)),
        back: Some(millis(1500)),
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
            out_of_order: 0,
            healed: None,
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
        out_of_order: 0,
        run: stalled(),
    }
}

/// The same, and all legs were cut once as well.
fn with_all_cut(first_shown: Option<Duration>) -> Failover {
    let mut failover = measured();
    let draw = deck::draw(1, &[Kind::AllCut], 1).unwrap().remove(0);
    failover.faults.push(Happened {
        gap: millis(5300),
        lasted: millis(5000),
        healed: Some(Healed {
            first_shown,
            others_after: millis(2000),
        }),
        legs: Vec::new(),
        draw,
        ..failover.faults[0].clone()
    });
    failover
}

#[test]
fn the_gap_of_all_legs_cut_is_told_and_compared_with_nothing() {
    let failover = with_all_cut(Some(millis(310)));
    let told = failover.json();
    assert_eq!(
        (&told["gap_ms"]["max"], &told["gap_ratio"]),
        (&json!(30.0), &json!(1.5))
    );
    assert_eq!(told["gaps_ms"]["with_fault"].as_array().unwrap().len(), 4);
    assert_eq!(
        told["first_after_heal_ms"],
        json!({ "p50": 310.0, "p95": 310.0, "max": 310.0, "count": 1 })
    );
    let fault = &told["faults"][4];
    assert_eq!(
        (&fault["kind"], &fault["gap_ms"]),
        (&json!("all-cut"), &json!(5300.0))
    );
    assert!(fault["heals_first"].as_str().unwrap().contains('/'), "{fault}");
    assert_eq!(failover.values().get("first_after_heal_ms"), Some(&310.0));
    assert!(failover.table().contains("first leg healed to first shown"));
}

#[test]
fn a_heal_after_which_nothing_was_shown_leaves_no_value_for_a_promise() {
    let failover = with_all_cut(None);
    let told = failover.json();
    assert_eq!(
        (
            &told["first_after_heal_ms"],
            &told["faults"][4]["first_after_heal_ms"]
        ),
        (&Value::Null, &Value::Null)
    );
    assert!(told["faults"][4]["why_null"]["first_after_heal_ms"].is_string());
    assert!(!failover.values().contains_key("first_after_heal_ms"));
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
    for kind in &Kind::ALL[..4] {
        assert!(text.contains(kind.name()), "{text}");
    }
    assert!(!text.contains("all-cut"), "{text}");
}

#[test]
fn every_metric_that_can_be_asked_for_is_measured() {
    catalogue().is_measured(&with_all_cut(Some(millis(310))).values());
}

#[test]
fn few_times_are_spread_by_rank() {
    let spread = Spread::of((1..=20).map(millis)).unwrap();
    assert_eq!(spread.values, [10.0, 19.0, 20.0]);
    assert_eq!(Spread::of([millis(7)].into_iter()).unwrap().values, [7.0; 3]);
    assert_eq!(Spread::of(std::iter::empty()), None);
}
