//! What control signs counts as control's, and nothing else does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod line;

use super::*;
use crate::check::{verify_approval, verify_officer_act, verify_presence, verify_statement};
use crate::hash::Hash;
use crate::key::{Enrolment, RosterBuilder};
use crate::statement::{Payload, Presence, samples};
use crate::testing::excon::{Excon, excon};
use crate::testing::{NOW, Signer, world};
use line::{of_a_desk, of_an_officer};

fn rule<T>(result: Result<T, StatementError>) -> &'static str {
    result.map_or_else(|error| error.rule(), |_| "OK")
}

/// How `rosters` judge everything of the line that `by` signs.
fn judged(by: &Signer, rosters: &RosterSet) -> Vec<&'static str> {
    use crate::check::{verify_consent, verify_officer_order, verify_officer_watch};
    let mut rules: Vec<&'static str> = of_a_desk(by)
        .iter()
        .map(|payload| by.sign(payload.payload_type(), &payload.encode()))
        .map(|bytes| rule(verify_statement(&bytes, rosters, NOW)))
        .collect();
    for (kind, payload) in of_an_officer(by) {
        let bytes = by.sign(kind, &payload);
        rules.push(match kind {
            PayloadType::Approval => rule(verify_approval(&bytes, rosters, NOW)),
            PayloadType::OfficerAct => rule(verify_officer_act(&bytes, rosters, NOW)),
            PayloadType::CharterConsent => rule(verify_consent(&bytes, rosters, NOW)),
            PayloadType::OfficerWatch => rule(verify_officer_watch(&bytes, rosters, NOW)),
            PayloadType::OfficerOrder => rule(verify_officer_order(&bytes, rosters, NOW)),
            other => panic!("{other} is not an officer's"),
        });
    }
    rules
}

fn presence(by: &Signer) -> Vec<u8> {
    let said = Presence {
        relay: by.identity.clone(),
        key_statement: by.key_statement,
        desk: samples::DESK.into(),
        state: 1,
        doors: Vec::new(),
        since_ms: NOW,
        claimed_time_ms: NOW,
    };
    by.sign(PayloadType::Presence, &said.encode())
}

#[test]
fn a_genuine_record_passes_with_the_order_inside_it() {
    let excon = excon();
    let chain = excon.chain(2);
    let plain = verify_control(&chain[0], &excon.rosters(), NOW).unwrap();
    assert_eq!((plain.record.sequence, plain.order), (1, None));
    let ordered = verify_control(&chain[1], &excon.rosters(), NOW).unwrap();
    assert_eq!(ordered.order.unwrap().said, excon.order());
    assert_eq!(rule(verify_control_archived(&chain[1], &excon.rosters())), "OK");
}

#[test]
fn every_rule_about_a_record_refuses_by_its_name() {
    let excon = excon();
    let rosters = excon.rosters();
    let with = |change: fn(&mut Control, &Excon)| {
        let mut record = excon.record(1, Hash::ZERO);
        change(&mut record, &excon);
        rule(verify_control(&excon.signed(&record), &rosters, NOW))
    };
    assert_eq!(with(|_, _| ()), "OK");
    assert_eq!(with(|r, _| r.key_statement = Hash([9; 32])), "UNKNOWN_KEY");
    assert_eq!(
        with(|r, e| r.key_statement = e.log.key_statement),
        "WRONG_PURPOSE"
    );
    assert_eq!(
        with(|r, e| r.key_statement = e.controller.key_statement),
        "BAD_SIGNATURE"
    );
    assert_eq!(
        with(|r, e| r.conductor = e.controller.identity.clone()),
        "WRONG_SENDER"
    );
    assert_eq!(with(|r, _| r.kind = 65), "MALFORMED");
    let good = excon.signed(&excon.record(1, Hash::ZERO));
    assert_eq!(rule(verify_control(&good, &rosters, 1)), "KEY_NOT_YET_VALID");
    assert_eq!(rule(verify_control(&good, &rosters, u64::MAX)), "EXPIRED_KEY");
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(verify_control(&bytes, &rosters, NOW).is_err(), "bit {bit}");
    }
}

#[test]
fn an_order_belongs_to_its_records_exercise_and_comes_from_a_controller() {
    let excon = excon();
    let world = world();
    let mut rosters = world.rosters.clone();
    rosters.update(excon.roster.clone()).unwrap();
    let holding = |order: &ControlOrder, by: &Signer| {
        let mut record = excon.record(1, Hash::ZERO);
        record.order = by.sign(PayloadType::ControlOrder, &order.encode());
        let refused = verify_control(&excon.signed(&record), &rosters, NOW);
        (
            rule(refused.clone()),
            refused.err().map_or(String::new(), |e| e.to_string()),
        )
    };
    let order = excon.order();
    assert_eq!(holding(&order, &excon.controller).0, "OK");
    let elsewhere = ControlOrder {
        exercise: "SOUTHERN LIGHT".into(),
        ..order.clone()
    };
    assert_eq!(
        holding(&elsewhere, &excon.controller),
        (
            "ORDER_MISMATCH",
            "order 1 inside it: the order was given in another exercise".into()
        )
    );
    assert_eq!(holding(&order, &excon.conductor).0, "BAD_SIGNATURE");
    let officer = &world.avelia.officer;
    let officers = ControlOrder {
        controller: officer.identity.clone(),
        key_statement: officer.key_statement,
        ..order.clone()
    };
    assert_eq!(holding(&officers, officer).0, "WRONG_PURPOSE");
    let bytes = excon.controller.sign(PayloadType::ControlOrder, &order.encode());
    assert_eq!(rule(verify_control_order(&bytes, &rosters, NOW)), "OK");
    assert_eq!(
        rule(verify_control(&bytes, &rosters, NOW)),
        "MALFORMED",
        "an order is no record"
    );
}

#[test]
fn a_controller_of_another_trust_domain_orders_nothing_here() {
    let excon = excon();
    let domain = "exercise.avelia.example";
    let key = crate::SigningKey::from_seed(&[41; 32]);
    let mut builder = RosterBuilder::new(domain, crate::SigningKey::from_seed(&[40; 32])).unwrap();
    let controller = format!("spiffe://{domain}/control/spy");
    let key_statement = builder
        .enrol(enrolment(Purpose::Control, &controller, key.public()))
        .unwrap();
    let mut rosters = excon.rosters();
    rosters.update(builder.finish()).unwrap();
    let order = ControlOrder {
        controller,
        key_statement,
        ..excon.order()
    };
    let signed = SignedStatement::sign(PayloadType::ControlOrder, &order.encode(), &key).unwrap();
    let mut record = excon.record(1, Hash::ZERO);
    record.order = signed.into_bytes();
    let refused = verify_control(&excon.signed(&record), &rosters, NOW);
    assert_eq!(rule(refused), "WRONG_DOMAIN");
}

#[test]
fn control_can_sign_nothing_that_a_desk_or_officer_signs() {
    let excon = excon();
    // Even where somebody believes control's roster.
    let mut rosters = world().rosters;
    rosters.update(excon.roster.clone()).unwrap();
    for by in [&excon.conductor, &excon.controller, &excon.log] {
        assert_eq!(judged(by, &rosters), ["WRONG_PURPOSE"; 12], "{}", by.identity);
    }
    assert_eq!(
        rule(verify_presence(&presence(&excon.conductor), &rosters, NOW)),
        "WRONG_PURPOSE"
    );
    assert_eq!(
        rule(verify_presence(&presence(&excon.log), &rosters, NOW)),
        "WRONG_SENDER"
    );
    // And no root can give a control identity a key of a desk or officer.
    let mut builder =
        RosterBuilder::new("exercise.excon.example", crate::SigningKey::from_seed(&[30; 32])).unwrap();
    for purpose in [Purpose::Statement, Purpose::Officer] {
        let mut enrolment = enrolment(purpose, &excon.conductor.identity, excon.conductor.key().public());
        enrolment.roles = if purpose == Purpose::Officer {
            vec![2]
        } else {
            Vec::new()
        };
        assert_eq!(builder.enrol(enrolment).unwrap_err().rule(), "WRONG_SUBJECT");
    }
    for path in ["desk/ops", "officer/okoye", "relay/north"] {
        let subject = format!("spiffe://exercise.excon.example/{path}");
        let enrolment = enrolment(Purpose::Control, &subject, excon.conductor.key().public());
        assert_eq!(builder.enrol(enrolment).unwrap_err().rule(), "WRONG_SUBJECT");
    }
}

#[test]
fn a_desk_refuses_a_control_key_for_every_purpose_of_the_line() {
    let excon = excon();
    // A desk believes the rosters of the two sides and no other.
    let of_the_line = world().rosters;
    assert_eq!(judged(&excon.conductor, &of_the_line), ["UNKNOWN_KEY"; 12]);
    let usable = |rosters: &RosterSet, purpose| {
        let (hash, subject) = (excon.conductor.key_statement, &excon.conductor.identity);
        rosters
            .usable(&hash, purpose, subject, NOW)
            .map_or_else(|refusal| refusal.rule(), |_| "OK")
    };
    let line = [Purpose::Statement, Purpose::Log, Purpose::Officer];
    assert_eq!(
        line.map(|purpose| usable(&of_the_line, purpose)),
        ["UNKNOWN_KEY"; 3]
    );
    // One that believed control's as well would still refuse.
    let believing = excon.rosters();
    assert_eq!(
        line.map(|purpose| usable(&believing, purpose)),
        ["WRONG_PURPOSE"; 3]
    );
    assert_eq!(usable(&believing, Purpose::Control), "OK");
    // And what control does sign is no statement of a desk's chain.
    let record = excon.signed(&excon.record(1, Hash::ZERO));
    let order = excon
        .controller
        .sign(PayloadType::ControlOrder, &excon.order().encode());
    for bytes in [&record, &order] {
        assert_eq!(rule(verify_statement(bytes, &believing, NOW)), "MALFORMED");
        let statement = SignedStatement::parse(bytes).unwrap();
        assert!(Payload::parse(&statement).is_err());
    }
}

#[test]
fn desks_and_officers_sign_no_record_of_control() {
    let (excon, world) = (excon(), world());
    for by in [&world.avelia.desk, &world.avelia.officer, &world.avelia.log] {
        let record = Control {
            conductor: by.identity.clone(),
            key_statement: by.key_statement,
            ..excon.record(1, Hash::ZERO)
        };
        let bytes = by.sign(PayloadType::Control, &record.encode());
        assert_eq!(rule(verify_control(&bytes, &world.rosters, NOW)), "WRONG_PURPOSE");
    }
}

fn enrolment(purpose: Purpose, subject: &str, public_key: crate::PublicKey) -> Enrolment {
    Enrolment {
        purpose,
        subject: subject.to_owned(),
        roles: Vec::new(),
        public_key,
        not_before_ms: NOW - 1,
        not_after_ms: NOW + 1,
    }
}
