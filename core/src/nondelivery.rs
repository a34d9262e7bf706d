//! Non-delivery: when a desk says of a message of its own that it has not arrived, and what it says.
//!
//! A receipt proves that a message arrived; nothing but its sender's word proves that none came in time. So the sender's
//! desk signs, once for each message and recipient, that by now it holds no DELIVERED of that desk, with the cause of
//! silence and its legs that were down. It says what was known then: a DELIVERED that comes later stands beside it and
//! wins, and the message is sent on all the same.
//!
//! It is due when the message expires, when the time to answer by has passed, or when it is as late as its precedence
//! allows ([`Precedence::objective`]), whichever is first. DEFERRED has no objective, so without one of the two times
//! nothing is said of it. The timers run on line time, but for the time to answer by, which in an exercise is the story's.
//! Of a moment that a wall clock names, what counts is how far it lay ahead when the message was stored ([`left`]): a wall
//! clock that jumps while a desk runs makes it say neither too early nor too late that nothing came. What was stored before
//! a start is as old as the wall clock says at the start. This is a machine without a clock; what is told is told once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::id::Hash32;
use crate::identity::Identity;
use crate::precedence::Precedence;
use crate::time::{LineTime, WallTime};

/// Messages and recipients that wait at once. 4,096: as many as other duties remember; beyond it what is due last is not
/// told, and the caller says so.
pub const WAITING_MAX: usize = 4096;

/// What is told of one look. 16: a desk that comes back to many undelivered messages signs them over some seconds.
const TOLD_AT_ONCE: usize = 16;

/// Cause that is named when the rules find none: the line stands, and still no receipt came.
pub const NO_RECEIPT: &str = "NO_RECEIPT";

/// A message, and a desk that it names.
pub type Awaited = (Hash32, Identity);

/// How much is left, for a message of this age on the line, until a moment that is named by the wall clock which said
/// `stored` when the message was. What that clock says now is not asked.
pub fn left(moment: WallTime, stored: WallTime, age: Duration) -> Duration {
    Duration::from_millis(moment.unix_ms().saturating_sub(stored.unix_ms())).saturating_sub(age)
}

/// How long a message has, from now on, to be delivered. `age` is how long ago it was released, on the line; it expires in
/// `expires` and an answer to it is due in `answer`, if ever. `None`: nothing will be said of it.
pub fn due_in(
    precedence: Precedence,
    age: Duration,
    (expires, answer): (Option<Duration>, Option<Duration>),
) -> Option<Duration> {
    let late = precedence
        .objective()
        .map(|objective| objective.saturating_sub(age));
    [expires, answer, late].into_iter().flatten().min()
}

/// What one desk waits for: DELIVERED of each message from each desk that it names.
#[derive(Debug, Clone, Default)]
pub struct Deliveries {
    waiting: BTreeMap<Awaited, LineTime>,
    order: BTreeSet<(LineTime, Awaited)>,
    /// What was told and may not be on disk yet.
    told: BTreeSet<Awaited>,
}

impl Deliveries {
    /// Waits for a delivery until then, unless it was told already. Gives back what is no longer waited for, if there are too many.
    pub fn wait(&mut self, awaited: Awaited, until: LineTime) -> Option<Awaited> {
        if self.told.contains(&awaited) {
            return None;
        }
        self.forget(&awaited);
        self.waiting.insert(awaited.clone(), until);
        self.order.insert((until, awaited));
        if self.waiting.len() <= WAITING_MAX {
            return None;
        }
        let (_, last) = self.order.pop_last()?;
        self.waiting.remove(&last);
        Some(last)
    }

    /// It was delivered, or nothing is to be said of it any more.
    pub fn settled(&mut self, awaited: &Awaited) {
        self.told.remove(awaited);
        self.forget(awaited);
    }

    fn forget(&mut self, awaited: &Awaited) {
        if let Some(until) = self.waiting.remove(awaited) {
            self.order.remove(&(until, awaited.clone()));
        }
    }

    /// What was not delivered in time, the earliest first; it is no longer waited for.
    pub fn tick(&mut self, now: LineTime) -> Vec<Awaited> {
        let due = self.order.iter().take_while(|(until, _)| *until <= now);
        let due: Vec<Awaited> = due
            .take(TOLD_AT_ONCE)
            .map(|(_, awaited)| awaited.clone())
            .collect();
        for awaited in &due {
            self.forget(awaited);
            if self.told.len() >= WAITING_MAX {
                self.told.pop_first();
            }
            self.told.insert(awaited.clone());
        }
        due
    }

    /// When [`tick`](Self::tick) has something to tell.
    pub fn next_wake(&self) -> Option<LineTime> {
        self.order.first().map(|(until, _)| *until)
    }
}

/// What the statement says in words: `DESK CAUSE words`. A cause is the formal name of a cause of silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The desk of which no DELIVERED is held.
    pub desk: Identity,
    /// Formal name of the cause: `ALL_PATHS_CUT`, or [`NO_RECEIPT`].
    pub cause: String,
    /// The same in plain words; may be empty.
    pub plain: String,
}

/// Words that are not those of a non-delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the words of a non-delivery are a desk, a cause in capitals, and plain words")]
pub struct NotSaid;

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.desk, self.cause)?;
        match self.plain.is_empty() {
            true => Ok(()),
            false => write!(f, " {}", self.plain),
        }
    }
}

impl FromStr for Said {
    type Err = NotSaid;

    fn from_str(text: &str) -> Result<Self, NotSaid> {
        let mut words = text.splitn(3, ' ');
        let desk = words.next().and_then(|word| word.parse().ok()).ok_or(NotSaid)?;
        let cause = words.next().unwrap_or_default();
        let formal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if cause.is_empty() || !cause.chars().all(formal) {
            return Err(NotSaid);
        }
        Ok(Self {
            desk,
            cause: cause.to_owned(),
            plain: words.next().unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    const NOW: WallTime = WallTime::from_unix_ms(1_795_000_000_000);

    fn at(seconds: u64) -> LineTime {
        LineTime::from_start(Duration::from_secs(seconds))
    }

    fn awaited(number: u8) -> Awaited {
        let desk = "spiffe://exercise.borenia.example/desk/ops".parse().unwrap();
        (Hash32([number; 32]), desk)
    }

    #[test]
    fn it_is_due_when_it_expires_when_an_answer_is_due_or_when_it_is_late_whichever_is_first() {
        let seconds = |due: Option<Duration>| due.map(|due| due.as_secs());
        let due = |precedence, age, times| seconds(due_in(precedence, Duration::from_secs(age), times));
        let of = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(due(Precedence::Flash, 0, (None, None)), Some(600));
        assert_eq!(due(Precedence::Flash, 590, (None, None)), Some(10));
        assert_eq!(
            due(Precedence::Flash, 6_000, (None, None)),
            Some(0),
            "long late is due now"
        );
        assert_eq!(due(Precedence::Flash, 0, (of(60), None)), Some(60));
        assert_eq!(due(Precedence::Flash, 0, (of(60), of(30))), Some(30));
        assert_eq!(due(Precedence::Routine, 0, (None, of(30))), Some(30));
        assert_eq!(due(Precedence::Deferred, 0, (None, None)), None);
        assert_eq!(due(Precedence::Deferred, 0, (of(9), None)), Some(9));
    }

    #[test]
    fn of_a_moment_so_much_is_left_as_lay_ahead_when_the_message_was_stored_less_its_age_on_the_line() {
        let of = |ahead: u64, age| {
            let moment = WallTime::from_unix_ms(NOW.unix_ms() + ahead * 1000);
            left(moment, NOW, Duration::from_secs(age)).as_secs()
        };
        assert_eq!((of(60, 0), of(60, 20), of(60, 60), of(60, 90)), (60, 40, 0, 0));
        let past = WallTime::from_unix_ms(1);
        assert_eq!(left(past, NOW, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn what_is_not_delivered_in_time_is_told_once_and_what_is_delivered_never() {
        let mut deliveries = Deliveries::default();
        assert_eq!(deliveries.next_wake(), None);
        assert_eq!(deliveries.wait(awaited(1), at(10)), None);
        assert_eq!(deliveries.wait(awaited(2), at(5)), None);
        assert_eq!(deliveries.next_wake(), Some(at(5)));
        assert_eq!(deliveries.tick(at(4)), []);
        deliveries.settled(&awaited(2));
        assert_eq!(deliveries.next_wake(), Some(at(10)));
        assert_eq!(deliveries.tick(at(10)), [awaited(1)]);
        // It may not be on disk yet when its message is looked at again.
        assert_eq!(deliveries.wait(awaited(1), at(10)), None);
        assert_eq!(deliveries.tick(at(100)), []);
        assert_eq!(deliveries.next_wake(), None);
    }

    #[test]
    fn waiting_anew_moves_the_time() {
        let mut deliveries = Deliveries::default();
        deliveries.wait(awaited(1), at(10));
        deliveries.wait(awaited(1), at(20));
        assert_eq!(deliveries.tick(at(10)), []);
        assert_eq!(deliveries.tick(at(20)), [awaited(1)]);
    }

    #[test]
    fn at_the_bound_what_is_due_last_is_given_back_and_many_are_told_over_several_looks() {
        let mut deliveries = Deliveries::default();
        let desk = awaited(0).1;
        let nth = |number: usize| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&(number as u64).to_be_bytes());
            (Hash32(hash), desk.clone())
        };
        for number in 0..WAITING_MAX {
            assert_eq!(deliveries.wait(nth(number), at(number as u64)), None);
        }
        let last = nth(WAITING_MAX - 1);
        assert_eq!(deliveries.wait(nth(WAITING_MAX), at(0)), Some(last));
        assert_eq!(deliveries.tick(at(9_999)).len(), TOLD_AT_ONCE);
        assert!(deliveries.next_wake().unwrap() <= at(9_999));
    }

    #[test]
    fn its_words_name_desk_and_cause_and_read_back() {
        let desk = awaited(1).1;
        for plain in ["", "all of our ways are cut"] {
            let said = Said {
                desk: desk.clone(),
                cause: "ALL_PATHS_CUT".into(),
                plain: plain.into(),
            };
            assert_eq!(said.to_string().parse(), Ok(said));
        }
        for wrong in [
            "",
            "ALL_PATHS_CUT",
            "spiffe://exercise.borenia.example/desk/ops",
            "spiffe://exercise.borenia.example/desk/ops  x",
            "spiffe://exercise.borenia.example/desk/ops cut",
            "nobody CUT",
        ] {
            assert_eq!(wrong.parse::<Said>(), Err(NotSaid), "{wrong}");
        }
    }
}
