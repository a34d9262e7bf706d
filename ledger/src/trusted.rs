//! What a node has believed: the newest roster, deny-list, CA and revocation list of each trust domain, as small records.
//!
//! Files can be put back to an older state while a node is stopped, and then everybody who was revoked would come back.
//! A node remembers what it took, in its own ledger, and refuses older files at its next start and whenever it reads them
//! anew. The format of a record is in `ledger/README.md`.
//!
//! Nothing is read from trust folders here; what was read and verified is handed in.

mod mark;
mod rooted;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hotline_audit::Hash;
use hotline_audit::key::{DenyList, Roster, RosterSet};

use crate::entry::Record;
use crate::error::ReadError;
use crate::inspect::Inspector;
use crate::ledger::Ledger;

use mark::Mark;

/// Where the records lie.
const SPACE: &str = "trust";

/// Trust domains that are remembered. 256: far beyond the two of a line; nobody but the node's keeper adds one.
const DOMAINS_MAX: usize = 256;

/// A trust domain's CA and its revocation list, as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaSeen {
    /// The trust domain.
    pub domain: String,
    /// SHA-256 of the CA's public key.
    pub key: Hash,
    /// Number of its newest revocation list, in decimal; none without a list.
    pub list: Option<String>,
}

/// Files of a trust folder that are older than what this node has believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{}: {why}, and what was revoked would come back; bring the newest file of another relay or desk, or take a newer trust file over with hotline pki trust", file.display()
)]
pub struct OlderTrust {
    /// The file.
    pub file: PathBuf,
    /// What is older, in words.
    pub why: String,
}

/// What a node has believed, by trust domain.
#[derive(Clone, Debug, Default)]
pub struct TrustMemory {
    marks: BTreeMap<String, Mark>,
    /// Orders that the log of this process has called void, by trust domain.
    told: BTreeMap<String, BTreeSet<u64>>,
    /// Counts changes.
    serial: u64,
    /// The last change that is on disk.
    kept: u64,
}

impl TrustMemory {
    /// What a ledger remembers. A record that cannot be read is told in the log and counts as none.
    ///
    /// # Errors
    /// The engine failed.
    pub fn load(ledger: &Ledger) -> Result<Self, ReadError> {
        Ok(Self::from_rows(ledger.records(SPACE, b"", DOMAINS_MAX)?))
    }

    /// The same from outside, beside the ledger's owner.
    ///
    /// # Errors
    /// The engine failed.
    pub fn inspect(ledger: &Inspector) -> Result<Self, ReadError> {
        Ok(Self::from_rows(ledger.records(SPACE, b"", None, DOMAINS_MAX)?))
    }

    fn from_rows(rows: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        let mut marks = BTreeMap::new();
        for (key, value) in rows {
            let domain = String::from_utf8_lossy(&key).into_owned();
            match std::str::from_utf8(&value).ok().and_then(Mark::read) {
                Some(mark) => {
                    marks.insert(domain, mark);
                }
                None => tracing::error!(
                    event = "security",
                    kind = "TRUST_FORGOTTEN",
                    domain,
                    "the ledger's record of what was believed cannot be read"
                ),
            }
        }
        Self {
            marks,
            ..Self::default()
        }
    }

    /// Numbers of the orders of a deny-list that are to end nobody: those that were not seen while their officers' keys
    /// were valid. One whose keys were over when it was seen stays so, whatever the clock says later; one whose keys were
    /// not valid yet is judged anew each time. Of a statement root that was never believed before, every order counts.
    #[must_use]
    pub fn unproven(&self, list: &DenyList, roster: &Roster, now_ms: u64) -> BTreeSet<u64> {
        let held = self.marks.get(roster.trust_domain());
        held.and_then(|mark| mark.under(roster))
            .map(|rooted| rooted.unproven(list, roster, now_ms))
            .unwrap_or_default()
    }

    /// Refuses what is older than what was believed. A trust domain that is not there is no part of this.
    ///
    /// # Errors
    /// [`OlderTrust`] names the file in `folder`.
    pub fn check(&self, folder: &Path, rosters: &RosterSet, cas: &[CaSeen]) -> Result<(), OlderTrust> {
        for roster in rosters.rosters() {
            let domain = roster.trust_domain();
            let Some(mark) = self.marks.get(domain) else {
                continue;
            };
            let none = DenyList::empty(roster);
            let denied = rosters.deny_list(domain).unwrap_or(&none);
            let ca = cas.iter().find(|ca| ca.domain == domain);
            mark.check(roster, denied, ca).map_err(|(file, why)| OlderTrust {
                file: folder.join(domain).join(file),
                why,
            })?;
        }
        Ok(())
    }

    /// Remembers what is believed now. It was checked before.
    pub fn take(&mut self, rosters: &RosterSet, cas: &[CaSeen], now_ms: u64) {
        for roster in rosters.rosters() {
            let domain = roster.trust_domain();
            let none = DenyList::empty(roster);
            let denied = rosters.deny_list(domain).unwrap_or(&none);
            let ca = cas.iter().find(|ca| ca.domain == domain);
            let before = self.marks.get(domain);
            let mark = Mark::of(roster, denied, ca, before, now_ms);
            if before != Some(&mark) && (before.is_some() || self.marks.len() < DOMAINS_MAX) {
                self.marks.insert(domain.to_owned(), mark);
                self.serial += 1;
            }
            self.tell(domain, denied.void());
        }
    }

    /// Once each time that there are orders which were not void before.
    fn tell(&mut self, domain: &str, void: &BTreeSet<u64>) {
        let told = self.told.entry(domain.to_owned()).or_default();
        if !void.is_subset(told) {
            tracing::error!(
                event = "security",
                kind = "DENY_UNPROVEN",
                domain,
                orders = ?void,
                "orders of a deny-list end nobody here: a key of their officers was not valid when they were seen"
            );
        }
        told.clone_from(void);
    }

    /// What is not on disk yet, with the number to call [`kept`](Self::kept) with once it is; none if all of it is.
    #[must_use]
    pub fn to_keep(&self) -> Option<(u64, Vec<Record>)> {
        if self.serial == self.kept {
            return None;
        }
        let record = |(domain, mark): (&String, &Mark)| Record::Put {
            space: SPACE,
            key: domain.as_bytes().to_vec(),
            value: mark.to_text().into_bytes(),
        };
        Some((self.serial, self.marks.iter().map(record).collect()))
    }

    /// What was handed out under this number is on disk.
    pub fn kept(&mut self, serial: u64) {
        self.kept = self.kept.max(serial);
    }
}

#[cfg(test)]
mod tests;
