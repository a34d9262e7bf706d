//! A consistent copy of a running ledger.
//!
//! `VACUUM INTO` reads one snapshot while the writer goes on. The copy is made aside, synced and renamed like a new
//! ledger. It leaves without its instance id and with a mark: opened as it is, it is read-only, because a copy that goes
//! on signing forks the log as soon as the original has signed more.

use std::path::Path;

use rusqlite::OpenFlags;

use super::{SqliteReader, connect, files};
use crate::error::BackupError;
use crate::head::Head;
use crate::store::{Reader, StoreError};

pub(super) fn copy(from: &Path, to: &Path) -> Result<Head, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let aside = files::beside(to, "-new");
    let file_error = |doing, source| BackupError::File {
        doing,
        path: aside.clone(),
        source,
    };
    files::remove_aside(&aside).map_err(|source| file_error("clear away", source))?;
    drop(files::create_private(&aside).map_err(|source| file_error("create", source))?);
    let head = vacuum(from, &aside).map_err(|source| BackupError::Store {
        path: to.to_owned(),
        source,
    })?;
    files::publish(&aside, to).map_err(|source| file_error("put in place", source))?;
    Ok(head)
}

fn vacuum(from: &Path, aside: &Path) -> Result<Head, StoreError> {
    let name = aside.to_str().ok_or(StoreError::Malformed {
        what: "a file name that is not UTF-8",
    })?;
    connect(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?.execute("VACUUM INTO ?1", [name])?;
    let mut connection = connect(aside, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // The copy says that it is one in the rollback mode it was written in: it needs no file beside it.
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    let tx = connection.transaction()?;
    tx.execute("DELETE FROM meta WHERE key = 'instance'", [])?;
    tx.execute(
        "INSERT OR REPLACE INTO meta (key, value) SELECT 'copied_at', size FROM head WHERE one = 1",
        [],
    )?;
    tx.commit()?;
    SqliteReader {
        connection,
        path: aside.to_owned(),
    }
    .head()
}
