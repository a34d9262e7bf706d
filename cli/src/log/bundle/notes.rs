//! Checkpoints that a side has kept: of each log and size one, with all signatures that anybody has of it; other roots for
//! the same size are contradictions and kept as such.

use std::collections::BTreeMap;

use hotline_audit::{Checkpoint, bundle::BundleWriter, note::Note};

use super::keys::put;
use crate::exit::Failure;

/// Most checkpoints of one log: the newest 1,024, and others evenly from those before.
const MOST: usize = 4_096;
/// Of the newest none is left out.
const NEWEST: usize = 1_024;

/// Checkpoints by log and size.
#[derive(Debug, Default)]
pub(super) struct Notes {
    kept: BTreeMap<String, BTreeMap<u64, Note>>,
    conflicts: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Notes {
    /// Takes a note; what is none is left out, for it proves nothing.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let (Ok(note), Ok(head)) = (Note::parse(bytes), Checkpoint::danger_parse_unverified(bytes)) else {
            return;
        };
        let of_log = self.kept.entry(head.origin.clone()).or_default();
        match of_log.get_mut(&head.size) {
            None => drop(of_log.insert(head.size, note)),
            Some(held) if held.text == note.text => merge(held, note),
            Some(_) => self.contradiction(&head.origin, bytes),
        }
    }

    /// Takes a note that was kept because it contradicts another.
    pub(super) fn contradiction(&mut self, origin: &str, bytes: &[u8]) {
        let kept = self.conflicts.entry(origin.to_owned()).or_default();
        if !kept.iter().any(|held| held == bytes) {
            kept.push(bytes.to_vec());
        }
    }

    /// Adds them all.
    pub(super) fn add(mut self, writer: &mut BundleWriter) -> Result<(), Failure> {
        for (origin, of_log) in self.kept {
            let sizes: Vec<u64> = of_log.keys().copied().collect();
            let chosen = thinned(&sizes);
            for (size, note) in of_log.into_iter().filter(|(size, _)| chosen.contains(size)) {
                put(writer, &format!("cosigned/{origin}/{size}"), note.encode())?;
            }
        }
        for (origin, notes) in &mut self.conflicts {
            notes.sort();
            for (number, note) in notes.iter().enumerate() {
                put(writer, &format!("conflicts/{origin}/{number}"), note.clone())?;
            }
        }
        Ok(())
    }
}

/// The log's own lines first, as they came; then all others by their bytes.
fn merge(held: &mut Note, other: Note) {
    for line in other.signatures {
        if !held.signatures.contains(&line) {
            held.signatures.push(line);
        }
    }
    held.signatures
        .sort_by(|a, b| (a.name.len(), &a.name, &a.signature).cmp(&(b.name.len(), &b.name, &b.signature)));
}

fn thinned(sizes: &[u64]) -> std::collections::BTreeSet<u64> {
    if sizes.len() <= MOST {
        return sizes.iter().copied().collect();
    }
    let (older, newest) = sizes.split_at(sizes.len() - NEWEST);
    let step = older.len().div_ceil(MOST - NEWEST);
    older.iter().step_by(step).chain(newest).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_checkpoints_the_newest_and_some_older_ones_are_handed_in() {
        let sizes: Vec<u64> = (1..=100_000).collect();
        let chosen = thinned(&sizes);
        assert!(
            chosen.len() <= MOST && chosen.len() > MOST / 2,
            "{}",
            chosen.len()
        );
        assert!((98_977..=100_000).all(|size| chosen.contains(&size)) && chosen.contains(&1));
        assert_eq!(thinned(&[1, 5]).len(), 2);
    }
}
