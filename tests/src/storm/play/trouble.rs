//! How a schedule's faults are done to its world, and undone.

use std::{sync::Arc, time::Duration};

use hotline_faults::{
    emulator::Conditions,
    world::{Death, Way},
};
use hotline_ledger::MemoryDisk;

use super::Play;
use crate::storm::{
    mix::{Action, Reach},
    officers,
};

/// How long a desk that starts from a backup is cut off from relays: longer than its gate waits.
const ALONE: Duration = Duration::from_millis(4_600);

/// A node that is down for so long starts when everything heals.
const UNTIL_HEALED_MS: u64 = 100_000;

impl Play {
    /// Links misbehave from now on.
    pub(super) fn begin_trouble(&self) {
        if std::mem::replace(&mut *self.troubled.lock().unwrap(), true) {
            return;
        }
        for (way, conditions) in &self.mix.links {
            self.world.change(*way, conditions.clone());
        }
    }

    fn base(&self, way: Way) -> Conditions {
        self.mix
            .links
            .iter()
            .find(|(found, _)| *found == way)
            .map(|(_, conditions)| conditions.clone())
            .unwrap_or_default()
    }

    /// Does one thing.
    pub(super) fn act(self: &Arc<Self>, action: Action) {
        match action {
            Action::Crash { node, death, down_ms } => self.crash(node, death, down_ms),
            Action::Cut { ways, for_ms } => self.cut(ways, Duration::from_millis(for_ms)),
            Action::Sync { node, after, sync } => self.node(node).disk.set_sync_after(after, sync),
            Action::Full {
                node,
                room_bytes,
                for_ms,
            } => {
                let disk = self.node(node).disk.clone();
                disk.fill(room_bytes);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(for_ms)).await;
                    disk.set_capacity(None);
                });
            }
            Action::Backup {
                node,
                back_after_ms,
                reach,
            } => self.back_up(node, Duration::from_millis(back_after_ms), reach),
            Action::Wipe { relay } => self.wipe(relay),
            Action::Clock { node, off_ms } => self.node(node).clock.set_off(off_ms),
            Action::Release {
                desk,
                precedence,
                text_bytes,
            } => {
                let text = self.text(desk, text_bytes);
                tokio::spawn(officers::release(Arc::clone(self), desk, precedence, text));
            }
        }
    }

    /// Cuts ways for a while. A way that is cut twice heals when both cuts have ended.
    fn cut(self: &Arc<Self>, ways: Vec<Way>, lasts: Duration) {
        if ways.is_empty() {
            return;
        }
        self.figures().partitions += 1;
        for way in &ways {
            *self.cuts.lock().unwrap().entry(*way).or_insert(0) += 1;
            let cut = Conditions {
                cut: true,
                ..self.world.conditions(*way)
            };
            self.world.change(*way, cut);
        }
        let play = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(lasts).await;
            for way in ways {
                let left = {
                    let mut cuts = play.cuts.lock().unwrap();
                    let left = cuts.entry(way).or_insert(1);
                    *left = left.saturating_sub(1);
                    *left
                };
                if left == 0 && !*play.healed.lock().unwrap() {
                    play.world.change(way, play.base(way));
                }
            }
        });
    }

    /// Takes a backup now and puts it back later. A desk's backup comes back on another disk, without the memory of
    /// signatures that an old machine would have kept; so does the second history of a relay that lies.
    fn back_up(self: &Arc<Self>, number: usize, after: Duration, reach: Reach) {
        let leaves = self.node(number).disk.export(&[]).leaves.len();
        let snapshot = self.node(number).disk.snapshot();
        let snapshot = if self.shape.desk_at(number).is_some() {
            snapshot.into_backup()
        } else {
            snapshot
        };
        if let Reach::Only { relay, lags: true } = reach {
            self.cut(self.shape.between(number, relay).collect(), after);
        }
        let taken_ms = self.judge(|oracle| oracle.now_ms());
        let forks = self.node(number).tongue.is_some();
        let (play, desk) = (Arc::clone(self), self.shape.desk_at(number));
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if *play.healed.lock().unwrap() {
                return;
            }
            play.judge(|oracle| match desk {
                None => oracle.tainted[number] = true,
                Some(desk) => oracle.put_back(desk, taken_ms),
            });
            let down_ms = if reach == Reach::Healed {
                UNTIL_HEALED_MS
            } else {
                150
            };
            play.crash(number, Death::PowerCut, down_ms);
            if desk.is_none() && !forks {
                let disk = play.node(number).disk.clone();
                if disk.export(&[]).leaves.len() > leaves {
                    play.judge(|oracle| oracle.ended_logs.insert(number, leaves));
                }
                disk.restore(&snapshot);
                return;
            }
            let disk = MemoryDisk::new();
            disk.restore(&snapshot);
            play.judge(|oracle| oracle.disks[number] = disk.clone());
            play.node(number).disk = disk;
            let reached = |relay: usize| match reach {
                Reach::AsItIs | Reach::Healed => true,
                Reach::Nobody => false,
                Reach::Only { relay: only, .. } => relay == only,
            };
            let shape = play.shape;
            let cut_off = (0..shape.relays()).filter(|relay| !reached(*relay));
            play.cut(
                cut_off.flat_map(|relay| shape.between(number, relay)).collect(),
                ALONE,
            );
        });
    }

    /// A relay loses everything. Its log key has signed another history by then, so desks rightly believe it no more; its
    /// keeper gives it a new key another day.
    fn wipe(self: &Arc<Self>, relay: usize) {
        self.judge(|oracle| {
            oracle.tainted[relay] = true;
            oracle.ended_logs.remove(&relay);
        });
        self.crash(relay, Death::PowerCut, 100);
        self.node(relay).disk.wipe();
    }

    /// Everything is whole again: links, disks, clocks, tongues, and every process runs.
    pub(super) async fn heal(self: &Arc<Self>) {
        *self.healed.lock().unwrap() = true;
        for way in self.shape.ways() {
            self.world.change(way, Conditions::default());
        }
        for number in 0..self.shape.nodes() {
            let (disk, troubled) = {
                let node = self.node(number);
                node.clock.set_off(0);
                if let Some(tongue) = &node.tongue {
                    tongue.stop();
                }
                node.disk.set_capacity(None);
                (node.disk.clone(), node.disk.troubled())
            };
            if troubled {
                self.crash(number, Death::PowerCut, 10_000);
            } else {
                disk.set_sync_after(u32::MAX, hotline_ledger::Sync::Works);
            }
        }
        for number in 0..self.shape.nodes() {
            self.start(number).await;
        }
    }
}
