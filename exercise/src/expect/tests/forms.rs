//! Every form of expectation, met once and not met once.

use hotline_core::{
    duty::{OverdueStep, ServiceKind},
    words::Answer,
};

use super::*;
use crate::{
    record::{InjectStatus, Seen},
    testing::BEGAN,
};

/// Judges one form in a play.
pub(super) fn judged(is: &str, plays: impl FnOnce(&mut Play)) -> Judged {
    let mut play = Play::of(&expecting(&[is]));
    plays(&mut play);
    one(&judge_of(&play), "E1").clone()
}

pub(super) fn met(is: &str, plays: impl FnOnce(&mut Play)) -> String {
    let judged = judged(is, plays);
    assert_eq!(judged.met, Met::Yes, "{judged:#?}");
    judged.observed
}

pub(super) fn not_met(is: &str, plays: impl FnOnce(&mut Play)) -> String {
    let judged = judged(is, plays);
    assert_eq!(judged.met, Met::No, "{judged:#?}");
    judged.observed
}

#[test]
fn a_rung_that_must_never_come_is_told_when_it_does() {
    let is = "{ rung = \"DISPLAYED\", of = \"x\", at = \"B\", never = true }";
    let nothing = judged(is, |_| {});
    assert_eq!(
        (nothing.met, nothing.observed.as_str()),
        (Met::Undecided, "no message x was released")
    );
    let unknown = judged(is, |play| {
        play.name("x", Hash::of(b"never sent"));
    });
    assert_eq!(unknown.met, Met::Undecided, "{}", unknown.observed);
    met(is, |play| {
        play.at(1_000).send(&Draft::flash("A", "one"));
    });
    let seen = not_met(is, |play| {
        sent(play, 1_000, "one");
    });
    assert_eq!(seen, "A-0001 DISPLAYED at B at T+00:01:30.000");
}

#[test]
fn an_answer_counts_only_if_it_is_the_one_asked_for() {
    let is = "{ rung = \"ANSWERED\", of = \"x\", answer = \"ROGER\", recorded = true }";
    let answered = |answer| {
        move |play: &mut Play| {
            let m1 = sent(play, 1_000, "one");
            play.at(3_000).send(&Draft {
                refers_to: Some(m1),
                answer: Some(answer),
                ..Draft::flash("B", "an answer")
            });
        }
    };
    met(is, answered(Answer::Roger));
    let seen = not_met(is, answered(Answer::Unable));
    assert_eq!(seen, "A-0001 ANSWERED ROGER did not come");
}

#[test]
fn a_translation_counts_only_with_the_grade_asked_for() {
    let is = "{ rung = \"TRANSLATED\", grade = \"CERTIFIED\", of = \"x\", recorded = true }";
    let translated = |grade| {
        move |play: &mut Play| {
            let m1 = sent(play, 1_000, "one");
            play.at(4_000).translate("B", grade, m1);
        }
    };
    met(is, translated(3));
    let seen = not_met(is, translated(1));
    assert_eq!(seen, "A-0001 TRANSLATED CERTIFIED did not come");
}

#[test]
fn what_came_before_its_mark_is_told_as_before() {
    let is = "{ rung = \"DELIVERED\", of = \"x\", within = \"5m story\", after = \"inject 1.1.1\" }";
    let seen = not_met(is, |play| {
        sent(play, 1_000, "one");
        play.at(5_000).inject("1.1.1");
    });
    assert!(seen.ends_with("before inject 1.1.1"), "{seen}");
}

#[test]
fn a_mark_that_has_not_come_is_named() {
    let is = "{ rung = \"DELIVERED\", of = \"x\", within = \"5m story\", after = \"inject 1.1.1\" }";
    let seen = not_met(is, |play| {
        sent(play, 1_000, "one");
    });
    assert_eq!(seen, "inject 1.1.1 has not come");
}

#[test]
fn an_acceptance_lies_between_release_and_what_came_by_that_relay() {
    let is = "{ rung = \"ACCEPTED\", of = \"x\", within = \"1s line\", after = \"x.RELEASED\" }";
    let seen = met(is, |play| {
        sent(play, 1_000, "one");
    });
    assert!(
        seen.starts_with("A-0001 ACCEPTED at relay north 0.010 s line"),
        "{seen}"
    );
    // Nothing came by any relay: that it was accepted is known, and not when.
    let judged = judged(is, |play| {
        play.at(1_000).send(&Draft::flash("A", "one"));
    });
    assert_eq!(judged.met, Met::Undecided);
    assert!(
        judged.observed.ends_with("when is not known"),
        "{}",
        judged.observed
    );
}

#[test]
fn a_step_of_escalation_is_the_one_that_a_desk_signed() {
    let is = "{ step = \"SECOND_POSITION\", of = \"x\", at = \"B\", recorded = true }";
    let stepped = |step| {
        move |play: &mut Play| {
            let m1 = sent(play, 1_000, "one");
            play.at(5_000).overdue("B", step, m1);
        }
    };
    met(is, stepped(OverdueStep::SecondPosition));
    let seen = not_met(is, stepped(OverdueStep::ReAlert));
    assert_eq!(seen, "SECOND_POSITION about A-0001 did not come");
}

#[test]
fn what_a_desk_says_of_itself_counts_at_that_desk_and_about_that_message() {
    let outage = "{ said = \"PATH_OUTAGE\", at = \"A\", within = \"13s line\", after = \"inject 1.1.1\" }";
    let said = |desk, ms| {
        move |play: &mut Play| {
            play.at(1_000).inject("1.1.1");
            play.at(ms)
                .legs(desk, ServiceKind::PathOutage, &[("north/quic", BEGAN + 2_000)]);
        }
    };
    let seen = met(outage, said("A", 12_000));
    assert!(seen.starts_with("PATH_OUTAGE of A 11.000 s line"), "{seen}");
    assert!(not_met(outage, said("A", 20_000)).starts_with("PATH_OUTAGE of A 19.000 s"));
    assert_eq!(
        not_met(outage, said("B", 12_000)),
        "PATH_OUTAGE of A did not come"
    );

    let overdue = "{ said = \"OVERDUE\", at = \"B\", of = \"x\", recorded = true }";
    let stepped = not_met(overdue, |play| {
        let m1 = sent(play, 1_000, "one");
        play.at(5_000).overdue("B", OverdueStep::ReAlert, m1);
    });
    assert_eq!(
        stepped, "OVERDUE of B did not come",
        "a step is a form of its own"
    );
    met(overdue, |play| {
        let m1 = sent(play, 1_000, "one");
        play.at(5_000).unanswered("B", m1);
    });
    not_met(overdue, |play| {
        sent(play, 1_000, "one");
        let other = play.at(2_000).send(&Draft::flash("A", "another"));
        play.at(5_000).unanswered("B", other);
    });
}

#[test]
fn a_receipt_counts_only_over_the_path_asked_for() {
    let over = |path: u16| {
        format!("{{ rung = \"DELIVERED\", of = \"x\", at = \"B\", over = \"path {path}\", recorded = true }}")
    };
    let seen = met(&over(1), |play| {
        sent(play, 1_000, "one");
    });
    assert!(seen.starts_with("A-0001 DELIVERED over path 1 at B"), "{seen}");
    let seen = not_met(&over(2), |play| {
        sent(play, 1_000, "one");
    });
    assert_eq!(seen, "A-0001 DELIVERED over path 2 at B did not come");
}

#[test]
fn a_reason_counts_only_word_for_word() {
    let is =
        |text: &str| format!("{{ rung = \"DECLINED\", of = \"x\", text = \"{text}\", recorded = true }}");
    let declined = |play: &mut Play| {
        let m1 = sent(play, 1_000, "one");
        play.at(3_000)
            .act_saying("B", Rung::Declined, m1, "conditions not appropriate");
    };
    met(&is("conditions not appropriate"), declined);
    for other in ["Conditions not appropriate", "conditions not"] {
        let seen = not_met(&is(other), declined);
        assert_eq!(seen, format!("A-0001 DECLINED \"{other}\" did not come"));
    }
}

#[test]
fn an_interval_lies_between_two_marks() {
    let is = "{ interval = { from = \"x.RELEASED\", to = \"x.ACKNOWLEDGED@B\" }, within = \"3m story\" }";
    let acknowledged = |ms| {
        move |play: &mut Play| {
            let m1 = sent(play, 1_000, "one");
            play.at(ms).act("B", Rung::Acknowledged, m1);
        }
    };
    met(is, acknowledged(3_000));
    let seen = not_met(is, acknowledged(5_000));
    assert!(seen.starts_with("4 min 00.000 s story (±"), "{seen}");
    let seen = not_met(is, |play| {
        sent(play, 1_000, "one");
    });
    assert_eq!(seen, "x.ACKNOWLEDGED@B has not come");
}

#[test]
fn gaps_of_a_path_are_those_that_desks_signed() {
    let cut = |play: &mut Play| {
        let since = BEGAN + 10_000;
        play.at(11_000)
            .legs("A", ServiceKind::PathOutage, &[("north/quic", since)]);
        play.at(12_000)
            .legs("A", ServiceKind::PathOutage, &[("north/tcp", since + 1_000)]);
        let back = BEGAN + 31_000;
        play.at(31_500)
            .legs("A", ServiceKind::PathRestored, &[("north/quic", back)]);
    };
    met("{ figure = \"gaps\", is = \"== 1\" }", cut);
    let seen = not_met("{ figure = \"gaps\", is = \"== 0\" }", cut);
    assert_eq!(seen, "gaps is 1: A by north for 20000 ms");
    met("{ figure = \"gap_ms\", is = \"== 20000\" }", cut);
    not_met("{ figure = \"gap_ms\", is = \"<= 19999\" }", cut);
}

#[test]
fn messages_that_were_lost_or_shown_twice_are_counted() {
    let lost = "{ figure = \"lost\", is = \"== 0\" }";
    let twice = "{ figure = \"shown_twice\", is = \"== 0\" }";
    let well = |play: &mut Play| {
        sent(play, 1_000, "one");
    };
    met(lost, well);
    met(twice, well);
    let seen = not_met(lost, |play| {
        play.at(1_000).send_into(
            &Draft::flash("A", "one"),
            &["desk-A", "relay-north", "relay-south"],
        );
    });
    assert_eq!(seen, "lost is 1: A-0001");
    let seen = not_met(twice, |play| {
        let m1 = sent(play, 1_000, "one");
        let shown = Seen {
            shown: vec![m1.to_string(), m1.to_string()],
            ..Seen::default()
        };
        play.at(2_000).look("B", shown);
    });
    assert_eq!(seen, "shown_twice is 1: A-0001");
}

#[test]
fn a_message_that_nobody_signed_is_a_false_display() {
    let is = "{ figure = \"false_displays\", is = \"== 0\" }";
    met(is, |play| {
        sent(play, 1_000, "one");
    });
    let seen = not_met(is, |play| {
        let shown = Seen {
            shown: vec![Hash::of(b"forged").to_string()],
            ..Seen::default()
        };
        play.at(2_000).look("B", shown);
    });
    assert!(seen.starts_with("false_displays is 1: message "), "{seen}");
}

#[test]
fn a_clock_that_is_not_where_control_set_it_is_an_offset_error() {
    let text = expecting(&["{ figure = \"offset_error_ms\", is = \"<= 5\" }"]);
    let set = "[[event.incident.inject]]\nserial = \"1.1.3\"\ntitle = { en = \"B's clock\" }\nkind = \"contextual\"\n\
               method = \"clock\"\nwho = \"B\"\noffset = \"+7m\"\nat = \"2m story\"\n\n[[player]]";
    let text = text.replacen("[[player]]", set, 1);
    let shown = |ahead_ms| {
        let mut play = Play::of(&text);
        play.at(2_000).inject("1.1.3").set_clock("B", ahead_ms);
        play.at(20_000).look("B", Seen::default());
        one(&judge_of(&play), "E1").clone()
    };
    assert_eq!(shown(420_000).met, Met::Yes);
    // Control never set it, or nobody looked while it was wrong: nothing can be said.
    let mut play = Play::of(&text);
    play.at(20_000).look("B", Seen::default());
    assert_eq!(one(&judge_of(&play), "E1").met, Met::Undecided);
    let mut play = Play::of(&text);
    play.at(1_000).look("B", Seen::default());
    play.at(2_000).inject("1.1.3").set_clock("B", 420_000);
    let unseen = one(&judge_of(&play), "E1").clone();
    assert_eq!(unseen.met, Met::Undecided, "{}", unseen.observed);
    let wrong = shown(419_000);
    assert_eq!(wrong.met, Met::No);
    assert!(
        wrong.observed.starts_with("offset_error_ms is 993"),
        "{}",
        wrong.observed
    );
}

#[test]
fn an_offset_error_is_more_than_all_looks_leave_open_that_say_where_the_clock_stood() {
    let text = expecting(&["{ figure = \"offset_error_ms\", is = \"== 0\" }"]);
    let set = "[[event.incident.inject]]\nserial = \"1.1.3\"\ntitle = { en = \"B's clock\" }\nkind = \"contextual\"\n\
               method = \"clock\"\nwho = \"B\"\noffset = \"+7m\"\nat = \"2m story\"\n\n[[player]]";
    let text = text.replacen("[[player]]", set, 1);
    let slow = |play: &mut Play, at: u64, ahead_ms: i64, half: u32| {
        let read = (play.at(at).wall() - u64::from(half)).checked_add_signed(ahead_ms);
        let seen = Seen {
            wall_ms: Some((read.unwrap(), half)),
            ..Seen::default()
        };
        let desk = "B".into();
        play.record(Kind::Observed {
            desk,
            seen: Box::new(seen),
        });
    };
    // The last look before was slow, and wrong by all that it leaves open; an earlier one was not.
    let mut play = Play::of(&text);
    slow(&mut play, 1_900, -40, 40);
    play.at(2_000).inject("1.1.3").set_clock("B", 420_000);
    play.at(20_000).look("B", Seen::default());
    let judged = one(&judge_of(&play), "E1").clone();
    assert_eq!(judged.met, Met::Yes, "{}", judged.observed);
    // There is none but slow ones: its clock was wrong by itself before, and right again.
    let slow_only = |ahead_ms| {
        let mut play = Play::of(&text);
        play.at(500).set_clock("B", -60_000).look("B", Seen::default());
        slow(&mut play, 1_900, -40, 40);
        play.at(2_000).inject("1.1.3").set_clock("B", ahead_ms);
        play.at(20_000).look("B", Seen::default());
        one(&judge_of(&play), "E1").clone()
    };
    assert_eq!(slow_only(420_000).met, Met::Yes);
    let judged = slow_only(421_000);
    assert_eq!(judged.met, Met::No, "{}", judged.observed);
    // Control asked for it and never heard that it was done: where the clock stood then nobody can say.
    let mut play = Play::of(&text);
    for (at, status) in [(2_000, InjectStatus::Firing), (2_500, InjectStatus::Failed)] {
        play.at(at).record(Kind::Inject {
            serial: "1.1.3".into(),
            status,
            what: String::new(),
        });
    }
    play.set_clock("B", 420_000);
    play.at(20_000).look("B", Seen::default());
    let judged = one(&judge_of(&play), "E1").clone();
    assert_eq!(judged.met, Met::Undecided, "{}", judged.observed);
}

#[test]
fn the_same_text_must_be_signed_at_both_desks() {
    let is = "{ text_identical = [\"A\", \"B\"], of = \"x\" }";
    let both = |other: &'static str| {
        move |play: &mut Play| {
            play.at(1_000).send(&Draft::flash("A", "withdraw ten miles"));
            play.at(2_000).send(&Draft::flash("B", other));
        }
    };
    met(is, both("withdraw ten miles"));
    let seen = not_met(is, both("withdraw ten  miles"));
    assert_eq!(seen, "B has signed no message with the text of A-0001");
}

#[test]
fn a_seat_must_have_stated_the_very_judgement() {
    let is = "{ stated = \"cause\", by = \"B\", is = \"WATCH_UNMANNED\" }";
    let stated = |said: &'static str| {
        move |play: &mut Play| {
            play.at(1_000).record(Kind::Stated {
                seat: "B".into(),
                what: "cause".into(),
                is: said.into(),
            });
        }
    };
    met(is, stated("WATCH_UNMANNED"));
    assert_eq!(not_met(is, stated("PATH_CUT")), "B stated cause: PATH_CUT");
    assert_eq!(not_met(is, |_| {}), "B stated nothing about cause");
}
