//! What one message's facts say about human deadlines: for how long it waits for a person, whether it came too late, and
//! whether it still holds.

use std::time::Duration;

use hotline_audit::Hash;
use hotline_core::{
    identity::Identity,
    ladder::Fact,
    precedence::Precedence,
    time::WallTime,
    timeliness,
    words::{Answer, Function, RecipientKind, Rung, TrafficClass},
};

use crate::book::{Book, Direction, Letter};

/// The fact since which a message waits for a person of the desk that is to act; none if it does not wait. It waits from
/// DELIVERED on, and anew from each HOLDING or STANDBY, and from its sender's CORRECTED until it is read back again. What
/// came later is told by the desk's chain and by no clock.
#[must_use]
pub fn waits_since(letter: &Letter) -> Option<(Precedence, &Fact)> {
    let judged = letter.judged.as_ref()?;
    let draft = &judged.draft;
    if draft.class == TrafficClass::Test || draft.function == Function::Reply {
        return None;
    }
    let action = draft
        .recipients
        .iter()
        .filter(|to| to.kind == RecipientKind::Action);
    let since = action
        .filter_map(|to| waits_at(letter, &to.identity))
        .min_by_key(|fact| fact.arrived)?;
    Some((draft.precedence, since))
}

/// Whether a message asks nobody any more, whatever was signed about it: it holds no longer, or its sender took it back. The
/// CANCEL itself asks until a person has taken note of it.
#[must_use]
pub fn is_over(book: &Book, letter: &Letter, now: WallTime) -> bool {
    expired(letter, now) || book.is_cancelled(letter)
}

/// The fact since which a desk owes a new reading of what its sender corrected: CORRECTED, or a HOLDING or STANDBY signed
/// since; none if it owes none. Whoever answered, declined or called it insufficient since reads nothing back any more;
/// ACKNOWLEDGED is no reading.
#[must_use]
pub fn owes_reading<'a>(letter: &'a Letter, desk: &Identity) -> Option<&'a Fact> {
    let (read, corrected) = letter.ladder.corrected(desk)?;
    let mut since = corrected;
    for fact in letter.ladder.timeline() {
        if fact.signer.desk() != Some(desk) || fact.place <= read.place {
            continue;
        }
        let reads_on = matches!(fact.rung, Rung::Acknowledged | Rung::Translated | Rung::Presented);
        match person_says(fact) {
            Says::GiveMeTime if fact.arrived > since.arrived => since = fact,
            Says::Done if !reads_on => return None,
            Says::Nothing | Says::GiveMeTime | Says::Done => {}
        }
    }
    Some(since)
}

fn waits_at<'a>(letter: &'a Letter, desk: &Identity) -> Option<&'a Fact> {
    if let Some(since) = owes_reading(letter, desk) {
        return Some(since);
    }
    let mut since = letter.ladder.reached_at(Rung::Delivered, desk)?;
    for fact in letter.ladder.timeline() {
        if fact.signer.desk() != Some(desk) {
            continue;
        }
        match person_says(fact) {
            Says::Nothing => {}
            Says::GiveMeTime if fact.place > since.place => since = fact,
            Says::GiveMeTime => {}
            Says::Done => return None,
        }
    }
    Some(since)
}

enum Says {
    Nothing,
    GiveMeTime,
    Done,
}

fn person_says(fact: &Fact) -> Says {
    match (fact.rung, fact.answer) {
        (Rung::Holding, _) | (Rung::Answered, Some(Answer::Standby)) => Says::GiveMeTime,
        (
            Rung::Acknowledged
            | Rung::Translated
            | Rung::Presented
            | Rung::Answered
            | Rung::Closed
            | Rung::ReadBack
            | Rung::Insufficient
            | Rung::Declined,
            _,
        ) => Says::Done,
        (
            Rung::Drafted
            | Rung::Released
            | Rung::Accepted
            | Rung::Delivered
            | Rung::Alerted
            | Rung::Displayed
            | Rung::Confirmed
            | Rung::Corrected,
            _,
        ) => Says::Nothing,
    }
}

/// How much later than its objective the message was first received; none if in time. What we sent is judged by our own
/// clock alone: when its receipt came here.
#[must_use]
pub fn delayed_by(letter: &Letter) -> Option<Duration> {
    let (precedence, claimed, received) = times(letter)?;
    timeliness::delayed_by(precedence, claimed, received)
}

/// How far in the future a message that came in says that it was signed, if that hides whether it came late.
#[must_use]
pub fn unknown_by(letter: &Letter) -> Option<Duration> {
    let (precedence, claimed, received) = times(letter)?;
    let unknown = timeliness::unknown_by(precedence, claimed, received);
    unknown.filter(|_| letter.direction == Direction::In)
}

/// How urgent a message is, when it was signed, and when it was received.
fn times(letter: &Letter) -> Option<(Precedence, WallTime, WallTime)> {
    let draft = &letter.judged.as_ref()?.draft;
    if draft.class == TrafficClass::Test {
        return None;
    }
    let received = match letter.direction {
        Direction::In => letter.stored,
        Direction::Out => letter.ladder.reached(Rung::Delivered)?.arrived,
    };
    let claimed = WallTime::from_unix_ms(letter.message.header.claimed_time_ms);
    Some((draft.precedence, claimed, received))
}

/// Whether acknowledgement and answers are locked: it came late, or nobody can say whether it did, and its sender has not
/// confirmed it.
#[must_use]
pub fn locked(letter: &Letter) -> bool {
    let late = delayed_by(letter).is_some() || unknown_by(letter).is_some();
    late && letter.ladder.reached(Rung::Confirmed).is_none()
}

/// Whether it holds no longer.
#[must_use]
pub fn expired(letter: &Letter, now: WallTime) -> bool {
    timeliness::expired(letter.message.expires_ms, now)
}

/// By when an answer is asked for; none if no time is named, or somebody answered or declined. STANDBY is no answer.
#[must_use]
pub fn answer_due(letter: &Letter) -> Option<WallTime> {
    letter.judged.as_ref()?;
    let by_ms = letter.message.respond_by_ms;
    let answers = |fact: &Fact| match fact.rung {
        Rung::Answered => fact.answer != Some(Answer::Standby),
        rung => rung == Rung::Declined || rung == Rung::Closed,
    };
    let answered = letter.ladder.timeline().into_iter().any(answers);
    (by_ms > 0 && !answered).then(|| WallTime::from_unix_ms(by_ms))
}

/// A message's key for the timers of `core`.
#[must_use]
pub fn key(hash: &Hash) -> hotline_core::id::Hash32 {
    hotline_core::id::Hash32(hash.0)
}

#[cfg(test)]
pub(crate) mod tests;
