//! Fresh round trips: probes out of turn, and who waits for their answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_core::{
    health::Health,
    leg::{Lane, Leg},
    time::LineTime,
};
use tokio::sync::oneshot;

use super::Engine;
use crate::{
    lane::Order,
    request::{Answer, Ping, Refusal},
    round::{Answering, Reply, RestsOn, Round},
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

    pub(super) fn ping_answered(&mut self, leg: &Leg, found: &Ping) {
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
}
