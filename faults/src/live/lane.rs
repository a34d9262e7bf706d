//! One direction of a proxied link: the emulator's [`Link`], what is held, what is on its way, and the count of it.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use rustix::net::SendFlags;
use tokio::{net::UdpSocket, sync::Notify};

use super::{
    combine::Combined,
    courier::{Courier, Job},
    stats::DirectionStats,
};
use crate::emulator::{Conditions, Fate, Link, Lost};

/// Bytes of datagrams that may be on their way in one direction. 16 MiB: 1 Gbit/s for 130 ms.
const ON_THE_WAY_BYTES: usize = 16 << 20;
/// Datagrams that may be on their way, or held, in one direction.
const ON_THE_WAY: usize = 65_536;
/// What a lost TCP segment costs beyond the round trip: Linux's least retransmission time-out.
const RETRANSMIT: Duration = Duration::from_millis(200);
/// The longest such time-out; each loss of the same segment doubles it up to here.
const RETRANSMIT_MAX: Duration = Duration::from_secs(4);
/// Losses of one segment in a row after which it waits again: Linux gives a connection up after as many.
const RETRANSMITS_MAX: u32 = 15;
/// How often a segment before a flapping link looks whether it is up again. 5 ms: short beside any phase.
const FLAPPING_LOOKS: Duration = Duration::from_millis(5);
/// The same before a queue that is full by a rounding.
const FULL_LOOKS: Duration = Duration::from_micros(100);
/// The same before a link that is cut, where a change of the faults wakes it anyway.
const CUT_LOOKS: Duration = Duration::from_secs(1);

/// A datagram and where it goes.
#[derive(Clone)]
pub(super) struct Parcel {
    pub bytes: Bytes,
    pub from: Arc<UdpSocket>,
    /// None: to where the socket is connected.
    pub to: Option<SocketAddr>,
}

impl Parcel {
    /// Hands it to the system at once. Not by tokio, which refuses until its reactor has seen a new socket.
    fn send(&self) -> bool {
        let sent = match self.to {
            Some(to) => rustix::net::sendto(&self.from, &self.bytes, SendFlags::DONTWAIT, &to),
            None => rustix::net::send(&self.from, &self.bytes, SendFlags::DONTWAIT),
        };
        sent.is_ok()
    }
}

struct State {
    link: Link,
    /// Bytes to keep instead of delivering.
    hold: Option<u64>,
    /// In the order they came, each with the time before which it does not arrive.
    held: VecDeque<(Parcel, Duration)>,
    held_bytes: usize,
    /// Bytes of connections that were read and not written yet.
    waiting_bytes: usize,
    /// With the courier.
    on_the_way: usize,
    on_the_way_bytes: usize,
    stats: DirectionStats,
}

/// One direction.
pub(super) struct Lane {
    courier: Arc<Courier>,
    state: Mutex<State>,
    changed: Notify,
}

/// What becomes of a TCP segment.
pub(super) enum Carried {
    /// It arrives then.
    At(Duration),
    /// Nothing passes now; try again then, or when the faults change.
    NotBefore(Duration),
}

/// Room for bytes of a connection, from when they are read until they are written, or dropped with the connection.
pub(super) struct Room {
    lane: Arc<Lane>,
    bytes: usize,
}

impl Room {
    /// For how many bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives back what is not needed.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let spare = self.bytes.saturating_sub(bytes);
        self.bytes -= spare;
        let mut state = self.lane.state();
        state.waiting_bytes = state.waiting_bytes.saturating_sub(spare);
        let held = state.hold.is_some();
        drop(state);
        if held && spare > 0 {
            self.lane.changed.notify_waiters();
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

impl Lane {
    pub(super) fn new(courier: Arc<Courier>, link: Link) -> Arc<Self> {
        Arc::new(Self {
            courier,
            state: Mutex::new(State {
                link,
                hold: None,
                held: VecDeque::new(),
                held_bytes: 0,
                waiting_bytes: 0,
                on_the_way: 0,
                on_the_way_bytes: 0,
                stats: DirectionStats::default(),
            }),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Behaves differently from now on. What is on its way stays on its way; what was held is let go in order once
    /// nothing is held any more.
    pub(super) fn change(self: &Arc<Self>, combined: Combined) {
        let now = self.courier.now();
        let mut state = self.state();
        if *state.link.conditions() != combined.conditions {
            let rate = |conditions: &Conditions| conditions.bandwidth;
            let other_rate = rate(state.link.conditions()) != rate(&combined.conditions);
            state.link.change(combined.conditions, now);
            if other_rate {
                state.link.forget_queue();
            }
        }
        state.hold = combined.hold;
        if state.hold.is_none() {
            state.held_bytes = 0;
            let mut due = now;
            for (parcel, at) in std::mem::take(&mut state.held) {
                due = due.max(at);
                self.set_out(&mut state, parcel, due);
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// What was counted.
    pub(super) fn stats(&self) -> DirectionStats {
        let state = self.state();
        let held_of_streams = state.hold.map_or(0, |_| state.waiting_bytes);
        DirectionStats {
            held: state.held.len() as u64,
            held_bytes: (state.held_bytes + held_of_streams) as u64,
            on_the_way: state.on_the_way as u64,
            ..state.stats.clone()
        }
    }

    /// A datagram came for which there is no room (too many clients).
    pub(super) fn no_room(&self, size: usize) {
        let mut state = self.state();
        state.stats.came(size);
        state.stats.lost.no_room += 1;
    }

    /// Takes a datagram.
    pub(super) fn datagram(self: &Arc<Self>, parcel: Parcel) {
        let size = parcel.bytes.len();
        let mut state = self.state();
        // The clock is read under the lock, so that the link never sees time step back.
        let now = self.courier.now();
        state.stats.came(size);
        match state.link.send(now, size) {
            Fate::Lost(why) => state.stats.lost(why),
            Fate::Arrives { at, again } => {
                if at > now {
                    state.stats.delayed += 1;
                }
                if let Some(again) = again {
                    state.stats.duplicated += 1;
                    self.place(&mut state, parcel.clone(), now, again);
                }
                self.place(&mut state, parcel, now, at);
            }
        }
    }

    fn place(self: &Arc<Self>, state: &mut State, parcel: Parcel, now: Duration, at: Duration) {
        let size = parcel.bytes.len();
        if let Some(most) = state.hold {
            if (state.held_bytes + size) as u64 > most || state.held.len() >= ON_THE_WAY {
                state.stats.lost.hold_full += 1;
                return;
            }
            state.held_bytes += size;
            state.held.push_back((parcel, at));
        } else if state.on_the_way >= ON_THE_WAY || state.on_the_way_bytes + size > ON_THE_WAY_BYTES {
            state.stats.lost(Lost::QueueFull);
        } else if at <= now && state.on_the_way == 0 {
            state.stats.went(size, parcel.send());
        } else {
            self.set_out(state, parcel, at);
        }
    }

    fn set_out(self: &Arc<Self>, state: &mut State, parcel: Parcel, at: Duration) {
        state.on_the_way += 1;
        state.on_the_way_bytes += parcel.bytes.len();
        self.courier.at(at, Job::Deliver(parcel, Arc::clone(self)));
    }

    /// The courier's call: the datagram is due.
    pub(super) fn deliver_due(&self, parcel: &Parcel, due: Duration, now: Duration) {
        let size = parcel.bytes.len();
        let sent = parcel.send();
        let mut state = self.state();
        state.on_the_way = state.on_the_way.saturating_sub(1);
        state.on_the_way_bytes = state.on_the_way_bytes.saturating_sub(size);
        state.stats.went(size, sent);
        state.stats.late(now.saturating_sub(due));
    }

    /// Room for a segment of up to `most` bytes that is read at once: less, or none, where a hold keeps no more.
    pub(super) fn room(self: &Arc<Self>, most: usize) -> Room {
        let mut state = self.state();
        let left = state
            .hold
            .map_or(u64::MAX, |hold| hold.saturating_sub(state.waiting_bytes as u64));
        let bytes = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        state.waiting_bytes += bytes;
        Room {
            lane: Arc::clone(self),
            bytes,
        }
    }

    /// Waits until there may be room again for a segment of a connection.
    pub(super) async fn room_again(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let state = self.state();
                if state.hold.is_none_or(|hold| (state.waiting_bytes as u64) < hold) {
                    return;
                }
            }
            changed.await;
        }
    }

    /// A TCP segment of `size` bytes was read.
    pub(super) fn came(&self, size: usize) {
        self.state().stats.came(size);
    }

    /// A TCP segment of `size` bytes was written.
    pub(super) fn went(&self, size: usize, due: Duration) {
        let late = self.courier.now().saturating_sub(due);
        let mut state = self.state();
        state.stats.went(size, true);
        state.stats.late(late);
    }

    /// Waits until a TCP segment of `size` bytes may set out, and says when it arrives. A segment that the link loses is
    /// sent again, which costs the round trip and [`RETRANSMIT`], twice as much with each further loss.
    pub(super) async fn segment(&self, size: usize) -> Duration {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let not_before = match self.carry(size) {
                Carried::At(at) => return at,
                Carried::NotBefore(at) => at,
            };
            tokio::select! {
                biased;
                () = changed => {}
                () = self.courier.until(not_before) => {}
            }
        }
    }

    fn carry(&self, size: usize) -> Carried {
        let mut state = self.state();
        let now = self.courier.now();
        let room_at = state.link.room_at(now, size);
        if room_at > now {
            return Carried::NotBefore(room_at);
        }
        let mut costs = state.link.conditions().latency * 2 + RETRANSMIT;
        let mut longer = Duration::ZERO;
        for _ in 0..RETRANSMITS_MAX {
            match state.link.send(now, size) {
                Fate::Arrives { at, .. } => {
                    if size > 0 && at + longer > now {
                        state.stats.delayed += 1;
                    }
                    return Carried::At(at + longer);
                }
                Fate::Lost(Lost::Chance) => {
                    state.stats.retransmitted += 1;
                    longer += costs;
                    costs = (costs * 2).min(RETRANSMIT_MAX.max(costs));
                }
                Fate::Lost(Lost::QueueFull) => return Carried::NotBefore(now + FULL_LOOKS),
                Fate::Lost(Lost::Cut | Lost::TooLarge) => {
                    let turns = state.link.conditions().flapping.is_some();
                    return Carried::NotBefore(now + if turns { FLAPPING_LOOKS } else { CUT_LOOKS });
                }
            }
        }
        Carried::NotBefore(now + RETRANSMIT_MAX)
    }

    /// Waits while arrivals are held.
    pub(super) async fn not_held(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.state().hold.is_none() {
                return;
            }
            changed.await;
        }
    }
}
