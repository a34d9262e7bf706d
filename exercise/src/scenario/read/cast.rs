//! Officers, seats, topology, and what else stands ready at STARTEX.

use hotline_core::{story::Rate, words::OfficerRole};

use super::{Code, Entry, Reader, Value, names::Kind, value::word};
use crate::scenario::{
    cast::{
        Attack, DeskCard, Handout, Made, Objective, OfficerCard, Pin, RelayCard, SeatCard, StageRules,
        Topology,
    },
    lists::{AttackKind, Pinned, Scripted, SeatKind, Side, StageKind, Tongue},
    moment::LineSpan,
    place::Placed,
};

/// The ways into a relay.
const DOORS: [&str; 2] = ["quic", "tcp"];
/// The profiles of a link.
const PROFILES: [&str; 3] = ["lan", "wan", "satellite"];
/// Most paths, relays' backups counted.
const PATHS_MAX: u16 = 16;
/// Most days of anything, in a calendar: ten years.
const DAYS_MAX: u16 = 3_660;

impl Reader<'_> {
    pub(super) fn stage(&mut self, value: Value<'_>, path: &str) -> Option<StageRules> {
        let entry = self.table(value, path)?;
        self.keys(&entry, &["allowed", "speed", "leap"]);
        let allowed = self.must(&entry, "allowed", |reader, value, path| {
            reader.list(value, path, word!(StageKind))
        });
        if allowed.as_ref().is_some_and(Vec::is_empty) {
            let span = entry.span_of("allowed");
            self.refuse(Code::Value, span, &entry.key("allowed"), "no stage is allowed");
        }
        let speed = self.may(&entry, "speed", Self::rate).unwrap_or(Rate::REAL);
        let leap = self.may(&entry, "leap", Self::boolean).unwrap_or(false);
        Some(StageRules {
            allowed: allowed?,
            speed,
            leap,
        })
    }

    pub(super) fn codebook(&mut self, value: Value<'_>, path: &str) -> Option<Pin> {
        let entry = self.table(value, path)?;
        self.keys(&entry, &["file", "version", "sha256", "pinned"]);
        let file = self.must(&entry, "file", Self::name);
        let version = self.must(&entry, "version", |reader, value, path| {
            reader.number(value, path, 1, u16::MAX)
        });
        let sha256 = self.may(&entry, "sha256", Self::placed_text);
        if let Some(hash) = &sha256
            && !(hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        {
            let what = "a SHA-256 is 64 lower-case hexadecimal digits";
            self.refuse(Code::Value, hash.span.clone(), &entry.key("sha256"), what);
        }
        let pinned = self.may(&entry, "pinned", word!(Pinned)).unwrap_or(Pinned::Both);
        Some(Pin {
            file: file?,
            version: version?,
            sha256,
            pinned,
        })
    }

    pub(super) fn topology(&mut self, value: Value<'_>, path: &str) -> Option<Topology> {
        let entry = self.table(value, path)?;
        self.keys(&entry, &["profile", "checks_every", "doors", "relay", "desk"]);
        let profile = self.must(&entry, "profile", Self::profile);
        let checks_every = self.may(&entry, "checks_every", Self::checks).flatten();
        let doors = self.may(&entry, "doors", |reader, value, path| {
            reader.list(value, path, Self::door)
        });
        let relays = self.tables(&entry, "relay", Self::relay);
        let desks = self.tables(&entry, "desk", Self::desk);
        for key in ["relay", "desk"].into_iter().filter(|key| !entry.has(key)) {
            let what = format!("a topology needs at least one {key} of each side");
            self.refuse(Code::MissingKey, entry.span.clone(), &entry.key(key), what);
        }
        Some(Topology {
            profile: profile?,
            checks_every,
            doors: doors.unwrap_or_default(),
            relays,
            desks,
        })
    }

    fn profile(&mut self, value: Value<'_>, path: &str) -> Option<Placed<String>> {
        self.one_of(&PROFILES, value, path)
    }

    fn door(&mut self, value: Value<'_>, path: &str) -> Option<Placed<String>> {
        self.one_of(&DOORS, value, path)
    }

    fn one_of(&mut self, all: &[&'static str], value: Value<'_>, path: &str) -> Option<Placed<String>> {
        let word = self.word(all, |word| word, value, path)?;
        Some(Placed {
            value: word.to_owned(),
            span: value.span(),
        })
    }

    /// How often, or `"off"`.
    fn checks(&mut self, value: Value<'_>, path: &str) -> Option<Option<LineSpan>> {
        if value.get_ref().as_str() == Some("off") {
            return Some(None);
        }
        let every = self.line(value, path)?;
        if every.0.is_zero() {
            let what = "checks need some time between them; write \"off\" for none";
            self.refuse(Code::Value, value.span(), path, what);
        }
        Some(Some(every))
    }

    fn relay(&mut self, entry: &Entry<'_>) -> Option<RelayCard> {
        self.keys(entry, &["name", "side", "path", "profile", "from"]);
        let name = self.must(entry, "name", |reader, value, path| {
            reader.new_name(Kind::Relay, value, path)
        });
        if let Some(name) = &name {
            self.declare(Kind::Process, name, name.span.clone(), &entry.key("name"));
        }
        let side = self.must(entry, "side", word!(Side));
        let path = self.must(entry, "path", |reader, value, path| {
            reader.number(value, path, 1, PATHS_MAX)
        });
        if let Some(path) = path {
            let span = entry.span_of("path");
            self.declare(Kind::Path, &path.to_string(), span, &entry.key("path"));
        }
        let profile = self.may(entry, "profile", Self::profile);
        let from = self.may(entry, "from", Self::name);
        Some(RelayCard {
            name: name?,
            side: side?,
            path: path?,
            profile,
            from,
        })
    }

    fn desk(&mut self, entry: &Entry<'_>) -> Option<DeskCard> {
        self.keys(entry, &["name", "side", "backup", "second"]);
        let name = self.must(entry, "name", |reader, value, path| {
            reader.new_name(Kind::Desk, value, path)
        });
        if let Some(name) = &name {
            self.also(Kind::Identity, name);
            self.declare(Kind::Process, name, name.span.clone(), &entry.key("name"));
        }
        let side = self.must(entry, "side", word!(Side));
        let backup = self.may(entry, "backup", Self::boolean).unwrap_or(false);
        let second = self.may(entry, "second", Self::boolean).unwrap_or(false);
        Some(DeskCard {
            name: name?,
            side: side?,
            backup,
            second,
        })
    }

    pub(super) fn made(&mut self, value: Value<'_>, path: &str) -> Option<Made> {
        let entry = self.table(value, path)?;
        self.keys(&entry, &["days_before", "lifetime_days", "dormant_days"]);
        let mut days = |key, least, usual| {
            let read =
                |reader: &mut Self, value: Value<'_>, path: &str| reader.number(value, path, least, DAYS_MAX);
            self.may(&entry, key, read).unwrap_or(usual)
        };
        Some(Made {
            days_before: days("days_before", 0, 0),
            lifetime_days: days("lifetime_days", 1, 1),
            dormant_days: days("dormant_days", 0, 0),
        })
    }

    pub(super) fn officer(&mut self, entry: &Entry<'_>) -> Option<OfficerCard> {
        self.keys(
            entry,
            &["name", "side", "desk", "roles", "languages", "sealed", "duress"],
        );
        let name = self.must(entry, "name", |reader, value, path| {
            reader.new_name(Kind::Officer, value, path)
        });
        if let Some(name) = &name {
            self.also(Kind::Identity, name);
        }
        let side = self.must(entry, "side", word!(Side));
        let desk = self.must(entry, "desk", |reader, value, path| {
            reader.known(Kind::Desk, value, path)
        });
        let roles = self.must(entry, "roles", |reader, value, path| {
            reader.list(value, path, word!(OfficerRole))
        });
        let languages = self.may(entry, "languages", |reader, value, path| {
            reader.list(value, path, word!(Tongue))
        });
        let sealed = self.may(entry, "sealed", Self::boolean).unwrap_or(false);
        let duress = self.may(entry, "duress", Self::boolean).unwrap_or(false);
        Some(OfficerCard {
            name: name?,
            side: side?,
            desk: desk?,
            roles: roles?,
            languages: languages.unwrap_or_default(),
            sealed,
            duress,
        })
    }

    pub(super) fn seat(&mut self, entry: &Entry<'_>) -> Option<SeatCard> {
        self.keys(entry, &["name", "kind", "desk", "officers", "scripted"]);
        let name = self.must(entry, "name", |reader, value, path| {
            reader.new_name(Kind::Seat, value, path)
        });
        let kind = self.must(entry, "kind", word!(SeatKind));
        let desk = self.may(entry, "desk", |reader, value, path| {
            reader.known(Kind::Desk, value, path)
        });
        if kind == Some(SeatKind::Desk) && !entry.has("desk") {
            let what = "a seat at a desk names it";
            self.refuse(Code::MissingKey, entry.span.clone(), &entry.key("desk"), what);
        }
        let officers = self.may(entry, "officers", |reader, value, path| {
            reader.all_known(Kind::Officer, value, path)
        });
        let scripted = self.must(entry, "scripted", word!(Scripted));
        Some(SeatCard {
            name: name?,
            kind: kind?,
            desk,
            officers: officers.unwrap_or_default(),
            scripted: scripted?,
        })
    }

    pub(super) fn objective(&mut self, entry: &Entry<'_>) -> Option<Objective> {
        self.keys(entry, &["id", "title", "capability", "targets"]);
        let id = self.must(entry, "id", |reader, value, path| {
            reader.new_name(Kind::Objective, value, path)
        });
        let title = self.must(entry, "title", Self::tongues);
        let capability = self.may(entry, "capability", Self::text);
        let targets = self.may(entry, "targets", Self::texts).unwrap_or_default();
        Some(Objective {
            id: id?,
            title: title?,
            capability,
            targets,
        })
    }

    pub(super) fn attack(&mut self, entry: &Entry<'_>) -> Option<Attack> {
        self.keys(entry, &["id", "kind", "of", "session"]);
        let id = self.must(entry, "id", |reader, value, path| {
            reader.new_name(Kind::Attack, value, path)
        });
        // What the attacker forges is a message of that name.
        if let Some(id) = &id {
            self.also(Kind::Message, id);
            self.also(Kind::Seat, &format!("attacker-{}", **id));
        }
        let kind = self.must(entry, "kind", word!(AttackKind));
        let of = self.may(entry, "of", |reader, value, path| {
            reader.known(Kind::Identity, value, path)
        });
        let session = self.may(entry, "session", |reader, value, path| {
            reader.word(&["open", "none"], |word| word, value, path)
        });
        Some(Attack {
            id: id?,
            kind: kind?,
            of,
            session: session == Some("open"),
        })
    }

    pub(super) fn handout(&mut self, entry: &Entry<'_>) -> Option<Handout> {
        self.keys(entry, &["id", "for", "text"]);
        let id = self.must(entry, "id", |reader, value, path| {
            reader.new_name(Kind::Handout, value, path)
        });
        let seat = self.must(entry, "for", |reader, value, path| {
            reader.known(Kind::Seat, value, path)
        });
        let text = self.must(entry, "text", Self::tongues);
        Some(Handout {
            id: id?,
            seat: seat?,
            text: text?,
        })
    }
}
