//! S8: one side denies a notice. What both hand in decides, offline and by name; and a play in which something else was
//! planted than is expected fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path};

use hotline_audit::{Policy, bundle::Bundle, evidence::Evidence};
use hotline_tests::{
    headless::{self, not_met_of_those_asked},
    verb::{Said, typed, word},
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
const S8: &str = include_str!("../../exercise/scenarios/S8.toml");

async fn hotline(words: &[&str]) -> Said {
    typed(Path::new(PROGRAM), words, b"").await
}

/// Plays a variant headless, which must be met whole, and gives back what the auditor says, with its exit code and page.
async fn ruled(variant: &str, code: i32) -> (Value, String, tempfile::TempDir) {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join(variant);
    headless::met_whole_with(PROGRAM, "S8", &["--variant", variant], &out).await;
    let said = hotline(&["exercise", "ruling", "--from", &word(&out), "--json"]).await;
    let object = said.ended(code).object();
    let page = fs::read_to_string(out.join("ruling.txt")).unwrap();
    let again = out.with_extension("again").join("ruling.txt");
    assert_eq!(
        page,
        fs::read_to_string(again).unwrap(),
        "it is made again from the evidence"
    );
    assert!(page.split_whitespace().count() <= 450, "{page}");
    same_of_the_files(&out, &object);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("id=\"dispute\""), "the report begins with it");
    (object, page, place)
}

/// The bundles and the policy beside the page say what the page says, to whoever has only them.
fn same_of_the_files(out: &Path, ruling: &Value) {
    let folder = out.join("dispute");
    let [a, b] = ["A.bundle", "B.bundle"].map(|name| Bundle::open(&folder.join(name)).unwrap());
    let policy = Policy::parse(&fs::read(folder.join("policy")).unwrap()).unwrap();
    let evidence = Evidence::judge(&[&a, &b], &policy).unwrap();
    let report = evidence.dispute(ruling["message"].as_str().unwrap()).unwrap();
    assert_eq!(report.life.sha256.to_string(), ruling["sha256"], "{report}");
    assert_eq!(report.verdict.to_string(), ruling["spoken"], "{report}");
    assert_eq!(report.exit_code, ruling["exit"], "{report}");
    assert_eq!(report.of_message.word(), ruling["of_message"], "{report}");
}

/// Two logs as they were handed in, laid beside each other by the verb that everybody has.
async fn compared(place: &tempfile::TempDir, variant: &str, log: &str, code: i32) -> Value {
    let evidence = place.path().join(variant).join("evidence");
    let copy = |side: &str| word(&evidence.join("handed-in").join(side).join(log));
    let trust = word(&evidence.join("trust"));
    let words = [
        "log",
        "compare",
        &copy("A"),
        &copy("B"),
        "--trust",
        &trust,
        "--json",
    ];
    hotline(&words).await.ended(code).object()
}

#[tokio::test(flavor = "current_thread")]
async fn s8_a_a_denial_is_answered_with_the_receipt_of_who_denies() {
    let (ruling, page, place) = ruled("a", 11).await;
    assert_eq!(ruling["verdict"], "RECEIPT_PROVES_DELIVERY");
    assert_eq!(ruling["against"], Value::Null);
    assert_eq!(ruling["insufficient"], true);
    assert!(page.contains("NOT desk-B"), "{page}");
    assert!(page.contains("NOT relay-south"), "{page}");
    let handed_in = place.path().join("a/evidence/handed-in/B");
    assert!(!handed_in.join("desk-B").exists() && !handed_in.join("relay-south").exists());
    assert!(handed_in.join("relay-north").exists(), "B shows its copy of A's");
}

#[tokio::test(flavor = "current_thread")]
async fn s8_b_a_log_that_was_cut_is_truncated() {
    let (ruling, _, place) = ruled("b", 12).await;
    assert_eq!(
        (&ruling["verdict"], &ruling["against"]),
        (&"TRUNCATED".into(), &"B".into())
    );
    assert_eq!(ruling["of_message"], "RECEIPT_PROVES_DELIVERY");
    let compared = compared(&place, "b", "relay-south", 8).await;
    assert_eq!(compared["verdict"], "TRUNCATED", "{compared:#}");
}

#[tokio::test(flavor = "current_thread")]
async fn s8_c_words_that_were_changed_are_altered_at_their_entry() {
    let (ruling, _, place) = ruled("c", 13).await;
    assert_eq!(
        (&ruling["verdict"], &ruling["against"]),
        (&"ALTERED".into(), &"A".into())
    );
    let index = ruling["findings"][0]["index"].as_u64().unwrap();
    let evidence = place.path().join("c/evidence");
    let (log, trust) = (
        word(&evidence.join("handed-in/A/desk-A")),
        word(&evidence.join("trust")),
    );
    let said = hotline(&["log", "verify", &log, "--trust", &trust, "--json"])
        .await
        .ended(8)
        .object();
    assert_eq!(said["first_bad_index"], index, "{said:#}");
}

#[tokio::test(flavor = "current_thread")]
async fn s8_d_two_histories_are_a_fork() {
    let (ruling, _, place) = ruled("d", 14).await;
    assert_eq!(
        (&ruling["verdict"], &ruling["against"]),
        (&"FORK".into(), &"B".into())
    );
    let compared = compared(&place, "d", "relay-south", 8).await;
    assert_eq!(compared["verdict"], "FORK", "{compared:#}");
}

#[tokio::test(flavor = "current_thread")]
async fn s8_e_of_a_notice_that_never_left_nothing_proves_that_it_came() {
    let (ruling, _, _place) = ruled("e", 10).await;
    assert_eq!(ruling["verdict"], "SENT_NO_RECEIPT");
    assert_eq!(ruling["insufficient"], false);
}

/// Plays a variant in a simulated world, with one place changed; what was asked in it and not met.
async fn simulated(variant: &str, from: &str, to: &str, code: i32) -> Vec<String> {
    assert!(S8.contains(from), "{from}");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("S8.toml");
    fs::write(&file, S8.replacen(from, to, 1)).unwrap();
    let words = [
        "exercise",
        "run",
        &word(&file),
        "--simulated",
        "--seed",
        "1",
        "--variant",
        variant,
        "--json",
    ];
    not_met_of_those_asked(&hotline(&words).await.ended(code).object())
}

#[tokio::test(flavor = "current_thread")]
async fn s8_is_met_in_a_simulated_world_and_fails_where_something_else_was_planted() {
    for variant in ["a", "b", "c", "d", "e"] {
        assert_eq!(
            simulated(variant, "S8", "S8", 0).await,
            Vec::<String>::new(),
            "{variant}"
        );
    }
    // B hands in everything, and the notice with it.
    assert_eq!(
        simulated("a", "only = [\"a\", \"b\", \"d\"]", "only = [\"b\", \"d\"]", 10).await,
        ["E4"]
    );
    assert_eq!(
        simulated("b", "how = \"truncate\"", "how = \"second-history\"", 10).await,
        ["E5"]
    );
    assert_eq!(
        simulated("c", "how = \"alter\"", "how = \"truncate\"", 10).await,
        ["E6"]
    );
    assert_eq!(
        simulated("d", "how = \"second-history\"", "how = \"withhold\"", 10).await,
        ["E7"]
    );
}

#[tokio::test(flavor = "current_thread")]
async fn where_nothing_is_disputed_there_is_no_ruling() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("L1");
    drop(headless::run(PROGRAM, "L1", &out, &["--json"]).await.ended(0));
    let said = hotline(&["exercise", "ruling", "--from", &word(&out)])
        .await
        .ended(3);
    assert!(said.err.contains("HL-EX-183"), "{}", said.err);
    assert!(!out.join("ruling.txt").exists());
}
