//! Control's log: records of one control identity in order, and nothing else; records of control nowhere else.

use super::*;
use crate::statement::Control;
use crate::testing::excon::{Excon, excon};

fn judge(excon: &Excon, entries: Vec<Vec<u8>>) -> LogReport {
    let mut rosters = world().rosters;
    rosters.update(excon.roster.clone()).unwrap();
    let log = log_of(&excon.log, entries);
    verify_log(&log.entries, &log.note, &TrustPolicy::new(rosters))
}

/// A log of five records, changed and signed again by the log's own key: the tree is right and the chain has to tell.
fn resigned_control(change: impl FnOnce(&mut Vec<Vec<u8>>, &Excon)) -> Vec<(Option<u64>, &'static str)> {
    let excon = excon();
    let mut entries = excon.chain(5);
    change(&mut entries, &excon);
    rules(&judge(&excon, entries))
}

#[test]
fn a_log_of_control_records_passes() {
    let excon = excon();
    let report = judge(&excon, excon.chain(5));
    assert!(report.passed(), "{report}");
    assert_eq!((report.genuine, report.kinds["control record"]), (5, 5));
    assert_eq!(
        (
            report.senders[0].sender.as_str(),
            report.senders[0].statements,
            report.senders[0].sequence
        ),
        (excon.conductor.identity.as_str(), 5, 5)
    );
    assert!(judge(&excon, Vec::new()).passed());
}

#[test]
fn a_changed_record_is_named_with_its_index() {
    let faults = resigned_control(|entries, _| {
        let last = entries[2].len() - 100;
        entries[2][last] ^= 1;
    });
    assert_eq!(faults[0], (Some(2), "BAD_SIGNATURE"));
    let faults = resigned_control(|entries, excon| {
        let statement = crate::SignedStatement::parse(&entries[2]).unwrap();
        let mut record = Control::decode(&statement.payload).unwrap();
        record.detail = "{}".into();
        entries[2] = excon.signed(&record);
    });
    assert_eq!(
        faults,
        [(Some(3), "BROKEN_CHAIN")],
        "the record behind it names the one that it was"
    );
}

#[test]
fn a_missing_record_is_named_with_its_index() {
    let without = |place: usize| {
        resigned_control(move |entries, _| {
            entries.remove(place);
        })
    };
    assert_eq!(without(0), [(Some(0), "CHAIN_GAP")]);
    assert_eq!(without(2), [(Some(2), "CHAIN_GAP")]);
}

#[test]
fn a_reordered_or_repeated_record_is_named_with_its_index() {
    assert_eq!(
        resigned_control(|entries, _| entries.swap(1, 3))[0],
        (Some(2), "CHAIN_ORDER")
    );
    assert_eq!(
        resigned_control(|entries, _| entries.push(entries[1].clone())),
        [(Some(5), "DUPLICATE")]
    );
    let second = |entries: &mut Vec<Vec<u8>>, excon: &Excon| {
        let mut other = excon.record(2, Hash::of(&entries[0]));
        other.id = [77; 16];
        entries.push(excon.signed(&other));
    };
    assert_eq!(resigned_control(second), [(Some(5), "EQUIVOCATION")]);
}

#[test]
fn a_record_of_another_controller_or_exercise_is_named_with_its_index() {
    let faults = resigned_control(|entries, excon| {
        let record = Control {
            conductor: excon.controller.identity.clone(),
            key_statement: excon.controller.key_statement,
            ..excon.record(6, Hash::of(&entries[4]))
        };
        entries.push(excon.controller.sign(PayloadType::Control, &record.encode()));
    });
    assert_eq!(faults, [(Some(5), "WRONG_SENDER")]);
    let faults = resigned_control(|entries, excon| {
        let mut record = excon.record(6, Hash::of(&entries[4]));
        record.exercise = "SOUTHERN LIGHT".into();
        entries.push(excon.signed(&record));
    });
    assert_eq!(faults, [(Some(5), "WRONG_EXERCISE")]);
}

#[test]
fn a_control_record_in_a_desks_log_is_named() {
    let (world, excon) = (world(), excon());
    let mut rosters = world.rosters.clone();
    rosters.update(excon.roster.clone()).unwrap();
    for log in [&world.avelia.desk_log, &world.avelia.log] {
        let mut entries = world.chain(&world.avelia, 2);
        entries.insert(1, excon.chain(1).remove(0));
        let log = log_of(log, entries);
        let report = verify_log(&log.entries, &log.note, &TrustPolicy::new(rosters.clone()));
        assert_eq!(rules(&report), [(Some(1), "WRONG_LOG")]);
        assert_eq!(report.verdict, Some(Verdict::Altered(Some(1))));
    }
}

#[test]
fn a_desks_statement_in_controls_log_is_named() {
    let (world, excon) = (world(), excon());
    let mut entries = excon.chain(3);
    entries.push(world.chain(&world.avelia, 1).remove(0));
    let order = excon.order();
    entries.push(excon.controller.sign(PayloadType::ControlOrder, &order.encode()));
    assert_eq!(
        rules(&judge(&excon, entries)),
        [(Some(3), "WRONG_LOG"), (Some(4), "WRONG_LOG")]
    );
}

#[test]
fn a_record_outside_its_keys_validity_is_for_people_to_look_at() {
    let excon = excon();
    let mut record = excon.record(1, Hash::ZERO);
    record.wall_ms = 1;
    let report = judge(&excon, vec![excon.signed(&record)]);
    assert!(report.passed(), "{report}");
    assert_eq!(
        (report.review[0].index, report.review[0].rule),
        (0, "KEY_NOT_YET_VALID")
    );
}
