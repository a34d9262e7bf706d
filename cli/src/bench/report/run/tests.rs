//! Times of a made-up run with a stall: what counts from due, what from RELEASED, and what is lost.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A hundred messages, one each 10 ms, 3 ms each; at 500 ms the line stands still for 200 ms.
pub fn stalled() -> Run {
    let rows = (0..100_u64).map(|number| {
        let due = number * 10;
        let held = if (500..700).contains(&due) { 700 - due } else { 0 };
        Row {
            due: millis(due),
            released: Some(millis(held + 1)),
            accepted: BTreeMap::from([
                ("north".to_owned(), millis(held + 2)),
                ("south".to_owned(), millis(held + 4)),
            ]),
            delivered: Some(millis(held + 3)),
            stored: Some(millis(held + 4)),
            displayed: (number % 10 == 0).then(|| millis(held + 6)),
            acknowledged: (number % 10 == 0).then(|| millis(held + 9)),
            leg: Some(
                if number % 2 == 0 {
                    "north/quic"
                } else {
                    "south/tcp"
                }
                .to_owned(),
            ),
        }
    });
    Run {
        name: "without faults".into(),
        rate: 100.0,
        rows: rows.collect(),
        ..Run::default()
    }
}

#[test]
fn leg_changes_are_told_where_somebody_listened_and_added_up_for_promises() {
    assert_eq!(stalled().json()["leg_changes"], Value::Null);
    assert!(!stalled().values().contains_key("down_count"));
    let mut run = stalled();
    let of = |leg: &str, suspect, down| (leg.to_owned(), Changes { suspect, down });
    run.leg_changes = Some(BTreeMap::from([
        of("A north/quic", 3, 1),
        of("A north/tcp", 0, 0),
        of("B south/tcp", 1, 1),
    ]));
    let values = run.values();
    assert_eq!((values["suspect_count"], values["down_count"]), (4.0, 2.0));
    assert_eq!(run.json()["leg_changes"]["A north/quic"]["suspect"], 3);
    let text = run.table();
    let told = "called 4 SUSPECT, 2 DOWN: A north/quic 3 SUSPECT, 1 DOWN; B south/tcp 1 SUSPECT, 1 DOWN";
    assert!(text.contains(told), "{text}");
}

#[test]
fn a_stall_is_charged_to_every_message_it_held_up() {
    let told = stalled().json();
    let at = |of: &str, name: &str| told[of]["delivered"][name].as_f64().unwrap();
    // Twenty of a hundred were held up, the first by 200 ms. Counted from RELEASED, nobody would ever know.
    assert!((at("from_due_ms", "p50") - 3.0).abs() < 0.01, "{told}");
    assert!((at("from_due_ms", "p90") - 103.0).abs() < 1.0, "{told}");
    assert!((at("from_due_ms", "max") - 203.0).abs() < 1.0, "{told}");
    assert!((at("from_released_ms", "max") - 2.0).abs() < 0.01, "{told}");
}

#[test]
fn a_lost_message_stands_behind_every_receipt_and_leaves_its_quantiles_without_a_value() {
    let mut run = stalled();
    let whole = run.values();
    for row in &mut run.rows[..2] {
        row.delivered = None;
    }
    let values = run.values();
    assert!((values["lost"] - 2.0).abs() < f64::EPSILON);
    assert!((values["p50_delivered"] - whole["p50_delivered"]).abs() < 0.01);
    for gone in ["p99_delivered", "p999_delivered", "max_delivered"] {
        assert!(whole.contains_key(gone) && !values.contains_key(gone), "{gone}");
    }
    assert!(
        values.contains_key("p99_displayed"),
        "people are asked about some only"
    );
}

#[test]
fn acceptance_is_told_for_each_relay_and_for_both() {
    let values = stalled().values();
    assert!((values["p50_accepted_north"] - 2.0).abs() < 0.01);
    assert!((values["p50_accepted_south"] - 4.0).abs() < 0.01);
    assert!((values["p50_accepted"] - 4.0).abs() < 0.01);
    let keys: Vec<String> = stalled().series().into_iter().map(|series| series.key).collect();
    assert_eq!(
        keys.join(" "),
        "released accepted accepted_north accepted_south delivered stored displayed acknowledged"
    );
}

#[test]
fn legs_are_told_apart_and_add_up_to_the_whole() {
    let legs = stalled().by_leg();
    let counts: Vec<(&str, u64)> = legs
        .iter()
        .map(|(leg, times)| (leg.as_str(), times.count()))
        .collect();
    assert_eq!(counts, [("north/quic", 50), ("south/tcp", 50)]);
}

#[test]
fn what_never_came_is_lost_and_no_time() {
    let mut run = stalled();
    run.rows[7].delivered = None;
    assert_eq!(run.lost(), 1);
    assert_eq!(run.json()["from_due_ms"]["delivered"]["count"], 99);
    assert!((run.achieved() - 99.0 / 0.993).abs() < 0.1, "{}", run.achieved());
    assert!((Run::default().achieved()).abs() < f64::EPSILON);
}
