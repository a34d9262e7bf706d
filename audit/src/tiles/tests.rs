//! Folders of awkward sizes come back whole, and their tiles prove what the tree proves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::dsse::SigningKey;
use crate::tree::{
    Frontier, consistency_proof, inclusion_proof, leaf_hash, root_at, verify_consistency, verify_inclusion,
};
use crate::{LogSigner, tree};

fn entries(size: u64) -> Vec<Vec<u8>> {
    (0..size)
        .map(|n| n.to_be_bytes()[(n % 7) as usize..].to_vec())
        .collect()
}

fn root_of(entries: &[Vec<u8>]) -> Hash {
    let mut frontier = Frontier::new();
    for entry in entries {
        frontier.push(leaf_hash(entry));
    }
    frontier.root()
}

fn note(size: u64, root: Hash) -> Vec<u8> {
    let signer = LogSigner::new("avelia.example/relay/north", SigningKey::from_seed(&[1; 32])).unwrap();
    signer.checkpoint(size, root).sign(&signer)
}

fn export(dir: &Path, all: &[Vec<u8>]) -> Checkpoint {
    let note = note(all.len() as u64, root_of(all));
    write_log(dir, &note, all.iter().cloned().map(Ok::<_, Infallible>)).unwrap()
}

#[test]
fn a_folder_of_any_size_comes_back_entry_by_entry_and_proves_its_root() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 700] {
        let dir = tempfile::tempdir().unwrap();
        let all = entries(size);
        let checkpoint = export(dir.path(), &all);
        let folder = TileDir::new(dir.path());
        let mut read = Vec::new();
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let bundle = folder.bundle(index, size).unwrap();
            assert!(!bundle.broken);
            read.extend(bundle.entries);
        }
        assert_eq!(read, all);
        assert_eq!(root_at(&folder.tree(size), size).unwrap(), checkpoint.root);
        for index in (0..size).step_by(97) {
            let proof = inclusion_proof(&folder.tree(size), index, size).unwrap();
            let leaf = leaf_hash(&all[index as usize]);
            assert!(verify_inclusion(&leaf, index, size, &checkpoint.root, &proof));
            let older = root_of(&all[..index as usize]);
            let proof = consistency_proof(&folder.tree(size), index, size).unwrap();
            assert!(verify_consistency(index, &older, size, &checkpoint.root, &proof));
        }
        assert!(folder.tree(size).node(0, size).is_err());
        assert!(folder.tree(size).node(255, u64::MAX).is_err());
    }
}

#[test]
fn a_grown_folder_keeps_serving_from_full_tiles_when_partial_ones_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let all = entries(300);
    export(dir.path(), &all[..200]);
    export(dir.path(), &all);
    fs::remove_dir_all(dir.path().join("tile/0/000.p")).unwrap();
    fs::remove_dir_all(dir.path().join("tile/entries/000.p")).unwrap();
    let folder = TileDir::new(dir.path());
    assert_eq!(root_at(&folder.tree(200), 200).unwrap(), root_of(&all[..200]));
    assert_eq!(root_at(&folder.tree(300), 300).unwrap(), root_of(&all));
}

#[test]
fn paths_are_those_of_the_specification() {
    assert_eq!(tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile_path(1, 0, 17), "tile/1/000.p/17");
    assert_eq!(entries_path(273, 112), "tile/entries/273.p/112");
    assert_eq!(entries_path(1000, 256), "tile/entries/x001/000");
}

#[test]
fn no_checkpoint_is_written_for_entries_that_do_not_fit_it() {
    let dir = tempfile::tempdir().unwrap();
    let all = entries(5);
    let write = |note: &[u8], all: &[Vec<u8>]| {
        write_log(dir.path(), note, all.iter().cloned().map(Ok::<_, Infallible>))
    };
    assert!(matches!(
        write(&note(6, root_of(&all)), &all),
        Err(TileError::TooFewEntries {
            expected: 6,
            found: 5
        })
    ));
    assert!(matches!(
        write(&note(5, tree::empty_root()), &all),
        Err(TileError::WrongRoot { .. })
    ));
    assert!(matches!(
        write(&note(1, tree::empty_root()), &[vec![0; 65_536]]),
        Err(TileError::EntryTooLarge(0))
    ));
    assert!(!dir.path().join("checkpoint").exists());
    assert!(
        write(&note(3, root_of(&all[..3])), &all).is_ok(),
        "further entries are not read"
    );
}

#[test]
fn files_of_wrong_length_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    export(dir.path(), &entries(5));
    let folder = TileDir::new(dir.path());
    fs::write(dir.path().join("tile/0/000.p/5"), [0; 161]).unwrap();
    assert!(matches!(
        folder.hashes(0, 0, 5),
        Err(TileError::WrongLength { .. })
    ));
    fs::write(dir.path().join("tile/entries/000.p/5"), [0, 1, 7, 0, 9, 1]).unwrap();
    assert_eq!(
        folder.bundle(0, 5).unwrap(),
        Bundle {
            entries: vec![vec![7]],
            broken: true
        }
    );
    fs::write(dir.path().join("tile/entries/000.p/5"), [0; 2000]).unwrap();
    let crowded = folder.bundle(0, 5).unwrap();
    assert_eq!(
        (crowded.entries.len(), crowded.broken),
        (512, true),
        "a bundle of nothing has a bound"
    );
    fs::write(dir.path().join("checkpoint"), vec![b'a'; MAX_NOTE_BYTES + 1]).unwrap();
    assert!(folder.checkpoint().is_err());
    assert!(matches!(folder.hashes(0, 1, 5), Err(TileError::Io { .. })));
}

#[test]
fn a_path_reads_back_as_what_it_names_and_in_one_writing_only() {
    for (level, index, width) in [
        (Some(0), 0, 256),
        (Some(1), 1_234_067, 256),
        (Some(0), 999, 1),
        (None, 0, 255),
        (None, 1000, 256),
        (Some(7), u64::MAX, 3),
    ] {
        let name = TileName { level, index, width };
        assert_eq!(TileName::parse(&name.path()), Some(name));
    }
    assert_eq!(
        TileName {
            level: None,
            index: 1_234_067,
            width: 8
        }
        .path(),
        "tile/entries/x001/x234/067.p/8"
    );
    for bad in [
        "tile/0/0",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/257",
        "tile/00/000",
        "tile/64/000",
        "tile/entries/001/000",
        "tile/entries/x000/001",
        "tile/entries/../000",
        "tile/entries/",
        "tile/entries/x18446744073709551616/000",
        "checkpoint",
        "/tile/0/000",
        "tile/0/000/",
    ] {
        assert_eq!(TileName::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_path_is_a_file_of_a_log_exactly_when_its_export_has_it() {
    let sizes = [0, 1, 2, 255, 256, 257, 512, 65_535, 65_536, 65_537];
    let mut paths: BTreeSet<String> = sizes.iter().flat_map(|size| files_of(*size)).collect();
    paths.extend(
        [
            "tile/8/000",
            "tile/0/x001/000",
            "tile/0/0",
            "tile/entries/000.p/0",
            "odd",
        ]
        .map(str::to_owned),
    );
    for size in sizes {
        let files = files_of(size);
        for path in &paths {
            assert_eq!(is_file_of(path, size), files.contains(path), "{path} of {size}");
        }
    }
}
