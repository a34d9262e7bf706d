//! Each target with its corpus and seeded mutations of it. `FUZZ_CORPUS=write` writes the corpus anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};

use super::mutate::{Dice, mutated};
use super::*;
use crate::SigningKey;

/// Mutations per target: about a second each in a debug build.
const MUTATIONS: usize = 20_000;
const SEED: u64 = 26;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target)
}

fn read_corpus(target: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(corpus(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn no_target_panics_on_its_corpus_or_on_seeded_mutations_of_it() {
    if std::env::var("FUZZ_CORPUS").is_ok_and(|word| word == "write") {
        write_corpus();
    }
    for (name, target) in TARGETS {
        let seeds = read_corpus(name);
        assert!(!seeds.is_empty(), "{name} has no corpus");
        seeds.iter().for_each(|seed| target(seed));
        let mut dice = Dice::new(SEED);
        for number in 0..MUTATIONS {
            let (one, other) = (&seeds[number % seeds.len()], &seeds[dice.below(seeds.len())]);
            let bytes = mutated(one, other, &mut dice);
            let survived = std::panic::catch_unwind(|| target(&bytes));
            assert!(
                survived.is_ok(),
                "{name}, mutation {number} of seed {SEED}: {}",
                HEXLOWER.encode(&bytes)
            );
        }
    }
}

#[test]
fn every_target_has_a_fuzz_program() {
    for (name, _) in TARGETS {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(&program).unwrap();
        assert!(
            text.contains(&format!("hotline_audit::fuzzing::{name}")),
            "{name}"
        );
    }
}

/// The corpus comes from the worked examples of `FORMAT.md`: one of each that a reader takes.
fn write_corpus() {
    let statements = statements();
    for (place, bytes) in statements.iter().enumerate() {
        write("statement", &format!("{place:02}"), bytes);
    }
    let notes: Vec<&str> = blocks()
        .into_iter()
        .filter(|text| Note::parse(text.as_bytes()).is_ok())
        .collect();
    for (place, text) in notes.iter().enumerate() {
        for target in ["note", "checkpoint"] {
            write(target, &format!("{place:02}"), text.as_bytes());
        }
        let proof = |extra: Option<Vec<u8>>, hashes: usize| TlogProof {
            extra,
            index: hashes as u64 * 1000,
            hashes: (0..hashes).map(|n| Hash::of(&n.to_be_bytes())).collect(),
            checkpoint: text.as_bytes().to_vec(),
        };
        write("proof", &format!("{place:02}"), &proof(None, place * 3).encode());
        write(
            "proof",
            &format!("{place:02}-extra"),
            &proof(Some(b"more".to_vec()), 2).encode(),
        );
    }
    for (target, titles) in [
        ("policy", &["Policy"][..]),
        (
            "add_checkpoint",
            &["Request to the witness", "What the witness keeps"],
        ),
        (
            "mirror",
            &[
                "Upload to the mirror",
                "Answer of the mirror to an upload that begins elsewhere",
            ],
        ),
    ] {
        for (place, text) in titles.iter().filter_map(|title| block(title)).enumerate() {
            let one_line: String = text.split_whitespace().collect();
            let bytes = HEXLOWER
                .decode(one_line.as_bytes())
                .unwrap_or_else(|_| text.as_bytes().to_vec());
            write(target, &format!("{place:02}"), &bytes);
        }
    }
    let bundle: Vec<u8> = statements
        .iter()
        .take(3)
        .flat_map(|entry| {
            [
                &u16::try_from(entry.len()).unwrap().to_be_bytes(),
                entry.as_slice(),
            ]
            .concat()
        })
        .collect();
    write("tile", "00", &bundle);
    write("tile", "01", &[0, 0, 0, 1, 7, 0, 2, 8, 9]);
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    fs::create_dir_all(corpus(target)).unwrap();
    fs::write(corpus(target).join(name), bytes).unwrap();
}

/// The block of the specification under this title.
fn block(title: &str) -> Option<&'static str> {
    let (_, rest) = include_str!("../../FORMAT.md").split_once(&format!("**{title}**\n\n```text\n"))?;
    rest.split_once("```").map(|(block, _)| block)
}

/// What stands between fences in the specification.
fn blocks() -> Vec<&'static str> {
    include_str!("../../FORMAT.md")
        .split("```text\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
        .collect()
}

/// Every statement of the examples, and every payload of theirs in an envelope of each type that can read it.
fn statements() -> Vec<Vec<u8>> {
    let key = SigningKey::from_seed(&[1; 32]);
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut keep = |bytes: &[u8]| {
        let whole = SignedStatement::parse(bytes).is_ok();
        if whole && found.iter().all(|one| one != bytes) {
            found.push(bytes.to_vec());
        }
        whole
    };
    for block in blocks() {
        for word in block.split_whitespace() {
            if let Ok(bytes) = BASE64.decode(word.as_bytes()) {
                keep(&bytes);
            }
        }
        let one_line: String = block.split_whitespace().collect();
        let Ok(bytes) = HEXLOWER.decode(one_line.as_bytes()) else {
            continue;
        };
        if keep(&bytes) || bytes.len() <= 64 {
            continue;
        }
        for kind in PayloadType::ALL.into_iter().filter(|kind| reads(*kind, &bytes)) {
            keep(SignedStatement::sign(kind, &bytes, &key).unwrap().bytes());
        }
    }
    found
}

/// True when the payload reader of this type takes the bytes.
fn reads(kind: PayloadType, bytes: &[u8]) -> bool {
    match kind {
        PayloadType::OfficerAnnex => OfficerAnnex::decode(bytes).is_ok(),
        PayloadType::OfficerOrder => OfficerOrder::decode(bytes).is_ok(),
        PayloadType::Control => Control::decode(bytes).is_ok(),
        PayloadType::ControlOrder => ControlOrder::decode(bytes).is_ok(),
        PayloadType::ReportSignature => ReportSignature::decode(bytes).is_ok(),
        PayloadType::Message => crate::statement::Message::decode(bytes).is_ok(),
        _ => false,
    }
}
