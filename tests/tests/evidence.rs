//! The evidence, from outside: what was signed is what everybody holds, every change is found, and an answer is worth
//! what it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use hotline_audit::{TrustPolicy, verify_directory};
use hotline_core::{leg::Door, words::Rung};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, Told, dialer},
    ledgers,
    traffic::Sender,
    verb::word,
    wait::{PATIENCE, eventually},
};
use tokio::task::JoinSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

fn relay_ledger(line: &Line, side: usize) -> PathBuf {
    line.stage.sides[side].relay.config.with_file_name("relay.ledger")
}

/// A few messages, one of them acknowledged and answered; everything has arrived everywhere.
async fn some_traffic(line: &Line) -> Vec<String> {
    let mut sender = Sender::at(line, AVELIA).await;
    let mut sent = Vec::new();
    for text in [
        "First.",
        "Second, with \u{e9}, \u{202e} and \u{1b}[31m in it.",
        "Third.",
    ] {
        sent.push(sender.send(text).await.sha256);
    }
    for sha256 in &sent {
        line.until(AVELIA, sha256, Rung::Delivered).await;
    }
    let _ = line.desk(BORENIA, "inbox", &[]).await.ended(0);
    let _ = line.desk(BORENIA, "ack", &["A-0001"]).await.ended(0);
    let answer = line
        .desk(BORENIA, "answer", &["A-0001", "ROGER"])
        .await
        .ended(0)
        .message();
    line.until(BORENIA, &answer.sha256, Rung::Delivered).await;
    sent.push(answer.sha256);
    line.nothing_owed().await;
    sent
}

async fn verify(line: &Line, log: &Path, code: i32) -> serde_json::Value {
    let (log, trust) = (word(log), word(&line.stage.trust(AVELIA)));
    line.run(&["log", "verify", &log, "--trust", &trust, "--json"])
        .await
        .ended(code)
        .object()
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_signed_is_what_was_received_stored_logged_and_exported_byte_for_byte() {
    let mut line = Line::open(PROGRAM).await;
    let sent = some_traffic(&line).await;
    // While everything runs, and when it rests.
    for (_, ledger) in line.stage.ledgers() {
        assert_eq!(verify(&line, &ledger, 0).await["passed"], true);
    }
    line.close().await;
    let ledgers = line.stage.ledgers();
    for (title, ledger) in &ledgers {
        let report = verify(&line, ledger, 0).await;
        assert_eq!(
            (&report["passed"], &report["verdict"]),
            (&true.into(), &"MATCH".into()),
            "{title}: {report:#}"
        );
        let folder = line.folder().join(format!("exported {title}"));
        let _ = line
            .run(&["log", "export", &word(ledger), "--out", &word(&folder)])
            .await
            .ended(0);
        assert_eq!(verify(&line, &folder, 0).await["passed"], true, "{title}");
        let leaves: Vec<Vec<u8>> = ledgers::leaves(ledger)
            .into_iter()
            .map(|leaf| leaf.bytes)
            .collect();
        assert_eq!(ledgers::exported(&folder, leaves.len() as u64), leaves, "{title}");
    }
    for sha256 in &sent {
        let hash = sha256.parse().unwrap();
        let author =
            ledgers::bytes_of(&line.desk_config(AVELIA).ledger, &hash).expect("held by Avelia's desk");
        assert_eq!(hotline_audit::Hash::of(&author), hash);
        for (title, ledger) in &ledgers {
            assert!(
                ledgers::bytes_of(ledger, &hash).as_ref() == Some(&author),
                "{title} holds other bytes of {hash}"
            );
        }
    }
    // The relays and desks tell one story.
    let trust = word(&line.stage.trust(BORENIA));
    for [a, b] in [[0, 2], [1, 3], [0, 1], [2, 3], [0, 3]] {
        let (a, b) = (word(&ledgers[a].1), word(&ledgers[b].1));
        let _ = line
            .run(&["log", "compare", &a, &b, "--trust", &trust])
            .await
            .ended(0);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn each_flipped_byte_of_an_exported_log_is_found() {
    let mut line = Line::open(PROGRAM).await;
    some_traffic(&line).await;
    line.close().await;
    let folder = line.folder().join("exported");
    let ledger = word(&relay_ledger(&line, BORENIA));
    let _ = line
        .run(&["log", "export", &ledger, "--out", &word(&folder)])
        .await
        .ended(0);
    let policy = TrustPolicy::load_folder(&line.stage.trust(AVELIA)).unwrap();
    assert!(verify_directory(&folder, &policy).passed());
    let mut flipped = 0;
    for file in ledgers::files(&folder) {
        let whole = fs::read(&file).unwrap();
        // Some eighty places of each file, its first and last byte among them.
        let step = (whole.len() / 80).max(1);
        for at in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&file, &changed).unwrap();
            let report = verify_directory(&folder, &policy);
            assert!(
                !report.passed(),
                "byte {at} of {} was changed unseen",
                file.display()
            );
            assert!(
                !report.faults.is_empty(),
                "byte {at} of {}: nothing is named",
                file.display()
            );
            flipped += 1;
        }
        fs::write(&file, &whole).unwrap();
    }
    assert!(flipped > 150, "{flipped}");
    assert!(
        verify_directory(&folder, &policy).passed(),
        "the original is whole again"
    );

    // And the verb says which entry, and ends with 8.
    let entries = folder.join("tile/entries");
    let bundle = ledgers::files(&entries).remove(0);
    let mut changed = fs::read(&bundle).unwrap();
    changed[200] ^= 1;
    fs::write(&bundle, changed).unwrap();
    let report = verify(&line, &folder, 8).await;
    assert_eq!(
        (&report["passed"], &report["first_bad_index"]),
        (&false.into(), &0.into()),
        "{report:#}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_whose_log_was_changed_serves_read_only_and_says_which_entry() {
    let mut line = Line::open(PROGRAM).await;
    some_traffic(&line).await;
    let (north, ledger) = (line.relay_name(AVELIA), relay_ledger(&line, AVELIA));
    // The relay holds more than the desk has heard of: its damaged log cannot show that it goes on from there.
    line.stage.close_desk(AVELIA).await.unwrap();
    let mut late = Hand::of(&line, AVELIA, "lindqvist");
    late.tip.epoch = 1_900_000_000;
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
        .await
        .unwrap();
    let told = counter.hand_in(&late.message("The desk is closed.").bytes).await;
    assert!(matches!(told, Told::Held(_)), "{told:?}");
    drop(counter);
    line.close().await;
    {
        let file = rusqlite::Connection::open(&ledger).unwrap();
        let mut bytes: Vec<u8> = file
            .query_row("SELECT bytes FROM leaf WHERE n = 3", [], |row| row.get(0))
            .unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert_eq!(
            file.execute("UPDATE leaf SET bytes = ?1 WHERE n = 3", [bytes])
                .unwrap(),
            1
        );
    }
    let ready = line.stage.start_relay(&north).await.unwrap();
    let reason = ready["read_only"]
        .as_str()
        .expect("it does not say that it is read-only");
    assert!(reason.contains('3'), "{reason}");
    let size = ready["log_size"].as_u64().unwrap();
    // Its log can still be read, it signs nothing, and it says so to whoever hands in.
    let mut hand = Hand::of(&line, AVELIA, "lindqvist");
    hand.tip.epoch = 2_000_000_000;
    for door in Door::ALL {
        let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, door)
            .await
            .unwrap();
        assert_eq!(counter.log_size().await, size);
        let told = counter
            .hand_in(&hand.message("To a relay that signs nothing.").bytes)
            .await;
        assert_eq!(told.rule(), "READ_ONLY", "{told:?}");
        assert_eq!(counter.log_size().await, size);
    }
    let report = verify(&line, &ledger, 8).await;
    assert_eq!(report["first_bad_index"], 3, "{report:#}");
    // The line goes on by the other relay, and the desks know why this one takes nothing.
    let south = line.relay_name(BORENIA);
    line.stage.start_relay(&south).await.unwrap();
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    let mut sender = Sender::at(&line, AVELIA).await;
    let sent = sender.send("By the other relay.").await;
    line.until(AVELIA, &sent.sha256, Rung::Delivered).await;
    eventually("the desk tells of the read-only relay", PATIENCE, async || {
        line.status(AVELIA).await.relays[&north].trouble.clone()
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn an_answer_implies_that_the_statement_is_on_disk() {
    let mut line = Line::with_relays(PROGRAM).await;
    let (north, ledger) = (line.relay_name(AVELIA), relay_ledger(&line, AVELIA));
    let mut hand = Hand::of(&line, AVELIA, "lindqvist");
    let dialer = dialer(&line, AVELIA);
    for round in 0..10 {
        let counter = Counter::open(&line, &dialer, AVELIA, Door::ALL[round % 2])
            .await
            .unwrap();
        let counter = Arc::new(counter);
        // Several at once: the first answer comes while others are on their way to the disk.
        let mut answers = JoinSet::new();
        for number in 0..6 {
            let (counter, signed) = (Arc::clone(&counter), hand.message(&format!("{round}.{number}")));
            answers.spawn(async move { (counter.try_hand_in(&signed.bytes).await, signed) });
        }
        let first = answers.join_next().await.unwrap().unwrap();
        line.stage.kill_relay(&north).await.unwrap();
        let mut answered = vec![first];
        answered.extend(answers.join_all().await);
        let held = ledgers::leaves(&ledger);
        let mut checked = 0;
        for (told, signed) in answered {
            match told {
                Some(Told::Held(index)) => {
                    let leaf = held
                        .get(usize::try_from(index).unwrap())
                        .expect("answered, and not on disk");
                    assert_eq!(
                        (leaf.hash, &leaf.bytes),
                        (signed.hash, &signed.bytes),
                        "round {round}"
                    );
                    checked += 1;
                }
                Some(told @ Told::Refused { .. }) => panic!("{told:?}"),
                None => {}
            }
        }
        assert!(
            checked > 0,
            "round {round}: the first answer came before the kill"
        );
        line.stage.start_relay(&north).await.unwrap();
    }
    assert_eq!(verify(&line, &ledger, 0).await["passed"], true);
}
