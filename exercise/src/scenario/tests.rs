//! A scenario file is read whole, and every mistake in it is told with its place.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use proptest::prelude::*;

use super::*;

mod schema;
use place::{Code, Coded, MISTAKES_MAX};

const S1: &str = shipped::ALL[0].text;

/// The mistakes of S1 with one place changed.
fn changed(from: &str, to: &str) -> Vec<Coded> {
    assert!(S1.contains(from), "S1 has no {from}");
    parse("S1.toml", &S1.replacen(from, to, 1)).unwrap_err().mistakes
}

#[test]
fn s1_is_read_whole() {
    let s1 = parse("S1.toml", S1).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(*s1.id, "S1");
    assert_eq!(s1.injects().count(), 3);
    assert_eq!((s1.officers.len(), s1.seats.len()), (6, 4));
    assert_eq!(s1.expects.len(), 9);
    assert_eq!(s1.expects.iter().map(|expect| expect.score).sum::<u16>(), 100);
    assert_eq!(
        s1.players.iter().map(|player| player.rules.len()).sum::<usize>(),
        7
    );
}

#[test]
fn the_points_of_every_shipped_play_are_a_hundred() {
    for shipped in shipped::ALL {
        let scenario = parse(shipped.file, shipped.text).unwrap_or_else(|errors| panic!("{errors}"));
        let mut plays: Vec<Option<&str>> = scenario.variants.keys().map(|name| Some(name.as_str())).collect();
        if plays.is_empty() {
            plays.push(None);
        }
        for play in plays {
            let asked =
                |only: &[String]| only.is_empty() || play.is_some_and(|play| only.contains(&play.into()));
            let expects = scenario.expects.iter().filter(|expect| asked(&expect.only));
            let points: u16 = expects.map(|expect| expect.score).sum();
            assert_eq!(points, 100, "{} {play:?}", shipped.id);
        }
    }
}

#[test]
fn a_question_for_people_names_a_time_and_is_asked_in_words() {
    let asking = |more: &str| {
        let call = format!("precedence = \"ROUTINE\"\nasks = \"CALL_REQUEST\"\n{more}");
        S1.replacen("precedence = \"ROUTINE\"", &call, 1)
    };
    let codes = |text: &str| -> Vec<Code> {
        let mistakes = parse("S1.toml", text).unwrap_err().mistakes;
        mistakes.iter().map(|mistake| mistake.code).collect()
    };
    assert!(parse("S1.toml", &asking("respond_by = \"48h story\"")).is_ok());
    assert_eq!(codes(&asking("")), [Code::MissingKey]);
    assert_eq!(codes(&asking("respond_by = \"48h line\"")), [Code::Value]);
    assert_eq!(
        codes(&asking("respond_by = \"48h story\"\nanswer = \"ROGER\"")),
        [Code::Value]
    );
    let none = "precedence = \"ROUTINE\"\nrespond_by = \"1h story\"\nanswer = \"NONE\"";
    let none = S1.replacen("precedence = \"ROUTINE\"", none, 1);
    assert_eq!(codes(&none), [Code::Value]);
}

#[test]
fn only_what_a_desk_shows_is_stated_as_shown() {
    let stating = |what: &str| {
        let deed = format!("verb = \"state\", what = \"{what}\", is = \"as shown\"");
        parse("S1.toml", &S1.replacen("verb = \"display\"", &deed, 1))
    };
    for what in ["cause", "label", "answer"] {
        assert!(stating(what).is_ok(), "{what}");
    }
    assert_eq!(stating("weather").unwrap_err().mistakes[0].code, Code::Value);
}

#[test]
fn an_answer_that_repeats_what_it_answers_has_no_words_of_its_own() {
    let with = "precedence = \"FLASH\", text = { qbo = \"Vem skarit hael-orun.\" }, as = \"r1\"";
    let same = |keys: &str| parse("S1.toml", &S1.replacen(with, &format!("{keys}, as = \"r1\""), 1));
    assert!(same("same = true").is_ok());
    let both = same("same = true, text = { en = \"x\" }").unwrap_err();
    assert_eq!(both.mistakes[0].code, Code::Value);
    assert!(both.mistakes[0].marked.what.contains("none of its own"), "{both}");
    assert!(same("same = false").is_err(), "it has no words then");
    // Only an answer has something to repeat.
    let sent = S1.replacen("verb = \"send\", ", "verb = \"send\", same = true, ", 1);
    assert_eq!(
        parse("S1.toml", &sent).unwrap_err().mistakes[0].code,
        Code::UnknownKey
    );
}

#[test]
fn a_charter_is_about_one_channel_and_an_order_may_be_about_all() {
    let text = shipped::by_id("S6").unwrap().text;
    let open = "verb = \"open\", side = \"A\", by = [\"lindqvist\"], channel = \"MARITIME\"";
    assert!(text.contains(open) && text.contains("channel = \"all\""));
    for instead in [
        "verb = \"open\", side = \"A\", by = [\"lindqvist\"]",
        "verb = \"open\", side = \"A\", by = [\"lindqvist\"], channel = \"all\"",
    ] {
        let told = parse("S6.toml", &text.replacen(open, instead, 1)).unwrap_err();
        assert_eq!(told.mistakes[0].code, Code::MissingKey, "{told}");
    }
}

#[test]
fn each_shipped_scenario_is_read_and_found_by_its_id() {
    for shipped in shipped::ALL {
        let scenario = parse(shipped.file, shipped.text).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(*scenario.id, shipped.id);
        assert_eq!(shipped::by_id(&shipped.id.to_lowercase()), Some(shipped));
    }
}

#[test]
fn a_mistake_is_told_with_its_number_file_line_key_caret_and_nearest_name() {
    let told = changed("desk = \"A\", roles", "desk = \"A\", rols")
        .iter()
        .map(|mistake| format!("{mistake}\n"))
        .collect::<String>();
    assert!(told.contains("HL-EX-102 S1.toml, line "), "{told}");
    assert!(told.contains("officer[1].rols"), "{told}");
    assert!(told.contains("did you mean \"roles\"?"), "{told}");
    assert!(told.contains("^^^^"), "{told}");
    let told = changed("by = [\"okoye\"]", "by = [\"okoy\"]")[0].to_string();
    assert!(
        told.contains("HL-EX-107") && told.contains("did you mean \"okoye\"?"),
        "{told}"
    );
}

#[test]
fn every_kind_of_mistake_has_its_number() {
    for (from, to, code) in [
        ("format = 1", "format = ", Code::NotToml),
        ("format = 1\n", "", Code::MissingKey),
        ("format = 1", "format = 2", Code::Value),
        ("duration = \"30m story\"", "duration = \"30m\"", Code::NoClock),
        ("duration = \"30m story\"", "duration = 30", Code::NoClock),
        (
            "duration = \"30m story\"",
            "duration = \"30m wall\"",
            Code::WallClock,
        ),
        ("at = \"1m story\"", "at = 2026-11-26T11:05:00Z", Code::Absolute),
        ("at = \"1m story\"", "at = \"1m line\"", Code::Value),
        (
            "after = \"m1.RELEASED\"",
            "after = \"m9.RELEASED\"",
            Code::UnknownName,
        ),
        ("after = \"m1.RELEASED\"", "after = \"m1.RELEASD\"", Code::Value),
        ("id = \"E2\"", "id = \"E1\"", Code::NameTwice),
        ("serial = \"1.1.2\"", "serial = \"1.1.1\"", Code::NameTwice),
        ("serial = \"1.1.2\"", "serial = \"1.2.2\"", Code::Value),
        (
            "by = [\"haddad\", \"lindqvist\"]",
            "by = [\"haddad\", \"haddad\"]",
            Code::Role,
        ),
        (
            "languages = [\"en\", \"qav\", \"qbo\"]",
            "languages = [\"en\", \"qbo\"]",
            Code::Text,
        ),
        ("repeat = 40", "repeat = 4000", Code::Value),
        ("must = true", "must = 1", Code::Value),
    ] {
        let mistakes = changed(from, to);
        assert!(
            mistakes.iter().any(|mistake| mistake.code == code),
            "{from} -> {to}: {mistakes:?}"
        );
    }
}

#[test]
fn all_mistakes_are_found_at_once_in_the_order_of_the_file() {
    let text = S1
        .replacen("duration = \"30m story\"", "duration = 30", 1)
        .replacen("side = \"B\"", "side = \"C\"", 1)
        .replacen("profile = \"lan\"", "profile = \"lam\"", 1)
        .replacen("id = \"E9\"", "id = \"E8\"", 1);
    let mistakes = parse("S1.toml", &text).unwrap_err().mistakes;
    let codes: Vec<Code> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, [Code::NoClock, Code::Value, Code::Value, Code::NameTwice]);
    assert!(mistakes.is_sorted_by_key(|mistake| mistake.marked.line));
}

#[test]
fn a_file_full_of_mistakes_is_told_within_bounds() {
    let text = format!(
        "format = 1\n{}",
        (0..500).map(|n| format!("k{n} = 1\n")).collect::<String>()
    );
    let errors = parse("f", &text).unwrap_err();
    assert_eq!(errors.mistakes.len(), MISTAKES_MAX);
    assert!(errors.to_string().ends_with("more"));
    let large = "#".repeat(FILE_MAX + 1);
    assert_eq!(parse("f", &large).unwrap_err().mistakes[0].code, Code::NotToml);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_bytes("f", &bytes);
    }

    #[test]
    fn any_single_damaged_character_of_s1_is_read_or_told_with_a_place(at in 0..S1.len(), new in any::<char>()) {
        let mut letters: Vec<char> = S1.chars().collect();
        let at = at % letters.len();
        letters[at] = new;
        let text: String = letters.into_iter().collect();
        if let Err(errors) = parse("S1.toml", &text) {
            let lines = text.matches('\n').count() + 1;
            prop_assert!(!errors.mistakes.is_empty());
            for mistake in errors.mistakes {
                prop_assert!((1..=lines).contains(&mistake.marked.line));
                prop_assert!(mistake.to_string().contains('^'));
            }
        }
    }
}

#[test]
fn the_example_of_the_specification_is_read_and_every_code_stands_there() {
    let page = include_str!("../../SCENARIO.md");
    let example = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let scenario = parse("SCENARIO.md", example).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(check::check(&scenario), []);
    for code in Code::ALL {
        assert!(page.contains(&format!("| {code} |")), "{code}");
    }
}
