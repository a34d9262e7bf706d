//! The simulated stage: a node of the world for every relay and desk, a task for every scripted seat.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotline_client::{config::DeskConfig, request::Request, status::LineStatus, view::MessageView};
use hotline_core::{causes, leg::Door};
use hotline_faults::{
    Dice,
    rig::LinkView,
    world::{Death, HostId, NodeClock, World},
};
use hotline_ledger::MemoryDisk;
use hotline_server::config::RelayConfig;
use hotline_transport::Seams;
use tokio::{sync::mpsc, time::Instant};

use super::{
    links::{Between, Links},
    nodes::{self, BEGAN, Live, Node, host},
};
use crate::{
    codebook::Codebook,
    live::{
        player::{PlayerError, Setup, Voice, play_by},
        post::Post,
        reach::{Handle, Reach},
        scene::{self, Scene},
        site::Site,
        stage::{HAPPENINGS, Happening, StageError},
        words::{FromPlayer, ToPlayer},
    },
    scenario::{
        Scenario,
        lists::ProcessDeed,
        msel::{FaultDeed, Link},
    },
};

/// Lines of control's that wait for a seat that is busy. As those of a player's process.
const TOLD_MAX: usize = 1_024;
/// In what time what relays hold for a desk arrives on a whole line. Two seconds: twice what promise 5 says.
const ARRIVES_WITHIN: Duration = Duration::from_secs(2);
/// How long a desk may take to end in good order. As a process.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A relay or a desk, and its settings.
struct Machine<C> {
    node: Node,
    config: C,
    /// Where a desk is found; of a relay nobody asks.
    handle: Handle,
}

/// What a stage is opened for.
pub struct Opening<'a> {
    /// Who is where. The folders were made before, with addresses of the world ([`address`]).
    pub site: Site,
    /// What is played.
    pub scenario: &'a Arc<Scenario>,
    /// The variant, if it has any.
    pub variant: Option<&'a str>,
    /// The codebook.
    pub codebook: &'a Codebook,
    /// The dice of everything.
    pub dice: &'a Dice,
}

/// A deed of control as the stage saw it, for a judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// What.
    pub seen: Seen,
    /// How many records of control were on its disk then.
    pub records: u64,
}

/// What the stage saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A seat was told of this inject.
    Told(String),
    /// A fault of this name was put on.
    Broke(String),
    /// A process was killed or started.
    Process(String),
}

/// Everything that runs.
pub struct Stage {
    site: Site,
    world: World,
    links: Links,
    relays: BTreeMap<String, Machine<RelayConfig>>,
    desks: BTreeMap<String, Machine<DeskConfig>>,
    posts: BTreeMap<String, Post>,
    players: BTreeMap<String, mpsc::Sender<Result<String, PlayerError>>>,
    heard: mpsc::Sender<Happening>,
    happenings: mpsc::Receiver<Happening>,
    /// Control's disk.
    control: MemoryDisk,
    witnessed: Mutex<Vec<Witnessed>>,
}

/// The IP address of a site's relay: they are the world's first hosts, in the order of the scenario.
#[must_use]
pub fn address(relay: usize) -> std::net::IpAddr {
    World::address(host(relay))
}

impl Stage {
    /// Starts relays, desks and players in a world, and waits until every leg is up.
    ///
    /// # Errors
    /// [`StageError`].
    pub async fn open(opening: Opening<'_>, world: &World, control: &MemoryDisk) -> Result<Self, StageError> {
        let (heard, happenings) = mpsc::channel(HAPPENINGS);
        let mut stage = Self::empty(&opening, (world, control), (heard, happenings))?;
        for relay in stage.relays.keys().cloned().collect::<Vec<_>>() {
            stage.start_relay(&relay).await?;
        }
        for desk in stage.desks.keys().cloned().collect::<Vec<_>>() {
            stage.start_desk(&desk).await?;
        }
        stage.seat_players(&opening)?;
        scene::wait_until_whole(&mut stage).await?;
        Ok(stage)
    }

    fn empty(
        opening: &Opening<'_>,
        (world, control): (&World, &MemoryDisk),
        (heard, happenings): (mpsc::Sender<Happening>, mpsc::Receiver<Happening>),
    ) -> Result<Self, StageError> {
        let topology = &opening.scenario.topology;
        let mut relays = BTreeMap::new();
        for (number, card) in topology.relays.iter().enumerate() {
            let place = opening.site.relays().find(|place| place.name == *card.name);
            let place = place.ok_or_else(|| StageError::Nobody(format!("relay {}", *card.name)))?;
            let config = RelayConfig::load(&place.config)
                .map_err(|error| unread(&place.name, io::Error::other(error)))?;
            // Nobody is asked to witness a log here: the same seed gives the same bytes, and soon.
            let config = RelayConfig {
                anchoring: None,
                ..config
            };
            relays.insert(place.name.clone(), machine(number, config, world, opening.dice));
        }
        let mut desks = BTreeMap::new();
        for (number, (_, place)) in (relays.len()..).zip(opening.site.desks()) {
            let config = DeskConfig::load(&place.config)
                .map_err(|error| unread(&place.name, io::Error::other(error)))?;
            desks.insert(place.name.clone(), machine(number, config, world, opening.dice));
        }
        let links = Links::new(world, between(&opening.site, &relays, &desks));
        Ok(Self {
            site: opening.site.clone(),
            world: world.clone(),
            links,
            relays,
            desks,
            posts: BTreeMap::new(),
            players: BTreeMap::new(),
            heard,
            happenings,
            control: control.clone(),
            witnessed: Mutex::default(),
        })
    }

    /// What was seen of control's deeds.
    pub fn witnessed(&self) -> Vec<Witnessed> {
        self.witnessed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn saw(&self, seen: Seen) {
        let records = self.control.size();
        let mut witnessed = self.witnessed.lock().unwrap_or_else(PoisonError::into_inner);
        witnessed.push(Witnessed { seen, records });
    }

    /// Starts everything that does not run, waits until every leg is up, and lets arrive what is owed.
    ///
    /// # Errors
    /// [`StageError`]: something does not start, or a leg does not come up.
    pub async fn heal(&mut self) -> Result<(), StageError> {
        for relay in self.relays.keys().cloned().collect::<Vec<_>>() {
            if self
                .relays
                .get(&relay)
                .is_some_and(|relay| relay.node.live.is_none())
            {
                self.start_relay(&relay).await?;
            }
        }
        for desk in self.desks.keys().cloned().collect::<Vec<_>>() {
            if self.desks.get(&desk).is_some_and(|desk| desk.node.live.is_none()) {
                self.start_desk(&desk).await?;
            }
        }
        scene::wait_until_whole(self).await?;
        scene::wait_until_quiet(self).await;
        tokio::time::sleep(ARRIVES_WITHIN).await;
        Ok(())
    }

    async fn start_relay(&mut self, name: &str) -> Result<(), StageError> {
        let machine = self.relays.get_mut(name).ok_or_else(|| nobody(name))?;
        if machine.node.live.is_some() {
            return Err(StageError::Nobody(format!("{name} that stands")));
        }
        let seams = machine.node.next_life();
        let (config, disk) = (machine.config.clone(), machine.node.disk.clone());
        match nodes::open_honest(config, &seams, &disk).await {
            Ok(live) => {
                machine.node.live = Some(live);
                Ok(())
            }
            Err(why) => Err(unread(name, io::Error::other(why))),
        }
    }

    async fn start_desk(&mut self, name: &str) -> Result<(), StageError> {
        let machine = self.desks.get_mut(name).ok_or_else(|| nobody(name))?;
        if machine.node.live.is_some() {
            return Err(StageError::Nobody(format!("{name} that stands")));
        }
        let seams = machine.node.next_life();
        let live = nodes::open_desk(&machine.config, &seams, &machine.node.disk)
            .map_err(|why| unread(name, io::Error::other(why)))?;
        if let Some(station) = live.station().cloned() {
            // As `desk run --unattended` does.
            seams
                .spawner
                .spawn("duty", async move { station.on_duty().await });
        }
        machine.handle.set(live.station().cloned());
        machine.node.live = Some(live);
        let reach = Reach::Handle(machine.handle.clone());
        let post = Post::open(name, reach, self.heard.clone()).await;
        self.posts
            .insert(name.to_owned(), post.map_err(|source| unread(name, source))?);
        Ok(())
    }

    fn seat_players(&mut self, opening: &Opening<'_>) -> Result<(), StageError> {
        let scenario = opening.scenario;
        let known = self.site.desks();
        let known: Vec<(String, String)> = known
            .map(|(_, desk)| (desk.name.clone(), desk.identity.clone()))
            .collect();
        // Control and the players need no host: they open no connection of the line.
        let outside = host(self.relays.len() + self.desks.len());
        for script in &scenario.players {
            let seat = scenario.seat(&script.seat);
            let Some(desk) = seat.and_then(|seat| seat.desk.as_ref()) else {
                continue;
            };
            let machine = self.desks.get(desk.as_str()).ok_or_else(|| nobody(desk))?;
            let seat = script.seat.to_string();
            let dice = opening.dice.apart(&format!("player {seat}"));
            let seams = seams(&self.world, outside, dice);
            let setup = Setup {
                scenario: Arc::clone(scenario),
                variant: opening.variant.map(str::to_owned),
                seat: seat.clone(),
                desk: machine.config.clone(),
                reach: Reach::Handle(machine.handle.clone()),
                codebook: opening.codebook.clone(),
                desks: known.clone(),
                journal: None,
                by_heart: None,
                seed: Some(opening.dice.apart(&format!("chance {seat}")).throw()),
            };
            let (tell, told) = mpsc::channel(TOLD_MAX);
            tokio::spawn(sit(setup, seams, told, self.heard.clone()));
            self.players.insert(seat, tell);
        }
        Ok(())
    }

    /// Ends everything in good order: players, desks, relays. What their disks hold then, by the names of the logs.
    pub async fn close(mut self) -> BTreeMap<String, MemoryDisk> {
        self.players.clear();
        self.posts.clear();
        let mut disks = BTreeMap::new();
        for (name, mut machine) in self.desks {
            machine.handle.set(None);
            if let Some(station) = machine.node.live.as_ref().and_then(Live::station) {
                station.close(ENDS_WITHIN).await;
            }
            machine.node.die(Death::Killed);
            disks.insert(format!("desk-{name}"), machine.node.disk);
        }
        for (name, mut machine) in self.relays {
            machine.node.die(Death::Killed);
            disks.insert(format!("relay-{name}"), machine.node.disk);
        }
        disks
    }

    fn post(&mut self, desk: &str) -> Result<&mut Post, StageError> {
        self.posts.get_mut(desk).ok_or_else(|| nobody(desk))
    }

    async fn desk_deed(&mut self, deed: ProcessDeed, name: &str) -> Result<(), StageError> {
        match deed {
            ProcessDeed::Start => self.start_desk(name).await,
            ProcessDeed::Kill => {
                self.posts.remove(name);
                let machine = self.desks.get_mut(name).ok_or_else(|| nobody(name))?;
                machine.handle.set(None);
                killed(name, &mut machine.node)
            }
            ProcessDeed::Pause | ProcessDeed::Resume => Err(stands_still(name)),
        }
    }

    async fn relay_deed(&mut self, deed: ProcessDeed, name: &str) -> Result<(), StageError> {
        match deed {
            ProcessDeed::Start => self.start_relay(name).await,
            ProcessDeed::Kill => {
                let machine = self.relays.get_mut(name).ok_or_else(|| nobody(name))?;
                killed(name, &mut machine.node)
            }
            ProcessDeed::Pause | ProcessDeed::Resume => Err(stands_still(name)),
        }
    }
}

impl Scene for Stage {
    fn site(&self) -> &Site {
        &self.site
    }

    fn desks(&self) -> impl Iterator<Item = &str> {
        self.posts.keys().map(String::as_str)
    }

    fn plays(&self, seat: &str) -> bool {
        self.players.contains_key(seat)
    }

    fn is_down(&self, who: &str) -> bool {
        match who.split_once(' ') {
            Some(("desk", name)) => !self.posts.contains_key(name),
            Some(("player", name)) => !self.players.contains_key(name),
            _ => true,
        }
    }

    async fn next(&mut self, until: Instant) -> Option<Happening> {
        tokio::select! {
            biased;
            happening = self.happenings.recv() => happening,
            () = tokio::time::sleep_until(until) => None,
        }
    }

    fn unheard(&self) -> usize {
        self.happenings.len()
    }

    fn heard_already(&mut self) -> Option<Happening> {
        self.happenings.try_recv().ok()
    }

    async fn list(&mut self, desk: &str) -> Result<Vec<MessageView>, StageError> {
        let listed = self.post(desk)?.list().await;
        listed.map_err(|source| unread(desk, source))
    }

    async fn status(&mut self, desk: &str) -> Result<LineStatus, StageError> {
        let status = self.post(desk)?.status().await;
        status.map_err(|source| unread(desk, source))
    }

    async fn show(&mut self, desk: &str, message: &str) -> Result<MessageView, StageError> {
        let shown = self.post(desk)?.show(message).await;
        shown.map_err(|source| unread(desk, source))
    }

    async fn ask(&mut self, desk: &str, request: &Request) -> Result<(), StageError> {
        let asked = self.post(desk)?.ask(request).await;
        asked.map(drop).map_err(|source| unread(desk, source))
    }

    async fn tell(&mut self, seat: &str, words: &ToPlayer) -> Result<(), StageError> {
        if let ToPlayer::Inject { serial } | ToPlayer::Send { serial, .. } = words {
            self.saw(Seen::Told(serial.clone()));
        }
        let player = self.players.get(seat).ok_or_else(|| nobody(seat))?;
        let line = serde_json::to_string(words).unwrap_or_default();
        player.send(Ok(line)).await.map_err(|_| nobody(seat))
    }

    async fn tell_all(&mut self, words: &ToPlayer) {
        let seats: Vec<String> = self.players.keys().cloned().collect();
        for seat in seats {
            let _ = self.tell(&seat, words).await;
        }
    }

    fn fault(&self, name: &str, deed: &FaultDeed) -> Result<Vec<String>, StageError> {
        let links = self.links_of(&deed.link)?;
        self.saw(Seen::Broke(name.to_owned()));
        self.links.add(name, &deed.fault, deed.direction, &links)?;
        Ok(links)
    }

    fn mend(&self, name: &str) -> Result<Vec<String>, StageError> {
        Ok(self.links.remove(name)?)
    }

    fn links(&self) -> Vec<LinkView> {
        self.links.view()
    }

    fn links_of(&self, link: &Link) -> Result<Vec<String>, StageError> {
        scene::links_of(&self.site, self.links.names(), link)
    }

    async fn process(&mut self, deed: ProcessDeed, who: &str) -> Result<(), StageError> {
        self.saw(Seen::Process(who.to_owned()));
        match self.relays.contains_key(who) {
            true => self.relay_deed(deed, who).await,
            false => self.desk_deed(deed, who).await,
        }
    }
}

fn machine<C>(number: usize, config: C, world: &World, dice: &Dice) -> Machine<C> {
    Machine {
        node: Node::new(number, world, dice),
        config,
        handle: Handle::default(),
    }
}

/// The seams of somebody outside of the line: control, and the players.
pub(super) fn seams(world: &World, outside: HostId, dice: Dice) -> Seams {
    world.seams(outside, &NodeClock::new(world, BEGAN), dice)
}

/// A link for every side, relay and door.
fn between(
    site: &Site,
    relays: &BTreeMap<String, Machine<RelayConfig>>,
    desks: &BTreeMap<String, Machine<DeskConfig>>,
) -> Vec<(String, Between)> {
    let mut links = Vec::new();
    for side in &site.sides {
        let hosts = side.desks.iter().filter_map(|desk| desks.get(&desk.name));
        let hosts: Vec<HostId> = hosts.map(|desk| desk.node.host()).collect();
        for (relay, machine) in relays {
            for door in Door::ALL {
                let between = Between {
                    desks: hosts.clone(),
                    relay: machine.node.host(),
                    door,
                };
                links.push((format!("{} {relay}/{door}", side.side), between));
            }
        }
    }
    links
}

fn killed(name: &str, node: &mut Node) -> Result<(), StageError> {
    match node.die(Death::Killed) {
        true => Ok(()),
        false => Err(StageError::Nobody(format!("{name} that runs"))),
    }
}

fn nobody(name: &str) -> StageError {
    StageError::Nobody(name.to_owned())
}

fn stands_still(name: &str) -> StageError {
    StageError::Nobody(format!("way to let {name} stand still in a simulated world"))
}

fn unread(name: &str, source: io::Error) -> StageError {
    StageError::Desk {
        desk: name.to_owned(),
        source,
    }
}

/// A player's voice: straight to the conductor.
struct Spoken {
    seat: String,
    heard: mpsc::Sender<Happening>,
}

impl Voice for Spoken {
    fn say(&mut self, words: &FromPlayer) -> io::Result<()> {
        let (seat, said) = (self.seat.clone(), words.clone());
        self.heard
            .try_send(Happening::Player { seat, said })
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

async fn sit(
    setup: Setup,
    seams: Seams,
    told: mpsc::Receiver<Result<String, PlayerError>>,
    heard: mpsc::Sender<Happening>,
) {
    let seat = setup.seat.clone();
    let voice = Box::new(Spoken {
        seat: seat.clone(),
        heard: heard.clone(),
    });
    if let Err(error) = play_by(setup, seams, told, voice).await {
        let (rule, refused) = ("the seat".to_owned(), causes::chain(&error));
        let said = FromPlayer::Played { rule, refused };
        let seat = seat.clone();
        let _ = heard.send(Happening::Player { seat, said }).await;
    }
    let who = format!("player {seat}");
    let _ = heard.send(Happening::Gone { who }).await;
}
