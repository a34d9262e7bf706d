//! What two relays' logs hold of rosters and deny-lists: each appends what it believes, so what only one holds is what
//! only one had heard of, or has left out. It contradicts nothing; it is listed beside the statements.

use std::collections::BTreeMap;
use std::fmt;

use super::Log;
use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::key::{Subject, is_roster_entry, subject_of_origin};
use crate::statement::{Deny, DenyOrder, KeyStatement, Revocation, SealKey};
use crate::verify::{LogReport, kind_name};

/// An entry of a roster, or an officer's statement of a deny-list, that only one of two relays' logs holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeyMissing {
    /// Its index in the log that holds it.
    pub index: u64,
    /// `key`, `seal key`, `revocation` or `deny`.
    pub kind: &'static str,
    /// Trust domain of the roster or list.
    pub trust_domain: String,
    /// Number in it.
    pub number: u64,
    /// Whom it is about: an identity, or the hash of the key statement that it ends.
    pub about: String,
    /// Hash of its bytes.
    pub sha256: Hash,
}

impl fmt::Display for KeyMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeyMissing {
            index, kind, number, ..
        } = self;
        write!(
            f,
            "#{index} {kind} {number} of {}, about {}",
            self.trust_domain.escape_debug(),
            self.about.escape_debug()
        )
    }
}

/// What only the first holds, and what only the second does. Logs of desks and of control hold nothing of it.
pub(super) fn differing(a: (&Log, &LogReport), b: (&Log, &LogReport)) -> [Vec<KeyMissing>; 2] {
    let (Some(a), Some(b)) = (entries_of(a), entries_of(b)) else {
        return [Vec::new(), Vec::new()];
    };
    let only = |one: &BTreeMap<Hash, KeyMissing>, other: &BTreeMap<Hash, KeyMissing>| {
        let mut only: Vec<KeyMissing> = one
            .iter()
            .filter(|(hash, _)| !other.contains_key(hash))
            .map(|(_, missing)| missing.clone())
            .collect();
        only.sort_by_key(|missing| missing.index);
        only
    };
    [only(&a, &b), only(&b, &a)]
}

/// What a relay's log holds of rosters and deny-lists, without the entries that its verification names; none for a log of
/// somebody else.
fn entries_of((log, report): (&Log, &LogReport)) -> Option<BTreeMap<Hash, KeyMissing>> {
    let origin = subject_of_origin(&report.checkpoint.as_ref()?.origin);
    if Subject::parse(&origin)?.role != "relay" {
        return None;
    }
    let sound = |index: u64| report.faults.iter().all(|fault| fault.index != Some(index));
    let entries = (0u64..).zip(&log.entries).filter(|(index, _)| sound(*index));
    let read = entries.filter_map(|(index, entry)| {
        let missing = read(index, entry)?;
        Some((missing.sha256, missing))
    });
    Some(read.collect())
}

fn read(index: u64, entry: &[u8]) -> Option<KeyMissing> {
    let statement = SignedStatement::parse(entry).ok()?;
    let kind = statement.payload_type;
    if !is_roster_entry(kind) && kind != PayloadType::Deny {
        return None;
    }
    let payload = &statement.payload;
    let (trust_domain, number, about) = match kind {
        PayloadType::Key => {
            let said = KeyStatement::decode(payload).ok()?;
            (said.trust_domain, said.number, said.subject)
        }
        PayloadType::SealKey => {
            let said = SealKey::decode(payload).ok()?;
            (said.trust_domain, said.number, said.subject)
        }
        PayloadType::Revocation => {
            let said = Revocation::decode(payload).ok()?;
            (said.trust_domain, said.number, said.key_statement.to_string())
        }
        _ => {
            let said = DenyOrder::decode(&Deny::decode(payload).ok()?.order).ok()?;
            (said.trust_domain, said.number, said.identity)
        }
    };
    Some(KeyMissing {
        index,
        kind: kind_name(kind),
        trust_domain,
        number,
        about,
        sha256: statement.hash(),
    })
}
