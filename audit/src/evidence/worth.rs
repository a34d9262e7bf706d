//! What signatures are worth whose keys have ended since: [`crate::verify::counts`] over all logs that were handed in.
//!
//! What came behind the end of its key everywhere is a finding and is nobody's word. What nobody can date is shown as such
//! and proves nothing by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::Copy;
use super::notes::KnownNote;
use super::{Finding, Proof, Ruling};
use crate::hash::Hash;
use crate::trust::TrustPolicy;
use crate::verify::{Cosigned, Counted, Evidence, Standing, counts};

/// Most findings and remarks about keys that have ended.
pub(super) const MAX_TOLD: usize = 16;

/// The statements that an ended key has signed.
#[derive(Debug, Default)]
pub(super) struct Worth {
    /// For each statement the least that a signature in it is worth.
    least: BTreeMap<Hash, Standing>,
    counted: Vec<Counted>,
}

impl Worth {
    /// Judges all relays' logs together, each once: its side's own copy, else the longest that a mirror holds. Desks' logs
    /// hold no ends of keys and nobody cosigns them: they tell nothing about this.
    pub(super) fn judge(copies: &[Copy], notes: &[KnownNote], trust: &TrustPolicy) -> Worth {
        let chosen = each_log_once(copies);
        let cosigned: Vec<Vec<Cosigned>> = chosen.iter().map(|copy| cosigned(copy, notes)).collect();
        let evidence: Vec<Evidence<'_>> = chosen
            .iter()
            .zip(&cosigned)
            .map(|(copy, cosigned)| Evidence {
                log: &copy.log,
                report: &copy.report,
                cosigned,
            })
            .collect();
        let counted = counts(&evidence, trust);
        let mut least: BTreeMap<Hash, Standing> = BTreeMap::new();
        for one in &counted {
            let held = least.entry(one.sha256).or_insert(one.standing);
            *held = one.standing.max(*held);
        }
        Worth { least, counted }
    }

    /// True for what came behind the end of its key.
    pub(super) fn is_revoked(&self, statement: &Hash) -> bool {
        self.least.get(statement) == Some(&Standing::RevokedKey)
    }

    /// True where nobody can tell whether it came before the end of its key.
    pub(super) fn is_doubtful(&self, statement: &Hash) -> bool {
        self.least.get(statement) == Some(&Standing::Review)
    }

    /// True for what came before the end of its key, though it came late to some log.
    pub(super) fn is_before(&self, statement: &Hash) -> bool {
        self.least.get(statement) == Some(&Standing::Counts)
    }

    /// What no log has told by itself: statements that lie behind the end of their key by what logs say of each other.
    pub(super) fn findings(&self, copies: &[Copy]) -> Vec<Finding> {
        let told: BTreeSet<Hash> = copies.iter().flat_map(Copy::behind_an_end).collect();
        let revoked = self.counted.iter().filter(|one| {
            one.standing == Standing::RevokedKey && !told.contains(&one.sha256) && !one.places.is_empty()
        });
        revoked
            .take(MAX_TOLD)
            .filter_map(|one| {
                let place = one.places.first()?;
                let copy = copies.iter().find(|copy| copy.origin == place.origin)?;
                Some(Finding {
                    ruling: Ruling::Failed("REVOKED_KEY"),
                    rule: "REVOKED_KEY",
                    evidence_of: copy.answerable().to_owned(),
                    who: copy.named(),
                    index: Some(place.index),
                    explanation: one.to_string(),
                    proof: Proof::Recompute,
                })
            })
            .collect()
    }

    /// What people have to look at.
    pub(super) fn remarks(&self) -> Vec<String> {
        let doubtful = self.counted.iter().filter(|one| one.standing == Standing::Review);
        doubtful.take(MAX_TOLD).map(Counted::to_string).collect()
    }
}

fn each_log_once(copies: &[Copy]) -> Vec<&Copy> {
    let mut chosen: BTreeMap<&str, &Copy> = BTreeMap::new();
    let relays = copies.iter().filter(|copy| copy.origin.contains("/relay/"));
    for copy in relays.filter(|copy| copy.is_signed() && copy.binds) {
        let better = |held: &&Copy| (copy.mirror.is_none(), copy.len()) > (held.mirror.is_none(), held.len());
        match chosen.get(copy.origin.as_str()) {
            Some(held) if !better(held) => {}
            _ => drop(chosen.insert(&copy.origin, copy)),
        }
    }
    copies
        .iter()
        .filter(|copy| {
            chosen
                .get(copy.origin.as_str())
                .is_some_and(|held| std::ptr::eq(*held, *copy))
        })
        .collect()
}

fn cosigned(copy: &Copy, notes: &[KnownNote]) -> Vec<Cosigned> {
    let of_log = notes.iter().filter(|note| note.checkpoint.origin == copy.origin);
    of_log
        .flat_map(|note| {
            note.cosigned.iter().filter_map(|by| {
                Some(Cosigned {
                    size: note.checkpoint.size,
                    root: note.checkpoint.root,
                    by: by.domain.clone()?,
                    at_ms: by.time_s.saturating_mul(1000),
                })
            })
        })
        .collect()
}
