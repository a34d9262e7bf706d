//! A scripted player: a process that sits at a desk, hears what a person there would, and does what its script says.
//!
//! It holds its officers' keys and nothing else of its side; it acts through the desk's socket as people's verbs do. From
//! control it hears what its seat may know ([`ToPlayer`]); what it says goes to control ([`FromPlayer`]).

mod again;
mod deeds;
mod journal;

pub use deeds::hands_lack;
use journal::{Journal, Left, What};

use std::{
    collections::{BTreeSet, VecDeque},
    io,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use hotline_audit::Hash;
use hotline_client::{config::DeskConfig, request::News, view::MessageView};
use hotline_core::{
    plant,
    precedence::{Precedence, Urgency},
    story::{Running, StoryClock},
    time::{LineTime, StoryTime},
    words::Rung,
};
use hotline_transport::Seams;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    sync::mpsc,
    time::sleep,
};

use super::{
    hands::{Hands, SitError},
    reach::{Reach, Watching},
    site::desk_at,
    words::{FromPlayer, ToPlayer},
};
use crate::{
    codebook::Codebook,
    person::{Heard, Person, PersonError, Wish},
    record::{running_codes, running_of},
    scenario::{
        Scenario,
        mark::{Alias, Mark, Serial},
    },
    timeline::clock::millis,
};

/// Lines of control's that wait for a player that is busy. 1,024: more than control says in a whole exercise.
const TOLD_MAX: usize = 1_024;
/// How long a player sleeps at most when nothing is pending.
const IDLE: Duration = Duration::from_secs(60);

/// Why a player left its seat.
#[derive(Debug, thiserror::Error)]
pub enum PlayerError {
    /// It could not sit down.
    #[error("the seat cannot be taken")]
    Sit(#[from] SitError),
    /// Its script.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// Control or the desk.
    #[error("the player's {what}: {source}")]
    Io {
        /// Which.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// There is no such seat at a desk.
    #[error("the scenario has no desk at seat {0}")]
    NoDesk(String),
}

/// What a player is started with.
pub struct Setup {
    /// The scenario that is played.
    pub scenario: Arc<Scenario>,
    /// The variant, if it has any.
    pub variant: Option<String>,
    /// The seat.
    pub seat: String,
    /// Settings of the seat's desk.
    pub desk: DeskConfig,
    /// Where that desk is found.
    pub reach: Reach,
    /// The codebook.
    pub codebook: Codebook,
    /// Every desk of the exercise: its name, and its identity.
    pub desks: Vec<(String, String)>,
    /// On the simulated stage: what rules with a chance are drawn from.
    pub seed: Option<u64>,
    /// Where it writes down what it hears and does, so that it can be started again; nowhere, if it never is.
    pub journal: Option<PathBuf>,
    /// The folder of what its officers know by heart: their passphrases.
    pub by_heart: Option<PathBuf>,
}

/// A player at its seat.
pub struct Player {
    person: Person,
    hands: Hands,
    scenario: Arc<Scenario>,
    desk: String,
    desks: Vec<(String, String)>,
    clock: StoryClock,
    seams: Seams,
    /// What control was told last of its deeds.
    waiting: (bool, Option<u64>),
    /// What injects have it send.
    queue: VecDeque<deeds::Queued>,
    rung: BTreeSet<Hash>,
    voice: Box<dyn Voice>,
    /// Line time of the player's first start minus that of this process: its own line goes on over a restart.
    behind: Duration,
    /// It has played before, in another process.
    goes_on: bool,
    journal: Option<Journal>,
    /// What came due and was not begun.
    due: VecDeque<Wish>,
    /// What it was doing when its process ended.
    unknown: Option<Wish>,
    /// Injects that it was told.
    injects: BTreeSet<Serial>,
    /// Names that it knew when its process ended.
    named: Vec<(Alias, Hash)>,
}

/// Where a player's words go: to control.
pub trait Voice: Send {
    /// Says something.
    ///
    /// # Errors
    /// If control has gone.
    fn say(&mut self, words: &FromPlayer) -> io::Result<()>;
}

/// Plays a seat of its own process until control closes its standard input.
///
/// # Errors
/// [`PlayerError`].
pub async fn play(setup: Setup, seams: Seams) -> Result<(), PlayerError> {
    let (hand_on, told) = mpsc::channel(TOLD_MAX);
    let player = Player::sit(setup, seams, Box::new(Aloud)).await?;
    tokio::spawn(read(hand_on));
    player.attend(told).await
}

/// Plays a seat until control says nothing more. `told`: what control says, a line each.
///
/// # Errors
/// [`PlayerError`].
pub async fn play_by(
    setup: Setup,
    seams: Seams,
    told: mpsc::Receiver<Result<String, PlayerError>>,
    voice: Box<dyn Voice>,
) -> Result<(), PlayerError> {
    Player::sit(setup, seams, voice).await?.attend(told).await
}

/// Hands on what control says, while the player is busy too.
async fn read(hand_on: mpsc::Sender<Result<String, PlayerError>>) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.map_err(failed("words")).transpose() {
        if hand_on.send(line).await.is_err() {
            return;
        }
    }
}

/// How long so much of the story takes, from now on and as the clock runs.
fn on_the_wall(length: Duration, now: LineTime, clock: &StoryClock) -> Duration {
    let then = clock.at(now).after(length);
    clock.when(then).map_or(length, |line| line.since(now))
}

/// The same clock, standing.
const fn paused(running: Running) -> Running {
    match running {
        Running::Running(rate) => Running::Paused(rate),
        standing => standing,
    }
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> PlayerError {
    move |source| PlayerError::Io { what, source }
}

/// A player that is a process: a line to control on standard output.
struct Aloud;

impl Voice for Aloud {
    fn say(&mut self, words: &FromPlayer) -> io::Result<()> {
        use std::io::Write as _;
        let mut line = serde_json::to_vec(words).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line).and_then(|()| out.flush())
    }
}

impl Player {
    async fn sit(setup: Setup, seams: Seams, voice: Box<dyn Voice>) -> Result<Self, PlayerError> {
        let Setup {
            scenario,
            variant,
            seat,
            desk,
            reach,
            codebook,
            desks,
            seed,
            journal,
            by_heart,
        } = setup;
        let person = Person::new(&scenario, &seat, variant.as_deref(), seed)?;
        let no_desk = || PlayerError::NoDesk(seat.clone());
        let card = scenario.seat(&seat).ok_or_else(no_desk)?;
        let at = card.desk.as_ref().ok_or_else(no_desk)?.to_string();
        let side = scenario.topology.desks.iter().find(|desk| *desk.name == *at);
        let tongue = side.ok_or_else(no_desk)?.side.tongue();
        let officers: Vec<String> = card.officers.iter().map(|officer| officer.to_string()).collect();
        let names = officers.iter().map(String::as_str);
        let mut hands = Hands::sit((desk, reach), names, codebook, tongue, seams.clone()).await?;
        hands.knows_by_heart(by_heart);
        let whose = (&scenario, seat.as_str(), variant.as_deref());
        let opened = journal.map(|path| Journal::open(&path, whose)).transpose();
        let (journal, left) = opened.map_err(failed("journal"))?.unzip();
        let mut player = Self {
            person,
            hands,
            scenario,
            desk: at,
            desks,
            clock: StoryClock::new(),
            seams,
            waiting: (false, None),
            queue: VecDeque::new(),
            rung: BTreeSet::new(),
            voice,
            behind: Duration::ZERO,
            goes_on: false,
            journal,
            due: VecDeque::new(),
            unknown: None,
            injects: BTreeSet::new(),
            named: Vec::new(),
        };
        if let Some(left) = left.flatten() {
            player.go_on(left)?;
        }
        Ok(player)
    }

    /// Goes on where it was when its process ended. Until control tells how the clock runs, the story stands.
    fn go_on(&mut self, left: Left) -> Result<(), PlayerError> {
        self.person = left.person;
        self.due = left.due;
        self.goes_on = true;
        self.behind = left.line.since(self.seams.clock.line());
        for heard in left.heard {
            match heard {
                Heard::Inject(serial) => drop(self.injects.insert(serial)),
                Heard::Named { alias, message } => self.named.push((alias, message)),
                Heard::Message {
                    message,
                    incoming: true,
                    precedence,
                    ..
                } if precedence.urgency() == Urgency::Urgent => drop(self.rung.insert(message)),
                _ => {}
            }
        }
        let story_ms = millis(left.clock.at(left.line).since_startex());
        self.turn(paused(left.clock.running()), story_ms)?;
        self.unknown = left.unknown;
        Ok(())
    }

    fn note(&mut self, line: LineTime, what: What) -> Result<(), PlayerError> {
        match &mut self.journal {
            Some(journal) => journal.note(line, what).map_err(failed("journal")),
            None => Ok(()),
        }
    }

    /// The clock runs like this from now on.
    fn turn(&mut self, running: Running, story_ms: u64) -> Result<(), PlayerError> {
        let now = self.now();
        let story = StoryTime::from_startex(Duration::from_millis(story_ms));
        self.clock = StoryClock::copy(running, now, story);
        self.person.turned(now, &self.clock);
        let running = running_codes(running);
        self.note(now, What::Turned { running, story_ms })
    }

    /// Until control says nothing more.
    async fn attend(
        mut self,
        mut told: mpsc::Receiver<Result<String, PlayerError>>,
    ) -> Result<(), PlayerError> {
        let mut news = self.hands.watch().await.map_err(failed("desk"))?;
        self.say(&FromPlayer::Seated)?;
        if self.goes_on {
            self.come_back().await?;
        }
        loop {
            // What control has said by now counts before anything is done: above all a pause.
            while let Ok(line) = told.try_recv() {
                self.told(&line?).await?;
            }
            self.act().await?;
            self.send_next().await?;
            if !self.listen(&mut news, &mut told).await? {
                return Ok(());
            }
        }
    }

    /// What it was doing when its process ended, and what came since.
    async fn come_back(&mut self) -> Result<(), PlayerError> {
        // Control may have stopped before it had written down what it was told.
        for (alias, message) in std::mem::take(&mut self.named) {
            let (alias, message) = (alias.to_string(), message.to_string());
            self.say(&FromPlayer::Named { alias, message })?;
        }
        if let Some(wish) = self.unknown.take() {
            self.find_out(wish).await?;
            self.note(self.now(), What::Done)?;
        }
        self.hear_all().await
    }

    /// Everything that its desk knows: what came while nobody watched. What was heard before is not heard twice.
    async fn hear_all(&mut self) -> Result<(), PlayerError> {
        for view in self.hands.list().await.unwrap_or_default() {
            self.news("ADDED", &view).await?;
        }
        Ok(())
    }

    /// A line to control.
    fn say(&mut self, words: &FromPlayer) -> Result<(), PlayerError> {
        self.voice.say(words).map_err(failed("words"))
    }

    /// Its own line: it goes on over a restart.
    fn now(&self) -> LineTime {
        self.seams.clock.line().after(self.behind)
    }

    fn desks(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.desks
            .iter()
            .map(|(name, identity)| (name.as_str(), identity.as_str()))
    }

    /// How long so much of the story takes at the present rate.
    fn on_the_wall(&self, length: Duration) -> Duration {
        on_the_wall(length, self.now(), &self.clock)
    }

    fn hear(&mut self, heard: &Heard) -> Result<(), PlayerError> {
        let now = self.now();
        self.person.hear(heard, now, &self.clock)?;
        self.note(now, What::Heard(heard.clone()))
    }

    /// Does what is due, and tells control whether anything is still to come.
    async fn act(&mut self) -> Result<(), PlayerError> {
        let now = self.now();
        let due = self.person.due(now, &self.clock);
        if !due.is_empty() {
            self.note(now, What::Due(due.len()))?;
            self.due.extend(due);
        }
        if matches!(self.clock.running(), Running::Running(_)) {
            while let Some(wish) = self.due.pop_front() {
                self.note(self.now(), What::Begun)?;
                self.carry_out(wish).await?;
                self.note(self.now(), What::Done)?;
            }
        }
        let next = self.person.next_story();
        let next_story_ms = next.map(|next| millis(next.since_startex()));
        let waiting = (!self.person.idle(), next_story_ms);
        if waiting != self.waiting {
            self.waiting = waiting;
            self.say(&FromPlayer::Waiting {
                deeds: usize::from(waiting.0),
                next_story_ms,
            })?;
        }
        Ok(())
    }

    /// Waits for words, news or its own next deed. False when control has closed its input.
    async fn listen(
        &mut self,
        news: &mut Watching,
        told: &mut mpsc::Receiver<Result<String, PlayerError>>,
    ) -> Result<bool, PlayerError> {
        let next = self.person.next_wake(&self.clock);
        let wait = match self.queue.is_empty() {
            true => next.map_or(IDLE, |next| next.since(self.now())),
            false => Duration::ZERO,
        };
        tokio::select! {
            biased;
            line = told.recv() => match line {
                Some(line) => self.told(&line?).await?,
                None => return Ok(false),
            },
            answer = news.next() => match answer.map_err(failed("desk"))? {
                Some(News::Message { what, message }) => self.news(&what, &message).await?,
                Some(_) => {}
                // The desk was killed: its people wait for it.
                None => self.wait_for_desk(news).await?,
            },
            () = sleep(wait) => {}
        }
        Ok(true)
    }

    async fn wait_for_desk(&mut self, news: &mut Watching) -> Result<(), PlayerError> {
        const AGAIN: Duration = Duration::from_millis(100);
        sleep(AGAIN).await;
        if self.hands.come_back().await.is_ok()
            && let Ok(watching) = self.hands.watch().await
        {
            *news = watching;
            self.hear_all().await?;
        }
        Ok(())
    }

    async fn told(&mut self, line: &str) -> Result<(), PlayerError> {
        let Ok(words) = serde_json::from_str::<ToPlayer>(line) else {
            return Ok(());
        };
        match words {
            ToPlayer::Clock {
                running: (state, rate),
                story_ms,
            } => {
                let running = running_of(state, rate).map(|running| match running {
                    Running::Paused(rate) if plant::active("players-act-in-a-pause") => {
                        Running::Running(rate)
                    }
                    running => running,
                });
                running.map_or(Ok(()), |running| self.turn(running, story_ms))
            }
            ToPlayer::Inject { serial } => match serial.parse() {
                // Control that went on after a crash says again what it had delivered.
                Ok(serial) if self.injects.insert(serial) => self.hear(&Heard::Inject(serial)),
                Ok(_) | Err(_) => Ok(()),
            },
            ToPlayer::Send { serial, again } => match serial.parse::<Serial>() {
                Ok(serial) if again => self.take_up_again(serial).await,
                Ok(serial) => self.take_up(serial).await,
                Err(_) => Ok(()),
            },
            ToPlayer::Named { alias, message } => match (alias.parse(), message.parse()) {
                (Ok(alias), Ok(message)) => self.hear(&Heard::Named { alias, message }),
                _ => Ok(()),
            },
            ToPlayer::Label { desk, label } => {
                let known = crate::scenario::lists::Label::ALL
                    .iter()
                    .find(|known| known.name() == label);
                match known {
                    Some(label) => self.hear(&Heard::Label {
                        label: *label,
                        at: desk,
                    }),
                    None => Ok(()),
                }
            }
            // It is written down nowhere at the seat: control says it again.
            ToPlayer::Phrase { officer } => {
                self.hands.types_second(officer);
                Ok(())
            }
            ToPlayer::Mark { mark } => match mark.parse::<Mark>() {
                Ok(mark) => self.hear(&Heard::Mark(mark)),
                Err(_) => Ok(()),
            },
        }
    }

    /// What its desk tells of a message: that it is there, and every rung it has.
    async fn news(&mut self, what: &str, view: &MessageView) -> Result<(), PlayerError> {
        let Ok(message) = view.sha256.parse::<Hash>() else {
            return Ok(());
        };
        if view.rejected.is_some() {
            return Ok(());
        }
        let incoming = view.direction == "in";
        let precedence = view
            .precedence
            .parse::<Precedence>()
            .unwrap_or(Precedence::Routine);
        if what == "ADDED" {
            if incoming && precedence.urgency() == Urgency::Urgent && self.rung.insert(message) {
                // As `desk run` does by itself: it rings.
                if let Err(refused) = self.hands.alerted(&view.sha256).await {
                    self.say(&FromPlayer::Played {
                        rule: "alarm".into(),
                        refused: refused.to_string(),
                    })?;
                }
            }
            let heard = Heard::Message {
                message,
                alias: None,
                code: self.hands.code_of(&view.text),
                precedence,
                incoming,
                desk: self.desk.clone(),
            };
            self.hear(&heard)?;
        }
        for view in &view.rungs {
            let (Ok(rung), Some(at)) = (view.rung.parse::<Rung>(), desk_at(self.desks(), &view.by)) else {
                continue;
            };
            let at = at.to_owned();
            self.hear(&Heard::Rung { message, rung, at })?;
        }
        Ok(())
    }

    /// Hears its own names for what it has released, and tells control.
    fn name(
        &mut self,
        alias: Option<&Alias>,
        released: &[MessageView],
        first: Option<u16>,
    ) -> Result<(), PlayerError> {
        let Some(alias) = alias else { return Ok(()) };
        for (place, view) in (0u16..).zip(released) {
            let copy = first.map(|first| first.saturating_add(place)).or(alias.copy);
            let named = Alias {
                name: alias.name.clone(),
                copy,
            };
            if let Ok(message) = view.sha256.parse() {
                let alias = named.clone();
                self.hear(&Heard::Named { alias, message })?;
            }
            self.say(&FromPlayer::Named {
                alias: named.to_string(),
                message: view.sha256.clone(),
            })?;
        }
        Ok(())
    }
}
