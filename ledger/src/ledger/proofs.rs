//! Proofs over the committed tree, made by the audit crate from our nodes.

use hotline_audit::Hash;
use hotline_audit::tree::{ProofError, consistency_proof, inclusion_proof, root_at};

use super::Ledger;
use crate::error::ReadError;
use crate::nodes::Nodes;
use std::sync::Arc;

impl Ledger {
    /// The nodes of the tree as it is now.
    ///
    /// # Errors
    /// The log did not give the root of its head when it was opened.
    pub fn nodes(&self) -> Result<Nodes, ReadError> {
        let shared = Arc::clone(&self.inner.shared);
        Ok(Nodes {
            tree: shared.tree()?,
            shared,
        })
    }

    /// The inclusion proof of leaf `index` in the tree of the first `size` leaves.
    ///
    /// # Errors
    /// The tree is not that large, proves nothing, or could not be read.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        let nodes = self.nodes_up_to(size)?;
        inclusion_proof(&nodes, index, size).map_err(unwrapped)
    }

    /// The consistency proof between the trees of the first `old` and the first `new` leaves.
    ///
    /// # Errors
    /// The tree is not that large, proves nothing, or could not be read.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        let nodes = self.nodes_up_to(new)?;
        consistency_proof(&nodes, old, new).map_err(unwrapped)
    }

    /// The root of the tree of the first `size` leaves.
    ///
    /// # Errors
    /// The tree is not that large, proves nothing, or could not be read.
    pub fn root_at(&self, size: u64) -> Result<Hash, ReadError> {
        let nodes = self.nodes_up_to(size)?;
        root_at(&nodes, size)
    }

    fn nodes_up_to(&self, size: u64) -> Result<Nodes, ReadError> {
        let nodes = self.nodes()?;
        if size > nodes.size() {
            return Err(ReadError::Outside {
                asked: size,
                size: nodes.size(),
            });
        }
        Ok(nodes)
    }
}

fn unwrapped(error: ProofError<ReadError>) -> ReadError {
    match error {
        ProofError::OutOfTree { inner, size } => ReadError::Outside { asked: inner, size },
        ProofError::Node(error) => error,
    }
}
