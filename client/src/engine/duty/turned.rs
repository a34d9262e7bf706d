//! When human deadlines are over, and what becomes of them when a desk is told of a story for the first time, or of a turn.

use hotline_audit::Hash;
use hotline_core::{
    escalation::Timer,
    time::{LineTime, StoryTime},
};

use super::{AnswerDue, Duty, Engine};
use crate::overdue;

impl Engine {
    /// When the next human deadline is over; none while the story stands before it.
    pub(super) fn next_people(&self, duty: &Duty) -> Option<LineTime> {
        let due = [duty.escalation.next_wake(), duty.tests.values().min().copied()];
        let due = due.into_iter().flatten().min();
        let answer = duty.answers.values().min().copied();
        let first = due
            .and_then(|due| self.story.when(due))
            .into_iter()
            .chain(answer.and_then(|due| self.when_due(due)))
            .min();
        first.max(first.and(self.people_held_until()))
    }

    /// When the next deadline of people is over, as people's time goes; none if nothing waits for a person. An answer that is
    /// due by the wall clock is none: no story moves it.
    pub(in crate::engine) fn next_deadline(&self) -> Option<StoryTime> {
        let duty = self.duty.as_ref()?;
        let answers = duty.answers.values().filter_map(|due| match due {
            AnswerDue::Story(due) => Some(*due),
            AnswerDue::Claimed(_) => None,
        });
        let tests = duty.tests.values().copied();
        let steps = duty.escalation.next_wake().into_iter();
        steps.chain(tests).chain(answers).min()
    }

    /// A story begins here: every human deadline goes over to it. `before` is what people's time was until now; what is
    /// timed is as old as the story says, and no step is taken twice.
    pub(in crate::engine) fn story_begins(&mut self, before: StoryTime) {
        let now = self.line();
        let people = self.story.at(now);
        let Some(duty) = &mut self.duty else { return };
        for due in duty.tests.values_mut() {
            *due = people.after(due.since(before));
        }
        let timed: Vec<Hash> = duty.timed.keys().copied().collect();
        for hash in timed {
            self.time_by_story(hash, before);
        }
        self.note_answers();
    }

    fn time_by_story(&mut self, hash: Hash, before: StoryTime) {
        let standing = self
            .duty
            .as_ref()
            .and_then(|duty| duty.escalation.standing(&overdue::key(&hash), before));
        let waits = self.waits_for_person(&hash);
        let timer = waits.map(|(precedence, fact)| Timer {
            precedence,
            waited: self.age_for_people(&hash, fact),
            taken: standing.and_then(|standing| standing.taken),
        });
        let since = waits.map(|(_, fact)| fact.place);
        self.set_timer(hash, timer, since);
    }

    /// Looks again at every answer that is waited for, and whether its message is to be called undelivered: what was stored
    /// while the story stood is due at the rate with which it went on.
    pub(in crate::engine) fn note_answers(&mut self) {
        let waited: Vec<Hash> = match &self.duty {
            Some(duty) => duty.answers.keys().copied().collect(),
            None => Vec::new(),
        };
        for hash in waited {
            self.note_answer(hash);
            // No more wait than did before.
            let _ = self.wait_for_deliveries(hash);
        }
    }
}
