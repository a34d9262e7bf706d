//! How the legs stand: transitions and their news, redundancy, and the status that people see.

use std::{collections::BTreeSet, time::Duration};

use hotline_core::{
    health::{Change, Health, Profile, Redundancy, RedundancyChange, Tally, Transition},
    leg::{Lane, Leg},
    outbox::Event,
    time::{LineTime, WallTime},
};

use super::{Engine, Signing};
use crate::{
    request::{News, Ping},
    round::Round,
    status::{LegStatus, LineStatus, RelayStatus, TransitionView, milliseconds},
    story::StoryStatus,
};

impl Engine {
    pub(super) fn now(&self) -> (WallTime, LineTime) {
        (self.wall(), self.line())
    }

    pub(super) fn health_of(&self, leg: &Leg) -> Health {
        self.health
            .get(leg)
            .map_or(Health::Down, hotline_core::health::LegHealth::health)
    }

    /// The kind of the farthest line.
    pub(super) fn farthest(&self) -> Profile {
        let relays = self.relays.keys();
        relays
            .map(|relay| self.config.profile_of(relay))
            .max()
            .unwrap_or_default()
    }

    /// A lane stands differently, and perhaps its leg.
    pub(super) fn judged(
        &mut self,
        (leg, lane): (&Leg, Lane),
        change: &Change,
        tally: Option<Tally>,
        round: &mut Round,
    ) {
        let now = self.now();
        let health = self.health.entry(leg.clone()).or_default();
        if let Some(tally) = tally {
            health.measured(tally);
        }
        if let Some(transition) = health.lane_changed(lane, change, now) {
            self.turned(leg, &transition, round);
            self.note_redundancy(round);
        }
    }

    /// A leg stands differently: its copies, and its news. A session that opens or ends tells the outbox by itself.
    pub(super) fn turned(&mut self, leg: &Leg, transition: &Transition, round: &mut Round) {
        let event = match (transition.from, transition.to) {
            (Health::Down, _) | (_, Health::Down) => None,
            (_, Health::Suspect) => Some(Event::LegSuspect(leg.clone())),
            (Health::Suspect, _) => Some(Event::LegUp(leg.clone())),
            (Health::Up | Health::Proving, _) => None,
        };
        if let Some(event) = event {
            let now = self.line();
            let then = self.outgoing.handle(event, now, &mut round.records);
            round.then.extend(then);
        }
        tracing::info!(event = "leg_health", %leg, from = %transition.from, to = %transition.to, why = transition.why, "a leg");
        if transition.to != Health::Down {
            round.news.push(News::Leg {
                leg: leg.to_string(),
                up: true,
                state: transition.to.name().into(),
                why: match transition.to {
                    Health::Suspect => transition.why.clone(),
                    Health::Up | Health::Proving | Health::Down => String::new(),
                },
            });
        }
    }

    /// Looks whether two ways are left. Losing the second is an alarm of its own while traffic still flows.
    pub(super) fn note_redundancy(&mut self, round: &mut Round) {
        let Some(change) = self.redundancy.look(self.health.iter()) else {
            return;
        };
        let counting: Vec<&Leg> = self.counting();
        let relays: BTreeSet<_> = counting.iter().map(|leg| &leg.relay).collect();
        let said = format!(
            "{} of {} legs carry, by {} of {} relays",
            counting.len(),
            self.legs.len(),
            relays.len(),
            self.relays.len()
        );
        match change {
            RedundancyChange::Reached => {}
            RedundancyChange::Lost => {
                let lost = self.lost().join("; ");
                self.alarm("REDUNDANCY_LOST", format!("{said}; {lost}"), round);
            }
            RedundancyChange::Restored => self.alarm("REDUNDANCY_RESTORED", said, round),
        }
    }

    fn counting(&self) -> Vec<&Leg> {
        let legs = self.health.iter().filter(|(_, health)| health.counts());
        legs.map(|(leg, _)| leg).collect()
    }

    /// The legs that do not count as ways, each with its reason.
    fn lost(&self) -> Vec<String> {
        self.health
            .iter()
            .filter(|(_, health)| !health.counts())
            .map(|(leg, health)| format!("{leg} {}: {}", health.health(), health.why()))
            .collect()
    }

    pub(super) fn heard(
        &mut self,
        leg: &Leg,
        (round_trip, wall_ms): (Duration, u64),
        tally: Tally,
        asked_for: bool,
    ) {
        let now_ms = self.wall().unix_ms();
        let status = self.leg_status.entry(leg.clone()).or_default();
        status.last_proven_ms = Some(now_ms);
        status.round_trip_ms = Some(milliseconds(round_trip));
        let offset = i128::from(wall_ms) - i128::from(now_ms);
        status.clock_offset_ms = i64::try_from(offset).ok();
        self.health.entry(leg.clone()).or_default().measured(tally);
        if asked_for {
            let found = Ping {
                round_trip_ms: Some(milliseconds(round_trip)),
                state: self.health_of(leg).name().into(),
                why: String::new(),
            };
            self.ping_answered(leg, &found);
        }
    }

    /// How the line stands.
    pub(super) fn line_status(&self) -> LineStatus {
        let legs_up = self.leg_status.values().filter(|status| status.up).count();
        let carrier = match (legs_up, self.redundancy) {
            (0, _) => "INTERRUPTED",
            (_, Redundancy::Whole) => "OPEN",
            (_, Redundancy::Starting | Redundancy::Lost) => "DEGRADED",
        };
        let relays = self.relays.iter().map(|(name, relay)| {
            let status = RelayStatus {
                identity: relay.shared.place.identity.to_string(),
                log_size: relay.shared.log_size(),
                pending: self.outgoing.owed_to(name) as u64,
                trouble: relay.fault.clone().or_else(|| relay.trouble.clone()),
                cosigned: Self::cosigned_status(&relay.cosigned),
                presence: relay.word.now().clone(),
            };
            (name.to_string(), status)
        });
        LineStatus {
            standing: self.standing(),
            desk: self.me.to_string(),
            peer: self.config.peer.to_string(),
            exercise: self.pen.exercise.clone(),
            legs: self
                .leg_status
                .iter()
                .map(|(leg, status)| (leg.to_string(), self.leg_now(leg, status.clone())))
                .collect(),
            relays: relays.collect(),
            carrier: carrier.into(),
            redundancy: self.redundancy.name().into(),
            duty: self.duty_status(),
            said: self.services.shown(),
            log_size: self.ledger.head().size,
            messages: self.book.len() as u64,
            gaps: self.shown_gaps(),
            alarms: self.alarms.clone(),
            story: StoryStatus::of(&self.story, self.line(), self.next_deadline()),
            wall_ms: self.wall().unix_ms(),
            clocks: self.clocks(),
            read_only: match &self.signing {
                Signing::Open => None,
                Signing::Closed(why) | Signing::KeyEnded(why) => Some(why.clone()),
            },
            key_ended: matches!(self.signing, Signing::KeyEnded(_)),
        }
    }

    /// A leg's counts, and how it stands.
    fn leg_now(&self, leg: &Leg, mut status: LegStatus) -> LegStatus {
        let Some(health) = self.health.get(leg) else {
            return status;
        };
        let trip = health.tally().round_trip;
        status.state = health.health().name().into();
        status.steady = health.is_steady(self.line());
        status.since_ms = health.since().map(|(wall, _)| wall.unix_ms());
        if health.health() == Health::Suspect {
            status.why = health.why().to_owned();
        }
        status.profile = self.config.profile_of(&leg.relay).name().into();
        status.round_trip_smoothed_ms = trip.smoothed().map(milliseconds);
        status.round_trip_variation_ms = trip.variation().map(milliseconds);
        status.round_trip_least_ms = trip.least().map(milliseconds);
        (status.probes_sent, status.probes_missed) = health.probes();
        status.loss = health.tally().loss;
        status.late_by_median_ms = health.lateness.median().map(milliseconds);
        status.late_by_longest_ms = health.lateness.longest().map(milliseconds);
        status.late_by_unknown = health.lateness.unknown();
        status.transitions = health.transitions().map(TransitionView::of).collect();
        status
    }
}
