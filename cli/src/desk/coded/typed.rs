//! What is typed as the words of a message: words in quotes, or a code with `field=value` and lines of claims.

use std::ops::Range;

use clap::Args;
use hotline_faults::caret::Marked;

use crate::exit::{self, Failure};

/// What mistakes call the place.
const PLACE: &str = "what you typed";

/// Words, code and fields, as every verb that releases takes them.
#[derive(Clone, Debug, Default, Args)]
pub struct CodedArgs {
    /// Send coded: a code of the codebook, like QX-01. The first word may be the code too.
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// A field of the code: NAME=VALUE. May be repeated; among the words it needs no --field.
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<String>,
    /// Words; each more of it is a line more.
    #[arg(long = "text", value_name = "TEXT")]
    pub text: Vec<String>,
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing at all.
    Nothing,
    /// Free words.
    Free(String),
    /// A code with fields, or fields alone.
    Coded(Filling),
}

/// A code and what belongs into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filling {
    /// The code; none if only fields were typed, of a message that is answered or sent again.
    pub code: Option<String>,
    /// Fields, each with its place in `line`.
    fields: Vec<(String, String, Range<usize>)>,
    remark: Vec<String>,
    line: String,
}

impl Filling {
    /// Fields as they were typed, by name.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        let fields = self.fields.iter();
        fields.map(|(id, text, _)| (id.clone(), text.clone())).collect()
    }

    /// The free words.
    #[must_use]
    pub fn remark(&self) -> String {
        self.remark.join("\n")
    }

    /// A mistake with a caret: under the field, or behind everything.
    #[must_use]
    pub fn marked(&self, field: Option<&str>, why: &str) -> String {
        let typed = self.fields.iter().find(|(id, ..)| Some(id.as_str()) == field);
        let place = match (typed, field, &self.code) {
            (Some((.., place)), ..) => place.clone(),
            (None, None, Some(code)) => 0..code.len(),
            (None, ..) => self.line.len()..self.line.len(),
        };
        // Behind the end stands a space, so that the caret has something to stand under.
        let line = format!("{} ", self.line);
        Marked::new(PLACE, &line, place, "", why).to_string()
    }
}

/// Reads what was typed: `words` from behind the verb, and what options say. `changes`: it is about a coded message, whose
/// fields may be changed one by one.
///
/// # Errors
/// HL-DESK-041: words that are neither quoted together nor fields.
pub fn typed(words: &[String], args: &CodedArgs, changes: bool) -> Result<Typed, Failure> {
    let mut words = words;
    let mut code = args.code.clone();
    if let (None, [first, rest @ ..]) = (&code, words)
        && is_code(first)
    {
        (code, words) = (Some(first.clone()), rest);
    }
    let mut filling = Filling {
        line: code.clone().unwrap_or_default(),
        code,
        fields: Vec::new(),
        remark: Vec::new(),
    };
    let fields_may_stand = changes || filling.code.is_some() || !args.fields.is_empty();
    let mut stray = Vec::new();
    for word in args.fields.iter().chain(words) {
        let place = filling.write(word);
        match (claim(word), field(word).filter(|_| fields_may_stand)) {
            (Some(claim), _) => filling.remark.push(claim),
            (None, Some((id, text))) => filling.fields.push((id.to_owned(), timed(text), place)),
            // Several words, typed as one.
            (None, None) if filling.code.is_some() && word.contains(' ') => filling.remark.push(word.clone()),
            (None, None) => stray.push((word.clone(), place)),
        }
    }
    filling.remark.extend(
        args.text
            .iter()
            .map(|line| claim(line).unwrap_or_else(|| line.clone())),
    );
    conclude(filling, &stray)
}

fn conclude(filling: Filling, stray: &[(String, Range<usize>)]) -> Result<Typed, Failure> {
    let coded = filling.code.is_some() || !filling.fields.is_empty();
    match (coded, stray) {
        (true, []) => Ok(Typed::Coded(filling)),
        // One word alone is what was said.
        (false, [(word, _)]) if filling.remark.is_empty() => Ok(Typed::Free(word.clone())),
        (false, []) if filling.remark.is_empty() => Ok(Typed::Nothing),
        (false, []) => Ok(Typed::Free(filling.remark())),
        (_, [(_, place), ..]) => {
            let why = match coded {
                true => "this is no field: write name=value, with quotes around a value of several words",
                false => "words that belong together stand in quotes: \"We see your ship.\"",
            };
            let line = format!("{} ", filling.line);
            let marked = Marked::new(PLACE, &line, place.clone(), "", why).to_string();
            let help = "codes lists the codes and their fields";
            Err(Failure::new("HL-DESK-041", exit::USAGE, marked, help))
        }
    }
}

impl Filling {
    /// Writes a word into the line that mistakes show; where it stands.
    fn write(&mut self, word: &str) -> Range<usize> {
        if !self.line.is_empty() {
            self.line.push(' ');
        }
        let start = self.line.len();
        match (word.contains(char::is_whitespace), word.split_once('=')) {
            (true, Some((id, text))) if is_id(id) => self.line.push_str(&format!("{id}=\"{text}\"")),
            (true, _) => self.line.push_str(&format!("\"{word}\"")),
            (false, _) => self.line.push_str(word),
        }
        start..self.line.len()
    }
}

/// Two capitals, a dash, two digits.
fn is_code(word: &str) -> bool {
    let bytes = word.as_bytes();
    matches!(bytes, [a, b, b'-', c, d]
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit())
}

fn field(word: &str) -> Option<(&str, &str)> {
    word.split_once('=').filter(|(id, _)| is_id(id))
}

fn is_id(id: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(known)
}

/// `now+6h` is of the story, as everything that people reckon.
fn timed(text: &str) -> String {
    match text.strip_prefix("now+") {
        Some(length) if !length.contains(' ') => format!("{text} story"),
        _ => text.to_owned(),
    }
}

/// A line that says whose a thing is: `OURS: words`, also behind `claims=`; in its one writing.
fn claim(word: &str) -> Option<String> {
    let word = word.strip_prefix("claims=").unwrap_or(word);
    let (whose, words) = word.split_once(':')?;
    let third = whose
        .strip_prefix("THIRD(")
        .and_then(|rest| rest.strip_suffix(')'));
    let known = matches!(whose, "OURS" | "YOURS") || third.is_some_and(|name| !name.is_empty());
    known.then(|| format!("{whose}: {}", words.trim_start()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn read(words: &[&str]) -> Result<Typed, Failure> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        typed(&words, &CodedArgs::default(), false)
    }

    fn filling(words: &[&str]) -> Filling {
        match read(words) {
            Ok(Typed::Coded(filling)) => filling,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_code_with_fields_and_claims_is_read_from_one_line() {
        let typed = filling(&[
            "QX-01",
            "whose=THIRD(Caldria)",
            "activity=A ship = seen",
            "until=now+6h",
            "OURS:none of ours is near",
            "claims=THIRD(Caldria): one vessel",
        ]);
        assert_eq!(typed.code.as_deref(), Some("QX-01"));
        let fields = typed.fields();
        assert_eq!(fields[0], ("whose".into(), "THIRD(Caldria)".into()));
        assert_eq!(fields[1].1, "A ship = seen");
        assert_eq!(fields[2].1, "now+6h story");
        assert_eq!(
            typed.remark(),
            "OURS: none of ours is near\nTHIRD(Caldria): one vessel"
        );
    }

    #[test]
    fn words_in_quotes_stay_words_whatever_they_begin_with() {
        for words in ["NT-01 Live fire tomorrow", "Is it yours?", "speed=12 knots"] {
            assert_eq!(read(&[words]), Ok(Typed::Free(words.into())));
        }
        assert_eq!(read(&[]), Ok(Typed::Nothing));
        let claims = read(&["OURS: none", "YOURS: one"]);
        assert_eq!(claims, Ok(Typed::Free("OURS: none\nYOURS: one".into())));
    }

    #[test]
    fn words_without_quotes_are_refused_with_a_caret_under_the_first() {
        let failure = read(&["We", "see", "you"]).unwrap_err();
        assert!(
            failure.what.contains("stand in quotes") && failure.what.ends_with("| ^^"),
            "{failure:?}"
        );
        let failure = read(&["QX-01", "whose=OURS", "place"]).unwrap_err();
        assert!(failure.what.contains("1 | QX-01 whose=OURS place"), "{failure:?}");
        assert!(failure.what.ends_with("                ^^^^^"), "{failure:?}");
    }

    #[test]
    fn a_mistake_in_a_field_stands_under_it_and_one_that_lacks_behind_all() {
        let typed = filling(&["QX-01", "whose=MINE"]);
        assert!(typed.marked(Some("whose"), "why").ends_with("|       ^^^^^^^^^^"));
        assert!(
            typed
                .marked(Some("place"), "lacks")
                .ends_with("|                 ^")
        );
    }
}
