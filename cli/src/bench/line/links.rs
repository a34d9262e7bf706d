//! The links of the measured line, one for each leg of both desks, and how a measurement breaks them.

use std::fmt;

use hotline_core::leg::{Door, Leg, RelayName};
use hotline_exercise::live::links::{self as live, Linked};
use hotline_faults::{
    live::{Direction, Fault},
    rig::{Rig, RigError},
};

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
pub struct Links(live::Links);

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
        let desks = [(Desk::A, &sides.avelia), (Desk::B, &sides.borenia)].map(|(desk, side)| Linked {
            name: desk.to_string(),
            trust: side.folder.join(layout::TRUST),
        });
        Ok(Self(live::Links::start(&desks, seed).await?))
    }

    /// All of them, each under its name: `A north/quic`.
    pub fn rig(&self) -> &Rig {
        self.0.rig()
    }

    /// Breaks one for the measurement; [`mend`](Self::mend) takes it back.
    ///
    /// # Errors
    /// If the fault cannot be applied to this link.
    pub fn break_off(&self, link: &LinkName, fault: &Fault, direction: Direction) -> Result<(), BenchError> {
        let name = link.to_string();
        let added = self.0.rig().add(BROKEN, fault, direction, Some(&name));
        added.map(drop).map_err(|error| refused(link, &error))
    }

    /// Cuts all of them both ways for the measurement; [`heal`](Self::heal) and [`heal_all`](Self::heal_all) take it back.
    ///
    /// # Errors
    /// If one of them is broken for the measurement already.
    pub fn cut_all(&self) -> Result<(), BenchError> {
        let added = self.0.rig().add(BROKEN, &Fault::Cut, Direction::Both, None);
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
            let proxy = self.0.rig().link(&link.to_string()).ok_or_else(missing)?;
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
        let healed = self.0.rig().remove(BROKEN).map(drop);
        healed.map_err(|error| refused(&"all legs", &error))
    }

    /// Takes the measurement's fault back.
    ///
    /// # Errors
    /// If there is none.
    pub fn mend(&self, link: &LinkName) -> Result<(), BenchError> {
        self.0
            .rig()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::{collections::BTreeSet, fs, net::SocketAddr};

    use hotline_client::side_file::SideFile;
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
