//! The four axes of a channel's state, each with the facts behind it.

use std::fmt;
use std::str::FromStr;

use super::Evidence;
use crate::words::{UnknownWord, words};

words! {
    /// Whether anything passes between the two desks.
    Carrier, "carrier" {
        /// Two ways carry.
        Up = 1 "UP",
        /// One way carries: redundancy is lost.
        Degraded = 2 "DEGRADED",
        /// Nothing passes.
        Down = 3 "DOWN",
    }
}

words! {
    /// Whether somebody attends a desk.
    Watched, "watch" {
        /// An officer took the watch.
        Manned = 1 "MANNED",
        /// The officer left it, and nobody took it since.
        Unmanned = 2 "UNMANNED",
        /// Nothing signed says so, or what says so is old.
        Unknown = 3 "UNKNOWN",
    }
}

words! {
    /// What officers ordered about a channel.
    Political, "political state" {
        /// Nothing stands against formal traffic.
        Open = 1 "OPEN",
        /// A side suspended it, or some of it.
        Suspended = 2 "SUSPENDED",
        /// A side severed it.
        Severed = 3 "SEVERED",
    }
}

words! {
    /// Whether the other side's identity can be believed.
    Identified, "identity state" {
        /// Nothing speaks against it.
        Good = 1 "GOOD",
        /// Something was signed that its holder would not sign: the key may be in other hands.
        Suspect = 2 "SUSPECT",
        /// Its keys were revoked.
        Revoked = 3 "REVOKED",
    }
}

/// One axis: its state, and what proves it. A state that only absence shows (nobody suspended anything) has no facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis<T> {
    /// Where it stands.
    pub state: T,
    /// What says so.
    pub facts: Vec<Evidence>,
}

impl<T> Axis<T> {
    /// An axis with the facts behind it.
    pub const fn new(state: T, facts: Vec<Evidence>) -> Self {
        Self { state, facts }
    }
}

impl Axis<Identified> {
    /// The worst that was found about an identity; GOOD when nothing was.
    #[must_use]
    pub fn identity(found: Vec<(Identified, Evidence)>) -> Self {
        let state = found
            .iter()
            .map(|(state, _)| *state)
            .max()
            .unwrap_or(Identified::Good);
        Self::new(state, found.into_iter().map(|(_, fact)| fact).collect())
    }
}
