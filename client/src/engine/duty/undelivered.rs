//! Messages of this desk that do not arrive in time: signed once for each recipient, with the cause of silence. The rule is
//! `core::nondelivery`.

use std::time::Duration;

use hotline_audit::{Hash, statement::LegFact, statement::Reference};
use hotline_core::{
    duty::ServiceKind,
    id::Hash32,
    identity::Identity,
    nondelivery::{self, Awaited, Said},
    time::{LineTime, WallTime},
    words::{Rung, TrafficClass},
};

use super::{AnswerDue, Engine};
use crate::{
    book::{Direction, Letter},
    own::Saying,
    round::Round,
    view::NonDeliveryView,
};

/// For how long after its opening a desk that has not caught up with its relays calls nothing undelivered. 30 s of line: by
/// then a relay that is in reach has been dialled and has brought what it holds.
const HELD_AFTER_OPENING: Duration = Duration::from_secs(30);

impl Engine {
    /// Waits for the deliveries of a message, or no longer.
    pub(super) fn note_deliveries(&mut self, hash: Hash, round: &mut Round) {
        if self.wait_for_deliveries(hash) {
            let what = "too many messages wait to be delivered: of those due last nothing will be signed";
            self.alarm("NOT_TIMED", what.to_owned(), round);
        }
    }

    /// The same; whether there are too many.
    pub(super) fn wait_for_deliveries(&mut self, hash: Hash) -> bool {
        let Some(letter) = self.book.letter(&hash) else {
            return false;
        };
        let (settled, waiting) = self.deliveries_of(letter);
        let Some(duty) = &mut self.duty else { return false };
        for desk in settled {
            duty.deliveries.settled(&(Hash32(hash.0), desk));
        }
        let mut too_many = false;
        for (desk, until) in waiting {
            too_many |= duty.deliveries.wait((Hash32(hash.0), desk), until).is_some();
        }
        too_many
    }

    /// A desk could not open a message of ours: it came, so that it is not to be called undelivered.
    pub(in crate::engine) fn came_unopened(&mut self, hash: Hash) {
        let desk = self.config.peer.clone();
        if let Some(duty) = &mut self.duty {
            duty.deliveries.settled(&(Hash32(hash.0), desk));
        }
    }

    /// Until when nothing is called undelivered, because this desk has just been opened and relays may hold receipts for it,
    /// or it does not know yet how a story runs.
    pub(super) fn deliveries_held_until(&self, now: LineTime) -> Option<LineTime> {
        let until = self.duty.as_ref()?.opened.after(HELD_AFTER_OPENING);
        let behind = until > now && !self.behind().is_empty();
        let held = [behind.then_some(until), self.people_held_until()];
        held.into_iter().flatten().filter(|until| *until > now).max()
    }

    /// When something is to be said of what did not arrive.
    pub(super) fn next_undelivered(&self, duty: &super::Duty, now: LineTime) -> Option<LineTime> {
        let due = duty.deliveries.next_wake()?;
        // Looking at every lane is dear, and seldom needed.
        let held = if due.since(duty.opened) < HELD_AFTER_OPENING {
            self.deliveries_held_until(now)
        } else {
            None
        };
        Some(held.map_or(due, |held| due.max(held)))
    }

    /// The desks of which nothing is to be said any more, and those that are waited for, each with until when.
    fn deliveries_of(&self, letter: &Letter) -> (Vec<Identity>, Vec<(Identity, LineTime)>) {
        let (mut settled, mut waiting) = (Vec::new(), Vec::new());
        let Some(judged) = letter
            .judged
            .as_ref()
            .filter(|judged| letter.direction == Direction::Out && judged.draft.class != TrafficClass::Test)
        else {
            return (settled, waiting);
        };
        let now = self.line();
        let age = self.ages.age_of_line((letter.hash, None), letter.stored, now);
        let left = |moment| nondelivery::left(moment, letter.stored, age);
        let expires = letter.message.expires_ms;
        let expires = (expires > 0).then(|| left(WallTime::from_unix_ms(expires)));
        let answer = self.answer_due(letter).and_then(|due| match due {
            AnswerDue::Claimed(moment) => Some(left(moment)),
            // None while the story stands before it.
            AnswerDue::Story(due) => self.story.when(due).map(|at| at.since(now)),
        });
        let due = nondelivery::due_in(judged.draft.precedence, age, (expires, answer));
        let told = self.services.undelivered(&letter.message.header, &letter.hash);
        for recipient in &judged.draft.recipients {
            let desk = recipient.identity.clone();
            let came = letter.ladder.reached_at(Rung::Delivered, &desk).is_some()
                || self
                    .services
                    .not_opened(&letter.message.header, &letter.hash, &desk);
            match due {
                Some(due) if !came && told.iter().all(|said| said.desk != desk) => {
                    waiting.push((desk, now.after(due)));
                }
                _ => settled.push(desk),
            }
        }
        (settled, waiting)
    }

    /// Signs of what did not arrive in time.
    pub(super) fn tick_deliveries(&mut self, now: LineTime, round: &mut Round) {
        let wakes = self
            .duty
            .as_ref()
            .and_then(|duty| self.next_undelivered(duty, now));
        if wakes.is_none_or(|at| at > now) {
            return;
        }
        let Some(duty) = &mut self.duty else { return };
        let due = duty.deliveries.tick(now);
        if due.is_empty() {
            return;
        }
        let cause = self.standing().cause;
        let cause = match cause.code.is_empty() {
            true => (nondelivery::NO_RECEIPT.to_owned(), String::new()),
            false => (cause.code, cause.plain),
        };
        for awaited in due {
            self.not_delivered(awaited, &cause, round);
        }
    }

    fn not_delivered(&mut self, (message, desk): Awaited, cause: &(String, String), round: &mut Round) {
        let hash = Hash(message.0);
        let Some(letter) = self.book.letter(&hash) else {
            return;
        };
        if letter.ladder.reached_at(Rung::Delivered, &desk).is_some() {
            return;
        }
        let header = &letter.message.header;
        let message = Reference {
            sender: header.sender.clone(),
            id: header.id,
            sha256: hash,
        };
        let name = self.view_of(letter).name;
        let (code, plain) = cause.clone();
        self.alarm(
            "UNDELIVERED",
            format!("{name} has not been delivered to {desk}: {code}"),
            round,
        );
        let said = Said {
            desk,
            cause: code,
            plain,
        };
        let saying = Saying {
            refers_to: Some(message),
            legs: self.legs_down(),
            text: said.to_string(),
            ..Saying::of(ServiceKind::NonDelivery)
        };
        self.is_to_say(saying, round);
    }

    /// Our legs that are down, and since when.
    fn legs_down(&self) -> Vec<LegFact> {
        let down = self.leg_status.iter().filter(|(_, status)| !status.up);
        let fact = |leg: &hotline_core::leg::Leg| {
            let since = self
                .health
                .get(leg)
                .and_then(hotline_core::health::LegHealth::since);
            LegFact {
                leg: leg.to_string(),
                ms: since.map_or(0, |(wall, _)| wall.unix_ms()),
            }
        };
        down.map(|(leg, _)| fact(leg)).collect()
    }

    /// What its sender said of a message that did not arrive in time, for people. A DELIVERED that came later stands beside
    /// it, and wins.
    pub(in crate::engine) fn said_undelivered(&self, letter: &Letter) -> Vec<NonDeliveryView> {
        let said = self.services.undelivered(&letter.message.header, &letter.hash);
        said.into_iter()
            .map(|said| {
                let delivered = letter.ladder.reached_at(Rung::Delivered, &said.desk);
                NonDeliveryView::of(said, delivered.map(|fact| fact.arrived))
            })
            .collect()
    }
}
