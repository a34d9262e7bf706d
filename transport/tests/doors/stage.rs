//! A relay and a desk on loopback, with real sockets and real certificates, and a wall clock that stands at noon.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hotline_core::identity::{Identity, Role};
use hotline_core::leg::{Door, Lane};
use hotline_core::time::{LineTime, WallTime};
use hotline_transport::{
    Anchor, ClientTls, Clock, Connections, Credentials, Dialer, Doors, Ended, LaneChannel, ListenLimits,
    Listener, NodeSecrets, PeerInfo, QuicLeg, Refusal, RefusalLog, Seams, ServerTls, TrustStore,
    grpc_server_builder,
};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Service, ServiceExt};

use crate::pki::{Ca, NOON, Order, order};

pub const A_NORTH: &str = "spiffe://exercise.avelia.example/relay/north";
pub const A_OPS: &str = "spiffe://exercise.avelia.example/desk/ops";
pub const B_OPS: &str = "spiffe://exercise.borenia.example/desk/ops";
pub const A: &str = "exercise.avelia.example";
pub const B: &str = "exercise.borenia.example";

/// Longest that anything here may take.
pub const SOON: Duration = Duration::from_secs(5);

/// Wall time stands at noon, line time runs.
#[derive(Debug)]
pub struct NoonClock {
    start: tokio::time::Instant,
}

impl Clock for NoonClock {
    fn wall(&self) -> WallTime {
        WallTime::from_unix_ms(NOON)
    }

    fn line(&self) -> LineTime {
        LineTime::from_start(self.start.elapsed())
    }
}

/// Both sides' CAs, and seams that say it is noon.
pub struct Stage {
    pub seams: Seams,
    pub a: Ca,
    pub b: Ca,
}

/// A listening relay.
pub struct Relay {
    pub listener: Listener,
    pub doors: Doors,
    pub tls: ServerTls,
    pub connections: Connections,
    pub refusals: RefusalLog,
    pub identity: Identity,
}

/// A desk's hold on one relay through one door.
pub struct Held {
    pub lane: LaneChannel,
    pub leg: Option<QuicLeg>,
}

pub fn identity(text: &str) -> Identity {
    text.parse().unwrap()
}

impl Stage {
    pub fn new() -> Self {
        let mut seams = Seams::system();
        seams.clock = Arc::new(NoonClock {
            start: tokio::time::Instant::now(),
        });
        Self {
            seams,
            a: Ca::new("Avelia exercise CA"),
            b: Ca::new("Borenia exercise CA"),
        }
    }

    /// Both sides trust both CAs, each for its own domain.
    pub fn trust(&self) -> Arc<TrustStore> {
        self.trust_in(self.anchors())
    }

    pub fn anchors(&self) -> Vec<Anchor> {
        vec![self.a.anchor(A, &[]), self.b.anchor(B, &[])]
    }

    pub fn trust_in(&self, anchors: Vec<Anchor>) -> Arc<TrustStore> {
        Arc::new(TrustStore::new(&self.seams, anchors).unwrap())
    }

    /// A good relay of Avelia's, open to desks.
    pub async fn relay(&self) -> Relay {
        let credentials = self.a.credentials(&self.seams, &order(A_NORTH));
        self.relay_with(credentials, self.trust(), ListenLimits::default())
            .await
    }

    pub async fn relay_with(
        &self,
        credentials: Credentials,
        trust: Arc<TrustStore>,
        limits: ListenLimits,
    ) -> Relay {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let secrets = NodeSecrets::fresh(self.seams.entropy.as_ref());
        let doors = Doors { quic: any, tcp: any };
        open_relay(&self.seams, credentials, trust, limits, doors, &secrets).await
    }

    pub fn dialer(&self, credentials: Credentials) -> Dialer {
        self.dialer_trusting(credentials, self.trust())
    }

    pub fn dialer_trusting(&self, credentials: Credentials, trust: Arc<TrustStore>) -> Dialer {
        Dialer::new(&self.seams, &ClientTls::new(&self.seams, credentials, trust))
    }

    /// A good desk of Borenia's.
    pub fn desk(&self) -> Dialer {
        self.dialer(self.b.credentials(&self.seams, &order(B_OPS)))
    }

    pub fn desk_with(&self, order: &Order) -> Dialer {
        self.dialer(self.b.credentials(&self.seams, order))
    }
}

pub async fn open_relay(
    seams: &Seams,
    credentials: Credentials,
    trust: Arc<TrustStore>,
    limits: ListenLimits,
    doors: Doors,
    secrets: &NodeSecrets,
) -> Relay {
    let tls = ServerTls::new(seams, credentials, trust, &[Role::Desk, Role::Control]);
    serve(seams, tls, limits, doors, secrets).await
}

pub async fn serve(
    seams: &Seams,
    tls: ServerTls,
    limits: ListenLimits,
    doors: Doors,
    secrets: &NodeSecrets,
) -> Relay {
    let identity = tls.credentials().identity().clone();
    let (listener, incoming) = Listener::bind(seams, &tls, doors, secrets, limits).await.unwrap();
    let closing = seams.spawner.closing();
    seams.spawner.spawn("relay", async move {
        let served = grpc_server_builder()
            .add_service(Mirror)
            .serve_with_incoming_shutdown(incoming, closing.cancelled());
        served.await.unwrap();
    });
    Relay {
        doors: listener.local(),
        connections: listener.connections().clone(),
        refusals: listener.refusals().clone(),
        listener,
        tls,
        identity,
    }
}

impl Relay {
    pub fn address(&self, door: Door) -> SocketAddr {
        match door {
            Door::Quic => self.doors.quic,
            Door::Tcp => self.doors.tcp,
        }
    }

    /// Dials one door of this relay and opens the control lane.
    pub async fn dialled_by(&self, dialer: &Dialer, door: Door) -> Result<Held, Box<Refusal>> {
        self.dialled_as(dialer, door, &self.identity).await
    }

    pub async fn dialled_as(
        &self,
        dialer: &Dialer,
        door: Door,
        expected: &Identity,
    ) -> Result<Held, Box<Refusal>> {
        match door {
            Door::Quic => {
                let leg = dialer.quic(self.doors.quic, expected).await?;
                match leg.lane(Lane::Control).await {
                    Ok(lane) => Ok(Held { lane, leg: Some(leg) }),
                    Err(Ended::Refused(refusal)) => Err(refusal),
                    Err(other) => panic!("no lane: {other}"),
                }
            }
            Door::Tcp => {
                let lane = dialer.tcp(self.doors.tcp, expected, Lane::Control).await?;
                Ok(Held { lane, leg: None })
            }
        }
    }

    /// How a dial and all that follows ends: refused at once, or after a connect that looked well.
    pub async fn refuses(&self, dialer: &Dialer, door: Door) -> Refusal {
        match self.dialled_by(dialer, door).await {
            Err(refusal) => *refusal,
            Ok(held) => match soon(held.lane.closed()).await {
                Ended::Refused(refusal) => *refusal,
                other => panic!("{door}: ended without a refusal: {other}"),
            },
        }
    }

    /// The last refusal the relay wrote down, once there is one.
    pub async fn noted(&self) -> Arc<Refusal> {
        eventually(|| self.refusals.last()).await
    }
}

impl Held {
    pub async fn call(&self, path: &str) -> Result<http::Response<Body>, tonic::transport::Error> {
        let request = http::Request::builder()
            .method("POST")
            .uri(format!("http://hotline.invalid/mirror/{path}"))
            .header("content-type", "application/grpc")
            .body(Body::empty())
            .unwrap();
        let mut channel = self.lane.channel();
        channel.ready().await?.call(request).await
    }

    /// What the relay's handler knows of us.
    pub async fn seen(&self) -> String {
        let answer = soon(self.call("who")).await.unwrap();
        answer
            .headers()
            .get("x-peer")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    }
}

/// A service that says who called; at `/mirror/read` it first reads all it is sent, at
/// `/mirror/slow` it takes its time, at `/mirror/wait` it
/// never answers.
#[derive(Clone)]
pub struct Mirror;

impl NamedService for Mirror {
    const NAME: &'static str = "mirror";
}

impl Service<http::Request<Body>> for Mirror {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            if request.uri().path().ends_with("wait") {
                std::future::pending::<()>().await;
            }
            if request.uri().path().ends_with("slow") {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            if request.uri().path().ends_with("read") {
                let body = request.body_mut();
                while std::future::poll_fn(|cx| tonic::codegen::Body::poll_frame(Pin::new(&mut *body), cx))
                    .await
                    .is_some()
                {}
            }
            let peer = request.extensions().get::<PeerInfo>().unwrap();
            let seen = format!("{} {} {}", peer.identity, peer.door, peer.certificate.serial);
            let answer = http::Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-status", "0")
                .header("x-peer", seen);
            Ok(answer.body(Body::empty()).unwrap())
        })
    }
}

pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.expect("it happens soon")
}

/// Looks again and again until there is something.
pub async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    soon(async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}
