//! What a power cut leaves of a ledger: images built from a recording of a real ledger process.
//!
//! The model is the one that disks are held to: what a sync covered is there; of what was written to a file since its
//! last sync any subset may be there, each write whole or torn at 512 bytes; of names made, replaced or removed since the
//! folder's last sync a beginning is there (file systems keep their order). Nothing of shared memory is there. So each
//! image is a file that a machine could find after its power came back, and the real ledger is opened on it.
//!
//! What it is not: a disk that loses what it said to have synced.

use std::{collections::BTreeMap, fs, path::Path};

use super::{
    Rack,
    dice::Dice,
    ledger_process::{Load, batch},
    ledger_sweep::{self, intact},
    recording::{Event, FileId, Recorder},
    tally::{Promise, Tally},
};

/// The ledger's file name in recordings and images.
const LEDGER: &str = "rack.ledger";
/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;
/// Statements after each of the recorded lives: made and closed; taken up and closed; taken up, with pages copied while it
/// runs, and closed.
const LIVES: [u64; 3] = [10, 20, 72];

/// A recording of a ledger's lives.
///
/// # Errors
/// A process did not run in peace.
pub async fn record(rack: &Rack) -> Result<Vec<Event>, String> {
    let folder = rack.folder();
    // strace names the folder as the process does.
    let home = folder.path().join("ledger");
    fs::create_dir(&home).map_err(|error| error.to_string())?;
    let mut recorder = Recorder::of(&home);
    for (life, until) in LIVES.into_iter().enumerate() {
        let notes = folder.path().join(format!("notes-{life}"));
        let command = rack.strace.recording(&notes, &rack.program);
        let ran = ledger_sweep::run(command, &home.join(LEDGER), until, Load::Large).await;
        if !ran.closed || ran.held != until {
            return Err(format!("the recorded process did not run in peace: {ran:?}"));
        }
        recorder.read(&fs::read_to_string(&notes).map_err(|error| error.to_string())?);
    }
    Ok(recorder.events())
}

/// Opens `count` images, on two threads: opening one mostly waits for the disk.
#[must_use]
pub fn open_all(rack: &Rack, events: &[Event], count: u64) -> Tally {
    let every_second = |first: u64| {
        let mut tally = Tally::default();
        for number in (first..count).step_by(2) {
            let case = format!("image/{number}");
            if rack.wants(&case) {
                one(rack, &case, events, number, &mut tally);
            }
        }
        tally
    };
    std::thread::scope(|threads| {
        let other = threads.spawn(|| every_second(1));
        let mut tally = threads.spawn(|| every_second(0)).join().unwrap();
        tally.add(other.join().unwrap());
        tally
    })
}

fn one(rack: &Rack, case: &str, events: &[Event], number: u64, tally: &mut Tally) {
    let mut dice = Dice::for_case(rack.seed, number);
    let cut = dice.place(events.len() + 1);
    let mut disk = Disk::default();
    events[..cut].iter().for_each(|event| disk.take(event));
    let folder = rack.folder();
    let habit = Habit::thrown(&mut dice);
    if let Err(error) = disk.cut(folder.path(), habit, &mut dice) {
        tally.blame(
            case,
            Promise::Recovers,
            format!("the image cannot be written: {error}"),
        );
        return;
    }
    tally.images += 1;
    let (ledger, held) = (folder.path().join(LEDGER), held(&events[..cut]));
    let seen = || format!("cut at {cut} of {}, {habit:?}, {held} held", events.len());
    match intact(&ledger, held, Load::Large).and_then(|size| goes_on(&ledger, size)) {
        Ok(()) => {}
        Err((Promise::Recovers, what)) if held == 0 => {
            tally.images_refused += 1;
            eprintln!("{case}: {what}; {}", seen());
        }
        Err((promise, what)) => tally.blame(case, promise, format!("{what}; {}", seen())),
    }
}

/// The ledger takes one more statement, and is whole afterwards.
fn goes_on(ledger: &Path, size: u64) -> Result<(), (Promise, String)> {
    let failed = |what: String| (Promise::Recovers, what);
    {
        let (opened, _) =
            super::ledger_process::open(ledger).map_err(|error| failed(format!("{error:?}")))?;
        opened
            .commit(batch(size, size, Load::Large))
            .wait()
            .map_err(|error| failed(format!("it takes nothing more: {error:?}")))?;
    }
    intact(ledger, size + 1, Load::Large).map(|_| ())
}

/// Statements that had been said to be held.
fn held(events: &[Event]) -> u64 {
    let said = events.iter().rev().find_map(|event| match event {
        Event::Said(line) => line.strip_prefix("held ")?.parse::<u64>().ok(),
        _ => None,
    });
    said.map_or(0, |n| n + 1)
}

/// How a disk treats what was not synced, in one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// Everything is lost.
    LosesAll,
    /// Everything is there.
    KeepsAll,
    /// So many of a hundred writes are there; some of those are torn.
    Any { kept: u64, torn: u64 },
}

impl Habit {
    fn thrown(dice: &mut Dice) -> Self {
        match dice.below(8) {
            0 => Self::LosesAll,
            1 => Self::KeepsAll,
            _ => Self::Any {
                kept: 10 + dice.below(85),
                torn: dice.below(60),
            },
        }
    }
}

/// A disk between two moments: what is certain, and what is under way.
#[derive(Default)]
struct Disk {
    files: BTreeMap<FileId, File>,
    names: BTreeMap<String, FileId>,
    names_under_way: Vec<Event>,
}

#[derive(Default)]
struct File {
    certain: Vec<u8>,
    under_way: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Resize(usize),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => write(to, *at, bytes),
            Self::Resize(length) => to.resize(*length, 0),
        }
    }
}

fn write(to: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    to[at..end].copy_from_slice(bytes);
}

impl Disk {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Made { file, .. } => {
                self.files.insert(*file, File::default());
                self.names_under_way.push(event.clone());
            }
            Event::Renamed { .. } | Event::Removed { .. } => self.names_under_way.push(event.clone()),
            Event::Wrote { file, at, bytes } => self.change(
                *file,
                Change::Write {
                    at: *at,
                    bytes: bytes.clone(),
                },
            ),
            Event::Resized { file, length } => self.change(*file, Change::Resize(*length)),
            Event::Synced { file } => {
                if let Some(file) = self.files.get_mut(file) {
                    for change in std::mem::take(&mut file.under_way) {
                        change.apply(&mut file.certain);
                    }
                }
            }
            Event::NamesSynced => {
                for event in std::mem::take(&mut self.names_under_way) {
                    rename(&mut self.names, &event);
                }
            }
            Event::Said(_) => {}
        }
    }

    fn change(&mut self, file: FileId, change: Change) {
        self.files.entry(file).or_default().under_way.push(change);
    }

    /// The power goes; what is left is written to `folder`.
    fn cut(mut self, folder: &Path, habit: Habit, dice: &mut Dice) -> std::io::Result<()> {
        let under_way = std::mem::take(&mut self.names_under_way);
        let kept = match habit {
            Habit::LosesAll => 0,
            Habit::KeepsAll => under_way.len(),
            Habit::Any { .. } => dice.place(under_way.len() + 1),
        };
        for event in &under_way[..kept] {
            rename(&mut self.names, event);
        }
        for (name, file) in &self.names {
            let Some(file) = self.files.get(file) else {
                continue;
            };
            let mut bytes = file.certain.clone();
            for change in &file.under_way {
                survive(change, &mut bytes, habit, dice);
            }
            let path = folder.join(name);
            fs::write(&path, bytes)?;
            private(&path)?;
        }
        Ok(())
    }
}

/// A change that was under way reaches the disk, in part or not.
fn survive(change: &Change, bytes: &mut Vec<u8>, habit: Habit, dice: &mut Dice) {
    match habit {
        Habit::LosesAll => {}
        Habit::KeepsAll => change.apply(bytes),
        Habit::Any { kept, torn } => match change {
            _ if !dice.percent(kept) => {}
            Change::Write { at, bytes: written } if dice.percent(torn) => {
                for (number, sector) in written.chunks(SECTOR).enumerate() {
                    if dice.percent(50) {
                        write(bytes, at + number * SECTOR, sector);
                    }
                }
            }
            whole => whole.apply(bytes),
        },
    }
}

fn rename(names: &mut BTreeMap<String, FileId>, event: &Event) {
    match event {
        Event::Made { name, file } => {
            names.insert(name.clone(), *file);
        }
        Event::Renamed { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Event::Removed { name } => {
            names.remove(name);
        }
        Event::Wrote { .. }
        | Event::Resized { .. }
        | Event::Synced { .. }
        | Event::NamesSynced
        | Event::Said(_) => {}
    }
}

fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

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
}
