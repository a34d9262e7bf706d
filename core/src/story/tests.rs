//! The story clock, the rate, and what a word of it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use proptest::prelude::*;

use super::*;

fn line(millis: u64) -> LineTime {
    LineTime::from_start(Duration::from_millis(millis))
}

fn story(millis: u64) -> StoryTime {
    StoryTime::from_startex(Duration::from_millis(millis))
}

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

/// A clock that started at this time of the line.
fn started(at: u64, speed: &str) -> StoryClock {
    let mut clock = StoryClock::new();
    clock.turn(Turn::Start(rate(speed)), line(at)).unwrap();
    clock
}

prop_compose! {
    fn any_rate()(thousandths in 100_u32..=60_000) -> Rate {
        Rate::from_thousandths(thousandths).unwrap()
    }
}

fn any_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        any_rate().prop_map(Turn::Start),
        Just(Turn::Pause),
        Just(Turn::Resume),
        any_rate().prop_map(Turn::Speed),
        (0_u64..10_000_000).prop_map(|millis| Turn::Leap(story(millis))),
        Just(Turn::End),
    ]
}

/// Turns, each after so many milliseconds of line time; most are refused.
fn any_turns() -> impl Strategy<Value = Vec<(u64, Turn)>> {
    proptest::collection::vec((0_u64..100_000, any_turn()), 0..40)
}

fn play(turns: &[(u64, Turn)], mut each: impl FnMut(&StoryClock, LineTime)) -> (StoryClock, LineTime) {
    let mut clock = started(5, "1");
    let mut now = line(5);
    for (later, turn) in turns {
        now = now.after(Duration::from_millis(*later));
        let _ = clock.turn(*turn, now);
        each(&clock, now);
    }
    (clock, now)
}

proptest! {
    #[test]
    fn story_time_never_runs_back_whatever_control_does(turns in any_turns(), between in 0_u64..1000) {
        let mut latest = StoryTime::STARTEX;
        play(&turns, |clock, now| {
            for now in [now, now.after(Duration::from_millis(between))] {
                let at = clock.at(now);
                assert!(at >= latest || now < line(5), "{at} after {latest}");
            }
            latest = latest.max(clock.at(now));
        });
    }

    #[test]
    fn while_paused_story_stands_still_and_line_goes_on(turns in any_turns(), pause in 0_u64..1_000_000_000) {
        let (mut clock, now) = play(&turns, |_, _| {});
        let _ = clock.turn(Turn::Pause, now);
        if clock.running() == Running::Ended {
            return Ok(());
        }
        let stands_at = clock.at(now);
        let later = now.after(Duration::from_millis(pause));
        prop_assert_eq!(clock.at(later), stands_at);
        prop_assert_eq!(clock.when(stands_at.after(Duration::from_nanos(1))), None, "nothing can be due");
        let turned = clock.turn(Turn::Resume, later).unwrap();
        prop_assert_eq!((turned.line, turned.story), (later, stands_at));
    }

    #[test]
    fn when_is_the_inverse_of_at_to_the_tick(turns in any_turns(), ahead in 1_u64..100_000_000) {
        let (clock, now) = play(&turns, |_, _| {});
        let moment = clock.at(now).after(Duration::from_millis(ahead));
        let Some(due) = clock.when(moment) else {
            prop_assert!(!matches!(clock.running(), Running::Running(_)));
            return Ok(());
        };
        prop_assert!(clock.at(due) >= moment, "it is due when it has come");
        let before = LineTime::from_start(due.since_start() - Duration::from_nanos(1));
        prop_assert!(clock.at(before) < moment, "and not before");
    }

    #[test]
    fn changing_speed_moves_no_moment_of_the_story(turns in any_turns(), speed in any_rate()) {
        let (mut clock, now) = play(&turns, |_, _| {});
        let before = clock.at(now);
        let _ = clock.turn(Turn::Speed(speed), now);
        prop_assert_eq!(clock.at(now), before);
    }

    #[test]
    fn two_clocks_with_the_same_turns_agree_at_every_moment(turns in any_turns(), later in 0_u64..1_000_000) {
        let (one, now) = play(&turns, |_, _| {});
        let mut other = StoryClock::new();
        other.turn(Turn::Start(Rate::REAL), line(5)).unwrap();
        let mut at = line(5);
        for (later, turn) in &turns {
            // It is asked in between, which changes nothing.
            let _ = other.at(at.after(Duration::from_millis(later / 2)));
            at = at.after(Duration::from_millis(*later));
            let _ = other.turn(*turn, at);
        }
        let later = now.after(Duration::from_millis(later));
        prop_assert_eq!(one.at(later), other.at(later));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_rate_is_read_as_it_is_written(speed in any_rate()) {
        prop_assert_eq!(speed.to_string().parse(), Ok(speed));
    }
}

#[test]
fn a_minute_at_sixty_is_an_hour_of_story_and_at_a_tenth_six_seconds() {
    assert_eq!(started(0, "60").at(line(60_000)), story(3_600_000));
    assert_eq!(started(0, "0.1").at(line(60_000)), story(6_000));
    assert_eq!(started(0, "0.1").when(story(6_000)), Some(line(60_000)));
}

#[test]
fn a_turn_that_makes_no_sense_changes_nothing_and_says_why() {
    let mut clock = StoryClock::new();
    assert_eq!(clock.turn(Turn::Pause, line(1)), Err(ClockError::NotStarted));
    assert_eq!(clock, StoryClock::new());
    let mut clock = started(0, "2");
    let refused = [
        (Turn::Start(Rate::REAL), ClockError::AlreadyStarted),
        (Turn::Resume, ClockError::NotPaused),
        (
            Turn::Leap(story(19)),
            ClockError::Backwards {
                from: story(20),
                to: story(19),
            },
        ),
    ];
    for (turn, why) in refused {
        assert_eq!(clock.turn(turn, line(10)), Err(why));
        assert_eq!(clock, started(0, "2"));
    }
    clock.turn(Turn::Pause, line(10)).unwrap();
    assert_eq!(clock.turn(Turn::Pause, line(11)), Err(ClockError::AlreadyPaused));
    clock.turn(Turn::End, line(12)).unwrap();
    for turn in [Turn::Resume, Turn::End, Turn::Start(Rate::REAL)] {
        assert_eq!(clock.turn(turn, line(13)), Err(ClockError::Ended));
    }
    assert_eq!(clock.at(line(1_000_000)), story(20), "ENDEX is the end");
}

#[test]
fn a_leap_goes_on_from_where_it_ends_also_while_it_is_paused() {
    let mut clock = started(0, "1");
    clock
        .turn(Turn::Leap(story(48 * 3_600_000)), line(1_000))
        .unwrap();
    assert_eq!(clock.at(line(2_000)), story(48 * 3_600_000 + 1_000));
    clock.turn(Turn::Pause, line(2_000)).unwrap();
    clock
        .turn(Turn::Leap(story(49 * 3_600_000)), line(3_000))
        .unwrap();
    assert_eq!(clock.at(line(9_000)), story(49 * 3_600_000));
}

#[test]
fn a_line_clock_that_is_told_an_older_time_moves_the_story_nowhere() {
    let mut clock = started(1_000, "1");
    clock.turn(Turn::Speed(rate("2")), line(2_000)).unwrap();
    assert_eq!(clock.at(line(500)), story(1_000));
    let turned = clock.turn(Turn::Speed(rate("3")), line(500)).unwrap();
    assert_eq!((turned.line, turned.story), (line(2_000), story(1_000)));
}

#[test]
fn what_is_no_rate_is_refused_with_an_example() {
    for text in [
        "", "0", "0.09", "60.001", "1.2345", "-1", "1,5", "fast", "1.", ".5", "1e1", "0099",
    ] {
        let refused = text.parse::<Rate>().unwrap_err().to_string();
        assert!(refused.contains("for example 0.5 or 10"), "{refused}");
    }
    assert_eq!(rate("×60"), Rate::FASTEST);
    assert_eq!(rate("0.100"), Rate::SLOWEST);
    assert_eq!(rate("0.5").to_string(), "×0.5");
}

#[test]
fn the_end_of_time_is_no_overflow() {
    let clock = started(0, "60");
    let end = LineTime::from_start(Duration::MAX);
    assert_eq!(clock.at(end), StoryTime::from_startex(Duration::MAX));
    assert_eq!(
        started(0, "0.1").when(StoryTime::from_startex(Duration::MAX)),
        Some(end)
    );
}
