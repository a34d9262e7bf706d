//! Presence: what this relay knows of the desks' sessions with it, and what it signs about them.
//!
//! Both sides of a line see only relays, so a relay is the one place where a desk that closed, a desk whose process died
//! and a desk whose way is cut look different. It signs what it saw, dated, with its LOG key; whoever reads it weighs it
//! as one relay's word. A desk is told about every desk of another trust domain that the rosters know, and about no desk
//! of its own side.
//!
//! | state | when |
//! |---|---|
//! | PRESENT | a session has brought a frame within the `silent_after` of its profile: 5 s, 10 s, 120 s |
//! | CLOSED | no such session, and the desk said goodbye (`Notice` CLOSING) in the life it had last |
//! | RESET | no such session, no goodbye, and a TCP connection was ended by the desk's machine without TLS's own close; no frame came more than [`ON_ITS_WAY`] later |
//! | SILENT | no such session, and none of these: cut, paused, or given up by a desk that hears nothing |

mod pen;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use hotline_audit::{Hash, PayloadType, SignedStatement};
use hotline_core::{
    duty::PresenceState,
    health::Profile,
    identity::Identity,
    leg::Door,
    plant,
    time::{LineTime, WallTime},
};
use hotline_transport::Clock;

pub use pen::Pen;

/// How long frames may still come that a process sent before its machine ended a connection. 2 s: a satellite hop by
/// another door, with a queue in front of it.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// Presences in one heartbeat. 64: a side has a handful of desks; the rest goes with the next heartbeat.
const TOLD_MAX: usize = 64;

/// One opening of a desk's ledger: its process, as far as a relay can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The ledger's instance.
    pub ledger: [u8; 16],
    /// How often it was opened.
    pub boot: u64,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The desk said that it closes.
    Goodbye,
    /// Its machine ended the connection, and the desk said nothing.
    Broken,
    /// Anything else: a leg given up, silence, this relay closing.
    Other,
}

/// The sessions of all desks.
pub struct Register {
    pen: ArcSwapOption<Pen>,
    clock: Arc<dyn Clock>,
    /// The farthest line by which a desk may come.
    profile: Profile,
    started: (LineTime, WallTime),
    desks: Mutex<Desks>,
}

#[derive(Default)]
struct Desks {
    /// Those that have a statement key; replaced when trust is read anew.
    known: Arc<BTreeSet<Identity>>,
    next: u64,
    desks: BTreeMap<Identity, Desk>,
}

#[derive(Default)]
struct Desk {
    sessions: BTreeMap<u64, Session>,
    heard: Option<(LineTime, WallTime)>,
    goodbye: Option<(Life, WallTime)>,
    /// When its machine ended a connection, and nothing has come since that was not on its way by then.
    broken: Option<(LineTime, WallTime)>,
    said: Option<Said>,
}

struct Session {
    life: Life,
    door: Door,
    heard: LineTime,
    /// By whose numbers it is judged.
    profile: Profile,
}

/// What was signed last about a desk.
struct Said {
    serial: u64,
    state: PresenceState,
    doors: BTreeSet<Door>,
    since: WallTime,
    claimed: WallTime,
    bytes: Bytes,
}

/// What one session was told: the serial of the newest word about each desk.
#[derive(Debug, Default)]
pub struct Told(BTreeMap<Identity, u64>);

/// One live session of a desk; leaving happens on drop.
pub struct Presence {
    register: Arc<Register>,
    desk: Identity,
    number: u64,
}

impl Register {
    /// A register without sessions. Without a `pen` nothing is signed. `profile` is that of the relay.
    #[must_use]
    pub fn new(
        pen: Option<Pen>,
        clock: Arc<dyn Clock>,
        known: BTreeSet<Identity>,
        profile: Profile,
    ) -> Arc<Self> {
        let started = (clock.line(), clock.wall());
        Arc::new(Self {
            pen: ArcSwapOption::from(pen.map(Arc::new)),
            clock,
            profile,
            started,
            desks: Mutex::new(Desks {
                known: Arc::new(known),
                ..Desks::default()
            }),
        })
    }

    /// What signs for this relay now; none while the rosters do not know its log key.
    #[must_use]
    pub fn pen(&self) -> Option<Arc<Pen>> {
        self.pen.load_full()
    }

    /// Signs with this from now on; without one nothing is signed.
    pub fn take_pen(&self, pen: Option<Pen>) {
        self.pen.store(pen.map(Arc::new));
    }

    /// Signs something else for the relay's own log, with the same key; none if the rosters do not know that key.
    #[must_use]
    pub fn sign_record(
        &self,
        kind: PayloadType,
        payload: impl FnOnce(&str, Hash) -> Vec<u8>,
    ) -> Option<SignedStatement> {
        let pen = self.pen.load_full()?;
        pen.sign_record(kind, &payload(pen.relay(), pen.key_statement()))
    }

    /// Signs from now on about these desks, and about no others.
    pub fn know(&self, desks: BTreeSet<Identity>) {
        self.lock().known = Arc::new(desks);
    }

    /// Registers a session of `desk`, judged by the numbers of `profile`. Two doors at once are normal, two ledgers are
    /// not.
    ///
    /// # Errors
    /// The ledger that is connected already.
    pub fn enter(
        self: &Arc<Self>,
        desk: &Identity,
        life: Life,
        door: Door,
        profile: Profile,
    ) -> Result<Presence, [u8; 16]> {
        let mut all = self.lock();
        all.next += 1;
        let number = all.next;
        let entry = all.desks.entry(desk.clone()).or_default();
        let other = entry
            .sessions
            .values()
            .find(|session| session.life.ledger != life.ledger);
        if let Some(other) = other
            && !plant::active("second-instance-let-in")
        {
            return Err(other.life.ledger);
        }
        let now = (self.clock.line(), self.clock.wall());
        entry.heard = Some(now);
        entry.broken = None;
        // A lane that was under way when its desk said goodbye does not bring it back; another life does.
        entry.goodbye = entry.goodbye.filter(|(left, _)| *left == life);
        entry.sessions.insert(
            number,
            Session {
                life,
                door,
                heard: now.0,
                profile,
            },
        );
        Ok(Presence {
            register: Arc::clone(self),
            desk: desk.clone(),
            number,
        })
    }

    /// What a session of `reader` has not been told yet, signed; at most [`TOLD_MAX`].
    pub fn news(&self, reader: &Identity, told: &mut Told) -> Vec<Bytes> {
        let Some(pen) = self.pen.load_full() else {
            return Vec::new();
        };
        let mut all = self.lock();
        let known = Arc::clone(&all.known);
        let mut news = Vec::new();
        for about in known.iter().filter(|desk| desk.domain() != reader.domain()) {
            if news.len() == TOLD_MAX {
                break;
            }
            let desk = all.desks.entry(about.clone()).or_default();
            self.judge(&pen, about, desk);
            if let Some(said) = &desk.said
                && told.0.get(about) != Some(&said.serial)
            {
                told.0.insert(about.clone(), said.serial);
                news.push(said.bytes.clone());
            }
        }
        news
    }

    /// Signs anew if the state has changed.
    fn judge(&self, pen: &Pen, about: &Identity, desk: &mut Desk) {
        let (now, wall) = (self.clock.line(), self.clock.wall());
        let Some((state, doors, since)) = self.state(desk, now, wall) else {
            return;
        };
        if let Some(said) = &desk.said
            && said.state == state
            && said.doors == doors
        {
            return;
        }
        let before = desk.said.as_ref();
        // The doors of a desk that stays present may change; it is present since then as before.
        let since = before
            .filter(|said| said.state == state)
            .map_or(since, |said| said.since);
        let claimed = before.map_or(wall, |said| later(wall, said.claimed));
        let Some(bytes) = pen.sign(about, state, &doors, since, claimed) else {
            return;
        };
        desk.said = Some(Said {
            serial: before.map_or(1, |said| said.serial + 1),
            state,
            doors,
            since,
            claimed,
            bytes,
        });
    }

    /// None while this relay runs too short to have been found by a desk that was there before.
    fn state(
        &self,
        desk: &Desk,
        now: LineTime,
        wall: WallTime,
    ) -> Option<(PresenceState, BTreeSet<Door>, WallTime)> {
        let left = desk.goodbye.map(|(life, _)| life);
        let doors: BTreeSet<Door> = desk
            .sessions
            .values()
            .filter(|session| session.is_heard(now) && left != Some(session.life))
            .map(|session| session.door)
            .collect();
        if !doors.is_empty() {
            return Some((PresenceState::Present, doors, wall));
        }
        let none = BTreeSet::new();
        if let Some((_, when)) = desk.goodbye.filter(|_| desk.broken.is_none()) {
            return Some((PresenceState::Closed, none, when));
        }
        if let Some((_, when)) = desk.broken {
            return Some((PresenceState::Reset, none, when));
        }
        match desk.heard {
            Some((_, when)) => Some((PresenceState::Silent, none, when)),
            None if now.since(self.started.0) >= self.profile.numbers().silent_after => {
                Some((PresenceState::Silent, none, self.started.1))
            }
            None => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Desks> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_heard(&self, now: LineTime) -> bool {
        now.since(self.heard) < self.profile.numbers().silent_after
    }
}

/// A claim is later than the one before, also when the clock was set back: readers keep the latest.
fn later(wall: WallTime, before: WallTime) -> WallTime {
    WallTime::from_unix_ms(wall.unix_ms().max(before.unix_ms().saturating_add(1)))
}

impl Presence {
    /// A frame of this session came.
    pub fn heard(&self) {
        let mut all = self.register.lock();
        let now = (self.register.clock.line(), self.register.clock.wall());
        if let Some(desk) = all.desks.get_mut(&self.desk) {
            desk.heard = Some(now);
            // A process whose frames still come is not gone: only one of its connections is.
            desk.broken = desk.broken.filter(|(since, _)| now.0.since(*since) < ON_ITS_WAY);
            if let Some(session) = desk.sessions.get_mut(&self.number) {
                session.heard = now.0;
            }
        }
    }

    /// The session is over, and this is how. Only the first word counts.
    pub fn ended(&self, end: End) {
        let mut all = self.register.lock();
        let (now, wall) = (self.register.clock.line(), self.register.clock.wall());
        let Some(desk) = all.desks.get_mut(&self.desk) else {
            return;
        };
        let Some(session) = desk.sessions.remove(&self.number) else {
            return;
        };
        let said_goodbye = desk.goodbye.is_some_and(|(life, _)| life == session.life);
        match end {
            End::Goodbye if !said_goodbye => desk.goodbye = Some((session.life, wall)),
            // QUIC knows no end that a machine makes for a dead process: its silence is all there is.
            End::Broken if session.door == Door::Tcp && !said_goodbye => {
                desk.broken = Some((now, wall));
            }
            End::Goodbye | End::Broken | End::Other => {}
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.ended(End::Other);
    }
}
