//! A relay as a process: opened, serving, and closed within five seconds.
//!
//! Everything that can be refused is refused before a port opens: configuration, keys that others can read, trust
//! folders, a second process on the ledger. Shutting down drains: sessions are told, calls in flight are answered, and
//! what is left after the deadline is closed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hotline_audit::{LogSigner, SigningKey, trust::TrustPolicy};
use hotline_core::identity::Role;
use hotline_ledger::{Engine, Ledger, Mode, OpenOptions, Opening, Restored};
use hotline_proto::v1::{log_service_server::LogService, relay_service_server::RelayService};
use hotline_transport::{
    Credentials, Doors, ListenLimits, Listener, NodeSecrets, RefusalLog, Seams, ServerTls, TrustError,
    TrustStore, anchors_in, credentials, grpc_server_builder_for,
};
use tokio::task::JoinHandle;

use crate::{
    config::RelayConfig,
    relay::{Parts, Relay},
    service::{self, Service},
    status,
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
    start_on(config, seams, storage, |relay| {
        (Service(Arc::clone(&relay)), Service(relay))
    })
    .await
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
    let own = Credentials::load(&config.certificate, &config.tls_key, seams)?;
    if *own.identity() != config.identity {
        return Err(StartError::WrongCertificate {
            configured: config.identity.to_string(),
            certified: own.identity().to_string(),
        });
    }
    let trust = Arc::new(TrustStore::new(seams, anchors_in(&config.trust)?)?);
    let rosters = TrustPolicy::load_folder(&config.trust)?.rosters().clone();
    let signer = log_signer(config)?;
    let (ledger, opening) = open_ledger(config, signer, seams, storage)?;
    let secrets = node_secrets(&ledger, seams).await?;

    let tls = ServerTls::new(seams, own, trust, &[Role::Desk, Role::Control]);
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
        rosters,
        seams: seams.clone(),
        profile: config.profile,
        connections: listener.connections().clone(),
    }));
    let status = serve_status(&relay, listener.refusals().clone(), config.status).await?;
    let (relay_service, log_service) = services(Arc::clone(&relay));
    let profile = config.profile;
    let closing = seams.spawner.closing();
    let crashed = seams.spawner.crashed();
    let served = tokio::spawn(async move {
        let serve = grpc_server_builder_for(profile)
            .add_service(service::relay(relay_service))
            .add_service(service::log(log_service))
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
    Ok(Running {
        doors: listener.local(),
        relay,
        status,
        listener,
        served,
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
    let serving = if relay.read_only().is_none() {
        tonic_health::ServingStatus::Serving
    } else {
        tonic_health::ServingStatus::NotServing
    };
    reporter.set_service_status("", serving).await;
    reporter
        .set_service_status("hotline.v1.RelayService", serving)
        .await;
    let local = status::serve(relay, refusals, health, address)
        .await
        .map_err(|error| StartError::Listen(format!("{address}: {error}")))?;
    Ok(Some(local))
}

fn log_signer(config: &RelayConfig) -> Result<LogSigner, StartError> {
    let wrong = |detail: String| StartError::Key {
        file: config.log_key.display().to_string(),
        detail,
    };
    let document = credentials::load_signing_key(&config.log_key)?;
    let key = SigningKey::from_pkcs8(&document).map_err(|error| wrong(error.to_string()))?;
    LogSigner::new(&config.identity.origin(), key).map_err(|error| wrong(error.to_string()))
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
