//! Why a statement is refused, and the stable names of the rules.

use crate::key::KeyRefusal;
use crate::strict::{StrictError, StrictFault};

/// Why a statement is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It breaks a rule of the format.
    #[error(transparent)]
    Strict(#[from] StrictError),
    /// Its key may not be used.
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    /// It does not name a key statement where one belongs.
    #[error("it names no key statement")]
    NoKeyNamed,
    /// The signature is not that of the key.
    #[error("the signature is not that of {0}")]
    BadSignature(String),
    /// Its trust domain is not that of its signer.
    #[error("{signer} cannot speak for {named}")]
    WrongDomain {
        /// Who signed.
        signer: String,
        /// The trust domain or identity named.
        named: String,
    },
    /// An approval of something else.
    #[error("the approval was given for another {0}")]
    ApprovalMismatch(&'static str),
    /// An officer's act at another desk or in another exercise.
    #[error("the officer's act was done in another {0}")]
    ActMismatch(&'static str),
    /// An order to control in another exercise.
    #[error("the order was given in another {0}")]
    OrderMismatch(&'static str),
    /// A relay's word from somebody who is none.
    #[error("{0} is no relay")]
    NotARelay(String),
    /// A relay's record whose note is none that may stand there.
    #[error("the note inside it: {0}")]
    Note(String),
    /// An annex whose content is not the one that its officer signed for.
    #[error("the officer signed for another {0}")]
    AnnexMismatch(&'static str),
    /// A consent to other terms, of no side of the charter, or twice.
    #[error("the consent {0}")]
    ConsentMismatch(&'static str),
    /// A statement inside the statement is refused.
    #[error("{what} {place} inside it: {error}")]
    Inside {
        /// `approval`, `act`, `annex`, `consent`, `watch` or `order`.
        what: &'static str,
        /// Its place, from 1.
        place: usize,
        /// Why.
        #[source]
        error: Box<StatementError>,
    },
}

impl StatementError {
    /// Stable name of the rule that was broken.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            StatementError::Strict(StrictError {
                fault: StrictFault::TooLarge { .. },
                ..
            }) => "TOO_LARGE",
            StatementError::Strict(_) | StatementError::NoKeyNamed | StatementError::Note(_) => "MALFORMED",
            StatementError::Key(refusal) => refusal.rule(),
            StatementError::BadSignature(_) => "BAD_SIGNATURE",
            StatementError::WrongDomain { .. } => "WRONG_DOMAIN",
            StatementError::ApprovalMismatch(_) => "APPROVAL_MISMATCH",
            StatementError::ActMismatch(_) => "ACT_MISMATCH",
            StatementError::OrderMismatch(_) => "ORDER_MISMATCH",
            StatementError::NotARelay(_) => "WRONG_SENDER",
            StatementError::AnnexMismatch(_) => "ANNEX_MISMATCH",
            StatementError::ConsentMismatch(_) => "CONSENT_MISMATCH",
            StatementError::Inside { error, .. } => error.rule(),
        }
    }
}
