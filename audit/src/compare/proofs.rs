//! Proofs that convince a third party: two signed histories of one log, two statements for one place.

use std::convert::Infallible;
use std::fmt;

use data_encoding::BASE64;

use super::Log;
use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::tree::{Frontier, NodeReader, inclusion_proof, leaf_hash, verify_inclusion};
use crate::trust::TrustPolicy;

/// Two checkpoints that one log has signed, and an index at which their trees hold different leaves (or, when neither
/// has a leaf to show, two roots for one size).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ForkProof {
    /// The first index that differs.
    pub index: u64,
    /// The first history.
    pub a: ForkBranch,
    /// The second history.
    pub b: ForkBranch,
}

/// One history of a forked log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ForkBranch {
    /// The signed note.
    pub note: String,
    /// Hash of the leaf at the index.
    pub leaf: Hash,
    /// Proof that it stands there.
    pub inclusion: Vec<Hash>,
}

impl ForkProof {
    /// True when both histories are signed by one log that the policy knows, and do contradict each other. Whether a key
    /// that has ended since made them before is for the caller to judge.
    #[must_use]
    pub fn holds(&self, trust: &TrustPolicy) -> bool {
        let believed = |branch: &ForkBranch| {
            let (checkpoint, _) = trust.signed_checkpoint(branch.note.as_bytes()).ok()?;
            let Checkpoint { size, root, .. } = &checkpoint;
            verify_inclusion(&branch.leaf, self.index, *size, root, &branch.inclusion)
                .then_some(checkpoint.origin)
        };
        match (believed(&self.a), believed(&self.b)) {
            (Some(a), Some(b)) => a == b && self.a.leaf != self.b.leaf,
            (Some(_) | None, _) => false,
        }
    }
}

/// The proof that two copies of one log part, if they do.
pub(crate) fn fork(a: &Log, b: &Log) -> Option<ForkProof> {
    let place = a.entries.iter().zip(&b.entries).position(|(a, b)| a != b)?;
    Some(ForkProof {
        index: place as u64,
        a: branch(a, place)?,
        b: branch(b, place)?,
    })
}

fn branch(log: &Log, place: usize) -> Option<ForkBranch> {
    let tree = EntryTree::new(&log.entries);
    let inclusion = inclusion_proof(&tree, place as u64, log.entries.len() as u64).ok()?;
    let note = String::from_utf8(log.note.clone()).ok()?;
    Some(ForkBranch {
        note,
        leaf: leaf_hash(log.entries.get(place)?),
        inclusion,
    })
}

/// All complete nodes of a tree in memory.
#[derive(Debug)]
pub(crate) struct EntryTree {
    levels: Vec<Vec<Hash>>,
}

impl EntryTree {
    pub(crate) fn new(entries: &[Vec<u8>]) -> EntryTree {
        let mut levels: Vec<Vec<Hash>> = vec![Vec::new(); 64];
        let mut frontier = Frontier::new();
        for entry in entries {
            for node in frontier.push(leaf_hash(entry)) {
                if let Some(level) = levels.get_mut(usize::from(node.level)) {
                    level.push(node.hash);
                }
            }
        }
        EntryTree { levels }
    }
}

impl NodeReader for EntryTree {
    type Error = Infallible;

    /// Every node that a proof within the tree asks for is complete, hence there.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let nodes = self.levels.get(usize::from(level));
        let node = nodes.and_then(|nodes| nodes.get(usize::try_from(index).ok()?));
        Ok(node.copied().unwrap_or(Hash::ZERO))
    }
}

/// Two statements of one sender that cannot both stand.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EquivocationProof {
    /// Who signed both.
    pub sender: String,
    /// What they share: `id` or `place`, and of two orders `number`.
    pub shared: &'static str,
    /// Index in the first log.
    pub index_a: u64,
    /// Index in the second log.
    pub index_b: u64,
    /// Exact bytes in the first log, base64.
    pub statement_a: String,
    /// Exact bytes in the second log, base64.
    pub statement_b: String,
}

impl EquivocationProof {
    pub(crate) fn new(
        sender: &str,
        shared: &'static str,
        a: (u64, &[u8]),
        b: (u64, &[u8]),
    ) -> EquivocationProof {
        EquivocationProof {
            sender: sender.to_owned(),
            shared,
            index_a: a.0,
            index_b: b.0,
            statement_a: BASE64.encode(a.1),
            statement_b: BASE64.encode(b.1),
        }
    }
}

impl fmt::Display for EquivocationProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sender = self.sender.escape_debug();
        write!(
            f,
            "{sender} signed two statements with one {}: #{} and #{}",
            self.shared, self.index_a, self.index_b
        )
    }
}
