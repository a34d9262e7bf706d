//! Inclusion and consistency proofs: made from nodes, verified from hashes alone.
//!
//! Verification follows RFC 9162 §2.1.3.2 and §2.1.4.2 (the same tree as RFC 6962, better written down).

use super::{NodeReader, empty_root, node_hash};
use crate::hash::Hash;

/// Why a proof could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// The leaf or the older tree lies outside the tree.
    #[error("{inner} is outside a tree of {size} leaves")]
    OutOfTree {
        /// Index of the leaf, or size of the older tree.
        inner: u64,
        /// Size of the tree.
        size: u64,
    },
    /// A node could not be read.
    #[error("could not read a node of the tree")]
    Node(#[source] E),
}

/// The inclusion proof of leaf `index` in the tree of the first `size` leaves, from the leaf's sibling upwards.
///
/// # Errors
/// When the leaf is not in that tree, or the reader fails.
pub fn inclusion_proof<R: NodeReader>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    if index >= size {
        return Err(ProofError::OutOfTree { inner: index, size });
    }
    let mut range = Range { start: 0, len: size };
    let mut siblings = Vec::new();
    while range.len > 1 {
        let (left, right) = range.split();
        let (inside, beside) = if index < right.start {
            (left, right)
        } else {
            (right, left)
        };
        siblings.push(beside);
        range = inside;
    }
    hashes_of(reader, siblings.into_iter().rev())
}

/// The consistency proof between the trees of the first `old` and the first `new` leaves.
/// Empty when both are equal, or the older one is empty.
///
/// # Errors
/// When `old` is larger than `new`, or the reader fails.
pub fn consistency_proof<R: NodeReader>(
    reader: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    if old > new {
        return Err(ProofError::OutOfTree {
            inner: old,
            size: new,
        });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut range = Range { start: 0, len: new };
    let mut parts = Vec::new();
    // The older tree ends inside `range` until it ends exactly with it.
    while old != range.start + range.len {
        let (left, right) = range.split();
        let (inside, beside) = if old <= right.start {
            (left, right)
        } else {
            (right, left)
        };
        parts.push(beside);
        range = inside;
    }
    if range.start != 0 {
        // Not the older root itself, so the verifier does not have it.
        parts.push(range);
    }
    hashes_of(reader, parts.into_iter().rev())
}

/// True when `proof` shows that `leaf` is leaf `index` of the tree with `size` leaves and this `root`.
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let mut climb = Climb {
        node: index,
        last: size - 1,
    };
    let mut hash = *leaf;
    for sibling in proof {
        match climb.step() {
            Some(Sibling::Left) => hash = node_hash(sibling, &hash),
            Some(Sibling::Right) => hash = node_hash(&hash, sibling),
            None => return false,
        }
    }
    climb.last == 0 && hash == *root
}

/// True when `proof` shows that the tree with `old_size` leaves and `old_root` is a prefix of the tree with `new_size`
/// leaves and `new_root`. The empty tree is a prefix of every tree; its root must be [`empty_root`].
#[must_use]
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> bool {
    if old_size == 0 {
        return proof.is_empty() && *old_root == empty_root() && (new_size > 0 || old_root == new_root);
    }
    if old_size >= new_size {
        return old_size == new_size && proof.is_empty() && old_root == new_root;
    }
    let mut climb = Climb {
        node: old_size - 1,
        last: new_size - 1,
    };
    while climb.node & 1 == 1 {
        climb.up();
    }
    let (start, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        match proof.split_first() {
            Some(parts) => parts,
            None => return false,
        }
    };
    let (mut old_hash, mut new_hash) = (*start, *start);
    for sibling in rest {
        match climb.step() {
            Some(Sibling::Left) => {
                old_hash = node_hash(sibling, &old_hash);
                new_hash = node_hash(sibling, &new_hash);
            }
            Some(Sibling::Right) => new_hash = node_hash(&new_hash, sibling),
            None => return false,
        }
    }
    climb.last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// A node on its way to the root, and the last node of its level.
struct Climb {
    node: u64,
    last: u64,
}

/// On which side of the climbing node a proof hash belongs.
enum Sibling {
    Left,
    Right,
}

impl Climb {
    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    /// Takes one hash of the proof; `None` when the root has been reached and the proof is too long.
    fn step(&mut self) -> Option<Sibling> {
        if self.last == 0 {
            return None;
        }
        if self.node & 1 == 1 || self.node == self.last {
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
            self.up();
            Some(Sibling::Left)
        } else {
            self.up();
            Some(Sibling::Right)
        }
    }
}

/// A run of leaves whose start is a multiple of every power of two that is smaller than its length.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) len: u64,
}

impl Range {
    /// Splits at the largest power of two below the length. Only for two leaves or more.
    pub(super) fn split(self) -> (Range, Range) {
        let left = 1u64 << (self.len - 1).ilog2();
        (
            Range {
                start: self.start,
                len: left,
            },
            Range {
                start: self.start + left,
                len: self.len - left,
            },
        )
    }

    fn hash<R: NodeReader>(self, reader: &R) -> Result<Hash, R::Error> {
        if self.len.is_power_of_two() {
            let level = self.len.trailing_zeros();
            return reader.node(level as u8, self.start >> level);
        }
        let (left, right) = self.split();
        Ok(node_hash(&left.hash(reader)?, &right.hash(reader)?))
    }
}

pub(super) fn hashes_of<R: NodeReader>(
    reader: &R,
    ranges: impl Iterator<Item = Range>,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    ranges
        .map(|range| range.hash(reader).map_err(ProofError::Node))
        .collect()
}
