//! What stood against a message of its channel or exercise when it came: kept, because a later start knows other charters.
//!
//! Signatures are judged again from bytes and the time of storing. A charter that comes later would change a past judgement,
//! and so would one whose releaser has ended since. So this judgement is a fact of its round. Consents to charters that were
//! first received after their releaser's key had ended stand here too, by the hash of their bytes.

use hotline_audit::Hash;
use hotline_ledger::Record;
use serde::{Deserialize, Serialize};

use crate::{judge::Rejected, memory, seal::NotOpened};

/// Rule of a consent whose key had ended when it first came.
pub const ENDED_CONSENT: &str = "ENDED_CONSENT";

/// One judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Stable name of the rule: `NO_CHARTER`, `OTHER_EXERCISE`, `UNSEALED`, `MISMATCH`, `NOT_OPENED`,
    /// `ENDED_CONSENT`.
    pub rule: String,
    /// Why, in words.
    pub why: String,
}

impl Verdict {
    /// The judgement that is kept of a rejection; none of one that is made again from bytes at each start.
    #[must_use]
    pub fn of(rejected: &Rejected) -> Option<Self> {
        let rule = match rejected {
            Rejected::NoCharter(_) => "NO_CHARTER",
            Rejected::OtherExercise { .. } => "OTHER_EXERCISE",
            _ => return None,
        };
        Some(Self {
            rule: rule.into(),
            why: rejected.to_string(),
        })
    }

    /// The judgement of words that did not open when they came. Settings, keys and rosters change, and this desk has said
    /// for good that it does not show them.
    #[must_use]
    pub fn not_opened(why: &NotOpened) -> Self {
        Self {
            rule: why.alarm().into(),
            why: Rejected::Content(why.clone()).to_string(),
        }
    }

    /// As a record, by the hash of what it is about.
    #[must_use]
    pub fn record(&self, about: &Hash) -> Record {
        Record::Put {
            space: memory::VERDICT,
            key: about.as_bytes().to_vec(),
            // Plain text: this cannot fail.
            value: serde_json::to_vec(self).unwrap_or_default(),
        }
    }

    /// Reads a record back.
    #[must_use]
    pub fn read(key: &[u8], value: &[u8]) -> Option<(Hash, Self)> {
        Some((Hash::from_slice(key)?, serde_json::from_slice(value).ok()?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_rejection_for_the_channel_alone_is_kept_and_reads_back() {
        let rejected = Rejected::NoCharter("MARITIME".into());
        let verdict = Verdict::of(&rejected).unwrap();
        let about = Hash::of(b"message");
        let Record::Put { key, value, .. } = verdict.record(&about) else {
            panic!("it is put");
        };
        let (of, read) = Verdict::read(&key, &value).unwrap();
        assert_eq!((of, read.rule.as_str()), (about, "NO_CHARTER"));
        assert_eq!(read.why, rejected.to_string());
        assert_eq!(Verdict::of(&Rejected::Officer("weak".into())), None);
    }

    #[test]
    fn whatever_words_did_not_open_when_they_came_stand_under_a_verdict_for_good() {
        for (why, rule) in [
            (NotOpened::Unsealed, "UNSEALED"),
            (NotOpened::Mismatch("no padding"), "MISMATCH"),
            (NotOpened::NotForUs(2), "NOT_OPENED"),
            (NotOpened::ContentKey, "NOT_OPENED"),
            (NotOpened::Ciphertext, "NOT_OPENED"),
        ] {
            let verdict = Verdict::not_opened(&why);
            assert_eq!(verdict.rule, rule);
            assert!(verdict.why.contains(&why.to_string()), "{}", verdict.why);
        }
    }
}
