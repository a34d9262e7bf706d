//! Checkpoints that a side has kept: of each log and size one, with all signatures that anybody has of it; other roots for
//! the same size are contradictions and kept as such.

use std::collections::BTreeMap;

use hotline_audit::{
    Checkpoint,
    bundle::BundleWriter,
    cosign::{CosignVerifier, CosignerName},
    key::{Purpose, Roster, origin_of},
    note::{Note, NoteSignature, VerifierKey},
    trust::TrustPolicy,
};

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
    logs: Vec<VerifierKey>,
    cosigners: Vec<CosignVerifier>,
    /// Whether lines of keys that no roster knows are taken: a relay has checked those of its neutral witnesses.
    strangers: bool,
}

impl Notes {
    /// None yet; lines under them are held against the keys of this trust.
    pub(super) fn under(trust: Option<&TrustPolicy>) -> Self {
        let mut notes = Self {
            strangers: true,
            ..Self::default()
        };
        let rosters = trust.into_iter().flat_map(|trust| trust.rosters().rosters());
        for key in rosters.flat_map(Roster::keys) {
            let Some(origin) = origin_of(&key.statement.subject) else {
                continue;
            };
            let name = match key.purpose {
                Purpose::Log => {
                    notes.logs.extend(VerifierKey::new(origin, key.key));
                    continue;
                }
                Purpose::Witness => CosignerName::witness(origin),
                Purpose::Mirror => CosignerName::mirror(origin),
                Purpose::Statement | Purpose::Officer | Purpose::Control => continue,
            };
            let verifier = name.map(|name| CosignVerifier::new(name, key.key));
            notes.cosigners.extend(verifier);
        }
        notes
    }

    /// What comes from here on lies in the ledger of this log's owner.
    pub(super) fn kept_by(&mut self, origin: &str) {
        self.strangers = self.logs.is_empty() || origin.contains("/relay/");
    }

    /// A note without lines that nobody signed, or that nobody here has checked: whoever made a note chose its bytes, and a
    /// line that somebody made up would speak against the side that hands it in.
    pub(super) fn checked(&self, note: &Note) -> Note {
        let log = note.text.lines().next().unwrap_or_default();
        note.with_lines(|line| {
            self.holds(&note.text, line)
                .unwrap_or(self.strangers || line.name == log)
        })
    }

    /// Whether a line of a known key verifies; none for other keys.
    fn holds(&self, text: &str, line: &NoteSignature) -> Option<bool> {
        let mut logs = self.logs.iter();
        if let Some(key) = logs.find(|key| key.names(line)) {
            return Some(key.signed(text, line));
        }
        let passes = |key: &&CosignVerifier| key.name().as_str() == line.name && key.key_id() == line.key_id;
        let cosigner = self.cosigners.iter().find(passes)?;
        Some(cosigner.time_of(text, line).is_some())
    }

    /// Takes a note; what is none is left out, for it proves nothing.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let (Ok(note), Ok(head)) = (Note::parse(bytes), Checkpoint::danger_parse_unverified(bytes)) else {
            return;
        };
        let note = self.checked(&note);
        if note.signatures.is_empty() {
            return;
        }
        let of_log = self.kept.entry(head.origin.clone()).or_default();
        match of_log.get_mut(&head.size) {
            None => drop(of_log.insert(head.size, note)),
            Some(held) if held.text == note.text => merge(held, note),
            Some(_) => self.contradiction(&head.origin, &note.encode()),
        }
    }

    /// Takes a note that was kept because it contradicts another.
    pub(super) fn contradiction(&mut self, origin: &str, bytes: &[u8]) {
        let Ok(note) = Note::parse(bytes) else { return };
        let bytes = self.checked(&note).encode();
        let kept = self.conflicts.entry(origin.to_owned()).or_default();
        if !kept.contains(&bytes) {
            kept.push(bytes);
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
    #![allow(clippy::unwrap_used, reason = "tests")]
    use hotline_audit::{
        Hash, LogSigner, SigningKey,
        cosign::CosignSigner,
        key::{Enrolment, RosterBuilder, RosterSet},
    };

    use super::*;

    const LOG: &str = "exercise.avelia.example/relay/north";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32])
    }

    /// A trust that knows the log's key and one witness.
    fn trust() -> TrustPolicy {
        let mut rosters = RosterSet::new();
        for (domain, relay, purpose, seed) in [
            ("exercise.avelia.example", "north", Purpose::Log, 1),
            ("exercise.borenia.example", "south", Purpose::Witness, 2),
        ] {
            let mut builder = RosterBuilder::new(domain, key(seed + 50)).unwrap();
            let enrolment = Enrolment {
                purpose,
                subject: format!("spiffe://{domain}/relay/{relay}"),
                roles: Vec::new(),
                public_key: key(seed).public(),
                not_before_ms: 1,
                not_after_ms: 2,
            };
            builder.enrol(enrolment).unwrap();
            rosters.update(builder.finish()).unwrap();
        }
        TrustPolicy::new(rosters)
    }

    #[test]
    fn lines_that_nobody_signed_or_nobody_has_checked_are_not_handed_in() {
        let signer = LogSigner::new(LOG, key(1)).unwrap();
        let plain = Note::parse(&signer.checkpoint(1, Hash([3; 32])).sign(&signer)).unwrap();
        let south = CosignerName::witness("exercise.borenia.example/relay/south").unwrap();
        let good = CosignSigner::new(south.clone(), key(2)).cosign(&plain.text, 1_795_000_000);
        let neutral = CosignSigner::new("witness.example/w".parse().unwrap(), key(9));
        let neutral = neutral.cosign(&plain.text, 1_795_000_000);
        let mut junk = good.clone();
        junk.signature[20] ^= 1;
        let mut full = plain.clone();
        full.signatures.extend([junk, good.clone(), neutral.clone()]);
        let trust = trust();
        let taken = |owner: &str| {
            let mut notes = Notes::under(Some(&trust));
            notes.kept_by(owner);
            notes.take(&full.encode());
            notes.kept[LOG][&1].signatures.clone()
        };
        let log = plain.signatures[0].clone();
        assert_eq!(
            taken("exercise.borenia.example/desk/ops"),
            [log.clone(), good.clone()]
        );
        assert_eq!(
            taken("exercise.borenia.example/relay/south"),
            [log, good, neutral]
        );
    }

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
