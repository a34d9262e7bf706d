//! What a relay keeps beside its log: cosignatures of its own checkpoints, what it has cosigned of other logs and what
//! contradicted that, and the entries that its mirror holds.

use std::collections::BTreeSet;

use hotline_audit::{bundle::BundleWriter, compare::Log};
use hotline_core::text::inert_line;
use hotline_ledger::{Inspector, ReadError};
use hotline_server::{
    anchor::COSIGNED,
    witness::{MirroredLog, book, book::KeptError, mirrored_logs},
};

use super::{collect::exported, desk::each, notes::Notes};
use crate::{
    exit::{self, Failure},
    log::read,
};

/// Takes the checkpoints that a relay keeps.
pub(super) fn notes(ledger: &Inspector, notes: &mut Notes) -> Result<(), Failure> {
    each(ledger, COSIGNED, &mut |_, note| notes.take(note))?;
    let mut logs: BTreeSet<String> = book::witnessed(ledger).map_err(unreadable)?.into_iter().collect();
    let mirrored = mirrored_logs(ledger).map_err(unreadable)?;
    logs.extend(mirrored.into_iter().map(|log| log.origin));
    for log in logs {
        match book::seen(ledger, &log) {
            Ok(Some(seen)) => notes.take(&seen.note().encode()),
            Ok(None) => {}
            // One record is no reason to hand in nothing of everything else.
            Err(error @ KeptError::Damaged { .. }) => {
                eprintln!(
                    "left out of the bundle: {}",
                    inert_line(&exit::chain(&error)).text
                );
            }
            Err(error @ KeptError::Read(_)) => return Err(read::damaged(exit::chain(&error))),
        }
        let (conflicts, _) = book::conflicts(ledger, &log).map_err(unreadable)?;
        for conflict in conflicts {
            notes.contradiction(&log, &conflict.note);
        }
    }
    Ok(())
}

/// Adds every log that this relay's mirror has cosigned, up to the checkpoint that it cosigned.
pub(super) fn mirrors(origin: &str, ledger: &Inspector, writer: &mut BundleWriter) -> Result<(), Failure> {
    for held in mirrored_logs(ledger).map_err(unreadable)? {
        let whole = Log {
            note: held.note.encode(),
            entries: entries(ledger, &held)?,
        };
        // While altered entries are brought anew a mirror lacks what it cosigned: then it has nothing to hand in.
        if whole.entries.len() as u64 == held.size {
            exported(
                &format!("mirrors/{origin}/mirror/{}", held.origin),
                &whole,
                writer,
            )?;
        }
    }
    Ok(())
}

fn entries(ledger: &Inspector, held: &MirroredLog) -> Result<Vec<Vec<u8>>, Failure> {
    let mut entries = Vec::new();
    loop {
        let page = held.entries(ledger, entries.len() as u64).map_err(unreadable)?;
        if page.is_empty() {
            return Ok(entries);
        }
        entries.extend(page);
    }
}

fn unreadable(error: ReadError) -> Failure {
    read::damaged(exit::chain(&error))
}
