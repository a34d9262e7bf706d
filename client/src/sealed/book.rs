//! The security officer's book: how the notes of whose second passphrase are known, and what it finds among them.
//!
//! Text, a line each: first [`HEAD`], then an officer's identity, the secret half of the watch key and the token
//! of the second passphrase, both in base64. It is kept where the officers'
//! seats are not: whoever reads it knows who has a second passphrase.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use data_encoding::BASE64;
use hotline_core::{
    identity::{Identity, Role},
    time::WallTime,
};

use super::{
    SECRET_BYTES, Secret, Watching,
    notes::{self, NOTES_FILE, Note},
};

/// First line of a book.
pub const HEAD: &str = "hotline duress book 1";
/// Most officers of one book.
pub const OFFICERS_MAX: usize = 1_024;

/// Who has a second passphrase, and how its notes are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    known: BTreeMap<Identity, Watching>,
}

/// A text that is no book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the duress book: {why}")]
pub struct NotABook {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl Book {
    /// Reads a book.
    ///
    /// # Errors
    /// [`NotABook`].
    pub fn parse(text: &str) -> Result<Self, NotABook> {
        let mut book = Self::default();
        let mut lines = (1..).zip(text.lines());
        if lines.next().is_none_or(|(_, head)| head != HEAD) {
            return Err(wrong(1, format!("it is not \"{HEAD}\"")));
        }
        for (line, entry) in lines {
            let mut words = entry.split(' ');
            let (Some(officer), Some(secret), Some(token), None) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(wrong(line, "it is not an identity and two secrets".into()));
            };
            let officer: Identity = officer.parse().map_err(|error| wrong(line, format!("{error}")))?;
            if officer.role() != Role::Officer {
                return Err(wrong(line, format!("{officer} is no officer")));
            }
            let read = |text: &str| {
                let not = || {
                    wrong(
                        line,
                        format!("it has no base64 of {SECRET_BYTES} bytes where it should"),
                    )
                };
                let bytes = BASE64.decode(text.as_bytes()).map_err(|_| not())?;
                bytes.try_into().map(Secret).map_err(|_| not())
            };
            let watching = Watching {
                secret: read(secret)?,
                token: read(token)?,
            };
            if book.known.insert(officer, watching).is_some() {
                return Err(wrong(line, "it names an officer again".into()));
            }
            if book.known.len() > OFFICERS_MAX {
                return Err(wrong(
                    line,
                    format!("it is the {OFFICERS_MAX}th officer's, or beyond"),
                ));
            }
        }
        Ok(book)
    }

    /// Writes down how an officer's second passphrase is known, in the place of what was known before.
    pub fn set(&mut self, officer: Identity, watching: Watching) {
        self.known.insert(officer, watching);
    }

    /// The book as it is kept.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.known.iter().map(|(officer, watching)| {
            let (secret, token) = (&watching.secret.0, &watching.token.0);
            format!("{officer} {} {}\n", BASE64.encode(secret), BASE64.encode(token))
        });
        std::iter::once(format!("{HEAD}\n")).chain(lines).collect()
    }

    /// Who is in it.
    pub fn officers(&self) -> impl Iterator<Item = &Identity> {
        self.known.keys()
    }
}

fn wrong(line: usize, why: String) -> NotABook {
    NotABook { line, why }
}

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
    },
    /// Notes that stood there are gone: somebody took them away, or put an older file back.
    Lost {
        /// Whose.
        officer: Identity,
        /// The number of the newest note that was there.
        had: u64,
    },
}

/// Looks at the notes of a seat's officers, again and again.
#[derive(Debug)]
pub struct Watch {
    book: Book,
    /// The seat's folder of officers.
    officers: PathBuf,
    /// The number of the newest note that was seen of each.
    seen: BTreeMap<Identity, u64>,
}

impl Watch {
    /// Of the officers of this book whose folders are below `officers`.
    #[must_use]
    pub fn new(book: Book, officers: PathBuf) -> Self {
        Self {
            book,
            officers,
            seen: BTreeMap::new(),
        }
    }

    /// The officers of the book who sit at this seat.
    #[must_use]
    pub fn here(&self) -> Vec<&Identity> {
        self.book
            .officers()
            .filter(|officer| self.folder(officer).is_dir())
            .collect()
    }

    /// What is new since the last look. A file that cannot be read stops nothing else: it is looked at again.
    ///
    /// # Errors
    /// The first that could not be read, and the file; what else was found comes first.
    pub fn look(&mut self) -> (Vec<Found>, Result<(), (PathBuf, io::Error)>) {
        let (mut found, mut failed) = (Vec::new(), Ok(()));
        for (officer, watching) in &self.book.known {
            let file = self.folder(officer).join(NOTES_FILE);
            let seen = self.seen.entry(officer.clone()).or_insert(0);
            match notes::read(&file) {
                Ok(notes) => found.extend(news(officer, watching, &notes, seen)),
                Err(error) if failed.is_ok() => failed = Err((file, error)),
                Err(_) => {}
            }
        }
        (found, failed)
    }

    fn folder(&self, officer: &Identity) -> PathBuf {
        self.officers.join(Path::new(officer.name()))
    }
}

fn news(officer: &Identity, watching: &Watching, notes: &[Note], seen: &mut u64) -> Vec<Found> {
    let newest = notes.last().map_or(0, Note::number);
    let mut found = Vec::new();
    if newest < *seen {
        found.push(Found::Lost {
            officer: officer.clone(),
            had: *seen,
        });
        *seen = 0;
    }
    let new = notes.iter().filter(|note| note.number() > *seen);
    found.extend(
        new.filter(|note| note.is_of(&officer.to_string(), watching))
            .map(|note| Found::Duress {
                officer: officer.clone(),
                at: note.wall(),
                note: note.number(),
            }),
    );
    *seen = newest;
    found
}
