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
    /// Stable name of the rule: `NO_CHARTER`, `OTHER_EXERCISE`, `UNSEALED`, `MISMATCH`, `ENDED_CONSENT`.
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
            // Whether words may be in the clear is a setting, and settings change.
            Rejected::Content(NotOpened::Unsealed) => "UNSEALED",
            Rejected::Content(NotOpened::Mismatch(_)) => "MISMATCH",
            _ => return None,
        };
        Some(Self {
            rule: rule.into(),
            why: rejected.to_string(),
        })
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
}
