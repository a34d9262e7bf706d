//! The gate: what happens before a desk's first signature.
//!
//! A desk's key signs one history, ever. A ledger that was restored from a backup does not know the statements that were
//! signed after the backup; signing the next one would fork the chain. So before the first signature every relay that
//! can be reached is asked for this desk's newest statement: a newer tail is fetched, checked and adopted; another
//! statement at a place we hold closes the pen; and if no relay answers, a new chain epoch is opened, which can
//! contradict nothing.

use std::{collections::BTreeSet, time::Duration};

use hotline_audit::Hash;
use hotline_core::{
    chain::{End, Missing},
    leg::{Lane, Leg, RelayName},
};

use super::{Engine, Signing};
use crate::{
    input::{Arrival, Input},
    lane::Order,
    own::Tip,
    round::Round,
};

/// How long the relays have to answer. 4 s: a relay that restarts is usable again within 2 s, and one that still holds
/// the sessions of a killed predecessor lets go of them after 1.5 s of silence; then a redial, in time for both.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// How long fetching a newer tail may take. 30 s: a hundred thousand statements over one leg.
const ADOPT_WITHIN: Duration = Duration::from_secs(30);

/// Inputs held back while the gate is shut. 4,096: lanes then wait in their queues.
const HELD_MAX: usize = 4096;

/// What the gate has heard.
#[derive(Default)]
struct Heard {
    answered: BTreeSet<RelayName>,
    down: BTreeSet<Leg>,
    held: Vec<Input>,
    /// The newest place of ours that a relay knows and we do not.
    newer: Option<(Leg, u64, u64)>,
    clash: Option<String>,
}

impl Engine {
    /// Waits for the relays, adopts what they know, and lets the first signature through.
    pub(super) async fn open_gate(&mut self) -> Result<(), String> {
        if hotline_core::plant::active("gate-skipped") {
            return self.place_charters().await;
        }
        let mut heard = Heard::default();
        let deadline = self.line().after(ANSWER_WITHIN);
        while !self.all_answered(&heard) && heard.held.len() < HELD_MAX {
            let left = deadline.since_start().saturating_sub(self.line().since_start());
            match tokio::time::timeout(left, self.inputs.recv()).await {
                Ok(Some(input)) => self.hear(input, &mut heard),
                Ok(None) => return Err("all legs ended".into()),
                Err(_) => break,
            }
        }
        if let Some(clash) = heard.clash.take() {
            let mut round = Round::behind(self.tip);
            self.alarm("OWN_FORK", clash.clone(), &mut round);
            self.signing = Signing::Closed(clash);
            self.settle(round).await?;
        } else if let Some((leg, epoch, sequence)) = heard.newer.take() {
            self.adopt(&leg, (epoch, sequence), &mut heard).await?;
        } else if heard.answered.is_empty() && self.tip != Tip::START {
            self.tip = self.tip.reopened(self.seams.clock.as_ref());
            tracing::info!(
                epoch = self.tip.epoch,
                "no relay answered: a new chain epoch is opened"
            );
        }
        self.place_charters().await?;
        self.backlog.extend(
            std::mem::take(&mut heard.held)
                .into_iter()
                .map(super::Work::Input),
        );
        Ok(())
    }

    fn all_answered(&self, heard: &Heard) -> bool {
        self.relays.keys().all(|name| {
            let legs = self.legs.keys().filter(|leg| leg.relay == *name);
            heard.answered.contains(name) || legs.clone().all(|leg| heard.down.contains(leg))
        })
    }

    fn hear(&mut self, input: Input, heard: &mut Heard) {
        match &input {
            Input::LaneUp { leg, answer, .. } => {
                heard.answered.insert(leg.relay.clone());
                heard.down.remove(leg);
                if let Some((epoch, sequence, hash)) = answer.newest {
                    self.compare(leg, (epoch, sequence), hash, heard);
                }
            }
            // Only a dial that failed says that nobody is there. A session that ended may be the relay's word that our
            // dead predecessor is still connected: it is gone within a leg's silence.
            Input::LegDown { leg, refusal, .. } => {
                if refusal.is_some() {
                    heard.down.insert(leg.clone());
                }
            }
            Input::Accepted { .. }
            | Input::Refused { .. }
            | Input::Arrived { .. }
            | Input::Forged { .. }
            | Input::NotRefetched { .. }
            | Input::Heard { .. } => {}
        }
        heard.held.push(input);
    }

    /// Compares what a relay knows of our chain with what we hold.
    fn compare(&self, leg: &Leg, place: (u64, u64), hash: Hash, heard: &mut Heard) {
        let ours = self
            .ledger
            .by_place(&self.me.to_string(), place.0, place.1)
            .ok()
            .flatten();
        match ours {
            Some(ours) if ours.hash == hash => {}
            Some(ours) => {
                heard.clash = Some(format!(
                    "relay {} holds {hash} at place {}.{} of this desk's chain, this ledger holds {}: two histories were signed with one key",
                    leg.relay, place.0, place.1, ours.hash
                ));
            }
            None => {
                let further = heard
                    .newer
                    .as_ref()
                    .is_none_or(|(_, epoch, sequence)| (*epoch, *sequence) < place);
                if further {
                    heard.newer = Some((leg.clone(), place.0, place.1));
                }
            }
        }
    }

    /// Fetches our own newer statements from a relay and takes them into the ledger, in order.
    async fn adopt(&mut self, leg: &Leg, upto: (u64, u64), heard: &mut Heard) -> Result<(), String> {
        tracing::warn!(%leg, epoch = upto.0, sequence = upto.1, "this ledger is older than what its desk has signed: the newer tail is fetched");
        let deadline = self.line().after(ADOPT_WITHIN);
        let mut epochs_tried = BTreeSet::new();
        while (self.tip.epoch, self.tip.sequence) < upto {
            let missing = self.next_missing(upto, &mut epochs_tried);
            self.order_refetch(leg, missing);
            let mine = self.wait_for_own(leg, deadline, heard).await?;
            if !self.take_own(mine).await? && epochs_tried.contains(&upto.0) {
                break;
            }
        }
        if (self.tip.epoch, self.tip.sequence) < upto {
            let why = format!(
                "relay {} holds our chain up to {}.{}, and it could not be fetched beyond {}.{}",
                leg.relay, upto.0, upto.1, self.tip.epoch, self.tip.sequence
            );
            tracing::warn!(why, "a new chain epoch is opened");
            self.tip = Tip {
                epoch: self.tip.epoch.max(upto.0),
                ..self.tip
            }
            .reopened(self.seams.clock.as_ref());
        }
        Ok(())
    }

    /// The rest of the epoch we are in, and then the epoch the relay named.
    fn next_missing(&self, upto: (u64, u64), tried: &mut BTreeSet<u64>) -> Missing {
        if self.tip.epoch < upto.0 && !tried.insert(self.tip.epoch) {
            tried.insert(upto.0);
            return Missing {
                epoch: upto.0,
                first: 1,
                end: End::At(upto.1),
            };
        }
        let last = if self.tip.epoch == upto.0 {
            tried.insert(upto.0);
            upto.1
        } else {
            self.tip
                .sequence
                .saturating_add(hotline_proto::FRAME_ITEMS_MAX as u64)
        };
        Missing {
            epoch: self.tip.epoch,
            first: self.tip.sequence.saturating_add(1),
            end: End::At(last),
        }
    }

    fn order_refetch(&self, leg: &Leg, missing: Missing) {
        if let Some(handle) = self.legs.get(leg) {
            let sender = self.me.to_string();
            let _ = handle.order(Lane::Bulk, Order::Refetch { sender, missing });
        }
    }

    async fn wait_for_own(
        &mut self,
        leg: &Leg,
        deadline: hotline_core::time::LineTime,
        heard: &mut Heard,
    ) -> Result<Vec<Arrival>, String> {
        loop {
            let left = deadline.since_start().saturating_sub(self.line().since_start());
            match tokio::time::timeout(left, self.inputs.recv()).await {
                Ok(Some(Input::Arrived {
                    leg: from,
                    lane: Lane::Bulk,
                    arrivals,
                    cursor: 0,
                    ..
                })) if from == *leg => {
                    return Ok(arrivals);
                }
                Ok(Some(input)) if heard.held.len() < HELD_MAX => heard.held.push(input),
                // Beyond the bound a copy is dropped here; its relay brings it again from the stored cursor.
                Ok(Some(_)) => {}
                Ok(None) => return Err("all legs ended".into()),
                Err(_) => return Ok(Vec::new()),
            }
        }
    }

    /// Takes our own statements in, each behind the one before; tells whether there was any.
    async fn take_own(&mut self, mut arrivals: Vec<Arrival>) -> Result<bool, String> {
        arrivals.retain(|arrival| {
            arrival
                .statement
                .as_ref()
                .is_some_and(|statement| statement.header().sender == self.me.to_string())
        });
        arrivals.sort_by_key(|arrival| {
            arrival
                .statement
                .as_ref()
                .map(|statement| (statement.header().epoch, statement.header().sequence))
        });
        let mut round = Round::behind(self.tip);
        for arrival in arrivals {
            let Some(statement) = arrival.statement else {
                continue;
            };
            let header = statement.header();
            let next = (header.epoch == round.tip.epoch && header.sequence == round.tip.sequence + 1)
                || (header.epoch > round.tip.epoch && header.sequence == 1);
            if !next || header.previous != round.tip.previous {
                break;
            }
            round.tip = round.tip.after(arrival.hash, &statement.payload);
            round.place(
                arrival.bytes.to_vec(),
                arrival.hash,
                statement.payload.clone(),
                None,
            );
        }
        let any = !round.placed.is_empty();
        self.settle(round).await?;
        Ok(any)
    }

    /// Every charter that both sides signed goes into our chain once, and so to both relays and the peer.
    async fn place_charters(&mut self) -> Result<(), String> {
        if self.signing != Signing::Open {
            return Ok(());
        }
        let mut round = Round::behind(self.tip);
        let peer = self.config.peer.clone();
        let charters: Vec<_> = self
            .directory
            .charters()
            .filter(|charter| !self.charters_placed.contains(&charter.channel))
            .cloned()
            .collect();
        for charter in charters {
            let address = crate::own::Address {
                to: vec![peer.clone()],
                conversation: None,
            };
            let seen = self.seen();
            let both = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
            let parts = (charter.terms.clone(), charter.consents.clone());
            let signed = match self.pen.charter(&round.tip, &address, parts, &seen, both) {
                Ok(signed) => signed,
                Err(error) => {
                    self.alarm(
                        "NOT_SIGNED",
                        format!("charter {}: {error}", charter.channel),
                        &mut round,
                    );
                    continue;
                }
            };
            let precedence = hotline_core::precedence::Precedence::Routine;
            self.place_own(signed, precedence, BTreeSet::from([peer.clone()]), &mut round);
            self.charters_placed.insert(charter.channel.clone());
        }
        self.settle(round).await
    }
}
