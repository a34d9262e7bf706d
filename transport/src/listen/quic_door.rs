//! The QUIC door: one connection per peer, each of its streams a [`Conn`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hotline_core::leg::Door;
use quinn::{Connection, ConnectionError};
use tokio::sync::mpsc;

use super::Shared;
use super::gate::{Gate, Pass};
use crate::agreed::Agreed;
use crate::conn::{Conn, QuicStream};
use crate::connections::Admitted;
use crate::quic::CloseCode;
use crate::refusal::origin::Scene;
use crate::refusal::{Bound, By, Reason};
use crate::verify::Verdict;

/// How often a live connection's address is looked at. A peer may move (a new address behind its router); that it did
/// is recorded.
const LOOK_AT_ADDRESS: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct QuicDoor {
    shared: Arc<Shared>,
    endpoint: quinn::Endpoint,
    base: quinn::ServerConfig,
    accept: mpsc::Sender<Conn>,
    gate: Gate,
}

impl QuicDoor {
    pub(super) fn new(
        shared: Arc<Shared>,
        endpoint: quinn::Endpoint,
        base: quinn::ServerConfig,
        accept: mpsc::Sender<Conn>,
        gate: Gate,
    ) -> Self {
        Self {
            shared,
            endpoint,
            base,
            accept,
            gate,
        }
    }

    pub(super) async fn run(self) {
        loop {
            let incoming = tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => break,
                incoming = self.endpoint.accept() => incoming,
            };
            match incoming {
                Some(incoming) => self.receive(incoming),
                None => {
                    tracing::error!(
                        door = Door::Quic.name(),
                        "the QUIC door has failed; the TCP door stays open"
                    );
                    break;
                }
            }
        }
        self.endpoint.set_server_config(None);
    }

    fn receive(&self, incoming: quinn::Incoming) {
        let remote = incoming.remote_address();
        let Some(pass) = self.gate.enter(remote.ip()) else {
            let reason = Reason::Busy {
                bound: Bound::Handshakes,
                limit: Some(self.shared.limits.handshakes),
            };
            let scene = self.shared.scene(Door::Quic, remote);
            self.shared.refusals.record(&scene.refusal(
                By::Ours,
                reason,
                None,
                self.shared.seams.clock.wall(),
            ));
            return incoming.refuse();
        };
        let crowded = self.gate.taken() > self.shared.limits.prove_address_above;
        if crowded && !incoming.remote_address_validated() && incoming.may_retry() {
            // Cannot fail: it may retry. The place is free again until the proof comes back.
            let _ = incoming.retry();
            return;
        }
        let door = self.clone();
        self.shared.seams.spawner.spawn("quic-connection", async move {
            door.serve(incoming, remote, pass).await;
        });
    }

    async fn serve(self, incoming: quinn::Incoming, remote: SocketAddr, pass: Pass) {
        let scene = self.shared.scene(Door::Quic, remote);
        let Some((connection, verdict)) = self.shake_hands(incoming, &scene).await else {
            return;
        };
        drop(pass);
        match self.shared.admit(
            &scene,
            &verdict,
            &Agreed::on_quic(&connection),
            Some(connection.clone()),
        ) {
            Ok(admitted) => self.take_streams(&connection, &admitted).await,
            Err(refusal) => {
                self.shared.refusals.record(&refusal);
                let code = match &refusal.reason {
                    Reason::Busy {
                        bound: Bound::ConnectionsOfIdentity,
                        ..
                    } => CloseCode::IdentityBusy,
                    Reason::Busy { .. } => CloseCode::Busy,
                    _ => CloseCode::NotTrusted,
                };
                connection.close(code.to_wire(), refusal.kind().as_bytes());
            }
        }
    }

    async fn shake_hands(&self, incoming: quinn::Incoming, scene: &Scene) -> Option<(Connection, Verdict)> {
        let verdict = Verdict::default();
        let crypto = match self.shared.tls.quic(Arc::clone(&verdict)) {
            Ok(crypto) => crypto,
            Err(error) => {
                tracing::error!(%error, "cannot shake hands");
                incoming.refuse();
                return None;
            }
        };
        let mut config = self.base.clone();
        config.crypto = crypto;
        let failed = |error: &ConnectionError| {
            self.shared.failed(scene, &verdict, |scene| {
                let at = self.shared.seams.clock.wall();
                let lost = || Reason::BrokenOff {
                    alert: None,
                    detail: error.to_string(),
                };
                scene
                    .quic(error, at)
                    .unwrap_or_else(|| scene.refusal(By::Network, lost(), None, at))
            });
        };
        let connecting = match incoming.accept_with(Arc::new(config)) {
            Ok(connecting) => connecting,
            Err(error) => {
                failed(&error);
                return None;
            }
        };
        match tokio::time::timeout(self.shared.limits.handshake, connecting).await {
            Ok(Ok(connection)) => Some((connection, verdict)),
            Ok(Err(error)) => {
                failed(&error);
                None
            }
            Err(_) => {
                self.shared.too_slow(scene);
                None
            }
        }
    }

    /// Hands each stream on, until the connection ends. After the stop no further stream is taken, and the
    /// connection keeps its place until it ends by itself.
    async fn take_streams(self, connection: &Connection, admitted: &Arc<Admitted>) {
        let mut seen_at = connection.remote_address();
        let mut look = tokio::time::interval(LOOK_AT_ADDRESS);
        loop {
            let stream = tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => break,
                stream = connection.accept_bi() => stream,
                _ = look.tick() => {
                    note_move(&mut seen_at, connection, admitted);
                    continue;
                }
            };
            let Ok(stream) = stream else { return };
            let conn = Conn::new(Box::new(QuicStream::new(stream)), Arc::clone(admitted));
            tokio::select! {
                biased;
                _ = connection.closed() => return,
                sent = self.accept.send(conn) => if sent.is_err() { break },
            }
        }
        let Self { accept, .. } = self;
        drop(accept);
        connection.closed().await;
    }
}

fn note_move(seen_at: &mut SocketAddr, connection: &Connection, admitted: &Admitted) {
    let now_at = connection.remote_address();
    if now_at != *seen_at {
        let peer = &admitted.info().identity;
        tracing::warn!(event = "security", kind = "MOVED", %peer, from = %seen_at, to = %now_at, "a peer's address changed");
        *seen_at = now_at;
    }
}
