//! What is said of witnesses, from logs that have some.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::{
    expect,
    report::build,
    scenario::lists::StageKind,
    testing::{BEGAN, Draft, Play},
};

/// Relay south writes down what it has seen of relay north's log so far, cosigned at this second of the exercise.
fn anchor(play: &mut Play, second: u64) {
    let log = play.world.log("relay-north", play.logs["relay-north"].clone());
    let entry = play.world.anchor(1, &log, BEGAN / 1_000 + second);
    play.logs.get_mut("relay-south").unwrap().push(entry);
}

fn lines(play: &Play) -> Vec<String> {
    let (evidence, timeline) = (play.evidence(), play.timeline());
    let judged = expect::judge(&evidence.scenario, None, StageKind::Headless, &timeline);
    build(&evidence, &timeline, &judged).integrity.cosignatures
}

fn about(lines: &[String], words: &str) -> String {
    let found: Vec<&String> = lines.iter().filter(|line| line.contains(words)).collect();
    assert_eq!(found.len(), 1, "{words}: {lines:#?}");
    found[0].clone()
}

#[test]
fn what_a_witness_has_cosigned_is_told_with_when_how_far_apart_and_how_much_of_the_log() {
    let mut play = Play::s1();
    for (ms, second) in [(1_000, 1), (20_000, 20), (30_000, 31)] {
        play.at(ms).send(&Draft::flash("A", "are you there"));
        anchor(&mut play, second);
    }
    play.at(40_000).send(&Draft::flash("A", "one more"));
    let lines = lines(&play);
    let told = about(&lines, "cosigned by");
    assert!(
        told.starts_with("relay-north: 3 checkpoints cosigned by relay south of B as witness, from "),
        "{told}"
    );
    assert!(
        told.contains("at most 19 s and 1 entries") && told.ends_with("holds 3 of 4 entries."),
        "{told}"
    );
    about(&lines, "relay-south: not witnessed");
    about(&lines, "relay-north: no conflicting checkpoint");
    about(&lines, "relay-south: no conflicting checkpoint");
}

#[test]
fn a_cosigned_checkpoint_that_is_not_of_the_log_is_told_as_another_history() {
    let mut play = Play::s1();
    play.at(1_000).send(&Draft::flash("A", "are you there"));
    anchor(&mut play, 1);
    // What north hands in later is another log than the one that was cosigned.
    play.logs.get_mut("relay-north").unwrap().clear();
    play.at(2_000).send(&Draft::flash("A", "I said nothing else"));
    about(
        &lines(&play),
        "relay-north: 1 signed checkpoints are NOT of this log",
    );
}

#[test]
fn a_checkpoint_of_more_entries_than_the_log_has_says_that_its_end_is_missing_and_accuses_nobody_of_a_fork() {
    let mut play = Play::s1();
    play.at(1_000).send(&Draft::flash("A", "are you there"));
    anchor(&mut play, 1);
    play.at(2_000).send(&Draft::flash("A", "and now"));
    anchor(&mut play, 2);
    // What north hands in has lost its newest entry.
    play.logs.get_mut("relay-north").unwrap().truncate(1);
    let lines = lines(&play);
    let told = about(&lines, "TRUNCATED");
    assert!(
        told.starts_with("relay-north: TRUNCATED: 1 signed checkpoints")
            && told.ends_with("the largest of 2."),
        "{told}"
    );
    about(&lines, "relay-north: no conflicting checkpoint is known.");
    assert!(
        lines.iter().all(|line| !line.contains("another history")),
        "{lines:#?}"
    );
}

#[test]
fn that_a_witness_refused_is_told_with_its_reason() {
    let mut play = Play::s1();
    play.at(1_000).send(&Draft::flash("A", "are you there"));
    let north = &play.world.sides[0].relay_log;
    let refused = CosignRefused {
        relay: north.identity.clone(),
        key_statement: north.key_statement,
        witness: "exercise.borenia.example/relay/south/witness".into(),
        size: 1,
        reason: 1,
        status: 0,
        claimed_time_ms: BEGAN + 3_000,
        since_ms: BEGAN + 2_000,
    };
    let entry = north.sign(PayloadType::CosignRefused, &refused.encode());
    play.logs.get_mut("relay-north").unwrap().push(entry);
    let told = about(&lines(&play), "did not cosign");
    assert!(
        told.contains("UNREACHABLE") && told.ends_with("1 times."),
        "{told}"
    );
}
