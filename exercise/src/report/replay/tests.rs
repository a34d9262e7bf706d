//! What is played back is what was signed, from any moment on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_core::words::{Answer, ResponseAttribute, Rung};

use super::*;
use crate::{
    record::{InjectStatus, Seen},
    testing::{Draft, Play},
};

/// One inject, and one message up its ladder, at ×60: a second of line is a minute of story.
fn played() -> Play {
    let mut play = Play::s1();
    play.at(1_000);
    for status in [InjectStatus::Firing, InjectStatus::Delivered] {
        play.record(Kind::Inject {
            serial: "1.1.1".into(),
            status,
            what: String::new(),
        });
    }
    let m1 = play.at(1_700).send(&Draft::flash("A", "an aircraft is missing"));
    play.at(1_710).receipt("B", Rung::Delivered, m1);
    play.at(2_200).act("B", Rung::Acknowledged, m1);
    play.at(8_100).present("B", m1);
    play.looks();
    let r1 = play.at(14_000).send(&Draft {
        refers_to: Some(m1),
        answer: Some(Answer::Roger),
        response: ResponseAttribute::None,
        ..Draft::flash("B", "we search with you")
    });
    play.at(14_010).receipt("A", Rung::Delivered, r1);
    play.looks();
    play.at(25_000).record(Kind::Tick);
    play.at(30_000).endex();
    play
}

fn replay(play: &Play, from_ms: u64, until_ms: Option<u64>) -> Replay {
    let evidence = play.evidence();
    let timeline = Timeline::load(&evidence).unwrap();
    Replay::of(&evidence, &timeline, Part { from_ms, until_ms }).unwrap()
}

#[test]
fn a_replay_tells_everything_that_happened_in_the_order_of_the_story() {
    let all = replay(&played(), 0, None);
    assert_eq!(all.stood, None, "nothing stood before STARTEX");
    assert!(all.lines.iter().map(|line| line.at.story_ms).is_sorted());
    let kinds: Vec<&str> = all.lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"STARTEX"), Some(&"ENDEX")));
    for kind in [
        "RELEASED",
        "ACCEPTED",
        "DELIVERED",
        "ACKNOWLEDGED",
        "PRESENTED",
        "INJECT",
    ] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert!(!kinds.contains(&"TICK"), "{kinds:?}");
    let acknowledged = all.lines.iter().find(|line| line.kind == "ACKNOWLEDGED").unwrap();
    assert_eq!(acknowledged.who, "desk B");
    assert!(acknowledged.subject.starts_with("A-0001 by "), "{acknowledged:?}");
}

#[test]
fn a_replay_from_a_moment_begins_with_how_the_exercise_stood_then() {
    let play = played();
    let all = replay(&play, 0, None);
    for from_ms in [1, 60_000, 102_000, 500_000, 1_800_000] {
        let part = replay(&play, from_ms, None);
        let later: Vec<Line> = all
            .lines
            .iter()
            .filter(|line| line.at.story_ms >= from_ms)
            .cloned()
            .collect();
        assert_eq!(part.lines, later, "from {from_ms}");
        let stood = part.stood.unwrap();
        assert!(stood.at.story_ms < from_ms, "before {from_ms}: {:?}", stood.at);
        let delivered = stood
            .injects
            .iter()
            .find(|inject| inject.serial == "1.1.1")
            .unwrap();
        let expected = if from_ms > 60_000 { "DELIVERED" } else { "PENDING" };
        assert_eq!(delivered.status, expected, "at {from_ms}");
        assert_eq!(stood.state, "RUNNING", "at {from_ms}");
    }
    let part = replay(&play, 60_000, Some(102_000));
    assert!(
        part.lines
            .iter()
            .all(|line| (60_000..=102_000).contains(&line.at.story_ms))
    );
    let behind = replay(&play, 9_000_000, None);
    assert_eq!(behind.lines, []);
    assert_eq!(behind.stood.unwrap().state, "ENDED");
}

#[test]
fn a_replay_shows_faults_in_force_with_their_end_and_what_desks_showed() {
    let fault = |on| Kind::Fault {
        name: "cut path 1".into(),
        on,
        fault: "cut".into(),
        links: vec!["A north/quic".into()],
    };
    let mut play = Play::s1();
    play.at(1_000).record(fault(true));
    let seen = Seen {
        label: Some("DEGRADED".into()),
        ..Seen::default()
    };
    play.at(2_000).look("A", seen);
    play.at(3_000).record(fault(false));
    play.at(4_000).endex();
    let stood = replay(&play, 150_000, None).stood.unwrap();
    let [fault] = &stood.faults[..] else {
        panic!("{:?}", stood.faults);
    };
    assert_eq!(
        (fault.name.as_str(), fault.until.as_str()),
        ("cut path 1", "until T+00:03:00")
    );
    let desk = stood.seats.iter().find(|seat| seat.desk == "A").unwrap();
    assert_eq!(desk.label, "DEGRADED");
    assert_eq!(replay(&play, 200_000, None).stood.unwrap().faults, []);
}

#[test]
fn records_that_do_not_follow_from_the_scenario_are_not_played_back() {
    let mut play = Play::s1();
    play.at(1_000).inject("9.9.9");
    play.at(2_000).endex();
    let evidence = play.evidence();
    let timeline = Timeline::load(&evidence).unwrap();
    let error = Replay::of(&evidence, &timeline, Part::default()).unwrap_err();
    assert!(
        matches!(error, ReplayError::DoesNotFollow { leaf: 3, .. }),
        "{error}"
    );
}
