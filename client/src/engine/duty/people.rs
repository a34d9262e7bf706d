//! Human deadlines: messages that nobody acknowledges, the hourly comm check, and the answer to it.

use hotline_audit::{Hash, statement::Reference};
use hotline_core::{
    commcheck::human,
    duty::{OverdueStep, ServiceKind},
    escalation::{Due, Timer},
    time::LineTime,
    words::{Rung, TrafficClass},
};

use super::Engine;
use crate::{
    book::{Change, Direction},
    overdue,
    own::Saying,
    round::Round,
    status::{DutyStatus, OverdueStatus},
    view::OverdueView,
};

impl Engine {
    /// Times every message that waits: at the start of duty. What ran before is on the wall clock.
    pub(super) fn time_all(&mut self, round: &mut Round) {
        let waiting: Vec<Hash> = self.book.letters().map(|letter| letter.hash).collect();
        for hash in waiting {
            self.time(hash, round);
            self.note_answer(hash);
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
        if self.duty.is_some() {
            self.time(hash, round);
            self.note_test(hash);
            self.note_answer(hash);
        }
    }

    fn time(&mut self, hash: Hash, round: &mut Round) {
        let (now, wall) = (self.line(), self.wall());
        let waits = self
            .book
            .letter(&hash)
            .filter(|letter| !overdue::expired(letter, wall))
            .and_then(overdue::waits_since);
        let taken = waits.and_then(|(_, since)| self.services.step_since(&hash, since));
        let Some(duty) = &mut self.duty else { return };
        let since = waits.map(|(_, since)| since);
        // A timer that runs is left alone: the wall clock may have jumped since.
        if since == duty.timed.get(&hash).copied() {
            return;
        }
        let timer = waits.map(|(precedence, since)| Timer {
            precedence,
            waited: std::time::Duration::from_millis(wall.unix_ms().saturating_sub(since.unix_ms())),
            taken,
        });
        match since {
            Some(since) => duty.timed.insert(hash, since),
            None => duty.timed.remove(&hash),
        };
        if !duty.escalation.set(overdue::key(&hash), timer, now) {
            duty.timed.remove(&hash);
            let what = "too many messages wait for a person: further ones are not timed".to_owned();
            self.alarm("NOT_TIMED", what, round);
        }
    }

    pub(super) fn tick_people(&mut self, now: LineTime, round: &mut Round) {
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
        if overdue::expired(letter, self.wall()) {
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
        self.say(saying, round);
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
        let Some(judged) = &letter.judged else { return };
        if judged.draft.class != TrafficClass::Test
            || letter.direction == Direction::In
            || judged.draft.answer.is_some()
        {
            return;
        }
        let answered = letter.ladder.reached(Rung::Answered).is_some();
        let due = self
            .line()
            .after(human::ANSWER_DUE / self.config.human_time_factor);
        if let Some(duty) = &mut self.duty {
            if answered {
                duty.tests.remove(&hash);
            } else if letter.ladder.reached(Rung::Accepted).is_none() {
                duty.tests.entry(hash).or_insert(due);
            }
        }
    }

    fn tick_tests(&mut self, now: LineTime, round: &mut Round) {
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
        let standing = duty.escalation.standing(&overdue::key(hash), self.line())?;
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
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
