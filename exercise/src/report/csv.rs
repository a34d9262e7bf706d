//! The timeline as a table: one line a statement, for whoever counts with a spreadsheet.
//!
//! A cell that a spreadsheet would take for a formula begins with `'`: `=`, `+`, `-`, `@`, and tabs and returns, which some
//! skip before they look. Cells with commas, quotes or line ends stand in quotes (RFC 4180).

use std::fmt::Write as _;

use hotline_core::time::WallTime;

use crate::timeline::{Timeline, What};

use super::lines::Lines;

/// The first line.
pub const HEAD: &str = "wall,line_ms,story_ms,log,leaf,kind,who,subject,what,sha256";

/// Every statement once, by time, then by log and leaf.
#[must_use]
pub fn csv(timeline: &Timeline) -> String {
    let lines = Lines::new(timeline);
    let mut table = format!("{HEAD}\r\n");
    for entry in &timeline.entries {
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
    let acts = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if acts { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::testing::{Draft, Play};

    #[test]
    fn no_cell_acts_in_a_spreadsheet() {
        for (text, shown) in [
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("A-0017", "A-0017"),
            ("a, b", "\"a, b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }

    #[test]
    fn every_statement_is_one_line_with_its_first_place() {
        let mut play = Play::s1();
        play.at(1_000)
            .send(&Draft::flash("A", "=cmd|' /C calc'!A0\nsecond line"));
        play.at(2_000).endex();
        let table = csv(&play.timeline());
        let lines: Vec<&str> = table.split("\r\n").collect();
        assert_eq!(lines[0], HEAD);
        assert_eq!(
            lines.len(),
            7,
            "the head, STARTEX, two looks, the message, ENDEX, and the end: {table}"
        );
        let message = lines.iter().find(|line| line.contains("RELEASED")).unwrap();
        assert!(
            message.starts_with(
                "2026-11-18T11:06:41.000Z,1000,60000,desk-A,0,RELEASED,desk A,A-0001 FLASH,\"'=cmd|' /C calc'!A0\n"
            ),
            "{message}"
        );
    }
}
