//! Messages of ours that wait for a person of the remote desk, and how far they came.

use std::{collections::BTreeSet, time::Duration};

use hotline_core::{
    channel::{Evidence, Proof, Stage, Waiting},
    id::Hash32,
    ladder::Fact,
    precedence::Precedence,
    time::WallTime,
    words::{Function, Rung},
};

use super::Engine;
use crate::book::{Direction, Letter};

/// Newest messages that are looked through for some that wait. 4,096: days of traffic; what is older was escalated long
/// ago.
const LOOKED_THROUGH: usize = 4096;

impl Engine {
    /// Messages of ours for which no person of the remote desk has signed anything, and those that were declined last.
    pub(super) fn waiting_for_people(&self) -> Vec<(String, Waiting)> {
        let now = self.wall();
        let cancelled: BTreeSet<_> = self
            .looked_through()
            .filter(|letter| letter.message.function == Function::Cancel.to_wire())
            .filter_map(|letter| Some(letter.message.refers_to.as_ref()?.sha256))
            .collect();
        let mut answered: BTreeSet<&str> = BTreeSet::new();
        let mut waiting = Vec::new();
        for letter in self.looked_through() {
            let channel = letter.message.channel.as_str();
            let expires = letter.message.expires_ms;
            let over = cancelled.contains(&letter.hash) || (expires > 0 && expires <= now.unix_ms());
            let spoken = [Rung::Acknowledged, Rung::Answered]
                .iter()
                .any(|rung| letter.ladder.reached_at(*rung, &self.config.peer).is_some());
            if spoken {
                answered.insert(channel);
            } else if !over
                && letter.message.function != Function::Cancel.to_wire()
                && let Some(stage) = self.stage(letter, answered.contains(channel))
            {
                waiting.push((channel.to_owned(), self.waits(letter, stage, now)));
            }
        }
        waiting
    }

    /// Our own newest messages, the newest first.
    fn looked_through(&self) -> impl Iterator<Item = &Letter> {
        self.book
            .letters()
            .rev()
            .take(LOOKED_THROUGH)
            .filter(|letter| letter.direction == Direction::Out && letter.rejected.is_none())
    }

    /// How far a message came without a person's word; none if it waits for nobody. One that was declined is named until
    /// a later one on its channel is acknowledged or answered.
    fn stage(&self, letter: &Letter, answered_since: bool) -> Option<Stage> {
        let peer = &self.config.peer;
        let reached = |rung| letter.ladder.reached_at(rung, peer);
        if let Some(declined) = reached(Rung::Declined) {
            return (!answered_since).then(|| Stage::Declined {
                reason: declined.text.clone(),
                by: declined.signer.identity().name().to_owned(),
            });
        }
        if !letter.ladder.awaiting_person().contains(&peer) {
            return None;
        }
        Some(if reached(Rung::Displayed).is_some() {
            Stage::Displayed
        } else if reached(Rung::Delivered).is_some() {
            let alerted = reached(Rung::Alerted).is_some();
            Stage::NotDisplayed { alerted }
        } else {
            Stage::NotDelivered
        })
    }

    fn waits(&self, letter: &Letter, stage: Stage, now: WallTime) -> Waiting {
        let peer = &self.config.peer;
        let since = letter
            .ladder
            .reached_at(Rung::Delivered, peer)
            .map_or(letter.stored, |fact| fact.arrived);
        let signed = [Rung::Delivered, Rung::Alerted, Rung::Displayed, Rung::Declined]
            .iter()
            .filter_map(|rung| letter.ladder.reached_at(*rung, peer));
        Waiting {
            name: self.name_of(letter),
            precedence: letter
                .judged
                .as_ref()
                .map_or(Precedence::Routine, |judged| judged.draft.precedence),
            stage,
            waited: Duration::from_millis(now.unix_ms().saturating_sub(since.unix_ms())),
            evidence: signed.map(|fact| self.rung_fact(fact)).collect(),
        }
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
