//! The courier: a thread that delivers things at the time they are due, to a few hundredths of a millisecond.
//!
//! tokio's timers are cut into milliseconds, which is too coarse for a link of 3 ms. This thread waits on a condition
//! with the smallest timer slack the system gives, so that what it delivers is late by what waking a thread takes. How
//! late it was is counted ([`super::DirectionStats::late_us_max`]); nothing spins.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io,
    num::NonZeroU64,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_transport::Clock;
use tokio::sync::oneshot;

use super::lane::{Lane, Parcel};

/// Timer slack asked of the system. 1 ns is the least it takes (its default is 50,000).
const SLACK_NS: NonZeroU64 = NonZeroU64::MIN;

/// What is to be done at a time.
pub(super) enum Job {
    /// Send this datagram.
    Deliver(Parcel, Arc<Lane>),
    /// Wake who waits.
    Wake(oneshot::Sender<()>),
}

struct Due {
    at: Duration,
    /// Of two at the same time, the first that came goes first.
    place: u64,
    job: Job,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.place) == (other.at, other.place)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.place).cmp(&(other.at, other.place))
    }
}

#[derive(Default)]
struct Board {
    due: BinaryHeap<Reverse<Due>>,
    places: u64,
    closed: bool,
}

/// The thread's board, and the handle to it.
pub(super) struct Courier {
    clock: Arc<dyn Clock>,
    board: Mutex<Board>,
    woken: Condvar,
}

impl Courier {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn start(clock: Arc<dyn Clock>) -> io::Result<Arc<Self>> {
        let courier = Arc::new(Self {
            clock,
            board: Mutex::default(),
            woken: Condvar::new(),
        });
        let thread = Arc::clone(&courier);
        std::thread::Builder::new()
            .name("fault courier".into())
            .spawn(move || thread.run())?;
        Ok(courier)
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.line().since_start()
    }

    /// Has a job done at `at`; jobs of the same time are done in the order they came.
    pub(super) fn at(&self, at: Duration, job: Job) {
        let mut board = self.board();
        if board.closed {
            return;
        }
        let place = board.places;
        board.places += 1;
        let first = board.due.peek().is_none_or(|Reverse(due)| at < due.at);
        board.due.push(Reverse(Due { at, place, job }));
        drop(board);
        if first {
            self.woken.notify_one();
        }
    }

    /// Waits until `at`.
    pub(super) async fn until(&self, at: Duration) {
        if at <= self.now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        self.at(at, Job::Wake(wake));
        // A courier that closes drops its jobs: then nobody is left to wait for.
        let _ = woken.await;
    }

    /// Ends the thread; what is on its way is dropped.
    pub(super) fn close(&self) {
        let mut board = self.board();
        board.closed = true;
        let dropped = std::mem::take(&mut board.due);
        drop(board);
        drop(dropped);
        self.woken.notify_one();
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        // Without it deliveries are 0.05 ms later; no reason not to deliver.
        let _ = rustix::thread::set_current_timer_slack(Some(SLACK_NS));
        let mut ready = Vec::new();
        while self.wait(&mut ready) {
            for due in ready.drain(..) {
                match due.job {
                    Job::Deliver(parcel, lane) => lane.deliver_due(&parcel, due.at, self.now()),
                    Job::Wake(who) => drop(who.send(())),
                }
            }
        }
    }

    /// Waits for what is due next; false once closed.
    fn wait(&self, ready: &mut Vec<Due>) -> bool {
        let mut board = self.board();
        loop {
            if board.closed {
                return false;
            }
            let now = self.now();
            while board.due.peek().is_some_and(|Reverse(due)| due.at <= now) {
                ready.extend(board.due.pop().map(|Reverse(due)| due));
            }
            if !ready.is_empty() {
                return true;
            }
            let next = board.due.peek().map(|Reverse(due)| due.at - now);
            board = match next {
                Some(time) => {
                    let waited = self.woken.wait_timeout(board, time);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.woken.wait(board).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
