//! The shipped S1, played well, and with one thing wrong at a time.

use super::*;
use crate::testing::s1::{Wrong, played};

#[test]
fn s1_played_well_meets_everything() {
    let judged = judge_of(&played(&Wrong::default()));
    for id in [
        "E1", "E2", "E3", "E4", "E5", "E8", "C1", "C2", "C3", "C4", "C5", "C6", "C7",
    ] {
        assert_eq!(one(&judged, id).met, Met::Yes, "{:#?}", one(&judged, id));
    }
    let e4 = one(&judged, "E4");
    let value = e4.measured.unwrap().apart.value_ms;
    assert_eq!(value, 510 * 60, "half a second of line is half a minute of story");
    assert!(e4.observed.contains("after m1.DELIVERED@B"), "{}", e4.observed);
    assert_eq!(
        e4.expected,
        "ACKNOWLEDGED of m1 at B within 120s story of m1.DELIVERED@B"
    );
    assert_eq!(e4.leaves.len(), 2, "{:?}", e4.leaves);
}

#[test]
fn nobody_acknowledging_is_told_as_e4() {
    let wrong = Wrong {
        never_acknowledged: true,
        ..Wrong::default()
    };
    let judged = judge_of(&played(&wrong));
    let e4 = one(&judged, "E4");
    assert_eq!((e4.met, e4.got), (Met::No, 0));
    assert_eq!(e4.observed, "A-0001 ACKNOWLEDGED at B did not come");
    let failed: Vec<&str> = failed(&judged, StageKind::Live)
        .iter()
        .map(|judged| judged.id.as_str())
        .collect();
    assert!(failed.contains(&"E4"), "{failed:?}");
}

#[test]
fn acknowledging_after_the_deadline_is_told_with_how_late() {
    let wrong = Wrong {
        acknowledged_late: true,
        ..Wrong::default()
    };
    let judged = judge_of(&played(&wrong));
    let e4 = one(&judged, "E4");
    assert_eq!(e4.met, Met::No);
    assert!(
        e4.observed
            .starts_with("A-0001 ACKNOWLEDGED at B 2 min 17.400 s story (±"),
        "{}",
        e4.observed
    );
}

#[test]
fn free_text_instead_of_the_code_is_told_as_e1_when_nobody_named_it() {
    let wrong = Wrong {
        free_text: true,
        ..Wrong::default()
    };
    let mut play = played(&wrong);
    // Nobody says which message it is: then the filter asks for the code.
    let named = play.logs.get_mut("excon").unwrap();
    named.truncate(5);
    let judged = judge_of(&play);
    let e1 = one(&judged, "E1");
    assert_eq!(
        (e1.met, e1.observed.as_str()),
        (Met::No, "no message m1 was released")
    );
}

#[test]
fn a_line_that_is_too_slow_is_told_as_e2() {
    let wrong = Wrong {
        slow_line: true,
        ..Wrong::default()
    };
    let judged = judge_of(&played(&wrong));
    let e2 = one(&judged, "E2");
    assert_eq!(e2.met, Met::No);
    assert!(
        e2.observed.starts_with("A-0001 DELIVERED at B 2.200 s line"),
        "{}",
        e2.observed
    );
}

#[test]
fn one_lost_copy_of_forty_is_named() {
    let wrong = Wrong {
        sar_lost: true,
        ..Wrong::default()
    };
    let judged = judge_of(&played(&wrong));
    let e8 = one(&judged, "E8");
    assert_eq!(e8.met, Met::No);
    assert_eq!(e8.observed, "39 of 40: A-0008 DELIVERED at B did not come");
}

#[test]
fn fewer_copies_than_planned_are_counted() {
    let wrong = Wrong {
        sar_sent: Some(30),
        ..Wrong::default()
    };
    let judged = judge_of(&played(&wrong));
    let e8 = one(&judged, "E8");
    assert_eq!(e8.met, Met::No);
    assert!(
        e8.observed.starts_with("30 of 40 were released; 30 of 30"),
        "{}",
        e8.observed
    );
}

#[test]
fn an_acknowledgement_too_close_to_the_bound_is_undecided_and_counts_as_not_met() {
    let mut play = Play::s1();
    let m1 = play.at(1_000).send(&Draft::flash("A", "one"));
    play.name("m1", m1);
    play.at(1_010).receipt("B", Rung::Delivered, m1);
    play.at(3_009).act("B", Rung::Acknowledged, m1);
    let judged = judge_of(&play);
    let e4 = one(&judged, "E4");
    assert_eq!((e4.met, e4.got), (Met::Undecided, 0), "{}", e4.observed);
    assert!(
        failed(&judged, StageKind::Headless)
            .iter()
            .any(|judged| judged.id == "E4")
    );
}
