//! What only a simulated disk can show: power cuts, failing and lying syncs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::{Hash, LogSigner, SigningKey};
use hotline_core::leg::Lane;
use hotline_ledger::{
    Batch, CommitError, Damage, Engine, Entry, Ledger, MemoryDisk, Mode, OpenOptions, Opening, Restored,
    SpaceLeft, Standing, Sync,
};

const DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
const ORIGIN: &str = "exercise.avelia.example/desk/ops";

fn open(disk: &MemoryDisk, mode: Mode) -> (Ledger, Opening) {
    Ledger::open(OpenOptions {
        engine: Engine::Memory(disk.clone()),
        owner: DESK.to_owned(),
        origin: ORIGIN.to_owned(),
        signer: Some(LogSigner::new(ORIGIN, SigningKey::from_seed(&[1; 32])).unwrap()),
        entropy: &mut |buffer| buffer.fill(3),
        mode,
        restored: Restored::ReadOnly,
    })
    .unwrap()
}

fn batch(n: u64) -> Batch {
    let bytes = format!("statement {n}").into_bytes();
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    let hash = Hash::of(&bytes);
    let sender = DESK.to_owned();
    Batch::of(
        Lane::Message,
        vec![Entry {
            bytes,
            hash,
            kind: 1,
            sender,
            id,
            epoch: 1,
            sequence: n + 1,
            mailbox: vec![],
        }],
    )
}

#[test]
fn what_was_acknowledged_survives_a_crash_at_once() {
    for mode in [Mode::Thread, Mode::Inline] {
        let disk = MemoryDisk::new();
        for n in 0..50 {
            let (ledger, opening) = open(&disk, mode);
            assert_eq!((opening.size, opening.boot), (n, n + 1));
            let committed = ledger.commit(batch(n)).wait().unwrap();
            disk.crash(&[]);
            assert_eq!(committed.size, n + 1);
        }
    }
}

#[test]
fn a_failed_sync_ends_the_ledger_and_nothing_is_tried_again() {
    for mode in [Mode::Thread, Mode::Inline] {
        let disk = MemoryDisk::new();
        let (ledger, _) = open(&disk, mode);
        ledger.commit(batch(0)).wait().unwrap();
        let head = ledger.head();
        disk.set_sync(Sync::Fails);
        assert!(matches!(
            ledger.commit(batch(1)).wait(),
            Err(CommitError::Dead(_))
        ));
        disk.set_sync(Sync::Works);
        for n in 2..5 {
            assert!(matches!(
                ledger.commit(batch(n)).wait(),
                Err(CommitError::Dead(_))
            ));
        }
        assert_eq!((ledger.head(), disk.unsynced()), (head, 1));
        let cause = ledger.death().unwrap();
        assert!(cause.to_string().contains("end this process"), "{cause}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(ledger.dead()).to_string(), cause.to_string());
        assert_eq!(ledger.entry(0).unwrap().unwrap().index, 0);
    }
}

#[test]
fn a_commit_that_was_never_answered_may_be_there_after_a_crash_but_only_whole() {
    for (keep, size) in [(&[][..], 5), (&[0][..], 6)] {
        let disk = MemoryDisk::new();
        let (ledger, _) = open(&disk, Mode::Thread);
        for n in 0..5 {
            ledger.commit(batch(n)).wait().unwrap();
        }
        disk.set_sync(Sync::CutsPower);
        assert!(matches!(
            ledger.commit(batch(5)).wait(),
            Err(CommitError::Dead(_))
        ));
        assert!(ledger.entry(0).is_err());
        disk.crash(keep);

        let (ledger, opening) = open(&disk, Mode::Thread);
        assert_eq!((opening.size, opening.standing), (size, Standing::Good));
        match ledger.commit(batch(5)).wait() {
            Ok(committed) => assert_eq!((committed.first_index, size), (5, 5)),
            Err(CommitError::Known { index: 5, .. }) => assert_eq!(size, 6),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_disk_that_lies_about_syncs_is_found_out() {
    let disk = MemoryDisk::new();
    let (ledger, _) = open(&disk, Mode::Inline);
    ledger.commit(batch(0)).wait().unwrap();
    disk.set_sync(Sync::Lies);
    for n in 1..5 {
        ledger.commit(batch(n)).wait().unwrap();
    }
    assert_eq!(disk.unsynced(), 4);
    // The third was lost, so the fourth, which had reached the platter, hangs in the air.
    disk.crash(&[0, 1, 3]);
    let (ledger, opening) = open(&disk, Mode::Inline);
    assert_eq!(
        opening.standing,
        Standing::ReadOnly {
            reason: Damage::RolledBack { signed: 5, found: 3 }
        }
    );
    assert!(matches!(
        ledger.commit(batch(9)).wait(),
        Err(CommitError::ReadOnly { .. })
    ));
}

#[test]
fn a_ledger_that_lived_before_the_crash_no_longer_reaches_the_disk() {
    let disk = MemoryDisk::new();
    let (old, _) = open(&disk, Mode::Inline);
    disk.crash(&[]);
    let (new, _) = open(&disk, Mode::Inline);
    assert!(matches!(old.commit(batch(0)).wait(), Err(CommitError::Dead(_))));
    drop(old);
    new.commit(batch(1)).wait().unwrap();
    assert_eq!(format!("{:?}", disk.snapshot()), "Snapshot(1 leaves)");
}

#[test]
fn a_full_disk_refuses_and_the_ledger_lives_on() {
    let disk = MemoryDisk::new();
    let (ledger, _) = open(&disk, Mode::Thread);
    assert_eq!(ledger.space().unwrap().left(), SpaceLeft::Unknown);
    disk.set_capacity(Some(2_000));
    assert_eq!(ledger.space().unwrap().left(), SpaceLeft::Reserve);
    let mut kept = 0;
    let refusal = loop {
        match ledger.commit(batch(kept)).wait() {
            Ok(_) => kept += 1,
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(refusal, CommitError::DiskFull { .. }), "{refusal}");
    assert_eq!((ledger.head().size, ledger.death().is_none()), (kept, true));
    disk.set_capacity(None);
    assert_eq!(ledger.commit(batch(kept)).wait().unwrap().first_index, kept);
    disk.crash(&[]);
    assert_eq!(open(&disk, Mode::Thread).1.size, kept + 1);
}
