//! Forms about what control saw, met once and not met once.

use super::{
    forms::{judged, met, not_met},
    *,
};
use crate::{record::Seen, testing::BEGAN};

fn labelled(label: &str) -> Seen {
    Seen {
        label: Some(label.into()),
        ..Seen::default()
    }
}

fn lamps(lamps: &[(&str, &str)]) -> Seen {
    let legs = lamps.iter();
    Seen {
        legs: legs
            .map(|(leg, state)| ((*leg).into(), (*state).into()))
            .collect(),
        ..Seen::default()
    }
}

fn alarm(code: &str) -> Seen {
    Seen {
        alarms: vec![(code.into(), "a sentence".into())],
        ..Seen::default()
    }
}

#[test]
fn a_label_is_met_when_it_is_seen_in_time_and_told_when_it_is_not() {
    let is = "{ label = \"DEGRADED\", at = \"A\", within = \"5s line\", after = \"inject 1.1.1\" }";
    let seen_at = |ms| {
        move |play: &mut Play| {
            play.at(1_000).look("A", labelled("OPEN")).inject("1.1.1");
            play.at(ms).look("A", labelled("DEGRADED"));
        }
    };
    met(is, seen_at(4_000));
    let seen = not_met(is, seen_at(8_000));
    assert!(seen.starts_with("DEGRADED at A 7.000 s line"), "{seen}");
    assert_eq!(
        not_met(is, |play| {
            play.at(1_000).inject("1.1.1");
        }),
        "DEGRADED at A did not come"
    );
}

#[test]
fn a_state_that_holds_already_at_the_mark_is_met_at_once() {
    let is = "{ label = \"DEGRADED\", at = \"A\", within = \"5s line\", after = \"inject 1.1.1\" }";
    let seen = met(is, |play| {
        play.at(500).look("A", labelled("DEGRADED"));
        play.at(60_000).inject("1.1.1");
        play.at(90_000).look("A", labelled("OPEN"));
    });
    assert!(seen.starts_with("DEGRADED at A 0.000 s line"), "{seen}");
}

#[test]
fn that_a_line_is_down_while_a_seat_is_left_is_no_false_label() {
    let is = "{ label = \"INTERRUPTED\", at = \"A\", never = true }";
    let seat = |what: &str| Kind::Seat {
        seat: "B".into(),
        what: what.into(),
    };
    let then = |last: &'static str| {
        move |play: &mut Play| {
            play.at(5_000).look("A", labelled("OPEN"));
            play.at(10_000).record(seat("LEFT"));
            play.at(11_000).look("A", labelled("INTERRUPTED"));
            play.at(19_000).record(seat("JOINED"));
            for ms in [20_000, 30_000, 40_000] {
                play.at(ms).look("A", labelled("OPEN"));
            }
            play.at(50_000).look("A", labelled(last));
            play.at(59_000).look("A", labelled("OPEN"));
            play.at(60_000).endex();
        }
    };
    met(is, then("OPEN"));
    let seen = not_met(is, then("INTERRUPTED"));
    assert_eq!(seen, "INTERRUPTED at A at T+00:50:00.000");
}

#[test]
fn a_label_that_must_not_stand_between_two_marks_is_told_when_it_does() {
    let is = "{ label = \"INTERRUPTED\", at = \"A\", never = true, \
              during = { from = \"inject 1.1.1\", to = \"ENDEX\" } }";
    let stands = |from, to| {
        move |play: &mut Play| {
            play.at(from).look("A", labelled("INTERRUPTED"));
            play.at(to).look("A", labelled("OPEN"));
            play.at(50_000).inject("1.1.1");
            play.at(90_000).endex();
        }
    };
    let unseen = judged(is, stands(1_000, 2_000));
    assert_eq!(
        (unseen.met, unseen.observed.as_str()),
        (
            Met::Undecided,
            "INTERRUPTED at A did not come between inject 1.1.1 and ENDEX, but A was not looked at behind \
             T+00:50:00.000"
        )
    );
    met(is, |play| {
        play.at(1_000).look("A", labelled("INTERRUPTED"));
        play.at(2_000).look("A", labelled("OPEN"));
        play.at(50_000).inject("1.1.1");
        for ms in [60_000, 70_000, 80_000] {
            play.at(ms).looks();
        }
        play.at(90_000).endex();
    });
    let seen = not_met(is, |play| {
        play.at(50_000).inject("1.1.1");
        play.at(60_000).look("A", labelled("INTERRUPTED"));
        play.at(90_000).endex();
    });
    assert_eq!(seen, "INTERRUPTED at A at T+01:00:00.000");
    // It stood when the window opened.
    not_met(is, |play| {
        play.at(1_000).look("A", labelled("INTERRUPTED"));
        play.at(50_000).inject("1.1.1");
        play.at(60_000).look("A", labelled("OPEN"));
        play.at(90_000).endex();
    });
}

#[test]
fn causes_and_axes_are_what_control_saw() {
    let cause = "{ cause = \"one path cut\", at = \"A\", recorded = true }";
    let seen = Seen {
        causes: Some(vec!["remote desk dead".into(), "one path cut".into()]),
        ..Seen::default()
    };
    met(cause, |play| {
        play.at(1_000).look("A", seen.clone());
    });
    let told = not_met(cause, |play| {
        play.at(1_000).look("B", seen.clone());
    });
    assert_eq!(told, "one path cut at A did not come");

    let axis = "{ axis = \"carrier\", state = \"DOWN\", at = \"A\", recorded = true }";
    let carrier = |state: &str| Seen {
        axes: [("carrier".to_owned(), state.to_owned())].into(),
        ..Seen::default()
    };
    met(axis, |play| {
        play.at(1_000).look("A", carrier("DOWN"));
    });
    let told = not_met(axis, |play| {
        play.at(1_000).look("A", carrier("UP"));
    });
    assert_eq!(told, "carrier DOWN at A did not come");
}

#[test]
fn a_path_is_down_when_every_leg_of_it_is() {
    let path =
        "{ leg = \"path 1\", state = \"DOWN\", at = \"A\", within = \"2s line\", after = \"inject 1.1.1\" }";
    let leg = "{ leg = \"A north/quic\", state = \"DOWN\", at = \"A\", recorded = true }";
    let cut = |lamp: &'static str| {
        move |play: &mut Play| {
            let up = [("north/quic", "UP"), ("north/tcp", "UP"), ("south/quic", "UP")];
            play.at(500).look("A", lamps(&up));
            play.at(1_000).inject("1.1.1");
            play.at(2_000)
                .look("A", lamps(&[("north/quic", "DOWN"), ("north/tcp", lamp)]));
        }
    };
    met(path, cut("DOWN"));
    assert_eq!(not_met(path, cut("SUSPECT")), "path 1 DOWN at A did not come");
    met(leg, cut("SUSPECT"));
    not_met(leg, |_| {});
}

#[test]
fn a_lamp_counts_since_when_the_desk_says_that_it_stands_so_and_not_since_control_looked() {
    let is = "{ leg = \"path 1\", state = \"DOWN\", at = \"A\", within = \"1500ms line\", after = \"inject 1.1.1\" }";
    let cut = |ahead_ms: i64, since: [u64; 2]| {
        move |play: &mut Play| {
            play.set_clock("A", ahead_ms);
            let up = [("north/quic", "UP"), ("north/tcp", "UP"), ("south/quic", "UP")];
            play.at(500).look("A", lamps(&up));
            play.at(1_000).inject("1.1.1");
            let mut down = lamps(&[("north/quic", "DOWN"), ("north/tcp", "DOWN")]);
            for (leg, ms) in down.legs.keys().zip(since) {
                let ms = BEGAN.checked_add_signed(ahead_ms).unwrap() + ms;
                down.legs_since_ms.insert(leg.clone(), ms);
            }
            // Too late, if the look counted.
            play.at(2_700).look("A", down);
        }
    };
    for ahead_ms in [0, 420_000, -180_000] {
        let seen = met(is, cut(ahead_ms, [2_100, 2_400]));
        assert!(seen.starts_with("path 1 DOWN at A 1.40"), "{seen}");
    }
    let seen = not_met(is, cut(0, [2_100, 2_600]));
    assert!(seen.starts_with("path 1 DOWN at A 1.60"), "{seen}");
}

#[test]
fn a_lamp_that_was_lit_before_startex_still_stands_at_a_mark_of_the_story() {
    let is =
        "{ leg = \"path 1\", state = \"UP\", at = \"A\", within = \"10s story\", after = \"inject 1.1.1\" }";
    let lit = |until: u64| {
        move |play: &mut Play| {
            let mut up = lamps(&[("north/quic", "UP")]);
            up.legs_since_ms.insert("north/quic".into(), BEGAN - 5_000);
            play.at(500).look("A", up);
            play.at(until).look("A", lamps(&[("north/quic", "DOWN")]));
            play.at(60_000).inject("1.1.1");
            play.at(90_000).endex();
        }
    };
    let seen = met(is, lit(80_000));
    assert!(seen.starts_with("path 1 UP at A 0.000 s story"), "{seen}");
    not_met(is, lit(50_000));
}

#[test]
fn alarms_are_counted() {
    let is =
        "{ alarm = \"PATH_LOST\", at = \"A\", count = \"== 1\", within = \"5s line\", after = \"STARTEX\" }";
    let raised = |times: u64| {
        move |play: &mut Play| {
            for n in 1..=times {
                play.at(n * 1_000).look("A", alarm("PATH_LOST"));
            }
        }
    };
    met(is, raised(1));
    assert_eq!(not_met(is, raised(2)), "alarm PATH_LOST at A: 2");
    assert_eq!(not_met(is, raised(0)), "alarm PATH_LOST at A: 0");
    let never = "{ alarm = \"PATH_LOST\", at = \"A\", never = true }";
    met(never, raised(0));
    not_met(never, raised(1));
}

#[test]
fn an_alarm_counts_only_with_the_words_asked_for() {
    let says =
        |words: &str| format!("{{ alarm = \"PATH_LOST\", at = \"A\", says = \"{words}\", recorded = true }}");
    let raised = |play: &mut Play| {
        play.at(1_000).look("A", alarm("PATH_LOST"));
    };
    met(&says("a sentence"), raised);
    let seen = not_met(&says("another"), raised);
    assert!(seen.contains("PATH_LOST at A: 0"), "{seen}");
}

#[test]
fn a_clock_that_was_set_back_is_not_one_that_was_set_ahead() {
    let jump =
        |way: &str| format!("{{ said = \"CLOCK_STEP\", at = \"B\", jump = \"{way}\", recorded = true }}");
    let set = |ahead_ms| {
        move |play: &mut Play| {
            play.at(1_000).clock_step("B", ahead_ms);
        }
    };
    met(&jump("AHEAD"), set(420_000));
    met(&jump("BACK"), set(-180_000));
    assert_eq!(
        not_met(&jump("BACK"), set(420_000)),
        "CLOCK_STEP BACK of B did not come"
    );
    not_met(&jump("AHEAD"), set(-180_000));
}

#[test]
fn what_was_refused_is_counted_and_must_not_have_been_displayed() {
    let is = "{ refused = \"UNAUTHORISED_RELEASE\", count = \"== 1\", shown = 0 }";
    met(is, |play| {
        play.at(1_000).look("B", alarm("UNAUTHORISED_RELEASE"));
    });
    let seen = not_met(is, |play| {
        play.at(1_000).record(Kind::Played {
            seat: "A".into(),
            rule: "r".into(),
            refused: "UNAUTHORISED_RELEASE: the officer may not release".into(),
        });
        let shown = Seen {
            shown: vec![Hash::of(b"forged").to_string()],
            ..Seen::default()
        };
        play.at(2_000).look("B", shown);
    });
    assert_eq!(seen, "UNAUTHORISED_RELEASE: 1 refused, 1 displayed all the same");
}

#[test]
fn a_refusal_counts_only_with_the_words_asked_for() {
    let is = "{ refused = \"HL-DESK-011\", count = \"== 1\", says = \"suspended MARITIME\" }";
    let refused = |what: &'static str| {
        move |play: &mut Play| {
            play.at(1_000).record(Kind::Played {
                seat: "A".into(),
                rule: "r".into(),
                refused: format!("HL-DESK-011: {what}"),
            });
        }
    };
    met(
        is,
        refused("could not release: novak suspended MARITIME: a visit"),
    );
    not_met(is, refused("could not release: novak suspended POLICY: a visit"));
    // An alarm explains nothing.
    not_met(is, |play| {
        play.at(1_000).look("B", alarm("HL-DESK-011"));
    });
}
