//! Both sides of the measured line: a folder with everything that `hotline pki` makes for Avelia and Borenia.
//!
//! Made anew for each run from the example's declared files, with ports that were free a moment ago. The exercise
//! domains are used: nothing here could ever speak to a line in operation.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
};

use hotline_core::{health::Profile, words::OfficerRole};
use hotline_transport::Seams;

use crate::bench::error::BenchError;
use crate::pki::{self, Compared, Declaration, KnownAnchors, example, layout};

/// Each side: name of its file in errors, its declared file, the domain that is used.
const AVELIA: (&str, &str, &str) = ("avelia.toml", example::AVELIA, "exercise.avelia.example");
/// See [`AVELIA`].
const BORENIA: (&str, &str, &str) = ("borenia.toml", example::BORENIA, "exercise.borenia.example");

/// Ports that may be chosen: below those that the system gives to outgoing connections (32,768 and up on Linux). A desk
/// that dials a killed relay on such a port can meet itself, and then holds the relay's port when it starts again.
const PORTS: std::ops::Range<u16> = 16_384..32_768;
/// How many ports are tried before we give up.
const TRIES: usize = 256;

/// One side's files.
#[derive(Clone, Debug)]
pub struct Side {
    /// The domain's folder.
    pub folder: PathBuf,
    /// Name of its relay.
    pub relay: String,
    /// Name of its desk.
    pub desk: String,
    /// Name of its first releaser.
    pub releaser: String,
    /// Name of the officer who signs first where two are needed.
    pub drafter: String,
    /// Name of its first watch officer.
    pub watch: String,
}

/// Both sides, each trusting the other.
#[derive(Clone, Debug)]
pub struct Sides {
    /// Avelia: relay north, and the desk that sends.
    pub avelia: Side,
    /// Borenia: relay south, and the desk that receives.
    pub borenia: Side,
}

impl Sides {
    /// Makes both in the empty folder `root`.
    ///
    /// # Errors
    /// If the folder refuses, or no port is free.
    pub fn make(root: &Path, seams: &Seams) -> Result<Self, BenchError> {
        let mut ports = Ports::default();
        let sides = Self {
            avelia: make(AVELIA, root, &mut ports, seams)?,
            borenia: make(BORENIA, root, &mut ports, seams)?,
        };
        drop(ports);
        let now = seams.clock.wall();
        for (ours, theirs) in [(&sides.avelia, &sides.borenia), (&sides.borenia, &sides.avelia)] {
            let file = root.join(format!("{}.trust", theirs.relay));
            pki::export(&theirs.folder, &file, now)?;
            // Both were made here a moment ago.
            pki::trust(&ours.folder, &file, &Compared::Vouched, KnownAnchors::Keep, now)?;
        }
        Ok(sides)
    }
}

impl Sides {
    /// Writes into the settings of all four by whose numbers legs are judged.
    ///
    /// # Errors
    /// If a file refuses.
    pub fn judge_by(&self, profile: Profile) -> Result<(), BenchError> {
        for side in [&self.avelia, &self.borenia] {
            for file in [side.relay_settings(), side.desk_settings()] {
                let text = fs::read_to_string(&file).map_err(BenchError::place("settings"))?;
                // Above all tables.
                fs::write(&file, format!("profile = \"{profile}\"\n{text}"))
                    .map_err(BenchError::place("settings"))?;
            }
        }
        Ok(())
    }
}

impl Side {
    /// Settings of its relay.
    pub fn relay_settings(&self) -> PathBuf {
        self.relay_folder().join(layout::RELAY_SETTINGS)
    }

    /// Files of its relay.
    pub fn relay_folder(&self) -> PathBuf {
        self.folder.join("relay").join(&self.relay)
    }

    /// Settings of its desk.
    pub fn desk_settings(&self) -> PathBuf {
        self.desk_folder().join(layout::DESK_SETTINGS)
    }

    /// Files of its desk.
    pub fn desk_folder(&self) -> PathBuf {
        self.folder.join("desk").join(&self.desk)
    }

    /// Its CA's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.join(layout::CA_CERTIFICATE)
    }
}

fn make(
    (file, text, domain): (&str, &str, &str),
    root: &Path,
    ports: &mut Ports,
    seams: &Seams,
) -> Result<Side, BenchError> {
    let mut declared = Declaration::parse(text, file)?.only(domain)?;
    for relay in &mut declared.relays {
        let none = |error| BenchError::Place {
            what: "a free port",
            source: error,
        };
        relay.quic = ports.free(seams).map_err(none)?;
        relay.tcp = relay.quic;
        relay.status = ports.free(seams).map_err(none)?;
    }
    let mut entropy = |bytes: &mut [u8]| seams.entropy.fill(bytes);
    pki::init(&declared, root, seams.clock.wall(), &mut entropy)?;
    let lacks = |what: &str| BenchError::Releaser(format!("{file} declares no {what}"));
    let releaser = declared
        .consenting_officer()
        .map(|officer| officer.name.clone())
        .ok_or_else(|| lacks("releaser"))?;
    let first = |role: OfficerRole, other_than: &str| {
        let mut able = declared.officers.iter();
        able.find(|officer| officer.roles.contains(&role) && officer.name != other_than)
            .map(|officer| officer.name.clone())
    };
    let watch = first(OfficerRole::WatchOfficer, "").ok_or_else(|| lacks("watch officer"))?;
    let drafter = first(OfficerRole::Drafter, &releaser).ok_or_else(|| lacks("drafter"))?;
    Ok(Side {
        folder: root.join(domain),
        relay: declared
            .relays
            .first()
            .map(|relay| relay.name.clone())
            .ok_or_else(|| lacks("relay"))?,
        desk: declared
            .desks
            .first()
            .map(|desk| desk.name.clone())
            .ok_or_else(|| lacks("desk"))?,
        releaser,
        drafter,
        watch,
    })
}

/// Ports that are free, held until all are chosen.
#[derive(Default)]
struct Ports(Vec<(TcpListener, UdpSocket)>);

impl Ports {
    /// A loopback address that is free for TCP and UDP.
    fn free(&mut self, seams: &Seams) -> io::Result<SocketAddr> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            let mut chance = [0; 2];
            seams.entropy.fill(&mut chance);
            let span = PORTS.end - PORTS.start;
            let address = SocketAddr::from((
                Ipv4Addr::LOCALHOST,
                PORTS.start + u16::from_be_bytes(chance) % span,
            ));
            match TcpListener::bind(address).and_then(|tcp| Ok((tcp, UdpSocket::bind(address)?))) {
                Ok(held) => {
                    self.0.push(held);
                    return Ok(address);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn both_sides_are_made_and_trust_each_other() {
        let root = tempfile::tempdir().unwrap();
        let sides = Sides::make(root.path(), &Seams::system()).unwrap();
        for side in [&sides.avelia, &sides.borenia] {
            for file in [side.relay_settings(), side.desk_settings(), side.authority()] {
                assert!(file.is_file(), "{}", file.display());
            }
            assert_eq!(
                std::fs::read_dir(side.folder.join(layout::TRUST))
                    .unwrap()
                    .count(),
                2
            );
        }
    }

    #[test]
    fn both_desks_and_relays_are_told_by_whose_numbers_they_judge() {
        let root = tempfile::tempdir().unwrap();
        let sides = Sides::make(root.path(), &Seams::system()).unwrap();
        sides.judge_by(Profile::Satellite).unwrap();
        let desk = hotline_client::config::DeskConfig::load(&sides.avelia.desk_settings()).unwrap();
        assert_eq!(desk.profile, Profile::Satellite);
        let relay = hotline_server::config::RelayConfig::load(&sides.borenia.relay_settings()).unwrap();
        assert_eq!(relay.profile, Profile::Satellite);
    }

    #[test]
    fn ports_differ_and_lie_below_those_of_outgoing_connections() {
        let (mut ports, seams) = (Ports::default(), Seams::system());
        let chosen: std::collections::BTreeSet<u16> =
            (0..8).map(|_| ports.free(&seams).unwrap().port()).collect();
        assert_eq!(chosen.len(), 8);
        assert!(chosen.iter().all(|port| PORTS.contains(port)));
    }
}
