//! Names: what declares them, what refers to them, and whether the two agree.

use std::{collections::BTreeMap, fmt, ops::Range};

use super::{Code, Reader, hint};
use crate::scenario::{
    mark::{Alias, Mark},
    msel::together,
};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Officer,
    Seat,
    Desk,
    Relay,
    /// A desk or a relay.
    Process,
    /// A desk or an officer.
    Identity,
    Path,
    Objective,
    Attack,
    Expect,
    Inject,
    Message,
    Variant,
    Rule,
    Handout,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Officer => "officer",
            Self::Seat => "seat",
            Self::Desk => "desk",
            Self::Relay => "relay",
            Self::Process => "desk or relay",
            Self::Identity => "desk or officer",
            Self::Path => "path",
            Self::Objective => "objective",
            Self::Attack => "attack",
            Self::Expect => "expectation",
            Self::Inject => "inject",
            Self::Message => "message",
            Self::Variant => "variant",
            Self::Rule => "rule",
            Self::Handout => "handout",
        })
    }
}

/// All names of a file. One is known as soon as it is read, even if the rest of its table is wrong.
#[derive(Default)]
pub(super) struct Names {
    /// With the variants of each that bears it.
    known: BTreeMap<Kind, BTreeMap<String, Vec<Vec<String>>>>,
    uses: Vec<Use>,
}

struct Use {
    kind: Kind,
    name: String,
    span: Range<usize>,
    path: String,
}

impl Reader<'_> {
    pub(super) fn declare(&mut self, kind: Kind, name: &str, span: Range<usize>, path: &str) {
        self.declare_in(kind, name, &[], span, path);
    }

    /// Declares a name in some variants. It may mean something else in others.
    pub(super) fn declare_in(
        &mut self,
        kind: Kind,
        name: &str,
        only: &[String],
        span: Range<usize>,
        path: &str,
    ) {
        let bearers = self.names.known.entry(kind).or_default();
        let bearers = bearers.entry(name.to_owned()).or_default();
        let taken = bearers.iter().any(|other| together(only, other));
        bearers.push(only.to_owned());
        if taken {
            let what = format!("there is another {kind} \"{name}\"; each has a name of its own");
            self.refuse(Code::NameTwice, span, path, what);
        }
    }

    /// Declares a name that may be known already as the same thing.
    pub(super) fn also(&mut self, kind: Kind, name: &str) {
        let known = self.names.known.entry(kind).or_default();
        known.entry(name.to_owned()).or_default();
    }

    pub(super) fn refer(&mut self, kind: Kind, name: &str, span: Range<usize>, path: &str) {
        self.names.uses.push(Use {
            kind,
            name: name.to_owned(),
            span,
            path: path.to_owned(),
        });
    }

    pub(super) fn refer_alias(&mut self, alias: &Alias, span: Range<usize>, path: &str) {
        self.refer(Kind::Message, &alias.name, span, path);
    }

    pub(super) fn refer_mark(&mut self, mark: &Mark, span: Range<usize>, path: &str) {
        match mark {
            Mark::Startex | Mark::Endex => {}
            Mark::Inject(serial) => self.refer(Kind::Inject, &serial.to_string(), span, path),
            Mark::Rung { of, at, .. } => {
                self.refer_alias(of, span.clone(), path);
                if let Some(desk) = at {
                    self.refer(Kind::Desk, desk, span, path);
                }
            }
        }
    }

    /// Refuses every use of a name that nothing bears.
    pub(super) fn resolve(&mut self) {
        let Names { known, uses } = std::mem::take(&mut self.names);
        for Use {
            kind,
            name,
            span,
            path,
        } in uses
        {
            let there = known.get(&kind);
            if there.is_some_and(|there| there.contains_key(&name)) {
                continue;
            }
            let names = there.into_iter().flatten().map(|(name, _)| name.as_str());
            let hint = match hint(&name, names.clone()) {
                near if !near.is_empty() => near,
                _ => listed(kind, &names.collect::<Vec<_>>()),
            };
            let what = format!("there is no {kind} \"{name}\"{hint}");
            self.refuse(Code::UnknownName, span, &path, what);
        }
    }
}

/// Most names that an error lists.
const LISTED_MAX: usize = 8;

fn listed(kind: Kind, names: &[&str]) -> String {
    match names.len() {
        0 => format!("; the file has no {kind} at all"),
        n if n <= LISTED_MAX => format!("; there is {}", names.join(", ")),
        _ => String::new(),
    }
}
