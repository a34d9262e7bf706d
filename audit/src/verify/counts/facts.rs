//! What the logs show: where statements and ends of keys lie, and which trees of a log others have signed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cosigned, Evidence};
use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::key::{RosterSet, Subject, subject_of_origin};
use crate::statement::{Payload, PeerCheckpoint};
use crate::strict::peek_bytes;
use crate::tree::{Frontier, leaf_hash};
use crate::trust::TrustPolicy;
use crate::verify::kind_name;

/// One log whose entries have the signed root.
pub(super) struct Known {
    pub(super) origin: String,
    /// Trust domain of its owner.
    pub(super) side: String,
    /// Key statement → index of what ended the key.
    pub(super) ends: BTreeMap<Hash, u64>,
    /// Trees of it that somebody else has cosigned.
    pub(super) cosigned: Vec<Cosigned>,
    /// Checkpoints of other logs that it holds, with the place at which.
    pub(super) anchors: Vec<Anchor>,
}

/// A checkpoint of another log as a leaf.
pub(super) struct Anchor {
    pub(super) index: u64,
    /// Place of the other log in [`Facts::logs`].
    pub(super) of: usize,
    pub(super) size: u64,
}

/// A statement that a key has signed which has ended.
pub(super) struct Signed {
    pub(super) sha256: Hash,
    pub(super) kind: PayloadType,
    /// The ended keys among those that signed it and what is in it.
    pub(super) keys: Vec<Hash>,
    /// (place in [`Facts::logs`], index), in the order of the logs.
    pub(super) places: Vec<(usize, u64)>,
}

pub(super) struct Facts {
    pub(super) logs: Vec<Known>,
    pub(super) signed: Vec<Signed>,
}

impl Facts {
    pub(super) fn gather(evidence: &[Evidence<'_>], trust: &TrustPolicy) -> Facts {
        let ended = ended_keys(trust.rosters());
        if ended.is_empty() {
            return Facts {
                logs: Vec::new(),
                signed: Vec::new(),
            };
        }
        let sound: Vec<&Evidence<'_>> = evidence.iter().filter(|one| is_sound(one)).collect();
        let mut facts = Facts {
            logs: sound.iter().filter_map(|one| known(one)).collect(),
            signed: Vec::new(),
        };
        let notes: Vec<Vec<Seen>> = sound.iter().map(|one| seen_in(one, trust)).collect();
        facts.anchor(&sound, &notes);
        facts.find(&sound, &ended);
        facts
    }

    /// Keeps those cosignatures and checkpoints whose root is that of the log at their size.
    fn anchor(&mut self, sound: &[&Evidence<'_>], notes: &[Vec<Seen>]) {
        for (of, one) in sound.iter().enumerate() {
            let Some(origin) = self.logs.get(of).map(|log| log.origin.clone()) else {
                continue;
            };
            let seen: Vec<(usize, &Seen)> = notes
                .iter()
                .enumerate()
                .flat_map(|(by, seen)| seen.iter().map(move |seen| (by, seen)))
                .filter(|(by, seen)| *by != of && seen.origin == origin)
                .collect();
            let mut sizes: BTreeSet<u64> = one.cosigned.iter().map(|fact| fact.size).collect();
            sizes.extend(seen.iter().map(|(_, seen)| seen.size));
            let roots = roots_at(&one.log.entries, &sizes);
            for (by, seen) in seen {
                if roots.get(&seen.size) == Some(&seen.root)
                    && let Some(log) = self.logs.get_mut(by)
                {
                    log.anchors.push(Anchor {
                        index: seen.index,
                        of,
                        size: seen.size,
                    });
                    if let Some(log) = self.logs.get_mut(of) {
                        log.cosigned.extend(seen.cosigned.iter().cloned());
                    }
                }
            }
            if let Some(log) = self.logs.get_mut(of) {
                log.cosigned
                    .retain(|fact| fact.by != log.side && roots.get(&fact.size) == Some(&fact.root));
            }
        }
    }

    /// Finds the statements that one of these keys has signed.
    fn find(&mut self, sound: &[&Evidence<'_>], ended: &BTreeSet<Hash>) {
        let mut by_hash: BTreeMap<Hash, usize> = BTreeMap::new();
        for (log, one) in sound.iter().enumerate() {
            let hollow = hollow(one);
            for (index, entry) in (0u64..).zip(&one.log.entries) {
                let Some((kind, keys)) = signed_by(entry, ended, hollow.contains(&index)) else {
                    continue;
                };
                if is_bad(one, index) {
                    continue;
                }
                let sha256 = Hash::of(entry);
                let at = *by_hash.entry(sha256).or_insert(self.signed.len());
                if at == self.signed.len() {
                    self.signed.push(Signed {
                        sha256,
                        kind,
                        keys,
                        places: Vec::new(),
                    });
                }
                if let Some(signed) = self.signed.get_mut(at) {
                    signed.places.push((log, index));
                }
            }
        }
    }

    /// The first leaf of this log behind which whatever stands came after the end of the key: the end itself, or a
    /// checkpoint of a log that held it.
    pub(super) fn end_in(&self, log: usize, key: &Hash) -> Option<u64> {
        let known = self.logs.get(log)?;
        let seen = known.anchors.iter().filter(|anchor| {
            let end = self.logs.get(anchor.of).and_then(|of| of.ends.get(key));
            end.is_some_and(|end| *end < anchor.size)
        });
        let seen = seen.map(|anchor| anchor.index);
        known.ends.get(key).copied().into_iter().chain(seen).min()
    }
}

/// A checkpoint that a log holds of another one.
struct Seen {
    index: u64,
    origin: String,
    size: u64,
    root: Hash,
    /// Cosignatures under it.
    cosigned: Vec<Cosigned>,
}

/// Its tree is the one that its owner signed.
fn is_sound(one: &Evidence<'_>) -> bool {
    let report = one.report;
    let signed = report
        .checkpoint
        .as_ref()
        .is_some_and(|checkpoint| checkpoint.size == report.entries && checkpoint.root == report.root);
    signed
        && report.log_key.is_some()
        && report.entries == one.log.entries.len() as u64
        && known(one).is_some()
}

fn known(one: &Evidence<'_>) -> Option<Known> {
    let origin = one.report.checkpoint.as_ref()?.origin.clone();
    let side = Subject::parse(&subject_of_origin(&origin))?.domain.to_owned();
    Some(Known {
        origin,
        side,
        ends: one.report.ended.iter().map(|end| (end.key, end.index)).collect(),
        cosigned: one.cosigned.to_vec(),
        anchors: Vec::new(),
    })
}

/// Whether the verification names this entry for something else than the end of its key.
fn is_bad(one: &Evidence<'_>, index: u64) -> bool {
    let mut faults = one.report.faults.iter();
    faults.any(|fault| fault.index == Some(index) && fault.rule != "REVOKED_KEY")
}

/// Entries whose inside is nobody's word: whatever keys it names have signed nothing there.
fn hollow(one: &Evidence<'_>) -> BTreeSet<u64> {
    let unfit = one.report.unfit.iter();
    unfit
        .filter(|unfit| unfit.rule != "BROKEN_CHAIN")
        .map(|unfit| unfit.index)
        .collect()
}

/// The checkpoints of other logs that this one holds, if a log that we know signed them.
fn seen_in(one: &Evidence<'_>, trust: &TrustPolicy) -> Vec<Seen> {
    let mut found = Vec::new();
    for (index, entry) in (0u64..).zip(&one.log.entries) {
        let Ok(statement) = SignedStatement::parse(entry) else {
            continue;
        };
        if statement.payload_type != PayloadType::PeerCheckpoint || is_bad(one, index) {
            continue;
        }
        let Ok(said) = PeerCheckpoint::decode(&statement.payload) else {
            continue;
        };
        // Its root has to be that of a log which is believed: the end of the key that signed it takes nothing back.
        if let Ok((checkpoint, _)) = trust.signed_checkpoint(&said.note) {
            let cosigned = super::cosigned(&said.note, trust.rosters());
            found.push(Seen {
                cosigned,
                index,
                origin: checkpoint.origin,
                size: checkpoint.size,
                root: checkpoint.root,
            });
        }
    }
    found
}

/// The roots that a log of these entries has at these sizes.
fn roots_at(entries: &[Vec<u8>], sizes: &BTreeSet<u64>) -> BTreeMap<u64, Hash> {
    let mut roots = BTreeMap::new();
    let mut frontier = Frontier::new();
    let mut leaves = entries.iter();
    for size in sizes {
        while frontier.size() < *size {
            let Some(entry) = leaves.next() else {
                return roots;
            };
            frontier.push(leaf_hash(entry));
        }
        roots.insert(*size, frontier.root());
    }
    roots
}

fn ended_keys(rosters: &RosterSet) -> BTreeSet<Hash> {
    let keys = rosters.rosters().flat_map(crate::key::Roster::keys);
    keys.filter(|key| key.revoked.is_some())
        .map(|key| key.hash)
        .collect()
}

/// Kind of a desk's statement and those of its keys that have ended; none if none has. What is genuine was verified with
/// the log: here only names are read.
fn signed_by(entry: &[u8], ended: &BTreeSet<Hash>, hollow: bool) -> Option<(PayloadType, Vec<Hash>)> {
    let statement = SignedStatement::parse(entry).ok()?;
    let payload = Payload::parse(&statement).ok()?;
    let mut keys = vec![payload.header().key_statement];
    if !hollow {
        keys.extend(inside(&payload).into_iter().filter_map(officers_key));
    }
    keys.retain(|key| ended.contains(key));
    keys.dedup();
    (!keys.is_empty()).then_some((statement.payload_type, keys))
}

/// What officers signed inside a statement.
fn inside(payload: &Payload) -> Vec<&[u8]> {
    match payload {
        Payload::Message(message) => message.approvals.iter().map(Vec::as_slice).collect(),
        Payload::Act(act) => vec![&act.act],
        Payload::Annex(annex) => vec![&annex.annex],
        Payload::Charter(charter) => charter.consents.iter().map(Vec::as_slice).collect(),
        Payload::Watch(watch) => vec![&watch.officer_watch],
        Payload::Lifecycle(lifecycle) => vec![&lifecycle.order],
        Payload::Receipt(_) | Payload::Service(_) => Vec::new(),
    }
}

/// All of them name their key statement in field 2.
fn officers_key(signed: &[u8]) -> Option<Hash> {
    let statement = SignedStatement::parse(signed).ok()?;
    peek_bytes(&statement.payload, 2).and_then(Hash::from_slice)
}

impl Signed {
    /// A short name of its kind.
    pub(super) fn kind_name(&self) -> &'static str {
        kind_name(self.kind)
    }
}
