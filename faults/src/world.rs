//! The simulated world: hosts, links, sockets, clocks and crashes on one thread and a paused clock.
//!
//! A [`World`] stands behind the seams of `transport`. It must be made inside a current-thread runtime whose clock is
//! paused; then nothing in it depends on the machine, and the same seed is the same world, packet by packet. What is on
//! its way waits in one ordered queue; one task delivers it.
//!
//! Time is cut into milliseconds, as tokio's timers are. Each host runs one node. A node that is *killed* loses its
//! tasks at their next await and its sockets at once: nothing says goodbye, but the machine is alive and resets what
//! comes for the dead. One whose *power* is cut is silent until it is back.
//!
//! Not simulated: the stack of a real kernel (TCP is the model in `tcp`), names, and a slow processor: computing costs
//! no time here.

mod crypto;
mod host;
mod net;
mod tcp;
mod trace;
mod udp;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub use host::NodeClock;
use net::State;
pub use trace::{Tally, Trace};

use crate::chance::Dice;
use crate::emulator::Conditions;

/// A host of the world. Numbered from 0 in the order of making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u8);

/// The two kinds of traffic between hosts, each with links of its own: a firewall may stop one and not the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wire {
    /// Datagrams.
    Udp,
    /// Segments of byte streams.
    Tcp,
}

impl Wire {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Udp, Self::Tcp];
}

/// One direction between two hosts, of one kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// Sender.
    pub from: HostId,
    /// Receiver.
    pub to: HostId,
    /// Which traffic.
    pub wire: Wire,
}

/// How a node went down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The process was killed; its machine lives.
    Killed,
    /// The machine lost its power.
    PowerCut,
}

/// The world. Clones are the same world.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    earlier: Arc<Notify>,
    start: Instant,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "World({} ms)", self.now_ms())
    }
}

impl World {
    /// A world with so many hosts, at time zero. Its one task ends with the runtime.
    #[must_use]
    pub fn new(hosts: u8, dice: &Dice) -> Self {
        let world = Self {
            state: Arc::new(Mutex::new(State::new(hosts, dice))),
            earlier: Arc::new(Notify::new()),
            start: Instant::now(),
        };
        tokio::spawn(world.clone().deliver());
        world
    }

    /// The address of a host.
    #[must_use]
    pub fn address(host: HostId) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, host.0.saturating_add(1)))
    }

    /// Time since the world began.
    #[must_use]
    pub fn now(&self) -> Duration {
        Instant::now().duration_since(self.start)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.now().as_millis()).unwrap_or(u64::MAX)
    }

    /// A way behaves differently from now on.
    pub fn change(&self, way: Way, conditions: Conditions) {
        let now = self.now();
        self.lock().link(way).change(conditions, now);
    }

    /// How a way behaves.
    #[must_use]
    pub fn conditions(&self, way: Way) -> Conditions {
        self.lock().link(way).conditions().clone()
    }

    /// A node dies: every socket of its host is gone.
    pub fn node_died(&self, host: HostId, death: Death) {
        self.with(|state, now_ms| state.node_died(host, death, now_ms));
    }

    /// A node starts: its host has power.
    pub fn node_starts(&self, host: HostId) {
        self.lock().power_on(host);
    }

    /// What was sent so far, folded into one number: two runs of one seed have the same.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.lock().trace.clone()
    }

    /// Folds something else into the trace: what the judge of a run saw.
    pub fn note(&self, what: &str) {
        let now_ms = self.now_ms();
        self.lock().trace.note(now_ms, what);
    }

    /// What was sent so far, counted.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.lock().tally.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes the delivery if something is due before it meant to look.
    fn with<T>(&self, change: impl FnOnce(&mut State, u64) -> T) -> T {
        let now_ms = self.now_ms();
        let mut state = self.lock();
        let done = change(&mut state, now_ms);
        if state.next_due().is_some_and(|due| due < state.looks_again_ms) {
            self.earlier.notify_one();
        }
        done
    }

    /// Delivers what is due, for as long as the world lasts.
    async fn deliver(self) {
        loop {
            let now_ms = self.now_ms();
            let next = self.lock().run_due(now_ms);
            match next {
                None => self.earlier.notified().await,
                Some(due_ms) => {
                    let due = self.start + Duration::from_millis(due_ms);
                    tokio::select! {
                        biased;
                        () = self.earlier.notified() => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
            }
        }
    }
}

/// The host an address belongs to.
fn host_of(address: SocketAddr) -> Option<HostId> {
    match address.ip() {
        IpAddr::V4(v4) => match v4.octets() {
            [10, 0, 0, last] if last > 0 => Some(HostId(last - 1)),
            _ => None,
        },
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests;
