//! The one word, and the exit code that goes with it.

use std::fmt;

use crate::verify::Fault;

/// What evidence comes to, from the gravest to the best. `FORMAT.md` §20 has the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// One log key signed two histories.
    Fork,
    /// One signer signed two statements for one place or id.
    Equivocation,
    /// Something was edited, removed, inserted or moved; at this index where it is known.
    Altered(Option<u64>),
    /// The end of a log is missing.
    Truncated,
    /// Something else that must not be, by the name of its rule.
    Failed(&'static str),
    /// Nothing can be said, by the name of the rule.
    CannotTell(&'static str),
    /// One side lacks a message, and nothing proves that it arrived.
    SentNoReceipt,
    /// One side lacks a message or a receipt, and a receipt proves that the message was delivered.
    ReceiptProvesDelivery,
    /// One side holds what the other lacks, and no message is among it.
    OnlyOneHolds,
    /// Everything fits.
    Match,
}

impl Ruling {
    /// How grave it is; 0 is the gravest.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Ruling::Fork => 0,
            Ruling::Equivocation => 1,
            Ruling::Altered(_) => 2,
            Ruling::Truncated => 3,
            Ruling::Failed(_) => 4,
            Ruling::CannotTell(_) => 5,
            Ruling::SentNoReceipt => 6,
            Ruling::ReceiptProvesDelivery => 7,
            Ruling::OnlyOneHolds => 8,
            Ruling::Match => 9,
        }
    }

    /// Exit code of the program.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Ruling::Match => 0,
            Ruling::OnlyOneHolds => 1,
            Ruling::CannotTell(_) => 4,
            Ruling::Failed(_) => 8,
            Ruling::SentNoReceipt => 10,
            Ruling::ReceiptProvesDelivery => 11,
            Ruling::Truncated => 12,
            Ruling::Altered(_) => 13,
            Ruling::Fork => 14,
            Ruling::Equivocation => 15,
        }
    }

    /// The word alone, as JSON has it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Ruling::Fork => "FORK",
            Ruling::Equivocation => "EQUIVOCATION",
            Ruling::Altered(_) => "ALTERED",
            Ruling::Truncated => "TRUNCATED",
            Ruling::Failed(_) => "FAILED",
            Ruling::CannotTell(_) => "CANNOT_TELL",
            Ruling::SentNoReceipt => "SENT_NO_RECEIPT",
            Ruling::ReceiptProvesDelivery => "RECEIPT_PROVES_DELIVERY",
            Ruling::OnlyOneHolds => "ONLY_ONE_HOLDS",
            Ruling::Match => "MATCH",
        }
    }

    /// The ruling for one fault of a log. Where its checkpoint is not believed nothing can be said.
    pub(super) fn of_fault(fault: &Fault, believed: bool) -> Ruling {
        match fault.rule {
            rule if !believed => Ruling::CannotTell(rule),
            "FORK" => Ruling::Fork,
            "EQUIVOCATION" => Ruling::Equivocation,
            "MISSING_ENTRY" | "ROLLBACK" => Ruling::Truncated,
            "REVOKED_KEY" => Ruling::Failed("REVOKED_KEY"),
            _ => Ruling::Altered(fault.index),
        }
    }
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ruling::Altered(Some(index)) => write!(f, "ALTERED({index})"),
            Ruling::Failed(rule) => write!(f, "FAILED({rule})"),
            Ruling::CannotTell(rule) => write!(f, "CANNOT_TELL({rule})"),
            Ruling::Fork
            | Ruling::Equivocation
            | Ruling::Altered(None)
            | Ruling::Truncated
            | Ruling::SentNoReceipt
            | Ruling::ReceiptProvesDelivery
            | Ruling::OnlyOneHolds
            | Ruling::Match => f.write_str(self.word()),
        }
    }
}

impl serde::Serialize for Ruling {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
