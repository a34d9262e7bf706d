//! The records that controllers can be in each other's way about.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use hotline_audit::Hash;

use super::words::words;
use crate::{
    plan::Subject,
    record::{Kind, Record, Stamp},
};

/// What orders are about: two controllers are in each other's way on the same only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The story clock, or one inject.
    Plan(Subject),
    /// The faults of one name.
    Fault(String),
}

/// A record about something that controllers order.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its place in the log, from 1.
    pub number: u64,
    /// Its hash: what an order expects.
    pub hash: Hash,
    /// The controller whose order it carries out, if any.
    pub by: Option<String>,
    /// When.
    pub stamp: Stamp,
    /// What, in words.
    pub words: String,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heads {
    told: BTreeMap<Class, Vec<Told>>,
    ids: BTreeSet<[u8; 16]>,
}

impl fmt::Display for Class {
    /// `clock`, `1.1.1`, `fault cut path 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(Subject::Clock) => f.write_str("clock"),
            Self::Plan(Subject::Inject(serial)) => write!(f, "{serial}"),
            Self::Fault(name) => write!(f, "fault {name}"),
        }
    }
}

impl Class {
    /// What a record is about, if controllers order such things.
    #[must_use]
    pub fn of(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::Fault { name, .. } => Some(Self::Fault(name.clone())),
            kind => Subject::of(kind).map(Self::Plan),
        }
    }
}

impl Heads {
    /// Takes the next record of the log; `by` is the controller whose order it carries out.
    pub fn take(&mut self, number: u64, hash: Hash, by: Option<&str>, record: &Record) {
        let Some(class) = Class::of(&record.kind) else {
            return;
        };
        self.told.entry(class).or_default().push(Told {
            number,
            hash,
            by: by.map(str::to_owned),
            stamp: record.stamp,
            words: words(&record.kind),
        });
    }

    /// The newest record about this.
    #[must_use]
    pub fn newest(&self, class: &Class) -> Option<&Told> {
        self.told.get(class)?.last()
    }

    /// Every class with its newest record's hash: what a controller who looks now has seen.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<String, String> {
        let newest = |(class, told): (&Class, &Vec<Told>)| {
            let last = told.last()?;
            Some((class.to_string(), last.hash.to_string()))
        };
        self.told.iter().filter_map(newest).collect()
    }

    /// How many records there were when the controller looked, and the newest that another one has ordered since. One's own
    /// orders and what the plan did by itself are no conflict.
    #[must_use]
    pub fn since(&self, class: &Class, expects: Hash, controller: &str) -> Option<(u64, &Told)> {
        let told = self.told.get(class)?;
        let known = told.iter().position(|told| told.hash == expects);
        let number = known.and_then(|at| told.get(at)).map_or(0, |told| told.number);
        let later = told.get(known.map_or(0, |at| at + 1)..)?;
        let foreign = |told: &&Told| told.by.as_deref().is_some_and(|by| by != controller);
        later.iter().rev().find(foreign).map(|told| (number, told))
    }

    /// Marks an order as judged. False if it was before: each is judged once.
    pub fn first_time(&mut self, id: [u8; 16]) -> bool {
        self.ids.insert(id)
    }
}
