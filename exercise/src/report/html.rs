//! Text that means itself in a page. Whatever a person typed becomes [`Html`] through [`text`] or [`body`] only: what could
//! move a cursor, hide or reorder is shown as a chip, and what means something in HTML is escaped.

use std::fmt;

use hotline_core::text::{inert, inert_line};

use super::model::{Leaf, LeafRow};

/// A piece of a page: already safe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Markup that this program wrote itself. Never for text that came from elsewhere.
    #[must_use]
    pub const fn ours(markup: String) -> Self {
        Self(markup)
    }

    /// Adds something behind it.
    pub fn push(&mut self, more: &Self) {
        self.0.push_str(&more.0);
    }

    /// The markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromIterator<Self> for Html {
    fn from_iter<I: IntoIterator<Item = Self>>(pieces: I) -> Self {
        let mut all = Self::default();
        for piece in pieces {
            all.push(&piece);
        }
        all
    }
}

/// One line of anyone's text.
#[must_use]
pub fn text(line: &str) -> Html {
    Html(escaped(&inert_line(line).text))
}

/// Text of several lines; its line feeds stay.
#[must_use]
pub fn body(text: &str) -> Html {
    Html(escaped(&inert(text).text))
}

/// The id of an entry in the annex. Two entries never share one: what is no letter, digit or hyphen becomes its number.
#[must_use]
pub fn leaf_id(leaf: &Leaf) -> String {
    let mut id = String::from("leaf-");
    for byte in leaf.log.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            id.push(char::from(byte));
        } else {
            id.push_str(&format!("_{byte:02x}"));
        }
    }
    format!("{id}-{}", leaf.leaf)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The entries that can be linked to: those of the annex.
pub struct Links<'a>(std::collections::BTreeSet<&'a Leaf>);

impl<'a> Links<'a> {
    /// Of an annex.
    #[must_use]
    pub fn to(rows: &'a [LeafRow]) -> Self {
        Self(rows.iter().map(|row| &row.leaf).collect())
    }

    /// `shown`, as a link to the entry; without one if the annex does not have it.
    #[must_use]
    pub fn around(&self, leaf: &Leaf, shown: &Html) -> Html {
        if self.0.contains(leaf) {
            Html(format!("<a href=\"#{}\">{shown}</a>", leaf_id(leaf)))
        } else {
            shown.clone()
        }
    }

    /// The entry's name, `desk-A 17`, as a link.
    #[must_use]
    pub fn entry(&self, leaf: &Leaf) -> Html {
        self.around(leaf, &text(&format!("{}\u{a0}{}", leaf.log, leaf.leaf)))
    }

    /// The same, of an entry that may be absent.
    #[must_use]
    pub fn maybe(&self, leaf: Option<&Leaf>) -> Html {
        leaf.map_or_else(|| text("\u{2013}"), |leaf| self.entry(leaf))
    }
}

/// A table, row by row.
pub struct Table {
    markup: String,
}

impl Table {
    /// One with these heads. `class` is one of the page's own.
    #[must_use]
    pub fn new(class: &str, heads: &[&str]) -> Self {
        let heads: String = heads
            .iter()
            .map(|head| format!("<th scope=\"col\">{}</th>", escaped(head)))
            .collect();
        Self {
            markup: format!("<table class=\"{class}\">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n"),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[Html]) {
        self.row_with("", cells);
    }

    /// Adds a row with an id of this program's making.
    pub fn row_named(&mut self, id: &str, cells: &[Html]) {
        self.row_with(&format!(" id=\"{id}\""), cells);
    }

    fn row_with(&mut self, attributes: &str, cells: &[Html]) {
        self.markup.push_str(&format!("<tr{attributes}>"));
        for cell in cells {
            self.markup.push_str("<td>");
            self.markup.push_str(&cell.0);
            self.markup.push_str("</td>");
        }
        self.markup.push_str("</tr>\n");
    }

    /// The whole of it.
    #[must_use]
    pub fn end(mut self) -> Html {
        self.markup.push_str("</tbody></table>\n");
        Html(self.markup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_means_itself() {
        assert_eq!(
            text("<b onload='x'>\u{202e}\u{1b}[2J&").as_str(),
            "&lt;b onload=&#39;x&#39;&gt;‹U+202E›‹U+001B›[2J&amp;"
        );
        assert_eq!(body("a\nb").as_str(), "a\nb");
    }

    #[test]
    fn two_logs_never_share_an_id() {
        let ids = ["a b", "a_20b", "a-b", "a\"b"].map(|log| leaf_id(&Leaf::new(log, 1)));
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(ids.iter().all(|id| !id.contains(['"', ' ', '<'])));
    }
}
