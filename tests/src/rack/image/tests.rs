//! The disk of the images, by itself.
#![allow(clippy::unwrap_used, reason = "tests")]
use super::{disk::SECTOR, *};

fn disk(synced: bool) -> Disk {
    let mut disk = Disk::default();
    let name = LEDGER.to_owned();
    disk.take(&Event::Made { name, file: 0 });
    disk.take(&Event::NamesSynced);
    let bytes = vec![1; 4 * SECTOR];
    disk.take(&Event::Wrote {
        file: 0,
        at: 0,
        bytes,
    });
    if synced {
        disk.take(&Event::Synced { file: 0 });
    }
    disk
}

fn left(disk: Disk, habit: Habit, seed: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    disk.cut(folder.path(), habit, &mut Dice::of(seed)).unwrap();
    fs::read(folder.path().join(LEDGER)).unwrap()
}

#[test]
fn what_was_synced_survives_every_cut() {
    for seed in 0..20 {
        let habit = Habit::thrown(&mut Dice::of(seed));
        assert_eq!(left(disk(true), habit, seed), [1; 4 * SECTOR]);
    }
}

#[test]
fn what_was_not_synced_is_lost_kept_or_torn_at_sectors() {
    assert!(left(disk(false), Habit::LosesAll, 1).is_empty());
    assert_eq!(left(disk(false), Habit::KeepsAll, 1), [1; 4 * SECTOR]);
    let torn = Habit::Any { kept: 100, torn: 100 };
    let mut shapes = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let mut bytes = left(disk(false), torn, seed);
        bytes.resize(4 * SECTOR, 0);
        for sector in bytes.chunks(SECTOR) {
            assert!(
                sector.iter().all(|byte| *byte == sector[0]),
                "torn inside a sector"
            );
        }
        shapes.insert(bytes);
    }
    assert!(shapes.len() > 8, "{} of 16 shapes", shapes.len());
}

#[test]
fn of_names_a_beginning_survives() {
    let mut moved = Disk::default();
    moved.take(&Event::Made {
        name: "new".into(),
        file: 0,
    });
    moved.take(&Event::Renamed {
        from: "new".into(),
        to: LEDGER.into(),
    });
    let folder = tempfile::tempdir().unwrap();
    moved
        .cut(folder.path(), Habit::LosesAll, &mut Dice::of(1))
        .unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_ledger_that_went_on_from_before_a_checkpoint_that_was_let_out_is_a_fork() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(LEDGER);
    let (ledger, _) = ledger_process::open(&file).unwrap();
    let mut signed = Vec::new();
    for n in 0..3 {
        let held = ledger
            .commit(ledger_process::batch(n, n, Load::Small))
            .wait()
            .unwrap();
        signed.push((held.size, held.root));
    }
    assert_eq!(one_history(&ledger, &signed), Ok(()));
    let forked = ledger.commit(ledger_process::other(3)).wait().unwrap();
    drop(ledger);
    assert_eq!(goes_on(&file, 4, &signed), Ok(()));
    // Somebody was shown another leaf 3 than the log has now.
    let mut root = forked.root;
    root.0[0] ^= 1;
    signed.push((forked.size, root));
    let refused = goes_on(&file, 5, &signed).unwrap_err();
    assert_eq!(refused.0, Promise::Forked, "{}", refused.1);
    // Or more than there is.
    let (ledger, _) = ledger_process::open(&file).unwrap();
    assert_eq!(
        one_history(&ledger, &[(99, root)]).unwrap_err().0,
        Promise::Forked
    );
}

#[test]
fn images_are_cut_before_and_behind_every_sync() {
    let synced = Event::Synced { file: 0 };
    let events = [Event::NamesSynced, Event::Said("held 0".into()), synced];
    let cuts = |number| cut(&events, number, &mut Dice::of(1));
    assert_eq!([cuts(0), cuts(2), cuts(4), cuts(6)], [0, 1, 2, 3]);
}
