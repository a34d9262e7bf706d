//! Intake: what a relay does with statements that a desk hands in.
//!
//! Verify as received, judge against what is held, commit statement + leaf + mailbox in one durable transaction, and
//! only then answer. Relays accept any order and refuse only a fork. Each session commits its own batch; the ledger
//! joins whatever is queued at one moment into one sync and one checkpoint signature.
//!
//! Not here: how the answer is framed (`frames`), who may connect at all (`transport`), who may climb which rung (the
//! desks judge that; a relay never parses content).

use std::sync::Arc;

use bytes::Bytes;
use hotline_audit::Hash;
use hotline_core::{
    crash::{self, Point},
    identity::Identity,
    leg::Lane,
    plant,
};
use hotline_ledger::{Batch, Clash, CommitError, Committed, Conflict, Entry, SpaceLeft};
use tokio::sync::oneshot;

use crate::{
    admit::{self, Checked, Kind},
    refused::{Refused, Rule},
    relay::Relay,
};

/// What became of one statement.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is on disk, in the log, at this leaf: freshly, or since an earlier copy.
    Held {
        /// The statement.
        checked: Arc<Checked>,
        /// Its leaf index.
        index: u64,
    },
    /// It was refused and nothing changed.
    Refused(Refused),
}

/// Most rounds in which one batch is judged again because a copy of one of its statements was committed meanwhile. Each
/// round settles at least one statement, so this is only a guard against a ledger that contradicts itself.
const ROUNDS_MAX: usize = hotline_proto::FRAME_ITEMS_MAX + 1;

/// A place in the order in which a session's frames go to the ledger. Frames are verified beside one another, and a small
/// one is done before a large one that came first: without a turn it would be committed first, and shown first. A frame is
/// committed once, whatever of it is held already; only one with an equivocation inside is committed a second time, and
/// its rest may come behind the next frame.
#[derive(Debug, Default)]
pub struct Turn {
    before: Option<oneshot::Receiver<()>>,
    after: Option<oneshot::Sender<()>>,
}

impl Turn {
    /// The turn behind this one, which comes when this one has passed or is dropped.
    #[must_use]
    pub fn behind(&mut self) -> Self {
        let (after, before) = oneshot::channel();
        self.after = Some(after);
        Self {
            before: Some(before),
            after: None,
        }
    }

    async fn come(&mut self) {
        if let Some(before) = self.before.take() {
            // One that was dropped has nothing to hand in.
            let _ = before.await;
        }
    }

    fn pass(&mut self) {
        if let Some(after) = self.after.take() {
            // Nobody may be behind.
            let _ = after.send(());
        }
    }
}

/// Takes in what `from` handed in; the outcomes are in the order of the statements.
pub async fn take_in(relay: &Relay, from: &Identity, statements: &[Bytes]) -> Vec<Outcome> {
    take_in_turn(relay, from, statements, Turn::default()).await
}

/// The same, and what is fresh goes to the ledger when the turn comes.
pub async fn take_in_turn(
    relay: &Relay,
    from: &Identity,
    statements: &[Bytes],
    mut turn: Turn,
) -> Vec<Outcome> {
    crash::at(Point::RelayReceived);
    let mut outcomes: Vec<Option<Outcome>> = vec![None; statements.len()];
    let mut open: Vec<(usize, Arc<Checked>)> = Vec::new();
    let mut judged_by = relay.rosters();
    for (place, bytes) in statements.iter().enumerate() {
        match admit::check(relay, from, bytes) {
            Ok(checked) => open.push((place, Arc::new(checked))),
            Err(refused) => outcomes[place] = Some(Outcome::Refused(refused)),
        }
        // Signatures cost tens of microseconds each; let heartbeats through between them.
        if place % 16 == 15 {
            tokio::task::yield_now().await;
        }
    }
    settle_twins(&mut open, &mut outcomes);
    if matches!(
        relay.ledger.space().map(|space| space.left()),
        Ok(SpaceLeft::Reserve)
    ) {
        keep_reserve(relay, &mut open, &mut outcomes);
    }
    for _ in 0..ROUNDS_MAX {
        if open.is_empty() {
            break;
        }
        relay.hand_on_early(&open);
        turn.come().await;
        let Some(committing) = relay.under(&judged_by, || commit(relay, &open)) else {
            judged_by = relay.rosters();
            judge_anew(relay, from, &mut open, &mut outcomes);
            continue;
        };
        turn.pass();
        match committing.await {
            // The ledger looks every entry up anyway, so what is fresh costs no look-up here, and a copy that is held
            // already keeps nothing of its frame from its turn.
            Ok(committed) => {
                let mut index = committed.first_index;
                let mut held = committed.held.into_iter().peekable();
                for (at, (place, checked)) in open.drain(..).enumerate() {
                    if let Some((_, index)) = held.next_if(|(held, _)| *held == at) {
                        outcomes[place] = Some(Outcome::Held { checked, index });
                        continue;
                    }
                    relay.remember(index, &checked);
                    outcomes[place] = Some(Outcome::Held { checked, index });
                    index += 1;
                }
            }
            // What contradicts refuses the whole batch: settle that, and commit the rest.
            Err(CommitError::Known { .. } | CommitError::Equivocation { .. }) => {
                settle_known(relay, &mut open, &mut outcomes);
            }
            Err(error) => {
                for (place, checked) in open.drain(..) {
                    outcomes[place] = Some(Outcome::Refused(Refused::from_commit(
                        &error,
                        &checked.id,
                        checked.hash,
                    )));
                }
            }
        }
    }
    // Twins wait for the statement they repeat.
    for place in 0..outcomes.len() {
        if outcomes[place].is_none() {
            outcomes[place] = Some(late_twin(relay, from, &statements[place]));
        }
    }
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    keep_conflicts(relay, &outcomes).await;
    await_head(relay, &outcomes).await;
    relay.metrics.count(&outcomes);
    outcomes
}

/// Judges by rosters that came into force meanwhile: what they refuse must not stand behind what ended its key.
fn judge_anew(
    relay: &Relay,
    from: &Identity,
    open: &mut Vec<(usize, Arc<Checked>)>,
    outcomes: &mut [Option<Outcome>],
) {
    open.retain(
        |(place, checked)| match admit::check(relay, from, &checked.bytes) {
            Ok(_) => true,
            Err(refused) => {
                outcomes[*place] = Some(Outcome::Refused(refused));
                false
            }
        },
    );
}

/// A copy that another session committed can be read a moment before its head is published; its proof is asked under a
/// head that contains it.
async fn await_head(relay: &Relay, outcomes: &[Outcome]) {
    let newest = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Held { index, .. } => Some(*index),
        Outcome::Refused(_) => None,
    });
    if let Some(newest) = newest.max() {
        let mut moves = relay.ledger.moves();
        while relay.ledger.head().size <= newest {
            moves.changed().await;
        }
    }
}

/// On the reserve only what is urgent or evidence comes in: FLASH, OVERRIDE, receipts, acts and charters, which is what
/// the control lane carries. Anything else is refused for now, but for copies of what is held.
fn keep_reserve(relay: &Relay, open: &mut Vec<(usize, Arc<Checked>)>, outcomes: &mut [Option<Outcome>]) {
    let (rest, urgent) = std::mem::take(open)
        .into_iter()
        .partition(|(_, checked)| checked.lane != Lane::Control);
    *open = rest;
    settle_known(relay, open, outcomes);
    for (place, checked) in std::mem::replace(open, urgent) {
        let why =
            "this relay's disk is nearly full: only FLASH, OVERRIDE, receipts and acts are taken".to_owned();
        let refused = Refused::new(Rule::DiskFull, &checked.id, checked.hash, why);
        outcomes[place] = Some(Outcome::Refused(refused));
    }
}

/// Settles every statement that the ledger already holds: the same bytes with their leaf, other bytes as equivocation.
fn settle_known(relay: &Relay, open: &mut Vec<(usize, Arc<Checked>)>, outcomes: &mut [Option<Outcome>]) {
    open.retain(|(place, checked)| match known(relay, checked) {
        Ok(None) => true,
        Ok(Some(index)) => {
            outcomes[*place] = Some(Outcome::Held {
                checked: Arc::clone(checked),
                index,
            });
            false
        }
        Err(refused) => {
            outcomes[*place] = Some(Outcome::Refused(refused));
            false
        }
    });
}

fn known(relay: &Relay, checked: &Checked) -> Result<Option<u64>, Refused> {
    let unreadable = |error: hotline_ledger::ReadError| {
        Refused::new(Rule::Ledger, &checked.id, checked.hash, error.to_string())
    };
    let by_id = relay
        .ledger
        .by_id(&checked.sender, &checked.id)
        .map_err(unreadable)?;
    if let Some(stored) = by_id {
        return if stored.hash == checked.hash || plant::active("equivocation-accepted") {
            Ok(Some(stored.index))
        } else {
            Err(Refused::equivocation(checked, Clash::Id, stored.hash))
        };
    }
    let by_place = relay
        .ledger
        .by_place(&checked.sender, checked.epoch, checked.sequence)
        .map_err(unreadable)?;
    match by_place {
        // Committed by another session between the two look-ups: the same bytes are never an equivocation.
        Some(stored) if stored.hash == checked.hash => Ok(Some(stored.index)),
        Some(stored) if plant::active("place-taken-for-a-late-copy") => Ok(Some(stored.index)),
        Some(stored) => Err(Refused::equivocation(checked, Clash::Place, stored.hash)),
        None => Ok(None),
    }
}

/// Takes the second and later copies within one frame out of the batch; they are answered after the first is held.
fn settle_twins(open: &mut Vec<(usize, Arc<Checked>)>, outcomes: &mut [Option<Outcome>]) {
    let mut ids = std::collections::BTreeMap::new();
    let mut places = std::collections::BTreeMap::new();
    open.retain(|(place, checked)| {
        let id = *ids
            .entry((checked.sender.clone(), checked.id))
            .or_insert(checked.hash);
        let at = *places
            .entry((checked.sender.clone(), checked.epoch, checked.sequence))
            .or_insert(checked.hash);
        let first_here = id == checked.hash && at == checked.hash;
        if !first_here {
            let clash = if id == checked.hash {
                Clash::Place
            } else {
                Clash::Id
            };
            let other = if id == checked.hash { at } else { id };
            outcomes[*place] = Some(Outcome::Refused(Refused::equivocation(checked, clash, other)));
        }
        first_here
    });
    let mut seen = std::collections::BTreeSet::new();
    open.retain(|(_, checked)| seen.insert(checked.hash));
}

fn late_twin(relay: &Relay, from: &Identity, bytes: &Bytes) -> Outcome {
    let hash = Hash::of(bytes);
    match admit::check(relay, from, bytes) {
        Err(refused) => Outcome::Refused(refused),
        Ok(checked) => match known(relay, &checked) {
            Ok(Some(index)) => Outcome::Held {
                checked: Arc::new(checked),
                index,
            },
            Ok(None) => Outcome::Refused(Refused::new(
                Rule::Ledger,
                &checked.id,
                hash,
                "its first copy could not be stored".into(),
            )),
            Err(refused) => Outcome::Refused(refused),
        },
    }
}

/// Hands these to the ledger at once; what is returned waits until they are on disk.
fn commit(
    relay: &Relay,
    open: &[(usize, Arc<Checked>)],
) -> impl Future<Output = Result<Committed, CommitError>> {
    let lane = open
        .iter()
        .map(|(_, checked)| checked.lane)
        .min()
        .unwrap_or(Lane::Bulk);
    let entries: Vec<Entry> = open.iter().map(|(_, checked)| checked.entry()).collect();
    let batch = Batch::of(lane, entries).passing_over_held();
    // Receipts were handed on before; nobody waits for their leaf.
    let batch = if open.iter().all(|(_, checked)| checked.kind == Kind::Receipt) {
        batch.patient()
    } else {
        batch
    };
    let committing = relay.ledger.commit(batch);
    async move {
        let committed = committing.await?;
        crash::at(Point::RelaySynced);
        Ok(committed)
    }
}

/// Both statements of an equivocation are kept: the first is a leaf, the other goes beside the log.
async fn keep_conflicts(relay: &Relay, outcomes: &[Outcome]) {
    let mut batch = Batch::new(Lane::Bulk);
    for outcome in outcomes {
        if let Outcome::Refused(Refused {
            clashing: Some(checked),
            ..
        }) = outcome
            && let Some(stored_index) = holder(relay, checked)
        {
            batch.conflicts.push(Conflict {
                sender: checked.sender.clone(),
                stored_index,
                bytes: checked.bytes.to_vec(),
            });
        }
    }
    if !batch.conflicts.is_empty()
        && !plant::active("equivocation-not-kept")
        && let Err(error) = relay.ledger.commit(batch).await
    {
        tracing::error!(%error, "a conflicting statement could not be kept");
    }
}

/// The leaf that holds the id or place of `checked`.
fn holder(relay: &Relay, checked: &Checked) -> Option<u64> {
    let by_id = relay.ledger.by_id(&checked.sender, &checked.id).ok().flatten();
    let stored = by_id.or_else(|| {
        relay
            .ledger
            .by_place(&checked.sender, checked.epoch, checked.sequence)
            .ok()
            .flatten()
    });
    stored.map(|stored| stored.index)
}
