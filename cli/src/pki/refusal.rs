//! Why the other side's trust file was not taken over, and what to do then.

/// Why the other side's trust file was not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustRefusal {
    /// Something in it does not hold together.
    #[error("{part} does not hold: {why}")]
    Inconsistent {
        /// Which part: "the signature", "the roster", …
        part: &'static str,
        /// What was wrong with it.
        why: String,
    },
    /// It is a file of this very domain.
    #[error("it is a file of our own domain {domain}")]
    OwnDomain {
        /// The domain.
        domain: String,
    },
    /// One of the two is an exercise, the other is not.
    #[error("{theirs} belongs to {their_world}, {ours} to {our_world}; these two worlds never meet")]
    OtherWorld {
        /// Their domain.
        theirs: String,
        /// Its world.
        their_world: &'static str,
        /// Our domain.
        ours: String,
        /// Its world.
        our_world: &'static str,
    },
    /// What we already trust is newer.
    #[error("its {what} has number {offered}, but number {known} is already trusted")]
    Older {
        /// "roster" or "revocation list".
        what: &'static str,
        /// The number in the file.
        offered: u64,
        /// The number that is trusted.
        known: u64,
    },
    /// The roster tells another past than the one we have.
    #[error("its roster differs at entry {number} from the one already trusted: two histories of one side")]
    OtherHistory {
        /// First entry that differs.
        number: u64,
    },
    /// The anchors changed.
    #[error("the {what} of {domain} is another one than the one already trusted")]
    AnchorChanged {
        /// "CA" or "statement root".
        what: &'static str,
        /// The domain.
        domain: String,
    },
    /// The words given are not the words of the file.
    #[error("the words given are not the words of this file, which are: {words}")]
    WordsDiffer {
        /// The words of the file.
        words: String,
    },
    /// Nobody has compared the words.
    #[error("nobody has compared its words yet: {words}")]
    WordsNotCompared {
        /// The words of the file.
        words: String,
    },
}

impl TrustRefusal {
    /// One next step.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
        Self::Inconsistent { .. } => "ask the other side to export it again and to send it another way".into(),
        Self::OwnDomain { .. } => "take the file that the other side exported".into(),
        Self::OtherWorld { .. } => "ask the other side for the file of its domain in the same world".into(),
        Self::Older { .. } => "ask the other side for a fresh export: hotline pki export".into(),
        Self::OtherHistory { .. } => {
            "keep both files, call the other side's security officer, and trust neither before you know why".into()
        }
        Self::AnchorChanged { .. } => {
            "call the other side, compare the words, then run the same command with --replace".into()
        }
        Self::WordsDiffer { .. } => "read the words once more over the telephone; if they differ, burn the file".into(),
        Self::WordsNotCompared { .. } => {
            "let the other side read its words aloud, then add --words \"…\" (or --yes if you made both sides yourself)".into()
        }
    }
    }
}
