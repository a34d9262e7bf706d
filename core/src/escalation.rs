//! Escalation: what happens when nobody acknowledges in time.
//!
//! A machine over human deadlines. It is told for each message how urgent it is, for how long it waits by now and which
//! step was taken last, and says when the next step is due: the alarm sounds again, the second position is alerted, the
//! supervisor is, and the out-of-band step is due. The times are those of [`Precedence::alert_schedule`] and
//! [`Precedence::objective`]. They run on line time, so that a wall clock that jumps neither calls nor silences anybody;
//! what ran before a restart is handed in as a duration. An exercise may divide them all by one factor.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::duty::OverdueStep;
use crate::id::Hash32;
use crate::precedence::Precedence;
use crate::time::LineTime;

/// Messages that wait at once. 1,024: far more than a watch can have unanswered; beyond it nothing is timed and the caller
/// says so.
pub const WAITING_MAX: usize = 1024;

/// Steps of one tick. 16: a desk that comes back to many overdue messages signs them over some seconds.
const STEPS_AT_ONCE: usize = 16;

/// The largest factor by which an exercise shortens human deadlines. 3,600: a second for an hour.
pub const FACTOR_MAX: u32 = 3600;

/// What one message waits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// How urgent it is.
    pub precedence: Precedence,
    /// For how long it has waited: since it arrived, or since a person last asked for time.
    pub waited: Duration,
    /// The step that was taken last.
    pub taken: Option<OverdueStep>,
}

/// A step that is due now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// SHA-256 of the message.
    pub message: Hash32,
    /// The step.
    pub step: OverdueStep,
    /// After how long it was due.
    pub after: Duration,
}

/// How one message's timer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// For how long it has waited.
    pub waited: Duration,
    /// The step that was taken last.
    pub taken: Option<OverdueStep>,
    /// The next step, and after how long a wait it is due.
    pub next: Option<(OverdueStep, Duration)>,
}

/// The timers of one desk. A look costs what is due, however many messages wait.
#[derive(Debug, Clone)]
pub struct Escalation {
    factor: u32,
    waiting: BTreeMap<Hash32, (Timer, LineTime)>,
    /// When each message's next step is due.
    wakes: BTreeSet<(LineTime, Hash32)>,
}

/// The steps of a precedence and after how long each is due, divided by `factor`. The out-of-band step is due at the
/// objective, and never before the supervisor knows.
pub fn schedule(precedence: Precedence, factor: u32) -> Vec<(OverdueStep, Duration)> {
    let Some([again, second, supervisor]) = precedence.alert_schedule() else {
        return Vec::new();
    };
    let last = precedence.objective().unwrap_or(supervisor).max(supervisor);
    let factor = factor.clamp(1, FACTOR_MAX);
    [
        (OverdueStep::ReAlert, again / factor),
        (OverdueStep::SecondPosition, second / factor),
        (OverdueStep::Supervisor, supervisor / factor),
        (OverdueStep::OutOfBand, last / factor),
    ]
    .to_vec()
}

impl Escalation {
    /// No timer. `factor` divides every deadline: 1 but in an exercise.
    pub const fn new(factor: u32) -> Self {
        Self {
            factor,
            waiting: BTreeMap::new(),
            wakes: BTreeSet::new(),
        }
    }

    /// Sets a message's timer, or ends it. False if there are too many to time one more.
    pub fn set(&mut self, message: Hash32, timer: Option<Timer>, now: LineTime) -> bool {
        let known = self.waiting.remove(&message);
        if let Some((timer, set)) = &known
            && let Some(wake) = self.wake(timer, *set)
        {
            self.wakes.remove(&(wake, message));
        }
        let Some(timer) = timer else { return true };
        if known.is_none() && self.waiting.len() >= WAITING_MAX {
            return false;
        }
        let wake = self.wake(&timer, now);
        self.wakes.extend(wake.map(|wake| (wake, message)));
        self.waiting.insert(message, (timer, now));
        true
    }

    /// Steps that are due. Of several that one message has missed, those due last: nobody is called twice for one wait.
    pub fn tick(&mut self, now: LineTime) -> Vec<Due> {
        let mut due = Vec::new();
        while due.len() < STEPS_AT_ONCE
            && let Some((wake, message)) = self.wakes.first().copied()
            && wake <= now
        {
            self.wakes.pop_first();
            let Some((mut timer, set)) = self.waiting.get(&message).copied() else {
                continue;
            };
            let waited = timer.waited.saturating_add(now.since(set));
            let mut steps = schedule(timer.precedence, self.factor);
            steps.retain(|(step, after)| *after <= waited && timer.taken.is_none_or(|taken| taken < *step));
            let last = steps.last().map(|(_, after)| *after);
            for (step, after) in steps.into_iter().filter(|(_, after)| Some(*after) == last) {
                timer.taken = Some(step);
                due.push(Due { message, step, after });
            }
            let next = self.wake(&timer, set);
            self.wakes.extend(next.map(|next| (next, message)));
            self.waiting.insert(message, (timer, set));
        }
        due
    }

    /// When [`tick`](Self::tick) has something to do.
    pub fn next_wake(&self) -> Option<LineTime> {
        self.wakes.first().map(|(wake, _)| *wake)
    }

    /// How a message's timer stands; none if it has none.
    pub fn standing(&self, message: &Hash32, now: LineTime) -> Option<Standing> {
        let (timer, set) = self.waiting.get(message)?;
        Some(Standing {
            waited: timer.waited.saturating_add(now.since(*set)),
            taken: timer.taken,
            next: self.next(timer),
        })
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn wake(&self, timer: &Timer, set: LineTime) -> Option<LineTime> {
        let (_, after) = self.next(timer)?;
        Some(set.after(after.saturating_sub(timer.waited)))
    }

    fn next(&self, timer: &Timer) -> Option<(OverdueStep, Duration)> {
        schedule(timer.precedence, self.factor)
            .into_iter()
            .find(|(step, _)| timer.taken.is_none_or(|taken| taken < *step))
    }
}

#[cfg(test)]
mod tests {
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
        assert!(escalation.set(MESSAGE, fresh(Precedence::Override), at(0)));
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

    #[test]
    fn more_messages_than_can_be_timed_are_refused_and_the_timed_ones_stay() {
        let mut escalation = Escalation::new(1);
        let key = |n: usize| {
            Hash32(std::array::from_fn(|place| {
                if place < 2 { n.to_be_bytes()[6 + place] } else { 0 }
            }))
        };
        for n in 0..WAITING_MAX {
            assert!(escalation.set(key(n), fresh(Precedence::Routine), at(0)));
        }
        assert!(!escalation.set(key(WAITING_MAX), fresh(Precedence::Flash), at(0)));
        assert!(escalation.set(key(3), fresh(Precedence::Flash), at(0)));
        assert_eq!(escalation.len(), WAITING_MAX);
    }
}
