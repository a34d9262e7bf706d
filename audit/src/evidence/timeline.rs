//! One timeline of everything that was signed: what is claimed, and between which checkpoints it can be proved to lie.
//!
//! A statement lies *after* the newest checkpoint of somebody else's log that it names: it could not have been signed
//! before. It lies *before* the earliest cosignature of somebody else over a tree that holds it. The times of both are
//! told by clocks that the signer did not control.
//!
//! No clock sorts anything here. A statement stands behind every statement that it names (its predecessor in the chain, the
//! message of a receipt, what a reply refers to); beyond that, statements stand as the logs have them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::Evidence;
use super::codes::{SERVICES, word};
use super::index::By;
use super::ladder::named_by;
use super::names;
use super::notes::{Cosigned, KnownNote};
use super::statements::Known;
use crate::hash::Hash;
use crate::key::{Subject, subject_of_origin};
use crate::statement::Payload;
use crate::verify::kind_name;

/// The newest checkpoint of another side's log that a statement names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct After {
    /// The log.
    pub origin: String,
    /// Its size: the statement is younger than entry `size - 1`.
    pub size: u64,
    /// The latest time that a cosigner gave for a checkpoint inside that tree, seconds since 1970 (UTC): the statement is
    /// younger than that, by that clock. None where no leaf of the tree tells one.
    pub time_s: Option<u64>,
}

/// The earliest cosignature of another side over a tree that holds a statement.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Before {
    /// Who cosigned.
    pub by: String,
    /// The log.
    pub origin: String,
    /// Size of the tree that was cosigned.
    pub size: u64,
    /// When, by the cosigner's clock, seconds since 1970 (UTC).
    pub time_s: u64,
}

/// One statement in the timeline.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// Hash of its bytes.
    pub sha256: Hash,
    /// What it is: `message`, `receipt`, …
    pub kind: &'static str,
    /// `A-0017` for a message, `DESK_CLOSES` and the like for a service statement.
    pub name: Option<String>,
    /// Who signed it.
    pub sender: String,
    /// Its chain epoch.
    pub epoch: u64,
    /// Its place in the chain.
    pub sequence: u64,
    /// When, by its signer's clock, milliseconds since 1970 (UTC): a claim.
    pub claimed_ms: u64,
    /// Not before.
    pub after: Option<After>,
    /// Not after.
    pub before: Option<Before>,
    /// Sides whose own logs hold it.
    pub held_by: Vec<String>,
    /// Where it stands first: log and index.
    pub stands: (String, u64),
}

/// For each statement those that name it by its hash.
#[derive(Debug, Default)]
pub(super) struct Naming {
    by: BTreeMap<Hash, Vec<Hash>>,
}

impl Naming {
    pub(super) fn of(&self, statement: &Hash) -> &[Hash] {
        self.by.get(statement).map_or(&[], Vec::as_slice)
    }
}

impl Evidence<'_> {
    /// All genuine statements in an order that nothing contradicts.
    #[must_use]
    pub fn timeline(&self) -> Vec<Event> {
        self.order()
            .into_iter()
            .filter_map(|hash| Some(self.event(self.statements.get(&hash)?)))
            .collect()
    }

    pub(super) fn event(&self, known: &Known) -> Event {
        let header = known.verified.header();
        let name = match &known.verified.payload {
            Payload::Message(message) => Some(names::name(&self.prefixes, message)),
            Payload::Service(service) => Some(word(&SERVICES, service.kind).to_owned()),
            _ => None,
        };
        let first = known.stands.first();
        let stands =
            first.and_then(|stands| Some((self.copies.get(stands.copy)?.origin.clone(), stands.index)));
        Event {
            sha256: known.verified.hash,
            kind: kind_name(known.verified.statement.payload_type),
            name,
            sender: header.sender.clone(),
            epoch: header.epoch,
            sequence: header.sequence,
            claimed_ms: header.claimed_time_ms,
            after: self.after(known),
            before: self.before(known),
            held_by: self.held_by(known),
            stands: stands.unwrap_or_default(),
        }
    }

    /// Sides whose own logs hold it; what a mirror holds of the other side's is no log of one's own.
    pub(super) fn held_by(&self, known: &Known) -> Vec<String> {
        let copies = known
            .stands
            .iter()
            .filter_map(|stands| self.copies.get(stands.copy));
        let mut sides: Vec<String> = copies
            .filter(|copy| copy.mirror.is_none())
            .map(|copy| copy.side.clone())
            .collect();
        sides.sort();
        sides.dedup();
        sides
    }

    /// Only a checkpoint that somebody's copy of that log continues counts: a size that nobody can show proves nothing.
    pub(super) fn after(&self, known: &Known) -> Option<After> {
        let header = known.verified.header();
        let own = domain_of(&header.sender);
        let mut seen: Vec<_> = header
            .seen
            .iter()
            .filter(|seen| domain_of(&subject_of_origin(&seen.origin)) != own)
            .collect();
        seen.sort_by_key(|seen| Reverse(seen.size));
        let newest = seen.into_iter().find(|seen| {
            self.copies
                .iter()
                .any(|copy| copy.origin == seen.origin && copy.root_at(seen.size) == Some(seen.root))
        })?;
        Some(After {
            origin: newest.origin.clone(),
            size: newest.size,
            time_s: self.index.told_inside(&newest.origin, newest.size),
        })
    }

    pub(super) fn before(&self, known: &Known) -> Option<Before> {
        let own = domain_of(&known.verified.header().sender);
        let mut earliest: Option<By> = None;
        for stands in &known.stands {
            let here = self.index.earliest(stands.copy, stands.index, own).min();
            earliest = match (earliest, here) {
                (Some(known), Some(here)) if known.time_s <= here.time_s => Some(known),
                (known, here) => here.or(known),
            };
        }
        let (note, by) = self.cosignature(earliest?)?;
        Some(Before {
            by: by.name.clone(),
            origin: note.checkpoint.origin.clone(),
            size: note.checkpoint.size,
            time_s: by.time_s,
        })
    }

    /// The note and its line.
    pub(super) fn cosignature(&self, by: By) -> Option<(&KnownNote, &Cosigned)> {
        let note = self.notes.get(by.note)?;
        Some((note, note.cosigned.get(by.place)?))
    }

    /// Checkpoints that somebody else has signed as well.
    pub(super) fn cosigned_notes(&self) -> impl Iterator<Item = &KnownNote> {
        self.notes.iter().filter(|note| !note.cosigned.is_empty())
    }

    /// Who names whom, in an order that nothing contradicts.
    pub(super) fn naming(&self) -> Naming {
        let mut naming = Naming::default();
        for hash in self.order() {
            for named in self.statements.get(&hash).map(named_by).unwrap_or_default() {
                naming.by.entry(named).or_default().push(hash);
            }
        }
        naming
    }

    /// Behind everything that it names; of those that are free, as the logs have them.
    fn order(&self) -> Vec<Hash> {
        let base = self.as_logged();
        let mut waits: BTreeMap<Hash, usize> = BTreeMap::new();
        let mut frees: BTreeMap<Hash, Vec<Hash>> = BTreeMap::new();
        for (hash, known) in self.statements.iter() {
            let mut named = named_by(known);
            named.push(known.verified.header().previous);
            named.sort();
            named.dedup();
            named.retain(|other| other != hash && self.statements.get(other).is_some());
            waits.insert(*hash, named.len());
            for other in named {
                frees.entry(other).or_default().push(*hash);
            }
        }
        let rank = |hash: &Hash| base.get(hash).copied().unwrap_or(usize::MAX);
        let mut free: BinaryHeap<Reverse<(usize, Hash)>> = waits
            .iter()
            .filter(|(_, count)| **count == 0)
            .map(|(hash, _)| Reverse((rank(hash), *hash)))
            .collect();
        let mut order = Vec::new();
        while let Some(Reverse((_, hash))) = free.pop() {
            order.push(hash);
            for next in frees.get(&hash).into_iter().flatten() {
                if let Some(count) = waits.get_mut(next) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        free.push(Reverse((rank(next), *next)));
                    }
                }
            }
        }
        order
    }

    /// A place for every statement: as the first log has them, and what only later logs have behind what stands before it
    /// there.
    fn as_logged(&self) -> BTreeMap<Hash, usize> {
        let mut line: Vec<Hash> = Vec::new();
        for copy in self.copies.iter().filter(|copy| copy.is_signed()) {
            let held: BTreeMap<Hash, ()> = line.iter().map(|hash| (*hash, ())).collect();
            let mut behind: BTreeMap<Option<Hash>, Vec<Hash>> = BTreeMap::new();
            let mut last = None;
            for entry in &copy.log.entries {
                let hash = Hash::of(entry);
                if held.contains_key(&hash) {
                    last = Some(hash);
                } else if self.statements.get(&hash).is_some() {
                    behind.entry(last).or_default().push(hash);
                }
            }
            let mut merged = behind.remove(&None).unwrap_or_default();
            for hash in line {
                merged.push(hash);
                merged.extend(behind.remove(&Some(hash)).unwrap_or_default());
            }
            line = merged;
        }
        line.into_iter()
            .enumerate()
            .map(|(place, hash)| (hash, place))
            .collect()
    }
}

pub(super) fn domain_of(identity: &str) -> Option<&str> {
    Subject::parse(identity).map(|subject| subject.domain)
}
