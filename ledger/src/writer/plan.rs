//! A round in the making: which batches go in, with which indexes and cursors.
//!
//! Nothing here touches the disk but to look things up; a plan that is dropped has never been.

use std::collections::HashMap;

use hotline_audit::Hash;
use hotline_core::leg::Lane;

use super::{Answer, Prepared, Writer};
use crate::entry::{Batch, Conflict, Entry, EntryFact, Haste, Held, Record, Unfit};
use crate::error::{Clash, CommitError};
use crate::head::{Committed, Head};
use crate::store::{Found, Key, NewLetter, Round, StoreError, Tile};
use crate::tree::Tree;

/// A round in the making.
pub(super) struct Plan<'a> {
    pub(super) tree: Tree,
    tiles: Vec<Tile>,
    leaves: Vec<&'a Entry>,
    letters: Vec<NewLetter<'a>>,
    records: Vec<&'a Record>,
    conflicts: Vec<&'a Conflict>,
    ids: HashMap<(&'a str, &'a [u8; 16]), Found>,
    places: HashMap<(&'a str, u64, u64), Found>,
    mailboxes: HashMap<(&'a str, Lane), u64>,
    /// Mailboxes with letters of this round: those that somebody waits for, then the others.
    wake: [Vec<(&'a str, Lane)>; 2],
}

impl<'a> Plan<'a> {
    pub(super) fn new(writer: &Writer) -> Self {
        Self {
            tree: writer.tree.clone(),
            tiles: Vec::new(),
            leaves: Vec::new(),
            letters: Vec::new(),
            records: Vec::new(),
            conflicts: Vec::new(),
            ids: HashMap::new(),
            places: HashMap::new(),
            mailboxes: HashMap::new(),
            wake: [Vec::new(), Vec::new()],
        }
    }

    /// The newest cursors that this round gives out; mailboxes whose letters somebody waits for come first.
    pub(super) fn cursors(&self) -> Vec<(String, Lane, u64)> {
        let mut cursors: Vec<(String, Lane, u64)> = Vec::new();
        for (recipient, lane) in self.wake.iter().flatten() {
            let known = cursors
                .iter()
                .any(|(name, on, _)| name == recipient && on == lane);
            if let Some(cursor) = self.mailboxes.get(&(*recipient, *lane))
                && !known
            {
                cursors.push(((*recipient).to_owned(), *lane, *cursor));
            }
        }
        cursors
    }

    pub(super) fn round(&mut self, expected: &'a Head, head: &'a Head) -> Round<'a> {
        Round {
            expected,
            head,
            leaves: std::mem::take(&mut self.leaves),
            letters: std::mem::take(&mut self.letters),
            records: std::mem::take(&mut self.records),
            conflicts: std::mem::take(&mut self.conflicts),
            tiles: std::mem::take(&mut self.tiles),
        }
    }

    /// Takes a batch into the round, or says why not. Nothing of a refused batch stays.
    pub(super) fn admit(&mut self, writer: &Writer, prepared: &'a Prepared) -> Result<Answer, StoreError> {
        let batch = &prepared.batch;
        let held = match self.held(writer, batch)? {
            Ok(held) => held,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let first_index = self.tree.size();
        let mut cursors = Vec::with_capacity(batch.entries.len());
        let mut passed = held.iter().map(|(at, _)| *at).peekable();
        for (at, (entry, leaf)) in batch.entries.iter().zip(&prepared.leaf_hashes).enumerate() {
            if passed.next_if_eq(&at).is_some() {
                continue;
            }
            let index = self.tree.size();
            cursors.push(self.post(writer, entry, index)?);
            let wake = match batch.haste {
                Haste::Prompt => &mut self.wake[0],
                Haste::Patient => &mut self.wake[1],
            };
            for (recipient, lane) in &entry.mailbox {
                if wake.last() != Some(&(recipient.as_str(), *lane)) {
                    wake.push((recipient, *lane));
                }
            }
            self.tree.push(*leaf, &mut self.tiles);
            self.leaves.push(entry);
            let found = Found {
                index,
                hash: entry.hash,
            };
            self.ids.insert((&entry.sender, &entry.id), found);
            if entry.epoch > 0 {
                self.places
                    .insert((&entry.sender, entry.epoch, entry.sequence), found);
            }
        }
        self.records.extend(&batch.records);
        self.conflicts.extend(&batch.conflicts);
        Ok(Ok(Committed {
            first_index,
            held,
            size: 0,
            root: Hash::ZERO,
            note: None,
            cursors,
        }))
    }

    /// Whether nothing of it needs the disk.
    pub(super) fn is_empty(&self) -> bool {
        self.leaves.is_empty() && self.records.is_empty() && self.conflicts.is_empty()
    }

    /// Which entries the log holds already and the batch lets pass, in their order; or why it is refused.
    fn held(
        &self,
        writer: &Writer,
        batch: &Batch,
    ) -> Result<Result<Vec<(usize, u64)>, CommitError>, StoreError> {
        if let Some(entry) = repeated(&batch.entries) {
            return Ok(Err(CommitError::Unfit(entry)));
        }
        let mut held = Vec::new();
        for (at, entry) in batch.entries.iter().enumerate() {
            match self.taken(writer, entry)? {
                None => {}
                Some((found, _)) if batch.held == Held::PassedOver && found.hash == entry.hash => {
                    held.push((at, found.index));
                }
                Some((found, by)) => return Ok(Err(refuse(at, entry, found, by))),
            }
        }
        let size = self.tree.size() + (batch.entries.len() - held.len()) as u64;
        let nowhere = batch
            .conflicts
            .iter()
            .position(|conflict| conflict.stored_index >= size);
        Ok(nowhere.map_or(Ok(held), |conflict| {
            Err(CommitError::Unfit(Unfit::Conflict { conflict }))
        }))
    }

    /// Which leaf, on disk or earlier in this round, has the id or the place of `entry`.
    fn taken(&self, writer: &Writer, entry: &Entry) -> Result<Option<(Found, Clash)>, StoreError> {
        let (sender, reads) = (entry.sender.as_str(), writer.store.reads());
        let by_id = match self.ids.get(&(sender, &entry.id)) {
            Some(found) => Some(*found),
            None => reads.find(Key::Id {
                sender,
                id: &entry.id,
            })?,
        };
        if let Some(found) = by_id {
            return Ok(Some((found, Clash::Id)));
        }
        if entry.epoch == 0 {
            return Ok(None);
        }
        let (epoch, sequence) = (entry.epoch, entry.sequence);
        let by_place = match self.places.get(&(sender, epoch, sequence)) {
            Some(found) => Some(*found),
            None => reads.find(Key::Place {
                sender,
                epoch,
                sequence,
            })?,
        };
        Ok(by_place.map(|found| (found, Clash::Place)))
    }

    /// Puts leaf `index` into the mailboxes of `entry`; returns the cursors.
    fn post(&mut self, writer: &Writer, entry: &'a Entry, index: u64) -> Result<Vec<u64>, StoreError> {
        let mut cursors = Vec::with_capacity(entry.mailbox.len());
        for (recipient, lane) in &entry.mailbox {
            let newest = match self.mailboxes.get(&(recipient.as_str(), *lane)) {
                Some(newest) => *newest,
                None => match writer.shared.mailboxes.newest(recipient, *lane) {
                    Some(newest) => newest,
                    None => writer.store.reads().mailbox_head(recipient, *lane)?,
                },
            };
            let cursor = newest + 1;
            self.mailboxes.insert((recipient, *lane), cursor);
            self.letters.push(NewLetter {
                recipient,
                lane: *lane,
                cursor,
                index,
            });
            cursors.push(cursor);
        }
        Ok(cursors)
    }
}

fn refuse(entry: usize, new: &Entry, found: Found, by: Clash) -> CommitError {
    if found.hash == new.hash {
        CommitError::Known {
            entry,
            index: found.index,
        }
    } else {
        CommitError::Equivocation {
            entry,
            index: found.index,
            stored: found.hash,
            by,
        }
    }
}

/// The first entry that claims the id or the place of an earlier one in the same batch.
fn repeated(entries: &[Entry]) -> Option<Unfit> {
    let (mut ids, mut places) = (HashMap::new(), HashMap::new());
    for (at, entry) in entries.iter().enumerate().filter(|_| entries.len() > 1) {
        let by_id = ids.insert((&entry.sender, &entry.id), at);
        let in_chain = entry.epoch > 0;
        let by_place = in_chain
            .then(|| places.insert((&entry.sender, entry.epoch, entry.sequence), at))
            .flatten();
        if let Some(first) = by_id.or(by_place) {
            return Some(Unfit::Entry {
                entry: at,
                fact: EntryFact::Repeated { first },
            });
        }
    }
    None
}
