//! C7: labels of silence beside what control knows.

use super::*;
use crate::record::Seen;

fn interrupted() -> Seen {
    Seen {
        label: Some("INTERRUPTED".into()),
        ..Seen::default()
    }
}

#[test]
fn a_label_of_silence_that_nothing_explains_is_named() {
    let mut play = Play::of(&expecting(&[]));
    play.at(5_000).look("B", interrupted());
    let judged = judge_of(&play);
    let c7 = one(&judged, "C7");
    assert_eq!(c7.met, Met::No);
    assert!(
        c7.observed.starts_with("INTERRUPTED at B at T+00:05:00.000"),
        "{}",
        c7.observed
    );

    let mut play = Play::of(&expecting(&[]));
    let fault = Kind::Fault {
        name: "cut-all".into(),
        on: true,
        fault: "cut".into(),
        links: vec!["path 1".into(), "path 2".into()],
    };
    play.at(4_000).record(fault);
    play.at(5_000).look("B", interrupted());
    assert_eq!(one(&judge_of(&play), "C7").met, Met::Yes);
}

#[test]
fn a_process_that_runs_again_explains_no_interruption_long_behind_it() {
    let interrupted_at = |ms, begins: &str| {
        let mut play = Play::of(&expecting(&[]));
        for (at, deed) in [(1_000, begins), (3_000, "START")] {
            play.at(at).record(Kind::Process {
                who: "relay north".into(),
                deed: deed.into(),
            });
        }
        for at in [10_000, 20_000, 30_000].into_iter().filter(|at| *at < ms) {
            play.at(at).looks();
        }
        play.at(ms).look("A", interrupted());
        one(&judge_of(&play), "C7").met
    };
    for begins in ["KILL", "ASLEEP"] {
        assert_eq!(interrupted_at(2_000, begins), Met::Yes);
        let half_a_minute_behind = interrupted_at(33_000, begins);
        assert_eq!(half_a_minute_behind, Met::Yes, "{begins}");
        assert_eq!(interrupted_at(33_001, begins), Met::No, "{begins}");
    }
}

#[test]
fn a_desk_that_died_and_was_started_again_explains_nothing_long_behind_it() {
    for started in ["A", "desk A"] {
        let mut play = Play::of(&expecting(&[]));
        for (at, who, deed) in [(1_000, "desk A", "DIED"), (3_000, started, "START")] {
            play.at(at).record(Kind::Process {
                who: who.into(),
                deed: deed.into(),
            });
        }
        play.at(60_000).look("B", interrupted());
        assert_eq!(one(&judge_of(&play), "C7").met, Met::No, "{started}");
    }
}

#[test]
fn a_seat_that_control_did_not_see_explains_an_interruption_until_half_a_minute_behind_it() {
    let interrupted_at = |ms| {
        let mut play = Play::of(&expecting(&[]));
        for (at, what) in [(1_000, "LEFT"), (3_000, "JOINED")] {
            play.at(at).record(Kind::Seat {
                seat: "B".into(),
                what: what.into(),
            });
        }
        for at in [10_000, 20_000, 30_000].into_iter().filter(|at| *at < ms) {
            play.at(at).looks();
        }
        play.at(ms).look("A", interrupted());
        one(&judge_of(&play), "C7").met
    };
    assert_eq!(interrupted_at(2_000), Met::Yes);
    assert_eq!(interrupted_at(33_001), Met::No);
}

#[test]
fn what_nobody_knows_the_time_of_explains_no_interruption() {
    use hotline_core::duty::ServiceKind;
    let mut play = Play::of(&expecting(&[]));
    // Control never sees A's clock again as it was: what A says then has no certain time.
    play.at(1_000)
        .set_clock("A", 40_000)
        .legs("A", ServiceKind::DeskCloses, &[]);
    play.at(2_000)
        .set_clock("A", 90_000_000)
        .look("A", Seen::default());
    play.at(20_000).look("B", interrupted());
    let timeline = play.timeline();
    let closes = timeline
        .entries
        .iter()
        .find(|entry| entry.what.kind().contains("CLOSES"))
        .unwrap();
    assert!(!closes.at.is_certain(), "{:?}", closes.at);
    assert_eq!(one(&judge_of(&play), "C7").met, Met::No);
}

#[test]
fn where_control_did_not_look_no_label_is_said_to_fit() {
    let mut play = Play::of(&expecting(&[]));
    play.at(5_000).looks();
    play.at(15_001).looks();
    let judged = judge_of(&play);
    let c7 = one(&judged, "C7");
    assert_eq!(
        (c7.met, c7.observed.as_str()),
        (Met::Undecided, "A was not looked at behind T+00:05:00.000")
    );

    let mut play = Play::of(&expecting(&[]));
    play.at(5_000).looks();
    for (at, deed) in [(6_000, "KILL"), (40_000, "START")] {
        play.at(at).record(Kind::Process {
            who: "A".into(),
            deed: deed.into(),
        });
        play.look("B", Seen::default());
        if deed == "KILL" {
            for ms in [15_000, 25_000, 35_000] {
                play.at(ms).look("B", Seen::default());
            }
        }
    }
    play.at(45_000).looks();
    let judged = judge_of(&play);
    assert_eq!(
        one(&judged, "C7").met,
        Met::Yes,
        "a desk that does not run shows nothing"
    );
}

#[test]
fn of_the_time_in_which_control_was_away_no_label_contradicts_what_it_knows() {
    let c7 = |back_ms: u64, looks_ms: u64| {
        let mut play = Play::of(&expecting(&[]));
        play.at(5_000).looks();
        play.at(back_ms).record(Kind::Resumed { found: Vec::new() });
        play.at(looks_ms).looks();
        one(&judge_of(&play), "C7").clone()
    };
    let judged = c7(65_000, 66_000);
    assert_eq!(judged.met, Met::Yes, "{}", judged.observed);
    let judged = c7(65_000, 75_001);
    assert_eq!(judged.met, Met::Undecided, "{}", judged.observed);
}

#[test]
fn of_an_exercise_in_which_nobody_said_anything_nothing_is_met() {
    let mut play = Play::of(&expecting(&[]));
    play.at(1_000).endex();
    let judged = judge_of(&play);
    for id in ["C1", "C2", "C3"] {
        assert_eq!(one(&judged, id).met, Met::Undecided, "{:?}", one(&judged, id));
    }
}
