//! Tables of a TOML file with the places of their keys and values, and what a reader asks of them.

use std::{ops::Range, time::Duration};

use hotline_faults::{caret::Marked, value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::nearest::nearest;
use crate::codebook::{Words, fields};

/// What was read so far, and what was wrong with it.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    pub(super) wrong: Vec<Marked>,
}

/// One table, its name in the file and its place.
pub(super) struct Table<'t> {
    name: String,
    span: Range<usize>,
    table: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    pub(super) fn root(table: &'t DeTable<'t>) -> Self {
        Self {
            name: String::new(),
            span: 0..0,
            table,
        }
    }

    /// The name of one of its keys, as a person says it: `code[3].reply`.
    pub(super) fn key(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key)?.get_ref().as_str()
    }

    /// Where a value stands; where the table begins if there is none.
    pub(super) fn span(&self, key: &str) -> Range<usize> {
        self.table
            .get(key)
            .map_or_else(|| self.span.clone(), Spanned::span)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            wrong: Vec::new(),
        }
    }

    pub(super) fn refuse(&mut self, span: Range<usize>, key: &str, what: impl Into<String>) {
        self.wrong
            .push(Marked::new(self.file, self.text, span, key, what));
    }

    /// Refuses every key that is not known.
    pub(super) fn only(&mut self, table: &Table<'_>, known: &[&str]) {
        for key in table.table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let hint = nearest(name, known).map_or_else(
                || format!("known are {}", known.join(", ")),
                |near| format!("did you mean \"{near}\"?"),
            );
            let what = format!("{} is not known here; {hint}", fields::shown(name));
            self.refuse(key.span(), &table.key(name), what);
        }
    }

    fn string<'t>(&mut self, table: &'t Table<'_>, key: &str) -> Option<&'t str> {
        let text = table.text(key);
        if text.is_none() {
            let what = if table.has(key) {
                format!("\"{key}\" is a text in quotation marks")
            } else {
                format!("\"{key}\" lacks")
            };
            self.refuse(table.span(key), &table.key(key), what);
        }
        text
    }

    /// A text of a certain shape, which `shape` says in words.
    pub(super) fn matching(
        &mut self,
        table: &Table<'_>,
        key: &str,
        fits: impl Fn(&str) -> bool,
        shape: &str,
    ) -> Option<String> {
        let text = self.string(table, key)?;
        if fits(text) {
            return Some(text.to_owned());
        }
        let what = format!("{} does not do: write {shape}", fields::shown(text));
        self.refuse(table.span(key), &table.key(key), what);
        None
    }

    /// A word of a closed list.
    pub(super) fn word<T: Copy>(
        &mut self,
        table: &Table<'_>,
        key: &str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let text = self.string(table, key)?;
        if let Some(word) = known.iter().copied().find(|word| name(*word) == text) {
            return Some(word);
        }
        let names: Vec<&str> = known.iter().map(|word| name(*word)).collect();
        let hint = nearest(text, &names).map_or_else(
            || format!("known are {}", names.join(", ")),
            |near| format!("did you mean \"{near}\"?"),
        );
        let what = format!("{} is not known here; {hint}", fields::shown(text));
        self.refuse(table.span(key), &table.key(key), what);
        None
    }

    pub(super) fn number(&mut self, table: &Table<'_>, key: &str, least: u32, most: u32) -> Option<u32> {
        let found = table.table.get(key).and_then(|value| match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse::<u32>().ok(),
            _ => None,
        });
        let number = found.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let range = if most == u32::MAX {
                format!("from {least}")
            } else {
                format!("from {least} to {most}")
            };
            let what = format!("\"{key}\" is a whole number {range}");
            self.refuse(table.span(key), &table.key(key), what);
        }
        number
    }

    pub(super) fn truth(&mut self, table: &Table<'_>, key: &str) -> Option<bool> {
        let found = table.table.get(key).and_then(|value| value.get_ref().as_bool());
        if found.is_none() {
            let what = format!("\"{key}\" is true or false, without quotation marks");
            self.refuse(table.span(key), &table.key(key), what);
        }
        found
    }

    /// A list of texts.
    pub(super) fn words(&mut self, table: &Table<'_>, key: &str) -> Option<Vec<String>> {
        let list = table.table.get(key).and_then(|value| value.get_ref().as_array());
        let words = list.and_then(|list| {
            let words = list.iter().map(|word| word.get_ref().as_str().map(str::to_owned));
            words.collect::<Option<Vec<String>>>()
        });
        if words.is_none() {
            let what = format!("\"{key}\" is a list of texts, like [\"ONE\", \"TWO\"]");
            self.refuse(table.span(key), &table.key(key), what);
        }
        words
    }

    /// A length of time that names the story clock, in whole seconds.
    pub(super) fn story(&mut self, table: &Table<'_>, key: &str) -> Option<Duration> {
        let text = self.string(table, key)?;
        let read = match text.strip_suffix(" story") {
            None => Err(format!(
                "{} names no clock; people's times run on the story clock: write \"10m story\"",
                fields::shown(text)
            )),
            Some(number) => value::duration(number),
        };
        let whole = read.and_then(|span| {
            let good = span.subsec_nanos() == 0 && !span.is_zero();
            good.then_some(span)
                .ok_or_else(|| "it is at least one second, and whole seconds".to_owned())
        });
        match whole {
            Ok(span) => Some(span),
            Err(what) => {
                self.refuse(table.span(key), &table.key(key), what);
                None
            }
        }
    }

    /// The same words in all languages: `{ qav = "…", qbo = "…", en = "…" }`.
    pub(super) fn languages(&mut self, table: &Table<'_>, key: &str, most: u32) -> Option<Words> {
        let Some(inner) = table.table.get(key).and_then(|value| value.get_ref().as_table()) else {
            let what =
                format!("\"{key}\" is a table of languages: {{ qav = \"…\", qbo = \"…\", en = \"…\" }}");
            self.refuse(table.span(key), &table.key(key), what);
            return None;
        };
        let inner = Table {
            name: table.key(key),
            span: table.span(key),
            table: inner,
        };
        self.only(&inner, &["qav", "qbo", "en"]);
        let [qav, qbo, en] = ["qav", "qbo", "en"].map(|tongue| self.line(&inner, tongue, most));
        Some(Words {
            qav: qav?,
            qbo: qbo?,
            en: en?,
        })
    }

    fn line(&mut self, table: &Table<'_>, key: &str, most: u32) -> Option<String> {
        let text = self.string(table, key)?;
        match fields::check_line(text, most) {
            Ok(()) => Some(text.to_owned()),
            Err(what) => {
                self.refuse(table.span(key), &table.key(key), what);
                None
            }
        }
    }

    /// A list of tables: `[[code]]`.
    pub(super) fn tables<'t>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        least: usize,
        most: usize,
    ) -> Vec<Table<'t>> {
        let name = table.key(key);
        let list = table.table.get(key).and_then(|value| value.get_ref().as_array());
        let list = list.filter(|list| (least..=most).contains(&list.len()));
        let Some(list) = list else {
            let what = format!("there are {least} to {most} [[{key}]] here");
            self.refuse(table.span(key), &name, what);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (place, value) in list.iter().enumerate() {
            let name = format!("{name}[{}]", place + 1);
            match value.get_ref().as_table() {
                Some(table) => tables.push(Table {
                    name,
                    span: value.span(),
                    table,
                }),
                None => self.refuse(value.span(), &name, format!("begin it with [[{key}]]")),
            }
        }
        tables
    }
}
