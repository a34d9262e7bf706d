//! What is tried in the calm afterwards, in some schedules: a FLASH must take every leg, and a thief with a desk's keys who
//! signs another statement in the place of one that is known must be refused.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use hotline_audit::{PayloadType, SignedStatement, statement::Message};
use hotline_client::{
    request::{Answer, Request},
    station::signing_key,
    status::LegStatus,
};
use hotline_core::{health::Health, precedence::Precedence};
use hotline_server::{
    intake::{self, Outcome},
    relay::Relay,
};

use super::Play;
use crate::storm::{
    nodes::{Asked, What, ask},
    officers,
    oracle::Promise,
};

/// How long all legs may take to come up after healing: a fresh dial within 0.5 s, 3 s each for its handshake and its hello
/// on what is left of a bad way, and half as much again for one that fails once more.
const LEGS_BOUND: Duration = Duration::from_secs(10);
/// Conflicts that are looked through: more than a ledger keeps.
const CONFLICTS: usize = 10_000;
/// How long the copies of one FLASH may take on a quiet line.
const COPIES: Duration = Duration::from_millis(600);

impl Play {
    /// The parade.
    pub(super) async fn parade(self: &Arc<Self>) {
        for desk in 0..self.shape.desks() {
            self.may_not_release(desk).await;
        }
        for desk in 0..self.shape.desks() {
            if !self.all_legs_up().await {
                return;
            }
            self.flash_takes_every_leg(desk).await;
        }
        for number in 0..self.shape.relays() {
            let Some(relay) = self.relay(number) else { continue };
            self.thief(number, &relay).await;
            self.strangers(number, &relay).await;
            self.second_instance(number, &relay);
        }
    }

    /// A relay that runs.
    fn relay(&self, number: usize) -> Option<Arc<Relay>> {
        match self.node(number).live.as_ref().map(|live| live.what.clone()) {
            Some(What::Relay(running)) => Some(Arc::clone(&running.relay)),
            Some(What::Desk(_)) | None => None,
        }
    }

    /// Legs of a desk: by both doors of every relay.
    fn legs(&self) -> usize {
        2 * self.shape.relays()
    }

    /// Waits until all desks have all legs, and each answers: one that is SUSPECT may be down a moment later, with a session
    /// that an outage has left without a way back. False where a relay is not believed, and that is no fault.
    async fn all_legs_up(&self) -> bool {
        if self.judge(|oracle| oracle.tainted.contains(&true)) {
            return false;
        }
        let all = self.shape.desks() * self.legs();
        let until = self.world.now() + LEGS_BOUND;
        loop {
            let mut up = 0;
            for desk in 0..self.shape.desks() {
                let status = self.status(desk).await.unwrap_or_default();
                let answers = |leg: &&LegStatus| leg.up && leg.state != Health::Suspect.name();
                up += status.legs.values().filter(answers).count();
            }
            if up == all {
                return true;
            }
            if self.world.now() > until {
                let what = format!("{up} of {all} legs are up and answer: {}", self.describe().await);
                self.judge(|oracle| oracle.breaks(Promise::Stuck, what));
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn flash_takes_every_leg(self: &Arc<Self>, desk: usize) {
        let before = self.copies_sent(desk).await;
        let text = self.text(desk, 0);
        officers::release(Arc::clone(self), desk, Precedence::Flash, text.clone()).await;
        tokio::time::sleep(COPIES).await;
        let after = self.copies_sent(desk).await;
        let idle: Vec<&String> = after
            .iter()
            .filter(|(leg, sent)| before.get(*leg) == Some(sent))
            .map(|(leg, _)| leg)
            .collect();
        if !idle.is_empty() {
            let what = format!("a FLASH of desk {desk} did not leave by {idle:?}");
            self.judge(|oracle| oracle.breaks(Promise::Bound, what));
        }
        let Some(station) = self.station(self.shape.peer(desk)) else {
            return;
        };
        let request = Request::List {
            limit: 50,
            incoming: true,
        };
        let Asked::Answer(answer) = ask(&station, request).await else {
            return;
        };
        let Answer::Messages { messages } = *answer else {
            return;
        };
        let copies = messages
            .iter()
            .find(|view| view.text == text)
            .map_or(0, |view| 1 + view.late_copies.values().sum::<u64>());
        let legs = self.legs();
        // A copy that comes while the first is on its way to the disk is not counted.
        if copies + 1 < legs as u64 {
            let what = format!("a FLASH of desk {desk} came in {copies} copies by {legs} legs");
            self.judge(|oracle| oracle.breaks(Promise::Bound, what));
        }
    }

    /// Copies sent so far, by leg.
    async fn copies_sent(&self, desk: usize) -> BTreeMap<String, u64> {
        let status = self.status(desk).await.unwrap_or_default();
        status
            .legs
            .into_iter()
            .map(|(leg, status)| (leg, status.sent))
            .collect()
    }

    /// Somebody who has a desk's keys hands a second statement in, under the id and in the place of one that is known.
    /// It is refused, and kept as evidence.
    async fn thief(&self, number: usize, relay: &Relay) {
        let desk = &self.cast.desks[0].config;
        let me = desk.identity.to_string();
        let known = self.node(number).disk.export(&[]).leaves;
        let Some(mut message) = known
            .iter()
            .rev()
            .filter(|leaf| leaf.sender == me)
            .find_map(|leaf| Message::decode(&SignedStatement::parse(&leaf.bytes).ok()?.payload).ok())
        else {
            return;
        };
        message.header.claimed_time_ms += 1;
        let key = signing_key(&desk.statement_key).unwrap();
        let twin = SignedStatement::sign(PayloadType::Message, &message.encode(), &key).unwrap();
        let (twin, hash) = (Bytes::from(twin.bytes().to_vec()), twin.hash());
        let outcome = intake::take_in(relay, &desk.identity, &[twin]).await.pop();
        if matches!(outcome, Some(Outcome::Held { .. })) {
            self.judge(|oracle| {
                oracle.breaks(Promise::Named, format!("relay {number} took an equivocation"));
            });
        }
        let kept = relay.ledger.conflicts(CONFLICTS).unwrap().kept;
        if !kept.iter().any(|conflict| conflict.hash == hash) {
            let what = format!("relay {number} keeps no proof of an equivocation");
            self.judge(|oracle| oracle.breaks(Promise::Named, what));
        }
    }
}
