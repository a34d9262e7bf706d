//! What a proxy counted, for each direction.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::emulator::Lost;

/// Both directions of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// From the dialling end.
    pub up: DirectionStats,
    /// Towards it.
    pub down: DirectionStats,
    /// Clients (UDP) or connections (TCP) at the moment.
    pub clients: u64,
}

/// One direction. Sizes are those of the payload; a TCP packet is a segment of up to 1,400 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectionStats {
    /// Packets that came in.
    pub packets_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Packets that went out, duplicates included.
    pub packets_out: u64,
    /// Their bytes.
    pub bytes_out: u64,
    /// Packets that did not, by cause.
    pub lost: LostBy,
    /// Packets that set out later than they came.
    pub delayed: u64,
    /// Packets that came twice.
    pub duplicated: u64,
    /// TCP segments that were lost and sent again, each time counted.
    pub retransmitted: u64,
    /// Datagrams that a hold keeps at the moment.
    pub held: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// Datagrams on their way at the moment.
    pub on_the_way: u64,
    /// How much later than due the latest packet went out, in microseconds: the proxy's own error.
    pub late_us_max: u64,
}

/// Lost packets by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostBy {
    /// The link was cut, or in its off phase.
    pub cut: u64,
    /// Larger than the MTU.
    pub too_large: u64,
    /// The queue before the bandwidth was full.
    pub queue_full: u64,
    /// By chance, alone or in a burst.
    pub chance: u64,
    /// More than a hold may keep.
    pub hold_full: u64,
    /// From one client too many.
    pub no_room: u64,
    /// The system did not take it.
    pub not_sent: u64,
}

impl LostBy {
    /// All causes together.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.cut
            + self.too_large
            + self.queue_full
            + self.chance
            + self.hold_full
            + self.no_room
            + self.not_sent
    }
}

impl DirectionStats {
    pub(super) fn came(&mut self, size: usize) {
        self.packets_in += 1;
        self.bytes_in += size as u64;
    }

    pub(super) fn went(&mut self, size: usize, sent: bool) {
        if sent {
            self.packets_out += 1;
            self.bytes_out += size as u64;
        } else {
            self.lost.not_sent += 1;
        }
    }

    pub(super) fn late(&mut self, by: Duration) {
        let by = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.late_us_max = self.late_us_max.max(by);
    }

    pub(super) fn lost(&mut self, why: Lost) {
        match why {
            Lost::Cut => self.lost.cut += 1,
            Lost::TooLarge => self.lost.too_large += 1,
            Lost::QueueFull => self.lost.queue_full += 1,
            Lost::Chance => self.lost.chance += 1,
        }
    }
}
