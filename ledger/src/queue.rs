//! The bounded queue before the writer: three lanes, control first.
//!
//! Whoever fills the queue with bulk cannot keep a FLASH out: bulk may use half of it, messages three quarters, control
//! all. At the bound a batch is refused at once, and nothing that waits is dropped.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hotline_core::leg::Lane;

use crate::entry::{Haste, MAX_BATCH_BYTES, MAX_BATCH_ITEMS};

/// Most entries, records and conflicts that wait. Eight full rounds: below one second of work at the slowest rate that
/// was measured.
pub const QUEUE_ITEMS: usize = 8 * MAX_BATCH_ITEMS;
/// Most bytes that wait. Eight full rounds: 32 MiB.
pub const QUEUE_BYTES: usize = 8 * MAX_BATCH_BYTES;

/// How long the writer waits for a prompt batch when only patient ones are there. 5 ms: about the time between two messages
/// of an unhurried exchange, and a hundredth of what a resend waits.
pub const PATIENCE: Duration = Duration::from_millis(5);

/// What a batch weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

impl Weight {
    fn plus(self, other: Self) -> Self {
        Self {
            items: self.items + other.items,
            bytes: self.bytes + other.bytes,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            items: self.items.saturating_sub(other.items),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    /// Whether this is within `quarters` of `bound`.
    fn within(self, bound: Self, quarters: usize) -> bool {
        self.items <= bound.items / 4 * quarters && self.bytes <= bound.bytes / 4 * quarters
    }
}

const QUEUE: Weight = Weight {
    items: QUEUE_ITEMS,
    bytes: QUEUE_BYTES,
};
const ROUND: Weight = Weight {
    items: MAX_BATCH_ITEMS,
    bytes: MAX_BATCH_BYTES,
};

/// Why a batch could not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    Full,
    Closed,
}

/// The queue between callers and the writer's thread.
pub(crate) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
}

struct Waits<T> {
    weight: Weight,
    haste: Haste,
    item: T,
}

struct Waiting<T> {
    lanes: [VecDeque<Waits<T>>; 3],
    weight: Weight,
    /// Batches that somebody waits for.
    prompt: usize,
    closed: bool,
}

fn place(lane: Lane) -> usize {
    match lane {
        Lane::Control => 0,
        Lane::Message => 1,
        Lane::Bulk => 2,
    }
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let lanes = [VecDeque::new(), VecDeque::new(), VecDeque::new()];
        Self {
            waiting: Mutex::new(Waiting {
                lanes,
                weight: Weight::default(),
                prompt: 0,
                closed: false,
            }),
            arrived: Condvar::new(),
        }
    }

    /// Lets `item` wait, or gives it back.
    pub(crate) fn put(&self, lane: Lane, haste: Haste, weight: Weight, item: T) -> Result<(), (NoRoom, T)> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err((NoRoom::Closed, item));
        }
        let quarters = 4 - place(lane);
        let after = waiting.weight.plus(weight);
        if !after.within(QUEUE, quarters) {
            return Err((NoRoom::Full, item));
        }
        waiting.weight = after;
        // The writer is woken for news: for something prompt, or by the first thing that waits at all.
        let wake = haste == Haste::Prompt || waiting.is_empty();
        waiting.prompt += usize::from(haste == Haste::Prompt);
        waiting.lanes[place(lane)].push_back(Waits { weight, haste, item });
        drop(waiting);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for work and takes up to one round of it, control first; `None` when the queue is closed and empty. What is
    /// patient waits [`PATIENCE`] at most for something prompt.
    pub(crate) fn take(&self) -> Option<Vec<T>> {
        let idle = |waiting: &mut Waiting<T>| !waiting.closed && waiting.is_empty();
        let waiting = self
            .arrived
            .wait_while(self.lock(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        let patient = |waiting: &mut Waiting<T>| {
            !waiting.closed && waiting.prompt == 0 && waiting.weight.within(ROUND, 4)
        };
        let (mut waiting, _) = self
            .arrived
            .wait_timeout_while(waiting, PATIENCE, patient)
            .unwrap_or_else(PoisonError::into_inner);
        let round = waiting.take_round();
        if round.is_empty() { None } else { Some(round) }
    }

    /// Takes no more; what waits is still handed out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Waiting<T> {
    fn is_empty(&self) -> bool {
        self.lanes.iter().all(VecDeque::is_empty)
    }

    fn take_round(&mut self) -> Vec<T> {
        let (mut round, mut taken) = (Vec::new(), Weight::default());
        'full: for lane in &mut self.lanes {
            while let Some(next) = lane.front() {
                let after = taken.plus(next.weight);
                if !round.is_empty() && !after.within(ROUND, 4) {
                    break 'full;
                }
                taken = after;
                if let Some(next) = lane.pop_front() {
                    self.prompt -= usize::from(next.haste == Haste::Prompt);
                    round.push(next.item);
                }
            }
        }
        self.weight = self.weight.minus(taken);
        round
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn weight(items: usize) -> Weight {
        Weight { items, bytes: 0 }
    }

    #[test]
    fn control_is_taken_before_message_before_bulk() {
        let queue = Queue::new();
        queue.put(Lane::Bulk, Haste::Prompt, weight(1), "bulk").unwrap();
        queue
            .put(Lane::Message, Haste::Prompt, weight(1), "message")
            .unwrap();
        queue
            .put(Lane::Control, Haste::Prompt, weight(1), "control")
            .unwrap();
        assert_eq!(queue.take().unwrap(), ["control", "message", "bulk"]);
    }

    #[test]
    fn a_queue_full_of_bulk_still_takes_messages_and_one_full_of_messages_still_takes_control() {
        let queue = Queue::new();
        let fill = |lane| {
            (0..)
                .find(|_| queue.put(lane, Haste::Prompt, weight(1), ()).is_err())
                .unwrap()
        };
        assert_eq!(fill(Lane::Bulk), QUEUE_ITEMS / 2);
        assert_eq!(fill(Lane::Message), QUEUE_ITEMS / 4);
        assert_eq!(fill(Lane::Control), QUEUE_ITEMS / 4);
    }

    #[test]
    fn a_round_ends_at_its_bound_and_the_rest_waits() {
        let queue = Queue::new();
        for item in 0..3 {
            queue
                .put(Lane::Control, Haste::Prompt, weight(MAX_BATCH_ITEMS / 2), item)
                .unwrap();
        }
        assert_eq!(queue.take().unwrap(), [0, 1]);
        assert_eq!(queue.take().unwrap(), [2]);
    }

    #[test]
    fn a_closed_queue_hands_out_what_waits_and_takes_no_more() {
        let queue = Queue::new();
        queue.put(Lane::Message, Haste::Prompt, weight(1), 1).unwrap();
        queue.close();
        assert_eq!(
            queue.put(Lane::Message, Haste::Prompt, weight(1), 2),
            Err((NoRoom::Closed, 2))
        );
        assert_eq!(queue.take(), Some(vec![1]));
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn what_is_patient_leaves_with_the_next_that_is_prompt_and_alone_after_a_while() {
        let queue = Queue::new();
        queue
            .put(Lane::Control, Haste::Patient, weight(1), "patient")
            .unwrap();
        queue
            .put(Lane::Message, Haste::Prompt, weight(1), "prompt")
            .unwrap();
        assert_eq!(queue.take().unwrap(), ["patient", "prompt"]);
        queue
            .put(Lane::Control, Haste::Patient, weight(1), "alone")
            .unwrap();
        assert_eq!(queue.take().unwrap(), ["alone"]);
    }

    #[test]
    fn a_full_round_of_patient_batches_waits_no_longer() {
        let queue = Queue::new();
        for item in 0..3 {
            queue
                .put(Lane::Control, Haste::Patient, weight(MAX_BATCH_ITEMS / 2), item)
                .unwrap();
        }
        assert_eq!(queue.take().unwrap(), [0, 1]);
        queue.close();
        assert_eq!(queue.take().unwrap(), [2]);
    }
}
