//! An exported log: a folder in the C2SP tlog-tiles layout, which any HTTP server or memory stick can carry.
//!
//! ```text
//! checkpoint                      the signed note
//! tile/<L>/<N>[.p/<W>]            256 (or W) hashes of 32 bytes
//! tile/entries/<N>[.p/<W>]        as many entries, each behind its length (16 bits, big-endian)
//! ```
//!
//! A folder is derived from a log and disposable. What is read from one is not believed here: lengths are bounded and
//! everything else is left to [`crate::verify`].

mod export;

pub use export::{log_files, write_log};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::checkpoint::CheckpointError;
use crate::hash::Hash;
use crate::note::MAX_NOTE_BYTES;
use crate::tree::{NodeReader, node_hash};

/// Hashes or entries in a full tile.
pub const TILE_WIDTH: u64 = 256;

/// Levels of tiles that a tree can have: 256 to the eighth is more than it can hold.
const LEVELS: u8 = 8;

/// Why a folder could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TileError {
    /// The file system said no.
    #[error("could not use {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of another length than it must have.
    #[error("{path} has the wrong length")]
    WrongLength {
        /// The file.
        path: PathBuf,
    },
    /// An entry that does not fit behind a 16-bit length.
    #[error("entry {0} is longer than 65,535 bytes")]
    EntryTooLarge(u64),
    /// Fewer entries than the checkpoint says.
    #[error("the log has {found} entries, the checkpoint says {expected}")]
    TooFewEntries {
        /// Size of the checkpoint.
        expected: u64,
        /// Entries there are.
        found: u64,
    },
    /// The entries do not have the root that was signed.
    #[error("the entries have root {found}, the checkpoint says {expected}")]
    WrongRoot {
        /// Root of the checkpoint.
        expected: Hash,
        /// Root of the entries.
        found: Hash,
    },
    /// The note is not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The log that is to be exported could not be read.
    #[error("could not read entry {index} of the log")]
    Source {
        /// The entry.
        index: u64,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No such node in a tree of this size.
    #[error("a tree of {size} leaves has no node {index} at level {level}")]
    NoSuchNode {
        /// Level of the node.
        level: u8,
        /// Index of the node.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
}

/// Path of a tile of hashes, relative to the folder; a width of 256 is a full tile.
#[must_use]
pub fn tile_path(level: u8, index: u64, width: u64) -> String {
    format!("tile/{level}/{}", numbered(index, width))
}

/// Path of a bundle of entries, relative to the folder; a width of 256 is a full bundle.
#[must_use]
pub fn entries_path(index: u64, width: u64) -> String {
    format!("tile/entries/{}", numbered(index, width))
}

/// 1234067 is `x001/x234/067`; a partial one ends in `.p/<width>`.
fn numbered(index: u64, width: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        format!("{path}.p/{width}")
    } else {
        path
    }
}

/// What a path below a log's folder names, as [`tile_path`] and [`entries_path`] write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileName {
    /// The level of a tile of hashes; none for a bundle of entries.
    pub level: Option<u8>,
    /// Its place among those of its level.
    pub index: u64,
    /// Hashes or entries in it, 1 to 256.
    pub width: u64,
}

impl TileName {
    /// Reads a path; `None` for any other than the one writing.
    #[must_use]
    pub fn parse(path: &str) -> Option<TileName> {
        let (level, number) = path.strip_prefix("tile/")?.split_once('/')?;
        let level = match level {
            "entries" => None,
            level => Some(level.parse().ok().filter(|level| *level < 64)?),
        };
        let (number, width) = match number.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok()?),
            None => (number, TILE_WIDTH),
        };
        let mut index = 0u64;
        for group in number.split('/') {
            let digits: u64 = group.trim_start_matches('x').parse().ok()?;
            index = index.checked_mul(1000)?.checked_add(digits)?;
        }
        let name = TileName { level, index, width };
        ((1..=TILE_WIDTH).contains(&width) && name.path() == path).then_some(name)
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> String {
        match self.level {
            Some(level) => tile_path(level, self.index, self.width),
            None => entries_path(self.index, self.width),
        }
    }
}

/// Every file that an export of a log of this size consists of, relative to its folder.
#[must_use]
pub fn files_of(size: u64) -> BTreeSet<String> {
    let mut files = BTreeSet::from(["checkpoint".to_owned()]);
    let mut tiles = |nodes: u64, path_of: &dyn Fn(u64, u64) -> String| {
        files.extend((0..nodes.div_ceil(TILE_WIDTH)).map(|index| path_of(index, width_of(nodes, index))));
    };
    tiles(size, &entries_path);
    for level in 0..LEVELS {
        tiles(nodes_at(size, level), &|index, width| {
            tile_path(level, index, width)
        });
    }
    files
}

/// Whether an export of a log of this size has this file: as [`files_of`], without listing them.
#[must_use]
pub fn is_file_of(file: &str, size: u64) -> bool {
    let Some(name) = TileName::parse(file) else {
        return file == "checkpoint";
    };
    let nodes = match name.level {
        None => size,
        Some(level) if level < LEVELS => nodes_at(size, level),
        Some(_) => 0,
    };
    name.index < nodes.div_ceil(TILE_WIDTH) && name.width == width_of(nodes, name.index)
}

/// Complete nodes at a tile level of a tree.
#[must_use]
pub fn nodes_at(size: u64, tile_level: u8) -> u64 {
    size.checked_shr(8 * u32::from(tile_level)).unwrap_or(0)
}

/// The entries of one bundle, as far as they can be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The entries, in order.
    pub entries: Vec<Vec<u8>>,
    /// True when bytes remain in which no entry can be found.
    pub broken: bool,
}

impl Bundle {
    /// The entries in the bytes of one bundle, each behind its length.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Bundle {
        split_bundle(bytes)
    }
}

/// Files in memory by their path, with `/` between its parts: what a bundle holds.
pub type Files = BTreeMap<String, Vec<u8>>;

/// An exported log's folder, on a disk or in memory.
#[derive(Debug, Clone)]
pub struct TileDir {
    path: PathBuf,
    files: Option<Arc<Files>>,
}

impl TileDir {
    /// The folder at this path; nothing is read yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> TileDir {
        TileDir {
            path: path.into(),
            files: None,
        }
    }

    /// The folder with this path among files in memory.
    #[must_use]
    pub fn in_memory(files: Arc<Files>, path: &str) -> TileDir {
        TileDir {
            path: path.into(),
            files: Some(files),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The signed note.
    ///
    /// # Errors
    /// When it cannot be read or is too large for a note.
    pub fn checkpoint(&self) -> Result<Vec<u8>, TileError> {
        self.read(&self.path.join("checkpoint"), MAX_NOTE_BYTES)
    }

    /// The hashes of one tile in a tree of `size` leaves; all that such a tree has of it.
    ///
    /// # Errors
    /// When it cannot be read or has the wrong length.
    pub fn hashes(&self, level: u8, index: u64, size: u64) -> Result<Vec<Hash>, TileError> {
        let width = width_of(nodes_at(size, level), index);
        let (path, bytes) = self.read_tile(width, MAX_TILE_BYTES, |width| tile_path(level, index, width))?;
        let wanted = usize::try_from(width).unwrap_or(usize::MAX).saturating_mul(32);
        let fits = bytes.len() == wanted || (bytes.len() == MAX_TILE_BYTES && wanted < MAX_TILE_BYTES);
        if !fits {
            return Err(TileError::WrongLength { path });
        }
        Ok(bytes
            .chunks_exact(32)
            .take(wanted / 32)
            .filter_map(Hash::from_slice)
            .collect())
    }

    /// The entries of one bundle in a log of `size` entries; whatever is in the file, which may be more or fewer.
    ///
    /// # Errors
    /// When it cannot be read or is larger than a bundle can be.
    pub fn bundle(&self, index: u64, size: u64) -> Result<Bundle, TileError> {
        let width = width_of(size, index);
        let (_, bytes) = self.read_tile(width, MAX_BUNDLE_BYTES, |width| entries_path(index, width))?;
        Ok(split_bundle(&bytes))
    }

    /// The nodes of the tree, read from the tiles.
    #[must_use]
    pub fn tree(&self, size: u64) -> TileTree<'_> {
        TileTree { dir: self, size }
    }

    /// The file of this width, or else the full one, which may have replaced it.
    fn read_tile(
        &self,
        width: u64,
        limit: usize,
        path_of: impl Fn(u64) -> String,
    ) -> Result<(PathBuf, Vec<u8>), TileError> {
        let path = self.path.join(path_of(width));
        match self.read(&path, limit) {
            Ok(bytes) => Ok((path, bytes)),
            Err(error) if width == TILE_WIDTH => Err(error),
            Err(error) => {
                let full = self.path.join(path_of(TILE_WIDTH));
                self.read(&full, limit)
                    .map(|bytes| (full, bytes))
                    .map_err(|_| error)
            }
        }
    }

    fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, TileError> {
        let Some(files) = &self.files else {
            return read(path, limit);
        };
        let held = path.to_str().and_then(|name| files.get(name));
        let bytes = held.ok_or_else(|| TileError::Io {
            path: path.to_owned(),
            source: io::ErrorKind::NotFound.into(),
        })?;
        if bytes.len() > limit {
            return Err(TileError::WrongLength {
                path: path.to_owned(),
            });
        }
        Ok(bytes.clone())
    }
}

/// How many of `nodes` stand in tile `index`.
fn width_of(nodes: u64, index: u64) -> u64 {
    nodes
        .saturating_sub(index.saturating_mul(TILE_WIDTH))
        .min(TILE_WIDTH)
}

pub(crate) fn split_bundle(bytes: &[u8]) -> Bundle {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        if entries.len() == MAX_BUNDLE_ENTRIES {
            break;
        }
        let Some((entry, behind)) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            break;
        };
        entries.push(entry.to_vec());
        rest = behind;
    }
    Bundle {
        entries,
        broken: !rest.is_empty(),
    }
}

/// The tree of an exported log.
#[derive(Debug, Clone, Copy)]
pub struct TileTree<'a> {
    dir: &'a TileDir,
    size: u64,
}

impl NodeReader for TileTree<'_> {
    type Error = TileError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, TileError> {
        let (tile_level, height) = (level / 8, level % 8);
        let no_such = || TileError::NoSuchNode {
            level,
            index,
            size: self.size,
        };
        let count = 1u64 << height;
        let first = index.checked_mul(count).ok_or_else(no_such)?;
        let end = first.checked_add(count).ok_or_else(no_such)?;
        if end > nodes_at(self.size, tile_level) {
            return Err(no_such());
        }
        let tile = self.dir.hashes(tile_level, first / TILE_WIDTH, self.size)?;
        let offset = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        let run = tile
            .get(offset..offset.saturating_add(1 << height))
            .ok_or_else(no_such)?;
        join(run).ok_or_else(no_such)
    }
}

/// The hash over a run of nodes whose number is a power of two.
#[must_use]
pub fn join(run: &[Hash]) -> Option<Hash> {
    if let [one] = run {
        return Some(*one);
    }
    let (left, right) = run.split_at_checked(run.len() / 2)?;
    if left.is_empty() {
        return None;
    }
    Some(node_hash(&join(left)?, &join(right)?))
}

const MAX_TILE_BYTES: usize = 256 * 32;
/// Twice as many as belong there: enough to name what was inserted, too few to exhaust a reader.
const MAX_BUNDLE_ENTRIES: usize = 512;
const MAX_BUNDLE_BYTES: usize = 256 * (2 + 65_535);

/// Reads a file that must not be larger than `limit`.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, TileError> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| TileError::Io {
            path: path.to_owned(),
            source,
        })?;
    if bytes.len() > limit {
        return Err(TileError::WrongLength {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
