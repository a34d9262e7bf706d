//! Legs: one desk's session with one relay over one door, and the lanes in it.
//!
//! How a leg is dialled, probed and judged is transport's matter; here it only has a name (`north/quic`), and each
//! statement has a lane.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::identity::{IdentityError, excerpt, is_name, shown};
use crate::precedence::Precedence;

/// One of the two secured byte streams below the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// QUIC on UDP.
    Quic,
    /// TLS on TCP.
    Tcp,
}

/// One of the three streams of a leg, so that a bulk upload never stands before a FLASH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Heartbeats, receipts, officers' acts, FLASH and OVERRIDE.
    Control = 1,
    /// All other messages.
    Message = 2,
    /// DEFERRED messages and refetched ones.
    Bulk = 3,
}

/// The name part of a relay's identity: `north`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayName(Arc<str>);

/// One session: which relay, over which door. Written `north/quic`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leg {
    /// The relay at the other end.
    pub relay: RelayName,
    /// The door it is reached by.
    pub door: Door,
}

/// Text that names no leg.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a leg: it would read like north/quic or north/tcp", shown(.found))]
pub struct NotALeg {
    /// What stood there.
    pub found: String,
}

/// The lane in which a *message* of this precedence travels. Receipts and officers' acts always take
/// [`Lane::Control`].
pub fn lane_of(precedence: Precedence) -> Lane {
    match precedence {
        Precedence::Override | Precedence::Flash if crate::plant::active("flash-behind-bulk") => Lane::Bulk,
        Precedence::Override | Precedence::Flash => Lane::Control,
        Precedence::Immediate | Precedence::Priority | Precedence::Routine => Lane::Message,
        Precedence::Deferred => Lane::Bulk,
    }
}

// === impl Door ===

impl Door {
    /// Both doors, in the order in which the diagonal deals them out.
    pub const ALL: [Self; 2] = [Self::Quic, Self::Tcp];

    /// The word in a leg's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quic => "quic",
            Self::Tcp => "tcp",
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Quic => Self::Tcp,
            Self::Tcp => Self::Quic,
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Door {
    type Err = NotALeg;

    fn from_str(text: &str) -> Result<Self, NotALeg> {
        match text {
            "quic" => Ok(Self::Quic),
            "tcp" => Ok(Self::Tcp),
            other => Err(NotALeg {
                found: excerpt(other),
            }),
        }
    }
}

// === impl Lane ===

impl Lane {
    /// All lanes, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Control, Self::Message, Self::Bulk];

    /// Reads a wire number (`relay.proto`, `Lane`).
    pub const fn from_wire(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Control),
            2 => Some(Self::Message),
            3 => Some(Self::Bulk),
            _ => None,
        }
    }

    /// The wire number.
    pub const fn to_wire(self) -> u32 {
        self as u32
    }

    /// The word in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Message => "message",
            Self::Bulk => "bulk",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl RelayName ===

impl RelayName {
    /// Reads a relay's name.
    ///
    /// # Errors
    /// [`IdentityError::BadName`] unless it is `[a-z0-9-]{1,63}`.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        if is_name(text) {
            Ok(Self(text.into()))
        } else {
            Err(IdentityError::BadName { found: excerpt(text) })
        }
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RelayName {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        Self::parse(text)
    }
}

impl fmt::Display for RelayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Leg ===

impl Leg {
    /// The leg to `relay` over `door`.
    pub const fn new(relay: RelayName, door: Door) -> Self {
        Self { relay, door }
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.relay, self.door)
    }
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.relay, self.door)
    }
}

impl FromStr for Leg {
    type Err = NotALeg;

    fn from_str(text: &str) -> Result<Self, NotALeg> {
        let bad = || NotALeg { found: excerpt(text) };
        let (relay, door) = text.split_once('/').ok_or_else(bad)?;
        Ok(Self {
            relay: RelayName::parse(relay).map_err(|_| bad())?,
            door: door.parse().map_err(|_| bad())?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_leg_is_written_relay_stroke_door() {
        for text in ["north/quic", "south/tcp"] {
            assert_eq!(text.parse::<Leg>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "north",
            "north/",
            "/quic",
            "north/udp",
            "north/quic/x",
            "North/quic",
            "north/QUIC",
        ] {
            assert!(text.parse::<Leg>().is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn flash_takes_the_control_lane_and_deferred_the_bulk_lane() {
        let lanes: Vec<Lane> = Precedence::ALL.iter().map(|p| lane_of(*p)).collect();
        assert_eq!(
            lanes,
            [
                Lane::Bulk,
                Lane::Message,
                Lane::Message,
                Lane::Message,
                Lane::Control,
                Lane::Control
            ]
        );
    }

    #[test]
    fn a_lane_comes_back_from_its_number() {
        for lane in Lane::ALL {
            assert_eq!(Lane::from_wire(lane.to_wire()), Some(lane));
        }
        assert_eq!(Lane::from_wire(0), None);
        assert_eq!(Lane::from_wire(4), None);
    }
}
