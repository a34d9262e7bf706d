//! Noticing that files have changed: the trust folders and keys of a running node.
//!
//! By looking, not by being told. Notices of the kernel differ from system to system, do not come from network file
//! systems, are lost when their queue overflows, and stay with a folder that was exchanged for another one, which is how
//! `hotline pki trust` replaces one. Looking at twenty files is a few dozen system calls four times a second, and cannot
//! be missed.
//!
//! A change counts once two looks in a row agree: what is being written is not read half-way. Whether what stands there
//! can be used is not decided here.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time between two looks. 250 ms: with the time to settle and to load it leaves half a second of the second within
/// which a revoked identity must be out.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Time between the looks that must agree. 50 ms: a verb that replaces several files takes a few milliseconds for each.
pub const SETTLED_AFTER: Duration = Duration::from_millis(50);

/// Time after which files that were refused are read again, though nothing about them has changed: a clock may have come
/// into their dates, a disk may read again. 5 s: soon for whoever waits, and a dozen readings a minute at most.
pub const REFUSED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Looks at a place that does not come to rest, before it is read all the same. 10: half a second.
const SETTLING_LOOKS_MAX: usize = 10;

/// Files noted at most; a trust folder has a dozen. Beyond it the folder's own stamp must do.
const FILES_MAX: usize = 10_000;

/// Folders below a watched one that are looked into: domain, charter, channel.
const DEPTH_MAX: usize = 4;

/// What a look sees of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    /// Identity of the file on its disk, and when contents and entry changed, in nanoseconds.
    facts: [i128; 4],
}

type Look = BTreeMap<PathBuf, Stamp>;

/// Files and folders that are looked at. What stood there when it was made is known.
#[derive(Debug)]
pub struct FileWatch {
    places: Vec<PathBuf>,
    known: Look,
}

impl FileWatch {
    /// Watches these files and folders. Make it before they are read for the first time, so that no change falls
    /// between.
    #[must_use]
    pub fn new(places: impl IntoIterator<Item = PathBuf>) -> Self {
        let places: Vec<PathBuf> = places.into_iter().collect();
        let known = look(&places);
        Self { places, known }
    }

    /// Returns once something has changed and come to rest; that state is known then. Dropping it unfinished misses
    /// nothing.
    pub async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let mut seen = look(&self.places);
            if seen == self.known {
                continue;
            }
            for _ in 0..SETTLING_LOOKS_MAX {
                tokio::time::sleep(SETTLED_AFTER).await;
                let again = look(&self.places);
                let rests = again == seen;
                seen = again;
                if rests {
                    break;
                }
            }
            self.known = seen;
            return;
        }
    }

    /// Whatever stands there now is known: somebody asked for it to be read.
    pub fn mark_known(&mut self) {
        self.known = look(&self.places);
    }
}

/// SIGHUP, as a request to read anew; none for a process at a terminal, where the signal says that the terminal is gone
/// and ends the process as it always did.
///
/// # Errors
/// If the system gives no handler.
#[cfg(unix)]
pub fn asking() -> std::io::Result<Option<tokio::signal::unix::Signal>> {
    use std::io::IsTerminal as _;
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).map(Some)
}

/// Resolves when somebody asks; never where nobody can.
#[cfg(unix)]
pub async fn asked(by: &mut Option<tokio::signal::unix::Signal>) {
    match by {
        Some(signal) => {
            // No more signals can come: nobody asks again.
            if signal.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
        None => std::future::pending().await,
    }
}

fn look(places: &[PathBuf]) -> Look {
    let mut seen = Look::new();
    for place in places {
        note(place, 0, &mut seen);
    }
    seen
}

fn note(place: &Path, depth: usize, seen: &mut Look) {
    // What cannot be seen is not there; reading it says why.
    let Ok(found) = std::fs::metadata(place) else {
        return;
    };
    if seen.len() >= FILES_MAX {
        return;
    }
    if !found.is_dir() {
        seen.insert(place.to_owned(), stamp(&found));
        return;
    }
    if depth >= DEPTH_MAX {
        return;
    }
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        // A name that begins with a dot is work in progress.
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            note(&entry.path(), depth + 1, seen);
        }
    }
}

#[cfg(unix)]
fn stamp(found: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    let at = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    Stamp {
        length: found.len(),
        facts: [
            i128::from(found.dev()),
            i128::from(found.ino()),
            at(found.mtime(), found.mtime_nsec()),
            // Also moves when only the mode does, or when a file is put back with its old date.
            at(found.ctime(), found.ctime_nsec()),
        ],
    }
}

#[cfg(not(unix))]
fn stamp(found: &Metadata) -> Stamp {
    let modified = found
        .modified()
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| i128::try_from(since.as_nanos()).unwrap_or(i128::MAX));
    Stamp {
        length: found.len(),
        facts: [0, 0, modified, 0],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::fs;

    use super::*;

    async fn notices(watch: &mut FileWatch) -> bool {
        tokio::time::timeout(Duration::from_millis(900), watch.changed())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn a_file_that_is_written_replaced_removed_or_opened_to_others_is_noticed() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("trust/domain/charter/MINISTER");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("terms");
        fs::write(&file, "one").unwrap();
        let mut watch = FileWatch::new([place.path().join("trust")]);
        assert!(!notices(&mut watch).await);

        fs::write(&file, "other").unwrap();
        assert!(notices(&mut watch).await);
        assert!(!notices(&mut watch).await);

        fs::write(folder.join(".terms.making"), "again").unwrap();
        assert!(!notices(&mut watch).await);
        fs::rename(folder.join(".terms.making"), &file).unwrap();
        assert!(notices(&mut watch).await);

        fs::remove_file(&file).unwrap();
        assert!(notices(&mut watch).await);
    }

    #[tokio::test]
    async fn what_was_read_on_request_is_no_news() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("crl.pem");
        fs::write(&file, "one").unwrap();
        let mut watch = FileWatch::new([file.clone()]);
        fs::write(&file, "other").unwrap();
        watch.mark_known();
        assert!(!notices(&mut watch).await);
    }
}
