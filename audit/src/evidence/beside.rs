//! What lies beside the logs: relays' acceptances, openings, and statements in the writing of other software.

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

/// Judges every file beside the logs. Acceptances that hold are checkpoints that bind their log.
pub(super) fn judge(
    bundles: &[&Bundle],
    statements: &Statements,
    trust: &TrustPolicy,
    cosigners: &Cosigners,
) -> (Vec<Finding>, Vec<KnownNote>) {
    let (mut findings, mut notes) = (Vec::new(), Vec::new());
    for bundle in bundles {
        let side = &bundle.manifest.side;
        for (place, path, bytes) in bundle.places() {
            let judged = match place {
                Place::Proof { statement } => acceptance(&statement, bytes, statements).and_then(|note| {
                    let kept = Source::File(path.to_owned());
                    notes.push(cosigners.known_note(&note, side, kept, trust)?);
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
    (findings, notes)
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

/// The note of an acceptance that leads from its statement to its root.
fn acceptance(statement: &Hash, bytes: &[u8], statements: &Statements) -> Result<Vec<u8>, Refusal> {
    let malformed = |why: String| ("MALFORMED", why);
    let proof = TlogProof::parse(bytes).map_err(|error| malformed(error.to_string()))?;
    if proof.extra.is_some() || proof.encode() != bytes {
        return Err(("NOT_CANONICAL", "it is not in its one writing".to_owned()));
    }
    let head = crate::Checkpoint::danger_parse_unverified(&proof.checkpoint)
        .map_err(|error| malformed(error.to_string()))?;
    let leaf = leaf_hash(bytes_of(statement, statements)?);
    if verify_inclusion(&leaf, proof.index, head.size, &head.root, &proof.hashes) {
        Ok(proof.checkpoint)
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
