//! Exit codes of a ruling: those of the evidence format.

use crate::scenario::lists::Word;

impl Word {
    /// The exit code of the program that says it.
    #[must_use]
    pub const fn exit(self) -> u8 {
        match self {
            Self::Match => 0,
            Self::CannotTell => 4,
            Self::Failed => 8,
            Self::SentNoReceipt => 10,
            Self::ReceiptProvesDelivery => 11,
            Self::Truncated => 12,
            Self::Altered => 13,
            Self::Fork => 14,
            Self::Equivocation => 15,
        }
    }

    /// Whether it says that somebody handed in what is not what was.
    #[must_use]
    pub const fn convicts(self) -> bool {
        matches!(
            self,
            Self::Truncated | Self::Altered | Self::Fork | Self::Equivocation | Self::Failed
        )
    }
}
