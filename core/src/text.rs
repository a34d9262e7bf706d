//! Strangers' words made inert: what could move a cursor, hide, reorder or impersonate is shown as a visible chip.
//!
//! A chip reads `‹U+202E›`. The signed bytes are never changed; this is only how they are shown. HTML is not escaped
//! here: a page puts the text into a text node. Words written wholly in another script that look like Latin ones
//! cannot be told from honest words and are not marked.

use std::fmt::Write as _;

/// Text that is safe to show, and how much of it had to be marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inert {
    /// The text, with chips.
    pub text: String,
    /// How many characters were replaced by chips.
    pub marked: usize,
}

/// A message body, made inert. Line feeds and tabs stay.
pub fn inert(body: &str) -> Inert {
    make_inert(body, LineBreaks::Keep)
}

/// A single line (a name, a reason, a log field), made inert. Line feeds and tabs become chips too.
pub fn inert_line(line: &str) -> Inert {
    make_inert(line, LineBreaks::Chip)
}

/// Whether nothing of this text would be seen on a screen.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || is_active(c) || is_combining(c) || c == '\u{2800}')
}

#[derive(Clone, Copy)]
enum LineBreaks {
    Keep,
    Chip,
}

fn make_inert(text: &str, breaks: LineBreaks) -> Inert {
    let mut out = Inert {
        text: String::with_capacity(text.len()),
        marked: 0,
    };
    let mut stack = Stack::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        if word == 0 {
            let kept = match (first, breaks) {
                ('\n' | '\t', LineBreaks::Keep) => true,
                // A text that spells out a chip could pass for our mark.
                ('‹', _) => !rest.starts_with("‹U+"),
                _ => !is_active(first),
            };
            out.push(first, kept && stack.bears(first));
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else {
            let (letters, behind) = rest.split_at_checked(word).unwrap_or((rest, ""));
            let mixed = letters.contains(|c: char| c.is_ascii_alphabetic());
            for letter in letters.chars() {
                let borrowed = mixed && looks_latin(letter);
                let kept = !is_active(letter) && !borrowed;
                out.push(letter, kept && stack.bears(letter));
            }
            rest = behind;
        }
    }
    out
}

impl Inert {
    fn push(&mut self, c: char, kept: bool) {
        if kept {
            self.text.push(c);
        } else {
            self.marked += 1;
            // Writing to a String cannot fail.
            let _ = write!(self.text, "‹U+{:04X}›", u32::from(c));
        }
    }
}

/// How many marks are stacked on the last letter.
#[derive(Default)]
struct Stack(usize);

impl Stack {
    /// Whether this character may be shown: the marks on one letter end where one more would only hide something.
    fn bears(&mut self, c: char) -> bool {
        self.0 = if is_combining(c) {
            self.0.saturating_add(1)
        } else {
            0
        };
        self.0 <= MAX_STACKED
    }
}

/// Characters that act instead of being seen: controls, reordering, joiners, fillers, selectors, tags, noncharacters.
fn is_active(c: char) -> bool {
    matches!(u32::from(c),
        0x00..=0x1F | 0x7F..=0x9F          // C0 with escape, DEL, C1
        | 0x00AD | 0x034F | 0x061C         // soft hyphen, grapheme joiner, Arabic letter mark
        | 0x115F..=0x1160 | 0x3164 | 0xFFA0 // Hangul fillers
        | 0x17B4..=0x17B5 | 0x180B..=0x180F // Khmer inherent vowels, Mongolian selectors
        | 0x200B..=0x200F | 0x2028..=0x202E // zero width, marks, separators, embeddings and overrides
        | 0x2060..=0x206F                  // joiners, invisible operators, isolates, deprecated controls
        | 0xFE00..=0xFE0F | 0xFEFF         // variation selectors, byte order mark
        | 0xFFF0..=0xFFFB                  // specials, interlinear annotation
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF                // tags, more selectors
        | 0xFDD0..=0xFDEF | 0xE000..=0xF8FF | 0xF0000..=0x10FFFF // noncharacters, private use
    ) || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Marks that stack on the letter before them.
fn is_combining(c: char) -> bool {
    matches!(u32::from(c),
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x064B..=0x065F | 0x0E34..=0x0E3A | 0x0E47..=0x0E4E
        | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// Letters of scripts whose letters pass for Latin ones: Greek, Cyrillic, Armenian, Cherokee, Coptic, Lisu, and the
/// letter-like, mathematical and full-width forms.
fn looks_latin(c: char) -> bool {
    matches!(u32::from(c),
        0x0370..=0x058F | 0x13A0..=0x13FF | 0x1C80..=0x1C8F | 0x1F00..=0x1FFF | 0x2100..=0x214F | 0x2C80..=0x2CFF
        | 0x2DE0..=0x2DFF | 0xA4D0..=0xA4FF | 0xA640..=0xA69F | 0xAB70..=0xABBF | 0xFF21..=0xFF3A | 0xFF41..=0xFF5A
        | 0x1D400..=0x1D7FF)
}

/// Combining marks on one letter that are shown: the most that living orthographies stack is 3 or 4.
const MAX_STACKED: usize = 4;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn honest_text_stays_as_it_is() {
        for text in [
            "Unidentified track, sector 4.\n\tWhose is it?",
            "Взлёт отменён",
            "Ελλάδα",
            "naïve Ångström ‹so›",
            "停火提案",
            "שלום",
        ] {
            assert_eq!(
                inert(text),
                Inert {
                    text: text.to_owned(),
                    marked: 0
                }
            );
        }
    }

    #[test]
    fn an_escape_becomes_a_visible_chip() {
        assert_eq!(
            inert("a\u{1b}[2Jb"),
            Inert {
                text: "a‹U+001B›[2Jb".to_owned(),
                marked: 1
            }
        );
        assert_eq!(inert("a\rb\u{9b}c").text, "a‹U+000D›b‹U+009B›c");
    }

    #[test]
    fn reordering_and_hidden_characters_become_chips() {
        let shown = inert("pay \u{202e}evif\u{202c} \u{200b}\u{feff}\u{2066}\u{e0041}\u{ad}");
        assert_eq!(
            shown.text,
            "pay ‹U+202E›evif‹U+202C› ‹U+200B›‹U+FEFF›‹U+2066›‹U+E0041›‹U+00AD›"
        );
        assert_eq!(shown.marked, 7);
    }

    #[test]
    fn only_a_body_keeps_its_lines() {
        assert_eq!(inert("a\nb\tc").text, "a\nb\tc");
        assert_eq!(inert_line("a\nb\tc").text, "a‹U+000A›b‹U+0009›c");
    }

    #[test]
    fn a_text_that_spells_out_a_chip_is_told_from_one() {
        assert_eq!(inert("‹U+202E›").text, "‹U+2039›U+202E›");
    }

    #[test]
    fn a_borrowed_letter_inside_a_latin_word_is_marked() {
        assert_eq!(inert("Рaris fl\u{430}sh").text, "‹U+0420›aris fl‹U+0430›sh");
        assert_eq!(inert("Париж Paris").marked, 0);
    }

    #[test]
    fn a_flood_of_combining_marks_is_cut_off() {
        let shown = inert(&format!("a{}", "\u{301}".repeat(100)));
        assert_eq!(shown.marked, 96);
    }

    #[test]
    fn a_text_of_invisible_characters_is_blank() {
        assert!(is_blank(""));
        assert!(is_blank(" \n\u{200b}\u{3000}\u{2800}"));
        assert!(!is_blank(" a"));
    }

    proptest! {
        #[test]
        fn no_active_character_survives(text: String) {
            let shown = inert(&text);
            prop_assert!(!shown.text.chars().any(|c| is_active(c) && c != '\n' && c != '\t'));
            prop_assert!(!inert_line(&text).text.chars().any(is_active));
        }

        #[test]
        fn making_text_inert_loses_no_character(text: String) {
            let shown = inert(&text);
            prop_assert!(shown.text.chars().count() >= text.chars().count());
            prop_assert_eq!(shown.marked == 0, shown.text == text);
        }
    }
}
