//! Each form of expectation against signed evidence: met, not met, undecided.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod attacks;
mod duress;
mod foreign;
mod forms;
mod labels;
mod logs;
mod missing;
mod over;
mod s1;
mod seen;
mod whose;

use hotline_audit::Hash;
use hotline_core::words::Rung;

use super::*;
use crate::{
    record::Kind,
    scenario,
    testing::{Draft, Play},
};

/// A scenario of S1's cast with these expectations, each the value of an `is`.
fn expecting(is: &[&str]) -> String {
    let text = scenario::shipped::by_id("S1").unwrap().text;
    let (cast, _) = text.split_once("[[expect]]").unwrap();
    // The contingency of the cast asks for E1.
    let any = ["{ rung = \"RELEASED\", of = \"x\", recorded = true }"];
    let is = if is.is_empty() { &any } else { is };
    let expects = is.iter().enumerate().map(|(n, is)| {
        format!(
            "[[expect]]\nid = \"E{}\"\ntitle = {{ en = \"it\" }}\nis = {is}\n",
            n + 1
        )
    });
    // A name that is only filtered for, so that any message can be called `x`.
    let named = "[[expect]]\nid = \"N1\"\ntitle = { en = \"named\" }\nof = { from = \"A\", as = \"x\" }\n\
                 is = { rung = \"RELEASED\", recorded = true }\n";
    format!("{cast}{}{named}", expects.collect::<String>())
}

/// What became of these expectations in a play.
fn judge_of(play: &Play) -> Vec<Judged> {
    let timeline = play.timeline();
    let scenario = play.evidence().scenario;
    judge(&scenario, None, StageKind::Headless, &timeline)
}

fn one<'j>(judged: &'j [Judged], id: &str) -> &'j Judged {
    judged.iter().find(|judged| judged.id == id).unwrap()
}

/// Sends a message, has it DELIVERED and DISPLAYED at B.
fn sent(play: &mut Play, ms: u64, text: &str) -> Hash {
    let message = play.at(ms).send(&Draft::flash("A", text));
    play.at(ms + 20).receipt("B", Rung::Delivered, message);
    play.at(ms + 500).receipt("B", Rung::Displayed, message);
    message
}

#[test]
fn what_is_not_asked_on_this_stage_is_neither_met_nor_failed() {
    let mut text = expecting(&["{ rung = \"DISPLAYED\", of = \"x\", recorded = true }"]);
    text = text.replacen("id = \"E1\"\n", "id = \"E1\"\nstages = [\"simulated\"]\n", 1);
    let play = Play::of(&text);
    let judged = judge_of(&play);
    assert_eq!(one(&judged, "E1").met, Met::NotAsked);
    assert!(
        failed(&judged, StageKind::Headless)
            .iter()
            .all(|judged| judged.id != "E1")
    );
}

#[test]
fn where_people_play_only_what_must_be_met_fails_the_exercise() {
    let mut text = expecting(&[
        "{ rung = \"DISPLAYED\", of = \"x\", recorded = true }",
        "{ rung = \"ALERTED\", of = \"x\", recorded = true }",
    ]);
    text = text.replacen("id = \"E2\"\n", "id = \"E2\"\nmust = true\n", 1);
    let mut play = Play::of(&text);
    play.at(500).send(&Draft::flash("B", "another side's"));
    play.at(1_000).endex();
    let judged = judge_of(&play);
    let ids = |stage| -> Vec<String> {
        failed(&judged, stage)
            .iter()
            .map(|judged| judged.id.clone())
            .collect()
    };
    assert_eq!(ids(StageKind::Live), ["E2"]);
    assert_eq!(ids(StageKind::Headless), ["E1", "E2", "N1"]);
}

#[test]
fn points_are_had_whole_or_not_at_all() {
    let mut text = expecting(&["{ rung = \"DISPLAYED\", of = \"x\", recorded = true }"]);
    text = text.replacen("id = \"E1\"\n", "id = \"E1\"\nscore = 20\n", 1);
    let mut play = Play::of(&text);
    assert_eq!(one(&judge_of(&play), "E1").got, 0);
    sent(&mut play, 1_000, "one");
    let judged = judge_of(&play);
    assert_eq!((one(&judged, "E1").got, one(&judged, "E1").score), (20, 20));
}

#[test]
fn a_message_that_nobody_named_is_found_by_its_filter() {
    let mut play = Play::of(&expecting(&[
        "{ rung = \"DELIVERED\", of = \"x\", at = \"B\", recorded = true }",
    ]));
    play.at(500).send(&Draft::flash("B", "another side's"));
    sent(&mut play, 1_000, "one");
    let judged = judge_of(&play);
    assert_eq!(one(&judged, "E1").met, Met::Yes, "{:?}", one(&judged, "E1"));
}

#[test]
fn a_name_that_control_wrote_down_goes_before_a_filter() {
    let mut play = Play::of(&expecting(&[
        "{ rung = \"DELIVERED\", of = \"x\", at = \"B\", recorded = true }",
    ]));
    sent(&mut play, 1_000, "one");
    let other = play.at(2_000).send(&Draft::flash("A", "two"));
    play.name("x", other);
    let judged = judge_of(&play);
    assert_eq!(one(&judged, "E1").met, Met::No, "{:?}", one(&judged, "E1"));
}

#[test]
fn the_common_expectations_are_met_by_a_play_in_which_nothing_is_wrong() {
    let mut play = Play::of(&expecting(&[]));
    sent(&mut play, 1_000, "one");
    play.at(2_000).endex();
    let judged = judge_of(&play);
    for id in ["C1", "C2", "C3", "C4", "C5", "C6", "C7"] {
        assert_eq!(one(&judged, id).met, Met::Yes, "{:?}", one(&judged, id));
    }
    assert!(one(&judged, "C1").observed.contains("1 open at ENDEX: A-0001"));
}

#[test]
fn a_message_that_ended_in_two_ways_is_named() {
    let mut play = Play::of(&expecting(&[]));
    let m1 = sent(&mut play, 1_000, "one");
    play.at(2_000).act("B", Rung::Declined, m1);
    let answer = Draft {
        refers_to: Some(m1),
        answer: Some(hotline_core::words::Answer::Roger),
        ..Draft::flash("B", "roger")
    };
    play.at(3_000).send(&answer);
    let judged = judge_of(&play);
    let c1 = one(&judged, "C1");
    assert_eq!(
        (c1.met, c1.observed.as_str()),
        (Met::No, "ended in two ways: A-0001")
    );
}

#[test]
fn a_message_that_was_shown_twice_is_named() {
    let mut play = Play::of(&expecting(&[]));
    let m1 = sent(&mut play, 1_000, "one");
    play.at(2_000).receipt("B", Rung::Displayed, m1);
    let judged = judge_of(&play);
    let c2 = one(&judged, "C2");
    assert_eq!(
        (c2.met, c2.observed.as_str()),
        (Met::No, "shown_twice is 1: A-0001")
    );
    assert!(!c2.leaves.is_empty());
}

#[test]
fn a_message_that_was_accepted_and_never_came_is_named() {
    let mut play = Play::of(&expecting(&[]));
    play.at(1_000)
        .send_into(&Draft::flash("A", "one"), &["desk-A", "relay-north"]);
    let judged = judge_of(&play);
    let c3 = one(&judged, "C3");
    assert_eq!((c3.met, c3.observed.as_str()), (Met::No, "lost is 1: A-0001"));
}

#[test]
fn a_log_that_does_not_verify_is_named_with_its_entry() {
    let mut play = Play::of(&expecting(&[]));
    sent(&mut play, 1_000, "one");
    *play.logs.get_mut("relay-south").unwrap()[0].last_mut().unwrap() ^= 1;
    let judged = judge_of(&play);
    let c4 = one(&judged, "C4");
    assert_eq!(c4.met, Met::No);
    assert!(
        c4.observed.starts_with("relay-south: #0 BAD_SIGNATURE"),
        "{}",
        c4.observed
    );
}

#[test]
fn another_scenario_than_startex_names_does_not_rebuild_the_report() {
    let mut play = Play::of(&expecting(&[]));
    play.at(1_000).endex();
    play.scenario.push_str("# another\n");
    let judged = judge_of(&play);
    let c5 = one(&judged, "C5");
    assert_eq!(c5.met, Met::No);
    assert!(c5.observed.contains("scenario"), "{}", c5.observed);
}
