//! What statements say about availability, before anything is counted.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{
    Hash, SignedStatement,
    statement::{Act, Message, OfficerAct, Payload, Service},
};
use hotline_core::{
    commcheck::human,
    duty::{OverdueStep, ServiceKind},
    identity::Identity,
    words::{Rung, TrafficClass},
};

/// Everything that was said.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) exercise: String,
    pub(super) newest_ms: u64,
    pub(super) oldest_ms: Option<u64>,
    pub(super) desks: BTreeMap<String, DeskFacts>,
    /// By the check's hash.
    pub(super) answers: BTreeMap<Hash, Answer>,
    /// By the test's hash and the desk: when a person there first acknowledged or answered it.
    pub(super) persons: BTreeMap<Hash, BTreeMap<String, (Rung, u64)>>,
}

/// What one desk said.
#[derive(Debug, Default)]
pub(super) struct DeskFacts {
    pub(super) checks: Vec<Check>,
    /// Opened (true) or closed.
    pub(super) duty: Vec<(u64, bool)>,
    pub(super) outages: Vec<Outage>,
    pub(super) clock_steps: Vec<u64>,
    pub(super) overdue: Vec<(String, u64)>,
    /// Human checks.
    pub(super) tests: Vec<(Hash, u64)>,
    legs: BTreeSet<String>,
    said: Vec<LegWord>,
}

/// When it was said, legs and since when, and whether they are down.
type LegWord = (u64, Vec<(String, u64)>, bool);

#[derive(Debug)]
pub(super) struct Check {
    pub(super) hash: Hash,
    pub(super) at_ms: u64,
    /// Time to the next one; 0 if it does not say.
    pub(super) every_ms: u64,
    pub(super) legs: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) at_ms: u64,
    pub(super) legs: BTreeSet<String>,
}

/// One outage of a leg, as its desk said.
#[derive(Debug)]
pub(super) struct Outage {
    pub(super) leg: String,
    pub(super) begin_ms: u64,
    pub(super) end_ms: Option<u64>,
}

impl Facts {
    pub(super) fn add(&mut self, hash: Hash, payload: &Payload) {
        let header = payload.header();
        let at_ms = header.claimed_time_ms;
        if self.exercise.is_empty() {
            self.exercise.clone_from(&header.exercise);
        }
        self.newest_ms = self.newest_ms.max(at_ms);
        self.oldest_ms = Some(self.oldest_ms.map_or(at_ms, |oldest| oldest.min(at_ms)));
        self.desks.entry(header.sender.clone()).or_default();
        match payload {
            Payload::Service(service) => self.service(hash, service),
            Payload::Message(message) => self.message(hash, message),
            Payload::Act(act) => self.act(act),
            Payload::Receipt(_) | Payload::Charter(_) | Payload::Watch(_) | Payload::Lifecycle(_) => {}
        }
    }

    fn service(&mut self, hash: Hash, service: &Service) {
        let at_ms = service.header.claimed_time_ms;
        let legs = || {
            service
                .legs
                .iter()
                .map(|fact| fact.leg.clone())
                .collect::<BTreeSet<_>>()
        };
        let desk = self.desks.entry(service.header.sender.clone()).or_default();
        match ServiceKind::from_wire(service.kind) {
            Some(ServiceKind::Check) => {
                desk.legs.extend(legs());
                let every_ms = service.text.parse().unwrap_or(0);
                desk.checks.push(Check {
                    hash,
                    at_ms,
                    every_ms,
                    legs: legs(),
                });
            }
            Some(ServiceKind::CheckAnswer) => {
                desk.legs.extend(legs());
                if let Some(check) = &service.refers_to {
                    let answer = self.answers.entry(check.sha256);
                    answer.or_insert_with(|| Answer { at_ms, legs: legs() });
                }
            }
            Some(kind @ (ServiceKind::PathOutage | ServiceKind::PathRestored)) => {
                desk.legs.extend(legs());
                let legs = service
                    .legs
                    .iter()
                    .map(|fact| (fact.leg.clone(), fact.ms))
                    .collect();
                desk.said.push((at_ms, legs, kind == ServiceKind::PathOutage));
            }
            Some(ServiceKind::ClockStep) => desk.clock_steps.push(at_ms),
            Some(ServiceKind::DeskOpens) => desk.duty.push((at_ms, true)),
            Some(ServiceKind::DeskCloses) => desk.duty.push((at_ms, false)),
            Some(ServiceKind::Overdue) => {
                let step = OverdueStep::from_wire(service.step).map_or("UNKNOWN", OverdueStep::name);
                desk.overdue.push((step.to_owned(), at_ms));
            }
            None => {}
        }
    }

    fn message(&mut self, hash: Hash, message: &Message) {
        if message.traffic_class != TrafficClass::Test.to_wire() {
            return;
        }
        let at_ms = message.header.claimed_time_ms;
        match &message.refers_to {
            Some(test) if message.answer != 0 => {
                self.person(test.sha256, &message.header.sender, (Rung::Answered, at_ms));
            }
            _ => {
                let desk = self.desks.entry(message.header.sender.clone()).or_default();
                desk.tests.push((hash, at_ms));
            }
        }
    }

    fn act(&mut self, act: &Act) {
        let said = SignedStatement::parse(&act.act).and_then(|signed| OfficerAct::decode(&signed.payload));
        if let Ok(said) = said
            && let Some(rung @ (Rung::Acknowledged | Rung::Answered)) = Rung::from_wire(said.rung)
        {
            let at_ms = act.header.claimed_time_ms;
            self.person(said.message.sha256, &act.header.sender, (rung, at_ms));
        }
    }

    fn person(&mut self, test: Hash, by: &str, said: (Rung, u64)) {
        let of_test = self.persons.entry(test).or_default();
        let first = of_test.entry(by.to_owned()).or_insert(said);
        if said.1 < first.1 {
            *first = said;
        }
    }

    /// When a person of the other side first answered a human check of a desk.
    pub(super) fn answered(&self, test: &Hash, asked: &Identity) -> Option<u64> {
        let of_test = self.persons.get(test)?.iter();
        let theirs = of_test.filter(|(by, (rung, _))| {
            by.parse::<Identity>()
                .is_ok_and(|by| human::answers(asked, &by, *rung))
        });
        theirs.map(|(_, (_, at_ms))| *at_ms).min()
    }

    /// Two logs hold the same statements in different orders: what is counted must not show it.
    pub(super) fn sort(&mut self) {
        for desk in self.desks.values_mut() {
            desk.checks.sort_by_key(|check| (check.at_ms, check.hash));
            desk.duty.sort_unstable();
            desk.tests.sort_unstable_by_key(|(hash, at_ms)| (*at_ms, *hash));
            desk.join_outages();
        }
    }

    /// The desk of another trust domain; with more than one, the first.
    pub(super) fn other(&self, name: &str) -> Option<&DeskFacts> {
        let mine = name.parse::<Identity>().ok()?;
        let other = |desk: &&String| {
            desk.parse::<Identity>()
                .is_ok_and(|desk| desk.domain() != mine.domain())
        };
        self.desks.get(self.desks.keys().find(other)?)
    }
}

impl DeskFacts {
    /// Legs that it ever named.
    pub(super) fn legs(&self) -> BTreeSet<&str> {
        self.legs.iter().map(String::as_str).collect()
    }

    /// Whether it had said that it closes, and not that it opens since.
    pub(super) fn closed_at(&self, at_ms: u64) -> bool {
        self.duty
            .iter()
            .rfind(|(at, _)| *at <= at_ms)
            .is_some_and(|(_, opened)| !opened)
    }

    /// Whether that leg was down by its own word.
    pub(super) fn said_down(&self, leg: &str, at_ms: u64) -> bool {
        self.outages.iter().any(|outage| {
            outage.leg == leg && outage.begin_ms <= at_ms && outage.end_ms.is_none_or(|end| at_ms < end)
        })
    }

    /// Why it made no check between two times.
    pub(super) fn cause_of_absence(&self, from_ms: u64, until_ms: u64) -> &'static str {
        let mut turns = self
            .duty
            .iter()
            .filter(|(at, _)| (from_ms..=until_ms).contains(at));
        match turns.next() {
            Some((_, false)) => "DESK_CLOSED",
            Some((_, true)) => "DESK_AWAY",
            None if !self.legs.is_empty()
                && self
                    .legs
                    .iter()
                    .all(|leg| self.said_down(leg, from_ms.midpoint(until_ms))) =>
            {
                "PATH_OUTAGE"
            }
            None => "NOT_SENT",
        }
    }

    /// Outages from the words about them. A desk that opens anew begins anew: what it said before is over.
    fn join_outages(&mut self) {
        self.said.sort();
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        let mut ended = Vec::new();
        let mut opens = self
            .duty
            .iter()
            .filter(|(_, opened)| *opened)
            .map(|(at, _)| *at)
            .peekable();
        let mut close_all = |open: &mut BTreeMap<String, u64>, until: u64, ended: &mut Vec<Outage>| {
            while let Some(at) = opens.next_if(|at| *at <= until) {
                let over = std::mem::take(open).into_iter();
                ended.extend(over.map(|(leg, begin_ms)| Outage {
                    leg,
                    begin_ms,
                    end_ms: Some(at),
                }));
            }
        };
        for (at_ms, legs, down) in &self.said {
            close_all(&mut open, *at_ms, &mut ended);
            for (leg, since_ms) in legs {
                if *down {
                    open.entry(leg.clone()).or_insert(*since_ms);
                } else if let Some(begin_ms) = open.remove(leg) {
                    ended.push(Outage {
                        leg: leg.clone(),
                        begin_ms,
                        end_ms: Some(*since_ms),
                    });
                }
            }
        }
        close_all(&mut open, u64::MAX, &mut ended);
        ended.extend(open.into_iter().map(|(leg, begin_ms)| Outage {
            leg,
            begin_ms,
            end_ms: None,
        }));
        self.outages = ended;
    }
}
