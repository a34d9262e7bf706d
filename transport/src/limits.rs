//! Every number of the two doors: its unit, its source, what it guards.
//!
//! Times depend on the kind of line and come from its [`Profile`], whose numbers have their reasons there; where nobody
//! says otherwise it is `lan`. Bounds of memory and counts are the same everywhere.

use std::time::Duration;

use hotline_core::health::Profile;

/// QUIC streams a peer may have open at once: three lanes, and room for lanes being replaced.
pub const QUIC_STREAMS: u32 = 8;

/// Bytes in flight on one QUIC stream. One answer of the log (1 MiB) fits.
pub const QUIC_STREAM_WINDOW_BYTES: u32 = 1024 * 1024;

/// Bytes in flight on one QUIC connection. Three full lanes and one to spare; quinn's default has no bound.
pub const QUIC_CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// The smallest packet QUIC may rely on (RFC 9000 §14). Black-hole detection falls back to it.
pub const QUIC_MIN_MTU_BYTES: u16 = 1200;

/// Bytes in flight on one HTTP/2 stream.
pub const H2_STREAM_WINDOW_BYTES: u32 = 256 * 1024;

/// Bytes in flight on one HTTP/2 connection: 16 stalled streams. With hyper's default, equal to one stream's window,
/// a single stalled stream hung every other call in 11 of 24 runs.
pub const H2_CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// Calls at once on one HTTP/2 connection.
pub const H2_STREAMS: u32 = 64;

/// Streams a peer may reset before we have looked at them: more is the rapid-reset attack.
pub const H2_PENDING_RESETS: usize = 32;

/// Bytes of headers in one call. Ours have a few hundred.
pub const H2_HEADER_BYTES: u32 = 16 * 1024;

/// Bytes of one HTTP/2 frame: the protocol's smallest limit, so that no frame holds up a heartbeat for long.
pub const H2_FRAME_BYTES: u32 = 16 * 1024;

/// The relay's ping to a silent client, on any line at least so far apart. It only sweeps up dead connections, so it is
/// patient.
pub const SERVER_PING: Duration = Duration::from_secs(2);

/// How long the relay waits for that ping's answer, at least.
pub const SERVER_PING_ANSWER: Duration = Duration::from_secs(3);

/// Connections that are through their handshake and wait to be served. Beyond it the doors wait.
pub(crate) const ACCEPT_QUEUE: usize = 32;

/// Silence limits of one QUIC connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuicTimings {
    /// Silence after which a connection is dead.
    pub idle: Duration,
    /// Pause after which something is sent, only to break the silence.
    pub keep_alive: Duration,
}

impl QuicTimings {
    /// Those of a kind of line.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        let numbers = profile.numbers();
        Self {
            idle: numbers.quic_idle,
            keep_alive: numbers.quic_keep_alive,
        }
    }
}

impl Default for QuicTimings {
    fn default() -> Self {
        Self::of(Profile::default())
    }
}

/// What a listening node takes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenLimits {
    /// Time for one handshake.
    pub handshake: Duration,
    /// Handshakes in progress on one door; half of them for any one address.
    pub handshakes: usize,
    /// From this many handshakes in progress on, a QUIC stranger must first prove its address.
    pub prove_address_above: usize,
    /// Live connections of one identity, both doors together. A desk needs 4; the rest is for redials that overlap.
    pub connections_each: usize,
    /// Live connections in all.
    pub connections: usize,
    /// Bytes of one QUIC stranger's packets kept until it is accepted.
    pub waiting_bytes_each: u64,
    /// Bytes of all of them.
    pub waiting_bytes_total: u64,
    /// Silence limits on QUIC.
    pub quic: QuicTimings,
}

/// What a listening node gives a handshake beyond the dialler's own limit. 2 s: the dialler is to be the one who gives
/// up and says so.
const HANDSHAKE_GRACE: Duration = Duration::from_secs(2);

impl ListenLimits {
    /// Those of a node whose farthest line is of this kind.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        Self {
            handshake: profile.numbers().handshake + HANDSHAKE_GRACE,
            handshakes: 64,
            prove_address_above: 16,
            connections_each: 16,
            connections: 256,
            waiting_bytes_each: 64 * 1024,
            waiting_bytes_total: 4 * 1024 * 1024,
            quic: QuicTimings::of(profile),
        }
    }
}

impl Default for ListenLimits {
    fn default() -> Self {
        Self::of(Profile::default())
    }
}

/// How a dialling node waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialTimings {
    /// From the first packet to the end of the handshake.
    pub handshake: Duration,
    /// Silence limits on QUIC.
    pub quic: QuicTimings,
    /// Pause between HTTP/2 pings on TCP, which has no keep-alive of its own worth the name.
    pub tcp_ping: Duration,
    /// How long to wait for such a ping's answer before the connection is dead.
    pub tcp_ping_answer: Duration,
}

impl DialTimings {
    /// Those of a kind of line.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        let numbers = profile.numbers();
        Self {
            handshake: numbers.handshake,
            quic: QuicTimings::of(profile),
            tcp_ping: numbers.tcp_ping,
            tcp_ping_answer: numbers.tcp_ping_answer,
        }
    }
}

impl Default for DialTimings {
    fn default() -> Self {
        Self::of(Profile::default())
    }
}
