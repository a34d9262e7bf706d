//! READ_BACK, CONFIRMED, CORRECTED: the recipient says what it understood, and the sender says whether that is it.
//!
//! Each of the two signs in a chain of its own, and their statements may cross. So a confirmation counts only for the very
//! words that it repeats: whoever confirms one reading never confirms a later one that it had not seen.

use std::fmt;

use super::{Fact, Ladder};
use crate::{identity::Identity, words::Rung};

/// Where the reading back of a message stands at one recipient.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ReadBack<'l> {
    /// Nothing was read back.
    Nothing,
    /// It waits for the sender's word.
    Awaits {
        /// What was read back last.
        words: &'l str,
    },
    /// The sender has confirmed the newest reading.
    Confirmed {
        /// What was read back.
        words: &'l str,
    },
    /// The sender has corrected it: it is to be read back again.
    Corrected {
        /// What was read back last.
        words: &'l str,
        /// What the sender says is right.
        correction: &'l str,
    },
}

impl ReadBack<'_> {
    /// Its formal name: `READ_BACK`, `CONFIRMED`, `CORRECTED`; empty for nothing.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Awaits { .. } => "READ_BACK",
            Self::Confirmed { .. } => "CONFIRMED",
            Self::Corrected { .. } => "CORRECTED",
        }
    }
}

/// Without the words: they are a message's content.
impl fmt::Debug for ReadBack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for ReadBack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("not read back"),
            Self::Awaits { .. } => f.write_str("read back, waits for its sender's CONFIRMED or CORRECTED"),
            Self::Confirmed { .. } => f.write_str("read back, and confirmed by its sender"),
            Self::Corrected { .. } => {
                f.write_str("read back, corrected by its sender: to be read back again")
            }
        }
    }
}

impl Ladder {
    /// Where the reading back at a desk stands. It depends only on which facts came, so both sides see the same once both
    /// have them: confirmed is what the sender repeated word for word; corrected, if the sender has said so as often as
    /// was read back. Of readings the earliest [`MAX_SAYINGS`](super::MAX_SAYINGS) of an officer are kept.
    #[must_use]
    pub fn read_back(&self, desk: &Identity) -> ReadBack<'_> {
        let read = self.sayings(Rung::ReadBack, Some(desk));
        let Some(newest) = read.last() else {
            return ReadBack::Nothing;
        };
        let words = newest.text.as_str();
        let confirmed = self.facts(Rung::Confirmed).any(|fact| fact.text == words);
        let corrected = self.sayings(Rung::Corrected, None);
        match corrected.last() {
            _ if confirmed => ReadBack::Confirmed { words },
            Some(last) if corrected.len() >= read.len() => ReadBack::Corrected {
                words,
                correction: &last.text,
            },
            _ => ReadBack::Awaits { words },
        }
    }

    /// The newest reading at a desk and the correction that it is to be read back again after; none if its sender's newest
    /// word is not CORRECTED.
    #[must_use]
    pub fn corrected(&self, desk: &Identity) -> Option<(&Fact, &Fact)> {
        let ReadBack::Corrected { .. } = self.read_back(desk) else {
            return None;
        };
        let read = self.sayings(Rung::ReadBack, Some(desk)).pop()?;
        Some((read, self.sayings(Rung::Corrected, None).pop()?))
    }

    /// Who is to act, and has read back.
    pub fn read_backs(&self) -> impl Iterator<Item = (&Identity, ReadBack<'_>)> {
        self.action_desks()
            .map(|desk| (desk, self.read_back(desk)))
            .filter(|(_, stands)| *stands != ReadBack::Nothing)
    }

    /// What was said on a rung at one desk, or anywhere, in the order of the chain.
    fn sayings(&self, rung: Rung, desk: Option<&Identity>) -> Vec<&Fact> {
        let of_desk = |fact: &&Fact| desk.is_none() || fact.signer.desk() == desk;
        let mut sayings: Vec<&Fact> = self.facts(rung).filter(of_desk).collect();
        sayings.sort_by_key(|fact| (fact.place, *fact));
        sayings
    }
}

#[cfg(test)]
mod tests;
