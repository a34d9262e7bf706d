//! Byte streams: a small model of TCP over the same links as everything else.
//!
//! Segments of at most 1,400 bytes; cumulative acknowledgements that travel back by the other direction's link; a fixed
//! window of 64 segments. What is not acknowledged within the retransmission time-out (smoothed round trip plus 200 ms,
//! doubling) is sent again, and until an acknowledgement comes only that first segment is: so loss costs time, a cut
//! stalls both ways, and a one-way cut stalls the other way soon after. Three repeated acknowledgements resend at once.
//! After 15 s without progress the connection is broken. No congestion control beyond that, no delayed
//! acknowledgements, no options.

mod end;
mod stream;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::task::Waker;

use bytes::Bytes;

use super::host::CONNECT_AGAIN;
use super::net::{Event, State};
use super::{Death, HostId, Way, Wire, host_of};
pub(super) use end::End;

/// IP and TCP headers of a segment.
const HEADER_BYTES: usize = 52;

/// The caller's end, and the listener's.
pub(super) const CALLER: usize = 0;
pub(super) const LISTENER: usize = 1;

/// What travels.
#[derive(Clone)]
pub(super) enum Packet {
    Syn,
    SynAck,
    Data { offset: u64, bytes: Bytes, last: bool },
    Ack { upto: u64 },
    Reset,
}

impl Packet {
    fn kind(&self) -> u8 {
        match self {
            Self::Syn => 1,
            Self::SynAck => 2,
            Self::Data { .. } => 3,
            Self::Ack { .. } => 4,
            Self::Reset => 5,
        }
    }

    fn size(&self) -> usize {
        HEADER_BYTES
            + match self {
                Self::Data { bytes, .. } => bytes.len(),
                Self::Syn | Self::SynAck | Self::Ack { .. } | Self::Reset => 0,
            }
    }
}

/// A connection, from the caller's first packet until both ends are gone.
pub(super) struct Conn {
    pub(super) addresses: [SocketAddr; 2],
    pub(super) hosts: [HostId; 2],
    pub(super) ends: [Option<End>; 2],
    /// Calls made so far.
    calls: usize,
}

/// A listening port and who waits to be accepted.
pub(super) struct Listening {
    pub(super) number: u64,
    pub(super) waiting: VecDeque<(u64, SocketAddr)>,
    pub(super) acceptor: Option<Waker>,
}

impl State {
    pub(super) fn call(
        &mut self,
        host: HostId,
        from: SocketAddr,
        to: SocketAddr,
        now_ms: u64,
    ) -> io::Result<u64> {
        let to_host = host_of(to).ok_or(io::ErrorKind::HostUnreachable)?;
        self.tally.dialled(host, Wire::Tcp, now_ms);
        let conn = self.number();
        let made = Conn {
            addresses: [from, to],
            hosts: [host, to_host],
            ends: [Some(End::opening(now_ms)), None],
            calls: 0,
        };
        self.conns.insert(conn, made);
        self.call_again(conn, now_ms);
        Ok(conn)
    }

    /// Sends the first packet, and arms the timer for the next try.
    fn call_again(&mut self, conn: u64, now_ms: u64) {
        let Some(found) = self.conns.get_mut(&conn) else {
            return;
        };
        let Some(end) = &mut found.ends[CALLER] else {
            return;
        };
        let Some(pause) = CONNECT_AGAIN.get(found.calls) else {
            end.breaks(io::ErrorKind::TimedOut);
            return;
        };
        found.calls += 1;
        let generation = end.next_generation();
        let due_ms = now_ms + u64::try_from(pause.as_millis()).unwrap_or(0);
        self.send(conn, CALLER, Packet::Syn, now_ms);
        self.at(
            due_ms,
            Event::Timer {
                conn,
                end: CALLER,
                generation,
            },
        );
    }

    /// Sends a packet from one end of a connection to the other.
    fn send(&mut self, conn: u64, from: usize, packet: Packet, now_ms: u64) {
        let Some(found) = self.conns.get(&conn) else {
            return;
        };
        let to = 1 - from;
        let way = Way {
            from: found.hosts[from],
            to: found.hosts[to],
            wire: Wire::Tcp,
        };
        let (size, kind) = (packet.size(), packet.kind());
        self.by_link(way, size, kind, now_ms, || Event::Segment {
            conn,
            to,
            packet: packet.clone(),
        });
    }

    pub(super) fn segment_arrives(&mut self, conn: u64, to: usize, packet: Packet, now_ms: u64) {
        let Some(found) = self.conns.get(&conn) else {
            return;
        };
        if !self.powered(found.hosts[to]) {
            return;
        }
        match packet {
            Packet::Syn => self.called(conn, now_ms),
            Packet::Reset => self.reset_arrives(conn, to),
            Packet::SynAck => {
                if let Some(end) = self.end(conn, to) {
                    end.opened();
                } else {
                    self.send(conn, to, Packet::Reset, now_ms);
                }
            }
            Packet::Data { offset, bytes, last } => {
                self.data_arrives(conn, to, (offset, bytes, last), now_ms);
            }
            Packet::Ack { upto } => {
                if let Some(end) = self.end(conn, to) {
                    end.acknowledged(upto, now_ms);
                    self.pump(conn, to, now_ms);
                    self.tidy(conn);
                }
            }
        }
    }

    /// The caller's first packet comes to the listener's host.
    fn called(&mut self, conn: u64, now_ms: u64) {
        let Some(found) = self.conns.get_mut(&conn) else {
            return;
        };
        if found.ends[LISTENER].is_some() {
            self.send(conn, LISTENER, Packet::SynAck, now_ms);
            return;
        }
        let (from, to) = (found.addresses[CALLER], found.addresses[LISTENER]);
        // A late copy of a call that is over already: the caller's end tells.
        let wanted = found.ends[CALLER].as_ref().is_some_and(End::is_opening);
        match self.listening.get_mut(&to) {
            Some(listening) if wanted => {
                found.ends[LISTENER] = Some(End::open(now_ms));
                listening.waiting.push_back((conn, from));
                if let Some(acceptor) = listening.acceptor.take() {
                    acceptor.wake();
                }
                self.send(conn, LISTENER, Packet::SynAck, now_ms);
            }
            Some(_) | None => self.send(conn, LISTENER, Packet::Reset, now_ms),
        }
    }

    fn reset_arrives(&mut self, conn: u64, to: usize) {
        if let Some(end) = self.end(conn, to) {
            let kind = if end.is_opening() {
                io::ErrorKind::ConnectionRefused
            } else {
                io::ErrorKind::ConnectionReset
            };
            end.breaks(kind);
        }
        self.tidy(conn);
    }

    fn data_arrives(&mut self, conn: u64, to: usize, data: (u64, Bytes, bool), now_ms: u64) {
        let Some(end) = self.end(conn, to) else {
            self.send(conn, to, Packet::Reset, now_ms);
            return;
        };
        match end.take(data) {
            Some(upto) => self.send(conn, to, Packet::Ack { upto }, now_ms),
            // Nobody reads here any more.
            None => {
                end.breaks(io::ErrorKind::ConnectionReset);
                self.send(conn, to, Packet::Reset, now_ms);
            }
        }
        self.tidy(conn);
    }

    pub(super) fn end(&mut self, conn: u64, end: usize) -> Option<&mut End> {
        self.conns.get_mut(&conn)?.ends.get_mut(end)?.as_mut()
    }

    /// Sends what may be sent, and arms the timer.
    pub(super) fn pump(&mut self, conn: u64, end: usize, now_ms: u64) {
        while let Some((offset, bytes, last)) = self.end(conn, end).and_then(|found| found.next_out(now_ms)) {
            self.send(conn, end, Packet::Data { offset, bytes, last }, now_ms);
        }
        if let Some((due_ms, generation)) = self.end(conn, end).and_then(|found| found.arm(now_ms)) {
            self.at(
                due_ms,
                Event::Timer {
                    conn,
                    end,
                    generation,
                },
            );
        }
    }

    pub(super) fn timer(&mut self, conn: u64, end: usize, generation: u64, now_ms: u64) {
        let Some(found) = self
            .end(conn, end)
            .filter(|found| found.generation() == generation)
        else {
            return;
        };
        if found.is_opening() {
            self.call_again(conn, now_ms);
            return;
        }
        found.timed_out(now_ms);
        self.pump(conn, end, now_ms);
        self.tidy(conn);
    }

    /// The node on `host` is dead, and with it its ends.
    pub(super) fn end_died(&mut self, conn: u64, host: HostId, death: Death, now_ms: u64) {
        for end in [CALLER, LISTENER] {
            let Some(found) = self.conns.get_mut(&conn) else {
                return;
            };
            if found.hosts[end] != host {
                continue;
            }
            let Some(mut dead) = found.ends[end].take() else {
                continue;
            };
            dead.breaks(io::ErrorKind::ConnectionAborted);
            if death == Death::Killed && !dead.is_over() {
                self.send(conn, end, Packet::Reset, now_ms);
            }
        }
        self.tidy(conn);
    }

    /// Forgets ends that are over, and connections without ends.
    pub(super) fn tidy(&mut self, conn: u64) {
        let Some(found) = self.conns.get_mut(&conn) else {
            return;
        };
        for end in &mut found.ends {
            if end.as_ref().is_some_and(End::may_be_forgotten) {
                *end = None;
            }
        }
        if found.ends.iter().all(Option::is_none) {
            self.conns.remove(&conn);
        }
    }
}
