//! Human deadlines: messages that nobody acknowledges, the hourly comm check, and the answer to it.

use std::time::Duration;

use hotline_audit::{Hash, statement::Reference};
use hotline_core::{
    commcheck::human,
    duty::{OverdueStep, ServiceKind},
    escalation::{Due, Set, Timer},
    id::Place,
    ladder::Fact,
    precedence::Precedence,
    time::{LineTime, StoryTime},
    words::Rung,
};

use super::Engine;
use crate::{
    book::{Change, Letter},
    overdue,
    own::Saying,
    round::Round,
    status::{DutyStatus, OverdueStatus},
    view::OverdueView,
};

/// How often it is looked whether timers are over, while there is no room for more. 1 s: it looks through all of them, and
/// messages may come by the hundred a second.
const ROOM_LOOKED_FOR_EVERY: Duration = Duration::from_secs(1);

impl Engine {
    /// Times every message that waits: at the start of duty. What ran before the station is on the wall clock.
    pub(super) fn time_all(&mut self, round: &mut Round) {
        let waiting: Vec<Hash> = self.book.letters().map(|letter| letter.hash).collect();
        for hash in waiting {
            self.time(hash, round);
            self.note_answer(hash);
            self.note_deliveries(hash, round);
        }
    }

    /// Looks again at the timer of a message that has changed.
    pub(in crate::engine) fn note_duty(&mut self, change: &Change, round: &mut Round) {
        let hash = match change {
            Change::Added(hash) => *hash,
            // A relay's acceptance and what a screen signs change no deadline.
            Change::Climbed {
                rung: Rung::Accepted | Rung::Alerted | Rung::Displayed,
                ..
            } => return,
            Change::Climbed { message, .. } => *message,
            Change::Foreign { .. } | Change::Told { .. } => return,
        };
        if self.duty.is_none() {
            return;
        }
        self.time(hash, round);
        self.note_test(hash);
        self.note_answer(hash);
        self.note_deliveries(hash, round);
        let cancelled = match change {
            Change::Added(_) => self.book.letter(&hash).and_then(Letter::cancels),
            Change::Climbed { .. } | Change::Foreign { .. } | Change::Told { .. } => None,
        };
        if let Some(cancelled) = cancelled {
            self.time(cancelled, round);
        }
    }

    /// Sets a message's timer: since when it waits is told by its desk's chain, and for how long by people's time.
    fn time(&mut self, hash: Hash, round: &mut Round) {
        let waits = self.waits_for_person(&hash);
        let since = waits.map(|(_, fact)| fact.place);
        let Some(duty) = &self.duty else { return };
        // A timer that runs is left alone.
        if since == duty.timed.get(&hash).copied() {
            return;
        }
        let timer = waits.map(|(precedence, fact)| Timer {
            precedence,
            waited: self.age_for_people(&hash, fact),
            taken: self.services.step_since(&hash, self.leaf_of(fact)),
        });
        let mut set = self.set_timer(hash, timer, since);
        if set == Set::Refused && self.drop_what_is_over() {
            set = self.set_timer(hash, timer, since);
        }
        match set {
            Set::Done => {}
            Set::Refused => {
                let what = "too many messages wait for a person: further ones are not timed".to_owned();
                self.alarm("NOT_TIMED", what, round);
            }
            Set::InsteadOf(other) => {
                let what = format!(
                    "too many messages wait for a person: {} is no longer timed",
                    Hash(other.0)
                );
                self.alarm("NOT_TIMED", what, round);
            }
        }
    }

    pub(super) fn set_timer(
        &mut self,
        hash: Hash,
        timer: Option<Timer>,
        since: Option<Option<Place>>,
    ) -> Set {
        let now = self.story.at(self.line());
        let Some(duty) = &mut self.duty else {
            return Set::Done;
        };
        let set = duty.escalation.set(overdue::key(&hash), timer, now);
        if let Set::InsteadOf(other) = set {
            duty.timed.remove(&Hash(other.0));
        }
        match since {
            Some(since) if set != Set::Refused => duty.timed.insert(hash, since),
            Some(_) | None => duty.timed.remove(&hash),
        };
        set
    }

    /// Ends the timers of messages that have expired, looked for now and then; whether there were any.
    fn drop_what_is_over(&mut self) -> bool {
        let now = self.line();
        let Some(duty) = &mut self.duty else {
            return false;
        };
        if duty
            .looked_for_room
            .is_some_and(|last| now < last.after(ROOM_LOOKED_FOR_EVERY))
        {
            return false;
        }
        duty.looked_for_room = Some(now);
        let Some(duty) = &self.duty else { return false };
        let over: Vec<Hash> = duty
            .timed
            .keys()
            .filter(|hash| self.waits_for_person(hash).is_none())
            .copied()
            .collect();
        for hash in &over {
            self.set_timer(*hash, None, None);
        }
        !over.is_empty()
    }

    /// How urgent a message is, and the fact since which it waits; none if it waits for nobody, has no deadline, has expired
    /// or was cancelled.
    pub(super) fn waits_for_person(&self, hash: &Hash) -> Option<(Precedence, &Fact)> {
        let letter = self.book.letter(hash)?;
        if overdue::is_over(&self.book, letter, self.wall()) {
            return None;
        }
        overdue::waits_since(letter).filter(|(precedence, _)| precedence.alert_schedule().is_some())
    }

    /// The leaf of a fact in this desk's log; 0 if it is not there.
    fn leaf_of(&self, fact: &Fact) -> u64 {
        let desk = fact.signer.desk().map(ToString::to_string);
        let stored = desk.zip(fact.place).and_then(|(desk, place)| {
            let at = self.ledger.by_place(&desk, place.epoch(), place.sequence());
            at.ok().flatten()
        });
        stored.map_or(0, |stored| stored.index)
    }

    pub(super) fn tick_people(&mut self, now: LineTime, round: &mut Round) {
        let now = self.story.at(now);
        let due = self
            .duty
            .as_mut()
            .map(|duty| duty.escalation.tick(now))
            .unwrap_or_default();
        for due in due {
            self.call_again(&due, round);
        }
        self.remind(round);
        self.tick_tests(now, round);
    }

    fn call_again(&mut self, due: &Due, round: &mut Round) {
        let hash = Hash(due.message.0);
        let Some(letter) = self.book.letter(&hash) else {
            return;
        };
        if self.waits_for_person(&hash).is_none() {
            self.set_timer(hash, None, None);
            return;
        }
        let name = self.view_of(letter).name;
        let header = &letter.message.header;
        let message = Reference {
            sender: header.sender.clone(),
            id: header.id,
            sha256: hash,
        };
        let plain = match due.step {
            OverdueStep::ReAlert => "the alarm sounds again",
            OverdueStep::SecondPosition => "the second position is alerted",
            OverdueStep::Supervisor => "the supervisor is alerted",
            OverdueStep::OutOfBand => "the out-of-band step is due: call by another way",
        };
        let what = format!(
            "nobody has acknowledged {name} for {} s: {plain}",
            due.after.as_secs()
        );
        self.alarm("OVERDUE", what, round);
        let saying = Saying {
            refers_to: Some(message),
            step: Some(due.step),
            ..Saying::of(ServiceKind::Overdue)
        };
        self.is_to_say(saying, round);
    }

    /// The hourly human check, if this hour is ours and nobody has checked.
    fn remind(&mut self, round: &mut Round) {
        let (wall, sent) = (self.wall(), self.services.checked());
        let both = (&self.me, &self.config.peer);
        let duty = self.duty.as_mut();
        let due = duty.and_then(|duty| duty.hours.due(wall, both, sent));
        if self.config.checks_every.is_some() && due.is_some() {
            let what = "the comm check of this hour is ours: hotline check".to_owned();
            self.alarm("CHECK_DUE", what, round);
        }
    }

    /// A human check of ours waits for its answer, or has it.
    fn note_test(&mut self, hash: Hash) {
        let Some(letter) = self.book.letter(&hash) else {
            return;
        };
        if !letter.is_own_check() {
            return;
        }
        let answered = letter.answered_check().is_some();
        let accepted = letter.ladder.reached(Rung::Accepted).is_some();
        let due = self.story.at(self.line()).after(human::ANSWER_DUE);
        if let Some(duty) = &mut self.duty {
            if answered {
                duty.tests.remove(&hash);
            } else if !accepted {
                duty.tests.entry(hash).or_insert(due);
            }
        }
    }

    fn tick_tests(&mut self, now: StoryTime, round: &mut Round) {
        let Some(duty) = &mut self.duty else { return };
        let missed: Vec<Hash> = duty
            .tests
            .iter()
            .filter(|(_, due)| **due <= now)
            .map(|(hash, _)| *hash)
            .collect();
        for hash in missed {
            if let Some(duty) = &mut self.duty {
                duty.tests.remove(&hash);
            }
            if let Some(letter) = self.book.letter(&hash) {
                let what = format!("nobody has answered the comm check {}", self.view_of(letter).name);
                self.alarm("CHECK_MISSED", what, round);
            }
        }
    }

    /// How a message's timer stands, while this desk is on duty.
    pub(in crate::engine) fn overdue_view(&self, hash: &Hash) -> Option<OverdueView> {
        let duty = self.duty.as_ref()?;
        let standing = duty
            .escalation
            .standing(&overdue::key(hash), self.story.at(self.line()))?;
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Some(OverdueView {
            waited_ms: ms(standing.waited),
            step: standing.taken.map(|step| step.name().into()),
            next_step: standing.next.map(|(step, _)| step.name().into()),
            next_after_ms: standing.next.map(|(_, after)| ms(after)),
        })
    }

    /// What this desk does by itself, for people.
    pub(in crate::engine) fn duty_status(&self) -> Option<DutyStatus> {
        let duty = self.duty.as_ref()?;
        let overdue = duty.timed.keys().filter_map(|hash| {
            let timer = self.overdue_view(hash)?;
            let letter = self.book.letter(hash)?;
            timer.step.is_some().then(|| OverdueStatus {
                name: self.view_of(letter).name,
                sha256: hash.to_string(),
                timer,
            })
        });
        Some(DutyStatus {
            checks: self.checks_status()?,
            overdue: overdue.collect(),
        })
    }
}
