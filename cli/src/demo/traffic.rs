//! Messages in a steady stream, and what came of them: measured at both desks by those who watch, not by those who
//! send.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotline_client::{
    compose::{self, Wording},
    request::{Answer, News, Request},
};
use hotline_core::{
    precedence::Precedence,
    release::Capacity,
    words::{OfficerRole, Rung},
};
use tokio::{task::JoinHandle, time::Instant};

use super::stage::Stage;
use crate::{
    desk::{Common, keyring, seat::Seat},
    exit::Failure,
};

/// Time between two messages. 10 ms: a hundred a second, far more than people write and far less than the line carries.
const EVERY: Duration = Duration::from_millis(10);

/// What the watchers saw.
#[derive(Debug, Default)]
struct Seen {
    delivered: BTreeMap<String, Instant>,
    shown: BTreeMap<String, u64>,
}

/// Watchers at both desks.
pub struct Watchers {
    seen: Arc<Mutex<Seen>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watchers {
    /// Watches the sender's desk for receipts and the other desk for what is shown.
    ///
    /// # Errors
    /// If a desk cannot be reached.
    pub async fn start(stage: &Stage) -> Result<Self, Failure> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut tasks = Vec::new();
        for side in 0..2 {
            let mut seat = stage.seat(side).await?;
            seat.ask(Request::Watch).await?;
            tasks.push(tokio::spawn(watch(seat, side, Arc::clone(&seen))));
        }
        Ok(Self { seen, tasks })
    }

    fn look<T>(&self, ask: impl FnOnce(&Seen) -> T) -> T {
        ask(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many of these messages were not receipted, and how many were shown more than once.
    #[must_use]
    pub fn losses(&self, sent: &[String]) -> (u64, u64) {
        self.look(|seen| {
            let lost = sent
                .iter()
                .filter(|message| !seen.delivered.contains_key(*message))
                .count();
            let twice = seen.shown.values().filter(|count| **count > 1).count();
            (lost as u64, twice as u64)
        })
    }

    /// When a message was receipted.
    #[must_use]
    pub fn delivered_at(&self, message: &str) -> Option<Instant> {
        self.look(|seen| seen.delivered.get(message).copied())
    }

    /// The longest time between two receipts that came in between `from` and `to`.
    #[must_use]
    pub fn longest_gap(&self, from: Instant, to: Instant) -> Duration {
        let mut times: Vec<Instant> = self.look(|seen| {
            seen.delivered
                .values()
                .copied()
                .filter(|time| (from..=to).contains(time))
                .collect()
        });
        times.sort();
        times
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .max()
            .unwrap_or(to - from)
    }

    /// Waits until all of these are receipted, or the time is over.
    pub async fn all_delivered(&self, sent: &[String], within: Duration) {
        let deadline = Instant::now() + within;
        while self.losses(sent).0 > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the watch.
    pub fn stop(self) {
        for task in self.tasks {
            task.abort();
        }
    }
}

async fn watch(mut seat: Seat, side: usize, seen: Arc<Mutex<Seen>>) {
    while let Ok(Some(Answer::News(news))) = seat.next().await {
        let News::Message { what, message } = news else {
            continue;
        };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if side == 0 && what == Rung::Delivered.name() {
            seen.delivered.entry(message.sha256).or_insert_with(Instant::now);
        } else if side == 1 && what == "ADDED" && message.direction == "in" {
            *seen.shown.entry(message.sha256).or_insert(0) += 1;
        }
    }
}

/// Sends ROUTINE messages from Avelia's desk at a steady pace for `how_long`; gives back their hashes.
///
/// # Errors
/// If the desk refuses one.
pub async fn send(stage: &Stage, how_long: Duration, first: usize) -> Result<Vec<String>, Failure> {
    let mut seat = stage.seat(0).await?;
    let common = Common {
        config: Some(stage.sides[0].desk.clone()),
        json: false,
        passphrase_file: None,
    };
    let officer = keyring::officer(&seat, &common, None, &[OfficerRole::Releaser], None)?;
    let (clock, entropy) = (Arc::clone(&seat.seams.clock), Arc::clone(&seat.seams.entropy));
    let sealing = seat.sealing();
    let end = Instant::now() + how_long;
    let mut pace = tokio::time::interval(EVERY);
    let mut sent = Vec::new();
    while Instant::now() < end {
        pace.tick().await;
        let report = first + sent.len() + 1;
        let wording = Wording::notice(
            Precedence::Routine,
            seat.config.channel.clone(),
            format!("HZ-01 search report {report}: no sighting in this square."),
        );
        let sheet = compose::write(
            (&seat.config, &sealing),
            &wording,
            &officer,
            Capacity::Releaser,
            clock.as_ref(),
            entropy.as_ref(),
        )
        .map_err(|error| Failure::new("HL-DEMO-008", 1, error.to_string(), ""))?;
        sent.push(seat.message(Request::Release { sheet }).await?.sha256);
    }
    Ok(sent)
}
