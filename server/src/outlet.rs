//! The outlet of a session: frames leave when the desk reads, heartbeats before all others.
//!
//! While it waits for room the lane is judged on: a desk that is cut off is given up when its profile says so, and one
//! that reads nothing when it has had its time.

use std::{sync::Arc, time::Duration};

use hotline_ledger::ReadError;
use hotline_proto::v1::{self, session_response::Frame};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::pulse::{Down, Pulse};

/// How long a desk may leave a frame unread, at least. 5 s: beyond any pause of a desk that lives.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// Places that must be free for a frame: its own, and one for the last word to a slow reader.
const PLACES: usize = 2;

/// Bytes of an item beside its statement and its proof: a hash and numbers.
const ITEM_BYTES: usize = 64;

/// Why a frame was not sent.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The session is over, or the relay closes.
    Gone,
    /// The desk has read nothing for so long.
    Slow(Duration),
    /// The desk has answered nothing for too long.
    Down(String),
    /// The ledger cannot be read.
    Ledger(ReadError),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Stop::Ledger(error)
    }
}

impl From<Down> for Stop {
    fn from(Down(why): Down) -> Self {
        Stop::Down(why)
    }
}

/// What the gRPC handler streams from.
pub(crate) type Out = mpsc::Sender<Result<v1::SessionResponse, Status>>;

/// One session's outlet.
pub(crate) struct Outlet {
    pub(crate) out: Out,
    pub(crate) pulse: Arc<Pulse>,
    /// Set when the session's reader has ended.
    pub(crate) over: watch::Receiver<bool>,
    /// Cancelled when the relay closes.
    pub(crate) closing: CancellationToken,
}

impl Outlet {
    /// Sends one frame, behind the heartbeats that are owed.
    ///
    /// # Errors
    /// [`Stop`] says why the session ends.
    pub(crate) async fn send(&mut self, frame: Frame) -> Result<(), Stop> {
        self.pay().await?;
        self.room().await?;
        // What is owed since is as urgent as before.
        if self.pulse.owes() {
            self.pay().await?;
            self.room().await?;
        }
        let bytes = weight(&frame);
        self.put(frame)?;
        if bytes > 0 {
            self.pulse.sends(bytes);
        }
        Ok(())
    }

    /// Sends the heartbeat that is owed, if one is.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) async fn pay(&mut self) -> Result<(), Stop> {
        if !self.pulse.owes() {
            return Ok(());
        }
        self.room().await?;
        match self.pulse.pay() {
            Some(heartbeat) => self.put(Frame::Heartbeat(heartbeat)),
            None => Ok(()),
        }
    }

    /// The last word, for which a place is kept.
    pub(crate) fn last(&self, word: Result<Frame, Status>) {
        let word = word.map(|frame| v1::SessionResponse { frame: Some(frame) });
        // Whoever has gone does not miss it.
        let _ = self.out.try_send(word);
    }

    fn put(&self, frame: Frame) -> Result<(), Stop> {
        let response = v1::SessionResponse { frame: Some(frame) };
        // Nobody else sends: the room that was seen is there.
        self.out.try_send(Ok(response)).map_err(|_| Stop::Gone)
    }

    /// Waits until a frame has room. The lane is judged meanwhile, and its probes are owed.
    async fn room(&mut self) -> Result<(), Stop> {
        if self.out.capacity() >= PLACES {
            return Ok(());
        }
        let began = self.pulse.line();
        let within = READ_WITHIN.max(self.pulse.numbers().down_after);
        let until = began.after(within);
        loop {
            if let Some(probe) = self.pulse.beat()? {
                self.pulse.owe(probe);
            }
            let left = until.since(self.pulse.line());
            if left.is_zero() {
                return Err(Stop::Slow(within));
            }
            let rest = left.min(self.pulse.rest());
            tokio::select! {
                biased;
                room = self.out.reserve_many(PLACES) => {
                    return room.map(drop).map_err(|_| Stop::Gone);
                }
                () = self.closing.cancelled() => return Err(Stop::Gone),
                _ = self.over.changed() => return Err(Stop::Gone),
                // The desk was heard: what is due may be due later.
                () = self.pulse.woken() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }
}

/// Bytes of a frame on the wire, nearly: statements and proofs are nearly all of it.
fn weight(frame: &Frame) -> usize {
    let proof = |hashes: &[bytes::Bytes]| -> usize { hashes.iter().map(bytes::Bytes::len).sum() };
    let items: usize = match frame {
        Frame::Delivery(delivery) => delivery
            .items
            .iter()
            .map(|item| ITEM_BYTES + item.statement.len() + proof(&item.inclusion))
            .sum(),
        Frame::Accepted(accepted) => accepted
            .items
            .iter()
            .map(|item| ITEM_BYTES + proof(&item.inclusion))
            .sum(),
        Frame::Heartbeat(_) => return 0,
        Frame::Hello(_) | Frame::Refused(_) | Frame::Notice(_) => 0,
    };
    ITEM_BYTES + items
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::{
        future::Future,
        pin::{Pin, pin},
        task::Poll,
    };

    use hotline_core::health::{Health, Profile};

    use super::*;
    use crate::{
        pulse::tests::{Hand, beats, pulse},
        session::{FRAMES_OUT_MAX, Frames},
    };

    struct Around {
        clock: Arc<Hand>,
        pulse: Arc<Pulse>,
        became: Arc<std::sync::Mutex<Vec<Health>>>,
        frames: Frames,
        /// Kept open: the session is not over.
        _over: watch::Sender<bool>,
    }

    fn notice() -> Frame {
        Frame::Notice(v1::Notice::default())
    }

    /// An outlet whose frames nobody has read: the next has no room.
    async fn full(profile: Profile) -> (Around, Outlet) {
        let (clock, pulse, became) = pulse(profile);
        let (out, frames) = mpsc::channel(FRAMES_OUT_MAX + 1);
        let (over_in, over) = watch::channel(false);
        let mut outlet = Outlet {
            out,
            pulse: Arc::clone(&pulse),
            over,
            closing: CancellationToken::new(),
        };
        for _ in 0..FRAMES_OUT_MAX {
            outlet.send(notice()).await.unwrap();
        }
        let around = Around {
            clock,
            pulse,
            became,
            frames,
            _over: over_in,
        };
        (around, outlet)
    }

    async fn go<T>(work: &mut Pin<&mut impl Future<Output = T>>) -> Option<T> {
        std::future::poll_fn(|context| {
            Poll::Ready(match work.as_mut().poll(context) {
                Poll::Ready(done) => Some(done),
                Poll::Pending => None,
            })
        })
        .await
    }

    /// Until the frame is given up; `answer` is what the desk answers then.
    async fn given_up(profile: Profile, answer: impl Fn(u64) -> u64) -> (u64, Stop, Around) {
        let (around, mut outlet) = full(profile).await;
        let end = {
            let mut sending = pin!(outlet.send(notice()));
            let mut end = None;
            for ms in (0..200_000).step_by(10) {
                around.clock.at(ms);
                around.pulse.heard(&beats(0, answer(ms)));
                if let Some(Err(stop)) = go(&mut sending).await {
                    end = Some((ms, stop));
                    break;
                }
            }
            end
        };
        let (ms, stop) = end.unwrap();
        (ms, stop, around)
    }

    #[tokio::test]
    async fn a_writer_that_waits_for_room_gives_up_a_dead_desk_when_the_profile_says_so() {
        let (ms, stop, around) = given_up(Profile::Lan, |_| 0).await;
        assert!(matches!(stop, Stop::Down(_)), "{stop:?}");
        assert!((1350..=1500).contains(&ms), "after {ms} ms");
        assert_eq!(*around.became.lock().unwrap(), [Health::Suspect, Health::Down]);
    }

    #[tokio::test]
    async fn a_desk_that_reads_nothing_has_five_seconds_or_what_its_profile_gives_a_silent_one() {
        for (profile, seconds) in [(Profile::Lan, 5), (Profile::Wan, 6), (Profile::Satellite, 100)] {
            // Every probe that was made is answered, as by a desk that hears us by another way.
            let (ms, stop, _) = given_up(profile, |ms| {
                ms / u64::try_from(profile.numbers().probe_every.as_millis()).unwrap()
            })
            .await;
            assert!(
                matches!(stop, Stop::Slow(within) if within.as_secs() == seconds),
                "{profile}: {stop:?}"
            );
            assert!(
                (seconds * 1000..seconds * 1000 + 500).contains(&ms),
                "{profile}: {ms} ms"
            );
        }
    }

    #[tokio::test]
    async fn heartbeats_leave_before_the_frame_that_waits_for_room() {
        let (mut around, mut outlet) = full(Profile::Lan).await;
        let mut sending = pin!(outlet.send(notice()));
        assert!(go(&mut sending).await.is_none());
        around.pulse.heard(&beats(7, 0));
        assert!(go(&mut sending).await.is_none());
        let mut left = Vec::new();
        for _ in 0..FRAMES_OUT_MAX {
            left.extend(around.frames.try_recv().unwrap().unwrap().frame);
        }
        assert!(go(&mut sending).await.unwrap().is_ok());
        while let Ok(frame) = around.frames.try_recv() {
            left.extend(frame.unwrap().frame);
        }
        let [Frame::Heartbeat(beat), Frame::Notice(_)] = &left[FRAMES_OUT_MAX..] else {
            panic!("{left:?}");
        };
        assert_eq!(
            (beat.sequence, beat.answers),
            (1, 7),
            "our probe, and its answer to the desk's"
        );
    }
}
