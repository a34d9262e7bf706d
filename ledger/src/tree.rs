//! The tree of the log in memory: its right edge and the tiles that were filled lately.
//!
//! Leaves are grouped as in the C2SP tiles: a tile holds 256 hashes of one tile level, and the hash over a full tile is
//! one hash of the tile level above. Full tiles never change and are stored; the last, partly filled tile of each level
//! is the *edge* and lives only here, rebuilt at each start. Every tile in memory also keeps the nodes inside it, so that
//! a proof at the right edge costs look-ups and no hashing.
//!
//! A [`Tree`] is a value: the writer grows a copy and swaps it in after the commit, so readers never see a leaf that is
//! not on disk. It reads no storage; `rebuild.rs` restores it, `nodes.rs` joins it with stored tiles.

use std::collections::VecDeque;
use std::sync::Arc;

use hotline_audit::Hash;
use hotline_audit::tree::{Frontier, NodeReader, node_hash};

use crate::store::{TILE_WIDTH, Tile};

/// Rows of nodes inside one tile: subtrees of 1, 2, 4 … 128 of its hashes.
const ROWS: usize = 8;
/// Tiles kept in memory after they were filled. 64 tiles of 16 KiB: the newest 16,384 leaves for 1 MiB.
const RECENT_TILES: usize = 64;

/// The nodes of one tile, full or partly filled.
#[derive(Clone, Debug, Default)]
pub(crate) struct TileNodes {
    rows: [Vec<Hash>; ROWS],
}

impl TileNodes {
    /// All nodes over `hashes`, of which there are at most [`TILE_WIDTH`].
    pub(crate) fn over(hashes: Vec<Hash>) -> Self {
        let mut nodes = Self::default();
        let mut row = hashes;
        for place in &mut nodes.rows {
            let above = row
                .chunks_exact(2)
                .map(|pair| node_hash(&pair[0], &pair[1]))
                .collect();
            *place = std::mem::replace(&mut row, above);
        }
        nodes
    }

    /// The nodes of a stored tile; `None` when it does not hold exactly 256 hashes.
    pub(crate) fn of_data(data: &[u8]) -> Option<Self> {
        let (hashes, rest) = data.as_chunks::<32>();
        let full = hashes.len() == TILE_WIDTH && rest.is_empty();
        full.then(|| Self::over(hashes.iter().map(|hash| Hash(*hash)).collect()))
    }

    /// The hash over a full tile; `None` while it is not full.
    pub(crate) fn root(&self) -> Option<Hash> {
        match self.rows[ROWS - 1].as_slice() {
            [left, right] => Some(node_hash(left, right)),
            _ => None,
        }
    }

    /// The hashes of the tile itself.
    pub(crate) fn hashes(&self) -> &[Hash] {
        &self.rows[0]
    }

    fn node(&self, row: usize, offset: usize) -> Option<Hash> {
        self.rows.get(row)?.get(offset).copied()
    }

    fn data(&self) -> Vec<u8> {
        self.rows[0].iter().flat_map(|hash| hash.0).collect()
    }
}

/// Where a node lies among the tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Tile level.
    pub(crate) level: u8,
    /// Place among the tiles of that level.
    pub(crate) number: u64,
    row: usize,
    offset: usize,
}

impl Spot {
    /// The place of the node over 2^`level` leaves with this `index`.
    pub(crate) fn of(level: u8, index: u64) -> Self {
        let row = level % 8;
        let width = 8 - row;
        Self {
            level: level / 8,
            number: index >> width,
            row: usize::from(row),
            offset: (index & ((1 << width) - 1)) as usize,
        }
    }

    /// The node here, in the tile that this spot names.
    pub(crate) fn within(self, tile: &TileNodes) -> Option<Hash> {
        tile.node(self.row, self.offset)
    }
}

/// The partly filled last tile of a level.
#[derive(Clone, Debug, Default)]
struct Edge {
    number: u64,
    nodes: TileNodes,
}

/// A tile that was filled since the start.
#[derive(Clone, Debug)]
struct Recent {
    level: u8,
    number: u64,
    nodes: Arc<TileNodes>,
}

/// The right edge of the log's tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    frontier: Frontier,
    edges: Vec<Edge>,
    recent: VecDeque<Recent>,
}

impl Tree {
    /// The tree of `size` leaves from its edges: per tile level, the hashes of its last, not yet full tile.
    /// `None` when the edges do not belong to a tree of that size.
    pub(crate) fn of_edges(size: u64, edges: Vec<Vec<Hash>>) -> Option<Self> {
        let mut tree = Self::default();
        for (level, hashes) in edges.into_iter().enumerate() {
            let count = size.checked_shr(u32::try_from(level * ROWS).ok()?).unwrap_or(0);
            if hashes.len() as u64 != count % TILE_WIDTH as u64 {
                return None;
            }
            tree.edges.push(Edge {
                number: count / TILE_WIDTH as u64,
                nodes: TileNodes::over(hashes),
            });
        }
        tree.frontier = Frontier::read(&tree, size).ok()?;
        Some(tree)
    }

    /// Leaves in the tree.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root over them.
    pub(crate) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Appends a leaf; tiles that it fills are added to `filled`.
    pub(crate) fn push(&mut self, leaf: Hash, filled: &mut Vec<Tile>) {
        for node in self.frontier.push(leaf) {
            let spot = Spot::of(node.level, node.index);
            if spot.row == 0 && spot.level > 0 {
                self.fill(spot.level - 1, filled);
            }
            let level = usize::from(spot.level);
            if self.edges.len() <= level {
                self.edges.push(Edge::default());
            }
            self.edges[level].nodes.rows[spot.row].push(node.hash);
        }
    }

    fn fill(&mut self, level: u8, filled: &mut Vec<Tile>) {
        let edge = &mut self.edges[usize::from(level)];
        let nodes = Arc::new(std::mem::take(&mut edge.nodes));
        let number = edge.number;
        edge.number += 1;
        filled.push(Tile {
            level,
            number,
            data: nodes.data(),
        });
        if self.recent.len() == RECENT_TILES {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { level, number, nodes });
    }

    /// The node at `spot`, if its tile is in memory.
    pub(crate) fn at(&self, spot: Spot) -> Option<Hash> {
        let edge = self.edges.get(usize::from(spot.level))?;
        if edge.number == spot.number {
            return spot.within(&edge.nodes);
        }
        let recent = self
            .recent
            .iter()
            .rev()
            .find(|tile| tile.level == spot.level && tile.number == spot.number)?;
        spot.within(&recent.nodes)
    }
}

/// The node is not in the tiles that are in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotHere;

impl NodeReader for Tree {
    type Error = NotHere;

    fn node(&self, level: u8, index: u64) -> Result<Hash, NotHere> {
        self.at(Spot::of(level, index)).ok_or(NotHere)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use hotline_audit::tree::leaf_hash;

    fn leaf(n: u64) -> Hash {
        leaf_hash(&n.to_be_bytes())
    }

    #[test]
    fn a_tree_restored_from_its_edges_grows_like_the_one_that_never_stopped() {
        let (mut whole, mut tiles) = (Tree::default(), Vec::new());
        for n in 0..700 {
            let edges: Vec<Vec<Hash>> = whole
                .edges
                .iter()
                .map(|edge| edge.nodes.hashes().to_vec())
                .collect();
            let mut restored = Tree::of_edges(n, edges).unwrap();
            assert_eq!(restored.root(), whole.root());
            whole.push(leaf(n), &mut tiles);
            restored.push(leaf(n), &mut Vec::new());
            assert_eq!((restored.size(), restored.root()), (whole.size(), whole.root()));
        }
        let names: Vec<(u8, u64)> = tiles.iter().map(|tile| (tile.level, tile.number)).collect();
        assert_eq!(names, [(0, 0), (0, 1)]);
    }

    #[test]
    fn a_tile_of_the_wrong_length_is_no_tile() {
        assert!(TileNodes::of_data(&[0; 8191]).is_none());
        assert!(TileNodes::of_data(&[0; 8192 + 32]).is_none());
        assert!(TileNodes::of_data(&[0; 8192]).unwrap().root().is_some());
    }
}
