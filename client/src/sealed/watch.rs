//! A watch over the officers of a seat: what the book finds among the notes of their unlockings.
//!
//! It looks at every officer's folder, whether the officer is in the book or not, reads the same of each, and where the
//! system allows it leaves no time of reading behind: what it does at the seat does not tell who has a second passphrase.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read as _},
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use hotline_core::{identity::Identity, time::WallTime};

use super::{
    BEGIN, SALT_BYTES, Watching,
    book::Book,
    claimed_officer, claimed_salt,
    notes::{self, NOTES_FILE, NOTES_MAX, Note},
};

/// The key in an officer's folder.
const KEY_FILE: &str = "officer.key";
/// Bytes of a sealed key that are read: its head has about 300.
const HEAD_BYTES_MAX: u64 = 1_024;
/// Most alarms of an officer that are remembered as told.
const TOLD_MAX: usize = 1_024;

/// What a look at the notes found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An officer has typed the second passphrase.
    Duress {
        /// Who.
        officer: Identity,
        /// When, by the seat's clock.
        at: WallTime,
        /// The number of the note.
        note: u64,
        /// The note stood there before this watch could know it: at its first look, or when the book changed.
        earlier: bool,
    },
    /// Notes are not there that should be: whoever took them may hide an alarm.
    Lost {
        /// Whose.
        officer: Identity,
        /// The number of the first.
        from: u64,
        /// The number of the last; some between may be there.
        to: u64,
        /// What became of them.
        how: Lost,
    },
    /// The key was sealed anew, or lies there plain, and the book does not know it: its second passphrase, if there is one,
    /// tells nobody.
    Resealed {
        /// Whose.
        officer: Identity,
    },
    /// A folder or a key that was there is gone.
    Gone {
        /// Which.
        place: PathBuf,
    },
    /// Something cannot be read. It is told once, until it can be read again.
    Unreadable {
        /// What.
        place: PathBuf,
        /// What the system said.
        why: String,
    },
}

/// What became of notes that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// They would be kept still: somebody took them, or put an older file back.
    Taken,
    /// More came behind them than are kept.
    NotKept,
}

/// How an officer's key lies there, before anybody opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    None,
    Plain,
    Sealed {
        officer: Option<Identity>,
        salt: Option<[u8; SALT_BYTES]>,
    },
}

/// What was seen in an officer's folder.
#[derive(Debug, Default)]
struct Place {
    /// It was there at the last look.
    here: bool,
    /// A key lay there at the last look.
    key: bool,
    /// The notes were read before.
    read: bool,
    /// The newest note.
    newest: Option<Note>,
    /// Alarms that were told.
    told: BTreeSet<Note>,
    /// The key of which it was told that the book does not know it.
    unknown: Option<Key>,
}

/// Looks at the notes of a seat's officers, again and again.
#[derive(Debug)]
pub struct Watch {
    book: Book,
    /// The seat's folder of officers.
    officers: PathBuf,
    /// By the folder's name.
    places: BTreeMap<String, Place>,
    /// What could not be read at the last look.
    unreadable: BTreeSet<PathBuf>,
    /// The book is another one: notes that were judged already are judged anew.
    anew: bool,
}

impl Watch {
    /// Over the officers whose folders are below `officers`, by this book; it may be a book of nobody.
    #[must_use]
    pub fn new(book: Book, officers: PathBuf) -> Self {
        Self {
            book,
            officers,
            places: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            anew: false,
        }
    }

    /// The book is this one from now on. Notes that are still kept are judged by it too.
    pub fn knows(&mut self, book: Book) {
        self.anew |= book != self.book;
        self.book = book;
    }

    /// The officers of the book, and whether each sits at this seat.
    pub fn officers(&self) -> impl Iterator<Item = (&Identity, bool)> {
        let officers = self.book.officers();
        officers.map(|officer| (officer, self.officers.join(officer.name()).is_dir()))
    }

    /// What is new since the last look. Something that cannot be read stops nothing else: it is looked at again.
    pub fn look(&mut self) -> Vec<Found> {
        let mut found = Vec::new();
        let before = std::mem::take(&mut self.unreadable);
        let names = match names(&self.officers) {
            Ok(names) => names,
            Err(error) => {
                let place = self.officers.clone();
                self.cannot_read(&before, place, &error, &mut found);
                return found;
            }
        };
        for (name, place) in &mut self.places {
            if std::mem::replace(&mut place.here, names.contains(name)) && !place.here {
                found.push(Found::Gone {
                    place: self.officers.join(name),
                });
            }
        }
        for name in names {
            self.look_at(&name, &before, &mut found);
        }
        self.anew = false;
        found
    }

    /// Reads the same of each officer, and then says what it means.
    fn look_at(&mut self, name: &str, before: &BTreeSet<PathBuf>, found: &mut Vec<Found>) {
        let folder = self.officers.join(name);
        let (key_file, notes_file) = (folder.join(KEY_FILE), folder.join(NOTES_FILE));
        let (key, notes) = (key_of(&key_file), notes::read(&notes_file));
        let mut place = self.places.remove(name).unwrap_or_default();
        place.here = true;
        match &key {
            Ok(key) => {
                if std::mem::replace(&mut place.key, *key != Key::None) && !place.key {
                    found.push(Found::Gone { place: key_file });
                }
                found.extend(self.resealed(name, key, &mut place));
            }
            Err(error) => self.cannot_read(before, key_file, error, found),
        }
        match notes {
            Ok(notes) => {
                let seals = self.book.seals().filter(|(officer, _)| officer.name() == name);
                let seals: Vec<(&Identity, &Watching)> = seals.collect();
                let officer = match (seals.last(), key) {
                    (Some((officer, _)), _) => Some((*officer).clone()),
                    (None, Ok(Key::Sealed { officer, .. })) => officer,
                    (None, _) => None,
                };
                let lost = lost(&notes, place.newest.as_ref());
                found.extend(officer.into_iter().flat_map(|officer| told(&officer, &lost)));
                // Behind a loss nothing says which of the numbers that were seen are the same notes.
                let anew = self.anew || !lost.is_empty();
                found.extend(alarms(&seals, &notes, &mut place, anew));
                place.newest = notes.last().cloned();
                place.read = true;
            }
            Err(error) => self.cannot_read(before, notes_file, &error, found),
        }
        self.places.insert(name.to_owned(), place);
    }

    /// Whether the book does not know today's key of an officer that it names. Told once of each key.
    fn resealed(&self, name: &str, key: &Key, place: &mut Place) -> Option<Found> {
        let mut seals = self.book.seals().filter(|(officer, _)| officer.name() == name);
        let (officer, first) = seals.next()?;
        let known = match key {
            Key::None => true,
            Key::Plain | Key::Sealed { salt: None, .. } => false,
            Key::Sealed { salt: Some(salt), .. } => {
                first.salt == *salt || seals.any(|(_, seal)| seal.salt == *salt)
            }
        };
        if known {
            place.unknown = None;
            return None;
        }
        let before = place.unknown.replace(key.clone());
        (before.as_ref() != Some(key)).then(|| Found::Resealed {
            officer: officer.clone(),
        })
    }

    fn cannot_read(
        &mut self,
        before: &BTreeSet<PathBuf>,
        place: PathBuf,
        error: &io::Error,
        found: &mut Vec<Found>,
    ) {
        if !before.contains(&place) {
            found.push(Found::Unreadable {
                place: place.clone(),
                why: error.to_string(),
            });
        }
        self.unreadable.insert(place);
    }
}

/// The names of the folders at a place.
fn names(officers: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(officers)? {
        let entry = entry?;
        // An officer's name is plain text; what has another one is no officer's.
        if let Ok(name) = entry.file_name().into_string()
            && entry.path().is_dir()
        {
            names.insert(name);
        }
    }
    Ok(names)
}

/// Of a sealed key its head; of a plain one nothing that is secret: the line that says so.
fn key_of(file: &Path) -> io::Result<Key> {
    let mut key = match open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Key::None),
        opened => opened?,
    };
    let mut text = vec![0; BEGIN.len()];
    if let Err(error) = key.read_exact(&mut text) {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => Ok(Key::Plain),
            _ => Err(error),
        };
    }
    if text != BEGIN.as_bytes() {
        return Ok(Key::Plain);
    }
    key.take(HEAD_BYTES_MAX).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    Ok(Key::Sealed {
        officer: claimed_officer(&text).and_then(|officer| officer.parse().ok()),
        salt: claimed_salt(&text),
    })
}

/// Numbers that should be there behind the newest note that was seen, and are not.
fn lost(notes: &[Note], seen: Option<&Note>) -> Vec<(RangeInclusive<u64>, Lost)> {
    let newest = notes.last().map_or(0, Note::number);
    let had = seen.map_or(0, Note::number);
    if newest < had {
        return vec![(newest + 1..=had, Lost::Taken)];
    }
    let mut lost = Vec::new();
    let another = |note: &Note| note.number() == had && Some(note) != seen;
    if notes.iter().any(another) {
        lost.push((had..=had, Lost::Taken));
    }
    let kept_from = newest.saturating_sub(NOTES_MAX).saturating_add(1);
    let next = had.saturating_add(1);
    if next < kept_from {
        lost.push((next..=kept_from - 1, Lost::NotKept));
    }
    // At most as many as are kept.
    let there: BTreeSet<u64> = notes.iter().map(Note::number).collect();
    let holes = (next.max(kept_from)..=newest).filter(|number| !there.contains(number));
    let holes: Vec<u64> = holes.collect();
    if let (Some(first), Some(last)) = (holes.first(), holes.last()) {
        lost.push((*first..=*last, Lost::Taken));
    }
    lost
}

fn told(officer: &Identity, lost: &[(RangeInclusive<u64>, Lost)]) -> Vec<Found> {
    let lost = lost.iter().map(|(numbers, how)| Found::Lost {
        officer: officer.clone(),
        from: *numbers.start(),
        to: *numbers.end(),
        how: *how,
    });
    lost.collect()
}

/// Alarms among the notes that are new, or among all of them, that were not told.
fn alarms(seals: &[(&Identity, &Watching)], notes: &[Note], place: &mut Place, anew: bool) -> Vec<Found> {
    let seen = place.newest.as_ref().map_or(0, Note::number);
    let mut found = Vec::new();
    for note in notes.iter().filter(|note| anew || note.number() > seen) {
        // The newest seal first: most notes are of it.
        let mut seals = seals.iter().rev();
        let alarm = seals.find(|(officer, seal)| note.is_of(&officer.to_string(), seal));
        let Some((officer, _)) = alarm else { continue };
        if place.told.insert(note.clone()) {
            found.push(Found::Duress {
                officer: (*officer).clone(),
                at: note.wall(),
                note: note.number(),
                earlier: !place.read || note.number() <= seen,
            });
        }
        if place.told.len() > TOLD_MAX {
            place.told.pop_first();
        }
    }
    found
}

/// Opens a file so that its time of reading does not change, where the system allows that: to the file's owner. What is no
/// file does not hold the watch up.
#[cfg(target_os = "linux")]
pub(super) fn open(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    let with = |flags: OFlags| {
        let mut options = fs::OpenOptions::new();
        options.read(true).custom_flags(flags.bits().cast_signed());
        options.open(file)
    };
    match with(OFlags::NONBLOCK | OFlags::NOATIME) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => with(OFlags::NONBLOCK),
        opened => opened,
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn open(file: &Path) -> io::Result<File> {
    File::open(file)
}

#[cfg(test)]
mod tests;
