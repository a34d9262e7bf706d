//! The narrow contract itself, on both engines: one head, one round, all or nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::Hash;
use hotline_core::leg::Lane;

use super::*;
use crate::memory::{MemoryDisk, MemoryStore};
use crate::sqlite::SqliteStore;
use crate::tree::Tree;

const NAME: &str = "exercise.avelia.example/desk/ops";

fn entry(n: u8) -> Entry {
    let bytes = vec![n; 3000];
    let hash = Hash::of(&bytes);
    Entry {
        bytes,
        hash,
        kind: 1,
        sender: NAME.to_owned(),
        id: [n; 16],
        epoch: 1,
        sequence: n.into(),
        mailbox: vec![],
    }
}

fn after(head: &Head, leaves: &[Entry]) -> Head {
    let mut tree = Tree::default();
    for entry in leaves {
        tree.push(hotline_audit::tree::leaf_hash(&entry.bytes), &mut Vec::new());
    }
    Head {
        size: head.size + leaves.len() as u64,
        root: tree.root(),
        note: Some(b"a note".to_vec()),
    }
}

fn append(store: &mut dyn Store, expected: &Head, head: &Head, leaves: &[Entry]) -> Result<(), StoreError> {
    let letters = (0..leaves.len() as u64)
        .map(|n| NewLetter {
            recipient: NAME,
            lane: Lane::Bulk,
            cursor: expected.size + n + 1,
            index: expected.size + n,
        })
        .collect();
    store.append(&Round {
        expected,
        head,
        leaves: leaves.iter().collect(),
        letters,
        records: vec![],
        conflicts: vec![],
        tiles: vec![],
    })
}

fn on_both(claim: impl Fn(&mut dyn Store)) {
    let folder = tempfile::tempdir().unwrap();
    claim(&mut SqliteStore::open(&folder.path().join("desk.ledger"), NAME, NAME).unwrap());
    claim(&mut MemoryStore::open(&MemoryDisk::new(), NAME, NAME).unwrap());
}

#[test]
fn a_round_built_on_another_head_is_refused_and_is_fatal() {
    on_both(|store| {
        let empty = store.reads().head().unwrap();
        let first = after(&empty, &[entry(1)]);
        append(store, &empty, &first, &[entry(1)]).unwrap();
        let other_root = Head {
            root: Hash::ZERO,
            ..first.clone()
        };
        for stale in [&empty, &other_root] {
            let refusal = append(store, stale, &after(stale, &[entry(2)]), &[entry(2)]).unwrap_err();
            assert!(
                matches!(refusal, StoreError::HeadMoved { found: 1, .. }),
                "{refusal}"
            );
            assert_eq!(refusal.severity(), Severity::Fatal);
        }
        assert_eq!(store.reads().head().unwrap(), first);
        assert_eq!(
            store.fence(),
            Some(Fence {
                size: 1,
                root: first.root
            })
        );
    });
}

#[test]
fn a_row_that_is_there_already_undoes_its_whole_round() {
    on_both(|store| {
        let empty = store.reads().head().unwrap();
        let first = after(&empty, &[entry(1)]);
        append(store, &empty, &first, &[entry(1)]).unwrap();
        let same_place = Entry {
            id: [9; 16],
            ..entry(1)
        };
        let same_id = Entry {
            sequence: 9,
            ..entry(1)
        };
        for twice in [same_place, same_id] {
            let leaves = [entry(2), twice];
            let refusal = append(store, &first, &after(&first, &leaves), &leaves).unwrap_err();
            assert_eq!(refusal.severity(), Severity::Refused);
        }
        assert_eq!(store.reads().head().unwrap(), first);
        assert!(store.reads().leaf(1).unwrap().is_none());
        assert_eq!(store.reads().mailbox_head(NAME, Lane::Bulk).unwrap(), 1);
    });
}

#[test]
fn a_full_disk_changes_nothing_and_is_no_death() {
    let claim = |store: &mut dyn Store| {
        let mut head = store.reads().head().unwrap();
        let mut kept = 0u8;
        let refusal = loop {
            let next = after(&head, &[entry(kept)]);
            match append(store, &head, &next, &[entry(kept)]) {
                Ok(()) => (head, kept) = (next, kept + 1),
                Err(refusal) => break refusal,
            }
        };
        assert!(kept > 0);
        assert_eq!(refusal.severity(), Severity::Full);
        assert_eq!(store.reads().head().unwrap(), head);
        assert!(store.reads().leaf(kept.into()).unwrap().is_none());
        assert!(store.reads().leaf(u64::from(kept) - 1).unwrap().is_some());
        head
    };
    let folder = tempfile::tempdir().unwrap();
    let mut file = SqliteStore::open(&folder.path().join("desk.ledger"), NAME, NAME).unwrap();
    file.limit_pages(60);
    let head = claim(&mut file);
    file.limit_pages(1000);
    append(&mut file, &head, &after(&head, &[entry(200)]), &[entry(200)]).unwrap();

    let disk = MemoryDisk::new();
    disk.set_capacity(Some(100_000));
    let mut memory = MemoryStore::open(&disk, NAME, NAME).unwrap();
    let head = claim(&mut memory);
    assert!(memory.reads().free_bytes().unwrap().unwrap() < 3_256 + 256);
    disk.set_capacity(None);
    append(&mut memory, &head, &after(&head, &[entry(200)]), &[entry(200)]).unwrap();
}

#[test]
fn only_a_full_or_busy_disk_is_survivable() {
    use rusqlite::ffi;
    let severity =
        |code| StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).severity();
    assert_eq!(severity(ffi::SQLITE_FULL), Severity::Full);
    assert_eq!(severity(ffi::SQLITE_BUSY), Severity::Refused);
    assert_eq!(severity(ffi::SQLITE_CONSTRAINT_UNIQUE), Severity::Refused);
    for fatal in [
        ffi::SQLITE_IOERR_FSYNC,
        ffi::SQLITE_IOERR_WRITE,
        ffi::SQLITE_IOERR_READ,
        ffi::SQLITE_CORRUPT,
        ffi::SQLITE_READONLY,
        ffi::SQLITE_CANTOPEN,
        ffi::SQLITE_NOMEM,
        ffi::SQLITE_NOTADB,
    ] {
        assert_eq!(severity(fatal), Severity::Fatal, "{fatal}");
    }
}
