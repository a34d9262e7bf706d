//! The worked example of `FORMAT.md` §20, made again from its seeds; and the small program, run on bundles good and bad.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod line;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hotline_audit::Hash;
use hotline_audit::evidence::Evidence;
use line::Line;
use line::story::{Play, SHORT, play};

const FORMAT: &str = include_str!("../FORMAT.md");
const BEGIN: &str = "<!-- bundle example -->";
const END: &str = "<!-- end of bundle example -->";

/// One message with its receipt, cosigned by both relays.
fn example() -> Line {
    let mut play = Play::new();
    let message = play.message(0, "Comm check.", None);
    play.receipt(1, &message, 4);
    play.cosign();
    play.open_first();
    play.line
}

#[test]
fn the_worked_example_of_a_bundle_is_what_the_code_makes() {
    let line = example();
    let archive = line.pack(0, line.files(0));
    let (a, b) = (line.bundle(0), line.bundle(1));
    let manifest = String::from_utf8(a.manifest.encode()).unwrap();
    let policy = line.policy_text("quorum either");
    let evidence = Evidence::judge(&[&a, &b], &line.policy("quorum either")).unwrap();
    let report = evidence.dispute("A-0001").unwrap().to_string();
    let page: Vec<&str> = report
        .lines()
        .take_while(|line| !line.starts_with("----"))
        .collect();
    let parts = [
        (
            "`manifest.json` of Avelia's bundle",
            manifest.trim_end().to_owned(),
        ),
        ("SHA-256 of the archive", Hash::of(&archive).to_string()),
        ("The auditor's policy", policy.trim_end().to_owned()),
        (
            "What `dispute … --message A-0001` prints above its proofs",
            page.join("\n").trim_end().to_owned(),
        ),
    ];
    let made: String = parts
        .iter()
        .map(|(title, text)| format!("\n**{title}**\n\n```text\n{text}\n```\n"))
        .collect();
    let (head, rest) = FORMAT.split_once(BEGIN).unwrap();
    let (section, tail) = rest.split_once(END).unwrap();
    let written = format!("\n{made}\n");
    if section != written && std::env::var_os("HOTLINE_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/FORMAT.md");
        fs::write(path, format!("{head}{BEGIN}{written}{END}{tail}")).unwrap();
        return;
    }
    assert_eq!(section, written, "HOTLINE_BLESS=1 writes it");
}

/// Both bundles and the policy as files.
fn written(dir: &Path, line: &Line) -> [PathBuf; 3] {
    let paths = ["a.bundle", "b.bundle", "policy"].map(|name| dir.join(name));
    let files = [
        line.pack(0, line.files(0)),
        line.pack(1, line.files(1)),
        line.policy_text("quorum either").into_bytes(),
    ];
    for (path, bytes) in paths.iter().zip(files) {
        fs::write(path, bytes).unwrap();
    }
    paths
}

fn audit(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hotline-audit"))
        .args(words)
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn the_small_program_says_its_verdict_in_the_first_line_and_by_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let line = play(SHORT);
    let [a, b, policy] = written(dir.path(), &line).map(|path| path.display().to_string());
    let verified = audit(&["verify", &a, "--policy", &policy]);
    assert_eq!(
        code(&verified),
        0,
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
    assert!(verified.stdout.starts_with(b"MATCH: "));
    let compared = audit(&["compare", &a, &b, "--policy", &policy, "--json"]);
    assert_eq!(code(&compared), 0);
    let json: serde_json::Value = serde_json::from_slice(&compared.stdout).unwrap();
    assert_eq!(json["verdict"], "MATCH");
    let disputed = audit(&[
        "dispute",
        &a,
        &b,
        "--policy",
        &policy,
        "--message",
        "A-0001",
        "--json",
    ]);
    assert_eq!(code(&disputed), 0);
    let json: serde_json::Value = serde_json::from_slice(&disputed.stdout).unwrap();
    assert_eq!(json["life"]["acknowledged_then_insufficient"], true);
    let unknown = audit(&["dispute", &a, &b, "--policy", &policy, "--message", "A-0099"]);
    assert_eq!(code(&unknown), 4);
    assert!(unknown.stdout.starts_with(b"CANNOT_TELL(NOT_FOUND)"));
    assert_eq!(code(&audit(&["show", &a])), 0);
}

#[test]
fn each_verdict_has_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let mut line = play(SHORT);
    let [a, _, policy] = written(dir.path(), &line).map(|path| path.display().to_string());
    // Borenia cuts its relay's log and signs it anew.
    line.held[1].relay.truncate(8);
    line.held[1].notes.clear();
    line.held[1].proofs.clear();
    let cut = dir.path().join("cut.bundle");
    fs::write(&cut, line.pack(1, line.files(1))).unwrap();
    let output = audit(&["compare", &a, &cut.display().to_string(), "--policy", &policy]);
    assert_eq!(code(&output), 12, "{}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("TRUNCATED: log exercise.borenia.example/relay/south"),
        "{text}"
    );
    assert!(text.contains("---- 2 proofs, verbatim ----"), "{text}");
}

#[test]
fn what_is_wrong_with_the_words_or_the_files_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let line = play(SHORT);
    let [a, b, policy] = written(dir.path(), &line).map(|path| path.display().to_string());
    let nowhere = dir.path().join("nowhere").display().to_string();
    for words in [
        &["verify", &a][..],
        &["compare", &a, "--policy", &policy],
        &["dispute", &a, &b, "--policy", &policy],
        &["compare", &a, &a, "--policy", &policy],
        &["verify", &a, "--policy", &policy, "--trust", &policy],
    ] {
        assert_eq!(code(&audit(words)), 2, "{words:?}");
    }
    assert_eq!(code(&audit(&["verify", &nowhere, "--policy", &policy])), 3);
    assert_eq!(code(&audit(&["verify", &a, "--policy", &nowhere])), 3);
    assert_eq!(code(&audit(&["verify", &policy, "--policy", &policy])), 3);
    let mut bytes = fs::read(&a).unwrap();
    bytes.extend_from_slice(&[0; 512]);
    let longer = dir.path().join("longer").display().to_string();
    fs::write(&longer, bytes).unwrap();
    let refused = audit(&["verify", &longer, "--policy", &policy, "--json"]);
    assert_eq!(code(&refused), 8);
    let json: serde_json::Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(json["verdict"], "FAILED(NOT_CANONICAL)");
}
