//! A table of a declared file, read key by key; whatever does not fit becomes a fault with its place.

use toml::{Table, Value};

use crate::pki::error::Fault;

/// What is wrong with the file so far.
pub(super) struct Faults(pub Vec<Fault>);

impl Faults {
    pub fn add(&mut self, key: String, found: String, why: &str, works: &str) {
        self.0.push(Fault {
            key,
            found,
            why: why.to_owned(),
            works: works.to_owned(),
        });
    }
}

/// A table of the file and where it stands. Keys are taken out of it; what is left at the end nobody knows.
pub(super) struct Section {
    /// Where it stands: empty, or e.g. `relay[0]`.
    pub at: String,
    /// What has not been read yet.
    pub table: Table,
}

impl Section {
    pub fn key(&self, key: &str) -> String {
        if self.at.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.at)
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub fn text(&mut self, key: &str, works: &str, faults: &mut Faults) -> Option<String> {
        self.parsed(key, works, |text| Ok(text.to_owned()), faults)
    }

    pub fn parsed<T>(
        &mut self,
        key: &str,
        works: &str,
        parse: impl Fn(&str) -> Result<T, String>,
        faults: &mut Faults,
    ) -> Option<T> {
        let at = self.key(key);
        match self.table.remove(key) {
            None => faults.add(
                at,
                "nothing".into(),
                "this key is needed",
                &format!("{key} = {works}"),
            ),
            Some(Value::String(text)) => match parse(&text) {
                Ok(value) => return Some(value),
                Err(why) => faults.add(at, format!("{text:?}"), &why, works),
            },
            Some(other) => faults.add(at, shown(&other), "text in quotes is needed", works),
        }
        None
    }

    pub fn list<T>(
        &mut self,
        key: &str,
        works: &str,
        parse: impl Fn(&str) -> Result<T, String>,
        faults: &mut Faults,
    ) -> Option<Vec<T>> {
        let at = self.key(key);
        let items = match self.table.remove(key) {
            Some(Value::Array(items)) => items,
            None => {
                faults.add(
                    at,
                    "nothing".into(),
                    "this key is needed",
                    &format!("{key} = {works}"),
                );
                return None;
            }
            Some(other) => {
                faults.add(at, shown(&other), "a list in brackets is needed", works);
                return None;
            }
        };
        let mut read = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let at = format!("{at}[{place}]");
            match item.as_str().map(&parse) {
                Some(Ok(value)) => read.push(value),
                Some(Err(why)) => faults.add(at, shown(item), &why, works),
                None => faults.add(at, shown(item), "text in quotes is needed", works),
            }
        }
        (read.len() == items.len()).then_some(read)
    }

    pub fn section(&mut self, key: &str, faults: &mut Faults) -> Option<Section> {
        if !self.table.contains_key(key) {
            faults.add(
                self.key(key),
                "nothing".into(),
                "this table is needed",
                &format!("[{key}]"),
            );
        }
        self.optional_section(key, faults)
    }

    pub fn optional_section(&mut self, key: &str, faults: &mut Faults) -> Option<Section> {
        let at = self.key(key);
        match self.table.remove(key)? {
            Value::Table(table) => Some(Section { at, table }),
            other => {
                faults.add(at, shown(&other), "a table is needed", &format!("[{key}]"));
                None
            }
        }
    }

    pub fn sections<T>(
        &mut self,
        key: &str,
        faults: &mut Faults,
        read: impl Fn(Section, &mut Faults) -> Option<T>,
    ) -> Vec<T> {
        let at = self.key(key);
        let items = match self.table.remove(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                faults.add(
                    at,
                    shown(&other),
                    "a table for each is needed",
                    &format!("[[{key}]]"),
                );
                return Vec::new();
            }
        };
        let mut done = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            let at = format!("{at}[{place}]");
            match item {
                Value::Table(table) => done.extend(read(Section { at, table }, faults)),
                other => faults.add(at, shown(&other), "a table is needed", &format!("[[{key}]]")),
            }
        }
        done
    }

    pub fn end(self, faults: &mut Faults) {
        for (key, value) in &self.table {
            let works = "leave it out; certs-example/avelia.toml has every key";
            faults.add(self.key(key), shown(value), "nobody knows this key", works);
        }
    }
}

/// A value as the author wrote it, shortened.
fn shown(value: &Value) -> String {
    let text: String = value.to_string().chars().take(60).collect();
    text.replace('\n', " ")
}
