//! What a mirror keeps: entries, the roots of every 256 of them, and how far it has come.
//!
//! Entries are facts under (log, index); so are the nodes of every eighth level, from which any proof and any tile is made.
//! How far it has come is one fact with a check sum, written in the same transaction as the entries that it counts. At a
//! start every entry is hashed again, in the background ([`Checking`]): until then, and where it does not give the root that
//! was kept, nothing of that log is handed out, and the log is asked to bring it anew from there on.

mod held;
pub(super) mod tiles;

pub use held::{Cosigned, Held};

use std::{collections::BTreeMap, ops::Bound};

use hotline_audit::{
    Hash,
    note::Note,
    tree::{CompletedNode, root_at},
};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, ReadError, Record};

use super::book::Facts;
use tiles::Nodes;

/// Where entries lie: key = hash of the origin, then the index as 8 bytes, big-endian.
pub(super) const ENTRY_SPACE: &str = "mirror-entry";
/// Where nodes lie: key = hash of the origin, tile level, then the index as 8 bytes, big-endian.
pub(super) const NODE_SPACE: &str = "mirror-node";
/// How far a log is mirrored: key = origin.
const MIRRORED_SPACE: &str = "mirrored";

/// Bytes of entries that one transaction takes: well below what a batch may hold.
const PIECE_BYTES: usize = 2 * 1024 * 1024;
/// Entries that are read at once.
const PAGE: usize = 256;

/// Everything that a mirror holds, by origin.
#[derive(Debug, Default)]
pub struct Shelf {
    logs: BTreeMap<String, Held>,
    /// What was kept of logs that are not checked yet: their records.
    unchecked: BTreeMap<String, Vec<u8>>,
}

/// What was found of one log at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The log.
    pub origin: String,
    /// Entries that were kept, by the record.
    pub kept: u64,
    /// Entries that are there and are what was kept.
    pub good: u64,
    /// Whether everything is as it was kept. If not, entries from `good` on are asked for anew.
    pub intact: bool,
}

impl Shelf {
    /// Reads what was kept. Nothing of it is handed out or added to before it was hashed again: see [`Shelf::unchecked`].
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn open(facts: &impl Facts) -> Result<Self, ReadError> {
        let rows = facts.facts(MIRRORED_SPACE, &[], None, super::book::MAX_LOGS)?;
        let unchecked = rows
            .into_iter()
            .filter_map(|(key, value)| Some((String::from_utf8(key).ok()?, value)))
            .collect();
        Ok(Self {
            logs: BTreeMap::new(),
            unchecked,
        })
    }

    /// The next log behind `after` whose entries have not been hashed again yet, ready for that.
    pub(super) fn unchecked(&self, after: Option<&str>) -> Option<Checking> {
        let behind = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.unchecked.range::<str, _>((behind, Bound::Unbounded));
        let (origin, record) = rest.next()?;
        Some(Checking::new(origin.clone(), record))
    }

    /// Whether what is held of a log is known to be what was kept.
    #[must_use]
    pub fn is_checked(&self, origin: &str) -> bool {
        !self.unchecked.contains_key(origin)
    }

    /// What is held of a log; nothing of one that was never mirrored, or is not checked yet.
    #[must_use]
    pub fn held(&self, origin: &str) -> Held {
        self.logs.get(origin).cloned().unwrap_or_default()
    }

    /// Bytes of all entries of this side's logs together, by the records of those that are not checked yet.
    #[must_use]
    pub fn bytes_of(&self, side: &str) -> u64 {
        let of_side = |origin: &str| super::book::side_of(origin) == side;
        let checked = self.logs.iter().filter(|(origin, _)| of_side(origin));
        let unchecked = self.unchecked.iter().filter(|(origin, _)| of_side(origin));
        let unchecked = unchecked.filter_map(|(_, record)| Held::parse(record));
        let bytes = checked.map(|(_, held)| held.bytes());
        bytes.chain(unchecked.map(|held| held.bytes())).sum()
    }

    /// The logs of which something is held, checked or not.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().chain(self.unchecked.keys()).map(String::as_str)
    }

    /// Takes what is on disk now, and is known to be good.
    pub(super) fn take(&mut self, origin: &str, held: Held) {
        self.unchecked.remove(origin);
        self.logs.insert(origin.to_owned(), held);
    }
}

/// Entries on their way to disk, in pieces that each fit one transaction.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) batch: Batch,
    /// What is held once the piece is on disk.
    pub(super) held: Held,
}

/// Puts `entries` behind what is held, as so many pieces.
pub(super) fn pieces(origin: &str, mut held: Held, entries: &[Vec<u8>]) -> Vec<Piece> {
    let log = Hash::of(origin.as_bytes());
    let (mut pieces, mut records, mut bytes) = (Vec::new(), Vec::new(), 0usize);
    for entry in entries {
        if bytes + entry.len() > PIECE_BYTES && !records.is_empty() {
            pieces.push(piece(origin, &held, std::mem::take(&mut records)));
            bytes = 0;
        }
        bytes += entry.len();
        records.push(Record::Put {
            space: ENTRY_SPACE,
            key: entry_key(&log, held.next()),
            value: entry.clone(),
        });
        for node in held.push(entry) {
            records.extend(node_record(&log, &node));
        }
    }
    if !records.is_empty() {
        pieces.push(piece(origin, &held, records));
    }
    pieces
}

fn piece(origin: &str, held: &Held, mut records: Vec<Record>) -> Piece {
    records.push(held_record(origin, held));
    let mut batch = Batch::new(Lane::Bulk);
    batch.records = records;
    Piece {
        batch,
        held: held.clone(),
    }
}

/// The fact that so much is held.
pub(super) fn held_record(origin: &str, held: &Held) -> Record {
    Record::Put {
        space: MIRRORED_SPACE,
        key: origin.as_bytes().to_vec(),
        value: held.encode(),
    }
}

/// Nodes of every eighth level above the leaves are kept; the others are made from these.
fn node_record(log: &Hash, node: &CompletedNode) -> Option<Record> {
    let level = node.level / 8;
    (level > 0 && node.level.is_multiple_of(8)).then(|| Record::Put {
        space: NODE_SPACE,
        key: node_key(log, level, node.index),
        value: node.hash.as_bytes().to_vec(),
    })
}

fn entry_key(log: &Hash, index: u64) -> Vec<u8> {
    [log.as_bytes().as_slice(), &index.to_be_bytes()].concat()
}

fn node_key(log: &Hash, tile_level: u8, index: u64) -> Vec<u8> {
    [log.as_bytes().as_slice(), &[tile_level], &index.to_be_bytes()].concat()
}

/// The rows `from..from + count` of a space whose keys are `prefix` and an index; those that there are, up to a gap.
fn run_of(
    facts: &impl Facts,
    (space, prefix): (&str, &[u8]),
    from: u64,
    count: usize,
) -> Result<Vec<Vec<u8>>, ReadError> {
    let before = from
        .checked_sub(1)
        .map(|before| [prefix, &before.to_be_bytes()].concat());
    let rows = facts.facts(space, prefix, before.as_deref(), count)?;
    let unbroken = (from..)
        .zip(rows)
        .take_while(|(index, (key, _))| key.get(prefix.len()..) == Some(&index.to_be_bytes()))
        .map(|(_, (_, value))| value);
    Ok(unbroken.collect())
}

/// The entries from `from` on, at most `count`, up to a gap.
pub(super) fn entries(
    facts: &impl Facts,
    origin: &str,
    from: u64,
    count: usize,
) -> Result<Vec<Vec<u8>>, ReadError> {
    let log = Hash::of(origin.as_bytes());
    run_of(facts, (ENTRY_SPACE, log.as_bytes()), from, count)
}

/// The root of the first `size` entries that are held.
pub(super) fn root_of(facts: &impl Facts, origin: &str, held: &Held, size: u64) -> Result<Hash, ReadError> {
    if size == held.next() {
        return Ok(held.root());
    }
    root_at(&Nodes::of(facts, origin, held.next()), size)
}

/// Hashes again what the record says is there, page by page.
pub(super) struct Checking {
    origin: String,
    readable: bool,
    kept: Held,
    good: Held,
    /// Where the entries stand behind which everything is known to be right: the last full tile.
    safe: Held,
    whole: bool,
}

impl Checking {
    fn new(origin: String, record: &[u8]) -> Self {
        // Without the record nothing says how far it had come: all is asked for anew.
        let parsed = Held::parse(record);
        let readable = parsed.is_some();
        let kept = parsed.unwrap_or_default();
        let good = Held::nothing_of(kept.cosigned().cloned());
        Self {
            origin,
            readable,
            kept,
            safe: good.clone(),
            good,
            whole: true,
        }
    }

    /// The log.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Hashes the next page; false once there is none.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) fn step(&mut self, facts: &impl Facts) -> Result<bool, ReadError> {
        let left = self.kept.next().saturating_sub(self.good.next());
        if left == 0 || !self.whole {
            return Ok(false);
        }
        let log = Hash::of(self.origin.as_bytes());
        let want = usize::try_from(left).map_or(PAGE, |left| left.min(PAGE));
        let page = run_of(facts, (ENTRY_SPACE, log.as_bytes()), self.good.next(), want)?;
        self.whole = page.len() == want;
        for entry in page {
            for node in self.good.push(&entry) {
                if !stands(facts, &log, &node)? {
                    self.whole = false;
                    return Ok(false);
                }
            }
            if self.good.next().is_multiple_of(PAGE as u64) {
                self.safe = self.good.clone();
            }
        }
        Ok(true)
    }

    /// What is held, and what was found.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) fn end(self, facts: &impl Facts) -> Result<(Held, Found), ReadError> {
        let same = self.whole && self.good == self.kept && cosigned_fits(facts, &self.origin, &self.good)?;
        let held = if same { self.good } else { self.safe };
        let cosigned = self.kept.cosigned().map_or(0, |by| by.checkpoint.size);
        let found = Found {
            origin: self.origin,
            kept: self.kept.next().max(cosigned),
            good: held.next(),
            intact: same && self.readable,
        };
        Ok((held, found))
    }
}

/// Whether a node that is kept is what the entries give; others are made from these.
fn stands(facts: &impl Facts, log: &Hash, node: &CompletedNode) -> Result<bool, ReadError> {
    let level = node.level / 8;
    if level == 0 || !node.level.is_multiple_of(8) {
        return Ok(true);
    }
    let stored = facts.fact(NODE_SPACE, &node_key(log, level, node.index))?;
    Ok(stored.as_deref() == Some(node.hash.as_bytes().as_slice()))
}

/// Whether the entries have the root of the checkpoint that the mirror cosigned.
fn cosigned_fits(facts: &impl Facts, origin: &str, held: &Held) -> Result<bool, ReadError> {
    let Some(cosigned) = held.cosigned() else {
        return Ok(true);
    };
    let size = cosigned.checkpoint.size;
    Ok(size <= held.next() && root_of(facts, origin, held, size)? == cosigned.checkpoint.root)
}

/// A mirrored log as it can be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredLog {
    /// Its origin.
    pub origin: String,
    /// Entries up to the checkpoint.
    pub size: u64,
    /// The checkpoint with the log's signature and the mirror's cosignature.
    pub note: Note,
}

impl MirroredLog {
    /// Its entries from `from` on, in order: some of them, none behind the last.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn entries(&self, facts: &impl Facts, from: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let rest = usize::try_from(self.size.saturating_sub(from)).unwrap_or(usize::MAX);
        entries(facts, &self.origin, from, rest.min(PAGE))
    }
}

/// The logs that a node's mirror has cosigned, for whoever exports them. Nothing of them is verified here.
///
/// # Errors
/// The ledger cannot be read.
pub fn mirrored_logs(facts: &impl Facts) -> Result<Vec<MirroredLog>, ReadError> {
    let rows = facts.facts(MIRRORED_SPACE, &[], None, super::book::MAX_LOGS)?;
    Ok(rows
        .into_iter()
        .filter_map(|(key, value)| {
            let cosigned = Held::parse(&value)?.cosigned().cloned()?;
            Some(MirroredLog {
                origin: String::from_utf8(key).ok()?,
                size: cosigned.checkpoint.size,
                note: cosigned.note,
            })
        })
        .collect())
}
