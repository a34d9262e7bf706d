//! Seats that are lost before the start, people who keep others out, and control behind the end.

use hotline_tests::wait::eventually;
use hotline_transport::{Seams, plane};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::net::TcpStream;

use super::{ALONE, Hall, STAGE, Talker, talker};

/// Somebody takes seat B once more, in another folder.
async fn sits_anew(hall: &mut Hall, ticket: &str, dir: &str) -> Talker {
    let mut joiner = talker(
        &hall.dir,
        &[
            "desk",
            "join",
            ticket,
            "--json",
            "--yes-words",
            &hall.words,
            "--dir",
            dir,
        ],
    );
    hall.let_in("B", &mut joiner).await;
    joiner.event("joined").await;
    joiner
}

fn error(heard: &[u8]) -> Value {
    let said: Value = serde_json::from_slice(heard).unwrap_or_default();
    said["error"].clone()
}

#[tokio::test]
async fn a_seat_that_is_lost_in_the_lobby_is_given_away_again_and_a_start_throws_nobody_out() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let mut hall = Hall::open(dir.path(), &["--speed", "60"]).await;
    let lindqvist = hall.controller("control", "lindqvist", &[]).await;
    let mut a = hall.seat("A").await;
    let mut lost = hall.seat("B").await;
    hall.run.say("code A").await;
    lost.child.kill().await.unwrap();

    // Nobody is thrown out: what is missing is named, and the lobby goes on.
    hall.run.say("start").await;
    let waits = hall.run.event("waits").await;
    assert_eq!(waits["lacks"].as_array().unwrap().len(), 1, "{waits}");
    assert!(
        waits["lacks"][0]
            .as_str()
            .unwrap()
            .starts_with("B is not connected"),
        "{waits}"
    );
    let errors = std::fs::read_to_string(dir.path().join("err")).unwrap();
    assert!(
        errors.contains("somebody sits at A, and is connected"),
        "{errors}"
    );

    // Others take the seat, and whoever had it finds it taken.
    let ticket = hall.new_code("B").await;
    let mut b = sits_anew(&mut hall, &ticket, "seat-B2").await;
    let mut again = talker(
        dir.path(),
        &["desk", "join", "--again", "--dir", "seat-B", "--json"],
    );
    assert_eq!(again.ended().await, 4, "{:?}", again.heard);
    assert!(
        again.heard.last().unwrap().contains("given to somebody else"),
        "{:?}",
        again.heard
    );
    hall.run.say("who").await;
    let who = hall.run.event("at-control").await;
    assert_eq!(
        (who["name"].as_str(), who["part"].as_str()),
        (Some("lindqvist"), Some("controller"))
    );

    hall.run.say("start").await;
    a.event("open").await;
    b.event("open").await;
    eventually("STARTEX", STAGE, async || hall.standing(&lindqvist).await).await;
    let done = hall.control(&lindqvist, &["end"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!((a.ended().await, b.ended().await), (0, 0));
    let code = hall.run.ended().await;
    assert!(code == 0 || code == 10, "{code}: {:?}", hall.run.heard);

    // Who joined control is in the report, and what was lost.
    let report = hall.report();
    let at_control = &report["overview"]["at_control"][0];
    assert_eq!(
        (at_control["name"].as_str(), at_control["part"].as_str()),
        (Some("lindqvist"), Some("CONTROLLER")),
        "{at_control}"
    );
    let text = report.to_string();
    assert!(text.contains("whoever had taken seat B was lost before the start"));
    assert!(text.contains("controller lindqvist joined with a code; its words were compared at both ends"));

    // Behind the end its folder says where to go.
    let over = hall.control(&lindqvist, &["status"]).await;
    let told = error(&over.out);
    assert_eq!(over.code, 5, "{over:?}");
    assert!(told["what"].as_str().unwrap().contains("has ended"), "{told}");
    assert!(told["help"].as_str().unwrap().contains("folder played"), "{told}");
}

#[tokio::test]
async fn whoever_holds_connections_open_keeps_no_seat_out() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let mut hall = Hall::open(dir.path(), &[]).await;
    let mut held = Vec::new();
    for _ in 0..80 {
        held.push(TcpStream::connect(&hall.at).await.unwrap());
    }
    let mut strangers = Vec::new();
    for _ in 0..20 {
        let stream = TcpStream::connect(&hall.at).await.unwrap();
        strangers.push(plane::knock(&Seams::system(), Box::new(stream)).await.unwrap());
    }
    let mut b = hall.seat("B").await;
    hall.run.say("who").await;
    let seat = hall.run.event("seat").await;
    assert_eq!(seat["seat"], "A");
    hall.run.say("quit").await;
    assert_eq!(hall.run.ended().await, 1);
    b.child.kill().await.unwrap();
    drop((held, strangers));
}

#[tokio::test]
async fn seats_whose_keys_the_plan_needs_are_closed_before_anybody_joins() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "exercise",
        "run",
        "S4",
        "--variant",
        "abc",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--out",
        "played",
    ];
    let mut run = talker(dir.path(), &words);
    for seat in ["A", "B"] {
        let closed = run.event("closed").await;
        assert_eq!(closed["seat"], seat);
        assert!(
            closed["why"]
                .as_str()
                .unwrap()
                .contains("needs keys of this seat"),
            "{closed}"
        );
    }
    assert_eq!(run.event("code").await["who"], "control");
    run.say("code A").await;
    run.say("quit").await;
    assert_eq!(run.ended().await, 1);
    let errors = std::fs::read_to_string(dir.path().join("err")).unwrap();
    assert!(
        errors.contains("A is played by its script: inject 1.2.2 is attack echo"),
        "{errors}"
    );
}

#[tokio::test]
async fn an_inject_that_was_handed_to_a_dying_seat_comes_when_it_is_back_and_is_told_once() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let (mut hall, mut a, played) = Hall::playing(dir.path(), "1", "A").await;
    hall.sits(&played, "A", "person").await;

    // It stands still: what control says goes into its connection, and nobody takes it out.
    let pid = a
        .child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw);
    kill_process(pid.unwrap(), Signal::STOP).unwrap();
    let fired = hall.control(&played, &["fire", "1.1.1"]).await;
    assert_eq!(fired.code, 0, "{fired:?}");
    hall.delivered(&played, "1.1.1").await;
    a.child.kill().await.unwrap();
    hall.sits(&played, "A", "person, away").await;

    let again = ["desk", "join", "--again", "--dir", "seat-A", "--json"];
    let mut a = talker(dir.path(), &again);
    assert_eq!(a.event("inject").await["serial"], "1.1.1");
    // It dies once more, perhaps before control has heard that the inject has come.
    eventually("it is written down", STAGE, async || {
        std::fs::read_to_string(dir.path().join("seat-A/plane/taken")).ok()
    })
    .await;
    a.child.kill().await.unwrap();
    hall.sits(&played, "A", "person, away").await;
    let mut a = talker(dir.path(), &again);
    hall.sits(&played, "A", "person").await;
    let fired = hall.control(&played, &["fire", "1.1.9"]).await;
    assert_eq!(fired.code, 0, "{fired:?}");
    assert_eq!(
        a.event("inject").await["serial"],
        "1.1.9",
        "the first is not told again"
    );

    let done = hall.control(&played, &["end"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(a.ended().await, 0);
    let code = hall.run.ended().await;
    assert!(code == 0 || code == 10, "{code}: {:?}", hall.run.heard);
}

#[tokio::test]
async fn a_seat_that_dies_while_the_stage_opens_sits_down_again_and_the_exercise_begins() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let mut hall = Hall::open(dir.path(), &["--speed", "60", "--controlled"]).await;
    let mut b = hall.seat("B").await;
    loop {
        hall.run.say("who").await;
        assert_eq!(hall.run.event("seat").await["seat"], "A");
        if hall.run.event("seat").await["how"] == "is in" {
            break;
        }
    }
    // Its releaser is asked to consent, and does not hear it.
    let pid = b
        .child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw);
    kill_process(pid.unwrap(), Signal::STOP).unwrap();
    hall.run.say("start").await;
    hall.run.event("starts").await;
    eventually("both sides are made", STAGE, async || {
        let trust = dir.path().join("played/stage/exercise.borenia.example/trust");
        trust.exists().then_some(())
    })
    .await;
    b.child.kill().await.unwrap();
    let mut b = talker(
        dir.path(),
        &["desk", "join", "--again", "--dir", "seat-B", "--json"],
    );
    b.event("consents").await;
    b.event("open").await;
    let played = dir.path().join("played");
    hall.sits(&played, "B", "person").await;
    let done = hall.control(&played, &["end"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(b.ended().await, 0);
    let code = hall.run.ended().await;
    assert!(code == 0 || code == 10, "{code}: {:?}", hall.run.heard);
}
