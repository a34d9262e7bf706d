//! The files of a ledger beside SQLite's own: lock, fence, and the first creation.
//!
//! A ledger is created aside, synced, and renamed into place, because a crash while an engine makes its first pages can
//! leave a file that no longer opens (seen with others in about one of a hundred crashes). The lock is the operating
//! system's, so a killed process leaves none behind. The fence is written with one small write per signature and never
//! synced: it survives the process, not the power, and it is enough to notice that an older copy was put back.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::OpenError;
use crate::ledger::RESERVE_BYTES;
use crate::store::Fence;

/// Zeros written at once.
const FILL_BYTES: usize = 1024 * 1024;
/// Only the owner reads and writes.
const MODE: u32 = 0o600;

/// `path` with `suffix` behind its last component.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The held lock of a ledger.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock beside `path`, or says who is in the way.
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        let lock = beside(path, "-lock");
        let file_error = |source| OpenError::File {
            doing: "lock",
            path: lock.clone(),
            source,
        };
        let file = open_private(&lock).map_err(file_error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: path.to_owned(),
                lock,
            }),
            Err(TryLockError::Error(source)) => Err(file_error(source)),
        }
    }
}

/// Whether a process holds the ledger file at `path` now. One whose killer has gone dies a little later than it: whoever
/// starts it again waits for that.
#[must_use]
pub fn in_use(path: &Path) -> bool {
    // Shared, so that two who only look are not in each other's way.
    let file = File::open(beside(path, "-lock"));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .open(path)
}

/// Refuses a ledger that others may read or write.
pub(crate) fn refuse_exposed(path: &Path) -> Result<(), OpenError> {
    let found = fs::metadata(path).map_err(|source| OpenError::File {
        doing: "look at",
        path: path.to_owned(),
        source,
    })?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(OpenError::Exposed {
            path: path.to_owned(),
            mode,
        })
    }
}

/// Makes `path` whole or not at all: `build` fills an empty file aside, which is synced and renamed.
pub(crate) fn create(
    path: &Path,
    build: impl FnOnce(&Path) -> rusqlite::Result<()>,
) -> Result<(), OpenError> {
    for suffix in ["-wal", "-shm", "-journal"] {
        let rest = beside(path, suffix);
        if rest.exists() {
            return Err(OpenError::Orphan {
                path: path.to_owned(),
                rest,
            });
        }
    }
    let aside = beside(path, "-new");
    let failed = |doing, source| OpenError::File {
        doing,
        path: aside.clone(),
        source,
    };
    remove_aside(&aside).map_err(|source| failed("clear away", source))?;
    drop(create_private(&aside).map_err(|source| failed("create", source))?);
    build(&aside).map_err(|error| OpenError::Store {
        place: aside.display().to_string(),
        source: error.into(),
    })?;
    publish(&aside, path).map_err(|source| failed("put in place", source))
}

/// Appends zeros to the write-ahead log until it has `bytes`, and syncs it. What SQLite has in it stays as it is, and behind
/// that it reads no further than the first frame whose checksum is wrong, which that of zeros is. On a disk that is nearly
/// full nothing is filled: it only makes commits faster.
pub(crate) fn fill(log: &Path, bytes: u64) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(MODE)
        .open(log)?;
    let before = file.metadata()?.len();
    let missing = bytes.saturating_sub(before);
    let disk = rustix::fs::statvfs(log)?;
    if missing == 0 || disk.f_bavail.saturating_mul(disk.f_frsize) < RESERVE_BYTES + missing {
        return Ok(());
    }
    let zeros = vec![0; FILL_BYTES];
    let mut rest = missing;
    while rest > 0 {
        let part = usize::try_from(rest).map_or(FILL_BYTES, |rest| rest.min(FILL_BYTES));
        match file.write_all(&zeros[..part]) {
            Ok(()) => rest -= part as u64,
            // Somebody else took the space meanwhile: it is theirs.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                file.set_len(before)?;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    file.sync_all()
}

/// An empty file of mode 0600 that was not there before.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)
}

/// Removes what an earlier crash left of a file that was being made aside.
pub(crate) fn remove_aside(aside: &Path) -> io::Result<()> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(beside(aside, suffix)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Syncs the file made aside, renames it to `path` and syncs the folder.
pub(crate) fn publish(aside: &Path, path: &Path) -> io::Result<()> {
    File::open(aside)?.sync_all()?;
    fs::rename(aside, path)?;
    sync_folder(path)
}

/// Makes the names in the folder of `path` durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The newest signature, remembered where no backup reaches: 20 digits of size, 64 of root.
#[derive(Debug)]
pub(crate) struct FenceFile {
    file: File,
    newest: Option<Fence>,
}

/// Longest fence file that is read.
const MAX_FENCE_BYTES: u64 = 256;

impl FenceFile {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let fence = beside(path, "-fence");
        let read = || -> io::Result<Self> {
            let file = open_private(&fence)?;
            let mut text = String::new();
            // What does not read as a fence was torn by a power cut, and fences nothing.
            let newest = match (&file).take(MAX_FENCE_BYTES).read_to_string(&mut text) {
                Ok(_) => parse(&text),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => None,
                Err(error) => return Err(error),
            };
            Ok(Self { file, newest })
        };
        read().map_err(|source| OpenError::File {
            doing: "read",
            path: fence.clone(),
            source,
        })
    }

    /// The newest signature remembered beside `path`, read without making or holding anything.
    pub(crate) fn peek(path: &Path) -> Option<Fence> {
        let mut text = String::new();
        let file = File::open(beside(path, "-fence")).ok()?;
        file.take(MAX_FENCE_BYTES).read_to_string(&mut text).ok()?;
        parse(&text)
    }

    pub(crate) fn newest(&self) -> Option<Fence> {
        self.newest
    }

    /// Remembers a signature whose commit has returned. Never one of less than is remembered: a copy that catches up is
    /// fenced until it has.
    pub(crate) fn remember(&mut self, fence: Fence) -> io::Result<()> {
        if self.newest.is_some_and(|newest| !newest.gives_way_to(&fence)) {
            return Ok(());
        }
        let line = format!("hotline-fence 1 {:020} {}\n", fence.size, fence.root);
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(line.as_bytes())?;
        self.newest = Some(fence);
        Ok(())
    }
}

fn parse(text: &str) -> Option<Fence> {
    let mut words = text.strip_suffix('\n')?.split(' ');
    let (Some("hotline-fence"), Some("1"), Some(size), Some(root), None) = (
        words.next(),
        words.next(),
        words.next(),
        words.next(),
        words.next(),
    ) else {
        return None;
    };
    Some(Fence {
        size: size.parse().ok()?,
        root: root.parse().ok()?,
    })
}
