//! Checkpoints against copies, copies against copies: a log that was cut behind a checkpoint which it signed, and a key
//! that signed two histories.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::{Copy, domain_of};
use super::notes::KnownNote;
use super::{Finding, Proof, RootFork, Ruling};
use crate::checkpoint::Checkpoint;
use crate::compare::{ForkProof, fork};
use crate::hash::Hash;
use crate::trust::TrustPolicy;

/// Everything in which checkpoints and copies contradict each other. Of one copy one cut is told, of one log one fork.
pub(super) fn contradictions(copies: &[Copy], notes: &[KnownNote], trust: &TrustPolicy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for copy in copies.iter().filter(|copy| copy.report.log_key.is_some()) {
        let of_log = || notes.iter().filter(|note| note.checkpoint.origin == copy.origin);
        if copy.is_signed() && copy.binds {
            findings.extend(cut(copy, of_log()));
        }
    }
    let origins: BTreeSet<&str> = notes.iter().map(|note| note.checkpoint.origin.as_str()).collect();
    for origin in origins {
        let forked = forked(origin, copies, notes, trust);
        if forked.is_none() {
            findings.extend(undated(origin, copies, notes));
        }
        findings.extend(forked);
    }
    findings.extend(copies.iter().filter_map(|copy| place(copy, copies)));
    findings
}

/// Which checkpoints each copy continues.
pub(super) fn continued(copies: &[Copy], notes: &[KnownNote]) -> BTreeSet<(usize, u64, Hash)> {
    let mut found = BTreeSet::new();
    for (place, copy) in copies.iter().enumerate() {
        for note in notes.iter().filter(|note| note.checkpoint.origin == copy.origin) {
            let head = &note.checkpoint;
            if copy.root_at(head.size) == Some(head.root) {
                found.insert((place, head.size, head.root));
            }
        }
    }
    found
}

/// The largest checkpoint behind the end of a copy. A mirror may lag behind; what it cosigned it must hold.
fn cut<'n>(copy: &Copy, notes: impl Iterator<Item = &'n KnownNote>) -> Option<Finding> {
    let binds = |note: &&KnownNote| match &copy.mirror {
        None => note.binds,
        Some(mirror) => note.cosigned.iter().any(|by| by.mirror && by.name == *mirror),
    };
    let largest = notes.filter(binds).max_by_key(|note| note.checkpoint.size)?;
    let (size, found) = (largest.checkpoint.size, copy.len());
    if size <= found {
        return None;
    }
    Some(Finding {
        ruling: Ruling::Truncated,
        rule: "BEHIND_ITS_CHECKPOINT",
        evidence_of: copy.side.clone(),
        who: copy.title(),
        index: Some(found),
        explanation: format!(
            "it was handed in with {found} entries, and a checkpoint of {size} entries is signed with its own key ({} has it): {} entries are missing from #{found} on",
            largest.side,
            size - found
        ),
        proof: Proof::Note {
            note: largest.text.clone(),
            kept: largest.kept.to_string(),
            handed_in: copy.note(),
        },
    })
}

/// One proof that a log has two histories, the most telling one: two leaves, else two roots.
fn forked(origin: &str, copies: &[Copy], notes: &[KnownNote], trust: &TrustPolicy) -> Option<Finding> {
    let whole: Vec<&Copy> = copies
        .iter()
        .filter(|copy| copy.origin == origin && copy.is_signed() && copy.binds)
        .collect();
    let leaves = two_leaves(&whole).filter(|(_, proof)| proof.holds(trust));
    if let Some((side, proof)) = leaves {
        let why = format!("its key has signed two histories, which part at #{}", proof.index);
        return Some(finding(
            side,
            origin,
            Some(proof.index),
            why,
            Proof::Leaves(Box::new(proof)),
        ));
    }
    let of_log: Vec<&KnownNote> = notes
        .iter()
        .filter(|note| note.checkpoint.origin == origin && note.binds)
        .collect();
    let roots = whole
        .iter()
        .flat_map(|copy| of_log.iter().filter_map(|note| against_copy(copy, note)))
        .chain(two_notes(&of_log))
        .find(|(_, proof)| proof.holds(trust));
    let (note, proof) = roots?;
    let why = format!(
        "its key has signed two roots for {} entries ({} has one of them: {})",
        note.checkpoint.size, note.side, note.kept
    );
    Some(finding(
        &note.side,
        origin,
        None,
        why,
        Proof::Roots(Box::new(proof)),
    ))
}

/// A checkpoint by a key that has ended, which contradicts what binds the log and which nothing dates before the end: a
/// thief may have made it, or the log's own side.
fn undated(origin: &str, copies: &[Copy], notes: &[KnownNote]) -> Option<Finding> {
    let of_log = || notes.iter().filter(|note| note.checkpoint.origin == origin);
    let mut roots: BTreeMap<u64, BTreeSet<Hash>> = BTreeMap::new();
    for Checkpoint { size, root, .. } in of_log().map(|note| &note.checkpoint) {
        roots.entry(*size).or_default().insert(*root);
    }
    let handed_in: Vec<&Copy> = copies
        .iter()
        .filter(|copy| copy.origin == origin && copy.is_signed() && copy.binds)
        .collect();
    let parts = |note: &&KnownNote| {
        let Checkpoint { size, root, .. } = &note.checkpoint;
        let from_copy = handed_in.iter().any(|copy| match copy.root_at(*size) {
            None => copy.mirror.is_none(),
            Some(other) => other != *root,
        });
        from_copy || roots.get(size).is_some_and(|roots| roots.len() > 1)
    };
    let note = of_log().filter(|note| !note.binds).find(parts)?;
    Some(Finding {
        ruling: Ruling::CannotTell("REVIEW"),
        rule: "REVIEW",
        evidence_of: domain_of(origin).unwrap_or_default().to_owned(),
        who: format!("log {origin}"),
        index: None,
        explanation: format!(
            "a checkpoint of {} entries that {} has ({}) does not fit to what was handed in; its key has ended, and nothing that both sides signed dates it before the end: a thief may have made it",
            note.checkpoint.size, note.side, note.kept
        ),
        proof: Proof::Note {
            note: note.text.clone(),
            kept: note.kept.to_string(),
            handed_in: handed_in.first().map(|copy| copy.note()).unwrap_or_default(),
        },
    })
}

fn two_leaves<'a>(copies: &[&'a Copy]) -> Option<(&'a str, ForkProof)> {
    for (place, a) in copies.iter().enumerate() {
        for b in copies.iter().skip(place + 1) {
            if let Some(proof) = fork(&a.log, &b.log) {
                return Some((&b.side, proof));
            }
        }
    }
    None
}

/// A note that the copy does not continue.
fn against_copy<'n>(copy: &Copy, note: &&'n KnownNote) -> Option<(&'n KnownNote, RootFork)> {
    let size = note.checkpoint.size;
    let root = copy.root_at(size).filter(|root| *root != note.checkpoint.root)?;
    Some((
        note,
        RootFork {
            earlier: note.text.clone(),
            later: copy.note(),
            root_in_later: root,
            consistency: copy.consistency(size)?,
        },
    ))
}

/// Two notes of one size with two roots.
fn two_notes<'n>(notes: &[&'n KnownNote]) -> Option<(&'n KnownNote, RootFork)> {
    let mut sorted: Vec<&KnownNote> = notes.to_vec();
    sorted.sort_by_key(|note| (note.checkpoint.size, note.checkpoint.root));
    sorted.windows(2).find_map(|pair| {
        let [a, b] = pair else { return None };
        let parts = a.checkpoint.size == b.checkpoint.size && a.checkpoint.root != b.checkpoint.root;
        parts.then(|| {
            (
                *b,
                RootFork {
                    earlier: a.text.clone(),
                    later: b.text.clone(),
                    root_in_later: b.checkpoint.root,
                    consistency: Vec::new(),
                },
            )
        })
    })
}

/// Where a copy that does not hold by itself differs from one that does: the place that its own tiles did not tell.
fn place(copy: &Copy, copies: &[Copy]) -> Option<Finding> {
    let unplaced = copy.report.log_key.is_some()
        && !copy.is_signed()
        && copy.report.faults.iter().all(|fault| fault.index.is_none());
    if !unplaced {
        return None;
    }
    let whole = copies
        .iter()
        .find(|other| other.origin == copy.origin && other.is_signed())?;
    let same = copy
        .log
        .entries
        .iter()
        .zip(&whole.log.entries)
        .take_while(|(a, b)| a == b)
        .count() as u64;
    Some(Finding {
        ruling: Ruling::Altered(Some(same)),
        rule: "ALTERED",
        evidence_of: copy.side.clone(),
        who: copy.title(),
        index: Some(same),
        explanation: format!(
            "entry #{same} is not the one in {}, which has the signed root",
            whole.title()
        ),
        proof: Proof::Recompute,
    })
}

fn finding(side: &str, origin: &str, index: Option<u64>, explanation: String, proof: Proof) -> Finding {
    Finding {
        ruling: Ruling::Fork,
        rule: "FORK",
        evidence_of: side.to_owned(),
        who: format!("log {origin}"),
        index,
        explanation,
        proof,
    }
}
