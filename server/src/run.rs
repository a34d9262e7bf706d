//! A relay as a process: opened, serving, and closed within five seconds.
//!
//! Everything that can be refused is refused before a port opens: configuration, keys that others can read, trust
//! folders, a second process on the ledger. Shutting down drains: sessions are told, calls in flight are answered, and
//! what is left after the deadline is closed.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use hotline_audit::{
    LogSigner, SigningKey,
    key::RosterSet,
    trust::{TrustPolicy, Unproven},
};
use hotline_core::identity::{Role, World};
use hotline_ledger::{Engine, Ledger, Mode, OlderTrust, OpenOptions, Opening, Restored, TrustMemory};
use hotline_proto::v1::{log_service_server::LogService, relay_service_server::RelayService};
use hotline_transport::{
    Anchor, ClientTls, Credentials, Denied, DialTimings, Dialer, Doors, ListenLimits, Listener, NodeSecrets,
    RefusalLog, Seams, ServerTls, ShiftedClock, TrustError, TrustStore, anchors_in, credentials,
    grpc_server_builder_for,
};
use tokio::task::JoinHandle;

use crate::{
    anchor::{self, Anchorage, Cosigner, WhomError},
    config::RelayConfig,
    control,
    presence::Pen,
    relay::{Parts, Relay},
    reload::Reload,
    remembered::Remembered,
    service::{self, Service},
    status,
    witness::{
        anchor::{Anchors, Damping},
        http::{self, Asking},
        own,
    },
};

/// How long a shutdown may take. 5 s: what a supervisor waits before it kills.
pub const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Where the node's QUIC secrets lie in the ledger: `space`, key.
const SECRETS: (&str, &[u8]) = ("node", b"quic-secrets");

/// Why a relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] hotline_transport::settings::ConfigError),
    /// Certificate or a key.
    #[error(transparent)]
    Credentials(#[from] credentials::CredentialError),
    /// The CAs of a trust folder.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The rosters of a trust folder.
    #[error(transparent)]
    Rosters(#[from] hotline_audit::trust::TrustError),
    /// Where relays of other sides are.
    #[error(transparent)]
    Whom(#[from] WhomError),
    /// What is to be read anew is older than what is in force.
    #[error("{0}; bring the newer files")]
    Older(String),
    /// What is read is older than what this relay has believed before.
    #[error(transparent)]
    OlderThanSeen(#[from] OlderTrust),
    /// This relay's own trust domain is not among those it trusts.
    #[error(
        "the trust folder {folder} holds nothing of {domain}, the relay's own trust domain; put its folder back"
    )]
    NoOwnDomain {
        /// The folder of trust folders.
        folder: String,
        /// The trust domain.
        domain: String,
    },
    /// A key file holds no usable key.
    #[error("{file}: {detail}; hotline pki issue makes a new one")]
    Key {
        /// The file.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// The configuration names one identity, the certificate another.
    #[error(
        "the configuration says {configured}, but the certificate names {certified}; use the files of one relay"
    )]
    WrongCertificate {
        /// In the configuration.
        configured: String,
        /// In the certificate.
        certified: String,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] hotline_ledger::OpenError),
    /// The ledger does not take the node's secrets.
    #[error("the ledger does not take what a new relay stores first: {0}")]
    FirstWrite(String),
    /// A port.
    #[error("cannot listen: {0}")]
    Listen(String),
}

/// A relay that serves.
pub struct Running {
    /// What its sessions share.
    pub relay: Arc<Relay>,
    /// Where it listens.
    pub doors: Doors,
    /// Where health, reflection and metrics are.
    pub status: Option<SocketAddr>,
    /// Reads trust, certificate and key anew.
    pub reload: Reload,
    listener: Listener,
    served: JoinHandle<()>,
}

/// Where a relay keeps its ledger, and who does the writing.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The engine.
    pub engine: Engine,
    /// A thread in a process; inline in a simulated world.
    pub mode: Mode,
}

/// Opens everything and serves.
///
/// # Errors
/// [`StartError`] says what is wrong and what to do. No port is open by then.
pub async fn start(config: &RelayConfig, seams: &Seams) -> Result<Running, StartError> {
    let storage = Storage {
        engine: Engine::Sqlite {
            path: config.ledger.clone(),
        },
        mode: Mode::Thread,
    };
    let services = |relay: Arc<Relay>| (Service(Arc::clone(&relay)), Service(relay));
    if config.identity.world() != World::Exercise {
        return start_on(config, seams, storage, services).await;
    }
    let (seams, clock) = ShiftedClock::on(seams);
    let running = start_on(config, &seams, storage, services).await?;
    if let Err(error) = control::serve(&config.ledger, &seams, clock) {
        // Only the exercise's clock faults need it.
        tracing::warn!(%error, "no control socket");
    }
    Ok(running)
}

/// The same on a ledger of the caller's choice, served by services of the caller's making: a simulated world brings a
/// simulated disk, and a relay that lies.
///
/// # Errors
/// As [`start`].
pub async fn start_on<R, L>(
    config: &RelayConfig,
    seams: &Seams,
    storage: Storage,
    services: impl FnOnce(Arc<Relay>) -> (R, L),
) -> Result<Running, StartError>
where
    R: RelayService,
    L: LogService,
{
    let own = own_certificate(config, seams)?;
    // Whatever cannot be used at all is refused before a ledger is made.
    Believed::read(config, &|_, _| BTreeSet::new())?;
    let signer = log_signer(config)?;
    let (ledger, opening) = open_ledger(config, signer, seams, storage)?;
    let memory = load_memory(&ledger)?;
    let now_ms = seams.clock.wall().unix_ms();
    let believed = Believed::read(config, &|list, roster| memory.unproven(list, roster, now_ms))?;
    let denied = believed.denied();
    let trust = Arc::new(TrustStore::with_denied(seams, believed.anchors, denied)?);
    let memory = Remembered::of(
        memory,
        &config.trust,
        &believed.rosters,
        &trust.standing(),
        now_ms,
    )?;
    memory.keep(&ledger).await;
    let cosigners = whom(config, &believed.rosters, seams)?;
    let pen = pen_of(config, &believed.rosters)?;
    if pen.is_none() {
        tracing::warn!("no roster knows this relay's log key: it signs nothing about the desks' presence");
    }
    let secrets = node_secrets(&ledger, seams).await?;
    let witness = match &config.witness {
        Some(keys) => own::office(&config.identity, keys, &believed.rosters, (&ledger, seams))?,
        None => None,
    };

    let dials = ClientTls::new(seams, own.clone(), Arc::clone(&trust)).with_keys(config.key_exchange);
    let tls = ServerTls::new(seams, own, trust, &[Role::Desk, Role::Control, Role::Relay])
        .with_keys(config.key_exchange);
    let doors = Doors {
        quic: config.quic,
        tcp: config.tcp,
    };
    let (listener, incoming) = Listener::bind(seams, &tls, doors, &secrets, ListenLimits::of(config.profile))
        .await
        .map_err(|error| StartError::Listen(error.to_string()))?;
    let relay = Arc::new(Relay::new(Parts {
        identity: config.identity.clone(),
        ledger,
        opening,
        rosters: believed.rosters,
        pen,
        seams: seams.clone(),
        profile: config.profile,
        connections: listener.connections().clone(),
        witness: witness.map(Arc::new),
    }));
    if let Some(office) = relay.witness.clone() {
        let check = async move { office.check_mirrored().await };
        seams.spawner.spawn("mirror check", check);
    }
    if let Err(error) = anchor::load(&relay.anchors.kept, &relay.ledger) {
        tracing::warn!(%error, "what was cosigned before cannot be read; it is asked for anew");
    }
    let anchorage = config.anchoring.clone().map(|asked| {
        let dialer = Dialer::new(seams, &dials).with_timings(DialTimings::of(config.profile));
        Anchorage::start(&relay, dialer, asked, cosigners)
    });
    relay.anchors.clearance.to_be_rolled();
    if relay.anchors.clearance.is_open() {
        relay.keep_roll().await;
        relay.anchors.clearance.rolled();
    } else {
        roll_when_cleared(&relay);
    }
    let status = serve_status(&relay, listener.refusals().clone(), config.status).await?;
    let (relay_service, log_service) = services(Arc::clone(&relay));
    let profile = config.profile;
    let closing = seams.spawner.closing();
    let crashed = seams.spawner.crashed();
    let routes =
        tonic::service::Routes::new(service::relay(relay_service)).add_service(service::log(log_service));
    let routes = with_witness(&relay, routes);
    let served = tokio::spawn(async move {
        let serve = grpc_server_builder_for(profile)
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, closing.cancelled_owned());
        let ended = tokio::select! {
            biased;
            () = crashed.cancelled() => return,
            ended = serve => ended,
        };
        if let Err(error) = ended {
            tracing::error!(%error, "the doors ended");
        }
    });
    let reload = Reload::new(
        config,
        seams,
        (&tls, &dials),
        (listener.connections(), anchorage),
        (&relay, memory),
    );
    Ok(Running {
        doors: listener.local(),
        reload,
        relay,
        status,
        listener,
        served,
    })
}

/// What enrols and ends keys goes into the log once the first signature may be made; sessions wait for it.
fn roll_when_cleared(relay: &Arc<Relay>) {
    let relay = Arc::clone(relay);
    relay.seams.spawner.clone().spawn("roll", async move {
        let closing = relay.seams.spawner.closing();
        tokio::select! {
            biased;
            () = closing.cancelled() => return,
            () = relay.anchors.clearance.opened() => {}
        }
        relay.keep_roll().await;
        relay.anchors.clearance.rolled();
    });
}

/// Whom this relay asks to witness its log.
pub(crate) fn whom(
    config: &RelayConfig,
    rosters: &RosterSet,
    seams: &Seams,
) -> Result<Vec<Cosigner>, StartError> {
    let Some(asked) = &config.anchoring else {
        return Ok(Vec::new());
    };
    let now_ms = seams.clock.wall().unix_ms();
    let whom = anchor::whom(&config.identity, asked, &config.trust, rosters, now_ms)?;
    Ok(whom)
}

/// The services of the doors, with the paths of the witness beside them; starts what anchors its checkpoints.
fn with_witness(relay: &Arc<Relay>, routes: tonic::service::Routes) -> tonic::service::Routes {
    let Some(office) = &relay.witness else {
        return routes;
    };
    let anchors = Anchors::new(relay, office, Damping::default());
    relay.seams.spawner.spawn("anchors", anchors.run());
    let paths = http::routes(office, &own::known(relay), Asking::ByDoor);
    routes.prepare().into_axum_router().merge(paths).into()
}

/// The trust folders of a relay, read whole.
pub(crate) struct Believed {
    pub(crate) anchors: Vec<Anchor>,
    pub(crate) rosters: RosterSet,
}

impl Believed {
    /// Reads the trust folders; `unproven` names the orders of deny-lists that are to end nobody.
    pub(crate) fn read(config: &RelayConfig, unproven: &Unproven<'_>) -> Result<Self, StartError> {
        let folder = &config.trust;
        let anchors = anchors_in(folder)?;
        let rosters = TrustPolicy::load_folder_judged(folder, unproven)?
            .rosters()
            .clone();
        let own = config.identity.domain();
        let anchored = anchors.iter().any(|anchor| anchor.domain == *own);
        if anchored && rosters.roster(own.as_str()).is_some() {
            return Ok(Self { anchors, rosters });
        }
        Err(StartError::NoOwnDomain {
            folder: folder.display().to_string(),
            domain: own.to_string(),
        })
    }

    /// Whom their own side has ended by two officers.
    pub(crate) fn denied(&self) -> Denied {
        denied(&self.rosters)
    }
}

/// Whom deny-lists end, for the doors.
pub(crate) fn denied(rosters: &RosterSet) -> Denied {
    let order = |denial: &hotline_audit::key::Denial| {
        let identity = denial.order.identity.parse().ok()?;
        Some((identity, denial.order.reason.clone()))
    };
    rosters.denials().filter_map(order).collect()
}

fn load_memory(ledger: &Ledger) -> Result<TrustMemory, StartError> {
    TrustMemory::load(ledger).map_err(|error| StartError::FirstWrite(error.to_string()))
}

/// What signs this relay's word about desks; none if the rosters do not know its log key.
pub(crate) fn pen_of(config: &RelayConfig, rosters: &RosterSet) -> Result<Option<Pen>, StartError> {
    Ok(Pen::new(&config.identity, log_key(config)?, rosters))
}

pub(crate) fn own_certificate(config: &RelayConfig, seams: &Seams) -> Result<Credentials, StartError> {
    let own = Credentials::load(&config.certificate, &config.tls_key, seams)?;
    if *own.identity() == config.identity {
        return Ok(own);
    }
    Err(StartError::WrongCertificate {
        configured: config.identity.to_string(),
        certified: own.identity().to_string(),
    })
}

impl Running {
    /// Drains and closes: at most [`CLOSE_WITHIN`].
    pub async fn close(self, why: &str) {
        // Sessions are told first; then nobody new comes in, and calls in flight are answered.
        self.relay.seams.spawner.closing().cancel();
        self.listener.stop_accepting();
        let _ = tokio::time::timeout(CLOSE_WITHIN / 4, self.served).await;
        self.listener.close(why, CLOSE_WITHIN / 4).await;
        self.relay.seams.spawner.drain(CLOSE_WITHIN / 4).await;
    }

    /// Resolves when the ledger died of a sync or input/output error: the process must end.
    pub async fn ledger_died(&self) -> String {
        self.relay.ledger.dead().await.to_string()
    }
}

async fn serve_status(
    relay: &Arc<Relay>,
    refusals: RefusalLog,
    address: Option<SocketAddr>,
) -> Result<Option<SocketAddr>, StartError> {
    let Some(address) = address else { return Ok(None) };
    let (reporter, health) = tonic_health::server::health_reporter();
    relay.seams.spawner.spawn("health", {
        let (relay, closing) = (Arc::clone(relay), relay.seams.spawner.closing());
        async move {
            tokio::select! {
                biased;
                () = closing.cancelled() => {}
                () = report_health(&relay, &reporter) => {}
            }
        }
    });
    let local = status::serve(relay, refusals, health, address)
        .await
        .map_err(|error| StartError::Listen(format!("{address}: {error}")))?;
    Ok(Some(local))
}

/// It serves once its witnesses were asked, for as long as nothing speaks against its log. Never returns.
async fn report_health(relay: &Relay, reporter: &tonic_health::server::HealthReporter) {
    relay.anchors.clearance.opened().await;
    loop {
        let serving = if relay.read_only().is_none() {
            tonic_health::ServingStatus::Serving
        } else {
            tonic_health::ServingStatus::NotServing
        };
        for service in ["", "hotline.v1.RelayService"] {
            reporter.set_service_status(service, serving).await;
        }
        if serving == tonic_health::ServingStatus::NotServing {
            std::future::pending::<()>().await;
        }
        let _ = relay.anchors.clearance.stopped().await;
    }
}

fn log_signer(config: &RelayConfig) -> Result<LogSigner, StartError> {
    LogSigner::new(&config.identity.origin(), log_key(config)?)
        .map_err(|error| unusable(config, error.to_string()))
}

fn log_key(config: &RelayConfig) -> Result<SigningKey, StartError> {
    let document = credentials::load_signing_key(&config.log_key)?;
    SigningKey::from_pkcs8(&document).map_err(|error| unusable(config, error.to_string()))
}

fn unusable(config: &RelayConfig, detail: String) -> StartError {
    StartError::Key {
        file: config.log_key.display().to_string(),
        detail,
    }
}

/// Opens a relay's ledger for a verb of its own: no other process may have it.
pub(crate) fn open_for(
    config: &RelayConfig,
    seams: &Seams,
    restored: Restored,
) -> Result<(Ledger, Opening), StartError> {
    let mut entropy = |buffer: &mut [u8]| seams.entropy.fill(buffer);
    Ok(Ledger::open(OpenOptions {
        engine: Engine::Sqlite {
            path: config.ledger.clone(),
        },
        owner: config.identity.to_string(),
        origin: config.identity.origin(),
        signer: Some(log_signer(config)?),
        entropy: &mut entropy,
        mode: Mode::Thread,
        restored,
    })?)
}

fn open_ledger(
    config: &RelayConfig,
    signer: LogSigner,
    seams: &Seams,
    Storage { engine, mode }: Storage,
) -> Result<(Ledger, Opening), StartError> {
    let mut entropy = |buffer: &mut [u8]| seams.entropy.fill(buffer);
    Ok(Ledger::open(OpenOptions {
        engine,
        owner: config.identity.to_string(),
        origin: config.identity.origin(),
        signer: Some(signer),
        entropy: &mut entropy,
        mode,
        restored: Restored::ReadOnly,
    })?)
}

/// The QUIC reset, connection-id and token keys: kept, so that a restarted relay is noticed at once.
async fn node_secrets(ledger: &Ledger, seams: &Seams) -> Result<NodeSecrets, StartError> {
    use hotline_ledger::{Batch, Record};
    let (space, key) = SECRETS;
    let stored = ledger
        .record(space, key)
        .map_err(|error| StartError::FirstWrite(error.to_string()))?;
    if let Some(bytes) = stored {
        return NodeSecrets::from_bytes(&bytes).map_err(|error| StartError::FirstWrite(error.to_string()));
    }
    let fresh = NodeSecrets::fresh(seams.entropy.as_ref());
    if matches!(ledger.standing(), hotline_ledger::Standing::Good) {
        let mut batch = Batch::new(hotline_core::leg::Lane::Control);
        batch.records.push(Record::Put {
            space,
            key: key.to_vec(),
            value: fresh.to_bytes().to_vec(),
        });
        ledger
            .commit(batch)
            .await
            .map_err(|error| StartError::FirstWrite(error.to_string()))?;
    }
    Ok(fresh)
}
