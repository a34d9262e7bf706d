//! What a desk keeps beside its log: each relay's acceptance of its statements, with the proof that was checked.

use hotline_audit::{
    Checkpoint, Hash,
    proof::TlogProof,
    tree::{leaf_hash, verify_inclusion},
};
use hotline_client::memory::{self, Acceptance};
use hotline_ledger::Inspector;

use super::read;
use crate::exit::{self, Failure};

/// Most relays' acceptances of one statement that are read.
const MAX_RELAYS: usize = 64;

/// A relay's acceptance as a proof file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The relay, by its name alone.
    pub relay: String,
    /// Its log, as the kept note names it.
    pub origin: String,
    /// The proof.
    pub proof: TlogProof,
    /// When it was stored here, milliseconds since 1970.
    pub stored_ms: u64,
}

/// Relays whose acceptance of this statement is kept, in the order of their names.
///
/// # Errors
/// The ledger cannot be read.
pub fn relays(ledger: &Inspector, statement: &Hash) -> Result<Vec<String>, Failure> {
    Ok(acceptances(ledger, statement)?
        .into_iter()
        .map(|kept| kept.relay.to_string())
        .collect())
}

/// The kept acceptances of a statement as proofs. One whose note is not there any more proves nothing, and is left out.
///
/// # Errors
/// The ledger cannot be read.
pub fn proofs(ledger: &Inspector, statement: &Hash) -> Result<Vec<Held>, Failure> {
    let mut held = Vec::new();
    for kept in acceptances(ledger, statement)? {
        let key = memory::note_key(&kept.relay, kept.size);
        let note = ledger
            .record(memory::NOTE, &key)
            .map_err(|error| read::damaged(exit::chain(&error)))?;
        let Some(note) = note else { continue };
        let Ok(checkpoint) = Checkpoint::danger_parse_unverified(&note) else {
            continue;
        };
        held.push(Held {
            relay: kept.relay.to_string(),
            origin: checkpoint.origin,
            proof: TlogProof {
                extra: None,
                index: kept.index,
                hashes: kept.proof,
                checkpoint: note,
            },
            stored_ms: kept.stored_ms,
        });
    }
    Ok(held)
}

/// Whether the hashes of a proof lead from these bytes to the root in its note. Who signed the note is not judged.
#[must_use]
pub fn leads(proof: &TlogProof, bytes: &[u8]) -> bool {
    Checkpoint::danger_parse_unverified(&proof.checkpoint).is_ok_and(|head| {
        verify_inclusion(
            &leaf_hash(bytes),
            proof.index,
            head.size,
            &head.root,
            &proof.hashes,
        )
    })
}

fn acceptances(ledger: &Inspector, statement: &Hash) -> Result<Vec<Acceptance>, Failure> {
    let rows = ledger
        .records(memory::ACCEPTED, statement.as_bytes(), None, MAX_RELAYS)
        .map_err(|error| read::damaged(exit::chain(&error)))?;
    Ok(rows
        .iter()
        .filter_map(|(key, value)| Acceptance::read(key, value))
        .collect())
}
