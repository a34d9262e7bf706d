//! The engine of the simulated world: a ledger in memory, on a disk that can lie, fill up, fail and lose its power.
//!
//! A [`MemoryDisk`] outlives the ledger that is opened on it, as a disk outlives a process. Each commit is written and
//! then synced; what a sync has covered is on the platter and stays. What it has not covered is in the disk's cache, and
//! [`MemoryDisk::crash`] decides how much of it was kept. Recovery keeps what a write-ahead log with checksums would keep:
//! the commits up to the first one that is missing. The suite in `tests/conformance.rs` holds it to the same claims as
//! SQLite; what it cannot show is SQLite's own behaviour at a power cut.

mod image;
mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Fence, Round, StoreError};
use image::{Change, Image};
pub(crate) use store::MemoryStore;

/// What the disk does when it is asked to sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// Everything written is on the platter.
    #[default]
    Works,
    /// It reports an error; what was written stays in the cache.
    Fails,
    /// It reports success; what was written stays in the cache. No promise holds on such a disk: it is here so that the
    /// checks can be seen to bite.
    Lies,
    /// The power goes before the sync ends; every later call fails until [`MemoryDisk::crash`].
    CutsPower,
}

/// A simulated disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    shared: Arc<Mutex<Disk>>,
}

impl fmt::Debug for MemoryDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let disk = self.lock();
        write!(
            f,
            "MemoryDisk({} leaves, {} un-synced)",
            disk.live().head.size,
            disk.cache.len()
        )
    }
}

/// The platter of a disk at some moment, to be put back later: yesterday's backup.
#[derive(Clone)]
pub struct Snapshot {
    platter: Image,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} leaves)", self.platter.head.size)
    }
}

impl Snapshot {
    /// The copy that `backup` would have written at that moment: without its instance id, and with the mark of a copy.
    #[must_use]
    pub fn into_backup(mut self) -> Self {
        let size = self.platter.head.size;
        if let Some(meta) = &mut self.platter.meta {
            meta.instance = None;
            meta.copied_at = Some(size);
        }
        self
    }
}

/// What is on a platter, for whoever judges it from outside.
#[derive(Clone, Debug)]
pub struct Export {
    /// The log, in order.
    pub leaves: Vec<crate::head::Stored>,
    /// The newest signed note.
    pub note: Option<Vec<u8>>,
    /// Records by space and key.
    pub records: std::collections::BTreeMap<(String, Vec<u8>), Vec<u8>>,
}

#[derive(Default)]
struct Disk {
    platter: Image,
    /// Changes written but not synced, oldest first.
    cache: Vec<Change>,
    /// Platter and cache together; `None` while the cache is empty.
    live: Option<Image>,
    sync: Sync,
    /// What syncs do once so many more have passed.
    sync_later: Option<(u32, Sync)>,
    capacity_bytes: Option<u64>,
    /// Rounds for which there was no room.
    refused: u64,
    fence: Option<Fence>,
    /// Counts power cuts and restores: a ledger opened before one no longer reaches the disk.
    generation: u64,
    held: bool,
    dark: bool,
}

impl MemoryDisk {
    /// An empty disk without a limit, whose syncs work.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decides what the next syncs do.
    pub fn set_sync(&self, sync: Sync) {
        self.lock().sync = sync;
    }

    /// Decides what syncs do once `passed` more have been asked for: a fault at the n-th commit.
    pub fn set_sync_after(&self, passed: u32, sync: Sync) {
        self.lock().sync_later = Some((passed, sync));
    }

    /// Whether the power is gone or a sync has failed: the process on this disk must end.
    #[must_use]
    pub fn troubled(&self) -> bool {
        let disk = self.lock();
        disk.dark || disk.sync == Sync::Fails
    }

    /// Whether a leaf with this SHA-256 is on the platter: what a power cut at this moment would leave.
    #[must_use]
    pub fn holds(&self, hash: &hotline_audit::Hash) -> bool {
        self.lock().platter.by_hash.contains_key(hash)
    }

    /// Entries on the platter.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.lock().platter.head.size
    }

    /// Limits the disk to so many bytes; `None` lifts the limit. Each row counts 256 bytes beside its content.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock().capacity_bytes = bytes;
    }

    /// Rounds that found no room so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// Changes that are written but not synced.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.lock().cache.len()
    }

    /// Cuts the power and brings it back. Of the un-synced changes, those numbered in `keep` (from 0, oldest first) had
    /// reached the platter; recovery keeps them up to the first that had not. A ledger that is open on the disk loses it.
    /// Afterwards syncs work.
    pub fn crash(&self, keep: &[usize]) {
        let mut disk = self.lock();
        for (at, change) in std::mem::take(&mut disk.cache).into_iter().enumerate() {
            if !keep.contains(&at) {
                break;
            }
            change.apply(&mut disk.platter);
        }
        disk.restart();
    }

    /// The places of a sender's chain that are on the platter, as (epoch, sequence), in order.
    #[must_use]
    pub fn places(&self, sender: &str) -> Vec<(u64, u64)> {
        let from = (sender.to_owned(), 0, 0);
        let disk = self.lock();
        let rows = disk.platter.by_place.range(from..);
        rows.take_while(|((found, _, _), _)| found == sender)
            .map(|((_, epoch, sequence), _)| (*epoch, *sequence))
            .collect()
    }

    /// Leaves room for so many bytes more, and for no others: the disk is nearly full.
    pub fn fill(&self, room_bytes: u64) {
        let mut disk = self.lock();
        let used_bytes = disk.live().used_bytes;
        disk.capacity_bytes = Some(used_bytes.saturating_add(room_bytes));
    }

    /// Everything that a power cut at this moment would leave: leaves in order, the newest signed note, and the records of
    /// some spaces.
    #[must_use]
    pub fn export(&self, spaces: &[&str]) -> Export {
        let disk = self.lock();
        let platter = &disk.platter;
        let wanted = |(space, _): &&(String, Vec<u8>)| spaces.contains(&space.as_str());
        Export {
            leaves: platter.leaves.values().cloned().collect(),
            note: platter.head.note.clone(),
            records: platter
                .records
                .iter()
                .filter(|(key, _)| wanted(key))
                .map(|((space, key), value)| ((space.clone(), key.clone()), value.clone()))
                .collect(),
        }
    }

    /// Flips one bit in the bytes of leaf `index`; nothing happens when there is no such leaf.
    pub fn flip(&self, index: u64) {
        let mut disk = self.lock();
        disk.platter.flip(index);
        if let Some(live) = &mut disk.live {
            live.flip(index);
        }
    }

    /// Removes leaf `index` from the tables, as a hostile hand would; nothing happens when there is no such leaf.
    pub fn remove(&self, index: u64) {
        let mut disk = self.lock();
        disk.platter.remove(index);
        if let Some(live) = &mut disk.live {
            live.remove(index);
        }
    }

    /// The platter as it is.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            platter: self.lock().platter.clone(),
        }
    }

    /// Puts an older platter back, as somebody does who restores a file. A ledger that is open on the disk loses it. The
    /// memory of the newest signature stays: it is kept where backups do not reach.
    pub fn restore(&self, snapshot: &Snapshot) {
        let mut disk = self.lock();
        disk.platter = snapshot.platter.clone();
        disk.cache.clear();
        disk.restart();
    }

    /// Replaces the whole disk by an empty one.
    pub fn wipe(&self) {
        let mut disk = self.lock();
        disk.platter = Image::default();
        disk.fence = None;
        disk.cache.clear();
        disk.restart();
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        // No method leaves a disk half changed when it panics: it would have to be our own fault, and a test shows it.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk {
    fn live(&self) -> &Image {
        self.live.as_ref().unwrap_or(&self.platter)
    }

    fn restart(&mut self) {
        self.live = None;
        self.sync = Sync::Works;
        self.sync_later = None;
        self.generation += 1;
        self.held = false;
        self.dark = false;
    }

    /// Writes and syncs one round.
    fn append(&mut self, round: &Round<'_>) -> Result<(), StoreError> {
        if let Err(error) = self.live().admit(round, self.capacity_bytes) {
            self.refused += u64::from(matches!(error, StoreError::Full));
            return Err(error);
        }
        match self.sync_later.take() {
            Some((0, sync)) => self.sync = sync,
            Some((left, sync)) => self.sync_later = Some((left - 1, sync)),
            None => {}
        }
        match self.sync {
            Sync::Works if self.cache.is_empty() => {
                self.platter.apply(round);
                Ok(())
            }
            _ => self.write(Change::of_round(round)),
        }
    }

    /// Writes one change into the cache and then does what this disk does at a sync.
    fn write(&mut self, change: Change) -> Result<(), StoreError> {
        let platter = &self.platter;
        change
            .clone()
            .apply(self.live.get_or_insert_with(|| platter.clone()));
        self.cache.push(change);
        match self.sync {
            Sync::Works => {
                for change in std::mem::take(&mut self.cache) {
                    change.apply(&mut self.platter);
                }
                self.live = None;
                Ok(())
            }
            Sync::Fails => Err(StoreError::Sync),
            Sync::Lies => Ok(()),
            Sync::CutsPower => {
                self.dark = true;
                Err(StoreError::Gone)
            }
        }
    }
}
