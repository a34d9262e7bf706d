//! Errors in something that a person wrote: the place, the line, and a caret under the offending text.
//!
//! ```text
//! faults.toml, line 5, faults[1].share: "30" has no unit; write a share like 30%
//!   5 | share = "30"
//!     |         ^^^^
//! ```

use std::{fmt, ops::Range};

use hotline_core::text;

/// Most characters of a line that are shown: what a terminal holds beside the line's number.
const SHOWN_MAX: usize = 100;

/// Something that a person wrote, and what is wrong with one place of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Where it was written: a file's name, or `command line`.
    pub place: String,
    /// The line, from 1.
    pub line: usize,
    /// The key, as in `faults[1].share`; empty if there is none.
    pub key: String,
    /// A sentence: what is wrong, and what would do.
    pub what: String,
    shown: String,
    /// In characters of `shown`.
    mark: Range<usize>,
}

impl Marked {
    /// Marks `span`, in bytes of `text`. One that is out of range, or empty, marks one character.
    #[must_use]
    pub fn new(place: &str, text: &str, span: Range<usize>, key: &str, what: impl Into<String>) -> Self {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[..start].matches('\n').count() + 1;
        let before = text[line_start..start].chars().count();
        let marked = text[start..end.min(line_end)].chars().count().max(1);
        let (shown, mark) = window(&text[line_start..line_end], before..before + marked);
        Self {
            place: place.to_owned(),
            line,
            key: key.to_owned(),
            what: text::inert_line(&what.into()).text,
            shown,
            mark,
        }
    }
}

/// The part of a line around the mark, made inert.
fn window(line: &str, mark: Range<usize>) -> (String, Range<usize>) {
    let skip = mark.end.min(mark.start + SHOWN_MAX / 2).saturating_sub(SHOWN_MAX);
    // One character stays one character, so that the caret stays below what it means.
    let shown: String = line.chars().skip(skip).take(SHOWN_MAX).map(plain).collect();
    let end = (mark.end - skip).min(SHOWN_MAX);
    (shown, mark.start - skip..end)
}

fn plain(c: char) -> char {
    if text::inert_line(c.encode_utf8(&mut [0; 4])).marked == 0 {
        c
    } else {
        ' '
    }
}

/// The nearest start of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            line,
            key,
            what,
            shown,
            mark,
        } = self;
        write!(f, "{place}, line {line}")?;
        if !key.is_empty() {
            write!(f, ", {key}")?;
        }
        let number = line.to_string();
        let blank = " ".repeat(number.len());
        let carets = "^".repeat(mark.len());
        let indent = " ".repeat(mark.start);
        write!(f, ": {what}\n  {number} | {shown}\n  {blank} | {indent}{carets}")
    }
}

impl std::error::Error for Marked {}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "at = \"5s\"\nshare = \"30\"\n";

    #[test]
    fn the_caret_stands_under_the_offending_text_with_file_line_and_key() {
        let at = TEXT.find("\"30\"").unwrap_or_default();
        let marked = Marked::new("plan.toml", TEXT, at..at + 4, "share", "no unit");
        let expected = "plan.toml, line 2, share: no unit\n  2 | share = \"30\"\n    |         ^^^^";
        assert_eq!(marked.to_string(), expected);
    }

    #[test]
    fn a_place_beyond_the_end_or_inside_a_letter_marks_one_character() {
        let end = Marked::new("f", TEXT, 999..1_000, "", "ends too early").to_string();
        assert!(end.contains("line 3") && end.ends_with("| ^"), "{end}");
        let inside = Marked::new("f", "é = 1", 1..1, "", "odd").to_string();
        assert!(inside.ends_with("| ^"), "{inside}");
    }

    #[test]
    fn a_very_long_line_is_shown_around_the_mark() {
        let long = format!("{}BAD", "x".repeat(5_000));
        let shown = Marked::new("f", &long, 5_000..5_003, "", "odd").to_string();
        assert!(shown.contains("xBAD\n") && shown.ends_with("^^^"), "{shown}");
        assert!(shown.len() < 400);
    }

    #[test]
    fn what_could_move_a_cursor_is_not_shown() {
        let shown = Marked::new("f", "a\u{1b}[2Jb\tc", 0..1, "", "odd \u{1b}[2J").to_string();
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}
