//! Traffic on a fixed schedule, and the receipts it brought.
//!
//! The schedule is open: a message is released when it is due, whatever became of the ones before. If releases stall,
//! those that are due meanwhile follow at once, and the time of each counts from when it was due.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use hotline_audit::Hash;
use hotline_client::station::Event;
use hotline_core::time::LineTime;
use tokio::{
    sync::{Semaphore, broadcast, mpsc},
    task::{JoinError, JoinHandle, JoinSet},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::bench::{
    error::BenchError,
    sender::{RECEIPTED_WITHIN, Seen, Sender, next},
    spread::Times,
};

/// Releases that may wait for the desk at once. 4,096: four seconds of the highest rate; then the schedule waits, and
/// what it holds up is late by that much.
const WAITING_MAX: usize = 4096;
/// Receipts that may wait to be noted.
const RECEIPTS_MAX: usize = 16_384;
/// Parts of a second.
const SECOND: Duration = Duration::from_secs(1);

/// Traffic that flows.
pub struct Traffic {
    enough: CancellationToken,
    releasing: JoinHandle<Result<BTreeMap<Hash, LineTime>, BenchError>>,
    noting: JoinHandle<BenchError>,
    receipts: mpsc::Receiver<(Hash, LineTime)>,
    seen: HashMap<Hash, LineTime>,
}

/// What was sent, and what came back.
#[derive(Debug, Default)]
pub struct Sent {
    due: BTreeMap<Hash, LineTime>,
    receipted: HashMap<Hash, LineTime>,
}

impl Traffic {
    /// Starts releasing so many messages a second.
    pub fn start(sender: &Arc<Sender>, rate: u32) -> Self {
        let enough = CancellationToken::new();
        let (note, receipts) = mpsc::channel(RECEIPTS_MAX);
        let noting = tokio::spawn(note_receipts(Arc::clone(sender), sender.station().events(), note));
        let releasing = tokio::spawn(release_all(
            Arc::clone(sender),
            SECOND / rate.max(1),
            enough.clone(),
        ));
        Self {
            enough,
            releasing,
            noting,
            receipts,
            seen: HashMap::new(),
        }
    }

    /// Takes receipts; resolves only if traffic failed. What was taken so far is kept when this is dropped.
    pub async fn failed(&mut self) -> BenchError {
        loop {
            tokio::select! {
                Some((hash, at)) = self.receipts.recv() => { self.seen.entry(hash).or_insert(at); }
                ended = &mut self.noting => return ended.unwrap_or_else(|error| task(&error)),
                ended = &mut self.releasing => return match ended {
                    Ok(Err(error)) => error,
                    Ok(Ok(_)) => BenchError::Ended("the schedule stopped".into()),
                    Err(error) => task(&error),
                },
            }
        }
    }

    /// Stops, and waits up to 30 s for receipts.
    ///
    /// # Errors
    /// If a release was refused, or events were missed.
    pub async fn finish(mut self) -> Result<Sent, BenchError> {
        self.enough.cancel();
        let releasing = async { (&mut self.releasing).await.map_err(|error| task(&error))? };
        let due = releasing.await?;
        let all = async {
            while due.keys().any(|hash| !self.seen.contains_key(hash)) {
                tokio::select! {
                    Some((hash, at)) = self.receipts.recv() => { self.seen.entry(hash).or_insert(at); }
                    ended = &mut self.noting => return Err(ended.unwrap_or_else(|error| task(&error))),
                }
            }
            Ok(())
        };
        // A message without a receipt by then is lost: that is counted, not an error.
        if let Ok(ended) = timeout(RECEIPTED_WITHIN, all).await {
            ended?;
        }
        let receipted = std::mem::take(&mut self.seen);
        Ok(Sent { due, receipted })
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.enough.cancel();
        self.noting.abort();
        self.releasing.abort();
    }
}

impl Sent {
    /// What desk A released.
    pub fn released(&self) -> BTreeSet<Hash> {
        self.due.keys().copied().collect()
    }

    /// Whether its DELIVERED receipt came.
    pub fn is_receipted(&self, message: &Hash) -> bool {
        self.receipted.contains_key(message)
    }

    /// When receipts came, in order.
    pub fn receipt_times(&self) -> Vec<LineTime> {
        let mut times: Vec<LineTime> = self.receipted.values().copied().collect();
        times.sort_unstable();
        times
    }

    /// From when each was due until its receipt.
    pub fn delays(&self) -> Times {
        let mut times = Times::new();
        for (hash, due) in &self.due {
            if let Some(at) = self.receipted.get(hash) {
                times.add(at.since(*due));
            }
        }
        times
    }
}

/// Releases until there is enough; tells when each was due.
async fn release_all(
    sender: Arc<Sender>,
    period: Duration,
    enough: CancellationToken,
) -> Result<BTreeMap<Hash, LineTime>, BenchError> {
    let places = Arc::new(Semaphore::new(WAITING_MAX));
    let mut releasing = JoinSet::new();
    let mut due = BTreeMap::new();
    // Two clocks that run alike: one wakes us, the other is what receipts are compared with.
    let (mut wake, mut at) = (Instant::now(), sender.now());
    while !enough.is_cancelled() {
        tokio::select! {
            biased;
            () = enough.cancelled() => break,
            () = sleep_until(wake) => {}
        }
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.map_err(|error| BenchError::Ended(error.to_string()))?;
        let sender = Arc::clone(&sender);
        releasing.spawn(async move {
            let hash = sender.release(sender.sheet()?).await?;
            drop(place);
            Ok((hash, at))
        });
        while let Some(released) = releasing.try_join_next() {
            note_release(released, &mut due)?;
        }
        (wake, at) = (wake + period, at.after(period));
    }
    while let Some(released) = releasing.join_next().await {
        note_release(released, &mut due)?;
    }
    Ok(due)
}

type Release = Result<Result<(Hash, LineTime), BenchError>, JoinError>;

fn note_release(released: Release, due: &mut BTreeMap<Hash, LineTime>) -> Result<(), BenchError> {
    let (hash, at) = released.map_err(|error| task(&error))??;
    due.insert(hash, at);
    Ok(())
}

/// Notes when DELIVERED receipts are seen; ends only if it cannot.
async fn note_receipts(
    sender: Arc<Sender>,
    mut events: broadcast::Receiver<Event>,
    note: mpsc::Sender<(Hash, LineTime)>,
) -> BenchError {
    loop {
        match next(&mut events).await {
            Ok(Some(Seen::Delivered(hash))) => {
                if note.send((hash, sender.now())).await.is_err() {
                    return BenchError::Ended("nobody reads the receipts".into());
                }
            }
            Ok(Some(Seen::Accepted(_) | Seen::Receipted(_)) | None) => {}
            Err(error) => return error,
        }
    }
}

fn task(error: &JoinError) -> BenchError {
    BenchError::Ended(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn at(ms: u64) -> LineTime {
        LineTime::from_start(Duration::from_millis(ms))
    }

    #[test]
    fn a_message_that_left_late_is_charged_from_when_it_was_due() {
        let (one, held_up, lost) = (Hash([1; 32]), Hash([2; 32]), Hash([3; 32]));
        let sent = Sent {
            due: BTreeMap::from([(one, at(10)), (held_up, at(20)), (lost, at(30))]),
            receipted: HashMap::from([(held_up, at(420)), (one, at(14))]),
        };
        let times = sent.delays().json();
        assert_eq!(times["count"], 2);
        assert!((times["max"].as_f64().unwrap() - 400.0).abs() < 1.0, "{times}");
        assert_eq!(sent.receipt_times(), [at(14), at(420)]);
        assert!(!sent.is_receipted(&lost) && sent.released().contains(&lost));
    }
}
