//! A desk's key is changed while it works: both sides sign for it, both keys count for a time, and nothing is lost.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use hotline_audit::{PayloadType, SignedStatement, statement::Payload};
use hotline_client::standing::RekeyView;
use hotline_core::words::Rung;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    ledgers::{leaves, leaves_of},
    verb::word,
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

const AVELIA_OPS: &str = "spiffe://exercise.avelia.example/desk/ops";

/// Borenia gets Avelia's newest roster, as a trust file would bring it.
fn roster_over(line: &Line) {
    let place = "trust/exercise.avelia.example/roster";
    let from = line.stage.sides[AVELIA].folder.join(place);
    let to = line.stage.sides[BORENIA].folder.join(place);
    let aside = to.with_extension("new");
    fs::copy(from, &aside).unwrap();
    fs::rename(aside, to).unwrap();
}

async fn phase(line: &Line, side: usize, wanted: &str) -> RekeyView {
    eventually(wanted, PATIENCE, async || {
        let rekeys = line.status(side).await.standing.rekeys;
        rekeys.into_iter().find(|view| view.phase == wanted)
    })
    .await
}

async fn channel(line: &Line, side: usize, words: &[&str]) -> hotline_tests::verb::Said {
    let config = word(&line.stage.sides[side].desk);
    let all: Vec<&str> = ["channel", "rekey", "--config", &config]
        .into_iter()
        .chain(words.iter().copied())
        .collect();
    line.run(&all).await
}

#[tokio::test(flavor = "current_thread")]
async fn a_key_is_changed_by_both_sides_with_an_overlap_and_nothing_is_lost() {
    let mut line = Line::open(PROGRAM).await;
    let desk = word(&line.stage.sides[AVELIA].folder.join("desk/ops"));
    let said = line.run(&["pki", "rotate", &desk]).await.ended(0);
    let key = said.text();
    let key = key.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    let _ = line.run(&["pki", "rotate", &desk]).await.ended(2);
    roster_over(&line);
    let _ = line.desk(AVELIA, "send", &["With the old key."]).await.ended(0);
    // Borenia's releaser cannot announce Avelia's key.
    let _ = channel(&line, BORENIA, &["--key", &key]).await.ended(1);
    let words = ["--effective", "2s", "--overlap", "6s"];
    eventually("Avelia's desk has read its new roster", PATIENCE, async || {
        (channel(&line, AVELIA, &words).await.code == 0).then_some(())
    })
    .await;
    let proposed = eventually("Borenia's desk knows whose key it is", PATIENCE, async || {
        let rekeys = line.status(BORENIA).await.standing.rekeys;
        rekeys
            .into_iter()
            .find(|view| view.phase == "PROPOSED" && !view.subject.is_empty())
    })
    .await;
    assert!(proposed.open && proposed.subject == AVELIA_OPS, "{proposed:#?}");
    assert_eq!(proposed.key, key);
    let _ = channel(&line, BORENIA, &["--agree"]).await.ended(0);
    let overlap = phase(&line, AVELIA, "OVERLAP").await;
    assert!(overlap.agreed_by.is_some(), "{overlap:#?}");
    let _ = line.desk(AVELIA, "send", &["With the new key."]).await.ended(0);
    let over = phase(&line, BORENIA, "OVER").await;
    assert_eq!(over.key, key);
    let _ = line
        .desk(AVELIA, "send", &["With the new key only."])
        .await
        .ended(0);
    let came = line.incoming(BORENIA).await;
    let texts: Vec<&str> = came.iter().map(|view| view.text.as_str()).collect();
    assert_eq!(
        texts,
        ["With the old key.", "With the new key.", "With the new key only."],
        "{came:#?}"
    );
    for view in &came {
        let _ = line.until(AVELIA, &view.sha256, Rung::Delivered).await;
    }
    // It goes on with the new key after a restart, and when that has taken the old one's place.
    let _ = line.run(&["pki", "rotate", &desk, "--finish"]).await.ended(0);
    let _ = line
        .desk(AVELIA, "send", &["Still with the new key."])
        .await
        .ended(0);
    line.nothing_owed().await;
    let ledger = line.stage.sides[BORENIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    line.close().await;
    let keys: Vec<String> = leaves_of(&ledger, AVELIA_OPS)
        .iter()
        .filter_map(|leaf| {
            let signed = SignedStatement::parse(&leaf.bytes).ok()?;
            let payload = Payload::parse(&signed).ok()?;
            matches!(payload, Payload::Message(_)).then(|| payload.header().key_statement.to_string())
        })
        .collect();
    assert_ne!(keys[0], key, "the old key");
    assert_eq!(keys[1..], [key.clone(), key.clone(), key], "the new key");
}

/// Leaves by which a relay's log says that keys have ended.
fn ends(line: &Line, side: usize) -> Vec<PayloadType> {
    let ledger = line.stage.sides[side].relay.config.with_file_name("relay.ledger");
    let kinds = leaves(&ledger).into_iter().filter_map(|leaf| {
        let kind = SignedStatement::parse(&leaf.bytes).ok()?.payload_type;
        matches!(kind, PayloadType::Revocation | PayloadType::Deny).then_some(kind)
    });
    kinds.collect()
}

#[tokio::test(flavor = "current_thread")]
async fn the_end_of_a_desks_keys_stands_in_both_relays_logs_while_they_run() {
    let line = Line::open(PROGRAM).await;
    let _ = line.desk(BORENIA, "send", &["Before the end."]).await.ended(0);
    let borenia = &line.stage.sides[BORENIA].folder;
    let dir = word(borenia);
    let reason = [
        "--reason",
        "its keys were copied",
        "--officer",
        "novak",
        "--officer",
        "brandt",
    ];
    let words = [&["pki", "revoke", "--dir", &dir, "desk/ops"][..], &reason].concat();
    let _ = line.run(&words).await.ended(0);
    let deny = word(&borenia.join("trust/exercise.borenia.example/deny"));
    let avelia = word(&line.stage.sides[AVELIA].folder);
    let _ = line
        .run(&["pki", "trust", "--dir", &avelia, &deny])
        .await
        .ended(0);
    for side in [AVELIA, BORENIA] {
        let found = eventually("both statements of the order are leaves", PATIENCE, async || {
            let found = ends(&line, side);
            (found.iter().filter(|kind| **kind == PayloadType::Deny).count() == 2).then_some(found)
        })
        .await;
        // Borenia's roster ends the keys as well, and Avelia has only the deny-list yet.
        let revoked = found.contains(&PayloadType::Revocation);
        assert_eq!(revoked, side == BORENIA, "{found:?}");
        let ledger = line.stage.sides[side].relay.config.with_file_name("relay.ledger");
        let trust = word(&line.stage.sides[side].folder.join("trust"));
        let verify = ["log", "verify", &word(&ledger), "--trust", &trust].map(str::to_owned);
        let verify: Vec<&str> = verify.iter().map(String::as_str).collect();
        let said = line.run(&verify).await.ended(0);
        assert!(said.text().contains("REVOKED_KEY"), "{}", said.text());
    }
}
