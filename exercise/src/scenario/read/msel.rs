//! Events, incidents and the common part of injects.

use super::{Code, Entry, Reader, Value, names::Kind, value::word};
use crate::scenario::{
    lists::{Approve, Category, InjectKind, Method},
    mark::{self, Serial},
    msel::{Event, Incident, Inject, When},
    place::Placed,
};

/// Keys that every inject may have.
const COMMON: [&str; 17] = [
    "serial",
    "title",
    "kind",
    "method",
    "at",
    "after",
    "wait",
    "unless",
    "within",
    "to",
    "from",
    "controller",
    "objective",
    "category",
    "approve",
    "expected",
    "note",
];

impl Reader<'_> {
    pub(super) fn event(&mut self, entry: &Entry<'_>) -> Option<Event> {
        self.keys(entry, &["serial", "title", "incident"]);
        let numbers = self.must(entry, "serial", |reader, value, path| {
            reader.serial::<1>(value, path)
        });
        let title = self.must(entry, "title", Self::tongues);
        let incidents = self.tables(entry, "incident", |reader, incident| {
            reader.incident(incident, numbers.map(|[event]| event))
        });
        let [serial] = numbers?;
        Some(Event {
            serial,
            title: title?,
            incidents,
        })
    }

    fn incident(&mut self, entry: &Entry<'_>, event: Option<u16>) -> Option<Incident> {
        self.keys(entry, &["serial", "title", "inject"]);
        let numbers = self.must(entry, "serial", |reader, value, path| {
            reader.serial::<2>(value, path)
        });
        if let (Some([of, _]), Some(event)) = (numbers, event)
            && of != event
        {
            let what = format!("an incident of event {event} has a number like \"{event}.1\"");
            self.refuse(Code::Value, entry.span_of("serial"), &entry.key("serial"), what);
        }
        let title = self.must(entry, "title", Self::tongues);
        let injects = self.tables(entry, "inject", |reader, inject| {
            reader.an_inject(inject, numbers)
        });
        let [event, incident] = numbers?;
        Some(Incident {
            serial: (event, incident),
            title: title?,
            injects,
        })
    }

    /// A number of so many parts, which no other event, incident or inject has.
    fn serial<const PARTS: usize>(&mut self, value: Value<'_>, path: &str) -> Option<[u16; PARTS]> {
        let text = self.text(value, path)?;
        let parts: Option<Vec<u16>> = text.split('.').map(mark::part).collect();
        let Some(parts) = parts.and_then(|parts| <[u16; PARTS]>::try_from(parts).ok()) else {
            let like = ["1", "1.2", "1.2.3"][PARTS.clamp(1, 3) - 1];
            let what = format!("\"{text}\" is no serial number here; write one like \"{like}\"");
            self.refuse(Code::Value, value.span(), path, what);
            return None;
        };
        self.declare(Kind::Inject, &text, value.span(), path);
        Some(parts)
    }

    fn an_inject(&mut self, entry: &Entry<'_>, incident: Option<[u16; 2]>) -> Option<Inject> {
        let numbers = self.must(entry, "serial", |reader, value, path| {
            reader.serial::<3>(value, path)
        });
        if let (Some([event, of, _]), Some([first, second])) = (numbers, incident)
            && [event, of] != [first, second]
        {
            let what =
                format!("an inject of incident {first}.{second} has a number like \"{first}.{second}.1\"");
            self.refuse(Code::Value, entry.span_of("serial"), &entry.key("serial"), what);
        }
        let only = self.may(entry, "only", Self::variants).unwrap_or_default();
        let title = self.must(entry, "title", Self::tongues);
        let kind = self.must(entry, "kind", word!(InjectKind));
        let method = self.must(entry, "method", word!(Method));
        let when = self.when(entry, kind);
        let deed = method.and_then(|method| self.deed(entry, method, &only, &COMMON));
        let to = self.may(entry, "to", |reader, value, path| {
            reader.all_known(Kind::Seat, value, path)
        });
        if matches!(method, Some(Method::News | Method::Order)) && to.as_ref().is_none_or(Vec::is_empty) {
            let what = "news and orders name the seats that get them, like to = [\"A\"]";
            self.refuse(Code::MissingKey, entry.span_of("to"), &entry.key("to"), what);
        }
        let category = self.may(entry, "category", word!(Category));
        if method == Some(Method::Fault) && !entry.has("category") {
            let what = "a fault says where it comes from: category = \"ACCIDENTAL\" or another";
            self.refuse(Code::MissingKey, entry.span.clone(), &entry.key("category"), what);
        }
        let from = self.may(entry, "from", Self::text);
        let controller = self.may(entry, "controller", Self::text);
        let objective = self.may(entry, "objective", |reader, value, path| {
            reader.known(Kind::Objective, value, path)
        });
        let approve = self.may(entry, "approve", word!(Approve));
        let expected = self.may(entry, "expected", Self::tongues).unwrap_or_default();
        let note = self.may(entry, "note", Self::text);
        let [event, incident, inject] = numbers?;
        Some(Inject {
            serial: Serial {
                event,
                incident,
                inject,
            },
            title: title?,
            kind: kind?,
            when: when?,
            deed: deed?,
            approve: approve.unwrap_or(Approve::Auto),
            to: to.unwrap_or_default(),
            from,
            controller,
            objective,
            category,
            expected,
            note,
            only,
            span: entry.span_of("serial"),
        })
    }

    /// `at`; or `after` with `wait`; or `unless` with `within`. One of the three.
    fn when(&mut self, entry: &Entry<'_>, kind: Option<InjectKind>) -> Option<When> {
        let ways: Vec<&str> = ["at", "after", "unless"]
            .into_iter()
            .filter(|key| entry.has(key))
            .collect();
        let contingency = kind == Some(InjectKind::Contingency);
        match ways.as_slice() {
            [] => {
                let what = "an inject says when: at = \"5m story\", or after and wait, or unless and within";
                self.refuse(Code::MissingKey, entry.span.clone(), &entry.key("at"), what);
                return None;
            }
            [one] if kind.is_some() && contingency != (*one == "unless") => {
                let what = "a contingency, and only that, has unless and within";
                self.refuse(Code::Value, entry.span_of(one), &entry.key(one), what);
            }
            [_] => {}
            [_, second, ..] => {
                let what = "an inject has one of at, after and unless";
                self.refuse(Code::Value, entry.span_of(second), &entry.key(second), what);
            }
        }
        for (key, with) in [("wait", "after"), ("within", "unless")] {
            if entry.has(key) && !entry.has(with) {
                let what = format!("\"{key}\" goes with \"{with}\"");
                self.refuse(Code::Value, entry.span_of(key), &entry.key(key), what);
            }
        }
        match *ways.first()? {
            "at" => self.may(entry, "at", Self::story).map(When::At),
            "after" => {
                let mark = self.may(entry, "after", Self::mark);
                let by = self.must(entry, "wait", Self::span);
                Some(When::After { mark: mark?, by: by? })
            }
            _ => {
                let expect: Option<Placed<String>> = self.may(entry, "unless", |reader, value, path| {
                    reader.known(Kind::Expect, value, path)
                });
                let within = self.must(entry, "within", Self::span);
                Some(When::Unless {
                    expect: expect?,
                    within: within?,
                })
            }
        }
    }
}
