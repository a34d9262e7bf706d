//! The timeline as CSV (RFC 4180, UTF-8): one line a statement, by story time, log and leaf.
//!
//! A spreadsheet runs what it takes for a formula: a cell that begins like one gets an apostrophe before it. What could hide
//! or reorder text, or end a line, is shown as its number, as in the page.

use std::fmt::Write as _;

use hotline_core::{text::inert_line, time::WallTime};

use crate::{
    formula::neutral,
    timeline::{Timeline, What},
};

use super::lines::Lines;

/// The first line.
pub const HEAD: &str = "wall,line_ms,story_ms,log,leaf,kind,who,subject,what,sha256";

/// Every statement once, by story time, then by log and leaf. What came before STARTEX stands first.
#[must_use]
pub fn csv(timeline: &Timeline) -> String {
    let lines = Lines::new(timeline);
    let mut table = format!("{HEAD}\r\n");
    let mut entries: Vec<_> = timeline.entries.iter().collect();
    entries.sort_by_key(|entry| (entry.at.story_ms, entry.places.first()));
    for entry in entries {
        let Some(place) = entry.places.first() else {
            continue;
        };
        let wall = match entry.what {
            // An entry of a roster claims no time.
            What::Other(_) => String::new(),
            _ => WallTime::from_unix_ms(entry.at.wall_ms).rfc3339(),
        };
        let number = |ms: Option<u64>| ms.map_or_else(String::new, |ms| ms.to_string());
        let cells = [
            wall,
            number(entry.at.line_ms),
            number(entry.at.story_ms),
            place.log.clone(),
            place.leaf.to_string(),
            lines.kind(entry),
            lines.who(entry),
            lines.subject(entry),
            lines.what(entry),
            entry.sha256.to_string(),
        ];
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        let _ = write!(table, "{}\r\n", cells.join(","));
    }
    table
}

/// A cell that no spreadsheet takes for anything but text or a number.
fn cell(text: &str) -> String {
    let shown = inert_line(text).text;
    let shown = neutral(&shown);
    if shown.contains([',', ';', '"']) {
        format!("\"{}\"", shown.replace('"', "\"\""))
    } else {
        shown.into_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::testing::{Draft, Play};

    #[test]
    fn a_cell_is_no_formula_and_ends_where_it_ends() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        for (text, shown) in [("@x", "'@x"), ("+49", "'+49"), ("-1", "'-1"), ("", "")] {
            assert_eq!(cell(text), shown);
        }
        assert_eq!(cell("a,b"), "\"a,b\"");
        for (text, shown) in [
            ("x;=cmd|' /C calc'!A0", "\"x;'=cmd|' /C calc'!A0\""),
            ("x; \"=1\"", "\"x;' \"\"=1\"\"\""),
            ("x;y", "\"x;y\""),
        ] {
            assert_eq!(cell(text), shown, "where a semicolon separates cells");
        }
        assert_eq!(cell("a\r\nb\t\u{202e}"), "a‹U+000D›‹U+000A›b‹U+0009›‹U+202E›");
        assert_eq!(cell("A-0001 FLASH"), "A-0001 FLASH");
    }

    #[test]
    fn the_timeline_has_a_line_for_every_statement_by_story_time() {
        let mut play = Play::s1();
        play.at(1_000)
            .send(&Draft::flash("A", "=cmd|' /C calc'!A0\nsecond line"));
        play.at(2_000).endex();
        let table = csv(&play.timeline());
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], HEAD);
        assert_eq!(
            lines.len(),
            6,
            "the head, STARTEX, two looks, the message, ENDEX: {table}"
        );
        let story = |line: &&str| line.split(',').nth(2).unwrap().parse::<u64>().unwrap();
        assert!(lines[1..].iter().map(story).is_sorted());
        assert!(
            lines[4].starts_with(
                "2026-11-18T11:06:41.000Z,1000,60000,desk-A,0,RELEASED,desk A,A-0001 FLASH,'=cmd|' /C \
                 calc'!A0‹U+000A›second line,"
            ),
            "{}",
            lines[4]
        );
    }
}
