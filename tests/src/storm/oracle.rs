//! The judge of a schedule. It sees what an outsider could, and nothing else: what officers asked and were answered,
//! what desks showed, their status, and what a power cut would leave on each disk.
//!
//! Each rule that is broken becomes a [`Broken`], with the moment. *Honest state* is judged at every event: what a desk
//! shows must be proven at that moment. *Safety* is judged again after the final crash ([`last`]).

mod kept;
mod last;

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::Hash;
use hotline_client::view::MessageView;
use hotline_core::{precedence::Precedence, words::Rung};
use hotline_faults::world::World;
use hotline_ledger::MemoryDisk;

use super::{cast::cast, shape::Shape};

/// What was promised and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// Something accepted, delivered or released is not where it must be.
    Lost,
    /// Something was shown as new twice.
    ShownTwice,
    /// Something was not done within its bound.
    Stuck,
    /// A desk showed more than was proven.
    Honest,
    /// A message was changed, or nobody sent it.
    Genuine,
    /// An honest node was accused, or a fault was not named.
    Named,
    /// Somebody was let do what is not his to do.
    Role,
    /// A bound was passed.
    Bound,
    /// A ledger does not verify.
    Evidence,
    /// A node did not start.
    Starts,
}

/// A promise that was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// When, in milliseconds since the world began.
    pub at_ms: u64,
    /// What was seen.
    pub what: String,
}

/// A message that an officer asked for.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// At which desk.
    pub desk: usize,
    /// How urgent.
    pub precedence: Precedence,
    /// When.
    pub at_ms: u64,
    /// Its hash, once some desk has shown it.
    pub hash: Option<Hash>,
}

/// A message of which a desk said that it is released.
#[derive(Clone, Debug)]
pub struct Sent {
    /// By which desk.
    pub desk: usize,
    /// How urgent.
    pub precedence: Precedence,
    /// When it was released.
    pub at_ms: u64,
    /// When its sender showed DELIVERED.
    pub delivered_ms: Option<u64>,
    /// When the other desk added it.
    pub added_ms: Option<u64>,
    /// The sender's desk was put back to before it: nothing is owed.
    pub excused: bool,
}

/// How often a desk showed a message as new.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    added: u32,
    drawn_new: u32,
    first_ms: u64,
}

/// The judge.
pub struct Oracle {
    world: World,
    shape: Shape,
    /// The disks of all nodes.
    pub disks: Vec<MemoryDisk>,
    /// What was broken, in order.
    pub broken: Vec<Broken>,
    attempts: BTreeMap<String, Attempt>,
    /// What was released.
    pub sent: BTreeMap<Hash, Sent>,
    seen: Vec<BTreeMap<Hash, Seen>>,
    /// What was drawn at which desk, also before a desk was put back.
    drawn: BTreeSet<(usize, Hash)>,
    acts: BTreeSet<(Hash, Rung)>,
    /// Relays whose word needs not hold: wiped, put back, or lying.
    pub tainted: Vec<bool>,
    /// The relay that lies.
    pub liar: Option<usize>,
    /// When a desk was put back, and to when.
    pub restored: Vec<Option<(u64, u64)>>,
    /// Alarms by code.
    pub alarms: BTreeMap<String, u64>,
    /// When everything owed was delivered.
    pub settled_ms: Option<u64>,
    /// Relays that were put back to before what they had signed, by the leaves they then had: they sign no more.
    pub ended_logs: BTreeMap<usize, usize>,
    /// When and by which leg each message came, as its desk said when it came.
    came: BTreeMap<(usize, Hash), (u64, Option<String>)>,
}

/// Most broken promises that are kept; one is enough to fail.
const BROKEN_MAX: usize = 20;

impl Oracle {
    /// A judge of this world.
    #[must_use]
    pub fn new(world: &World, shape: Shape, disks: Vec<MemoryDisk>) -> Self {
        Self {
            world: world.clone(),
            shape,
            disks,
            broken: Vec::new(),
            attempts: BTreeMap::new(),
            sent: BTreeMap::new(),
            seen: vec![BTreeMap::new(); shape.desks()],
            drawn: BTreeSet::new(),
            acts: BTreeSet::new(),
            tainted: vec![false; shape.relays()],
            liar: None,
            restored: vec![None; shape.desks()],
            alarms: BTreeMap::new(),
            settled_ms: None,
            ended_logs: BTreeMap::new(),
            came: BTreeMap::new(),
        }
    }

    /// Milliseconds since the world began.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.world.now().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes a broken promise.
    pub fn breaks(&mut self, promise: Promise, what: impl Into<String>) {
        let what = what.into();
        self.world.note(&format!("{promise:?}"));
        if self.broken.len() < BROKEN_MAX {
            let at_ms = self.now_ms();
            self.broken.push(Broken { promise, at_ms, what });
        }
    }

    /// A desk's disk.
    fn desk_disk(&self, desk: usize) -> &MemoryDisk {
        &self.disks[self.shape.node_of(desk)]
    }

    /// Officers ask for a message; its text names it.
    pub fn attempted(&mut self, desk: usize, precedence: Precedence, text: &str) {
        let at_ms = self.now_ms();
        self.attempts.insert(
            text.to_owned(),
            Attempt {
                desk,
                precedence,
                at_ms,
                hash: None,
            },
        );
    }

    /// The desk answered that a message is released: it must be on its disk.
    pub fn released(&mut self, view: &MessageView) {
        let Ok(hash) = view.sha256.parse::<Hash>() else {
            return;
        };
        let Some(desk) = self.attempts.get(&view.text).map(|attempt| attempt.desk) else {
            return;
        };
        self.world.note("released");
        if !self.desk_disk(desk).holds(&hash) {
            self.breaks(
                Promise::Honest,
                format!("{} is answered as released and is not on disk", view.name),
            );
        }
        self.owes(desk, view, hash);
    }

    /// From now on a desk owes this message to the other.
    fn owes(&mut self, desk: usize, view: &MessageView, hash: Hash) {
        let Some(attempt) = self.attempts.get_mut(&view.text) else {
            return;
        };
        attempt.hash = Some(hash);
        let precedence = attempt.precedence;
        let at_ms = self.now_ms();
        self.sent.entry(hash).or_insert(Sent {
            desk,
            precedence,
            at_ms,
            delivered_ms: None,
            added_ms: None,
            excused: false,
        });
    }

    /// A desk added a message to what it shows.
    pub fn added(&mut self, desk: usize, view: &MessageView) {
        let Ok(hash) = view.sha256.parse::<Hash>() else {
            return;
        };
        let now_ms = self.now_ms();
        let seen = self.seen[desk].entry(hash).or_default();
        seen.added += 1;
        if seen.added == 1 {
            seen.first_ms = now_ms;
        }
        let again = seen.added > 1;
        self.came
            .insert((desk, hash), (view.stored_ms, view.first_leg.clone()));
        self.world.note("added");
        if again {
            self.breaks(
                Promise::ShownTwice,
                format!("{} was announced twice at desk {desk}", view.name),
            );
        }
        if view.direction == "out" {
            self.owes(desk, view, hash);
            return;
        }
        self.genuine(desk, view, hash);
        if let Some(sent) = self.sent.get_mut(&hash) {
            sent.added_ms.get_or_insert(now_ms);
        }
    }

    /// What a desk shows as come in must be what the officers of the desk at the other end asked for.
    fn genuine(&mut self, desk: usize, view: &MessageView, hash: Hash) {
        if let Some(why) = &view.rejected {
            self.breaks(Promise::Genuine, format!("{} was rejected: {why}", view.name));
            return;
        }
        let peer = self.shape.peer(desk);
        let found = self.attempts.get_mut(&view.text);
        let fault = match found {
            None => Some("nobody asked for it"),
            Some(attempt) if attempt.desk == desk => Some("it came back to its sender"),
            Some(attempt) if attempt.desk != peer => Some("it was sent to another desk"),
            Some(attempt) => match attempt.hash {
                Some(known) if known != hash => Some("its bytes are not those that were sent"),
                Some(_) => None,
                None => {
                    attempt.hash = Some(hash);
                    None
                }
            },
        };
        if let Some(fault) = fault {
            self.breaks(Promise::Genuine, format!("{} at desk {desk}: {fault}", view.name));
        }
    }

    /// An officer draws a message that its desk calls new (or not).
    pub fn drawn(&mut self, desk: usize, view: &MessageView) {
        let Ok(hash) = view.sha256.parse::<Hash>() else {
            return;
        };
        self.drawn.insert((desk, hash));
        let seen = self.seen[desk].entry(hash).or_default();
        if view.shown == "never" {
            seen.drawn_new += 1;
        }
        let again = seen.drawn_new > 1;
        self.world.note("drawn");
        if again {
            self.breaks(
                Promise::ShownTwice,
                format!("{} was drawn as new twice at desk {desk}", view.name),
            );
        }
    }

    /// An officer is about to act on a message.
    pub fn acts(&mut self, hash: Hash, rung: Rung) {
        self.acts.insert((hash, rung));
    }

    /// A desk says that the recipient's receipt for a message of its own has come.
    pub fn receipted(&mut self, desk: usize, hash: Hash) {
        let ours = self.sent.get(&hash).is_some_and(|sent| sent.desk == desk);
        let other = self.shape.peer(desk);
        if ours && !self.desk_disk(other).holds(&hash) && self.restored[other].is_none() {
            self.breaks(
                Promise::Honest,
                format!("a receipt is told for {hash}, which its recipient lacks"),
            );
        }
    }

    /// A desk shows that a message climbed a rung. Only what its sender is shown is judged here.
    pub fn climbed(&mut self, desk: usize, hash: Hash, rung: Rung) {
        let Some(sent) = self.sent.get(&hash) else {
            return;
        };
        if sent.desk != desk {
            return;
        }
        let other = self.shape.peer(desk);
        self.world.note(rung.name());
        match rung {
            Rung::Delivered => {
                let now_ms = self.now_ms();
                if let Some(sent) = self.sent.get_mut(&hash) {
                    sent.delivered_ms.get_or_insert(now_ms);
                }
                if !self.desk_disk(other).holds(&hash) && self.restored[other].is_none() {
                    self.breaks(
                        Promise::Honest,
                        format!("DELIVERED is shown for {hash}, which its recipient lacks"),
                    );
                }
            }
            Rung::Displayed if !self.drawn.contains(&(other, hash)) => {
                self.breaks(
                    Promise::Honest,
                    format!("DISPLAYED is shown for {hash}, which nobody drew"),
                );
            }
            Rung::Acknowledged | Rung::Answered if !self.acts.contains(&(hash, rung)) => {
                let what = format!("{} is shown for {hash}, and no officer did", rung.name());
                self.breaks(Promise::Honest, what);
            }
            _ => {}
        }
    }

    /// A desk shows that a relay accepted a message.
    pub fn accepted(&mut self, view: &MessageView) {
        let Ok(hash) = view.sha256.parse::<Hash>() else {
            return;
        };
        for rung in view
            .rungs
            .iter()
            .filter(|rung| rung.rung == Rung::Accepted.name())
        {
            let Some(relay) = rung
                .by
                .parse()
                .ok()
                .and_then(|by| cast(self.shape).relay_named(&by))
            else {
                continue;
            };
            if !self.tainted[relay] && !self.disks[relay].holds(&hash) {
                self.breaks(
                    Promise::Honest,
                    format!(
                        "{} is shown as accepted by relay {relay}, which lacks it",
                        view.name
                    ),
                );
            }
        }
    }

    /// A desk raised an alarm. Nobody honest may be accused.
    pub fn alarm(&mut self, desk: usize, code: &str, what: &str) {
        *self.alarms.entry(code.to_owned()).or_insert(0) += 1;
        self.world.note(code);
        let relay = cast(self.shape)
            .relay_names()
            .position(|name| what.starts_with(name));
        let accused = matches!(
            code,
            "FORK" | "ROLLBACK" | "BAD_CHECKPOINT" | "FORGED" | "UNPROVEN"
        );
        let innocent = relay.is_some_and(|relay| !self.tainted[relay]);
        // All desks are honest, also one that was put back to a backup: it signs no second history.
        // Without a desk's key nobody can show another statement of it: no lie closes a pen.
        let own_fork = code == "OWN_FORK";
        let of_desks = matches!(code, "EQUIVOCATION" | "FOREIGN" | "REJECTED")
            || (code == "REFUSED" && what.contains("EQUIVOCATION"))
            || (code == "REOPENED" && self.restored.iter().all(Option::is_none));
        if (accused && innocent) || own_fork || (of_desks && self.liar.is_none()) {
            self.breaks(Promise::Named, format!("desk {desk}: {code}: {what}"));
        }
    }

    /// A verb that must be refused was not.
    pub fn not_refused(&mut self, what: String) {
        self.breaks(Promise::Role, what);
    }

    /// A desk is put back to what it was at `to_ms`: what happened there since is forgotten.
    pub fn put_back(&mut self, desk: usize, to_ms: u64) {
        let now_ms = self.now_ms();
        self.restored[desk] = Some((to_ms, now_ms));
        self.seen[desk].retain(|_, seen| seen.first_ms < to_ms);
        for seen in self.seen[desk].values_mut() {
            // It may have been drawn since; a backup does not know.
            seen.drawn_new = 0;
        }
        for sent in self.sent.values_mut() {
            sent.excused |= sent.desk == desk && sent.at_ms >= to_ms;
        }
    }

    /// Messages that are owed: released, not excused, and not shown as delivered.
    pub fn owed(&self) -> impl Iterator<Item = (&Hash, &Sent)> {
        self.sent
            .iter()
            .filter(|(_, sent)| !sent.excused && sent.delivered_ms.is_none())
    }
}
