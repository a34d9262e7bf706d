//! Messages: encode and decode are inverse, and nothing written into one can pass for something else.

use hotline_core::{precedence::Precedence, time::WallTime};

use super::SPECIFICATION;
use crate::codebook::{Codebook, Tongue, Value, brevity, coded::*, fields::*, shipped::starter};

pub(super) fn book() -> Codebook {
    starter().unwrap()
}

fn value(book: &Codebook, code: &str, field: &str, text: &str) -> Value {
    let field = book.code(code).and_then(|code| code.field(field)).unwrap();
    field.kind.read(text).unwrap_or_else(|why| panic!("{why}"))
}

/// A message from the lines `field: value`.
fn message(book: &Codebook, code: &str, lines: &str) -> Coded {
    lines.lines().fold(Coded::new(code), |coded, line| {
        let (field, text) = line.split_once(": ").unwrap();
        coded.with(field, value(book, code, field, text))
    })
}

pub(super) fn notice(book: &Codebook) -> Coded {
    message(
        book,
        "NT-01",
        "area: 01-00.0N 001-00.0E; 01-00.0N 002-00.0E; 02-00.0N 002-00.0E\nstart: 270600Z NOV 26\n\
         end: 271800Z NOV 26\nscale: Four ships\nlive-fire: YES\ncontact: Duty desk, Borenia",
    )
}

fn decoded(book: &Codebook, text: &str) -> Coded {
    match decode(book, text) {
        Decoded::Coded(coded) => coded,
        other => panic!("{other:?}\n{text}"),
    }
}

/// The block of the specification that begins with these words.
fn block(fence: &str) -> &'static str {
    let from = SPECIFICATION.split_once(fence).unwrap().1;
    from.split_once("```").unwrap().0
}

#[test]
fn the_worked_example_of_the_specification_is_encoded_and_decoded() {
    let book = book();
    let mut coded = message(&book, "HZ-01", block("```fields\n"));
    coded.remark = block("```remark\n").trim_end().to_owned();
    let text = block("```coded\n");
    assert_eq!(encode(&book, &coded).unwrap(), text);
    assert_eq!(decoded(&book, text), coded);
    let (agreed, lines) = draw(&book, &coded, Tongue::En).unwrap();
    let drawn: String = lines
        .iter()
        .map(|(label, value)| format!("{label}: {value}\n"))
        .collect();
    assert_eq!(format!("{agreed}\n{drawn}"), block("```drawn\n"));
}

#[test]
fn a_lacking_mandatory_field_refuses_coding_and_is_named_by_insufficient() {
    let book = book();
    let whole = notice(&book);
    let mut lame = whole.clone();
    lame.fields.remove("scale");
    lame.fields.remove("area");
    let refused = encode(&book, &lame).unwrap_err();
    assert_eq!(
        refused,
        ["area", "scale"].map(|id| Refused::Lacking(id.to_owned()))
    );
    // A desk of the other side may send it all the same; the receiver sees what lacks.
    let text = encode(&book, &whole).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("area: ") && !line.starts_with("scale: "));
    let sent: String = lines.map(|line| format!("{line}\n")).collect();
    let received = decoded(&book, &sent);
    assert_eq!(received, lame);
    let named: Vec<&str> = lacking(&book, &received)
        .iter()
        .map(|field| field.id.as_str())
        .collect();
    let code = book.code("NT-01").unwrap();
    let act = insufficient(code, &named).unwrap();
    assert_eq!(act, "fields: area,scale");
    assert_eq!(read_insufficient(code, &act).unwrap(), named);
    assert!(lacking(&book, &whole).is_empty());
}

#[test]
fn insufficient_names_fields_of_its_code_only_each_once_and_in_order() {
    let book = book();
    let code = book.code("NT-01").unwrap();
    assert_eq!(insufficient(code, &[]), Err(NotInsufficient::NoFields));
    assert!(insufficient(code, &["bearing"]).is_err());
    assert_eq!(
        insufficient(code, &["scale", "area", "scale"]).unwrap(),
        "fields: area,scale"
    );
    for text in [
        "",
        "fields: ",
        "fields: scale,area",
        "fields: area,area",
        "fields: bearing",
        "fields: area, scale",
    ] {
        assert!(read_insufficient(code, text).is_err(), "{text}");
    }
}

#[test]
fn an_optional_field_may_be_left_out_and_keeps_its_place() {
    let book = book();
    let without = message(
        &book,
        "HZ-02",
        "rescue: OFFERED\nlast-position: 01-00.0N 001-00.0E within 5.0 NM\ncrew: 3\nsar-assets: One aircraft\n\
         frequencies: 121.5 MHz",
    );
    let with = without.clone().with(
        "last-heard",
        value(&book, "HZ-02", "last-heard", "260900Z NOV 26"),
    );
    for coded in [without, with] {
        let text = encode(&book, &coded).unwrap();
        assert_eq!(decoded(&book, &text), coded);
    }
}

#[test]
fn what_does_not_belong_is_refused_all_at_once() {
    let book = book();
    let mut coded = notice(&book).with("bearing", Value::YesNo(YesNo::Yes));
    coded
        .fields
        .insert("scale".to_owned(), Value::Text("a\nlive-fire: NO".to_owned()));
    coded.remark = "a\u{202e}b".to_owned();
    let refused = encode(&book, &coded).unwrap_err();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(encode(&book, &Coded::new("ZZ-99")).is_err());
}

#[test]
fn a_message_of_another_codebook_is_never_decoded_by_guess() {
    let book = book();
    let text = encode(&book, &notice(&book)).unwrap();
    let other = "ab".repeat(32);
    let foreign = text.replace(&book.sha256().to_string(), &other);
    let sha256 = other.parse().unwrap();
    let expected = Decoded::OtherCodebook {
        book: "starter/1".to_owned(),
        sha256,
    };
    assert_eq!(decode(&book, &foreign), expected);
    let renamed = text.replace("starter/1", "starter/2");
    assert!(matches!(decode(&book, &renamed), Decoded::Malformed(_)));
}

#[test]
fn only_the_exact_first_line_makes_a_message_coded() {
    let book = book();
    let text = encode(&book, &notice(&book)).unwrap();
    for free in [
        format!(" {text}"),
        format!("\n{text}"),
        text.to_lowercase(),
        "Good morning".to_owned(),
    ] {
        assert_eq!(decode(&book, &free), Decoded::Free);
    }
    let windows = text.replace('\n', "\r\n");
    assert_eq!(decode(&book, &windows), Decoded::Free);
}

#[test]
fn a_message_that_is_not_in_its_one_writing_is_malformed_and_names_the_line() {
    let book = book();
    let text = encode(&book, &notice(&book)).unwrap();
    for (from, to, line) in [
        ("code: NT-01", "code: NT-09", 3),
        ("scale: Four", "scale:  Four", 7),
        ("scale: Four ships\n", "scale: Four ships\nscale: Four ships\n", 8),
        ("live-fire: YES\n", "> word\nlive-fire: YES\n", 9),
        ("live-fire: YES\n", "live-fire: YES\n\n", 10),
        ("live-fire: YES", "live-fire: MAYBE", 8),
    ] {
        let changed = text.replace(from, to);
        let Decoded::Malformed(malformed) = decode(&book, &changed) else {
            panic!("{to} was taken");
        };
        assert_eq!(malformed.line, line, "{malformed}");
    }
    assert!(matches!(decode(&book, text.trim_end()), Decoded::Malformed(_)));
}

#[test]
fn the_time_ahead_is_counted_to_the_first_date_time_group() {
    let book = book();
    let start = Stamp::of(WallTime::from_unix_ms(1_795_759_200_000)).unwrap();
    let coded = notice(&book).with("start", Value::Dtg(start));
    let before = WallTime::from_unix_ms(start.start().unix_ms() - 5_000);
    assert_eq!(coded.ahead(before).unwrap().as_secs(), 5);
    assert!(coded.ahead(WallTime::from_unix_ms(u64::MAX)).unwrap().is_zero());
    assert_eq!(Coded::new("CM-03").ahead(before), None);
}

#[test]
fn a_flash_of_too_many_words_is_refused_with_the_count() {
    let book = book();
    let mut coded = notice(&book);
    coded.remark = "word ".repeat(250).trim_end().to_owned();
    let text = encode(&book, &coded).unwrap();
    let long = brevity::check(Precedence::Flash, &text).unwrap_err();
    assert_eq!((long.limit, long.free), (200, 250));
    assert_eq!(long.over, long.words - 200);
    assert!(brevity::check(Precedence::Routine, &text).is_ok());
    coded.remark = "word ".repeat(100).trim_end().to_owned();
    let text = encode(&book, &coded).unwrap();
    assert_eq!(brevity::check(Precedence::Flash, &text).unwrap().free, 100);
    assert_eq!(brevity::count(Precedence::Flash, "three plain words").free, 3);
}
