//! Remembers refusals: the last ones in full, all of them as numbers, and one security event each.
//!
//! Strangers decide how often this is called, so everything has a bound: the ring keeps the newest, and events are
//! rationed per second. What was rationed away is still counted, and the next event says how many were.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hotline_core::leg::Door;
use hotline_core::time::LineTime;

use super::{By, Refusal};
use crate::seams::Clock;

/// Refusals kept in full. 256 × about 1 KiB.
const KEPT: usize = 256;

/// Security events per second at most: enough to read, too few to fill a disk.
const EVENTS_PER_SECOND: u32 = 20;

/// How many refusals of one kind there were since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalCount {
    /// At which door.
    pub door: Door,
    /// Who objected.
    pub by: By,
    /// [`Refusal::kind`].
    pub kind: &'static str,
    /// How many.
    pub count: u64,
}

/// A shared memory of refusals. Clones are the same memory.
#[derive(Debug, Clone)]
pub struct RefusalLog {
    clock: Arc<dyn Clock>,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    ring: VecDeque<Arc<Refusal>>,
    counts: BTreeMap<(Door, By, &'static str), u64>,
    second: LineTime,
    events: u32,
    unsaid: u64,
}

impl RefusalLog {
    /// An empty memory.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let inner = Inner {
            ring: VecDeque::with_capacity(KEPT),
            counts: BTreeMap::new(),
            second: clock.line(),
            events: 0,
            unsaid: 0,
        };
        Self {
            clock,
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// The newest refusals, oldest first, 256 at most.
    #[must_use]
    pub fn recent(&self) -> Vec<Arc<Refusal>> {
        self.lock().ring.iter().cloned().collect()
    }

    /// The newest refusal.
    #[must_use]
    pub fn last(&self) -> Option<Arc<Refusal>> {
        self.lock().ring.back().cloned()
    }

    /// All refusals since the start.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.lock()
            .counts
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Numbers by door, side and kind, in that order.
    #[must_use]
    pub fn counts(&self) -> Vec<RefusalCount> {
        let inner = self.lock();
        inner
            .counts
            .iter()
            .map(|((door, by, kind), count)| RefusalCount {
                door: *door,
                by: *by,
                kind,
                count: *count,
            })
            .collect()
    }

    /// Remembers, counts and, within the ration, says it aloud.
    pub(crate) fn record(&self, refusal: &Refusal) {
        let now = self.clock.line();
        let mut inner = self.lock();
        let count = inner
            .counts
            .entry((refusal.door, refusal.by, refusal.kind()))
            .or_default();
        *count = count.saturating_add(1);
        if inner.ring.len() == KEPT {
            inner.ring.pop_front();
        }
        inner.ring.push_back(Arc::new(refusal.clone()));
        if now.since(inner.second) >= Duration::from_secs(1) {
            inner.second = now;
            inner.events = 0;
        }
        if inner.events >= EVENTS_PER_SECOND {
            inner.unsaid = inner.unsaid.saturating_add(1);
            return;
        }
        inner.events = inner.events.saturating_add(1);
        let unsaid = std::mem::take(&mut inner.unsaid);
        drop(inner);
        say(refusal, unsaid);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere while counting leaves numbers, not a broken structure.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn say(refusal: &Refusal, unsaid: u64) {
    let certificate = refusal
        .certificate
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::warn!(
        event = "security",
        kind = refusal.kind(),
        by = refusal.by.name(),
        door = refusal.door.name(),
        peer.addr = %refusal.remote,
        certificate,
        unsaid,
        "{}",
        refusal.sentence()
    );
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_core::time::WallTime;

    use super::*;
    use crate::refusal::Reason;
    use crate::seams::Seams;

    fn refusal(detail: &str) -> Refusal {
        Refusal {
            by: By::Network,
            reason: Reason::Unreachable {
                detail: detail.to_owned(),
            },
            door: Door::Tcp,
            remote: ([127, 0, 0, 1], 4443).into(),
            called: None,
            certificate: None,
            file: None,
            at: WallTime::from_unix_ms(0),
        }
    }

    #[test]
    fn a_flood_of_refusals_is_counted_in_full_and_kept_in_part() {
        let log = RefusalLog::new(Seams::system().clock);
        for number in 0..1000 {
            log.record(&refusal(&number.to_string()));
        }
        assert_eq!(log.total(), 1000);
        assert_eq!(log.recent().len(), KEPT);
        assert_eq!(
            log.last().unwrap().reason,
            Reason::Unreachable {
                detail: "999".to_owned()
            }
        );
        let counts = log.counts();
        assert_eq!(counts.len(), 1);
        assert_eq!((counts[0].kind, counts[0].count), ("UNREACHABLE", 1000));
        let inner = log.lock();
        assert!(inner.events <= EVENTS_PER_SECOND);
        assert!(inner.unsaid > 0);
    }
}
