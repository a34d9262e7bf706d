//! A witness (C2SP tlog-witness): what it answers to a checkpoint that somebody brings, without disk, clock or socket.
//!
//! [`judge`] decides; it neither keeps nor signs. Its caller keeps what [`Decision::Cosign`] says, durably and under the
//! lock under which it read [`Seen`], and only then lets the cosignature go: two answers must never rest on one old size.

mod request;
mod seen;

pub use request::{AddCheckpoint, MAX_ADD_CHECKPOINT_BYTES, MAX_CHECKPOINT_TEXT, MAX_CONSISTENCY_HASHES};
pub use seen::{BadSeen, Seen};

use crate::checkpoint::{Checkpoint, LogVerifier};
use crate::hash::Hash;
use crate::note::{Note, NoteError};
use crate::tree::{empty_root, verify_consistency};

/// Media type of the answer 409: a size in decimal and a newline.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// How paths name a log: the SHA-256 of its origin, in lowercase hex.
#[must_use]
pub fn origin_hash(origin: &str) -> String {
    Hash::of(origin.as_bytes()).to_string()
}

/// What is to be done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The checkpoint extends what was seen: keep it, then cosign it.
    Cosign(Box<Accepted>),
    /// It is not cosigned, and nothing of what was seen changes.
    Refuse(Refusal),
}

/// A checkpoint that may be cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note with the lines of the log's own keys, and no others.
    pub note: Note,
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a request, or one that contradicts itself.
    #[error("not an add-checkpoint request: {0}")]
    Malformed(String),
    /// Nobody whom the witness believes signed it.
    #[error("no key of this log that the witness believes signed the checkpoint: {0}")]
    NotSigned(NoteError),
    /// A log that the witness does not know.
    #[error("the log {0} is not known here")]
    UnknownLog(String),
    /// The request builds on another size than the witness has seen.
    #[error("the newest checkpoint that was cosigned has size {seen}, not {old}")]
    OtherOldSize {
        /// Size of the newest checkpoint that was cosigned.
        seen: u64,
        /// Size on which the request builds.
        old: u64,
        /// The checkpoint, if it is signed and contradicts the one that was cosigned.
        conflict: Option<Box<Conflict>>,
    },
    /// The checkpoint is signed and not shown to extend what was seen.
    #[error("the checkpoint is not shown to extend what was cosigned: {}", .0.why)]
    NotExtending(Box<Conflict>),
}

impl Refusal {
    /// The HTTP status that tlog-witness gives it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Malformed(_) => 400,
            Refusal::NotSigned(_) => 403,
            Refusal::UnknownLog(_) => 404,
            Refusal::OtherOldSize { .. } => 409,
            Refusal::NotExtending(_) => 422,
        }
    }

    /// The signed checkpoint that speaks against its log, if there is one.
    #[must_use]
    pub fn conflict(&self) -> Option<&Conflict> {
        match self {
            Refusal::NotExtending(conflict) => Some(conflict),
            Refusal::OtherOldSize { conflict, .. } => conflict.as_deref(),
            Refusal::Malformed(_) | Refusal::NotSigned(_) | Refusal::UnknownLog(_) => None,
        }
    }
}

/// A checkpoint that its log signed and that was not shown to extend what the witness had seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note with the lines of the log's own keys.
    pub note: Vec<u8>,
    /// What does not fit.
    pub why: ConflictKind,
}

/// How a signed checkpoint fails to extend another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConflictKind {
    /// Another root at the size that was cosigned. With that checkpoint it proves a fork by itself.
    #[error("another root at the same size")]
    SameSize,
    /// Another root than the mirrored entries have at this size. With those entries it proves a fork.
    #[error("another root than the mirrored entries have at this size")]
    Mirrored,
    /// The root of a log without entries is not the one that it must be. It proves a fault of the log by itself.
    #[error("a log without entries with another root than the empty one")]
    EmptyRoot,
    /// A proof that does not hold. By itself it proves nothing against the log: whoever sent it may have made it up.
    #[error("the consistency proof does not hold")]
    Proof,
}

impl ConflictKind {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ConflictKind::SameSize => "SAME_SIZE",
            ConflictKind::Mirrored => "MIRRORED",
            ConflictKind::EmptyRoot => "EMPTY_ROOT",
            ConflictKind::Proof => "PROOF",
        }
    }
}

/// Decides about a request. `seen` is the newest checkpoint that was cosigned of the log that the request names, `keys` are
/// the keys of that log that the witness believes: none means that it does not know the log.
#[must_use]
pub fn judge(seen: Option<&Seen>, request: &AddCheckpoint, keys: &[LogVerifier]) -> Decision {
    match accept(seen, request, keys) {
        Ok(accepted) => Decision::Cosign(Box::new(accepted)),
        Err(refusal) => Decision::Refuse(refusal),
    }
}

fn accept(seen: Option<&Seen>, request: &AddCheckpoint, keys: &[LogVerifier]) -> Result<Accepted, Refusal> {
    let checkpoint = &request.checkpoint;
    let known: Vec<&LogVerifier> = keys
        .iter()
        .filter(|key| key.origin() == checkpoint.origin)
        .collect();
    if known.is_empty() {
        return Err(Refusal::UnknownLog(checkpoint.origin.clone()));
    }
    let note = signed_by(&request.note, &known).map_err(Refusal::NotSigned)?;
    if request.old > checkpoint.size {
        return Err(Refusal::Malformed(format!(
            "the old size {} is larger than the checkpoint's {}",
            request.old, checkpoint.size
        )));
    }
    let conflict = |why| {
        Box::new(Conflict {
            checkpoint: checkpoint.clone(),
            note: note.encode(),
            why,
        })
    };
    if checkpoint.size == 0 && checkpoint.root != empty_root() {
        return Err(Refusal::NotExtending(conflict(ConflictKind::EmptyRoot)));
    }
    let (size, root) = seen.map_or((0, empty_root()), |seen| (seen.size(), seen.root()));
    let forked = checkpoint.size == size && checkpoint.root != root;
    if request.old != size {
        return Err(Refusal::OtherOldSize {
            seen: size,
            old: request.old,
            conflict: forked.then(|| conflict(ConflictKind::SameSize)),
        });
    }
    if forked {
        return Err(Refusal::NotExtending(conflict(ConflictKind::SameSize)));
    }
    if !verify_consistency(size, &root, checkpoint.size, &checkpoint.root, &request.proof) {
        return Err(Refusal::NotExtending(conflict(ConflictKind::Proof)));
    }
    Ok(Accepted {
        checkpoint: checkpoint.clone(),
        note,
    })
}

/// The note with the lines of these keys alone, of which there must be one, and all must verify.
fn signed_by(note: &Note, keys: &[&LogVerifier]) -> Result<Note, NoteError> {
    let mut own = Note {
        text: note.text.clone(),
        signatures: Vec::new(),
    };
    let mut missing = NoteError::NotSigned(String::new());
    for key in keys {
        let key = key.verifier_key();
        match note.verify(key) {
            Ok(()) => {
                let line = note
                    .signatures
                    .iter()
                    .find(|line| line.name == key.name() && line.key_id == key.key_id());
                own.signatures.extend(line.cloned());
            }
            Err(error @ NoteError::NotSigned(_)) => missing = error,
            Err(error) => return Err(error),
        }
    }
    if own.signatures.is_empty() {
        return Err(missing);
    }
    Ok(own)
}

#[cfg(test)]
mod tests;
