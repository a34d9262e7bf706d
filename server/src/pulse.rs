//! A session's pulse: the relay probes the desk, answers its probes, and judges the lane by the desk's answers.
//!
//! The machine is `core`'s, the same that judges the other end, with the numbers that the desk named in its hello: so a
//! cut in either direction is seen from both ends within the same time. Reader and writer share it: the one notes what
//! the desk answers as soon as it is read, the other sends what is owed, whatever either of them waits for.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_core::{
    health::{Change, Health, Numbers, Probes},
    time::LineTime,
};
use hotline_proto::{heartbeat, v1};
use hotline_transport::Clock;
use tokio::sync::Notify;

/// Cursors of which is noted behind which probe they left. 64: a cursor is confirmed with the desk's next probe.
const CURSORS_MAX: usize = 64;

/// Hears of every change; it must be quick.
pub(crate) type Hears = Box<dyn Fn(&Change) + Send + Sync>;

/// The pulse of one lane.
pub(crate) struct Pulse {
    clock: Arc<dyn Clock>,
    numbers: &'static Numbers,
    hears: Hears,
    state: Mutex<State>,
    woken: Notify,
}

struct State {
    probes: Probes,
    /// The desk's newest probe.
    heard: u64,
    /// A heartbeat that is to leave before anything else: our newest probe, or 0 for an answer alone.
    owed: Option<u64>,
    /// Whether the reader takes nothing in: then answers lie unread, and none is missing.
    deaf: bool,
    /// Mailbox cursors that were sent, each with the probe before it.
    left: VecDeque<(u64, u64)>,
}

/// Why a desk is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Down(pub(crate) String);

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").finish_non_exhaustive()
    }
}

impl Pulse {
    pub(crate) fn new(numbers: &'static Numbers, clock: Arc<dyn Clock>, hears: Hears) -> Self {
        Self {
            state: Mutex::new(State {
                probes: Probes::opened(numbers, clock.line()),
                heard: 0,
                owed: None,
                deaf: false,
                left: VecDeque::new(),
            }),
            clock,
            numbers,
            hears,
            woken: Notify::new(),
        }
    }

    /// Follows what is sent until it is known to be read.
    pub(crate) fn following(self) -> Self {
        self.lock().probes.follow();
        self
    }

    /// By whose numbers it judges.
    pub(crate) fn numbers(&self) -> &'static Numbers {
        self.numbers
    }

    pub(crate) fn line(&self) -> LineTime {
        self.clock.line()
    }

    /// Judges by the time, and says which probe is due now, if one is; 0 is a heartbeat that only follows what was sent.
    ///
    /// # Errors
    /// [`Down`] when the desk has answered nothing for too long.
    pub(crate) fn beat(&self) -> Result<Option<u64>, Down> {
        let now = self.line();
        let ticked = {
            let mut state = self.lock();
            if state.deaf || now < state.probes.next_wake() {
                return Ok(None);
            }
            state.probes.tick(now)
        };
        if let Some(change) = &ticked.change {
            (self.hears)(change);
            if change.to == Health::Down {
                return Err(Down(change.why.to_string()));
            }
        }
        Ok(ticked.probe.or(ticked.follow.then_some(0)))
    }

    /// Time until something is due. While nothing is read nothing is judged.
    pub(crate) fn rest(&self) -> Duration {
        let state = self.lock();
        if state.deaf {
            return self.numbers.probe_every;
        }
        state.probes.next_wake().since(self.line())
    }

    /// A heartbeat of the desk. Its probe is owed an answer from now on; its own answer proves the lane.
    pub(crate) fn heard(&self, heartbeat: &v1::Heartbeat) {
        let now = self.line();
        let change = {
            let mut state = self.lock();
            if heartbeat.sequence > state.heard {
                state.heard = heartbeat.sequence;
                state.owed.get_or_insert(0);
            }
            state.probes.answered(heartbeat.answers, now).change
        };
        if let Some(change) = &change {
            (self.hears)(change);
        }
        self.woken.notify_one();
    }

    /// The mailbox was sent up to this cursor.
    pub(crate) fn left(&self, cursor: u64) {
        let mut state = self.lock();
        if state.left.len() >= CURSORS_MAX {
            state.left.pop_front();
        }
        let newest = state.probes.newest();
        state.left.push_back((cursor, newest));
    }

    /// The desk has stored everything up to this cursor, so it has read what was sent before.
    pub(crate) fn stored(&self, cursor: u64) {
        let now = self.line();
        let mut state = self.lock();
        while let Some((_, probe)) = state.left.pop_front_if(|(left, _)| *left <= cursor) {
            state.probes.vouched(probe, now);
        }
        drop(state);
        // There may be room now.
        self.woken.notify_one();
    }

    /// How many bytes may be sent now; there is more when the desk is [heard](Self::woken) to have read.
    pub(crate) fn room(&self) -> usize {
        self.lock().probes.room()
    }

    /// A frame with so many bytes leaves now. When nothing more may be sent behind it, a probe follows it and asks for room.
    pub(crate) fn sends(&self, bytes: usize) {
        let now = self.line();
        let mut state = self.lock();
        let before = state.probes.room();
        state.probes.sent(bytes, now);
        if before > 0 && state.probes.room() == 0 {
            let probe = state.probes.probe_now(now);
            state.owed = Some(probe.max(state.owed.unwrap_or(0)));
        }
    }

    /// Whether the reader takes nothing in from now on.
    pub(crate) fn deaf(&self, deaf: bool) {
        self.lock().deaf = deaf;
    }

    /// This probe found no room: it leaves before anything else.
    pub(crate) fn owe(&self, probe: u64) {
        let mut state = self.lock();
        state.owed = Some(state.owed.unwrap_or(0).max(probe));
    }

    /// Whether a heartbeat is owed.
    pub(crate) fn owes(&self) -> bool {
        self.lock().owed.is_some()
    }

    /// The heartbeat that is owed, to be sent now.
    pub(crate) fn pay(&self) -> Option<v1::Heartbeat> {
        let owed = self.lock().owed.take()?;
        Some(self.frame(owed))
    }

    /// The frame of a probe, which answers as well, or (with number 0) of an answer alone.
    pub(crate) fn frame(&self, sequence: u64) -> v1::Heartbeat {
        let heard = self.lock().heard;
        heartbeat(sequence, heard, (self.clock.wall(), self.clock.line()))
    }

    /// Resolves when the desk was heard since this resolved last. One task may wait here.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Consistent between any two statements; a panic elsewhere does not break it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use hotline_core::{health::Profile, time::WallTime};

    /// A clock that a test moves by hand.
    #[derive(Debug, Default)]
    pub(crate) struct Hand(AtomicU64);

    impl Hand {
        pub(crate) fn at(&self, ms: u64) {
            self.0.store(ms, Ordering::Relaxed);
        }
    }

    impl Clock for Hand {
        fn wall(&self) -> WallTime {
            WallTime::from_unix_ms(self.0.load(Ordering::Relaxed))
        }

        fn line(&self) -> LineTime {
            LineTime::from_start(Duration::from_millis(self.0.load(Ordering::Relaxed)))
        }
    }

    /// A pulse on a clock by hand, and what it became.
    pub(crate) fn pulse(profile: Profile) -> (Arc<Hand>, Arc<Pulse>, Arc<Mutex<Vec<Health>>>) {
        let clock = Arc::new(Hand::default());
        let became: Arc<Mutex<Vec<Health>>> = Arc::default();
        let hears = {
            let became = Arc::clone(&became);
            Box::new(move |change: &Change| became.lock().unwrap().push(change.to))
        };
        let seam = Arc::clone(&clock) as Arc<dyn Clock>;
        (
            clock,
            Arc::new(Pulse::new(profile.numbers(), seam, hears)),
            became,
        )
    }

    pub(crate) fn beats(sequence: u64, answers: u64) -> v1::Heartbeat {
        v1::Heartbeat {
            sequence,
            answers,
            ..v1::Heartbeat::default()
        }
    }

    #[test]
    fn a_probe_is_answered_once_and_an_answer_never() {
        let (_, pulse, _) = pulse(Profile::Lan);
        for (sequence, asks, what) in [
            (1, true, "a probe"),
            (1, false, "the same again"),
            (0, false, "an answer"),
            (2, true, "the next"),
        ] {
            pulse.heard(&beats(sequence, 0));
            assert_eq!(pulse.owes(), asks, "{what}");
            if let Some(answer) = pulse.pay() {
                assert_eq!((answer.sequence, answer.answers), (0, sequence));
            }
        }
    }

    #[test]
    fn a_desk_that_probes_and_never_answers_is_down() {
        let (clock, pulse, became) = pulse(Profile::Lan);
        let mut end = None;
        for ms in 0..1500 {
            clock.at(ms);
            pulse.heard(&beats(ms + 1, 0));
            if pulse.beat().is_err() {
                end.get_or_insert(ms);
            }
        }
        assert_eq!(end, Some(1350));
        assert_eq!(*became.lock().unwrap(), [Health::Suspect, Health::Down]);
    }

    #[test]
    fn a_stored_cursor_proves_that_the_desk_reads() {
        let (clock, pulse, became) = pulse(Profile::Lan);
        let down = || became.lock().unwrap().contains(&Health::Down);
        for ms in 0..3000 {
            clock.at(ms);
            let _ = pulse.beat();
            pulse.left(ms);
            if ms % 500 == 499 {
                pulse.stored(ms);
            }
        }
        assert!(!down());
        // The same cursor again proves nothing.
        for ms in 3000..5000 {
            clock.at(ms);
            let _ = pulse.beat();
            pulse.stored(2999);
        }
        assert!(down());
    }

    #[test]
    fn a_desk_is_not_judged_while_its_answers_lie_unread_and_has_its_time_afterwards() {
        let (clock, pulse, became) = pulse(Profile::Lan);
        assert_eq!(pulse.beat(), Ok(Some(1)));
        pulse.deaf(true);
        for ms in (0..20_000).step_by(100) {
            clock.at(ms);
            assert_eq!(pulse.beat(), Ok(None));
            assert!(pulse.rest() > Duration::ZERO, "no busy loop");
        }
        pulse.deaf(false);
        assert!(pulse.beat().is_ok());
        pulse.heard(&beats(0, 1));
        assert!(pulse.beat().is_ok());
        assert!(became.lock().unwrap().is_empty());
    }
}
