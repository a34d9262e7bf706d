//! What a power cut leaves of a ledger: images built from a recording of a real ledger process.
//!
//! The model is the one that disks are held to: what a sync covered is there; of what was written to a file since its
//! last sync any subset may be there, each write whole or torn at 512 bytes; of names made, replaced or removed since the
//! folder's last sync a beginning is there (file systems keep their order). Nothing of shared memory is there. So each
//! image is a file that a machine could find after its power came back, and the real ledger is opened on it.
//!
//! What it is not: a disk that loses what it said to have synced.

mod disk;

use std::{fs, path::Path};

use super::{
    Rack,
    dice::Dice,
    ledger_process::{Load, batch},
    ledger_sweep::{self, intact},
    recording::{Event, Recorder},
    tally::{Promise, Tally},
};

use disk::{Disk, Habit};

/// The ledger's file name in recordings and images.
const LEDGER: &str = "rack.ledger";
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

#[cfg(test)]
mod tests;
