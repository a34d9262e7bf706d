//! What a world remembers of itself: a hash over everything that was sent, and counts.

use std::collections::BTreeMap;

use super::{HostId, Wire};

/// A running hash over (time, from, to, size, kind) of every packet, and over what a judge noted. Two 64-bit lanes of
/// FNV-1a with different primes: it tells runs apart, it is no seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    lanes: [u64; 2],
    /// Packets and notes folded in.
    pub count: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            lanes: [0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142],
            count: 0,
        }
    }
}

impl Trace {
    fn fold(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.lanes[0] = (self.lanes[0] ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            self.lanes[1] = (self.lanes[1] ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    pub(super) fn packet(&mut self, now_ms: u64, from: HostId, to: HostId, size: usize, kind: u8) {
        self.count += 1;
        self.fold(&now_ms.to_le_bytes());
        self.fold(&[from.0, to.0, kind]);
        self.fold(&size.to_le_bytes());
    }

    pub(super) fn note(&mut self, now_ms: u64, what: &str) {
        self.count += 1;
        self.fold(&now_ms.to_le_bytes());
        self.fold(what.as_bytes());
    }

    /// The hash, in hex.
    #[must_use]
    pub fn hex(&self) -> String {
        format!("{:016x}{:016x}", self.lanes[0], self.lanes[1])
    }
}

/// Counts of what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets handed to links.
    pub packets: u64,
    /// Bytes handed to links, by sender.
    pub bytes: BTreeMap<HostId, u64>,
    /// Packets that did not arrive.
    pub lost: u64,
    /// First packets of connections, by caller and kind: TCP connections asked for, UDP sockets opened.
    pub dials: BTreeMap<(HostId, Wire), u64>,
    /// Most dials of one host in one second.
    pub dials_per_second_max: u64,
    second: BTreeMap<HostId, (u64, u64)>,
}

impl Tally {
    pub(super) fn dialled(&mut self, host: HostId, wire: Wire, now_ms: u64) {
        *self.dials.entry((host, wire)).or_insert(0) += 1;
        let (second, count) = self.second.entry(host).or_insert((0, 0));
        if *second != now_ms / 1000 {
            (*second, *count) = (now_ms / 1000, 0);
        }
        *count += 1;
        self.dials_per_second_max = self.dials_per_second_max.max(*count);
    }
}
