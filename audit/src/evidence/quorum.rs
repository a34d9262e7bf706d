//! Who must have signed: the policy's quorum over the logs that it names.

use super::copies::Copy;
use super::notes::KnownNote;
use super::{Finding, Proof, Ruling};
use crate::note::Note;
use crate::policy::Policy;

/// How far a log is cosigned as the policy asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Covered {
    pub(super) bundle: usize,
    pub(super) origin: String,
    /// Size of the largest checkpoint that has the quorum.
    pub(super) size: u64,
    /// Who signed it: name and time in seconds since 1970.
    pub(super) by: Vec<(String, u64)>,
}

/// Judges each side's own copy of every log that the policy names. A log without entries needs nobody.
pub(super) fn judge(copies: &[Copy], notes: &[KnownNote], policy: &Policy) -> (Vec<Covered>, Vec<Finding>) {
    let (mut covered, mut findings) = (Vec::new(), Vec::new());
    for copy in copies {
        let named = policy.logs().iter().any(|log| log.key.origin() == copy.origin);
        if named && copy.report.log_key.is_some() && !pinned(&copy.log.note, policy) {
            findings.push(other_key(copy));
            continue;
        }
        if copy.mirror.is_some() || !named || !copy.is_signed() || copy.len() == 0 {
            continue;
        }
        let fits = |note: &&KnownNote| {
            note.checkpoint.origin == copy.origin
                && copy.root_at(note.checkpoint.size) == Some(note.checkpoint.root)
        };
        let best = notes
            .iter()
            .filter(fits)
            .filter(|note| policy.log_signed(&note.note).is_ok())
            .filter_map(|note| Some((note, policy.quorum_met(&note.note).ok()?)))
            .max_by_key(|(note, by)| (!by.is_empty(), note.checkpoint.size));
        match best {
            // The policy asks nobody, and nobody has.
            Some((_, by)) if by.is_empty() => {}
            Some((note, by)) => covered.push(Covered {
                bundle: copy.bundle,
                origin: copy.origin.clone(),
                size: note.checkpoint.size,
                by: by.into_iter().map(|by| (by.cosigner, by.unix_s)).collect(),
            }),
            None => findings.push(unmet(copy)),
        }
    }
    (covered, findings)
}

/// Whether a key that the policy names for this log has signed the note.
fn pinned(note: &[u8], policy: &Policy) -> bool {
    Note::parse(note).is_ok_and(|note| policy.log_signed(&note).is_ok())
}

/// A roster enrols the key, and the auditor has pinned another.
fn other_key(copy: &Copy) -> Finding {
    Finding {
        ruling: Ruling::Failed("OTHER_LOG_KEY"),
        rule: "OTHER_LOG_KEY",
        evidence_of: copy.answerable().to_owned(),
        who: copy.named(),
        index: None,
        explanation:
            "its checkpoint is not signed with a key that your policy names for this log, but with another \
                      that the roster of its side enrols; add a log line if you believe that one too"
                .to_owned(),
        proof: Proof::Recompute,
    }
}

fn unmet(copy: &Copy) -> Finding {
    Finding {
        ruling: Ruling::Failed("QUORUM_NOT_MET"),
        rule: "QUORUM_NOT_MET",
        evidence_of: copy.side.clone(),
        who: copy.title(),
        index: None,
        explanation: "no checkpoint of it is cosigned by those who must have signed by the policy".to_owned(),
        proof: Proof::Recompute,
    }
}
