//! Callers that do not play by the rules: no certificate, other protocols, stalled packets. And a network that crashes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use hotline_core::identity::Role;
use hotline_core::leg::Door;
use hotline_transport::seams::{BoxedStream, TcpAcceptor, UdpSeam};
use hotline_transport::{
    ALPN_QUIC, ALPN_TCP, Doors, ListenLimits, Listener, Network, NodeSecrets, Seams, ServerTls, Spawner,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, NamedGroup, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::pki::{Leaf, order};
use crate::stage::{B_OPS, Relay, Stage, eventually, soon};

/// Accepts any server. Only here.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn careless(door: Door, leaf: Option<Leaf>, alpn: Option<&str>) -> ClientConfig {
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone));
    let mut config = match leaf {
        Some(leaf) => {
            let key = leaf.key_der();
            builder.with_client_auth_cert(leaf.chain, key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    let own = match door {
        Door::Quic => ALPN_QUIC,
        Door::Tcp => ALPN_TCP,
    };
    config.alpn_protocols = vec![alpn.map_or(own.to_vec(), |alpn| alpn.as_bytes().to_vec())];
    config
}

/// Shakes hands with a door as carelessly as possible, says hello and waits for the end. Returns when the relay has
/// written the refusal down.
pub async fn knock(relay: &Relay, door: Door, leaf: Option<Leaf>, alpn: Option<&str>) {
    let before = relay.refusals.total();
    let config = careless(door, leaf, alpn);
    match door {
        Door::Quic => drop(soon(quic_session(relay.doors.quic, config)).await),
        Door::Tcp => {
            let stream = tokio::net::TcpStream::connect(relay.doors.tcp).await.unwrap();
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
            if let Ok(mut session) = soon(connector.connect("localhost".try_into().unwrap(), stream)).await {
                let _ = session.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
                let mut answer = Vec::new();
                let _ = soon(session.read_to_end(&mut answer)).await;
                assert!(answer.is_empty(), "the relay spoke to somebody it refused");
            }
        }
    }
    eventually(|| (relay.refusals.total() > before).then_some(())).await;
}

async fn quic_session(to: SocketAddr, config: ClientConfig) -> Option<quinn::ConnectionError> {
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(config).unwrap();
    let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(crypto)));
    match endpoint.connect(to, "localhost").unwrap().await {
        Ok(connection) => Some(connection.closed().await),
        Err(error) => Some(error),
    }
}

/// Lets a QUIC caller's first packets through and then none.
pub async fn stall_quic(relay: &Relay) {
    let to = relay.doors.quic;
    let middle = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let middle_address = middle.local_addr().unwrap();
    let caller = tokio::spawn(quic_session(middle_address, careless(Door::Quic, None, None)));
    let mut packet = [0_u8; 2048];
    let (length, _) = soon(middle.recv_from(&mut packet)).await.unwrap();
    middle.send_to(&packet[..length], to).await.unwrap();
    eventually(|| {
        relay
            .refusals
            .recent()
            .iter()
            .any(|noted| noted.door == Door::Quic)
            .then_some(())
    })
    .await;
    caller.abort();
}

/// A session store that would resume if it were ever given a ticket.
#[derive(Debug, Default)]
struct Tickets {
    given: AtomicUsize,
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {
        self.given.fetch_add(1, Ordering::SeqCst);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

#[tokio::test]
async fn a_caller_that_would_like_to_resume_is_given_no_ticket() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let tickets = Arc::new(Tickets::default());
    for door in Door::ALL {
        let mut config = careless(door, Some(stage.b.leaf(&order(B_OPS))), None);
        config.resumption = Resumption::store(Arc::clone(&tickets) as Arc<dyn ClientSessionStore>);
        config.enable_early_data = true;
        match door {
            Door::Quic => {
                let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(config).unwrap();
                let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
                endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(crypto)));
                let connecting = endpoint.connect(relay.doors.quic, "localhost").unwrap();
                let connecting = connecting.into_0rtt().err().expect("no early data is possible");
                let connection = connecting.await.unwrap();
                let (mut send, mut recv) = connection.open_bi().await.unwrap();
                send.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
                // The relay's first word comes after everything TLS had to say.
                soon(recv.read(&mut [0; 16])).await.unwrap();
            }
            Door::Tcp => {
                let stream = tokio::net::TcpStream::connect(relay.doors.tcp).await.unwrap();
                let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
                let mut session = connector
                    .connect("localhost".try_into().unwrap(), stream)
                    .await
                    .unwrap();
                assert!(soon(session.read(&mut [0; 16])).await.unwrap() > 0);
                assert_eq!(
                    session.get_ref().1.handshake_kind(),
                    Some(rustls::HandshakeKind::Full)
                );
            }
        }
    }
    assert_eq!(tickets.given.load(Ordering::SeqCst), 0);
}

/// The moment of these tests, for a TLS library that is not ours to set up.
#[derive(Debug)]
struct Noon;

impl rustls::time_provider::TimeProvider for Noon {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(
            crate::pki::NOON,
        )))
    }
}

#[tokio::test]
async fn a_stock_grpc_client_connects_by_the_relays_dns_name() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(stage.a.der()).unwrap();
    let desk = stage.b.leaf(&order(B_OPS));
    let key = desk.key_der();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_details(crypto, Arc::new(Noon))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(desk.chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = tokio::net::TcpStream::connect(relay.doors.tcp).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut session = connector
        .connect("localhost".try_into().unwrap(), stream)
        .await
        .unwrap();
    let mut frame = [0; 9];
    soon(session.read_exact(&mut frame)).await.unwrap();
    assert_eq!(frame[3], 4, "the relay's first frame is SETTINGS");
}

#[tokio::test]
async fn tls_1_2_is_impossible() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let mut stream = tokio::net::TcpStream::connect(relay.doors.tcp).await.unwrap();
    stream.write_all(&tls12_client_hello()).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    // One record: an alert (21), fatal (2), protocol_version (70).
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 70]);
    let noted = relay.noted().await;
    assert_eq!(noted.kind(), "NO_COMMON_PROTOCOL", "{noted}");
}

/// A well-formed TLS 1.2 ClientHello with an ECDHE suite, and no word of 1.3.
fn tls12_client_hello() -> Vec<u8> {
    let mut extensions = Vec::new();
    extensions.extend([0, 10, 0, 4, 0, 2, 0, 29]); // groups: x25519
    extensions.extend([0, 11, 0, 2, 1, 0]); // point formats: uncompressed
    extensions.extend([0, 13, 0, 4, 0, 2, 4, 3]); // signatures: ecdsa_secp256r1_sha256
    let mut body = vec![3, 3];
    body.extend([7_u8; 32]);
    body.push(0); // no session id
    body.extend([0, 2, 0xc0, 0x2b]); // ECDHE_ECDSA_AES128_GCM_SHA256
    body.extend([1, 0]); // no compression
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let mut hello = vec![1, 0];
    hello.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    hello.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend(u16::try_from(hello.len()).unwrap().to_be_bytes());
    record.extend(hello);
    record
}

#[tokio::test]
async fn an_abandoned_stream_never_looks_like_a_finished_one() {
    let stage = Stage::new();
    let credentials = stage.a.credentials(&stage.seams, &order(crate::stage::A_NORTH));
    let tls = ServerTls::new(&stage.seams, credentials, stage.trust(), &[Role::Desk]);
    let secrets = NodeSecrets::fresh(stage.seams.entropy.as_ref());
    let any = ([127, 0, 0, 1], 0).into();
    let doors = Doors { quic: any, tcp: any };
    let limits = ListenLimits::default();
    let (listener, mut incoming) = Listener::bind(&stage.seams, &tls, doors, &secrets, limits)
        .await
        .unwrap();
    let config = careless(Door::Quic, Some(stage.b.leaf(&order(B_OPS))), None);
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(config).unwrap();
    let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(crypto)));
    let connection = endpoint
        .connect(listener.local().quic, "localhost")
        .unwrap()
        .await
        .unwrap();
    for finishes in [true, false] {
        let (mut send, mut recv) = connection.open_bi().await.unwrap();
        send.write_all(b"hello").await.unwrap();
        let mut conn = soon(incoming.next()).await.unwrap().unwrap();
        assert_eq!(conn.peer().identity.to_string(), B_OPS);
        conn.read_exact(&mut [0; 5]).await.unwrap();
        conn.write_all(b"half an answer").await.unwrap();
        if finishes {
            conn.shutdown().await.unwrap();
        }
        drop(conn);
        let ended = soon(recv.read_to_end(100)).await;
        assert_eq!(ended.is_ok(), finishes, "{ended:?}");
    }
}

#[tokio::test]
async fn garbage_at_the_doors_is_refused_and_harms_nobody() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let mut stream = tokio::net::TcpStream::connect(relay.doors.tcp).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for length in [1_usize, 20, 1200, 1472] {
        socket.send_to(&vec![0xff; length], relay.doors.quic).unwrap();
        socket.send_to(&vec![0; length], relay.doors.quic).unwrap();
    }
    assert_eq!(relay.noted().await.kind(), "BROKEN_OFF");
    for door in Door::ALL {
        assert!(
            relay
                .dialled_by(&stage.desk(), door)
                .await
                .unwrap()
                .seen()
                .await
                .starts_with(B_OPS)
        );
    }
}

/// The real network, but quinn's own tasks belong to a node and die with it.
#[derive(Debug)]
pub struct CrashableNetwork {
    real: Arc<dyn Network>,
    spawner: Spawner,
}

impl CrashableNetwork {
    pub fn new(seams: &Seams, spawner: &Spawner) -> Self {
        Self {
            real: Arc::clone(&seams.network),
            spawner: spawner.clone(),
        }
    }
}

impl Network for CrashableNetwork {
    fn udp(&self, bind: SocketAddr) -> io::Result<UdpSeam> {
        let UdpSeam { socket, runtime } = self.real.udp(bind)?;
        let runtime = Arc::new(CrashableRuntime {
            real: runtime,
            spawner: self.spawner.clone(),
        });
        Ok(UdpSeam { socket, runtime })
    }

    fn tcp_connect(&self, from: Option<IpAddr>, to: SocketAddr) -> BoxFuture<'_, io::Result<BoxedStream>> {
        self.real.tcp_connect(from, to)
    }

    fn tcp_listen(&self, bind: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpAcceptor>>> {
        self.real.tcp_listen(bind)
    }
}

#[derive(Debug)]
struct CrashableRuntime {
    real: Arc<dyn quinn::Runtime>,
    spawner: Spawner,
}

impl quinn::Runtime for CrashableRuntime {
    fn new_timer(&self, at: std::time::Instant) -> std::pin::Pin<Box<dyn quinn::AsyncTimer>> {
        self.real.new_timer(at)
    }

    fn spawn(&self, future: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.spawner.spawn("quinn", future);
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn quinn::AsyncUdpSocket>> {
        self.real.wrap_udp_socket(socket)
    }

    fn now(&self) -> std::time::Instant {
        self.real.now()
    }
}

#[tokio::test]
async fn a_crash_drops_quinns_tasks_too() {
    let stage = Stage::new();
    let spawner = Spawner::new();
    let network = CrashableNetwork::new(&stage.seams, &spawner);
    let udp = network.udp("127.0.0.1:0".parse().unwrap()).unwrap();
    let runtime = Arc::clone(&udp.runtime);
    runtime.spawn(Box::pin(std::future::pending()));
    assert_eq!(spawner.running(), 1);
    spawner.abort_all();
    eventually(|| (spawner.running() == 0).then_some(())).await;
    tokio::time::sleep(Duration::ZERO).await;
}
