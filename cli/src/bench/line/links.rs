//! The links of the measured line: a live proxy of the emulator in front of every leg of both desks.
//!
//! Each desk is told, in its own trust folders, that the relays listen where its proxies do; the relays' certificates
//! are checked as ever. So each of the eight legs can be broken alone, one way or both, while everything behind it is
//! the real thing. The proxies run on a thread of their own: what they do is not in a desk's way.

use std::{fmt, fs, io, net::SocketAddr, path::Path};

use hotline_client::side_file::SideFile;
use hotline_core::{
    identity::Identity,
    leg::{Door, Leg, RelayName},
};
use hotline_faults::{
    Dice,
    live::{Direction, Fault, Listen, Proxy},
    rig::{Rig, RigError},
};
use tokio::runtime::{Builder, Runtime};

use super::{relays::Which, sides::Sides};
use crate::{bench::error::BenchError, pki::layout};

/// Name under which a measurement's own fault stands among a link's faults.
const BROKEN: &str = "bench";

/// One of the two desks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Desk {
    /// Avelia's, which sends.
    A,
    /// Borenia's, which receives.
    B,
}

/// A leg of one desk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkName {
    /// Whose.
    pub desk: Desk,
    /// Which.
    pub leg: Leg,
}

/// All links of a line.
pub struct Links {
    rig: Rig,
    // Held: its thread drives them.
    _workers: Workers,
}

/// The links' own runtime. It ends without waiting, so that it may be dropped inside another.
struct Workers(Option<Runtime>);

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Display for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

impl fmt::Display for LinkName {
    /// `A north/quic`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.desk, self.leg)
    }
}

impl LinkName {
    /// Every leg of both desks.
    ///
    /// # Errors
    /// If a relay's name is none.
    pub fn all() -> Result<Vec<Self>, BenchError> {
        let mut all = Vec::new();
        for desk in [Desk::A, Desk::B] {
            for which in Which::ALL {
                let relay =
                    RelayName::parse(which.name()).map_err(|error| BenchError::Ended(error.to_string()))?;
                all.extend(Door::ALL.map(|door| Self {
                    desk,
                    leg: Leg::new(relay.clone(), door),
                }));
            }
        }
        Ok(all)
    }
}

impl Links {
    /// Starts a proxy for each leg, and tells both desks, which must not run yet. The seed decides every link's dice.
    ///
    /// # Errors
    /// If a trust folder or a port refuses.
    pub async fn start(sides: &Sides, seed: u64) -> Result<Self, BenchError> {
        let failed = BenchError::place("the links of the line");
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("links")
            .enable_all()
            .build();
        let workers = Workers(Some(runtime.map_err(failed)?));
        let mut rig = Rig::new();
        let dice = Dice::new(seed);
        for (desk, side) in [(Desk::A, &sides.avelia), (Desk::B, &sides.borenia)] {
            let trust = side.folder.join(layout::TRUST);
            let mut folders: Vec<_> = fs::read_dir(&trust)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>())
                .map_err(BenchError::place("a trust folder"))?;
            folders.sort();
            for folder in folders {
                for (leg, proxy) in reroute(&folder.join(layout::SIDE), &workers, |leg| {
                    dice.apart(
                        &LinkName {
                            desk,
                            leg: leg.clone(),
                        }
                        .to_string(),
                    )
                    .throw()
                })
                .await?
                {
                    rig.insert(&LinkName { desk, leg }.to_string(), proxy);
                }
            }
        }
        Ok(Self {
            rig,
            _workers: workers,
        })
    }

    /// All of them, each under its name: `A north/quic`.
    pub fn rig(&self) -> &Rig {
        &self.rig
    }

    /// Breaks one for the measurement; [`mend`](Self::mend) takes it back.
    ///
    /// # Errors
    /// If the fault cannot be applied to this link.
    pub fn break_off(&self, link: &LinkName, fault: &Fault, direction: Direction) -> Result<(), BenchError> {
        let name = link.to_string();
        let added = self.rig.add(BROKEN, fault, direction, Some(&name));
        added.map(drop).map_err(|error| refused(link, &error))
    }

    /// Cuts all of them both ways for the measurement; [`heal`](Self::heal) and [`heal_all`](Self::heal_all) take it back.
    ///
    /// # Errors
    /// If one of them is broken for the measurement already.
    pub fn cut_all(&self) -> Result<(), BenchError> {
        let added = self.rig.add(BROKEN, &Fault::Cut, Direction::Both, None);
        added.map(drop).map_err(|error| refused(&"all legs", &error))
    }

    /// Heals that leg of both desks at once, and no other.
    ///
    /// # Errors
    /// If one of them is not broken.
    pub fn heal(&self, leg: &Leg) -> Result<(), BenchError> {
        for desk in [Desk::A, Desk::B] {
            let link = LinkName {
                desk,
                leg: leg.clone(),
            };
            let missing = || BenchError::Ended(format!("there is no link {link}"));
            let proxy = self.rig.link(&link.to_string()).ok_or_else(missing)?;
            let healed = proxy.remove(BROKEN).map(drop);
            healed.map_err(|error| refused(&link, &error.into()))?;
        }
        Ok(())
    }

    /// Heals whatever is still broken for the measurement.
    ///
    /// # Errors
    /// If nothing is.
    pub fn heal_all(&self) -> Result<(), BenchError> {
        let healed = self.rig.remove(BROKEN).map(drop);
        healed.map_err(|error| refused(&"all legs", &error))
    }

    /// Takes the measurement's fault back.
    ///
    /// # Errors
    /// If there is none.
    pub fn mend(&self, link: &LinkName) -> Result<(), BenchError> {
        self.rig
            .remove(BROKEN)
            .map(drop)
            .map_err(|error| refused(link, &error))
    }
}

fn refused(link: &dyn fmt::Display, error: &RigError) -> BenchError {
    BenchError::Link {
        link: link.to_string(),
        why: error.to_string(),
    }
}

/// Starts proxies for the relays that a side file names, and puts their addresses in the relays' place.
async fn reroute(
    file: &Path,
    workers: &Workers,
    seed: impl Fn(&Leg) -> u64,
) -> Result<Vec<(Leg, Proxy)>, BenchError> {
    let unreadable =
        |what: String| BenchError::place("a side file")(io::Error::new(io::ErrorKind::InvalidData, what));
    let text = fs::read_to_string(file).map_err(BenchError::place("a side file"))?;
    let mut side = SideFile::parse(&text).map_err(unreadable)?;
    let mut started = Vec::new();
    for relay in &mut side.relay {
        let identity: Identity = relay
            .identity
            .parse()
            .map_err(|error| unreadable(format!("{error}")))?;
        let name = RelayName::parse(identity.name()).map_err(|error| unreadable(error.to_string()))?;
        for door in Door::ALL {
            let leg = Leg::new(name.clone(), door);
            let place = match door {
                Door::Quic => &mut relay.quic,
                Door::Tcp => &mut relay.tcp,
            };
            let proxy = open(workers, door, *place, seed(&leg)).await?;
            *place = proxy.local_addr();
            started.push((leg, proxy));
        }
    }
    let text = side.to_text().map_err(|error| unreadable(error.to_string()))?;
    fs::write(file, text).map_err(BenchError::place("a side file"))?;
    Ok(started)
}

async fn open(workers: &Workers, door: Door, to: SocketAddr, seed: u64) -> Result<Proxy, BenchError> {
    let Some(runtime) = &workers.0 else {
        return Err(BenchError::Ended("the links' runtime is gone".into()));
    };
    let any = SocketAddr::new(to.ip(), 0);
    let listen = match door {
        Door::Quic => Listen::Udp(any),
        Door::Tcp => Listen::Tcp(any),
    };
    let started = runtime.spawn(Proxy::start(listen, to, seed)).await;
    started
        .map_err(|error| BenchError::Ended(error.to_string()))?
        .map_err(BenchError::place("a link of the line"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::collections::BTreeSet;

    use hotline_faults::live::Protocol;
    use hotline_transport::Seams;

    use super::*;

    #[tokio::test]
    async fn each_leg_of_each_desk_has_a_link_of_its_own_and_the_desks_are_told() {
        let root = tempfile::tempdir().unwrap();
        let sides = Sides::make(root.path(), &Seams::system()).unwrap();
        let links = Links::start(&sides, 1).await.unwrap();
        let names: Vec<&str> = links.rig().links().map(|(name, _)| name).collect();
        assert_eq!(
            names.join(", "),
            "A north/quic, A north/tcp, A south/quic, A south/tcp, B north/quic, B north/tcp, B south/quic, B south/tcp"
        );
        let places: BTreeSet<(Protocol, SocketAddr)> = links
            .rig()
            .links()
            .map(|(_, proxy)| (proxy.protocol(), proxy.local_addr()))
            .collect();
        assert_eq!(places.len(), 8);
        let file = sides
            .avelia
            .folder
            .join(layout::TRUST)
            .join("exercise.borenia.example")
            .join(layout::SIDE);
        let told = SideFile::parse(&fs::read_to_string(file).unwrap()).unwrap();
        assert!(places.contains(&(Protocol::Udp, told.relay[0].quic)));
        assert!(places.contains(&(Protocol::Tcp, told.relay[0].tcp)));
    }

    #[tokio::test]
    async fn all_legs_are_cut_at_once_and_one_heals_before_the_others_at_both_desks() {
        let root = tempfile::tempdir().unwrap();
        let sides = Sides::make(root.path(), &Seams::system()).unwrap();
        let links = Links::start(&sides, 1).await.unwrap();
        let broken = || -> Vec<String> {
            let broken = links.rig().links().filter(|(_, proxy)| !proxy.list().is_empty());
            broken.map(|(name, _)| name.to_owned()).collect()
        };
        links.cut_all().unwrap();
        assert_eq!(broken().len(), 8);
        let first: Leg = "south/tcp".parse().unwrap();
        links.heal(&first).unwrap();
        let left = broken();
        assert!(
            left.len() == 6 && !left.iter().any(|link| link.ends_with("south/tcp")),
            "{left:?}"
        );
        assert!(links.heal(&first).is_err());
        links.heal_all().unwrap();
        assert_eq!(broken(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_fault_that_does_not_fit_a_link_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let sides = Sides::make(root.path(), &Seams::system()).unwrap();
        let links = Links::start(&sides, 1).await.unwrap();
        let udp = LinkName {
            desk: Desk::A,
            leg: "north/quic".parse().unwrap(),
        };
        let error = links.break_off(&udp, &Fault::Down, Direction::Both).unwrap_err();
        assert!(error.to_string().contains("A north/quic"), "{error}");
        links.break_off(&udp, &Fault::Cut, Direction::Up).unwrap();
        links.mend(&udp).unwrap();
        assert!(links.mend(&udp).is_err());
    }
}
