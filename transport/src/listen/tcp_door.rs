//! The TCP door: TLS sessions, each one [`Conn`], open to any gRPC client with a good certificate.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hotline_core::leg::Door;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::gate::{Gate, Pass};
use crate::agreed::Agreed;
use crate::conn::Conn;
use crate::refusal::{Bound, By, Reason};
use crate::seams::{BoxedStream, TcpAcceptor};
use crate::verify::Verdict;

/// Wait after a failed accept: out of file descriptors, most likely. Trying on at once would only burn the processor.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// How long a refused peer may take to read why. Closing at once could destroy the alert on its way.
const FAREWELL: Duration = Duration::from_millis(500);

/// Bytes of a refused peer that are read and thrown away meanwhile.
const FAREWELL_BYTES: u64 = 64 * 1024;

pub(super) struct TcpDoor {
    shared: Arc<Shared>,
    socket: Box<dyn TcpAcceptor>,
    accept: mpsc::Sender<Conn>,
    gate: Gate,
}

impl TcpDoor {
    pub(super) fn new(
        shared: Arc<Shared>,
        socket: Box<dyn TcpAcceptor>,
        accept: mpsc::Sender<Conn>,
        gate: Gate,
    ) -> Self {
        Self {
            shared,
            socket,
            accept,
            gate,
        }
    }

    pub(super) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, remote)) => self.receive(stream, remote),
                Err(error) => {
                    tracing::warn!(door = Door::Tcp.name(), %error, "cannot accept a connection");
                    tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                }
            }
        }
    }

    fn receive(&self, stream: BoxedStream, remote: SocketAddr) {
        let Some(pass) = self.gate.enter(remote.ip()) else {
            let reason = Reason::Busy {
                bound: Bound::Handshakes,
                limit: Some(self.shared.limits.handshakes),
            };
            let scene = self.shared.scene(Door::Tcp, remote);
            self.shared.refusals.record(&scene.refusal(
                By::Ours,
                reason,
                None,
                self.shared.seams.clock.wall(),
            ));
            return;
        };
        let (shared, accept) = (Arc::clone(&self.shared), self.accept.clone());
        self.shared.seams.spawner.spawn("tcp-connection", async move {
            serve(&shared, &accept, stream, remote, pass).await;
        });
    }
}

async fn serve(
    shared: &Shared,
    accept: &mpsc::Sender<Conn>,
    stream: BoxedStream,
    remote: SocketAddr,
    pass: Pass,
) {
    let scene = shared.scene(Door::Tcp, remote);
    let verdict = Verdict::default();
    let config = match shared.tls.config(Door::Tcp, Arc::clone(&verdict)) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(%error, "cannot shake hands");
            return;
        }
    };
    let handshake = TlsAcceptor::from(Arc::new(config)).accept(stream).into_fallible();
    let session = match tokio::time::timeout(shared.limits.handshake, handshake).await {
        Ok(Ok(session)) => session,
        Ok(Err((error, stream))) => {
            shared.failed(&scene, &verdict, |scene| {
                scene.tcp(&error, shared.seams.clock.wall())
            });
            say_farewell(stream).await;
            return;
        }
        Err(_) => {
            shared.too_slow(&scene);
            return;
        }
    };
    drop(pass);
    match shared.admit(&scene, &verdict, &Agreed::on_tcp(session.get_ref().1), None) {
        Ok(admitted) => {
            let conn = Conn::new(Box::new(session), admitted);
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => {}
                // Fails only when nobody serves any more; the connection then closes with the drop.
                _ = accept.send(conn) => {}
            }
        }
        Err(refusal) => {
            shared.refusals.record(&refusal);
            let mut session = session;
            let _ = tokio::time::timeout(FAREWELL, session.shutdown()).await;
        }
    }
}

/// Lets the alert arrive: no more from our side, then wait for theirs to end, within bounds.
pub(crate) async fn say_farewell(mut stream: BoxedStream) {
    let last_words = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut (&mut stream).take(FAREWELL_BYTES), &mut tokio::io::sink()).await?;
        io::Result::Ok(())
    };
    // However it goes, the connection is over.
    let _ = tokio::time::timeout(FAREWELL, last_words).await;
}
