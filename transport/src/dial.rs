//! The dialling end: one dial is one connection, and a broken one says why.
//!
//! Nothing here redials. A path manager above dials each path, keeps it warm, and after its end asks
//! [`Redial`](crate::Redial) how long to wait; a channel that reconnects by itself would hide what happened and turn
//! an outage into a storm. Each QUIC dial has a socket of its own, so that paths share no fate below this room.
//!
//! A dial that returns well proves that we accepted them, not that they accepted us; see the crate's front page.
//! [`Dialer::preflight`] is for diagnosis: it waits until the peer has really spoken.

pub(crate) mod ended;
pub(crate) mod lane;
pub(crate) mod leg;
mod preflight;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hotline_core::identity::Identity;
use hotline_core::leg::{Door, Lane};
use quinn::ConnectionError;
use rustls::ClientConfig;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::agreed::Agreed;
use crate::conn::{ConnectionNumber, PeerInfo};
use crate::limits::DialTimings;
use crate::listen::say_farewell;
use crate::quic::{NodeSecrets, client_config};
use crate::refusal::log::RefusalLog;
use crate::refusal::origin::Scene;
use crate::refusal::{By, Reason, Refusal};
use crate::seams::{BoxedStream, Seams};
use crate::tls::{ClientTls, TlsSetupError, alpn, check_alpn, no_name, no_name_text};
use crate::verify::{Peer, Verdict};

pub use preflight::Preflight;

use lane::LaneChannel;
use leg::QuicLeg;

/// Dials relays. Cheap to clone; clones share the refusal log.
#[derive(Debug, Clone)]
pub struct Dialer {
    seams: Seams,
    tls: ClientTls,
    from: Option<IpAddr>,
    timings: DialTimings,
    refusals: RefusalLog,
    dialled: Arc<AtomicU64>,
}

/// What a handshake left behind, whichever the door.
#[derive(Debug)]
pub(crate) struct Met {
    pub(crate) scene: Scene,
    pub(crate) peer: Arc<Peer>,
    pub(crate) info: PeerInfo,
}

impl Dialer {
    /// A dialer with profile `lan`, leaving from any local address.
    #[must_use]
    pub fn new(seams: &Seams, tls: &ClientTls) -> Self {
        Self {
            seams: seams.clone(),
            tls: tls.clone(),
            from: None,
            timings: DialTimings::default(),
            refusals: RefusalLog::new(Arc::clone(&seams.clock)),
            dialled: Arc::default(),
        }
    }

    /// Leaves from this local address: a path of its own through another network.
    #[must_use]
    pub fn from_address(mut self, local: IpAddr) -> Self {
        self.from = Some(local);
        self
    }

    /// Waits differently, for a line that is not `lan`.
    #[must_use]
    pub fn with_timings(mut self, timings: DialTimings) -> Self {
        self.timings = timings;
        self
    }

    /// Every refusal that dials and their connections ended in.
    #[must_use]
    pub fn refusals(&self) -> &RefusalLog {
        &self.refusals
    }

    /// Dials the QUIC door: one connection, lanes to be opened on it. Only the relay named `expected` will do.
    ///
    /// # Errors
    /// A [`Refusal`], also recorded in [`refusals`](Self::refusals). It takes at most `timings.handshake`.
    pub async fn quic(&self, to: SocketAddr, expected: &Identity) -> Result<QuicLeg, Box<Refusal>> {
        let (scene, verdict) = self.begin(Door::Quic, to, expected);
        let dial = self.shake_hands_quic(&scene, &verdict, expected);
        let (endpoint, connection) = self.in_time(&scene, dial).await?;
        let met = self.meet(scene, &verdict, &Agreed::on_quic(&connection))?;
        Ok(QuicLeg::new(self, met, endpoint, connection, expected))
    }

    /// Dials the TCP door: one connection, one lane.
    ///
    /// # Errors
    /// As [`quic`](Self::quic).
    pub async fn tcp(
        &self,
        to: SocketAddr,
        expected: &Identity,
        lane: Lane,
    ) -> Result<LaneChannel, Box<Refusal>> {
        let (met, session) = self.tcp_session(to, expected).await?;
        LaneChannel::over_tcp(self, met, session, lane, expected).await
    }

    async fn tcp_session(
        &self,
        to: SocketAddr,
        expected: &Identity,
    ) -> Result<(Met, TlsStream<BoxedStream>), Box<Refusal>> {
        let (scene, verdict) = self.begin(Door::Tcp, to, expected);
        let session = self
            .in_time(&scene, self.shake_hands_tcp(&scene, &verdict, expected))
            .await?;
        let met = self.meet(scene, &verdict, &Agreed::on_tcp(session.get_ref().1))?;
        Ok((met, session))
    }

    fn begin(&self, door: Door, to: SocketAddr, expected: &Identity) -> (Scene, Verdict) {
        let ours = self.tls.credentials().as_ref().clone();
        let scene = Scene {
            door,
            remote: to,
            called: Some(expected.clone()),
            ours,
            alpn: alpn(door),
            offered: self.tls.offered(),
        };
        (scene, Verdict::default())
    }

    async fn shake_hands_quic(
        &self,
        scene: &Scene,
        verdict: &Verdict,
        expected: &Identity,
    ) -> Result<(quinn::Endpoint, quinn::Connection), Box<Refusal>> {
        let crypto = self
            .tls
            .quic(expected, Arc::clone(verdict))
            .map_err(|error| self.cannot(scene, &error))?;
        let config = client_config(crypto, &self.seams, self.timings.quic);
        let unreachable = |error: &dyn std::fmt::Display| self.unreachable(scene, error);
        let udp = self
            .seams
            .network
            .udp(self.leave_from(scene.remote))
            .map_err(|error| unreachable(&error))?;
        let ours = NodeSecrets::fresh(self.seams.entropy.as_ref()).endpoint(&self.seams);
        let endpoint = quinn::Endpoint::new_with_abstract_socket(ours, None, udp.socket, udp.runtime)
            .map_err(|error| unreachable(&error))?;
        let connecting = endpoint
            .connect_with(config, scene.remote, no_name_text())
            .map_err(|error| unreachable(&error))?;
        let begin = self.seams.clock.line();
        let connection = connecting.await.map_err(|error| {
            let silence = self.seams.clock.line().since(begin);
            self.objection(scene, verdict)
                .unwrap_or_else(|| self.quic_failed(scene, &error, silence))
        })?;
        Ok((endpoint, connection))
    }

    fn quic_failed(&self, scene: &Scene, error: &ConnectionError, silence: Duration) -> Box<Refusal> {
        let at = self.seams.clock.wall();
        match (scene.quic(error, at), error) {
            (Some(refusal), _) => Box::new(refusal),
            // UDP gives no other sign of a closed port: QUIC's own silence limit ran out before ours.
            (None, ConnectionError::TimedOut) => {
                Box::new(scene.refusal(By::Network, Reason::HandshakeTimeout { limit: silence }, None, at))
            }
            (None, other) => self.unreachable(scene, other),
        }
    }

    async fn shake_hands_tcp(
        &self,
        scene: &Scene,
        verdict: &Verdict,
        expected: &Identity,
    ) -> Result<TlsStream<BoxedStream>, Box<Refusal>> {
        let config: ClientConfig = self
            .tls
            .config(Door::Tcp, expected, Arc::clone(verdict))
            .map_err(|error| self.cannot(scene, &error))?;
        let stream = self
            .seams
            .network
            .tcp_connect(self.from, scene.remote)
            .await
            .map_err(|error| self.unreachable(scene, &error))?;
        let connect = TlsConnector::from(Arc::new(config)).connect(no_name(), stream);
        connect.into_fallible().await.map_err(|(error, stream)| {
            // Our alert says why; the peer gets a moment to read it.
            self.seams.spawner.spawn("farewell", say_farewell(stream));
            let at = self.seams.clock.wall();
            self.objection(scene, verdict)
                .unwrap_or_else(|| Box::new(scene.tcp(&error, at)))
        })
    }

    /// Within the handshake limit, and recorded if it fails.
    async fn in_time<T>(
        &self,
        scene: &Scene,
        dial: impl Future<Output = Result<T, Box<Refusal>>>,
    ) -> Result<T, Box<Refusal>> {
        let limit = self.timings.handshake;
        let done = tokio::time::timeout(limit, dial).await.unwrap_or_else(|_| {
            let reason = Reason::HandshakeTimeout { limit };
            Err(Box::new(scene.refusal(
                By::Network,
                reason,
                None,
                self.seams.clock.wall(),
            )))
        });
        done.inspect_err(|refusal| self.refusals.record(refusal))
    }

    fn meet(&self, scene: Scene, verdict: &Verdict, agreed: &Agreed) -> Result<Met, Box<Refusal>> {
        let at = self.seams.clock.wall();
        let checked = check_alpn(scene.door, agreed.protocol.as_deref(), |reason| {
            scene.refusal(By::Ours, reason, None, at)
        });
        let judged = checked.and_then(|()| match verdict.get() {
            Some(Ok(peer)) => Ok(Arc::clone(peer)),
            // Nobody judged the peer: the handshake took a way that should not exist. Refused.
            Some(Err(_)) | None => Err(Box::new(scene.refusal(By::Ours, Reason::NoCertificate, None, at))),
        });
        let peer = judged.inspect_err(|refusal| self.refusals.record(refusal))?;
        let info = PeerInfo {
            identity: peer.identity.clone(),
            door: scene.door,
            key_exchange: agreed.key_exchange,
            remote: scene.remote,
            certificate: Arc::clone(&peer.summary),
            connection: ConnectionNumber(self.dialled.fetch_add(1, Ordering::Relaxed).wrapping_add(1)),
        };
        Ok(Met { scene, peer, info })
    }

    fn objection(&self, scene: &Scene, verdict: &Verdict) -> Option<Box<Refusal>> {
        match verdict.get() {
            Some(Err(objection)) => Some(Box::new(scene.objection(objection, self.seams.clock.wall()))),
            Some(Ok(_)) | None => None,
        }
    }

    fn unreachable(&self, scene: &Scene, error: &dyn std::fmt::Display) -> Box<Refusal> {
        let reason = Reason::Unreachable {
            detail: error.to_string(),
        };
        Box::new(scene.refusal(By::Network, reason, None, self.seams.clock.wall()))
    }

    fn cannot(&self, scene: &Scene, error: &TlsSetupError) -> Box<Refusal> {
        let reason = Reason::NoCommonProtocol {
            detail: error.to_string(),
        };
        Box::new(scene.refusal(By::Ours, reason, None, self.seams.clock.wall()))
    }

    /// The local address a QUIC socket is bound to. To a loopback relay it is loopback too: nothing of a demo on one
    /// laptop is reachable from outside, and no firewall asks.
    fn leave_from(&self, to: SocketAddr) -> SocketAddr {
        let any: IpAddr = match (to.is_ipv4(), to.ip().is_loopback()) {
            (true, true) => Ipv4Addr::LOCALHOST.into(),
            (true, false) => Ipv4Addr::UNSPECIFIED.into(),
            (false, true) => Ipv6Addr::LOCALHOST.into(),
            (false, false) => Ipv6Addr::UNSPECIFIED.into(),
        };
        SocketAddr::new(self.from.unwrap_or(any), 0)
    }

    pub(crate) fn seams(&self) -> &Seams {
        &self.seams
    }

    pub(crate) fn timings(&self) -> DialTimings {
        self.timings
    }

    pub(crate) fn tls(&self) -> &ClientTls {
        &self.tls
    }
}

/// HTTP/2 could not even begin on a fresh connection.
pub(crate) fn http2_failed(error: &tonic::transport::Error) -> io::Error {
    io::Error::other(error.to_string())
}
