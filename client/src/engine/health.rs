//! How the legs stand: transitions and their news, redundancy, fresh round trips, and the status that people see.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_core::{
    health::{Change, Health, Profile, Redundancy, RedundancyChange, Tally, Transition},
    leg::{Lane, Leg},
    outbox::Event,
    time::{LineTime, WallTime},
};
use tokio::sync::oneshot;

use super::{Engine, Signing};
use crate::{
    lane::Order,
    request::{Answer, News, Ping, Refusal},
    round::{Answering, Reply, RestsOn, Round},
    status::{LegStatus, LineStatus, RelayStatus, TransitionView, milliseconds},
};

/// Verbs that wait for fresh round trips at once.
const PINGING_MAX: usize = 64;

/// A verb that waits for the answers to probes out of turn.
pub(super) struct Pinging {
    until: LineTime,
    waits: BTreeSet<Leg>,
    found: BTreeMap<String, Ping>,
    reply: oneshot::Sender<Answer>,
}

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

    /// Probes legs out of turn: one, or all.
    pub(super) fn ping(
        &mut self,
        (leg, within): (Option<String>, Duration),
        reply: oneshot::Sender<Answer>,
        round: &mut Round,
    ) {
        let chosen: Vec<Leg> = self
            .legs
            .keys()
            .filter(|known| leg.as_ref().is_none_or(|named| *named == known.to_string()))
            .cloned()
            .collect();
        if chosen.is_empty() || self.pinging.len() >= PINGING_MAX {
            let with = Reply::Ready(Answer::Refused(self.no_ping(leg.as_deref())));
            let rests_on = RestsOn::Nothing;
            round.replies.push(Answering {
                to: reply,
                with,
                rests_on,
            });
            return;
        }
        let mut pinging = Pinging {
            until: self.line().after(within),
            waits: BTreeSet::new(),
            found: BTreeMap::new(),
            reply,
        };
        for leg in chosen {
            let health = self.health_of(&leg);
            let ordered = health != Health::Down
                && self
                    .legs
                    .get(&leg)
                    .is_some_and(|handle| handle.order(Lane::Control, Order::Probe).is_ok());
            if ordered {
                pinging.waits.insert(leg);
            } else {
                let found = self.no_session(&leg);
                pinging.found.insert(leg.to_string(), found);
            }
        }
        self.pinging.push(pinging);
    }

    fn no_ping(&self, leg: Option<&str>) -> Refusal {
        let names: Vec<String> = self.legs.keys().map(ToString::to_string).collect();
        match leg {
            Some(named) if !names.iter().any(|name| name == named) => Refusal {
                code: "HL-PATH-001".into(),
                exit: 2,
                what: format!("this desk has no leg \"{named}\""),
                help: format!("its legs are {}", names.join(", ")),
            },
            _ => Refusal {
                code: "HL-PATH-002".into(),
                exit: 1,
                what: format!("{PINGING_MAX} pings wait already"),
                help: "end some of them".into(),
            },
        }
    }

    fn no_session(&self, leg: &Leg) -> Ping {
        let status = self.leg_status.get(leg);
        Ping {
            round_trip_ms: None,
            state: self.health_of(leg).name().into(),
            why: status.map_or_else(|| "not tried yet".into(), |status| status.why.clone()),
        }
    }

    fn ping_answered(&mut self, leg: &Leg, found: &Ping) {
        for pinging in &mut self.pinging {
            if pinging.waits.remove(leg) {
                pinging.found.insert(leg.to_string(), found.clone());
            }
        }
    }

    /// When a ping waits no longer.
    pub(super) fn next_ping(&self) -> Option<LineTime> {
        self.pinging.iter().map(|pinging| pinging.until).min()
    }

    /// Answers those whose probes are answered, or whose time is over.
    pub(super) fn tick_pings(&mut self, now: LineTime, round: &mut Round) {
        if self.pinging.is_empty() {
            return;
        }
        for mut pinging in std::mem::take(&mut self.pinging) {
            let ended: Vec<Leg> = pinging.waits.iter().cloned().collect();
            for leg in ended {
                if self.health_of(&leg) == Health::Down {
                    pinging.waits.remove(&leg);
                    pinging.found.insert(leg.to_string(), self.no_session(&leg));
                } else if pinging.until <= now {
                    pinging.waits.remove(&leg);
                    let found = Ping {
                        round_trip_ms: None,
                        state: self.health_of(&leg).name().into(),
                        why: "no answer within the time".into(),
                    };
                    pinging.found.insert(leg.to_string(), found);
                }
            }
            if pinging.waits.is_empty() {
                let legs = pinging.found;
                round.replies.push(Answering {
                    to: pinging.reply,
                    with: Reply::Ready(Answer::Pings { legs }),
                    rests_on: RestsOn::Nothing,
                });
            } else {
                self.pinging.push(pinging);
            }
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
            };
            (name.to_string(), status)
        });
        LineStatus {
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
            log_size: self.ledger.head().size,
            messages: self.book.len() as u64,
            gaps: self.shown_gaps(),
            alarms: self.alarms.clone(),
            read_only: match &self.signing {
                Signing::Open => None,
                Signing::Closed(why) => Some(why.clone()),
            },
        }
    }

    /// A leg's counts, and how it stands.
    fn leg_now(&self, leg: &Leg, mut status: LegStatus) -> LegStatus {
        let Some(health) = self.health.get(leg) else {
            return status;
        };
        let trip = health.tally().round_trip;
        status.state = health.health().name().into();
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
