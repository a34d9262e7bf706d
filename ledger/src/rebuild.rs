//! The check of a log: from the bytes of its leaves, over tiles and root, to what was signed.
//!
//! No engine notices a flipped bit by itself, so a start believes nothing: each leaf is hashed and compared with its hash
//! column and with its tile, each tile with the tile above it, the root with the head, the head with the newest signed
//! checkpoint, and that with the fence, which remembers signatures where no backup reaches. What is wrong is named as
//! early in the log as it can be known. Above [`FULL_CHECK_MAX`] leaves a start checks the newest [`TAIL_CHECK`] only; the
//! rest is then the scrub's, in the background.

use hotline_audit::tree::{leaf_hash, root_at};
use hotline_audit::{Checkpoint, Hash, LogVerifier};

use crate::damage::Damage;
use crate::head::{Head, Stored};
use crate::store::{Fence, Reader, StoreError, TILE_WIDTH};
use crate::tree::{TileNodes, Tree};

/// Most leaves that a start checks completely: about 8 s of hashing at the measured rate.
pub const FULL_CHECK_MAX: u64 = 1_000_000;
/// Newest leaves that a start checks in a larger log; a multiple of [`TILE_WIDTH`].
pub const TAIL_CHECK: u64 = 65_536;
/// Bytes of leaves read at a time.
const PAGE_BYTES: usize = 1024 * 1024;
const WIDTH: u64 = TILE_WIDTH as u64;

/// A log as it was found.
pub(crate) struct Rebuilt {
    /// Its tree; `None` when it does not give the root of the head.
    pub(crate) tree: Option<Tree>,
    /// The first thing wrong.
    pub(crate) damage: Option<Damage>,
}

/// Rebuilds the tree of the log with this `head`, and checks as much as its size allows.
pub(crate) fn rebuild(reader: &dyn Reader, head: &Head) -> Rebuilt {
    let first = if head.size < FULL_CHECK_MAX {
        0
    } else {
        (head.size - TAIL_CHECK) / WIDTH * WIDTH
    };
    let mut damage = check_leaves(reader, first, head.size).err();
    if damage.is_none() {
        damage = match reader.leaf(head.size) {
            Ok(None) => None,
            Ok(Some(_)) => Some(Damage::LeafBehindHead { index: head.size }),
            Err(error) => Some(unreadable(head.size, &error)),
        };
    }
    let tree = match restore(reader, head.size) {
        Ok(tree) => Some(tree),
        Err(found) => {
            damage = damage.or(Some(found));
            None
        }
    };
    if damage.is_none() && first == 0 {
        damage = check_tiles(reader, head.size).err();
    }
    let tree = tree.filter(|tree| tree.root() == head.root);
    if tree.is_none() && damage.is_none() {
        let first_suspect = head.size / WIDTH * WIDTH;
        damage = Some(Damage::RootDiffers {
            size: head.size,
            expected: head.root,
            first_suspect,
        });
    }
    Rebuilt { tree, damage }
}

/// Checks the leaves from `first`, a multiple of 256, up to `end` (excluded) against hash column and tile.
pub(crate) fn check_leaves(reader: &dyn Reader, first: u64, end: u64) -> Result<(), Damage> {
    let mut tile: Option<TileNodes> = None;
    let mut next = first;
    while next < end {
        let page = reader
            .leaves(next, end, PAGE_BYTES)
            .map_err(|error| unreadable(next, &error))?;
        if page.is_empty() {
            return Err(Damage::LeafMissing { index: next });
        }
        for leaf in page {
            if leaf.index != next {
                return Err(Damage::LeafMissing { index: next });
            }
            if next.is_multiple_of(WIDTH) {
                tile = if end - next >= WIDTH {
                    Some(read_tile(reader, 0, next / WIDTH)?)
                } else {
                    None
                };
            }
            check_leaf(&leaf, tile.as_ref())?;
            next += 1;
        }
    }
    Ok(())
}

fn check_leaf(leaf: &Stored, tile: Option<&TileNodes>) -> Result<(), Damage> {
    if Hash::of(&leaf.bytes) != leaf.hash {
        return Err(Damage::LeafAltered { index: leaf.index });
    }
    let Some(tile) = tile else { return Ok(()) };
    let offset = (leaf.index % WIDTH) as usize;
    if tile.hashes().get(offset) == Some(&leaf_hash(&leaf.bytes)) {
        Ok(())
    } else {
        Err(Damage::LeafNotInTile { index: leaf.index })
    }
}

/// Restores the tree from stored tiles and, where the lowest tile is not full, from the bytes of the last leaves.
pub(crate) fn restore(reader: &dyn Reader, size: u64) -> Result<Tree, Damage> {
    let first = size / WIDTH * WIDTH;
    let mut edge = Vec::new();
    while first + (edge.len() as u64) < size {
        let next = first + edge.len() as u64;
        let page = reader
            .leaves(next, size, PAGE_BYTES)
            .map_err(|error| unreadable(next, &error))?;
        if page.first().is_none_or(|leaf| leaf.index != next) {
            return Err(Damage::LeafMissing { index: next });
        }
        edge.extend(page.iter().map(|leaf| leaf_hash(&leaf.bytes)));
    }
    let mut edges = vec![edge];
    let (mut level, mut full) = (0u8, size / WIDTH);
    while full > 0 {
        let from = full / WIDTH * WIDTH;
        edges.push(
            (from..full)
                .map(|number| tile_root(reader, level, number))
                .collect::<Result<_, _>>()?,
        );
        full /= WIDTH;
        level += 1;
    }
    Tree::of_edges(size, edges).ok_or(Damage::LeafMissing { index: first })
}

/// Checks every tile against the tile above it.
fn check_tiles(reader: &dyn Reader, size: u64) -> Result<(), Damage> {
    let (mut level, mut count) = (1u8, size / WIDTH);
    while count >= WIDTH {
        for number in 0..count / WIDTH {
            check_tile(reader, level, number)?;
        }
        level += 1;
        count /= WIDTH;
    }
    Ok(())
}

fn check_tile(reader: &dyn Reader, level: u8, number: u64) -> Result<(), Damage> {
    let above = read_tile(reader, level, number)?;
    for (hash, below) in above.hashes().iter().zip(number * WIDTH..) {
        if tile_root(reader, level - 1, below)? != *hash {
            return Err(altered(level - 1, below));
        }
    }
    Ok(())
}

fn tile_root(reader: &dyn Reader, level: u8, number: u64) -> Result<Hash, Damage> {
    read_tile(reader, level, number)?
        .root()
        .ok_or(altered(level, number))
}

fn read_tile(reader: &dyn Reader, level: u8, number: u64) -> Result<TileNodes, Damage> {
    let data = reader
        .tile(level, number)
        .map_err(|error| unreadable(first_leaf(level, number), &error))?;
    data.and_then(|data| TileNodes::of_data(&data))
        .ok_or(altered(level, number))
}

fn altered(level: u8, number: u64) -> Damage {
    Damage::TileAltered {
        level,
        number,
        first_index: first_leaf(level, number),
    }
}

/// First leaf below a tile.
fn first_leaf(level: u8, number: u64) -> u64 {
    u32::from(level)
        .checked_add(1)
        .and_then(|above| number.checked_mul(WIDTH.checked_pow(above)?))
        .unwrap_or(0)
}

fn unreadable(index: u64, error: &StoreError) -> Damage {
    let source = std::error::Error::source(error)
        .map(|source| format!(": {source}"))
        .unwrap_or_default();
    Damage::Unreadable {
        index,
        fact: format!("{error}{source}"),
    }
}

/// Compares what was signed with what is here.
pub(crate) fn check_signed(
    tree: &Tree,
    reader: &dyn Reader,
    head: &Head,
    log: Option<&LogVerifier>,
    fence: Option<Fence>,
) -> Result<(), Damage> {
    if let Some(fence) = fence {
        if fence.size > head.size {
            return Err(Damage::RolledBack {
                signed: fence.size,
                found: head.size,
            });
        }
        expect_root(tree, reader, fence)?;
    }
    let (Some(log), Some(note)) = (log, &head.note) else {
        return Ok(());
    };
    let signed = Checkpoint::parse_and_verify(note, log).map_err(|error| Damage::NoteForeign {
        fact: error.to_string(),
    })?;
    if signed.size > head.size {
        return Err(Damage::RolledBack {
            signed: signed.size,
            found: head.size,
        });
    }
    expect_root(
        tree,
        reader,
        Fence {
            size: signed.size,
            root: signed.root,
        },
    )
}

fn expect_root(tree: &Tree, reader: &dyn Reader, signed: Fence) -> Result<(), Damage> {
    let nodes = crate::nodes::Joined { tree, reader };
    match root_at(&nodes, signed.size) {
        Ok(root) if root == signed.root => Ok(()),
        Ok(_) => Err(Damage::NoteDiffers { size: signed.size }),
        Err(error) => Err(unreadable(signed.size, &error)),
    }
}
