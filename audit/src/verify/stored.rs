//! The tiles that an exported folder holds beside its entries: a second account of the same log.
//!
//! Where entries and tiles differ, the signed root says which of the two was touched. Both lie in the same folder, so
//! they only help to find the place; what counts is the root.

use super::report::Fault;
use crate::hash::Hash;
use crate::tiles::{TILE_WIDTH, TileDir};
use crate::tree::Frontier;

/// The hashes of the tiles of one folder.
pub(super) struct StoredTiles {
    /// Tile level by tile level; `None` for a hash in a tile that cannot be read.
    levels: Vec<Vec<Option<Hash>>>,
    unreadable: Vec<(u8, u64, String)>,
}

/// How the entries differ from the leaves that were stored.
pub(super) struct Difference {
    pub(super) index: u64,
    pub(super) explanation: &'static str,
}

impl StoredTiles {
    /// Reads the tiles of a log of this size, as far as they concern the entries found and one tile beyond.
    pub(super) fn read(folder: &TileDir, size: u64, found: u64) -> StoredTiles {
        let mut stored = StoredTiles {
            levels: Vec::new(),
            unreadable: Vec::new(),
        };
        let (mut nodes, mut found) = (size, found);
        for level in 0..8u8 {
            if nodes == 0 {
                break;
            }
            let mut hashes = Vec::new();
            for tile in 0..nodes.div_ceil(TILE_WIDTH).min(found / TILE_WIDTH + 1) {
                let width = (nodes - tile * TILE_WIDTH).min(TILE_WIDTH);
                match folder.hashes(level, tile, size) {
                    Ok(found) => hashes.extend(found.into_iter().map(Some)),
                    Err(error) => {
                        stored.unreadable.push((level, tile, error.to_string()));
                        hashes.extend((0..width).map(|_| None));
                    }
                }
            }
            stored.levels.push(hashes);
            nodes /= TILE_WIDTH;
            found /= TILE_WIDTH;
        }
        stored
    }

    /// The root of the stored leaves, if all of them could be read.
    pub(super) fn root(&self) -> Option<Hash> {
        let mut frontier = Frontier::new();
        for leaf in self.leaves() {
            frontier.push((*leaf)?);
        }
        Some(frontier.root())
    }

    /// The first leaf in which the entries differ from what was stored, and how it looks.
    pub(super) fn first_difference(&self, own: &[Hash]) -> Option<Difference> {
        let stored = self.leaves();
        let place = own
            .iter()
            .zip(stored)
            .position(|(own, stored)| Some(*own) != *stored);
        let place = place.or_else(|| (own.len() != stored.len()).then_some(own.len().min(stored.len())))?;
        let (own_rest, stored_rest) = (own.get(place..)?, stored.get(place..)?);
        Some(Difference {
            index: place as u64,
            explanation: describe(own_rest, stored_rest),
        })
    }

    /// Every place where the tiles are not those of the entries, given as (tile level, hashes) of the entries.
    pub(super) fn damage(&self, own: &[Vec<Hash>]) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self.unreadable.iter().map(unreadable).collect();
        for (level, stored) in self.levels.iter().enumerate() {
            let own = own.get(level).map_or(&[][..], Vec::as_slice);
            let differs = own
                .iter()
                .zip(stored)
                .position(|(own, stored)| stored.is_some_and(|stored| stored != *own));
            let Some(place) = differs else { continue };
            let leaf = (place as u64).saturating_mul(TILE_WIDTH.saturating_pow(level as u32));
            let explanation = format!("hash {place} of tile level {level} is not that of the entries");
            faults.push(Fault {
                index: Some(leaf),
                rule: "TILE_DAMAGED",
                explanation,
            });
        }
        faults
    }

    fn leaves(&self) -> &[Option<Hash>] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }
}

fn unreadable((level, tile, why): &(u8, u64, String)) -> Fault {
    let leaf = tile.saturating_mul(TILE_WIDTH.saturating_pow(u32::from(*level) + 1));
    Fault {
        index: Some(leaf),
        rule: "TILE_DAMAGED",
        explanation: why.clone(),
    }
}

/// What happened at the first of these leaves.
fn describe(own: &[Hash], stored: &[Option<Hash>]) -> &'static str {
    let same = |own: &[Hash], stored: &[Option<Hash>]| {
        own.iter().zip(stored).all(|(own, stored)| Some(*own) == *stored)
    };
    let (own_next, stored_next) = (
        own.get(1..).unwrap_or_default(),
        stored.get(1..).unwrap_or_default(),
    );
    if own.is_empty() {
        return "the entries end here, and more were stored";
    }
    if stored.is_empty() {
        return "entries stand here that were never stored";
    }
    if same(own_next, stored_next) && own.len() == stored.len() {
        return "this entry is not the one that was stored";
    }
    if same(own, stored_next) {
        return "the entry that was stored here is missing, and what followed has moved up";
    }
    if same(own_next, stored) {
        return "this entry was never stored here, and what stood here has moved down";
    }
    let mut left: Vec<Hash> = own.to_vec();
    let mut right: Vec<Hash> = stored.iter().flatten().copied().collect();
    left.sort_unstable();
    right.sort_unstable();
    if left == right {
        "from here on the entries stand in another order"
    } else {
        "from here on the entries differ"
    }
}
