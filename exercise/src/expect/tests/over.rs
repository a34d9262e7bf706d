//! Behind ENDEX, and of several: what counts when.

use hotline_core::words::Answer;

use super::{
    forms::{judged, met, not_met},
    *,
};

#[test]
fn an_act_behind_endex_meets_no_bound() {
    let is =
        "{ rung = \"ACKNOWLEDGED\", of = \"x\", at = \"B\", within = \"20m story\", after = \"x.RELEASED\" }";
    let acknowledged = |ms| {
        move |play: &mut Play| {
            let m1 = sent(play, 1_000, "one");
            if ms < 10_000 {
                play.at(ms).act("B", Rung::Acknowledged, m1);
            }
            play.at(10_000).looks().endex();
            if ms > 10_000 {
                play.at(ms).act("B", Rung::Acknowledged, m1);
            }
        }
    };
    met(is, acknowledged(9_000));
    let seen = not_met(is, acknowledged(500_000));
    assert_eq!(seen, "A-0001 ACKNOWLEDGED at B did not come");
    let recorded = "{ rung = \"CLOSED\", of = \"x\", recorded = true }";
    not_met(recorded, |play| {
        let m1 = sent(play, 1_000, "one");
        play.at(10_000).looks().endex();
        play.at(20_000).send(&Draft {
            refers_to: Some(m1),
            answer: Some(Answer::Roger),
            ..Draft::flash("B", "roger")
        });
    });
}

#[test]
fn a_message_that_came_behind_endex_came_all_the_same() {
    met(
        "{ rung = \"DELIVERED\", of = \"x\", at = \"B\", recorded = true }",
        |play| {
            let m1 = play.at(9_900).send(&Draft::flash("A", "one"));
            play.at(10_000).looks().endex();
            play.at(10_500).receipt("B", Rung::Delivered, m1);
        },
    );
}

#[test]
fn a_mark_of_several_messages_has_come_when_it_has_for_all_that_are_planned() {
    let is =
        "{ rung = \"DELIVERED\", of = \"x\", at = \"B\", within = \"5s line\", after = \"sar.DELIVERED@B\" }";
    let copies = |copies: u64| {
        move |play: &mut Play| {
            for copy in 1..=copies {
                let one = play.at(1_000 + copy).send(&Draft::flash("A", "sar"));
                play.name(&format!("sar#{copy}"), one);
                play.at(1_100 + copy).receipt("B", Rung::Delivered, one);
            }
            let m1 = sent(play, 2_000, "one");
            play.name("x", m1);
        }
    };
    // S1's cast sends forty of them.
    met(is, copies(40));
    assert_eq!(not_met(is, copies(39)), "sar.DELIVERED@B has not come");
}

#[test]
fn a_mark_of_several_messages_has_no_time_if_that_of_one_is_not_known() {
    let is =
        "{ rung = \"DELIVERED\", of = \"x\", at = \"B\", within = \"5s line\", after = \"sar.ACCEPTED\" }";
    let judged = judged(is, |play| {
        for copy in 1..=40 {
            let one = play.at(1_000 + copy).send(&Draft::flash("A", "sar"));
            play.name(&format!("sar#{copy}"), one);
            if copy != 7 {
                play.at(1_100 + copy).receipt("B", Rung::Delivered, one);
            }
        }
        let m1 = sent(play, 2_000, "one");
        play.name("x", m1);
    });
    assert_eq!(
        (judged.met, judged.observed.as_str()),
        (Met::Undecided, "when sar.ACCEPTED came is not known")
    );
}

#[test]
fn what_a_seat_said_last_is_its_judgement() {
    let is = "{ stated = \"cause\", by = \"B\", is = \"WATCH_UNMANNED\" }";
    let stated = |said: [&'static str; 2]| {
        move |play: &mut Play| {
            for (at, said) in [1_000, 2_000].into_iter().zip(said) {
                play.at(at).record(Kind::Stated {
                    seat: "B".into(),
                    what: "cause".into(),
                    is: said.into(),
                });
            }
        }
    };
    met(is, stated(["PATH_CUT", "WATCH_UNMANNED"]));
    let seen = not_met(is, stated(["WATCH_UNMANNED", "PATH_CUT"]));
    assert_eq!(seen, "B stated cause: PATH_CUT");
}
