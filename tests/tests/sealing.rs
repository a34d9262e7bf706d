//! Words are read by the desks that a message names and by escrows, and carried by everybody else. Real processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use hotline_client::view::MessageView;
use hotline_core::{leg::Door, words::Rung};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, dialer},
    verb::word,
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Words that stand nowhere else in any file.
const WORDS: &str = "Kestrel seven holds at the quarry.";
const TRANSLATED: &str = "Kvarnast sju hollar vid brottet.";

/// Every file of a ledger, as bytes: the ledger itself and what SQLite has beside it.
fn bytes_of(ledger: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for end in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{end}", ledger.display()));
        all.extend(std::fs::read(file).unwrap_or_default());
    }
    assert!(!all.is_empty(), "{}", ledger.display());
    all
}

fn holds(bytes: &[u8], words: &str) -> bool {
    bytes
        .windows(words.len())
        .any(|window| window == words.as_bytes())
}

fn escrow(line: &Line, side: usize) -> String {
    word(
        &line
            .stage
            .trust(side)
            .with_file_name("escrow")
            .join("archive/escrow.key"),
    )
}

fn ledger(line: &Line, title: &str) -> PathBuf {
    let mut ledgers = line.stage.ledgers().into_iter();
    ledgers.find(|(name, _)| name.starts_with(title)).unwrap().1
}

async fn sent(line: &Line) -> MessageView {
    let words = [WORDS, "--wait", "delivered"];
    line.desk(AVELIA, "send", &words).await.ended(0).message()
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_said_is_read_at_both_desks_and_stands_in_no_relays_files() {
    let mut line = Line::open(PROGRAM).await;
    let message = sent(&line).await;
    let (name, hash) = (message.name.as_str(), message.sha256.as_str());
    let words = [
        name,
        TRANSLATED,
        "--officer",
        "adeyemi",
        "--grade",
        "sight",
        "--into",
        "qbo",
    ];
    let _ = line.desk(BORENIA, "translate", &words).await.ended(0);
    line.until(AVELIA, hash, Rung::Translated).await;
    for side in [AVELIA, BORENIA] {
        let view = line.desk(side, "show", &[name]).await.ended(0).message();
        assert_eq!(
            (view.text.as_str(), view.translations[0].text.as_str()),
            (WORDS, TRANSLATED)
        );
        assert!(view.sealed);
    }
    line.nothing_owed().await;
    line.close().await;
    for (title, ledger) in line.stage.ledgers() {
        let bytes = bytes_of(&ledger);
        let is_desk = title.starts_with("desk");
        // The desk holds what it has opened, and so shows what the search would find.
        assert_eq!(holds(&bytes, WORDS), is_desk, "{title}");
        assert_eq!(holds(&bytes, TRANSLATED), is_desk, "{title}");
        let shown = line
            .run(&["log", "show", &word(&ledger), "--text"])
            .await
            .ended(0)
            .text();
        assert_eq!(shown.contains(WORDS), is_desk, "{title}: {shown}");
        assert!(is_desk || shown.contains("it is sealed"), "{title}: {shown}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_that_was_started_again_still_reads_what_came_sealed() {
    let mut line = Line::open(PROGRAM).await;
    let message = sent(&line).await;
    line.nothing_owed().await;
    line.close().await;
    for side in [AVELIA, BORENIA] {
        // No station runs: the verb takes the ledger up itself.
        let view = line.desk(side, "show", &[&message.name]).await.ended(0).message();
        assert_eq!((view.text.as_str(), view.rejected), (WORDS, None));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn one_message_is_disclosed_by_text_and_salt_and_a_changed_word_is_a_mismatch() {
    let mut line = Line::open(PROGRAM).await;
    let message = sent(&line).await;
    line.nothing_owed().await;
    line.close().await;
    let (desk, relay) = (word(&ledger(&line, "desk")), word(&ledger(&line, "relay")));
    let file = word(&line.folder().join("disclosed.json"));
    let words = [
        "log",
        "opening",
        &desk,
        "--message",
        &message.sha256,
        "--out",
        &file,
    ];
    let _ = line.run(&words).await.ended(0);
    let disclosed = std::fs::read_to_string(&file).unwrap();
    assert!(
        disclosed.contains(WORDS) && disclosed.contains(&message.sha256),
        "{disclosed}"
    );
    // Whoever has the statement, from a relay or anybody, checks it without any key.
    let said = line
        .run(&["log", "opening", &relay, "--check", &file])
        .await
        .ended(0);
    assert!(said.text().contains(WORDS), "{}", said.text());
    let words = ["log", "opening", &relay, "--message", &message.sha256];
    let refused = line.run(&words).await.ended(1);
    assert!(
        refused.all().contains("sealed"),
        "a relay knows no words: {}",
        refused.all()
    );
    std::fs::write(&file, disclosed.replace("holds", "falls")).unwrap();
    let refused = line
        .run(&["log", "opening", &relay, "--check", &file])
        .await
        .ended(8);
    assert!(refused.all().contains("MISMATCH"), "{}", refused.all());
}

#[tokio::test(flavor = "current_thread")]
async fn the_escrow_of_each_side_opens_the_log_of_any_relay_and_no_other_key_does() {
    let mut line = Line::open(PROGRAM).await;
    let message = sent(&line).await;
    line.nothing_owed().await;
    line.close().await;
    let relay = word(&ledger(&line, "relay"));
    for side in [AVELIA, BORENIA] {
        let out = line.folder().join(format!("openings-{side}"));
        let words = [
            "log",
            "open",
            &relay,
            "--escrow",
            &escrow(&line, side),
            "--out",
            &word(&out),
        ];
        let _ = line.run(&words).await.ended(0);
        let opening = std::fs::read_to_string(out.join(format!("{}.json", message.sha256))).unwrap();
        assert!(opening.contains(WORDS), "{opening}");
    }
    let stranger = line.folder().join("stranger.key");
    let (text, _) = hotline_client::seal::key_file(&[9; 32]).unwrap();
    std::fs::write(&stranger, text.as_bytes()).unwrap();
    std::fs::set_permissions(&stranger, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let out = line.folder().join("nothing");
    let words = [
        "log",
        "open",
        &relay,
        "--escrow",
        &word(&stranger),
        "--out",
        &word(&out),
        "--json",
    ];
    let said = line.run(&words).await.ended(0).object();
    assert_eq!(
        (&said["opened"], &said["not_for_this_key"]),
        (&0.into(), &1.into())
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_that_opens_to_another_text_than_was_committed_to_is_a_mismatch_and_is_shown_to_nobody() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let mut hand = Hand::of(&line, AVELIA, "lindqvist").sealing();
    let lie = hand.lie("We agree.", WORDS);
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Quic)
        .await
        .unwrap();
    counter.hand_in(&lie.bytes).await;
    eventually("it is told as a mismatch", PATIENCE, async || {
        let alarms = line.status(BORENIA).await.alarms;
        (alarms.get("MISMATCH") == Some(&1)).then_some(())
    })
    .await;
    let hash = lie.hash.to_string();
    let view = line.desk(BORENIA, "show", &[&hash]).await.ended(0).message();
    assert_eq!((view.text.as_str(), view.shown_text.as_str()), ("", ""));
    let why = view.rejected.clone().unwrap();
    assert!(why.contains("MISMATCH"), "{why}");
    assert!(
        !view.reached(Rung::Delivered) && !view.reached(Rung::Released),
        "{view:?}"
    );
    // Its desk says so under its signature, and keeps the bytes as evidence against whoever signed them.
    line.nothing_owed().await;
    line.close().await;
    let desk = word(&ledger(&line, "desk Borenia"));
    let shown = line.run(&["log", "show", &desk]).await.ended(0).text();
    assert!(
        shown.contains("could not be opened") && shown.contains("MISMATCH"),
        "{shown}"
    );
    assert!(
        !holds(&bytes_of(Path::new(&desk)), WORDS),
        "what it opened to is kept nowhere"
    );
    let view = line.desk(BORENIA, "show", &[&hash]).await.ended(0).message();
    assert!(
        view.rejected.unwrap().contains("MISMATCH"),
        "after a restart, too"
    );
}
