//! A joined seat's connection, which may break and come again.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_client::request::{Answer, News, Request};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use super::{
    tame::tame,
    words::{FromSeat, LINE_MAX, ToSeat},
};
use crate::live::{
    plane::{LineReader, LineWriter},
    stage::Happening,
};

/// Words that wait for the connection's writer. 256: seconds of questions.
const OUT_MAX: usize = 256;
/// Words kept until a seat has taken them: the newest. 256: every inject of a scenario.
const KEPT_MAX: usize = 256;
/// Questions that wait for an answer.
const WAITING_MAX: usize = 64;
/// Judgements that wait for the stage. 64: as many as a seat keeps while control is away.
const EARLY_MAX: usize = 64;
/// Words of a seat that wait for whoever made its line.
const SAID_MAX: usize = 64;
/// How often each end says that it is there.
pub const HERE_EVERY: Duration = Duration::from_secs(5);
/// How long an end may say nothing. Four times as long as between two words.
pub const SILENT_FOR: Duration = Duration::from_secs(20);

/// A joined seat as control has it. Clones are the same seat.
#[derive(Clone, Debug)]
pub struct Line {
    seat: Arc<str>,
    desk: Arc<str>,
    state: Arc<Mutex<State>>,
    here: Arc<watch::Sender<Option<IpAddr>>>,
    said: mpsc::Sender<FromSeat>,
}

#[derive(Debug, Default)]
struct State {
    /// Which connection: an older one that ends later changes nothing.
    number: u64,
    out: Option<mpsc::Sender<ToSeat>>,
    /// What it was told and has not taken yet, the oldest first, each with its number.
    owed: VecDeque<(u64, ToSeat)>,
    /// The newest number.
    told: u64,
    asked: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Answer>>,
    /// What people judged before the stage played: control that goes on may hear a seat before it has its stage.
    early: VecDeque<Box<News>>,
    /// The stage, once it plays.
    heard: Option<mpsc::Sender<Happening>>,
}

impl Line {
    /// A seat that is not connected yet; and what it says beside answers and news.
    #[must_use]
    pub fn new(seat: &str, desk: &str) -> (Self, mpsc::Receiver<FromSeat>) {
        let (said, says) = mpsc::channel(SAID_MAX);
        let line = Self {
            seat: seat.into(),
            desk: desk.into(),
            state: Arc::default(),
            here: Arc::new(watch::Sender::new(None)),
            said,
        };
        (line, says)
    }

    /// The seat.
    #[must_use]
    pub fn seat(&self) -> &str {
        &self.seat
    }

    /// The address of ours under which it reached us last; none while it is away.
    #[must_use]
    pub fn here(&self) -> Option<IpAddr> {
        *self.here.borrow()
    }

    /// Waits until it is connected.
    ///
    /// # Errors
    /// If it is not within that time.
    pub async fn connected(&self, within: Duration) -> io::Result<IpAddr> {
        let mut here = self.here.subscribe();
        let found = timeout(within, here.wait_for(Option::is_some)).await?;
        let found = found.map_err(|_| io::ErrorKind::NotConnected)?;
        found.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// What its desk tells goes to a stage from now on, and whether it is there.
    pub fn play(&self, heard: mpsc::Sender<Happening>) {
        let mut state = self.state();
        for news in std::mem::take(&mut state.early) {
            let desk = self.desk.to_string();
            let _ = heard.try_send(Happening::News { desk, news });
        }
        state.heard = Some(heard);
    }

    /// Tells it something, now or when it is there again: what it does not say that it has taken is told again over its next
    /// connection. Of what waits the newest is kept, and of turns of the clock only the last.
    pub fn tell(&self, words: ToSeat) {
        self.tell_as(0, words);
    }

    /// The same under this number, or a higher one if that was passed. Whoever tells it once more, because control had
    /// stopped, names the same number: a seat that has it takes it no second time.
    pub fn tell_as(&self, no: u64, words: ToSeat) {
        let mut state = self.state();
        if matches!(words, ToSeat::Clock { .. }) {
            state
                .owed
                .retain(|(_, owed)| !matches!(owed, ToSeat::Clock { .. }));
        }
        if state.owed.len() == KEPT_MAX {
            state.owed.pop_front();
        }
        let no = no.max(state.told.saturating_add(1));
        state.told = no;
        state.owed.push_back((no, words.clone()));
        let lost = state
            .out
            .as_ref()
            .is_some_and(|out| out.try_send(owed(no, &words)).is_err());
        if lost {
            // What comes behind it must not come before it: the connection ends, and the next one begins with it.
            state.out = None;
        }
    }

    /// Asks its desk.
    ///
    /// # Errors
    /// If it is away, or goes before it answers.
    pub async fn ask(&self, request: &Request) -> io::Result<Answer> {
        let answer = {
            let mut state = self.state();
            let Some(out) = state.out.clone() else {
                return Err(io::ErrorKind::NotConnected.into());
            };
            let (answer, answered) = oneshot::channel();
            state.asked += 1;
            let id = state.asked;
            while state.waiting.len() >= WAITING_MAX {
                state.waiting.pop_first();
            }
            state.waiting.insert(id, answer);
            let request = Box::new(request.clone());
            out.try_send(ToSeat::Ask { id, request })
                .map_err(|_| io::ErrorKind::WouldBlock)?;
            answered
        };
        answer.await.map_err(|_| io::ErrorKind::NotConnected.into())
    }

    /// Serves its connection until that ends or a newer one takes its place.
    pub async fn serve(&self, mut reader: LineReader, mut writer: LineWriter, at: IpAddr) {
        let (number, mut out) = self.begin(at);
        self.happened(|line| Happening::Seat {
            seat: line.seat.to_string(),
            here: true,
        })
        .await;
        let writing = async {
            loop {
                let words = match timeout(HERE_EVERY, out.recv()).await {
                    Ok(Some(words)) => words,
                    // A newer connection is there.
                    Ok(None) => return,
                    Err(_) => ToSeat::Here,
                };
                if writer.say(&words).await.is_err() {
                    return;
                }
            }
        };
        let reading = async {
            while let Ok(Ok(Some(said))) = timeout(SILENT_FOR, reader.next::<FromSeat>(LINE_MAX)).await {
                if !self.hear(tame(said)).await {
                    return;
                }
            }
        };
        tokio::select! {
            () = writing => {}
            () = reading => {}
        }
        if self.end(number) {
            self.happened(|line| Happening::Seat {
                seat: line.seat.to_string(),
                here: false,
            })
            .await;
        }
    }

    fn begin(&self, at: IpAddr) -> (u64, mpsc::Receiver<ToSeat>) {
        let (out, written) = mpsc::channel(OUT_MAX + KEPT_MAX);
        let mut state = self.state();
        state.number += 1;
        // As many as the channel holds at most.
        for (no, words) in &state.owed {
            let _ = out.try_send(owed(*no, words));
        }
        state.out = Some(out);
        state.waiting.clear();
        self.here.send_replace(Some(at));
        (state.number, written)
    }

    /// Whether this connection was the newest.
    fn end(&self, number: u64) -> bool {
        let mut state = self.state();
        if state.number != number {
            return false;
        }
        state.out = None;
        state.waiting.clear();
        self.here.send_replace(None);
        true
    }

    /// False where nobody takes in what it says.
    async fn hear(&self, said: FromSeat) -> bool {
        match said {
            FromSeat::Here => true,
            FromSeat::Took { no } => {
                self.state().owed.retain(|(owed, _)| *owed > no);
                true
            }
            FromSeat::Answer { id, answer } => {
                if let Some(waits) = self.state().waiting.remove(&id) {
                    let _ = waits.send(*answer);
                }
                true
            }
            FromSeat::News { news } => {
                self.news(news).await;
                true
            }
            FromSeat::Gone => {
                self.happened(|line| Happening::Gone {
                    who: format!("desk {}", line.desk),
                })
                .await;
                true
            }
            FromSeat::Again => {
                self.happened(|line| Happening::Again {
                    desk: line.desk.to_string(),
                })
                .await;
                true
            }
            other => self.said.send(other).await.is_ok(),
        }
    }

    async fn news(&self, news: Box<News>) {
        let Some(news) = self.is_early(news) else { return };
        self.happened(|line| Happening::News {
            desk: line.desk.to_string(),
            news,
        })
        .await;
    }

    /// News that a stage hears; none where none plays yet, and what was judged is kept for it.
    fn is_early(&self, news: Box<News>) -> Option<Box<News>> {
        let mut state = self.state();
        if state.heard.is_some() {
            return Some(news);
        }
        let judged = matches!(*news, News::Stated { .. } | News::Refused { .. });
        if judged && state.early.len() < EARLY_MAX {
            state.early.push_back(news);
        }
        None
    }

    async fn happened(&self, what: impl FnOnce(&Self) -> Happening) {
        let heard = self.state().heard.clone();
        if let Some(heard) = heard {
            let _ = heard.send(what(self)).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn owed(no: u64, words: &ToSeat) -> ToSeat {
    ToSeat::Owed {
        no,
        words: Box::new(words.clone()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::net::Ipv4Addr;

    use super::*;
    use crate::live::plane::lines;

    fn connect(line: &Line) -> (LineReader, LineWriter) {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (reader, writer) = lines(Box::new(ours));
        let line = line.clone();
        tokio::spawn(async move { line.serve(reader, writer, Ipv4Addr::LOCALHOST.into()).await });
        lines(Box::new(theirs))
    }

    fn inject(serial: &str) -> ToSeat {
        ToSeat::Inject {
            serial: serial.into(),
            story_ms: 0,
            what: "news".into(),
        }
    }

    /// The next inject, and its number.
    async fn told(reader: &mut LineReader) -> (u64, ToSeat) {
        match reader.next::<ToSeat>(LINE_MAX).await.unwrap() {
            Some(ToSeat::Owed { no, words }) => (no, *words),
            other => panic!("{other:?}"),
        }
    }

    async fn gone(line: &Line) {
        while line.here().is_some() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_a_seat_was_told_while_it_was_away_comes_when_it_is_there_again() {
        let (line, _says) = Line::new("B", "B");
        line.tell(inject("1"));
        let (mut reader, mut writer) = connect(&line);
        assert_eq!(told(&mut reader).await, (1, inject("1")));
        writer.say(&FromSeat::Took { no: 1 }).await.unwrap();
        while !line.state().owed.is_empty() {
            tokio::task::yield_now().await;
        }
        drop((reader, writer));
        gone(&line).await;
        line.tell(inject("2"));
        let (mut reader, _writer) = connect(&line);
        assert_eq!(told(&mut reader).await, (2, inject("2")));
    }

    #[tokio::test]
    async fn what_a_dying_connection_took_along_is_told_again_in_order_until_the_seat_says_that_it_has_it() {
        let (line, _says) = Line::new("B", "B");
        let (reader, writer) = connect(&line);
        line.connected(SILENT_FOR).await.unwrap();
        // They leave, and nobody at the other end reads them.
        line.tell(inject("1"));
        line.tell(inject("2"));
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop((reader, writer));
        gone(&line).await;
        line.tell(inject("3"));
        let (mut reader, mut writer) = connect(&line);
        for (no, serial) in [(1, "1"), (2, "2"), (3, "3")] {
            assert_eq!(told(&mut reader).await, (no, inject(serial)));
        }
        writer.say(&FromSeat::Took { no: 2 }).await.unwrap();
        while line.state().owed.len() > 1 {
            tokio::task::yield_now().await;
        }
        drop((reader, writer));
        gone(&line).await;
        let (mut reader, _writer) = connect(&line);
        assert_eq!(told(&mut reader).await, (3, inject("3")));
    }

    #[tokio::test]
    async fn what_is_told_once_more_by_a_control_that_goes_on_has_the_number_of_before() {
        let numbers = async |line: Line| {
            let (mut reader, _writer) = connect(&line);
            [told(&mut reader).await.0, told(&mut reader).await.0]
        };
        let (before, _says) = Line::new("B", "B");
        before.tell_as(7, inject("1"));
        before.tell_as(20, inject("2"));
        assert_eq!(numbers(before).await, [7, 20]);
        let (again, _says) = Line::new("B", "B");
        again.tell_as(7, inject("1"));
        again.tell_as(20, inject("2"));
        again.tell(inject("3"));
        assert_eq!(again.state().told, 21);
        assert_eq!(numbers(again).await, [7, 20]);
    }

    #[tokio::test]
    async fn of_turns_of_the_clock_a_seat_that_was_away_hears_the_last_and_of_the_rest_so_much_is_kept() {
        let (line, _says) = Line::new("B", "B");
        let clock = |story_ms| ToSeat::Clock {
            running: (2, 1_000),
            story_ms,
        };
        line.tell(clock(1));
        line.tell(inject("1"));
        line.tell(clock(2));
        for serial in 0..KEPT_MAX - 2 {
            line.tell(inject(&serial.to_string()));
        }
        let (mut reader, _writer) = connect(&line);
        assert_eq!(told(&mut reader).await, (2, inject("1")));
        assert_eq!(told(&mut reader).await, (3, clock(2)));
        line.tell(inject("one more"));
        assert_eq!(line.state().owed.len(), KEPT_MAX);
    }

    #[tokio::test]
    async fn a_seat_that_is_away_answers_nothing_and_one_that_goes_leaves_nobody_waiting() {
        let (line, _says) = Line::new("B", "B");
        assert!(line.ask(&Request::Status).await.is_err());
        let (mut reader, writer) = connect(&line);
        line.connected(SILENT_FOR).await.unwrap();
        let asking = tokio::spawn({
            let line = line.clone();
            async move { line.ask(&Request::Status).await }
        });
        assert!(matches!(
            reader.next(LINE_MAX).await.unwrap(),
            Some(ToSeat::Ask { id: 1, .. })
        ));
        drop((reader, writer));
        assert!(asking.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn what_people_judged_while_control_was_away_is_heard_by_a_stage_that_opens_later() {
        let (line, _says) = Line::new("B", "B");
        let (_reader, mut writer) = connect(&line);
        let news = Box::new(News::Stated {
            what: "label".into(),
            is: "OPEN".into(),
        });
        writer.say(&FromSeat::News { news }).await.unwrap();
        while line.state().early.is_empty() {
            tokio::task::yield_now().await;
        }
        let (heard, mut happenings) = mpsc::channel(4);
        line.play(heard);
        let happening = happenings.recv().await.unwrap();
        assert!(
            matches!(&happening, Happening::News { news, .. } if matches!(**news, News::Stated { .. })),
            "{happening:?}"
        );
    }

    #[tokio::test]
    async fn a_newer_connection_takes_the_place_of_an_older_one() {
        let (line, _says) = Line::new("B", "B");
        let (mut old, _old_writer) = connect(&line);
        line.connected(SILENT_FOR).await.unwrap();
        let (mut new, _writer) = connect(&line);
        assert_eq!(old.next::<ToSeat>(LINE_MAX).await.unwrap(), None, "it is closed");
        assert!(line.here().is_some());
        line.tell(inject("1"));
        assert_eq!(told(&mut new).await, (1, inject("1")));
    }
}
