//! Control's socket: who may ask, and what is bounded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn refusal(what: &str) -> Answer {
    Answer::refused(&Refusal::state(what, ""))
}

/// A conductor that refuses everything with what was ordered.
async fn refuse(mut door: Door) {
    loop {
        match door.next().await {
            Asked::Status(reply) => drop(reply.send(refusal("status"))),
            Asked::Order(bytes, reply) => {
                drop(reply.send(refusal(&format!("{} bytes", bytes.len()))));
            }
            Asked::Watch(reply) => drop(reply.send(door.watch())),
        }
    }
}

#[tokio::test]
async fn the_door_is_its_owners_alone_and_answers_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SOCKET);
    assert!(Visit::open(&path).await.unwrap().is_none());
    let door = Door::open(&path).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert!(Door::open(&path).await.is_err(), "a second conductor");
    let conductor = tokio::spawn(refuse(door));
    let mut visit = Visit::open(&path).await.unwrap().unwrap();
    assert_eq!(visit.ask(&Ask::Status).await.unwrap(), refusal("status"));
    assert_eq!(visit.ask(&handed_in(b"12345")).await.unwrap(), refusal("5 bytes"));
    let Answer::Refused { code, .. } = visit
        .ask(&Ask::Order {
            statement: "no base64".into(),
        })
        .await
        .unwrap()
    else {
        panic!("refused")
    };
    assert_eq!(code, "HL-EX-171");
    conductor.abort();
    let _ = conductor.await;
    assert!(!path.exists(), "it leaves no socket behind");
}

#[tokio::test]
async fn an_observer_looks_and_orders_nothing_over_whatever_connection() {
    let folder = tempfile::tempdir().unwrap();
    let door = Door::open(&folder.path().join(SOCKET)).await.unwrap();
    let asker = door.asker();
    let conductor = tokio::spawn(refuse(door));
    for (may, code) in [(May::Order, "HL-EX-171"), (May::Look, "HL-EX-173")] {
        let (ours, theirs) = tokio::io::duplex(4096);
        let asker = asker.clone();
        tokio::spawn(async move {
            let (read, write) = tokio::io::split(theirs);
            asker.serve(BufReader::new(read), write, may).await
        });
        let (read, write) = tokio::io::split(ours);
        let mut visit = Visit::over(BufReader::new(read), write);
        assert_eq!(visit.ask(&Ask::Status).await.unwrap(), refusal("status"));
        let Answer::Refused { code: refused, .. } = visit.ask(&handed_in(b"1")).await.unwrap() else {
            panic!("refused")
        };
        assert_eq!(refused, code);
    }
    conductor.abort();
}

#[tokio::test]
async fn a_line_that_is_too_long_and_a_visitor_too_many_are_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SOCKET);
    let conductor = tokio::spawn(refuse(Door::open(&path).await.unwrap()));
    let mut long = Visit::open(&path).await.unwrap().unwrap();
    let statement = "A".repeat(100 * 1024);
    // It is cut off while it still speaks, or behind that.
    let asked = long.ask(&Ask::Order { statement }).await;
    assert!(asked.is_err());
    let mut visitors = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut visit = Visit::open(&path).await.unwrap().unwrap();
        visit.ask(&Ask::Status).await.unwrap();
        visitors.push(visit);
    }
    let mut late = Visit::open(&path).await.unwrap().unwrap();
    assert!(late.ask(&Ask::Status).await.is_err());
    conductor.abort();
}

#[tokio::test]
async fn whoever_asks_all_the_time_how_it_stands_is_answered_ten_times_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SOCKET);
    let conductor = tokio::spawn(refuse(Door::open(&path).await.unwrap()));
    let mut visit = Visit::open(&path).await.unwrap().unwrap();
    let began = Instant::now();
    for _ in 0..4 {
        assert_eq!(visit.ask(&Ask::Status).await.unwrap(), refusal("status"));
    }
    assert!(began.elapsed() >= 3 * STATUS_APART);
    conductor.abort();
}
