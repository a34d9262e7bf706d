//! Frames: how a relay tells a desk what its log holds.
//!
//! Every frame that speaks of leaves names one checkpoint, and all lanes of one desk share one chain of checkpoint
//! updates: each proves its consistency with the one that went out before, on whichever lane that was. A desk that
//! links them finds two histories even when each lane was shown only one.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use hotline_audit::{
    Hash,
    tree::{Frontier, NodeReader as _},
};
use hotline_core::identity::Identity;
use hotline_ledger::{Ledger, ReadError};
use hotline_proto::{UPDATE_LEAVES_MAX, v1};

use crate::relay::Relay;

/// Leaves whose hashes an update brings at most.
pub(crate) const LEAVES_MAX: u64 = UPDATE_LEAVES_MAX as u64;

/// The size of the newest checkpoint that went out to each desk.
#[derive(Debug, Default)]
pub struct Told(Mutex<BTreeMap<Identity, u64>>);

impl Told {
    /// An update to the newest checkpoint, linked to the last one that went out to this desk. `noted` is the size of the
    /// newest checkpoint whose note this session has carried: what another session carried may be lost with it, so the
    /// note is left out only where this one has brought it.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn update(
        &self,
        ledger: &Ledger,
        desk: &Identity,
        noted: &mut u64,
    ) -> Result<v1::CheckpointUpdate, ReadError> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = told.get(desk).copied();
        let (size, note) = ledger.size_and_note();
        let update = match last {
            Some(last) if last > size || (last == size && *noted >= size) => bare(last),
            Some(last) => {
                let leaves = leaves(ledger, *noted, size);
                let edge = if leaves.is_empty() {
                    edge(ledger, size)
                } else {
                    Vec::new()
                };
                v1::CheckpointUpdate {
                    leaves_from: *noted,
                    leaves,
                    edge,
                    ..linked(ledger, last, size, note)?
                }
            }
            None => linked(ledger, size, size, note)?,
        };
        told.insert(desk.clone(), update.size);
        if !update.note.is_empty() {
            *noted = update.size;
        }
        Ok(update)
    }

    /// The update in a hello: from the size that the desk has stored.
    ///
    /// # Errors
    /// If the ledger cannot be read. A desk that stored a larger checkpoint than this log has gets the smaller one as
    /// it is, and will name the rollback.
    pub fn hello(
        &self,
        ledger: &Ledger,
        desk: &Identity,
        stored: u64,
    ) -> Result<v1::CheckpointUpdate, ReadError> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (size, note) = ledger.size_and_note();
        let update = v1::CheckpointUpdate {
            edge: edge(ledger, size),
            ..linked(ledger, stored.min(size), size, note)?
        };
        let newest = told.entry(desk.clone()).or_insert(size);
        *newest = (*newest).max(size);
        Ok(update)
    }
}

/// The hashes of the leaves between two sizes; none if they are too many, if the first is not known, or if one cannot be
/// read: a damaged log is still served, read-only, and a desk asks for the proof.
fn leaves(ledger: &Ledger, from: u64, size: u64) -> Bytes {
    if from == 0 || size.saturating_sub(from) > LEAVES_MAX {
        return Bytes::new();
    }
    let read = || {
        let nodes = ledger.nodes()?;
        let mut hashes = Vec::new();
        for number in from..size {
            hashes.extend_from_slice(nodes.node(0, number)?.as_bytes());
        }
        Ok::<_, ReadError>(hashes)
    };
    read().unwrap_or_default().into()
}

/// The edge of the tree of so many leaves; nothing if it cannot be read.
fn edge(ledger: &Ledger, size: u64) -> Vec<Bytes> {
    let read = || {
        let frontier = Frontier::read(&ledger.nodes()?, size)?;
        Ok::<_, ReadError>(hashes(frontier.parts()))
    };
    read().unwrap_or_default()
}

fn bare(size: u64) -> v1::CheckpointUpdate {
    v1::CheckpointUpdate {
        size,
        old_size: size,
        ..Default::default()
    }
}

fn linked(
    ledger: &Ledger,
    old_size: u64,
    size: u64,
    note: Option<Vec<u8>>,
) -> Result<v1::CheckpointUpdate, ReadError> {
    let consistency = if old_size == 0 || old_size == size {
        Vec::new()
    } else {
        ledger.consistency(old_size, size)?
    };
    Ok(v1::CheckpointUpdate {
        size,
        note: note.unwrap_or_default().into(),
        old_size,
        consistency: hashes(&consistency),
        ..Default::default()
    })
}

/// Hashes as the wire carries them.
#[must_use]
pub fn hashes(list: &[Hash]) -> Vec<Bytes> {
    list.iter()
        .map(|hash| Bytes::copy_from_slice(hash.as_bytes()))
        .collect()
}

/// The relay's receipt for statements it holds: leaf index and inclusion proof under `checkpoint`.
///
/// # Errors
/// If the ledger cannot be read.
pub fn accepted(
    ledger: &Ledger,
    checkpoint: v1::CheckpointUpdate,
    held: &[(std::sync::Arc<crate::admit::Checked>, u64)],
) -> Result<v1::Accepted, ReadError> {
    let size = checkpoint.size;
    let items = held
        .iter()
        .map(|(checked, index)| {
            Ok(v1::AcceptedItem {
                sender: checked.sender.clone(),
                id: Bytes::copy_from_slice(&checked.id),
                sha256: Bytes::copy_from_slice(checked.hash.as_bytes()),
                leaf_index: *index,
                inclusion: hashes(&ledger.inclusion(*index, size)?),
            })
        })
        .collect::<Result<_, ReadError>>()?;
    Ok(v1::Accepted {
        checkpoint: Some(checkpoint),
        items,
    })
}

/// The newest checkpoint, linked to nothing: for a caller without a session.
#[must_use]
pub fn whole(ledger: &Ledger) -> v1::CheckpointUpdate {
    let (size, note) = ledger.size_and_note();
    v1::CheckpointUpdate {
        size,
        note: note.unwrap_or_default().into(),
        old_size: size,
        ..Default::default()
    }
}

/// The newest cosigned checkpoints, as frames carry them.
#[must_use]
pub fn cosigned(relay: &Relay) -> Vec<Bytes> {
    let newest = relay.anchors.kept.newest();
    newest.iter().map(|kept| Bytes::from(kept.note.clone())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use hotline_audit::{LogSigner, SigningKey, tree::leaf_hash};
    use hotline_core::leg::Lane;
    use hotline_ledger::{Batch, Engine, Entry, MemoryDisk, Mode, OpenOptions, Restored};

    use super::*;

    const ORIGIN: &str = "exercise.avelia.example/relay/north";

    fn log_of_one() -> Ledger {
        let options = OpenOptions {
            engine: Engine::Memory(MemoryDisk::default()),
            owner: "relay".into(),
            origin: ORIGIN.into(),
            signer: Some(LogSigner::new(ORIGIN, SigningKey::from_seed(&[1; 32])).unwrap()),
            entropy: &mut |bytes| bytes.fill(7),
            mode: Mode::Inline,
            restored: Restored::ReadOnly,
        };
        let (ledger, _) = Ledger::open(options).unwrap();
        let entry = Entry {
            bytes: b"one".to_vec(),
            hash: Hash::of(b"one"),
            kind: 1,
            sender: "desk".into(),
            id: [1; 16],
            epoch: 1,
            sequence: 1,
            mailbox: Vec::new(),
        };
        ledger
            .commit(Batch::of(Lane::Message, vec![entry]))
            .wait()
            .unwrap();
        ledger
    }

    fn append(ledger: &Ledger, number: u8) {
        let entry = Entry {
            bytes: vec![number],
            hash: Hash::of(&[number]),
            kind: 1,
            sender: "desk".into(),
            id: [number; 16],
            epoch: 1,
            sequence: u64::from(number),
            mailbox: Vec::new(),
        };
        ledger
            .commit(Batch::of(Lane::Message, vec![entry]))
            .wait()
            .unwrap();
    }

    #[test]
    fn what_another_session_carried_last_is_not_the_only_base_of_an_update() {
        let (ledger, told) = (log_of_one(), Told::default());
        let desk = "spiffe://exercise.borenia.example/desk/ops".parse().unwrap();
        let (mut one, mut other) = (0, 0);
        let update = |noted: &mut u64| told.update(&ledger, &desk, noted).unwrap();
        update(&mut one);
        update(&mut other);
        append(&ledger, 2);
        let first = update(&mut one);
        assert_eq!((first.old_size, first.leaves_from), (1, 1));
        assert_eq!(first.leaves, leaf_hash(&[2]).0.to_vec());
        append(&ledger, 3);
        let behind = update(&mut other);
        assert_eq!((behind.old_size, behind.leaves_from, behind.size), (2, 1, 3));
        let expected = [leaf_hash(&[2]).0, leaf_hash(&[3]).0].concat();
        assert_eq!(behind.leaves, expected);
    }

    #[test]
    fn a_note_is_left_out_only_on_the_session_that_carried_it() {
        let (ledger, told) = (log_of_one(), Told::default());
        let desk = "spiffe://exercise.borenia.example/desk/ops".parse().unwrap();
        let (mut one, mut other) = (0, 0);
        let update = |noted: &mut u64| told.update(&ledger, &desk, noted).unwrap();
        let first = update(&mut one);
        assert!((first.size, first.note.is_empty()) == (1, false));
        assert!(update(&mut one).note.is_empty());
        let again = update(&mut other);
        assert_eq!(
            (again.size, again.old_size, &again.note),
            (1, 1, &first.note),
            "what the first session carried may be lost with it"
        );
        assert!(update(&mut other).note.is_empty() && update(&mut one).note.is_empty());
    }
}
