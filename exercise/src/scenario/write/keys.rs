//! Keys and values in the order in which they are written.

use std::fmt::Write as _;

use crate::scenario::{cast::Tongues, moment::Span, place::Placed};

/// A table: its keys with values that are TOML already.
#[derive(Default)]
pub(super) struct Keys(Vec<(String, String)>);

impl Keys {
    pub(super) fn put(&mut self, key: &str, value: String) {
        self.0.push((bare(key), value));
    }

    pub(super) fn maybe(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.put(key, quoted(text));
    }

    /// A name that may be there.
    pub(super) fn name(&mut self, key: &str, name: Option<&Placed<String>>) {
        self.maybe(key, name.map(|name| quoted(name)));
    }

    /// Names, if there are any.
    pub(super) fn names(&mut self, key: &str, names: &[Placed<String>]) {
        self.list(key, names.iter().map(|name| name.value.as_str()));
    }

    /// Words, if there are any.
    pub(super) fn list<'a>(&mut self, key: &str, list: impl Iterator<Item = &'a str>) {
        let mut list = list.peekable();
        if list.peek().is_some() {
            self.put(key, words(list));
        }
    }

    pub(super) fn span(&mut self, key: &str, span: Span) {
        self.text(key, &span.to_string());
    }

    /// A text for people, if there is one.
    pub(super) fn tongues(&mut self, key: &str, texts: &Tongues) {
        if !texts.0.is_empty() {
            self.put(key, tongues(texts));
        }
    }

    /// `key = true`, or nothing.
    pub(super) fn flag(&mut self, key: &str, set: bool) {
        if set {
            self.put(key, "true".to_owned());
        }
    }

    /// A key a line.
    pub(super) fn lines(self, out: &mut String) {
        for (key, value) in self.0 {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{key} = {value}");
        }
    }

    /// Behind its head, like `[[officer]]`.
    pub(super) fn table(self, head: &str, out: &mut String) {
        let _ = writeln!(out, "\n{head}");
        self.lines(out);
    }

    /// `{ a = 1, b = 2 }`
    pub(super) fn inline(self) -> String {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        if pairs.is_empty() {
            return "{}".to_owned();
        }
        format!("{{ {} }}", pairs.join(", "))
    }
}

/// A list of words.
pub(super) fn words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    values(words.map(quoted))
}

/// A list of values.
pub(super) fn values(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

/// A text for people: `{ en = "…" }`.
pub(super) fn tongues(texts: &Tongues) -> String {
    let mut keys = Keys::default();
    for (tongue, text) in &texts.0 {
        keys.text(tongue.name(), text);
    }
    keys.inline()
}

/// A TOML string on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A key, in quotation marks where it needs them.
fn bare(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty() && key.bytes().all(plain) {
        key.to_owned()
    } else {
        quoted(key)
    }
}
