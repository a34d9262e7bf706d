//! Cells that a spreadsheet would take for a formula, and the apostrophe that keeps it from doing so.

use std::borrow::Cow;

/// Letters with which a formula begins; the wide ones of East Asian keyboards count too.
const BEGINS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The same text, and no spreadsheet takes it for a formula: an apostrophe stands before it if it begins like one, behind
/// blanks and quotation marks too, and before such a piece behind a `;`, which separates cells in some countries.
#[must_use]
pub fn neutral(text: &str) -> Cow<'_, str> {
    each_piece(text, |piece| acts(piece).then(|| Cow::Owned(format!("'{piece}"))))
}

/// What [`neutral`] was given: each apostrophe that it has put there is taken away, and no other.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    each_piece(text, |piece| {
        let behind = piece.strip_prefix('\'')?;
        acts(behind).then_some(Cow::Borrowed(behind))
    })
}

fn each_piece<'t>(text: &'t str, change: impl Fn(&'t str) -> Option<Cow<'t, str>>) -> Cow<'t, str> {
    if text.split(';').all(|piece| change(piece).is_none()) {
        return Cow::Borrowed(text);
    }
    let pieces: Vec<Cow<'_, str>> = text
        .split(';')
        .map(|piece| change(piece).unwrap_or(Cow::Borrowed(piece)))
        .collect();
    Cow::Owned(pieces.join(";"))
}

/// Whether a spreadsheet might act on it; or it is what [`neutral`] would make of such a one, which must stay apart from it.
fn acts(piece: &str) -> bool {
    let begins = piece.trim_start_matches('\'');
    if begins.starts_with(['\t', '\r']) {
        return true;
    }
    let shown = begins.trim_start_matches(|c: char| c == '"' || c.is_whitespace());
    shown.starts_with(BEGINS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_that_begins_like_a_formula_gets_an_apostrophe_and_loses_it_again() {
        for (text, shown) in [
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("  =1", "'  =1"),
            (" \"=1", "' \"=1"),
            ("\t1", "'\t1"),
            ("\r1", "'\r1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("x;=1", "x;'=1"),
        ] {
            assert_eq!(neutral(text), shown, "{text:?}");
            assert_eq!(plain(shown), text, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_formula_stays_as_it_is() {
        for text in ["", "5m", "a=b", "'tis", "don't", "x; y", "''"] {
            assert_eq!(neutral(text), text);
            assert_eq!(plain(text), text);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_made_neutral_is_no_formula_and_comes_back_whole(text in "[=+@;' \"\t\r\nx1-]{0,12}") {
            let shown = neutral(&text);
            prop_assert_eq!(plain(&shown), &text[..]);
            for piece in shown.split(';') {
                let begins = piece.trim_start_matches(|c: char| c == '"' || c.is_whitespace());
                prop_assert!(!begins.starts_with(['=', '+', '-', '@']), "{}", shown);
            }
        }
    }
}
