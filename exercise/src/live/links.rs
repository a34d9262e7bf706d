//! The links of a line: a live proxy of the emulator in front of every leg of every desk.
//!
//! Each desk is told, in its own trust folders, that the relays listen where its proxies do; the relays' certificates
//! are checked as ever. So each leg can be broken alone, one way or both, while everything behind it is the real thing.
//! The proxies run on a thread of their own: what they do is not in a desk's way.

use std::{
    fs, io,
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use hotline_client::side_file::SideFile;
use hotline_core::{
    identity::Identity,
    leg::{Door, Leg, RelayName},
};
use hotline_faults::{
    Dice,
    live::{Listen, Proxy},
    rig::Rig,
};
use tokio::runtime::{Builder, Runtime};

/// What every relay's side file is called in a trust folder.
const SIDE_FILE: &str = "side.toml";
/// Where side files are kept as they were, with the relays' own addresses: beside the trust folder.
const DIRECT: &str = "direct";

/// All links of a line, each under its name: `A north/quic`.
pub struct Links {
    rig: Rig,
    // Held: its thread drives them.
    _workers: Workers,
}

/// A desk whose legs get links.
#[derive(Clone, Debug)]
pub struct Linked {
    /// What links call it: `A`.
    pub name: String,
    /// Its side's trust folder, with a folder for each domain.
    pub trust: PathBuf,
}

/// On which ports links listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ports {
    /// On any that are free: every desk is told when it starts.
    #[default]
    Any,
    /// On those of before: desks that were told of them run on elsewhere.
    AsBefore,
}

/// A link that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the links of the line: {what}: {source}")]
pub struct LinkError {
    /// What was being done.
    what: String,
    /// Why it could not be.
    source: io::Error,
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

impl LinkError {
    fn at(what: &Path) -> impl Fn(io::Error) -> Self {
        let what = what.display().to_string();
        move |source| Self {
            what: what.clone(),
            source,
        }
    }

    fn of(what: &str) -> impl Fn(io::Error) -> Self {
        let what = what.to_owned();
        move |source| Self {
            what: what.clone(),
            source,
        }
    }
}

impl Links {
    /// Starts a proxy for each leg, and tells the desks, which must not run yet. The seed decides every link's dice.
    ///
    /// # Errors
    /// If a trust folder or a port refuses.
    pub async fn start(desks: &[Linked], seed: u64) -> Result<Self, LinkError> {
        Self::start_at(desks, seed, None, Ports::Any).await
    }

    /// The same, at this address of the machine, where desks of other machines reach it. Where it is every address, desks
    /// of this machine are told the loopback one.
    ///
    /// # Errors
    /// If a trust folder or a port refuses.
    pub async fn start_at(
        desks: &[Linked],
        seed: u64,
        at: Option<IpAddr>,
        ports: Ports,
    ) -> Result<Self, LinkError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("links")
            .enable_all()
            .build();
        let workers = Workers(Some(runtime.map_err(LinkError::of("a thread"))?));
        let mut rig = Rig::new();
        let dice = Dice::new(seed);
        for Linked { name, trust } in desks {
            let mut folders: Vec<_> = fs::read_dir(trust)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>())
                .map_err(LinkError::at(trust))?;
            folders.sort();
            let direct = trust.with_file_name(DIRECT);
            for folder in folders {
                let named = |leg: &Leg| format!("{name} {leg}");
                let seed = |leg: &Leg| dice.apart(&named(leg)).throw();
                let file = folder.join(SIDE_FILE);
                for (leg, proxy) in reroute((&file, &direct), &workers, seed, (at, ports)).await? {
                    rig.insert(&named(&leg), proxy);
                }
            }
        }
        Ok(Self {
            rig,
            _workers: workers,
        })
    }

    /// No link, of a line that sleeps.
    #[must_use]
    pub fn none() -> Self {
        Self {
            rig: Rig::new(),
            _workers: Workers(None),
        }
    }

    /// All of them.
    #[must_use]
    pub const fn rig(&self) -> &Rig {
        &self.rig
    }
}

/// A side file as it was before the first links were put before it: links that are started again lead to the relays.
fn as_it_was(file: &Path, direct: &Path) -> Result<String, LinkError> {
    let domain = file.parent().and_then(Path::file_name).unwrap_or_default();
    let kept = direct.join(domain).join(SIDE_FILE);
    match fs::read_to_string(&kept) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = fs::read_to_string(file).map_err(LinkError::at(file))?;
            let folder = direct.join(domain);
            fs::create_dir_all(&folder).map_err(LinkError::at(&folder))?;
            write(&kept, &text).map_err(LinkError::at(&kept))?;
            Ok(text)
        }
        Err(error) => Err(LinkError::at(&kept)(error)),
    }
}

/// Starts proxies for the relays that a side file names, and puts their addresses in the relays' place.
async fn reroute(
    (file, direct): (&Path, &Path),
    workers: &Workers,
    seed: impl Fn(&Leg) -> u64,
    (at, ports): (Option<IpAddr>, Ports),
) -> Result<Vec<(Leg, Proxy)>, LinkError> {
    let unreadable = |what: String| LinkError::at(file)(io::Error::new(io::ErrorKind::InvalidData, what));
    let text = as_it_was(file, direct)?;
    let told = fs::read_to_string(file).map_err(LinkError::at(file))?;
    let before = SideFile::parse(&told).map_err(unreadable)?;
    let mut side = SideFile::parse(&text).map_err(unreadable)?;
    let mut started = Vec::new();
    for relay in &mut side.relay {
        let before = before.relay.iter().find(|told| told.identity == relay.identity);
        let identity: Identity = relay
            .identity
            .parse()
            .map_err(|error| unreadable(format!("{error}")))?;
        let name = RelayName::parse(identity.name()).map_err(|error| unreadable(error.to_string()))?;
        for door in Door::ALL {
            let leg = Leg::new(name.clone(), door);
            let (place, before) = match door {
                Door::Quic => (&mut relay.quic, before.map(|told| told.quic)),
                Door::Tcp => (&mut relay.tcp, before.map(|told| told.tcp)),
            };
            let port = match ports {
                Ports::Any => 0,
                Ports::AsBefore => before.map_or(0, |at| at.port()),
            };
            let any = SocketAddr::new(at.unwrap_or(place.ip()), port);
            let proxy = open(workers, door, (any, *place), seed(&leg)).await?;
            *place = proxy.local_addr();
            if place.ip().is_unspecified() {
                place.set_ip(Ipv4Addr::LOCALHOST.into());
            }
            started.push((leg, proxy));
        }
    }
    let text = side.to_text().map_err(|error| unreadable(error.to_string()))?;
    if text != told {
        write(file, &text).map_err(LinkError::at(file))?;
    }
    Ok(started)
}

/// On disk when this returns: where links listened is asked for again after a power cut.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::File::create(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

async fn open(
    workers: &Workers,
    door: Door,
    (at, to): (SocketAddr, SocketAddr),
    seed: u64,
) -> Result<Proxy, LinkError> {
    let gone = || LinkError::of("their thread")(io::Error::other("it is gone"));
    let Some(runtime) = &workers.0 else {
        return Err(gone());
    };
    let listen = match door {
        Door::Quic => Listen::Udp(at),
        Door::Tcp => Listen::Tcp(at),
    };
    let what = match at.port() {
        0 => "a port".to_owned(),
        _ => format!("{at} ({door}), at which desks of other machines call"),
    };
    let started = runtime.spawn(Proxy::start(listen, to, seed)).await;
    started.map_err(|_| gone())?.map_err(LinkError::of(&what))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::{net::TcpListener, time::Duration};

    use super::*;

    const SIDE: &str = "side = \"Avelia\"\nprefix = \"A\"\ndomain = \"exercise.avelia.example\"\nexercise = \"S1\"\n\n[[relay]]\nidentity = \
                        \"spiffe://exercise.avelia.example/relay/north\"\nquic = \"127.0.0.1:1\"\ntcp = \"127.0.0.1:2\"\n";

    async fn started(trust: &Path, ports: Ports) -> Result<Links, LinkError> {
        let linked = Linked {
            name: "A".into(),
            trust: trust.to_owned(),
        };
        Links::start_at(&[linked], 1, None, ports).await
    }

    #[tokio::test]
    async fn links_that_are_started_again_listen_where_desks_elsewhere_were_told_or_say_that_they_cannot() {
        let root = tempfile::tempdir().unwrap();
        let trust = root.path().join("trust");
        let folder = trust.join("exercise.avelia.example");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(SIDE_FILE), SIDE).unwrap();
        let told = || fs::read_to_string(folder.join(SIDE_FILE)).unwrap();
        drop(started(&trust, Ports::Any).await.unwrap());
        let before = told();
        assert_ne!(before, SIDE);
        let tcp = SideFile::parse(&before).unwrap().relay[0].tcp;
        // Its thread may take a moment to let go.
        let other = loop {
            match TcpListener::bind(tcp) {
                Ok(other) => break other,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        let taken = started(&trust, Ports::AsBefore).await.err().unwrap().to_string();
        assert!(taken.contains(&tcp.to_string()), "{taken}");
        drop(other);
        let again = loop {
            match started(&trust, Ports::AsBefore).await {
                Ok(again) => break again,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        assert_eq!(told(), before);
        let links = again.rig().view();
        assert_eq!(links.len(), 2, "{links:?}");
    }
}
