//! What a security officer's watch told, and whether anybody else was told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::record::Seen;

fn told(what: &str) -> Kind {
    Kind::Duress {
        seat: "security-A".into(),
        officer: "lindqvist".into(),
        what: what.into(),
        noted_ms: 1,
    }
}

fn named(play: &mut Play, alias: &str, message: Hash) {
    play.record(Kind::Named {
        alias: alias.into(),
        message: message.to_string(),
    });
}

#[test]
fn a_second_passphrase_counts_when_control_was_told_and_by_when() {
    let text = expecting(&[
        "{ duress = \"lindqvist\", within = \"2s line\", after = \"x.RELEASED\" }",
        "{ duress = \"lindqvist\", never = true, during = { from = \"STARTEX\", to = \"x.RELEASED\" } }",
        "{ duress = \"okoye\", recorded = true }",
    ]);
    let met = |at_ms: u64, what: &str| {
        let mut play = Play::of(&text);
        sent(&mut play, 10_000, "written under duress");
        play.at(at_ms).record(told(what));
        let judged = judge_of(&play);
        ["E1", "E2", "E3"].map(|id| one(&judged, id).met)
    };
    assert_eq!(met(10_600, "DURESS"), [Met::Yes, Met::Yes, Met::No]);
    assert_eq!(met(13_000, "DURESS"), [Met::No, Met::Yes, Met::No], "too late");
    assert_eq!(
        met(5_000, "DURESS"),
        [Met::No, Met::No, Met::No],
        "before it was typed"
    );
    assert_eq!(
        met(10_600, "LOST"),
        [Met::No, Met::Yes, Met::No],
        "notes that are gone are no alarm of it"
    );
}

#[test]
fn a_second_passphrase_is_told_by_the_own_security_officer_and_by_nobody_else() {
    let text = expecting(&["{ duress = \"lindqvist\", recorded = true }"]);
    for (from, met) in [
        ("security-A", Met::Yes),
        ("security-B", Met::No),
        ("A", Met::No),
        ("attacker-echo", Met::No),
    ] {
        let mut play = Play::of(&text);
        let Kind::Duress {
            officer,
            what,
            noted_ms,
            ..
        } = told("DURESS")
        else {
            panic!("it is one")
        };
        let seat = from.to_owned();
        play.at(1_000).record(Kind::Duress {
            seat,
            officer,
            what,
            noted_ms,
        });
        assert_eq!(one(&judge_of(&play), "E1").met, met, "{from}");
    }
}

#[test]
fn that_nothing_was_told_is_not_known_where_the_watch_had_died() {
    let text = expecting(&[
        "{ duress = \"lindqvist\", never = true }",
        "{ duress = \"lindqvist\", never = true, during = { from = \"STARTEX\", to = \"x.RELEASED\" } }",
    ]);
    let met = |at_ms: u64, who: &str| {
        let mut play = Play::of(&text);
        play.at(at_ms).record(Kind::Process {
            who: who.into(),
            deed: "DIED".into(),
        });
        sent(&mut play, 10_000, "an ordinary night");
        let judged = judge_of(&play);
        ["E1", "E2"].map(|id| one(&judged, id).met)
    };
    assert_eq!(met(5_000, "player security-A"), [Met::Undecided, Met::Undecided]);
    assert_eq!(
        met(5_000, "player security-B"),
        [Met::Yes, Met::Yes],
        "the other side's"
    );
    assert_eq!(met(5_000, "desk A"), [Met::Yes, Met::Yes]);
}

#[test]
fn two_messages_look_alike_when_the_same_people_signed_the_same_and_no_alarm_names_them() {
    let text = expecting(&["{ alike = \"y\", of = \"x\" }\nof = { from = \"A\", as = \"y\" }"]);
    let judged = |more: &dyn Fn(&mut Play, Hash)| {
        let mut play = Play::of(&text);
        let before = sent(&mut play, 1_000, "an ordinary night");
        named(&mut play, "x", before);
        let message = sent(&mut play, 10_000, "written under duress");
        named(&mut play, "y", message);
        play.at(10_100).record(told("DURESS"));
        more(&mut play, message);
        let judged = judge_of(&play);
        let found = one(&judged, "E1");
        (found.met, found.observed.clone())
    };
    let (met, seen) = judged(&|_, _| {});
    assert_eq!(met, Met::Yes, "{seen}");
    let (met, seen) = judged(&|play, message| {
        play.at(11_000).act("B", Rung::Acknowledged, message);
    });
    assert_eq!(met, Met::No);
    assert!(seen.contains("also ACKNOWLEDGED at B"), "{seen}");
    let alarm = |desk: &str, code: &str, what: &str| Seen {
        alarms: vec![(code.into(), what.into())],
        label: Some(desk.into()),
        ..Seen::default()
    };
    for (desk, code, what, met) in [
        ("A", "DURESS", "the second passphrase", Met::No),
        ("B", "FOREIGN", "A-0002 was signed strangely", Met::No),
        ("B", "REDUNDANCY_LOST", "one leg is down", Met::Yes),
    ] {
        let (found, seen) = judged(&|play, _| {
            play.at(11_000).look(desk, alarm("NORMAL", code, what));
        });
        assert_eq!(found, met, "{code}: {seen}");
    }
    let (met, _) = judged(&|play, _| {
        play.at(11_000).record(Kind::Played {
            seat: "A".into(),
            rule: "a-is-forced".into(),
            refused: "HL-DESK-033: refused".into(),
        });
    });
    assert_eq!(met, Met::No);
}
