//! Subtree consistency proofs: that a run of leaves is part of a tree, shown by hashes alone.
//!
//! A *subtree* `[start, end)` begins at a multiple of the smallest power of two that holds it; it need not be full. The
//! proof is that of the Merkle tree certificates draft, which C2SP tlog-mirror uses: for `start = 0` it is the consistency
//! proof of RFC 6962, for one leaf its inclusion proof.

use super::proof::{ProofError, Range, hashes_of};
use super::{NodeReader, empty_root, node_hash};
use crate::hash::Hash;

/// True when `[start, end)` is a subtree: not backwards, and begun where one of its length may begin.
#[must_use]
pub fn is_subtree(start: u64, end: u64) -> bool {
    let Some(length) = end.checked_sub(start) else {
        return false;
    };
    length
        .checked_next_power_of_two()
        .is_some_and(|width| start.is_multiple_of(width))
}

/// The proof that the subtree `[start, end)` is part of the tree of the first `size` leaves.
///
/// # Errors
/// When it is no subtree of that tree, or the reader fails.
pub fn subtree_proof<R: NodeReader>(
    reader: &R,
    (start, end): (u64, u64),
    size: u64,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    if end > size || !is_subtree(start, end) {
        return Err(ProofError::OutOfTree { inner: end, size });
    }
    if start == end {
        return Ok(Vec::new());
    }
    let mut range = Range { start: 0, len: size };
    let mut known = true;
    let mut parts = Vec::new();
    // The subtree ends inside `range` until both are one, or, where it is not full, until both end together.
    while !(range.start + range.len == end && range.start >= start) {
        let (left, right) = range.split();
        if end <= right.start {
            parts.push(right);
            range = left;
        } else {
            known &= start >= right.start;
            parts.push(left);
            range = right;
        }
    }
    if !known {
        parts.push(range);
    }
    hashes_of(reader, parts.into_iter().rev())
}

/// True when `proof` shows that the leaves under `subtree`, which are `[start, end)`, are part of the tree with `size`
/// leaves and this `root`.
#[must_use]
pub fn verify_subtree(
    (start, end): (u64, u64),
    subtree: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> bool {
    if end > size || !is_subtree(start, end) {
        return false;
    }
    if start == end {
        return proof.is_empty() && *subtree == empty_root();
    }
    let whole = Range { start: 0, len: size };
    match climb((start, end), whole, Some(subtree), proof) {
        Some((found, top)) => found == *subtree && top == *root,
        None => false,
    }
}

/// The hashes of the subtree's part in `range`, and of `range`, out of the proof. `known` is the subtree's own hash as
/// long as none of it has been cut off. At most 64 levels deep.
fn climb(
    (start, end): (u64, u64),
    range: Range,
    known: Option<&Hash>,
    proof: &[Hash],
) -> Option<(Hash, Hash)> {
    if range.start + range.len == end && range.start >= start {
        let hash = match (known, proof) {
            (Some(hash), []) => *hash,
            (None, [hash]) => *hash,
            _ => return None,
        };
        return Some((hash, hash));
    }
    let (beside, rest) = proof.split_last()?;
    let (left, right) = range.split();
    if end <= right.start {
        let (part, whole) = climb((start, end), left, known, rest)?;
        return Some((part, node_hash(&whole, beside)));
    }
    let within = start >= right.start;
    let (part, whole) = climb((start, end), right, known.filter(|_| within), rest)?;
    let part = if within { part } else { node_hash(beside, &part) };
    Some((part, node_hash(beside, &whole)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::tree::tests::{Tree, mth, numbered_tree};
    use crate::tree::{consistency_proof, inclusion_proof, verify_consistency};

    fn each(up_to: u64, mut check: impl FnMut(&Tree, (u64, u64), u64)) {
        let tree = numbered_tree();
        for size in 1..=up_to {
            for start in 0..=size {
                for end in start..=size {
                    if is_subtree(start, end) {
                        check(&tree, (start, end), size);
                    }
                }
            }
        }
    }

    #[test]
    fn every_subtree_of_every_tree_is_proved_and_no_damaged_proof_is_believed() {
        each(48, |tree, (start, end), size| {
            let root = tree.roots[size as usize];
            let hash = mth(&tree.leaves[start as usize..end as usize]);
            let proof = subtree_proof(tree, (start, end), size).unwrap();
            assert!(
                verify_subtree((start, end), &hash, size, &root, &proof),
                "[{start}, {end}) of {size}"
            );
            for at in 0..proof.len() {
                let mut damaged = proof.clone();
                damaged[at].0[0] ^= 1;
                assert!(!verify_subtree((start, end), &hash, size, &root, &damaged));
                damaged = proof.clone();
                damaged.remove(at);
                assert!(!verify_subtree((start, end), &hash, size, &root, &damaged));
            }
            let longer = [proof.as_slice(), &[Hash::ZERO]].concat();
            assert!(!verify_subtree((start, end), &hash, size, &root, &longer));
            assert!(!verify_subtree(
                (start, end),
                &Hash::of(b"other"),
                size,
                &root,
                &proof
            ));
            assert!(start == end || !verify_subtree((start, end), &hash, size, &Hash::ZERO, &proof));
        });
    }

    #[test]
    fn at_zero_it_is_the_consistency_proof_and_for_one_leaf_the_inclusion_proof() {
        each(48, |tree, (start, end), size| {
            let proof = subtree_proof(tree, (start, end), size).unwrap();
            if start == 0 && end > 0 {
                assert_eq!(proof, consistency_proof(tree, end, size).unwrap());
                let root = |size: u64| tree.roots[size as usize];
                assert!(verify_consistency(end, &root(end), size, &root(size), &proof));
            }
            if end == start + 1 {
                assert_eq!(proof, inclusion_proof(tree, start, size).unwrap());
            }
        });
    }

    #[test]
    fn the_examples_of_the_draft_have_the_hashes_that_it_names() {
        let tree = numbered_tree();
        let mth = |start: usize, end: usize| mth(&tree.leaves[start..end]);
        assert_eq!(subtree_proof(&tree, (4, 8), 14).unwrap(), [mth(0, 4), mth(8, 14)]);
        assert_eq!(
            subtree_proof(&tree, (8, 13), 14).unwrap(),
            [mth(12, 13), mth(13, 14), mth(8, 12), mth(0, 8)]
        );
    }

    #[test]
    fn what_is_no_subtree_is_neither_proved_nor_believed() {
        let tree = numbered_tree();
        for (start, end, size) in [(1, 3, 8), (4, 9, 16), (6, 9, 16), (0, 9, 8), (5, 4, 8), (3, 5, 8)] {
            assert!(subtree_proof(&tree, (start, end), size).is_err());
            assert!(!verify_subtree((start, end), &Hash::ZERO, size, &Hash::ZERO, &[]));
        }
        assert!(!is_subtree(0, u64::MAX));
    }
}
