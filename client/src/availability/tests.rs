//! Reports counted from statements made by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::{
    SigningKey,
    statement::{Header, LegFact, Recipient, Reference, Service},
};
use hotline_core::duty::ServiceKind;

mod edges;
mod ordered;
mod people;

use super::*;

const A: &str = "spiffe://exercise.avelia.example/desk/ops";
const B: &str = "spiffe://exercise.borenia.example/desk/ops";
const NORTH: [&str; 2] = ["north/quic", "north/tcp"];
const MINUTE: u64 = 60_000;

/// A little log of service statements.
#[derive(Default)]
struct Script {
    said: Vec<(Hash, Payload)>,
}

impl Script {
    fn says(
        &mut self,
        desk: &str,
        kind: ServiceKind,
        at_ms: u64,
        legs: &[(&str, u64)],
        about: Option<Hash>,
    ) -> Hash {
        let sequence = self.said.len() as u64 + 1;
        let text = if kind == ServiceKind::Check {
            MINUTE.to_string()
        } else {
            String::new()
        };
        let service = Service {
            header: Header {
                id: [sequence.to_le_bytes()[0]; 16],
                trust_domain: String::new(),
                exercise: "FIRST LIGHT".into(),
                conversation: [1; 16],
                sender: desk.into(),
                key_statement: Hash::ZERO,
                recipients: vec![Recipient {
                    identity: B.into(),
                    kind: 1,
                }],
                claimed_time_ms: at_ms,
                epoch: 1,
                sequence,
                previous: Hash::ZERO,
                seen: Vec::new(),
            },
            kind: kind.to_wire(),
            refers_to: about.map(|sha256| Reference {
                sender: A.into(),
                id: [1; 16],
                sha256,
            }),
            legs: legs
                .iter()
                .map(|(leg, ms)| LegFact {
                    leg: (*leg).into(),
                    ms: *ms,
                })
                .collect(),
            clock_before_ms: 0,
            clock_after_ms: 0,
            step: 0,
            text,
        };
        let payload = Payload::Service(service);
        let signed = hotline_audit::SignedStatement::sign(
            hotline_audit::PayloadType::Service,
            &payload.encode(),
            &SigningKey::from_seed(&[1; 32]),
        );
        let hash = signed.unwrap().hash();
        self.said.push((hash, payload));
        hash
    }

    fn check(&mut self, at_ms: u64, legs: &[&str]) -> Hash {
        let legs: Vec<(&str, u64)> = legs.iter().map(|leg| (*leg, 0)).collect();
        self.says(A, ServiceKind::Check, at_ms, &legs, None)
    }

    fn answer(&mut self, check: Hash, at_ms: u64, legs: &[&str]) {
        let legs: Vec<(&str, u64)> = legs.iter().map(|leg| (*leg, 1)).collect();
        self.says(B, ServiceKind::CheckAnswer, at_ms, &legs, Some(check));
    }

    /// The same statement from another desk, or for another one.
    fn change_last(&mut self, change: impl Fn(&mut Service)) -> Hash {
        let (hash, payload) = self.said.last_mut().unwrap();
        let Payload::Service(service) = payload else {
            panic!("the last one is no service statement")
        };
        change(service);
        *hash = Hash::of(&payload.encode());
        *hash
    }

    fn report(&self, until_ms: u64) -> Report {
        let mut collector = Collector::default();
        for (hash, payload) in &self.said {
            collector.add(*hash, payload);
        }
        collector.report(30, Some(until_ms))
    }

    fn of_avelia(&self, until_ms: u64) -> DeskReport {
        self.report(until_ms).desks[A].clone()
    }
}

#[test]
fn a_check_is_counted_by_path_and_a_leg_that_brought_nothing_is_missed_there_alone() {
    let mut script = Script::default();
    let check = script.check(MINUTE, &NORTH);
    script.answer(check, MINUTE + 200, &["north/tcp"]);
    let second = script.check(2 * MINUTE, &["north/tcp"]);
    script.answer(second, 2 * MINUTE + 200, &NORTH);
    let report = script.of_avelia(2 * MINUTE + 30_000);
    assert_eq!((report.automatic.scheduled, report.automatic.answered), (2, 2));
    assert_eq!(report.automatic.availability_ppm, Some(1_000_000));
    let share = |path: &str| report.paths[path].availability_ppm;
    assert_eq!(share("north/tcp>north/tcp"), Some(1_000_000));
    assert_eq!(share("north/quic>north/tcp"), Some(500_000));
    assert_eq!(share("north/quic>north/quic"), Some(0));
    assert_eq!(
        report.paths["north/quic>north/quic"].causes,
        [("NOT_SEEN", 1), ("OWN_LEG_DOWN", 1)].into()
    );
}

#[test]
fn silence_has_its_cause_late_is_late_and_what_may_still_be_answered_is_not_counted() {
    let mut script = Script::default();
    script.says(B, ServiceKind::DeskOpens, 1, &[], None);
    let late = script.check(MINUTE, &NORTH);
    script.answer(late, MINUTE + 10_001, &NORTH);
    script.check(2 * MINUTE, &NORTH);
    script.says(B, ServiceKind::DeskCloses, 2 * MINUTE + 30_000, &[], None);
    script.check(3 * MINUTE, &NORTH);
    script.check(4 * MINUTE, &NORTH);
    let report = script.of_avelia(4 * MINUTE + 5_000).automatic;
    assert_eq!(
        (report.scheduled, report.answered, report.late, report.missed),
        (3, 0, 1, 2)
    );
    assert_eq!(
        report.causes,
        [("DESK_CLOSED", 1), ("LATE", 1), ("NO_ANSWER", 1)].into()
    );
}

#[test]
fn an_outage_that_the_other_desk_said_explains_what_did_not_come() {
    let mut script = Script::default();
    let check = script.check(MINUTE, &NORTH);
    script.answer(check, MINUTE + 100, &NORTH);
    let second = script.check(2 * MINUTE, &NORTH);
    script.answer(second, 2 * MINUTE + 5_000, &["north/tcp"]);
    script.says(
        B,
        ServiceKind::PathOutage,
        2 * MINUTE + 9_000,
        &[("north/quic", 2 * MINUTE - 1_000)],
        None,
    );
    script.says(
        B,
        ServiceKind::PathRestored,
        3 * MINUTE + 10_000,
        &[("north/quic", 3 * MINUTE)],
        None,
    );
    let report = script.report(3 * MINUTE + 20_000);
    assert_eq!(
        report.desks[A].paths["north/quic>north/quic"].causes,
        [("PATH_OUTAGE", 1)].into()
    );
    let outage = &report.desks[B].outages["north/quic"];
    assert_eq!(
        (outage.count, outage.total_ms, outage.open),
        (1, MINUTE + 1_000, false)
    );
}

#[test]
fn checks_that_were_never_made_count_too_and_say_whether_the_desk_had_closed() {
    let mut script = Script::default();
    let check = script.check(MINUTE, &NORTH);
    script.answer(check, MINUTE + 100, &NORTH);
    script.says(A, ServiceKind::DeskCloses, MINUTE + 30_000, &[], None);
    script.says(A, ServiceKind::DeskOpens, 5 * MINUTE, &[], None);
    let check = script.check(6 * MINUTE, &NORTH);
    script.answer(check, 6 * MINUTE + 100, &NORTH);
    let report = script.of_avelia(6 * MINUTE + 20_000);
    assert_eq!((report.automatic.scheduled, report.automatic.not_sent), (6, 4));
    assert_eq!(report.automatic.causes, [("DESK_CLOSED", 4)].into());
    assert_eq!(report.automatic.availability_ppm, Some(333_333));
    assert_eq!((report.opened, report.closed), (1, 1));
}

#[test]
fn two_logs_of_the_same_statements_in_another_order_give_the_same_report() {
    let mut script = Script::default();
    for minute in 1..20 {
        let check = script.check(minute * MINUTE, &NORTH);
        if minute % 3 != 0 {
            script.answer(check, minute * MINUTE + 100, &NORTH);
        }
    }
    let one = script.report(21 * MINUTE);
    script.said.reverse();
    let other = script.report(21 * MINUTE);
    assert_eq!(one.canonical(), other.canonical());
    assert_eq!(one.sha256(), other.sha256());
}

#[test]
fn an_empty_log_gives_an_empty_report() {
    let report = Collector::default().report(30, None);
    assert!(report.desks.is_empty());
    assert!(report.canonical().starts_with("{\"report\":\"availability/v1\""));
}

#[test]
fn a_desk_that_claims_impossible_times_makes_no_report_endless() {
    let mut script = Script::default();
    script.check(1, &NORTH);
    let last = script.check(u64::MAX - 5, &NORTH);
    script.answer(last, u64::MAX, &NORTH);
    let mut collector = Collector::default();
    for (hash, payload) in &script.said {
        let mut payload = payload.clone();
        if let Payload::Service(service) = &mut payload {
            service.text = "1".into();
        }
        collector.add(*hash, &payload);
    }
    assert_eq!(collector.report(366, None).desks.len(), 2);
}
