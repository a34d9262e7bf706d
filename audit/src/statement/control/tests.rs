//! Control's payloads come back from their bytes, within their bounds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::dsse::{PayloadType, SignedStatement};
use crate::statement::samples::{control, control_order};
use crate::statement::tests::{hash, text};

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_and_orders_of_control_come_back_from_their_bytes(
        (exercise, conductor, subject) in (text(), text(), "[a-z.0-9]{0,9}"), (key, other) in (hash(), hash()),
        (id, order) in (any::<[u8; 16]>(), vec(any::<u8>(), 0..60)), detail in "\\PC{0,40}",
        (sequence, wall_ms, line_ms, story_ms) in (1..=u64::MAX, 1..=u64::MAX, 0..=u64::MAX, 0..=u64::MAX),
        (running, rate) in prop_oneof![Just((1u32, 0u32)), (2..=3u32, 100..=60_000u32), Just((4, 0))], kind in 1..=64u32,
    ) {
        let said = ControlOrder {
            id, exercise: exercise.clone(), controller: conductor.clone(), key_statement: key, kind,
            subject: subject.clone(), detail: detail.clone(), expects: other, claimed_time_ms: wall_ms,
        };
        prop_assert_eq!(ControlOrder::decode(&said.encode()), Ok(said));
        let record = Control {
            id, exercise, conductor, key_statement: key, sequence, previous: other, wall_ms, line_ms, story_ms,
            running, rate, kind, subject, detail, order,
        };
        prop_assert_eq!(Control::decode(&record.encode()), Ok(record));
    }

    #[test]
    fn a_damaged_record_of_control_that_is_accepted_has_one_encoding(
        place in any::<prop::sample::Index>(), byte in any::<u8>(), grow in any::<bool>(),
    ) {
        let mut record = control(3);
        record.order = control_order().encode();
        let mut bytes = record.encode();
        let place = place.index(bytes.len());
        if grow { bytes.insert(place, byte) } else { bytes[place] = byte }
        if let Ok(accepted) = Control::decode(&bytes) {
            prop_assert_eq!(accepted.encode(), bytes);
        }
    }
}

#[test]
fn a_record_of_control_has_a_rate_where_its_clock_has_one_and_bounded_texts() {
    let read = |change: fn(&mut Control)| {
        let mut record = control(1);
        change(&mut record);
        Control::decode(&record.encode())
            .err()
            .map_or("OK".to_owned(), |error| error.to_string())
    };
    assert_eq!(read(|_| ()), "OK");
    assert_eq!(read(|r| r.rate = 0), "ControlPayload.rate: missing");
    assert_eq!(read(|r| r.rate = 99), "ControlPayload.rate: 99 is not defined");
    assert_eq!(
        read(|r| r.running = 4),
        "ControlPayload.rate: no such field in this version"
    );
    assert_eq!(read(|r| (r.running, r.rate) = (4, 0)), "OK");
    assert_eq!(read(|r| r.kind = 64), "OK");
    assert_eq!(read(|r| r.kind = 65), "ControlPayload.kind: 65 is not defined");
    assert_eq!(read(|r| r.detail = "x".repeat(MAX_CONTROL_DETAIL)), "OK");
    assert!(read(|r| r.detail = "x".repeat(MAX_CONTROL_DETAIL + 1)).starts_with("ControlPayload.detail"));
    assert!(read(|r| r.subject = "x".repeat(MAX_CONTROL_SUBJECT + 1)).starts_with("ControlPayload.subject"));
    let mut order = control_order();
    order.detail = "x".repeat(MAX_CONTROL_ORDER_DETAIL + 1);
    assert!(ControlOrder::decode(&order.encode()).is_err());
}

#[test]
fn the_longest_order_fits_beside_the_longest_detail() {
    let key = crate::dsse::SigningKey::from_seed(&[1; 32]);
    let sign = |kind, payload: Vec<u8>| SignedStatement::sign(kind, &payload, &key).unwrap().into_bytes();
    let name = format!("spiffe://{}/control/{}", "d".repeat(255), "n".repeat(63));
    let order = ControlOrder {
        exercise: "e".repeat(200),
        controller: name.clone(),
        subject: "s".repeat(MAX_CONTROL_SUBJECT),
        detail: "x".repeat(MAX_CONTROL_ORDER_DETAIL),
        ..control_order()
    };
    let record = Control {
        exercise: "e".repeat(200),
        conductor: name,
        sequence: u64::MAX,
        line_ms: u64::MAX,
        story_ms: u64::MAX,
        subject: "s".repeat(MAX_CONTROL_SUBJECT),
        detail: "x".repeat(MAX_CONTROL_DETAIL),
        order: sign(PayloadType::ControlOrder, order.encode()),
        ..control(1)
    };
    assert!(sign(PayloadType::Control, record.encode()).len() <= crate::strict::MAX_STATEMENT_BYTES);
}
