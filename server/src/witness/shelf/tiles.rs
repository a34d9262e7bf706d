//! Tiles and nodes, made from what is kept.

use hotline_audit::{
    Hash, NodeReader,
    tiles::{TILE_WIDTH, TileName, join, nodes_at},
    tree::leaf_hash,
};
use hotline_ledger::ReadError;

use super::{ENTRY_SPACE, Facts, NODE_SPACE, run_of};

/// The tree of the entries that are held.
pub(super) struct Nodes<'a, F> {
    facts: &'a F,
    log: Hash,
    size: u64,
}

impl<'a, F: Facts> Nodes<'a, F> {
    /// The tree of the first `size` entries.
    pub(super) fn of(facts: &'a F, origin: &str, size: u64) -> Self {
        Self {
            facts,
            log: Hash::of(origin.as_bytes()),
            size,
        }
    }

    /// A run of hashes of one tile level.
    fn hashes(&self, tile_level: u8, from: u64, count: usize) -> Result<Vec<Hash>, ReadError> {
        if tile_level == 0 {
            let entries = run_of(self.facts, (ENTRY_SPACE, self.log.as_bytes()), from, count)?;
            return Ok(entries.iter().map(|entry| leaf_hash(entry)).collect());
        }
        let prefix = [self.log.as_bytes().as_slice(), &[tile_level]].concat();
        let nodes = run_of(self.facts, (NODE_SPACE, &prefix), from, count)?;
        Ok(nodes.iter().map_while(|node| Hash::from_slice(node)).collect())
    }

    fn outside(&self, asked: u64) -> ReadError {
        ReadError::Outside {
            asked,
            size: self.size,
        }
    }
}

impl<F: Facts> NodeReader for Nodes<'_, F> {
    type Error = ReadError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, ReadError> {
        let (tile_level, height) = (level / 8, level % 8);
        let count = 1u64 << height;
        let first = index.checked_mul(count).ok_or_else(|| self.outside(index))?;
        let end = first.checked_add(count).ok_or_else(|| self.outside(index))?;
        if end > nodes_at(self.size, tile_level) {
            return Err(self.outside(index));
        }
        let run = self.hashes(tile_level, first, 1 << height)?;
        if run.len() as u64 != count {
            return Err(self.outside(index));
        }
        join(&run).ok_or_else(|| self.outside(index))
    }
}

/// The file of this name in a log of `size` entries; `None` if such a log has no such file.
pub(in crate::witness) fn file(
    facts: &impl Facts,
    (origin, size): (&str, u64),
    name: TileName,
) -> Result<Option<Vec<u8>>, ReadError> {
    let there = match name.level {
        Some(level) => nodes_at(size, level),
        None => size,
    };
    let Some(first) = name.index.checked_mul(TILE_WIDTH) else {
        return Ok(None);
    };
    if first.checked_add(name.width).is_none_or(|end| end > there) {
        return Ok(None);
    }
    let nodes = Nodes::of(facts, origin, size);
    let count = usize::try_from(name.width).unwrap_or(usize::MAX);
    let (found, bytes) = match name.level {
        Some(level) => {
            let hashes = nodes.hashes(level, first, count)?;
            (hashes.len(), hashes.iter().flat_map(|hash| hash.0).collect())
        }
        None => {
            let entries = run_of(facts, (ENTRY_SPACE, nodes.log.as_bytes()), first, count)?;
            (entries.len(), bundle(&entries))
        }
    };
    Ok((found == count).then_some(bytes))
}

fn bundle(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        // An upload gives each entry 16 bits of length.
        out.extend_from_slice(&u16::try_from(entry.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(entry);
    }
    out
}
