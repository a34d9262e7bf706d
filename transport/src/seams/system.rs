//! The real seams: this machine's clocks, its random source, its sockets.
//!
//! `Instant::now` and `SystemTime::now` are called here and nowhere else in this room. (quinn's own tokio runtime,
//! handed out by [`SystemNetwork::udp`], reads the monotonic clock itself; a simulated network brings another.)

#![expect(clippy::disallowed_methods, reason = "the one file that reads the clocks")]

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use hotline_core::time::{LineTime, WallTime};
use quinn::Runtime;
use ring::rand::SecureRandom;
use tokio::net::{TcpListener, TcpSocket};

use super::{BoxedStream, Clock, Entropy, Network, Seams, Spawner, TcpAcceptor, UdpSeam};

/// Connections that may wait in the kernel before we accept them. Handshakes are limited after that.
const TCP_BACKLOG: u32 = 128;

pub(super) fn seams() -> Seams {
    Seams {
        clock: Arc::new(SystemClock {
            start: Instant::now(),
        }),
        entropy: Arc::new(SystemEntropy),
        spawner: Spawner::new(),
        network: Arc::new(SystemNetwork),
        crypto: Arc::new(crate::hybrid::provider()),
    }
}

#[derive(Debug)]
struct SystemClock {
    start: Instant,
}

impl Clock for SystemClock {
    fn wall(&self) -> WallTime {
        // A clock before 1970 reads as 1970: certificates are then "not yet valid", which is said aloud.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallTime::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn line(&self) -> LineTime {
        LineTime::from_start(self.start.elapsed())
    }
}

#[derive(Debug)]
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        ring::rand::SystemRandom::new().fill(buffer).expect(
            "the operating system has randomness: without it no key and no id may be made, so we end here",
        );
    }
}

#[derive(Debug)]
struct SystemNetwork;

impl Network for SystemNetwork {
    fn udp(&self, bind: SocketAddr) -> io::Result<UdpSeam> {
        let runtime = Arc::new(quinn::TokioRuntime);
        let socket = runtime.wrap_udp_socket(std::net::UdpSocket::bind(bind)?)?;
        Ok(UdpSeam { socket, runtime })
    }

    fn tcp_connect(&self, from: Option<IpAddr>, to: SocketAddr) -> BoxFuture<'_, io::Result<BoxedStream>> {
        Box::pin(async move {
            let socket = socket_for(to)?;
            if let Some(from) = from {
                socket.bind(SocketAddr::new(from, 0))?;
            }
            let stream = socket.connect(to).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxedStream)
        })
    }

    fn tcp_listen(&self, bind: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpAcceptor>>> {
        Box::pin(async move {
            let socket = socket_for(bind)?;
            // A relay that restarts gets its port back at once, while old connections still linger.
            #[cfg(unix)]
            socket.set_reuseaddr(true)?;
            socket.bind(bind)?;
            Ok(Box::new(socket.listen(TCP_BACKLOG)?) as Box<dyn TcpAcceptor>)
        })
    }
}

fn socket_for(address: SocketAddr) -> io::Result<TcpSocket> {
    match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }
}

impl TcpAcceptor for TcpListener {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Self::local_addr(self)
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxedStream, SocketAddr)>> {
        Box::pin(async move {
            let (stream, remote) = Self::accept(self).await?;
            stream.set_nodelay(true)?;
            Ok((Box::new(stream) as BoxedStream, remote))
        })
    }
}
