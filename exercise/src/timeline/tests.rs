//! Every statement once, on control's clocks, and how far that can be off.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use hotline_core::{
    story::{Rate, Running},
    time::{LineTime, StoryTime, WallTime},
    words::{Answer, Rung},
};
use proptest::prelude::*;

use super::*;
use crate::{
    codebook::{Value, coded},
    expect::Met,
    record::{Kind, Record, Seen, Stamp, TurnWord},
    scenario::moment::Span,
    testing::{BEGAN, Draft, Play},
};

fn at_of(timeline: &Timeline, hash: &Hash) -> Moment {
    let entry = timeline.entries.iter().find(|entry| entry.sha256 == *hash);
    entry.unwrap().at
}

#[test]
fn a_statement_that_stands_in_several_logs_is_one_entry_with_every_place() {
    let mut play = Play::s1();
    let m1 = play.at(1_000).send(&Draft::flash("A", "one"));
    let timeline = play.timeline();
    let (entry, _) = timeline.message(&m1).unwrap();
    let places: Vec<(&str, u64)> = entry
        .places
        .iter()
        .map(|place| (place.log.as_str(), place.leaf))
        .collect();
    assert_eq!(
        places,
        [
            ("desk-A", 0),
            ("desk-B", 0),
            ("relay-north", 0),
            ("relay-south", 0)
        ]
    );
    assert_eq!(timeline.entries.len(), 4, "STARTEX, two looks and the message");
}

#[test]
fn sealed_words_are_read_by_their_opening_and_by_nothing_else() {
    let mut play = Play::s1();
    let (m1, opening) = play.at(1_000).send_sealed(&Draft::flash("A", "one"));
    let text = |evidence: &crate::bundle::Evidence| {
        let timeline = Timeline::load(evidence).unwrap();
        let (_, message) = timeline.message(&m1).unwrap();
        assert!(message.released.is_ok(), "that it was released needs no words");
        message.text.clone()
    };
    let mut evidence = play.evidence();
    assert_eq!(text(&evidence), None);
    let mut other = opening.clone();
    other.text.push('!');
    evidence.openings.insert(m1, other);
    assert_eq!(text(&evidence), None, "it does not fit the commitment");
    evidence.openings.insert(m1, opening);
    assert_eq!(text(&evidence).as_deref(), Some("one"));
}

#[test]
fn the_same_evidence_gives_the_same_timeline() {
    let mut play = Play::s1();
    let m1 = play.at(1_000).send(&Draft::flash("A", "one"));
    play.at(1_020).receipt("B", Rung::Delivered, m1);
    assert_eq!(play.timeline(), play.timeline());
}

#[test]
fn line_and_story_follow_from_what_control_wrote_down() {
    let mut play = Play::s1();
    let m1 = play.at(1_500).send(&Draft::flash("A", "one"));
    play.at(2_000).record(Kind::Tick);
    let at = at_of(&play.timeline(), &m1);
    assert_eq!(at.wall_ms, BEGAN + 1_500);
    assert_eq!(at.line_ms, Some(1_500));
    assert_eq!(at.story_ms, Some(90_000), "at ×60");
    assert_eq!(at.uncertainty_ms, 4, "half a round trip, two clocks read, drift");
    assert_eq!(at.story_uncertainty_ms, 240);
}

#[test]
fn while_it_is_paused_the_story_stands_and_the_line_goes_on() {
    let mut play = Play::s1();
    let stamp = |ms: u64| Stamp {
        wall: WallTime::from_unix_ms(BEGAN + ms),
        line: LineTime::from_start(Duration::from_millis(ms)),
        story: StoryTime::from_startex(Duration::from_secs(60)),
    };
    let pause = Record {
        stamp: stamp(1_000),
        running: Running::Paused(Rate::FASTEST),
        kind: Kind::Clock {
            turn: TurnWord::Pause,
        },
    };
    play.write_record(&pause);
    let m1 = play.at(5_000).send(&Draft::flash("A", "one"));
    let resume = Record {
        stamp: stamp(9_000),
        running: Running::Running(Rate::FASTEST),
        kind: Kind::Clock {
            turn: TurnWord::Resume,
        },
    };
    play.write_record(&resume);
    let at = at_of(&play.timeline(), &m1);
    assert_eq!((at.line_ms, at.story_ms), (Some(5_000), Some(60_000)));
    assert_eq!(at.story_uncertainty_ms, 0, "the story stood on both sides of it");
}

#[test]
fn a_leap_within_the_uncertainty_is_part_of_it() {
    let mut play = Play::s1();
    let m1 = play.at(999).send(&Draft::flash("A", "one"));
    let leap = Record {
        stamp: Stamp {
            wall: WallTime::from_unix_ms(BEGAN + 1_000),
            line: LineTime::from_start(Duration::from_millis(1_000)),
            story: StoryTime::from_startex(Duration::from_secs(3_600)),
        },
        running: Running::Running(Rate::FASTEST),
        kind: Kind::Clock {
            turn: TurnWord::Leap(3_600_000),
        },
    };
    play.write_record(&leap);
    let at = at_of(&play.timeline(), &m1);
    assert!(at.story_uncertainty_ms > 3_000_000, "{at:?}");
}

#[test]
fn what_came_before_startex_has_no_story_time() {
    let mut play = Play::s1();
    play.set_clock("A", -5_000);
    let m1 = play.at(100).send(&Draft::flash("A", "one"));
    // Control has seen A's clock to be right: A claims to have signed before STARTEX.
    let at = at_of(&play.timeline(), &m1);
    assert_eq!((at.line_ms, at.story_ms), (None, None));
}

#[test]
fn a_desk_whose_clock_is_wrong_is_brought_to_controls_clock() {
    let mut play = Play::s1();
    play.at(10_000).set_clock("B", 420_000).look("B", Seen::default());
    let m1 = play.at(20_000).send(&Draft::flash("B", "one"));
    play.at(30_000).look("B", Seen::default());
    let at = at_of(&play.timeline(), &m1);
    assert_eq!(at.wall_ms, BEGAN + 20_000);
    assert!(at.uncertainty_ms < 10, "{at:?}");
}

/// B's clock is a minute ahead until it is set right; two messages claim one time. Their hashes.
fn set_back(signs_steps: bool) -> (Timeline, Hash, Hash) {
    let mut play = Play::s1();
    let step = |play: &mut Play, ahead_ms| {
        if signs_steps {
            play.clock_step("B", ahead_ms);
        } else {
            play.set_clock("B", ahead_ms);
        }
        play.look("B", Seen::default());
    };
    step(play.at(1_000), 60_000);
    let before = play.at(30_000).send(&Draft::flash("B", "before"));
    step(play.at(40_000), 0);
    let behind = play.at(90_000).send(&Draft::flash("B", "behind"));
    play.at(95_000).look("B", Seen::default());
    let timeline = play.timeline();
    let claimed = |hash: &Hash| timeline.message(hash).unwrap().0.claimed_ms;
    assert_eq!(claimed(&before), claimed(&behind));
    (timeline, before, behind)
}

#[test]
fn a_clock_that_was_set_back_is_not_read_twice() {
    let (timeline, before, behind) = set_back(true);
    assert_eq!(at_of(&timeline, &before).wall_ms, BEGAN + 30_000);
    assert_eq!(at_of(&timeline, &behind).wall_ms, BEGAN + 90_000);
}

#[test]
fn a_claim_that_fits_before_and_behind_an_unsigned_jump_has_no_certain_time() {
    let (timeline, before, behind) = set_back(false);
    assert!(!at_of(&timeline, &before).is_certain());
    assert!(!at_of(&timeline, &behind).is_certain());
}

#[test]
fn what_a_desk_says_between_a_jump_of_its_clock_and_its_word_of_it_has_the_time_behind_the_jump() {
    let mut play = Play::s1();
    play.at(1_000).set_clock("B", 420_000).look("B", Seen::default());
    let m1 = play.at(3_000).send(&Draft::flash("B", "one"));
    play.at(6_000).clock_step("B", 420_000);
    play.at(7_000).look("B", Seen::default());
    let at = at_of(&play.timeline(), &m1);
    assert!(
        at.is_certain() && at.wall_ms.abs_diff(BEGAN + 3_000) <= at.uncertainty_ms,
        "{at:?}"
    );
}

#[test]
fn of_a_desk_that_control_never_saw_no_time_is_certain() {
    let mut play = Play::s1();
    play.logs.remove("excon");
    let startex = crate::testing::Play::s1().logs["excon"][0].clone();
    play.logs.insert("excon", vec![startex]);
    let m1 = play.at(1_000).send(&Draft::flash("A", "one"));
    let timeline = play.timeline();
    let at = at_of(&timeline, &m1);
    assert!(!at.is_certain());
    let apart = at.until(&at, Span::parse("2s line").unwrap()).unwrap().apart;
    assert_eq!(apart.at_most(u64::MAX - 1), Met::Undecided);
}

#[test]
fn an_interval_is_met_missed_or_undecided_by_value_and_uncertainty() {
    let apart = |value_ms, uncertainty_ms| Apart {
        value_ms,
        uncertainty_ms,
    };
    assert_eq!(apart(90, 10).at_most(100), Met::Yes);
    assert_eq!(apart(91, 10).at_most(100), Met::Undecided);
    assert_eq!(apart(110, 10).at_most(100), Met::Undecided);
    assert_eq!(apart(111, 10).at_most(100), Met::No);
    assert_eq!(apart(-5, 0).at_most(100), Met::Yes);
    assert!(apart(-5, 4).is_before() && !apart(-5, 5).is_before());
    assert_eq!(apart(0, UNKNOWN_MS).at_most(100), Met::Undecided);
}

#[test]
fn records_that_do_not_begin_with_startex_give_no_timeline() {
    let mut play = Play::s1();
    play.logs.insert("excon", Vec::new());
    play.record(Kind::Tick);
    let error = Timeline::load(&play.evidence()).unwrap_err();
    assert_eq!(error, TimelineError::NoStartex);
}

#[test]
fn an_entry_that_does_not_verify_is_left_out() {
    let mut play = Play::s1();
    let m1 = play.at(1_000).send(&Draft::flash("A", "one"));
    let m2 = play.at(2_000).send(&Draft::flash("A", "two"));
    for entries in play.logs.values_mut() {
        if let Some(entry) = entries.get_mut(1) {
            *entry.last_mut().unwrap() ^= 1;
        }
    }
    let timeline = play.timeline();
    assert!(timeline.message(&m1).is_some());
    assert!(timeline.message(&m2).is_none());
    assert!(timeline.logs.iter().all(|log| !log.holds), "{:?}", timeline.logs);
    assert_eq!(timeline.messages.len(), 1);
}

#[test]
fn messages_are_found_by_the_names_that_control_wrote_down() {
    let mut play = Play::s1();
    let m1 = play.at(1_000).send(&Draft::flash("A", "one"));
    let first = play.at(2_000).send(&Draft::flash("A", "two"));
    let second = play.at(3_000).send(&Draft::flash("A", "three"));
    play.name("m1", m1).name("sar#2", second).name("sar#1", first);
    // A name is given once.
    play.name("m1", second);
    let timeline = play.timeline();
    assert_eq!(timeline.named(&"m1".parse().unwrap()), [m1]);
    assert_eq!(timeline.named(&"sar".parse().unwrap()), [first, second]);
    assert_eq!(timeline.named(&"sar#2".parse().unwrap()), [second]);
    assert!(timeline.named(&"m2".parse().unwrap()).is_empty());
}

#[test]
fn every_rung_of_a_message_says_who_when_and_where_it_stands() {
    let mut play = Play::s1();
    let m1 = play.at(1_000).send(&Draft::flash("A", "one"));
    play.at(1_020).receipt("B", Rung::Delivered, m1);
    play.at(1_030).receipt("B", Rung::Alerted, m1);
    play.at(2_000).act("B", Rung::Acknowledged, m1);
    let answer = Draft {
        refers_to: Some(m1),
        answer: Some(Answer::Roger),
        ..Draft::flash("B", "roger")
    };
    play.at(3_000).send(&answer);
    let timeline = play.timeline();
    let climbs: Vec<(Rung, &str)> = timeline
        .climbs_of(&m1)
        .iter()
        .map(|climb| (climb.rung, climb.desk.as_str()))
        .collect();
    assert_eq!(
        climbs,
        [
            (Rung::Released, "A"),
            (Rung::Accepted, "relay south"),
            (Rung::Accepted, "relay north"),
            (Rung::Delivered, "B"),
            (Rung::Alerted, "B"),
            (Rung::Acknowledged, "B"),
            (Rung::Answered, "B"),
            (Rung::Closed, "B"),
        ]
    );
    let [south, north] = [1, 2].map(|climb| timeline.climbs_of(&m1)[climb].at);
    let north = north.unwrap();
    assert_eq!((north.wall_ms, north.uncertainty_ms), (BEGAN + 1_010, 14));
    assert_eq!(south, None, "no first copy came by it");
    let acknowledged = &timeline.climbs_of(&m1)[5];
    assert!(
        acknowledged
            .officer
            .as_deref()
            .unwrap()
            .ends_with("/officer/okoye")
    );
}

#[test]
fn a_coded_message_is_known_by_its_code() {
    let book = crate::codebook::shipped::starter().unwrap();
    let kind = &book.code("CM-03").unwrap().field("reference").unwrap().kind;
    let message = coded::Coded::new("CM-03")
        .with("reference", kind.read("A-0001").unwrap())
        .with("reason", Value::Text("sent in error".into()));
    let text = coded::encode(&book, &message).unwrap();
    let mut play = Play::s1();
    let m1 = play.at(1_000).send(&Draft::flash("A", &text));
    let timeline = play.timeline();
    assert_eq!(timeline.message(&m1).unwrap().1.code(), Some("CM-03"));
}

#[test]
fn a_wall_clock_of_control_that_was_set_ahead_and_back_loses_nothing() {
    let mut play = Play::s1();
    let mut m = Vec::new();
    for (ms, ahead) in [
        (1_000, 0),
        (2_000, 3_600_000),
        (3_000, 3_600_000),
        (4_000, 0),
        (5_000, 0),
    ] {
        // The desk's clock is right all the time; control sees it through its own.
        play.at(ms).set_clock("A", 0);
        let stamp = Stamp {
            wall: WallTime::from_unix_ms(BEGAN + ms + ahead),
            line: LineTime::from_start(Duration::from_millis(ms)),
            story: StoryTime::from_startex(Duration::from_millis(ms * 60)),
        };
        let seen = Seen {
            wall_ms: Some((BEGAN + ms - 1, 1)),
            ..Seen::default()
        };
        let kind = Kind::Observed {
            desk: "A".into(),
            seen: Box::new(seen),
        };
        let running = Running::Running(Rate::FASTEST);
        play.write_record(&Record { stamp, running, kind });
        m.push((ms + 500, play.at(ms + 500).send(&Draft::flash("A", "one"))));
    }
    let timeline = play.timeline();
    for (ms, message) in m {
        let at = at_of(&timeline, &message);
        assert_eq!((at.wall_ms, at.line_ms), (BEGAN + ms, Some(ms)), "{at:?}");
        assert!(at.uncertainty_ms < 10, "{at:?}");
    }
}

proptest! {
    #[test]
    fn story_and_line_never_run_back_whatever_control_wrote_down(
        steps in proptest::collection::vec((0_u64..3_000, 0_u64..200_000, 0_u32..4), 1..30),
        asked in proptest::collection::vec(0_u64..60_000, 2..20),
    ) {
        let (mut wall, mut story) = (0, 0);
        let mut records = Vec::new();
        for (later, leap, running) in steps {
            wall += later;
            story += leap;
            let running = match running {
                0 => Running::Running(Rate::REAL),
                1 => Running::Running(Rate::FASTEST),
                2 => Running::Paused(Rate::REAL),
                _ => Running::Ended,
            };
            let stamp = Stamp {
                wall: WallTime::from_unix_ms(wall),
                line: LineTime::from_start(Duration::from_millis(wall)),
                story: StoryTime::from_startex(Duration::from_millis(story)),
            };
            records.push(Record { stamp, running, kind: Kind::Tick });
        }
        let clock = ControlClock::of(&records.iter().collect::<Vec<_>>());
        let mut asked = asked;
        asked.sort_unstable();
        let moments: Vec<Moment> = asked.iter().map(|ms| clock.moment(*ms, 0)).collect();
        for pair in moments.windows(2) {
            prop_assert!(pair[0].story_ms <= pair[1].story_ms);
            prop_assert!(pair[0].line_ms <= pair[1].line_ms);
        }
    }
}

#[test]
fn what_only_the_log_of_an_identity_that_has_ended_holds_is_no_evidence() {
    let mut play = Play::s1();
    let both = play.at(1_000).send(&Draft::flash("A", "in every log"));
    let alone = play.at(2_000).send(&Draft::flash("A", "in its own log alone"));
    let mut evidence = play.evidence();
    for (name, log) in &mut evidence.logs {
        match name.as_str() {
            "desk-A" => log.ended = true,
            _ => log.log.entries.retain(|entry| Hash::of(entry) != alone),
        }
    }
    let timeline = Timeline::load(&evidence).unwrap();
    assert!(timeline.message(&alone).is_none());
    let (entry, _) = timeline.message(&both).unwrap();
    assert!(entry.places.iter().any(|place| place.log == "desk-A"));
}
