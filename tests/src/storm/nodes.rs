//! The nodes of a schedule: real relays and desks, started, killed and watched.

use std::sync::Arc;

use hotline_client::{
    config::DeskConfig,
    request::{Answer, Request},
    station::{OpenError, Station},
};
use hotline_faults::{
    Dice, power,
    world::{Death, HostId, NodeClock, World},
};
use hotline_ledger::{Engine, MemoryDisk, Mode, Restored};
use hotline_server::{
    config::RelayConfig,
    run::{self, Running, Storage},
};
use hotline_transport::Seams;

use super::{
    cast::{BEGAN, Cast},
    liar::{Liar, Tongue},
    shape::host,
};

/// A node and everything of it that outlives its process.
pub struct Node {
    /// Its number: relays first, then desks.
    pub number: usize,
    /// Its disk.
    pub disk: MemoryDisk,
    /// Its machine's clock.
    pub clock: NodeClock,
    /// How often it was started.
    pub life: u64,
    /// When it was started last, in milliseconds since the world began.
    pub started_ms: u64,
    /// Its process, while it runs.
    pub live: Option<Live>,
    /// What a lying relay says.
    pub tongue: Option<Arc<Tongue>>,
    world: World,
    dice: Dice,
}

/// A process.
#[derive(Clone)]
pub struct Live {
    seams: Seams,
    /// What runs.
    pub what: What,
}

/// What runs.
#[derive(Clone)]
pub enum What {
    /// A relay.
    Relay(Arc<Running>),
    /// A desk.
    Desk(Station),
}

/// What a verb came to.
pub enum Asked {
    /// An answer, that may be a refusal.
    Answer(Box<Answer>),
    /// The process died meanwhile, or does not run: nobody knows.
    Nobody,
}

impl Node {
    /// A node that was never started.
    #[must_use]
    pub fn new(number: usize, world: &World, dice: &Dice) -> Self {
        Self {
            number,
            disk: MemoryDisk::new(),
            clock: NodeClock::new(world, BEGAN),
            life: 0,
            started_ms: 0,
            live: None,
            tongue: None,
            world: world.clone(),
            dice: dice.apart(&format!("node {number}")),
        }
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> HostId {
        host(self.number)
    }

    /// Seams for its next life.
    pub fn next_life(&mut self) -> Seams {
        self.life += 1;
        self.started_ms = u64::try_from(self.world.now().as_millis()).unwrap_or(u64::MAX);
        self.world.node_starts(self.host());
        let dice = self.dice.apart(&format!("life {}", self.life));
        self.world.seams(self.host(), &self.clock, dice)
    }

    /// Dies, if it lives. What was written and not synced is kept by a process that is killed, and is anybody's guess
    /// when the power goes.
    pub fn die(&mut self, death: Death) -> bool {
        self.world.node_died(self.host(), death);
        let lived = match self.live.take() {
            Some(live) => {
                live.seams.spawner.abort_all();
                true
            }
            None => false,
        };
        match death {
            Death::Killed => {
                let all: Vec<usize> = (0..self.disk.unsynced()).collect();
                self.disk.crash(&all);
            }
            Death::PowerCut => power::cut(&self.disk, &mut self.dice),
        }
        lived
    }
}

/// Opens a relay.
///
/// # Errors
/// Why it does not start, in words.
pub async fn open_relay(
    (cast, relay): (&Cast, usize),
    seams: &Seams,
    disk: &MemoryDisk,
    tongue: Option<Arc<Tongue>>,
) -> Result<Live, String> {
    open_relay_as(cast.relays[relay].clone(), seams, disk, tongue).await
}

/// Opens a relay with settings of the caller's choice.
///
/// # Errors
/// As [`open_relay`].
pub async fn open_relay_as(
    mut config: RelayConfig,
    seams: &Seams,
    disk: &MemoryDisk,
    tongue: Option<Arc<Tongue>>,
) -> Result<Live, String> {
    let storage = Storage {
        engine: Engine::Memory(disk.clone()),
        mode: Mode::Inline,
    };
    config.status = None;
    let liar = |relay| {
        let liar = Liar::new(relay, tongue);
        (liar.clone(), liar)
    };
    let running = run::start_on(&config, seams, storage, liar)
        .await
        .map_err(|error| error.to_string())?;
    Ok(Live {
        seams: seams.clone(),
        what: What::Relay(Arc::new(running)),
    })
}

/// Opens a desk.
///
/// # Errors
/// Why it does not open, in words.
pub fn open_desk((cast, desk): (&Cast, usize), seams: &Seams, disk: &MemoryDisk) -> Result<Live, String> {
    open_desk_as(&cast.desks[desk].config, seams, disk)
}

/// Opens a desk with settings of the caller's choice.
///
/// # Errors
/// As [`open_desk`].
pub fn open_desk_as(config: &DeskConfig, seams: &Seams, disk: &MemoryDisk) -> Result<Live, String> {
    let storage = (Engine::Memory(disk.clone()), Mode::Inline);
    let open = |restored| Station::open_on(config.clone(), seams, restored, storage.clone());
    // Whoever put a copy in place takes it up, as `desk restore` does; any other ledger is opened as it is.
    let station = match open(Restored::ReadOnly) {
        Err(OpenError::Damaged { .. }) => open(Restored::TakeUp),
        opened => opened,
    }
    .map_err(|error| error.to_string())?;
    Ok(Live {
        seams: seams.clone(),
        what: What::Desk(station),
    })
}

impl Live {
    /// The desk's station, if it is a desk.
    #[must_use]
    pub fn station(&self) -> Option<&Station> {
        match &self.what {
            What::Desk(station) => Some(station),
            What::Relay(_) => None,
        }
    }

    /// The relay that serves, if it is one.
    #[must_use]
    pub fn relay(&self) -> Option<&Running> {
        match &self.what {
            What::Relay(running) => Some(running),
            What::Desk(_) => None,
        }
    }

    /// Resolves when the process ends by itself: its ledger died.
    pub async fn ended(&self) {
        match &self.what {
            What::Relay(running) => drop(running.ledger_died().await),
            What::Desk(station) => drop(station.ended().await),
        }
    }
}

/// Asks a station.
pub async fn ask(station: &Station, request: Request) -> Asked {
    match station.serve(request).await {
        Answer::Refused(refusal) if refusal.code == "HL-DESK-010" => Asked::Nobody,
        answer => Asked::Answer(Box::new(answer)),
    }
}
