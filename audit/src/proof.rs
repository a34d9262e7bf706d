//! Proof files (C2SP tlog-proof): one entry's index, its inclusion proof and the checkpoint, in one text file.
//!
//! The entry itself is not in the file; it travels beside it. `extra` is not authenticated, and nothing here uses it.

use data_encoding::BASE64;

use crate::checkpoint::{Checkpoint, CheckpointError, LogVerifier, decimal};
use crate::hash::Hash;
use crate::tree::{NodeReader, ProofError, inclusion_proof, leaf_hash, verify_inclusion};

/// Largest proof file, in bytes: a note of 128 KiB, 64 hashes, and room for the extra line.
pub const MAX_PROOF_BYTES: usize = 256 * 1024;

/// Most hashes of a proof: one per level of the largest tree.
const MAX_PROOF_HASHES: usize = 64;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Why a proof file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Not the format.
    #[error("not a proof file: {0}")]
    Malformed(&'static str),
    /// The checkpoint is not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead from the entry to the root.
    #[error("the proof does not lead from this entry to the root at index {0}")]
    NotIncluded(u64),
}

/// That one entry is in one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Extra data, which nothing vouches for.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry.
    pub index: u64,
    /// From the leaf's sibling upwards.
    pub hashes: Vec<Hash>,
    /// The signed note, exactly.
    pub checkpoint: Vec<u8>,
}

impl TlogProof {
    /// The proof that leaf `index` stands in the tree of `size` leaves, for the signed note of that size.
    ///
    /// # Errors
    /// When the leaf is not in that tree, or the reader fails.
    pub fn make<R: NodeReader>(
        reader: &R,
        index: u64,
        size: u64,
        checkpoint: &[u8],
    ) -> Result<TlogProof, ProofError<R::Error>> {
        let hashes = inclusion_proof(reader, index, size)?;
        Ok(TlogProof {
            extra: None,
            index,
            hashes,
            checkpoint: checkpoint.to_vec(),
        })
    }

    /// Reads a proof file. Nothing in it is verified yet.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(bytes: &[u8]) -> Result<TlogProof, TlogProofError> {
        let malformed = TlogProofError::Malformed;
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(malformed("too large"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(malformed("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("not of version 1"));
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            Some(extra) => {
                lines.next();
                Some(base64(extra)?)
            }
            None => None,
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(decimal)
            .ok_or(malformed("no index"))?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == MAX_PROOF_HASHES {
                return Err(malformed("too many hashes"));
            }
            hashes.push(Hash::from_slice(&base64(line)?).ok_or(malformed("a hash that is not 32 bytes"))?);
        }
        Ok(TlogProof {
            extra,
            index,
            hashes,
            checkpoint: checkpoint.as_bytes().to_vec(),
        })
    }

    /// The proof file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!("{FIRST_LINE}\n");
        if let Some(extra) = &self.extra {
            out.push_str(&format!("extra {}\n", BASE64.encode(extra)));
        }
        out.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            out.push_str(&BASE64.encode(hash.as_bytes()));
            out.push('\n');
        }
        out.push('\n');
        let mut out = out.into_bytes();
        out.extend_from_slice(&self.checkpoint);
        out
    }

    /// Checks that `entry` stands at the index in the log's tree, and returns the checkpoint that says so.
    ///
    /// # Errors
    /// When the checkpoint is not the log's, or the hashes do not lead to its root.
    pub fn verify(&self, entry: &[u8], log: &LogVerifier) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = Checkpoint::parse_and_verify(&self.checkpoint, log)?;
        if verify_inclusion(
            &leaf_hash(entry),
            self.index,
            checkpoint.size,
            &checkpoint.root,
            &self.hashes,
        ) {
            Ok(checkpoint)
        } else {
            Err(TlogProofError::NotIncluded(self.index))
        }
    }
}

fn base64(text: &str) -> Result<Vec<u8>, TlogProofError> {
    crate::base64::decode(text).ok_or(TlogProofError::Malformed("a line that is not base64"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::dsse::SigningKey;
    use crate::tree::{Frontier, node_hash};
    use crate::{LogSigner, tree};

    fn sample(extra: Option<Vec<u8>>) -> (TlogProof, LogSigner) {
        let signer = LogSigner::new("avelia.example/relay/north", SigningKey::from_seed(&[1; 32])).unwrap();
        let mut frontier = Frontier::new();
        let leaves: Vec<Hash> = [b"a", b"b", b"c"]
            .iter()
            .map(|entry| tree::leaf_hash(*entry))
            .collect();
        for leaf in &leaves {
            frontier.push(*leaf);
        }
        let checkpoint = signer.checkpoint(3, frontier.root()).sign(&signer);
        (
            TlogProof {
                extra,
                index: 2,
                hashes: vec![node_hash(&leaves[0], &leaves[1])],
                checkpoint,
            },
            signer,
        )
    }

    #[test]
    fn a_proof_file_comes_back_and_verifies_for_its_entry_only() {
        for extra in [None, Some(b"note".to_vec()), Some(Vec::new())] {
            let (proof, signer) = sample(extra);
            let read = TlogProof::parse(&proof.encode()).unwrap();
            assert_eq!(read, proof);
            assert_eq!(read.verify(b"c", &signer.verifier()).unwrap().size, 3);
            assert_eq!(
                read.verify(b"b", &signer.verifier()),
                Err(TlogProofError::NotIncluded(2))
            );
            let moved = TlogProof { index: 1, ..read };
            assert!(moved.verify(b"c", &signer.verifier()).is_err());
        }
    }

    #[test]
    fn every_flipped_bit_of_a_proof_file_is_refused() {
        let (proof, signer) = sample(None);
        let bytes = proof.encode();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let passes =
                TlogProof::parse(&bytes).is_ok_and(|proof| proof.verify(b"c", &signer.verifier()).is_ok());
            assert!(!passes, "bit {bit}");
        }
    }

    #[test]
    fn what_is_no_proof_file_is_refused() {
        let many = format!(
            "{FIRST_LINE}\nindex 1\n{}\n\nnote",
            vec![BASE64.encode(&[0; 32]); 65].join("\n")
        );
        for bad in [
            "",
            "c2sp.org/tlog-proof@v2\nindex 1\n\nx",
            "c2sp.org/tlog-proof@v1\nindex 01\n\nx",
            "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx",
            "c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\nx",
            "c2sp.org/tlog-proof@v1\nextra extra AAAA\nindex 1\n\nx",
            &many,
        ] {
            assert!(TlogProof::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
