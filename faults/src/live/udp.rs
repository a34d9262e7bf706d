//! Datagrams through a proxy: one listening socket, and one upstream socket for each client address.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::net::UdpSocket;

use super::{Task, Ways, lane::Parcel};

/// Clients of one proxy at a time. 1,024: a line has a handful of desks.
pub const CLIENTS_MAX: usize = 1_024;
/// Silence after which a client's upstream socket is let go. 120 s: longer than any session of the line stays idle.
pub const CLIENT_IDLE: Duration = Duration::from_secs(120);
/// How often idle clients are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// Largest datagram there is, in bytes.
const DATAGRAM_MAX: usize = 65_535;
/// Receive buffer asked for each socket, in bytes; the system may give less.
const RECEIVE_BYTES: usize = 4 << 20;
/// Pause after a receive error, so that an error that stays does not spin.
const AFTER_ERROR: Duration = Duration::from_millis(1);

/// One client's upstream socket.
struct Client {
    socket: Arc<UdpSocket>,
    /// When its last packet passed, in microseconds of the proxy's clock.
    last_us: Arc<AtomicU64>,
    _back: Task,
}

pub(super) fn open(ways: Arc<Ways>, at: SocketAddr, to: SocketAddr) -> io::Result<(SocketAddr, Task)> {
    let socket = bind(at)?;
    let local = socket.local_addr()?;
    let door = Door {
        ways,
        socket: Arc::new(socket),
        to,
        clients: BTreeMap::new(),
    };
    Ok((local, Task::spawn(door.run())))
}

fn bind(at: SocketAddr) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind(at)?;
    // A smaller buffer than asked for loses only what comes in bursts, and the system counts it.
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BYTES);
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

struct Door {
    ways: Arc<Ways>,
    socket: Arc<UdpSocket>,
    to: SocketAddr,
    clients: BTreeMap<SocketAddr, Client>,
}

impl Door {
    async fn run(mut self) {
        let mut buffer = vec![0_u8; DATAGRAM_MAX];
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                biased;
                _ = sweep.tick() => self.sweep(),
                came = self.socket.recv_from(&mut buffer) => match came {
                    Ok((size, client)) => self.datagram(&buffer[..size], client),
                    Err(_) => tokio::time::sleep(AFTER_ERROR).await,
                },
            }
        }
    }

    fn datagram(&mut self, bytes: &[u8], client: SocketAddr) {
        let known = match self.client(client) {
            Ok(known) => known,
            Err(_) => return self.ways.up.no_room(bytes.len()),
        };
        self.ways.up.datagram(Parcel {
            bytes: Bytes::copy_from_slice(bytes),
            from: known,
            to: None,
        });
    }

    fn client(&mut self, client: SocketAddr) -> io::Result<Arc<UdpSocket>> {
        let now_us = us(self.ways.courier.now());
        if let Some(known) = self.clients.get(&client) {
            known.last_us.store(now_us, Ordering::Relaxed);
            return Ok(Arc::clone(&known.socket));
        }
        if self.clients.len() >= CLIENTS_MAX {
            return Err(io::Error::other("too many clients"));
        }
        let any: SocketAddr = match self.to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = bind(any)?;
        rustix::net::connect(&socket, &self.to)?;
        let socket = Arc::new(socket);
        let last_us = Arc::new(AtomicU64::new(now_us));
        let back = Back {
            ways: Arc::clone(&self.ways),
            upstream: Arc::clone(&socket),
            door: Arc::clone(&self.socket),
            client,
            last_us: Arc::clone(&last_us),
        };
        let new = Client {
            socket: Arc::clone(&socket),
            last_us,
            _back: Task::spawn(back.run()),
        };
        self.clients.insert(client, new);
        self.count();
        Ok(socket)
    }

    fn sweep(&mut self) {
        let now_us = us(self.ways.courier.now());
        let idle_us = us(CLIENT_IDLE);
        self.clients
            .retain(|_, client| now_us.saturating_sub(client.last_us.load(Ordering::Relaxed)) < idle_us);
        self.count();
    }

    fn count(&self) {
        let count = self.clients.len() as u64;
        self.ways.clients.store(count, Ordering::Relaxed);
    }
}

/// What comes back for one client.
struct Back {
    ways: Arc<Ways>,
    upstream: Arc<UdpSocket>,
    door: Arc<UdpSocket>,
    client: SocketAddr,
    last_us: Arc<AtomicU64>,
}

impl Back {
    async fn run(self) {
        let mut buffer = vec![0_u8; DATAGRAM_MAX];
        loop {
            // An error here is the news that nobody listens upstream: the client learns nothing, as over a real link
            // whose far end is silent.
            let Ok(size) = self.upstream.recv(&mut buffer).await else {
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            };
            self.last_us.store(us(self.ways.courier.now()), Ordering::Relaxed);
            self.ways.down.datagram(Parcel {
                bytes: Bytes::copy_from_slice(&buffer[..size]),
                from: Arc::clone(&self.door),
                to: Some(self.client),
            });
        }
    }
}

fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
