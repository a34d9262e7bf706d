//! What this desk knows of channels and people: charters, orders, the watch, and what shows that the line works.
//!
//! A fold over the desk's own log, like the book. It is made anew at every start, and afterwards told what is on its way
//! to the disk. What an officer had no right to sign is not taken in; the statement stays in the log.

mod charters;
mod officers;
mod placed;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_audit::{
    Hash,
    key::RosterSet,
    statement::{Charter, Header, Payload, Service},
};
use hotline_core::{
    channel::{Attendance, Axis, Evidence, Order, Orders, Political, Proof, Shown, watch::may_be_unheard},
    duty::ServiceKind,
    id::{Hash32, Place},
    identity::Identity,
    leg::{Leg, RelayName},
    time::{LineTime, WallTime},
};

pub use charters::{CharterState, Charters};
pub use officers::{judge_order, judge_watch};

use crate::{book::Provenance, ended_keys::EndedKeys, judge::Rejected, trust::keys_inside};

use placed::Placed;

/// Desks whose watch is followed. 64: what two sides may declare, 32 each.
const DESKS_MAX: usize = 64;

/// When a desk's signed statement came last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heard {
    wall: WallTime,
    /// None for what was stored before this start.
    line: Option<LineTime>,
    /// SHA-256 of the statement.
    hash: Hash32,
    claimed: WallTime,
}

/// What is known of channels and people.
#[derive(Debug, Default)]
pub struct Channels {
    /// This desk.
    me: Option<Identity>,
    attendance: BTreeMap<Identity, Attendance>,
    /// Orders of both sides.
    pub orders: Orders,
    /// What shows that the line works.
    pub shown: Shown,
    /// Charters that are proposed or signed.
    pub charters: Charters,
    heard: BTreeMap<Identity, Heard>,
    /// How often each desk says that it sends a comm check.
    every: BTreeMap<Identity, Duration>,
    /// The newest answer of each desk to a comm check.
    answered: BTreeMap<Identity, Evidence>,
    /// The act by which a person of the other side answered a human check last.
    human_check: Option<Evidence>,
    /// What officers signed about watch and channels: each serves once.
    placed: Placed,
    /// What is kept of what ended keys signed inside.
    pub ended: EndedKeys,
}

/// The time at which something is taken in.
#[derive(Clone, Copy, Debug)]
pub enum Taken {
    /// From the own ledger at a start: what was judged when it came is believed.
    FromLedger,
    /// While the station runs.
    Now {
        /// The wall clock, milliseconds since 1970, for the validity of keys.
        wall_ms: u64,
        /// The line's clock.
        line: LineTime,
    },
}

impl Channels {
    /// Nothing is known but this desk and which relays there are.
    #[must_use]
    pub fn over(me: &Identity, relays: impl IntoIterator<Item = RelayName>) -> Self {
        Self {
            shown: Shown::over(Some(me.clone()), relays),
            me: Some(me.clone()),
            ..Self::default()
        }
    }

    /// Takes in a statement of a desk's chain. The same twice changes nothing.
    ///
    /// # Errors
    /// Why what an officer signed inside is not taken in.
    pub fn note(
        &mut self,
        at: &Provenance,
        payload: &Payload,
        rosters: &RosterSet,
        taken: Taken,
    ) -> Result<(), Rejected> {
        let header = payload.header();
        let Ok(desk) = header.sender.parse::<Identity>() else {
            return Ok(());
        };
        self.hear(&desk, header, at, taken);
        self.orders.note_key(core_hash(header.key_statement));
        match payload {
            Payload::Watch(watch) => {
                let entry = officers::watch_entry(watch, at, rosters, taken)?;
                self.place_once(&watch.officer_watch, payload, at)?;
                if let Some(place) = place_of(header)
                    && (self.attendance.len() < DESKS_MAX || self.attendance.contains_key(&desk))
                {
                    self.attendance.entry(desk).or_default().note(place, entry);
                }
            }
            Payload::Lifecycle(lifecycle) => {
                let order = officers::order_of(lifecycle, at, rosters, taken)?;
                self.place_once(&lifecycle.order, payload, at)?;
                let charters = &self.charters;
                self.orders
                    .note(order, &|channel| charters.signed(channel).is_some());
            }
            Payload::Charter(charter) => self.charters.note(charter, at, rosters, &self.ended),
            Payload::Service(service) => self.service(&desk, service, at),
            Payload::Message(_) | Payload::Receipt(_) | Payload::Act(_) | Payload::Annex(_) => {}
        }
        Ok(())
    }

    /// Charters as they stand once this statement is taken in as well.
    #[must_use]
    pub fn charters_with(
        &self,
        before: &Charters,
        (charter, at): (&Charter, &Provenance),
        rosters: &RosterSet,
    ) -> Charters {
        let mut charters = before.clone();
        charters.note(charter, at, rosters, &self.ended);
        charters
    }

    /// Whether something that an officer signed about the watch or a channel, with this key, may be placed now.
    ///
    /// # Errors
    /// That it was placed before, or that the key signed too much.
    pub fn may_place(&self, signed: &[u8], key: &Hash) -> Result<(), Rejected> {
        self.placed.permits(signed, key, None)
    }

    fn place_once(&mut self, signed: &[u8], payload: &Payload, at: &Provenance) -> Result<(), Rejected> {
        // It was read and judged: it names its key.
        let key = keys_inside(payload).pop().unwrap_or(Hash::ZERO);
        self.placed.note(signed, key, at.hash)
    }

    fn hear(&mut self, desk: &Identity, header: &Header, at: &Provenance, taken: Taken) {
        let line = match taken {
            Taken::FromLedger => None,
            Taken::Now { line, .. } => Some(line),
        };
        if self.heard.len() < DESKS_MAX || self.heard.contains_key(desk) {
            let heard = Heard {
                wall: at.stored,
                line,
                hash: core_hash(at.hash),
                claimed: WallTime::from_unix_ms(header.claimed_time_ms),
            };
            self.heard.insert(desk.clone(), heard);
            let sizes = header.seen.iter().map(|seen| (seen.origin.clone(), seen.size));
            self.shown.note_seen(desk, sizes);
        }
    }

    /// A comm check says how often one comes; the answer to one of ours shows the relays by which it left and came.
    fn service(&mut self, desk: &Identity, service: &Service, at: &Provenance) {
        if service.kind == ServiceKind::Check.to_wire()
            && self.heard.contains_key(desk)
            && let Ok(every) = service.text.parse()
        {
            self.every.insert(desk.clone(), Duration::from_millis(every));
        }
        let legs: Vec<Leg> = service
            .legs
            .iter()
            .filter_map(|fact| fact.leg.parse().ok())
            .collect();
        let relays: BTreeSet<RelayName> = legs.iter().map(|leg| leg.relay.clone()).collect();
        let mine = self.me.as_ref() == Some(desk);
        match ServiceKind::from_wire(service.kind) {
            Some(ServiceKind::Check) if mine => {
                self.shown.note_check(core_hash(at.hash), at.index, relays);
            }
            Some(ServiceKind::CheckAnswer) if !mine => {
                if self.heard.contains_key(desk) {
                    let by: Vec<String> = legs.iter().map(ToString::to_string).collect();
                    let what = format!("it answered a comm check that came by {}", by.join(", "));
                    let claimed = service.header.claimed_time_ms;
                    self.answered
                        .insert(desk.clone(), signed(what, desk, at, claimed));
                }
                if let Some(check) = &service.refers_to {
                    self.shown.note_answer(&core_hash(check.sha256), &relays);
                }
            }
            _ => {}
        }
    }

    /// Notes that a person of the other side answered a human check.
    pub fn note_human_check(&mut self, by: Evidence) {
        if self
            .human_check
            .as_ref()
            .is_none_or(|before| before.received <= by.received)
        {
            self.human_check = Some(by);
        }
    }

    /// The act by which a person of the other side answered a human check last.
    #[must_use]
    pub const fn human_check(&self) -> Option<&Evidence> {
        self.human_check.as_ref()
    }

    /// The newest answer of a desk to a comm check.
    #[must_use]
    pub fn answered(&self, desk: &Identity) -> Option<&Evidence> {
        self.answered.get(desk)
    }

    /// The newest statement of a desk.
    #[must_use]
    pub fn newest(&self, desk: &Identity) -> Option<Evidence> {
        let heard = self.heard.get(desk)?;
        Some(Evidence {
            what: "its newest statement came, signed with its key".into(),
            by: desk.to_string(),
            received: heard.wall,
            claimed: Some(heard.claimed),
            statement: Some(heard.hash),
            proof: Proof::Statement,
        })
    }

    /// The watch of a desk.
    #[must_use]
    pub fn attendance(&self, desk: &Identity) -> Attendance {
        self.attendance.get(desk).cloned().unwrap_or_default()
    }

    /// How long a desk may be silent before its watch is unknown.
    #[must_use]
    pub fn may_be_unheard(&self, desk: &Identity) -> Duration {
        may_be_unheard(self.every.get(desk).copied().unwrap_or_default())
    }

    /// How long nothing that a desk signed has come; none if nothing ever did.
    #[must_use]
    pub fn unheard(&self, desk: &Identity, wall: WallTime, line: LineTime) -> Option<Duration> {
        let heard = self.heard.get(desk)?;
        Some(match heard.line {
            Some(since) => line.since(since),
            None => Duration::from_millis(wall.unix_ms().saturating_sub(heard.wall.unix_ms())),
        })
    }

    /// Orders about a channel that nothing lifts, also those that count only later.
    #[must_use]
    pub fn ordered(&self, channel: &str) -> Vec<&Order> {
        self.orders
            .standing(channel, &|agreed| self.shown.complete(agreed))
    }

    /// Orders about a channel that stand.
    #[must_use]
    pub fn standing(&self, channel: &str, now: WallTime) -> Vec<&Order> {
        let mut orders = self.ordered(channel);
        orders.retain(|order| order.counts(now));
        orders
    }

    /// The political axis of a channel.
    #[must_use]
    pub fn political_axis(&self, channel: &str, now: WallTime) -> Axis<Political> {
        let standing = self.standing(channel, now);
        let state = standing.iter().map(|order| order.state()).max();
        let facts = standing.into_iter().map(Order::evidence).collect();
        Axis::new(state.unwrap_or(Political::Open), facts)
    }

    /// The order under which a message of the other side came in, in words: one that stood and counted when it was stored,
    /// and for which no restoration was signed by both sides. It may have crossed the order on its way.
    #[must_use]
    pub fn under_order(
        &self,
        channel: &str,
        (leaf, stored): (u64, WallTime),
        passes: impl Fn(Political) -> bool,
    ) -> Option<String> {
        let against = |order: &&Order| order.leaf < leaf && order.counts(stored) && !passes(order.state());
        let restored = |agreed: &hotline_core::channel::orders::Agreed<'_>| {
            agreed.first.leaf < leaf && agreed.second.leaf < leaf
        };
        self.orders
            .standing(channel, &restored)
            .into_iter()
            .find(against)
            .map(Order::plain)
    }
}

/// A channel's name is also the name of a folder: 1 to 32 of `A-Z`, `0-9` and hyphen.
pub(crate) fn is_channel(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(good)
}

fn place_of(header: &Header) -> Option<Place> {
    Place::new(header.epoch, header.sequence).ok()
}

/// A fact that a desk signed.
pub(crate) fn signed(what: String, by: &Identity, at: &Provenance, claimed_ms: u64) -> Evidence {
    Evidence {
        what,
        by: by.to_string(),
        received: at.stored,
        claimed: Some(WallTime::from_unix_ms(claimed_ms)),
        statement: Some(core_hash(at.hash)),
        proof: Proof::Statement,
    }
}

fn core_hash(hash: hotline_audit::Hash) -> Hash32 {
    Hash32(hash.0)
}
