//! A ledger that was put back: one history, in a new epoch.

use std::collections::BTreeSet;

use hotline_client::view::MessageView;
use hotline_core::words::Rung;
use hotline_tests::{
    AVELIA, BORENIA, Line, ledgers,
    traffic::Sender,
    verb::word,
    wait::{PATIENCE, eventually},
};

use super::{DISHONEST, PROGRAM, all_there_once};

/// The places of a desk's own chain in its ledger.
fn own_places(line: &Line, side: usize) -> Vec<(u64, u64)> {
    let desk = line.desk_config(side);
    let own = ledgers::leaves_of(&desk.ledger, &desk.identity.to_string());
    own.iter().map(|leaf| (leaf.epoch, leaf.sequence)).collect()
}

/// Three messages, a backup, and three more that the backup does not know. Avelia's station is dead at the end.
async fn backed_up(line: &mut Line) -> (String, Vec<MessageView>) {
    let backup = line.folder().join("backup.ledger");
    let mut sender = Sender::at(line, AVELIA).await;
    let mut sent = Vec::new();
    for number in 1..=6 {
        let message = sender.send(&format!("Number {number}.")).await;
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
        sent.push(message);
        if number == 3 {
            let _ = line
                .desk(AVELIA, "backup", &["--to", &word(&backup)])
                .await
                .ended(0);
        }
    }
    drop(sender);
    line.stage.kill_desk(AVELIA).await.unwrap();
    (word(&backup), sent)
}

/// Restores the backup and asserts that nothing of Avelia's chain is lost or signed twice by it.
async fn restore_and_go_on(line: &mut Line, backup: &str, mut sent: Vec<MessageView>) {
    let before = own_places(line, AVELIA);
    let status = line
        .desk(AVELIA, "restore", &["--from", backup])
        .await
        .ended(0)
        .object();
    assert_eq!(
        own_places(line, AVELIA),
        before,
        "the newer tail was not adopted whole: {status:#}"
    );
    line.stage.start_desk(AVELIA).await.unwrap();
    let mut sender = Sender::at(line, AVELIA).await;
    let next = sender.send("Number 7.").await;
    assert_eq!(next.name, "A-0007");
    sent.push(next);
    all_there_once(line, &sent).await;
    // What was adopted is continued in a new epoch: whatever else the desk signed and no relay in reach knows, nothing
    // can stand at a place that it takes now.
    let after = own_places(line, AVELIA);
    let (old, new) = after.split_at(before.len());
    assert_eq!(old, before, "the adopted tail stands as it was");
    let epoch = new[0].0;
    assert!(epoch > 1, "{after:?}");
    let expected: Vec<(u64, u64)> = (1..=new.len() as u64).map(|sequence| (epoch, sequence)).collect();
    assert_eq!(new, expected, "one new epoch, each place once");
    for side in [AVELIA, BORENIA] {
        let status = line.status(side).await;
        assert!(status.gaps.is_empty(), "{status:#?}");
        for code in DISHONEST {
            assert_eq!(status.alarms.get(code), None, "{status:#?}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_restored_backup_adopts_what_the_relays_know_and_the_numbers_go_on() {
    let mut line = Line::open(PROGRAM).await;
    let (backup, sent) = backed_up(&mut line).await;
    // Relays that were started since know of no connection of the dead desk.
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.kill_relay(&name).await.unwrap();
        line.stage.start_relay(&name).await.unwrap();
    }
    restore_and_go_on(&mut line, &backup, sent).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_that_dies_and_is_restored_at_once_adopts_what_the_relays_know() {
    let mut line = Line::open(PROGRAM).await;
    let (backup, sent) = backed_up(&mut line).await;
    restore_and_go_on(&mut line, &backup, sent).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_backup_restored_without_any_relay_opens_a_new_epoch_and_the_peer_accepts_what_follows() {
    let mut line = Line::open(PROGRAM).await;
    let (backup, mut sent) = backed_up(&mut line).await;
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.kill_relay(&name).await.unwrap();
    }
    let _ = line.desk(AVELIA, "restore", &["--from", &backup]).await.ended(0);
    line.stage.start_desk(AVELIA).await.unwrap();
    let mut sender = Sender::at(&line, AVELIA).await;
    let alone = sender.send("Signed while nobody could be asked.").await;
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.start_relay(&name).await.unwrap();
    }
    line.whole().await;
    line.until(AVELIA, &alone.sha256, Rung::Delivered).await;
    sent.push(alone);
    sent.push(sender.send("And afterwards.").await);
    all_there_once(&line, &sent).await;
    let epochs: BTreeSet<u64> = own_places(&line, AVELIA)
        .iter()
        .map(|(epoch, _)| *epoch)
        .collect();
    assert!(epochs.len() == 2 && epochs.contains(&1), "{epochs:?}");
    let status = line.status(BORENIA).await;
    for code in DISHONEST.into_iter().filter(|code| *code != "REOPENED") {
        assert_eq!(status.alarms.get(code), None, "{status:#?}");
    }
    // Whom it concerns is told that newest statements were lost.
    assert!(status.alarms.contains_key("REOPENED"), "{status:#?}");
}

/// All four ledgers verify, and no two of them tell two stories.
async fn logs_agree(line: &mut Line) {
    line.close().await;
    let trust = word(&line.stage.trust(AVELIA));
    let ledgers: Vec<String> = line
        .stage
        .ledgers()
        .iter()
        .map(|(_, ledger)| word(ledger))
        .collect();
    for ledger in &ledgers {
        let _ = line
            .run(&["log", "verify", ledger, "--trust", &trust])
            .await
            .ended(0);
    }
    for [a, b] in [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]] {
        let words = ["log", "compare", &ledgers[a], &ledgers[b], "--trust", &trust];
        let _ = line.run(&words).await.ended(0);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_restored_desk_that_reaches_only_a_relay_that_lags_signs_no_second_history() {
    let mut line = Line::open(PROGRAM).await;
    let (north, south) = (line.relay_name(AVELIA), line.relay_name(BORENIA));
    let backup = word(&line.folder().join("backup.ledger"));
    let mut sender = Sender::at(&line, AVELIA).await;
    let mut sent = vec![sender.send("Before the backup.").await];
    line.until(AVELIA, &sent[0].sha256, Rung::Delivered).await;
    let _ = line.desk(AVELIA, "backup", &["--to", &backup]).await.ended(0);
    // What follows is held by north and the peer, and south knows nothing of it.
    line.stage.kill_relay(&south).await.unwrap();
    for number in 2..=4 {
        let message = sender
            .send(&format!("Number {number}, while south is away."))
            .await;
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
        sent.push(message);
    }
    drop(sender);
    let before = own_places(&line, AVELIA);
    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.kill_relay(&north).await.unwrap();
    line.stage.start_relay(&south).await.unwrap();
    let _ = line.desk(AVELIA, "restore", &["--from", &backup]).await.ended(0);
    line.stage.start_desk(AVELIA).await.unwrap();
    let mut sender = Sender::at(&line, AVELIA).await;
    let alone = sender.send("Signed while only south could be asked.").await;
    line.until(AVELIA, &alone.sha256, Rung::Delivered).await;
    sent.push(alone);
    line.stage.start_relay(&north).await.unwrap();
    line.whole().await;
    // North tells what the desk had forgotten: it is taken up, and the pen stays open.
    eventually("the desk knows what it had forgotten", PATIENCE, async || {
        let held: BTreeSet<(u64, u64)> = own_places(&line, AVELIA).into_iter().collect();
        before.iter().all(|place| held.contains(place)).then_some(())
    })
    .await;
    sent.push(sender.send("And afterwards.").await);
    all_there_once(&line, &sent).await;
    for message in &sent {
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
    }
    let status = line.status(AVELIA).await;
    assert_eq!(status.read_only, None);
    assert!(status.alarms.contains_key("ADOPTED"), "{status:#?}");
    for side in [AVELIA, BORENIA] {
        let status = line.status(side).await;
        for code in DISHONEST.into_iter().filter(|code| *code != "REOPENED") {
            assert_eq!(status.alarms.get(code), None, "{status:#?}");
        }
    }
    // South gets what it missed, from the desk that had forgotten it.
    line.nothing_owed().await;
    drop(sender);
    logs_agree(&mut line).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_that_is_only_killed_and_started_stays_in_its_epoch() {
    let mut line = Line::open(PROGRAM).await;
    for number in 1..=3 {
        let mut sender = Sender::at(&line, AVELIA).await;
        let message = sender.send(&format!("Number {number}.")).await;
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
        line.stage.kill_desk(AVELIA).await.unwrap();
        line.stage.start_desk(AVELIA).await.unwrap();
        line.whole().await;
    }
    let places = own_places(&line, AVELIA);
    let expected: Vec<(u64, u64)> = (1..=places.len() as u64).map(|sequence| (1, sequence)).collect();
    assert_eq!(places, expected);
}
