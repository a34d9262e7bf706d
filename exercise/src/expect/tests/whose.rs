//! Claims about a third state, and orders of releasers.

use hotline_core::duty::OrderVerb;

use super::{
    forms::{met, not_met},
    *,
};

const THIRD: &str = "{ third = \"Caldria\", of = \"x\" }";

fn says(text: &'static str) -> impl FnOnce(&mut Play) {
    move |play: &mut Play| {
        sent(play, 1_000, text);
    }
}

#[test]
fn what_is_said_of_a_third_state_is_marked_as_its_own_line_by_line() {
    let good = "OURS: one aircraft\n\nYOURS: one ship\nTHIRD(Caldria): one vessel of Caldria";
    let seen = met(THIRD, says(good));
    assert_eq!(
        seen,
        "1 messages and translations name Caldria, and mark it THIRD(Caldria)"
    );
    for (text, line) in [
        ("OURS: the vessel of Caldria", "says something of Caldria"),
        ("YOURS: the vessel of Caldria", "says something of Caldria"),
        ("THIRD(Boreal): a vessel of Caldria", "says something of Caldria"),
        ("YOURS: a vessel of CALDRIA", "says something of Caldria"),
        (
            "OURS: one aircraft\nthe vessel of Caldria",
            "is marked neither OURS nor YOURS nor THIRD",
        ),
    ] {
        let seen = not_met(THIRD, says(text));
        assert!(seen.contains(line), "{text}: {seen}");
    }
    assert_eq!(
        not_met(THIRD, says("OURS: one aircraft")),
        "nobody said anything of Caldria"
    );
}

#[test]
fn every_message_and_translation_counts_that_names_the_third_state() {
    let is = "{ third = \"Caldria\" }";
    let and = |more: &'static str| {
        move |play: &mut Play| {
            sent(play, 1_000, "THIRD(Caldria): one vessel");
            play.at(2_000).send(&Draft::flash("B", more));
        }
    };
    met(is, and("where was it?"));
    not_met(is, and("your ally Caldria has rammed us"));
    met("{ third = \"KESTREL\" }", |play| {
        sent(play, 1_000, "THIRD(KESTREL): one aircraft");
    });
    // The translation of the test's players names it, and marks nothing.
    let seen = not_met("{ third = \"KESTREL\" }", |play| {
        let m1 = sent(play, 1_000, "THIRD(KESTREL): one aircraft");
        play.at(3_000).translate("B", 1, m1);
    });
    assert!(seen.contains("KESTREL 2 ve-orun narst"), "{seen}");
}

#[test]
fn a_message_may_be_found_by_what_it_refers_to() {
    let text = expecting(&["{ rung = \"ANSWERED\", of = \"x\", recorded = true }"])
        + "[[expect]]\nid = \"R1\"\ntitle = { en = \"its answer\" }\n\
           of = { from = \"B\", refers_to = \"x\", as = \"y\" }\nis = { rung = \"RELEASED\", recorded = true }\n";
    let mut play = Play::of(&text);
    let m1 = sent(&mut play, 1_000, "one");
    play.at(1_500).send(&Draft::flash("B", "something else"));
    play.at(1_600).endex();
    assert_eq!(one(&judge_of(&play), "R1").met, Met::No);
    let mut play = Play::of(&text);
    let again = sent(&mut play, 1_000, "one");
    assert_eq!(again, m1);
    play.at(3_000).send(&Draft {
        refers_to: Some(m1),
        answer: Some(hotline_core::words::Answer::Roger),
        ..Draft::flash("B", "an answer")
    });
    let judged = judge_of(&play);
    let found = one(&judged, "R1");
    assert_eq!(found.met, Met::Yes, "{found:#?}");
    assert!(
        found.observed.starts_with("B-0003 RELEASED"),
        "{}",
        found.observed
    );
}

#[test]
fn an_order_counts_at_the_desk_that_signed_it_and_about_its_channel() {
    let ordered = |at: &'static str, channel: &'static str| {
        move |play: &mut Play| {
            play.at(1_000).order(at, OrderVerb::Suspend, channel);
        }
    };
    let is = "{ ordered = \"SUSPEND\", at = \"B\", channel = \"MARITIME\", recorded = true }";
    met(is, ordered("B", "MARITIME"));
    // One that somebody else has signed orders nothing.
    not_met(is, |play: &mut Play| {
        play.at(1_000)
            .order_by("B", |side| &side.auditor, OrderVerb::Suspend, "MARITIME");
    });
    // An order about all of the line is about each channel.
    met(is, ordered("B", ""));
    assert_eq!(
        not_met(is, ordered("A", "MARITIME")),
        "SUSPEND of MARITIME by B did not come"
    );
    not_met(is, ordered("B", "POLICY"));
    met(
        "{ ordered = \"SUSPEND\", at = \"B\", recorded = true }",
        ordered("B", "POLICY"),
    );
    not_met(
        "{ ordered = \"SEVER\", at = \"B\", recorded = true }",
        ordered("B", ""),
    );
}

#[test]
fn two_restorations_agree_only_if_one_names_the_other_sides_of_the_same_channel() {
    let is = "{ ordered = \"RESTORE\", at = \"A\", channel = \"MARITIME\", agrees = true, recorded = true }";
    let restores = |first: (&'static str, &'static str), names: bool| {
        move |play: &mut Play| {
            let first = play.at(1_000).order(first.0, OrderVerb::Restore, first.1);
            let to = Some(first).filter(|_| names);
            play.at(2_000)
                .order_to(("A", |side| &side.officer), OrderVerb::Restore, "MARITIME", to);
        }
    };
    met(is, restores(("B", "MARITIME"), true));
    let seen = not_met(is, restores(("B", "MARITIME"), false));
    assert!(seen.contains("agrees to the other side"), "{seen}");
    // Of the own side, or about something else.
    not_met(is, restores(("A", "MARITIME"), true));
    not_met(is, restores(("B", "POLICY"), true));
    met(
        "{ ordered = \"RESTORE\", at = \"A\", channel = \"MARITIME\", recorded = true }",
        restores(("B", "MARITIME"), false),
    );
}
