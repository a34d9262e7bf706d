//! Comm checks on a clock by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::human::{Hours, TEXTS, answer, hour_of, is_mine, text_of};
use super::*;
use crate::identity::Identity;
use crate::ladder::{Fact, Ladder, Signer, Subject};
use crate::release::Recipient;
use crate::time::WallTime;
use crate::words::{Answer, OfficerRole, RecipientKind, ResponseAttribute, Rung};

const CHECK: Hash32 = Hash32([1; 32]);

fn at(ms: u64) -> LineTime {
    LineTime::from_start(Duration::from_millis(ms))
}

fn legs(names: &[&str]) -> BTreeSet<Leg> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn all() -> BTreeSet<Leg> {
    legs(&["north/quic", "north/tcp", "south/quic", "south/tcp"])
}

fn checks(every: Option<u64>) -> Checks {
    let relays = ["north", "south"].map(|name| name.parse().unwrap());
    Checks::new(every.map(Duration::from_secs), relays, at(0))
}

#[test]
fn a_check_goes_out_soon_after_the_start_and_then_each_minute() {
    let mut checks = checks(Some(60));
    assert_eq!(checks.next_wake(), Some(at(3_000)));
    assert!(checks.tick(&all(), at(2_999)).is_empty());
    assert_eq!(checks.tick(&all(), at(3_000)), [Due::Send]);
    assert_eq!(checks.next_wake(), Some(at(63_000)));
    assert!(Checks::new(None, [], at(0)).next_wake().is_none());
}

#[test]
fn a_path_has_passed_when_the_check_left_by_one_end_and_came_by_the_other() {
    let mut checks = checks(Some(60));
    checks.sent(CHECK, legs(&["north/quic", "south/quic", "south/tcp"]), at(0));
    checks.answered(&CHECK, &legs(&["north/tcp", "south/quic"]), at(200));
    let passed: Vec<String> = checks
        .paths()
        .iter()
        .filter(|(_, record)| record.passed == 1)
        .map(|(path, _)| path.to_string())
        .collect();
    assert_eq!(
        passed,
        [
            "north/quic>north/tcp",
            "south/quic>south/quic",
            "south/tcp>south/quic"
        ]
    );
    assert_eq!(checks.paths().len(), 8);
    assert_eq!(
        checks.paths().values().map(|record| record.missed).sum::<u64>(),
        5
    );
    assert_eq!(
        checks.counts(),
        Counts {
            sent: 1,
            answered: 1,
            late: 0,
            missed: 0
        }
    );
}

#[test]
fn a_check_without_an_answer_is_missed_on_every_path_and_a_late_answer_proves_none() {
    let mut checks = checks(None);
    checks.sent(CHECK, all(), at(0));
    assert!(checks.tick(&all(), at(9_999)).is_empty());
    assert_eq!(checks.tick(&all(), at(10_000)), [Due::Missed { check: CHECK }]);
    assert!(checks.tick(&all(), at(20_000)).is_empty(), "missed once");
    checks.answered(&CHECK, &all(), at(21_000));
    assert_eq!(
        checks.counts(),
        Counts {
            sent: 1,
            answered: 0,
            late: 1,
            missed: 1
        }
    );
    assert!(
        checks
            .paths()
            .values()
            .all(|record| record.missed == 1 && record.passed == 0)
    );
}

#[test]
fn a_check_is_answered_at_once_when_every_leg_that_is_up_has_brought_it() {
    let mut checks = checks(None);
    checks.came(CHECK, &"north/quic".parse().unwrap(), at(100));
    checks.came_again(&CHECK, &"south/tcp".parse().unwrap(), at(130));
    let up = legs(&["north/quic", "south/tcp"]);
    assert!(checks.tick(&all(), at(140)).is_empty());
    let expected = [("north/quic", 0), ("south/tcp", 30)]
        .map(|(leg, ms)| (leg.parse().unwrap(), Duration::from_millis(ms)));
    assert_eq!(
        checks.tick(&up, at(140)),
        [Due::Answer {
            check: CHECK,
            legs: expected.to_vec()
        }]
    );
    assert!(checks.tick(&up, at(6_000)).is_empty(), "once");
}

#[test]
fn a_check_that_came_by_some_legs_only_is_answered_after_five_seconds() {
    let mut checks = checks(None);
    checks.came(CHECK, &"north/quic".parse().unwrap(), at(0));
    assert_eq!(checks.next_wake(), Some(at(5_000)));
    assert!(matches!(&checks.tick(&all(), at(5_000))[..], [Due::Answer { legs, .. }] if legs.len() == 1));
}

#[test]
fn a_copy_of_anything_else_is_not_collected() {
    let mut checks = checks(None);
    checks.came_again(&CHECK, &"north/quic".parse().unwrap(), at(0));
    assert_eq!(checks.next_wake(), None);
}

#[test]
fn a_desk_that_catches_up_with_many_checks_answers_the_newest_first_and_not_all_at_once() {
    let mut checks = checks(None);
    for n in 0..100_u8 {
        checks.came(Hash32([n; 32]), &"north/quic".parse().unwrap(), at(u64::from(n)));
    }
    let mut answered = Vec::new();
    for ms in (10_000..20_000).step_by(100) {
        let due = checks.tick(&all(), at(ms));
        assert!(due.len() <= 1, "{due:?}");
        answered.extend(due.into_iter().filter_map(|due| match due {
            Due::Answer { check, .. } => Some(check.0[0]),
            _ => None,
        }));
    }
    assert_eq!(answered, [99, 98, 97, 96, 95, 94, 93, 92]);
}

#[test]
fn the_sides_take_turns_by_the_utc_hour_and_both_agree_whose_turn_it_is() {
    let avelia: Identity = "spiffe://exercise.avelia.example/desk/ops".parse().unwrap();
    let borenia: Identity = "spiffe://exercise.borenia.example/desk/ops".parse().unwrap();
    for hour in 0..48 {
        assert_ne!(is_mine(hour, &avelia, &borenia), is_mine(hour, &borenia, &avelia));
        assert_eq!(is_mine(hour, &avelia, &borenia), hour % 2 == 0);
    }
}

#[test]
fn people_are_reminded_once_in_each_hour_of_theirs_unless_they_have_checked() {
    let avelia: Identity = "spiffe://exercise.avelia.example/desk/ops".parse().unwrap();
    let borenia: Identity = "spiffe://exercise.borenia.example/desk/ops".parse().unwrap();
    let mut hours = Hours::default();
    let time = |hour: u64, minute: u64| WallTime::from_unix_ms((hour * 60 + minute) * 60_000);
    let both = (&avelia, &borenia);
    assert_eq!(hours.due(time(10, 0), both, None), Some(10));
    assert_eq!(hours.due(time(10, 30), both, None), None);
    assert_eq!(hours.due(time(11, 0), both, None), None, "the other side's");
    assert_eq!(hours.due(time(12, 5), both, Some(12)), None, "done already");
    assert_eq!(hours.due(time(14, 0), both, Some(12)), Some(14));
    assert_eq!(hour_of(time(14, 59)), 14);
}

#[test]
fn the_texts_of_tests_are_short_and_differ_from_hour_to_hour() {
    for hour in 0..24 {
        assert_ne!(text_of(hour), text_of(hour + 1));
    }
    assert!(
        TEXTS
            .iter()
            .all(|text| text.starts_with("COMM CHECK.") && text.len() < 100)
    );
}

#[test]
fn a_check_for_which_somebody_waits_goes_out_at_once_and_once() {
    for every in [None, Some(60)] {
        let mut checks = checks(every);
        checks.no_later_than(at(500));
        assert_eq!(checks.next_wake(), Some(at(500)));
        assert_eq!(checks.tick(&all(), at(500)), [Due::Send]);
        assert!(checks.tick(&all(), at(600)).is_empty());
        assert_eq!(checks.next_wake(), every.map(|_| at(60_500)));
    }
}

const AVELIA: &str = "spiffe://avelia.example/desk/ops";
const BORENIA: &str = "spiffe://borenia.example/desk/ops";

/// A human check from Avelia to Borenia of which this was signed.
fn human_check(signed: &[(Signer, Rung, Option<Answer>)]) -> Ladder {
    let recipient = Recipient {
        identity: BORENIA.parse().unwrap(),
        kind: RecipientKind::Action,
    };
    let mut ladder = Ladder::new(Subject {
        sender: AVELIA.parse().unwrap(),
        recipients: vec![recipient],
        response: ResponseAttribute::Roger,
        since: WallTime::from_unix_ms(1),
    });
    for ((signer, rung, answer), at) in signed.iter().zip(2..) {
        let fact = Fact {
            arrived: WallTime::from_unix_ms(at),
            claimed: WallTime::from_unix_ms(at),
            rung: *rung,
            signer: signer.clone(),
            answer: *answer,
            text: String::new(),
            leg: None,
            place: None,
        };
        ladder.apply(fact).unwrap();
    }
    ladder
}

fn officer_at(desk: &str, role: OfficerRole) -> Signer {
    Signer::Officer {
        identity: "spiffe://borenia.example/officer/lund".parse().unwrap(),
        roles: [role].into(),
        desk: desk.parse().unwrap(),
    }
}

#[test]
fn a_human_check_is_answered_by_a_person_of_the_other_side_with_roger_or_an_acknowledgement() {
    let desk = Signer::Desk(BORENIA.parse().unwrap());
    let unanswered = human_check(&[
        (desk.clone(), Rung::Delivered, None),
        (desk, Rung::Displayed, None),
    ]);
    assert_eq!(answer(&unanswered), None);
    for (role, rung, said) in [
        (OfficerRole::WatchOfficer, Rung::Acknowledged, None),
        (OfficerRole::Releaser, Rung::Answered, Some(Answer::Roger)),
    ] {
        let answered = human_check(&[(officer_at(BORENIA, role), rung, said)]);
        assert_eq!(answer(&answered).map(|fact| fact.rung), Some(rung));
    }
    let asked: Identity = AVELIA.parse().unwrap();
    assert!(!super::human::answers(&asked, &asked, Rung::Acknowledged));
}
