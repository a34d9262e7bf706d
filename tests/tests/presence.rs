//! Presence, with real processes: what both relays sign about a desk that is killed, paused, or closed in good order, as
//! the desk at the other end is told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use hotline_cli::demo::stage::Pause;
use hotline_client::status::PresenceStatus;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Waits until both relays say the same of Borenia's desk to Avelia's.
async fn both_say(line: &Line, state: &str) -> Vec<PresenceStatus> {
    let peer = line.desk_config(BORENIA).identity.to_string();
    eventually(&format!("both relays say {state}"), PATIENCE, async || {
        let relays = line.status(AVELIA).await.relays;
        let said: Vec<PresenceStatus> = relays
            .values()
            .filter_map(|relay| relay.presence.get(&peer).cloned())
            .collect();
        let all = said.len() == 2 && said.iter().all(|said| said.state == state);
        all.then_some(said)
    })
    .await
}

#[tokio::test]
async fn a_desk_is_present_by_both_doors_of_both_relays_and_each_relay_signs_for_itself() {
    let line = Line::open(PROGRAM).await;
    let both_doors = |said: &PresenceStatus| said.doors == ["quic", "tcp"];
    eventually("both doors are named", PATIENCE, async || {
        both_say(&line, "PRESENT")
            .await
            .iter()
            .all(both_doors)
            .then_some(())
    })
    .await;
    let said = both_say(&line, "PRESENT").await;
    let signed: BTreeSet<String> = said.iter().map(|said| said.sha256.clone()).collect();
    assert_eq!(signed.len(), 2, "{said:?}");
}

#[tokio::test]
async fn a_desk_that_closes_in_good_order_is_closed_and_present_again_when_it_comes_back() {
    let mut line = Line::open(PROGRAM).await;
    both_say(&line, "PRESENT").await;
    line.stage.close_desk(BORENIA).await.unwrap();
    both_say(&line, "CLOSED").await;
    line.stage.start_desk(BORENIA).await.unwrap();
    both_say(&line, "PRESENT").await;
}

#[tokio::test]
async fn a_desk_whose_process_is_killed_is_reset() {
    let mut line = Line::open(PROGRAM).await;
    both_say(&line, "PRESENT").await;
    line.stage.kill_desk(BORENIA).await.unwrap();
    both_say(&line, "RESET").await;
    line.stage.start_desk(BORENIA).await.unwrap();
    both_say(&line, "PRESENT").await;
}

#[tokio::test]
async fn a_desk_that_stands_still_is_silent_and_present_again_when_it_goes_on() {
    let mut line = Line::open(PROGRAM).await;
    both_say(&line, "PRESENT").await;
    line.stage.pause_desk(BORENIA, Pause::Stop).unwrap();
    both_say(&line, "SILENT").await;
    line.stage.pause_desk(BORENIA, Pause::GoOn).unwrap();
    both_say(&line, "PRESENT").await;
}

#[tokio::test]
async fn a_relay_that_cannot_be_heard_vouches_for_nobody() {
    let mut line = Line::open(PROGRAM).await;
    both_say(&line, "PRESENT").await;
    let north = line.relay_name(AVELIA);
    line.stage.kill_relay(&north).await.unwrap();
    eventually("its word is gone", PATIENCE, async || {
        let relays = line.status(AVELIA).await.relays;
        relays[&north].presence.is_empty().then_some(())
    })
    .await;
}
