//! Any message at all: what is encoded decodes as itself, and nothing typed into it becomes anything else.

use hotline_core::time::WallTime;
use proptest::{collection::vec, option, prelude::*};

use super::coding::{book, notice};
use crate::codebook::{Code, Kind, Must, Value, coded::*, fields::*};

/// One line as people write them, with what looks like fields in it.
fn line(most: u32) -> impl Strategy<Value = String> {
    let most = most as usize;
    "[a-zA-Z0-9éßø:>.,()/-]{1,12}( [a-zA-Z0-9éßø:>.,()/-]{1,12}){0,8}".prop_map(move |line| {
        format!("x{line}")
            .chars()
            .take(most)
            .collect::<String>()
            .trim_end()
            .to_owned()
    })
}

fn stamp() -> impl Strategy<Value = Stamp> {
    (946_684_800_000_u64..4_102_444_800_000).prop_map(|ms| Stamp::of(WallTime::from_unix_ms(ms)).unwrap())
}

fn point() -> impl Strategy<Value = Point> {
    (-54_000..=54_000, -108_000..=108_000).prop_map(|(north, east)| Point::new(north, east).unwrap())
}

fn any_value(kind: &Kind) -> BoxedStrategy<Value> {
    match kind.clone() {
        Kind::Whose => prop_oneof![
            Just(Whose::Ours),
            Just(Whose::Yours),
            "[A-Z][a-z]{1,20}( [a-z]{1,9})?".prop_map(Whose::Third)
        ]
        .prop_map(Value::Whose)
        .boxed(),
        Kind::Dtg => stamp().prop_map(Value::Dtg).boxed(),
        Kind::Dtgs => vec(stamp(), 1..5).prop_map(Value::Dtgs).boxed(),
        Kind::Position => (point(), 0_u32..=5_000)
            .prop_map(|(at, within)| Value::Position(Fix { at, within }))
            .boxed(),
        Kind::Area => vec(point(), 3..=LIST_MOST).prop_map(Value::Area).boxed(),
        Kind::Track => vec(point(), 2..=LIST_MOST).prop_map(Value::Track).boxed(),
        Kind::Number { unit, least, most } => (least..=most)
            .prop_map(move |count| Value::Number {
                count,
                unit: unit.clone(),
            })
            .boxed(),
        Kind::YesNo => prop_oneof![Just(YesNo::Yes), Just(YesNo::No)]
            .prop_map(Value::YesNo)
            .boxed(),
        Kind::Choice(words) => prop::sample::select(words).prop_map(Value::Choice).boxed(),
        Kind::Choices(words) => {
            let count = words.len();
            prop::sample::subsequence(words, 1..=count)
                .prop_map(Value::Choices)
                .boxed()
        }
        Kind::Reference => ("[A-Z][A-Z0-9]{0,7}", 1_u64..)
            .prop_map(|(prefix, number)| format!("{prefix}-{number:04}").parse().unwrap())
            .prop_map(Value::Reference)
            .boxed(),
        Kind::Text { most } => line(most).prop_map(Value::Text).boxed(),
    }
}

fn any_of(code: &Code) -> BoxedStrategy<Coded> {
    let id = code.id.clone();
    let fields: Vec<_> = code
        .fields
        .iter()
        .map(|field| {
            let name = field.id.clone();
            let value = any_value(&field.kind);
            let value = match field.must {
                Must::Mandatory => value.prop_map(Some).boxed(),
                Must::Optional => option::of(value).boxed(),
            };
            value.prop_map(move |value| value.map(|value| (name.clone(), value)))
        })
        .collect();
    let remark = vec(prop_oneof![Just(String::new()), "[ >a-z:]{0,30}", line(80)], 0..6);
    (fields, remark)
        .prop_map(move |(fields, remark)| Coded {
            code: id.clone(),
            fields: fields.into_iter().flatten().collect(),
            // A remark of one empty line is no remark, and begins none.
            remark: remark.join("\n"),
        })
        .boxed()
}

fn any_message() -> impl Strategy<Value = Coded> {
    let codes = book().codes().to_vec();
    prop::sample::select(codes).prop_flat_map(|code| any_of(&code))
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_as_itself(coded in any_message()) {
        let book = book();
        let text = encode(&book, &coded).unwrap();
        prop_assert_eq!(decode(&book, &text), Decoded::Coded(coded));
    }

    #[test]
    fn whatever_decodes_whole_is_encoded_as_the_same_bytes(
        coded in any_message(), at: prop::sample::Index, drop in 0_usize..4, put in "[ \n>:;A-Z0-9a-z.]{0,4}"
    ) {
        let book = book();
        let mut text: Vec<char> = encode(&book, &coded).unwrap().chars().collect();
        let at = at.index(text.len());
        let end = (at + drop).min(text.len());
        text.splice(at..end, put.chars());
        let text: String = text.into_iter().collect();
        if let Decoded::Coded(read) = decode(&book, &text)
            && lacking(&book, &read).is_empty()
        {
            prop_assert_eq!(encode(&book, &read).unwrap(), text);
        }
    }

    #[test]
    fn nothing_typed_into_a_field_becomes_another_field(typed in "\\PC{0,8}(\n|\r|\u{2028}|  |: )?(whose: YOURS|> a|code: HZ-02)?") {
        let book = book();
        let coded = notice(&book).with("scale", Value::Text(typed));
        if let Ok(text) = encode(&book, &coded) {
            prop_assert_eq!(decode(&book, &text), Decoded::Coded(coded));
        }
    }

    #[test]
    fn no_free_words_become_a_field(typed: String, tail in "(\nscale: None|\n\n> a|\n)?") {
        let book = book();
        let mut coded = notice(&book);
        coded.remark = typed + &tail;
        if let Ok(text) = encode(&book, &coded) {
            prop_assert_eq!(decode(&book, &text), Decoded::Coded(coded));
        }
    }

    #[test]
    fn any_text_is_told_what_it_is_without_a_panic(typed: String) {
        let book = book();
        let coded = format!("{FIRST_LINE}\n{typed}");
        prop_assert!(!matches!(decode(&book, &coded), Decoded::Coded(_)));
        prop_assert_ne!(decode(&book, &coded), Decoded::Free);
    }
}
