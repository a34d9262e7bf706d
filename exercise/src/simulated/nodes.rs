//! The nodes of a simulated world: real relays and desks on memory disks, started, killed and watched.

use std::sync::Arc;

use hotline_client::{
    config::DeskConfig,
    request::{Answer, Request},
    station::{OpenError, Station},
};
use hotline_core::time::WallTime;
use hotline_faults::{
    Dice, power,
    world::{Death, HostId, NodeClock, World},
};
use hotline_ledger::{Engine, MemoryDisk, Mode, Restored};
use hotline_proto::v1::{log_service_server::LogService, relay_service_server::RelayService};
use hotline_server::{
    config::RelayConfig,
    relay::Relay,
    run::{self, Running, Storage},
    service::Service,
};
use hotline_transport::Seams;

use super::dated::Dated;

/// When every world begins: 2026-03-01 12:00:00 UTC.
pub const BEGAN: WallTime = WallTime::from_unix_ms(1_772_366_400_000);

/// The host of a node: its number.
#[must_use]
pub fn host(node: usize) -> HostId {
    HostId(u8::try_from(node).unwrap_or(u8::MAX))
}

/// A node and everything of it that outlives its process.
pub struct Node {
    /// Its number, which is its host's.
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

/// Opens a relay; `services` serve its lanes.
///
/// # Errors
/// Why it does not start, in words.
pub async fn open_relay<R: RelayService, L: LogService>(
    mut config: RelayConfig,
    seams: &Seams,
    disk: &MemoryDisk,
    services: impl FnOnce(Arc<Relay>) -> (R, L),
) -> Result<Live, String> {
    let storage = Storage {
        engine: Engine::Memory(disk.clone()),
        mode: Mode::Inline,
    };
    config.status = None;
    let running = run::start_on(&config, seams, storage, services)
        .await
        .map_err(|error| error.to_string())?;
    Ok(Live {
        seams: seams.clone(),
        what: What::Relay(Arc::new(running)),
    })
}

/// Opens a relay that serves as every relay does.
///
/// # Errors
/// As [`open_relay`].
pub async fn open_honest(config: RelayConfig, seams: &Seams, disk: &MemoryDisk) -> Result<Live, String> {
    let services = |relay| {
        let dated = Dated(Service(relay));
        (dated.clone(), dated)
    };
    open_relay(config, seams, disk, services).await
}

/// Opens a desk.
///
/// # Errors
/// Why it does not open, in words.
pub fn open_desk(config: &DeskConfig, seams: &Seams, disk: &MemoryDisk) -> Result<Live, String> {
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
