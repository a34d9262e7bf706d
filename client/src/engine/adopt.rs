//! Statements of our own that this ledger lacks: they are genuine, and taken up whenever a relay brings them.
//!
//! A ledger that was put back has forgotten what the desk signed since. A relay tells of it in its hello and is asked for
//! it, in the gate or whenever it comes into reach. What is taken up stands in an epoch that this desk leaves, or has
//! left: nothing is ever signed behind it. Only another statement at a place that is held closes the pen.

use std::collections::BTreeSet;

use hotline_audit::{
    Hash,
    check::Verified,
    statement::{Charter, CharterTerms, Header, Payload},
};
use hotline_core::{
    identity::Identity,
    leg::{Lane, Leg},
    precedence::Precedence,
    words::Rung,
};
use hotline_ledger::Conflict;

use super::{Engine, Signing};
use crate::{input::Arrival, judge, lane::Order, memory, own::Signed, round::Round};

/// What contradicts a statement that came.
struct Clash {
    /// Leaf of what is held; none if it is placed in this very round.
    index: Option<u64>,
    held: Hash,
}

impl Engine {
    /// A statement signed with this desk's key came from a relay, or with whatever else.
    pub(super) fn own_arrived(
        &mut self,
        leg: &Leg,
        arrival: &Arrival,
        statement: &Verified,
        round: &mut Round,
    ) {
        let header = statement.header();
        if self.holds(&arrival.hash, round) || self.signing != Signing::Open {
            return;
        }
        if let Some(clash) = self.clash(header, arrival.hash, round) {
            self.own_fork(leg, arrival, header, &clash, round);
            return;
        }
        let held = self
            .past
            .top(header.epoch, &round.tip)
            .map_or(0, |top| top.sequence);
        if header.sequence == held.saturating_add(1) {
            self.adopt(leg, arrival, &statement.payload, round);
        } else if let Payload::Message(message) = &statement.payload {
            // What stands before it is missing, so it cannot be taken up; its number is taken all the same.
            for tip in [&mut self.tip, &mut round.tip] {
                tip.number = tip.number.max(message.number);
            }
        }
    }

    /// Takes up a statement of ours, and leaves its epoch if it is the one that is being signed in.
    fn adopt(&mut self, leg: &Leg, arrival: &Arrival, payload: &Payload, round: &mut Round) {
        let header = payload.header();
        let place = (header.epoch, header.sequence);
        let before = round.tip;
        let (precedence, awaited) = match payload {
            Payload::Message(message) => (
                Precedence::from_wire(message.precedence).unwrap_or(Precedence::Routine),
                self.undelivered(header, arrival.hash, round),
            ),
            Payload::Receipt(_)
            | Payload::Act(_)
            | Payload::Annex(_)
            | Payload::Charter(_)
            | Payload::Service(_)
            | Payload::Watch(_)
            | Payload::Lifecycle(_) => (Precedence::Immediate, BTreeSet::new()),
        };
        if let Payload::Charter(charter) = payload {
            self.note_charter(charter);
        }
        // A relay that lacks it, and so whoever is to read it, gets it from the outbox like any statement of ours.
        let signed = Signed {
            bytes: arrival.bytes.to_vec(),
            hash: arrival.hash,
            payload: payload.clone(),
        };
        self.place_own(signed, precedence, awaited, round);
        self.past.note(place.0, place.1, arrival.hash);
        if place > (before.epoch, before.sequence) {
            if before.sequence > 0 {
                self.past.note(before.epoch, before.sequence, before.previous);
            }
            self.open_epoch(round);
        } else if round.tip.sequence == 0 && self.past.is_newest(place.0, place.1) {
            // Nothing is signed in the new epoch yet: it starts behind the newest statement there is.
            round.tip.previous = arrival.hash;
        }
        *round.adopted.entry(leg.clone()).or_insert(0) += 1;
    }

    /// From here on this desk signs in an epoch that nobody has signed in. The record makes a restart stay in it.
    pub(super) fn open_epoch(&mut self, round: &mut Round) {
        let before = round.tip.epoch;
        round.tip = round.tip.reopened(self.seams.clock.as_ref());
        while round.tip.epoch > before
            && self.past.knows(round.tip.epoch)
            && let Some(next) = round.tip.epoch.checked_add(1)
        {
            round.tip.epoch = next;
        }
        tracing::info!(epoch = round.tip.epoch, "a new chain epoch is opened");
        self.keep_epoch(round);
    }

    /// Keeps the epoch that this ledger signs in, if that is not on disk.
    pub(super) fn keep_epoch(&mut self, round: &mut Round) {
        let signs = (self.instance, round.tip.epoch);
        if self.signs != Some(signs) {
            self.signs = Some(signs);
            self.signs_kept = true;
            round
                .records
                .push(memory::signs_record(&self.instance, round.tip.epoch));
        }
    }

    /// How a statement contradicts what is held of our chain.
    fn clash(&self, header: &Header, hash: Hash, round: &Round) -> Option<Clash> {
        let me = self.me.to_string();
        let by_id = self.ledger.by_id(&me, &header.id).ok().flatten();
        let by_place = || {
            self.ledger
                .by_place(&me, header.epoch, header.sequence)
                .ok()
                .flatten()
        };
        let stored = by_id.or_else(by_place).map(|held| Clash {
            index: Some(held.index),
            held: held.hash,
        });
        let placed = || {
            let same = |entry: &&hotline_ledger::Entry| {
                entry.sender == me
                    && (entry.id == header.id
                        || (entry.epoch, entry.sequence) == (header.epoch, header.sequence))
            };
            round.entries.iter().find(same).map(|entry| Clash {
                index: None,
                held: entry.hash,
            })
        };
        let before = || {
            let top = self.past.top(header.epoch, &round.tip)?;
            let names_another =
                header.sequence == top.sequence.saturating_add(1) && header.previous != top.hash;
            names_another.then(|| Clash {
                index: self
                    .ledger
                    .by_hash(&top.hash)
                    .ok()
                    .flatten()
                    .map(|held| held.index),
                held: top.hash,
            })
        };
        let very_first = || {
            let odd = (header.epoch, header.sequence) == (1, 1) && header.previous != Hash::ZERO;
            odd.then_some(Clash {
                index: None,
                held: Hash::ZERO,
            })
        };
        stored
            .or_else(placed)
            .or_else(before)
            .or_else(very_first)
            .filter(|clash| clash.held != hash)
    }

    /// Two histories stand under this desk's key: nothing more is signed, and the other statement is kept.
    fn own_fork(&mut self, leg: &Leg, arrival: &Arrival, header: &Header, clash: &Clash, round: &mut Round) {
        if let Some(stored_index) = clash.index {
            round.conflicts.push(Conflict {
                sender: header.sender.clone(),
                stored_index,
                bytes: arrival.bytes.to_vec(),
            });
        }
        let why = format!(
            "{leg} brought {} at place {}.{} of our own chain, where this ledger holds {}: two histories were signed with one key",
            arrival.hash, header.epoch, header.sequence, clash.held
        );
        self.close_pen(why, round);
    }

    /// Signs nothing from here on.
    fn close_pen(&mut self, why: String, round: &mut Round) {
        self.signing = Signing::Closed(why.clone());
        self.alarm("OWN_FORK", why, round);
    }

    /// The recipients of a message of ours whose DELIVERED is not held.
    fn undelivered(&self, header: &Header, message: Hash, round: &Round) -> BTreeSet<Identity> {
        let mut delivered = self.book.delivered_early(&message);
        for placed in &round.placed {
            if let Payload::Receipt(receipt) = &placed.payload
                && receipt.rung == Rung::Delivered.to_wire()
                && receipt.items.iter().any(|item| item.sha256 == message)
            {
                delivered.extend(judge::identity(&receipt.header.sender));
            }
        }
        header
            .recipients
            .iter()
            .filter_map(|to| judge::identity(&to.identity).ok())
            .filter(|to| !delivered.contains(to))
            .collect()
    }

    fn note_charter(&mut self, charter: &Charter) {
        if charter.consents.len() > 1
            && let Ok(terms) = CharterTerms::decode(&charter.terms)
        {
            self.charters_placed.insert(terms.channel);
        }
    }

    /// Asks a relay that came into reach for what it may hold of our chain and this ledger does not.
    pub(super) fn ask_for_own(&mut self, leg: &Leg, named: Option<(u64, u64)>, round: &mut Round) {
        if let Some((epoch, _)) = named {
            self.past.expect(epoch);
        }
        if hotline_core::plant::active("forgotten-not-asked-for") {
            return;
        }
        for missing in self.past.lacking(&round.tip, named) {
            let sender = self.me.to_string();
            round
                .orders
                .push((leg.clone(), Lane::Bulk, Order::Refetch { sender, missing }));
        }
    }

    /// Tells people what was taken up, and asks for what stands behind it.
    pub(super) fn tick_adopted(&mut self, round: &mut Round) {
        if !self.signs_kept && round.keeps_something() {
            self.signs = None;
            self.keep_epoch(round);
        }
        for (leg, count) in std::mem::take(&mut self.adopted) {
            self.ask_for_own(&leg, None, round);
            let what = format!(
                "{leg} brought {count} statements that this desk signed and its ledger lacked: they are taken up"
            );
            self.alarm("ADOPTED", what, round);
        }
    }
}
