//! A fact as people see it: what, by whom, when, and how it is proven.

use std::fmt;
use std::str::FromStr;

use crate::id::Hash32;
use crate::time::WallTime;
use crate::words::{UnknownWord, words};

words! {
    /// How a fact is proven.
    Proof, "proof" {
        /// A statement in a desk's chain.
        Statement = 1 "SIGNED_STATEMENT",
        /// A relay's signed and dated word; it stands in no chain.
        Presence = 2 "RELAY_PRESENCE",
        /// This desk saw it itself, and nobody signed it.
        Observed = 3 "OWN_OBSERVATION",
    }
}

/// One fact behind an axis or a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// In plain words.
    pub what: String,
    /// Who says so: an identity.
    pub by: String,
    /// When this desk learned it.
    pub received: WallTime,
    /// When its signer says that it was; none for what this desk saw itself.
    pub claimed: Option<WallTime>,
    /// SHA-256 of the signed bytes; none for what this desk saw itself.
    pub statement: Option<Hash32>,
    /// How it is proven.
    pub proof: Proof,
}

impl Evidence {
    /// What this desk saw itself.
    #[must_use]
    pub fn observed(what: impl Into<String>, by: impl Into<String>, at: WallTime) -> Self {
        Self {
            what: what.into(),
            by: by.into(),
            received: at,
            claimed: None,
            statement: None,
            proof: Proof::Observed,
        }
    }
}
