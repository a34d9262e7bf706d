//! What a power cut leaves of a ledger: images built from a recording of a real ledger process.
//!
//! The model is the one that disks are held to: what a sync covered is there; of what was written to a file since its
//! last sync any subset may be there, each write whole or torn at 512 bytes; of names made, replaced or removed since the
//! folder's last sync a beginning is there (file systems keep their order). Nothing of shared memory is there. So each
//! image is a file that a machine could find after its power came back, and the real ledger is opened on it.
//!
//! Every second image is cut beside a sync: right before and right behind each of the recording in turn, while there are
//! images. The others are cut anywhere. After the cut the ledger goes on with another statement than the one that was
//! under way, as it would with people; what it signs then must hold every checkpoint that was let out before.
//!
//! What it is not: a disk that loses what it said to have synced.

mod disk;

use std::{fs, path::Path};

use hotline_audit::Hash;
use hotline_ledger::{Ledger, Standing};

use super::{
    Rack,
    dice::Dice,
    ledger_process::{self, Load},
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
    let cut = cut(events, number, &mut dice);
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
    let signed = signed(&events[..cut]);
    let seen = || format!("cut at {cut} of {}, {habit:?}, {held} held", events.len());
    match intact(&ledger, held, Load::Large).and_then(|size| goes_on(&ledger, size, &signed)) {
        Ok(()) => {}
        Err((Promise::Recovers, what)) if held == 0 => {
            tally.images_refused += 1;
            eprintln!("{case}: {what}; {}", seen());
        }
        Err((promise, what)) => tally.blame(case, promise, format!("{what}; {}", seen())),
    }
}

/// Where the power goes: events before the cut.
fn cut(events: &[Event], number: u64, dice: &mut Dice) -> usize {
    let syncs = events
        .iter()
        .enumerate()
        .filter(|(_, event)| matches!(event, Event::Synced { .. } | Event::NamesSynced))
        .flat_map(|(at, _)| [at, at + 1]);
    let beside = number.is_multiple_of(2).then_some(number / 2);
    let beside = beside.and_then(|place| syncs.clone().nth(usize::try_from(place).ok()?));
    beside.unwrap_or_else(|| dice.place(events.len() + 1))
}

/// The ledger takes one more statement, another than it would have been without the cut. It is whole afterwards, and
/// holds every checkpoint that was let out.
fn goes_on(ledger: &Path, size: u64, signed: &[(u64, Hash)]) -> Result<(), (Promise, String)> {
    let failed = |what: String| (Promise::Recovers, what);
    let batch = ledger_process::other(size);
    let bytes = batch.entries[0].bytes.clone();
    {
        let (opened, _) = ledger_process::open(ledger).map_err(|error| failed(format!("{error:?}")))?;
        opened
            .commit(batch)
            .wait()
            .map_err(|error| failed(format!("it takes nothing more: {error:?}")))?;
    }
    let (opened, opening) =
        ledger_process::open(ledger).map_err(|error| failed(format!("does not open again: {error:?}")))?;
    if let Standing::ReadOnly { reason } = opening.standing {
        return Err(failed(format!(
            "opens read-only after one more statement: {reason}"
        )));
    }
    match opened.entry(size) {
        Ok(Some(leaf)) if leaf.bytes == bytes => one_history(&opened, signed),
        found => Err((Promise::Lost, format!("the statement behind the cut: {found:?}"))),
    }
}

/// Every checkpoint that was let out is a prefix of the log as it is now.
fn one_history(ledger: &Ledger, signed: &[(u64, Hash)]) -> Result<(), (Promise, String)> {
    for (size, root) in signed {
        match ledger.root_at(*size) {
            Ok(found) if found == *root => {}
            found => {
                let what = format!("{root} was signed at {size}, and the log has {found:?} there");
                return Err((Promise::Forked, what));
            }
        }
    }
    Ok(())
}

/// Sizes and roots of the checkpoints that were let out.
fn signed(events: &[Event]) -> Vec<(u64, Hash)> {
    let read = |event: &Event| match event {
        Event::Said(line) => {
            let (size, root) = line.strip_prefix("signed ")?.trim_end().split_once(' ')?;
            Some((size.parse().ok()?, root.parse().ok()?))
        }
        _ => None,
    };
    events.iter().filter_map(read).collect()
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
