//! The plan: what is due, what a controller may do to it, and that its records are all of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod contingency;
pub(crate) mod control;
mod orders;
mod property;

use super::*;
use crate::record::{InjectStatus, Kind};
use crate::scenario::{
    mark::{Mark, Serial},
    shipped,
};
use control::{Control, s1, story};

fn serial(text: &str) -> Serial {
    text.parse().unwrap()
}

#[test]
fn injects_of_one_moment_come_together_in_the_order_of_the_file() {
    let mut control = Control::new(s1(), None);
    control.start(1_000);
    assert_eq!(control.wake(), Some(60_000));
    control.run_to(59_999);
    assert_eq!(control.fired, []);
    control.run_to(60_000);
    let at = story(60_000);
    assert_eq!(control.fired, [(serial("1.1.1"), at), (serial("1.1.2"), at)]);
    let mark = Mark::Inject(serial("1.1.1"));
    assert_eq!(control.plan.reached(&mark).unwrap().story, at);
}

#[test]
fn a_repeated_message_has_reached_a_mark_when_every_copy_has() {
    let mut control = Control::new(s1(), None);
    control.start(1_000);
    let all: Mark = "sar.DELIVERED".parse().unwrap();
    for copy in 1..=40 {
        control.run_to(60_000 + copy);
        assert_eq!(control.plan.reached(&all), None);
        assert!(control.seen(&format!("sar#{copy}.DELIVERED@B")));
    }
    assert_eq!(control.plan.reached(&all).unwrap().story, story(60_040));
    for unknown in [
        "sar.DELIVERED@B",
        "sar#41.DELIVERED@B",
        "m9.RELEASED",
        "m1.RELEASED@C",
        "STARTEX",
    ] {
        assert!(!control.seen(unknown), "{unknown}");
    }
    // A message that is sent once is its own first copy.
    assert!(control.seen("m1#1.RELEASED@A"));
    assert!(control.plan.reached(&"m1.RELEASED".parse().unwrap()).is_some());
}

#[test]
fn the_first_message_that_fits_a_filter_gets_its_name() {
    let mut control = Control::new(s1(), None);
    control.start(1_000);
    let released = |code, from, message| Released {
        message: hotline_audit::Hash([message; 32]),
        code,
        from,
        precedence: Precedence::Flash,
        refers_to: None,
    };
    let other = [released(None, Side::A, 1), released(Some("HZ-01"), Side::B, 2)];
    assert!(
        other
            .iter()
            .all(|released| control.plan.names_for(released).is_empty())
    );
    let first = released(Some("HZ-01"), Side::A, 3);
    let named = control.plan.names_for(&first);
    assert!(matches!(&named[..], [Kind::Named { alias, .. }] if alias == "m1"));
    control.write(named[0].clone());
    let second = released(Some("HZ-01"), Side::A, 4);
    assert_eq!(control.plan.names_for(&second), []);
    let message = first.message.to_string();
    assert_eq!(
        control.plan.message(&"m1".parse().unwrap()),
        Some(message.as_str())
    );
    assert_eq!(control.plan.names_of(&message).count(), 1);
}

#[test]
fn a_message_may_be_named_by_what_it_refers_to() {
    let text = shipped::by_id("S14").unwrap().text;
    let mut control = Control::new(control::read(text), None);
    control.start(1_000);
    let (notice, other) = (hotline_audit::Hash([1; 32]), hotline_audit::Hash([2; 32]));
    let named = |alias: &str, message: hotline_audit::Hash| Kind::Named {
        alias: alias.into(),
        message: message.to_string(),
    };
    let again = |control: &Control, to: hotline_audit::Hash| {
        let released = Released {
            message: hotline_audit::Hash([3; 32]),
            code: Some("NT-01"),
            from: Side::A,
            precedence: Precedence::Routine,
            refers_to: Some(&to.to_string()),
        };
        let names = control.plan.names_for(&released);
        names.contains(&named("nt2", released.message))
    };
    assert!(!again(&control, notice), "nobody knows yet what nt1 is");
    control.write(named("nt1", notice));
    assert!(again(&control, notice) && !again(&control, other));
}

#[test]
fn it_ends_when_everything_is_done_and_at_its_planned_end_at_the_latest() {
    let mut control = Control::new(s1(), None);
    control.start(1_000);
    control.run_to(100_000);
    control.seen("m1.RELEASED@A");
    control.run_to(100_001);
    assert_eq!(control.ended(false), None);
    assert_eq!(control.ended(true), Some("DONE"));
    control.run_to(1_800_000);
    assert_eq!(control.ended(false), Some("DURATION"));
    control.write(Kind::Endex {
        why: "DURATION".into(),
    });
    assert_eq!((control.ended(true), control.wake()), (None, None));
}

#[test]
fn what_was_left_out_and_what_waits_for_it_in_vain_keep_nothing_from_ending() {
    let injects = control::inject(1, "contextual", "at = \"1m story\"")
        + &control::inject(2, "contextual", "after = \"inject 1.1.1\"\nwait = \"30s line\"")
        + &control::inject(3, "contextual", "after = \"inject 1.1.2\"\nwait = \"30s story\"");
    let top = "duration = \"10m story\"\nends = \"when-done\"";
    let mut control = Control::new(control::with(top, &injects), None);
    control.start(1_000);
    control.run_to(10_000);
    assert_eq!(control.ended(true), None);
    let (first, why) = (serial("1.1.1"), "late".to_owned());
    control.order(Order::Skip { serial: first, why }).unwrap();
    let vain = Waits::InVain(first, Status::Skipped);
    assert_eq!(vain.to_string(), "waits for inject 1.1.1, which is SKIPPED");
    assert_eq!(control.plan.waits(serial("1.1.3")), Some(vain));
    assert_eq!(control.ended(true), Some("DONE"));
    control.order(Order::Unskip(first)).unwrap();
    assert_eq!(control.ended(true), None);
}

#[test]
fn a_stall_makes_injects_overdue_and_a_controller_is_asked() {
    let mut control = Control::new(s1(), None);
    control.start(1_000);
    control.now = 61_001;
    control.turn_once();
    assert_eq!(control.fired, []);
    assert_eq!(control.offered(), [serial("1.1.1"), serial("1.1.2")]);
    let entered = |record: &&crate::record::Record| {
        matches!(
            &record.kind,
            Kind::Inject {
                status: InjectStatus::Entered,
                ..
            }
        )
    };
    assert_eq!(control.log.iter().filter(entered).count(), 2);
    control.turn_once();
    assert_eq!(control.log.iter().filter(entered).count(), 2);
    control.order(Order::Publish(serial("1.1.2"))).unwrap();
    control.turn_once();
    assert_eq!(control.fired.len(), 1);
    assert_eq!(control.offered(), [serial("1.1.1")]);
}

#[test]
fn many_of_one_moment_come_one_after_another_however_long_each_takes() {
    let injects: String = (1..=9)
        .map(|number| control::inject(number, "contextual", "at = \"1m story\""))
        .collect();
    let mut control = Control::new(control::with("duration = \"10m story\"", &injects), None);
    control.start(60_000);
    control.now = 1_000;
    while let Some(next) = control
        .plan
        .due(&control.plan.clock(), control::line(control.now))
        .first()
    {
        assert_eq!(
            control
                .plan
                .to_write(&control.plan.clock(), control::line(control.now)),
            []
        );
        control.fire(*next);
        control.now += 900;
    }
    let numbers: Vec<u16> = control.fired.iter().map(|(serial, _)| serial.inject).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn what_is_only_in_other_variants_is_not_in_the_plan() {
    let variants = "duration = \"1h story\"\nvariants = { a = \"x\", b = \"y\" }";
    let injects = control::inject(1, "contextual", "at = \"1m story\"")
        + &control::inject(2, "contextual", "at = \"2m story\"\nonly = [\"a\"]");
    let scenario = control::with(variants, &injects);
    for (variant, number) in [(Some("a"), 2), (Some("b"), 1), (None, 1)] {
        let mut control = Control::new(Arc::clone(&scenario), variant);
        control.start(1_000);
        control.run_to(3_600_000);
        assert_eq!(control.fired.len(), number, "{variant:?}");
        let other = Plan::fold(Arc::clone(&scenario), Some("c"), &control.log);
        assert!(matches!(other, Err(FoldError::OtherScenario(_))));
    }
}

#[test]
fn every_rule_of_the_clock_names_tests_that_there_are() {
    let sources = [
        include_str!("../../../core/src/story/tests.rs"),
        include_str!("past.rs"),
        include_str!("../live/conductor/leap.rs"),
        include_str!("../live/player/journal.rs"),
        include_str!("../../../tests/tests/resume.rs"),
        include_str!("tests.rs"),
        include_str!("tests/contingency.rs"),
        include_str!("tests/orders.rs"),
        include_str!("tests/property/orders.rs"),
        include_str!("tests/property.rs"),
        include_str!("tests/property/clock.rs"),
        include_str!("tests/property/crash.rs"),
        include_str!("../person/tests/rules.rs"),
        include_str!("../person/tests/bounds.rs"),
        include_str!("../person/tests/s1.rs"),
        include_str!("../report/replay/tests.rs"),
        include_str!("../../../cli/src/exercise/replay.rs"),
    ];
    let there = |name: &str| {
        sources
            .iter()
            .any(|source| source.contains(&format!("fn {name}(")))
    };
    let page = include_str!("../../CLOCK.md");
    let named = page.split('`').skip(1).step_by(2);
    let tests: Vec<&str> = named.filter(|name| name.matches('_').count() > 2).collect();
    assert!(tests.len() > 30, "{}", tests.len());
    for name in tests {
        assert!(there(name), "{name}");
    }
    let rules = page.lines().filter(|line| line.starts_with("- **"));
    for rule in rules {
        assert!(rule.trim_end().ends_with("`)."), "{rule}");
    }
}
