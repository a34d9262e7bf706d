//! The timeline as CSV (RFC 4180, UTF-8): one line an entry, by story time, log and leaf.
//!
//! A spreadsheet runs what it takes for a formula: a cell that begins like one gets an apostrophe before it. What could hide
//! or reorder text is shown as its number, as in the page.

use hotline_core::text::inert_line;

use super::model::LeafRow;

/// The first line.
pub const HEAD: &str = "wall,line_ms,story_ms,uncertain_ms,log,leaf,kind,who,subject,sha256";

/// The entries, in any order: those of a model, or all that the evidence has.
#[must_use]
pub fn csv(rows: &[LeafRow]) -> Vec<u8> {
    let mut sorted: Vec<&LeafRow> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.at.story_ms, &row.leaf));
    let mut out = String::from(HEAD);
    out.push_str("\r\n");
    for row in sorted {
        let cells = [
            row.at.utc(),
            row.at.line_ms.to_string(),
            row.at.story_ms.to_string(),
            row.at.uncertain_ms.to_string(),
            cell(&row.leaf.log),
            row.leaf.leaf.to_string(),
            cell(&row.kind),
            cell(&row.who),
            cell(&row.subject),
            cell(&row.sha256),
        ];
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn cell(text: &str) -> String {
    let shown = inert_line(text).text;
    let before = if shown.starts_with(['=', '+', '-', '@']) {
        "'"
    } else {
        ""
    };
    if shown.contains([',', '"']) {
        format!("\"{before}{}\"", shown.replace('"', "\"\""))
    } else {
        format!("{before}{shown}")
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_no_formula_and_ends_where_it_ends() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("@x"), "'@x");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("a\r\nb\t\u{202e}"), "a‹U+000D›‹U+000A›b‹U+0009›‹U+202E›");
        assert_eq!(cell("A-0001 FLASH"), "A-0001 FLASH");
    }
}
