//! What lies beside the logs: relays' acceptances, openings, and statements in the writing of other software.

use std::collections::BTreeMap;

use super::notes::{Cosigners, KnownNote, Source};
use super::statements::Statements;
use super::{Finding, Proof, Ruling};
use crate::bundle::{Bundle, Place};
use crate::dsse::SignedStatement;
use crate::hash::Hash;
use crate::opening::OpeningFile;
use crate::proof::TlogProof;
use crate::tree::{leaf_hash, verify_inclusion};
use crate::trust::TrustPolicy;

/// Why a file beside the logs proves nothing: the rule, and in words.
type Refusal = (&'static str, String);

/// A relay's acceptance of a statement, as somebody kept it.
#[derive(Debug, Clone)]
pub(super) struct Acceptance {
    /// The relay's log.
    pub(super) origin: String,
    /// Index of the statement in it.
    pub(super) index: u64,
    /// Trust domain of the side that kept it.
    pub(super) side: String,
}

/// Acceptances that hold, by their statement.
pub(super) type Acceptances = BTreeMap<Hash, Vec<Acceptance>>;

/// What was found beside the logs.
pub(super) struct Beside {
    pub(super) findings: Vec<Finding>,
    /// The checkpoints of acceptances, which bind their logs.
    pub(super) notes: Vec<KnownNote>,
    pub(super) accepted: Acceptances,
}

/// Judges every file beside the logs. Acceptances that hold are checkpoints that bind their log.
pub(super) fn judge(
    bundles: &[&Bundle],
    statements: &Statements,
    trust: &TrustPolicy,
    cosigners: &Cosigners,
) -> Beside {
    let (mut findings, mut notes, mut accepted) = (Vec::new(), Vec::new(), Acceptances::new());
    for bundle in bundles {
        let side = &bundle.manifest.side;
        for (place, path, bytes) in bundle.places() {
            let judged = match place {
                Place::Proof { statement } => acceptance(&statement, bytes, statements).and_then(|proof| {
                    let kept = Source::File(path.to_owned());
                    let note = cosigners.known_note(&proof.checkpoint, side, kept, trust)?;
                    accepted.entry(statement).or_default().push(Acceptance {
                        origin: note.checkpoint.origin.clone(),
                        index: proof.index,
                        side: side.clone(),
                    });
                    notes.push(note);
                    Ok(())
                }),
                Place::Dsse { statement } => envelope(&statement, bytes),
                Place::Opening { statement } => opening(&statement, bytes, statements),
                _ => Ok(()),
            };
            if let Err((rule, why)) = judged {
                findings.push(Finding {
                    ruling: Ruling::Failed(rule),
                    rule,
                    evidence_of: side.clone(),
                    who: path.to_owned(),
                    index: None,
                    explanation: why,
                    proof: Proof::Recompute,
                });
            }
        }
    }
    Beside {
        findings,
        notes,
        accepted,
    }
}

/// The exact bytes of a statement that one of the logs holds.
fn bytes_of<'s>(statement: &Hash, statements: &'s Statements) -> Result<&'s [u8], Refusal> {
    statements
        .get(statement)
        .map(|known| known.verified.statement.bytes())
        .ok_or_else(|| {
            (
                "UNKNOWN_STATEMENT",
                format!("no log that was handed in holds {statement}"),
            )
        })
}

/// An acceptance that leads from its statement to its root.
fn acceptance(statement: &Hash, bytes: &[u8], statements: &Statements) -> Result<TlogProof, Refusal> {
    let malformed = |why: String| ("MALFORMED", why);
    let proof = TlogProof::parse(bytes).map_err(|error| malformed(error.to_string()))?;
    if proof.extra.is_some() || proof.encode() != bytes {
        return Err(("NOT_CANONICAL", "it is not in its one writing".to_owned()));
    }
    let head = crate::Checkpoint::danger_parse_unverified(&proof.checkpoint)
        .map_err(|error| malformed(error.to_string()))?;
    let leaf = leaf_hash(bytes_of(statement, statements)?);
    if verify_inclusion(&leaf, proof.index, head.size, &head.root, &proof.hashes) {
        Ok(proof)
    } else {
        Err((
            "NOT_INCLUDED",
            format!("it does not lead from {statement} to its root"),
        ))
    }
}

fn envelope(statement: &Hash, bytes: &[u8]) -> Result<(), Refusal> {
    let read = SignedStatement::from_json(bytes).map_err(|error| ("MALFORMED", error.to_string()))?;
    if read.hash() == *statement {
        return Ok(());
    }
    Err(("WRONG_PLACE", format!("it holds statement {}", read.hash())))
}

fn opening(statement: &Hash, bytes: &[u8], statements: &Statements) -> Result<(), Refusal> {
    let file = OpeningFile::parse(bytes).map_err(|error| ("MALFORMED", error.to_string()))?;
    if file.statement != *statement || file.to_line().as_bytes() != bytes {
        return Err((
            "NOT_CANONICAL",
            "it is not in its one writing, or of another statement".to_owned(),
        ));
    }
    file.check(bytes_of(statement, statements)?)
        .map_err(|error| ("OPENING_MISMATCH", error.to_string()))
}
