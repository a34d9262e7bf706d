//! A link that misbehaves: a packet and the time go in, its fate comes out.
//!
//! One [`Link`] is one direction. It holds no packet, no socket and no clock; whoever drives it (the simulated world, a
//! proxy in front of real sockets) delivers at the times it names. Everything random comes from the link's own dice, so
//! the same packets at the same times meet the same fates. The dice fall equally often for every packet, whatever is
//! wrong with the link and whatever becomes of the packet: one fault more or less leaves what the others decide.
//!
//! The model: packets queue behind a bandwidth (`queue_bytes` at most, else dropped at the tail), then travel for the
//! latency plus an even share of the jitter, which also reorders; some take a detour and arrive later still, some come
//! twice. Loss is independent, or in bursts (Gilbert and Elliott's two states). A hole in the MTU swallows what is
//! larger. A cut link swallows everything, and a flapping one does so in turns.

use std::time::Duration;

use crate::chance::{Dice, Thrown};

/// Longest time a packet may stay in a link. 20 s: an answer that is minutes late belongs to another session anyway.
const LONGEST: Duration = Duration::from_secs(20);

/// How one direction of a link behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// Time on the way.
    pub latency: Duration,
    /// Up to so much more, evenly spread; packets overtake one another by it.
    pub jitter: Duration,
    /// Share of packets lost, each by itself.
    pub loss: f64,
    /// Loss that comes in bursts.
    pub burst: Option<Burst>,
    /// Share of packets that take a detour.
    pub detour: f64,
    /// How much longer a detour takes at most.
    pub detour_by: Duration,
    /// Share of packets that come twice.
    pub duplicate: f64,
    /// Bytes a second, if bounded.
    pub bandwidth: Option<u64>,
    /// Bytes that may wait for the bandwidth.
    pub queue_bytes: u64,
    /// Packets above this many bytes vanish.
    pub mtu: Option<usize>,
    /// Everything vanishes.
    pub cut: bool,
    /// Works and vanishes in turns.
    pub flapping: Option<Flapping>,
}

/// Loss in bursts: a good state that loses nothing and a bad one that loses much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Chance, at each packet, that the good state ends.
    pub begins: f64,
    /// Chance, at each packet, that the bad state ends.
    pub ends: f64,
    /// Share lost in the bad state.
    pub loss: f64,
}

/// A link that goes up and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flapping {
    /// How long it works.
    pub up: Duration,
    /// How long it does not.
    pub down: Duration,
}

impl Default for Conditions {
    /// A quiet local network: 1 ms and nothing wrong.
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(1),
            jitter: Duration::ZERO,
            loss: 0.0,
            burst: None,
            detour: 0.0,
            detour_by: Duration::ZERO,
            duplicate: 0.0,
            bandwidth: None,
            queue_bytes: 256 * 1024,
            mtu: None,
            cut: false,
            flapping: None,
        }
    }
}

/// Why a packet did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// The link is cut, or in its off phase.
    Cut,
    /// Larger than the MTU.
    TooLarge,
    /// The queue was full.
    QueueFull,
    /// Chance.
    Chance,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It vanishes.
    Lost(Lost),
    /// It arrives at `at`, and once more at `again`.
    Arrives {
        /// When.
        at: Duration,
        /// When a second time.
        again: Option<Duration>,
    },
}

/// One direction of a link.
#[derive(Clone, Debug)]
pub struct Link {
    conditions: Conditions,
    since: Duration,
    dice: Dice,
    bad: bool,
    /// When the bandwidth is free again.
    free_at: Duration,
}

impl Link {
    /// A link with these conditions and dice of its own.
    #[must_use]
    pub fn new(conditions: Conditions, dice: Dice) -> Self {
        Self {
            conditions,
            since: Duration::ZERO,
            dice,
            bad: false,
            free_at: Duration::ZERO,
        }
    }

    /// How it behaves.
    #[must_use]
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Behaves differently from `now` on. What is on its way stays on its way, and a bad time goes on unless bursts
    /// themselves are others now.
    pub fn change(&mut self, conditions: Conditions, now: Duration) {
        self.bad &= self.conditions.burst == conditions.burst;
        self.conditions = conditions;
        self.since = now;
    }

    /// Lets nothing more wait behind what queued for an earlier bandwidth: for a link whose rate was just changed.
    pub fn forget_queue(&mut self) {
        self.free_at = Duration::ZERO;
    }

    /// When the queue will have room for `size` bytes, if nothing else comes: `now`, or later. For a sender that waits
    /// instead of losing, as TCP does.
    #[must_use]
    pub fn room_at(&self, now: Duration, size: usize) -> Duration {
        let Some(bandwidth) = self.conditions.bandwidth.filter(|bandwidth| *bandwidth > 0) else {
            return now;
        };
        let may_wait = self.conditions.queue_bytes.saturating_sub(size as u64);
        let may_wait = Duration::from_secs_f64(may_wait as f64 / bandwidth as f64);
        match self.free_at.saturating_sub(may_wait) {
            // Rounding must not leave it a byte short at that time.
            at if at > now => at + Duration::from_micros(1),
            _ => now,
        }
    }

    /// Takes one packet of `size` bytes at `now`.
    pub fn send(&mut self, now: Duration, size: usize) -> Fate {
        let throws = Throws::of(&mut self.dice);
        match self.lost(now, size, &throws) {
            Some(lost) => Fate::Lost(lost),
            None => self.arrives(now, size, &throws),
        }
    }

    fn lost(&mut self, now: Duration, size: usize, throws: &Throws) -> Option<Lost> {
        let hits = |throw: Thrown, of: fn(&Burst) -> f64| {
            let burst = self.conditions.burst.as_ref();
            burst.is_some_and(|burst| throw.chance(of(burst)))
        };
        self.bad = if self.bad {
            !hits(throws.ends, |burst| burst.ends)
        } else {
            hits(throws.begins, |burst| burst.begins)
        };
        let in_burst = self.bad && hits(throws.burst, |burst| burst.loss);
        if self.conditions.cut || self.off_phase(now) {
            return Some(Lost::Cut);
        }
        if self.conditions.mtu.is_some_and(|mtu| size > mtu) {
            return Some(Lost::TooLarge);
        }
        (throws.alone.chance(self.conditions.loss) || in_burst).then_some(Lost::Chance)
    }

    fn off_phase(&self, now: Duration) -> bool {
        let Some(Flapping { up, down }) = self.conditions.flapping else {
            return false;
        };
        let whole = (up + down).as_micros();
        whole > 0 && now.saturating_sub(self.since).as_micros() % whole >= up.as_micros()
    }

    fn arrives(&mut self, now: Duration, size: usize, throws: &Throws) -> Fate {
        let mut leaves = now;
        if let Some(bandwidth) = self.conditions.bandwidth.filter(|bandwidth| *bandwidth > 0) {
            let waits = self.free_at.saturating_sub(now);
            let waiting_bytes = waits.as_secs_f64() * bandwidth as f64;
            if waiting_bytes + size as f64 > self.conditions.queue_bytes as f64 {
                return Fate::Lost(Lost::QueueFull);
            }
            leaves = now + waits + Duration::from_secs_f64(size as f64 / bandwidth as f64);
            self.free_at = leaves;
        }
        let [first, second] = throws.travels;
        let again = throws.duplicate.chance(self.conditions.duplicate);
        Fate::Arrives {
            at: leaves + self.travel(first),
            again: again.then(|| leaves + self.travel(second)),
        }
    }

    fn travel(&self, throws: Travel) -> Duration {
        let Conditions {
            latency,
            jitter,
            detour,
            detour_by,
            ..
        } = self.conditions;
        let mut time = latency + throws.jitter.below(jitter);
        if throws.detour.chance(detour) {
            time += throws.detour_by.below(detour_by);
        }
        time.min(LONGEST)
    }
}

/// Everything that chance may be asked about one packet.
struct Throws {
    /// Lost by itself.
    alone: Thrown,
    /// A bad time begins.
    begins: Thrown,
    /// It ends.
    ends: Thrown,
    /// Lost in it.
    burst: Thrown,
    /// Comes twice.
    duplicate: Thrown,
    /// Its way, and that of its double.
    travels: [Travel; 2],
}

/// The same about one way.
#[derive(Clone, Copy)]
struct Travel {
    jitter: Thrown,
    detour: Thrown,
    detour_by: Thrown,
}

impl Throws {
    fn of(dice: &mut Dice) -> Self {
        Self {
            alone: dice.thrown(),
            begins: dice.thrown(),
            ends: dice.thrown(),
            burst: dice.thrown(),
            duplicate: dice.thrown(),
            travels: std::array::from_fn(|_| Travel {
                jitter: dice.thrown(),
                detour: dice.thrown(),
                detour_by: dice.thrown(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
