//! One relay's side of the outbox: what waits for it, what flies to it, and when each copy is sent again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::copies::{Carries, LegStanding, LegState};
use crate::leg::{Door, Leg, RelayName};
use crate::precedence::{Precedence, Urgency};
use crate::time::LineTime;

use super::facts::{GoesOn, Retry};
use super::resend::{Pace, TICK_SENDS, doors_again};

/// A statement's place in every line: the more urgent first, then in the order of queueing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) precedence: Reverse<Precedence>,
    pub(super) ticket: u64,
}

/// Copies to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) rank: Rank,
    pub(super) doors: BTreeSet<Door>,
    /// How often it has been sent in this session, this time included.
    pub(super) attempts: u32,
}

/// Whether an answer was to something owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    WasOwed,
    WasNotOwed,
}

/// All that one relay is owed. Each statement is in exactly one of `waiting`, `flying` and `parked`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// How often the relay has lost its log.
    pub(super) generation: u64,
    /// How long its answers may take.
    pub(super) pace: &'static Pace,
    pub(super) legs: BTreeMap<Door, LegStanding>,
    waiting: Both<BTreeSet<Rank>>,
    flying: BTreeMap<Rank, Flight>,
    flying_count: Both<usize>,
    due: BTreeSet<(LineTime, Rank)>,
    /// Refused for good by this session; offered again with the next.
    parked: BTreeSet<Rank>,
    first_doors: Both<BTreeSet<Door>>,
}

/// One thing for urgent statements and one for ordinary ones, so that neither stands in the other's way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Both<T> {
    urgent: T,
    ordinary: T,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Flight {
    attempts: u32,
    stage: Stage,
    due: LineTime,
    /// Doors whose present session was handed a copy.
    doors: BTreeSet<Door>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Given to a leg, perhaps still in its queue.
    Handed,
    /// Written to a session.
    Sent,
}

// === impl Line ===

impl Line {
    pub(super) fn new(generation: u64, pace: &'static Pace) -> Self {
        Self {
            generation,
            pace,
            legs: BTreeMap::new(),
            waiting: Both::default(),
            flying: BTreeMap::new(),
            flying_count: Both::default(),
            due: BTreeSet::new(),
            parked: BTreeSet::new(),
            first_doors: Both::default(),
        }
    }

    pub(super) fn leg_states<'a>(&'a self, relay: &'a RelayName) -> impl Iterator<Item = LegState> + 'a {
        let state = |(door, standing): (&Door, &LegStanding)| LegState {
            leg: Leg::new(relay.clone(), *door),
            standing: *standing,
        };
        self.legs.iter().map(state)
    }

    /// Sets the doors by which first copies leave.
    pub(super) fn plan(&mut self, ordinary: BTreeSet<Door>, urgent: BTreeSet<Door>) {
        self.first_doors = Both { urgent, ordinary };
    }

    pub(super) fn owed(&self) -> usize {
        self.waiting.urgent.len() + self.waiting.ordinary.len() + self.flying.len() + self.parked.len()
    }

    pub(super) fn next_due(&self) -> Option<LineTime> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A statement is owed.
    pub(super) fn wait(&mut self, rank: Rank) {
        self.waiting.of_mut(rank).insert(rank);
    }

    /// A statement is owed no more.
    pub(super) fn take(&mut self, rank: Rank) -> Answered {
        let waited = self.waiting.of_mut(rank).remove(&rank);
        let parked = self.parked.remove(&rank);
        let flew = self.land(rank).is_some();
        if waited || parked || flew {
            Answered::WasOwed
        } else {
            Answered::WasNotOwed
        }
    }

    /// Lets fly what waits, within the window and while a leg carries.
    pub(super) fn pump(&mut self, window: usize, now: LineTime) -> Vec<Order> {
        let mut orders = Vec::new();
        for urgency in [Urgency::Urgent, Urgency::Ordinary] {
            if self.first_doors.get(urgency).is_empty() {
                continue;
            }
            while *self.flying_count.get(urgency) < window
                && let Some(rank) = self.waiting.get_mut(urgency).pop_first()
            {
                let doors = self.first_doors.get(urgency).clone();
                let due = now.after(self.pace.hand_over);
                *self.flying_count.get_mut(urgency) += 1;
                self.due.insert((due, rank));
                self.flying.insert(
                    rank,
                    Flight {
                        attempts: 1,
                        stage: Stage::Handed,
                        due,
                        doors: doors.clone(),
                    },
                );
                orders.push(Order {
                    rank,
                    doors,
                    attempts: 1,
                });
            }
        }
        orders
    }

    pub(super) fn sent(&mut self, rank: Rank, now: LineTime) {
        let Some(flight) = self.flying.get_mut(&rank) else {
            return;
        };
        match flight.stage {
            Stage::Handed => {
                flight.stage = Stage::Sent;
                let due = now.after(self.pace.back_off(flight.attempts));
                self.set_due(rank, due);
            }
            // The same copy on a second leg: the timer runs from the first.
            Stage::Sent => {}
        }
    }

    pub(super) fn refused(&mut self, rank: Rank, retry: Retry, now: LineTime) {
        match retry {
            Retry::Later => self.set_due(rank, now.after(self.pace.after_refusal(rank))),
            Retry::NextSession => {
                if self.land(rank).is_some() {
                    self.parked.insert(rank);
                }
            }
        }
    }

    /// What was refused for good is offered again.
    pub(super) fn unpark(&mut self) {
        for rank in std::mem::take(&mut self.parked) {
            self.wait(rank);
        }
    }

    /// A leg came up. Whatever is urgent or has been sent before without an answer takes it at once; so does all that
    /// was parked, when it is the relay's only leg.
    pub(super) fn session_opened(&mut self, door: Door, now: LineTime) -> Vec<Order> {
        if self.carrying().len() == 1 {
            self.unpark();
        }
        let mut orders = Vec::new();
        let mut timers = Vec::new();
        for (rank, flight) in &mut self.flying {
            let restless = rank.precedence.0.urgency() == Urgency::Urgent || flight.attempts > 1;
            if restless && flight.doors.insert(door) {
                flight.attempts = 1;
                flight.stage = Stage::Handed;
                timers.push(*rank);
                orders.push(Order {
                    rank: *rank,
                    doors: [door].into(),
                    attempts: 1,
                });
            }
        }
        for rank in timers {
            self.set_due(rank, now.after(self.pace.hand_over));
        }
        orders
    }

    /// The plan may have changed: a door that is planned now takes what flies by the other alone, in its order. What is
    /// released next leaves by it, and two doors keep no order between them.
    pub(super) fn catch_up(&mut self) -> Vec<Order> {
        let mut orders = Vec::new();
        for (rank, flight) in &mut self.flying {
            let planned = self.first_doors.of(*rank);
            let doors: BTreeSet<Door> = planned.difference(&flight.doors).copied().collect();
            if doors.is_empty() {
                continue;
            }
            flight.doors.extend(&doors);
            orders.push(Order {
                rank: *rank,
                doors,
                attempts: flight.attempts,
            });
        }
        orders
    }

    /// A leg missed a probe: what flies on it alone takes the other door too.
    pub(super) fn leg_suspect(&mut self, door: Door) -> Vec<Order> {
        let other = door.other();
        if !self.carrying().contains(&other) {
            return Vec::new();
        }
        let mut orders = Vec::new();
        for (rank, flight) in &mut self.flying {
            if flight.doors.contains(&door) && flight.doors.insert(other) {
                orders.push(Order {
                    rank: *rank,
                    doors: [other].into(),
                    attempts: flight.attempts,
                });
            }
        }
        orders
    }

    /// A leg's session ended: what flew on it alone waits again, to leave by the other door if there is one.
    pub(super) fn session_ended(&mut self, door: Door) {
        let mut stranded = Vec::new();
        for (rank, flight) in &mut self.flying {
            flight.doors.remove(&door);
            if flight.doors.is_empty() {
                stranded.push(*rank);
            }
        }
        for rank in stranded {
            let _ = self.land(rank);
            self.wait(rank);
        }
    }

    /// Sends again what is due, the longest overdue first, at most [`TICK_SENDS`] at a time.
    pub(super) fn tick(&mut self, now: LineTime) -> Vec<Order> {
        let carrying = self.carrying();
        let mut orders = Vec::new();
        while orders.len() < TICK_SENDS
            && let Some((due, rank)) = self.due.first().copied()
            && due <= now
        {
            self.due.pop_first();
            let Some(flight) = self.flying.get_mut(&rank) else {
                continue;
            };
            flight.attempts = flight.attempts.saturating_add(1);
            flight.stage = Stage::Handed;
            flight.due = now.after(self.pace.hand_over);
            self.due.insert((flight.due, rank));
            let doors = doors_again(rank, flight.attempts, self.first_doors.of(rank), &carrying);
            flight.doors.extend(&doors);
            orders.push(Order {
                rank,
                doors,
                attempts: flight.attempts,
            });
        }
        orders
    }

    /// Goes on with what is owed as `before` left it, of which this line is what was kept.
    pub(super) fn go_on(&mut self, before: &Self, rank: Rank, now: LineTime) -> GoesOn {
        if before.waiting.of(rank).contains(&rank) {
            return GoesOn::Now;
        }
        if before.parked.contains(&rank) {
            self.refused(rank, Retry::NextSession, now);
            return GoesOn::Later;
        }
        let carrying = self.carrying();
        match before.flying.get(&rank) {
            Some(earlier) => {
                if let Some(flight) = self.flying.get_mut(&rank) {
                    flight.attempts = earlier.attempts;
                    flight.stage = earlier.stage;
                    // It flies where it flew, not where it would have been sent now.
                    let flew: BTreeSet<Door> = earlier.doors.intersection(&carrying).copied().collect();
                    if !flew.is_empty() {
                        flight.doors = flew;
                    }
                }
                self.set_due(rank, earlier.due);
            }
            // It was answered, and the answer was not kept.
            None => self.sent(rank, now),
        }
        GoesOn::Later
    }

    fn carrying(&self) -> BTreeSet<Door> {
        let carries = |standing: &LegStanding| standing.carries() == Carries::Copies;
        self.legs
            .iter()
            .filter(|(_, standing)| carries(standing))
            .map(|(door, _)| *door)
            .collect()
    }

    fn land(&mut self, rank: Rank) -> Option<Flight> {
        let flight = self.flying.remove(&rank)?;
        self.due.remove(&(flight.due, rank));
        *self.flying_count.of_mut(rank) -= 1;
        Some(flight)
    }

    fn set_due(&mut self, rank: Rank, due: LineTime) {
        if let Some(flight) = self.flying.get_mut(&rank) {
            self.due.remove(&(flight.due, rank));
            flight.due = due;
            self.due.insert((due, rank));
        }
    }
}

impl<T> Both<T> {
    const fn get(&self, urgency: Urgency) -> &T {
        match urgency {
            Urgency::Urgent => &self.urgent,
            Urgency::Ordinary => &self.ordinary,
        }
    }

    const fn get_mut(&mut self, urgency: Urgency) -> &mut T {
        match urgency {
            Urgency::Urgent => &mut self.urgent,
            Urgency::Ordinary => &mut self.ordinary,
        }
    }

    const fn of(&self, rank: Rank) -> &T {
        self.get(rank.precedence.0.urgency())
    }

    const fn of_mut(&mut self, rank: Rank) -> &mut T {
        self.get_mut(rank.precedence.0.urgency())
    }
}

#[cfg(test)]
impl Line {
    /// Whether the line's own books agree with one another.
    pub(super) fn books_agree(&self, window: usize) -> bool {
        let urgent = self
            .flying
            .keys()
            .filter(|rank| rank.precedence.0.urgency() == Urgency::Urgent)
            .count();
        let timers: BTreeSet<(LineTime, Rank)> = self
            .flying
            .iter()
            .map(|(rank, flight)| (flight.due, *rank))
            .collect();
        let carrying = self.carrying();
        let idle = self.waiting.urgent.is_empty() || carrying.is_empty() || urgent >= window;
        let flights = self.flying.values();
        self.flying_count
            == Both {
                urgent,
                ordinary: self.flying.len() - urgent,
            }
            && self.flying_count.urgent <= window
            && self.flying_count.ordinary <= window
            && timers == self.due
            && idle
            && flights
                .into_iter()
                .all(|flight| !flight.doors.is_empty() && flight.doors.is_subset(&carrying))
            && self
                .flying
                .iter()
                .all(|(rank, flight)| self.first_doors.of(*rank).is_subset(&flight.doors))
            && (self.waiting.ordinary.is_empty()
                || carrying.is_empty()
                || self.flying_count.ordinary >= window)
    }

    pub(super) fn owes(&self, rank: Rank) -> usize {
        usize::from(self.waiting.of(rank).contains(&rank))
            + usize::from(self.flying.contains_key(&rank))
            + usize::from(self.parked.contains(&rank))
    }
}
