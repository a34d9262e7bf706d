//! What is broken: a relay dies under traffic and comes back, and a stranger knocks.

use std::{fs, path::Path, time::Duration};

use hotline_core::leg::Door;
use hotline_transport::Seams;
use tokio::time::Instant;

use super::super::{
    check::Told,
    intruder,
    stage::Stage,
    traffic::{self, Watchers},
};
use super::{PATIENCE, TRAFFIC};
use crate::exit::Failure;

/// Relay north is killed while messages flow, and comes back.
pub(super) async fn kill_north(stage: &mut Stage, told: &mut Told) -> Result<(), Failure> {
    let north = stage.sides[0].relay.name.clone();
    told.part(&format!(
        "Search reports flow; relay {north} is killed with SIGKILL in the middle of them."
    ));
    let watchers = Watchers::start(stage).await?;
    let began = Instant::now();
    let mut sent = traffic::send(stage, TRAFFIC, 0).await?;
    let killed = Instant::now();
    stage.kill_relay(&north).await?;
    let more = traffic::send(stage, TRAFFIC, sent.len()).await?;
    let ended = Instant::now();
    sent.extend(more);
    watchers.all_delivered(&sent, PATIENCE).await;
    let (lost, twice) = watchers.losses(&sent);
    let without = watchers.longest_gap(began, killed);
    let with = watchers.longest_gap(killed, ended);
    told.summary.lost = lost;
    told.summary.shown_twice = twice;
    told.summary.gap_ms = with.as_secs_f64() * 1000.0;
    told.summary.gap_ms_without_kill = without.as_secs_f64() * 1000.0;
    told.check(
        "killing a relay loses nothing and shows nothing twice",
        lost == 0 && twice == 0,
        format!(
            "{} sent, {lost} lost, {twice} shown twice; longest gap between receipts {:.0} ms, {:.0} ms before the kill",
            sent.len(),
            told.summary.gap_ms,
            told.summary.gap_ms_without_kill
        ),
    );
    let back = Instant::now();
    stage.start_relay(&north).await?;
    stage.legs_up(0, 4).await?;
    stage.legs_up(1, 4).await?;
    let pending = caught_up(stage, &north).await?;
    watchers.stop();
    told.check(
        &format!("relay {north} comes back and gets what it missed"),
        pending == 0,
        format!(
            "{pending} statements still to send, {} ms after its start",
            back.elapsed().as_millis()
        ),
    );
    Ok(())
}

/// Waits until both desks have nothing left for a relay; gives back what is left.
async fn caught_up(stage: &Stage, relay: &str) -> Result<u64, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut pending = 0;
        for side in 0..2 {
            let status = stage.seat(side).await?.status().await?;
            pending += status.relays.get(relay).map_or(0, |relay| relay.pending);
        }
        if pending == 0 || Instant::now() > deadline {
            return Ok(pending);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(super) async fn intrude(stage: &Stage, seams: &Seams, told: &mut Told) -> Result<(), Failure> {
    told.part("Somebody else's CA issues Avelia's name, and knocks.");
    for door in Door::ALL {
        let refusal = intruder::knock(stage, seams, door).await?;
        let said = refusal
            .as_ref()
            .map_or("it was let in".to_owned(), |refusal| refusal.sentence());
        told.check(
            &format!("a certificate of a foreign CA is refused at the {door} door"),
            refusal.is_some(),
            said,
        );
    }
    let file = stage.dir.join(format!("{}.log", stage.sides[0].relay.name));
    let events = security_events(&file).await;
    told.check(
        "the relay logs each refusal as a security event",
        events >= 2,
        format!("{events} events"),
    );
    Ok(())
}

/// Security events in a relay's log; it is written a moment after the refusal.
async fn security_events(file: &Path) -> usize {
    let deadline = Instant::now() + Duration::from_secs(3);
    loop {
        let log = fs::read_to_string(file).unwrap_or_default();
        let events = log.lines().filter(|line| line.contains("security")).count();
        if events >= 2 || Instant::now() > deadline {
            return events;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
