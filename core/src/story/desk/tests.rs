//! People's time of a desk that is told of turns, late, not at all, or again after a restart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use proptest::prelude::*;

use super::*;
use crate::{
    story::{Segment, StoryClock, Told, Turn},
    time::WallTime,
};

fn line(millis: u64) -> LineTime {
    LineTime::from_start(Duration::from_millis(millis))
}

fn story(millis: u64) -> StoryTime {
    StoryTime::from_startex(Duration::from_millis(millis))
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn wall(millis: u64) -> WallTime {
    WallTime::from_unix_ms(1_795_000_000_000 + millis)
}

/// Control: its clock, and what it tells of it.
struct Control {
    clock: StoryClock,
    told: Told,
}

impl Control {
    fn new() -> Self {
        Self {
            clock: StoryClock::new(),
            told: Told::new(),
        }
    }

    /// Turns that make sense, each at so many milliseconds.
    fn turned(turns: &[(u64, Turn)]) -> Self {
        let mut control = Self::new();
        for (at, turn) in turns {
            assert!(control.turn(*turn, *at));
        }
        control
    }

    /// Whether the turn was taken.
    fn turn(&mut self, turn: Turn, at: u64) -> bool {
        let taken = self.clock.turn(turn, line(at)).is_ok();
        if taken {
            self.told.turned(&self.clock, wall(at), line(at));
        }
        taken
    }

    fn word(&self, at: u64) -> StoryWord {
        self.told.word(&self.clock, wall(at), line(at))
    }
}

prop_compose! {
    fn any_rate()(thousandths in 100_u32..=60_000) -> Rate {
        Rate::from_thousandths(thousandths).unwrap()
    }
}

fn any_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        2 => any_rate().prop_map(Turn::Start),
        4 => Just(Turn::Pause),
        4 => Just(Turn::Resume),
        4 => any_rate().prop_map(Turn::Speed),
        2 => (0_u64..10_000_000).prop_map(|millis| Turn::Leap(story(millis))),
        1 => Just(Turn::End),
    ]
}

/// Turns, each after so many milliseconds, with what becomes of its word: how long it takes, or that it is lost.
fn any_turns() -> impl Strategy<Value = Vec<(u64, Turn, Option<u64>)>> {
    proptest::collection::vec(
        (0_u64..100_000, any_turn(), proptest::option::of(0_u64..200)),
        0..40,
    )
}

proptest! {
    #[test]
    fn a_desk_that_is_told_of_every_turn_at_once_agrees_with_control_at_every_moment(
        turns in any_turns(),
        later in 0_u64..1_000_000,
    ) {
        let (mut control, mut desk, mut now) = (Control::new(), DeskStory::new(1), 7);
        for (after, turn, _) in turns {
            now += after;
            control.turn(turn, now);
            desk.adopt(&control.word(now), line(now));
            for at in [now, now + later] {
                prop_assert_eq!(desk.at(line(at)), control.clock.at(line(at)));
            }
            let ahead = control.clock.at(line(now)).after(millis(1 + later));
            prop_assert_eq!(desk.when(ahead), control.clock.when(ahead));
        }
    }

    #[test]
    fn peoples_time_never_runs_back_once_a_desk_was_told_however_late_or_seldom(turns in any_turns()) {
        let (mut control, mut desk, mut now) = (Control::new(), DeskStory::new(60), 7);
        let mut latest = StoryTime::STARTEX;
        for (after, turn, takes) in turns {
            now += after;
            control.turn(turn, now);
            if let Some(takes) = takes {
                let word = control.word(now);
                now += takes;
                let shown = desk.turn().map_or(StoryTime::STARTEX, |_| desk.at(line(now)));
                desk.adopt(&word, line(now));
                prop_assert!(desk.at(line(now)) >= shown);
            }
            if desk.turn().is_some() {
                prop_assert!(desk.at(line(now)) >= latest);
                latest = desk.at(line(now));
            }
        }
    }

    #[test]
    fn desks_that_missed_turns_agree_after_the_next_word_once_the_story_has_come_as_far_as_they_were(
        turns in any_turns(),
        later in 0_u64..1_000_000,
    ) {
        let mut control = Control::turned(&[(7, Turn::Start(Rate::REAL))]);
        let (mut whole, mut desk, mut now) = (DeskStory::new(1), DeskStory::new(1), 7);
        desk.adopt(&control.word(now), line(now));
        whole.adopt(&control.word(now), line(now));
        for (after, turn, takes) in turns {
            now += after;
            control.turn(turn, now);
            whole.adopt(&control.word(now), line(now));
            if takes.is_some() {
                desk.adopt(&control.word(now), line(now));
            }
        }
        let shown = desk.at(line(now));
        desk.adopt(&control.word(now), line(now));
        let later = line(now + later);
        prop_assert_eq!(whole.at(later), control.clock.at(later));
        if desk.turn() == whole.turn() && desk.running() == whole.running() {
            prop_assert_eq!(desk.at(later), control.clock.at(later).max(shown));
        }
    }

    #[test]
    fn a_pause_of_any_length_moves_no_human_deadline(
        speed in any_rate(),
        before in 0_u64..1_000_000,
        pause in 0_u64..10_000_000_000,
        ahead in 1_u64..100_000_000,
    ) {
        let mut control = Control::turned(&[(0, Turn::Start(speed))]);
        let mut desk = DeskStory::new(1);
        desk.adopt(&control.word(0), line(0));
        let deadline = desk.at(line(before)).after(millis(ahead));
        let due = desk.when(deadline).unwrap();
        for (turn, at) in [(Turn::Pause, before), (Turn::Resume, before + pause)] {
            prop_assert!(control.turn(turn, at));
            desk.adopt(&control.word(at), line(at));
            if turn == Turn::Pause {
                prop_assert_eq!(desk.when(deadline), None, "no timer while it stands");
                prop_assert_eq!(desk.passed(millis(pause), line(before + pause)), Duration::ZERO);
            }
        }
        let moved = desk.when(deadline).unwrap().since(due);
        // A nanosecond for where the pause cut one in two.
        prop_assert!(moved.abs_diff(millis(pause)) <= Duration::from_nanos(1), "{moved:?}");
        prop_assert_eq!(desk.at(line(before + pause)).since(story(0)), control.clock.at(line(before)).since_startex());
    }
}

#[test]
fn a_desk_that_was_told_nothing_has_the_lines_time_times_its_factor() {
    for factor in [1, 60, FACTOR_MAX] {
        let desk = DeskStory::new(factor);
        assert_eq!(desk.turn(), None);
        assert_eq!(desk.at(line(1_000)), story(1_000 * u64::from(factor)));
        assert_eq!(desk.when(story(1_000 * u64::from(factor))), Some(line(1_000)));
        let before_the_start = desk.passed(millis(5_000), line(1_000));
        assert_eq!(before_the_start, millis(5_000) * factor);
        assert_eq!(desk.deadline(millis(5), millis(5), line(1_000)), None);
    }
}

#[test]
fn a_word_of_an_older_turn_or_of_the_same_changes_nothing() {
    let mut control = Control::turned(&[(0, Turn::Start(Rate::REAL))]);
    let older = control.word(500);
    control.turn(Turn::Pause, 1_000);
    let mut desk = DeskStory::new(1);
    assert!(desk.adopt(&control.word(1_000), line(1_000)));
    for word in [older, control.word(9_000)] {
        assert!(!desk.adopt(&word, line(9_000)));
        assert_eq!(desk.at(line(9_000)), story(1_000));
        assert_eq!(desk.running(), Some(Running::Paused(Rate::REAL)));
    }
}

#[test]
fn a_word_of_another_story_begins_anew_whatever_turns_the_desk_knows() {
    let mut control = Control::turned(&[(0, Turn::Start(Rate::FASTEST)), (1_000, Turn::Pause)]);
    let mut desk = DeskStory::new(1);
    assert!(desk.adopt(&control.word(1_000), line(1_000)));
    assert_eq!(desk.at(line(1_000)), story(60_000));
    let mut other = Control {
        clock: StoryClock::new(),
        told: Told::of(Hash32([1; 32])),
    };
    other.turn(Turn::Start(Rate::REAL), 5_000);
    let word = other.word(5_000);
    assert!(!desk.goes_on(&word));
    assert!(desk.adopt(&word, line(5_000)), "turn 1 of another story is news");
    assert_eq!((desk.turn(), desk.at(line(5_000))), (Some(1), story(0)));
    assert_eq!(desk.when(story(1_000)), Some(line(6_000)));
    assert!(!desk.adopt(&other.word(6_000), line(6_000)));
    control.turn(Turn::Resume, 7_000);
    assert!(!desk.goes_on(&control.word(7_000)));
}

#[test]
fn a_desk_that_was_started_again_goes_on_by_the_word_that_it_remembers_until_the_next() {
    let mut control = Control::turned(&[(0, Turn::Start(rate("10")))]);
    let running = control.word(1_000);
    control.turn(Turn::Pause, 2_000);
    let paused = control.word(60_000);
    // Started anew: its line begins at nothing, long after it was told.
    let mut desk = DeskStory::new(60);
    desk.remember(&paused, millis(7_200_000), line(0));
    assert_eq!(desk.remembered_at(), Some(line(0)));
    assert_eq!(desk.at(line(9_000)), story(20_000));
    assert_eq!(desk.when(story(20_001)), None, "it stands");
    desk.remember(&running, millis(500), line(0));
    assert_eq!(desk.at(line(0)), story(15_000));
    assert_eq!(desk.when(story(20_000)), Some(line(500)));
    assert_eq!(desk.when(story(12_000)), Some(line(0)), "it is past");
    assert_eq!(desk.passed(millis(1_500), line(0)), millis(15_000));
    // The next word is news even if its turn is known: here the wall clock had jumped by an hour.
    desk.remember(&running, millis(3_600_000), line(0));
    assert!(!desk.goes_on(&running));
    assert!(desk.adopt(&running, line(0)));
    assert_eq!((desk.at(line(0)), desk.remembered_at()), (story(10_000), None));
    assert!(!desk.adopt(&running, line(1)));
}

#[test]
fn before_startex_nobodys_deadline_runs() {
    let mut desk = DeskStory::new(60);
    assert!(desk.adopt(&Control::new().word(1_000), line(1_000)));
    assert_eq!(desk.passed(millis(50_000), line(100_000)), Duration::ZERO);
    assert_eq!(desk.when(story(1)), None);
}

#[test]
fn a_desk_that_was_started_again_ages_what_it_stored_by_what_control_tells_and_by_no_wall_clock() {
    let minute = 60_000;
    let control = Control::turned(&[
        (0, Turn::Start(rate("10"))),
        (minute, Turn::Pause),
        (31 * minute, Turn::Resume),
        (32 * minute, Turn::Speed(Rate::REAL)),
    ]);
    // Started anew half a minute later, and told five seconds after that: its line is 5 s old.
    let told = 32 * minute + 35_000;
    let mut desk = DeskStory::new(1);
    desk.adopt(&control.word(told), line(5_000));
    let age = |since: u64| desk.passed(millis(told - since), line(5_000));
    assert_eq!(age(32 * minute), millis(35_000));
    assert_eq!(age(31 * minute), millis(10 * minute + 35_000));
    assert_eq!(age(11 * minute), age(31 * minute), "it stood");
    assert_eq!(age(30_000), millis(15 * minute + 35_000));
    assert_eq!(
        desk.passed(millis(told + 9 * minute), line(5_000)),
        age(0),
        "before STARTEX no time passes"
    );
    let later = line(6_000);
    assert_eq!(desk.passed(millis(1_000), later), millis(1_000));
}

#[test]
fn an_answer_is_due_by_the_rate_of_the_moment_at_which_it_was_asked_for() {
    let mut control = Control::turned(&[(0, Turn::Start(rate("60")))]);
    let mut desk = DeskStory::new(1);
    let due = |desk: &DeskStory, asked: u64, now: u64| {
        desk.deadline(millis(now - asked), millis(60_000), line(now))
            .unwrap()
    };
    desk.adopt(&control.word(0), line(0));
    let hour = 3_600_000;
    assert_eq!(due(&desk, 10_000, 10_000), story(600_000 + hour));
    control.turn(Turn::Pause, 20_000);
    desk.adopt(&control.word(20_000), line(20_000));
    assert_eq!(due(&desk, 10_000, 25_000), story(600_000 + hour));
    assert_eq!(due(&desk, 25_000, 25_000), story(1_200_000 + hour), "as it was");
    control.turn(Turn::Speed(Rate::REAL), 30_000);
    control.turn(Turn::Resume, 40_000);
    desk.adopt(&control.word(40_000), line(40_000));
    assert_eq!(due(&desk, 10_000, 50_000), story(600_000 + hour), "it stays");
    assert_eq!(
        due(&desk, 25_000, 50_000),
        story(1_260_000),
        "as it went on from there"
    );
    assert_eq!(due(&desk, 50_000, 50_000), story(1_210_000 + 60_000));
}

#[test]
fn a_clock_of_control_that_was_set_back_puts_no_segment_behind_a_later_one() {
    let segment = |wall_ms, story_ms, rate| Segment {
        wall: wall(wall_ms),
        story: story(story_ms),
        rate,
    };
    let segments = vec![
        segment(500_000, 0, Some(Rate::REAL)),
        segment(100_000, 60_000, None),
        segment(110_000, 60_000, Some(Rate::REAL)),
    ];
    let word = StoryWord::new(Hash32([0; 32]), 3, Running::Running(Rate::REAL), segments).unwrap();
    let mut desk = DeskStory::new(1);
    desk.adopt(&word, line(0));
    let mut latest = Duration::ZERO;
    for ago in (0..600_000).step_by(1_000) {
        let age = desk.passed(millis(ago), line(0));
        assert!(age >= latest, "what is older is not younger");
        latest = age;
    }
    assert_eq!(latest, millis(60_000));
}

#[test]
fn the_end_of_time_is_no_overflow_for_a_desk_either() {
    let end = LineTime::from_start(Duration::MAX);
    let mut desk = DeskStory::new(FACTOR_MAX);
    assert_eq!(desk.at(end), StoryTime::from_startex(Duration::MAX));
    desk.adopt(
        &Control::turned(&[(0, Turn::Start(Rate::FASTEST))]).word(0),
        line(1),
    );
    assert_eq!(desk.at(end), StoryTime::from_startex(Duration::MAX));
    assert_eq!(desk.passed(Duration::MAX, end), Duration::MAX);
    assert_eq!(desk.passed(Duration::MAX, line(1)), Duration::ZERO);
    let never = desk.deadline(Duration::MAX, Duration::MAX, line(1)).unwrap();
    assert!(desk.when(never).is_some());
}
