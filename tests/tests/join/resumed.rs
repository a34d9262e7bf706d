//! Control's laptop dies in the middle of a live exercise, and `exercise resume` goes on with it.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use hotline_tests::{verb::word, wait::eventually};
use serde_json::Value;
use tempfile::TempDir;

use crate::{ALONE, Hall, STAGE, Talker, talker, verb};

/// S1 with somebody at B and a controller, and everybody's control dead in the middle of it.
struct Broken {
    hall: Hall,
    b: Talker,
    lindqvist: PathBuf,
    observer: PathBuf,
    /// The message that A had sent.
    flash: String,
}

impl Broken {
    async fn off(dir: &TempDir) -> Self {
        let mut hall = Hall::open(dir.path(), &["--speed", "20", "--controlled"]).await;
        let mut b = hall.seat("B").await;
        let lindqvist = hall.controller("control", "lindqvist", &[]).await;
        let observer = hall.controller("observer", "hollis", &["--observe"]).await;
        hall.run.say("start").await;
        b.event("open").await;
        let flash = flash(&config(dir)).await;
        done(&["desk", "ack", &flash, "--officer", "rossi"], dir).await;
        // SIGKILL: whatever it had started goes with it.
        hall.run.child.kill().await.unwrap();
        b.event("lost").await;
        Self {
            hall,
            b,
            lindqvist,
            observer,
            flash,
        }
    }

    /// `exercise resume`, from another terminal.
    fn resume(&mut self) {
        let words = ["exercise", "resume", "played", "--json"];
        self.hall.run = talker(&self.hall.dir, &words);
    }

    /// What the clock was turned to, and what the story showed.
    fn turns(&self) -> Vec<(String, u64)> {
        let report = self.hall.report();
        let turns = report["integrity"]["turns"].as_array().unwrap();
        let said = |turn: &Value| {
            let story = turn["at"]["story_ms"].as_u64().unwrap();
            (turn["turn"].as_str().unwrap().to_owned(), story)
        };
        turns.iter().map(said).collect()
    }

    fn met(&self, id: &str) -> String {
        let report = self.hall.report();
        let all = report["expectations"].as_array().unwrap();
        let found = all.iter().find(|expectation| expectation["id"] == id);
        found.cloned().unwrap_or_default().to_string()
    }
}

fn config(dir: &TempDir) -> String {
    let desk = dir.path().join("seat-B/exercise.borenia.example/desk/b");
    word(&desk.join("desk.toml"))
}

/// The FLASH that A sends.
async fn flash(config: &str) -> String {
    eventually("the FLASH", STAGE, async || {
        let said = verb(&["desk", "inbox", "--json", "--config", config]).await;
        let shown = said.text();
        let messages = shown
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let flash = messages
            .into_iter()
            .find(|message| message["precedence"] == "FLASH")?;
        Some(flash["name"].as_str().unwrap().to_owned())
    })
    .await
}

/// Something that somebody at B does.
async fn done(words: &[&str], dir: &TempDir) {
    let config = config(dir);
    let said = verb(&[words, &["--config", &config]].concat()).await;
    assert_eq!(said.code, 0, "{said:?}");
}

async fn paused(hall: &Hall, dir: &Path) -> u64 {
    let standing = eventually("PAUSED", STAGE, async || {
        let standing = hall.standing(dir).await?;
        (standing["state"] == "PAUSED").then_some(standing)
    })
    .await;
    standing["now"]["story_ms"].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn a_live_exercise_whose_control_is_killed_goes_on_where_it_stood_with_whoever_had_joined() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let mut broken = Broken::off(&dir).await;
    // The people at B go on: their desk keeps what they say.
    let flash = broken.flash.clone();
    done(&["desk", "present", &flash, "--to", "the minister"], &dir).await;
    let words = ["desk", "answer", &flash, "ROGER", "--officer", "novak"];
    let text = ["--drafter", "castellan", "--text", "Vem."];
    done(&[&words[..], &text].concat(), &dir).await;

    // Somebody else has the place at which everybody calls: told, and nothing is begun.
    let other = TcpListener::bind(&broken.hall.at).unwrap();
    broken.resume();
    assert_eq!(broken.hall.run.ended().await, 1);
    let last = broken.hall.run.heard.last().unwrap().clone();
    assert!(
        last.contains("HL-EX-195") && last.contains(&broken.hall.at),
        "{last}"
    );
    drop(other);

    broken.resume();
    broken.hall.run.event("resumes").await;
    assert_eq!(broken.hall.run.event("back").await["seat"], "B");
    broken.b.event("back").await;
    // The controller who joined is one still, and the observer looks.
    let (lindqvist, observer) = (broken.lindqvist.clone(), broken.observer.clone());
    let stood = paused(&broken.hall, &lindqvist).await;
    broken.hall.sits(&observer, "B", "person").await;
    let refused = broken.hall.control(&observer, &["resume"]).await;
    assert_eq!(refused.code, 4, "{refused:?}");
    assert_eq!(paused(&broken.hall, &lindqvist).await, stood, "the story stands");
    let done_so = broken.hall.control(&lindqvist, &["resume"]).await;
    assert_eq!(done_so.code, 0, "{done_so:?}");
    // What B had said meanwhile arrives, and A's script, which is the same person as before, goes on with it.
    let a = word(
        &dir.path()
            .join("played/stage/exercise.avelia.example/desk/a/desk.toml"),
    );
    eventually("A acknowledges the answer", STAGE, async || {
        let said = verb(&["desk", "inbox", "--json", "--config", &a]).await;
        said.text().contains("ACKNOWLEDGED").then_some(())
    })
    .await;
    let ended = broken.hall.control(&lindqvist, &["end"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(broken.b.ended().await, 0);
    let code = broken.hall.run.ended().await;
    assert!(code == 0 || code == 10, "{code}: {:?}", broken.hall.run.heard);

    let turns = broken.turns();
    let names: Vec<&str> = turns.iter().map(|(name, _)| name.as_str()).collect();
    let all = ["STARTEX", "CRASH", "RESUMED", "PAUSE", "RESUME", "ENDEX"];
    assert_eq!(names, all, "{turns:?}");
    let stories: Vec<u64> = turns[1..5].iter().map(|(_, story)| *story).collect();
    assert!(stories.iter().all(|story| *story == stories[0]), "{turns:?}");
    for id in ["E2", "E4", "C1", "C2", "C3", "C4", "C5", "C6", "C7"] {
        let met = broken.met(id);
        assert!(met.contains("\"MET\""), "{id}: {met}");
    }
    let log = broken.hall.dir.join("played/evidence/logs/desk-B/checkpoint");
    assert!(log.exists());
    let report = broken.hall.report().to_string();
    assert!(report.contains("its words were compared at both ends"));
    let page = fs::read_to_string(broken.hall.dir.join("played/timeline.csv")).unwrap();
    assert!(page.contains("RESUMED"), "{page}");
}

/// Control dies, and goes on.
async fn dies_and_goes_on(hall: &mut Hall) {
    hall.run.child.kill().await.unwrap();
    hall.run = talker(&hall.dir, &["exercise", "resume", "played", "--json"]);
    assert_eq!(hall.run.event("back").await["seat"], "A");
}

#[tokio::test]
async fn an_inject_that_died_with_control_comes_when_both_are_back_and_is_told_once() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let (mut hall, mut a, played) = Hall::playing(dir.path(), "1", "A").await;
    // Nobody of A is there to hear it, and nobody of control a moment later.
    a.child.kill().await.unwrap();
    let fired = hall.control(&played, &["fire", "1.1.1"]).await;
    assert_eq!(fired.code, 0, "{fired:?}");
    hall.delivered(&played, "1.1.1").await;
    hall.run.child.kill().await.unwrap();
    let again = ["desk", "join", "--again", "--dir", "seat-A", "--json"];
    let mut a = talker(dir.path(), &again);
    a.event("lost").await;
    dies_and_goes_on(&mut hall).await;
    assert_eq!(a.event("inject").await["serial"], "1.1.1");
    // Both die once more, and the seat has it on its disk.
    eventually("it is written down", STAGE, async || {
        fs::read_to_string(dir.path().join("seat-A/plane/taken")).ok()
    })
    .await;
    a.child.kill().await.unwrap();
    let mut a = talker(dir.path(), &again);
    dies_and_goes_on(&mut hall).await;
    paused(&hall, &played).await;
    let fired = hall.control(&played, &["fire", "1.1.9"]).await;
    assert_eq!(fired.code, 0, "{fired:?}");
    let next = a.event("inject").await;
    assert_eq!(next["serial"], "1.1.9", "the first is not told again");

    let done = hall.control(&played, &["end"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(a.ended().await, 0);
    let code = hall.run.ended().await;
    assert!(code == 0 || code == 10, "{code}: {:?}", hall.run.heard);
    let report = hall.report();
    let crashes = report["integrity"]["turns"].as_array().unwrap().iter();
    assert_eq!(crashes.filter(|turn| turn["turn"] == "CRASH").count(), 2);
    assert!(played.join("evidence/logs/desk-A/checkpoint").exists());
}
