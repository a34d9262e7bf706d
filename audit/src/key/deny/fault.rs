//! Why a deny-list is refused.

use super::{MAX_DENY_BYTES, MAX_DENY_ENTRIES};
use crate::dsse::PayloadType;
use crate::strict::StrictError;

/// Why a deny-list is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DenyError {
    /// Larger than [`MAX_DENY_BYTES`].
    #[error("the deny-list has {0} bytes, at most {MAX_DENY_BYTES} are allowed")]
    TooLarge(usize),
    /// A line that is not two base64 statements.
    #[error("line {0} is not two statements in base64 with one space between")]
    NotTwo(usize),
    /// An order that breaks a rule.
    #[error("order {number} of the deny-list of {trust_domain}: {fault}")]
    Entry {
        /// Trust domain of the list.
        trust_domain: String,
        /// Place of the order, from 1.
        number: u64,
        /// What is wrong with it.
        #[source]
        fault: DenyFault,
    },
    /// Shorter than one seen before, or another one.
    #[error("the deny-list of {trust_domain} lacks order {number}, which has been seen")]
    Older {
        /// Trust domain of the list.
        trust_domain: String,
        /// The order that is missing.
        number: u64,
    },
}

/// What is wrong with an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DenyFault {
    /// The list is full.
    #[error("at most {MAX_DENY_ENTRIES} orders are allowed")]
    TooMany,
    /// It breaks a rule of the format.
    #[error(transparent)]
    Strict(#[from] StrictError),
    /// Signed as something else.
    #[error("{0} is not what an officer signs to deny")]
    WrongPayloadType(PayloadType),
    /// The two did not sign the same bytes.
    #[error("the two officers signed different orders")]
    TwoOrders,
    /// One officer twice.
    #[error("{0} signed twice; two different officers are needed")]
    OneOfficer(String),
    /// Neither has the role.
    #[error("neither {0} nor {1} is a SECURITY_OFFICER")]
    NoSecurityOfficer(String, String),
    /// No key of this roster, or none for officers.
    #[error("the roster has no officer's key for the signature of {0}")]
    UnknownOfficer(String),
    /// The key was not valid when it is said to have signed.
    #[error("the key of {0} was not valid at the time of the order")]
    OutOfDate(String),
    /// The signature is not that of the key.
    #[error("the signature is not that of {0}")]
    BadSignature(String),
    /// One who may sign no order: denied before, or by this very order.
    #[error("{0} is denied and cannot sign an order")]
    DeniedOfficer(String),
    /// Of another trust domain, or no identity.
    #[error("{0:?} is no identity of this trust domain")]
    BadIdentity(String),
    /// Ended already.
    #[error("{0} is denied already")]
    Twice(String),
    /// Not the next number.
    #[error("it has number {0}")]
    WrongNumber(u64),
    /// It does not name the order before it.
    #[error("it does not name the order before it")]
    BrokenChain,
    /// In doubt only after it was written.
    #[error("its window of doubt begins after the order was signed")]
    LateDoubt,
}
