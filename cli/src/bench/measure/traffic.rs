//! Traffic on a fixed schedule, and everything that came back.
//!
//! The schedule is open: a message is released when it is due, whatever became of the ones before. If releases stall,
//! those that are due meanwhile follow at once, and the time of each counts from when it was due.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotline_audit::Hash;
use hotline_client::station::Event;
use hotline_core::time::LineTime;
use tokio::{
    sync::{Semaphore, broadcast},
    task::{JoinError, JoinHandle, JoinSet},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    pacer::{Pacer, Schedule},
    sender::{RECEIPTED_WITHIN, Seen, Sender, next},
};
use crate::bench::error::BenchError;

/// Releases that may wait for the desk at once. 4,096: four seconds at 1,000 a second; then the schedule waits, and what
/// it holds up is late by that much.
const WAITING_MAX: usize = 4096;
/// How often we look whether everything came back.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// When a message was due, and when desk A had committed its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// By the schedule.
    pub due: LineTime,
    /// RELEASED.
    pub released: LineTime,
}

/// When desk A saw what came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// ACCEPTED, in the order of coming; whose they are stands in the message's own record, in the same order.
    pub accepted: [Option<LineTime>; 2],
    /// The DELIVERED receipt, verified.
    pub receipted: Option<LineTime>,
    /// The same on desk A's disk.
    pub delivered: Option<LineTime>,
    /// DISPLAYED, on desk A's disk.
    pub displayed: Option<LineTime>,
    /// ACKNOWLEDGED, on desk A's disk.
    pub acknowledged: Option<LineTime>,
}

impl Came {
    fn note(&mut self, seen: Seen, at: LineTime) {
        let place = match seen {
            Seen::Accepted(_) => match self.accepted.iter_mut().find(|place| place.is_none()) {
                Some(place) => place,
                None => return,
            },
            Seen::Receipted(_) => &mut self.receipted,
            Seen::Delivered(_) => &mut self.delivered,
            Seen::Displayed(_) => &mut self.displayed,
            Seen::Acknowledged(_) => &mut self.acknowledged,
        };
        place.get_or_insert(at);
    }

    /// Whether both relays and desk B have receipted it.
    pub fn is_whole(&self) -> bool {
        self.delivered.is_some() && self.accepted.iter().all(Option::is_some)
    }
}

type Notes = Arc<Mutex<HashMap<Hash, Came>>>;

/// Traffic that flows.
pub struct Traffic {
    enough: CancellationToken,
    releasing: JoinHandle<Result<BTreeMap<Hash, Left>, BenchError>>,
    released: Option<BTreeMap<Hash, Left>>,
    noting: JoinHandle<BenchError>,
    notes: Notes,
}

/// What was sent, and what came back.
#[derive(Debug, Default)]
pub struct Sent {
    /// Every message that was released.
    pub left: BTreeMap<Hash, Left>,
    /// What came of it.
    pub came: HashMap<Hash, Came>,
}

impl Traffic {
    /// Starts releasing.
    ///
    /// # Errors
    /// If the system has no thread for the schedule.
    pub fn start(sender: &Arc<Sender>, schedule: Schedule) -> Result<Self, BenchError> {
        let enough = CancellationToken::new();
        let notes = Notes::default();
        let clock = Arc::clone(&sender.station().seams().clock);
        let pacer = Pacer::start(clock, schedule).map_err(BenchError::place("a thread for the schedule"))?;
        let noting = tokio::spawn(note_all(
            Arc::clone(sender),
            sender.station().events(),
            Arc::clone(&notes),
        ));
        let releasing = tokio::spawn(release_all(Arc::clone(sender), pacer, enough.clone()));
        Ok(Self {
            enough,
            releasing,
            released: None,
            noting,
            notes,
        })
    }

    /// Resolves only if traffic failed, or stopped before it was told to.
    pub async fn failed(&mut self) -> BenchError {
        match self.played().await {
            Ok(()) => BenchError::Ended("the schedule stopped".into()),
            Err(error) => error,
        }
    }

    /// Waits until the whole schedule has left.
    ///
    /// # Errors
    /// If a release was refused, or events were missed.
    pub async fn played(&mut self) -> Result<(), BenchError> {
        if self.released.is_none() {
            let left = tokio::select! {
                ended = &mut self.releasing => ended.map_err(|error| task(&error))??,
                ended = &mut self.noting => return Err(ended.unwrap_or_else(|error| task(&error))),
            };
            self.released = Some(left);
        }
        Ok(())
    }

    /// Stops, and waits up to 30 s until each message has come as far as it is expected to.
    ///
    /// # Errors
    /// If a release was refused, or events were missed.
    pub async fn finish(mut self, expected: impl Fn(&Hash, &Came) -> bool) -> Result<Sent, BenchError> {
        self.enough.cancel();
        self.played().await?;
        let left = self.released.take().unwrap_or_default();
        let all = async {
            loop {
                let missing = {
                    let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
                    let nothing = Came::default();
                    left.keys()
                        .any(|hash| !expected(hash, notes.get(hash).unwrap_or(&nothing)))
                };
                if !missing {
                    return;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            // A message without a receipt by then is lost: that is counted, not an error.
            _ = timeout(RECEIPTED_WITHIN, all) => {}
            ended = &mut self.noting => return Err(ended.unwrap_or_else(|error| task(&error))),
        }
        let came = std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Sent { left, came })
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
        self.left.keys().copied().collect()
    }

    /// When DELIVERED receipts were stored, in order.
    pub fn receipt_times(&self) -> Vec<LineTime> {
        let mut times: Vec<LineTime> = self.came.values().filter_map(|came| came.delivered).collect();
        times.sort_unstable();
        times
    }

    /// Forgets messages that were due before; they were the warm-up.
    pub fn from(mut self, begin: LineTime) -> Self {
        self.left.retain(|_, left| left.due >= begin);
        self.came.retain(|hash, _| self.left.contains_key(hash));
        self
    }
}

/// Releases until there is enough; tells when each was due.
async fn release_all(
    sender: Arc<Sender>,
    mut pacer: Pacer,
    enough: CancellationToken,
) -> Result<BTreeMap<Hash, Left>, BenchError> {
    let places = Arc::new(Semaphore::new(WAITING_MAX));
    let mut releasing = JoinSet::new();
    let mut all = BTreeMap::new();
    loop {
        let due = tokio::select! {
            biased;
            () = enough.cancelled() => break,
            due = pacer.next() => due,
        };
        let Some(due) = due else { break };
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.map_err(|error| BenchError::Ended(error.to_string()))?;
        let sender = Arc::clone(&sender);
        releasing.spawn(async move {
            let hash = sender.release(sender.sheet()?).await?;
            let released = sender.now();
            drop(place);
            Ok((hash, Left { due, released }))
        });
        while let Some(released) = releasing.try_join_next() {
            note_release(released, &mut all)?;
        }
    }
    while let Some(released) = releasing.join_next().await {
        note_release(released, &mut all)?;
    }
    Ok(all)
}

type Release = Result<Result<(Hash, Left), BenchError>, JoinError>;

fn note_release(released: Release, all: &mut BTreeMap<Hash, Left>) -> Result<(), BenchError> {
    let (hash, left) = released.map_err(|error| task(&error))??;
    all.insert(hash, left);
    Ok(())
}

/// Notes when receipts are seen; ends only if it cannot.
async fn note_all(sender: Arc<Sender>, mut events: broadcast::Receiver<Event>, notes: Notes) -> BenchError {
    loop {
        match next(&mut events).await {
            Ok(Some(seen)) => {
                let at = sender.now();
                let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
                notes.entry(seen.message()).or_default().note(seen, at);
            }
            Ok(None) => {}
            Err(error) => return error,
        }
    }
}

fn task(error: &JoinError) -> BenchError {
    BenchError::Ended(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> LineTime {
        LineTime::from_start(Duration::from_millis(ms))
    }

    #[test]
    fn what_came_first_of_its_kind_is_noted_and_both_acceptances() {
        let message = Hash([1; 32]);
        let mut came = Came::default();
        for (seen, ms) in [
            (Seen::Accepted(message), 3),
            (Seen::Receipted(message), 4),
            (Seen::Delivered(message), 5),
            (Seen::Delivered(message), 9),
        ] {
            came.note(seen, at(ms));
        }
        assert!(!came.is_whole(), "the other relay has not accepted it");
        came.note(Seen::Accepted(message), at(7));
        came.note(Seen::Accepted(message), at(8));
        assert!(came.is_whole());
        assert_eq!(came.accepted, [Some(at(3)), Some(at(7))]);
        assert_eq!((came.receipted, came.delivered), (Some(at(4)), Some(at(5))));
    }

    #[test]
    fn the_warm_up_is_forgotten_with_its_receipts() {
        let (early, counted) = (Hash([1; 32]), Hash([2; 32]));
        let left = |ms| Left {
            due: at(ms),
            released: at(ms + 1),
        };
        let delivered = |ms| Came {
            delivered: Some(at(ms)),
            ..Came::default()
        };
        let sent = Sent {
            left: BTreeMap::from([(early, left(10)), (counted, left(1000))]),
            came: HashMap::from([(early, delivered(14)), (counted, delivered(1004))]),
        };
        let sent = sent.from(at(1000));
        assert_eq!(sent.released(), BTreeSet::from([counted]));
        assert_eq!(sent.receipt_times(), [at(1004)]);
    }
}
