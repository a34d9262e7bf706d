//! Reading a plan file: every key and value with its place in the text, every mistake found at once.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{PlanErrors, STEPS_MAX, Spans, Step};
use crate::{
    caret::Marked,
    live::{Direction, FaultError},
    spec::{self, At, SpecError},
    value,
};

/// Keys of a fault that are not its own values.
const COMMON: [&str; 6] = ["at", "for", "link", "fault", "direction", "name"];

pub(super) fn plan(file: &str, text: &str) -> Result<Vec<Step>, PlanErrors> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        PlanErrors(vec![Marked::new(file, text, span, "", error.message())])
    })?;
    let mut reader = Reader {
        file,
        text,
        wrong: Vec::new(),
    };
    let steps = reader.steps(table.get_ref());
    if reader.wrong.is_empty() {
        Ok(steps)
    } else {
        Err(PlanErrors(reader.wrong))
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    wrong: Vec<Marked>,
}

/// A value as text, and where it stands.
type Word = (String, Range<usize>);

/// One fault's keys, with the places of the keys themselves.
struct Entry {
    place: usize,
    /// The whole entry.
    span: Range<usize>,
    words: BTreeMap<String, Word>,
    keys: BTreeMap<String, Range<usize>>,
}

impl Reader<'_> {
    fn refuse(&mut self, span: Range<usize>, key: &str, what: impl Into<String>) {
        self.wrong
            .push(Marked::new(self.file, self.text, span, key, what));
    }

    fn steps(&mut self, table: &DeTable<'_>) -> Vec<Step> {
        for key in table.keys().filter(|key| key.get_ref() != "faults") {
            let name = key.get_ref().to_string();
            self.refuse(
                key.span(),
                &name,
                format!("a plan has no \"{name}\"; it is a list of [[faults]]"),
            );
        }
        let Some(faults) = table.get("faults") else {
            self.refuse(0..0, "faults", "a plan needs at least one [[faults]]");
            return Vec::new();
        };
        let Some(list) = faults.get_ref().as_array().filter(|list| !list.is_empty()) else {
            self.refuse(
                faults.span(),
                "faults",
                "a plan is a list: begin each fault with [[faults]]",
            );
            return Vec::new();
        };
        if list.len() > STEPS_MAX {
            let what = format!(
                "a plan has at most {STEPS_MAX} faults, and this one has {}",
                list.len()
            );
            self.refuse(faults.span(), "faults", what);
            return Vec::new();
        }
        list.iter()
            .enumerate()
            .filter_map(|(place, value)| self.step(place, value))
            .collect()
    }

    fn step(&mut self, place: usize, value: &Spanned<DeValue<'_>>) -> Option<Step> {
        let entry = self.entry(place, value)?;
        let before = self.wrong.len();
        let at = self.time(&entry, "at").unwrap_or_else(|| {
            if !entry.words.contains_key("at") {
                let what = "a fault needs \"at\": when it begins, like \"5s\"";
                self.refuse(entry.span.clone(), &entry.key("at"), what);
            }
            Duration::ZERO
        });
        let lasts = self.time(&entry, "for");
        if lasts.is_some_and(|lasts| lasts.is_zero()) {
            let span = entry.value_span("for");
            self.refuse(
                span,
                &entry.key("for"),
                "a fault lasts longer than nothing; leave \"for\" out for one that stays",
            );
        }
        let direction = self.direction(&entry);
        let fault = self.fault(&entry, direction);
        if self.wrong.len() > before {
            return None;
        }
        let word = |key| entry.words.get(key).map(|(text, _)| text.clone());
        Some(Step {
            at,
            lasts,
            link: word("link"),
            name: word("name").unwrap_or_else(|| format!("plan-{}", place + 1)),
            fault: fault?,
            direction,
            place,
            spans: Spans {
                fault: entry.value_span("fault"),
                link: entry.value_span("link"),
                name: entry.value_span("name"),
            },
        })
    }

    fn entry(&mut self, place: usize, value: &Spanned<DeValue<'_>>) -> Option<Entry> {
        let name = format!("faults[{}]", place + 1);
        let Some(table) = value.get_ref().as_table() else {
            self.refuse(
                value.span(),
                &name,
                "a fault is a table: begin it with [[faults]]",
            );
            return None;
        };
        let mut entry = Entry {
            place,
            span: value.span(),
            words: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        for (key, value) in table {
            let text = key.get_ref().to_string();
            match as_text(value.get_ref()) {
                Some(word) => {
                    entry.words.insert(text.clone(), (word, value.span()));
                    entry.keys.insert(text, key.span());
                }
                None => {
                    let what = format!("\"{text}\" is a text or a number, like \"100ms\"");
                    self.refuse(value.span(), &format!("{name}.{text}"), what);
                    return None;
                }
            }
        }
        Some(entry)
    }

    fn time(&mut self, entry: &Entry, key: &str) -> Option<Duration> {
        let (text, span) = entry.words.get(key)?;
        match value::duration(text) {
            Ok(time) => Some(time),
            Err(what) => {
                self.refuse(span.clone(), &entry.key(key), what);
                None
            }
        }
    }

    fn direction(&mut self, entry: &Entry) -> Direction {
        let Some((text, span)) = entry.words.get("direction") else {
            return Direction::Both;
        };
        spec::direction(text).unwrap_or_else(|what| {
            self.refuse(span.clone(), &entry.key("direction"), what);
            Direction::Both
        })
    }

    fn fault(&mut self, entry: &Entry, direction: Direction) -> Option<crate::live::Fault> {
        let Some((kind, span)) = entry.words.get("fault") else {
            let what = "a fault needs \"fault\": its kind, like \"latency\"";
            self.refuse(entry.span.clone(), &entry.key("fault"), what);
            return None;
        };
        let own = entry
            .words
            .iter()
            .filter(|(key, _)| !COMMON.contains(&key.as_str()));
        let parameters = own.map(|(key, (text, _))| (key.clone(), text.clone())).collect();
        match spec::fault(kind, &parameters) {
            Ok(fault) => match fault.check_apart(direction) {
                Ok(()) => Some(fault),
                Err(error) => {
                    self.refuse(span.clone(), &entry.key("fault"), FaultError::to_string(&error));
                    None
                }
            },
            Err(SpecError { at, what }) => {
                let (span, key) = match at {
                    At::Kind => (span.clone(), "fault".to_owned()),
                    At::Key(key) => (entry.keys.get(&key).cloned().unwrap_or(span.clone()), key),
                    At::Value(key) => (entry.value_span(&key), key),
                };
                self.refuse(span, &entry.key(&key), what);
                None
            }
        }
    }
}

impl Entry {
    fn key(&self, key: &str) -> String {
        format!("faults[{}].{key}", self.place + 1)
    }

    fn value_span(&self, key: &str) -> Range<usize> {
        self.words
            .get(key)
            .map_or(self.span.clone(), |(_, span)| span.clone())
    }
}

/// A text, or a number as it is written.
fn as_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}
