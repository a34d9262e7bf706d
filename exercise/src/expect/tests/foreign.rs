//! What the line calls foreign is no rung, whoever signed it.

use hotline_core::words::Answer;

use super::{
    forms::{judged, met, not_met},
    *,
};

#[test]
fn an_acknowledgement_at_the_senders_own_desk_is_none() {
    let is = "{ rung = \"ACKNOWLEDGED\", of = \"x\", recorded = true }";
    let seen = not_met(is, |play| {
        let m1 = sent(play, 1_000, "one");
        play.at(2_000).act("A", Rung::Acknowledged, m1);
    });
    assert_eq!(seen, "A-0001 ACKNOWLEDGED did not come");
    not_met("{ rung = \"PRESENTED\", of = \"x\", recorded = true }", |play| {
        let m1 = sent(play, 1_000, "one");
        play.at(2_000).present("A", m1);
    });
}

#[test]
fn an_acknowledgement_of_an_officer_without_the_role_is_none() {
    let is = "{ rung = \"ACKNOWLEDGED\", of = \"x\", recorded = true }";
    not_met(is, |play| {
        let m1 = sent(play, 1_000, "one");
        play.at(2_000).act_of_auditor("B", Rung::Acknowledged, m1);
    });
    met(is, |play| {
        let m1 = sent(play, 1_000, "one");
        play.at(2_000).act("B", Rung::Acknowledged, m1);
    });
}

#[test]
fn a_receipt_of_a_desk_that_the_message_does_not_name_brings_nothing() {
    let is = "{ rung = \"DELIVERED\", of = \"x\", recorded = true }";
    not_met(is, |play| {
        let m1 = play.at(1_000).send(&Draft::flash("A", "one"));
        play.at(1_020).receipt("A", Rung::Delivered, m1);
    });
}

#[test]
fn a_flash_of_one_officer_is_not_released() {
    let is = "{ rung = \"RELEASED\", of = \"x\", recorded = true }";
    let one_officer = |play: &mut Play| {
        let m1 = play.at(1_000).send(&Draft {
            alone: true,
            ..Draft::flash("A", "one")
        });
        play.name("x", m1);
    };
    let seen = not_met(is, one_officer);
    assert_eq!(seen, "A-0001 RELEASED did not come");
    met(is, |play| {
        sent(play, 1_000, "one");
    });
}

#[test]
fn an_answer_that_one_officer_alone_released_is_none_and_closes_nothing() {
    for rung in ["ANSWERED", "CLOSED"] {
        let is = format!("{{ rung = \"{rung}\", of = \"x\", recorded = true }}");
        let answered = |alone| {
            move |play: &mut Play| {
                let m1 = sent(play, 1_000, "one");
                play.at(3_000).send(&Draft {
                    refers_to: Some(m1),
                    answer: Some(Answer::Roger),
                    alone,
                    ..Draft::flash("B", "roger")
                });
            }
        };
        met(&is, answered(false));
        not_met(&is, answered(true));
    }
}

#[test]
fn a_message_that_was_not_released_is_a_false_display() {
    let seen = judged("{ figure = \"false_displays\", is = \"== 0\" }", |play| {
        let m1 = play.at(1_000).send(&Draft {
            alone: true,
            ..Draft::flash("A", "one")
        });
        let shown = crate::record::Seen {
            shown: vec![m1.to_string()],
            ..Default::default()
        };
        play.at(2_000).look("B", shown);
    });
    assert_eq!(
        (seen.met, seen.observed.as_str()),
        (Met::No, "false_displays is 1: A-0001")
    );
}

#[test]
fn what_does_not_count_is_listed_with_why() {
    let mut play = Play::of(&expecting(&[]));
    let m1 = sent(&mut play, 1_000, "one");
    play.at(2_000).act("A", Rung::Acknowledged, m1);
    let timeline = play.timeline();
    let [only] = timeline.foreign.as_slice() else {
        panic!("{:?}", timeline.foreign);
    };
    assert_eq!((only.message, only.rung), (m1, Rung::Acknowledged));
    assert!(only.why.contains("does not name"), "{}", only.why);
}

#[test]
fn a_display_of_what_was_not_released_is_what_must_never_be() {
    let is = "{ rung = \"DISPLAYED\", of = \"x\", at = \"B\", never = true }";
    let alone = |shown: bool| {
        move |play: &mut Play| {
            let m1 = play.at(1_000).send(&Draft {
                alone: true,
                ..Draft::flash("A", "one")
            });
            play.name("x", m1);
            if shown {
                play.at(2_000).receipt("B", Rung::Displayed, m1);
            }
        }
    };
    met(is, alone(false));
    let seen = not_met(is, alone(true));
    assert!(
        seen.starts_with("A-0001 DISPLAYED was signed, though the message was not released"),
        "{seen}"
    );
}
