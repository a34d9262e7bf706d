//! The canonical writing of a codebook: the same values always give the same bytes, and the bytes read as the values.
//!
//! Keys stand in one order, a value on one line, absent keys are left out, a length of time is in whole seconds.

use std::{fmt::Write as _, time::Duration};

use super::{Code, Field, Kind, Level, Must, Words};
use crate::codebook::read::FORMAT;

pub(super) fn write(name: &str, version: u32, codes: &[Code]) -> String {
    let mut out = format!(
        "format = {FORMAT}\nname = {}\nversion = {version}\n",
        quoted(name)
    );
    for each in codes {
        code(&mut out, each);
    }
    out
}

fn code(out: &mut String, code: &Code) {
    out.push_str("\n[[code]]\n");
    line(out, "id", &quoted(&code.id));
    line(out, "class", &quoted(code.class.name()));
    line(out, "function", &quoted(code.function.name()));
    level(out, &code.level);
    line(out, "response", &quoted(code.response.name()));
    line(out, "reply", &quoted(code.reply.name()));
    if let Some(due) = code.due {
        line(out, "due", &span(due));
    }
    line(out, "text", &words(&code.text));
    for each in &code.fields {
        field(out, each);
    }
}

fn level(out: &mut String, level: &Level) {
    match level {
        Level::AsOriginal => line(out, "precedence", "\"AS_ORIGINAL\""),
        Level::AboveOriginal => line(out, "precedence", "\"ABOVE_ORIGINAL\""),
        Level::Own {
            usual,
            also,
            also_below,
        } => {
            line(out, "precedence", &quoted(usual.name()));
            if !also.is_empty() {
                line(
                    out,
                    "also",
                    &list(also.iter().map(|precedence| precedence.name())),
                );
            }
            if let Some(below) = also_below {
                line(out, "also_below", &span(*below));
            }
        }
    }
}

fn field(out: &mut String, field: &Field) {
    out.push_str("\n[[code.field]]\n");
    line(out, "id", &quoted(&field.id));
    line(out, "kind", &quoted(field.kind.name()));
    match &field.kind {
        Kind::Text { most } => line(out, "most", &most.to_string()),
        Kind::Number { unit, least, most } => {
            if !unit.is_empty() {
                line(out, "unit", &quoted(unit));
            }
            line(out, "least", &least.to_string());
            line(out, "most", &most.to_string());
        }
        Kind::Choice(words) | Kind::Choices(words) => {
            line(out, "words", &list(words.iter().map(String::as_str)));
        }
        Kind::Whose
        | Kind::Dtg
        | Kind::Dtgs
        | Kind::Position
        | Kind::Area
        | Kind::Track
        | Kind::YesNo
        | Kind::Reference => {}
    }
    if field.must == Must::Optional {
        line(out, "must", "false");
    }
    line(out, "label", &words(&field.label));
}

fn line(out: &mut String, key: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{key} = {value}");
}

fn words(words: &Words) -> String {
    let Words { qav, qbo, en } = words;
    format!(
        "{{ qav = {}, qbo = {}, en = {} }}",
        quoted(qav),
        quoted(qbo),
        quoted(en)
    )
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(quoted).collect();
    format!("[{}]", words.join(", "))
}

fn span(span: Duration) -> String {
    quoted(&format!("{}s story", span.as_secs()))
}

/// A TOML string. Nothing that acts stands in a codebook ([`super::fields::check_line`]), so two characters are left.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
