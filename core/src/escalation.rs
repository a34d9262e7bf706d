//! Escalation: what happens when nobody acknowledges in time.
//!
//! A machine over human deadlines. It is told for each message how urgent it is, for how long it waits by now and which
//! step was taken last, and says when the next step is due: the alarm sounds again, the second position is alerted, the
//! supervisor is, and the out-of-band step is due. The times are those of [`Precedence::alert_schedule`] and
//! [`Precedence::objective`]. They run on people's time, which a desk's copy of the story clock tells
//! ([`DeskStory`](crate::story::DeskStory)): a wall clock that jumps neither calls nor silences anybody, and while an
//! exercise is paused nobody is called. What ran before is handed in as a duration.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::duty::OverdueStep;
use crate::id::Hash32;
use crate::precedence::Precedence;
use crate::time::StoryTime;

/// Messages that wait at once. 1,024: far more than a watch can have unanswered; beyond it the most urgent are timed, and
/// the caller says which are not.
pub const WAITING_MAX: usize = 1024;

/// Steps of one tick. 16: a desk that comes back to many overdue messages signs them over some seconds.
const STEPS_AT_ONCE: usize = 16;

/// What one message waits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// How urgent it is.
    pub precedence: Precedence,
    /// For how long people have had it: since it arrived, or since one of them last asked for time.
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
#[derive(Debug, Clone, Default)]
pub struct Escalation {
    waiting: BTreeMap<Hash32, (Timer, StoryTime)>,
    /// When each message's next step is due.
    wakes: BTreeSet<(StoryTime, Hash32)>,
    /// The least needed first.
    ranks: BTreeSet<(Rank, Hash32)>,
}

/// How much a timer is needed: one whose steps were all taken hardly, a more urgent one more.
type Rank = (bool, Precedence);

/// The steps of a precedence and after how much of people's time each is due. The out-of-band step is due at the objective,
/// and never before the supervisor knows.
pub fn schedule(precedence: Precedence) -> Vec<(OverdueStep, Duration)> {
    let Some([again, second, supervisor]) = precedence.alert_schedule() else {
        return Vec::new();
    };
    let last = precedence.objective().unwrap_or(supervisor).max(supervisor);
    [
        (OverdueStep::ReAlert, again),
        (OverdueStep::SecondPosition, second),
        (OverdueStep::Supervisor, supervisor),
        (OverdueStep::OutOfBand, last),
    ]
    .to_vec()
}

impl Escalation {
    /// No timer.
    pub const fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            wakes: BTreeSet::new(),
            ranks: BTreeSet::new(),
        }
    }

    /// Sets a message's timer, or ends it.
    pub fn set(&mut self, message: Hash32, timer: Option<Timer>, now: StoryTime) -> Set {
        let known = self.remove(&message);
        let Some(timer) = timer.filter(|timer| !schedule(timer.precedence).is_empty()) else {
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
        let wake = Self::wake(&timer, now);
        self.wakes.extend(wake.map(|wake| (wake, message)));
        self.ranks.insert((Self::rank(&timer), message));
        self.waiting.insert(message, (timer, now));
        set
    }

    fn remove(&mut self, message: &Hash32) -> bool {
        let Some((timer, set)) = self.waiting.remove(message) else {
            return false;
        };
        if let Some(wake) = Self::wake(&timer, set) {
            self.wakes.remove(&(wake, *message));
        }
        self.ranks.remove(&(Self::rank(&timer), *message));
        true
    }

    /// One whose steps were all taken, else the least urgent, if it is less urgent than that.
    fn least_needed(&self, precedence: Precedence) -> Option<Hash32> {
        let (rank, message) = self.ranks.first()?;
        (*rank < (true, precedence)).then_some(*message)
    }

    fn rank(timer: &Timer) -> Rank {
        (Self::next(timer).is_some(), timer.precedence)
    }

    /// Steps that are due. Of several that one message has missed, those due last: nobody is called twice for one wait.
    pub fn tick(&mut self, now: StoryTime) -> Vec<Due> {
        let mut due = Vec::new();
        while due.len() < STEPS_AT_ONCE
            && let Some((wake, message)) = self.wakes.first().copied()
            && wake <= now
        {
            self.wakes.pop_first();
            let Some((mut timer, set)) = self.waiting.get(&message).copied() else {
                continue;
            };
            let before = Self::rank(&timer);
            let waited = timer.waited.saturating_add(now.since(set));
            let mut steps = schedule(timer.precedence);
            steps.retain(|(step, after)| *after <= waited && timer.taken.is_none_or(|taken| taken < *step));
            let last = steps.last().map(|(_, after)| *after);
            for (step, after) in steps.into_iter().filter(|(_, after)| Some(*after) == last) {
                timer.taken = Some(step);
                due.push(Due { message, step, after });
            }
            let next = Self::wake(&timer, set);
            self.wakes.extend(next.map(|next| (next, message)));
            self.ranks.remove(&(before, message));
            self.ranks.insert((Self::rank(&timer), message));
            self.waiting.insert(message, (timer, set));
        }
        due
    }

    /// When [`tick`](Self::tick) has something to do, as people's time goes.
    pub fn next_wake(&self) -> Option<StoryTime> {
        self.wakes.first().map(|(wake, _)| *wake)
    }

    /// How a message's timer stands; none if it has none.
    pub fn standing(&self, message: &Hash32, now: StoryTime) -> Option<Standing> {
        let (timer, set) = self.waiting.get(message)?;
        Some(Standing {
            waited: timer.waited.saturating_add(now.since(*set)),
            taken: timer.taken,
            next: Self::next(timer),
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

    fn wake(timer: &Timer, set: StoryTime) -> Option<StoryTime> {
        let (_, after) = Self::next(timer)?;
        Some(set.after(after.saturating_sub(timer.waited)))
    }

    fn next(timer: &Timer) -> Option<(OverdueStep, Duration)> {
        schedule(timer.precedence)
            .into_iter()
            .find(|(step, _)| timer.taken.is_none_or(|taken| taken < *step))
    }
}
