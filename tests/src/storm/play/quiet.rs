//! After healing: everything owed is delivered within its bound, then everyone crashes for good and is looked at.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hotline_client::{
    request::{Answer, Request},
    status::LineStatus,
    view::MessageView,
};
use hotline_core::{precedence::Precedence, words::Rung};
use hotline_faults::world::Death;

use super::{Ending, Play};
use crate::storm::{
    cast::BEGAN,
    nodes::{Asked, ask},
    officers,
    oracle::{Oracle, Promise},
};

/// How long everything may take after healing. 60 s: a refused leg waits 30 s before it is dialled again.
const BOUND: Duration = Duration::from_secs(60);
/// How long a FLASH may take after healing. 5 s: a fresh dial begins within 0.5 s, its handshake and its hello have 3 s each
/// on what is left of a bad way, and a copy that was lost is sent again after 1 and 2 s.
const FLASH_BOUND_MS: u64 = 5_000;
/// What a desk's gate may add to that, when it was put back and starts with the healing.
const GATE_MS: u64 = 4_000;
/// How long a gap may stay before it must be shown: 5 s, and looking takes its time.
const GAP_BOUND: Duration = Duration::from_millis(6_500);
/// How often the line is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Most dials of one host to one relay in one second. A desk's round is 1 QUIC and 3 TCP dials; the shortest pauses are
/// 50, 100, 200, 250 and 250 ms, and a dial beside one that hangs begins 250 ms after it at the earliest: a second sees at
/// most 6 rounds of them, and 3 more when the desk was restarted in it.
pub const DIALS_PER_SECOND_MAX: u64 = 36;
/// Most statements that wait for one relay: those of a schedule, several times over. The product's own bound is 100,000.
pub const QUEUE_MAX: u64 = 500;
/// Most bytes of one host to one other in one second on average. Heartbeats of 6 lanes every 300 ms, sealed, are some
/// 10 KB/s; long messages over two legs are the rest.
pub const BYTES_PER_SECOND_MAX: u64 = 200_000;

/// What a desk and a relay send one another each second when nothing happens: 6 lanes, both ways, every 300 ms, each
/// heartbeat some 300 bytes sealed and framed, with acknowledgements as much again: measured 26 KB.
const HEARTBEAT_BYTES_PER_SECOND: u64 = 26_250;
/// Most bytes sent per relay and byte of a delivered statement beyond heartbeats. A copy by one relay and its receipts
/// are some 5; handshakes after crashes, resends and FLASH on every leg are the rest.
const BYTES_PER_DELIVERED_MAX: u64 = 75;

impl Play {
    /// Watches that a gap which stays is shown while its desk runs.
    pub(super) async fn watch_gaps(self: Arc<Self>, desk: usize) {
        let mut since: BTreeMap<(u64, u64), Duration> = BTreeMap::new();
        let (mut life, node) = (0, self.shape.node_of(desk));
        while !self.over.is_cancelled() {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let (now, now_life) = (self.world.now(), self.node(node).life);
            if std::mem::replace(&mut life, now_life) != now_life || !self.lives(node, life) {
                since.clear();
                continue;
            }
            let missing = self.judge(|oracle| oracle.missing(desk));
            since.retain(|place, _| missing.contains(place));
            for place in missing {
                since.entry(place).or_insert(now);
            }
            let oldest = since
                .iter()
                .find(|(_, seen)| now.saturating_sub(**seen) > GAP_BOUND);
            if let Some((place, _)) = oldest
                && let Some(status) = self.status(desk).await
                && status.gaps.is_empty()
                && self.lives(node, life)
            {
                let what = format!("desk {desk} lacks place {place:?} and does not say so");
                self.judge(|oracle| oracle.breaks(Promise::Named, what));
                return;
            }
        }
    }

    /// Waits until everything is done.
    pub(super) async fn quiet(self: &Arc<Self>) {
        let began = self.world.now();
        for desk in 0..self.shape.desks() {
            for precedence in [Precedence::Flash, Precedence::Routine] {
                let text = self.text(desk, 0);
                tokio::spawn(officers::release(Arc::clone(self), desk, precedence, text));
            }
        }
        let mut left = vec!["nobody has looked yet".to_owned()];
        let mut flash_late = false;
        while self.world.now() < began + BOUND {
            tokio::time::sleep(LOOK_EVERY).await;
            left = self.left().await;
            if left.is_empty() {
                break;
            }
            let since_ms = u64::try_from((self.world.now() - began).as_millis()).unwrap_or(u64::MAX);
            let gate_ms = if self.judge(|oracle| oracle.restored.iter().any(Option::is_some)) {
                GATE_MS
            } else {
                0
            };
            if since_ms > FLASH_BOUND_MS + gate_ms && !flash_late {
                flash_late = true;
                let described = self.describe().await;
                self.judge_flash(&described);
            }
        }
        self.figures().healed_in_ms =
            u64::try_from((self.world.now() - began).as_millis()).unwrap_or(u64::MAX);
        if left.is_empty() {
            self.judge(|oracle| oracle.settled_ms = Some(oracle.now_ms()));
        } else {
            left.push(self.describe().await);
        }
        for what in left {
            self.judge(|oracle| oracle.breaks(Promise::Stuck, format!("60 s after healing: {what}")));
        }
        if self.mix.parade && self.judge(|oracle| oracle.broken.is_empty()) {
            self.parade().await;
        }
        // What officers are still doing may end.
        tokio::time::sleep(officers::THINKING).await;
        self.judge_beliefs().await;
    }

    /// Whoever is connected with a relay believes it: it must be the one that was seen before. Only what was heard in this
    /// life of the relay counts.
    async fn judge_beliefs(&self) {
        for desk in 0..self.shape.desks() {
            let Some(status) = self.status(desk).await else {
                continue;
            };
            for (relay, name) in self.cast.relay_names().enumerate() {
                let began_ms = BEGAN.unix_ms() + self.node(relay).started_ms.max(self.mix.heal_ms);
                let heard = status.legs.iter().any(|(leg, is)| {
                    is.up
                        && leg.split('/').next() == Some(name)
                        && is.last_proven_ms.is_some_and(|ms| ms > began_ms)
                });
                if heard {
                    self.judge(|oracle| oracle.believes(desk, relay));
                }
            }
        }
    }

    /// How all desks see the line, for whoever reads a failure.
    pub(super) async fn describe(&self) -> String {
        let mut text = String::new();
        for desk in 0..self.shape.desks() {
            let Some(status) = self.status(desk).await else {
                continue;
            };
            let legs: Vec<String> = status
                .legs
                .iter()
                .map(|(name, leg)| format!("{name} {}{}", if leg.up { "up" } else { "down: " }, leg.why))
                .collect();
            let relays: Vec<String> = status
                .relays
                .iter()
                .map(|(name, relay)| format!("{name} {:?}", relay.trouble))
                .collect();
            text.push_str(&format!(
                "desk {desk}: {legs:?} {relays:?} alarms {:?}; ",
                status.alarms
            ));
        }
        text
    }

    fn judge_flash(&self, described: &str) {
        self.judge(|oracle| {
            let late: Vec<_> = oracle
                .owed()
                .filter(|(_, sent)| sent.precedence >= Precedence::Flash && sent.added_ms.is_none())
                .map(|(hash, _)| *hash)
                .collect();
            for hash in late {
                oracle.breaks(
                    Promise::Stuck,
                    format!("5 s after healing the FLASH {hash} is not there: {described}"),
                );
            }
        });
    }

    /// What is not done yet, in words.
    async fn left(self: &Arc<Self>) -> Vec<String> {
        let mut left = Vec::new();
        for desk in 0..self.shape.desks() {
            let Some(status) = self.status(desk).await else {
                left.push(format!("desk {desk} does not run"));
                continue;
            };
            if let Some(why) = &status.read_only {
                left.push(format!("desk {desk} signs nothing: {why}"));
                continue;
            }
            self.judge(|oracle| oracle.carrier(desk, &status));
            self.look_again(desk).await;
            let tainted = self.judge(|oracle| oracle.tainted.clone());
            for (place, name) in self.cast.relay_names().enumerate() {
                let relay = status.relays.get(name);
                let pending = relay.map_or(0, |relay| relay.pending);
                let mut figures = self.figures();
                figures.queue_max = figures.queue_max.max(pending);
                drop(figures);
                if pending > 0 && !tainted[place] {
                    left.push(format!("desk {desk} owes relay {name} {pending} statements"));
                }
            }
            let forgotten = self.judge(|oracle| oracle.forgotten(desk));
            if !forgotten.is_empty() {
                left.push(format!(
                    "desk {desk} lacks {forgotten:?} of its own chain, which a relay holds"
                ));
            }
            let missing = self.judge(|oracle| oracle.missing(desk));
            if !missing.is_empty() && status.gaps.is_empty() {
                left.push(format!("desk {desk} lacks {missing:?} and does not say so"));
            }
        }
        self.judge(|oracle| {
            left.extend(oracle.owed().map(|(hash, sent)| {
                format!(
                    "{hash} of desk {} ({}) is not delivered",
                    sent.desk,
                    sent.precedence.name()
                )
            }));
        });
        left
    }

    /// Looks at what a desk shows of messages that are still owed.
    async fn look_again(&self, desk: usize) {
        let owed: Vec<String> = self.judge(|oracle| {
            let mine = oracle.owed().filter(|(_, sent)| sent.desk == desk);
            mine.map(|(hash, _)| hash.to_string()).collect()
        });
        let Some(station) = self.station(desk) else { return };
        for message in owed {
            if let Asked::Answer(answer) = ask(&station, Request::Show { message }).await
                && let Answer::Message(view) = *answer
                && view.reached(Rung::Delivered)
                && let Ok(hash) = view.sha256.parse()
            {
                self.judge(|oracle| oracle.climbed(desk, hash, Rung::Delivered));
            }
        }
    }

    pub(super) async fn status(&self, desk: usize) -> Option<LineStatus> {
        let station = self.station(desk)?;
        let asked = tokio::time::timeout(LOOK_EVERY, ask(&station, Request::Status)).await;
        match asked {
            Ok(Asked::Answer(answer)) => match *answer {
                Answer::Status(status) => Some(*status),
                _ => None,
            },
            Ok(Asked::Nobody) | Err(_) => None,
        }
    }

    /// The final crash of everyone, the disks, and a last opening.
    pub(super) async fn last(self: &Arc<Self>) -> Ending {
        let tally = self.world.tally();
        let virtual_ms = u64::try_from(self.world.now().as_millis()).unwrap_or(u64::MAX);
        self.crash_everyone();
        self.judge(Oracle::judge_disks);
        for number in 0..self.shape.nodes() {
            self.start(number).await;
        }
        for desk in 0..self.shape.desks() {
            let views = self.list(desk).await;
            self.judge(|oracle| oracle.judge_reopened(desk, &views));
        }
        for number in 0..self.shape.nodes() {
            self.node(number).die(Death::Killed);
        }
        let bytes: u64 = tally.bytes.values().sum();
        let most = tally.bytes.values().max().copied().unwrap_or(0);
        let bytes_per_second = most * 1000 / virtual_ms.max(1);
        let (queue_max, dials) = (self.figures().queue_max, tally.dials_per_second_max);
        let delivered_bytes = self.judge(|oracle| oracle.delivered_bytes());
        let (relays, desks) = (self.shape.relays() as u64, self.shape.desks() as u64);
        let idle_bytes = HEARTBEAT_BYTES_PER_SECOND * relays * desks * virtual_ms / 1000;
        let bytes_per_delivered = bytes.saturating_sub(idle_bytes) / delivered_bytes.max(1);
        self.judge(|oracle| {
            for (what, found, most) in [
                (
                    "bytes per delivered byte",
                    bytes_per_delivered,
                    BYTES_PER_DELIVERED_MAX * relays,
                ),
                (
                    "dials of one host in a second",
                    dials,
                    DIALS_PER_SECOND_MAX * relays,
                ),
                ("statements waiting for a relay", queue_max, QUEUE_MAX),
                (
                    "bytes of one host a second",
                    bytes_per_second,
                    BYTES_PER_SECOND_MAX * relays.max(desks),
                ),
            ] {
                if found > most {
                    oracle.breaks(Promise::Bound, format!("{found} {what}, of {most}"));
                }
            }
        });
        let mut figures = self.figures().clone();
        figures.packets = tally.packets;
        figures.bytes = bytes;
        figures.virtual_ms = virtual_ms;
        figures.dials_per_second_max = dials;
        figures.bytes_per_second = bytes_per_second;
        let (broken, released, delivered) = self.judge(|oracle| {
            let delivered = oracle
                .sent
                .values()
                .filter(|sent| sent.delivered_ms.is_some())
                .count();
            (oracle.broken.clone(), oracle.sent.len(), delivered)
        });
        (figures.released, figures.delivered) = (released as u64, delivered as u64);
        figures.delivered_bytes = delivered_bytes;
        figures.bytes_per_delivered = bytes_per_delivered;
        Ending {
            seed: self.mix.seed,
            kinds: self.mix.kinds.clone(),
            broken,
            trace: self.world.trace().hex(),
            figures,
        }
    }

    pub(super) async fn list(&self, desk: usize) -> Vec<MessageView> {
        let Some(station) = self.station(desk) else {
            return Vec::new();
        };
        let request = Request::List {
            limit: 10_000,
            incoming: false,
        };
        match ask(&station, request).await {
            Asked::Answer(answer) => match *answer {
                Answer::Messages { messages } => messages,
                _ => Vec::new(),
            },
            Asked::Nobody => Vec::new(),
        }
    }
}
