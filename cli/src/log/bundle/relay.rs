//! What a relay keeps beside its log: cosignatures of its own checkpoints, what it has cosigned of other logs and what
//! contradicted that, and the entries that its mirror holds.

use hotline_audit::{Checkpoint, Hash, bundle::BundleWriter, compare::Log, note::Note, witness::Seen};
use hotline_ledger::Inspector;

use super::{collect::exported, desk::each, notes::Notes};
use crate::{
    exit::{self, Failure},
    log::read,
};

/// Own checkpoints with the cosignatures that came: key is the size.
const COSIGNED: &str = "cosigned";
/// The newest checkpoint that was cosigned of each log: key is the origin.
const WITNESS: &str = "witness";
/// Checkpoints that contradict those: a line about it, and then the note as it came.
const CONFLICT: &str = "witness-conflict";
/// How far each log is mirrored: key is the origin.
const MIRRORED: &str = "mirrored";
/// Mirrored entries: key is the hash of the origin and the index, 8 bytes, big-endian.
const ENTRY: &str = "mirror-entry";

/// Takes the checkpoints that a relay keeps.
pub(super) fn notes(ledger: &Inspector, notes: &mut Notes) -> Result<(), Failure> {
    each(ledger, COSIGNED, &mut |_, note| notes.take(note))?;
    each(ledger, WITNESS, &mut |_, seen| {
        if let Ok(seen) = Seen::parse(seen) {
            notes.take(&seen.note().encode());
        }
    })?;
    each(ledger, CONFLICT, &mut |_, kept| {
        let note = kept
            .iter()
            .position(|byte| *byte == b'\n')
            .and_then(|end| kept.get(end + 1..));
        let note = note.unwrap_or_default();
        if let Ok(head) = Checkpoint::danger_parse_unverified(note) {
            notes.contradiction(&head.origin, note);
        }
    })
}

/// Adds every log that this relay's mirror has cosigned, up to the checkpoint that it cosigned.
pub(super) fn mirrors(origin: &str, ledger: &Inspector, writer: &mut BundleWriter) -> Result<(), Failure> {
    let mut held: Vec<(String, Note, u64)> = Vec::new();
    each(ledger, MIRRORED, &mut |key, value| {
        held.extend(mirrored(key, value))
    })?;
    for (log, note, size) in held {
        let entries = entries(ledger, &log, size)?;
        let whole = Log {
            note: note.encode(),
            entries,
        };
        // While altered entries are brought anew a mirror lacks what it cosigned: then it has nothing to hand in.
        if whole.entries.len() as u64 == size {
            exported(&format!("mirrors/{origin}/mirror/{log}"), &whole, writer)?;
        }
    }
    Ok(())
}

/// The newest checkpoint that a mirror cosigned: it stands behind a first word, a check sum, the number of entries that are
/// held, and the hashes of their right edge.
fn mirrored(key: &[u8], value: &[u8]) -> Option<(String, Note, u64)> {
    let log = String::from_utf8(key.to_vec()).ok()?;
    let text = std::str::from_utf8(value).ok()?;
    let mut lines = text.splitn(4, '\n');
    let (_, _, held) = (lines.next()?, lines.next()?, lines.next()?);
    let edge = held.parse::<u64>().ok()?.count_ones() as usize;
    let note = lines.next()?.splitn(edge + 1, '\n').nth(edge)?;
    let head = Checkpoint::danger_parse_unverified(note.as_bytes()).ok()?;
    Some((log, Note::parse(note.as_bytes()).ok()?, head.size))
}

fn entries(ledger: &Inspector, log: &str, size: u64) -> Result<Vec<Vec<u8>>, Failure> {
    let log = Hash::of(log.as_bytes());
    let mut entries = Vec::new();
    for index in 0..size {
        let key = [log.as_bytes().as_slice(), &index.to_be_bytes()].concat();
        let entry = ledger
            .record(ENTRY, &key)
            .map_err(|error| read::damaged(exit::chain(&error)))?;
        match entry {
            Some(entry) => entries.push(entry),
            None => break,
        }
    }
    Ok(entries)
}
