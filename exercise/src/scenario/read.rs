//! Reading a scenario: every key and value with its place, every mistake found at once.

mod cast;
mod deed;
mod expect;
mod fault;
mod msel;
mod names;
mod player;
mod top;
mod value;

use std::ops::Range;

use hotline_faults::caret::Marked;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    FILE_MAX, Scenario,
    lists::Tongue,
    place::{Code, Coded, MISTAKES_MAX, ScenarioErrors},
    suggest::hint,
};
use names::Names;
pub(in crate::scenario) use top::FORMAT;

/// A value with its place.
type Value<'t> = &'t Spanned<DeValue<'t>>;

pub(super) fn scenario(file: &str, text: &str) -> Result<Scenario, ScenarioErrors> {
    let mut reader = Reader {
        file,
        text,
        wrong: Vec::new(),
        more: 0,
        names: Names::default(),
        languages: Vec::new(),
    };
    if text.len() > FILE_MAX {
        let what = format!(
            "the file has {} bytes, and a scenario at most {FILE_MAX}",
            text.len()
        );
        reader.refuse(Code::NotToml, 0..0, "", what);
        return Err(reader.errors());
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        reader.refuse(Code::NotToml, span, "", error.message());
    }
    if !reader.wrong.is_empty() {
        return Err(reader.errors());
    }
    let entry = Entry {
        table: table.get_ref(),
        span: 0..0,
        path: String::new(),
    };
    let read = reader.top(&entry);
    reader.resolve();
    match read {
        Some(scenario) if reader.wrong.is_empty() => Ok(scenario),
        _ => Err(reader.errors()),
    }
}

pub(super) fn not_utf8(file: &str, bytes: &[u8], at: usize) -> ScenarioErrors {
    let valid = &bytes[..at.min(bytes.len()).min(FILE_MAX)];
    let text = String::from_utf8_lossy(valid);
    let what = "from here on the file is no UTF-8; save it as UTF-8 text";
    let marked = Marked::new(file, &text, at..at, "", what);
    ScenarioErrors {
        mistakes: vec![Coded {
            code: Code::NotToml,
            marked,
        }],
        more: 0,
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    /// With where each begins, for the order of the file.
    wrong: Vec<(usize, Coded)>,
    more: usize,
    names: Names,
    languages: Vec<Tongue>,
}

/// A table, and what it is called: `officer[1]`.
struct Entry<'t> {
    table: &'t DeTable<'t>,
    span: Range<usize>,
    path: String,
}

impl Entry<'_> {
    fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where a value stands; the table if it is not there.
    fn span_of(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or(self.span.clone(), Spanned::span)
    }
}

impl Reader<'_> {
    fn refuse(&mut self, code: Code, span: Range<usize>, key: &str, what: impl Into<String>) {
        if self.wrong.len() >= MISTAKES_MAX {
            self.more += 1;
            return;
        }
        let start = span.start;
        let marked = Marked::new(self.file, self.text, span, key, what);
        self.wrong.push((start, Coded { code, marked }));
    }

    fn errors(mut self) -> ScenarioErrors {
        self.wrong.sort_by_key(|(start, _)| *start);
        ScenarioErrors {
            mistakes: self.wrong.into_iter().map(|(_, coded)| coded).collect(),
            more: self.more,
        }
    }

    /// Refuses every key that the table does not have.
    fn keys(&mut self, entry: &Entry<'_>, known: &[&str]) {
        #[cfg(test)]
        asked::note(&entry.path, known);
        for key in entry.table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let called = match entry.path.as_str() {
                    "" => "a scenario".to_owned(),
                    path => path.to_owned(),
                };
                let what = format!(
                    "{called} has no key \"{name}\"{}",
                    hint(name, known.iter().copied())
                );
                self.refuse(Code::UnknownKey, key.span(), &entry.key(name), what);
            }
        }
    }

    /// A key that may be there.
    fn may<'t, T>(
        &mut self,
        entry: &Entry<'t>,
        key: &str,
        read: impl FnOnce(&mut Self, Value<'t>, &str) -> Option<T>,
    ) -> Option<T> {
        let value = entry.table.get(key)?;
        read(self, value, &entry.key(key))
    }

    /// A key that must be there.
    fn must<'t, T>(
        &mut self,
        entry: &Entry<'t>,
        key: &str,
        read: impl FnOnce(&mut Self, Value<'t>, &str) -> Option<T>,
    ) -> Option<T> {
        if !entry.has(key) {
            let called = match entry.path.as_str() {
                "" => "a scenario".to_owned(),
                path => path.to_owned(),
            };
            let what = format!("{called} needs the key \"{key}\"");
            self.refuse(Code::MissingKey, entry.span.clone(), &entry.key(key), what);
        }
        self.may(entry, key, read)
    }

    /// Refuses a value of the wrong type.
    fn not(&mut self, value: Value<'_>, path: &str, wanted: &str) {
        let what = format!("this is {}, and {wanted} is wanted", kind_of(value.get_ref()));
        self.refuse(Code::Value, value.span(), path, what);
    }

    fn table<'t>(&mut self, value: Value<'t>, path: &str) -> Option<Entry<'t>> {
        let Some(table) = value.get_ref().as_table() else {
            self.not(value, path, "a table");
            return None;
        };
        Some(Entry {
            table,
            span: value.span(),
            path: path.to_owned(),
        })
    }

    /// A list, each part read by itself. One that is wrong is left out, and told.
    fn list<'t, T>(
        &mut self,
        value: Value<'t>,
        path: &str,
        mut read: impl FnMut(&mut Self, Value<'t>, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(list) = value.get_ref().as_array() else {
            self.not(value, path, "a list");
            return None;
        };
        let parts = list.iter().enumerate();
        let read = parts.filter_map(|(n, part)| read(self, part, &format!("{path}[{}]", n + 1)));
        Some(read.collect())
    }

    /// A list of tables that may be there.
    fn tables<'t, T>(
        &mut self,
        entry: &Entry<'t>,
        key: &str,
        mut read: impl FnMut(&mut Self, &Entry<'t>) -> Option<T>,
    ) -> Vec<T> {
        self.may(entry, key, |reader, value, path| {
            reader.list(value, path, |reader, part, path| {
                let entry = reader.table(part, path)?;
                read(reader, &entry)
            })
        })
        .unwrap_or_default()
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Which keys each table was asked for, so that a test can hold the published schema against the reader itself.
#[cfg(test)]
pub(super) mod asked {
    use std::{
        cell::RefCell,
        collections::{BTreeMap, BTreeSet},
    };

    /// Keys by table: `expect[].is`.
    pub(in crate::scenario) type Keys = BTreeMap<String, BTreeSet<String>>;

    thread_local! {
        static ASKED: RefCell<Keys> = const { RefCell::new(BTreeMap::new()) };
    }

    pub(super) fn note(path: &str, known: &[&str]) {
        let table = path.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        ASKED.with_borrow_mut(|asked| {
            let keys = asked.entry(table).or_default();
            keys.extend(known.iter().map(|key| (*key).to_owned()));
        });
    }

    /// Everything that was asked for by this thread.
    pub(in crate::scenario) fn all() -> Keys {
        ASKED.with_borrow(Clone::clone)
    }
}
