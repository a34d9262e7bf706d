//! A seat that joined, from its folder to ENDEX.

mod consented;
mod handing;
mod own;
mod taken;
mod unsaid;

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    time::Duration,
};

use hotline_core::{identity::Identity, story::Running, text::inert_line, time::StoryTime};
use hotline_exercise::{
    join::words::PartWord,
    live::{
        joined::{
            HERE_EVERY, SILENT_FOR,
            words::{FromSeat, LINE_MAX, ToSeat},
        },
        plane::{LineReader, LineWriter},
    },
    record::running_of,
};
use hotline_transport::Seams;
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use self::{taken::Taken, unsaid::Unsaid};
use super::{
    super::run::prompt::Prompt,
    desk::{Desk, Sits, Told},
    identity, settings,
};
use crate::{
    exit::{self, Failure, Outcome},
    join::{place::PlanePlace, refused},
};

/// How long to wait before control is called again.
const CALL_AGAIN: Duration = Duration::from_secs(1);
/// For how long it is called. 15 min: as long as somebody may take to start a laptop again and go on with the exercise.
const CALLS_FOR: Duration = Duration::from_secs(15 * 60);
/// Words on their way to or from control. 256: seconds of a busy exercise.
const WORDS: usize = 256;
/// How often a desk that ends by itself is started again.
const STARTS_MAX: u32 = 5;

/// Somebody sits here.
pub(super) struct Seated {
    dir: PathBuf,
    place: PlanePlace,
    seat: String,
    identity: Identity,
    officers: Vec<String>,
    sits: Sits,
    json: bool,
    desk: Option<Desk>,
    starts: u32,
    told: Option<(u32, u32)>,
    taken: Taken,
    /// What control has not heard.
    unsaid: Unsaid,
    /// Under which number it was told of the end, when it handed its log over.
    handed: Option<u64>,
}

/// Why a connection ended.
enum End {
    /// The exercise is over.
    Bye,
    /// The person has left.
    Left,
    /// It broke.
    Lost,
}

/// Whether somebody ended the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByHand {
    Yes,
    No,
}

impl Seated {
    pub(super) fn new(dir: PathBuf, place: PlanePlace, sits: Sits, json: bool) -> Result<Self, Failure> {
        let PartWord::Seat { seat, desk, officers } = place.control.part.clone() else {
            return Err(refused(
                "this folder is a controller's: hotline control --dir DIR",
            ));
        };
        let taken = Taken::read(&dir)?;
        let seated = Self {
            dir,
            place,
            seat,
            identity: identity(&desk)?,
            officers,
            sits,
            json,
            desk: None,
            starts: 0,
            told: None,
            taken,
            unsaid: Unsaid::default(),
            handed: None,
        };
        seated.welcome();
        Ok(seated)
    }

    fn welcome(&self) {
        let names: Vec<&str> = self
            .officers
            .iter()
            .filter_map(|officer| officer.rsplit('/').next())
            .collect();
        let dir = self.dir.display();
        let words = format!(
            "you sit at {}, as {}. Your keys are in {dir} and nowhere else.\n\
             When the exercise begins, here, or in another terminal: cd {dir}, then hotline desk inbox, send, ack, answer",
            self.seat,
            names.join(", "),
        );
        let object = json!({ "seat": self.seat, "officers": names, "dir": dir.to_string() });
        self.say("joined", object, &words);
    }

    fn say(&self, event: &str, mut object: serde_json::Value, words: &str) {
        match self.json {
            true => {
                object["event"] = event.into();
                crate::say!("{object}");
            }
            false => crate::say!("{words}"),
        }
    }

    /// Plays until the exercise ends or the person leaves.
    pub(super) async fn play(mut self, seams: &Seams) -> Outcome {
        let settings = settings(&self.dir, &self.identity);
        if settings.exists() {
            self.check(&settings)?;
            self.desk = Some(Desk::start(&settings, self.sits).await?);
        }
        let mut lost: Option<Instant> = None;
        loop {
            match self.place.call(seams).await {
                Ok((reader, writer)) => {
                    if lost.take().is_some() {
                        self.say("back", json!({}), "control is there again");
                    }
                    match self.connected(reader, writer, seams).await? {
                        End::Bye => return Ok(exit::OK),
                        End::Left => {
                            self.say(
                                "left",
                                json!({}),
                                "you have left your seat; sit down again with --again --dir",
                            );
                            return Ok(exit::OK);
                        }
                        End::Lost => {}
                    }
                }
                // Control was never there with this certificate: waiting would not help.
                Err(failure)
                    if self.desk.is_none() && lost.is_none() && failure.exit != exit::UNREACHABLE =>
                {
                    return Err(failure);
                }
                Err(_) => {}
            }
            match lost {
                Some(since) if since.elapsed() > CALLS_FOR => return Err(self.gives_up().await),
                Some(_) => {}
                None => {
                    lost = Some(Instant::now());
                    let minutes = CALLS_FOR.as_secs() / 60;
                    let words = format!(
                        "control is not there; your desk goes on, and control is called again for {minutes} min"
                    );
                    self.say("lost", json!({ "minutes": minutes }), &words);
                }
            }
            // What the desk does meanwhile is its log's; it must not wait for us.
            match timeout(CALL_AGAIN, self.alone()).await {
                Ok(ByHand::Yes) => return Ok(exit::OK),
                Ok(ByHand::No) => {
                    self.start_again().await?;
                    self.unsaid.keep(FromSeat::Again);
                }
                Err(_) => {}
            }
        }
    }

    /// Control did not come back: the desk closes, and says how it is opened again.
    async fn gives_up(&mut self) -> Failure {
        if let Some(desk) = self.desk.take() {
            desk.end().await;
        }
        let minutes = CALLS_FOR.as_secs() / 60;
        let what = format!(
            "control was not there for {minutes} min; your desk is closed, and its messages are kept"
        );
        let help = format!(
            "when control is there again: hotline desk join --again --dir {}",
            self.dir.display()
        );
        Failure::new("HL-EX-193", exit::UNREACHABLE, what, help)
    }

    /// Takes what the desk tells while nobody hears it, until it has ended. Then there is none.
    async fn alone(&mut self) -> ByHand {
        alone(&mut self.desk, &mut self.unsaid, async |desk| told(desk).await).await
    }

    async fn connected(
        &mut self,
        reader: LineReader,
        writer: LineWriter,
        seams: &Seams,
    ) -> Result<End, Failure> {
        let (say, said) = mpsc::channel(WORDS);
        let (hear, mut heard) = mpsc::channel(WORDS);
        let writing = tokio::spawn(write(said, writer));
        let reading = tokio::spawn(read(reader, hear));
        let end = self.converse(&say, &mut heard, seams).await;
        drop(say);
        reading.abort();
        // What was said last goes out first.
        if let Ok(Ok(lost)) = timeout(Duration::from_secs(5), writing).await {
            self.unsaid.keep_before(lost);
        }
        end
    }

    async fn converse(
        &mut self,
        say: &mpsc::Sender<FromSeat>,
        heard: &mut mpsc::Receiver<ToSeat>,
        seams: &Seams,
    ) -> Result<End, Failure> {
        while let Some(words) = self.unsaid.next() {
            if let Err(lost) = say.send(words).await {
                self.unsaid.keep_before(vec![lost.0]);
                return Ok(End::Lost);
            }
        }
        loop {
            let next = tokio::select! {
                biased;
                words = heard.recv() => Ok(words),
                told = told(&mut self.desk) => Err(told),
            };
            let (owed, next) = match next {
                Ok(Some(ToSeat::Owed { no, words })) => (Some(no), Ok(Some(*words))),
                next => (None, next),
            };
            let answer = match next {
                Ok(None) => return Ok(End::Lost),
                Ok(Some(ToSeat::Bye)) => return Ok(End::Bye),
                Ok(Some(ToSeat::Ended)) => {
                    // A log is handed over once: half of it may lie at control already. Control that had stopped and
                    // goes on tells of the end anew.
                    let told = owed.unwrap_or_default();
                    if self.handed.replace(told) != Some(told) {
                        self.hand_over(say).await;
                    }
                    None
                }
                Ok(Some(ToSeat::Inject { .. })) if owed.is_some_and(|no| !self.taken.is_new(no)) => None,
                Ok(Some(words)) => {
                    let inject = matches!(words, ToSeat::Inject { .. });
                    let answer = self.told(words, seams).await?;
                    if let Some(no) = owed.filter(|_| inject) {
                        self.taken.took(no);
                    }
                    answer
                }
                Err(Told::News(news)) => Some(FromSeat::News { news: Box::new(news) }),
                Err(Told::Ended { by_hand }) => {
                    self.desk = None;
                    if let Err(lost) = say.send(FromSeat::Gone).await {
                        self.unsaid.keep(lost.0);
                    }
                    if by_hand {
                        return Ok(End::Left);
                    }
                    self.start_again().await?;
                    Some(FromSeat::Again)
                }
            };
            // Behind its answer: control asks again for what it has not heard.
            let took = owed.map(|no| FromSeat::Took { no });
            for words in answer.into_iter().chain(took) {
                if let Err(lost) = say.send(words).await {
                    self.unsaid.keep(lost.0);
                    return Ok(End::Lost);
                }
            }
        }
    }

    async fn start_again(&mut self) -> Result<(), Failure> {
        self.starts += 1;
        if self.starts > STARTS_MAX {
            let what = format!("the desk ended {STARTS_MAX} times by itself");
            let help = "its words are above; sit down again with --again";
            return Err(Failure::new("HL-EX-196", exit::OTHER, what, help));
        }
        eprintln!("the desk ended by itself and is started again");
        sleep(CALL_AGAIN).await;
        let settings = settings(&self.dir, &self.identity);
        self.desk = Some(Desk::start(&settings, self.sits).await?);
        Ok(())
    }

    /// Whether the desk has its folder.
    fn stands(&self) -> bool {
        self.desk.is_some() || settings(&self.dir, &self.identity).exists()
    }

    /// What control says; what is answered.
    async fn told(&mut self, words: ToSeat, seams: &Seams) -> Result<Option<FromSeat>, Failure> {
        Ok(match words {
            ToSeat::Refused { what } => return Err(refused(&inert_line(&what).text)),
            ToSeat::Here | ToSeat::Owed { .. } | ToSeat::Ended | ToSeat::Bye => None,
            // The answer was lost.
            ToSeat::Folder { files } if self.desk.is_some() && self.stands_on(&files) => Some(FromSeat::Open),
            // What a desk stands on is not changed under it, nor is anything signed once it runs.
            ToSeat::Consent { .. } | ToSeat::Folder { .. } if self.stands() => {
                let what = "the desk of this seat stands already".to_owned();
                Some(FromSeat::Failed { what })
            }
            ToSeat::Consent {
                terms,
                officer,
                key_statement,
            } => Some(match self.consent(&terms, &officer, &key_statement, seams) {
                Ok(statement) => FromSeat::Consent { statement },
                Err(what) => FromSeat::Failed { what },
            }),
            ToSeat::Folder { files } => Some(match self.open(&files).await {
                Ok(()) => FromSeat::Open,
                Err(failure) => {
                    failure.print();
                    FromSeat::Failed { what: failure.what }
                }
            }),
            ToSeat::Ask { id, request } => match &mut self.desk {
                Some(desk) => Some(FromSeat::Answer {
                    id,
                    answer: Box::new(desk.ask(&request).await),
                }),
                None => None,
            },
            ToSeat::Clock { running, story_ms } => {
                self.clock(running, story_ms);
                None
            }
            ToSeat::Inject {
                serial,
                story_ms,
                what,
            } => {
                self.inject(&serial, story_ms, &what);
                None
            }
        })
    }

    fn inject(&self, serial: &str, story_ms: u64, what: &str) {
        let (serial, what) = (inert_line(serial).text, inert_line(what).text);
        let story = story(story_ms);
        let object = json!({ "serial": serial, "story_ms": story_ms, "what": what });
        let sign = self.sign();
        sign.over(true);
        self.say("inject", object, &format!("[{story}] {what}"));
        if !self.json {
            super::super::print::bell();
        }
        sign.again(true);
    }

    fn clock(&mut self, running: (u32, u32), story_ms: u64) {
        if self.told.replace(running) == Some(running) {
            return;
        }
        let story = story(story_ms);
        let how = match running_of(running.0, running.1) {
            Some(Running::Running(rate)) => format!("the story runs, at rate {rate}"),
            Some(Running::Paused(_)) => "the story stands; the line goes on".to_owned(),
            Some(Running::Ended) => "the exercise has ended".to_owned(),
            Some(Running::NotStarted) | None => return,
        };
        let sign = self.sign();
        sign.over(true);
        self.say(
            "clock",
            json!({ "story_ms": story_ms, "what": how }),
            &format!("[{story}] {how}"),
        );
        sign.again(true);
    }

    /// The sign at which somebody types at this desk, on the same terminal.
    fn sign(&self) -> Prompt {
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let types = terminal && self.desk.is_some() && !self.json;
        Prompt::of(&self.seat, types)
    }
}

fn story(ms: u64) -> StoryTime {
    StoryTime::from_startex(Duration::from_millis(ms))
}

/// What the desk does by itself; never, where there is none.
async fn told(desk: &mut Option<Desk>) -> Told {
    match desk {
        Some(desk) => desk.next().await,
        None => std::future::pending().await,
    }
}

/// Takes what a desk tells while nobody hears it, until it has ended; then there is none, and whoever starts it again does.
async fn alone<D>(
    desk: &mut Option<D>,
    unsaid: &mut Unsaid,
    told: impl AsyncFn(&mut Option<D>) -> Told,
) -> ByHand {
    loop {
        match told(desk).await {
            Told::News(news) => unsaid.keep(FromSeat::News { news: Box::new(news) }),
            Told::Ended { by_hand } => {
                *desk = None;
                unsaid.keep(FromSeat::Gone);
                return if by_hand { ByHand::Yes } else { ByHand::No };
            }
        }
    }
}

/// Writes what is said until nobody says more or the connection breaks; what of it was not written.
async fn write(mut said: mpsc::Receiver<FromSeat>, mut writer: LineWriter) -> Vec<FromSeat> {
    loop {
        let words = match timeout(HERE_EVERY, said.recv()).await {
            Ok(Some(words)) => words,
            Ok(None) => return Vec::new(),
            Err(_) => FromSeat::Here,
        };
        if writer.say(&words).await.is_err() {
            said.close();
            let mut lost = vec![words];
            while let Some(words) = said.recv().await {
                lost.push(words);
            }
            return lost;
        }
    }
}

async fn read(mut reader: LineReader, heard: mpsc::Sender<ToSeat>) {
    while let Ok(Ok(Some(words))) = timeout(SILENT_FOR, reader.next::<ToSeat>(LINE_MAX)).await {
        if heard.send(words).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::collections::VecDeque;

    use hotline_client::request::News;
    use hotline_exercise::live::plane::lines;

    use super::*;

    fn stated(what: &str) -> News {
        News::Stated {
            what: what.into(),
            is: "OPEN".into(),
        }
    }

    fn said(what: &str) -> FromSeat {
        let news = Box::new(stated(what));
        FromSeat::News { news }
    }

    #[tokio::test]
    async fn a_desk_that_dies_while_control_is_away_is_started_again_and_both_are_told_when_control_is_back()
    {
        let mut desk = Some(VecDeque::from([stated("1")]));
        let mut unsaid = Unsaid::default();
        // A process that has ended says so whenever it is asked.
        let told = async |desk: &mut Option<VecDeque<News>>| match desk {
            Some(told) => match told.pop_front() {
                Some(news) => Told::News(news),
                None => Told::Ended { by_hand: false },
            },
            None => std::future::pending().await,
        };
        let ended = timeout(CALL_AGAIN, alone(&mut desk, &mut unsaid, told)).await;
        assert_eq!(ended.unwrap(), ByHand::No);
        assert!(desk.is_none());
        assert_eq!(unsaid.next(), Some(said("1")));
        assert_eq!(unsaid.next(), Some(FromSeat::Gone));
    }

    #[tokio::test]
    async fn what_a_dying_connection_did_not_take_is_kept_for_the_next() {
        let (ours, theirs) = tokio::io::duplex(1024);
        let (_reader, writer) = lines(Box::new(ours));
        drop(theirs);
        let (say, heard) = mpsc::channel(8);
        for what in ["1", "2"] {
            say.send(said(what)).await.unwrap();
        }
        assert_eq!(write(heard, writer).await, [said("1"), said("2")]);
        assert!(say.send(said("3")).await.is_err());
    }
}
