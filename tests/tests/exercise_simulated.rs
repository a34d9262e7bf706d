//! A scenario in the simulated world: the same rules as on real processes, and the same bytes for the same seed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use hotline_exercise::scenario::shipped;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

fn run(words: &[&str]) -> Output {
    let ended = Command::new(PROGRAM)
        .args(["exercise", "run"])
        .args(words)
        .output();
    ended.unwrap()
}

fn simulated(scenario: &str, seed: &str, more: &[&str]) -> Output {
    run(&[&[scenario, "--simulated", "--seed", seed], more].concat())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_same_seed_is_the_same_exercise_to_the_last_byte_and_another_seed_another() {
    let place = tempfile::tempdir().unwrap();
    let traces: Vec<Vec<u8>> = ["7", "7", "7", "8"]
        .iter()
        .enumerate()
        .map(|(number, seed)| {
            let file = place.path().join(number.to_string());
            let ended = simulated("S1", seed, &["--trace", &text(&file)]);
            assert_eq!(ended.status.code(), Some(0), "{ended:?}");
            fs::read(file).unwrap()
        })
        .collect();
    assert!(traces[0].starts_with(b"HOTLINE-EXERCISE-TRACE 1\n"));
    assert_eq!(traces[0], traces[1]);
    assert_eq!(traces[0], traces[2]);
    assert_ne!(traces[0], traces[3]);
}

#[test]
fn a_simulated_exercise_leaves_report_and_evidence_as_a_headless_one_and_the_same_for_the_same_seed() {
    let place = tempfile::tempdir().unwrap();
    let outs = ["one", "other", "again"].map(|name| place.path().join(name));
    for out in &outs[..2] {
        let ended = simulated("S1", "7", &["--out", &text(out)]);
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    }
    let one = files(&outs[0]);
    assert_eq!(one, files(&outs[1]));
    for name in [
        "report.html",
        "report.json",
        "timeline.csv",
        "evidence/manifest.json",
    ] {
        assert!(one.contains_key(Path::new(name)), "{name}");
    }
    let again = Command::new(PROGRAM)
        .args([
            "exercise",
            "report",
            "--from",
            &text(&outs[0]),
            "--out",
            &text(&outs[2]),
        ])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let made = files(&outs[2]);
    assert_eq!(made[Path::new("report.html")], one[Path::new("report.html")]);
}

#[test]
fn an_expectation_that_is_not_met_in_a_simulated_world_is_an_exit_code_of_its_own() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("late.toml");
    let s1 = shipped::by_id("S1").unwrap().text;
    // B acknowledges, but only after its two minutes.
    let late = s1.replacen("wait = \"30s story\"", "wait = \"3m story\"", 1);
    assert_ne!(late, s1);
    fs::write(&file, late).unwrap();
    let ended = simulated(&text(&file), "7", &[]);
    assert_eq!(ended.status.code(), Some(10), "{ended:?}");
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.contains("NOT_MET   E4"), "{said}");
}

#[test]
fn what_a_simulated_world_cannot_do_is_refused_before_anything_is_played() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("still.toml");
    let inject = "[[event.incident.inject]]\nserial = \"1.1.8\"\ntitle = { en = \"A relay stands still\" }\n\
                  kind = \"contextual\"\nmethod = \"process\"\nat = \"2m story\"\ndeed = \"pause\"\nwho = \"north\"\n";
    let s1 = shipped::by_id("S1").unwrap().text;
    let marker = "[[event.incident.inject]]\nserial = \"1.1.9\"";
    fs::write(&file, s1.replacen(marker, &format!("{inject}{marker}"), 1)).unwrap();
    let ended = simulated(&text(&file), "7", &[]);
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("a process that stands still"), "{said}");
}
