//! What is judged of what nodes keep beside messages: outboxes that empty, numbers, charters, when and how things came,
//! logs that ended, and what a desk says of its line.

use std::collections::BTreeSet;

use hotline_audit::{Checkpoint, Hash, SignedStatement, statement::Message, tree};
use hotline_client::{memory, outgoing, status::LineStatus, view::MessageView};
use hotline_ledger::{Export, Stored};

use super::{Oracle, Promise, last::MESSAGE};
use crate::storm::cast::cast;

/// The kind of a charter in a ledger.
const CHARTER: u8 = 4;
/// Relays that must answer for a line to be whole.
const WHOLE: usize = 2;

impl Oracle {
    /// Judges what a desk keeps beside its log, and what it has signed of itself.
    pub(super) fn judge_kept(&mut self, desk: usize, exports: &[Export]) {
        let its = &exports[self.shape.node_of(desk)];
        self.judge_outbox(desk, its);
        if self.restored[desk].is_some() {
            return;
        }
        let me = cast(self.shape).desks[desk].config.identity.to_string();
        let own: Vec<&Stored> = its.leaves.iter().filter(|leaf| leaf.sender == me).collect();
        let mut numbers = BTreeSet::new();
        for leaf in own.iter().filter(|leaf| leaf.kind == MESSAGE) {
            let number = SignedStatement::parse(&leaf.bytes)
                .ok()
                .and_then(|signed| Some(Message::decode(&signed.payload).ok()?.number));
            if !number.is_some_and(|number| numbers.insert(number)) {
                let what = format!("desk {desk} signed two messages of the number {number:?}");
                self.breaks(Promise::Genuine, what);
            }
        }
        let charters = own.iter().filter(|leaf| leaf.kind == CHARTER).count();
        if charters > 1 {
            let what = format!("desk {desk} placed its one charter {charters} times");
            self.breaks(Promise::Bound, what);
        }
    }

    /// What everybody has is no longer in the outbox, and nothing is kept of what is not in it.
    fn judge_outbox(&mut self, desk: usize, its: &Export) {
        let of = |wanted: &str| -> Vec<&Vec<u8>> {
            let keys = its.records.keys().filter(|(space, _)| space == wanted);
            keys.map(|(_, key)| key).collect()
        };
        let queued: BTreeSet<&[u8]> = of(outgoing::QUEUED).into_iter().map(Vec::as_slice).collect();
        let left_over = [outgoing::ACCEPTED, outgoing::DELIVERED]
            .into_iter()
            .flat_map(of)
            .filter(|key| !key.get(..16).is_some_and(|id| queued.contains(id)))
            .count();
        if left_over > 0 {
            let what = format!("desk {desk} keeps {left_over} records of what is not in its outbox");
            self.breaks(Promise::Bound, what);
        }
        // What a relay that is not believed lacks is owed to it for ever.
        if self.tainted.contains(&true) || self.restored[desk].is_some() {
            return;
        }
        let all_have = |leaf: &&Stored| {
            let delivered_ms = self.sent.get(&leaf.hash).and_then(|sent| sent.delivered_ms);
            self.settled_ms
                .is_some_and(|settled| delivered_ms.is_some_and(|ms| ms <= settled))
        };
        let kept: Vec<Hash> = its
            .leaves
            .iter()
            .filter(|leaf| queued.contains(leaf.id.as_slice()))
            .filter(all_have)
            .map(|leaf| leaf.hash)
            .collect();
        for hash in kept {
            let what = format!("desk {desk} keeps {hash} in its outbox, and everybody has it");
            self.breaks(Promise::Bound, what);
        }
    }

    /// A relay that was put back to before what it had signed signs nothing more.
    pub(super) fn judge_ended_logs(&mut self, exports: &[Export]) {
        for (relay, leaves) in self.ended_logs.clone() {
            let now = exports[relay].leaves.len();
            if now > leaves {
                let what = format!(
                    "relay {relay} was put back to {leaves} leaves, has signed more, and goes on to {now}"
                );
                self.breaks(Promise::Evidence, what);
            }
        }
    }

    /// When and by which leg a message came is no other after a restart.
    pub(super) fn judge_same(&mut self, desk: usize, hash: Hash, view: &MessageView) {
        if self.restored[desk].is_some() {
            return;
        }
        let now = (view.stored_ms, view.first_leg.clone());
        let Some(came) = self.came.get(&(desk, hash)).filter(|came| **came != now) else {
            return;
        };
        let what = format!(
            "{} came {came:?}, and desk {desk} says {now:?} when it is reopened",
            view.name
        );
        self.breaks(Promise::Honest, what);
    }

    /// What a desk says of its line is what it says of its legs.
    pub fn carrier(&mut self, desk: usize, status: &LineStatus) {
        let up = |name: &str| {
            let legs = status.legs.iter();
            legs.filter(|(leg, is)| is.up && leg.split('/').next() == Some(name))
                .count()
        };
        let answering = status.relays.keys().filter(|name| up(name) > 0).count();
        let wrong = match status.carrier.as_str() {
            "OPEN" => answering < WHOLE,
            "INTERRUPTED" => answering > 0,
            _ => answering == 0,
        };
        if wrong {
            let what = format!(
                "desk {desk} calls its line {} with {answering} relays",
                status.carrier
            );
            self.breaks(Promise::Named, what);
        }
    }

    /// A desk is connected with a relay, so it believes it: every checkpoint of that relay which the desk keeps must be one
    /// of the log as it is now.
    pub fn believes(&mut self, desk: usize, relay: usize) {
        let cast = cast(self.shape);
        let Some(name) = cast.relay_names().nth(relay) else {
            return;
        };
        let leaves = self.disks[relay].export(&[]).leaves;
        let mut log = tree::Frontier::new();
        let roots: Vec<Hash> = leaves
            .iter()
            .map(|leaf| {
                let _ = log.push(tree::leaf_hash(&leaf.bytes));
                log.root()
            })
            .collect();
        let kept = self.desk_disk(desk).export(&[memory::NOTE, memory::CHECKPOINT]);
        let wrong = kept
            .records
            .iter()
            .filter(|((_, key), _)| key.split(|byte| *byte == b'\n').next() == Some(name.as_bytes()))
            .filter_map(|(_, note)| Checkpoint::danger_parse_unverified(note).ok())
            .find(|note| {
                usize::try_from(note.size)
                    .ok()
                    .and_then(|size| roots.get(size.checked_sub(1)?))
                    .is_none_or(|root| *root != note.root)
            });
        if let Some(note) = wrong {
            let what = format!(
                "desk {desk} is connected with {name}, which has signed another log of {} leaves before",
                note.size
            );
            self.breaks(Promise::Named, what);
        }
    }
}
