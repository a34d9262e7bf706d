//! The checker as a program, on the worked example of its paper and on folders that cannot be judged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use hotline_tests::checker::lines::{DELIVERED, SENT, SHOWN};
use serde_json::Value;

const PAPER: &str = include_str!("../RUNFILES.md");

/// The fenced block that follows `title` in the paper.
fn block(title: &str) -> &'static str {
    let behind = PAPER.split_once("## A worked example").unwrap().1;
    let behind = behind.split_once(title).unwrap_or_else(|| panic!("{title}")).1;
    let block = behind.split_once("```json\n").unwrap().1;
    block.split_once("```").unwrap().0
}

fn example() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [SENT, SHOWN, DELIVERED] {
        fs::write(folder.path().join(name), block(&format!("`{name}`\n"))).unwrap();
    }
    folder
}

fn checker(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_checker"))
        .arg(folder)
        .args(words)
        .output()
        .unwrap()
}

#[test]
fn the_worked_example_is_judged_as_the_paper_says_and_ends_with_3() {
    let folder = example();
    let said = checker(folder.path(), &["--json"]);
    assert_eq!(said.status.code(), Some(3));
    let judged: Value = serde_json::from_slice(&said.stdout).unwrap();
    let expected: Value = serde_json::from_str(block("The judgement")).unwrap();
    assert_eq!(judged, expected);
    let text = String::from_utf8(checker(folder.path(), &[]).stdout).unwrap();
    assert!(text.ends_with("A PROMISE WAS BROKEN.\n"), "{text}");
}

#[test]
fn a_run_without_a_broken_promise_ends_with_0_and_a_torn_last_line_is_named() {
    let folder = example();
    let keep = |name: &str, wanted: &dyn Fn(&str) -> bool| {
        let lines: Vec<&str> = block(&format!("`{name}`\n"))
            .lines()
            .filter(|line| wanted(line))
            .collect();
        fs::write(folder.path().join(name), lines.join("\n") + "\n").unwrap();
    };
    keep(SENT, &|line| !line.contains("m4"));
    keep(SHOWN, &|line| !line.contains("721"));
    let shown = fs::read(folder.path().join(SHOWN)).unwrap();
    fs::write(folder.path().join(SHOWN), [&shown[..], b"{\"id\":\"m"].concat()).unwrap();
    let said = checker(folder.path(), &[]);
    let text = String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.status.code(), Some(0), "{text}");
    assert!(
        text.contains("torn: the last line of shown.jsonl (8 bytes)"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_judged_ends_with_1_and_words_without_sense_with_2() {
    let folder = example();
    fs::remove_file(folder.path().join(SENT)).unwrap();
    let said = checker(folder.path(), &[]);
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("sent.jsonl"));
    assert_eq!(checker(folder.path(), &["--loudly"]).status.code(), Some(2));
}
