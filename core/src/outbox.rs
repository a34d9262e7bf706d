//! What must still be sent where: statement by relay, until each relay has signed ACCEPTED.
//!
//! A machine: it is told what happened and what time it is, and answers with records to keep and copies to send after
//! they are kept. Each statement is owed to each relay until that relay ACCEPTED it, and is remembered until every
//! recipient desk signed DELIVERED, because a relay that lost its log must be offered it again. Copies leave by the plan
//! of [`crate::copies`]; without an answer they are sent again after 1 s, then twice that, up to every 30 s (on farther
//! lines later: [`Pace`]), and at once when a leg comes up. `core/README.md` §9 has the numbers.
//!
//! No event costs more than the copies it sends and a few look-ups in ordered trees. It holds no statement's bytes; the
//! caller reads them from the ledger by their key. What ACCEPTED or DELIVERED prove is checked before they are told here.

mod facts;
mod lines;
mod resend;
mod restore;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::Transition;
use crate::copies::{Copies, LegStanding, LegState};
use crate::health::Profile;
use crate::id::StatementKey;
use crate::identity::Identity;
use crate::leg::{Door, Leg, RelayName};
use crate::precedence::Precedence;
use crate::time::LineTime;

pub use facts::{Bounds, Event, GoesOn, Keep, OutboxItem, QueueError, Retry, Standing, Then};
pub use resend::{
    HAND_OVER, Pace, REFUSED_URGENT, RESEND_FIRST, RESEND_LONGEST, STALLED_ATTEMPTS, TICK_SENDS,
};

use lines::{Answered, Line, Order, Rank};

/// The outbox of one desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbox {
    bounds: Bounds,
    /// By ticket: the order in which statements were queued.
    entries: BTreeMap<u64, Entry>,
    tickets: BTreeMap<StatementKey, u64>,
    next_ticket: u64,
    lines: BTreeMap<RelayName, Line>,
    /// Kinds of line that are no `lan`.
    farther: BTreeMap<RelayName, Profile>,
    /// Tickets that may be shed at the bound: nobody waits for them but a relay that does not answer.
    sheddable: BTreeSet<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    item: OutboxItem,
    undelivered: BTreeSet<Identity>,
    accepted: BTreeSet<RelayName>,
}

type Done = Transition<Keep, Then>;

// === impl Outbox ===

impl Outbox {
    /// An empty outbox.
    pub const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            entries: BTreeMap::new(),
            tickets: BTreeMap::new(),
            next_ticket: 1,
            lines: BTreeMap::new(),
            farther: BTreeMap::new(),
            sheddable: BTreeSet::new(),
        }
    }

    /// By what kind of line a relay is reached; `lan` unless it is said. Timers that run are left as they are.
    pub fn pace(&mut self, relay: &RelayName, profile: Profile) {
        self.farther.insert(relay.clone(), profile);
        if let Some(line) = self.lines.get_mut(relay) {
            line.pace = Pace::of(profile);
        }
    }

    fn pace_of(&self, relay: &RelayName) -> &'static Pace {
        Pace::of(self.farther.get(relay).copied().unwrap_or_default())
    }

    /// Queues a statement that the ledger keeps in the same transaction. One that is already queued changes nothing.
    ///
    /// # Errors
    /// [`QueueError`]: nothing was queued. ROUTINE and DEFERRED are refused first, FLASH and OVERRIDE last.
    pub fn queue(&mut self, item: OutboxItem, now: LineTime) -> Result<Done, QueueError> {
        let mut done = Done::nothing();
        if self.tickets.contains_key(&item.statement) {
            return Ok(done);
        }
        if item.relays.is_empty() {
            return Err(QueueError::NoRelay);
        }
        let new = item
            .relays
            .iter()
            .filter(|relay| !self.lines.contains_key(*relay))
            .count();
        if self.lines.len().saturating_add(new) > MAX_RELAYS {
            return Err(QueueError::TooManyRelays { most: MAX_RELAYS });
        }
        self.make_room(item.precedence, &mut done)?;
        let ticket = self.next_ticket;
        done.keep.push(Keep::Queued {
            ticket,
            item: item.clone(),
        });
        let relays = item.relays.clone();
        self.enter(ticket, item);
        for relay in &relays {
            self.pump(relay, now, &mut done);
        }
        Ok(done)
    }

    /// Takes any event but a new statement. Events about statements or relays that are not known change nothing.
    pub fn handle(&mut self, event: Event, now: LineTime) -> Done {
        let mut done = Done::nothing();
        match event {
            Event::LegUp(leg) => self.leg_is(&leg, LegStanding::Up, now, &mut done),
            Event::LegSuspect(leg) => self.leg_is(&leg, LegStanding::Suspect, now, &mut done),
            Event::LegDown(leg) => self.leg_is(&leg, LegStanding::Down, now, &mut done),
            Event::Sent { statement, leg } => self.sent(&statement, &leg, now),
            Event::Accepted { statement, relay } => self.accepted(&statement, &relay, now, &mut done),
            Event::Refused {
                statement,
                relay,
                retry,
            } => self.refused(&statement, &relay, retry, now, &mut done),
            Event::RelayLost { relay } => self.relay_lost(&relay, now, &mut done),
            Event::Delivered { statement, by } => self.delivered(&statement, &by, &mut done),
            Event::Withdraw { statement } => self.withdraw(&statement, &mut done),
            Event::Tick => self.tick(now, &mut done),
        }
        done
    }

    /// When the next [`Event::Tick`] has something to do.
    pub fn next_wake(&self) -> Option<LineTime> {
        self.lines.values().filter_map(Line::next_due).min()
    }

    /// How many statements it remembers.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many statements a relay has not accepted.
    pub fn owed_to(&self, relay: &RelayName) -> usize {
        self.lines.get(relay).map_or(0, Line::owed)
    }

    /// Whom a statement still waits for; `None` when it is not (or no longer) in the outbox.
    pub fn standing(&self, statement: &StatementKey) -> Option<Standing> {
        let entry = self.entries.get(self.tickets.get(statement)?)?;
        Some(Standing {
            owed: entry.item.relays.difference(&entry.accepted).cloned().collect(),
            undelivered: entry.undelivered.clone(),
        })
    }

    fn enter(&mut self, ticket: u64, item: OutboxItem) {
        self.next_ticket = self.next_ticket.max(ticket.saturating_add(1));
        let rank = Rank {
            precedence: Reverse(item.precedence),
            ticket,
        };
        for relay in &item.relays {
            let pace = self.pace_of(relay);
            self.lines
                .entry(relay.clone())
                .or_insert_with(|| Line::new(0, pace))
                .wait(rank);
        }
        self.tickets.insert(item.statement.clone(), ticket);
        let undelivered = item.recipients.clone();
        self.entries.insert(
            ticket,
            Entry {
                item,
                undelivered,
                accepted: BTreeSet::new(),
            },
        );
    }

    /// At the bound: sheds what only a silent relay is still owed, or refuses.
    fn make_room(&mut self, precedence: Precedence, done: &mut Done) -> Result<(), QueueError> {
        let limit = self.bounds.limit(precedence);
        if self.entries.len() < limit {
            return Ok(());
        }
        let full = QueueError::Full {
            pending: self.entries.len(),
            limit,
            precedence,
        };
        let ticket = self.sheddable.first().copied().ok_or(full.clone())?;
        let entry = self.forget(ticket).ok_or(full)?;
        let relays = entry.item.relays.difference(&entry.accepted).cloned().collect();
        done.keep.push(Keep::Forget {
            statement: entry.item.statement.clone(),
        });
        done.then.push(Then::Shed {
            statement: entry.item.statement,
            relays,
        });
        Ok(())
    }

    fn leg_is(&mut self, leg: &Leg, standing: LegStanding, now: LineTime, done: &mut Done) {
        if !self.lines.contains_key(&leg.relay) {
            if self.lines.len() >= MAX_RELAYS {
                return;
            }
            let pace = self.pace_of(&leg.relay);
            self.lines.insert(leg.relay.clone(), Line::new(0, pace));
        }
        let Some(line) = self.lines.get_mut(&leg.relay) else {
            return;
        };
        let before = line.legs.insert(leg.door, standing).unwrap_or(LegStanding::Down);
        let orders = match (before, standing) {
            (LegStanding::Down, LegStanding::Up | LegStanding::Suspect) => line.session_opened(leg.door, now),
            (LegStanding::Up, LegStanding::Suspect) => line.leg_suspect(leg.door),
            (_, LegStanding::Down) => {
                line.session_ended(leg.door);
                Vec::new()
            }
            (LegStanding::Up | LegStanding::Suspect, LegStanding::Up)
            | (LegStanding::Suspect, LegStanding::Suspect) => Vec::new(),
        };
        self.plan_copies();
        self.carry_out(&leg.relay, orders, done);
        self.catch_up(done);
        self.pump(&leg.relay, now, done);
    }

    /// Whatever is planned now carries first what flies: nothing that leaves later overtakes it on another door.
    fn catch_up(&mut self, done: &mut Done) {
        let relays: Vec<RelayName> = self.lines.keys().cloned().collect();
        for relay in &relays {
            let orders = self.lines.get_mut(relay).map(Line::catch_up);
            self.carry_out(relay, orders.unwrap_or_default(), done);
        }
    }

    /// Asks the plan of copies anew, for both kinds of precedence, after any leg has changed.
    fn plan_copies(&mut self) {
        let legs: Vec<LegState> = self
            .lines
            .iter()
            .flat_map(|(relay, line)| line.leg_states(relay))
            .collect();
        let [ordinary, urgent] =
            [Precedence::Routine, Precedence::Flash].map(|precedence| Copies::plan(precedence, &legs));
        for (relay, line) in &mut self.lines {
            let doors = |plan: &[Leg]| {
                plan.iter()
                    .filter(|leg| leg.relay == *relay)
                    .map(|leg| leg.door)
                    .collect()
            };
            line.plan(doors(&ordinary), doors(&urgent));
        }
    }

    fn sent(&mut self, statement: &StatementKey, leg: &Leg, now: LineTime) {
        if let Some((rank, line)) = self.find(statement, &leg.relay) {
            line.sent(rank, now);
        }
    }

    fn accepted(&mut self, statement: &StatementKey, relay: &RelayName, now: LineTime, done: &mut Done) {
        let Some((rank, line)) = self.find(statement, relay) else {
            return;
        };
        if line.take(rank) == Answered::WasNotOwed {
            return;
        }
        let generation = line.generation;
        let Some(entry) = self.entries.get_mut(&rank.ticket) else {
            return;
        };
        entry.accepted.insert(relay.clone());
        if entry.is_over() {
            self.forget(rank.ticket);
            done.keep.push(Keep::Forget {
                statement: statement.clone(),
            });
        } else {
            self.note_sheddable(rank.ticket);
            done.keep.push(Keep::Accepted {
                statement: statement.clone(),
                relay: relay.clone(),
                generation,
            });
        }
        self.pump(relay, now, done);
    }

    fn refused(
        &mut self,
        statement: &StatementKey,
        relay: &RelayName,
        retry: Retry,
        now: LineTime,
        done: &mut Done,
    ) {
        let Some((rank, line)) = self.find(statement, relay) else {
            return;
        };
        line.refused(rank, retry, now);
        self.pump(relay, now, done);
    }

    fn relay_lost(&mut self, relay: &RelayName, now: LineTime, done: &mut Done) {
        let Some(line) = self.lines.get_mut(relay) else {
            return;
        };
        line.generation = line.generation.saturating_add(1);
        done.keep.push(Keep::Generation {
            relay: relay.clone(),
            generation: line.generation,
        });
        for (ticket, entry) in &mut self.entries {
            if entry.accepted.remove(relay) {
                line.wait(entry.rank(*ticket));
                if !entry.is_safe_elsewhere() {
                    self.sheddable.remove(ticket);
                }
            }
        }
        line.unpark();
        self.pump(relay, now, done);
    }

    fn delivered(&mut self, statement: &StatementKey, by: &Identity, done: &mut Done) {
        let Some(ticket) = self.tickets.get(statement).copied() else {
            return;
        };
        let Some(entry) = self.entries.get_mut(&ticket) else {
            return;
        };
        if !entry.undelivered.remove(by) {
            return;
        }
        if entry.is_over() {
            self.forget(ticket);
            done.keep.push(Keep::Forget {
                statement: statement.clone(),
            });
        } else {
            self.note_sheddable(ticket);
            done.keep.push(Keep::Delivered {
                statement: statement.clone(),
                by: by.clone(),
            });
        }
    }

    fn withdraw(&mut self, statement: &StatementKey, done: &mut Done) {
        let Some(ticket) = self.tickets.get(statement).copied() else {
            return;
        };
        if self.forget(ticket).is_some() {
            done.keep.push(Keep::Forget {
                statement: statement.clone(),
            });
        }
    }

    fn tick(&mut self, now: LineTime, done: &mut Done) {
        let relays: Vec<RelayName> = self.lines.keys().cloned().collect();
        for relay in &relays {
            let orders = self
                .lines
                .get_mut(relay)
                .map(|line| line.tick(now))
                .unwrap_or_default();
            self.carry_out(relay, orders, done);
        }
    }

    /// Sends what waits for a relay, as far as its legs and window allow.
    fn pump(&mut self, relay: &RelayName, now: LineTime, done: &mut Done) {
        let window = self.bounds.window;
        let orders = self
            .lines
            .get_mut(relay)
            .map(|line| line.pump(window, now))
            .unwrap_or_default();
        self.carry_out(relay, orders, done);
    }

    fn carry_out(&self, relay: &RelayName, orders: Vec<Order>, done: &mut Done) {
        for order in orders {
            let Some(entry) = self.entries.get(&order.rank.ticket) else {
                continue;
            };
            let OutboxItem { statement, lane, .. } = &entry.item;
            let legs = order
                .doors
                .into_iter()
                .map(|door: Door| Leg::new(relay.clone(), door));
            done.then.extend(legs.map(|leg| Then::Send {
                statement: statement.clone(),
                leg,
                lane: *lane,
            }));
            if order.attempts == STALLED_ATTEMPTS {
                let (statement, relay) = (statement.clone(), relay.clone());
                done.then.push(Then::Stalled {
                    statement,
                    relay,
                    attempts: order.attempts,
                });
            }
        }
    }

    fn find(&mut self, statement: &StatementKey, relay: &RelayName) -> Option<(Rank, &mut Line)> {
        let ticket = *self.tickets.get(statement)?;
        let rank = self.entries.get(&ticket)?.rank(ticket);
        Some((rank, self.lines.get_mut(relay)?))
    }

    fn note_sheddable(&mut self, ticket: u64) {
        if self.entries.get(&ticket).is_some_and(Entry::is_safe_elsewhere) {
            self.sheddable.insert(ticket);
        }
    }

    fn forget(&mut self, ticket: u64) -> Option<Entry> {
        let entry = self.entries.remove(&ticket)?;
        self.tickets.remove(&entry.item.statement);
        self.sheddable.remove(&ticket);
        let rank = entry.rank(ticket);
        for relay in &entry.item.relays {
            if let Some(line) = self.lines.get_mut(relay) {
                let _ = line.take(rank);
            }
        }
        Some(entry)
    }
}

// === impl Entry ===

impl Entry {
    const fn rank(&self, ticket: u64) -> Rank {
        Rank {
            precedence: Reverse(self.item.precedence),
            ticket,
        }
    }

    /// Nobody waits for it any more.
    fn is_over(&self) -> bool {
        self.undelivered.is_empty() && self.accepted.len() == self.item.relays.len()
    }

    /// Every recipient has it and a relay logged it; only another relay is still owed it.
    fn is_safe_elsewhere(&self) -> bool {
        self.undelivered.is_empty() && !self.accepted.is_empty()
    }
}

/// Relays of one outbox at most: each side provides one or a few.
pub const MAX_RELAYS: usize = 16;

#[cfg(test)]
mod tests;
