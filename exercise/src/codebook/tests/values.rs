//! Each kind of field has one writing for each value.

use hotline_core::time::WallTime;
use proptest::prelude::*;

use crate::codebook::{Kind, Value, fields::*};

fn number() -> Kind {
    Kind::Number {
        unit: "NM".to_owned(),
        least: 1,
        most: 500,
    }
}

fn words() -> Vec<String> {
    ["LAND", "AIR", "SEA"].map(str::to_owned).into()
}

#[test]
fn a_value_in_its_one_writing_is_taken() {
    for (kind, text) in [
        (Kind::Whose, "OURS"),
        (Kind::Whose, "THIRD(Caldria)"),
        (Kind::Dtg, "290000Z FEB 28"),
        (Kind::Dtgs, "260942Z NOV 26; 261000Z NOV 26"),
        (Kind::Position, "12-34.5N 123-45.6E within 2.0 NM"),
        (Kind::Position, "90-00.0S 180-00.0W within 0.1 NM"),
        (
            Kind::Area,
            "01-00.0N 001-00.0E; 01-00.0N 002-00.0E; 02-00.0N 002-00.0E",
        ),
        (Kind::Track, "01-00.0N 001-00.0E; 01-00.0N 002-00.0E"),
        (number(), "12 NM"),
        (Kind::YesNo, "NO"),
        (Kind::Choice(words()), "AIR"),
        (Kind::Choices(words()), "LAND; SEA"),
        (Kind::Reference, "A-0017"),
        (Kind::Text { most: 20 }, "Two, at 09:00 (both)"),
    ] {
        let value = kind.read(text).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(value.to_string(), text);
        assert_eq!(kind.check(&value), Ok(()));
    }
}

#[test]
fn a_value_in_any_other_writing_is_refused() {
    for (kind, text) in [
        (Kind::Whose, "ours"),
        (Kind::Whose, "THIRD()"),
        (Kind::Whose, "THIRD(a(b))"),
        (Kind::Dtg, "310000Z FEB 26"),
        (Kind::Dtg, "290000Z FEB 26"),
        (Kind::Dtg, "262400Z NOV 26"),
        (Kind::Dtg, "000000Z NOV 26"),
        (Kind::Dtg, "+10942Z NOV 26"),
        (Kind::Dtg, "260942Z nov 26"),
        (Kind::Dtgs, "260942Z NOV 26;261000Z NOV 26"),
        (Kind::Position, "12-34.5N 123-45.6E"),
        (Kind::Position, "12-34.5N 123-45.6E within 02.0 NM"),
        (Kind::Position, "00-00.0S 000-00.0E within 1.0 NM"),
        (Kind::Position, "90-00.1N 000-00.0E within 1.0 NM"),
        (Kind::Position, "12-60.0N 000-00.0E within 1.0 NM"),
        (Kind::Area, "01-00.0N 001-00.0E; 01-00.0N 002-00.0E"),
        (number(), "12"),
        (number(), "012 NM"),
        (number(), "0 NM"),
        (number(), "99999999999 NM"),
        (Kind::YesNo, "yes"),
        (Kind::Choice(words()), "MOON"),
        (Kind::Choices(words()), "SEA; LAND"),
        (Kind::Choices(words()), "SEA; SEA"),
        (Kind::Reference, "a-17"),
        (Kind::Text { most: 3 }, "four"),
    ] {
        assert!(kind.read(text).is_err(), "{text}");
    }
}

#[test]
fn a_refusal_says_what_would_do() {
    let why = Kind::Reference.read("a-17").unwrap_err();
    assert_eq!(why, "\"a-17\" is written \"A-0017\"");
    let why = Kind::Whose.read("ours").unwrap_err();
    assert_eq!(why, "\"ours\" is no whose; write OURS, YOURS or THIRD(name)");
}

#[test]
fn a_line_that_deceives_the_eye_is_refused() {
    for line in [
        "",
        " ",
        "...",
        "a\nwhose: OURS",
        "a\rb",
        "a\tb",
        "a  b",
        " a",
        "a ",
        "a\u{a0}b",
        "a\u{2028}whose: OURS",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\u{2800}b",
        "\u{1b}[2Ja",
        "fl\u{430}sh",
        "‹U+000A›",
    ] {
        assert!(check_line(line, 100).is_err(), "{line:?}");
    }
    assert_eq!(
        check_line("whose: OURS > not a field, being inside one", 100),
        Ok(())
    );
}

#[test]
fn a_value_of_another_kind_or_out_of_bounds_is_not_encoded() {
    let far = Value::Number {
        count: 501,
        unit: "NM".to_owned(),
    };
    assert!(number().check(&far).is_err());
    assert!(
        Kind::Choice(words())
            .check(&Value::Text("AIR".to_owned()))
            .is_err()
    );
    assert!(Kind::Area.check(&Value::Area(Vec::new())).is_err());
}

proptest! {
    #[test]
    fn every_minute_of_the_century_is_read_from_its_own_writing(minute in 0_u64..52_596_000) {
        let stamp = Stamp::of(WallTime::from_unix_ms(946_684_800_000 + minute * 60_000)).unwrap();
        prop_assert_eq!(Kind::Dtg.read(&stamp.to_string()), Ok(Value::Dtg(stamp)));
    }

    #[test]
    fn every_point_of_the_map_is_read_from_its_own_writing(
        north in -54_000_i32..=54_000, east in -108_000_i32..=108_000, within in 0_u32..=5_000
    ) {
        let fix = Fix { at: Point::new(north, east).unwrap(), within };
        prop_assert_eq!(Kind::Position.read(&fix.to_string()), Ok(Value::Position(fix)));
    }

    #[test]
    fn whatever_is_taken_is_one_inert_line(text: String) {
        for kind in [Kind::Text { most: 400 }, Kind::Whose, Kind::Dtg, Kind::Track, number(), Kind::Reference] {
            if let Ok(value) = kind.read(&text) {
                let line = value.to_string();
                prop_assert_eq!(&line, &text);
                prop_assert_eq!(hotline_core::text::inert_line(&line).marked, 0);
            }
        }
    }
}
