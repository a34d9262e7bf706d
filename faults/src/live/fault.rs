//! Kinds of faults, what they need, and what is refused. How several combine is in [`super::combine`].

use std::time::Duration;

use serde::Serialize;

use super::Protocol;
use crate::emulator::{Burst, Flapping};

/// Most latency, jitter and detour of one direction together. 20 s: what the emulator lets a packet stay.
pub const LATENCY_MAX: Duration = Duration::from_secs(20);
/// Bytes that may wait for a bandwidth unless the fault says otherwise. 64 KiB: what small routers keep.
pub const QUEUE_BYTES: u64 = 64 * 1024;
/// Fewest bytes of a queue: one full packet must fit.
pub const QUEUE_BYTES_MIN: u64 = 1_500;
/// Bytes that a hold keeps unless the fault says otherwise: all that it may keep.
pub const HOLD_BYTES: u64 = KEPT_BYTES_MAX;
/// Most bytes of a hold, and of a queue. 4 MiB: minutes of a line's traffic, and what a proxy has room for in one
/// direction, in datagrams beside those on their way and in segments of a single connection.
pub const KEPT_BYTES_MAX: u64 = 4 << 20;
/// Headers of a UDP datagram over IPv4 and over IPv6, in bytes: what an MTU counts beside the payload.
pub(super) const HEADERS: (usize, usize) = (28, 48);

/// Something wrong with one direction of a link, or with both.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Everything takes so much longer.
    Latency {
        /// Always.
        by: Duration,
        /// Up to so much more, evenly spread.
        jitter: Duration,
    },
    /// Everything takes up to so much longer, evenly spread.
    Jitter {
        /// At most.
        by: Duration,
    },
    /// Packets are lost, each by itself.
    Loss {
        /// Which share, 0 to 1.
        share: f64,
    },
    /// Packets are lost in bursts.
    Burst(Burst),
    /// The link carries only so much.
    Bandwidth {
        /// Bytes a second.
        rate: u64,
        /// Bytes that may wait.
        queue: u64,
    },
    /// Packets take a detour, and are overtaken.
    Reorder {
        /// Which share, 0 to 1.
        share: f64,
        /// How much longer at most.
        by: Duration,
    },
    /// Packets come twice (UDP).
    Duplicate {
        /// Which share, 0 to 1.
        share: f64,
    },
    /// Packets above this size vanish (UDP).
    Mtu {
        /// Bytes of the largest packet that passes, with IP and UDP headers.
        bytes: usize,
    },
    /// Nothing passes. In one direction: a one-way cut.
    Cut,
    /// Nothing passes either way.
    Partition,
    /// What would arrive is kept, and delivered in order when the fault is removed.
    Hold {
        /// Bytes kept at most. UDP loses what is more; TCP stops reading.
        bytes: u64,
    },
    /// Works and does not in turns.
    Flapping(Flapping),
    /// Nothing passes, and connections are closed after a while (TCP).
    Timeout {
        /// After the fault began or the connection was made; zero: never.
        after: Duration,
    },
    /// Connections are reset (TCP).
    ResetPeer {
        /// After the fault began or the connection was made.
        after: Duration,
    },
    /// Connections are reset, and new ones are reset at once (TCP).
    Down,
}

/// Which way a fault works. *Up* is from whoever dials the proxy to where the proxy dials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the dialling end.
    Up,
    /// Towards the dialling end.
    Down,
    /// Both.
    #[default]
    Both,
}

impl Direction {
    /// Whether it includes up.
    #[must_use]
    pub fn up(self) -> bool {
        self != Self::Down
    }

    /// Whether it includes down.
    #[must_use]
    pub fn down(self) -> bool {
        self != Self::Up
    }

    /// `up`, `down` or `both`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Both => "both",
        }
    }
}

/// Why a fault was not taken. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// A name is used twice.
    #[error("there is a fault {0} already; remove it first, or choose another name")]
    NameTaken(String),
    /// No such name.
    #[error("there is no fault {name}; {known}")]
    NoSuchName {
        /// The name asked for.
        name: String,
        /// A sentence that lists the names there are.
        known: String,
    },
    /// The link is of the other kind.
    #[error("{kind} cannot be applied to {protocol}: {why}")]
    NotHere {
        /// Kind of the fault.
        kind: &'static str,
        /// `udp` or `tcp`.
        protocol: &'static str,
        /// Why, and what to use.
        why: &'static str,
    },
    /// It works both ways only.
    #[error("{kind} works both ways only: {why}")]
    BothWays {
        /// Kind of the fault.
        kind: &'static str,
        /// Why, and what to use.
        why: &'static str,
    },
    /// One of its kind is there.
    #[error("a second {kind} does not combine with {other}; remove that first")]
    OneOnly {
        /// Kind of the fault.
        kind: &'static str,
        /// The fault that is there.
        other: String,
    },
    /// A value that makes no sense.
    #[error("{kind}: {what}")]
    Value {
        /// Kind of the fault.
        kind: &'static str,
        /// Which value, and what would do.
        what: String,
    },
}

/// A fault in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// What it is called.
    pub name: String,
    /// What is wrong.
    pub fault: Fault,
    /// Which way.
    pub direction: Direction,
    /// Since when, by the proxy's clock.
    pub since: Duration,
}

impl Fault {
    /// `latency`, `reset_peer`: as it is typed.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Jitter { .. } => "jitter",
            Self::Loss { .. } => "loss",
            Self::Burst(_) => "burst",
            Self::Bandwidth { .. } => "bandwidth",
            Self::Reorder { .. } => "reorder",
            Self::Duplicate { .. } => "duplicate",
            Self::Mtu { .. } => "mtu",
            Self::Cut => "cut",
            Self::Partition => "partition",
            Self::Hold { .. } => "hold",
            Self::Flapping(_) => "flapping",
            Self::Timeout { .. } => "timeout",
            Self::ResetPeer { .. } => "reset_peer",
            Self::Down => "down",
        }
    }

    /// Whether it can be applied to a link of this kind in this direction, and its values make sense.
    ///
    /// # Errors
    /// [`FaultError`] says why not and what to use.
    pub fn check(&self, protocol: Protocol, direction: Direction) -> Result<(), FaultError> {
        self.here(protocol)?;
        self.check_apart(direction)
    }

    /// Whether its direction and values make sense, whatever link it is for.
    ///
    /// # Errors
    /// [`FaultError`] says why not and what to use.
    pub fn check_apart(&self, direction: Direction) -> Result<(), FaultError> {
        self.both_ways(direction)?;
        self.values()
    }

    /// Whether it can be applied to a link of this kind.
    ///
    /// # Errors
    /// [`FaultError::NotHere`].
    pub fn here(&self, protocol: Protocol) -> Result<(), FaultError> {
        let why = match (self, protocol) {
            (Self::Duplicate { .. }, Protocol::Tcp) => "the kernel drops repeated segments unseen; use loss",
            (Self::Mtu { .. }, Protocol::Tcp) => {
                "the kernels at both ends cut segments to fit; use cut or bandwidth"
            }
            (Self::Timeout { .. }, Protocol::Udp) => "it has no connection to close; use cut",
            (Self::ResetPeer { .. }, Protocol::Udp) => "it has no connection to reset; use cut",
            (Self::Down, Protocol::Udp) => "it has no connection to refuse; use partition",
            _ => return Ok(()),
        };
        Err(FaultError::NotHere {
            kind: self.kind(),
            protocol: protocol.name(),
            why,
        })
    }

    fn both_ways(&self, direction: Direction) -> Result<(), FaultError> {
        let why = match self {
            Self::Partition => "use cut for one way",
            Self::Timeout { .. } | Self::ResetPeer { .. } | Self::Down => {
                "a connection ends as a whole; use cut for a half-open one"
            }
            _ => return Ok(()),
        };
        if direction == Direction::Both {
            return Ok(());
        }
        let kind = self.kind();
        Err(FaultError::BothWays { kind, why })
    }

    fn values(&self) -> Result<(), FaultError> {
        match self {
            Self::Latency { by, jitter } => self.short(*by + *jitter),
            Self::Jitter { by } => self.short(*by),
            Self::Loss { share } | Self::Duplicate { share } => self.share("share", *share),
            Self::Burst(burst) => {
                self.share("begins", burst.begins)?;
                self.share("ends", burst.ends)?;
                self.share("loss", burst.loss)
            }
            Self::Reorder { share, by } => {
                self.share("share", *share)?;
                self.short(*by)
            }
            Self::Bandwidth { rate, queue } => {
                self.holds(*rate > 0, "rate must be above 0; use cut to let nothing pass")?;
                let bounded = (QUEUE_BYTES_MIN..=KEPT_BYTES_MAX).contains(queue);
                self.holds(
                    bounded,
                    "queue must be between 1500 bytes (one full packet) and 4194304 (4 MiB)",
                )
            }
            Self::Mtu { bytes } => {
                let room = *bytes > HEADERS.1;
                self.holds(room, "bytes must be above 48: headers alone take as much")
            }
            Self::Hold { bytes } => {
                let bounded = (1..=KEPT_BYTES_MAX).contains(bytes);
                self.holds(bounded, "bytes must be between 1 and 4194304 (4 MiB)")
            }
            Self::Flapping(Flapping { up, down }) => {
                let turns = !up.is_zero() && !down.is_zero();
                self.holds(turns, "up and down must both be above 0")
            }
            Self::Cut | Self::Partition | Self::Timeout { .. } | Self::ResetPeer { .. } | Self::Down => {
                Ok(())
            }
        }
    }

    fn holds(&self, good: bool, what: &str) -> Result<(), FaultError> {
        if good {
            return Ok(());
        }
        Err(FaultError::Value {
            kind: self.kind(),
            what: what.to_owned(),
        })
    }

    fn share(&self, key: &str, share: f64) -> Result<(), FaultError> {
        let good = (0.0..=1.0).contains(&share);
        self.holds(good, &format!("{key} must be between 0% and 100%"))
    }

    fn short(&self, time: Duration) -> Result<(), FaultError> {
        self.holds(
            time <= LATENCY_MAX,
            "at most 20s of delay; use hold to keep packets longer",
        )
    }

    /// Whether one of its kind in a direction is all there may be.
    pub(super) fn one_only(&self) -> bool {
        matches!(
            self,
            Self::Burst(_)
                | Self::Reorder { .. }
                | Self::Flapping(_)
                | Self::Hold { .. }
                | Self::Timeout { .. }
                | Self::ResetPeer { .. }
        )
    }
}
