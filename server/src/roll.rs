//! The roll: what enrols and ends keys, as leaves of this relay's own log.
//!
//! Whoever reads the log later sees which statements stood before a key ended and which behind. So every roster entry and
//! every order of a deny-list that this relay believes is appended, in their order, when it starts and whenever it reads
//! its trust anew. An order that ends nobody here is not: what stands behind it would look refused, and was taken.
//!
//! Nothing is remembered for it: the log itself says what it holds.

use hotline_audit::{
    Hash, PayloadType, SignedStatement,
    key::{DenyList, Roster, RosterSet},
};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, Commit, Entry, Ledger, ReadError, Standing};

/// Entries in one batch. 256: half a megabyte of them, of the 4 MiB that a batch may have.
const ROUND_MAX: usize = 256;

/// What such a leaf is in the ledger's `kind` column, beside what desks send ([`crate::admit::Kind`]).
fn kind(of: PayloadType) -> u8 {
    match of {
        PayloadType::Key => 32,
        PayloadType::SealKey => 33,
        PayloadType::Revocation => 34,
        _ => 35,
    }
}

/// Hands everything that the log lacks to the ledger and returns what is to be awaited; what was handed over is written
/// even if nobody waits. In the bulk lane it is written behind whatever was handed over before. A relay that serves
/// read-only appends nothing.
pub(crate) fn hand_over(ledger: &Ledger, rosters: &RosterSet) -> Result<Vec<Commit>, ReadError> {
    if !matches!(ledger.standing(), Standing::Good) {
        return Ok(Vec::new());
    }
    let lacking = lacking(ledger, rosters)?;
    let batches = lacking.chunks(ROUND_MAX).map(|entries| {
        // Some may have been handed over a moment ago.
        ledger.commit(Batch::of(Lane::Bulk, entries.to_vec()).passing_over_held())
    });
    Ok(batches.collect())
}

/// Appends everything that the log lacks, and waits for it; false if that did not work and is to be tried again.
pub(crate) async fn append(handed_over: Result<Vec<Commit>, ReadError>) -> bool {
    let told = |error: &dyn std::fmt::Display| {
        tracing::warn!(%error, "roster entries could not be appended to the log; it is tried again");
        false
    };
    let commits = match handed_over {
        Ok(commits) => commits,
        Err(error) => return told(&error),
    };
    let mut all = true;
    for commit in commits {
        if let Err(error) = commit.await {
            all = told(&error);
        }
    }
    all
}

fn lacking(ledger: &Ledger, rosters: &RosterSet) -> Result<Vec<Entry>, ReadError> {
    let mut entries = Vec::new();
    for roster in rosters.rosters() {
        let domain = roster.trust_domain();
        let missing = missing_of(ledger, roster)?;
        entries.extend(missing.into_iter().filter_map(|bytes| entry(domain, bytes)));
        let Some(list) = rosters.deny_list(domain) else {
            continue;
        };
        for bytes in orders(list) {
            if ledger.by_hash(&Hash::of(bytes))?.is_none() {
                entries.extend(entry(domain, bytes));
            }
        }
    }
    Ok(entries)
}

/// The entries of a roster that the log does not hold. Mostly its end; but of several batches that were handed over an
/// earlier one may have failed where a later one did not.
fn missing_of<'r>(ledger: &Ledger, roster: &'r Roster) -> Result<Vec<&'r [u8]>, ReadError> {
    let mut missing = Vec::new();
    for entry in roster.entries() {
        if ledger.by_hash(&Hash::of(entry))?.is_none() {
            missing.push(entry);
        }
    }
    Ok(missing)
}

fn orders(list: &DenyList) -> impl Iterator<Item = &[u8]> {
    list.counting_statements().flatten().map(Vec::as_slice)
}

/// As the ledger takes it: in nobody's chain and in nobody's mailbox, signed by or for its trust domain.
pub(crate) fn entry(trust_domain: &str, bytes: &[u8]) -> Option<Entry> {
    let statement = SignedStatement::parse(bytes).ok()?;
    let hash = statement.hash();
    let id = *hash.as_bytes().first_chunk()?;
    Some(Entry {
        kind: kind(statement.payload_type),
        bytes: statement.into_bytes(),
        hash,
        sender: trust_domain.to_owned(),
        id,
        epoch: 0,
        sequence: 0,
        mailbox: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
