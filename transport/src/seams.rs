//! The seams: every place where this program touches the world outside.
//!
//! Time, chance, tasks, sockets and cryptography come through [`Seams`] and through nothing else, so that the
//! simulated world can put its own behind the same code: virtual time, seeded chance, a network that loses and
//! reorders, a crash that drops every task of a node between two awaits. Retrofitting these is the expensive way
//! (each was measured to break a replay when left to the system), so they are here from the first day.
//!
//! What the seams deliberately do not hold: disks (the ledger has its own seam), story time (it never drives the
//! line), and any decision. The real ones live in `seams/system.rs`, the only file of this room that reads a clock.
//!
//! Two leaks are known and harmless so far: h2 stamps reset streams and hyper its Date header with the real clock;
//! and tonic spawns one task per HTTP/2 connection on the current runtime. Those tasks end when their socket does.

mod shifted;
mod spawner;
mod system;

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hotline_core::time::{LineTime, WallTime};
use rustls::crypto::CryptoProvider;
use tokio::io::{AsyncRead, AsyncWrite};

pub use shifted::ShiftedClock;
pub use spawner::{Drained, Spawner};

/// The two clocks of the line. Story time is no business of this room.
pub trait Clock: Send + Sync + Debug + 'static {
    /// UTC as this machine believes it: judges certificates, is printed, orders nothing.
    fn wall(&self) -> WallTime;
    /// Time since this clock was made; never steps back. Heartbeats, back-off and limits.
    fn line(&self) -> LineTime;
}

/// Randomness for ids, nonces, connection ids and jitter. Key shares of TLS are the crypto provider's own business.
pub trait Entropy: Send + Sync + Debug + 'static {
    /// Fills the whole buffer with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// Bytes both ways, as TCP carries them.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A connected byte stream of whichever network is behind the seam.
pub type BoxedStream = Box<dyn ByteStream>;

/// What quinn needs of a network: a bound socket, and the runtime that times and drives it.
#[derive(Debug, Clone)]
pub struct UdpSeam {
    /// The bound socket.
    pub socket: Arc<dyn quinn::AsyncUdpSocket>,
    /// Timers and tasks of the endpoint. A simulated one spawns on its node, so that a crash takes these too.
    pub runtime: Arc<dyn quinn::Runtime>,
}

/// A listening TCP socket.
pub trait TcpAcceptor: Send {
    /// Where it listens, with the port that was really given.
    ///
    /// # Errors
    /// When the socket no longer knows, as the operating system says.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Waits for the next connection. Small writes are not held back (TCP_NODELAY).
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxedStream, SocketAddr)>>;
}

/// Sockets.
pub trait Network: Send + Sync + Debug + 'static {
    /// Binds a UDP socket.
    ///
    /// # Errors
    /// When the address is taken or is not ours.
    fn udp(&self, bind: SocketAddr) -> io::Result<UdpSeam>;

    /// Connects by TCP, leaving from the local address `from` if one is given. Small writes are not held back.
    fn tcp_connect(&self, from: Option<IpAddr>, to: SocketAddr) -> BoxFuture<'_, io::Result<BoxedStream>>;

    /// Listens for TCP.
    fn tcp_listen(&self, bind: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpAcceptor>>>;
}

/// One node's hold on the world. Cheap to clone; every clone is the same node.
#[derive(Debug, Clone)]
pub struct Seams {
    /// Wall and line time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Owner of this node's tasks.
    pub spawner: Spawner,
    /// Sockets.
    pub network: Arc<dyn Network>,
    /// Ciphers, signatures, key exchange: the rustls provider for both doors.
    pub crypto: Arc<CryptoProvider>,
}

impl Seams {
    /// The real world: this machine's clocks, random source and sockets, and ring's provider with the hybrid
    /// key exchange ([`hybrid::provider`](crate::hybrid::provider)).
    ///
    /// The line clock starts at zero here; make one per process and clone it.
    #[must_use]
    pub fn system() -> Self {
        system::seams()
    }

    /// A key or nonce of `N` fresh bytes.
    pub(crate) fn fresh<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}
