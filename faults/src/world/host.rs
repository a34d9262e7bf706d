//! One node's hold on the world: its clock, its chance, its sockets, its tasks.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use hotline_core::time::{LineTime, WallTime};
use hotline_transport::{BoxedStream, Clock, Network, Seams, Spawner, TcpAcceptor, UdpSeam};
use quinn::{AsyncTimer, AsyncUdpSocket, Runtime};

use super::crypto::provider;
use super::udp::{Port, SimUdp};
use super::{HostId, Wire, World};
use crate::chance::{Dice, SeededEntropy};

/// What a node believes the time to be: the world's own, off by what somebody set. Outlives the node, as a machine's
/// clock does.
#[derive(Clone, Debug)]
pub struct NodeClock {
    world: World,
    /// The wall time at which the world began, in milliseconds since 1970.
    began_ms: u64,
    off_ms: Arc<AtomicI64>,
}

impl NodeClock {
    /// A clock that is right. The world began at `began`.
    #[must_use]
    pub fn new(world: &World, began: WallTime) -> Self {
        Self {
            world: world.clone(),
            began_ms: began.unix_ms(),
            off_ms: Arc::default(),
        }
    }

    /// Sets it off by so many milliseconds from now on; line time is not touched.
    pub fn set_off(&self, off_ms: i64) {
        self.off_ms.store(off_ms, Ordering::Relaxed);
    }
}

impl Clock for NodeClock {
    fn wall(&self) -> WallTime {
        let now_ms = self.began_ms.saturating_add(self.world.now_ms());
        WallTime::from_unix_ms(now_ms.saturating_add_signed(self.off_ms.load(Ordering::Relaxed)))
    }

    fn line(&self) -> LineTime {
        LineTime::from_start(self.world.now())
    }
}

impl World {
    /// The seams of one life of a node: ended by `abort_all` on its spawner together with [`World::node_died`].
    #[must_use]
    pub fn seams(&self, host: HostId, clock: &NodeClock, dice: Dice) -> Seams {
        let spawner = Spawner::new();
        Seams {
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new(dice)),
            spawner: spawner.clone(),
            network: Arc::new(HostNetwork {
                world: self.clone(),
                host,
                spawner,
            }),
            crypto: provider(),
        }
    }
}

#[derive(Debug)]
struct HostNetwork {
    world: World,
    host: HostId,
    spawner: Spawner,
}

impl HostNetwork {
    /// The host's own address, with a port.
    fn own(&self, asked: SocketAddr) -> SocketAddr {
        let port = match asked.port() {
            0 => self.world.lock().free_port(self.host),
            port => port,
        };
        SocketAddr::new(World::address(self.host), port)
    }
}

impl Network for HostNetwork {
    fn udp(&self, bind: SocketAddr) -> io::Result<UdpSeam> {
        let local = self.own(bind);
        let number = self.world.with(|state, now_ms| {
            if state.ports.contains_key(&local) {
                return Err(io::Error::from(io::ErrorKind::AddrInUse));
            }
            if bind.port() == 0 {
                state.tally.dialled(self.host, Wire::Udp, now_ms);
            }
            let number = state.number();
            state.ports.insert(local, Port::new(number));
            Ok(number)
        })?;
        Ok(UdpSeam {
            socket: Arc::new(SimUdp {
                world: self.world.clone(),
                local,
                number,
            }),
            runtime: Arc::new(NodeRuntime {
                spawner: self.spawner.clone(),
            }),
        })
    }

    fn tcp_connect(&self, _from: Option<IpAddr>, to: SocketAddr) -> BoxFuture<'_, io::Result<BoxedStream>> {
        let from = self.own(SocketAddr::new(World::address(self.host), 0));
        Box::pin(async move {
            let stream = self.world.connect(self.host, from, to).await?;
            Ok(Box::new(stream) as BoxedStream)
        })
    }

    fn tcp_listen(&self, bind: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpAcceptor>>> {
        let local = self.own(bind);
        Box::pin(async move {
            let acceptor = self.world.listen(local)?;
            Ok(Box::new(acceptor) as Box<dyn TcpAcceptor>)
        })
    }
}

/// Timers on the paused clock, and tasks that die with their node.
#[derive(Debug)]
struct NodeRuntime {
    spawner: Spawner,
}

impl Runtime for NodeRuntime {
    fn new_timer(&self, at: std::time::Instant) -> Pin<Box<dyn AsyncTimer>> {
        Box::pin(tokio::time::sleep_until(at.into()))
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.spawner.spawn("quic", future);
    }

    fn wrap_udp_socket(&self, _: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn now(&self) -> std::time::Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// How long a caller waits for an answer to its first packet, before each further try.
pub(super) const CONNECT_AGAIN: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
