//! The line, from outside: messages climb their ladder, nobody signs for anybody else, and whatever is killed, paused or
//! put back, nothing is lost and nothing is shown twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "line/broken.rs"]
mod broken;
#[path = "line/dialogues.rs"]
mod dialogues;
#[path = "line/ladder.rs"]
mod ladder;
#[path = "line/restored.rs"]
mod restored;

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{SignedStatement, statement::Payload};
use hotline_client::view::MessageView;
use hotline_core::words::Rung;
use hotline_tests::{
    AVELIA, BORENIA, Line, ledgers,
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Every rung that a message which is answered must have been on.
const WHOLE_LADDER: [Rung; 6] = [
    Rung::Released,
    Rung::Accepted,
    Rung::Delivered,
    Rung::Displayed,
    Rung::Acknowledged,
    Rung::Answered,
];

/// Alarms that an honest line never raises, whatever dies.
const DISHONEST: [&str; 11] = [
    "EQUIVOCATION",
    "OWN_FORK",
    "UNPROVEN",
    "REOPENED",
    "FORGED",
    "FOREIGN",
    "REJECTED",
    "FORK",
    "ROLLBACK",
    "BAD_CHECKPOINT",
    "GAP",
];

/// Asserts that somebody entitled is named on every rung.
fn climbed_the_whole_ladder(view: &MessageView) {
    for rung in WHOLE_LADDER {
        assert!(
            view.reached(rung),
            "{} lacks {}: {view:#?}",
            view.name,
            rung.name()
        );
    }
    let by = |rung: Rung| view.first(rung).unwrap().by.clone();
    assert!(by(Rung::Accepted).contains("/relay/"), "{view:#?}");
    assert_eq!(by(Rung::Delivered), "spiffe://exercise.borenia.example/desk/ops");
    assert_eq!(by(Rung::Displayed), "spiffe://exercise.borenia.example/desk/ops");
    assert!(
        by(Rung::Acknowledged).starts_with("spiffe://exercise.borenia.example/officer/"),
        "{view:#?}"
    );
    assert_eq!(
        view.first(Rung::Answered).unwrap().answer.as_deref(),
        Some("ACCEPT")
    );
    assert!(view.closed());
}

/// The officers whose approvals are inside a message, as its exact bytes in a ledger say.
fn approved_by(ledger: &std::path::Path, sha256: &str) -> BTreeSet<String> {
    let bytes = ledgers::bytes_of(ledger, &sha256.parse().unwrap()).unwrap();
    let signed = SignedStatement::parse(&bytes).unwrap();
    let Payload::Message(message) = Payload::parse(&signed).unwrap() else {
        panic!("no message")
    };
    let approvals = message.approvals.iter().map(|bytes| {
        let signed = SignedStatement::parse(bytes).unwrap();
        hotline_audit::statement::Approval::decode(&signed.payload)
            .unwrap()
            .officer
    });
    approvals.collect()
}

async fn send_flash(line: &Line) -> MessageView {
    let words = [
        "-p",
        "FLASH",
        "--response",
        "ACCEPT_UNABLE",
        "--wait",
        "delivered",
        "Collision; help wanted.",
    ];
    line.desk(AVELIA, "send", &words).await.ended(0).message()
}

async fn read_acknowledge_and_accept(line: &Line, sent: &MessageView) {
    let read = line.desk(BORENIA, "inbox", &[]).await.ended(0).messages();
    let [read] = read.as_slice() else {
        panic!("{read:#?}")
    };
    assert_eq!((&read.name, &read.sha256), (&sent.name, &sent.sha256));
    assert_eq!(read.text, "Collision; help wanted.");
    let acknowledged = line.desk(BORENIA, "ack", &[&sent.name]).await.ended(0).message();
    assert!(acknowledged.reached(Rung::Acknowledged));
    let answer = line
        .desk(BORENIA, "answer", &[&sent.name, "ACCEPT"])
        .await
        .ended(0)
        .message();
    assert_eq!(
        (answer.name.as_str(), answer.answer.as_deref()),
        ("B-0001", Some("ACCEPT"))
    );
}

/// Every message sent is at Borenia's desk, once.
async fn all_there_once(line: &Line, sent: &[MessageView]) {
    let there = eventually("all messages", PATIENCE, async || {
        let there = line.incoming(BORENIA).await;
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for view in &there {
            *counts.entry(view.sha256.clone()).or_default() += 1;
        }
        sent.iter()
            .all(|message| counts.contains_key(&message.sha256))
            .then_some(counts)
    })
    .await;
    assert_eq!(there.len(), sent.len(), "messages that nobody sent");
    assert!(there.values().all(|count| *count == 1), "entered twice");
}
