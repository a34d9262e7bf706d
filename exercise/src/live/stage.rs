//! The headless stage: relays, desks and players as processes on this machine, a link in front of every leg.

mod ends;
pub mod waking;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    path::Path,
    time::Duration,
};

use hotline_client::{
    config::DeskConfig,
    request::{News, Request},
    status::LineStatus,
    view::MessageView,
};
use hotline_faults::rig::{LinkView, RigError};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    child::{Child, ChildError, Input, Listener, Program, until_free},
    joined::{Joined, folder, words::FromSeat, words::ToSeat},
    links::{LinkError, Linked, Links, Ports},
    post::Post,
    reach::Reach,
    scene,
    site::{DeskPlace, RelayPlace, SidePlace, Site},
    words::{FromPlayer, ToPlayer},
};
use crate::scenario::{
    lists::ProcessDeed,
    msel::{FaultDeed, Link},
};

/// How long a process may take to end in good order.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How long a seat that joined may be away when the stage opens. 60 s: it calls every second, and a person whose program
/// died there types one line.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(60);
/// Happenings that wait for the conductor. 16,384: what a desk keeps for a slow watcher.
pub(crate) const HAPPENINGS: usize = 16_384;

/// Something happened on the stage.
#[derive(Debug)]
pub enum Happening {
    /// A desk tells what changed.
    News {
        /// Which.
        desk: String,
        /// What.
        news: Box<News>,
    },
    /// A player says something.
    Player {
        /// Its seat.
        seat: String,
        /// What.
        said: FromPlayer,
    },
    /// A process has ended that was not told to.
    Gone {
        /// Which.
        who: String,
    },
    /// A desk whose people joined runs again.
    Again {
        /// Which.
        desk: String,
    },
    /// The connection of a seat whose people joined is lost, or there again.
    Seat {
        /// Which.
        seat: String,
        /// Whether it is there.
        here: bool,
    },
}

/// Why the stage could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A process.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// The links.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A fault.
    #[error("a fault: {0}")]
    Fault(#[from] RigError),
    /// A desk.
    #[error("desk {desk}: {source}")]
    Desk {
        /// Which.
        desk: String,
        /// What it said, or why not.
        source: io::Error,
    },
    /// The line did not come up.
    #[error("the line was not whole within {} s: {state}", .within.as_secs())]
    NotWhole {
        /// How long it had.
        within: Duration,
        /// What lacked.
        state: String,
    },
    /// There is nothing of that name.
    #[error("there is no {0} on this stage")]
    Nobody(String),
    /// A verb of this program, or a file that one would read.
    #[error("{words}: {said}")]
    Verb {
        /// What was typed.
        words: String,
        /// What it said.
        said: String,
    },
    /// Nothing of the line runs yet.
    #[error("the line sleeps: desk {0} opens with all others, by verb = \"wake\"")]
    Asleep(String),
    /// A person sits there.
    #[error("a person sits at {seat}: {what}")]
    Person {
        /// The seat.
        seat: String,
        /// What to do, or what failed.
        what: String,
    },
}

/// What of a stage is elsewhere.
#[derive(Default)]
pub struct Elsewhere<'a> {
    /// Desks whose people joined.
    pub joined: &'a mut [JoinedSeat],
    /// The address of this machine that they reach; loopback without it.
    pub at: Option<IpAddr>,
    /// What was there before.
    pub opens: Opens,
}

/// What of a line was there before its stage opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opens {
    /// Nothing: everything starts now.
    #[default]
    New,
    /// A line that sleeps: nothing runs, and no link stands before a leg, until people wake it ([`Stage::link`]).
    Asleep,
    /// The exercise, which goes on: joined desks have their folders, call where they were told, and may be away.
    Again,
}

/// A joined seat, and what it says beside answers and news.
#[derive(Debug)]
pub struct JoinedSeat {
    /// The seat.
    pub joined: Joined,
    /// What it says.
    pub says: mpsc::Receiver<FromSeat>,
}

/// A scripted seat.
#[derive(Clone, Debug)]
pub struct SeatPlan {
    /// Its name.
    pub seat: String,
    /// Its desk.
    pub desk: String,
    /// The words with which its player's process is started.
    pub words: Vec<String>,
}

/// The seat at which the attacker of a prepared attack sits, on no side.
#[must_use]
pub fn attacker(attack: &str) -> String {
    format!("attacker-{attack}")
}

pub use crate::scenario::cast::security_officer;

/// Everything that runs.
pub struct Stage {
    site: Site,
    links: Links,
    relays: BTreeMap<String, Child>,
    desks: BTreeMap<String, Child>,
    posts: BTreeMap<String, Post>,
    /// Desks whose processes stand still: they are asked nothing.
    paused: BTreeSet<String>,
    players: BTreeMap<String, Child>,
    listeners: BTreeMap<String, JoinHandle<()>>,
    /// With which words each seat's player was started. An attacker's has no desk.
    plans: Vec<SeatPlan>,
    /// With which dice links start when the line is woken; none once it is awake.
    asleep: Option<u64>,
    /// How far each relay's own words were read, in bytes.
    read: BTreeMap<String, usize>,
    /// Desks whose people joined: they run elsewhere.
    joined: BTreeMap<String, Joined>,
    heard: mpsc::Sender<Happening>,
    happenings: mpsc::Receiver<Happening>,
}

impl Stage {
    /// Starts links, relays, desks and players, and waits until every leg is up.
    ///
    /// # Errors
    /// [`StageError`]: nothing is left running.
    pub async fn open(site: Site, seats: &[SeatPlan], seed: u64) -> Result<Self, StageError> {
        Self::open_with(site, seats, seed, Elsewhere::default()).await
    }

    /// The same, with desks whose people joined from elsewhere: each is sent its folder and opens by itself.
    ///
    /// # Errors
    /// [`StageError`]: nothing is left running here.
    pub async fn open_with(
        site: Site,
        seats: &[SeatPlan],
        seed: u64,
        elsewhere: Elsewhere<'_>,
    ) -> Result<Self, StageError> {
        let links = match elsewhere.opens {
            Opens::Asleep => Links::none(),
            Opens::New => Links::start_at(&linked(&site), seed, elsewhere.at, Ports::Any).await?,
            Opens::Again => Links::start_at(&linked(&site), seed, elsewhere.at, Ports::AsBefore).await?,
        };
        let (heard, happenings) = mpsc::channel(HAPPENINGS);
        let mut stage = Self {
            site,
            links,
            relays: BTreeMap::new(),
            desks: BTreeMap::new(),
            posts: BTreeMap::new(),
            paused: BTreeSet::new(),
            players: BTreeMap::new(),
            listeners: BTreeMap::new(),
            plans: seats.to_vec(),
            read: BTreeMap::new(),
            joined: BTreeMap::new(),
            heard,
            happenings,
            asleep: (elsewhere.opens == Opens::Asleep).then_some(seed),
        };
        if elsewhere.opens == Opens::Asleep {
            return Ok(stage);
        }
        let relays: Vec<RelayPlace> = stage.site.relays().cloned().collect();
        for relay in &relays {
            stage.start_relay(relay).await?;
        }
        let desks: Vec<DeskPlace> = stage.site.desks().map(|(_, desk)| desk.clone()).collect();
        let (there, here): (Vec<_>, Vec<_>) = desks
            .iter()
            .partition(|desk| elsewhere.joined.iter().any(|seat| seat.joined.desk == desk.name));
        for desk in here {
            stage.start_desk(desk).await?;
        }
        for seat in elsewhere.joined.iter_mut() {
            if let Some(place) = there.iter().find(|desk| desk.name == seat.joined.desk) {
                match elsewhere.opens == Opens::Again {
                    true => stage.has_joined(&seat.joined),
                    false => stage.await_desk(place, seat).await?,
                }
            }
        }
        for seat in seats {
            stage.start_player(seat).await?;
        }
        // Whoever is elsewhere comes back in their own time.
        let waits = |desk: &str| elsewhere.opens != Opens::Again || stage.desks.contains_key(desk);
        let waited: Vec<String> = stage
            .desks()
            .filter(|desk| waits(desk))
            .map(str::to_owned)
            .collect();
        scene::wait_until_whole_at(&mut stage, &waited).await?;
        Ok(stage)
    }

    /// Where everything lies.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// The next happening; none if there is none within that time.
    pub async fn next(&mut self, until: Instant) -> Option<Happening> {
        tokio::select! {
            biased;
            happening = self.happenings.recv() => happening,
            () = tokio::time::sleep_until(until) => None,
        }
    }

    /// The desks that run and do not stand still, by name.
    pub fn desks(&self) -> impl Iterator<Item = &str> {
        let awake = self.posts.keys().filter(|desk| !self.paused.contains(*desk));
        awake.map(String::as_str)
    }

    /// How much has happened and was not heard yet.
    #[must_use]
    pub fn unheard(&self) -> usize {
        self.happenings.len()
    }

    /// What has happened and was not heard yet; never waits.
    pub fn heard_already(&mut self) -> Option<Happening> {
        self.happenings.try_recv().ok()
    }

    /// Every message that a desk knows.
    ///
    /// # Errors
    /// If the desk does not run.
    pub async fn list(&mut self, desk: &str) -> Result<Vec<MessageView>, StageError> {
        let listed = self.post(desk)?.list().await;
        listed.map_err(|source| gone(desk, source))
    }

    /// How the line stands at a desk.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn status(&mut self, desk: &str) -> Result<LineStatus, StageError> {
        let post = self.post(desk)?;
        let status = post.status().await;
        status.map_err(|source| gone(desk, source))
    }

    /// A message as it stands at a desk.
    ///
    /// # Errors
    /// If the desk does not run, or does not know it.
    pub async fn show(&mut self, desk: &str, message: &str) -> Result<MessageView, StageError> {
        let shown = self.post(desk)?.show(message).await;
        shown.map_err(|source| gone(desk, source))
    }

    /// Whether a process was ended or killed on purpose: `desk A`.
    #[must_use]
    pub fn is_down(&self, who: &str) -> bool {
        match who.split_once(' ') {
            Some(("desk", name)) => !self.desks.contains_key(name) && !self.joined.contains_key(name),
            Some(("player", name)) => !self.players.contains_key(name),
            _ => true,
        }
    }

    /// Asks a desk.
    ///
    /// # Errors
    /// If it does not run, or refuses.
    pub async fn ask(&mut self, desk: &str, request: &Request) -> Result<(), StageError> {
        let asked = self.post(desk)?.ask(request).await;
        asked.map(drop).map_err(|source| gone(desk, source))
    }

    /// Tells the player at a seat.
    ///
    /// # Errors
    /// If nobody plays there.
    pub async fn tell(&mut self, seat: &str, words: &ToPlayer) -> Result<(), StageError> {
        let nobody = || StageError::Nobody(format!("player at {seat}"));
        let player = self.players.get_mut(seat).ok_or_else(nobody)?;
        let line = serde_json::to_string(words).unwrap_or_default();
        Ok(player.tell(&line).await?)
    }

    /// Tells every player. One that has gone hears nothing: that it has gone is told as [`Happening::Gone`].
    pub async fn tell_all(&mut self, words: &ToPlayer) {
        let seats: Vec<String> = self.players.keys().cloned().collect();
        for seat in seats {
            let _ = self.tell(&seat, words).await;
        }
    }

    /// Puts a fault on the links that it names, under a name, and returns them.
    ///
    /// # Errors
    /// If a link is none of ours or refuses; then it is on none.
    pub fn fault(&self, name: &str, deed: &FaultDeed) -> Result<Vec<String>, StageError> {
        let links = self.links_of(&deed.link)?;
        let mut on = Vec::new();
        for link in links {
            match self
                .links
                .rig()
                .add(name, &deed.fault, deed.direction, Some(&link))
            {
                Ok(added) => on.extend(added),
                Err(error) => {
                    if !on.is_empty() {
                        let _ = self.links.rig().remove(name);
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(on)
    }

    /// Takes a fault off again, and returns the links that it was on.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn mend(&self, name: &str) -> Result<Vec<String>, StageError> {
        Ok(self.links.rig().remove(name)?)
    }

    /// Every link, and what is wrong with it.
    #[must_use]
    pub fn links(&self) -> Vec<LinkView> {
        self.links.rig().view()
    }

    /// Whether a script plays at a seat.
    #[must_use]
    pub fn plays(&self, seat: &str) -> bool {
        self.players.contains_key(seat)
    }

    /// Kills, stops, lets go on or starts a process: `relay north`, `desk A`.
    ///
    /// # Errors
    /// If there is none, or it is not in a state for that.
    pub async fn process(&mut self, deed: ProcessDeed, who: &str) -> Result<(), StageError> {
        let relay = self.site.relays().find(|relay| relay.name == who).cloned();
        if let Some(relay) = relay {
            return self.relay(deed, &relay).await;
        }
        let desk = self.site.desks().find(|(_, desk)| desk.name == who);
        let desk = desk.map(|(_, desk)| desk.clone());
        match desk {
            Some(desk) => self.desk(deed, &desk).await,
            None => Err(StageError::Nobody(who.to_owned())),
        }
    }

    /// Ends everything in good order: players, desks, relays.
    ///
    /// # Errors
    /// The first that did not end by itself in time; all have ended all the same.
    pub async fn close(mut self) -> Result<(), StageError> {
        self.posts.clear();
        let mut closed = Ok(());
        for children in [self.players, self.desks, self.relays] {
            for child in children.into_values() {
                let ended = child.end(ENDS_WITHIN).await.map_err(StageError::from);
                closed = closed.and(ended);
            }
        }
        drop(self.links);
        closed
    }

    async fn relay(&mut self, deed: ProcessDeed, relay: &RelayPlace) -> Result<(), StageError> {
        match deed {
            ProcessDeed::Start => self.start_relay(relay).await,
            ProcessDeed::Kill => Ok(taken(&mut self.relays, &relay.name)?.kill().await?),
            ProcessDeed::Pause => Ok(found(&self.relays, &relay.name)?.pause()?),
            ProcessDeed::Resume => Ok(found(&self.relays, &relay.name)?.resume()?),
        }
    }

    async fn desk(&mut self, deed: ProcessDeed, desk: &DeskPlace) -> Result<(), StageError> {
        if let Some(joined) = self.joined.get(&desk.name) {
            return Err(StageError::Person {
                seat: joined.seat.clone(),
                what: format!("the desk runs on their machine; have them {} it", deed.name()),
            });
        }
        if self.asleep.is_some() {
            return Err(StageError::Asleep(desk.name.clone()));
        }
        match deed {
            ProcessDeed::Start => self.start_desk(desk).await,
            ProcessDeed::Kill => {
                self.posts.remove(&desk.name);
                self.paused.remove(&desk.name);
                Ok(taken(&mut self.desks, &desk.name)?.kill().await?)
            }
            ProcessDeed::Pause => {
                found(&self.desks, &desk.name)?.pause()?;
                self.paused.insert(desk.name.clone());
                Ok(())
            }
            ProcessDeed::Resume => {
                found(&self.desks, &desk.name)?.resume()?;
                self.paused.remove(&desk.name);
                Ok(())
            }
        }
    }

    async fn start_relay(&mut self, relay: &RelayPlace) -> Result<(), StageError> {
        let words = ["relay", "run", "--config"].map(str::to_owned).to_vec();
        until_free(&relay.ledger).await;
        let child = self
            .child(
                &relay.name,
                [words, vec![relay.config.display().to_string()]].concat(),
                "listening",
                None,
            )
            .await?;
        self.relays.insert(relay.name.clone(), child);
        Ok(())
    }

    async fn start_desk(&mut self, desk: &DeskPlace) -> Result<(), StageError> {
        let name = format!("desk-{}", desk.name);
        until_free(&desk.ledger).await;
        let words = ["desk", "run", "--unattended", "--json", "--config"]
            .map(str::to_owned)
            .to_vec();
        let child = self
            .child(
                &name,
                [words, vec![desk.config.display().to_string()]].concat(),
                "open",
                None,
            )
            .await?;
        self.desks.insert(desk.name.clone(), child);
        let settings =
            DeskConfig::load(&desk.config).map_err(|error| gone(&desk.name, io::Error::other(error)))?;
        let reach = Reach::Socket(Box::new(settings));
        let post = Post::open(&desk.name, reach, self.heard.clone()).await;
        let post = post.map_err(|source| gone(&desk.name, source))?;
        self.posts.insert(desk.name.clone(), post);
        Ok(())
    }

    /// Sends a joined desk its folder, and waits until it is open.
    async fn await_desk(&mut self, desk: &DeskPlace, seat: &mut JoinedSeat) -> Result<(), StageError> {
        let JoinedSeat { joined, says } = seat;
        let failed = |source| gone(&desk.name, source);
        let at = joined.line.connected(COMES_BACK_WITHIN).await.map_err(failed)?;
        let domain = desk.config.ancestors().nth(3).unwrap_or(Path::new("."));
        let files = folder::gather(domain, desk, joined, at).map_err(failed)?;
        joined.line.tell(ToSeat::Folder { files });
        let opened = timeout(scene::WHOLE_WITHIN, opens(says)).await;
        opened
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(failed)?;
        self.has_joined(joined);
        Ok(())
    }

    /// A desk that runs elsewhere is of this stage.
    fn has_joined(&mut self, joined: &Joined) {
        let desk = joined.desk.clone();
        let post = Post::joined(&desk, joined.line.clone(), self.heard.clone());
        self.posts.insert(desk.clone(), post);
        self.joined.insert(desk, joined.clone());
    }

    async fn start_player(&mut self, seat: &SeatPlan) -> Result<(), StageError> {
        let name = format!("player-{}", seat.seat);
        let (say, said) = mpsc::channel(HAPPENINGS);
        let child = self.child(&name, seat.words.clone(), "seated", Some(say)).await?;
        let listener = tokio::spawn(listen(seat.seat.clone(), said, self.heard.clone()));
        self.listeners.insert(seat.seat.clone(), listener);
        self.players.insert(seat.seat.clone(), child);
        Ok(())
    }

    async fn child(
        &self,
        name: &str,
        words: Vec<String>,
        ready: &'static str,
        said: Option<mpsc::Sender<String>>,
    ) -> Result<Child, StageError> {
        let program = Program {
            name,
            exe: &self.site.exe,
            words,
            ready,
            folder: &self.site.root,
            input: if said.is_some() { Input::Lines } else { Input::None },
        };
        let listener = said.map_or(Listener::Nobody, Listener::Channel);
        Ok(Child::start(program, listener).await?)
    }

    fn post(&mut self, desk: &str) -> Result<&mut Post, StageError> {
        let nobody = || StageError::Nobody(format!("desk {desk}"));
        self.posts.get_mut(desk).ok_or_else(nobody)
    }

    /// The names of a link's links: one leg, or every leg of every side through the relay of a path.
    ///
    /// # Errors
    /// If there is none.
    pub fn links_of(&self, link: &Link) -> Result<Vec<String>, StageError> {
        let names = self.links.rig().links().map(|(name, _)| name.to_owned());
        scene::links_of(&self.site, names, link)
    }
}

/// Waits until a joined desk is open.
async fn opens(says: &mut mpsc::Receiver<FromSeat>) -> io::Result<()> {
    loop {
        match says.recv().await {
            Some(FromSeat::Open) => return Ok(()),
            // Asked twice, because a connection broke: the first answer was taken.
            Some(FromSeat::Consent { .. }) => {}
            Some(FromSeat::Failed { what }) => return Err(io::Error::other(what)),
            _ => return Err(io::Error::other("it says something else")),
        }
    }
}

/// The desks of each side, before whose legs links stand.
fn linked(site: &Site) -> Vec<Linked> {
    let side = |side: &SidePlace| Linked {
        name: side.side.to_string(),
        trust: side.trust.clone(),
    };
    site.sides.iter().map(side).collect()
}

fn found<'a>(children: &'a BTreeMap<String, Child>, name: &str) -> Result<&'a Child, StageError> {
    children
        .get(name)
        .ok_or_else(|| StageError::Nobody(format!("{name} that runs")))
}

fn taken(children: &mut BTreeMap<String, Child>, name: &str) -> Result<Child, StageError> {
    let nobody = || StageError::Nobody(format!("{name} that runs"));
    children.remove(name).ok_or_else(nobody)
}

fn gone(desk: &str, source: io::Error) -> StageError {
    StageError::Desk {
        desk: desk.to_owned(),
        source,
    }
}

/// Hands on what a player says, and that it has gone when it says nothing more.
async fn listen(seat: String, mut lines: mpsc::Receiver<String>, heard: mpsc::Sender<Happening>) {
    while let Some(line) = lines.recv().await {
        let Ok(said) = serde_json::from_str(&line) else {
            continue;
        };
        let seat = seat.clone();
        if heard.send(Happening::Player { seat, said }).await.is_err() {
            return;
        }
    }
    let _ = heard
        .send(Happening::Gone {
            who: format!("player {seat}"),
        })
        .await;
}
