//! The exercises S14 and S6, the first lesson and the historic one: each played as it should go, and with one thing planted
//! that must make it fail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path, process::Stdio};

use hotline_tests::{
    headless::{self, not_met_of_those_asked as not_met},
    verb::{Said, typed, word},
    wait::{PATIENCE, eventually},
};
use serde_json::Value;
use tokio::time::Instant;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
const S14: &str = include_str!("../../exercise/scenarios/S14.toml");
const S1: &str = include_str!("../../exercise/scenarios/S1.toml");
const S6: &str = include_str!("../../exercise/scenarios/S6.toml");
const L1: &str = include_str!("../../exercise/scenarios/L1.toml");
const H1967: &str = include_str!("../../exercise/scenarios/H1967.toml");

async fn run(scenario: &str, out: &Path, more: &[&str]) -> Said {
    headless::run(PROGRAM, scenario, out, more).await
}

/// Plays one of those that come with the program; every expectation is met.
async fn met(scenario: &str) {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join(scenario);
    let said = run(scenario, &out, &["--json"]).await.ended(0).object();
    assert_eq!(not_met(&said), Vec::<String>::new(), "{said:#}");
    assert_eq!((&said["score"], &said["of"]), (&100.into(), &100.into()));
    assert!(out.join("report.html").exists());
}

/// Plays a copy with one place changed, and says the ids of what was not met.
async fn planted(text: &str, change: (&str, &str), more: &[&str]) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("planted");
    not_met(&headless::planted(PROGRAM, text, change, more, &out).await)
}

fn has(missed: &[String], ids: &[&str]) {
    for id in ids {
        assert!(missed.contains(&(*id).to_owned()), "{id}: {missed:?}");
    }
}

fn has_not(missed: &[String], ids: &[&str]) {
    for id in ids {
        assert!(!missed.contains(&(*id).to_owned()), "{id}: {missed:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn s14_is_played_headless_and_every_expectation_is_met() {
    met("S14").await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_said_of_a_third_state_and_attributed_to_the_other_side_makes_s14_fail() {
    let wrong = (
        "THIRD(Caldria): Na livirea Caldria.",
        "YOURS: Na livirea Caldria.",
    );
    let missed = planted(S14, wrong, &[]).await;
    has(&missed, &["E8"]);
    has_not(&missed, &["E4", "E11", "E12", "E13"]);
}

#[tokio::test(flavor = "current_thread")]
async fn an_acceptance_in_other_words_than_those_that_were_offered_makes_s14_fail() {
    let other = (
        "with = \"ACCEPT\", same = true",
        "with = \"ACCEPT\", precedence = \"IMMEDIATE\", text = { en = \"Agreed, with 8 NM.\" }",
    );
    let missed = planted(S14, other, &[]).await;
    has(&missed, &["E12"]);
    has_not(&missed, &["E2", "E8", "E11"]);
}

#[tokio::test(flavor = "current_thread")]
async fn s6_tells_a_suspension_from_a_severance_and_from_a_cut() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("S6");
    let _ = run("S6", &out, &[]).await.ended(0);
    for variant in ["restore", "sever", "plug"] {
        let report: Value =
            serde_json::from_slice(&fs::read(out.join(variant).join("report.json")).unwrap()).unwrap();
        let asked = report["expectations"].as_array().unwrap().iter();
        let asked: Vec<&Value> = asked.filter(|told| told["outcome"] != "NOT_ASKED").collect();
        assert!(asked.len() >= 13, "{variant}: its own and the common ones");
        for told in asked {
            assert_eq!(told["outcome"], "MET", "{variant}: {told:#}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_side_that_does_not_agree_to_restore_makes_s6_fail() {
    let agrees = "[ { verb = \"restore\", side = \"A\"";
    let nothing = "[ { verb = \"nothing\" } ]\n# [ { verb = \"restore\", side = \"A\"";
    let missed = planted(S6, (agrees, nothing), &["--variant", "restore"]).await;
    // What is sent again is refused again.
    has(&missed, &["E5", "E16", "E17", "E18", "E40", "E43", "E44", "E45"]);
    has_not(&missed, &["E6", "E11", "E15", "E41", "C7"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_topic_that_one_side_alone_restores_makes_s6_fail() {
    let both = ", { verb = \"restore\", side = \"A\", by = [\"lindqvist\"], channel = \"POLICY\", reason = \"agreed\" } ]";
    let missed = planted(S6, (both, " ]"), &["--variant", "restore"]).await;
    has(&missed, &["E44", "E45"]);
    has_not(&missed, &["E16", "E18", "E43"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_suspension_that_nobody_signs_makes_s6_fail() {
    // POLICY twice: what was to be refused is released.
    let policy = (
        "channel = \"MARITIME\"\nscope = [\"fishing\"",
        "channel = \"POLICY\"\nscope = [\"fishing\"",
    );
    let missed = planted(S6, policy, &["--variant", "restore"]).await;
    has(&missed, &["E1", "E5"]);
    has_not(&missed, &["E2", "E11", "E40", "E41"]);
}

#[tokio::test(flavor = "current_thread")]
async fn the_first_lesson_is_played_headless_and_every_expectation_is_met() {
    met("L1").await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_person_finds_the_role_card_of_the_seat_before_anything_else() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("L1");
    let mut run = tokio::process::Command::new(PROGRAM)
        .args([
            "exercise",
            "run",
            "L1",
            "--headless",
            "--seed",
            "1",
            "--controlled",
            "--person",
            "A",
            "--out",
        ])
        .arg(&out)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let told = out.join("stage/seat-A.txt");
    let lines = eventually("the person is told of the first inject", PATIENCE, async || {
        let text = fs::read_to_string(&told).ok()?;
        text.contains("1.1.1 ORDER").then_some(text)
    })
    .await;
    run.start_kill().unwrap();
    run.wait().await.unwrap();
    let first = lines.lines().next().unwrap();
    assert!(first.starts_with("ROLE CARD: Send one message"), "{lines}");
    assert!(
        !lines.contains("acknowledge it in your own name"),
        "not the other seat's: {lines}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_crew_that_acknowledges_nothing_makes_the_first_lesson_fail() {
    let ack = (
        "{ verb = \"display\" }, { verb = \"ack\", by = [\"rossi\"] }",
        "{ verb = \"display\" }",
    );
    let missed = planted(L1, ack, &[]).await;
    has(&missed, &["E6", "E7"]);
    has_not(&missed, &["E4", "E11", "E12"]);
}

#[tokio::test(flavor = "current_thread")]
async fn the_historic_lesson_is_played_headless_and_lays_1967_beside_it() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("H1967");
    let said = run("H1967", &out, &["--json"]).await.ended(0).object();
    assert_eq!(not_met(&said), Vec::<String>::new(), "{said:#}");
    let report: Value = serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap();
    let ladders = report.to_string();
    for step in ["SENT_TO_PRINCIPAL", "SENT_TO_CERTIFIED", "RECEIVED_TO_SIGHT"] {
        assert!(ladders.contains(step), "{step}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_that_lies_too_long_before_it_is_put_before_the_principal_makes_the_historic_lesson_fail() {
    let slow = (
        "id = \"a-presents-h1\"\nwhen = { rung = \"ACKNOWLEDGED\", of = \"h1\", at = \"A\" }\nwait = \"4m story\"",
        "id = \"a-presents-h1\"\nwhen = { rung = \"ACKNOWLEDGED\", of = \"h1\", at = \"A\" }\nwait = \"40m story\"",
    );
    let missed = planted(H1967, slow, &[]).await;
    has(&missed, &["E3", "E4"]);
    has_not(&missed, &["E1", "E2", "E7", "E8"]);
}

/// A FLASH of one officer, where the scenario lets one release: both desks take it, and the report says that it was so.
#[tokio::test(flavor = "current_thread")]
async fn one_officer_releases_a_flash_where_the_scenario_says_so_and_the_report_says_it() {
    let place = tempfile::tempdir().unwrap();
    let two = "by = [\"haddad\", \"lindqvist\"]";
    let text = S1.replacen("release = \"two\"", "release = \"one\"", 1);
    let text = text.replacen(two, "by = [\"lindqvist\"]", 1);
    assert!(
        text.contains("release = \"one\"") && !text.contains(two),
        "{text}"
    );
    let file = place.path().join("one.toml");
    fs::write(&file, text).unwrap();
    let out = place.path().join("out");
    let said = run(file.to_str().unwrap(), &out, &["--json"])
        .await
        .ended(0)
        .object();
    assert_eq!(not_met(&said), Vec::<String>::new(), "{said:#}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("One officer released OVERRIDE and FLASH"),
        "the report says it"
    );
}

/// The lesson of ten minutes, played back: whole, from a moment on, on the story's clock; and what is no exercise, no part
/// of one, or altered.
#[tokio::test(flavor = "current_thread")]
async fn a_finished_exercise_is_played_back_and_what_is_none_or_was_altered_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("L1");
    let _ = run("L1", &out, &[]).await.ended(0);
    let dir = word(&out);
    let replay = async |more: &[&str]| {
        let words: Vec<&str> = ["exercise", "replay"].iter().chain(more).copied().collect();
        typed(Path::new(PROGRAM), &words, b"").await
    };
    let all = replay(&[&dir, "--json"]).await.ended(0).objects();
    let story = |line: &Value| line["story_ms"].as_u64().unwrap();
    assert!(all.len() > 20 && all.iter().map(story).is_sorted(), "{all:#?}");
    assert_eq!(all[0]["kind"], "STARTEX");
    assert!(all.iter().any(|line| line["kind"] == "ENDEX"), "{all:#?}");
    let begun = Instant::now();
    let part = ["--from", "4m", "--until", "5m", "--speed", "60"];
    let part = replay(&[&[dir.as_str(), "--json"], &part[..]].concat())
        .await
        .ended(0)
        .objects();
    assert_eq!(part[0]["state"], "RUNNING", "how it stood comes first");
    let lines: Vec<&Value> = part[1..].iter().collect();
    assert!(
        lines
            .iter()
            .all(|line| (240_000..=300_000).contains(&story(line)))
    );
    let last = lines.last().map_or(240_000, |line| story(line));
    assert!(begun.elapsed().as_millis() >= u128::from((last - 240_000) / 60));
    let backwards = replay(&[&dir, "--from", "5m", "--until", "4m"]).await.ended(2);
    assert!(backwards.err.contains("HL-EX-182"), "{}", backwards.err);
    let none = replay(&[&word(place.path())]).await.ended(3);
    assert!(
        none.err.contains("HL-EX-174") && none.err.contains("L1"),
        "{}",
        none.err
    );
    let scenario = out.join("evidence/scenario.toml");
    let text = fs::read_to_string(&scenario).unwrap();
    fs::write(&scenario, text.replacen("10m story", "11m story", 1)).unwrap();
    let altered = replay(&[&dir]).await.ended(3);
    assert!(
        altered.err.contains("HL-EX-181") && altered.err.contains("scenario.toml"),
        "{}",
        altered.err
    );
    fs::remove_dir_all(out.join("evidence")).unwrap();
    let running = replay(&[&dir]).await.ended(2);
    assert!(
        running.err.contains("HL-EX-153") && running.err.contains("resume"),
        "{}",
        running.err
    );
}
