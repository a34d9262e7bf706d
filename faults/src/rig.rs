//! A rig: the proxied links that are broken together, each under a name. `hotline fault run` has one, with a link `udp`, a
//! link `tcp`, or both; a bench has one with a link for each leg.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{
    live::{Direction, Fault, FaultError, Named, Protocol, Proxy, Stats},
    preset::Preset,
    spec,
};

/// Proxied links that are broken together.
#[derive(Debug, Default)]
pub struct Rig {
    links: BTreeMap<String, Proxy>,
    /// One change at a time, so that a fault is on all its links or on none.
    changing: Mutex<()>,
}

/// Why a rig did not do what it was asked. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RigError {
    /// No such link.
    #[error("there is no link {link}; there {known}")]
    NoLink {
        /// The link asked for.
        link: String,
        /// The rest of a sentence that lists the links there are.
        known: String,
    },
    /// A link refused.
    #[error("{0}")]
    Fault(#[from] FaultError),
}

/// A link and what is wrong with it, for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// Its name.
    pub link: String,
    /// `udp` or `tcp`.
    pub protocol: String,
    /// Where it listens.
    pub listen: String,
    /// Where it forwards to.
    pub to: String,
    /// What is in force.
    pub faults: Vec<FaultView>,
    /// What it counted.
    pub stats: Stats,
}

/// A fault in force, for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultView {
    /// What it is called.
    pub name: String,
    /// Its kind and values, as they would be typed.
    pub fault: String,
    /// `up`, `down` or `both`.
    pub direction: String,
    /// For how long, in milliseconds.
    pub for_ms: u64,
}

impl Rig {
    /// A rig without links.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a link; one of the same name is ended.
    pub fn insert(&mut self, link: &str, proxy: Proxy) {
        self.links.insert(link.to_owned(), proxy);
    }

    /// The proxy of a link.
    #[must_use]
    pub fn link(&self, link: &str) -> Option<&Proxy> {
        self.links.get(link)
    }

    /// Its links by name.
    pub fn links(&self) -> impl Iterator<Item = (&str, &Proxy)> {
        self.links.iter().map(|(name, proxy)| (name.as_str(), proxy))
    }

    /// Puts a fault in force on one link, or on every link that it can be applied to; returns which.
    ///
    /// # Errors
    /// [`RigError`] if there is no such link, or one of them refuses.
    pub fn add(
        &self,
        name: &str,
        fault: &Fault,
        direction: Direction,
        link: Option<&str>,
    ) -> Result<Vec<String>, RigError> {
        let _one = self.one();
        let there: Vec<(&str, Protocol)> = self
            .links()
            .map(|(name, proxy)| (name, proxy.protocol()))
            .collect();
        let chosen = chosen(&there, fault, link)?;
        let proxies = || chosen.iter().filter_map(|link| self.links.get(link));
        for proxy in proxies() {
            proxy.would_take(name, fault, direction)?;
        }
        for proxy in proxies() {
            proxy.add(name, fault.clone(), direction)?;
        }
        Ok(chosen)
    }

    /// Puts a preset in force on every link.
    ///
    /// # Errors
    /// If a link refuses, as when the preset is in force already; links before it keep it.
    pub fn preset(&self, preset: Preset) -> Result<(), RigError> {
        let _one = self.one();
        for proxy in self.links.values() {
            preset.apply(proxy)?;
        }
        Ok(())
    }

    /// Takes a fault back wherever it is; returns where that was.
    ///
    /// # Errors
    /// [`FaultError::NoSuchName`] lists the names there are.
    pub fn remove(&self, name: &str) -> Result<Vec<String>, RigError> {
        let _one = self.one();
        let has = |proxy: &Proxy| proxy.list().iter().any(|named| named.name == name);
        let mut from = Vec::new();
        for (link, proxy) in self.links() {
            if has(proxy) {
                proxy.remove(name)?;
                from.push(link.to_owned());
            }
        }
        if from.is_empty() {
            return Err(self.unknown(name).into());
        }
        Ok(from)
    }

    fn unknown(&self, name: &str) -> FaultError {
        let mut names: Vec<String> = self
            .links
            .values()
            .flat_map(|proxy| proxy.list().into_iter().map(|named| named.name))
            .collect();
        names.sort_unstable();
        names.dedup();
        FaultError::NoSuchName {
            name: name.to_owned(),
            known: match names.as_slice() {
                [] => "none is in force".to_owned(),
                names => format!("in force: {}", names.join(", ")),
            },
        }
    }

    /// Takes all faults back; returns how many there were, a fault on two links counted twice.
    pub fn clear(&self) -> usize {
        let _one = self.one();
        self.links.values().map(Proxy::clear).sum()
    }

    /// How everything stands.
    #[must_use]
    pub fn view(&self) -> Vec<LinkView> {
        self.links().map(|(link, proxy)| view(link, proxy)).collect()
    }

    fn one(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn view(link: &str, proxy: &Proxy) -> LinkView {
    let now = proxy.now();
    let faults = proxy.list().into_iter().map(|named| FaultView {
        fault: spec::line(&named.fault),
        direction: named.direction.name().to_owned(),
        for_ms: u64::try_from(now.saturating_sub(named.since).as_millis()).unwrap_or(u64::MAX),
        name: named.name,
    });
    LinkView {
        link: link.to_owned(),
        protocol: proxy.protocol().name().to_owned(),
        listen: proxy.local_addr().to_string(),
        to: proxy.to().to_string(),
        faults: faults.collect(),
        stats: proxy.stats(),
    }
}

/// The links that a fault means: the one it names, or all that it can be applied to.
pub(crate) fn chosen(
    there: &[(&str, Protocol)],
    fault: &Fault,
    link: Option<&str>,
) -> Result<Vec<String>, RigError> {
    if let Some(wanted) = link {
        let Some((name, protocol)) = there.iter().find(|(name, _)| *name == wanted) else {
            let names: Vec<&str> = there.iter().map(|(name, _)| *name).collect();
            return Err(RigError::NoLink {
                link: wanted.to_owned(),
                known: match names.as_slice() {
                    [] => "is none".to_owned(),
                    [one] => format!("is only {one}"),
                    names => format!("are {}", names.join(", ")),
                },
            });
        };
        fault.here(*protocol)?;
        return Ok(vec![(*name).to_owned()]);
    }
    let can = |protocol: &Protocol| fault.here(*protocol);
    let able = there.iter().filter(|(_, protocol)| can(protocol).is_ok());
    let able: Vec<String> = able.map(|(name, _)| (*name).to_owned()).collect();
    if able.is_empty() {
        there.iter().try_for_each(|(_, protocol)| can(protocol))?;
    }
    Ok(able)
}

/// What would be in force on a link, for checking a plan beforehand.
pub(crate) type Standing = BTreeMap<String, Vec<Named>>;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::{net::SocketAddr, time::Duration};

    use super::*;
    use crate::live::Listen;

    async fn both() -> Rig {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut rig = Rig::new();
        rig.insert("udp", Proxy::start(Listen::Udp(any), any, 1).await.unwrap());
        rig.insert("tcp", Proxy::start(Listen::Tcp(any), any, 1).await.unwrap());
        rig
    }

    #[tokio::test]
    async fn a_fault_is_put_on_every_link_that_it_can_be_applied_to() {
        let rig = both().await;
        assert_eq!(
            rig.add("away", &Fault::Cut, Direction::Up, None).unwrap(),
            ["tcp", "udp"]
        );
        assert_eq!(
            rig.add("off", &Fault::Down, Direction::Both, None).unwrap(),
            ["tcp"]
        );
        assert_eq!(rig.remove("away").unwrap(), ["tcp", "udp"]);
        assert_eq!(rig.clear(), 1);
    }

    #[tokio::test]
    async fn what_one_link_refuses_no_link_takes() {
        let rig = both().await;
        let after = Duration::ZERO;
        let reset = Fault::ResetPeer { after };
        let refused = rig.add("r", &reset, Direction::Both, Some("udp")).unwrap_err();
        assert!(refused.to_string().contains("use cut"), "{refused}");
        rig.add("away", &Fault::Cut, Direction::Up, Some("udp")).unwrap();
        assert!(rig.add("away", &Fault::Cut, Direction::Up, None).is_err());
        assert!(rig.link("tcp").unwrap().list().is_empty());
    }

    #[tokio::test]
    async fn an_unknown_link_or_name_is_answered_with_those_there_are() {
        let rig = both().await;
        let refused = rig
            .add("a", &Fault::Cut, Direction::Up, Some("quic"))
            .unwrap_err();
        assert_eq!(refused.to_string(), "there is no link quic; there are tcp, udp");
        rig.preset(Preset::Lan).unwrap();
        let refused = rig.remove("b").unwrap_err().to_string();
        assert!(refused.contains("lan/latency"), "{refused}");
        assert!(rig.view().iter().all(|link| !link.faults.is_empty()));
    }
}
