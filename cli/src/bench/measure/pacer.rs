//! The schedule: says when the next message is due, and wakes whoever releases it then.
//!
//! A thread of its own waits on a condition, because tokio's timers go by whole milliseconds and are as late as whatever
//! else runs on the thread: that would be charged to the line. Whoever reads late finds every moment that has passed
//! meanwhile, each with the time it was due.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use hotline_core::time::LineTime;
use hotline_transport::Clock;
use tokio::sync::mpsc;

/// Moments that may wait to be read. 4,096: four seconds at 1,000 a second; then the schedule waits, and loses nothing.
const WAITING_MAX: usize = 4096;

/// What to play.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Time between two messages.
    pub period: Duration,
    /// How many; without end if none is named.
    pub count: Option<u64>,
}

/// A schedule that plays; it ends when this is dropped.
pub struct Pacer {
    due: mpsc::Receiver<LineTime>,
    stop: Arc<Stop>,
}

#[derive(Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Pacer {
    /// Starts: the first message is due at once.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub fn start(clock: Arc<dyn Clock>, schedule: Schedule) -> io::Result<Self> {
        let (say, due) = mpsc::channel(WAITING_MAX);
        let stop = Arc::new(Stop::default());
        let stopping = Arc::clone(&stop);
        thread::Builder::new()
            .name("schedule".into())
            .spawn(move || play(clock.as_ref(), schedule, &stopping, &say))?;
        Ok(Self { due, stop })
    }

    /// When the next message is due, as soon as it is; none once all were.
    pub async fn next(&mut self) -> Option<LineTime> {
        self.due.recv().await
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        *self.stop.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.changed.notify_all();
    }
}

fn play(clock: &dyn Clock, schedule: Schedule, stop: &Stop, say: &mpsc::Sender<LineTime>) {
    let mut due = clock.line();
    let mut left = schedule.count.unwrap_or(u64::MAX);
    while left > 0 {
        if !wait_until(clock, due, stop) || say.blocking_send(due).is_err() {
            return;
        }
        due = due.after(schedule.period);
        left -= 1;
    }
}

/// False if it was told to stop.
fn wait_until(clock: &dyn Clock, due: LineTime, stop: &Stop) -> bool {
    let mut stopped = stop.stopped.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let wait = due.since(clock.line());
        if *stopped {
            return false;
        }
        if wait.is_zero() {
            return true;
        }
        let waited = stop.changed.wait_timeout(stopped, wait);
        stopped = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_transport::Seams;

    use super::*;

    #[tokio::test]
    async fn moments_are_evenly_spread_however_late_they_are_read() {
        let seams = Seams::system();
        let schedule = Schedule {
            period: Duration::from_millis(2),
            count: Some(50),
        };
        let mut pacer = Pacer::start(Arc::clone(&seams.clock), schedule).unwrap();
        let first = pacer.next().await.unwrap();
        tokio::time::sleep(Duration::from_millis(40)).await;
        let mut all = vec![first];
        while let Some(due) = pacer.next().await {
            assert!(seams.clock.line() >= due, "nothing is due early");
            all.push(due);
        }
        let steps: Vec<Duration> = all.windows(2).map(|two| two[1].since(two[0])).collect();
        assert_eq!(steps, [Duration::from_millis(2); 49]);
    }

    #[tokio::test]
    async fn a_schedule_ends_when_it_is_dropped() {
        let seams = Seams::system();
        let schedule = Schedule {
            period: Duration::from_secs(60),
            count: None,
        };
        let mut pacer = Pacer::start(Arc::clone(&seams.clock), schedule).unwrap();
        assert!(pacer.next().await.is_some());
        let stop = Arc::clone(&pacer.stop);
        drop(pacer);
        // The thread holds the other one until it has seen that it is to end.
        while Arc::strong_count(&stop) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
