//! A whole log against a verifier's own trust: complete, genuine, in order, and the one that was signed.
//!
//! [`verify_directory`] takes an exported folder, [`verify_log`] entries and a note from anywhere (a ledger, a relay).
//! The report names every fault with the index of its entry, the lowest first, and says what cannot be known from one
//! log alone: that something was cut off behind its end. What officers signed inside statements is verified too.
//!
//! There is no clock here. Validity and revocation of keys become marks for REVIEW, because claimed times prove
//! nothing; only a statement behind its key's revocation *in the same log* is a fault.
//!
//! Cost: one SHA-256 pass over all entries, one or more signature checks each, and about 200 bytes of memory an entry.

mod auditor;
mod chains;
pub mod counts;
mod report;
mod stored;

pub(crate) use auditor::kind_name;
pub use counts::{Cosigned, Counted, Evidence, Place, Shown, Standing, Witnessed, cosigned, counts};
pub use report::{Ended, Fault, Gap, LogReport, Review, SenderReport, Unfit, Verdict};

use std::path::Path;

use crate::keyfile;
use crate::tiles::{TILE_WIDTH, TileDir};
use crate::trust::TrustPolicy;
use auditor::Auditor;
use stored::StoredTiles;

/// Most entries that are read from one folder: 2^26 are 64 times what a busy exercise leaves in a year.
const MAX_ENTRIES: u64 = 1 << 26;

/// Verifies an exported folder, its tiles included.
#[must_use]
pub fn verify_directory(dir: &Path, trust: &TrustPolicy) -> LogReport {
    if let Some(folder) = trust.folder_inside(dir) {
        let why = format!(
            "the trust folder {} lies inside the log that is to be verified",
            folder.display()
        );
        return LogReport::unreadable("TRUST_INSIDE_LOG", why);
    }
    if let Some(key) = keyfile::inside(dir) {
        let why = format!(
            "{} is a private key: keys do not belong beside evidence",
            key.display()
        );
        return LogReport::unreadable("KEY_FILE", why);
    }
    verify_tiles(&TileDir::new(dir), trust)
}

/// Verifies an exported folder wherever it is, its tiles included. Whether other things lie in it is not looked at.
#[must_use]
pub fn verify_tiles(folder: &TileDir, trust: &TrustPolicy) -> LogReport {
    match folder.checkpoint() {
        Ok(note) => through(Auditor::new(&note, trust), folder),
        Err(error) => LogReport::unreadable("UNREADABLE", error.to_string()),
    }
}

/// As [`verify_tiles`], of a log whose key may have ended since: whoever takes the copy judges what that is worth.
pub(crate) fn verify_copy(folder: &TileDir, trust: &TrustPolicy) -> LogReport {
    match folder.checkpoint() {
        Ok(note) => through(Auditor::of_copy(&note, trust), folder),
        Err(error) => LogReport::unreadable("UNREADABLE", error.to_string()),
    }
}

fn through(mut auditor: Auditor<'_>, folder: &TileDir) -> LogReport {
    let size = auditor.claimed_size().min(MAX_ENTRIES);
    let mut missing = None;
    for index in 0..size.div_ceil(TILE_WIDTH) {
        match folder.bundle(index, size) {
            Ok(bundle) => {
                bundle.entries.iter().for_each(|entry| auditor.push(entry));
                if bundle.broken {
                    auditor.broken_bundle(index);
                }
            }
            Err(error) => {
                missing = Some(error.to_string());
                break;
            }
        }
    }
    let stored = StoredTiles::read(folder, size, auditor.entries());
    auditor.finish(missing, Some(&stored))
}

/// Verifies entries and the note that goes with them.
#[must_use]
pub fn verify_log<I>(entries: I, note: &[u8], trust: &TrustPolicy) -> LogReport
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut auditor = Auditor::new(note, trust);
    for entry in entries {
        auditor.push(entry.as_ref());
    }
    auditor.finish(None, None)
}

#[cfg(test)]
mod tests;
