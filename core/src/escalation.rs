//! Escalation: what happens when nobody acknowledges in time.
//!
//! A machine over human deadlines. It is told for each message how urgent it is, for how long it waits by now and which
//! step was taken last, and says when the next step is due: the alarm sounds again, the second position is alerted, the
//! supervisor is, and the out-of-band step is due. The times are those of [`Precedence::alert_schedule`] and
//! [`Precedence::objective`]. They run on line time, so that a wall clock that jumps neither calls nor silences anybody;
//! what ran before a restart is handed in as a duration. An exercise may divide them all by one factor.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::duty::OverdueStep;
use crate::id::Hash32;
use crate::precedence::Precedence;
use crate::time::LineTime;

/// Messages that wait at once. 1,024: far more than a watch can have unanswered; beyond it the most urgent are timed, and
/// the caller says which are not.
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

/// What became of setting a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// It is as asked for. What has no deadline takes no place.
    Done,
    /// It runs, and this message is no longer timed: all its steps were taken, or it was less urgent.
    InsteadOf(Hash32),
    /// There are too many that are as urgent.
    Refused,
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
    /// The least needed first.
    ranks: BTreeSet<(Rank, Hash32)>,
}

/// How much a timer is needed: one whose steps were all taken hardly, a more urgent one more.
type Rank = (bool, Precedence);

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
            ranks: BTreeSet::new(),
        }
    }

    /// Sets a message's timer, or ends it.
    pub fn set(&mut self, message: Hash32, timer: Option<Timer>, now: LineTime) -> Set {
        let known = self.remove(&message);
        let Some(timer) = timer.filter(|timer| !schedule(timer.precedence, self.factor).is_empty()) else {
            return Set::Done;
        };
        let mut set = Set::Done;
        if !known && self.waiting.len() >= WAITING_MAX {
            let Some(instead) = self.least_needed(timer.precedence) else {
                return Set::Refused;
            };
            self.remove(&instead);
            set = Set::InsteadOf(instead);
        }
        let wake = self.wake(&timer, now);
        self.wakes.extend(wake.map(|wake| (wake, message)));
        self.ranks.insert((self.rank(&timer), message));
        self.waiting.insert(message, (timer, now));
        set
    }

    fn remove(&mut self, message: &Hash32) -> bool {
        let Some((timer, set)) = self.waiting.remove(message) else {
            return false;
        };
        if let Some(wake) = self.wake(&timer, set) {
            self.wakes.remove(&(wake, *message));
        }
        self.ranks.remove(&(self.rank(&timer), *message));
        true
    }

    /// One whose steps were all taken, else the least urgent, if it is less urgent than that.
    fn least_needed(&self, precedence: Precedence) -> Option<Hash32> {
        let (rank, message) = self.ranks.first()?;
        (*rank < (true, precedence)).then_some(*message)
    }

    fn rank(&self, timer: &Timer) -> Rank {
        (self.next(timer).is_some(), timer.precedence)
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
            let before = self.rank(&timer);
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
            self.ranks.remove(&(before, message));
            self.ranks.insert((self.rank(&timer), message));
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
