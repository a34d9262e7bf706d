//! The listening end: two doors, one stream of judged connections.
//!
//! Life of a connection: a place among the handshakes in progress (bounded, half of them for one address) → QUIC
//! strangers prove their address when it gets crowded → handshake, judged by a verifier of its own → the door's
//! application protocol, checked → a place in the register (bounded per identity) → the accept queue (bounded; when
//! it is full the doors wait) → tonic. Whoever falls out on the way is one [`Refusal`](crate::Refusal) in the log.

pub(crate) mod gate;
mod quic_door;
mod tcp_door;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use hotline_core::leg::Door;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agreed::Agreed;
use crate::conn::Conn;
use crate::connections::{Admitted, Applicant, Connections};
use crate::limits::{ACCEPT_QUEUE, ListenLimits};
use crate::quic::{CloseCode, NodeSecrets, server_config};
use crate::refusal::log::RefusalLog;
use crate::refusal::origin::Scene;
use crate::refusal::{By, Reason, Refusal};
use crate::seams::Seams;
use crate::tls::{ServerTls, TlsSetupError, alpn, check_alpn};
use crate::verify::Verdict;

use gate::Gate;

pub(crate) use tcp_door::say_farewell;

/// The addresses of the two doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doors {
    /// UDP, for QUIC.
    pub quic: SocketAddr,
    /// TCP, for standard gRPC.
    pub tcp: SocketAddr,
}

/// Why a door did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address cannot be had.
    #[error("cannot listen on {address} ({door}): {source}")]
    Bind {
        /// The door.
        door: Door,
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
}

/// Both doors, open. Its tasks belong to the seams' spawner and end with it.
#[derive(Debug)]
pub struct Listener {
    local: Doors,
    endpoint: quinn::Endpoint,
    shared: Arc<Shared>,
}

/// Judged connections of both doors, as tonic takes them. Bounded; ends after [`Listener::stop_accepting`].
#[derive(Debug)]
pub struct Incoming {
    accepted: mpsc::Receiver<Conn>,
}

/// What every task of the two doors needs.
#[derive(Debug)]
struct Shared {
    seams: Seams,
    tls: ServerTls,
    limits: ListenLimits,
    connections: Connections,
    refusals: RefusalLog,
    stop: CancellationToken,
}

impl Listener {
    /// Opens both doors and starts accepting.
    ///
    /// # Errors
    /// A [`ListenError`] that names the door and its address.
    pub async fn bind(
        seams: &Seams,
        tls: &ServerTls,
        doors: Doors,
        secrets: &NodeSecrets,
        limits: ListenLimits,
    ) -> Result<(Self, Incoming), ListenError> {
        let bind = |door, address| {
            move |source| ListenError::Bind {
                door,
                address,
                source,
            }
        };
        let quic_failed = bind(Door::Quic, doors.quic);
        let tcp_failed = bind(Door::Tcp, doors.tcp);
        let base = server_config(tls.quic(Verdict::default())?, secrets, seams, &limits);
        let udp = seams.network.udp(doors.quic).map_err(quic_failed)?;
        let config = secrets.endpoint(seams);
        let endpoint =
            quinn::Endpoint::new_with_abstract_socket(config, Some(base.clone()), udp.socket, udp.runtime)
                .map_err(quic_failed)?;
        let tcp = seams.network.tcp_listen(doors.tcp).await.map_err(tcp_failed)?;
        let local = Doors {
            quic: endpoint.local_addr().map_err(quic_failed)?,
            tcp: tcp.local_addr().map_err(tcp_failed)?,
        };
        let (accept, accepted) = mpsc::channel(ACCEPT_QUEUE);
        let shared = Arc::new(Shared {
            seams: seams.clone(),
            tls: tls.clone(),
            limits,
            connections: Connections::new(
                tls.clone(),
                seams.clone(),
                limits.connections_each,
                limits.connections,
            ),
            refusals: RefusalLog::new(Arc::clone(&seams.clock)),
            stop: seams.spawner.closing().child_token(),
        });
        let gate = || Gate::new(limits.handshakes);
        let quic = quic_door::QuicDoor::new(
            Arc::clone(&shared),
            endpoint.clone(),
            base,
            accept.clone(),
            gate(),
        );
        seams.spawner.spawn("quic-door", quic.run());
        seams.spawner.spawn(
            "tcp-door",
            tcp_door::TcpDoor::new(Arc::clone(&shared), tcp, accept, gate()).run(),
        );
        Ok((
            Self {
                local,
                endpoint,
                shared,
            },
            Incoming { accepted },
        ))
    }

    /// Where the doors really are (ports that were asked for as 0 are known now).
    #[must_use]
    pub fn local(&self) -> Doors {
        self.local
    }

    /// The live connections, and the way to close them.
    #[must_use]
    pub fn connections(&self) -> &Connections {
        &self.shared.connections
    }

    /// Handshakes that failed, on both doors.
    #[must_use]
    pub fn refusals(&self) -> &RefusalLog {
        &self.shared.refusals
    }

    /// Lets nobody else in. [`Incoming`] ends, and tonic, which reads it, begins its graceful shutdown: calls in
    /// flight finish, then their connections say goodbye.
    pub fn stop_accepting(&self) {
        self.shared.stop.cancel();
    }

    /// Closes both doors and what is left of the connections, and waits until QUIC has said so to its peers.
    pub async fn close(&self, why: &str, within: Duration) {
        self.stop_accepting();
        self.shared.connections.close_all(why);
        self.endpoint.close(CloseCode::Ending.to_wire(), why.as_bytes());
        if tokio::time::timeout(within, self.endpoint.wait_idle())
            .await
            .is_err()
        {
            tracing::debug!(
                within_ms = within.as_millis(),
                "some QUIC peers did not hear the goodbye"
            );
        }
    }
}

impl Stream for Incoming {
    type Item = Result<Conn, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.accepted.poll_recv(cx).map(|conn| conn.map(Ok))
    }
}

// === impl Shared ===

impl Shared {
    fn scene(&self, door: Door, remote: SocketAddr) -> Scene {
        let ours = self.tls.credentials().as_ref().clone();
        Scene {
            door,
            remote,
            called: None,
            ours,
            alpn: alpn(door),
            offered: self.tls.offered(),
        }
    }

    /// The handshake failed. If our judge spoke, its word is the reason.
    fn failed(&self, scene: &Scene, verdict: &Verdict, otherwise: impl FnOnce(&Scene) -> Refusal) {
        let at = self.seams.clock.wall();
        let refusal = match verdict.get() {
            Some(Err(objection)) => scene.objection(objection, at),
            Some(Ok(_)) | None => otherwise(scene),
        };
        self.refusals.record(&refusal);
    }

    fn too_slow(&self, scene: &Scene) {
        let reason = Reason::HandshakeTimeout {
            limit: self.limits.handshake,
        };
        self.refusals
            .record(&scene.refusal(By::Ours, reason, None, self.seams.clock.wall()));
    }

    /// The handshake is through: the verdict, the protocol and the bounds decide.
    fn admit(
        &self,
        scene: &Scene,
        verdict: &Verdict,
        agreed: &Agreed,
        quic: Option<quinn::Connection>,
    ) -> Result<Arc<Admitted>, Box<Refusal>> {
        let at = self.seams.clock.wall();
        let Some(Ok(peer)) = verdict.get() else {
            return Err(Box::new(scene.refusal(By::Ours, Reason::NoCertificate, None, at)));
        };
        check_alpn(scene.door, agreed.protocol.as_deref(), |reason| {
            scene.refusal(By::Ours, reason, None, at)
        })?;
        let applicant = Applicant {
            peer: Arc::clone(peer),
            door: scene.door,
            key_exchange: agreed.key_exchange,
            remote: scene.remote,
            quic,
        };
        self.connections
            .admit(applicant)
            .map_err(|objection| Box::new(scene.objection(&objection, at)))
    }
}
