//! Contingencies: they come exactly when what was expected did not.

use hotline_core::words::Rung;

use super::control::{self, Control, s1, story};
use super::*;
use crate::record::Seen;

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

fn m1() -> Alias {
    "m1".parse().unwrap()
}

/// What control sees of a desk at a look.
fn labelled(label: &str) -> Seen {
    Seen {
        label: Some(label.into()),
        ..Seen::default()
    }
}

/// How the contingency stands behind a sight of control's.
fn seeing(control: &mut Control, sight: &Sight<'_>) -> Status {
    let stamp = control.stamp();
    control.plan.see(sight, stamp);
    control.run_to(control.now + 1);
    control.plan.step(serial("1.1.9")).unwrap().status()
}

#[test]
fn a_contingency_on_a_label_is_not_needed_once_control_has_seen_it_behind_its_mark() {
    let injects = control::inject(1, "contextual", "at = \"1m story\"")
        + &control::inject(9, "contingency", "unless = \"E9\"\nwithin = \"5m story\"")
        + "[[expect]]\nid = \"E9\"\ntitle = { en = \"x\" }\n\
           is = { label = \"DEGRADED\", at = \"A\", within = \"5m story\", after = \"inject 1.1.1\" }\n";
    let mut control = Control::new(control::with("duration = \"1h story\"", &injects), None);
    control.start(1_000);
    control.run_to(30_000);
    let mut sees = |until, desk: &str, label| {
        control.run_to(until);
        let stands = &labelled(label);
        seeing(&mut control, &Sight::Desk { desk, stands })
    };
    // Before its mark a state meets nothing: it may be over by then.
    assert_eq!(sees(30_000, "A", "DEGRADED"), Status::Pending);
    assert_eq!(sees(61_000, "A", "OPEN"), Status::Pending);
    assert_eq!(sees(62_000, "B", "DEGRADED"), Status::Pending);
    assert_eq!(sees(63_000, "A", "DEGRADED"), Status::NotNeeded);
}

#[test]
fn a_contingency_on_an_answer_or_a_grade_is_not_needed_once_that_very_one_was_seen() {
    let of = &m1();
    let climb = |rung, answer, text| Sight::Climb {
        of,
        rung,
        at: Some("B"),
        answer,
        text,
    };
    let within = "of = \"m1\", at = \"B\", within = \"5m story\", after = \"STARTEX\"";
    for (is, other, very) in [
        (
            "rung = \"TRANSLATED\", grade = \"CERTIFIED\"",
            climb(Rung::Translated, None, "SIGHT into qbo"),
            climb(Rung::Translated, None, "CERTIFIED into qbo"),
        ),
        (
            "rung = \"ANSWERED\", answer = \"ROGER\"",
            climb(Rung::Answered, Some("STANDBY"), ""),
            climb(Rung::Answered, Some("ROGER"), ""),
        ),
        (
            "rung = \"DECLINED\", text = \"not now\"",
            climb(Rung::Declined, None, "never"),
            climb(Rung::Declined, None, "not now"),
        ),
    ] {
        let mut control = asks(&format!("{is}, {within}"));
        control.run_to(100_000);
        assert_eq!(seeing(&mut control, &other), Status::Pending, "{is}");
        assert_eq!(seeing(&mut control, &very), Status::NotNeeded, "{is}");
    }
}

#[test]
fn a_contingency_on_a_lamp_an_alarm_a_refusal_or_a_judgement_is_decided_by_what_control_sees() {
    let lamps = |lamps: &[(&str, &str)]| Seen {
        legs: lamps
            .iter()
            .map(|(leg, state)| ((*leg).to_owned(), (*state).to_owned()))
            .collect(),
        ..Seen::default()
    };
    let half = &lamps(&[("north/quic", "DOWN"), ("north/tcp", "UP")]);
    let whole = &lamps(&[("north/quic", "DOWN"), ("north/tcp", "DOWN"), ("south/tcp", "UP")]);
    let desk = |stands| Sight::Desk { desk: "A", stands };
    let alarm = |desk| Sight::Alarm {
        desk,
        code: "GAP",
        says: "2 messages of A are missing",
    };
    let refused = |seat, what| Sight::Refused { seat, what };
    let stated = |is| Sight::Stated {
        seat: "A",
        what: "label",
        is,
    };
    for (is, other, very) in [
        (
            "leg = \"path 1\", state = \"DOWN\", at = \"A\", recorded = true",
            desk(half),
            desk(whole),
        ),
        (
            "alarm = \"GAP\", at = \"A\", recorded = true",
            alarm("B"),
            alarm("A"),
        ),
        (
            "alarm = \"GAP\", at = \"A\", says = \"missing\", recorded = true",
            Sight::Alarm {
                desk: "A",
                code: "GAP",
                says: "all is well",
            },
            alarm("A"),
        ),
        (
            "refused = \"HL-DESK-011\", says = \"suspended\"",
            refused("A", "HL-DESK-012: it is suspended"),
            refused("A", "HL-DESK-011: it is suspended"),
        ),
        (
            "refused = \"HL-DESK-011\", by = \"A\"",
            refused("B", "HL-DESK-011: it is suspended"),
            refused("A", "HL-DESK-011: it is suspended"),
        ),
        ("refused = \"GAP\", by = \"A\"", alarm("B"), alarm("A")),
        (
            "stated = \"label\", by = \"A\", is = \"OPEN\"",
            stated("SEVERED"),
            stated("OPEN"),
        ),
    ] {
        let mut control = asks(is);
        control.run_to(100_000);
        assert_eq!(seeing(&mut control, &other), Status::Pending, "{is}");
        assert_eq!(seeing(&mut control, &very), Status::NotNeeded, "{is}");
    }
}

#[test]
fn what_control_hears_of_behind_endex_only_is_no_matter_for_a_contingency() {
    for (is, seen) in [
        ("refused = \"UNKNOWN_ISSUER\", by = \"relay north\"", false),
        ("refused = \"UNKNOWN_ISSUER\", by = \"A\"", true),
        ("refused = \"UNKNOWN_ISSUER\"", true),
        (
            "rung = \"TRANSLATED\", of = \"m1\", text = \"a crew is lost\", recorded = true",
            false,
        ),
        (
            "rung = \"TRANSLATED\", of = \"m1\", grade = \"SIGHT\", recorded = true",
            true,
        ),
    ] {
        let control = asks(is);
        let scenario = control.plan.scenario();
        let expect = scenario
            .expects
            .iter()
            .find(|expect| *expect.id.value == *"E9")
            .unwrap();
        assert_eq!(
            crate::plan::is_seen_while_played(scenario, &expect.is),
            seen,
            "{is}"
        );
    }
}
