//! What statements say about availability, before anything is counted.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{
    Hash, SignedStatement,
    statement::{Act, Header, Lifecycle, Message, OfficerAct, OfficerOrder, Payload, Service},
};
use hotline_core::{
    channel::Orders,
    commcheck::human,
    duty::{OverdueStep, ServiceKind},
    identity::{Identity, TrustDomain},
    leg::Leg,
    words::{Rung, TrafficClass},
};

use super::orders;

/// Everything that was said.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) exercise: String,
    /// What claims a later time than this is no end of a report.
    pub(super) now_ms: Option<u64>,
    pub(super) newest_ms: u64,
    pub(super) desks: BTreeMap<String, DeskFacts>,
    /// By the check's hash and who signed: the earliest.
    answers: BTreeMap<Hash, BTreeMap<String, Answer>>,
    /// By the test's hash and the desk: when a person of it first acknowledged or answered.
    persons: BTreeMap<Hash, BTreeMap<String, u64>>,
    pub(super) orders: Orders,
    /// Channels that anything names.
    pub(super) channels: BTreeSet<String>,
}

/// What one desk said.
#[derive(Debug, Default)]
pub(super) struct DeskFacts {
    pub(super) oldest_ms: Option<u64>,
    pub(super) checks: Vec<Check>,
    /// Opened (true) or closed.
    pub(super) duty: Vec<(u64, bool)>,
    pub(super) outages: Vec<Outage>,
    pub(super) clock_steps: Vec<u64>,
    pub(super) overdue: Vec<(String, u64)>,
    /// Human checks.
    pub(super) tests: Vec<Test>,
    legs: BTreeSet<Leg>,
    said: Vec<LegWord>,
    /// Since when it asks which desk.
    asks: Vec<(u64, String)>,
}

/// When it was said, legs and since when, and whether they are down.
type LegWord = (u64, Vec<(Leg, u64)>, bool);

#[derive(Debug)]
pub(super) struct Check {
    pub(super) hash: Hash,
    pub(super) at_ms: u64,
    /// The desk of another side that is asked.
    pub(super) to: Option<String>,
    /// Time to the next one; 0 if it does not say.
    pub(super) every_ms: u64,
    pub(super) legs: BTreeSet<Leg>,
}

/// A comm check of people.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Test {
    pub(super) at_ms: u64,
    pub(super) hash: Hash,
    /// The desk of another side that is asked.
    pub(super) to: Option<String>,
}

/// Ordered by time, then by the statement's hash: of two, both logs take the same.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answer {
    pub(super) at_ms: u64,
    hash: Hash,
    pub(super) legs: BTreeSet<Leg>,
}

/// One outage of a leg, as its desk said.
#[derive(Debug)]
pub(super) struct Outage {
    pub(super) leg: Leg,
    pub(super) begin_ms: u64,
    pub(super) end_ms: Option<u64>,
}

impl Facts {
    pub(super) fn add(&mut self, hash: Hash, payload: &Payload) {
        let header = payload.header();
        let at_ms = header.claimed_time_ms;
        if self.exercise.is_empty() || header.exercise < self.exercise {
            self.exercise.clone_from(&header.exercise);
        }
        if self.now_ms.is_none_or(|now| at_ms <= now) {
            self.newest_ms = self.newest_ms.max(at_ms);
        }
        let desk = self.desks.entry(header.sender.clone()).or_default();
        desk.oldest_ms = Some(desk.oldest_ms.map_or(at_ms, |oldest| oldest.min(at_ms)));
        match payload {
            Payload::Service(service) => self.service(hash, service),
            Payload::Message(message) => self.message(hash, message),
            Payload::Act(act) => self.act(act),
            Payload::Lifecycle(lifecycle) => self.lifecycle(hash, lifecycle),
            Payload::Receipt(_) | Payload::Annex(_) | Payload::Charter(_) | Payload::Watch(_) => {}
        }
    }

    fn service(&mut self, hash: Hash, service: &Service) {
        let at_ms = service.header.claimed_time_ms;
        let legs = legs_of(service);
        let names = || legs.iter().map(|(leg, _)| leg.clone()).collect::<BTreeSet<_>>();
        let desk = self.desks.entry(service.header.sender.clone()).or_default();
        match ServiceKind::from_wire(service.kind) {
            Some(ServiceKind::Check) => {
                desk.name(&legs);
                desk.checks.push(Check {
                    hash,
                    at_ms,
                    to: addressee(&service.header),
                    every_ms: service.text.parse().unwrap_or(0),
                    legs: names(),
                });
            }
            Some(ServiceKind::CheckAnswer) => {
                desk.name(&legs);
                if let Some(check) = &service.refers_to {
                    let legs = names();
                    self.answer(check.sha256, &service.header.sender, Answer { at_ms, hash, legs });
                }
            }
            Some(kind @ (ServiceKind::PathOutage | ServiceKind::PathRestored)) => {
                desk.name(&legs);
                desk.said.push((at_ms, legs, kind == ServiceKind::PathOutage));
            }
            Some(ServiceKind::ClockStep) => desk.clock_steps.push(at_ms),
            Some(ServiceKind::DeskOpens) => desk.duty.push((at_ms, true)),
            Some(ServiceKind::DeskCloses) => desk.duty.push((at_ms, false)),
            Some(ServiceKind::Overdue) => {
                // Without a step it is about an answer that was asked for by a time.
                let step = OverdueStep::from_wire(service.step).map_or("RESPOND_BY", OverdueStep::name);
                desk.overdue.push((step.to_owned(), at_ms));
            }
            // The message's own ladder, and clocks, are no matter of this report.
            Some(ServiceKind::NonDelivery | ServiceKind::ClockOffsets | ServiceKind::NotOpened) | None => {}
        }
    }

    /// The earliest answer of each desk is kept, whichever is read first.
    fn answer(&mut self, check: Hash, by: &str, answer: Answer) {
        let of_check = self.answers.entry(check).or_default();
        match of_check.get(by) {
            Some(before) if *before <= answer => {}
            _ => {
                of_check.insert(by.to_owned(), answer);
            }
        }
    }

    fn message(&mut self, hash: Hash, message: &Message) {
        if !message.channel.is_empty() {
            self.channels.insert(message.channel.clone());
        }
        if message.traffic_class != TrafficClass::Test.to_wire() {
            return;
        }
        let header = &message.header;
        match &message.refers_to {
            Some(test) if message.answer != 0 => self.person(test.sha256, header),
            _ => {
                let desk = self.desks.entry(header.sender.clone()).or_default();
                desk.tests.push(Test {
                    at_ms: header.claimed_time_ms,
                    hash,
                    to: addressee(header),
                });
            }
        }
    }

    fn act(&mut self, act: &Act) {
        let said = SignedStatement::parse(&act.act).and_then(|signed| OfficerAct::decode(&signed.payload));
        if let Ok(said) = said
            && Rung::from_wire(said.rung).is_some_and(human::is_answer)
        {
            self.person(said.message.sha256, &act.header);
        }
    }

    fn person(&mut self, test: Hash, by: &Header) {
        let of_test = self.persons.entry(test).or_default();
        let first = of_test.entry(by.sender.clone()).or_insert(by.claimed_time_ms);
        *first = by.claimed_time_ms.min(*first);
    }

    /// What the officer ordered, at the time that the desk claims.
    fn lifecycle(&mut self, hash: Hash, lifecycle: &Lifecycle) {
        let said =
            SignedStatement::parse(&lifecycle.order).and_then(|signed| OfficerOrder::decode(&signed.payload));
        if let Ok(said) = said
            && let Some(order) = orders::order(hash, &lifecycle.header, said)
        {
            self.channels.extend(order.channel.clone());
            // A log is read whole: no channel's orders are to be forgotten before another's.
            self.orders.note(order, &|_| true);
        }
    }

    /// Two logs hold the same statements in different orders: what is counted must not show it.
    pub(super) fn sort(&mut self) {
        for desk in self.desks.values_mut() {
            desk.checks.sort_by_key(|check| (check.at_ms, check.hash));
            desk.duty.sort_unstable();
            desk.tests.sort_unstable();
            desk.note_asked();
            desk.join_outages();
        }
    }

    /// The answer of the desk that was asked; nobody else's counts.
    pub(super) fn answer_to(&self, check: &Check) -> Option<&Answer> {
        self.answers.get(&check.hash)?.get(check.to.as_ref()?)
    }

    /// When a person of the side that was asked first acknowledged or answered; nobody else's word counts.
    pub(super) fn person_answered(&self, test: &Test) -> Option<u64> {
        let asked = domain_of(test.to.as_ref()?)?;
        let of_test = self.persons.get(&test.hash)?.iter();
        let theirs = of_test.filter(|(desk, _)| domain_of(desk).as_ref() == Some(&asked));
        theirs.map(|(_, at_ms)| *at_ms).min()
    }
}

/// The desk of another trust domain that a statement is for; with more than one, the first by name.
fn addressee(header: &Header) -> Option<String> {
    let mine = domain_of(&header.sender)?;
    let others = header.recipients.iter().filter(|to| {
        let theirs = domain_of(&to.identity);
        theirs.is_some_and(|theirs| theirs != mine)
    });
    others.map(|to| to.identity.clone()).min()
}

fn domain_of(desk: &str) -> Option<TrustDomain> {
    desk.parse::<Identity>().ok().map(|desk| desk.domain().clone())
}

/// Legs with their numbers; what names no leg says nothing.
fn legs_of(service: &Service) -> Vec<(Leg, u64)> {
    let legs = service.legs.iter();
    legs.filter_map(|fact| Some((fact.leg.parse().ok()?, fact.ms)))
        .collect()
}

impl DeskFacts {
    fn name(&mut self, legs: &[(Leg, u64)]) {
        self.legs.extend(legs.iter().map(|(leg, _)| leg.clone()));
    }

    /// Legs that it ever named.
    pub(super) const fn legs(&self) -> &BTreeSet<Leg> {
        &self.legs
    }

    /// The desk that it asked at that time: by the last check or test up to then, else by the first behind it.
    pub(super) fn asks_at(&self, at_ms: u64) -> Option<&str> {
        let behind = self.asks.partition_point(|(since, _)| *since <= at_ms);
        self.asks.get(behind.saturating_sub(1)).map(|(_, to)| to.as_str())
    }

    /// Since when it asks whom, from all its checks and tests.
    fn note_asked(&mut self) {
        let checks = self.checks.iter().map(|check| (check.at_ms, check.to.as_ref()));
        let tests = self.tests.iter().map(|test| (test.at_ms, test.to.as_ref()));
        let mut asked: Vec<(u64, &String)> = checks
            .chain(tests)
            .filter_map(|(at_ms, to)| Some((at_ms, to?)))
            .collect();
        asked.sort_unstable();
        asked.dedup_by_key(|(_, to)| *to);
        self.asks = asked.into_iter().map(|(at_ms, to)| (at_ms, to.clone())).collect();
    }

    /// Whether it had said that it closes, and not that it opens since.
    pub(super) fn closed_at(&self, at_ms: u64) -> bool {
        self.duty
            .iter()
            .rfind(|(at, _)| *at <= at_ms)
            .is_some_and(|(_, opened)| !opened)
    }

    /// Whether that leg was down by its own word.
    pub(super) fn said_down(&self, leg: &Leg, at_ms: u64) -> bool {
        self.outages.iter().any(|outage| {
            outage.leg == *leg && outage.begin_ms <= at_ms && outage.end_ms.is_none_or(|end| at_ms < end)
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
        let mut open: BTreeMap<Leg, u64> = BTreeMap::new();
        let mut ended = Vec::new();
        let mut opens = self
            .duty
            .iter()
            .filter(|(_, opened)| *opened)
            .map(|(at, _)| *at)
            .peekable();
        let mut close_all = |open: &mut BTreeMap<Leg, u64>, until: u64, ended: &mut Vec<Outage>| {
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
