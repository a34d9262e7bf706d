//! Writing a log into a folder.

use std::fs;
use std::path::Path;

use super::{Files, TILE_WIDTH, TileError, entries_path, nodes_at, tile_path};
use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::tree::{Frontier, leaf_hash};

/// Writes the log of a checkpoint into `dir`: the first entries, as many as it says, their tiles, and the checkpoint
/// last of all. Further entries are not read.
///
/// # Errors
/// When the entries are fewer than the checkpoint says or have another root, in which case no checkpoint is written;
/// or when a file cannot be written.
pub fn write_log<E>(
    dir: &Path,
    note: &[u8],
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
) -> Result<Checkpoint, TileError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let checkpoint = write_tiles(note, entries, &mut |file, bytes| write(&dir.join(file), bytes))?;
    let (new, path) = (dir.join("checkpoint.new"), dir.join("checkpoint"));
    write(&new, note)?;
    fs::rename(&new, &path).map_err(|source| TileError::Io { path, source })?;
    Ok(checkpoint)
}

/// The same files in memory, by their paths.
///
/// # Errors
/// As [`write_log`].
pub fn log_files<E>(
    note: &[u8],
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
) -> Result<Files, TileError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut files = Files::new();
    write_tiles(note, entries, &mut |file, bytes| {
        files.insert(file.to_owned(), bytes.to_vec());
        Ok(())
    })?;
    files.insert("checkpoint".to_owned(), note.to_vec());
    Ok(files)
}

/// Takes one file, by its path below the folder.
type Sink<'a> = dyn FnMut(&str, &[u8]) -> Result<(), TileError> + 'a;

fn write_tiles<E>(
    note: &[u8],
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
    out: &mut Sink<'_>,
) -> Result<Checkpoint, TileError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let checkpoint = Checkpoint::danger_parse_unverified(note)?;
    let mut writer = TileWriter {
        out,
        frontier: Frontier::new(),
        hashes: Vec::new(),
        bundle: Vec::new(),
    };
    let limit = usize::try_from(checkpoint.size).unwrap_or(usize::MAX);
    for entry in entries.into_iter().take(limit) {
        let index = writer.frontier.size();
        writer.push(&entry.map_err(|error| TileError::Source {
            index,
            source: error.into(),
        })?)?;
    }
    writer.finish()?;
    let (found, root) = (writer.frontier.size(), writer.frontier.root());
    if found != checkpoint.size {
        return Err(TileError::TooFewEntries {
            expected: checkpoint.size,
            found,
        });
    }
    if root != checkpoint.root {
        return Err(TileError::WrongRoot {
            expected: checkpoint.root,
            found: root,
        });
    }
    Ok(checkpoint)
}

/// Collects the rightmost tile of each level until it is full.
struct TileWriter<'a, 's> {
    out: &'a mut Sink<'s>,
    frontier: Frontier,
    /// Tile level by tile level: hashes of the rightmost tile.
    hashes: Vec<Vec<u8>>,
    bundle: Vec<u8>,
}

impl TileWriter<'_, '_> {
    fn push(&mut self, entry: &[u8]) -> Result<(), TileError> {
        let index = self.frontier.size();
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLarge(index))?;
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(entry);
        for node in self.frontier.push(leaf_hash(entry)) {
            if node.level % 8 == 0 {
                self.put_hash(node.level / 8, node.index, &node.hash)?;
            }
        }
        if (index + 1).is_multiple_of(TILE_WIDTH) {
            (self.out)(&entries_path(index / TILE_WIDTH, TILE_WIDTH), &self.bundle)?;
            self.bundle.clear();
        }
        Ok(())
    }

    fn put_hash(&mut self, level: u8, index: u64, hash: &Hash) -> Result<(), TileError> {
        let place = usize::from(level);
        if self.hashes.len() <= place {
            self.hashes.resize(place + 1, Vec::new());
        }
        let Some(tile) = self.hashes.get_mut(place) else {
            return Ok(());
        };
        tile.extend_from_slice(hash.as_bytes());
        if (index + 1).is_multiple_of(TILE_WIDTH) {
            let full = std::mem::take(tile);
            (self.out)(&tile_path(level, index / TILE_WIDTH, TILE_WIDTH), &full)?;
        }
        Ok(())
    }

    /// Writes the partial tiles on the right.
    fn finish(&mut self) -> Result<(), TileError> {
        let size = self.frontier.size();
        if !self.bundle.is_empty() {
            (self.out)(&entries_path(size / TILE_WIDTH, size % TILE_WIDTH), &self.bundle)?;
        }
        for (level, tile) in (0u8..).zip(&self.hashes) {
            if !tile.is_empty() {
                let nodes = nodes_at(size, level);
                (self.out)(&tile_path(level, nodes / TILE_WIDTH, nodes % TILE_WIDTH), tile)?;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TileError> {
    let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
    parent
        .and_then(|()| fs::write(path, bytes))
        .map_err(|source| TileError::Io {
            path: path.to_owned(),
            source,
        })
}
