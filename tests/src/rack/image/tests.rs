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
