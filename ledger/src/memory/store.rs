//! The store and the readers of a simulated disk.

use std::ops::Bound;
use std::path::Path;

use hotline_core::leg::Lane;

use super::image::{Change, Image};
use super::{Disk, MemoryDisk};
use crate::error::{BackupError, OpenError};
use crate::head::{Conflicts, Head, Letter, Stored};
use crate::store::{Fence, Found, Key, Listing, Meta, Reader, Round, Rows, Store, StoreError, Stretch};

/// The writer on a simulated disk. Its own reader is inside, as every reader knows which power cut it has lived through.
pub(crate) struct MemoryStore {
    reader: MemoryReader,
}

struct MemoryReader {
    disk: MemoryDisk,
    generation: u64,
}

impl MemoryStore {
    /// Takes the disk, and makes it a ledger of `owner` and `origin` if it is empty.
    pub(crate) fn open(disk: &MemoryDisk, owner: &str, origin: &str) -> Result<Self, OpenError> {
        let mut held = disk.lock();
        if held.held {
            return Err(OpenError::DiskInUse);
        }
        if held.live().meta.is_none() {
            let meta = Meta {
                owner: owner.to_owned(),
                origin: origin.to_owned(),
                instance: None,
                boot: 0,
                copied_at: None,
            };
            held.write(Change::Meta(meta))
                .map_err(|source| OpenError::Store {
                    place: "in memory".to_owned(),
                    source,
                })?;
        }
        held.held = true;
        let generation = held.generation;
        drop(held);
        Ok(Self {
            reader: MemoryReader {
                disk: disk.clone(),
                generation,
            },
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Disk) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut disk = self.reader.disk.lock();
        if disk.dark || disk.generation != self.reader.generation {
            return Err(StoreError::Gone);
        }
        change(&mut disk)
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        let mut disk = self.reader.disk.lock();
        if disk.generation == self.reader.generation {
            disk.held = false;
        }
    }
}

impl Store for MemoryStore {
    fn reads(&self) -> &dyn Reader {
        &self.reader
    }

    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        Ok(Box::new(MemoryReader {
            disk: self.reader.disk.clone(),
            generation: self.reader.generation,
        }))
    }

    fn append(&mut self, round: &Round<'_>) -> Result<(), StoreError> {
        self.with(|disk| {
            disk.append(round)?;
            if round.head.note.is_some()
                && round.head.size != round.expected.size
                && !hotline_core::plant::active("signature-not-remembered")
            {
                let signed = Fence {
                    size: round.head.size,
                    root: round.head.root,
                };
                if disk.fence.is_none_or(|fence| fence.gives_way_to(&signed)) {
                    disk.fence = Some(signed);
                }
            }
            Ok(())
        })
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn set_meta(&mut self, meta: &Meta) -> Result<(), StoreError> {
        self.with(|disk| disk.write(Change::Meta(meta.clone())))
    }

    fn fence(&self) -> Option<Fence> {
        self.reader.disk.lock().fence
    }

    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl MemoryReader {
    fn read<T>(&self, look: impl FnOnce(&Image) -> T) -> Result<T, StoreError> {
        let disk = self.disk.lock();
        if disk.dark || disk.generation != self.generation {
            return Err(StoreError::Gone);
        }
        Ok(look(disk.live()))
    }
}

impl Reader for MemoryReader {
    fn head(&self) -> Result<Head, StoreError> {
        self.read(|image| image.head.clone())
    }

    fn meta(&self) -> Result<Meta, StoreError> {
        self.read(|image| image.meta.clone())?
            .ok_or(StoreError::Malformed {
                what: "a disk without a ledger",
            })
    }

    fn leaf(&self, index: u64) -> Result<Option<Stored>, StoreError> {
        self.read(|image| image.leaves.get(&index).cloned())
    }

    fn leaves(&self, first: u64, end: u64, max_bytes: usize) -> Result<Vec<Stored>, StoreError> {
        self.read(|image| {
            let mut bytes = 0usize;
            let mut found = Vec::new();
            for leaf in image.leaves.range(first..end.max(first)).map(|(_, leaf)| leaf) {
                bytes = bytes.saturating_add(leaf.bytes.len());
                found.push(leaf.clone());
                if bytes >= max_bytes {
                    break;
                }
            }
            found
        })
    }

    fn find(&self, key: Key<'_>) -> Result<Option<Found>, StoreError> {
        self.read(|image| {
            let index = match key {
                Key::Id { sender, id } => image.by_id.get(&(sender.to_owned(), *id)),
                Key::Place {
                    sender,
                    epoch,
                    sequence,
                } => image.by_place.get(&(sender.to_owned(), epoch, sequence)),
                Key::Hash(hash) => image.by_hash.get(hash),
            };
            let leaf = image.leaves.get(index?)?;
            Some(Found {
                index: leaf.index,
                hash: leaf.hash,
            })
        })
    }

    fn chain(&self, stretch: Stretch<'_>) -> Result<Vec<Stored>, StoreError> {
        let place = |sequence| (stretch.sender.to_owned(), stretch.epoch, sequence);
        if stretch.first > stretch.last {
            return Ok(Vec::new());
        }
        self.read(|image| {
            let places = image.by_place.range(place(stretch.first)..=place(stretch.last));
            places
                .filter_map(|(_, index)| image.leaves.get(index))
                .take(stretch.limit)
                .cloned()
                .collect()
        })
    }

    fn chain_head(&self, sender: &str) -> Result<Option<u64>, StoreError> {
        self.read(|image| {
            let places = (sender.to_owned(), 0, 0)..=(sender.to_owned(), u64::MAX, u64::MAX);
            image.by_place.range(places).next_back().map(|(_, index)| *index)
        })
    }

    fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|image| image.tiles.get(&(level, number)).cloned())
    }

    fn mailbox(
        &self,
        recipient: &str,
        lane: Lane,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreError> {
        self.read(|image| {
            let Some(mailbox) = image.mailboxes.get(&(recipient.to_owned(), lane)) else {
                return Vec::new();
            };
            let rows = mailbox.range((Bound::Excluded(after), Bound::Unbounded));
            rows.take(limit)
                .map(|(cursor, index)| Letter {
                    cursor: *cursor,
                    index: *index,
                })
                .collect()
        })
    }

    fn mailbox_head(&self, recipient: &str, lane: Lane) -> Result<u64, StoreError> {
        self.read(|image| {
            let mailbox = image.mailboxes.get(&(recipient.to_owned(), lane));
            mailbox
                .and_then(|rows| rows.keys().next_back().copied())
                .unwrap_or(0)
        })
    }

    fn record(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|image| image.records.get(&(space.to_owned(), key.to_vec())).cloned())
    }

    fn records(&self, listing: Listing<'_>) -> Result<Rows, StoreError> {
        let from = (listing.space.to_owned(), listing.prefix.to_vec());
        self.read(|image| {
            image
                .records
                .range(from..)
                .take_while(|((space, key), _)| space == listing.space && key.starts_with(listing.prefix))
                .filter(|((_, key), _)| listing.after.is_none_or(|after| key.as_slice() > after))
                .take(listing.limit)
                .map(|((_, key), value)| (key.clone(), value.clone()))
                .collect()
        })
    }

    fn conflicts(&self, limit: usize) -> Result<Conflicts, StoreError> {
        self.read(|image| Conflicts {
            kept: image.conflicts.kept.iter().take(limit).cloned().collect(),
            not_kept: image.conflicts.not_kept,
        })
    }

    fn copy_to(&self, _to: &Path) -> Result<Head, BackupError> {
        Err(BackupError::InMemory)
    }

    fn free_bytes(&self) -> Result<Option<u64>, StoreError> {
        let disk = self.disk.lock();
        let used_bytes = disk.live().used_bytes;
        Ok(disk
            .capacity_bytes
            .map(|capacity| capacity.saturating_sub(used_bytes)))
    }
}
