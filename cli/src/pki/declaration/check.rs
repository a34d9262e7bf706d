//! What a declaration must mean: names, addresses, roles and lifetimes that work together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use hotline_core::identity::{TrustDomain, World};
use hotline_core::leg::RelayName;
use hotline_core::name::MessageName;

use super::{Declaration, DeclaredDesk, DeclaredRelay, RELAYS_MAX};
use crate::pki::error::Fault;

mod people;

/// Shortest lifetime: an exercise of ten minutes and the time to set it up.
const LIFETIME_MIN: Duration = Duration::from_secs(10 * 60);
/// Longest lifetime: ten years. Longer than any roster should go unread.
const LIFETIME_MAX: Duration = Duration::from_secs(10 * 366 * 86_400);

/// Everything that is wrong.
pub(super) fn faults(declaration: &Declaration) -> Vec<Fault> {
    let mut check = Check { faults: Vec::new() };
    check.side(declaration);
    check.domains(declaration);
    check.lifetimes(declaration);
    check.relays(declaration);
    check.desks(declaration);
    check.officers(declaration);
    check.peer(declaration);
    check.charter(declaration);
    check.faults
}

/// What is wrong with a relay that joins a side which exists.
pub(in crate::pki) fn new_relay(relay: &DeclaredRelay) -> Vec<Fault> {
    let mut check = Check { faults: Vec::new() };
    check.relay("relay", relay, &mut Taken::new());
    check.faults
}

/// What is wrong with a desk that joins a side whose desks have these prefixes.
pub(in crate::pki) fn new_desk(desk: &DeclaredDesk, side: &str, prefixes: &[&str]) -> Vec<Fault> {
    let mut check = Check { faults: Vec::new() };
    check.desk("desk", desk, side, &format!("{side}{}", prefixes.len() + 1));
    if prefixes.contains(&desk.prefix.as_str()) {
        let why = "another desk has it, and two messages would have one name";
        check.fault(
            "desk.prefix",
            format!("{:?}", desk.prefix),
            why,
            format!("\"{side}{}\"", prefixes.len() + 1),
        );
    }
    check.faults
}

/// Addresses that are taken, by protocol, and by which key.
type Taken = BTreeMap<(&'static str, SocketAddr), String>;

/// True for what may stand as a name in an identity. Relays, desks and officers share one rule.
fn is_name(text: &str) -> bool {
    text.parse::<RelayName>().is_ok()
}

/// True for the name of a channel, which is also the name of a folder: 1 to 32 of `A-Z`, `0-9` and hyphen.
pub(in crate::pki) fn is_channel(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(good)
}

fn is_title(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && !text.chars().any(char::is_control) && text.trim() == text
}

struct Check {
    faults: Vec<Fault>,
}

impl Check {
    fn fault(
        &mut self,
        key: impl Into<String>,
        found: impl Into<String>,
        why: &str,
        works: impl Into<String>,
    ) {
        self.faults.push(Fault {
            key: key.into(),
            found: found.into(),
            why: why.to_owned(),
            works: works.into(),
        });
    }

    fn side(&mut self, declaration: &Declaration) {
        for (key, name) in [("side", &declaration.side), ("peer.side", &declaration.peer.side)] {
            if !is_title(name) {
                self.fault(
                    key,
                    format!("{name:?}"),
                    "a side needs a name of 1 to 64 characters",
                    "\"Avelia\"",
                );
            }
        }
        self.prefix("prefix", &declaration.prefix, "A");
    }

    fn prefix(&mut self, key: &str, prefix: &str, works: &str) {
        if let Err(why) = MessageName::new(prefix, 1) {
            self.fault(key, format!("{prefix:?}"), &why.to_string(), format!("{works:?}"));
        }
    }

    fn domains(&mut self, declaration: &Declaration) {
        if declaration.domains.is_empty() {
            let works = "[[domain]] name = \"exercise.avelia.example\", kind = \"EXERCISE\"";
            self.fault("domain", "nothing", "at least one domain is needed", works);
        }
        for world in [World::Exercise, World::Operation] {
            let here = declaration
                .domains
                .iter()
                .filter(|domain| domain.world() == world)
                .count();
            if here > 1 {
                let why = "a side has at most one domain of each kind";
                self.fault(
                    "domain",
                    format!("{here} of kind {}", world.name()),
                    why,
                    "one of each kind",
                );
            }
            if here > 0 {
                self.identifier(declaration, world);
                self.peer_domain(declaration, world);
            }
        }
    }

    fn identifier(&mut self, declaration: &Declaration, world: World) {
        let (key, works) = match world {
            World::Exercise => ("exercise.id", "[exercise] id = \"HARBOUR-26\""),
            World::Operation => ("operation.id", "[operation] id = \"STANDING-LINE\""),
        };
        let found = declaration.identifier(world);
        if !found.is_some_and(is_title) {
            let found = found.map_or("nothing".to_owned(), |id| format!("{id:?}"));
            self.fault(
                key,
                found,
                "charters and statements name what they belong to, in 1 to 64 characters",
                works,
            );
        }
    }

    fn peer_domain(&mut self, declaration: &Declaration, world: World) {
        let theirs: Vec<_> = declaration
            .peer
            .domains
            .iter()
            .filter(|domain| domain.world() == world)
            .collect();
        let works = match world {
            World::Exercise => "\"exercise.borenia.example\"",
            World::Operation => "\"borenia.example\"",
        };
        if theirs.len() != 1 {
            let why = format!("the other side needs exactly one domain of kind {}", world.name());
            self.fault("peer.domains", format!("{} of them", theirs.len()), &why, works);
        }
        if let Some(same) = theirs.iter().find(|domain| declaration.domains.contains(domain)) {
            self.fault(
                "peer.domains",
                format!("\"{same}\""),
                "this is our own domain",
                works,
            );
        }
    }

    fn lifetimes(&mut self, declaration: &Declaration) {
        let lifetimes = declaration.lifetimes;
        for (key, lifetime) in [
            ("lifetimes.authority", lifetimes.authority),
            ("lifetimes.certificate", lifetimes.certificate),
            ("lifetimes.key_statement", lifetimes.key_statement),
        ] {
            if lifetime < LIFETIME_MIN || lifetime > LIFETIME_MAX {
                self.fault(
                    key,
                    format!("{lifetime:?}"),
                    "a lifetime is 10 minutes to 10 years",
                    "\"24h\"",
                );
            }
        }
        if lifetimes.certificate > lifetimes.authority {
            let why = "a certificate cannot outlive its CA";
            let works = "a lifetime that is not longer than lifetimes.authority";
            self.fault(
                "lifetimes.certificate",
                format!("{:?}", lifetimes.certificate),
                why,
                works,
            );
        }
    }

    fn names<'a>(&mut self, kind: &str, names: impl Iterator<Item = &'a str>, works: &str) {
        let mut seen = BTreeMap::new();
        for (place, name) in names.enumerate() {
            let key = format!("{kind}[{place}].name");
            if !is_name(name) {
                let why = "a name is 1 to 63 of the characters a-z, 0-9 and -";
                self.fault(&key, format!("{name:?}"), why, format!("{works:?}"));
            }
            if let Some(first) = seen.insert(name.to_owned(), place) {
                let why = format!("{kind}[{first}] has this name too");
                self.fault(
                    &key,
                    format!("{name:?}"),
                    &why,
                    format!("{:?}", format!("{name}-2")),
                );
            }
        }
    }

    fn count(&mut self, kind: &str, found: usize, most: usize) {
        if found == 0 || found > most {
            let why = format!("1 to {most} are needed");
            self.fault(
                kind,
                found.to_string(),
                &why,
                format!("one [[{kind}]] table for each"),
            );
        }
    }

    fn relays(&mut self, declaration: &Declaration) {
        self.count("relay", declaration.relays.len(), RELAYS_MAX);
        self.names(
            "relay",
            declaration.relays.iter().map(|relay| relay.name.as_str()),
            "north",
        );
        let mut taken = BTreeMap::new();
        for (place, relay) in declaration.relays.iter().enumerate() {
            self.relay(&format!("relay[{place}]"), relay, &mut taken);
        }
    }

    fn relay(&mut self, at: &str, relay: &DeclaredRelay, taken: &mut Taken) {
        let doors = [
            ("quic", relay.quic, "UDP"),
            ("tcp", relay.tcp, "TCP"),
            ("status", relay.status, "TCP"),
        ];
        for (key, address, protocol) in doors {
            self.address(&format!("{at}.{key}"), address, protocol, taken);
        }
        if !relay.status.ip().is_loopback() {
            let why = "health and metrics have no authentication, so they stay on this machine";
            let works = format!("\"127.0.0.1:{}\"", relay.status.port());
            self.fault(
                format!("{at}.status"),
                format!("\"{}\"", relay.status),
                why,
                works,
            );
        }
        for (place, name) in relay.dns.iter().enumerate() {
            if TrustDomain::parse(name).is_err() {
                let why = "a DNS name is lower-case labels joined by dots, without wildcards";
                self.fault(
                    format!("{at}.dns[{place}]"),
                    format!("{name:?}"),
                    why,
                    "\"localhost\"",
                );
            }
        }
    }

    fn address(&mut self, key: &str, address: SocketAddr, protocol: &'static str, taken: &mut Taken) {
        if address.port() == 0 {
            let why = "a port of 1 to 65535 is needed, because desks must find it";
            self.fault(
                key,
                format!("\"{address}\""),
                why,
                format!("\"{}:7401\"", address.ip()),
            );
        } else if let Some(other) = taken.insert((protocol, address), key.to_owned()) {
            let next = SocketAddr::new(address.ip(), address.port().wrapping_add(10).max(1024));
            self.fault(
                key,
                format!("\"{address}\""),
                &format!("{other} is there already"),
                format!("\"{next}\""),
            );
        }
    }
}
