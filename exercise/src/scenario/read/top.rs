//! The file as a whole.

use std::collections::BTreeMap;

use super::{Code, Entry, Reader, Value, names::Kind, value::word};
use crate::scenario::{
    Scenario, Source,
    cast::Made,
    lists::{Ends, ReleaseRule, Tongue},
    place::Placed,
};

/// The version of the format that this reader knows.
pub(in crate::scenario) const FORMAT: u16 = 1;

/// What stands on every page if the file says nothing else.
const HANDLING: &str = "EXERCISE EXERCISE EXERCISE";

const KEYS: [&str; 24] = [
    "format",
    "id",
    "title",
    "summary",
    "handling",
    "duration",
    "ends",
    "release",
    "languages",
    "sponsor",
    "contact",
    "stage",
    "codebook",
    "topology",
    "made",
    "variants",
    "officer",
    "seat",
    "objective",
    "event",
    "expect",
    "player",
    "attack",
    "handout",
];

impl Reader<'_> {
    pub(super) fn top(&mut self, entry: &Entry<'_>) -> Option<Scenario> {
        self.keys(entry, &KEYS);
        self.format(entry);
        let languages = self.must(entry, "languages", |reader, value, path| {
            reader.list(value, path, word!(Tongue))
        });
        self.languages = languages.clone().unwrap_or_default();
        let variants = self.may(entry, "variants", Self::named_variants);
        let id = self.must(entry, "id", Self::name);
        let title = self.must(entry, "title", Self::tongues);
        let summary = self.may(entry, "summary", Self::tongues).unwrap_or_default();
        let handling = self.may(entry, "handling", Self::text);
        let duration = self.must(entry, "duration", |reader, value, path| {
            let length = reader.story(value, path)?;
            if length.0.is_zero() {
                reader.refuse(Code::Value, value.span(), path, "an exercise takes some time");
            }
            Some(Placed {
                value: length,
                span: value.span(),
            })
        });
        let ends = self.may(entry, "ends", word!(Ends)).unwrap_or(Ends::WhenDone);
        let release = self.may(entry, "release", word!(ReleaseRule));
        let sponsor = self.may(entry, "sponsor", Self::text);
        let contact = self.may(entry, "contact", Self::text);
        let stage = self.must(entry, "stage", Self::stage);
        let codebook = self.must(entry, "codebook", Self::codebook);
        let topology = self.must(entry, "topology", Self::topology);
        let made = self.may(entry, "made", Self::made).unwrap_or(Made::TODAY);
        for key in ["officer", "seat", "event"]
            .into_iter()
            .filter(|key| !entry.has(key))
        {
            let what = format!("a scenario needs at least one {key}");
            self.refuse(Code::MissingKey, 0..0, key, what);
        }
        let officers = self.tables(entry, "officer", Self::officer);
        let seats = self.tables(entry, "seat", Self::seat);
        let objectives = self.tables(entry, "objective", Self::objective);
        let events = self.tables(entry, "event", Self::event);
        let players = self.tables(entry, "player", Self::player);
        // Behind what declares messages: an expectation may name one that no deed sends.
        let expects = self.tables(entry, "expect", Self::expect);
        let attacks = self.tables(entry, "attack", Self::attack);
        let handouts = self.tables(entry, "handout", Self::handout);
        Some(Scenario {
            id: id?,
            title: title?,
            summary,
            handling: handling.unwrap_or_else(|| HANDLING.to_owned()),
            duration: duration?,
            ends,
            release: release.unwrap_or(ReleaseRule::Two),
            languages: languages?,
            sponsor,
            contact,
            stage: stage?,
            codebook: codebook?,
            topology: topology?,
            made,
            variants: variants.unwrap_or_default(),
            officers,
            seats,
            objectives,
            events,
            expects,
            players,
            attacks,
            handouts,
            source: Source {
                file: self.file.to_owned(),
                text: self.text.to_owned(),
            },
        })
    }

    /// `format = 1`, before anything else: a reader must know what it reads.
    fn format(&mut self, entry: &Entry<'_>) {
        let found = self.must(entry, "format", |reader, value, path| {
            reader.number(value, path, 1, u16::MAX)
        });
        if found.is_some_and(|found| found != FORMAT) {
            let what = format!("this program reads format {FORMAT}");
            self.refuse(Code::Value, entry.span_of("format"), "format", what);
        }
        let first = entry.table.keys().min_by_key(|key| key.span().start);
        if let Some(first) = first
            && found.is_some()
            && first.get_ref() != "format"
        {
            let what = "\"format\" is the first key of a scenario";
            self.refuse(Code::Value, first.span(), first.get_ref(), what);
        }
    }

    fn named_variants(&mut self, value: Value<'_>, path: &str) -> Option<BTreeMap<String, String>> {
        let entry = self.table(value, path)?;
        let mut variants = BTreeMap::new();
        for (key, value) in entry.table {
            let path = entry.key(key.get_ref());
            if !crate::scenario::mark::is_name(key.get_ref()) {
                self.refuse(
                    Code::Value,
                    key.span(),
                    &path,
                    "a variant's name is letters and digits",
                );
            }
            self.declare(Kind::Variant, key.get_ref(), key.span(), &path);
            if let Some(what) = self.text(value, &path) {
                variants.insert(key.get_ref().to_string(), what);
            }
        }
        Some(variants)
    }
}
