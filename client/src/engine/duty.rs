//! Duty: what a station that is run does by itself, and says of itself in its own chain.
//!
//! A desk that is opened for one verb has no duty. One that is run signs that it opens and closes, sends and answers comm
//! checks, says when legs of its own are down and when its clock jumps, and calls people again who do not acknowledge.
//! Whatever is decided is decided by `core`; nothing of it is signed while the pen is closed or the disk is on its
//! reserve, and what was to be said waits until it is on disk.

mod answers;
mod checks;
mod offsets;
mod people;
mod saying;
mod turned;
mod undelivered;

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{Hash, statement::LegFact};
use hotline_core::{
    clockskew::offsets::Offsets,
    clockstep::ClockWatch,
    commcheck::{Checks, human::Hours},
    duty::ServiceKind,
    escalation::Escalation,
    id::Place,
    leg::Leg,
    nondelivery::Deliveries,
    outage::Outages,
    precedence::Precedence,
    time::{LineTime, StoryTime, WallTime},
};
use tokio::sync::oneshot;

pub(super) use saying::ToSay;

use super::{Engine, Signing, story::AnswerDue};
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
    /// Each message that is timed, and where the fact stands since which it waits.
    timed: BTreeMap<Hash, Option<Place>>,
    /// When it was last looked whether timers are over.
    looked_for_room: Option<LineTime>,
    hours: Hours,
    /// When a check went out for a restoration that waits for its answer.
    restoration_checked: Option<LineTime>,
    /// Human checks of ours that wait for an answer.
    tests: BTreeMap<Hash, StoryTime>,
    /// Messages that ask for an answer by a time.
    answers: BTreeMap<Hash, AnswerDue>,
    /// Messages of ours that are to be delivered.
    deliveries: Deliveries,
    /// What was signed of other clocks.
    offsets: Offsets,
    /// Since when.
    opened: LineTime,
}

/// A desk that closes and waits until somebody has its last word.
pub(super) struct Closing {
    /// Its last word, once that is signed.
    id: [u8; 16],
    until: LineTime,
    /// The last word has just come to disk.
    look: bool,
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
            escalation: Escalation::new(),
            timed: BTreeMap::new(),
            looked_for_room: None,
            hours: Hours::default(),
            restoration_checked: None,
            tests: BTreeMap::new(),
            answers: BTreeMap::new(),
            deliveries: Deliveries::default(),
            offsets: Offsets::new(now),
            opened: now,
        };
        for (leg, status) in &self.leg_status {
            duty.outages.note(leg, status.up, now, wall);
        }
        self.duty = Some(duty);
        self.time_all(round);
        self.is_to_say(Saying::of(ServiceKind::DeskOpens), round);
    }

    /// The desk goes off duty and closes: its last word is handed over to a relay, if one is in reach.
    pub(super) fn closes(&mut self, within_ms: u64, reply: oneshot::Sender<Answer>, round: &mut Round) {
        self.is_to_say(Saying::of(ServiceKind::DeskCloses), round);
        self.duty = None;
        let until = self.line().after(std::time::Duration::from_millis(within_ms));
        self.closing = Some(Closing {
            id: [0; 16],
            until,
            look: false,
            reply,
        });
    }

    /// Answers whoever closes once the last word is on disk and a relay in reach holds it, or none is in reach; and if it
    /// cannot be signed.
    fn tick_closing(&mut self, now: LineTime, round: &mut Round) {
        let unsaid = self.last_word_waits();
        let may_say = !unsaid || self.closing.is_none() || self.may_say();
        let up = self.up();
        let Some(closing) = &mut self.closing else { return };
        closing.look = false;
        let owed = self.outgoing.owed_by(closing.id);
        let waits = may_say && (unsaid || up.iter().any(|leg| owed.contains(&leg.relay)));
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
        if self.duty.is_some() {
            self.look_at_the_clock(now, round);
            self.tick_outages(now, round);
            self.tick_deliveries(now, round);
            self.say_offsets(round);
            self.check_restoration(now);
            self.tick_checks(now, round);
            if self.people_held_until().is_none_or(|until| until <= now) {
                self.tick_people(now, round);
                self.tick_answers(round);
            }
            self.tick_reviews(round);
        }
        self.say_all(now, round);
        self.tick_closing(now, round);
    }

    /// When duty has something to do.
    pub(super) fn next_duty(&self) -> Option<LineTime> {
        let now = self.line();
        let closing = self.closing.as_ref();
        let closing = closing.map(|closing| if closing.look { now } else { closing.until });
        let duty = self.duty.as_ref().and_then(|duty| {
            [
                duty.checks.next_wake(),
                duty.outages.next_wake(),
                self.next_undelivered(duty, now),
                Some(duty.offsets.next_wake()),
                self.next_people(duty),
                self.next_review(),
            ]
            .into_iter()
            .flatten()
            .min()
        });
        closing.into_iter().chain(self.next_saying()).chain(duty).min()
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
        self.is_to_say(saying, round);
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
            self.is_to_say(
                Saying {
                    legs,
                    ..Saying::of(kind)
                },
                round,
            );
        }
    }

    /// Signs a statement of this desk about itself and places it; its id and hash, unless it cannot be signed. The caller
    /// has asked [`may_say`](Self::may_say).
    fn say(&mut self, saying: Saying, round: &mut Round) -> Option<([u8; 16], Hash)> {
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
