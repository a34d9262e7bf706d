//! Profiles: the numbers of a kind of line. Every bound has its reason beside it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A kind of line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// A machine, a building, a country: round trips below 100 ms, little loss.
    #[default]
    Lan,
    /// Between continents, or a line that loses much: round trips below 1 s.
    Wan,
    /// Over satellites or short wave: round trips of 2 s, a third of the packets lost.
    Satellite,
}

/// Text that names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a profile of a line: it is lan, wan or satellite")]
pub struct NotAProfile;

/// What a profile says. All are times, but `overlap_max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Between two probes of a lane.
    pub probe_every: Duration,
    /// An answer is never late before this, however short the round trip: a busy machine takes so long.
    pub answer_min: Duration,
    /// An answer is late after this, however long the round trip seems. With `probe_every` it bounds the time to SUSPECT.
    pub answer_max: Duration,
    /// A lane without an answer for this long is down.
    pub down_after: Duration,
    /// From a dial's first packet to the end of its handshake.
    pub handshake: Duration,
    /// For the answer to a hello, and to a question about the log.
    pub hello: Duration,
    /// Bytes sent on one lane, at most, of which no answer shows yet that they were read. What waits before a probe holds up
    /// its answer: all three lanes of a leg full at once must pass the slowest line of the kind within `down_after`.
    pub unread_max: usize,
    /// Silence after which a QUIC connection ends by itself: behind `down_after`, which knows more.
    pub quic_idle: Duration,
    /// Pause after which QUIC sends something only to break the silence: several times in `quic_idle`.
    pub quic_keep_alive: Duration,
    /// Between HTTP/2 pings on TCP, both ends. They only sweep up what no session judges any more.
    pub tcp_ping: Duration,
    /// For such a ping's answer.
    pub tcp_ping_answer: Duration,
    /// The first wait before a leg is dialled again.
    pub redial_first: Duration,
    /// The longest wait, and the pause after which a further dial begins beside one that hangs. It bounds how long a
    /// leg that has healed stays unused.
    pub redial_longest: Duration,
    /// Dials of one leg that hang at once. More begin only when one has ended.
    pub overlap_max: usize,
    /// A session that brings nothing for this long does not show that its desk is there. Behind `down_after`: a desk gives
    /// such a leg up itself and dials again, and a relay that calls it silent before would be wrong about a slow line.
    pub silent_after: Duration,
}

/// 300 ms and its multiples come from promise 5: SUSPECT within 0.6 s, DOWN within 1.5 s.
const LAN: Numbers = Numbers {
    // A cut may come just after an answer: the next probe leaves at most 300 ms later.
    probe_every: Duration::from_millis(300),
    // A commit with a sync that takes long, or a process that waits for a processor, stays below it.
    answer_min: Duration::from_millis(150),
    // 300 + 250 ms leave 50 ms of the 0.6 s for timers on a busy machine.
    answer_max: Duration::from_millis(250),
    // Four probes without an answer. 150 ms are left of the 1.5 s: for the answer that was on its way, and for timers.
    down_after: Duration::from_millis(1350),
    // Two round trips of 100 ms and a lost packet, whose second try comes after 1 s.
    handshake: Duration::from_secs(3),
    hello: Duration::from_secs(3),
    // Three of them take 1.26 s at 20 Mbit/s. Whoever answers at once is answered 20 times a second over 50 ms: 160 Mbit/s.
    unread_max: 1024 * 1024,
    // Below 150 ms, 3 of 55 healthy connections died on a busy machine.
    quic_idle: Duration::from_millis(1500),
    quic_keep_alive: Duration::from_millis(250),
    tcp_ping: Duration::from_millis(500),
    tcp_ping_answer: Duration::from_secs(1),
    redial_first: Duration::from_millis(100),
    // A healed leg carries within 1 s: 0.5 s until the next dial, the rest for handshakes and hellos.
    redial_longest: Duration::from_millis(500),
    // Those that began within the 3 s of a handshake.
    overlap_max: 6,
    // Sixteen heartbeats; and 3.65 s behind `down_after`, in which the desk has dialled again.
    silent_after: Duration::from_secs(5),
};

/// Round trips of up to 1 s: half an earth and back by cable is 0.3 s, queues of a loaded line are the rest.
const WAN: Numbers = Numbers {
    probe_every: Duration::from_millis(500),
    // The round trip between continents is no sign of trouble.
    answer_min: Duration::from_millis(300),
    // A packet lost and sent again: a second round trip.
    answer_max: Duration::from_millis(1500),
    // A packet lost four times in a row at a round trip of 300 ms: tries after 0.4, 0.8, 1.6 and 3.2 s.
    down_after: Duration::from_secs(6),
    // The same for the two or three round trips of a handshake.
    handshake: Duration::from_secs(15),
    hello: Duration::from_secs(10),
    // Three of them take 5.7 s at 1.1 Mbit/s. A lane carries 7 Mbit/s over a round trip of 300 ms.
    unread_max: 256 * 1024,
    quic_idle: Duration::from_secs(8),
    quic_keep_alive: Duration::from_millis(1500),
    tcp_ping: Duration::from_secs(2),
    tcp_ping_answer: Duration::from_secs(6),
    redial_first: Duration::from_millis(200),
    redial_longest: Duration::from_millis(1500),
    overlap_max: 8,
    // Twenty heartbeats; and 4 s behind `down_after` for the next dial.
    silent_after: Duration::from_secs(10),
};

/// Round trips of 2 s with 30 % loss must not flap.
const SATELLITE: Numbers = Numbers {
    // One probe per round trip: a slow line carries words first.
    probe_every: Duration::from_secs(2),
    // The round trip, and half of it for a queue.
    answer_min: Duration::from_secs(3),
    // A packet lost twice: 3 and 6 s, and the way.
    answer_max: Duration::from_secs(10),
    // The longest silence in 200 modelled runs of ten minutes was 57 s (`tests/links.rs`); this is nearly twice that.
    down_after: Duration::from_secs(100),
    // Measured at 2 s and 30 % loss: cold connects p99 77 s.
    handshake: Duration::from_secs(90),
    hello: Duration::from_secs(90),
    // Three of them take 82 s at 9.6 kbit/s, and one statement of the largest size (60 KiB) 51 s. A lane carries 128 kbit/s
    // over a round trip of 2 s.
    unread_max: 32 * 1024,
    // At 6 s idle 26 % of such connects failed, at 60 s 4 %. Behind `down_after`.
    quic_idle: Duration::from_secs(120),
    quic_keep_alive: Duration::from_secs(15),
    tcp_ping: Duration::from_secs(30),
    tcp_ping_answer: Duration::from_secs(100),
    redial_first: Duration::from_secs(1),
    // Two handshakes without loss. Faster would fill a slow line with handshakes.
    redial_longest: Duration::from_secs(10),
    overlap_max: 9,
    // 57 s of silence were seen on a healthy line. 20 s behind `down_after`: two dials.
    silent_after: Duration::from_secs(120),
};

impl Profile {
    /// All of them, the nearest first.
    pub const ALL: [Self; 3] = [Self::Lan, Self::Wan, Self::Satellite];

    /// `lan`, `wan`, `satellite`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Wan => "wan",
            Self::Satellite => "satellite",
        }
    }

    /// Its numbers.
    pub const fn numbers(self) -> &'static Numbers {
        match self {
            Self::Lan => &LAN,
            Self::Wan => &WAN,
            Self::Satellite => &SATELLITE,
        }
    }

    /// Its number on the wire (`relay.proto`, `Profile`).
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Lan => 1,
            Self::Wan => 2,
            Self::Satellite => 3,
        }
    }

    /// Reads a wire number; none if it names none.
    pub fn from_wire(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.to_wire() == number)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = NotAProfile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or(NotAProfile)
    }
}
