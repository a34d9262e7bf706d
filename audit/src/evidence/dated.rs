//! Checkpoints by LOG keys that have ended: which of them bind their log all the same, because they were made before.
//!
//! Whoever has stolen a log's key can sign another history of it, and an owner who regrets what its log has signed can end
//! the key. As with statements (`FORMAT.md` §19) neither may profit: such a checkpoint binds its log where its own side
//! hands it in, or where both sides have signed that it was there before the end.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::{Copy, domain_of};
use super::notes::{KnownNote, Source};
use crate::hash::Hash;
use crate::trust::TrustPolicy;

/// A cosignature was made within this time of what it says.
const SECOND_MS: u64 = 1_000;

/// A checkpoint: origin, size, root.
type Head = (String, u64, Hash);

/// Which checkpoints by ended keys are dated.
#[derive(Debug, Default)]
pub(super) struct Dated {
    heads: BTreeSet<Head>,
}

impl Dated {
    pub(super) fn of(copies: &[Copy], notes: &[KnownNote], trust: &TrustPolicy) -> Dated {
        let mut by_key: BTreeMap<Hash, Vec<&KnownNote>> = BTreeMap::new();
        for note in notes {
            if let Some(key) = note.ended {
                by_key.entry(key).or_default().push(note);
            }
        }
        let mut dated = Dated::default();
        for (key, of_key) in by_key {
            let Some(entry) = trust.rosters().by_hash(&key) else {
                continue;
            };
            let Some(revoked) = &entry.revoked else { continue };
            let case = Case {
                copies,
                notes,
                key,
                owner: &entry.statement.trust_domain,
                end_ms: revoked.claimed_time_ms,
            };
            let seen = case.seen();
            let before = |note: &&&KnownNote| {
                note.own || case.cosigned_before(note) || leaf_of(note).is_some_and(|leaf| seen.hold(&leaf))
            };
            dated
                .heads
                .extend(of_key.iter().filter(before).map(|note| head_of(note)));
        }
        dated
    }

    /// Marks what binds.
    pub(super) fn mark(&self, notes: &mut [KnownNote]) {
        for note in notes {
            note.binds = note.ended.is_none() || note.own || self.heads.contains(&head_of(note));
        }
    }

    /// Marks the copies that bind: a log that its own side hands in, and a mirror whose newest checkpoint does.
    pub(super) fn mark_copies(&self, copies: &mut [Copy]) {
        for copy in copies
            .iter_mut()
            .filter(|copy| copy.ended && copy.mirror.is_some())
        {
            let head = copy.report.checkpoint.as_ref();
            copy.binds =
                head.is_some_and(|head| self.heads.contains(&(head.origin.clone(), head.size, head.root)));
        }
    }
}

/// For people: logs whose keys have ended.
pub(super) fn remarks(copies: &[Copy]) -> Vec<String> {
    let ended = copies.iter().filter(|copy| copy.ended);
    ended
        .map(|copy| {
            let worth = if copy.binds {
                "both sides' signatures date it before, or its own side hands it in"
            } else {
                "nothing that both sides signed dates it before the end"
            };
            format!(
                "{}, in the evidence of {}: its log's key has ended since; {worth}",
                copy.title(),
                copy.side
            )
        })
        .collect()
}

fn head_of(note: &KnownNote) -> Head {
    let head = &note.checkpoint;
    (head.origin.clone(), head.size, head.root)
}

/// One key of a log that has ended.
struct Case<'a> {
    copies: &'a [Copy],
    notes: &'a [KnownNote],
    key: Hash,
    /// The side whose log it is.
    owner: &'a str,
    /// When the key ended, as its side claims.
    end_ms: u64,
}

/// Copies of other sides' logs, and how many entries of each stood there before the end.
struct SeenBefore<'a>(Vec<(&'a Copy, u64)>);

impl SeenBefore<'_> {
    /// Whether such a log holds this very entry among them.
    fn hold(&self, (origin, index, entry): &(&str, u64, Hash)) -> bool {
        self.0.iter().any(|(log, before)| {
            log.origin == *origin && index < before && log.statement(*index) == Some(*entry)
        })
    }
}

impl<'a> Case<'a> {
    /// The owner's side, or somebody of no side, has cosigned a checkpoint at least a second before the time that the end
    /// claims. The other side's clock says nothing: it may be the one that profits.
    fn cosigned_before(&self, note: &KnownNote) -> bool {
        note.cosigned.iter().any(|by| {
            let fair = by.domain.as_deref().is_none_or(|domain| domain == self.owner);
            let at_ms = by.time_s.saturating_mul(1_000);
            fair && at_ms.saturating_add(SECOND_MS) <= self.end_ms
        })
    }

    /// How far each log of another side had come before the end, as both sides have signed.
    fn seen(&self) -> SeenBefore<'a> {
        let own: Vec<(&Copy, Option<u64>)> = self.owners_logs().map(|log| (log, self.end_in(log))).collect();
        // An owner who has handed in its relays' logs without the end in them has had its say.
        let heard = own.iter().any(|(log, _)| log.mirror.is_none());
        let silent = heard && own.iter().all(|(_, end)| end.is_none());
        let others = self
            .copies
            .iter()
            .filter(|copy| domain_of(&copy.origin) != Some(self.owner) && copy.is_signed());
        SeenBefore(
            others
                .map(|log| {
                    let end = self.end_in(log);
                    let seen = self.tree_before(log, &own);
                    let seen = seen.max(end.filter(|_| silent).unwrap_or_default());
                    (log, seen.min(end.unwrap_or(u64::MAX)))
                })
                .collect(),
        )
    }

    /// Entries of the largest tree of this log that the owner's side has signed to have seen before the end.
    fn tree_before(&self, log: &Copy, own: &[(&Copy, Option<u64>)]) -> u64 {
        let mut trees: Vec<&KnownNote> = self
            .notes
            .iter()
            .filter(|note| note.checkpoint.origin == log.origin)
            .filter(|note| self.cosigned_before(note) || anchored_before(note, own))
            .collect();
        trees.sort_by_key(|note| std::cmp::Reverse(note.checkpoint.size));
        let continued = trees.into_iter().find(|note| {
            let head = &note.checkpoint;
            log.root_at(head.size) == Some(head.root)
        });
        continued.map_or(0, |note| note.checkpoint.size)
    }

    /// The owner's relays' logs as it hands them in, and mirrors of them under keys that have not ended.
    fn owners_logs(&self) -> impl Iterator<Item = &'a Copy> {
        self.copies.iter().filter(|copy| {
            domain_of(&copy.origin) == Some(self.owner)
                && copy.origin.contains("/relay/")
                && copy.is_signed()
                && (copy.mirror.is_none() || !copy.ended)
        })
    }

    fn end_in(&self, log: &Copy) -> Option<u64> {
        let mut ends = log.report.ended.iter();
        ends.find(|end| end.key == self.key).map(|end| end.index)
    }
}

/// Whether one of these logs holds the checkpoint before the end of the key in it.
fn anchored_before(note: &KnownNote, own: &[(&Copy, Option<u64>)]) -> bool {
    let Some((origin, index, entry)) = leaf_of(note) else {
        return false;
    };
    own.iter().any(|(log, end)| {
        log.origin == origin && end.is_some_and(|end| index < end) && log.statement(index) == Some(entry)
    })
}

/// Log, index and hash of the entry that a checkpoint was kept in.
fn leaf_of(note: &KnownNote) -> Option<(&str, u64, Hash)> {
    match &note.kept {
        Source::Leaf { origin, index } => Some((origin.as_str(), *index, note.entry?)),
        Source::Head(_) | Source::File(_) => None,
    }
}
