//! What two sides hand in after a real line, from outside: the same bytes each time, and judged by a third party.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::PathBuf;

use hotline_audit::bundle::Bundle;
use hotline_audit::evidence::{Evidence, Ruling};
use hotline_audit::policy::Policy;
use hotline_core::words::Rung;
use hotline_tests::{AVELIA, BORENIA, Line, traffic::Sender, verb::word};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// A side's bundle in a file beside its folder.
async fn bundled(line: &Line, side: usize, name: &str, more: &[&str]) -> PathBuf {
    let out = line.stage.dir.join(name);
    let (from, file) = (word(&line.stage.sides[side].folder), word(&out));
    let words = [
        &["log", "bundle", "--from", &from, "--out", &file, "--json"][..],
        more,
    ]
    .concat();
    let object = line.run(&words).await.ended(0).object();
    assert_eq!(object["passed"], true, "{object:#}");
    out
}

#[tokio::test(flavor = "current_thread")]
async fn what_both_sides_hand_in_is_the_same_each_time_and_tells_one_story_of_a_message() {
    let mut line = Line::open(PROGRAM).await;
    let mut sender = Sender::at(&line, AVELIA).await;
    let sent = sender.send("To be disputed.").await.sha256;
    line.until(AVELIA, &sent, Rung::Delivered).await;
    let _ = line.desk(BORENIA, "inbox", &[]).await.ended(0);
    let _ = line.desk(BORENIA, "ack", &["A-0001"]).await.ended(0);
    line.until(AVELIA, &sent, Rung::Acknowledged).await;
    line.nothing_owed().await;
    // While everything runs, and when it rests.
    let _ = bundled(&line, AVELIA, "running.bundle", &[]).await;
    line.close().await;
    let a = bundled(&line, AVELIA, "a.bundle", &["--open", "A-0001"]).await;
    let again = bundled(&line, AVELIA, "again.bundle", &["--open", "A-0001"]).await;
    assert_eq!(fs::read(&a).unwrap(), fs::read(&again).unwrap());
    let b = bundled(&line, BORENIA, "b.bundle", &[]).await;
    let trust = word(&line.stage.trust(AVELIA));
    let policy = line.run(&["log", "policy", "--trust", &trust, "--json"]).await;
    let policy = policy.ended(0).object()["policy"].as_str().unwrap().to_owned();
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let (a, b) = (Bundle::open(&a).unwrap(), Bundle::open(&b).unwrap());
    for bundle in [&a, &b] {
        let report = Evidence::judge(&[bundle], &policy).unwrap().verify();
        assert_eq!(report.verdict, Ruling::Match, "{report}");
    }
    let evidence = Evidence::judge(&[&a, &b], &policy).unwrap();
    assert!(evidence.findings().is_empty(), "{}", evidence.compare());
    let report = evidence.dispute("A-0001").unwrap();
    assert_eq!(report.verdict, Ruling::Match, "{report}");
    assert_eq!(report.life.text.as_deref(), Some("To be disputed."));
    for rung in ["RELEASED", "ACCEPTED", "DELIVERED", "ACKNOWLEDGED"] {
        assert!(
            report.life.facts.iter().any(|fact| fact.rung == rung),
            "{rung}: {report}"
        );
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_bundle_replaces_nothing_and_never_mixes_two_sides() {
    let mut line = Line::open(PROGRAM).await;
    let sent = Sender::at(&line, AVELIA).await.send("Once.").await.sha256;
    line.until(AVELIA, &sent, Rung::Delivered).await;
    line.close().await;
    let a = bundled(&line, AVELIA, "a.bundle", &[]).await;
    let (from, out) = (word(&line.stage.sides[AVELIA].folder), word(&a));
    let _ = line
        .run(&["log", "bundle", "--from", &from, "--out", &out])
        .await
        .ended(2);
    let (both, new) = (word(&line.stage.dir), word(&line.stage.dir.join("both.bundle")));
    let _ = line
        .run(&["log", "bundle", "--from", &both, "--out", &new])
        .await
        .ended(2);
    assert!(!line.stage.dir.join("both.bundle").exists());
}
