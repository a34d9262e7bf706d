//! Faults on links, as injects have them.

use std::collections::BTreeMap;

use hotline_faults::{live::Direction, spec};
use toml::de::DeValue;

use super::{Code, Entry, Reader, Value, names::Kind};
use crate::scenario::{
    msel::{Deed, FaultDeed, Link, Until},
    place::Placed,
};

impl Reader<'_> {
    /// A fault, with its own values among the inject's keys.
    pub(super) fn fault(&mut self, entry: &Entry<'_>, known: &[&str]) -> Option<Deed> {
        let kind = self.must(entry, "fault", Self::placed_text);
        let direction = self.may(entry, "direction", |reader, value, path| {
            reader.word(
                &[Direction::Up, Direction::Down, Direction::Both],
                |direction| match direction {
                    Direction::Up => "up",
                    Direction::Down => "down",
                    Direction::Both => "both",
                },
                value,
                path,
            )
        });
        let direction = direction.unwrap_or(Direction::Both);
        let link = self.must(entry, "link", Self::link);
        let until = self.until(entry);
        let mut parameters = BTreeMap::new();
        for (key, value) in entry.table {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            match as_text(value.get_ref()) {
                Some(text) => {
                    parameters.insert(name.to_owned(), text);
                }
                None => self.not(value, &entry.key(name), "a text or a number, like \"100ms\""),
            }
        }
        let kind = kind?;
        let fault = match spec::fault(&kind, &parameters) {
            Ok(fault) => fault,
            Err(spec::SpecError { at, what }) => {
                let (code, key) = match at {
                    spec::At::Kind => (Code::Value, "fault".to_owned()),
                    spec::At::Key(key) => (Code::UnknownKey, key),
                    spec::At::Value(key) => (Code::Value, key),
                };
                self.refuse(code, entry.span_of(&key), &entry.key(&key), what);
                return None;
            }
        };
        if let Err(error) = fault.check_apart(direction) {
            self.refuse(Code::Faults, kind.span, &entry.key("fault"), error.to_string());
            return None;
        }
        Some(Deed::Fault(FaultDeed {
            fault,
            link: link?,
            direction,
            until: until?,
        }))
    }

    /// A fault ends: after a time, or upon something.
    fn until(&mut self, entry: &Entry<'_>) -> Option<Until> {
        match (entry.has("for"), entry.has("until")) {
            (true, false) => {
                let lasts = self.may(entry, "for", Self::span)?;
                if lasts.is_zero() {
                    let what = "a fault lasts longer than nothing";
                    self.refuse(Code::Value, entry.span_of("for"), &entry.key("for"), what);
                }
                Some(Until::For(lasts))
            }
            (false, true) => self.may(entry, "until", Self::mark).map(Until::Mark),
            (both, _) => {
                let code = if both { Code::Value } else { Code::MissingKey };
                let what = "a fault has one of for = \"90s story\" and until = \"ENDEX\"";
                self.refuse(code, entry.span_of("for"), &entry.key("for"), what);
                None
            }
        }
    }

    /// `path 1`, or `A north/quic`.
    pub(super) fn link(&mut self, value: Value<'_>, path: &str) -> Option<Placed<Link>> {
        let text = self.text(value, path)?;
        let span = value.span();
        let link = match text.split_once(' ') {
            Some(("path", number)) => {
                self.refer(Kind::Path, number, span.clone(), path);
                number.parse().ok().map(Link::Path)
            }
            Some((desk, leg)) => leg
                .split_once('/')
                .filter(|(_, door)| ["quic", "tcp"].contains(door))
                .map(|(relay, door)| {
                    self.refer(Kind::Desk, desk, span.clone(), path);
                    self.refer(Kind::Relay, relay, span.clone(), path);
                    Link::Leg {
                        desk: desk.to_owned(),
                        relay: relay.to_owned(),
                        door: door.to_owned(),
                    }
                }),
            None => None,
        };
        match link {
            Some(link) => Some(Placed { value: link, span }),
            None => {
                let what = format!("\"{text}\" is no link; write one like \"path 1\" or \"A north/quic\"");
                self.refuse(Code::Value, span, path, what);
                None
            }
        }
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
