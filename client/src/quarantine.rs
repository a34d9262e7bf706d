//! What was first received after its signer's key had ended: kept as evidence, never shown as genuine.
//!
//! A thief can write any time into a statement, so claimed times decide nothing; what decides is whether the desk had the
//! revocation when the statement came. A statement of a desk whose key has ended stays beside the log and takes no place
//! in a chain: its true owner may have signed another one there. A message or act of a good desk with an ended officer's
//! signature inside stands in the log, for its desk did sign it, and climbs nothing. Both are remembered here.
//!
//! The second kind is answered with DELIVERED, the first is not. DELIVERED says that the peer desk verified, stored and
//! logged a statement, and nothing of what it is worth: of a good desk's statement that is true, its sender's outbox must
//! come to rest, and its chain has no gap here. It is no word of belief: that begins with DISPLAYED, and what is
//! quarantined is never displayed.

use data_encoding::BASE64;
use hotline_audit::{Hash, SignedStatement, statement::Payload};
use hotline_ledger::Record;
use serde::{Deserialize, Serialize};

use crate::memory;

/// Statements kept beside the log. 1,024, at most 60 KiB each: a thief who has a key cannot fill the disk with it.
/// Beyond it they are counted, and neither told one by one nor kept.
pub const KEPT_MAX: usize = 1_024;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// When it came, milliseconds since 1970.
    pub arrived_ms: u64,
    /// The leg that brought it.
    pub leg: String,
    /// Why.
    pub why: String,
    /// Its exact bytes in base64, if it stands beside the log; empty if in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bytes: String,
}

impl Quarantined {
    /// As a record.
    #[must_use]
    pub fn record(&self, hash: &Hash) -> Record {
        Record::Put {
            space: memory::QUARANTINE,
            key: hash.as_bytes().to_vec(),
            // Plain text and numbers: this cannot fail.
            value: serde_json::to_vec(self).unwrap_or_default(),
        }
    }

    /// Reads a record back.
    #[must_use]
    pub fn read(key: &[u8], value: &[u8]) -> Option<(Hash, Self)> {
        Some((Hash::from_slice(key)?, serde_json::from_slice(value).ok()?))
    }

    /// Whether it stands beside the log.
    #[must_use]
    pub fn beside_log(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// What it says, if it stands beside the log.
    #[must_use]
    pub fn payload(&self) -> Option<Payload> {
        let bytes = BASE64.decode(self.bytes.as_bytes()).ok()?;
        Payload::parse(&SignedStatement::parse(&bytes).ok()?).ok()
    }
}
