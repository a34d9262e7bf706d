//! What a plan file promises to whoever writes one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::SocketAddr;

use super::*;
use crate::live::{Listen, Proxy};

const GOOD: &str = r#"
[[faults]]
at = "0ms"
for = "40ms"
fault = "latency"
ms = 100
name = "slow"

[[faults]]
at = "20ms"
link = "udp"
fault = "cut"
direction = "up"
"#;

const LINKS: [(&str, Protocol); 2] = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp)];

/// What is said about a plan that is wrong: reading it, or checking it against a UDP and a TCP link.
fn said(text: &str) -> String {
    match Plan::parse("plan.toml", text) {
        Err(errors) => errors.to_string(),
        Ok(plan) => plan
            .check_against(&LINKS, Standing::new())
            .unwrap_err()
            .to_string(),
    }
}

/// A plan of one fault; `{}` is replaced.
fn one(lines: &str) -> String {
    format!("[[faults]]\nat = \"1s\"\n{lines}\n")
}

#[test]
fn a_good_plan_is_read_whole() {
    let plan = Plan::parse("plan.toml", GOOD).unwrap();
    plan.check_against(&LINKS, Standing::new()).unwrap();
    let [slow, cut] = plan.steps() else { panic!() };
    assert_eq!(
        (slow.name.as_str(), slow.lasts),
        ("slow", Some(Duration::from_millis(40)))
    );
    assert_eq!((cut.name.as_str(), cut.link.as_deref()), ("plan-2", Some("udp")));
    assert_eq!(plan.ends(), Duration::from_millis(40));
}

#[test]
fn an_error_names_file_line_and_key_with_a_caret_under_the_text() {
    let text = one("fault = \"loss\"\nshare = \"30\"");
    let expected = "plan.toml, line 4, faults[1].share: \"30\" has no unit; write a share like 30% or 0.5%\n  \
                    4 | share = \"30\"\n    |         ^^^^";
    assert_eq!(said(&text), expected);
}

#[test]
fn every_kind_of_mistake_is_said_at_its_place() {
    for (lines, line, key, part) in [
        ("fault = \"lateness\"", 3, "faults[1].fault", "latency"),
        ("fault = \"loss\"", 3, "faults[1].fault", "share=30%"),
        (
            "fault = \"loss\"\nshare = \"30%\"\ncolour = \"red\"",
            5,
            "faults[1].colour",
            "has no \"colour\"",
        ),
        ("fault = \"cut\"\nfor = \"10\"", 4, "faults[1].for", "no unit"),
        (
            "fault = \"cut\"\nfor = \"0s\"",
            4,
            "faults[1].for",
            "longer than nothing",
        ),
        (
            "fault = \"cut\"\ndirection = \"left\"",
            4,
            "faults[1].direction",
            "up, down or both",
        ),
        (
            "fault = \"cut\"\nlink = \"quic\"",
            4,
            "faults[1].link",
            "there are tcp, udp",
        ),
        (
            "fault = \"cut\"\nlink = [1]",
            4,
            "faults[1].link",
            "a text or a number",
        ),
        (
            "fault = \"reset_peer\"\nlink = \"udp\"",
            3,
            "faults[1].fault",
            "use cut",
        ),
        (
            "fault = \"partition\"\ndirection = \"up\"",
            3,
            "faults[1].fault",
            "both ways",
        ),
        (
            "fault = \"latency\"\ndelay = \"25s\"",
            3,
            "faults[1].fault",
            "at most 20s",
        ),
        ("for = \"1s\"", 1, "faults[1].fault", "a fault needs \"fault\""),
        ("fault = \"cut", 3, "", ""),
    ] {
        let said = said(&one(lines));
        assert!(said.starts_with(&format!("plan.toml, line {line}")), "{said}");
        assert!(said.contains(key) && said.contains(part), "{said}");
        assert!(said.ends_with('^'), "{said}");
    }
}

#[test]
fn a_plan_without_faults_or_with_other_keys_is_refused() {
    assert!(said("").contains("at least one"));
    assert!(said("faults = 3").contains("a list"));
    assert!(said("fault = []\n[[faults]]\nat = \"1s\"\nfault = \"cut\"").contains("no \"fault\""));
    assert!(said("[[faults]]\nfault = \"cut\"").contains("\"at\""));
}

#[test]
fn all_mistakes_are_said_at_once() {
    let text = format!(
        "{}{}",
        one("fault = \"loss\"\nshare = \"3\""),
        one("fault = \"cut\"\nfor = \"3\"")
    );
    let Err(PlanErrors(all)) = Plan::parse("plan.toml", &text) else {
        panic!()
    };
    assert_eq!(all.iter().map(|error| error.line).collect::<Vec<_>>(), [4, 8]);
}

#[test]
fn faults_that_would_meet_and_do_not_combine_are_refused_and_those_that_follow_are_not() {
    let burst = |at: &str, name: &str| {
        format!(
            "[[faults]]\nat = \"{at}\"\nfor = \"10s\"\nname = \"{name}\"\nfault = \"burst\"\nbegins = \"1%\"\nends = \"20%\"\n"
        )
    };
    let meets = said(&format!("{}{}", burst("0s", "a"), burst("5s", "b")));
    assert!(
        meets.contains("line 12") && meets.contains("at 5s on tcp"),
        "{meets}"
    );
    let follows = format!("{}{}", burst("0s", "a"), burst("10s", "a"));
    Plan::parse("f", &follows)
        .unwrap()
        .check_against(&LINKS, Standing::new())
        .unwrap();
    let same_name = said(&format!(
        "{}{}",
        burst("0s", "a"),
        one("fault = \"cut\"\nname = \"a\"")
    ));
    assert!(same_name.contains("there is a fault a already"), "{same_name}");
}

#[test]
fn the_plans_of_this_room_are_what_they_say_on_every_link() {
    for (text, delay_ms) in [
        (include_str!("../../plans/lossy-30.toml"), 15),
        (include_str!("../../plans/satellite-2s-30.toml"), 1_000),
    ] {
        let plan = Plan::parse("plan.toml", text).unwrap();
        plan.check_against(&LINKS, Standing::new()).unwrap();
        let both_ways = plan.steps().iter().all(|step| step.direction == Direction::Both);
        assert!(both_ways && plan.ends().is_zero());
        let faults: Vec<&Fault> = plan.steps().iter().map(|step| &step.fault).collect();
        let latency = Fault::Latency {
            by: Duration::from_millis(delay_ms),
            jitter: Duration::ZERO,
        };
        assert_eq!(faults, [&latency, &Fault::Loss { share: 0.3 }]);
    }
}

#[test]
fn one_name_on_two_links_at_once_is_refused_and_one_after_the_other_is_not() {
    let cut = |at: &str, link: &str| {
        format!(
            "[[faults]]\nat = \"{at}\"\nfor = \"5s\"\nlink = \"{link}\"\nfault = \"cut\"\nname = \"away\"\n"
        )
    };
    let meets = said(&format!("{}{}", cut("0s", "udp"), cut("3s", "tcp")));
    assert!(
        meets.contains("line 12") && meets.contains("faults[2].name") && meets.contains("on udp already"),
        "{meets}"
    );
    assert!(meets.ends_with('^'), "{meets}");
    let follows = format!("{}{}", cut("0s", "udp"), cut("5s", "tcp"));
    let plan = Plan::parse("f", &follows).unwrap();
    plan.check_against(&LINKS, Standing::new()).unwrap();
}

#[test]
fn more_faults_at_once_than_a_proxy_takes_are_refused_before_anything_is_played() {
    let all = |count: usize| "[[faults]]\nat = \"1s\"\nlink = \"udp\"\nfault = \"cut\"\n".repeat(count);
    let most = Plan::parse("f", &all(64)).unwrap();
    most.check_against(&LINKS, Standing::new()).unwrap();
    let told = said(&all(65));
    assert!(
        told.contains("faults[65].fault") && told.contains("64 faults are in force already"),
        "{told}"
    );
    assert!(told.ends_with('^'), "{told}");
}

#[tokio::test]
async fn a_plan_is_played_in_time_and_its_ends_come() {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let mut rig = Rig::new();
    rig.insert("udp", Proxy::start(Listen::Udp(any), any, 1).await.unwrap());
    let plan = Plan::parse("plan.toml", GOOD).unwrap();
    plan.check(&rig).unwrap();
    let mut happened = Vec::new();
    plan.play(&rig, |what| happened.push((what.at_ms, what.what, what.name)))
        .await;
    let expected = [
        (0, "began", "slow"),
        (20, "began", "plan-2"),
        (40, "ended", "slow"),
    ];
    assert_eq!(
        happened,
        expected.map(|(at, what, name)| (at, what, name.to_owned()))
    );
    let left = rig.link("udp").unwrap().list();
    assert_eq!(
        left.iter().map(|named| named.name.as_str()).collect::<Vec<_>>(),
        ["plan-2"]
    );
    assert!(
        plan.check(&rig)
            .unwrap_err()
            .to_string()
            .contains("plan-2 already")
    );
}
