//! What goes wrong in one schedule: a random subset of all fault kinds, at random rates (a *swarm*).
//!
//! All faults at once would hide bugs, because nothing would ever get done. Every schedule has at least three crashes
//! and three partitions all the same. Times are milliseconds since the world began.

use std::time::Duration;

use hotline_core::precedence::Precedence;
use hotline_faults::{
    Dice,
    emulator::{Burst, Conditions, Flapping},
    world::{Death, Way, Wire},
};

use super::shape::{Shape, host};

/// Quiet time at the beginning, in which all legs come up.
pub const CALM_MS: u64 = 600;
/// The fault window of a schedule, unless it is shrunk.
pub const WINDOW_MS: u64 = 7_000;
/// The fault window of a schedule in which a desk reaches only the relay that lies: a gap must be shown after 5 s.
const LONG_WINDOW_MS: u64 = 11_000;
/// When a desk is restarted that reaches only the relay that lies, after the calm: its gap is shown 5 s later at the
/// latest, and everything heals 11 s after the calm.
const RESTART_IN_A_GAP_MS: u64 = 2_500;
/// Fewest crashes and partitions of a schedule.
pub const LEAST: u64 = 3;

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// A node dies and starts again.
    Crash {
        /// Which.
        node: usize,
        /// How.
        death: Death,
        /// How long it is down.
        down_ms: u64,
    },
    /// Ways are cut for a while.
    Cut {
        /// Which.
        ways: Vec<Way>,
        /// How long.
        for_ms: u64,
    },
    /// A disk does something else from its n-th next sync on.
    Sync {
        /// Whose.
        node: usize,
        /// After so many.
        after: u32,
        /// What.
        sync: hotline_ledger::Sync,
    },
    /// A disk is full for a while.
    Full {
        /// Whose.
        node: usize,
        /// Room left.
        room_bytes: u64,
        /// How long.
        for_ms: u64,
    },
    /// A backup is taken, and put back later.
    Backup {
        /// Whose.
        node: usize,
        /// When it is put back, counted from now.
        back_after_ms: u64,
        /// What it can reach when it starts from it.
        reach: Reach,
    },
    /// A relay loses everything.
    Wipe {
        /// Which.
        relay: usize,
    },
    /// A node's wall clock goes wrong by so much.
    Clock {
        /// Whose.
        node: usize,
        /// By how much.
        off_ms: i64,
    },
    /// Officers release a message.
    Release {
        /// At which desk.
        desk: usize,
        /// How urgent.
        precedence: Precedence,
        /// Bytes of text.
        text_bytes: usize,
    },
}

/// What a node that is put back can reach when it starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Whatever can be reached at that moment.
    AsItIs,
    /// Everything: it starts when everything heals.
    Healed,
    /// Nobody, for as long as a desk's gate waits.
    Nobody,
    /// One relay alone, for as long as a desk's gate waits.
    Only {
        /// Which.
        relay: usize,
        /// Whether it lags: the desk could not reach it since the backup was taken.
        lags: bool,
    },
}

/// What a lying relay does, each with its own chance per frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lies {
    /// Keeps deliveries to itself.
    pub withhold: f64,
    /// Keeps some statements to itself, by whatever lane and however often: so many of all, by their hash.
    pub keep_back: f64,
    /// Delays frames.
    pub delay: f64,
    /// Sends frames again.
    pub replay: f64,
    /// Changes bytes of statements.
    pub forge: f64,
    /// Claims acceptance with a false proof.
    pub false_accept: f64,
    /// Answers refetches with nothing.
    pub forgetful: f64,
    /// Names another statement than it holds as a desk's newest.
    pub slander: f64,
    /// Starts again from an old copy of its disk without its memory of signatures: a second history.
    pub fork: bool,
}

/// A whole schedule.
#[derive(Clone, Debug)]
pub struct Mix {
    /// Its seed.
    pub seed: u64,
    /// Who takes part.
    pub shape: Shape,
    /// Names of what was drawn.
    pub kinds: Vec<&'static str>,
    /// How each way behaves in the window.
    pub links: Vec<(Way, Conditions)>,
    /// What happens, in order.
    pub actions: Vec<(u64, Action)>,
    /// The relay that lies, if one does.
    pub liar: Option<(usize, Lies)>,
    /// When everything heals.
    pub heal_ms: u64,
    /// Chance that an officer acknowledges, and answers.
    pub officers: (f64, f64),
    /// Whether the calm afterwards is used to show that FLASH passes before bulk.
    pub parade: bool,
}

impl Mix {
    /// The mix of a seed, with faults only in the first `window_ms`.
    #[must_use]
    pub fn draw(seed: u64, window_ms: u64, shape: Shape) -> Self {
        let dice = Dice::new(seed);
        let mut kinds = dice.apart("kinds");
        let mut mix = Self {
            seed,
            shape,
            kinds: Vec::new(),
            links: Vec::new(),
            actions: Vec::new(),
            liar: None,
            heal_ms: CALM_MS + WINDOW_MS,
            officers: (0.3 + 0.7 * share(&mut kinds), 0.5 * share(&mut kinds)),
            parade: kinds.chance(0.25),
        };
        let bad = one_of(&mut kinds, shape.relays());
        let mut draw = Draw {
            mix: &mut mix,
            bad,
            spared: None,
            dice: kinds,
        };
        draw.links();
        draw.crashes();
        draw.partitions();
        draw.disks();
        draw.losses();
        draw.clocks();
        draw.liar();
        draw.traffic(&mut dice.apart("traffic"));
        draw.leave_alone();
        // Shrinking leaves out what happens late, but never traffic.
        mix.actions
            .retain(|(at, action)| matches!(action, Action::Release { .. }) || *at < CALM_MS + window_ms);
        if window_ms < WINDOW_MS {
            mix.heal_ms = CALM_MS + window_ms;
        }
        mix.actions.sort_by_key(|(at, _)| *at);
        mix
    }
}

/// A number below `count`.
fn one_of(dice: &mut Dice, count: usize) -> usize {
    usize::try_from(dice.below(count as u64)).unwrap_or(0)
}

fn share(dice: &mut Dice) -> f64 {
    dice.below(1_000) as f64 / 1_000.0
}

struct Draw<'a> {
    mix: &'a mut Mix,
    /// The relay that may lose its log, be put back, or lie.
    bad: usize,
    /// The desk that only the liar can reach: it must live to see its gap.
    spared: Option<usize>,
    dice: Dice,
}

impl Draw<'_> {
    fn kind(&mut self, name: &'static str, p: f64) -> bool {
        let drawn = self.dice.chance(p);
        if drawn {
            self.mix.kinds.push(name);
        }
        drawn
    }

    fn when(&mut self) -> u64 {
        CALM_MS + self.dice.below(WINDOW_MS - 500)
    }

    fn ms(&mut self, least: u64, most: u64) -> u64 {
        least + self.dice.below(most - least)
    }

    fn at(&mut self, at: u64, action: Action) {
        self.mix.actions.push((at, action));
    }

    fn links(&mut self) {
        let mut all = Conditions {
            latency: Duration::from_millis(self.ms(1, 20)),
            ..Conditions::default()
        };
        if self.kind("far", 0.2) {
            all.latency = Duration::from_millis(self.ms(50, 250));
        }
        if self.kind("jitter", 0.4) {
            all.jitter = Duration::from_millis(self.ms(1, 60));
        }
        if self.kind("loss", 0.4) {
            all.loss = 0.15 * share(&mut self.dice);
        }
        if self.kind("bursts", 0.25) {
            all.burst = Some(Burst {
                begins: 0.02 * share(&mut self.dice),
                ends: 0.1 + 0.4 * share(&mut self.dice),
                loss: 0.5 + 0.5 * share(&mut self.dice),
            });
        }
        if self.kind("detours", 0.2) {
            all.detour = 0.05 * share(&mut self.dice);
            all.detour_by = Duration::from_millis(self.ms(100, 2_000));
        }
        if self.kind("duplicates", 0.3) {
            all.duplicate = 0.1 * share(&mut self.dice);
        }
        if self.kind("narrow", 0.15) {
            all.bandwidth = Some(self.ms(60_000, 400_000));
            all.queue_bytes = self.ms(16, 128) * 1024;
        }
        let hole = self.kind("mtu hole", 0.12).then(|| self.ms(600, 1_300));
        let flapping = self.kind("flapping", 0.15);
        for way in self.mix.shape.ways() {
            let mut conditions = all.clone();
            if let Some(mtu) = hole.filter(|_| self.dice.chance(0.3)) {
                conditions.mtu = usize::try_from(mtu).ok();
            }
            if flapping && self.dice.chance(0.3) {
                conditions.flapping = Some(Flapping {
                    up: Duration::from_millis(self.ms(300, 3_000)),
                    down: Duration::from_millis(self.ms(100, 2_500)),
                });
            }
            self.mix.links.push((way, conditions));
        }
    }

    fn crashes(&mut self) {
        let shape = self.mix.shape;
        let count = LEAST + self.dice.below(4);
        let desks_too = self.kind("desk crashes", 0.7);
        let power = self.kind("power cuts", 0.5);
        for _ in 0..count {
            let node = one_of(
                &mut self.dice,
                if desks_too { shape.nodes() } else { shape.relays() },
            );
            let (at, down_ms) = (self.when(), self.ms(50, 1_500));
            let death = if power && self.dice.chance(0.5) {
                Death::PowerCut
            } else {
                Death::Killed
            };
            self.at(at, Action::Crash { node, death, down_ms });
        }
    }

    fn partitions(&mut self) {
        let shape = self.mix.shape;
        let count = LEAST + self.dice.below(4);
        let one_way = self.kind("one-way cuts", 0.4);
        let wires = self.kind("one kind of traffic stopped", 0.4);
        for _ in 0..count {
            let (at, for_ms) = (self.when(), self.ms(200, 3_000));
            let ways: Vec<Way> = match self.dice.below(3) {
                // A desk is alone.
                0 => {
                    let desk = host(shape.node_of(one_of(&mut self.dice, shape.desks())));
                    shape
                        .ways()
                        .filter(|way| way.from == desk || way.to == desk)
                        .collect()
                }
                // A relay is alone.
                1 => {
                    let relay = host(one_of(&mut self.dice, shape.relays()));
                    shape
                        .ways()
                        .filter(|way| way.from == relay || way.to == relay)
                        .collect()
                }
                // One pair.
                _ => {
                    let desk = host(shape.node_of(one_of(&mut self.dice, shape.desks())));
                    let relay = host(one_of(&mut self.dice, shape.relays()));
                    let between = |way: &Way| {
                        (way.from == desk && way.to == relay) || (way.from == relay && way.to == desk)
                    };
                    shape.ways().filter(between).collect()
                }
            };
            let toward = ways.first().map(|way| way.to);
            let only_one_way = one_way && self.dice.chance(0.4);
            let wire = (wires && self.dice.chance(0.4)).then(|| {
                if self.dice.chance(0.5) {
                    Wire::Udp
                } else {
                    Wire::Tcp
                }
            });
            let ways = ways
                .into_iter()
                .filter(|way| !only_one_way || Some(way.to) == toward)
                .filter(|way| wire.is_none_or(|wire| way.wire == wire))
                .collect();
            self.at(at, Action::Cut { ways, for_ms });
        }
    }

    fn disks(&mut self) {
        use hotline_ledger::Sync;
        for (name, p, sync) in [
            ("power cut at a sync", 0.3, Sync::CutsPower),
            ("failing sync", 0.25, Sync::Fails),
        ] {
            if self.kind(name, p) {
                for _ in 0..=self.dice.below(3) {
                    let (at, node) = (self.when(), self.node());
                    let after = u32::try_from(self.dice.below(12)).unwrap_or(0);
                    self.at(at, Action::Sync { node, after, sync });
                }
            }
        }
        if self.kind("full disk", 0.25) {
            let (at, node) = (self.when(), self.node());
            let (room_bytes, for_ms) = (self.dice.below(20_000), self.ms(300, 3_000));
            let full = Action::Full {
                node,
                room_bytes,
                for_ms,
            };
            self.at(at, full);
        }
    }

    fn is_relay(&self, node: usize) -> bool {
        self.mix.shape.desk_at(node).is_none()
    }

    fn node(&mut self) -> usize {
        one_of(&mut self.dice, self.mix.shape.nodes())
    }

    fn losses(&mut self) {
        if self.kind("wiped relay", 0.2) {
            let (at, relay) = (self.when(), self.bad);
            self.at(at, Action::Wipe { relay });
        }
        if self.kind("restored backup", 0.3) {
            // One relay at most is not what it was: the other one carries.
            let node = match self.node() {
                relay if self.is_relay(relay) => self.bad,
                desk => desk,
            };
            let reach = if self.is_relay(node) {
                Reach::AsItIs
            } else {
                self.reach()
            };
            // With nobody in reach the gate waits for its whole bound: it should be through before anything heals.
            let (at, back_after_ms) = if reach == Reach::Nobody {
                (CALM_MS + self.dice.below(700), self.ms(300, 1_400))
            } else {
                let at = CALM_MS + self.dice.below(WINDOW_MS / 2);
                (at, self.ms(500, WINDOW_MS / 2))
            };
            let backup = Action::Backup {
                node,
                back_after_ms,
                reach,
            };
            self.at(at, backup);
        }
    }

    /// Nothing else happens to the desk that only a liar can reach.
    fn leave_alone(&mut self) {
        if let Some(desk) = self.spared {
            self.mix.actions.retain(|(_, action)| match action {
                Action::Crash { node, .. }
                | Action::Sync { node, .. }
                | Action::Full { node, .. }
                | Action::Backup { node, .. } => *node != desk,
                Action::Cut { .. } | Action::Wipe { .. } | Action::Clock { .. } | Action::Release { .. } => {
                    true
                }
            });
            self.restarts_once(desk);
        }
    }

    /// But for one restart, in some schedules, so early that the gap has time to be shown after it: a gap that is known
    /// must outlive its desk's process. Nothing reaches the desk from then on, for the next statement would tell it of the
    /// gap anew. Dice of its own: what else a seed draws is as it was before.
    fn restarts_once(&mut self, desk: usize) {
        let mut own = Dice::new(self.mix.seed).apart("a gap and a restart");
        if !own.chance(0.5) {
            return;
        }
        self.mix.kinds.push("a restart in a gap");
        let at = CALM_MS + RESTART_IN_A_GAP_MS + own.below(1_000);
        let crash = Action::Crash {
            node: desk,
            death: Death::Killed,
            down_ms: 100,
        };
        self.at(at, crash);
        let alone = host(desk);
        let ways = self.mix.shape.ways();
        let ways = ways.filter(|way| way.from == alone || way.to == alone).collect();
        let for_ms = self.mix.heal_ms.saturating_sub(at);
        self.at(at, Action::Cut { ways, for_ms });
    }

    /// Any subset of relays, and one alone more often: what the other one knows is then forgotten.
    fn reach(&mut self) -> Reach {
        let relays = self.mix.shape.relays();
        match self.dice.below(6) {
            0 => Reach::Healed,
            1 => Reach::AsItIs,
            2 => Reach::Nobody,
            one => Reach::Only {
                relay: (usize::try_from(one).unwrap_or(0) + 1) % relays,
                lags: self.dice.chance(0.6),
            },
        }
    }

    fn clocks(&mut self) {
        if self.kind("wrong clocks", 0.3) {
            for _ in 0..=self.dice.below(3) {
                let (at, node) = (self.when(), self.node());
                let most = [1_000, 15_000, 3_600_000][usize::try_from(self.dice.below(3)).unwrap_or(0)];
                let off = i64::try_from(self.dice.below(2 * most)).unwrap_or(0);
                let off_ms = off - i64::try_from(most).unwrap_or(0);
                self.at(at, Action::Clock { node, off_ms });
            }
        }
    }

    fn liar(&mut self) {
        if !self.kind("lying relay", 0.3) {
            return;
        }
        let relay = self.bad;
        let mut some = |p: f64, most: f64| {
            if self.dice.chance(p) {
                most * share(&mut self.dice)
            } else {
                0.0
            }
        };
        let mut lies = Lies {
            withhold: some(0.5, 1.0),
            keep_back: 0.0,
            delay: some(0.4, 0.5),
            replay: some(0.4, 0.3),
            forge: some(0.4, 0.3),
            false_accept: some(0.4, 0.3),
            forgetful: some(0.4, 1.0),
            fork: some(0.3, 1.0) > 0.0,
            slander: 0.0,
        };
        // Dice of its own: what else a seed draws is as it was before there was this lie.
        let mut own = Dice::new(self.mix.seed).apart("slander");
        if own.chance(0.4) {
            lies.slander = 0.3 + 0.7 * share(&mut own);
            self.mix.kinds.push("slander");
        }
        if self.kind("only the liar in reach", 0.4) {
            // Some of what is sent stays away for the whole window, and what follows it comes: a gap, which must be shown.
            lies.withhold = 0.0;
            lies.keep_back = 0.3 + 0.3 * share(&mut self.dice);
            lies.forgetful = 1.0;
            lies.fork = false;
            let shape = self.mix.shape;
            let desk = shape.node_of(one_of(&mut self.dice, shape.desks()));
            self.spared = Some(desk);
            let (desk, liar) = (host(desk), host(relay));
            let to_the_honest =
                |way: &Way| (way.from == desk && way.to != liar) || (way.from != liar && way.to == desk);
            let ways = shape.ways().filter(to_the_honest).collect();
            self.mix.heal_ms = CALM_MS + LONG_WINDOW_MS;
            let for_ms = LONG_WINDOW_MS;
            self.at(CALM_MS, Action::Cut { ways, for_ms });
        }
        self.mix.liar = Some((relay, lies));
        if lies.fork {
            let at = CALM_MS + self.dice.below(WINDOW_MS / 2);
            let back_after_ms = self.ms(300, WINDOW_MS / 2);
            let backup = Action::Backup {
                node: relay,
                back_after_ms,
                reach: Reach::AsItIs,
            };
            self.at(at, backup);
        }
    }

    fn traffic(&mut self, dice: &mut Dice) {
        let count = (6 + dice.below(14)) * self.mix.shape.pairs() as u64;
        let large = self.kind("long messages", 0.2);
        for _ in 0..count {
            let at = 50 + dice.below(CALM_MS + WINDOW_MS - 50);
            let desk = one_of(dice, self.mix.shape.desks());
            let precedence = match dice.below(10) {
                0 => Precedence::Override,
                1 | 2 => Precedence::Flash,
                3 => Precedence::Immediate,
                4 | 5 => Precedence::Priority,
                6 | 7 => Precedence::Deferred,
                _ => Precedence::Routine,
            };
            let bulky = large && precedence <= Precedence::Routine;
            let text_bytes = if bulky { 20_000 } else { 60 };
            let release = Action::Release {
                desk,
                precedence,
                text_bytes,
            };
            self.at(at, release);
        }
    }
}
