//! Why a roster is refused, and the stable names of the rules.

use super::Purpose;
use super::roster::{MAX_ROSTER_BYTES, MAX_ROSTER_ENTRIES};
use crate::dsse::{KeyError, PayloadType};
use crate::hash::Hash;
use crate::strict::StrictError;

/// Why a roster is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// Larger than [`MAX_ROSTER_BYTES`].
    #[error("the roster has {0} bytes, at most {MAX_ROSTER_BYTES} are allowed")]
    TooLarge(usize),
    /// Not the name of a trust domain.
    #[error("{0:?} is not a trust domain")]
    NotATrustDomain(String),
    /// A line that is not base64.
    #[error("line {0} is not base64")]
    NotBase64(usize),
    /// An entry that breaks a rule.
    #[error("entry {number} of the roster of {trust_domain}: {fault}")]
    Entry {
        /// Trust domain of the roster.
        trust_domain: String,
        /// Place of the entry, from 1.
        number: u64,
        /// What is wrong with it.
        #[source]
        fault: EntryFault,
    },
    /// Shorter than one seen before.
    #[error(
        "the roster of {trust_domain} ends at entry {found}, but entry {seen} has been seen: an older copy"
    )]
    Older {
        /// Trust domain of the roster.
        trust_domain: String,
        /// Number of the newest entry seen.
        seen: u64,
        /// Number of its newest entry.
        found: u64,
    },
    /// Another entry at a place that has been seen.
    #[error(
        "entry {number} of the roster of {trust_domain} is not the one seen before: two rosters under one root"
    )]
    Forked {
        /// Trust domain of the roster.
        trust_domain: String,
        /// The place.
        number: u64,
    },
}

/// What is wrong with a roster entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// The roster is full.
    #[error("at most {MAX_ROSTER_ENTRIES} entries are allowed")]
    TooMany,
    /// Not a statement.
    #[error(transparent)]
    Malformed(#[from] StrictError),
    /// A statement of another kind.
    #[error("a statement of type {0} is no roster entry")]
    WrongPayloadType(PayloadType),
    /// Not signed by the statement root.
    #[error("not signed by the statement root of this trust domain")]
    ForeignRoot,
    /// Of another trust domain.
    #[error("it belongs to trust domain {0:?}")]
    WrongDomain(String),
    /// Not the next number.
    #[error("its number is {0}")]
    WrongNumber(u64),
    /// It does not name the entry before it.
    #[error("it does not name the entry before it")]
    BrokenChain,
    /// A weak or malformed key.
    #[error("its key is refused: {0}")]
    BadKey(#[source] KeyError),
    /// A key for sealing that no library should seal to.
    #[error("its key for sealing is refused: not a sound key of X-Wing")]
    BadSealKey,
    /// A key for sealing of somebody to whom nothing is sealed.
    #[error("{0} cannot have a key for sealing: desks and escrows have")]
    NoSealing(String),
    /// A subject that is no identity of this trust domain.
    #[error("{0:?} is not an identity of this trust domain")]
    BadSubject(String),
    /// A subject whose role does not fit the purpose.
    #[error("{subject} cannot have a key for {purpose}")]
    WrongRole {
        /// The subject.
        subject: String,
        /// The purpose.
        purpose: Purpose,
    },
    /// Officer roles of somebody who is no officer, or none of an officer.
    #[error("officers have roles, and nobody else has")]
    WrongRoles,
    /// It ends before it begins.
    #[error("its validity ends before it begins")]
    EmptyValidity,
    /// The same key under another subject or purpose, a revoked one, or the root's.
    #[error("its key already serves another subject or purpose, or was revoked")]
    ReusedKey,
    /// It revokes what is no key statement of this roster.
    #[error("it revokes {0}, which is no key statement before it")]
    RevokesNothing(Hash),
}

impl RosterError {
    /// Stable name of the rule that was broken.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            RosterError::TooLarge(_) => "TOO_LARGE",
            RosterError::NotATrustDomain(_) => "WRONG_DOMAIN",
            RosterError::NotBase64(_) => "MALFORMED",
            RosterError::Older { .. } => "OLDER_ROSTER",
            RosterError::Forked { .. } => "FORKED_ROSTER",
            RosterError::Entry { fault, .. } => match fault {
                EntryFault::TooMany => "TOO_LARGE",
                EntryFault::Malformed(_) | EntryFault::WrongPayloadType(_) | EntryFault::EmptyValidity => {
                    "MALFORMED"
                }
                EntryFault::ForeignRoot => "BAD_SIGNATURE",
                EntryFault::WrongDomain(_) => "WRONG_DOMAIN",
                EntryFault::WrongNumber(_) | EntryFault::BrokenChain => "BROKEN_ROSTER",
                EntryFault::BadKey(_) | EntryFault::BadSealKey => "WEAK_KEY",
                EntryFault::BadSubject(_)
                | EntryFault::WrongRole { .. }
                | EntryFault::WrongRoles
                | EntryFault::NoSealing(_) => "WRONG_SUBJECT",
                EntryFault::ReusedKey => "REUSED_KEY",
                EntryFault::RevokesNothing(_) => "UNKNOWN_KEY",
            },
        }
    }
}
