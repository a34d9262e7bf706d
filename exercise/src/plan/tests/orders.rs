//! A controller's orders, one by one.

use super::control::{Control, inject, line, s1, story, with};
use super::*;
use crate::record::{InjectStatus, Kind, TurnWord};
use hotline_core::story::{ClockError, Rate, Running};

const TEN: &str = "duration = \"10m story\"";

fn three() -> Arc<Scenario> {
    let injects = [
        inject(1, "contextual", "at = \"1m story\""),
        inject(2, "contextual", "after = \"inject 1.1.1\"\nwait = \"30s line\""),
        inject(
            3,
            "contextual",
            "after = \"m1.DELIVERED@B\"\nwait = \"30s story\"",
        ),
        inject(4, "contextual", "at = \"5m story\"\napprove = \"hand\""),
    ];
    with(TEN, &injects.concat())
}

fn started(scenario: Arc<Scenario>) -> Control {
    let mut control = Control::new(scenario, None);
    control.start(1_000);
    control
}

#[test]
fn a_distance_on_the_line_counts_outside_pauses_only() {
    let mut control = started(three());
    control.run_to(70_000);
    control.order(Order::Pause).unwrap();
    control.run_to(3_670_000);
    control.order(Order::Resume).unwrap();
    assert_eq!(control.wake(), Some(3_690_000));
    control.run_to(3_690_000);
    assert_eq!(control.fired[1], (serial("1.1.2"), story(90_000)));
}

#[test]
fn a_distance_on_the_line_stays_one_at_every_rate() {
    let mut control = started(three());
    control.run_to(70_000);
    control.order(Order::Speed(Rate::FASTEST)).unwrap();
    control.run_to(89_999);
    assert_eq!(control.fired.len(), 1);
    control.run_to(90_000);
    assert_eq!(control.fired[1], (serial("1.1.2"), story(1_270_000)));
}

#[test]
fn what_counts_on_the_line_and_lies_ahead_again_at_another_rate_waits_for_no_controller() {
    let mut control = Control::new(three(), None);
    control.start(100);
    control.order(Order::Fire(serial("1.1.1"))).unwrap();
    control.run_to(20_000);
    // At a tenth it would have come 3 s of story after the first, and now long before it.
    let earlier = Order::Move {
        serial: serial("1.1.2"),
        by: -5_000,
    };
    control.order(earlier).unwrap();
    control.run_to(20_001);
    assert_eq!(control.offered(), [serial("1.1.2")]);
    control.order(Order::Speed(Rate::REAL)).unwrap();
    control.run_to(20_002);
    assert_eq!(control.offered(), []);
    control.run_to(40_000);
    // 20.001 s at a tenth, 9.999 s as on the line, 5 s earlier.
    let moment = StoryTime::from_startex(std::time::Duration::from_micros(6_999_100));
    assert_eq!(control.fired.last(), Some(&(serial("1.1.2"), moment)));
}

#[test]
fn an_inject_by_hand_waits_for_its_approval_and_comes_at_once_if_that_is_late() {
    let mut control = started(three());
    control.run_to(299_000);
    assert_eq!(control.offered(), []);
    let mut early = control.clone();
    early.order(Order::Publish(serial("1.1.4"))).unwrap();
    early.run_to(400_000);
    assert_eq!(early.fired.last(), Some(&(serial("1.1.4"), story(300_000))));
    control.run_to(400_000);
    assert_eq!(control.offered(), [serial("1.1.4")]);
    control.order(Order::Publish(serial("1.1.4"))).unwrap();
    control.run_to(400_001);
    assert_eq!(control.fired.last(), Some(&(serial("1.1.4"), story(400_000))));
}

#[test]
fn what_a_person_did_is_written_down_and_is_a_mark_for_others() {
    let mut control = started(three());
    control.run_to(10_000);
    let result = "two journalists called".to_owned();
    let record = Order::Record {
        serial: serial("1.1.1"),
        result: result.clone(),
    };
    control.order(record.clone()).unwrap();
    let step = control.plan.step(serial("1.1.1")).unwrap();
    assert_eq!((step.status(), step.what()), (Status::Completed, result.as_str()));
    assert!(control.order(record).is_err());
    control.run_to(40_000);
    assert_eq!(control.fired, [(serial("1.1.2"), story(40_000))]);
}

#[test]
fn an_order_that_cannot_be_is_refused_with_what_would_do() {
    let mut control = Control::new(three(), None);
    let not_started = OrderError::Clock(ClockError::NotStarted);
    for order in [
        Order::Pause,
        Order::Shift(1_000),
        Order::End,
        Order::Fire(serial("1.1.1")),
    ] {
        assert_eq!(control.order(order), Err(not_started.clone()));
    }
    control.start(1_000);
    assert_eq!(control.order(Order::Resume), Err(ClockError::NotPaused.into()));
    assert_eq!(control.order(Order::Shift(0)), Err(OrderError::NoDistance(0)));
    let week = 7 * 24 * 3_600_000;
    assert!(control.order(Order::Shift(week + 1)).is_err());
    let nine = serial("1.1.9");
    assert_eq!(control.order(Order::Fire(nine)), Err(OrderError::NoInject(nine)));
    assert!(control.order(Order::Publish(serial("1.1.1"))).is_err());
    assert!(control.order(Order::Unskip(serial("1.1.1"))).is_err());
    control.run_to(60_000);
    let error = control.order(Order::Fire(serial("1.1.1"))).unwrap_err();
    assert_eq!(error.number(), 171);
    let told = "inject 1.1.1 is DELIVERED: each inject is done once";
    assert_eq!(error.to_string(), told);
    control.order(Order::End).unwrap();
    let why =
        |record: &crate::record::Record| matches!(&record.kind, Kind::Endex { why } if why == "CONTROL");
    assert!(why(control.log.last().unwrap()));
    assert_eq!(control.order(Order::Pause), Err(ClockError::Ended.into()));
    assert_eq!(control.order(Order::Shift(1)), Err(ClockError::Ended.into()));
}

#[test]
fn a_move_is_written_as_it_is_read() {
    for by in [1, -1, 1_500, -300_000, 7 * 24 * 3_600_000] {
        assert_eq!(order::read_move(&order::show_move(by)), Some(by));
    }
    for text in ["", "+", "5m", "+0ms", "+60s ", "+1m", "+1us", "é", "+é"] {
        assert_eq!(order::read_move(text), None, "{text}");
    }
}

#[test]
fn records_that_cannot_follow_are_refused_and_change_nothing() {
    let mut control = started(three());
    control.run_to(60_000);
    let plan = control.plan.clone();
    let wall = control.stamp().wall;
    let fire = |status| Kind::Inject {
        serial: "1.1.1".into(),
        status,
        what: String::new(),
    };
    for status in [InjectStatus::Firing, InjectStatus::Entered, InjectStatus::Skipped] {
        let record = plan.record(fire(status), wall, line(60_000)).unwrap();
        assert!(matches!(plan.admits(&record), Err(FoldError::Step(_))));
        assert!(matches!(control.plan.take(&record), Err(FoldError::Step(_))));
    }
    for (serial, status, what) in [
        ("1.1.8", InjectStatus::Skipped, ""),
        ("1.1.4", InjectStatus::Moved, "soon"),
    ] {
        let (serial, what) = (serial.to_owned(), what.to_owned());
        let kind = Kind::Inject { serial, status, what };
        let record = plan.record(kind, wall, line(60_000)).unwrap();
        assert!(plan.admits(&record).is_err());
        assert!(control.plan.take(&record).is_err());
    }
    let mut record = plan.record(Kind::Tick, wall, line(60_000)).unwrap();
    record.running = Running::Paused(Rate::REAL);
    assert!(matches!(
        control.plan.take(&record),
        Err(FoldError::OtherRunning { .. })
    ));
    let record = plan.record(Kind::Tick, wall, line(59_999)).unwrap();
    assert_eq!(control.plan.take(&record), Err(FoldError::Backwards));
    let resume = Kind::Clock {
        turn: TurnWord::Resume,
    };
    assert!(plan.record(resume, wall, line(60_000)).is_err());
    let other = Plan::fold(s1(), None, &control.log);
    assert!(matches!(other, Err(FoldError::OtherScenario(_))), "{other:?}");
    assert_eq!(control.plan, plan);
}

#[test]
fn a_leap_stops_at_every_due_moment_and_is_refused_while_a_person_sits() {
    let leaps = format!("{TEN}\n");
    let injects = [
        inject(1, "contextual", "at = \"1h story\""),
        inject(2, "contextual", "after = \"inject 1.1.1\"\nwait = \"30s line\""),
    ];
    let text = with(&leaps.replace("10m", "48h"), &injects.concat())
        .source
        .text
        .clone();
    let text = text.replacen("[stage]\n", "[stage]\nleap = true\n", 1);
    let mut control = started(control::read(&text));
    let hour = story(3_600_000);
    assert_eq!(control.plan.leap_to(&control.plan.clock(), line(0)), Some(hour));
    let beyond = control.order(Order::Leap(story(3_600_001))).unwrap_err();
    assert!(
        beyond.to_string().contains("there is something to do at"),
        "{beyond}"
    );
    control.write(Kind::Seat {
        seat: "A".into(),
        what: "JOINED".into(),
    });
    let person = control.order(Order::Leap(hour)).unwrap_err();
    assert!(
        person.to_string().contains("a person sits at seat \"A\""),
        "{person}"
    );
    control.write(Kind::Seat {
        seat: "A".into(),
        what: "SCRIPTED".into(),
    });
    control.order(Order::Leap(hour)).unwrap();
    control.run_to(1);
    assert_eq!(control.fired, [(serial("1.1.1"), hour)]);
    // What counts on the line is waited for.
    assert_eq!(control.plan.leap_to(&control.plan.clock(), line(1)), None);
    control.run_to(30_000);
    assert_eq!(control.fired.len(), 2);
    assert_eq!(
        control.plan.leap_to(&control.plan.clock(), line(control.now)),
        Some(story(48 * 3_600_000))
    );
    let mut plain = started(three());
    assert!(plain.order(Order::Leap(story(1))).is_err());
}

#[test]
fn two_orders_that_expect_the_same_head_are_one_done_and_one_refused() {
    let mut control = started(three());
    let of = Subject::Inject(serial("1.1.1"));
    let (head, clock) = (control.plan.head(of), control.plan.head(Subject::Clock));
    let skip = Order::Skip {
        serial: serial("1.1.1"),
        why: "late".into(),
    };
    let fire = Order::Fire(serial("1.1.1"));
    let stamp = control.stamp();
    assert!(control.plan.order_expecting(&fire, head, stamp).is_ok());
    for kind in control.plan.order_expecting(&skip, head, stamp).unwrap() {
        control.write(kind);
    }
    let error = control.plan.order_expecting(&fire, head, stamp).unwrap_err();
    assert_eq!(error.number(), 172);
    // On another subject nobody is in the way.
    assert!(control.plan.order_expecting(&Order::Pause, clock, stamp).is_ok());
}

#[test]
fn a_dry_run_fires_everything_in_order_and_touches_nothing() {
    let dry = dry_run(&s1(), None);
    let told: Vec<String> = dry
        .iter()
        .map(|dry| match &dry.comes {
            Ok(at) => format!("{} {at}", dry.serial),
            Err(waits) => format!("{} {waits}", dry.serial),
        })
        .collect();
    let came = |ms| Ok(story(ms));
    let expected = [("1.1.1", 60_000), ("1.1.2", 60_000), ("1.1.9", 360_000)];
    assert_eq!(told.len(), 3, "{told:?}");
    for (dry, (number, ms)) in dry.iter().zip(expected) {
        assert_eq!((dry.serial, &dry.comes), (serial(number), &came(ms)));
    }
    let dry = dry_run(&three(), None);
    let numbers: Vec<String> = dry.iter().map(|dry| dry.serial.to_string()).collect();
    assert_eq!(numbers, ["1.1.1", "1.1.2", "1.1.4", "1.1.3"]);
    let waits = dry[3].comes.as_ref().unwrap_err();
    assert_eq!(waits.to_string(), "waits for m1.DELIVERED@B");
    assert_eq!(dry_run(&three(), None), dry);
}
