//! Killed and paused relays and desks: nothing is lost and nothing is shown twice.

use std::{collections::BTreeSet, time::Duration};

use hotline_cli::demo::{stage::Pause, traffic::Watchers};
use hotline_client::request::Request;
use hotline_core::words::Rung;
use hotline_ledger::Inspector;
use hotline_tests::{
    AVELIA, BORENIA, Line, ledgers,
    traffic::{Sender, Traffic},
    wait::{PATIENCE, eventually},
};

use super::{DISHONEST, PROGRAM, all_there_once};

#[tokio::test(flavor = "current_thread")]
async fn killing_or_pausing_any_relay_under_traffic_loses_nothing_and_shows_nothing_twice() {
    let mut line = Line::open(PROGRAM).await;
    let watchers = Watchers::start(&line.stage).await.unwrap();
    let traffic = Traffic::start(&line, AVELIA, Duration::from_millis(20)).await;
    for side in [AVELIA, BORENIA] {
        let relay = line.relay_name(side);
        arrives(&line, AVELIA, "before the kill").await;
        line.stage.kill_relay(&relay).await.unwrap();
        arrives(&line, AVELIA, "with one relay").await;
        line.stage.start_relay(&relay).await.unwrap();
        line.whole().await;
    }
    let paused = line.relay_name(AVELIA);
    line.stage.pause_relay(&paused, Pause::Stop).unwrap();
    // A stalled machine, longer than a leg may be silent.
    tokio::time::sleep(Duration::from_secs(2)).await;
    arrives(&line, AVELIA, "while one stands still").await;
    line.stage.pause_relay(&paused, Pause::GoOn).unwrap();
    line.whole().await;
    let mut sent = traffic.stop().await;
    let hashes: Vec<String> = sent.iter().map(|view| view.sha256.clone()).collect();
    watchers.all_delivered(&hashes, PATIENCE).await;
    assert_eq!(
        watchers.losses(&hashes),
        (0, 0),
        "(lost, shown twice) of {}",
        sent.len()
    );
    let incoming = line.incoming(BORENIA).await;
    sent.extend(incoming.into_iter().filter(|view| view.text.starts_with("probe")));
    all_there_once(&line, &sent).await;
    for side in [AVELIA, BORENIA] {
        let status = line.status(side).await;
        assert!(status.gaps.is_empty(), "{:?}", status.gaps);
        for code in DISHONEST {
            assert_eq!(status.alarms.get(code), None, "{status:#?}");
        }
    }
    line.close().await;
    for (title, ledger) in line.stage.ledgers() {
        let kept = Inspector::open(&ledger).unwrap().conflicts(16).unwrap().kept;
        assert!(
            kept.is_empty(),
            "{title} keeps evidence against an honest desk: {kept:?}"
        );
    }
}

/// One message more passes, now.
async fn arrives(line: &Line, side: usize, when: &str) {
    let mut sender = Sender::at(line, side).await;
    let sent = sender.send(&format!("probe {when}")).await;
    line.until(side, &sent.sha256, Rung::Delivered).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_receiving_desk_killed_again_and_again_loses_nothing_and_shows_nothing_as_new_twice() {
    let mut line = Line::open(PROGRAM).await;
    let traffic = Traffic::start(&line, AVELIA, Duration::from_millis(15)).await;
    let mut on_screen: Vec<String> = Vec::new();
    let mut instances = 0;
    for _ in 0..6 {
        // Something new has come in since the last start; it is about to be drawn when the desk dies.
        let fresh = eventually("something new", PATIENCE, async || {
            let incoming = line.incoming(BORENIA).await;
            incoming.into_iter().rev().find(|view| view.shown == "never")
        })
        .await;
        line.seat(BORENIA)
            .await
            .ask(Request::Showing {
                messages: vec![fresh.sha256.clone()],
            })
            .await
            .unwrap();
        on_screen.push(fresh.sha256);
        line.stage.kill_desk(BORENIA).await.unwrap();
        line.stage.start_desk(BORENIA).await.unwrap();
        instances += 1;
        let again = line.incoming(BORENIA).await;
        for sha256 in &on_screen {
            let view = again
                .iter()
                .find(|view| view.sha256 == *sha256)
                .expect("what was on screen is lost");
            assert_eq!(view.shown, "before", "after restart {instances}");
        }
    }
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let sent = traffic.stop().await;
    all_there_once(&line, &sent).await;
    for message in &sent {
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
    }
    // Its own chain has no fork and no hole: each place once.
    let desk = line.desk_config(BORENIA);
    let places: Vec<(u64, u64)> = ledgers::leaves_of(&desk.ledger, &desk.identity.to_string())
        .iter()
        .map(|leaf| (leaf.epoch, leaf.sequence))
        .collect();
    let expected: Vec<(u64, u64)> = (1..=places.len() as u64).map(|sequence| (1, sequence)).collect();
    assert_eq!(places, expected);
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_desk_released_is_delivered_though_it_is_killed_right_afterwards() {
    let mut line = Line::open(PROGRAM).await;
    let mut sent = Vec::new();
    for number in 0..5 {
        let mut sender = Sender::at(&line, AVELIA).await;
        sent.push(sender.send(&format!("Released, then killed: {number}.")).await);
        line.stage.kill_desk(AVELIA).await.unwrap();
        line.stage.start_desk(AVELIA).await.unwrap();
    }
    all_there_once(&line, &sent).await;
    for message in &sent {
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
    }
    let names: Vec<&str> = sent.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names, ["A-0001", "A-0002", "A-0003", "A-0004", "A-0005"]);
    let status = line.status(BORENIA).await;
    assert!(status.gaps.is_empty() && status.alarms.is_empty(), "{status:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_that_was_away_gets_what_it_missed() {
    let mut line = Line::open(PROGRAM).await;
    let north = line.relay_name(AVELIA);
    line.stage.kill_relay(&north).await.unwrap();
    let mut sender = Sender::at(&line, AVELIA).await;
    let mut sent = Vec::new();
    for number in 0..20 {
        sent.push(sender.send(&format!("While north is away: {number}.")).await);
    }
    all_there_once(&line, &sent).await;
    line.stage.start_relay(&north).await.unwrap();
    for side in [AVELIA, BORENIA] {
        eventually("nothing is owed to north", PATIENCE, async || {
            let status = line.status(side).await;
            (status.relays[&north].pending == 0 && status.legs_up() == 4).then_some(())
        })
        .await;
    }
    line.close().await;
    let held: BTreeSet<String> = ledgers::leaves(
        &line.stage.sides[AVELIA]
            .relay
            .config
            .with_file_name("relay.ledger"),
    )
    .iter()
    .map(|leaf| leaf.hash.to_string())
    .collect();
    for message in &sent {
        assert!(held.contains(&message.sha256), "north lacks {}", message.name);
    }
}
