//! Every pair of sizes up to 130, the published roots, and every damaged proof.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::convert::Infallible;

use super::*;

const SIZES: u64 = 130;

#[derive(Default)]
pub(crate) struct Tree {
    frontier: Frontier,
    nodes: HashMap<(u8, u64), Hash>,
    pub(crate) roots: Vec<Hash>,
    pub(crate) leaves: Vec<Hash>,
}

impl NodeReader for Tree {
    type Error = Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.nodes[&(level, index)])
    }
}

pub(crate) fn tree_of(entries: &[Vec<u8>]) -> Tree {
    let mut tree = Tree {
        roots: vec![empty_root()],
        ..Tree::default()
    };
    for entry in entries {
        let leaf = leaf_hash(entry);
        tree.leaves.push(leaf);
        for done in tree.frontier.push(leaf) {
            assert!(
                tree.nodes.insert((done.level, done.index), done.hash).is_none(),
                "a node is completed once"
            );
        }
        tree.roots.push(tree.frontier.root());
    }
    tree
}

pub(super) fn numbered_tree() -> Tree {
    tree_of(&(0..SIZES).map(|n| n.to_be_bytes().to_vec()).collect::<Vec<_>>())
}

/// RFC 6962 §2.1, word for word: the oracle.
pub(super) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        more => {
            let k = more.len().next_power_of_two() / 2;
            node_hash(&mth(&more[..k]), &mth(&more[k..]))
        }
    }
}

fn damaged(proof: &[Hash], place: usize) -> Vec<Hash> {
    let mut proof = proof.to_vec();
    proof[place].0[place % 32] ^= 1;
    proof
}

#[test]
fn the_published_vectors_have_the_published_roots() {
    let entries: Vec<Vec<u8>> = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    .iter()
    .map(|hex| data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap())
    .collect();
    let tree = tree_of(&entries);
    let published = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let roots: Vec<String> = tree.roots.iter().map(ToString::to_string).collect();
    assert_eq!(roots, published);
}

#[test]
fn every_root_is_the_one_of_the_definition() {
    let tree = numbered_tree();
    for size in 0..=SIZES {
        assert_eq!(tree.roots[size as usize], mth(&tree.leaves[..size as usize]));
        assert_eq!(root_at(&tree, size), Ok(tree.roots[size as usize]));
        let read = Frontier::read(&tree, size).unwrap();
        assert_eq!(Frontier::from_parts(size, read.parts().to_vec()), Ok(read));
    }
    assert!(Frontier::from_parts(3, vec![empty_root()]).is_err());
}

#[test]
fn every_inclusion_proof_verifies_and_every_damaged_one_is_refused() {
    let tree = numbered_tree();
    for size in 1..=SIZES {
        let root = &tree.roots[size as usize];
        for index in 0..size {
            let leaf = &tree.leaves[index as usize];
            let proof = inclusion_proof(&tree, index, size).unwrap();
            assert!(
                verify_inclusion(leaf, index, size, root, &proof),
                "leaf {index} of {size}"
            );
            for place in 0..proof.len() {
                assert!(!verify_inclusion(
                    leaf,
                    index,
                    size,
                    root,
                    &damaged(&proof, place)
                ));
            }
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!verify_inclusion(leaf, index, size, root, shorter));
            }
            let longer: Vec<Hash> = proof.iter().copied().chain([*root]).collect();
            assert!(!verify_inclusion(leaf, index, size, root, &longer));
            assert!(!verify_inclusion(leaf, index ^ 1, size, root, &proof) || size == 1 && index == 1);
        }
        assert!(inclusion_proof(&tree, size, size).is_err());
        assert!(!verify_inclusion(&tree.leaves[0], size, size, root, &[]));
    }
}

#[test]
fn every_consistency_proof_verifies_and_every_damaged_one_is_refused() {
    let tree = numbered_tree();
    for new in 0..=SIZES {
        let new_root = &tree.roots[new as usize];
        for old in 0..=new {
            let old_root = &tree.roots[old as usize];
            let proof = consistency_proof(&tree, old, new).unwrap();
            assert!(
                verify_consistency(old, old_root, new, new_root, &proof),
                "{old} to {new}"
            );
            for place in 0..proof.len() {
                assert!(!verify_consistency(
                    old,
                    old_root,
                    new,
                    new_root,
                    &damaged(&proof, place)
                ));
            }
            let longer: Vec<Hash> = proof.iter().copied().chain([*new_root]).collect();
            assert!(!verify_consistency(old, old_root, new, new_root, &longer));
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!verify_consistency(old, old_root, new, new_root, shorter));
            }
        }
        assert!(consistency_proof(&tree, new + 1, new).is_err());
    }
}

#[test]
fn every_wrong_older_root_is_refused() {
    let tree = numbered_tree();
    for new in 1..=SIZES {
        for old in 0..=new {
            let proof = consistency_proof(&tree, old, new).unwrap();
            for (other, wrong) in tree
                .roots
                .iter()
                .enumerate()
                .filter(|(other, _)| *other as u64 != old)
            {
                let new_root = &tree.roots[new as usize];
                assert!(
                    !verify_consistency(old, wrong, new, new_root, &proof),
                    "root of {other} passed as {old}"
                );
            }
        }
    }
}

#[test]
fn sizes_near_the_end_of_the_number_range_do_not_panic() {
    let hash = empty_root();
    let proof = vec![hash; 70];
    assert!(!verify_inclusion(&hash, u64::MAX - 1, u64::MAX, &hash, &proof));
    assert!(!verify_inclusion(&hash, u64::MAX, u64::MAX, &hash, &proof));
    assert!(!verify_consistency(u64::MAX - 1, &hash, u64::MAX, &hash, &proof));
    assert!(!verify_consistency(1 << 63, &hash, u64::MAX, &hash, &proof));
}
