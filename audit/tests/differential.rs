//! Our tree, proofs, tiles and notes beside those of crates that nobody here wrote (`tlog_tiles`, `signed_note`): the
//! same bytes. The answers for the sizes that matter are in `vectors/tree.txt`, which `tests/foreign/run` has Go and
//! Python answer as well. `VECTORS=write` writes that file anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use hotline_audit::note::{Note, NoteSigner};
use hotline_audit::tiles::write_log;
use hotline_audit::tree::{
    consistency_proof, inclusion_proof, leaf_hash, root_at, verify_consistency, verify_inclusion,
};
use hotline_audit::{Checkpoint, Frontier, Hash, LogSigner, NodeReader, SigningKey};
use signed_note::{StandardSigner, StandardVerifier, Verifier as _, VerifierList};
use tlog_tiles::tile::Tile;
use tlog_tiles::tlog as theirs;

/// Sizes at which a tile, a level or a tree of tiles begins or ends, and one with parts of all.
const SIZES: [u64; 6] = [1, 255, 256, 257, 65_536, 70_000];
const LARGEST: u64 = 70_000;
/// Random pairs of sizes, and of a leaf and a size.
const RANDOM: u64 = 500;
const SEED: u64 = 26;

fn entry(n: u64) -> Vec<u8> {
    format!("hotline vector {n}\n").into_bytes()
}

/// The same entries in our tree and in theirs.
struct Both {
    /// Our nodes, level by level.
    nodes: Vec<Vec<Hash>>,
    /// Their hashes, as they store them.
    stored: Vec<theirs::Hash>,
}

impl NodeReader for Both {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.nodes[usize::from(level)][usize::try_from(index).unwrap()])
    }
}

impl theirs::HashReader for Both {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<theirs::Hash>, theirs::Error> {
        let at = |index: &u64| self.stored[usize::try_from(*index).unwrap()];
        Ok(indexes.iter().map(at).collect())
    }
}

fn grown(size: u64) -> Both {
    let mut both = Both {
        nodes: vec![Vec::new(); 64],
        stored: Vec::new(),
    };
    let mut frontier = Frontier::new();
    for n in 0..size {
        for node in frontier.push(leaf_hash(&entry(n))) {
            both.nodes[usize::from(node.level)].push(node.hash);
        }
        let more = theirs::stored_hashes(n, &entry(n), &both).unwrap();
        both.stored.extend(more);
    }
    both
}

fn ours(hash: theirs::Hash) -> Hash {
    Hash(hash.0)
}

/// What both answer: the same, and each verifier takes it.
impl Both {
    fn root(&self, size: u64) -> Vec<Hash> {
        let root = root_at(self, size).unwrap();
        assert_eq!(
            root,
            ours(theirs::tree_hash(size, self).unwrap()),
            "root at {size}"
        );
        vec![root]
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        let proof = inclusion_proof(self, index, size).unwrap();
        let other = theirs::prove_record(size, index, self).unwrap();
        assert_eq!(
            proof,
            other.iter().copied().map(ours).collect::<Vec<_>>(),
            "{index} in {size}"
        );
        let leaf = leaf_hash(&entry(index));
        assert!(verify_inclusion(&leaf, index, size, &self.root(size)[0], &proof));
        let root = theirs::tree_hash(size, self).unwrap();
        theirs::check_record(&other, size, root, index, theirs::record_hash(&entry(index))).unwrap();
        proof
    }

    fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        let proof = consistency_proof(self, old, new).unwrap();
        let other = theirs::prove_tree(new, old, self).unwrap();
        assert_eq!(
            proof,
            other.iter().copied().map(ours).collect::<Vec<_>>(),
            "{old} to {new}"
        );
        assert!(verify_consistency(
            old,
            &self.root(old)[0],
            new,
            &self.root(new)[0],
            &proof
        ));
        proof
    }
}

/// A seeded number below `bound`.
fn throw(state: &mut u64, bound: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % bound
}

/// Every question of the vector file, and what both trees answer.
fn vectors(both: &Both) -> String {
    let mut text = String::new();
    let mut line = |asked: String, answer: Vec<Hash>| {
        text.push_str(&asked);
        text.push_str(" =");
        for hash in answer {
            write!(text, " {}", BASE64.encode(hash.as_bytes())).unwrap();
        }
        text.push('\n');
    };
    for (place, size) in SIZES.into_iter().enumerate() {
        line(format!("root {size}"), both.root(size));
        let mut indexes = vec![0, size / 3, size / 2, size - 1];
        indexes.dedup();
        for index in indexes {
            line(format!("inclusion {index} {size}"), both.inclusion(index, size));
        }
        for old in SIZES.into_iter().take(place + 1).chain([size / 2 + 1]) {
            line(format!("consistency {old} {size}"), both.consistency(old, size));
        }
    }
    text
}

#[test]
fn roots_and_proofs_are_those_of_other_software_at_every_size_that_matters_and_at_random_ones() {
    let both = grown(LARGEST);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/tree.txt");
    let made = vectors(&both);
    if std::env::var("VECTORS").is_ok_and(|word| word == "write") {
        fs::write(&file, &made).unwrap();
    }
    assert!(
        fs::read_to_string(&file).unwrap() == made,
        "tests/vectors/tree.txt holds other answers than both trees give"
    );
    let mut state = SEED;
    for _ in 0..RANDOM {
        let size = 1 + throw(&mut state, LARGEST);
        both.inclusion(throw(&mut state, size), size);
        both.consistency(1 + throw(&mut state, size), size);
    }
}

#[test]
fn tiles_are_those_of_other_software_byte_for_byte_and_under_the_same_paths() {
    let signer = LogSigner::new(
        "exercise.avelia.example/relay/north",
        SigningKey::from_seed(&[3; 32]),
    )
    .unwrap();
    let mut state = SEED;
    let random = 258 + throw(&mut state, 3_000);
    for size in [1, 255, 256, 257, random] {
        let both = grown(size);
        let folder = tempfile::tempdir().unwrap();
        let note = signer.checkpoint(size, both.root(size)[0]).sign(&signer);
        let entries = (0..size).map(|n| Ok::<_, Infallible>(entry(n)));
        write_log(folder.path(), &note, entries).unwrap();
        let mut expected: Vec<(PathBuf, Vec<u8>)> = Tile::new_tiles(8, 0, size)
            .iter()
            .map(|tile| {
                let path = tile.path().replacen("tile/8/", "tile/", 1);
                (folder.path().join(path), tile.read_data(&both).unwrap())
            })
            .collect();
        expected.sort();
        let written: Vec<(PathBuf, Vec<u8>)> = files(&folder.path().join("tile"))
            .into_iter()
            .filter(|path| !path.starts_with(folder.path().join("tile/entries")))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        assert_eq!(written, expected, "tiles of {size}");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn a_checkpoint_has_the_same_bytes_whoever_signs_it_and_each_believes_the_other() {
    for (seed, size) in SIZES.into_iter().enumerate() {
        let seed = [u8::try_from(seed).unwrap() + 1; 32];
        let origin = "exercise.borenia.example/relay/south";
        let signer = LogSigner::new(origin, SigningKey::from_seed(&seed)).unwrap();
        let vkey = signer.verifier().verifier_key().to_string();
        let checkpoint = signer.checkpoint(size, leaf_hash(&entry(size)));
        let mine = checkpoint.sign(&signer);

        let key_id = signer.verifier().verifier_key().key_id();
        let typed = [&[0x01], seed.as_slice()].concat();
        let skey = format!(
            "PRIVATE+KEY+{origin}+{}+{}",
            HEXLOWER.encode(&key_id),
            BASE64.encode(&typed)
        );
        let root = theirs::Hash(checkpoint.root.0);
        let text = tlog_tiles::checkpoint::Checkpoint::new(origin, size, root, "")
            .unwrap()
            .to_bytes();
        let mut note = signed_note::Note::new(&text, &[]).unwrap();
        note.add_sigs(&[&StandardSigner::new(&skey).unwrap()]).unwrap();
        assert_eq!(note.to_bytes(), mine);

        let verifier = StandardVerifier::new(&vkey).unwrap();
        assert_eq!(verifier.key_id().to_be_bytes(), key_id);
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let read = signed_note::Note::from_bytes(&mine).unwrap();
        assert_eq!(read.verify(&known).unwrap().0.len(), 1);
        let read = tlog_tiles::checkpoint::Checkpoint::from_bytes(read.text()).unwrap();
        assert_eq!(
            (read.origin(), read.size(), read.hash().0),
            (origin, size, checkpoint.root.0)
        );
        assert_eq!(
            Checkpoint::parse_and_verify(&note.to_bytes(), &signer.verifier()),
            Ok(checkpoint)
        );

        let mut forged = mine.clone();
        forged[origin.len() + 1] ^= 1;
        let forged = signed_note::Note::from_bytes(&forged).unwrap();
        assert!(forged.verify(&known).is_err());
    }
}

#[test]
fn a_note_that_one_reader_takes_the_other_takes_too() {
    let signer = NoteSigner::new("n", SigningKey::from_seed(&[1; 32])).unwrap();
    let good = Note::sign("a\n\nb\n", &signer).unwrap().encode();
    let mut state = SEED;
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        let at = usize::try_from(throw(&mut state, bytes.len() as u64)).unwrap();
        // Not DEL: ours takes no control character in a name, theirs takes this one.
        let other = u8::try_from(throw(&mut state, 127)).unwrap();
        match throw(&mut state, 3) {
            0 => bytes[at] = other,
            1 => bytes.insert(at, other),
            _ => drop(bytes.remove(at)),
        }
        let (mine, theirs) = (Note::parse(&bytes), signed_note::Note::from_bytes(&bytes));
        assert_eq!(
            mine.is_ok(),
            theirs.is_ok(),
            "{:?}: {mine:?}, {theirs:?}",
            String::from_utf8_lossy(&bytes)
        );
        if let (Ok(mine), Ok(theirs)) = (mine, theirs) {
            assert_eq!(mine.text.as_bytes(), theirs.text());
            assert_eq!((mine.encode(), bytes.clone()), (theirs.to_bytes(), bytes));
        }
    }
}
