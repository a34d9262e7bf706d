//! One lane's probes: numbers and times in, changes out.

use std::collections::VecDeque;
use std::time::Duration;

use super::tail::{Follows, Tail};
use super::{Change, Health, Numbers, RoundTrip, Why};
use crate::time::LineTime;

/// Probes in a row that must be answered in time before a lane counts as up. 3: on `lan` just under a second, so that a
/// leg that comes and goes does not call redundancy back with each coming.
pub const GOOD_CHECKS: u32 = 3;

/// Probes whose answers are awaited. 128: all that a lane sends before it is down, twice over, on any profile.
const FLYING_MAX: usize = 128;

/// Probes over which the loss is told. 100: half a minute on `lan`.
const LOSS_OVER: usize = 100;

/// The judge of one lane, from its hello to its end.
#[derive(Debug, Clone)]
pub struct Probes {
    numbers: &'static Numbers,
    health: Health,
    newest: u64,
    flying: VecDeque<Flying>,
    /// The newest probe that was answered.
    answered: u64,
    /// The newest probe of which something else than its answer shows that it was read.
    vouched: u64,
    proven: LineTime,
    probe_at: LineTime,
    down_at: LineTime,
    good: u32,
    /// When the newest probe was sent that counts among them.
    good_since: Option<LineTime>,
    /// Its driver was late once since the last answer, and was given time for it.
    forgiven: bool,
    round_trip: RoundTrip,
    fates: VecDeque<bool>,
    missed: u64,
    /// Bytes that were sent and are not known to be read, with the probe before them.
    unread: VecDeque<(u64, usize)>,
    unread_bytes: usize,
    /// Whether frames that count are followed.
    follows: bool,
    tail: Option<Tail>,
}

#[derive(Debug, Clone, Copy)]
struct Flying {
    sequence: u64,
    sent: LineTime,
    within: Duration,
    due: LineTime,
    missed: bool,
}

/// What the time brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct Ticked {
    /// Send a probe with this number, now.
    pub probe: Option<u64>,
    /// Send a heartbeat that asks for nothing, now: it follows what was sent.
    pub follow: bool,
    /// The lane stands differently.
    pub change: Option<Change>,
}

/// What an answer brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct Answered {
    /// How long its probe was on its way there and back; none if it answers nothing that is open.
    pub round_trip: Option<Duration>,
    /// The lane stands differently.
    pub change: Option<Change>,
}

/// What a lane's probes came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Probes sent.
    pub sent: u64,
    /// Probes without an answer in time.
    pub missed: u64,
    /// Share of the last hundred probes that had no answer in time; none before the first has had its time.
    pub loss: Option<f64>,
    /// The way there and back.
    pub round_trip: RoundTrip,
}

impl Probes {
    /// A lane whose hello was answered now. Its first probe is due at once.
    pub fn opened(numbers: &'static Numbers, now: LineTime) -> Self {
        Self {
            numbers,
            health: Health::Proving,
            newest: 0,
            flying: VecDeque::new(),
            answered: 0,
            vouched: 0,
            proven: now,
            probe_at: now,
            down_at: now.after(numbers.down_after),
            good: 0,
            good_since: None,
            forgiven: false,
            round_trip: RoundTrip::default(),
            fates: VecDeque::new(),
            missed: 0,
            unread: VecDeque::new(),
            unread_bytes: 0,
            follows: false,
            tail: None,
        }
    }

    /// Follows what is sent from now on until it is known to be read, so that a loss at its end is noticed: for lanes whose
    /// frames must not wait, on a transport that finds losses by what is acknowledged behind them.
    pub fn follow(&mut self) {
        self.follows = true;
    }

    /// How the lane stands.
    pub fn health(&self) -> Health {
        self.health
    }

    /// When an answer came last, or the hello's.
    pub fn proven(&self) -> LineTime {
        self.proven
    }

    /// The number of the newest probe: what is sent now is behind it on the lane.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// When [`tick`](Self::tick) has something to do.
    pub fn next_wake(&self) -> LineTime {
        let due = self.flying.iter().find(|flying| !flying.missed);
        let mut wake = self.probe_at.min(self.down_at);
        if let Some(tail) = &self.tail {
            wake = wake.min(tail.next());
        }
        due.map_or(wake, |flying| wake.min(flying.due))
    }

    /// What the time brought: a probe to send, a missed answer, the end.
    ///
    /// A driver that comes much later than it was asked to has stood still itself (stopped, swapped out, waiting for a
    /// disk), and answers may lie unread before it. It is given one probe's time more, once, before anything is missed.
    pub fn tick(&mut self, now: LineTime) -> Ticked {
        if self.health == Health::Down {
            return Ticked::default();
        }
        self.forgive(now);
        if now >= self.down_at {
            let silence = now.since(self.proven);
            let change = self.become_now(Health::Down, Why::Silent { silence });
            return Ticked {
                change,
                ..Ticked::default()
            };
        }
        let change = self.miss(now);
        let mut probe = (now >= self.probe_at).then(|| self.send(now));
        let mut follow = false;
        self.tail = self.tail.filter(|tail| !tail.is_over(now));
        let newest = self.newest;
        match self.tail.as_mut().and_then(|tail| tail.tick(newest, now)) {
            Some(Follows::Probe) => probe = Some(self.send(now)),
            Some(Follows::Nothing) => follow = probe.is_none(),
            None => {}
        }
        Ticked {
            probe,
            follow,
            change,
        }
    }

    /// A probe out of turn: somebody asked for a fresh round trip.
    pub fn probe_now(&mut self, now: LineTime) -> u64 {
        self.send(now)
    }

    /// The other end answers this probe. A lane keeps the order, so it read all probes before.
    pub fn answered(&mut self, sequence: u64, now: LineTime) -> Answered {
        if sequence > self.newest || sequence <= self.answered || self.health == Health::Down {
            return Answered::default();
        }
        self.answered = sequence;
        self.prove(now);
        self.read_before(sequence);
        let mut round_trip = None;
        while let Some(flying) = self.flying.front().copied().filter(|f| f.sequence <= sequence) {
            self.flying.pop_front();
            let in_time = !flying.missed && now <= flying.due;
            if !flying.missed {
                self.note_fate(!in_time);
            }
            self.count(in_time, flying.sent);
            if flying.sequence == sequence {
                let took = now.since(flying.sent);
                self.round_trip.take(took);
                round_trip = Some(took);
            }
        }
        let well = self.good >= GOOD_CHECKS && self.health != Health::Up;
        let change = if well {
            self.become_now(Health::Up, Why::Proven { checks: self.good })
        } else {
            None
        };
        Answered { round_trip, change }
    }

    /// Something else shows that the other end read what was sent after this probe: an acceptance of it, say. It proves
    /// both directions, so the lane is not down; but it measures nothing, and no probe is answered by it.
    pub fn vouched(&mut self, sequence: u64, now: LineTime) {
        let known = self.answered.max(self.vouched);
        if sequence <= self.newest && sequence > known && self.health != Health::Down {
            self.vouched = sequence;
            self.prove(now);
            self.read_before(sequence);
        }
    }

    /// Everything that was sent is known to be read.
    pub fn all_read(&mut self) {
        self.tail = None;
    }

    /// So many bytes were sent, behind the newest probe.
    pub fn sent(&mut self, bytes: usize, now: LineTime) {
        if self.follows {
            self.tail = Some(Tail::behind(self.newest, now, self.round_trip, self.numbers));
        }
        self.unread_bytes = self.unread_bytes.saturating_add(bytes);
        match self.unread.back_mut() {
            Some((probe, behind)) if *probe == self.newest => *behind = behind.saturating_add(bytes),
            _ => self.unread.push_back((self.newest, bytes)),
        }
    }

    /// How many bytes may be sent now. When there is no room, a probe out of turn asks for it.
    pub fn room(&self) -> usize {
        self.numbers.unread_max.saturating_sub(self.unread_bytes)
    }

    /// What the probes came to so far.
    pub fn tally(&self) -> Tally {
        let missed = self.fates.iter().filter(|missed| **missed).count();
        Tally {
            sent: self.newest,
            missed: self.missed,
            loss: (!self.fates.is_empty()).then(|| share(missed, self.fates.len())),
            round_trip: self.round_trip,
        }
    }

    /// Checks in a row: probes out of turn between two regular ones prove no more than one.
    fn count(&mut self, in_time: bool, sent: LineTime) {
        if !in_time {
            (self.good, self.good_since) = (0, None);
        } else if self
            .good_since
            .is_none_or(|last| sent.since(last) >= self.numbers.probe_every)
        {
            self.good = self.good.saturating_add(1);
            self.good_since = Some(sent);
        }
    }

    fn prove(&mut self, now: LineTime) {
        self.proven = now;
        self.down_at = now.after(self.numbers.down_after);
        self.forgiven = false;
    }

    /// A lane keeps the order: whoever read a probe read all that was sent before it.
    fn read_before(&mut self, probe: u64) {
        self.tail = self.tail.filter(|tail| !tail.ends_with(probe));
        while let Some((_, bytes)) = self.unread.pop_front_if(|(before, _)| *before < probe) {
            self.unread_bytes = self.unread_bytes.saturating_sub(bytes);
        }
    }

    fn forgive(&mut self, now: LineTime) {
        let late = now.since(self.next_wake());
        if late <= self.numbers.probe_every || self.forgiven {
            return;
        }
        self.forgiven = true;
        let until = now.after(self.numbers.probe_every);
        self.down_at = self.down_at.max(until);
        for flying in self.flying.iter_mut().filter(|flying| !flying.missed) {
            flying.due = flying.due.max(until);
        }
    }

    fn miss(&mut self, now: LineTime) -> Option<Change> {
        let mut first = None;
        let mut fresh = 0;
        for flying in self.flying.iter_mut().filter(|flying| !flying.missed) {
            if now >= flying.due {
                flying.missed = true;
                fresh += 1;
                first.get_or_insert((flying.sequence, flying.within));
            }
        }
        let (probe, within) = first?;
        for _ in 0..fresh {
            self.note_fate(true);
        }
        (self.good, self.good_since) = (0, None);
        match self.health {
            Health::Up | Health::Proving => self.become_now(Health::Suspect, Why::Missed { probe, within }),
            Health::Suspect | Health::Down => None,
        }
    }

    fn send(&mut self, now: LineTime) -> u64 {
        self.newest = self.newest.saturating_add(1);
        self.probe_at = now.after(self.numbers.probe_every);
        if self.flying.len() >= FLYING_MAX {
            self.flying.pop_front();
        }
        let within = self.round_trip.answer_within(self.numbers);
        self.flying.push_back(Flying {
            sequence: self.newest,
            sent: now,
            within,
            due: now.after(within),
            missed: false,
        });
        self.newest
    }

    fn note_fate(&mut self, missed: bool) {
        if self.fates.len() >= LOSS_OVER {
            self.fates.pop_front();
        }
        self.fates.push_back(missed);
        self.missed = self.missed.saturating_add(u64::from(missed));
    }

    fn become_now(&mut self, to: Health, why: Why) -> Option<Change> {
        let from = std::mem::replace(&mut self.health, to);
        (from != to).then_some(Change { from, to, why })
    }
}

/// A share of a small count.
fn share(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}
