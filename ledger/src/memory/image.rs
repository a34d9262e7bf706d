//! What is on a simulated platter, and how a change alters it.
//!
//! Ordered maps only: a run of the simulated world must be the same every time.

use std::collections::BTreeMap;

use hotline_audit::Hash;
use hotline_audit::tree::empty_root;
use hotline_core::leg::Lane;

use crate::entry::{Conflict, Entry, Record};
use crate::head::{Conflicts, Head, KeptConflict, MAX_CONFLICTS, MAX_CONFLICTS_PER_SENDER, Stored};
use crate::store::{Meta, NewLetter, Round, StoreError, Tile};

/// What a row costs on the simulated disk beside its content, in bytes.
const ROW_BYTES: u64 = 256;

/// The tables of a ledger.
#[derive(Clone)]
pub(super) struct Image {
    pub(super) meta: Option<Meta>,
    pub(super) head: Head,
    pub(super) leaves: BTreeMap<u64, Stored>,
    pub(super) by_id: BTreeMap<(String, [u8; 16]), u64>,
    pub(super) by_place: BTreeMap<(String, u64, u64), u64>,
    pub(super) by_hash: BTreeMap<Hash, u64>,
    pub(super) tiles: BTreeMap<(u8, u64), Vec<u8>>,
    pub(super) mailboxes: BTreeMap<(String, Lane), BTreeMap<u64, u64>>,
    pub(super) records: BTreeMap<(String, Vec<u8>), Vec<u8>>,
    pub(super) conflicts: Conflicts,
    pub(super) used_bytes: u64,
}

impl Default for Image {
    fn default() -> Self {
        Self {
            meta: None,
            head: Head {
                size: 0,
                root: empty_root(),
                note: None,
            },
            leaves: BTreeMap::new(),
            by_id: BTreeMap::new(),
            by_place: BTreeMap::new(),
            by_hash: BTreeMap::new(),
            tiles: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            records: BTreeMap::new(),
            conflicts: Conflicts {
                kept: Vec::new(),
                not_kept: 0,
            },
            used_bytes: 0,
        }
    }
}

impl Image {
    /// Whether `round` may be applied: everything an engine refuses, it refuses here, before anything changes.
    pub(super) fn admit(&self, round: &Round<'_>, capacity_bytes: Option<u64>) -> Result<(), StoreError> {
        if self.head.size != round.expected.size || self.head.root != round.expected.root {
            return Err(StoreError::HeadMoved {
                expected: round.expected.size,
                found: self.head.size,
            });
        }
        let (mut ids, mut places) = (BTreeMap::new(), BTreeMap::new());
        for entry in &round.leaves {
            let (id, place) = (id_of(entry), place_of(entry));
            let id_taken = self.by_id.contains_key(&id) || ids.insert(id, ()).is_some();
            let place_taken = place.is_some_and(|place| {
                self.by_place.contains_key(&place) || places.insert(place, ()).is_some()
            });
            if id_taken || place_taken {
                return Err(StoreError::Unique(None));
            }
        }
        match capacity_bytes {
            Some(capacity) if self.used_bytes.saturating_add(cost_bytes(round)) > capacity => {
                Err(StoreError::Full)
            }
            _ => Ok(()),
        }
    }

    /// Applies an admitted round.
    pub(super) fn apply(&mut self, round: &Round<'_>) {
        self.used_bytes = self.used_bytes.saturating_add(cost_bytes(round));
        for (entry, index) in round.leaves.iter().zip(round.expected.size..) {
            self.insert(entry, index);
        }
        for letter in &round.letters {
            let mailbox = self
                .mailboxes
                .entry((letter.recipient.to_owned(), letter.lane))
                .or_default();
            mailbox.insert(letter.cursor, letter.index);
        }
        for record in &round.records {
            match record {
                Record::Put { space, key, value } => {
                    self.records
                        .insert(((*space).to_owned(), key.clone()), value.clone());
                }
                Record::Delete { space, key } => {
                    self.records.remove(&((*space).to_owned(), key.clone()));
                }
            }
        }
        for conflict in &round.conflicts {
            self.keep(conflict);
        }
        for tile in &round.tiles {
            self.tiles.insert((tile.level, tile.number), tile.data.clone());
        }
        self.head = round.head.clone();
    }

    fn insert(&mut self, entry: &Entry, index: u64) {
        self.by_id.insert(id_of(entry), index);
        self.by_hash.entry(entry.hash).or_insert(index);
        if let Some(place) = place_of(entry) {
            self.by_place.insert(place, index);
        }
        let stored = Stored {
            index,
            kind: entry.kind,
            sender: entry.sender.clone(),
            id: entry.id,
            epoch: entry.epoch,
            sequence: entry.sequence,
            hash: entry.hash,
            bytes: entry.bytes.clone(),
        };
        self.leaves.insert(index, stored);
    }

    fn keep(&mut self, conflict: &Conflict) {
        let hash = Hash::of(&conflict.bytes);
        let kept = &mut self.conflicts.kept;
        if kept.iter().any(|other| other.hash == hash) {
            return;
        }
        let of_sender = kept
            .iter()
            .filter(|other| other.sender == conflict.sender)
            .count() as u64;
        if kept.len() as u64 >= MAX_CONFLICTS || of_sender >= MAX_CONFLICTS_PER_SENDER {
            self.conflicts.not_kept += 1;
            return;
        }
        kept.push(KeptConflict {
            sender: conflict.sender.clone(),
            stored_index: conflict.stored_index,
            hash,
            bytes: conflict.bytes.clone(),
        });
    }

    pub(super) fn flip(&mut self, index: u64) {
        if let Some(byte) = self.leaves.get_mut(&index).and_then(|leaf| leaf.bytes.last_mut()) {
            *byte ^= 1;
        }
    }

    pub(super) fn remove(&mut self, index: u64) {
        self.leaves.remove(&index);
    }
}

fn id_of(entry: &Entry) -> (String, [u8; 16]) {
    (entry.sender.clone(), entry.id)
}

fn place_of(entry: &Entry) -> Option<(String, u64, u64)> {
    (entry.epoch > 0).then(|| (entry.sender.clone(), entry.epoch, entry.sequence))
}

fn cost_bytes(round: &Round<'_>) -> u64 {
    let leaves: usize = round.leaves.iter().map(|entry| entry.bytes.len()).sum();
    let conflicts: usize = round.conflicts.iter().map(|conflict| conflict.bytes.len()).sum();
    let tiles: usize = round.tiles.iter().map(|tile| tile.data.len()).sum();
    let values: usize = round
        .records
        .iter()
        .map(|record| match record {
            Record::Put { key, value, .. } => key.len() + value.len(),
            Record::Delete { .. } => 0,
        })
        .sum();
    let rows = round.leaves.len() + round.letters.len() + round.records.len() + round.conflicts.len();
    (leaves + conflicts + tiles + values) as u64 + rows as u64 * ROW_BYTES
}

/// A change that can wait in the cache.
#[derive(Clone)]
pub(super) enum Change {
    Round(Box<OwnedRound>),
    Meta(Meta),
}

#[derive(Clone)]
pub(super) struct OwnedRound {
    expected: Head,
    head: Head,
    leaves: Vec<Entry>,
    letters: Vec<(String, Lane, u64, u64)>,
    records: Vec<Record>,
    conflicts: Vec<Conflict>,
    tiles: Vec<Tile>,
}

impl Change {
    pub(super) fn of_round(round: &Round<'_>) -> Self {
        Self::Round(Box::new(OwnedRound {
            expected: round.expected.clone(),
            head: round.head.clone(),
            leaves: round.leaves.iter().map(|entry| (*entry).clone()).collect(),
            letters: round
                .letters
                .iter()
                .map(|letter| {
                    (
                        letter.recipient.to_owned(),
                        letter.lane,
                        letter.cursor,
                        letter.index,
                    )
                })
                .collect(),
            records: round.records.iter().map(|record| (*record).clone()).collect(),
            conflicts: round
                .conflicts
                .iter()
                .map(|conflict| (*conflict).clone())
                .collect(),
            tiles: round.tiles.clone(),
        }))
    }

    pub(super) fn apply(self, image: &mut Image) {
        let round = match self {
            Self::Round(round) => round,
            Self::Meta(meta) => {
                image.meta = Some(meta);
                return;
            }
        };
        image.apply(&Round {
            expected: &round.expected,
            head: &round.head,
            leaves: round.leaves.iter().collect(),
            letters: round
                .letters
                .iter()
                .map(|(recipient, lane, cursor, index)| NewLetter {
                    recipient,
                    lane: *lane,
                    cursor: *cursor,
                    index: *index,
                })
                .collect(),
            records: round.records.iter().collect(),
            conflicts: round.conflicts.iter().collect(),
            tiles: round.tiles.clone(),
        });
    }
}
