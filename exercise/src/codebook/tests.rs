//! What a codebook promises: its content, its hash, its mistakes. Messages and values have their own files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeMap, time::Duration};

use hotline_core::precedence::Precedence;

use super::{shipped::starter, *};

mod coding;
mod inverse;
mod values;

const SPECIFICATION: &str = include_str!("../../CODEBOOK.md");
const TONGUES: &str = include_str!("../../codebook/tongues.toml");

/// A codebook of one code, for mistakes.
const SMALL: &str = r#"format = 1
name = "small"
version = 2

[[code]]
id = "QX-01"
function = "QUERY"
precedence = "PRIORITY"
response = "ROGER"
reply = "REPLY"
due = "48h story"
text = { qav = "Ana", qbo = "Bob", en = "We ask" }

[[code.field]]
id = "whose"
kind = "whose"
label = { qav = "ana", qbo = "bob", en = "whose" }
"#;

fn mistakes(text: &str) -> Vec<String> {
    let errors = read("book.toml", text).unwrap_err();
    errors.0.iter().map(ToString::to_string).collect()
}

fn mistake(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from));
    let found = mistakes(&SMALL.replace(from, to));
    assert_eq!(found.len(), 1, "{found:?}");
    found.join("")
}

#[test]
fn the_starter_codebook_has_the_seventeen_codes_with_their_mandatory_fields() {
    let expected = [
        ("HZ-01", "whose dtg position platforms persons intent help"),
        ("HZ-02", "rescue last-position crew sar-assets frequencies"),
        ("HZ-03", "track exit-point time-to-exit"),
        ("HZ-04", "emitter bearing duration steps"),
        ("HZ-05", "detected sector confidence"),
        ("NT-01", "area start end scale live-fire contact"),
        ("NT-02", "start end launch-area impact-area azimuth"),
        ("NT-03", "forces route dates purpose"),
        ("CY-01", "dtg indicators effect request"),
        ("QX-01", "whose activity place concern"),
        ("DE-01", "area distance from until"),
        ("DE-02", "effective domains monitoring"),
        ("CM-01", "expect-by"),
        ("CM-02", "level topic times respond-by"),
        ("CM-03", "reference reason"),
        ("CM-04", "subject effective"),
        ("CM-05", "act scope effective review-by"),
    ];
    let book = starter().unwrap_or_else(|errors| panic!("{errors}"));
    let found: Vec<(&str, String)> = book
        .codes()
        .iter()
        .map(|code| {
            let must = code.fields.iter().filter(|field| field.must == Must::Mandatory);
            let ids: Vec<&str> = must.map(|field| field.id.as_str()).collect();
            (code.id.as_str(), ids.join(" "))
        })
        .collect();
    let expected: Vec<(&str, String)> = expected.map(|(id, must)| (id, must.to_owned())).into();
    assert_eq!(found, expected);
}

#[test]
fn the_starter_codebook_expects_the_agreed_replies_in_the_agreed_time() {
    let book = starter().unwrap();
    let minutes = |count: u64| Some(Duration::from_secs(count * 60));
    let expected = [
        ("HZ-01", Reply::Holding, minutes(10)),
        ("HZ-02", Reply::Reply, minutes(30)),
        ("HZ-03", Reply::Ack, None),
        ("HZ-05", Reply::Answer, None),
        ("CY-01", Reply::Reply, minutes(24 * 60)),
        ("QX-01", Reply::Reply, minutes(48 * 60)),
        ("CM-01", Reply::Nothing, None),
        ("CM-04", Reply::AckOtherPath, None),
    ];
    for (id, reply, due) in expected {
        let code = book.code(id).unwrap();
        assert_eq!((code.reply, code.due), (reply, due), "{id}");
    }
    assert_eq!(book.code("CM-05").unwrap().class, TrafficClass::Control);
}

#[test]
fn the_canonical_writing_reads_as_the_same_codebook_and_is_its_own_canonical_writing() {
    let book = starter().unwrap();
    let written = book.canonical();
    let again = read("canonical", &written).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(again, book);
    assert_eq!(again.canonical(), written);
    assert_eq!(Hash::of(written.as_bytes()), book.sha256());
}

#[test]
fn comments_and_layout_do_not_change_the_hash_and_one_word_does() {
    let small = read("f", SMALL).unwrap();
    let airy = SMALL.replace("reply", "# said\n\nreply").replace(" = ", "=");
    assert_eq!(read("f", &airy).unwrap().sha256(), small.sha256());
    for (from, to) in [
        ("\"We ask\"", "\"We asked\""),
        ("48h", "47h"),
        ("version = 2", "version = 3"),
    ] {
        let other = read("f", &SMALL.replace(from, to)).unwrap();
        assert_ne!(other.sha256(), small.sha256(), "{to}");
    }
}

#[test]
fn quotation_marks_and_backslashes_survive_the_canonical_writing() {
    let text = SMALL.replace("\"We ask\"", r#""We \"ask\" \\ you""#);
    let book = read("f", &text).unwrap();
    assert_eq!(book.codes()[0].text.en, r#"We "ask" \ you"#);
    assert_eq!(read("g", &book.canonical()).unwrap(), book);
}

#[test]
fn nothing_coded_goes_under_a_codebook_that_the_charter_does_not_pin() {
    let (small, starter) = (read("f", SMALL).unwrap(), starter().unwrap());
    assert_eq!(small.check_pin(Some(small.sha256())), Ok(()));
    assert_eq!(small.check_pin(None), Err(PinError::NotPinned));
    let (pinned, own) = (starter.sha256(), small.sha256());
    assert_eq!(
        small.check_pin(Some(pinned)),
        Err(PinError::Other { pinned, own })
    );
}

#[test]
fn a_launch_less_than_a_day_ahead_is_immediate_by_itself() {
    let book = starter().unwrap();
    let level = &book.code("NT-02").unwrap().level;
    let hours = |count: u64| Some(Duration::from_secs(count * 3600));
    assert_eq!(level.usual(None, hours(24)), Some(Precedence::Priority));
    assert_eq!(level.usual(None, hours(23)), Some(Precedence::Immediate));
    assert_eq!(level.usual(None, None), Some(Precedence::Priority));
    assert!(level.allows(Precedence::Immediate, None) && !level.allows(Precedence::Flash, None));
}

#[test]
fn a_holding_mirrors_its_original_and_a_cancel_stands_one_level_above_it() {
    let book = starter().unwrap();
    let (holding, cancel) = (
        &book.code("CM-01").unwrap().level,
        &book.code("CM-03").unwrap().level,
    );
    for original in Precedence::ALL.iter().copied() {
        assert_eq!(holding.usual(Some(original), None), Some(original));
        let above = cancel.usual(Some(original), None).unwrap();
        assert!(above > original || original == Precedence::Override);
        assert!(cancel.allows(above, Some(original)));
    }
    assert_eq!(
        cancel.usual(Some(Precedence::Override), None),
        Some(Precedence::Override)
    );
    assert_eq!(
        (holding.usual(None, None), cancel.usual(None, None)),
        (None, None)
    );
}

#[test]
fn a_mistyped_key_shows_file_line_key_caret_and_what_was_meant() {
    let shown = mistake("due = ", "dew = ");
    let expected = "book.toml, line 11, code[1].dew: \"dew\" is not known here; did you mean \"due\"?\n\
                    \x20 11 | dew = \"48h story\"\n     | ^^^";
    assert_eq!(shown, expected);
}

#[test]
fn every_mistake_is_found_at_once() {
    let text = SMALL
        .replace("\"PRIORITY\"", "\"PRIORTY\"")
        .replace("\"48h story\"", "\"48h\"")
        .replace("kind = \"whose\"", "kind = \"who\"")
        .replace("version = 2", "version = 0");
    let found = mistakes(&text);
    assert_eq!(found.len(), 4, "{found:?}");
    for part in [
        "did you mean \"PRIORITY\"?",
        "names no clock",
        "did you mean \"whose\"?",
        "whole number from 1",
    ] {
        assert!(found.iter().any(|one| one.contains(part)), "{part}: {found:?}");
    }
}

#[test]
fn what_no_codebook_may_say_is_refused_with_its_reason() {
    for (from, to, why) in [
        ("\"ROGER\"", "\"NONE\"", "must say what closes the dialogue"),
        ("\"REPLY\"", "\"ACK\"", "a time is agreed for"),
        ("format = 1", "format = 2", "reads format 1"),
        ("\"QX-01\"", "\"qx-1\"", "two capitals"),
        ("id = \"whose\"", "id = \"code\"", "it is taken"),
        ("en = \"We ask\"", "en = \"We\\u202Eask\"", "act or deceive"),
        (", en = \"whose\"", "", "\"en\" lacks"),
        ("48h story", "0s story", "at least one second"),
        (
            "\"PRIORITY\"",
            "\"AS_ORIGINAL\"\nalso = [\"FLASH\"]",
            "the original decides",
        ),
        (
            "\"PRIORITY\"",
            "\"PRIORITY\"\nalso_below = \"24h story\"",
            "needs \"also\"",
        ),
    ] {
        let shown = mistake(from, to);
        assert!(shown.contains(why), "{to}: {shown}");
    }
}

#[test]
fn a_code_or_a_field_that_stands_twice_is_refused() {
    let (head, code) = SMALL.split_at(SMALL.find("[[code]]").unwrap());
    let found = mistakes(&format!("{head}{code}\n{code}"));
    assert!(
        found.len() == 1 && found[0].contains("QX-01 stands here twice"),
        "{found:?}"
    );
    let field = &SMALL[SMALL.find("[[code.field]]").unwrap()..];
    let found = mistakes(&format!("{SMALL}\n{field}"));
    assert!(
        found.len() == 1 && found[0].contains("code[1].field[2].id"),
        "{found:?}"
    );
}

#[test]
fn text_that_is_no_codebook_at_all_is_refused_and_never_a_panic() {
    for text in [
        "",
        "format",
        "code = 3",
        "[[code]]",
        "[code]\nfield = 1",
        "\u{0}",
        "format = 99999999999",
    ] {
        assert!(!mistakes(text).is_empty(), "{text:?}");
    }
    let long = format!("# {}", "x".repeat(read::FILE_MOST));
    assert!(mistakes(&long)[0].contains("at most"));
}

#[test]
fn every_word_of_the_two_invented_languages_stands_in_their_lexicon() {
    let lexicon: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(TONGUES).unwrap();
    let book = starter().unwrap();
    for (name, tongue) in [("qav", Tongue::Qav), ("qbo", Tongue::Qbo)] {
        let known: Vec<&String> = lexicon[name].values().collect();
        for code in book.codes() {
            let labels = code.fields.iter().map(|field| &field.label);
            for words in labels.chain([&code.text]) {
                let text = words.in_tongue(tongue).to_lowercase();
                for word in text
                    .split(|c: char| !c.is_alphabetic())
                    .filter(|word| !word.is_empty())
                {
                    assert!(known.iter().any(|known| *known == word), "{name}: {word}");
                }
            }
        }
    }
}

#[test]
fn the_specification_names_the_hash_of_the_starter_codebook() {
    let line = format!("`starter/1 sha256:{}`", starter().unwrap().sha256());
    assert!(SPECIFICATION.contains(&line), "it should name {line}");
}

#[test]
fn every_test_named_in_the_specification_exists() {
    let sources = [
        include_str!("fill.rs"),
        include_str!("tests.rs"),
        include_str!("tests/coding.rs"),
        include_str!("tests/inverse.rs"),
        include_str!("tests/values.rs"),
        include_str!("../../../tests/tests/line/dialogues.rs"),
    ];
    let named: Vec<&str> = SPECIFICATION
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| {
            word.matches('_').count() >= 3 && word.bytes().all(|b| b == b'_' || b.is_ascii_lowercase())
        })
        .collect();
    assert!(named.len() >= 15, "only {} are named", named.len());
    for name in named {
        let function = format!("fn {name}(");
        assert!(sources.iter().any(|source| source.contains(&function)), "{name}");
    }
}
