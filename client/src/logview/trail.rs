//! The newest part of a relay's log, as this desk computes it from hashes of leaves.
//!
//! A consistency proof links two checkpoints; whoever knows a third one is not helped. Hashes of the leaves between give
//! the root of *every* size on the way. So an update that brings those since what its own session carried is linked
//! whatever other lanes brought meanwhile, or have lost.

use std::collections::{BTreeMap, VecDeque};

use hotline_audit::{Hash, tree::Frontier};

/// Leaves whose hashes and roots are kept. 1,024: what a busy line adds in a tenth of a second, an ordinary one in minutes.
const KEPT: usize = 1024;

/// The largest log of which a trail is kept: further than any log grows, and far from where counting ends.
const SIZE_MAX: u64 = 1 << 62;

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

impl Trail {
    /// From the edge of a tree, if that has this root.
    pub(super) fn from_edge(size: u64, root: &Hash, edge: Vec<Hash>) -> Option<Self> {
        let sane = (1..=SIZE_MAX).contains(&size);
        let frontier = Frontier::from_parts(size, edge).ok().filter(|_| sane)?;
        (frontier.root() == *root).then(|| Self {
            frontier,
            roots: BTreeMap::from([(size, *root)]),
            leaves: VecDeque::new(),
        })
    }

    /// With the roots that an older trail of the same log knew.
    pub(super) fn after(mut self, older: Option<Self>) -> Self {
        if let Some(mut older) = older {
            self.roots.append(&mut older.roots);
            self.trim();
        }
        self
    }

    pub(super) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// These leaves, of which the first is number `from`, as far as they are new and begin no further than its end; nothing
    /// if another lane was shown another leaf at one of these places.
    pub(super) fn further(&self, from: u64, leaves: &[Hash]) -> Option<Further> {
        let mut further = Further {
            frontier: self.frontier.clone(),
            added: Vec::new(),
            begin: self.size(),
        };
        // What begins behind the end brings nothing: no number is counted up from there.
        let numbers = from..=further.begin.saturating_add(leaves.len() as u64);
        for (leaf, number) in leaves.iter().zip(numbers) {
            if number > further.frontier.size() {
                break;
            }
            if number == further.frontier.size() {
                let _ = further.frontier.push(*leaf);
                further.added.push((*leaf, further.frontier.root()));
            } else if self.leaf(number).is_some_and(|known| known != *leaf) {
                return None;
            }
        }
        Some(further)
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
            self.trim();
        }
    }

    fn trim(&mut self) {
        while self.leaves.len() > KEPT {
            self.leaves.pop_front();
        }
        while self.roots.len() > KEPT {
            self.roots.pop_first();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use hotline_audit::tree::leaf_hash;

    use super::*;

    fn leaf(number: u64) -> Hash {
        leaf_hash(&number.to_be_bytes())
    }

    fn edge(size: u64) -> Frontier {
        let mut frontier = Frontier::new();
        for number in 0..size {
            let _ = frontier.push(leaf(number));
        }
        frontier
    }

    fn at(size: u64) -> Trail {
        let frontier = edge(size);
        Trail::from_edge(size, &frontier.root(), frontier.parts().to_vec()).unwrap()
    }

    #[test]
    fn numbers_at_the_end_of_counting_overflow_nothing() {
        let trail = at(3);
        assert_eq!(trail.further(u64::MAX, &[]).unwrap().size(), 3);
        assert_eq!(trail.further(u64::MAX, &[leaf(0), leaf(1)]).unwrap().size(), 3);
        let edge = vec![leaf(0); 64];
        let root = Frontier::from_parts(u64::MAX, edge.clone()).map(|frontier| frontier.root());
        assert!(root.is_ok_and(|root| Trail::from_edge(u64::MAX, &root, edge).is_none()));
    }

    #[test]
    fn a_trail_that_begins_anew_still_knows_the_roots_of_before_and_never_too_many() {
        let mut trail = at(2);
        let further = trail.further(2, &[leaf(2), leaf(3)]).unwrap();
        trail.keep(further);
        let trail = at(200).after(Some(trail));
        let nothing = trail.further(200, &[]).unwrap();
        for size in [2, 3, 4, 200] {
            assert_eq!(trail.root_at(size, &nothing), Some(edge(size).root()));
        }
        assert_eq!(trail.root_at(100, &nothing), None);
        let mut trail = trail;
        let leaves: Vec<Hash> = (200..2000).map(leaf).collect();
        let further = trail.further(200, &leaves).unwrap();
        trail.keep(further);
        assert_eq!((trail.roots.len(), trail.leaves.len()), (KEPT, KEPT));
        assert_eq!(
            trail.root_at(2000, &trail.further(2000, &[]).unwrap()),
            Some(edge(2000).root())
        );
    }
}
