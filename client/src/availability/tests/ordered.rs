//! What was agreed to be silent is told apart.

use hotline_audit::statement::{Lifecycle, OfficerOrder};
use hotline_core::duty::OrderVerb;

use super::*;

impl Script {
    fn orders(&mut self, desk: &str, verb: OrderVerb, at_ms: u64, channel: &str, to: Option<Hash>) -> Hash {
        self.says(desk, ServiceKind::DeskOpens, at_ms, &[], None);
        let Some((_, Payload::Service(service))) = self.said.pop() else {
            panic!("a service statement was put there")
        };
        let officer = desk.replace("/desk/ops", "/officer/okoye");
        let said = OfficerOrder {
            officer,
            key_statement: Hash::ZERO,
            verb: verb.to_wire(),
            desk: desk.into(),
            exercise: "FIRST LIGHT".into(),
            channel: channel.into(),
            scope: String::new(),
            reason: "talks".into(),
            review_by_ms: 0,
            consents_to: to.map(|sha256| Reference {
                sender: A.into(),
                id: [1; 16],
                sha256,
            }),
            subject_sha256: None,
            claimed_time_ms: at_ms,
            effective_ms: 0,
        };
        let order = hotline_audit::SignedStatement::sign(
            hotline_audit::PayloadType::OfficerOrder,
            &said.encode(),
            &SigningKey::from_seed(&[2; 32]),
        );
        let payload = Payload::Lifecycle(Lifecycle {
            header: service.header,
            order: order.unwrap().into_bytes(),
        });
        let hash = Hash::of(&payload.encode());
        self.said.push((hash, payload));
        hash
    }

    /// Checks each minute, of which only the first is answered.
    fn unanswered(&mut self, minutes: u64) {
        for minute in 1..=minutes {
            let check = self.check(minute * MINUTE, &NORTH);
            if minute == 1 {
                self.answer(check, minute * MINUTE + 100, &NORTH);
            }
        }
    }
}

#[test]
fn what_was_silent_under_an_order_is_told_apart_and_not_as_unavailable() {
    let mut script = Script::default();
    script.unanswered(10);
    script.orders(A, OrderVerb::Suspend, 2 * MINUTE - 1, "MARITIME", None);
    let first = script.orders(A, OrderVerb::Restore, 7 * MINUTE, "MARITIME", None);
    script.orders(B, OrderVerb::Restore, 8 * MINUTE - 1, "MARITIME", Some(first));
    let report = script.report(10 * MINUTE + 30_000);
    let checks = &report.desks[A].automatic;
    assert_eq!((checks.scheduled, checks.answered, checks.missed), (4, 1, 3));
    assert_eq!((checks.under_order, checks.under_order_answered), (6, 0));
    assert_eq!(checks.availability_ppm, Some(250_000));
    assert_eq!(report.under_order_ms, 6 * MINUTE);
    let [order] = &report.desks[A].orders[..] else {
        panic!("one order")
    };
    assert_eq!((order.verb, order.until_ms), ("SUSPEND", Some(8 * MINUTE - 1)));
    script.said.reverse();
    let other = script.report(10 * MINUTE + 30_000);
    assert_eq!(report.canonical(), other.canonical());
}

#[test]
fn checks_not_sent_under_an_order_are_told_apart_one_by_one() {
    let mut script = Script::default();
    script.unanswered(1);
    script.orders(B, OrderVerb::Sever, 3 * MINUTE + 1, "", None);
    let report = script.of_avelia(10 * MINUTE);
    // Those of minutes 2 and 3 were due before the order, those of 4 to 9 behind it.
    assert_eq!((report.automatic.not_sent, report.automatic.under_order), (2, 6));
}

#[test]
fn an_order_about_one_channel_of_two_explains_no_silence_of_the_line() {
    let mut script = Script::default();
    script.unanswered(5);
    script.orders(A, OrderVerb::Suspend, MINUTE + 1, "MARITIME", None);
    let checks = script.of_avelia(5 * MINUTE + 30_000).automatic;
    assert_eq!((checks.scheduled, checks.under_order), (1, 4));
    script.orders(B, OrderVerb::Suspend, 3 * MINUTE - 1, "AIR", None);
    let checks = script.of_avelia(5 * MINUTE + 30_000).automatic;
    assert_eq!((checks.scheduled, checks.under_order), (2, 3));
}

#[test]
fn one_side_alone_ends_no_order() {
    let mut script = Script::default();
    script.unanswered(5);
    script.orders(A, OrderVerb::Suspend, MINUTE + 1, "", None);
    let first = script.orders(A, OrderVerb::Restore, 2 * MINUTE + 1, "", None);
    script.orders(A, OrderVerb::Restore, 2 * MINUTE + 2, "", Some(first));
    let report = script.report(5 * MINUTE + 30_000);
    assert_eq!(report.desks[A].automatic.under_order, 4);
    assert_eq!(report.desks[A].orders[0].until_ms, None);
}

#[test]
fn a_releaser_who_signs_orders_without_end_makes_no_report_endless() {
    let mut script = Script::default();
    script.unanswered(1);
    let restore = script.orders(A, OrderVerb::Restore, MINUTE + 1, "", None);
    for channel in 0..200 {
        script.orders(A, OrderVerb::Suspend, MINUTE + 2, &format!("C{channel}"), None);
        script.orders(A, OrderVerb::Restore, MINUTE + 3, "", Some(restore));
    }
    let report = script.report(2 * MINUTE);
    assert_eq!(report.desks[A].orders.len(), 200);
}
