//! Words kept: what both sides count from an exercise's logs, put their names to, and an outsider checks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_audit::{TrustPolicy, report::SignedReport};
use hotline_tests::{
    headless,
    verb::{Said, typed, word},
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

async fn hotline(words: &[&str]) -> Said {
    typed(Path::new(PROGRAM), words, b"").await
}

/// The settings of both sides' desks of a played exercise.
fn desks(out: &Path) -> [String; 2] {
    let mut found = Vec::new();
    let mut folders = vec![out.join("stage")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "desk.toml") {
                found.push(word(&path));
            }
        }
    }
    found.sort();
    found
        .try_into()
        .unwrap_or_else(|found| panic!("two desks: {found:?}"))
}

/// What the small program would say of a report, by the trust in the evidence.
fn judged(file: &Path, out: &Path) -> (bool, Vec<&'static str>) {
    let trust = TrustPolicy::load_folder(&out.join("evidence/trust")).unwrap();
    let verdict = SignedReport::parse(&fs::read(file).unwrap())
        .unwrap()
        .judge(trust.rosters());
    (
        verdict.valid,
        verdict.faults.iter().map(|fault| fault.rule).collect(),
    )
}

async fn report(kind: &str, from: &Path, file: &Path) -> Value {
    let words = [
        "report",
        kind,
        "--from",
        &word(from),
        "--out",
        &word(file),
        "--json",
    ];
    hotline(&words).await.ended(0).object()["report"].clone()
}

#[tokio::test]
async fn both_sides_count_the_same_words_sign_them_and_an_outsider_says_valid() {
    let folder = tempfile::tempdir().unwrap();
    let out: PathBuf = folder.path().join("S1");
    let run = headless::run(PROGRAM, "S1", &out, &[]).await.ended(0);
    assert!(!run.text().is_empty());
    let place = |name: &str| folder.path().join(name);

    // The same evidence gives the same bytes, whoever counts.
    let said = report("trust", &out, &place("trust")).await;
    assert_eq!(
        report("trust", &out.join("evidence"), &place("again")).await,
        said
    );
    assert_eq!(
        fs::read(place("trust")).unwrap(),
        fs::read(place("again")).unwrap()
    );
    let borenia = &said["sides"]["exercise.borenia.example"];
    assert_eq!(
        borenia["expect_by"]["kept"], 1,
        "B held m1 and answered it: {said}"
    );
    assert_eq!(borenia["suspensions"]["ordered"], 0, "{said}");

    // Each side counts again, and then signs.
    let [avelia, borenia] = desks(&out);
    let file = word(&place("trust"));
    let sign = |config: String, name: &'static str, file: String, from: String| async move {
        hotline(&[
            "report", "sign", &file, "--config", &config, "--as", name, "--from", &from,
        ])
        .await
    };
    let signed = sign(avelia.clone(), "lindqvist", file.clone(), word(&out))
        .await
        .ended(0)
        .all();
    assert!(
        signed.contains("signed for exercise.avelia.example") && signed.contains("have it signed there too"),
        "{signed}"
    );
    assert_eq!(judged(&place("trust"), &out), (false, vec!["NOT_SIGNED"]));
    let drafter = sign(avelia.clone(), "okoye", file.clone(), word(&out))
        .await
        .ended(4)
        .all();
    assert!(
        drafter.contains("WRONG_ROLE") && drafter.contains("nothing was signed"),
        "{drafter}"
    );
    let twice = sign(avelia.clone(), "lindqvist", file.clone(), word(&out))
        .await
        .ended(4)
        .all();
    assert!(twice.contains("TWICE"), "{twice}");
    let signed = sign(borenia.clone(), "novak", file.clone(), word(&out))
        .await
        .ended(0)
        .all();
    assert!(signed.contains("says VALID"), "{signed}");
    assert_eq!(judged(&place("trust"), &out), (true, vec![]));

    // What the logs do not say is not signed.
    let text = fs::read_to_string(place("again")).unwrap();
    fs::write(place("other"), text.replacen("\"kept\":1", "\"kept\":2", 1)).unwrap();
    let refused = sign(avelia.clone(), "lindqvist", word(&place("other")), word(&out))
        .await
        .ended(8)
        .all();
    assert!(refused.contains("HL-REPORT-004"), "{refused}");

    // What others may be shown holds counts and no content.
    let public = report("public", &out, &place("public")).await;
    assert_eq!(public["label"], "OPEN", "{public}");
    assert_eq!(
        public["sides"]["exercise.avelia.example"]["messages"]["ROUTINE"], 40,
        "{public}"
    );
    assert_eq!(public["suspensions"], Value::Array(Vec::new()));
    let shown = fs::read_to_string(place("public")).unwrap();
    assert!(
        !shown.contains("KESTREL") && !shown.contains("Seku") && !shown.contains("MINISTER"),
        "{shown}"
    );

    // Of logs that were altered nothing is counted.
    let log = out.join("evidence/logs/desk-A/checkpoint");
    let note = fs::read_to_string(&log).unwrap();
    fs::write(&log, note.replacen('\n', "\n1", 1)).unwrap();
    let words = [
        "report",
        "trust",
        "--from",
        &word(&out),
        "--out",
        &word(&place("none")),
    ];
    let refused = hotline(&words).await.ended(3).all();
    assert!(
        refused.contains("HL-EX-181") && !place("none").exists(),
        "{refused}"
    );
    let [a, b] = ["desk-A", "desk-B"].map(|name| word(&out.join("evidence/logs").join(name)));
    let trust = word(&out.join("evidence/trust"));
    let words = [
        "report",
        "trust",
        "--log",
        &a,
        "--log",
        &b,
        "--trust",
        &trust,
        "--out",
        &word(&place("none")),
    ];
    let refused = hotline(&words).await.ended(8).all();
    assert!(
        refused.contains("HL-REPORT-003") && !place("none").exists(),
        "{refused}"
    );
}
