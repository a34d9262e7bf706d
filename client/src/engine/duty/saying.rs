//! What this desk is to say of itself, kept until it is on disk.
//!
//! What duty decides is decided once: a leg is said to be down once, a step is taken once. So its words wait here while
//! nothing may be signed, and when the round that held them was not stored. A comm check and the answer to one do not:
//! they are worth something only now.

use std::collections::VecDeque;
use std::time::Duration;

use hotline_core::{duty::ServiceKind, time::LineTime};
use hotline_ledger::SpaceLeft;

use super::{Engine, Signing};
use crate::{own::Saying, round::Round};

/// Words that wait. 256: what four legs that flap all the time say in half an hour, with every step of some FLASH; beyond
/// it the oldest are not said, and people are told.
const WAITING_MAX: usize = 256;
/// When words that could not be said are tried again. 1 s: as what a round that was not stored had brought.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Words that wait to be on disk, the oldest first.
#[derive(Debug, Default)]
pub(in crate::engine) struct ToSay {
    waiting: VecDeque<Saying>,
    again: Option<LineTime>,
}

impl ToSay {
    /// Adds words; gives back the oldest ones if there are too many.
    fn add(&mut self, saying: Saying) -> Option<Saying> {
        self.waiting.push_back(saying);
        (self.waiting.len() > WAITING_MAX)
            .then(|| self.waiting.pop_front())
            .flatten()
    }

    /// Whether there is something to be said now.
    fn is_due(&self, now: LineTime) -> bool {
        !self.waiting.is_empty() && self.again.is_none_or(|again| again <= now)
    }

    /// All that waits; it waits on until it is [`stored`](Self::stored).
    fn try_now(&mut self, now: LineTime) -> Vec<Saying> {
        self.again = Some(now.after(AGAIN_AFTER));
        self.waiting.iter().cloned().collect()
    }

    /// The oldest words are on disk, or can never be said.
    fn stored(&mut self, count: usize) {
        self.waiting.drain(..count.min(self.waiting.len()));
        self.again = None;
    }

    /// Whether words of this kind wait.
    fn waits(&self, kind: ServiceKind) -> bool {
        self.waiting.iter().any(|saying| saying.kind == kind)
    }

    /// When there is something to be said.
    fn next_wake(&self, now: LineTime) -> Option<LineTime> {
        (!self.waiting.is_empty()).then(|| self.again.unwrap_or(now))
    }
}

impl Engine {
    /// This is to be said, and is kept until it is on disk.
    pub(in crate::engine) fn is_to_say(&mut self, saying: Saying, round: &mut Round) {
        if let Some(dropped) = self.to_say.add(saying) {
            let what = format!("too much waits to be signed: {} is not said", dropped.kind.name());
            self.alarm("NOT_SAID", what, round);
        }
    }

    /// Signs what waits. It counts as said once the round is stored.
    pub(super) fn say_all(&mut self, now: LineTime, round: &mut Round) {
        if !self.to_say.is_due(now) {
            return;
        }
        let all = self.to_say.try_now(now);
        if !self.may_say() {
            return;
        }
        for saying in all {
            let kind = saying.kind;
            let said = self.say(saying, round);
            if kind == ServiceKind::DeskCloses
                && let (Some(closing), Some((id, _))) = (&mut self.closing, said)
            {
                closing.id = id;
            }
            round.said += 1;
        }
    }

    /// What the round said is on disk.
    pub(in crate::engine) fn all_said(&mut self, round: &mut Round) {
        let count = std::mem::take(&mut round.said);
        if count == 0 {
            return;
        }
        self.to_say.stored(count);
        if let Some(closing) = &mut self.closing {
            closing.look = true;
        }
    }

    /// Whether the desk's last word is still to be said.
    pub(super) fn last_word_waits(&self) -> bool {
        self.to_say.waits(ServiceKind::DeskCloses)
    }

    /// When words that wait are tried again.
    pub(super) fn next_saying(&self) -> Option<LineTime> {
        self.to_say.next_wake(self.line())
    }

    /// Whether this desk may sign something about itself: the reserve of the disk is for what people say.
    pub(super) fn may_say(&self) -> bool {
        let on_reserve = matches!(
            self.ledger.space().map(|space| space.left()),
            Ok(SpaceLeft::Reserve) | Err(_)
        );
        self.signing == Signing::Open && !on_reserve
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn at(seconds: u64) -> LineTime {
        LineTime::from_start(Duration::from_secs(seconds))
    }

    fn kinds(said: &[Saying]) -> Vec<ServiceKind> {
        said.iter().map(|saying| saying.kind).collect()
    }

    #[test]
    fn words_that_were_not_stored_are_said_again_in_their_order_until_they_are() {
        let mut words = ToSay::default();
        assert_eq!(words.next_wake(at(0)), None);
        words.add(Saying::of(ServiceKind::DeskOpens));
        assert_eq!(words.next_wake(at(0)), Some(at(0)));
        assert_eq!(kinds(&words.try_now(at(0))), [ServiceKind::DeskOpens]);
        words.add(Saying::of(ServiceKind::PathOutage));
        assert!(!words.is_due(at(0)), "a full disk does not empty faster");
        assert_eq!(words.next_wake(at(0)), Some(at(1)));
        let both = [ServiceKind::DeskOpens, ServiceKind::PathOutage];
        assert_eq!(kinds(&words.try_now(at(1))), both);
        // More may be added before the round is stored: only what it held is over.
        words.add(Saying::of(ServiceKind::PathRestored));
        words.stored(2);
        assert!(!words.waits(ServiceKind::PathOutage) && words.is_due(at(1)));
        assert_eq!(kinds(&words.try_now(at(1))), [ServiceKind::PathRestored]);
        words.stored(1);
        assert_eq!(words.next_wake(at(9)), None);
    }

    #[test]
    fn a_desk_that_may_not_sign_for_long_keeps_its_newest_words() {
        let mut words = ToSay::default();
        for _ in 0..WAITING_MAX {
            assert!(words.add(Saying::of(ServiceKind::PathOutage)).is_none());
        }
        let dropped = words.add(Saying::of(ServiceKind::DeskCloses));
        assert_eq!(dropped.map(|saying| saying.kind), Some(ServiceKind::PathOutage));
        assert!(words.waits(ServiceKind::DeskCloses));
        assert_eq!(words.waiting.len(), WAITING_MAX);
    }
}
