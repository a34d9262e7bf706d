//! What can be read and cannot be played is found, each with its place.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::scenario::{parse, shipped};

mod codes;
mod faults;
mod reach;
mod roles;

const S1: &str = shipped::ALL[0].text;

fn checked(text: &str) -> Vec<Code> {
    let scenario = parse("S1.toml", text).unwrap_or_else(|errors| panic!("{errors}"));
    check(&scenario).iter().map(|finding| finding.code).collect()
}

/// What is found in S1 with one place changed, each as it is told.
fn told(from: &str, to: &str) -> Vec<String> {
    assert!(S1.contains(from), "S1 has no {from}");
    told_of(&S1.replacen(from, to, 1))
}

fn told_of(text: &str) -> Vec<String> {
    let scenario = parse("S1.toml", text).unwrap_or_else(|errors| panic!("{errors}"));
    check(&scenario).iter().map(ToString::to_string).collect()
}

/// The only thing that is found in S1 with one place changed.
fn one(from: &str, to: &str) -> String {
    let told = told(from, to);
    assert_eq!(told.len(), 1, "{from} -> {to}: {told:#?}");
    told.concat()
}

/// S1 with two more injects of these keys.
fn with(first: &str, second: &str) -> String {
    let inject = |n: u32, keys: &str| {
        format!(
            "[[event.incident.inject]]\nserial = \"1.1.{n}\"\ntitle = {{ en = \"More\" }}\nkind = \"contextual\"\n\
             category = \"ACCIDENTAL\"\n{keys}\n"
        )
    };
    let more = inject(20, first) + &inject(21, second);
    S1.replacen("[[player]]", &format!("{more}\n[[player]]"), 1)
}

#[test]
fn each_shipped_scenario_can_be_played() {
    for shipped in shipped::ALL {
        let scenario = parse(shipped.file, shipped.text).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(check(&scenario), []);
    }
}

#[test]
fn an_inject_beyond_the_end_or_behind_itself_is_found() {
    assert_eq!(
        checked(&S1.replacen("at = \"1m story\"", "at = \"31m story\"", 1))[0],
        Code::Unreachable
    );
    let hand = |after| format!("method = \"hand\"\nafter = \"{after}\"\nwait = \"1s story\"");
    let circle = with(&hand("inject 1.1.21"), &hand("inject 1.1.20"));
    assert_eq!(checked(&circle), [Code::Unreachable, Code::Unreachable]);
    let end = with(&hand("ENDEX"), &hand("inject 1.1.1"));
    assert_eq!(checked(&end), [Code::Unreachable]);
}

#[test]
fn two_deeds_on_one_process_at_one_moment_are_found() {
    let deed = |deed| format!("method = \"process\"\ndeed = \"{deed}\"\nwho = \"north\"\nat = \"5m story\"");
    assert_eq!(checked(&with(&deed("kill"), &deed("start"))), [Code::Overlap]);
}

#[test]
fn a_desk_without_a_script_is_found_where_nobody_sits() {
    let seat = "  { name = \"control\",";
    let more = "  { name = \"B9\", kind = \"desk\", desk = \"B\", scripted = \"if-empty\" },\n";
    let text = S1.replacen(seat, &format!("{more}{seat}"), 1);
    assert_eq!(checked(&text), [Code::NoScript]);
}

#[test]
fn an_expectation_that_nothing_can_fulfil_is_found() {
    for (from, to) in [
        ("after = \"m1.RELEASED\"", "after = \"ENDEX\""),
        ("to = \"r1.PRESENTED@A\"", "to = \"m1.RELEASED\""),
    ] {
        assert_eq!(checked(&S1.replacen(from, to, 1)), [Code::Expectation]);
    }
    let live = S1.replacen(
        "allowed = [\"live\", \"headless\", \"simulated\"]",
        "allowed = [\"live\"]",
        1,
    );
    let asked = live.replacen("score = 20", "score = 20\nstages = [\"headless\"]", 1);
    assert_eq!(checked(&asked), [Code::Expectation]);
}
