//! What is judged after the final crash of everyone, from the disks alone and from what reopened desks show.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{Checkpoint, Hash, tree, verify::verify_log};
use hotline_client::{memory, outgoing, view::MessageView};
use hotline_core::words::Rung;
use hotline_ledger::{Export, Stored};

use super::{Oracle, Promise, Sent};
use crate::storm::cast::cast;

/// The kind of a message in a ledger.
pub(super) const MESSAGE: u8 = 1;
/// Records that are judged.
const SPACES: [&str; 5] = [
    memory::ACCEPTED,
    memory::NOTE,
    outgoing::QUEUED,
    outgoing::ACCEPTED,
    outgoing::DELIVERED,
];

impl Oracle {
    /// Judges the disks.
    pub fn judge_disks(&mut self) {
        let exports: Vec<Export> = self.disks.iter().map(|disk| disk.export(&SPACES)).collect();
        for (number, export) in exports.iter().enumerate() {
            self.judge_ledger(number, export);
        }
        for desk in 0..self.shape.desks() {
            self.judge_acceptances(desk, &exports);
            self.judge_mail(desk, &exports);
            self.judge_kept(desk, &exports);
        }
        self.judge_sent();
        self.judge_ended_logs(&exports);
    }

    fn judge_ledger(&mut self, number: usize, export: &Export) {
        let Some(note) = &export.note else { return };
        let report = verify_log(
            export.leaves.iter().map(|leaf| &leaf.bytes),
            note,
            &cast(self.shape).trust,
        );
        // Statements that the log lacks are told apart from faults: a wiped relay has only what came later. No desk of
        // ours makes a statement that does not fit.
        let fault = report
            .faults
            .first()
            .map(|fault| (fault.rule, &fault.explanation));
        let unfit = report.unfit.first().map(|unfit| (unfit.rule, &unfit.explanation));
        if report.fault_count > 0 || unfit.is_some() || report.verdict.is_none() {
            let what = fault
                .or(unfit)
                .map_or(report.conclusion.clone(), |(rule, why)| format!("{rule}: {why}"));
            self.breaks(
                Promise::Evidence,
                format!("the ledger of node {number} does not verify: {what}"),
            );
        }
    }

    /// Every acceptance a desk keeps is proven, and honoured by its relay.
    fn judge_acceptances(&mut self, desk: usize, exports: &[Export]) {
        let its = &exports[self.shape.node_of(desk)];
        let cast = cast(self.shape);
        let names: Vec<&str> = cast.relay_names().collect();
        let own: BTreeMap<Hash, &Stored> = its.leaves.iter().map(|leaf| (leaf.hash, leaf)).collect();
        let logs: Vec<BTreeSet<Hash>> = exports[..self.shape.relays()]
            .iter()
            .map(|relay| relay.leaves.iter().map(|leaf| leaf.hash).collect())
            .collect();
        for ((space, key), value) in &its.records {
            if space != memory::ACCEPTED {
                continue;
            }
            let Some(kept) = memory::Acceptance::read(key, value) else {
                continue;
            };
            let Some(leaf) = own.get(&kept.statement) else {
                continue;
            };
            let note_key = (memory::NOTE.to_owned(), memory::note_key(&kept.relay, kept.size));
            let proven = its
                .records
                .get(&note_key)
                .and_then(|note| Checkpoint::danger_parse_unverified(note).ok())
                .is_some_and(|note| {
                    let leaf = tree::leaf_hash(&leaf.bytes);
                    tree::verify_inclusion(&leaf, kept.index, kept.size, &note.root, &kept.proof)
                });
            if !proven {
                let what = format!(
                    "desk {desk} keeps an acceptance of {} without a proof",
                    kept.statement
                );
                self.breaks(Promise::Evidence, what);
            }
            let relay = names.iter().position(|name| *name == kept.relay.as_str());
            let Some(relay) = relay else {
                let what = format!(
                    "desk {desk} keeps an acceptance of {}, which is no relay",
                    kept.relay
                );
                self.breaks(Promise::Evidence, what);
                continue;
            };
            if !self.tainted[relay] && !logs[relay].contains(&kept.statement) {
                let what = format!("relay {} accepted {} and lacks it", kept.relay, kept.statement);
                self.breaks(Promise::Lost, what);
            }
        }
    }

    /// What a desk holds is its own or its peer's, and what it holds of its peer is what its peer signed.
    fn judge_mail(&mut self, desk: usize, exports: &[Export]) {
        let other = self.shape.peer(desk);
        let own = cast(self.shape).desks[desk].config.identity.to_string();
        let peer = cast(self.shape).desks[other].config.identity.to_string();
        let held = &exports[self.shape.node_of(desk)].leaves;
        for leaf in held
            .iter()
            .filter(|leaf| leaf.sender != own && leaf.sender != peer)
        {
            let what = format!("desk {desk} holds {} of {}", leaf.hash, leaf.sender);
            self.breaks(Promise::Genuine, what);
        }
        if self.restored[other].is_some() {
            return;
        }
        let signed = &exports[self.shape.node_of(other)].leaves;
        let signed: BTreeSet<Hash> = signed.iter().map(|leaf| leaf.hash).collect();
        for leaf in held {
            if leaf.sender == peer && leaf.kind == MESSAGE && !signed.contains(&leaf.hash) {
                let what = format!("desk {desk} holds {}, which its sender does not", leaf.hash);
                self.breaks(Promise::Genuine, what);
            }
        }
    }

    /// What was answered as released is with its sender, and what was shown as delivered with its recipient.
    fn judge_sent(&mut self) {
        let sent: Vec<(Hash, Sent)> = self
            .sent
            .iter()
            .map(|(hash, sent)| (*hash, sent.clone()))
            .collect();
        for (hash, sent) in sent {
            let other = self.shape.peer(sent.desk);
            if !sent.excused && !self.desk_disk(sent.desk).holds(&hash) {
                self.breaks(
                    Promise::Lost,
                    format!("{hash} was released and its sender lacks it"),
                );
            }
            let forgotten =
                self.restored[other].is_some_and(|(_, at)| sent.delivered_ms.is_some_and(|ms| ms <= at));
            if sent.delivered_ms.is_some() && !forgotten && !self.desk_disk(other).holds(&hash) {
                self.breaks(
                    Promise::Lost,
                    format!("{hash} was shown as delivered and its recipient lacks it"),
                );
            }
        }
    }

    /// Judges what a reopened desk shows.
    pub fn judge_reopened(&mut self, desk: usize, views: &[MessageView]) {
        let other = self.shape.peer(desk);
        for view in views {
            let Ok(hash) = view.sha256.parse::<Hash>() else {
                continue;
            };
            self.judge_same(desk, hash, view);
            if view.direction == "in" {
                let drawn = self.seen[desk].get(&hash).is_some_and(|seen| seen.drawn_new > 0);
                if drawn && view.shown == "never" {
                    let what = format!("{} was drawn, and desk {desk} calls it new", view.name);
                    self.breaks(Promise::ShownTwice, what);
                }
                continue;
            }
            if view.reached(Rung::Delivered)
                && !self.desk_disk(other).holds(&hash)
                && self.restored[other].is_none()
            {
                let what = format!("{} is shown as delivered and its recipient lacks it", view.name);
                self.breaks(Promise::Lost, what);
            }
            self.accepted(view);
        }
    }

    /// Bytes of the statements that were delivered.
    #[must_use]
    pub fn delivered_bytes(&self) -> u64 {
        let mut bytes = 0;
        for disk in &self.disks[self.shape.relays()..] {
            let mine = |leaf: &&Stored| {
                self.sent
                    .get(&leaf.hash)
                    .is_some_and(|sent| sent.delivered_ms.is_some())
            };
            // Both desks hold it.
            bytes += disk
                .export(&[])
                .leaves
                .iter()
                .filter(mine)
                .map(|leaf| leaf.bytes.len() as u64)
                .sum::<u64>();
        }
        bytes / 2
    }

    /// Places of a desk's own chain right behind what it holds of an epoch, which an honest relay holds: a desk that was
    /// put back must have taken them up.
    #[must_use]
    pub fn forgotten(&self, desk: usize) -> Vec<(u64, u64)> {
        let me = cast(self.shape).desks[desk].config.identity.to_string();
        let mut tops: BTreeMap<u64, u64> = BTreeMap::new();
        for (epoch, sequence) in self.desk_disk(desk).places(&me) {
            let top = tops.entry(epoch).or_insert(0);
            *top = sequence.max(*top);
        }
        let held: BTreeSet<(u64, u64)> = (0..self.shape.relays())
            .filter(|relay| !self.tainted[*relay])
            .flat_map(|relay| self.disks[relay].places(&me))
            .collect();
        tops.into_iter()
            .map(|(epoch, top)| (epoch, top + 1))
            .filter(|place| held.contains(place))
            .collect()
    }

    /// Places of its peer's chain that a desk lacks, within epochs.
    #[must_use]
    pub fn missing(&self, desk: usize) -> Vec<(u64, u64)> {
        let peer = cast(self.shape).desks[self.shape.peer(desk)]
            .config
            .identity
            .to_string();
        let mut chains: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for (epoch, sequence) in self.desk_disk(desk).places(&peer) {
            chains.entry(epoch).or_default().insert(sequence);
        }
        let mut missing = Vec::new();
        for (epoch, held) in chains {
            let last = held.last().copied().unwrap_or(0);
            missing.extend(
                (1..last)
                    .filter(|place| !held.contains(place))
                    .map(|place| (epoch, place)),
            );
        }
        missing
    }
}
