//! An exercise whose control is ended in the middle of it goes on where it stood.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use hotline_tests::{
    headless,
    verb::{Said, typed, word},
    wait::{PATIENCE, eventually},
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
/// How long a killed control's processes may take to end. Ten times what a loaded machine takes.
const DIE_WITHIN: Duration = Duration::from_secs(10);

/// Starts S1 in a folder.
fn begun(out: &Path) -> Child {
    Command::new(PROGRAM)
        .args(headless::words("S1", out))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn resumed(out: &Path) -> Said {
    typed(
        Path::new(PROGRAM),
        &["exercise", "resume", &word(out), "--json"],
        b"",
    )
    .await
}

/// Waits until a seat's player has written that much into its journal.
async fn journal_says(out: &Path, domain: &str, seat: &str, words: &str) {
    let file = out
        .join("stage")
        .join(domain)
        .join("desk")
        .join(seat.to_lowercase())
        .join(format!("player-{seat}.journal"));
    let says = async || {
        let text = fs::read_to_string(&file).ok()?;
        text.contains(words).then_some(())
    };
    eventually("the journal says so", 3 * PATIENCE, says).await;
}

fn report(out: &Path) -> Value {
    serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn an_exercise_whose_control_is_killed_goes_on_at_its_clock_with_nothing_lost_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("S1");
    let mut control = begun(&out);
    // B's watch has acknowledged: half of the rules were played, and the other half was not.
    journal_says(&out, "exercise.borenia.example", "B", "\"done\"").await;
    control.kill().unwrap();
    control.wait().unwrap();
    tokio::time::sleep(DIE_WITHIN / 5).await;
    let said = resumed(&out).await.ended(0).object();
    let met = said["expectations"].as_array().unwrap();
    assert!(
        met.iter().all(|expectation| expectation["met"] == "MET"),
        "{said}"
    );
    let report = report(&out);
    let turns: Vec<&str> = report["integrity"]["turns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| turn["turn"].as_str().unwrap())
        .collect();
    assert_eq!(turns, ["STARTEX", "CRASH", "RESUMED", "ENDEX"], "{turns:?}");
    // What the story showed at the crash it showed when control went on.
    let story = |turn: &str| {
        let turns = report["integrity"]["turns"].as_array().unwrap();
        let found = turns.iter().find(|found| found["turn"] == turn).unwrap();
        found["at"]["story_ms"].as_u64().unwrap()
    };
    assert_eq!(story("CRASH"), story("RESUMED"));
}

#[tokio::test]
async fn what_has_ended_or_never_was_is_not_gone_on_with() {
    let place = tempfile::tempdir().unwrap();
    let nothing = resumed(&place.path().join("nothing")).await.ended(3);
    assert!(nothing.all().contains("HL-EX-153"), "{nothing:?}");
    let out = place.path().join("S1");
    let ended = begun(&out).wait().unwrap();
    assert!(ended.success());
    let again = resumed(&out).await.ended(2);
    assert!(again.all().contains("this exercise has ended"), "{again:?}");
    // The evidence was not whole when the machine stopped: it is gathered from what lies there.
    fs::remove_file(out.join("evidence/manifest.json")).unwrap();
    for file in ["report.html", "report.json", "timeline.csv"] {
        fs::remove_file(out.join(file)).unwrap();
    }
    let _ = resumed(&out).await.ended(0);
    assert!(out.join("evidence/manifest.json").exists());
}

#[tokio::test]
async fn two_cannot_go_on_with_one_exercise() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("S1");
    let mut control = begun(&out);
    journal_says(&out, "exercise.borenia.example", "B", "\"due\"").await;
    let second = resumed(&out).await.ended(1);
    assert!(second.all().contains("HL-EX-152"), "{second:?}");
    // And the first one notices nothing of it.
    assert!(control.wait().unwrap().success());
}
