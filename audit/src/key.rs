//! Keys and rosters: who may sign what, as each side's own statement root says.
//!
//! [`Roster`] holds the file format, its chain and its lookups; [`RosterSet`] joins the rosters of several trust domains;
//! [`RosterBuilder`] makes rosters; [`DenyList`] is what two officers of a side end without its root. Transport certificates are another matter and not known here.

mod build;
mod deny;
mod fault;
mod roster;
mod seal;
mod set;
mod subject;

pub use build::{Enrolment, RosterBuilder};
pub use deny::{
    Denial, DenyError, DenyFault, DenyHead, DenyList, MAX_DENY_BYTES, MAX_DENY_ENTRIES, SECURITY_OFFICER,
};
pub use fault::{EntryFault, RosterError};
pub use roster::{
    EndedBy, KeyEntry, MAX_ROSTER_BYTES, MAX_ROSTER_ENTRIES, Revoked, Roster, RosterHead, is_roster_entry,
};
pub use seal::{SealEnrolment, SealKeyEntry};
pub use set::{KeyRefusal, RosterSet};
pub use subject::{Subject, is_trust_domain, origin_of, subject_of_origin};

use std::fmt;

/// What a key is for. One key serves one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// A desk's statements.
    Statement,
    /// The checkpoints of a desk's, a relay's or control's log.
    Log,
    /// An officer's approvals, acts and consents.
    Officer,
    /// Control's records and orders.
    Control,
    /// The cosignatures of a relay that has seen another log grow.
    Witness,
    /// The cosignatures of a relay that holds another log.
    Mirror,
}

impl Purpose {
    /// The purpose with this number in a key statement.
    #[must_use]
    pub fn from_wire(number: u32) -> Option<Purpose> {
        match number {
            1 => Some(Purpose::Statement),
            2 => Some(Purpose::Log),
            3 => Some(Purpose::Officer),
            4 => Some(Purpose::Control),
            5 => Some(Purpose::Witness),
            6 => Some(Purpose::Mirror),
            _ => None,
        }
    }

    /// Its number in a key statement.
    #[must_use]
    pub fn to_wire(self) -> u32 {
        match self {
            Purpose::Statement => 1,
            Purpose::Log => 2,
            Purpose::Officer => 3,
            Purpose::Control => 4,
            Purpose::Witness => 5,
            Purpose::Mirror => 6,
        }
    }

    /// True when an identity of this role may have such a key.
    #[must_use]
    pub fn fits_role(self, role: &str) -> bool {
        match self {
            Purpose::Statement => role == "desk",
            Purpose::Log => ["desk", "relay", "control"].contains(&role),
            Purpose::Officer => role == "officer",
            Purpose::Control => role == "control",
            Purpose::Witness | Purpose::Mirror => role == "relay",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Purpose::Statement => "STATEMENT",
            Purpose::Log => "LOG",
            Purpose::Officer => "OFFICER",
            Purpose::Control => "CONTROL",
            Purpose::Witness => "WITNESS",
            Purpose::Mirror => "MIRROR",
        })
    }
}

#[cfg(test)]
mod tests;
