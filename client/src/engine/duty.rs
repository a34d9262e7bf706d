//! Duty: what a station that is run does by itself, and says of itself in its own chain.
//!
//! A desk that is opened for one verb has no duty. One that is run signs that it opens and closes, sends and answers comm
//! checks, says when legs of its own are down and when its clock jumps, and calls people again who do not acknowledge.
//! Whatever is decided is decided by `core`; nothing of it is signed while the pen is closed or the disk is on its
//! reserve.

mod answers;
mod checks;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{Hash, statement::LegFact};
use hotline_core::{
    clockstep::ClockWatch,
    commcheck::{Checks, human::Hours},
    duty::ServiceKind,
    escalation::Escalation,
    leg::Leg,
    outage::Outages,
    precedence::Precedence,
    time::{LineTime, WallTime},
};
use hotline_ledger::SpaceLeft;
use tokio::sync::oneshot;

use super::{Engine, Signing};
use crate::{
    own::{Address, Saying},
    request::Answer,
    round::{Answering, Reply, RestsOn, Round},
};

/// The duty of a station that is run.
pub(super) struct Duty {
    checks: Checks,
    outages: Outages,
    clock: ClockWatch,
    escalation: Escalation,
    /// Since when each message is timed that is timed.
    timed: BTreeMap<Hash, WallTime>,
    hours: Hours,
    /// When a check went out for a restoration that waits for its answer.
    restoration_checked: Option<LineTime>,
    /// Human checks of ours that wait for an answer.
    tests: BTreeMap<Hash, LineTime>,
    /// Messages that ask for an answer by a time.
    answers: BTreeMap<Hash, WallTime>,
}

/// A desk that closes and waits until somebody has its last word.
pub(super) struct Closing {
    id: [u8; 16],
    until: LineTime,
    reply: oneshot::Sender<Answer>,
}

impl Engine {
    /// The desk goes on duty.
    pub(super) fn opens(&mut self, round: &mut Round) {
        if self.duty.is_some() {
            return;
        }
        let (now, wall) = (self.line(), self.wall());
        let mut duty = Duty {
            checks: Checks::new(self.config.checks_every, self.relays.keys().cloned(), now),
            outages: Outages::of(self.legs.keys().cloned(), now, wall),
            clock: ClockWatch::new(),
            escalation: Escalation::new(self.config.human_time_factor),
            timed: BTreeMap::new(),
            hours: Hours::default(),
            restoration_checked: None,
            tests: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        for (leg, status) in &self.leg_status {
            duty.outages.note(leg, status.up, now, wall);
        }
        self.duty = Some(duty);
        self.time_all(round);
        self.say(Saying::of(ServiceKind::DeskOpens), round);
    }

    /// The desk goes off duty and closes: its last word is handed over to a relay, if one is in reach.
    pub(super) fn closes(&mut self, within_ms: u64, reply: oneshot::Sender<Answer>, round: &mut Round) {
        let said = self.say(Saying::of(ServiceKind::DeskCloses), round);
        self.duty = None;
        let until = self.line().after(std::time::Duration::from_millis(within_ms));
        self.closing = said.map(|(id, _)| Closing { id, until, reply });
    }

    /// Answers whoever closes once a relay in reach holds the last word, or none is.
    fn tick_closing(&mut self, now: LineTime, round: &mut Round) {
        let Some(closing) = &self.closing else { return };
        let owed = self.outgoing.owed_by(closing.id);
        let waits = self.up().iter().any(|leg| owed.contains(&leg.relay));
        if waits && now < closing.until {
            return;
        }
        if let Some(Closing { reply, .. }) = self.closing.take() {
            round.replies.push(Answering {
                to: reply,
                with: Reply::Ready(Answer::Done {
                    what: "the desk closes".into(),
                }),
                rests_on: RestsOn::ThisRound,
            });
        }
    }

    /// What duty asks for by time alone.
    pub(super) fn tick_duty(&mut self, now: LineTime, round: &mut Round) {
        self.tick_closing(now, round);
        if self.duty.is_none() {
            return;
        }
        self.look_at_the_clock(now, round);
        self.tick_outages(now, round);
        self.check_restoration(now);
        self.tick_checks(now, round);
        self.tick_people(now, round);
        self.tick_answers(round);
        self.tick_reviews(round);
    }

    /// When duty has something to do.
    pub(super) fn next_duty(&self) -> Option<LineTime> {
        let closing = self.closing.as_ref().map(|closing| closing.until);
        let duty = self.duty.as_ref().and_then(|duty| {
            [
                duty.checks.next_wake(),
                duty.outages.next_wake(),
                duty.escalation.next_wake(),
                duty.tests.values().min().copied(),
                duty.next_answer(self.wall(), self.line()),
                self.next_review(),
            ]
            .into_iter()
            .flatten()
            .min()
        });
        closing.into_iter().chain(duty).min()
    }

    fn look_at_the_clock(&mut self, now: LineTime, round: &mut Round) {
        let wall = self.wall();
        let Some(step) = self.duty.as_mut().and_then(|duty| duty.clock.look(wall, now)) else {
            return;
        };
        let what = format!(
            "the clock jumped from {} to {}",
            step.before.rfc3339(),
            step.after.rfc3339()
        );
        self.alarm("CLOCK_STEP", what, round);
        let saying = Saying {
            clock: Some((step.before, step.after)),
            ..Saying::of(ServiceKind::ClockStep)
        };
        self.say(saying, round);
    }

    fn tick_outages(&mut self, now: LineTime, round: &mut Round) {
        let wall = self.wall();
        let Some(duty) = &mut self.duty else { return };
        for (leg, status) in &self.leg_status {
            duty.outages.note(leg, status.up, now, wall);
        }
        let saying = duty.outages.tick(now);
        for (kind, legs) in [
            (ServiceKind::PathOutage, saying.down),
            (ServiceKind::PathRestored, saying.restored),
        ] {
            if legs.is_empty() {
                continue;
            }
            let fact = |(leg, since): (Leg, WallTime)| LegFact {
                leg: leg.to_string(),
                ms: since.unix_ms(),
            };
            let legs = legs.into_iter().map(fact).collect();
            self.say(
                Saying {
                    legs,
                    ..Saying::of(kind)
                },
                round,
            );
        }
    }

    /// Signs a statement of this desk about itself and places it; its id and hash, unless nothing may be signed now.
    fn say(&mut self, saying: Saying, round: &mut Round) -> Option<([u8; 16], Hash)> {
        let on_reserve = matches!(
            self.ledger.space().map(|space| space.left()),
            Ok(SpaceLeft::Reserve) | Err(_)
        );
        if self.signing != Signing::Open || on_reserve {
            return None;
        }
        // A check proves every leg, so it leaves by all of them.
        let precedence = match saying.kind {
            ServiceKind::Check => Precedence::Flash,
            _ => Precedence::Immediate,
        };
        let address = Address {
            to: vec![self.config.peer.clone()],
            conversation: None,
        };
        let seen = self.seen();
        let seams = self.seams.clone();
        let both = (seams.clock.as_ref(), seams.entropy.as_ref());
        match self.pen.service(&round.tip, &address, saying, &seen, both) {
            Ok(signed) => {
                let said = (signed.payload.header().id, signed.hash);
                self.place_own(signed, precedence, BTreeSet::new(), round);
                Some(said)
            }
            Err(error) => {
                self.alarm("NOT_SIGNED", format!("a service statement: {error}"), round);
                None
            }
        }
    }

    /// Legs that are up.
    fn up(&self) -> BTreeSet<Leg> {
        let up = self.leg_status.iter().filter(|(_, status)| status.up);
        up.map(|(leg, _)| leg.clone()).collect()
    }
}
