//! S15: a line that slept for months is put in order and opened. What must be so is so, and what people leave out makes it fail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path};

use hotline_tests::{
    headless::{self, not_met},
    verb::{typed, word},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
const S15: &str = include_str!("../../exercise/scenarios/S15.toml");

/// Plays S15 with one place changed, and says the ids of what was not met, and what became of every inject.
async fn planted(from: &str, to: &str) -> (Vec<String>, String) {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("planted");
    let missed = not_met(&headless::planted(PROGRAM, S15, (from, to), &[], &out).await);
    (missed, fs::read_to_string(out.join("timeline.csv")).unwrap())
}

fn has(missed: &[String], id: &str) -> bool {
    missed.iter().any(|missed| missed == id)
}

#[tokio::test(flavor = "current_thread")]
async fn a_line_that_slept_for_months_is_put_in_order_and_opened_and_every_expectation_is_met() {
    headless::met_whole(PROGRAM, "S15").await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_codebook_that_one_side_does_not_agree_to_makes_s15_fail() {
    let agrees = "verb = \"agree-codebook\"\nside = \"B\"\nby = [\"novak\"]";
    let only_looks = "verb = \"inspect\"\nside = \"B\"\nby = [\"novak\"]";
    let (missed, timeline) = planted(agrees, only_looks).await;
    for named in ["E4", "E5", "E11", "E12", "E13"] {
        assert!(
            has(&missed, named),
            "the sides hold different codebooks: {named}: {missed:?}"
        );
    }
    for met in ["E1", "E2", "E3", "E6"] {
        assert!(!has(&missed, met), "{met}: {missed:?}");
    }
    let refused = timeline.lines().find(|line| line.contains("3.1.1 FAILED"));
    assert!(
        refused.is_some_and(|line| line.contains("HL-PKI-007") && line.contains("codebook is")),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_officer_who_has_left_and_is_not_revoked_makes_s15_fail() {
    let revoked = "verb = \"retire\"\nside = \"A\"\nby = [\"tanaka\", \"okoye\"]\nidentity = \"lindqvist\"";
    let only_looks = "verb = \"inspect\"\nside = \"A\"\nby = [\"okoye\"]";
    let (missed, timeline) = planted(revoked, only_looks).await;
    assert_eq!(
        missed,
        ["E8"],
        "the old hand is believed, and everything else is in order"
    );
    let sent = timeline.lines().find(|line| line.contains("An old hand writes."));
    assert!(sent.is_some_and(|line| line.contains("RELEASED")), "{sent:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn what_people_had_put_in_order_is_in_no_record_so_s15_is_not_gone_on_with() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("S15");
    let words = headless::words("S15", &out);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut run = tokio::process::Command::new(PROGRAM)
        .args(words)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let begun =
        hotline_tests::wait::eventually("everything is made", hotline_tests::wait::PATIENCE, async || {
            out.join("stage/run.json").exists().then_some(())
        });
    begun.await;
    run.start_kill().unwrap();
    run.wait().await.unwrap();
    let again = ["exercise", "resume", &word(&out)];
    let said = typed(Path::new(PROGRAM), &again, b"").await.ended(3);
    assert!(
        said.all().contains("begins with a line that sleeps"),
        "{}",
        said.all()
    );
}
