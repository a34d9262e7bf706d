//! The state of a world: links, sockets, and what is on its way, in order.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use super::tcp::{Conn, Listening, Packet};
use super::udp::Port;
use super::{Death, HostId, Tally, Trace, Way, Wire, World, host_of};
use crate::chance::Dice;
use crate::emulator::{Conditions, Fate, Link};

/// First port given to whoever asks for none.
const FIRST_FREE_PORT: u16 = 40_000;

/// IP and UDP headers of a datagram.
const UDP_HEADER_BYTES: usize = 28;

/// What happens at some moment.
pub(super) enum Event {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Bytes,
    },
    Segment {
        conn: u64,
        to: usize,
        packet: Packet,
    },
    /// A timer of one end of a connection; of no effect if its generation has passed.
    Timer {
        conn: u64,
        end: usize,
        generation: u64,
    },
}

pub(super) struct Host {
    pub(super) powered: bool,
    next_port: u16,
}

pub(super) struct State {
    pub(super) hosts: Vec<Host>,
    dice: Dice,
    links: BTreeMap<Way, Link>,
    pub(super) ports: BTreeMap<SocketAddr, Port>,
    pub(super) listening: BTreeMap<SocketAddr, Listening>,
    pub(super) conns: BTreeMap<u64, Conn>,
    pub(super) made: u64,
    due: BTreeMap<(u64, u64), Event>,
    /// When the delivery looks again by itself.
    pub(super) looks_again_ms: u64,
    pub(super) trace: Trace,
    pub(super) tally: Tally,
}

impl State {
    pub(super) fn new(hosts: u8, dice: &Dice) -> Self {
        let host = || Host {
            powered: true,
            next_port: FIRST_FREE_PORT,
        };
        Self {
            hosts: (0..hosts).map(|_| host()).collect(),
            dice: dice.clone(),
            links: BTreeMap::new(),
            ports: BTreeMap::new(),
            listening: BTreeMap::new(),
            conns: BTreeMap::new(),
            made: 0,
            due: BTreeMap::new(),
            looks_again_ms: 0,
            trace: Trace::default(),
            tally: Tally::default(),
        }
    }

    pub(super) fn link(&mut self, way: Way) -> &mut Link {
        let dice = &self.dice;
        self.links
            .entry(way)
            .or_insert_with(|| Link::new(Conditions::default(), dice.apart(&format!("{way:?}"))))
    }

    pub(super) fn powered(&self, host: HostId) -> bool {
        self.hosts
            .get(usize::from(host.0))
            .is_some_and(|host| host.powered)
    }

    pub(super) fn power_on(&mut self, host: HostId) {
        if let Some(host) = self.hosts.get_mut(usize::from(host.0)) {
            host.powered = true;
        }
    }

    /// A number nobody had before: of a socket or a connection.
    pub(super) fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(super) fn free_port(&mut self, host: HostId) -> u16 {
        let Some(host) = self.hosts.get_mut(usize::from(host.0)) else {
            return FIRST_FREE_PORT;
        };
        let port = host.next_port;
        host.next_port = port.checked_add(1).unwrap_or(FIRST_FREE_PORT);
        port
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        self.due.first_key_value().map(|((due, _), _)| *due)
    }

    pub(super) fn at(&mut self, due_ms: u64, event: Event) {
        let number = self.number();
        self.due.insert((due_ms, number), event);
    }

    /// Sends one packet by a link: `event` happens when it arrives, as often as it arrives.
    pub(super) fn by_link(
        &mut self,
        way: Way,
        size: usize,
        kind: u8,
        now_ms: u64,
        event: impl Fn() -> Event,
    ) {
        self.trace.packet(now_ms, way.from, way.to, size, kind);
        self.tally.packets += 1;
        *self.tally.bytes.entry(way.from).or_insert(0) += size as u64;
        match self.link(way).send(Duration::from_millis(now_ms), size) {
            Fate::Lost(_) => self.tally.lost += 1,
            Fate::Arrives { at, again } => {
                self.at(round_up_ms(at), event());
                if let Some(again) = again {
                    self.at(round_up_ms(again), event());
                }
            }
        }
    }

    pub(super) fn datagram(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8], now_ms: u64) {
        let (Some(from_host), Some(to_host)) = (host_of(from), host_of(to)) else {
            return;
        };
        let way = Way {
            from: from_host,
            to: to_host,
            wire: Wire::Udp,
        };
        let bytes = Bytes::copy_from_slice(bytes);
        let size = bytes.len() + UDP_HEADER_BYTES;
        self.by_link(way, size, 0, now_ms, || Event::Datagram {
            from,
            to,
            bytes: bytes.clone(),
        });
    }

    /// Lets everything happen that is due; tells when the next is.
    pub(super) fn run_due(&mut self, now_ms: u64) -> Option<u64> {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > now_ms {
                break;
            }
            match entry.remove() {
                Event::Datagram { from, to, bytes } => self.datagram_arrives(from, to, bytes),
                Event::Segment { conn, to, packet } => self.segment_arrives(conn, to, packet, now_ms),
                Event::Timer {
                    conn,
                    end,
                    generation,
                } => self.timer(conn, end, generation, now_ms),
            }
        }
        let next = self.next_due();
        self.looks_again_ms = next.unwrap_or(u64::MAX);
        next
    }

    fn datagram_arrives(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        if let Some(port) = self.ports.get_mut(&to) {
            port.take(from, bytes);
        }
    }

    pub(super) fn node_died(&mut self, host: HostId, death: Death, now_ms: u64) {
        let address = World::address(host);
        if death == Death::PowerCut
            && let Some(host) = self.hosts.get_mut(usize::from(host.0))
        {
            host.powered = false;
        }
        self.ports.retain(|bound, _| bound.ip() != address);
        self.listening.retain(|bound, _| bound.ip() != address);
        let conns: VecDeque<u64> = self.conns.keys().copied().collect();
        for conn in conns {
            self.end_died(conn, host, death, now_ms);
        }
    }
}

fn round_up_ms(at: Duration) -> u64 {
    u64::try_from(at.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}
