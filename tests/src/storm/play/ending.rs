//! What a schedule is played with, and how it ended.

use crate::storm::{mix::WINDOW_MS, oracle::Broken, shape::Shape};

/// What to play one seed with.
#[derive(Clone, Copy, Debug)]
pub struct With {
    /// How many relays and desks.
    pub shape: Shape,
    /// A bug.
    pub plant: Option<&'static str>,
    /// When faults stop, in milliseconds after the calm.
    pub window_ms: u64,
}

impl Default for With {
    fn default() -> Self {
        Self {
            shape: Shape::default(),
            plant: None,
            window_ms: WINDOW_MS,
        }
    }
}

/// Figures of one schedule.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Processes that were crashed while they ran.
    pub crashes: u64,
    /// Cuts that took effect.
    pub partitions: u64,
    /// Messages released.
    pub released: u64,
    /// Of those, delivered.
    pub delivered: u64,
    /// Bytes of statements of those that were delivered.
    pub delivered_bytes: u64,
    /// Packets sent.
    pub packets: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Virtual milliseconds.
    pub virtual_ms: u64,
    /// Milliseconds from healing until everything was done.
    pub healed_in_ms: u64,
    /// Longest outbox seen, in statements a relay had not accepted.
    pub queue_max: u64,
    /// Most dials of one host in one second.
    pub dials_per_second_max: u64,
    /// Bytes on the wire per delivered byte, beyond what heartbeats take anyway.
    pub bytes_per_delivered: u64,
    /// Bytes on the wire per second and host, at most on average over the schedule.
    pub bytes_per_second: u64,
}

/// How a schedule ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Its seed.
    pub seed: u64,
    /// What was drawn.
    pub kinds: Vec<&'static str>,
    /// What was broken.
    pub broken: Vec<Broken>,
    /// Hash over everything that was sent and seen.
    pub trace: String,
    /// Figures.
    pub figures: Figures,
}
