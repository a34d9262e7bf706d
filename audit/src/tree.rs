//! The Merkle tree of RFC 6962: hashes, the growing right edge, proofs and their verification.
//!
//! A complete subtree of `2^level` leaves that starts at leaf `index * 2^level` is the *node* `(level, index)`. Nodes
//! never change once complete, so a store may keep them for ever; everything else is computed from them.
//! This module holds no storage: a [`NodeReader`] fetches nodes, a [`Frontier`] says which ones a new leaf completes.

mod proof;
mod subtree;

pub use proof::{ProofError, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};
pub use subtree::{is_subtree, subtree_proof, verify_subtree};

use crate::hash::Hash;

/// Hash of a leaf: `SHA-256(0x00 || entry)`.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash::of_parts(&[&[0x00], entry])
}

/// Hash of an inner node: `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[0x01], left.as_bytes(), right.as_bytes()])
}

/// Root of the tree without leaves: `SHA-256("")`.
#[must_use]
pub fn empty_root() -> Hash {
    Hash::of(b"")
}

/// Fetches complete nodes of one tree.
pub trait NodeReader {
    /// Why a node could not be read.
    type Error;

    /// Hash of the complete subtree of `2^level` leaves that starts at leaf `index * 2^level`.
    ///
    /// # Errors
    /// When the node cannot be read, which includes that the tree is too small to have it.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

impl<R: NodeReader> NodeReader for &R {
    type Error = R::Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, R::Error> {
        (**self).node(level, index)
    }
}

/// A node that has become complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletedNode {
    /// 0 for a leaf.
    pub level: u8,
    /// Place among the nodes of its level.
    pub index: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The right edge of a growing tree: one node for each 1 bit of its size, largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    edge: Vec<Hash>,
}

/// The hashes given are not as many as the size needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tree of {size} leaves has {needed} edge nodes, not {found}")]
pub struct WrongEdge {
    /// Leaves of the tree.
    pub size: u64,
    /// Edge nodes that a tree of this size has.
    pub needed: usize,
    /// Edge nodes given.
    pub found: usize,
}

impl Frontier {
    /// The edge of the empty tree.
    #[must_use]
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// The edge from its stored parts, largest subtree first.
    ///
    /// # Errors
    /// When the number of hashes does not fit the size.
    pub fn from_parts(size: u64, edge: Vec<Hash>) -> Result<Frontier, WrongEdge> {
        let needed = size.count_ones() as usize;
        if edge.len() == needed {
            Ok(Frontier { size, edge })
        } else {
            Err(WrongEdge {
                size,
                needed,
                found: edge.len(),
            })
        }
    }

    /// The edge of a tree of `size` leaves, read from its nodes.
    ///
    /// # Errors
    /// When the reader fails.
    pub fn read<R: NodeReader>(reader: &R, size: u64) -> Result<Frontier, R::Error> {
        let mut edge = Vec::with_capacity(size.count_ones() as usize);
        for (level, index) in edge_nodes(size) {
            edge.push(reader.node(level, index)?);
        }
        Ok(Frontier { size, edge })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The edge nodes, largest subtree first; with [`Frontier::size`] enough for [`Frontier::from_parts`].
    #[must_use]
    pub fn parts(&self) -> &[Hash] {
        &self.edge
    }

    /// Appends one leaf and returns every node it completes: the leaf itself, then upwards.
    pub fn push(&mut self, leaf: Hash) -> Vec<CompletedNode> {
        let mut node = CompletedNode {
            level: 0,
            index: self.size,
            hash: leaf,
        };
        let mut completed = vec![node];
        while node.index & 1 == 1 {
            let Some(left) = self.edge.pop() else { break };
            node = CompletedNode {
                level: node.level + 1,
                index: node.index >> 1,
                hash: node_hash(&left, &node.hash),
            };
            completed.push(node);
        }
        self.edge.push(node.hash);
        self.size += 1;
        completed
    }

    /// The root of the tree as it stands.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_right = self.edge.iter().rev();
        let Some(last) = from_right.next() else {
            return empty_root();
        };
        from_right.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The nodes whose hashes make up the edge of a tree of `size` leaves, largest first, as `(level, index)`.
pub fn edge_nodes(size: u64) -> impl Iterator<Item = (u8, u64)> {
    (0..64u8)
        .rev()
        .filter(move |level| (size >> level) & 1 == 1)
        .map(move |level| {
            let before = (size >> level) & !1;
            (level, before)
        })
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// When the reader fails.
pub fn root_at<R: NodeReader>(reader: &R, size: u64) -> Result<Hash, R::Error> {
    Frontier::read(reader, size).map(|frontier| frontier.root())
}

#[cfg(test)]
pub(crate) mod tests;
