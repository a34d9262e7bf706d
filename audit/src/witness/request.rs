//! The body of an add-checkpoint request: an old size, a consistency proof, an empty line, a checkpoint.

use data_encoding::BASE64;

use super::Refusal;
use crate::checkpoint::{Checkpoint, decimal};
use crate::hash::Hash;
use crate::note::{MAX_NOTE_BYTES, Note};

/// Most hashes of the consistency proof, as the specification says.
pub const MAX_CONSISTENCY_HASHES: usize = 63;

/// Largest body, in bytes: the largest note, 63 lines of hashes, and the old size.
pub const MAX_ADD_CHECKPOINT_BYTES: usize = MAX_NOTE_BYTES + MAX_CONSISTENCY_HASHES * 45 + 64;

/// Longest text of a checkpoint, in bytes: three lines, and extension lines of a log of others. So that what a witness must
/// keep of one is bounded, whatever a log signs.
pub const MAX_CHECKPOINT_TEXT: usize = 16 * 1024;

/// A request, parsed. Nothing of it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint from which the proof leads.
    pub old: u64,
    /// Consistency proof from the old size to the checkpoint.
    pub proof: Vec<Hash>,
    /// The checkpoint with all its signatures.
    pub note: Note,
    /// What the checkpoint says.
    pub checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// A request for a note.
    ///
    /// # Errors
    /// When the note is no checkpoint, or there are too many hashes.
    pub fn new(old: u64, proof: Vec<Hash>, note: Note) -> Result<AddCheckpoint, Refusal> {
        if proof.len() > MAX_CONSISTENCY_HASHES {
            return Err(malformed("more than 63 hashes"));
        }
        if note.text.len() > MAX_CHECKPOINT_TEXT {
            return Err(malformed(
                "a checkpoint of more than 16,384 bytes without its signatures",
            ));
        }
        let checkpoint = Checkpoint::danger_parse_extended(&note.text)
            .map_err(|error| Refusal::Malformed(error.to_string()))?;
        Ok(AddCheckpoint {
            old,
            proof,
            note,
            checkpoint,
        })
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when it is none.
    pub fn parse(body: &[u8]) -> Result<AddCheckpoint, Refusal> {
        if body.len() > MAX_ADD_CHECKPOINT_BYTES {
            return Err(malformed("too large"));
        }
        let text = std::str::from_utf8(body).map_err(|_| malformed("not UTF-8"))?;
        let (head, note) = text
            .split_once("\n\n")
            .ok_or_else(|| malformed("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(decimal)
            .ok_or_else(|| malformed("the first line is not `old` and a size"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_CONSISTENCY_HASHES {
                return Err(malformed("more than 63 hashes"));
            }
            proof.push(hash_of(line).ok_or_else(|| malformed("a hash is not base64 of 32 bytes"))?);
        }
        let note = Note::parse(note.as_bytes()).map_err(|error| Refusal::Malformed(error.to_string()))?;
        AddCheckpoint::new(old, proof, note)
    }

    /// The body.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!("old {}\n", self.old);
        for hash in &self.proof {
            out.push_str(&BASE64.encode(hash.as_bytes()));
            out.push('\n');
        }
        out.push('\n');
        let mut out = out.into_bytes();
        out.extend_from_slice(&self.note.encode());
        out
    }
}

fn hash_of(line: &str) -> Option<Hash> {
    Hash::from_slice(&crate::base64::decode(line)?)
}

fn malformed(what: &str) -> Refusal {
    Refusal::Malformed(what.to_owned())
}
