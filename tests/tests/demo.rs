//! What a newcomer runs first: the demo, the play and the tour, as processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_tests::{
    verb::{typed, word},
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

fn program() -> PathBuf {
    PathBuf::from(PROGRAM)
}

/// Processes of this system whose command line names the folder.
fn processes_about(folder: &Path) -> Vec<String> {
    let folder = word(folder);
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&folder))
        .collect()
}

async fn nothing_is_left(folder: &Path) {
    eventually("no process is left", PATIENCE, async || {
        let left = processes_about(folder);
        left.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn the_demo_passes_and_its_last_line_says_what_was_measured() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("kept");
    let said = typed(&program(), &["demo", "--json", "--keep", &word(&folder)], b"")
        .await
        .ended(0);
    let summary = said.object();
    assert_eq!(summary["passed"], true, "{summary:#}");
    assert_eq!(
        (&summary["lost"], &summary["shown_twice"]),
        (&0.into(), &0.into()),
        "{summary:#}"
    );
    let checks = summary["checks"].as_array().unwrap();
    assert!(checks.len() >= 10, "{summary:#}");
    for check in checks {
        assert!(
            check["name"].is_string() && check["detail"].is_string(),
            "{check:#}"
        );
        assert_eq!(check["passed"], true, "{check:#}");
    }
    let gap = summary["gap_ms"].as_f64().unwrap();
    assert!(gap > 0.0 && gap < 10_000.0, "{gap}");
    for rung in [
        "RELEASED",
        "ACCEPTED",
        "DELIVERED",
        "ALERTED",
        "DISPLAYED",
        "ACKNOWLEDGED",
        "ANSWERED",
    ] {
        assert!(
            summary["ladder_ms"][rung].is_u64(),
            "{rung} is missing in {summary:#}"
        );
    }
    nothing_is_left(&folder).await;

    // What was kept can be looked into by the verbs, as the demo says.
    let trust = word(&folder.join("avelia/exercise.avelia.example/trust"));
    for ledger in [
        "avelia/exercise.avelia.example/relay/north/relay.ledger",
        "borenia/exercise.borenia.example/desk/ops/desk.ledger",
    ] {
        let ledger = word(&folder.join(ledger));
        let said = typed(
            &program(),
            &["log", "verify", &ledger, "--trust", &trust, "--json"],
            b"",
        )
        .await
        .ended(0);
        assert_eq!(said.object()["passed"], true);
    }
    // A filled folder is never written over.
    let said = typed(&program(), &["demo", "--keep", &word(&folder)], b"")
        .await
        .ended(2);
    assert!(said.err.contains("not empty"), "{}", said.err);
}

#[tokio::test(flavor = "current_thread")]
async fn the_play_ends_on_quit_and_leaves_no_process_behind() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("kept");
    let words = ["demo", "--play", "--keep", &word(&folder)];
    let input = b"status\ncut north\nstatus\npause south\nheal south\nheal north\ncut west\nquit\n";
    let said = typed(&program(), &words, input).await.ended(0);
    for expected in [
        "relay north (Avelia) runs",
        "relay north is dead",
        "relay north (Avelia) is dead",
        "relay south stands still",
        "relay south goes on",
        "relay north runs again",
        "relay north: ",
    ] {
        assert!(
            said.text().contains(expected),
            "{expected:?} is missing in:\n{}",
            said.text()
        );
    }
    assert!(said.err.contains("there is no relay west"), "{}", said.err);
    nothing_is_left(&folder).await;
}

#[tokio::test(flavor = "current_thread")]
async fn the_tour_in_the_example_is_what_the_program_prints() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../certs-example/TOUR.md");
    let written = fs::read_to_string(&page).unwrap();
    let said = typed(&program(), &["pki", "tour"], b"").await.ended(0);
    assert!(
        said.text() == written,
        "make it anew: hotline pki tour > certs-example/TOUR.md"
    );
    let place = tempfile::tempdir().unwrap();
    assert!(hotline_cli::pki::tour::tour(place.path()).unwrap() == written);
}
