//! The gate: what happens before a desk's first signature.
//!
//! A desk's key signs one history, ever. A ledger that was put back does not know the statements that were signed since;
//! signing the next one would fork the chain. So before the first signature every relay that can be reached is asked for
//! this desk's newest statement. A newer tail is fetched, checked and adopted; another statement at a place we hold
//! closes the pen, if the relay shows it ([`super::claim`]). Nobody can know whether the relays in reach know all: so a ledger that was put back, or that adopted
//! anything, or that no relay answered for, goes on in a new chain epoch, which can contradict nothing. What it forgot
//! is taken up whenever a relay tells of it ([`super::adopt`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_audit::Hash;
use hotline_core::{
    chain::Missing,
    leg::{Lane, Leg, RelayName},
    time::LineTime,
};

use super::{
    Engine, Signing,
    claim::{Claim, Named, SHOWN_WITHIN},
};
use crate::{
    input::{Arrival, Input},
    lane::Order,
    own::Tip,
    round::Round,
};

/// How long the relays have to answer, at least. 4 s: a relay that restarts is usable again within 2 s, and one that still
/// holds the sessions of a killed predecessor lets go of them after 1.5 s of silence; then a redial, in time for both.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// The same in times between two probes, on a line that is farther. 10: on `satellite` 20 s, three handshakes.
const ANSWER_WITHIN_PROBES: u32 = 10;

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
    /// Legs with a session.
    up: BTreeSet<Leg>,
    /// The newest place of ours that each relay knows and we do not.
    unknown: BTreeMap<RelayName, (u64, u64)>,
    /// What a relay names at a place where we hold another.
    claims: BTreeMap<RelayName, Claim>,
}

impl Engine {
    /// Waits for the relays, adopts what they know, and lets the first signature through.
    pub(super) async fn open_gate(&mut self) -> Result<(), String> {
        if hotline_core::plant::active("gate-skipped") {
            return self.place_charters_now().await;
        }
        let mut heard = Heard::default();
        let far = self.farthest().numbers().probe_every * ANSWER_WITHIN_PROBES;
        let deadline = self.line().after(ANSWER_WITHIN.max(far));
        while !self.all_answered(&heard) && heard.held.len() < HELD_MAX {
            let left = deadline.since_start().saturating_sub(self.line().since_start());
            match tokio::time::timeout(left, self.inputs.recv()).await {
                Ok(Some(input)) => self.hear(input, &mut heard),
                Ok(None) => return Err("all legs ended".into()),
                Err(_) => break,
            }
        }
        self.hear_out(&mut heard).await?;
        if self.signing == Signing::Open {
            self.choose_epoch(&mut heard).await?;
        }
        self.place_charters_now().await?;
        self.backlog.extend(
            std::mem::take(&mut heard.held)
                .into_iter()
                .map(super::Work::Input),
        );
        Ok(())
    }

    /// Adopts what the relays know, and leaves the epoch unless this ledger certainly signed last in it.
    async fn choose_epoch(&mut self, heard: &mut Heard) -> Result<(), String> {
        let before = self.tip;
        let signed = before != Tip::START;
        // The record is absent in a ledger that was made before there was one, and names another instance in a copy.
        let put_back = self
            .signs
            .map_or(signed, |signs| signs != (self.instance, before.epoch))
            && !hotline_core::plant::active("copy-taken-for-the-original");
        let mut told = (before.epoch, before.sequence);
        let deadline = self.line().after(ADOPT_WITHIN);
        for (relay, upto) in std::mem::take(&mut heard.unknown) {
            told = told.max(upto);
            self.fetch_own(&relay, upto, deadline, heard).await?;
        }
        let forgot = told > (before.epoch, before.sequence);
        let alone = heard.answered.is_empty() && signed;
        let opened = self.tip.epoch > before.epoch;
        let mut round = self.new_round();
        if (forgot || alone || put_back) && !opened {
            tracing::warn!(forgot, alone, put_back, "this desk leaves its chain epoch");
            self.open_epoch(&mut round);
        } else {
            self.keep_epoch(&mut round);
        }
        self.tip = round.tip;
        self.settle(round).await
    }

    /// Has every relay that names another statement than ours show it, before anything is signed. One whose leg has
    /// ended meanwhile is asked again when it is back.
    async fn hear_out(&mut self, heard: &mut Heard) -> Result<(), String> {
        for (relay, claim) in std::mem::take(&mut heard.claims) {
            self.note_claim(&relay, claim);
            let deadline = self.line().after(SHOWN_WITHIN);
            let Some(leg) = heard.up.iter().find(|leg| leg.relay == relay).cloned() else {
                continue;
            };
            self.order_refetch(&leg, claim.missing());
            if let Some(shown) = self.wait_for_own(&leg, deadline, heard).await? {
                self.take_own(&leg, shown).await?;
                let mut round = self.new_round();
                self.not_shown(&relay, &mut round);
                self.settle(round).await?;
            }
        }
        Ok(())
    }

    /// Notes which legs can be asked, and in which session: one that has ended answers nothing, and may stay away for long.
    fn note_legs(&mut self, input: &Input, heard: &mut Heard) {
        match input {
            Input::LaneUp { leg, answer, .. } => {
                self.note_session(leg, answer);
                heard.up.insert(leg.clone());
            }
            Input::LegDown { leg, .. } => {
                heard.up.remove(leg);
            }
            _ => {}
        }
    }

    fn all_answered(&self, heard: &Heard) -> bool {
        self.relays.keys().all(|name| {
            let legs = self.legs.keys().filter(|leg| leg.relay == *name);
            heard.answered.contains(name) || legs.clone().all(|leg| heard.down.contains(leg))
        })
    }

    fn hear(&mut self, input: Input, heard: &mut Heard) {
        self.note_legs(&input, heard);
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
            | Input::Trust(_)
            | Input::Judged { .. }
            | Input::Heard { .. }
            | Input::Presence { .. }
            | Input::Cosigned { .. } => {}
        }
        heard.held.push(input);
    }

    /// Compares what a relay knows of our chain with what we hold.
    fn compare(&self, leg: &Leg, place: (u64, u64), hash: Hash, heard: &mut Heard) {
        match self.named(place, hash) {
            Named::Held => {}
            Named::Other(claim) => {
                heard.claims.insert(leg.relay.clone(), claim);
            }
            Named::Unknown => {
                let newest = heard.unknown.entry(leg.relay.clone()).or_insert(place);
                *newest = place.max(*newest);
            }
        }
    }

    /// Fetches from a relay what it may hold of our chain and this ledger does not, as long as more comes.
    async fn fetch_own(
        &mut self,
        relay: &RelayName,
        upto: (u64, u64),
        deadline: LineTime,
        heard: &mut Heard,
    ) -> Result<(), String> {
        tracing::warn!(%relay, epoch = upto.0, sequence = upto.1, "this ledger lacks what its desk has signed: it is fetched");
        self.past.expect(upto.0);
        loop {
            let size = self.ledger.head().size;
            for missing in self.past.lacking(&self.tip, Some(upto)) {
                let Some(leg) = heard.up.iter().find(|leg| leg.relay == *relay).cloned() else {
                    return Ok(());
                };
                self.order_refetch(&leg, missing);
                if let Some(mine) = self.wait_for_own(&leg, deadline, heard).await? {
                    self.take_own(&leg, mine).await?;
                }
            }
            if self.ledger.head().size == size || self.signing != Signing::Open {
                return Ok(());
            }
        }
    }

    fn order_refetch(&self, leg: &Leg, missing: Missing) {
        if let Some(handle) = self.legs.get(leg) {
            let sender = self.me.to_string();
            let _ = handle.order(Lane::Bulk, Order::Refetch { sender, missing });
        }
    }

    /// What a relay answers; none if its leg ended or the time is over.
    async fn wait_for_own(
        &mut self,
        leg: &Leg,
        deadline: LineTime,
        heard: &mut Heard,
    ) -> Result<Option<Vec<Arrival>>, String> {
        loop {
            let left = deadline.since_start().saturating_sub(self.line().since_start());
            if left.is_zero() {
                return Ok(None);
            }
            let input = match tokio::time::timeout(left, self.inputs.recv()).await {
                Ok(Some(input)) => input,
                Ok(None) => return Err("all legs ended".into()),
                Err(_) => return Ok(None),
            };
            self.note_legs(&input, heard);
            match input {
                Input::Arrived {
                    leg: from,
                    lane: Lane::Bulk,
                    arrivals,
                    cursor: 0,
                    ..
                } if from == *leg => return Ok(Some(arrivals)),
                // Beyond the bound a copy is dropped here; its relay brings it again from the stored cursor.
                Input::Arrived { .. } if heard.held.len() >= HELD_MAX => {}
                input => heard.held.push(input),
            }
            if !heard.up.contains(leg) {
                return Ok(None);
            }
        }
    }

    /// Takes our own statements in, each behind the one before.
    async fn take_own(&mut self, leg: &Leg, arrivals: Vec<Arrival>) -> Result<(), String> {
        let me = self.me.to_string();
        let mut own: Vec<_> = arrivals
            .into_iter()
            .filter_map(|arrival| Some((self.statement(&arrival)?, arrival)))
            .filter(|(statement, _)| statement.header().sender == me)
            .collect();
        own.sort_by_key(|(statement, _)| (statement.header().epoch, statement.header().sequence));
        let mut round = self.new_round();
        for (statement, arrival) in own {
            self.own_arrived(leg, &arrival, &statement, &mut round);
        }
        self.settle(round).await
    }

    /// Every charter that both sides signed goes into our chain once, and so to both relays and the peer.
    async fn place_charters_now(&mut self) -> Result<(), String> {
        let mut round = self.new_round();
        self.place_charters(&mut round);
        self.settle(round).await
    }

    /// The same, in a round that is made anyway.
    pub(super) fn place_charters(&mut self, round: &mut Round) {
        if self.signing != Signing::Open {
            return;
        }
        let peer = self.config.peer.clone();
        let charters: Vec<_> = self
            .trust
            .directory()
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
                        round,
                    );
                    continue;
                }
            };
            let precedence = hotline_core::precedence::Precedence::Routine;
            self.place_own(signed, precedence, BTreeSet::from([peer.clone()]), round);
            self.charters_placed.insert(charter.channel.clone());
        }
    }
}
