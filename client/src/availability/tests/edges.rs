//! Whose answer counts, which of two, where a report ends, and names that name nothing.

use super::*;

const B2: &str = "spiffe://exercise.borenia.example/desk/ops-backup";
const C: &str = "spiffe://exercise.cordia.example/desk/ops";
const DAY: u64 = 86_400_000;

#[test]
fn an_answer_that_the_asking_side_gives_itself_does_not_count() {
    let mut script = Script::default();
    let check = script.check(MINUTE, &NORTH);
    script.says(
        A,
        ServiceKind::CheckAnswer,
        MINUTE + 100,
        &[("north/tcp", 1)],
        Some(check),
    );
    let check = script.check(2 * MINUTE, &NORTH);
    script.answer(check, 2 * MINUTE + 100, &NORTH);
    script.change_last(|answer| answer.header.sender = C.into());
    let report = script.of_avelia(2 * MINUTE + 30_000).automatic;
    assert_eq!((report.scheduled, report.answered, report.missed), (2, 0, 2));
}

#[test]
fn of_two_answers_the_earlier_counts_whichever_is_read_first() {
    let mut script = Script::default();
    let check = script.check(MINUTE, &NORTH);
    script.answer(check, MINUTE + 11_000, &NORTH);
    script.answer(check, MINUTE + 100, &["north/tcp"]);
    let one = script.report(2 * MINUTE);
    script.said.reverse();
    let other = script.report(2 * MINUTE);
    assert_eq!(one.canonical(), other.canonical());
    assert_eq!(one.desks[A].automatic.answered, 1);
}

#[test]
fn a_report_ends_with_the_newest_statement_and_never_in_the_future() {
    let mut script = Script::default();
    let check = script.check(MINUTE, &NORTH);
    script.answer(check, MINUTE + 100, &NORTH);
    script.says(B, ServiceKind::DeskOpens, 400 * DAY, &[], None);
    let mut collector = Collector::at(DAY);
    for (hash, payload) in &script.said {
        collector.add(*hash, payload);
    }
    let report = collector.report(30, None);
    assert_eq!(report.until_ms, MINUTE + 101);
    assert_eq!(report.desks[A].automatic.answered, 1);
}

#[test]
fn a_name_that_names_no_leg_makes_no_path_and_no_outage() {
    let mut script = Script::default();
    let check = script.check(MINUTE, &["north/tcp", "north/udp", "north>south", ""]);
    script.answer(check, MINUTE + 100, &["north/tcp", "North/tcp", "north/tcp>x"]);
    script.says(
        B,
        ServiceKind::PathOutage,
        MINUTE + 200,
        &[("north", MINUTE)],
        None,
    );
    let report = script.report(2 * MINUTE);
    let paths: Vec<&String> = report.desks[A].paths.keys().collect();
    assert_eq!(paths, ["north/tcp>north/tcp"]);
    assert!(report.desks[B].outages.is_empty());
}

#[test]
fn with_more_than_two_desks_each_check_is_for_the_desk_that_it_names() {
    let mut script = Script::default();
    // A third side's desk, which is first by no name and asks nobody.
    script.says(C, ServiceKind::DeskCloses, 1, &[], None);
    script.says(B, ServiceKind::DeskOpens, 1, &[], None);
    // Borenia goes over to its backup after the first check.
    let first = script.check(MINUTE, &NORTH);
    script.answer(first, MINUTE + 100, &NORTH);
    script.check(2 * MINUTE, &NORTH);
    let second = script.change_last(|check| check.header.recipients[0].identity = B2.into());
    script.answer(second, 2 * MINUTE + 100, &["north/tcp"]);
    script.change_last(|answer| answer.header.sender = B2.into());
    script.check(3 * MINUTE, &NORTH);
    script.change_last(|check| check.header.recipients[0].identity = C.into());
    let report = script.report(3 * MINUTE + 20_000);
    let avelia = &report.desks[A];
    assert_eq!((avelia.automatic.scheduled, avelia.automatic.answered), (3, 2));
    assert_eq!(avelia.automatic.causes, [("DESK_CLOSED", 1)].into());
    assert_eq!(avelia.paths["north/tcp>north/tcp"].scheduled, 2);
    assert_eq!(report.desks[C].automatic, Counted::default());
}

#[test]
fn a_desk_that_fell_silent_before_the_window_was_not_available_in_it() {
    let mut script = Script::default();
    let check = script.check(MINUTE, &NORTH);
    script.answer(check, MINUTE + 100, &NORTH);
    let report = script.of_avelia(31 * DAY).automatic;
    assert_eq!(report.scheduled, 30 * 24 * 60);
    assert_eq!(
        (report.not_sent, report.availability_ppm),
        (30 * 24 * 60, Some(0))
    );
}
