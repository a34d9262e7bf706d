//! A misbehaving link on live sockets: an unprivileged proxy in front of any leg, for UDP and TCP alike.
//!
//! A [`Proxy`] listens at one address, dials another, and lets every packet meet the fate that the emulator's
//! [`Link`] gives it, one link per direction. Faults have names, and come and go while it runs;
//! [`mod@combine`] says how several of them work together. The emulator is the one that the simulated world plays with,
//! with the same dice: the same packets at the same times under the same seed meet the same fates.
//!
//! - **UDP**: each client address gets an upstream socket of its own (at most [`CLIENTS_MAX`], let go after
//!   [`CLIENT_IDLE`] without a packet). At any bound datagrams are lost, and counted.
//! - **TCP** cannot lose bytes. The stream is cut into segments of up to [`SEGMENT_BYTES`]; one that is lost costs a
//!   retransmission time (the round trip of its direction and 200 ms, doubled by each further loss) and holds up what
//!   follows, as it would between kernels. Order is kept, so jitter and detours only delay. A cut link stops passing
//!   bytes and ends, and the connection stays: half-open. A new connection takes a round trip, and waits while the link is
//!   cut; the kernel tells the dialling end at once that it is connected. At any bound the proxy stops reading. Loss does not narrow a sender's window here: for its bandwidth set a bandwidth.
//!
//! What the system does beside it: a kernel's own buffers lie before and behind the proxy, and ECN
//! marks and the do-not-fragment bit end here.

pub mod combine;
mod courier;
pub mod fault;
mod lane;
mod stats;
mod tcp;
mod udp;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_transport::Seams;
use tokio::task::AbortHandle;

use self::{
    combine::{combine, joins},
    courier::Courier,
    lane::Lane,
};
use crate::{
    Dice,
    emulator::{Conditions, Link},
};

pub use self::{
    fault::{Direction, Fault, FaultError, Named},
    stats::{DirectionStats, LostBy, Stats},
    tcp::{CONNECTIONS_MAX, SEGMENT_BYTES},
    udp::{CLIENT_IDLE, CLIENTS_MAX},
};

/// Most faults of one proxy at a time. 64: nobody keeps more apart.
pub const FAULTS_MAX: usize = 64;

/// What a link carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// Byte streams.
    Tcp,
}

impl Protocol {
    /// `udp` or `tcp`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// Where a proxy listens. Port 0 lets the system choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// For datagrams.
    Udp(SocketAddr),
    /// For connections.
    Tcp(SocketAddr),
}

impl Listen {
    /// What the link carries.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Udp(_) => Protocol::Udp,
            Self::Tcp(_) => Protocol::Tcp,
        }
    }
}

/// A task that ends with its handle.
struct Task(AbortHandle);

impl Task {
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Both directions of a link, and what its tasks share.
struct Ways {
    courier: Arc<Courier>,
    up: Arc<Lane>,
    down: Arc<Lane>,
    faults: Mutex<Vec<Named>>,
    /// Woken when the faults change.
    changed: tokio::sync::Notify,
    /// Clients (UDP) or connections (TCP) at the moment.
    clients: std::sync::atomic::AtomicU64,
}

impl Ways {
    fn faults(&self) -> MutexGuard<'_, Vec<Named>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A proxy that runs. It ends, with everything on its way, when it is dropped.
pub struct Proxy {
    ways: Arc<Ways>,
    local: SocketAddr,
    to: SocketAddr,
    protocol: Protocol,
    _door: Task,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({} {} to {})", self.protocol.name(), self.local, self.to)
    }
}

impl Proxy {
    /// Listens, and forwards to `to`. Nothing is wrong with the link yet. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be listened at, or the system gives no thread.
    pub async fn start(listen: Listen, to: SocketAddr, seed: u64) -> io::Result<Self> {
        let courier = Courier::start(Seams::system().clock)?;
        let perfect = Conditions {
            latency: Duration::ZERO,
            ..Conditions::default()
        };
        // A UDP and a TCP link of one seed do not lose the same packets.
        let dice = Dice::new(seed).apart(listen.protocol().name());
        let lane = |way| Lane::new(Arc::clone(&courier), Link::new(perfect.clone(), dice.apart(way)));
        let (up, down) = (lane("up"), lane("down"));
        let ways = Arc::new(Ways {
            courier,
            up,
            down,
            faults: Mutex::default(),
            changed: tokio::sync::Notify::new(),
            clients: std::sync::atomic::AtomicU64::new(0),
        });
        let opened = match listen {
            Listen::Udp(at) => udp::open(Arc::clone(&ways), at, to),
            Listen::Tcp(at) => tcp::open(Arc::clone(&ways), at, to).await,
        };
        let (local, door) = opened.inspect_err(|_| ways.courier.close())?;
        Ok(Self {
            ways,
            local,
            to,
            protocol: listen.protocol(),
            _door: door,
        })
    }

    /// Where it listens, with the port that was really given.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Where it forwards to.
    #[must_use]
    pub fn to(&self) -> SocketAddr {
        self.to
    }

    /// What it carries.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Time by the proxy's clock, as in [`Named::since`].
    #[must_use]
    pub fn now(&self) -> Duration {
        self.ways.courier.now()
    }

    /// Whether [`add`](Self::add) would take this fault now.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn would_take(&self, name: &str, fault: &Fault, direction: Direction) -> Result<(), FaultError> {
        self.joined(&self.ways.faults(), name, fault, direction).map(drop)
    }

    /// Puts a fault in force.
    ///
    /// # Errors
    /// [`FaultError`] if it cannot be applied, its values make no sense, its name is taken, or it does not combine with
    /// what is in force. Then nothing changed.
    pub fn add(&self, name: &str, fault: Fault, direction: Direction) -> Result<(), FaultError> {
        self.add_all(&[(name.to_owned(), fault)], direction)
    }

    /// Puts several faults in force at once, or none.
    ///
    /// # Errors
    /// As [`add`](Self::add), for the first that cannot be taken.
    pub fn add_all(&self, new: &[(String, Fault)], direction: Direction) -> Result<(), FaultError> {
        let mut faults = self.ways.faults();
        let mut all = faults.clone();
        for (name, fault) in new {
            let named = self.joined(&all, name, fault, direction)?;
            all.push(named);
        }
        *faults = all;
        self.apply(&faults);
        Ok(())
    }

    fn joined(
        &self,
        faults: &[Named],
        name: &str,
        fault: &Fault,
        direction: Direction,
    ) -> Result<Named, FaultError> {
        fault.check(self.protocol, direction)?;
        let new = Named {
            name: name.to_owned(),
            fault: fault.clone(),
            direction,
            since: self.now(),
        };
        joins(faults, &new)?;
        Ok(new)
    }

    /// Takes a fault back.
    ///
    /// # Errors
    /// [`FaultError::NoSuchName`] lists the names there are.
    pub fn remove(&self, name: &str) -> Result<Named, FaultError> {
        let mut faults = self.ways.faults();
        let Some(place) = faults.iter().position(|named| named.name == name) else {
            let names: Vec<&str> = faults.iter().map(|named| named.name.as_str()).collect();
            let known = match names.as_slice() {
                [] => "none is in force".to_owned(),
                names => format!("in force: {}", names.join(", ")),
            };
            let name = name.to_owned();
            return Err(FaultError::NoSuchName { name, known });
        };
        let removed = faults.remove(place);
        self.apply(&faults);
        Ok(removed)
    }

    /// Takes all faults back; returns how many there were.
    pub fn clear(&self) -> usize {
        let mut faults = self.ways.faults();
        let count = faults.len();
        faults.clear();
        self.apply(&faults);
        count
    }

    /// The faults in force, in the order they were added.
    #[must_use]
    pub fn list(&self) -> Vec<Named> {
        self.ways.faults().clone()
    }

    /// What was counted since it started.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            up: self.ways.up.stats(),
            down: self.ways.down.stats(),
            clients: self.ways.clients.load(std::sync::atomic::Ordering::Relaxed),
        }
    }

    fn apply(&self, faults: &[Named]) {
        let ipv6 = self.to.is_ipv6();
        self.ways.up.change(combine(faults, true, ipv6));
        self.ways.down.change(combine(faults, false, ipv6));
        self.ways.changed.notify_waiters();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ways.courier.close();
    }
}

#[cfg(test)]
mod tests;
