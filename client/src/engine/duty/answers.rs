//! Answers that were asked for by a time, and did not come: told on both sides, once.

use hotline_audit::{Hash, statement::Reference};
use hotline_core::duty::ServiceKind;

use super::Engine;
use crate::{overdue, own::Saying, round::Round};

/// Messages whose answers are waited for at most. 4,096: as many as steps are remembered of. Beyond it the answer that is
/// due last is shown as overdue and not told: what is named far ahead keeps no earlier one out.
const WAITED_MAX: usize = 4096;

impl Engine {
    /// Waits for the answer to a message, or no longer.
    pub(super) fn note_answer(&mut self, hash: Hash) {
        let due = self.book.letter(&hash).and_then(|letter| self.answer_due(letter));
        let told = self.services.told_unanswered(&hash);
        let Some(duty) = &mut self.duty else { return };
        match due {
            Some(due) if !told => {
                duty.answers.insert(hash, due);
                let over = duty.answers.len() > WAITED_MAX;
                let last = duty.answers.iter().max_by_key(|(_, due)| **due);
                if let Some(last) = last.map(|(last, _)| *last).filter(|_| over) {
                    duty.answers.remove(&last);
                }
            }
            _ => {
                duty.answers.remove(&hash);
            }
        }
    }

    /// Tells of answers that did not come by the time that was named.
    pub(super) fn tick_answers(&mut self, round: &mut Round) {
        let Some(duty) = &self.duty else { return };
        let due: Vec<Hash> = duty
            .answers
            .iter()
            .filter(|(_, due)| self.is_due(**due))
            .map(|(hash, _)| *hash)
            .collect();
        for hash in due {
            if let Some(duty) = &mut self.duty {
                duty.answers.remove(&hash);
            }
            self.tell_unanswered(hash, round);
        }
    }

    fn tell_unanswered(&mut self, hash: Hash, round: &mut Round) {
        let wall = self.wall();
        let Some(letter) = self.book.letter(&hash) else {
            return;
        };
        let over = overdue::is_over(&self.book, letter, wall);
        let Some(due) = overdue::answer_due(letter).filter(|_| !over) else {
            return;
        };
        let header = &letter.message.header;
        let message = Reference {
            sender: header.sender.clone(),
            id: header.id,
            sha256: hash,
        };
        let text = format!("no answer by {}", due.rfc3339());
        let what = format!("{}: {text}, as its sender asked", self.view_of(letter).name);
        self.alarm("OVERDUE", what, round);
        let saying = Saying {
            refers_to: Some(message),
            text,
            ..Saying::of(ServiceKind::Overdue)
        };
        self.is_to_say(saying, round);
    }
}
