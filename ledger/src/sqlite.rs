//! The embedded engine: one SQLite file in write-ahead mode, one writer connection, readers that never write.
//!
//! Life of a record: the writer begins an immediate transaction, moves the head from the size it knows to the new one
//! (or stops, if the head is another), inserts leaves, mailbox rows, facts and full tiles, and commits; SQLite writes the
//! pages to `…-wal` and syncs it once (`synchronous=FULL`). Later, behind the answers, [`Store::tidy`] copies the pages
//! into the main file. Automatic checkpoints are off because SQLite drops their errors: ours are looked at, and an error
//! ends the ledger like any other failed sync. For the same reason nothing is copied when a connection closes.
//!
//! Beside the file: `…-lock` (one process at a time), `…-fence` (the newest signature, not part of a backup), and SQLite's
//! own `…-wal` and `…-shm`. All of mode 0600. `ledger/README.md` has the schema with its reasons.
//!
//! What SQLite is not asked for: to notice altered bytes. It returns flipped bits as data; `rebuild.rs` finds them.

mod append;
mod copy;
mod files;
mod inspect;
mod read;

use std::path::{Path, PathBuf};
use std::time::Duration;

use hotline_core::crash::{self, Point};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::OpenError;
use crate::store::{Fence, Meta, Reader, Round, Store, StoreError};
use files::{FenceFile, Lock};

pub use files::in_use;
pub(crate) use inspect::{Inspected, inspect};

/// First SQLite without the WAL-reset fault (two connections checkpointing at one instant), as SQLite counts versions.
const OLDEST_SQLITE: i32 = 3_051_003;
/// `application_id` of a ledger: "hotl".
const APPLICATION_ID: i64 = 0x686f_746c;
/// `user_version` of the tables below.
const FORMAT: i64 = 1;
/// How long a statement waits for another program that holds the tables. Only a stranger's tool can hold them.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of the writer, in KiB: the inner pages of the indexes of a few million leaves.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// Statements kept prepared per connection; more than we have.
const STATEMENTS: usize = 64;
/// Bytes of a page, SQLite's usual. With 1 KiB a sync is shorter and a round longer (918 ms of processor time for 1,000
/// messages of the whole line, 818 ms with these). Fixed when a file is created.
const PAGE_BYTES: u64 = 4_096;
/// Pages in the write-ahead log, by our estimate, after which [`Store::tidy`] copies them into the main file: 4 MiB.
const TIDY_PAGES: u64 = 1_024;
/// Bytes to which the write-ahead log is filled with zeros when a ledger is opened. A quarter more than `TIDY_PAGES` with
/// their 24-byte headers: then it never grows, and a sync writes data and no metadata (110 us less, of 300).
const WAL_BYTES: u64 = (TIDY_PAGES + TIDY_PAGES / 4) * (PAGE_BYTES + 24);

const SCHEMA: &str = include_str!("sqlite/schema.sql");

/// The writer of a ledger file.
pub(crate) struct SqliteStore {
    // The order matters: connections close before the lock is let go.
    connection: SqliteReader,
    fence: FenceFile,
    wal_pages: u64,
    path: PathBuf,
    _lock: Lock,
}

/// A connection that reads.
pub(crate) struct SqliteReader {
    connection: Connection,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens the ledger at `path`, or creates it for `owner` and `origin`.
    pub(crate) fn open(path: &Path, owner: &str, origin: &str) -> Result<Self, OpenError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(OpenError::OldSqlite {
                found: rusqlite::version().to_owned(),
            });
        }
        let lock = Lock::take(path)?;
        if !path.exists() {
            files::create(path, |aside| build(aside, owner, origin))?;
        }
        files::refuse_exposed(path)?;
        let place = |source| OpenError::Store {
            place: path.display().to_string(),
            source,
        };
        let connection =
            connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| place(error.into()))?;
        check_format(&connection, path)?;
        configure_writer(&connection, path)?;
        let log = files::beside(path, "-wal");
        files::fill(&log, WAL_BYTES).map_err(|source| OpenError::File {
            doing: "make ready",
            path: log.clone(),
            source,
        })?;
        let fence = FenceFile::open(path)?;
        let connection = SqliteReader {
            connection,
            path: path.to_owned(),
        };
        Ok(Self {
            connection,
            fence,
            wal_pages: TIDY_PAGES,
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Lets the file grow to no more than `pages` pages: the next commit beyond it finds the disk full.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        self.connection
            .connection
            .pragma_update(None, "max_page_count", pages)
            .expect("a pragma that always works");
    }
}

/// Creates the tables in the empty file `aside`, durably.
fn build(aside: &Path, owner: &str, origin: &str) -> rusqlite::Result<()> {
    let mut connection = connect(aside, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES.cast_signed())?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let tx = connection.transaction()?;
    tx.execute_batch(SCHEMA)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", FORMAT)?;
    let meta = Meta {
        owner: owner.to_owned(),
        origin: origin.to_owned(),
        instance: None,
        boot: 0,
        copied_at: None,
    };
    append::write_meta(&tx, &meta)?;
    append::write_empty_head(&tx)?;
    tx.commit()
}

/// Opens a connection with the habits that all of ours share.
fn connect(path: &Path, mode: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        // Plans do not depend on bound values. Otherwise the bundled build, which has STAT4, prepares every range query anew
        // each time a value is bound: a twentieth of the whole line's processor time.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        connection.set_db_config(setting, value)?;
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

fn check_format(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let no_ledger = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotALedger {
            path: path.to_owned(),
        },
        _ => OpenError::Store {
            place: path.display().to_string(),
            source: error.into(),
        },
    };
    if number("application_id").map_err(no_ledger)? != APPLICATION_ID {
        return Err(OpenError::NotALedger {
            path: path.to_owned(),
        });
    }
    let found = number("user_version").map_err(no_ledger)?;
    if found == FORMAT {
        Ok(())
    } else {
        Err(OpenError::Format {
            path: path.to_owned(),
            found,
            known: FORMAT,
        })
    }
}

fn configure_writer(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let configure = || -> rusqlite::Result<String> {
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        let mode = write_ahead(connection)?;
        connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |row| row.get::<_, i64>(0))?;
        Ok(mode)
    };
    let mode = configure().map_err(|error| OpenError::Store {
        place: path.display().to_string(),
        source: error.into(),
    })?;
    if mode == "wal" {
        Ok(())
    } else {
        Err(OpenError::NoWriteAheadLog {
            path: path.to_owned(),
            found: mode,
        })
    }
}

/// Asks for write-ahead logging; returns the journal mode that there is then.
///
/// The statement is run to its end: it names the mode first and commits the change afterwards, so that whoever reads only
/// the name takes a failed sync for a success, and goes on with a rollback journal.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let mut statement = connection.prepare("PRAGMA journal_mode = WAL")?;
    let mut rows = statement.query([])?;
    let mut mode = String::new();
    while let Some(row) = rows.next()? {
        mode = row.get(0)?;
    }
    Ok(mode)
}

impl Store for SqliteStore {
    fn reads(&self) -> &dyn Reader {
        &self.connection
    }

    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Box::new(SqliteReader {
            connection,
            path: self.path.clone(),
        }))
    }

    fn append(&mut self, round: &Round<'_>) -> Result<(), StoreError> {
        append::append(&self.connection.connection, round)?;
        crash::at(Point::LedgerSynced);
        self.wal_pages += append::estimated_pages(round);
        if round.head.note.is_some() && round.head.size != round.expected.size {
            self.fence
                .remember(Fence {
                    size: round.head.size,
                    root: round.head.root,
                })
                .map_err(StoreError::File)?;
        }
        Ok(())
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        if self.wal_pages < TIDY_PAGES {
            return Ok(());
        }
        self.wal_pages = self.copy_pages()?;
        Ok(())
    }

    fn set_meta(&mut self, meta: &Meta) -> Result<(), StoreError> {
        let tx = self.connection.connection.transaction()?;
        append::write_meta(&tx, meta)?;
        tx.commit()?;
        // The first write of a process may have made the write-ahead log. SQLite syncs its folder then, and ignores it
        // when that fails.
        files::sync_folder(&self.path).map_err(StoreError::File)
    }

    fn fence(&self) -> Option<Fence> {
        self.fence.newest()
    }

    fn close(&mut self) -> Result<(), StoreError> {
        // Emptied, not only copied: a log left beside a file that is later replaced would be played into the wrong one.
        let (_, rest): (i64, i64) =
            self.connection
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
        if rest == 0 { Ok(()) } else { Err(StoreError::Busy) }
    }
}

impl SqliteStore {
    /// Copies the write-ahead log into the main file as far as readers allow; returns the pages that stay.
    fn copy_pages(&mut self) -> Result<u64, StoreError> {
        let (in_log, copied) =
            self.connection
                .connection
                .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                    Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
                })?;
        Ok(u64::try_from(in_log.saturating_sub(copied)).unwrap_or(0))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ConstraintViolation) => Self::Unique(Some(error)),
            _ => Self::Sqlite(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn the_writer_syncs_every_commit_and_nothing_is_copied_behind_its_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("desk.ledger"), "desk", "desk").unwrap();
        let setting = |name: &str| -> rusqlite::types::Value {
            store
                .connection
                .connection
                .pragma_query_value(None, name, |row| row.get(0))
                .unwrap()
        };
        assert_eq!(setting("synchronous"), 2.into());
        assert_eq!(setting("journal_mode"), "wal".to_owned().into());
        assert_eq!(setting("wal_autocheckpoint"), 0.into());
        assert_eq!(setting("foreign_keys"), 1.into());
        assert_eq!(setting("trusted_schema"), 0.into());
    }

    #[test]
    fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.ledger");
        let store = SqliteStore::open(&path, "desk", "desk").unwrap();
        drop(store.reader().unwrap());
        let reader = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert!(reader.execute("UPDATE head SET size = 1", []).is_err());
    }
}
