//! The newest part of a relay's log, as this desk computes it from hashes of leaves.
//!
//! A consistency proof links two checkpoints; whoever knows a third one is not helped. Hashes of the leaves between give
//! the root of *every* size on the way. So an update that brings those since what its own session carried is linked
//! whatever other lanes brought meanwhile, or have lost.

use std::collections::{BTreeMap, VecDeque};

use hotline_audit::{Hash, tree::Frontier};

/// Leaves whose hashes and roots are kept. 1,024: what a busy line adds in a tenth of a second, an ordinary one in minutes.
const KEPT: usize = 1024;

/// A log from some size on.
#[derive(Debug)]
pub(super) struct Trail {
    frontier: Frontier,
    /// The roots of the newest sizes.
    roots: BTreeMap<u64, Hash>,
    /// The hashes of the newest leaves; the last is that of leaf `frontier.size() - 1`.
    leaves: VecDeque<Hash>,
}

/// Leaves behind the end of a trail, and the roots that they give.
#[derive(Debug)]
pub(super) struct Further {
    frontier: Frontier,
    added: Vec<(Hash, Hash)>,
    begin: u64,
}

/// Two lanes were shown different leaves at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Differs;

impl Trail {
    /// From the edge of a tree, if that has this root.
    pub(super) fn from_edge(size: u64, root: &Hash, edge: Vec<Hash>) -> Option<Self> {
        let frontier = Frontier::from_parts(size, edge).ok()?;
        (size > 0 && frontier.root() == *root).then(|| Self {
            frontier,
            roots: BTreeMap::from([(size, *root)]),
            leaves: VecDeque::new(),
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// These leaves, of which the first is number `from`, as far as they are new; none if they begin behind its end.
    pub(super) fn further(&self, from: u64, leaves: &[Hash]) -> Result<Further, Differs> {
        let mut further = Further {
            frontier: self.frontier.clone(),
            added: Vec::new(),
            begin: self.size(),
        };
        for (number, leaf) in (from..).zip(leaves) {
            if number > further.frontier.size() {
                break;
            }
            if number == further.frontier.size() {
                let _ = further.frontier.push(*leaf);
                further.added.push((*leaf, further.frontier.root()));
            } else if self.leaf(number).is_some_and(|known| known != *leaf) {
                return Err(Differs);
            }
        }
        Ok(further)
    }

    /// The root of the tree of so many leaves, if it is kept or follows from these.
    pub(super) fn root_at(&self, size: u64, further: &Further) -> Option<Hash> {
        match size.checked_sub(further.begin + 1) {
            None => self.roots.get(&size).copied(),
            Some(place) => further
                .added
                .get(usize::try_from(place).ok()?)
                .map(|(_, root)| *root),
        }
    }

    /// Keeps what leads to the size up to which a note signs it.
    pub(super) fn keep(&mut self, further: Further) {
        self.frontier = further.frontier;
        for (size, (leaf, root)) in (further.begin + 1..).zip(further.added) {
            self.leaves.push_back(leaf);
            self.roots.insert(size, root);
            if self.leaves.len() > KEPT {
                self.leaves.pop_front();
                self.roots.pop_first();
            }
        }
    }

    fn leaf(&self, number: u64) -> Option<Hash> {
        let from_end = usize::try_from(self.size().checked_sub(number)?).ok()?;
        let place = self.leaves.len().checked_sub(from_end)?;
        self.leaves.get(place).copied()
    }
}

impl Further {
    /// How many leaves there are with these.
    pub(super) fn size(&self) -> u64 {
        self.frontier.size()
    }
}
