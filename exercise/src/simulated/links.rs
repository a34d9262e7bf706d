//! The links of a simulated line, under the names that the live ones have (`A north/quic`): what a fault means on one becomes
//! conditions of the world's ways between the side's desks and the relay.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_core::leg::Door;
use hotline_faults::{
    emulator::Conditions,
    live::{Direction, Fault, FaultError, Named, Protocol, Stats, combine},
    rig::{FaultView, LinkView, RigError},
    spec,
    world::{HostId, Way, Wire, World},
};

/// Time on the way of a link without faults. 1 ms: the world's own quiet network.
const QUIET: Duration = Duration::from_millis(1);

/// Between a side's desks and a relay, by one door.
#[derive(Clone, Debug)]
pub struct Between {
    /// Hosts of the desks.
    pub desks: Vec<HostId>,
    /// Host of the relay.
    pub relay: HostId,
    /// Which door.
    pub door: Door,
}

impl Between {
    fn protocol(&self) -> Protocol {
        match self.door {
            Door::Quic => Protocol::Udp,
            Door::Tcp => Protocol::Tcp,
        }
    }

    fn ways(&self, up: bool) -> impl Iterator<Item = Way> {
        let (relay, wire) = match self.door {
            Door::Quic => (self.relay, Wire::Udp),
            Door::Tcp => (self.relay, Wire::Tcp),
        };
        self.desks.iter().map(move |desk| match up {
            true => Way {
                from: *desk,
                to: relay,
                wire,
            },
            false => Way {
                from: relay,
                to: *desk,
                wire,
            },
        })
    }
}

struct Link {
    between: Between,
    faults: Vec<Named>,
}

/// All links of a line.
pub struct Links {
    world: World,
    links: Mutex<BTreeMap<String, Link>>,
}

impl Links {
    /// Links without faults.
    #[must_use]
    pub fn new(world: &World, between: impl IntoIterator<Item = (String, Between)>) -> Self {
        let links = between.into_iter().map(|(name, between)| {
            let faults = Vec::new();
            (name, Link { between, faults })
        });
        Self {
            world: world.clone(),
            links: Mutex::new(links.collect()),
        }
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Puts a fault on these links, or on none.
    ///
    /// # Errors
    /// A link refuses it, or the world has no such fault.
    pub fn add(
        &self,
        name: &str,
        fault: &Fault,
        direction: Direction,
        on: &[String],
    ) -> Result<(), RigError> {
        let named = Named {
            name: name.to_owned(),
            fault: fault.clone(),
            direction,
            since: self.world.now(),
        };
        let mut links = self.lock();
        for link in on.iter().filter_map(|link| links.get(link)) {
            let protocol = link.between.protocol();
            fault.check(protocol, direction)?;
            if !in_worlds(fault) {
                return Err(lacks(fault, protocol).into());
            }
            combine::joins(&link.faults, &named)?;
        }
        for link in on {
            if let Some(link) = links.get_mut(link) {
                link.faults.push(named.clone());
                self.apply(link);
            }
        }
        Ok(())
    }

    /// Takes a fault off wherever it is; returns where that was.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn remove(&self, name: &str) -> Result<Vec<String>, RigError> {
        let mut from = Vec::new();
        for (at, link) in self.lock().iter_mut() {
            let before = link.faults.len();
            link.faults.retain(|named| named.name != name);
            if link.faults.len() < before {
                self.apply(link);
                from.push(at.clone());
            }
        }
        match from.is_empty() {
            true => Err(RigError::Fault(FaultError::NoSuchName {
                name: name.to_owned(),
                known: "see the links".into(),
            })),
            false => Ok(from),
        }
    }

    /// How everything stands.
    #[must_use]
    pub fn view(&self) -> Vec<LinkView> {
        let now = self.world.now();
        let links = self.lock();
        let view = |(name, link): (&String, &Link)| LinkView {
            link: name.clone(),
            protocol: link.between.protocol().name().to_owned(),
            listen: String::new(),
            to: World::address(link.between.relay).to_string(),
            faults: link.faults.iter().map(|named| seen(named, now)).collect(),
            stats: Stats::default(),
        };
        links.iter().map(view).collect()
    }

    fn apply(&self, link: &Link) {
        for up in [true, false] {
            let together = combine::conditions(&link.faults, up);
            let conditions = Conditions {
                latency: together.latency.max(QUIET),
                ..together
            };
            for way in link.between.ways(up) {
                self.world.change(way, conditions.clone());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the simulated world has this fault.
#[must_use]
pub const fn in_worlds(fault: &Fault) -> bool {
    !matches!(
        fault,
        Fault::Hold { .. } | Fault::Timeout { .. } | Fault::ResetPeer { .. } | Fault::Down
    )
}

fn lacks(fault: &Fault, protocol: Protocol) -> FaultError {
    FaultError::NotHere {
        kind: fault.kind(),
        protocol: protocol.name(),
        why: "the simulated world has no such fault; use cut or partition",
    }
}

fn seen(named: &Named, now: Duration) -> FaultView {
    FaultView {
        name: named.name.clone(),
        fault: spec::line(&named.fault),
        direction: named.direction.name().to_owned(),
        for_ms: u64::try_from(now.saturating_sub(named.since).as_millis()).unwrap_or(u64::MAX),
    }
}
