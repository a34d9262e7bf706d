//! Ledgers and exported folders, read from outside.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_audit::{Hash, tiles::TileDir};
use hotline_ledger::{Inspector, Stored};

/// Bytes of leaves read at a time.
const PAGE_BYTES: usize = 1 << 20;

/// All leaves of a ledger, whoever runs on it.
#[must_use]
pub fn leaves(ledger: &Path) -> Vec<Stored> {
    let opened = Inspector::open(ledger).unwrap();
    let mut found = Vec::new();
    while (found.len() as u64) < opened.head().size {
        found.extend(opened.leaves(found.len() as u64, PAGE_BYTES).unwrap());
    }
    found
}

/// The leaves that desks signed: those with a place in a chain.
#[must_use]
pub fn leaves_of_desks(ledger: &Path) -> Vec<Stored> {
    leaves(ledger).into_iter().filter(|leaf| leaf.epoch > 0).collect()
}

/// The leaves that one sender signed, in the order of the log.
#[must_use]
pub fn leaves_of(ledger: &Path, sender: &str) -> Vec<Stored> {
    leaves(ledger)
        .into_iter()
        .filter(|leaf| leaf.sender == sender)
        .collect()
}

/// The exact bytes of a statement in a ledger.
#[must_use]
pub fn bytes_of(ledger: &Path, hash: &Hash) -> Option<Vec<u8>> {
    leaves(ledger)
        .into_iter()
        .find(|leaf| leaf.hash == *hash)
        .map(|leaf| leaf.bytes)
}

/// Leaves in a ledger.
#[must_use]
pub fn size(ledger: &Path) -> u64 {
    Inspector::open(ledger).unwrap().head().size
}

/// All entries of an exported folder of `size` entries.
#[must_use]
pub fn exported(folder: &Path, size: u64) -> Vec<Vec<u8>> {
    let tiles = TileDir::new(folder);
    let mut found = Vec::new();
    for bundle in 0..size.div_ceil(256) {
        found.extend(tiles.bundle(bundle, size).unwrap().entries);
    }
    found
}

/// Every file below a folder.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
