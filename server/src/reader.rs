//! The way in of a session: what the desk hands in goes to the disk, what it answers counts at once.
//!
//! Only what needs the disk waits for it. Heartbeats and stored cursors are noted when they are read, however slow the
//! disk is and however long the writer waits for room: a desk is not called down because its relay is busy.

use std::{collections::VecDeque, future::Future};

use futures_util::{Stream, StreamExt as _, stream::FuturesOrdered};
use hotline_core::crash::{self, Point};
use hotline_proto::{
    CLOSING, FRAME_BYTES_MAX, FRAME_ITEMS_MAX,
    v1::{self, session_request::Frame},
};
use hotline_transport::broken_off;
use tokio::sync::mpsc;
use tonic::Status;

use crate::{intake::Outcome, presence::End, pulse::Pulse, session::News};

/// Frames of a session that are on their way to the disk at once. 4: two under way, two behind them; each is 256 statements
/// at most.
const TAKEN_IN_MAX: usize = 4;

/// Bytes of frames that wait behind those. As many as the largest frame may have: then nothing more is read, the
/// transport's window holds the desk up, and the relay does not judge what it does not hear.
const WAITING_BYTES_MAX: usize = FRAME_BYTES_MAX;

/// What a frame weighs beside its statements, in bytes.
const FRAME_BYTES: usize = 1024;

/// Outcomes that wait for the writer, in frames handed in. 8: of what is on its way to the disk, twice over. Beyond it
/// what is read waits, and the desk is heard all the same.
const UNTOLD_MAX: usize = 8;

/// Why reading ended.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) why: String,
    pub(crate) end: End,
}

impl Over {
    fn because(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            end: End::Other,
        }
    }

    fn of(status: &Status) -> Self {
        let end = if broken_off(status) {
            End::Broken
        } else {
            End::Other
        };
        Self {
            why: status.to_string(),
            end,
        }
    }
}

/// Reads one session. `take_in` brings what is handed in to the disk.
pub(crate) struct Reader<'a, S, T, F: Future> {
    inbound: S,
    news: &'a mpsc::Sender<News>,
    pulse: &'a Pulse,
    take_in: T,
    /// On their way to the disk. Answers leave in the order of the frames.
    taken_in: FuturesOrdered<F>,
    waiting: VecDeque<v1::Submission>,
    waiting_bytes: usize,
    untold: VecDeque<Vec<Outcome>>,
    /// What the desk subscribed to last, until the writer knows.
    subscribed: Option<v1::Subscribe>,
}

impl<'a, S, T, F> Reader<'a, S, T, F>
where
    S: Stream<Item = Result<v1::SessionRequest, Status>> + Unpin,
    T: FnMut(v1::Submission) -> F,
    F: Future<Output = Vec<Outcome>>,
{
    pub(crate) fn new(inbound: S, news: &'a mpsc::Sender<News>, pulse: &'a Pulse, take_in: T) -> Self {
        Self {
            inbound,
            news,
            pulse,
            take_in,
            taken_in: FuturesOrdered::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            untold: VecDeque::new(),
            subscribed: None,
        }
    }

    /// Reads until the stream ends; says why it did. While what was handed in is on its way to the disk the next frame
    /// is read: a FLASH does not wait behind receipts.
    pub(crate) async fn read(mut self) -> Over {
        loop {
            self.hand_in();
            let reads = self.waiting_bytes < WAITING_BYTES_MAX;
            self.pulse.deaf(!reads);
            let tells = self.subscribed.is_some() || !self.untold.is_empty();
            let answers = !self.taken_in.is_empty() && self.untold.len() < UNTOLD_MAX;
            tokio::select! {
                biased;
                room = self.news.reserve(), if tells => match room {
                    Ok(room) => {
                        if let Some(news) = next_news(&mut self.subscribed, &mut self.untold) {
                            room.send(news);
                        }
                    }
                    Err(_) => return Over::because("the writer ended"),
                },
                Some(outcomes) = self.taken_in.next(), if answers => self.untold.push_back(outcomes),
                frame = self.inbound.next(), if reads => match frame {
                    Some(Ok(request)) => {
                        if let Err(over) = self.take(request.frame) {
                            return over;
                        }
                    }
                    Some(Err(status)) => return Over::of(&status),
                    None => return Over::because("the desk closed it"),
                },
            }
        }
    }

    fn take(&mut self, frame: Option<Frame>) -> Result<(), Over> {
        match frame {
            Some(Frame::Submission(submission)) => {
                let count = submission.statements.len();
                if count > FRAME_ITEMS_MAX {
                    return Err(Over::because(format!("a submission of {count} statements")));
                }
                self.waiting_bytes += weight(&submission);
                self.waiting.push_back(submission);
            }
            // The newest says all.
            Some(Frame::Subscribe(subscribe)) => self.subscribed = Some(subscribe),
            Some(Frame::Heartbeat(heartbeat)) => self.pulse.heard(&heartbeat),
            Some(Frame::CursorAck(acknowledged)) => {
                crash::at(Point::RelayForwardAcked);
                self.pulse.stored(acknowledged.cursor);
            }
            Some(Frame::Notice(notice)) if notice.code == CLOSING => {
                return Err(Over {
                    why: "the desk said goodbye".into(),
                    end: End::Goodbye,
                });
            }
            Some(Frame::Hello(_)) => return Err(Over::because("a second hello")),
            // A notice or a frame of a later version: lenient.
            Some(Frame::Notice(_)) | None => {}
        }
        Ok(())
    }

    /// Sends as much to the disk as may be on its way at once.
    fn hand_in(&mut self) {
        while self.taken_in.len() < TAKEN_IN_MAX
            && let Some(submission) = self.waiting.pop_front()
        {
            self.waiting_bytes -= weight(&submission);
            self.taken_in.push_back((self.take_in)(submission));
        }
    }
}

/// What the writer is told next. A subscription is about the mailbox alone, and waits behind no outcome.
fn next_news(subscribed: &mut Option<v1::Subscribe>, untold: &mut VecDeque<Vec<Outcome>>) -> Option<News> {
    let subscribed = subscribed.take().map(News::Subscribe);
    subscribed.or_else(|| untold.pop_front().map(News::Outcomes))
}

fn weight(submission: &v1::Submission) -> usize {
    let statements: usize = submission.statements.iter().map(bytes::Bytes::len).sum();
    FRAME_BYTES + statements
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::{cell::RefCell, pin::pin, rc::Rc, task::Poll, time::Duration};

    use hotline_core::health::{Health, Profile};
    use tokio::sync::oneshot;
    use tokio_stream::wrappers::ReceiverStream;

    use super::*;
    use crate::pulse::tests::{beats, pulse};

    type Request = Result<v1::SessionRequest, Status>;

    fn frame(frame: Frame) -> Request {
        Ok(v1::SessionRequest { frame: Some(frame) })
    }

    fn submission(bytes: usize) -> Request {
        frame(Frame::Submission(v1::Submission {
            statements: vec![vec![0; bytes].into()],
        }))
    }

    async fn go<T>(work: &mut std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
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

    /// A disk that takes nothing before it is told to; how many frames lie before it.
    #[derive(Clone, Default)]
    struct Disk(Rc<RefCell<Vec<oneshot::Sender<()>>>>);

    impl Disk {
        fn take_in(&self) -> impl Future<Output = Vec<Outcome>> + use<> {
            let (done, waits) = oneshot::channel();
            self.0.borrow_mut().push(done);
            async move {
                let _ = waits.await;
                Vec::new()
            }
        }
    }

    #[tokio::test]
    async fn a_desk_that_answers_is_not_down_for_a_relay_whose_disk_stands_still() {
        let (clock, pulse, became) = pulse(Profile::Lan);
        let (desk, inbound) = mpsc::channel(1024);
        let (news, mut told) = mpsc::channel(8);
        let disk = Disk::default();
        let reader = Reader::new(ReceiverStream::new(inbound), &news, &pulse, |_| disk.take_in());
        let mut reading = pin!(reader.read());
        for _ in 0..50 {
            desk.try_send(submission(2000)).unwrap();
        }
        for ms in (0..20_000).step_by(10) {
            clock.at(ms);
            if let Some(probe) = pulse.beat().unwrap() {
                desk.try_send(frame(Frame::Heartbeat(beats(probe, probe))))
                    .unwrap();
            }
            assert!(go(&mut reading).await.is_none());
        }
        assert_eq!(*became.lock().unwrap(), [Health::Up]);
        assert!(pulse.owes(), "and the desk's own probe is to be answered");
        assert_eq!(disk.0.borrow().len(), TAKEN_IN_MAX, "the rest waits");
        for _ in 0..50 {
            disk.0.borrow_mut().remove(0).send(()).unwrap();
            assert!(go(&mut reading).await.is_none());
            assert!(matches!(told.try_recv(), Ok(News::Outcomes(_))));
        }
    }

    #[tokio::test]
    async fn what_waits_for_the_disk_is_bounded_and_a_relay_that_reads_nothing_judges_nothing() {
        let (clock, pulse, became) = pulse(Profile::Lan);
        let (desk, inbound) = mpsc::channel(1024);
        let (news, _told) = mpsc::channel(8);
        let disk = Disk::default();
        let reader = Reader::new(ReceiverStream::new(inbound), &news, &pulse, |_| disk.take_in());
        let mut reading = pin!(reader.read());
        for _ in 0..10 {
            desk.try_send(submission(1 << 20)).unwrap();
        }
        for ms in (0..10_000).step_by(100) {
            clock.at(ms);
            let _ = pulse.beat().unwrap();
            assert!(go(&mut reading).await.is_none());
        }
        assert_eq!(
            desk.max_capacity() - desk.capacity(),
            2,
            "4 before the disk, 4 behind them"
        );
        assert!(became.lock().unwrap().is_empty());
        assert!(pulse.rest() > Duration::ZERO);
    }

    #[tokio::test]
    async fn a_desk_is_heard_however_many_outcomes_wait_for_the_writer() {
        let (clock, pulse, became) = pulse(Profile::Lan);
        let (desk, inbound) = mpsc::channel(1024);
        let (news, mut told) = mpsc::channel(8);
        let take_in = |_| std::future::ready(Vec::new());
        let reader = Reader::new(ReceiverStream::new(inbound), &news, &pulse, take_in);
        let mut reading = pin!(reader.read());
        for _ in 0..50 {
            desk.try_send(submission(2000)).unwrap();
        }
        let subscribe = |cursor| {
            frame(Frame::Subscribe(v1::Subscribe {
                cursor,
                ..v1::Subscribe::default()
            }))
        };
        for ms in (0..20_000).step_by(10) {
            clock.at(ms);
            if let Some(probe) = pulse.beat().unwrap() {
                desk.try_send(frame(Frame::Heartbeat(beats(probe, probe))))
                    .unwrap();
                desk.try_send(subscribe(probe)).unwrap();
            }
            assert!(go(&mut reading).await.is_none());
        }
        assert_eq!(*became.lock().unwrap(), [Health::Up]);
        assert!(pulse.owes(), "and the desk's own probe is to be answered");
        // Nothing is lost; of what the desk subscribes to the newest counts.
        let (mut outcomes, mut cursors) = (0, Vec::new());
        for _ in 0..100 {
            while let Ok(news) = told.try_recv() {
                match news {
                    News::Outcomes(_) => outcomes += 1,
                    News::Subscribe(subscribe) => cursors.push(subscribe.cursor),
                }
            }
            assert!(go(&mut reading).await.is_none());
        }
        assert_eq!(outcomes, 50);
        assert!(cursors.len() < 4 && *cursors.last().unwrap() > 50, "{cursors:?}");
    }

    #[tokio::test]
    async fn outcomes_leave_in_the_order_of_the_frames_and_a_writer_that_ended_ends_the_reader() {
        let (_, pulse, _) = pulse(Profile::Lan);
        let (desk, inbound) = mpsc::channel(16);
        let (news, told) = mpsc::channel(8);
        let disk = Disk::default();
        let reader = Reader::new(ReceiverStream::new(inbound), &news, &pulse, |_| disk.take_in());
        let mut reading = pin!(reader.read());
        desk.try_send(submission(1)).unwrap();
        desk.try_send(submission(2)).unwrap();
        assert!(go(&mut reading).await.is_none());
        let second = disk.0.borrow_mut().remove(1);
        second.send(()).unwrap();
        assert!(go(&mut reading).await.is_none());
        assert_eq!(told.len(), 0, "the first is not there");
        drop(told);
        disk.0.borrow_mut().remove(0).send(()).unwrap();
        let over = go(&mut reading).await.unwrap();
        assert_eq!(over.why, "the writer ended");
    }
}
