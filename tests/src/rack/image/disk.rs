//! The model of a disk between two moments: what is certain, what is under way, and what a power cut makes of it.

use std::{collections::BTreeMap, fs, path::Path};

use crate::rack::{
    dice::Dice,
    recording::{Event, FileId},
};

/// What a disk writes whole or not at all, in bytes.
pub(super) const SECTOR: usize = 512;

/// How a disk treats what was not synced, in one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Everything is lost.
    LosesAll,
    /// Everything is there.
    KeepsAll,
    /// So many of a hundred writes are there; some of those are torn.
    Any { kept: u64, torn: u64 },
}

impl Habit {
    pub(super) fn thrown(dice: &mut Dice) -> Self {
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
pub(super) struct Disk {
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
    pub(super) fn take(&mut self, event: &Event) {
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
    pub(super) fn cut(mut self, folder: &Path, habit: Habit, dice: &mut Dice) -> std::io::Result<()> {
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
