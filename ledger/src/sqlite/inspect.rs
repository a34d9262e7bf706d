//! Opening a ledger file only to read it: without its lock, beside its owner, or on a copy.
//!
//! What SQLite needs beside the file decides the way:
//!
//! | `-wal` | `-shm` | way |
//! |---|---|---|
//! | none, or empty | any | *immutable*: nothing but the main file is touched, nothing is made or locked |
//! | with pages | there | an ordinary read-only connection; it locks against the owner as the owner's own readers do |
//! | with pages | none | the same, and SQLite makes `-shm` anew; where it cannot, that is an error with a name |
//!
//! In the first way nothing would notice an owner who starts meanwhile, so the files are looked at again afterwards.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, OpenFlags};

use super::files::{FenceFile, beside};
use super::{SqliteReader, check_format, connect};
use crate::error::OpenError;
use crate::inspect::InspectError;
use crate::store::{Fence, StoreError};

/// A ledger file that is open for reading, at one moment of its life.
pub(crate) struct Inspected {
    /// Reads of that moment.
    pub(crate) reader: SqliteReader,
    /// The newest signature remembered beside the file, from before that moment.
    pub(crate) fence: Option<Fence>,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Immutable,
    Shared,
    MakesShared,
}

/// Opens the ledger at `path` for reading and stays at the moment of opening.
pub(crate) fn inspect(path: &Path) -> Result<Inspected, InspectError> {
    let real = path.canonicalize().map_err(|source| InspectError::NotThere {
        path: path.to_owned(),
        source,
    })?;
    let way = Way::to(&real);
    // Before the moment: a fence that is newer than the log then speaks of a log that was put back.
    let fence = FenceFile::peek(&real);
    let failed = |error: OpenError| match error {
        OpenError::Store {
            source: StoreError::Sqlite(error),
            ..
        } if way == Way::MakesShared && cannot_make(&error) => InspectError::NoSharedMemory {
            path: path.to_owned(),
        },
        other => InspectError::Open(other),
    };
    let store = |error: rusqlite::Error| OpenError::Store {
        place: path.display().to_string(),
        source: error.into(),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = connect(&way.uri(&real), flags).map_err(|error| failed(store(error)))?;
    check_format(&connection, path).map_err(failed)?;
    let begin = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "query_only", true)?;
        connection.execute_batch("BEGIN")?;
        connection.query_row("SELECT size FROM head", [], |_| Ok(()))
    };
    begin().map_err(|error| failed(store(error)))?;
    Ok(Inspected {
        reader: SqliteReader {
            connection,
            path: real,
        },
        fence,
        way,
    })
}

impl Inspected {
    /// Whether somebody began to write while nothing kept us apart.
    pub(crate) fn taken_up(&self) -> bool {
        self.way == Way::Immutable && Way::to(&self.reader.path) != Way::Immutable
    }
}

impl Way {
    fn to(path: &Path) -> Self {
        let log = fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
        if log == 0 {
            Self::Immutable
        } else if beside(path, "-shm").is_file() {
            Self::Shared
        } else {
            Self::MakesShared
        }
    }

    /// The path as SQLite takes it, every byte of it that could mean something escaped.
    fn uri(self, path: &Path) -> PathBuf {
        let mut uri = String::from("file://");
        for byte in path.as_os_str().as_bytes() {
            match byte {
                b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
                plain if plain.is_ascii_alphanumeric() => uri.push(char::from(*plain)),
                // Writing to a String cannot fail.
                odd => drop(write!(uri, "%{odd:02X}")),
            }
        }
        uri.push_str(match self {
            Self::Immutable => "?immutable=1",
            Self::Shared | Self::MakesShared => "?mode=ro",
        });
        PathBuf::from(OsStr::new(&uri))
    }
}

fn cannot_make(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied
        )
    )
}
