//! Refusals: which rule, of whom, and what the sender can do. The names are stable; desks and tests read them.

use hotline_audit::Hash;
use hotline_ledger::{Clash, CommitError};
use hotline_proto::v1;

use crate::admit::Checked;

/// The rule a statement broke, or why it cannot be taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What `audit` found: the rule's own name.
    Evidence(&'static str),
    /// The sender named inside is not the desk that is connected.
    NotYours,
    /// A recipient is no desk that this relay knows.
    UnknownRecipient,
    /// It claims a checkpoint of this relay's log that this log never had.
    Seen,
    /// The precedence is no known value.
    UnknownPrecedence,
    /// Same id or place in the chain, other bytes.
    Equivocation,
    /// The ledger is full.
    DiskFull,
    /// The bounded queue before the ledger is full.
    Busy,
    /// The log failed its check at start: nothing is signed any more.
    ReadOnly,
    /// The ledger failed.
    Ledger,
}

impl Rule {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Rule::Evidence(name) => name,
            Rule::NotYours => "NOT_YOURS",
            Rule::UnknownRecipient => "UNKNOWN_RECIPIENT",
            Rule::UnknownPrecedence => "UNKNOWN_PRECEDENCE",
            Rule::Seen => "SEEN",
            Rule::Equivocation => "EQUIVOCATION",
            Rule::DiskFull => "DISK_FULL",
            Rule::Busy => "BUSY",
            Rule::ReadOnly => "READ_ONLY",
            Rule::Ledger => "LEDGER",
        }
    }

    /// Whether the same bytes can be accepted later.
    fn permanent(self) -> bool {
        match self {
            Rule::Evidence(_)
            | Rule::NotYours
            | Rule::UnknownRecipient
            | Rule::UnknownPrecedence
            | Rule::Equivocation => true,
            Rule::Seen | Rule::DiskFull | Rule::Busy | Rule::ReadOnly | Rule::Ledger => false,
        }
    }
}

/// One refusal, as the sender is told.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Which rule.
    pub rule: Rule,
    /// Id of the statement, if it could be read.
    pub id: [u8; 16],
    /// SHA-256 of the bytes refused.
    pub hash: Hash,
    /// A sentence with the facts in it.
    pub explanation: String,
    /// For an equivocation: the statement whose id or place is taken, so that both are kept.
    pub clashing: Option<Box<Checked>>,
}

impl Refused {
    /// A refusal by `rule`.
    #[must_use]
    pub fn new(rule: Rule, id: &[u8; 16], hash: Hash, explanation: String) -> Self {
        Self {
            rule,
            id: *id,
            hash,
            explanation,
            clashing: None,
        }
    }

    /// The refusal of `checked` because other bytes hold its id or place.
    #[must_use]
    pub fn equivocation(checked: &Checked, clash: Clash, held: Hash) -> Self {
        let what = match clash {
            Clash::Id => "id",
            Clash::Place => "place in the sender's chain",
        };
        let explanation = format!(
            "{} signed two statements with the same {what}: {held} is held, {} is refused; both are kept",
            checked.sender, checked.hash
        );
        Self {
            rule: Rule::Equivocation,
            id: checked.id,
            hash: checked.hash,
            explanation,
            clashing: Some(Box::new(checked.clone())),
        }
    }

    /// The refusal that follows from a failed commit.
    #[must_use]
    pub fn from_commit(error: &CommitError, id: &[u8; 16], hash: Hash) -> Self {
        let rule = match error {
            CommitError::Busy { .. } => Rule::Busy,
            CommitError::DiskFull { .. } => Rule::DiskFull,
            CommitError::ReadOnly { .. } => Rule::ReadOnly,
            CommitError::Known { .. }
            | CommitError::Equivocation { .. }
            | CommitError::Unfit(_)
            | CommitError::Refused { .. }
            | CommitError::Dead(_)
            | CommitError::Closed => Rule::Ledger,
        };
        Self::new(rule, id, hash, error.to_string())
    }

    /// As a frame.
    #[must_use]
    pub fn to_wire(&self) -> v1::Refused {
        v1::Refused {
            sha256: self.hash.as_bytes().to_vec().into(),
            id: self.id.to_vec().into(),
            rule: self.rule.name().into(),
            explanation: self.explanation.clone(),
            permanent: self.rule.permanent(),
        }
    }
}
