//! Human deadlines on a clock by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::{
    story::{self, DeskStory, StoryClock, Turn},
    time::{LineTime, WallTime},
};
use OverdueStep::{OutOfBand, ReAlert, SecondPosition, Supervisor};

const MESSAGE: Hash32 = Hash32([7; 32]);

fn at(seconds: u64) -> StoryTime {
    StoryTime::from_startex(Duration::from_secs(seconds))
}

fn fresh(precedence: Precedence) -> Option<Timer> {
    Some(Timer {
        precedence,
        waited: Duration::ZERO,
        taken: None,
    })
}

fn steps(escalation: &mut Escalation, seconds: u64) -> Vec<OverdueStep> {
    escalation.tick(at(seconds)).iter().map(|due| due.step).collect()
}

#[test]
fn a_flash_nobody_acknowledges_is_called_for_again_and_again_and_then_by_another_way() {
    let mut escalation = Escalation::new();
    assert_eq!(
        escalation.set(MESSAGE, fresh(Precedence::Override), at(0)),
        Set::Done
    );
    assert_eq!(escalation.next_wake(), Some(at(30)));
    assert!(steps(&mut escalation, 29).is_empty());
    assert_eq!(steps(&mut escalation, 30), [ReAlert]);
    assert!(steps(&mut escalation, 31).is_empty(), "once each");
    assert_eq!(steps(&mut escalation, 60), [SecondPosition]);
    assert_eq!(steps(&mut escalation, 120), [Supervisor]);
    assert_eq!(steps(&mut escalation, 300), [OutOfBand]);
    assert_eq!(escalation.next_wake(), None);
}

#[test]
fn the_out_of_band_step_is_due_at_the_objective_and_never_before_the_supervisor() {
    for precedence in Precedence::ALL {
        let steps = schedule(*precedence);
        assert!(steps.is_sorted_by_key(|(_, after)| *after));
        assert_eq!(steps.last().map(|(_, after)| *after), precedence.objective());
    }
    assert!(schedule(Precedence::Deferred).is_empty());
}

#[test]
fn acknowledging_stops_the_timer_and_asking_for_time_restarts_it() {
    let mut escalation = Escalation::new();
    escalation.set(MESSAGE, fresh(Precedence::Flash), at(0));
    assert_eq!(steps(&mut escalation, 130), [ReAlert]);
    escalation.set(MESSAGE, fresh(Precedence::Flash), at(130));
    assert!(steps(&mut escalation, 240).is_empty());
    assert_eq!(steps(&mut escalation, 250), [ReAlert]);
    escalation.set(MESSAGE, None, at(251));
    assert!(steps(&mut escalation, 10_000).is_empty());
    assert!(escalation.is_empty());
}

#[test]
fn a_timer_goes_on_over_a_restart_and_repeats_no_step_that_was_taken() {
    let mut escalation = Escalation::new();
    let kept = Timer {
        precedence: Precedence::Flash,
        waited: Duration::from_secs(290),
        taken: Some(ReAlert),
    };
    escalation.set(MESSAGE, Some(kept), at(1));
    assert!(steps(&mut escalation, 2).is_empty());
    assert_eq!(steps(&mut escalation, 11), [SecondPosition]);
}

#[test]
fn a_desk_that_comes_back_late_takes_the_steps_it_has_got_to_and_none_before() {
    let mut escalation = Escalation::new();
    let long_ago = Timer {
        precedence: Precedence::Immediate,
        waited: Duration::from_secs(86_400),
        taken: None,
    };
    escalation.set(MESSAGE, Some(long_ago), at(1));
    assert_eq!(steps(&mut escalation, 1), [Supervisor, OutOfBand]);
}

fn line(seconds: u64) -> LineTime {
    LineTime::from_start(Duration::from_secs(seconds))
}

/// When this desk's people are called again, if nothing is turned until then.
fn next_call(escalation: &Escalation, story: &DeskStory) -> Option<LineTime> {
    escalation.next_wake().and_then(|wake| story.when(wake))
}

#[test]
fn an_exercise_shortens_every_human_deadline_by_one_factor() {
    let story = DeskStory::new(60);
    let mut escalation = Escalation::new();
    escalation.set(MESSAGE, fresh(Precedence::Flash), story.at(line(100)));
    assert_eq!(next_call(&escalation, &story), Some(line(102)));
    assert!(escalation.tick(story.at(line(101))).is_empty());
    assert_eq!(escalation.tick(story.at(line(102)))[0].step, ReAlert);
    let standing = escalation.standing(&MESSAGE, story.at(line(103))).unwrap();
    assert_eq!(standing.next, Some((SecondPosition, Duration::from_secs(300))));
    assert_eq!(
        (standing.waited, standing.taken),
        (Duration::from_secs(180), Some(ReAlert))
    );
}

/// A desk that was told of every turn at once.
struct Told {
    clock: StoryClock,
    told: story::Told,
    desk: DeskStory,
}

impl Told {
    fn started(rate: &str, seconds: u64) -> Self {
        let mut told = Self {
            clock: StoryClock::new(),
            told: story::Told::new(),
            desk: DeskStory::new(1),
        };
        told.turn(Turn::Start(rate.parse().unwrap()), seconds);
        told
    }

    fn turn(&mut self, turn: Turn, seconds: u64) {
        let wall = WallTime::from_unix_ms(1_795_000_000_000 + seconds * 1000);
        self.clock.turn(turn, line(seconds)).unwrap();
        self.told.turned(&self.clock, wall, line(seconds));
        let word = self.told.word(&self.clock, wall, line(seconds));
        assert!(self.desk.adopt(&word, line(seconds)));
    }
}

#[test]
fn pausing_the_story_freezes_every_step_and_resuming_goes_on_from_there() {
    let mut told = Told::started("1", 0);
    let mut escalation = Escalation::new();
    escalation.set(MESSAGE, fresh(Precedence::Flash), told.desk.at(line(10)));
    told.turn(Turn::Pause, 100);
    assert_eq!(next_call(&escalation, &told.desk), None, "no timer");
    assert!(escalation.tick(told.desk.at(line(1_000_000))).is_empty());
    let waited = |escalation: &Escalation, desk: &DeskStory, seconds| {
        escalation
            .standing(&MESSAGE, desk.at(line(seconds)))
            .unwrap()
            .waited
    };
    for seconds in [100, 1_000_000] {
        assert_eq!(waited(&escalation, &told.desk, seconds), Duration::from_secs(90));
    }
    told.turn(Turn::Resume, 1_000_000);
    assert_eq!(next_call(&escalation, &told.desk), Some(line(1_000_030)));
    assert!(escalation.tick(told.desk.at(line(1_000_029))).is_empty());
    let due = escalation.tick(told.desk.at(line(1_000_030)));
    assert_eq!(due.iter().map(|due| due.step).collect::<Vec<_>>(), [ReAlert]);
}

#[test]
fn at_sixty_times_the_speed_the_supervisor_is_called_after_a_sixtieth_of_the_time() {
    let calls = |rate: &str| {
        let told = Told::started(rate, 0);
        let mut escalation = Escalation::new();
        escalation.set(MESSAGE, fresh(Precedence::Flash), told.desk.at(line(0)));
        let mut called = line(0);
        while let Some(call) = next_call(&escalation, &told.desk) {
            let due = escalation.tick(told.desk.at(call));
            called = call;
            if due.iter().any(|due| due.step == Supervisor) {
                break;
            }
        }
        called
    };
    assert_eq!((calls("1"), calls("60")), (line(600), line(10)));
}

fn key(n: usize) -> Hash32 {
    Hash32(std::array::from_fn(|place| {
        if place < 2 { n.to_be_bytes()[6 + place] } else { 0 }
    }))
}

fn full_of(precedence: Precedence) -> Escalation {
    let mut escalation = Escalation::new();
    for n in 0..WAITING_MAX {
        assert_eq!(escalation.set(key(n), fresh(precedence), at(0)), Set::Done);
    }
    escalation
}

#[test]
fn more_messages_than_can_be_timed_are_refused_and_the_timed_ones_stay() {
    let mut escalation = full_of(Precedence::Flash);
    let further = escalation.set(key(WAITING_MAX), fresh(Precedence::Flash), at(0));
    assert_eq!(further, Set::Refused);
    assert_eq!(escalation.set(key(3), fresh(Precedence::Flash), at(0)), Set::Done);
    assert_eq!(escalation.len(), WAITING_MAX);
}

#[test]
fn a_flash_is_timed_however_many_less_urgent_messages_wait() {
    let mut escalation = full_of(Precedence::Routine);
    let instead = escalation.set(MESSAGE, fresh(Precedence::Flash), at(0));
    assert_eq!(instead, Set::InsteadOf(key(0)));
    assert_eq!(
        (escalation.len(), escalation.standing(&key(0), at(1))),
        (WAITING_MAX, None)
    );
    assert_eq!(steps(&mut escalation, 120), [ReAlert]);
}

#[test]
fn what_has_no_deadline_takes_no_place() {
    let mut escalation = Escalation::new();
    for n in 0..2 * WAITING_MAX {
        let set = escalation.set(key(n), fresh(Precedence::Deferred), at(0));
        assert_eq!(set, Set::Done);
    }
    assert!(escalation.is_empty());
}

#[test]
fn a_message_whose_steps_were_all_taken_gives_its_place_to_one_that_waits() {
    let mut escalation = full_of(Precedence::Flash);
    let done = Timer {
        precedence: Precedence::Override,
        waited: Duration::from_secs(9_000),
        taken: Some(OutOfBand),
    };
    assert_eq!(escalation.set(key(7), Some(done), at(0)), Set::Done);
    let instead = escalation.set(MESSAGE, fresh(Precedence::Routine), at(0));
    assert_eq!(instead, Set::InsteadOf(key(7)));
}
