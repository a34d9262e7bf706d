//! A ledger read from outside: beside its owner, after a kill, as a copy, and where it cannot be read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use hotline_audit::tree::{leaf_hash, verify_inclusion};
use hotline_audit::{Hash, LogSigner, SigningKey};
use hotline_core::leg::Lane;
use hotline_ledger::{
    Batch, Damage, Engine, Entry, InspectError, Inspector, Ledger, Mode, OpenOptions, ReadError, Record,
    Restored,
};

const DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
const ORIGIN: &str = "exercise.avelia.example/desk/ops";

fn open(path: &Path) -> Ledger {
    let options = OpenOptions {
        engine: Engine::Sqlite {
            path: path.to_owned(),
        },
        owner: DESK.to_owned(),
        origin: ORIGIN.to_owned(),
        signer: Some(LogSigner::new(ORIGIN, SigningKey::from_seed(&[1; 32])).unwrap()),
        entropy: &mut |buffer| buffer.fill(3),
        mode: Mode::Inline,
        restored: Restored::ReadOnly,
    };
    Ledger::open(options).unwrap().0
}

fn entry(n: u64) -> Entry {
    let bytes = format!("statement {n}").into_bytes();
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    Entry {
        hash: Hash::of(&bytes),
        bytes,
        kind: 1,
        sender: DESK.to_owned(),
        id,
        epoch: 1,
        sequence: n + 1,
        mailbox: vec![],
    }
}

fn commit(ledger: &Ledger, numbers: std::ops::Range<u64>) {
    let mut batch = Batch::of(Lane::Message, numbers.map(entry).collect());
    batch.records.push(Record::Put {
        space: "note",
        key: b"north".to_vec(),
        value: b"kept".to_vec(),
    });
    ledger.commit(batch).wait().unwrap();
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    // A name in which nothing may be taken for a part of a URI.
    let path = folder.path().join("desk?immutable=0#%41.ledger");
    (folder, path)
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

fn copy(from: &Path, to: &Path, suffixes: &[&str]) {
    for suffix in suffixes {
        let beside = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        fs::copy(beside(from), beside(to)).unwrap();
    }
}

fn numbers(inspector: &Inspector) -> Vec<Vec<u8>> {
    let leaves = inspector.leaves(0, usize::MAX).unwrap();
    leaves.into_iter().map(|leaf| leaf.bytes).collect()
}

#[test]
fn a_running_ledger_is_read_at_one_moment_and_goes_on() {
    let (_folder, path) = place();
    let ledger = open(&path);
    commit(&ledger, 0..300);
    let inspector = Inspector::open(&path).unwrap();
    commit(&ledger, 300..600);
    assert_eq!(inspector.head().size, 300);
    assert_eq!(numbers(&inspector).len(), 300);
    assert_eq!(inspector.damage(), None);
    assert_eq!(
        inspector.record("note", b"north").unwrap().as_deref(),
        Some(&b"kept"[..])
    );
    inspector.still_alone().unwrap();
    let later = Inspector::open(&path).unwrap();
    assert_eq!(later.head(), &ledger.head());
    assert_eq!(
        (later.about().owner.as_str(), later.about().origin.as_str()),
        (DESK, ORIGIN)
    );
    let proof = later.inclusion(7).unwrap();
    let leaf = leaf_hash(&entry(7).bytes);
    assert!(verify_inclusion(&leaf, 7, 600, &later.head().root, &proof));
    assert_eq!(later.find(&entry(7).hash).unwrap(), Some(7));
    assert!(matches!(later.inclusion(600), Err(ReadError::Outside { .. })));
}

#[test]
fn a_closed_ledger_is_read_without_making_or_changing_a_file() {
    let (folder, path) = place();
    let ledger = open(&path);
    commit(&ledger, 0..5);
    drop(ledger);
    for suffix in ["-shm", "-wal"] {
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let before = files(folder.path());
    let inspector = Inspector::open(&path).unwrap();
    assert_eq!((numbers(&inspector).len(), inspector.damage()), (5, None));
    inspector.still_alone().unwrap();
    drop(inspector);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn an_owner_who_starts_while_a_resting_ledger_is_read_is_noticed() {
    let (_folder, path) = place();
    drop(open(&path));
    let inspector = Inspector::open(&path).unwrap();
    let ledger = open(&path);
    commit(&ledger, 0..1);
    assert!(matches!(
        inspector.still_alone(),
        Err(InspectError::TakenUp { .. })
    ));
}

#[test]
fn commits_that_a_killed_owner_left_in_the_write_ahead_log_are_read() {
    let (folder, path) = place();
    let ledger = open(&path);
    commit(&ledger, 0..5);
    let killed = folder.path().join("killed.ledger");
    copy(&path, &killed, &["", "-wal"]);
    drop(ledger);
    let main = fs::read(&killed).unwrap();
    let inspector = Inspector::open(&killed).unwrap();
    assert_eq!((numbers(&inspector).len(), inspector.damage()), (5, None));
    drop(inspector);
    assert_eq!(fs::read(&killed).unwrap(), main, "the ledger itself is as it was");
}

#[test]
fn a_write_ahead_log_that_cannot_be_read_in_place_is_a_clear_error() {
    let (folder, path) = place();
    let ledger = open(&path);
    commit(&ledger, 0..5);
    let stuck = folder.path().join("stuck.ledger");
    copy(&path, &stuck, &["", "-wal"]);
    // A link to nowhere: SQLite follows none, so nobody, not even root, can make the file.
    std::os::unix::fs::symlink("nowhere", format!("{}-shm", stuck.display())).unwrap();
    let error = Inspector::open(&stuck).unwrap_err();
    assert!(matches!(error, InspectError::NoSharedMemory { .. }), "{error:?}");
    assert!(error.to_string().contains("-shm"), "{error}");
}

#[test]
fn what_is_no_ledger_is_refused() {
    let (folder, path) = place();
    assert!(matches!(
        Inspector::open(&path),
        Err(InspectError::NotThere { .. })
    ));
    fs::write(
        &path,
        "a shopping list, long enough to be taken for a database file by nobody at all, or so we hope",
    )
    .unwrap();
    assert!(matches!(Inspector::open(&path), Err(InspectError::Open(_))));
    assert!(matches!(
        Inspector::open(folder.path()),
        Err(InspectError::Open(_))
    ));
}

#[test]
fn a_flipped_byte_of_a_leaf_is_named_and_what_stands_before_it_is_read() {
    let (_folder, path) = place();
    let ledger = open(&path);
    commit(&ledger, 0..5);
    drop(ledger);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(11).position(|text| text == b"statement 3").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let inspector = Inspector::open(&path).unwrap();
    assert_eq!(inspector.damage(), Some(Damage::LeafAltered { index: 3 }));
    assert_eq!(numbers(&inspector)[2], b"statement 2");
}

#[test]
fn an_older_file_put_back_beside_its_fence_is_rolled_back() {
    let (folder, path) = place();
    let ledger = open(&path);
    commit(&ledger, 0..5);
    drop(ledger);
    let older = folder.path().join("older");
    copy(&path, &older, &[""]);
    let ledger = open(&path);
    commit(&ledger, 5..9);
    drop(ledger);
    fs::copy(&older, &path).unwrap();
    let damage = Inspector::open(&path).unwrap().damage();
    assert_eq!(damage, Some(Damage::RolledBack { signed: 9, found: 5 }));
}
