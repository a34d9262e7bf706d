//! Messages of ours that wait for a person of the remote desk, and how far they came.

use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

use hotline_audit::Hash;
use hotline_core::{
    channel::{Evidence, Proof, Stage, Waiting},
    id::Hash32,
    ladder::Fact,
    time::WallTime,
    words::Rung,
};

use super::Engine;
use crate::{
    book::{Change, Direction, Letter},
    overdue,
};

/// Newest messages that are looked through for some that wait. 4,096: days of traffic; what is older was escalated long
/// ago.
const LOOKED_THROUGH: usize = 4096;
/// Messages that wait and are shown as causes of silence. 32: a screenful; the rest is in the list of messages.
const SHOWN_MAX: usize = 32;

impl Engine {
    /// Messages of ours for which no person of the remote desk has signed anything, and those that were declined last.
    /// Of very many those that are overdue and the most urgent.
    pub(super) fn waiting_for_people(&self) -> Vec<Waiting> {
        let now = self.wall();
        let mut answered: BTreeSet<&str> = BTreeSet::new();
        let mut waiting = Vec::new();
        for letter in self.looked_through() {
            let channel = letter.message.channel.as_str();
            let over = overdue::is_over(&self.book, letter, now);
            let spoken = [Rung::Acknowledged, Rung::Answered]
                .iter()
                .any(|rung| letter.ladder.reached_at(*rung, &self.config.peer).is_some());
            if spoken {
                answered.insert(channel);
            }
            let owes = overdue::owes_reading(letter, &self.config.peer).is_some();
            if (!spoken || owes)
                && !over
                && let Some(waits) = self.waits(letter, answered.contains(channel))
            {
                waiting.push((letter, waits));
            }
        }
        waiting.sort_by_key(|(_, waits)| Reverse((waits.overdue(), waits.precedence, waits.waited)));
        waiting.truncate(SHOWN_MAX);
        let shown = waiting.into_iter().map(|(letter, waits)| {
            let evidence = self.signed_about(letter);
            Waiting { evidence, ..waits }
        });
        shown.collect()
    }

    /// Our own newest messages, the newest first.
    fn looked_through(&self) -> impl Iterator<Item = &Letter> {
        self.book
            .letters()
            .rev()
            .take(LOOKED_THROUGH)
            .filter(|letter| letter.direction == Direction::Out && letter.rejected.is_none())
    }

    /// How far a message came without a person's word, and for how long; none if it waits for nobody. One that was
    /// declined is named until a later one on its channel is acknowledged or answered; one for which somebody asked for
    /// time is named again once that is over, and one that was read back wrongly if nobody reads it back again in time.
    fn waits(&self, letter: &Letter, answered_since: bool) -> Option<Waiting> {
        let peer = &self.config.peer;
        let reached = |rung| letter.ladder.reached_at(rung, peer);
        let precedence = letter.judged.as_ref()?.draft.precedence;
        let now = self.line();
        let age = |fact: &Fact| self.age_for_people(&letter.hash, fact);
        let of = |stage, waited, fact: Option<&Fact>| Waiting {
            name: self.name_of(letter),
            channel: letter.message.channel.clone(),
            precedence,
            place: fact.and_then(|fact| fact.place),
            stage,
            waited,
            evidence: Vec::new(),
        };
        if let Some(declined) = reached(Rung::Declined) {
            let stage = Stage::Declined {
                reason: declined.text.clone(),
                by: declined.signer.identity().name().to_owned(),
            };
            return (!answered_since).then(|| of(stage, age(declined), Some(declined)));
        }
        if reached(Rung::Delivered).is_none() {
            // On its way it waits for machines, whatever the story does.
            let waited = self.ages.age_of_line((letter.hash, None), letter.stored, now);
            return Some(of(Stage::NotDelivered, waited, None));
        }
        let (_, asked) = overdue::waits_since(letter)?;
        if let Some((read, _)) = letter.ladder.corrected(peer) {
            // What was read back is on its chain; the correction is on ours.
            let waits = of(Stage::Corrected, age(asked), Some(read));
            return waits.overdue().then_some(waits);
        }
        let stage = match reached(Rung::Displayed) {
            Some(_) => Stage::Displayed,
            None => Stage::NotDisplayed {
                alerted: reached(Rung::Alerted).is_some(),
            },
        };
        let waits = of(stage, age(asked), Some(asked));
        let silent = letter.ladder.awaiting_person().contains(&peer);
        (silent || waits.overdue()).then_some(waits)
    }

    /// How old a fact about a message is for people.
    pub(super) fn age_for_people(&self, message: &Hash, fact: &Fact) -> Duration {
        let about = (*message, fact.place.map(|place| (fact.rung, place)));
        self.ages
            .age_of_people(about, fact.arrived, self.line(), &self.story)
    }

    /// Notes since when a message waits that has just come to disk, or for which something was signed.
    pub(super) fn note_age(&mut self, change: &Change, stored: WallTime) {
        let now = self.line();
        match change {
            Change::Added(hash) => self.ages.came((*hash, None), now),
            Change::Climbed { message, rung } => {
                let Some(letter) = self.book.letter(message) else {
                    return;
                };
                let new = |fact: &&Fact| fact.rung == *rung && fact.arrived == stored;
                for fact in letter.ladder.timeline().into_iter().filter(new) {
                    if let Some(place) = fact.place {
                        self.ages.came((*message, Some((fact.rung, place))), now);
                    }
                }
            }
            Change::Foreign { .. } | Change::Told { .. } => {}
        }
    }

    /// What the remote desk signed about a message.
    fn signed_about(&self, letter: &Letter) -> Vec<Evidence> {
        [Rung::Delivered, Rung::Alerted, Rung::Displayed, Rung::Declined]
            .iter()
            .filter_map(|rung| letter.ladder.reached_at(*rung, &self.config.peer))
            .map(|fact| self.rung_fact(fact))
            .collect()
    }

    fn rung_fact(&self, fact: &Fact) -> Evidence {
        let by = fact.signer.identity();
        let words = match fact.text.as_str() {
            "" => String::new(),
            text => format!(": {text}"),
        };
        let stored = fact.signer.desk().zip(fact.place).and_then(|(desk, place)| {
            let at = self
                .ledger
                .by_place(&desk.to_string(), place.epoch(), place.sequence());
            at.ok().flatten()
        });
        Evidence {
            what: format!("{} by {}{words}", fact.rung.plain(), by.name()),
            by: by.to_string(),
            received: fact.arrived,
            claimed: Some(fact.claimed),
            statement: stored.map(|stored| Hash32(stored.hash.0)),
            proof: Proof::Statement,
        }
    }
}
