//! Contingencies: they come exactly when what was expected did not.

use super::control::{self, Control, s1, story};
use super::*;

#[test]
fn a_contingency_is_not_needed_once_its_expectation_is_met_in_time() {
    let mut control = Control::new(s1(), None);
    control.start(1_000);
    control.run_to(100_000);
    assert!(control.seen("m1.RELEASED@A"));
    control.run_to(100_001);
    let step = control.plan.step(serial("1.1.9")).unwrap();
    assert_eq!(step.status(), Status::NotNeeded);
    control.run_to(3_000_000);
    assert_eq!(control.fired.len(), 2);
}

#[test]
fn a_contingency_comes_when_its_time_is_over_counted_from_the_expectations_own_mark() {
    let mut control = Control::new(s1(), None);
    control.start(1_000);
    control.run_to(360_000);
    assert_eq!(control.fired[2], (serial("1.1.9"), story(360_000)));
    assert!(control.seen("m1.RELEASED@A"));
    control.run_to(361_000);
    let step = control.plan.step(serial("1.1.9")).unwrap();
    assert_eq!(step.status(), Status::Delivered);
}

#[test]
fn what_happened_before_its_mark_also_meets_an_expectation() {
    let mut control = Control::new(s1(), None);
    control.start(1_000);
    control.run_to(10_000);
    control.seen("m1.RELEASED@A");
    control.run_to(10_001);
    let step = control.plan.step(serial("1.1.9")).unwrap();
    assert_eq!(step.status(), Status::NotNeeded);
}

/// One contingency on an expectation of this form, five minutes after STARTEX.
fn asks(is: &str) -> Control {
    let contingency = control::inject(9, "contingency", "unless = \"E9\"\nwithin = \"5m story\"");
    let expect = format!("[[expect]]\nid = \"E9\"\ntitle = {{ en = \"x\" }}\nis = {{ {is} }}\n");
    let mut control = Control::new(
        control::with("duration = \"1h story\"", &(contingency + &expect)),
        None,
    );
    control.start(1_000);
    control
}

#[test]
fn what_no_mark_decides_the_conductor_says() {
    for is in [
        "label = \"DEGRADED\", at = \"A\", within = \"5m story\", after = \"STARTEX\"",
        "rung = \"TRANSLATED\", grade = \"SIGHT\", of = \"m1\", within = \"5m story\", after = \"STARTEX\"",
    ] {
        let mut control = asks(is);
        control.run_to(100_000);
        control.seen("m1.TRANSLATED@A");
        let mut silent = control.clone();
        silent.run_to(300_000);
        assert_eq!(silent.fired, [(serial("1.1.9"), story(300_000))], "{is}");
        control.plan.met("E9", control.stamp());
        control.plan.met("E17", control.stamp());
        control.run_to(300_000);
        assert_eq!(control.fired, []);
        assert_eq!(
            control.plan.step(serial("1.1.9")).unwrap().status(),
            Status::NotNeeded
        );
    }
}

#[test]
fn a_contingency_on_what_must_never_happen_comes_at_its_moment_if_it_has() {
    let mut control = asks("rung = \"DELIVERED\", of = \"m1\", at = \"B\", never = true");
    control.run_to(100_000);
    let mut broken = control.clone();
    broken.seen("m1.DELIVERED@B");
    broken.run_to(300_000);
    assert_eq!(broken.fired, [(serial("1.1.9"), story(300_000))]);
    control.run_to(299_999);
    assert_eq!(
        control.plan.step(serial("1.1.9")).unwrap().status(),
        Status::Pending
    );
    control.run_to(300_000);
    assert_eq!(
        control.plan.step(serial("1.1.9")).unwrap().status(),
        Status::NotNeeded
    );
    assert_eq!(control.fired, []);
}

#[test]
fn the_conductor_also_says_when_a_label_broke_what_must_never_be() {
    let mut control = asks("label = \"DEGRADED\", at = \"A\", never = true");
    control.run_to(100_000);
    control.plan.met("E9", control.stamp());
    control.run_to(300_000);
    assert_eq!(control.fired.len(), 1);
}
