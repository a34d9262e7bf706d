//! Who has cosigned each relay's log, when, and how far what nobody had cosigned could reach back; what witnesses refused,
//! checkpoints that are not of the log in the evidence, and those that say that its end is missing.
//!
//! Cosigned checkpoints are found on the exported log itself and in the entries in which the other side's relays wrote down
//! what they had seen. A cosignature counts under a key that a roster enrols for it.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{
    Checkpoint, Frontier, Hash, PayloadType, Purpose, SignedStatement,
    cosign::{CosignVerifier, CosignerName},
    key::origin_of,
    note::Note,
    statement::{CosignRefused, PeerCheckpoint},
    tree::leaf_hash,
};
use hotline_core::time::WallTime;

use super::Making;
use crate::{
    bundle::{LogKind, VerifiedLog},
    report::words::length,
};

/// A checkpoint that somebody else has cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cosigned {
    /// When, by the cosigner's clock, seconds since 1970.
    at_s: u64,
    /// Its entries.
    size: u64,
}

impl Making<'_> {
    /// A line for each fact; a relay's log that nobody has cosigned is said to be none that is witnessed.
    pub(super) fn cosignatures(&self) -> Vec<String> {
        let relays = || {
            self.evidence
                .logs
                .values()
                .filter(|log| log.kind == Some(LogKind::Relay))
        };
        let cosigners: Vec<CosignVerifier> = relays().flat_map(|log| self.cosigners(&log.owner)).collect();
        let mut lines = Vec::new();
        for log in relays() {
            let notes = self.notes_of(log);
            let split = split(log, &notes);
            lines.extend(self.cosigned(log, &cosigners, &split.fitting));
            lines.push(match split.conflicting {
                0 => format!("{}: no conflicting checkpoint is known.", log.name),
                n => format!(
                    "{}: {n} signed checkpoints are NOT of this log: its key has signed another history.",
                    log.name
                ),
            });
            lines.extend(split.cut_off(log));
            lines.extend(refusals(log));
        }
        lines
    }

    /// The cosigners that a relay is, by the rosters of the evidence.
    fn cosigners(&self, relay: &str) -> Vec<CosignVerifier> {
        let Some(origin) = origin_of(relay) else {
            return Vec::new();
        };
        let rosters = || self.evidence.trust.rosters().rosters();
        let keys = |purpose, name: Option<CosignerName>| {
            let keys = rosters().flat_map(move |roster| roster.keys_of(relay, purpose));
            let verifiers = keys.filter_map(move |entry| Some(CosignVerifier::new(name.clone()?, entry.key)));
            verifiers.collect::<Vec<_>>()
        };
        let mut all = keys(Purpose::Witness, CosignerName::witness(origin).ok());
        all.extend(keys(Purpose::Mirror, CosignerName::mirror(origin).ok()));
        all
    }

    /// Checkpoints of a log that its own key has signed, wherever the evidence holds one.
    fn notes_of(&self, log: &VerifiedLog) -> Vec<(Note, Checkpoint)> {
        let seen = self.evidence.logs.values().flat_map(|other| {
            let entries = other.log.entries.iter().filter_map(|entry| anchored(entry));
            entries.collect::<Vec<_>>()
        });
        let notes = std::iter::once(log.log.note.clone()).chain(seen);
        let own = notes.filter_map(|note| {
            let (checkpoint, _) = self.evidence.trust.checkpoint(&note).ok()?;
            let is_own = Some(checkpoint.origin.as_str()) == origin_of(&log.owner);
            Some((Note::parse(&note).ok()?, checkpoint)).filter(|_| is_own)
        });
        own.collect()
    }

    fn cosigned(
        &self,
        log: &VerifiedLog,
        cosigners: &[CosignVerifier],
        notes: &[&(Note, Checkpoint)],
    ) -> Vec<String> {
        let mut by_name: BTreeMap<String, BTreeSet<Cosigned>> = BTreeMap::new();
        for (note, checkpoint) in notes {
            for cosigner in cosigners {
                if let Some(at_s) = cosigner.verify(note) {
                    let of_name = by_name.entry(cosigner.name().to_string()).or_default();
                    of_name.insert(Cosigned {
                        at_s,
                        size: checkpoint.size,
                    });
                }
            }
        }
        if by_name.is_empty() {
            return vec![format!(
                "{}: not witnessed. No cosignature of the other side is in the evidence, so nothing but what others have seen \
                 of it bounds what could have been cut off at its end.",
                log.name
            )];
        }
        let each = by_name.into_iter();
        each.filter_map(|(name, cosigned)| line(log, &name, &cosigned))
            .collect()
    }
}

/// What one cosigner has signed of a log.
fn line(log: &VerifiedLog, name: &str, cosigned: &BTreeSet<Cosigned>) -> Option<String> {
    let (first, last) = (cosigned.first()?, cosigned.last()?);
    let pairs = || cosigned.iter().zip(cosigned.iter().skip(1));
    let apart_s = pairs().map(|(a, b)| b.at_s.saturating_sub(a.at_s)).max();
    let entries = pairs().map(|(a, b)| b.size.saturating_sub(a.size)).max();
    let between = match (apart_s, entries) {
        (Some(apart_s), Some(entries)) => format!(
            "; between two of them at most {} and {entries} entries",
            length(apart_s.saturating_mul(1_000))
        ),
        _ => String::new(),
    };
    let at = |at_s: u64| WallTime::from_unix_ms(at_s.saturating_mul(1_000)).rfc3339();
    Some(format!(
        "{}: {} checkpoints cosigned by {name}, from {} to {}{between}. The newest holds {} of {} entries.",
        log.name,
        cosigned.len(),
        at(first.at_s),
        at(last.at_s),
        last.size,
        log.report.entries
    ))
}

/// The checkpoint of another log that a relay has written down in this entry.
fn anchored(entry: &[u8]) -> Option<Vec<u8>> {
    let statement = SignedStatement::parse(entry).ok()?;
    if statement.payload_type != PayloadType::PeerCheckpoint {
        return None;
    }
    PeerCheckpoint::decode(&statement.payload)
        .ok()
        .map(|said| said.note)
}

/// Checkpoints that a log's key has signed, and how they stand to the log in the evidence.
struct Split<'n> {
    /// Those of this very log.
    fitting: Vec<&'n (Note, Checkpoint)>,
    /// How many say another root for a size that it has.
    conflicting: usize,
    /// The sizes of those that are larger than it.
    larger: Vec<u64>,
}

impl Split<'_> {
    /// That the log has lost its end. Whether what is larger continues it nobody can tell without the entries.
    fn cut_off(&self, log: &VerifiedLog) -> Option<String> {
        let largest = self.larger.iter().max()?;
        Some(format!(
            "{}: TRUNCATED: {} signed checkpoints are of more entries than the {} that are in the evidence, the largest of {largest}.",
            log.name,
            self.larger.len(),
            log.report.entries
        ))
    }
}

fn split<'n>(log: &VerifiedLog, notes: &'n [(Note, Checkpoint)]) -> Split<'n> {
    let sizes: BTreeSet<u64> = notes.iter().map(|(_, checkpoint)| checkpoint.size).collect();
    let roots = roots(log, &sizes);
    let fits = |note: &&(Note, Checkpoint)| roots.get(&note.1.size) == Some(&note.1.root);
    let fitting: Vec<_> = notes.iter().filter(fits).collect();
    let of_more = notes.iter().map(|(_, checkpoint)| checkpoint.size);
    let larger: Vec<u64> = of_more.filter(|size| !roots.contains_key(size)).collect();
    Split {
        conflicting: notes.len() - fitting.len() - larger.len(),
        fitting,
        larger,
    }
}

/// The log's roots at these sizes.
fn roots(log: &VerifiedLog, sizes: &BTreeSet<u64>) -> BTreeMap<u64, Hash> {
    let mut frontier = Frontier::new();
    let mut roots = BTreeMap::new();
    let mut note = |frontier: &Frontier| {
        if sizes.contains(&frontier.size()) {
            roots.insert(frontier.size(), frontier.root());
        }
    };
    note(&frontier);
    for entry in &log.log.entries {
        frontier.push(leaf_hash(entry));
        note(&frontier);
    }
    roots
}

/// What witnesses refused this relay, by witness and reason.
fn refusals(log: &VerifiedLog) -> Vec<String> {
    let refused = log.log.entries.iter().filter_map(|entry| {
        let statement = SignedStatement::parse(entry).ok()?;
        let is_one = statement.payload_type == PayloadType::CosignRefused;
        CosignRefused::decode(&statement.payload).ok().filter(|_| is_one)
    });
    let mut counted: BTreeMap<(String, u32), (u64, u64)> = BTreeMap::new();
    for said in refused {
        let count = counted
            .entry((said.witness, said.reason))
            .or_insert((0, said.since_ms));
        count.0 += 1;
    }
    let each = counted.into_iter();
    each.map(|((witness, reason), (times, since_ms))| {
        format!(
            "{}: {witness} did not cosign, since {}: {}, written down {times} times.",
            log.name,
            WallTime::from_unix_ms(since_ms).rfc3339(),
            reason_word(reason)
        )
    })
    .collect()
}

const fn reason_word(reason: u32) -> &'static str {
    match reason {
        1 => "UNREACHABLE",
        2 => "REFUSED",
        3 => "CONFLICT",
        4 => "FORK",
        _ => "BAD_ANSWER",
    }
}

#[cfg(test)]
mod tests;
