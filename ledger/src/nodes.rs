//! The nodes of the whole tree, for proofs: the right edge from memory, older tiles from the engine through a small cache.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use hotline_audit::Hash;
use hotline_audit::tree::NodeReader;

use crate::error::ReadError;
use crate::ledger::Shared;
use crate::store::{Reader, StoreError};
use crate::tree::{Spot, TileNodes, Tree};

/// Old tiles kept for proofs. 128 tiles of 16 KiB: 2 MiB.
const CACHED_TILES: usize = 128;

/// A tree in memory together with the tiles of its engine; without a cache, for the check at the start.
pub(crate) struct Joined<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) reader: &'a dyn Reader,
}

impl NodeReader for Joined<'_> {
    type Error = StoreError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        let spot = Spot::of(level, index);
        if let Some(hash) = self.tree.at(spot) {
            return Ok(hash);
        }
        let missing = StoreError::Malformed {
            what: "a missing tile",
        };
        let tile = self.reader.tile(spot.level, spot.number)?;
        tile.and_then(|data| TileNodes::of_data(&data))
            .and_then(|tile| spot.within(&tile))
            .ok_or(missing)
    }
}

/// Tiles that proofs asked for lately; the oldest leaves first.
#[derive(Default)]
pub(crate) struct TileCache {
    tiles: Mutex<CachedTiles>,
}

#[derive(Default)]
struct CachedTiles {
    by_place: HashMap<(u8, u64), Arc<TileNodes>>,
    order: VecDeque<(u8, u64)>,
}

impl TileCache {
    fn get(&self, place: (u8, u64)) -> Option<Arc<TileNodes>> {
        self.tiles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .by_place
            .get(&place)
            .cloned()
    }

    fn put(&self, place: (u8, u64), tile: Arc<TileNodes>) {
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        if tiles.by_place.insert(place, tile).is_some() {
            return;
        }
        tiles.order.push_back(place);
        if tiles.order.len() > CACHED_TILES
            && let Some(oldest) = tiles.order.pop_front()
        {
            tiles.by_place.remove(&oldest);
        }
    }
}

/// The nodes of a ledger's tree at the moment it was asked. Implements [`NodeReader`] for the proof functions of audit.
pub struct Nodes {
    pub(crate) tree: Arc<Tree>,
    pub(crate) shared: Arc<Shared>,
}

impl Nodes {
    /// Leaves in this tree; nodes outside it are refused.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }
}

impl NodeReader for Nodes {
    type Error = ReadError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, ReadError> {
        let outside = ReadError::Outside {
            asked: index,
            size: self.size(),
        };
        let end = index
            .checked_add(1)
            .and_then(|next| next.checked_mul(1u64.checked_shl(u32::from(level))?));
        if end.is_none_or(|end| end > self.size()) {
            return Err(outside);
        }
        let spot = Spot::of(level, index);
        if let Some(hash) = self.tree.at(spot) {
            return Ok(hash);
        }
        let place = (spot.level, spot.number);
        let tile = match self.shared.tiles.get(place) {
            Some(tile) => tile,
            None => {
                let data = self.shared.read(|reader| reader.tile(place.0, place.1))?;
                let malformed = || {
                    self.shared.read_error(StoreError::Malformed {
                        what: "a missing tile",
                    })
                };
                let tile = data
                    .and_then(|data| TileNodes::of_data(&data))
                    .ok_or_else(malformed)?;
                let tile = Arc::new(tile);
                self.shared.tiles.put(place, Arc::clone(&tile));
                tile
            }
        };
        spot.within(&tile).ok_or(outside)
    }
}
