//! Human deadlines on a clock by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use OverdueStep::{OutOfBand, ReAlert, SecondPosition, Supervisor};

const MESSAGE: Hash32 = Hash32([7; 32]);

fn at(seconds: u64) -> LineTime {
    LineTime::from_start(Duration::from_secs(seconds))
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
    let mut escalation = Escalation::new(1);
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
        let steps = schedule(*precedence, 1);
        assert!(steps.is_sorted_by_key(|(_, after)| *after));
        assert_eq!(steps.last().map(|(_, after)| *after), precedence.objective());
    }
    assert!(schedule(Precedence::Deferred, 1).is_empty());
}

#[test]
fn acknowledging_stops_the_timer_and_asking_for_time_restarts_it() {
    let mut escalation = Escalation::new(1);
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
    let mut escalation = Escalation::new(1);
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
    let mut escalation = Escalation::new(1);
    let long_ago = Timer {
        precedence: Precedence::Immediate,
        waited: Duration::from_secs(86_400),
        taken: None,
    };
    escalation.set(MESSAGE, Some(long_ago), at(1));
    assert_eq!(steps(&mut escalation, 1), [Supervisor, OutOfBand]);
}

#[test]
fn an_exercise_divides_every_human_deadline_by_one_factor() {
    let mut escalation = Escalation::new(60);
    escalation.set(MESSAGE, fresh(Precedence::Flash), at(0));
    assert_eq!(steps(&mut escalation, 2), [ReAlert]);
    let standing = escalation.standing(&MESSAGE, at(3)).unwrap();
    assert_eq!(standing.next, Some((SecondPosition, Duration::from_secs(5))));
    assert_eq!(
        (standing.waited, standing.taken),
        (Duration::from_secs(3), Some(ReAlert))
    );
}

fn key(n: usize) -> Hash32 {
    Hash32(std::array::from_fn(|place| {
        if place < 2 { n.to_be_bytes()[6 + place] } else { 0 }
    }))
}

fn full_of(precedence: Precedence) -> Escalation {
    let mut escalation = Escalation::new(1);
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
    let mut escalation = Escalation::new(1);
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
