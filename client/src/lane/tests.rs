//! A lane that waits: what it still takes up, answers and judges.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
};

use hotline_core::{
    health::{Health, Profile},
    leg::Door,
    time::{LineTime, WallTime},
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::*;

type Response = Result<v1::SessionResponse, Status>;

/// A clock that a test moves by hand.
#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl hotline_transport::Clock for Hand {
    fn wall(&self) -> WallTime {
        WallTime::from_unix_ms(self.0.load(Ordering::Relaxed))
    }

    fn line(&self) -> LineTime {
        LineTime::from_start(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

/// The three things that a lane stands between, and time.
struct Around {
    clock: Arc<Hand>,
    relay: mpsc::Sender<Response>,
    station: mpsc::Receiver<Input>,
    left: mpsc::Receiver<v1::SessionRequest>,
}

impl Around {
    fn at(&self, ms: u64) {
        self.clock.0.store(ms, Ordering::Relaxed);
    }

    /// The relay sends a frame.
    fn sends(&self, frame: In) {
        let response = v1::SessionResponse { frame: Some(frame) };
        self.relay.try_send(Ok(response)).unwrap();
    }

    fn beats(&self, sequence: u64, answers: u64) {
        self.sends(In::Heartbeat(v1::Heartbeat {
            sequence,
            answers,
            ..v1::Heartbeat::default()
        }));
    }

    /// What has left, as (probe, answer) for heartbeats and none for other frames.
    fn left(&mut self) -> Vec<Option<(u64, u64)>> {
        let mut left = Vec::new();
        while let Ok(request) = self.left.try_recv() {
            left.push(match request.frame {
                Some(Out::Heartbeat(beat)) => Some((beat.sequence, beat.answers)),
                _ => None,
            });
        }
        left
    }

    fn judged(&mut self) -> Vec<Health> {
        let mut judged = Vec::new();
        while let Ok(input) = self.station.try_recv() {
            if let Input::Judged { change, .. } = input {
                judged.push(change.to);
            }
        }
        judged
    }
}

type TestPulse<'a> = Pulse<'a, ReceiverStream<Response>>;

/// An open lane of profile `lan`; the station has room for 16 inputs.
fn lane(proved: &watch::Sender<bool>) -> (Around, TestPulse<'_>) {
    let (relay, stream) = mpsc::channel(8192);
    let (station, told) = mpsc::channel(16);
    let (out, left) = mpsc::channel(FRAMES_OUT_MAX);
    let clock = Arc::new(Hand::default());
    let parts = Parts {
        leg: Leg::new("north".parse().unwrap(), Door::Quic),
        lane: Lane::Control,
        numbers: Profile::Lan.numbers(),
        clock: Arc::clone(&clock) as Arc<dyn hotline_transport::Clock>,
        station,
        closing: CancellationToken::new(),
        proved,
        out,
    };
    let mut pulse = Pulse::new(parts, ReceiverStream::new(stream));
    pulse.opened();
    let around = Around {
        clock,
        relay,
        station: told,
        left,
    };
    (around, pulse)
}

/// Drives it as far as it goes now.
async fn go<T>(work: &mut Pin<&mut impl Future<Output = T>>) -> Option<T> {
    // A channel gives a task so many of its items and no more between two turns.
    tokio::task::yield_now().await;
    std::future::poll_fn(|context| {
        Poll::Ready(match work.as_mut().poll(context) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    })
    .await
}

const LONG: Option<Duration> = Some(Duration::from_secs(3));

#[tokio::test]
async fn a_lane_that_waits_for_a_proof_probes_hears_the_answers_and_proves_itself() {
    let (proved, proofs) = watch::channel(false);
    let (mut around, mut pulse) = lane(&proved);
    let mut wait = pin!(pulse.wait("no proof", LONG, std::future::pending::<()>()));
    let mut probes = 0;
    for ms in (0..2900).step_by(10) {
        around.at(ms);
        around.beats(0, probes);
        assert!(go(&mut wait).await.is_none(), "ended at {ms} ms");
        for (probe, _) in around.left().into_iter().flatten() {
            probes = probes.max(probe);
        }
    }
    assert!(probes >= 9, "{probes} probes in 2.9 s");
    assert_eq!(around.judged(), [Health::Up]);
    assert!(*proofs.borrow());
    around.at(3000);
    around.beats(0, probes);
    let end = go(&mut wait).await.unwrap().unwrap_err();
    assert!(end.to_string().contains("no proof within 3000 ms"), "{end}");
}

#[tokio::test]
async fn a_lane_that_waits_answers_the_relays_probes_at_once() {
    let (proved, _) = watch::channel(false);
    let (mut around, mut pulse) = lane(&proved);
    let mut wait = pin!(pulse.wait("no proof", LONG, std::future::pending::<()>()));
    assert!(go(&mut wait).await.is_none());
    around.left();
    around.beats(7, 0);
    assert!(go(&mut wait).await.is_none());
    assert_eq!(around.left(), [Some((0, 7))]);
}

#[tokio::test]
async fn a_lane_that_waits_on_a_dead_way_is_suspect_and_down_as_soon_as_one_that_does_not() {
    let (proved, _) = watch::channel(false);
    let (mut around, mut pulse) = lane(&proved);
    let mut wait = pin!(pulse.wait("the station did not listen", None, std::future::pending::<()>()));
    let (mut suspect, mut down) = (0, 0);
    for ms in (0..1600).step_by(10) {
        around.at(ms);
        // The relay is heard all the time, and answers nothing of ours: the way there is cut.
        around.beats(ms + 1, 0);
        let end = go(&mut wait).await;
        if suspect == 0 && around.judged() == [Health::Suspect] {
            suspect = ms;
        }
        if let Some(end) = end {
            assert!(matches!(end, Err(LaneEnd::Silent(_))), "{end:?}");
            down = ms;
            break;
        }
        around.left();
    }
    assert!((150..=600).contains(&suspect), "suspect at {suspect} ms");
    assert!((1350..=1500).contains(&down), "down at {down} ms");
}

#[tokio::test]
async fn an_answer_that_lies_unread_when_its_time_is_over_is_not_missing() {
    let (proved, _) = watch::channel(false);
    let (mut around, mut pulse) = lane(&proved);
    pulse.beat().await.unwrap();
    assert_eq!(around.left(), [Some((1, 0))]);
    around.at(20);
    around.beats(0, 1);
    // The lane did something else for 290 ms: less than what a driver is forgiven.
    around.at(310);
    pulse.beat().await.unwrap();
    assert_eq!(around.judged(), []);
    assert_eq!(around.left(), [Some((2, 0))]);
    around.at(600);
    pulse.beat().await.unwrap();
    assert_eq!(around.judged(), [Health::Suspect], "the second is missing");
}

#[tokio::test]
async fn an_answer_leaves_before_the_frame_that_waits_for_room() {
    let (proved, _) = watch::channel(false);
    let (mut around, mut pulse) = lane(&proved);
    pulse.beat().await.unwrap();
    let words = || Out::Submission(v1::Submission::default());
    for _ in 1..FRAMES_OUT_MAX {
        pulse.send(words()).await.unwrap();
    }
    let mut sending = pin!(pulse.send(words()));
    assert!(go(&mut sending).await.is_none(), "there is no room");
    around.beats(3, 1);
    assert!(go(&mut sending).await.is_none());
    let mut left = around.left();
    assert!(go(&mut sending).await.unwrap().is_ok());
    left.extend(around.left());
    assert_eq!(left[FRAMES_OUT_MAX..], [Some((0, 3)), None]);
}

#[tokio::test]
async fn what_comes_while_a_lane_waits_keeps_its_order_and_is_bounded() {
    let (proved, _) = watch::channel(false);
    let (mut around, mut pulse) = lane(&proved);
    let refused = |number: u64| {
        In::Refused(v1::Refused {
            rule: number.to_string(),
            ..v1::Refused::default()
        })
    };
    for number in 0..5000 {
        around.sends(refused(number));
    }
    let mut waiting = Box::pin(pulse.wait("no proof", LONG, std::future::pending::<()>()));
    let mut wait = waiting.as_mut();
    for _ in 0..50 {
        assert!(go(&mut wait).await.is_none());
    }
    let unread = around.relay.max_capacity() - around.relay.capacity();
    let weight = |number| 1024 + refused(number).encoded_len();
    let taken = (0..5000).scan(0, |bytes, number| {
        let fits = *bytes < 4 << 20;
        *bytes += weight(number);
        fits.then_some(())
    });
    assert_eq!(unread, 5000 - taken.count(), "4 MiB are taken up");
    // What lies unread hides answers: nothing is judged, but the lane waits no longer than it may go without any.
    around.at(1340);
    assert!(go(&mut wait).await.is_none());
    assert_eq!(around.judged(), []);
    drop(waiting);
    for number in 0..5000 {
        pulse.beat().await.unwrap();
        match pulse.next().await {
            Some(Ok(In::Refused(refused))) => assert_eq!(refused.rule, number.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_end_of_a_session_comes_after_everything_that_was_sent_before_it() {
    let (proved, _) = watch::channel(false);
    let (around, mut pulse) = lane(&proved);
    around.sends(In::Notice(v1::Notice::default()));
    let closed = Err(Status::unavailable("DOWN: no probe was answered"));
    around.relay.try_send(closed).unwrap();
    around.at(100);
    pulse.beat().await.unwrap();
    assert!(matches!(pulse.next().await, Some(Ok(In::Notice(_)))));
    assert!(matches!(pulse.next().await, Some(Err(LaneEnd::Transport(_)))));
}
