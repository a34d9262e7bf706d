//! What control tells, and what is no word.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use std::time::Duration;

use super::*;
use crate::story::Turn;

fn line(seconds: u64) -> LineTime {
    LineTime::from_start(Duration::from_secs(seconds))
}

fn wall(seconds: u64) -> WallTime {
    WallTime::from_unix_ms(1_795_000_000_000 + seconds * 1000)
}

fn story(seconds: u64) -> StoryTime {
    StoryTime::from_startex(Duration::from_secs(seconds))
}

#[test]
fn a_word_ends_with_the_moment_at_which_it_is_told() {
    let (mut clock, mut told) = (StoryClock::new(), Told::new());
    clock.turn(Turn::Start(Rate::REAL), line(10)).unwrap();
    told.turned(&clock, wall(10), line(10));
    let begins = Segment {
        wall: wall(10),
        story: story(0),
        rate: Some(Rate::REAL),
    };
    assert_eq!(told.word(&clock, wall(10), line(10)).segments(), [begins]);
    let late = told.word(&clock, wall(70), line(70));
    let now = Segment {
        wall: wall(70),
        story: story(60),
        rate: Some(Rate::REAL),
    };
    assert_eq!((late.turn(), late.segments()), (1, &[begins, now][..]));
}

#[test]
fn a_word_of_very_many_turns_names_the_newest_segments() {
    let (mut clock, mut told) = (StoryClock::new(), Told::new());
    let mut turn = Turn::Start(Rate::REAL);
    for at in 0..1_000 {
        clock.turn(turn, line(at)).unwrap();
        told.turned(&clock, wall(at), line(at));
        turn = match turn {
            Turn::Pause => Turn::Resume,
            _ => Turn::Pause,
        };
    }
    let word = told.word(&clock, wall(2_000), line(2_000));
    assert_eq!((word.turn(), word.segments().len()), (1_000, SEGMENTS_MAX));
    assert_eq!(word.segments().last().unwrap().wall, wall(2_000));
    let same = StoryWord::new(
        word.story(),
        word.turn(),
        word.running(),
        word.segments().to_vec(),
    );
    assert_eq!(same, Ok(word));
}

#[test]
fn what_makes_no_sense_is_no_word() {
    let at = |seconds, rate| Segment {
        wall: wall(seconds),
        story: story(seconds),
        rate,
    };
    let paused = Running::Paused(Rate::REAL);
    let refused = |running, segments| StoryWord::new(Hash32([0; 32]), 1, running, segments).unwrap_err();
    assert_eq!(refused(paused, vec![]), NotAWord::NoSegment);
    let many = vec![at(1, None); SEGMENTS_MAX + 1];
    assert_eq!(refused(paused, many), NotAWord::TooMany(SEGMENTS_MAX + 1));
    let back = vec![at(2, Some(Rate::REAL)), at(1, None)];
    assert_eq!(refused(paused, back), NotAWord::Backwards(1));
    for (running, rate) in [
        (paused, Some(Rate::REAL)),
        (Running::Ended, Some(Rate::REAL)),
        (Running::Running(Rate::REAL), None),
        (Running::Running(Rate::REAL), Some(Rate::FASTEST)),
    ] {
        assert_eq!(refused(running, vec![at(1, rate)]), NotAWord::OtherwiseRunning);
    }
}
