//! Taking up an outbox from its records alone: after a restart, or in the middle of a session.

use std::collections::BTreeMap;

use super::lines::{Answered, Line};
use super::{Bounds, GoesOn, Keep, Outbox, Pace};
use crate::health::Profile;
use crate::id::StatementKey;
use crate::leg::RelayName;
use crate::time::LineTime;

impl Outbox {
    /// Takes up the outbox after a restart, from the records that were kept, in any order. No leg is up yet.
    pub fn restore(bounds: Bounds, kept: impl IntoIterator<Item = Keep>) -> Self {
        let mut outbox = Self::new(bounds);
        let (mut queued, mut facts, mut generations) = (Vec::new(), Vec::new(), BTreeMap::new());
        for keep in kept {
            match keep {
                Keep::Queued { ticket, item } => queued.push((ticket, item)),
                Keep::Accepted { .. } | Keep::Delivered { .. } => facts.push(keep),
                Keep::Generation { relay, generation } => {
                    generations.insert(relay, generation);
                }
                Keep::Forget { .. } => {}
            }
        }
        for (relay, generation) in generations {
            outbox
                .lines
                .insert(relay, Line::new(generation, Pace::of(Profile::Lan)));
        }
        for (ticket, item) in queued {
            // Two records never share a ticket; if they did, both statements would still have to leave.
            let ticket = if outbox.entries.contains_key(&ticket) {
                outbox.next_ticket
            } else {
                ticket
            };
            if !outbox.tickets.contains_key(&item.statement) {
                outbox.enter(ticket, item);
            }
        }
        for fact in facts {
            outbox.recall(fact);
        }
        let over: Vec<u64> = outbox
            .entries
            .iter()
            .filter(|(_, entry)| entry.is_over())
            .map(|(at, _)| *at)
            .collect();
        for ticket in over {
            outbox.forget(ticket);
        }
        outbox
    }

    /// This outbox was taken up anew in the middle of a session, because what happened lately could not be kept, and would
    /// send a copy of `statement` to `relay`. Goes on as the outbox `before` left it: when it was to be sent again then, it
    /// is now. Otherwise either all that is owed would leave each time, or whatever is due would be put off each time.
    pub fn go_on(
        &mut self,
        before: &Self,
        statement: &StatementKey,
        relay: &RelayName,
        now: LineTime,
    ) -> GoesOn {
        match (self.find(statement, relay), before.lines.get(relay)) {
            (Some((rank, line)), Some(earlier)) => line.go_on(earlier, rank, now),
            _ => GoesOn::Now,
        }
    }

    fn recall(&mut self, fact: Keep) {
        match fact {
            Keep::Accepted {
                statement,
                relay,
                generation,
            } => {
                let Some(ticket) = self.tickets.get(&statement).copied() else {
                    return;
                };
                let (Some(entry), Some(line)) = (self.entries.get_mut(&ticket), self.lines.get_mut(&relay))
                else {
                    return;
                };
                // What a relay accepted before it lost its log counts no more.
                if line.generation == generation && line.take(entry.rank(ticket)) == Answered::WasOwed {
                    entry.accepted.insert(relay);
                }
                self.note_sheddable(ticket);
            }
            Keep::Delivered { statement, by } => {
                let Some(ticket) = self.tickets.get(&statement).copied() else {
                    return;
                };
                if let Some(entry) = self.entries.get_mut(&ticket) {
                    entry.undelivered.remove(&by);
                }
                self.note_sheddable(ticket);
            }
            Keep::Queued { .. } | Keep::Generation { .. } | Keep::Forget { .. } => {}
        }
    }
}
