//! What injects do, and what is sent.

use std::collections::BTreeMap;

use hotline_core::{
    contact::Contact,
    precedence::Precedence,
    words::{OfficerRole, ResponseAttribute, TrafficClass},
};
use hotline_faults::value as values;

use super::{Code, Entry, Reader, Value, names::Kind, value::word};
use crate::scenario::{
    lists::{HandedIn, InstitutionVerb, Method, ProcessDeed, Side},
    mark::Alias,
    moment::StorySpan,
    msel::{ALL_CHANNELS, Coding, Deed, HandIn, Institution, Sending},
    place::Placed,
};

/// Most times that one inject sends a message.
const REPEAT_MAX: u16 = 1_000;

/// What people may send: EXCON is control's own.
const CLASSES: [TrafficClass; 4] = [
    TrafficClass::Formal,
    TrafficClass::Service,
    TrafficClass::Test,
    TrafficClass::Control,
];

/// Keys of what is sent.
pub(super) const SENDING: [&str; 13] = [
    "by",
    "code",
    "fields",
    "text",
    "precedence",
    "answer",
    "asks",
    "respond_by",
    "channel",
    "class",
    "safety_of_life",
    "as",
    "repeat",
];

/// Keys of an answer beside those.
pub(super) const ANSWER: [&str; 2] = ["with", "same"];

/// Keys of an institution's act.
pub(super) const ACT: [&str; 9] = [
    "side",
    "by",
    "channel",
    "scope",
    "reason",
    "effective",
    "review_by",
    "identity",
    "since",
];

impl Reader<'_> {
    /// The part of an inject that its method has.
    pub(super) fn deed(
        &mut self,
        entry: &Entry<'_>,
        method: Method,
        only: &[String],
        common: &[&str],
    ) -> Option<Deed> {
        let mut known: Vec<&str> = common.iter().copied().chain(["only"]).collect();
        known.extend(match method {
            Method::News => &["text", "source"][..],
            Method::Order => &["text", "role"],
            Method::Message => &["desk"],
            Method::Fault => &["fault", "link", "direction", "for", "until"],
            Method::Process => &["deed", "who"],
            Method::Clock => &["who", "offset"],
            Method::Institution => &["verb"],
            Method::Attack => &["use"],
            Method::Phrase => &["officer"],
            Method::HandIn => &["how", "who", "of"],
            Method::Hand => &[],
        });
        match method {
            Method::Message => known.extend(SENDING),
            Method::Institution => known.extend(ACT),
            _ => {}
        }
        if method == Method::Fault {
            // A fault's own values stand among them, and are its own to know.
            #[cfg(test)]
            super::asked::note(&entry.path, &known);
            return self.fault(entry, &known);
        }
        self.keys(entry, &known);
        Some(match method {
            Method::News => {
                let text = self.must(entry, "text", Self::tongues);
                let source = self.may(entry, "source", Self::text);
                Deed::News { text: text?, source }
            }
            Method::Order => {
                let text = self.must(entry, "text", Self::tongues);
                let role = self.must(entry, "role", word!(OfficerRole));
                Deed::Order {
                    text: text?,
                    role: role?,
                }
            }
            Method::Message => {
                let desk = self.must(entry, "desk", |r, value, path| r.known(Kind::Desk, value, path));
                let sending = self.sending(entry, only);
                Deed::Message {
                    desk: desk?,
                    sending: sending?,
                }
            }
            Method::Process => {
                let deed = self.must(entry, "deed", word!(ProcessDeed));
                let who = self.process(entry);
                Deed::Process {
                    deed: deed?,
                    who: who?,
                }
            }
            Method::Clock => {
                let who = self.process(entry);
                let offset = self.must(entry, "offset", Self::offset);
                let (back, by) = offset?;
                Deed::Clock { who: who?, back, by }
            }
            Method::Institution => {
                let verb = self.must(entry, "verb", word!(InstitutionVerb));
                let act = self.institution(entry, verb, None);
                Deed::Institution(act?)
            }
            Method::Attack => {
                let used = self.must(entry, "use", |r, value, path| r.known(Kind::Attack, value, path));
                Deed::Attack(used?)
            }
            Method::Phrase => {
                let officer = self.must(entry, "officer", |r, value, path| {
                    r.known(Kind::Officer, value, path)
                });
                Deed::Phrase(officer?)
            }
            Method::HandIn => {
                let how = self.must(entry, "how", word!(HandedIn));
                let who = self.process(entry);
                let of = self.must(entry, "of", Self::message);
                Deed::HandIn(HandIn {
                    how: how?,
                    who: who?,
                    of: of?,
                })
            }
            Method::Fault | Method::Hand => Deed::Hand,
        })
    }

    fn process(&mut self, entry: &Entry<'_>) -> Option<Placed<String>> {
        self.must(entry, "who", |r, value, path| r.known(Kind::Process, value, path))
    }

    /// `+7m` or `-3m`.
    fn offset(&mut self, value: Value<'_>, path: &str) -> Option<(bool, std::time::Duration)> {
        let text = self.text(value, path)?;
        let (back, length) = match text.split_at_checked(1) {
            Some(("+", length)) => (false, values::duration(length)),
            Some(("-", length)) => (true, values::duration(length)),
            _ => (false, Err("an offset begins with + or -".to_owned())),
        };
        match length {
            Ok(length) => Some((back, length)),
            Err(what) => {
                let what = format!("{what}; write one like \"+7m\" or \"-3m\"");
                self.refuse(Code::Value, value.span(), path, what);
                None
            }
        }
    }

    /// What is sent, of an inject or of a player's deed.
    pub(super) fn sending(&mut self, entry: &Entry<'_>, only: &[String]) -> Option<Sending> {
        let by = self.must(entry, "by", Self::signers);
        let code = self.coding(entry);
        let text = self.may(entry, "text", Self::tongues);
        let same = self.repeats(entry);
        if !same && !entry.has("code") && !entry.has("text") {
            let what = "a message has a code with fields, or a text, or both";
            self.refuse(Code::MissingKey, entry.span.clone(), &entry.key("text"), what);
        }
        let precedence = self.may(entry, "precedence", word!(Precedence));
        if !same && !entry.has("code") && !entry.has("precedence") {
            let what = "a message without a code has no precedence of its own; write one like \"ROUTINE\"";
            self.refuse(
                Code::MissingKey,
                entry.span.clone(),
                &entry.key("precedence"),
                what,
            );
        }
        let answer = self.may(entry, "answer", word!(ResponseAttribute));
        let (asks, respond_by) = self.asked(entry, answer);
        let channel = self.may(entry, "channel", Self::text);
        let class = self.may(entry, "class", |r, value, path| {
            r.word(&CLASSES, TrafficClass::name, value, path)
        });
        let safety_of_life = self.may(entry, "safety_of_life", Self::boolean);
        let alias = self.may(entry, "as", |r, value, path| r.new_message(only, value, path));
        let repeat = self.may(entry, "repeat", |r, value, path| {
            r.number(value, path, 1, REPEAT_MAX)
        });
        Some(Sending {
            by: by?,
            code,
            text: text.unwrap_or_default(),
            span: entry.span_of("text"),
            precedence,
            answer,
            asks,
            respond_by,
            channel,
            class,
            safety_of_life: safety_of_life.unwrap_or(false),
            same,
            alias,
            repeat: repeat.unwrap_or(1),
        })
    }

    /// Whether an answer repeats the words of the message that it answers; then it has none of its own.
    fn repeats(&mut self, entry: &Entry<'_>) -> bool {
        if !entry.has("same") {
            return false;
        }
        let same = self.may(entry, "same", Self::boolean).unwrap_or(false);
        for key in ["code", "text"].into_iter().filter(|key| same && entry.has(key)) {
            let what = "what repeats the words of the message that it answers has none of its own";
            self.refuse(Code::Value, entry.span_of(key), &entry.key(key), what);
        }
        same
    }

    /// Which people are asked for, and in what time an answer: a question for people names one, is answered as such, and is
    /// written in words.
    fn asked(
        &mut self,
        entry: &Entry<'_>,
        answer: Option<ResponseAttribute>,
    ) -> (Option<Contact>, Option<StorySpan>) {
        let asks = self.may(entry, "asks", word!(Contact));
        let respond_by = self.may(entry, "respond_by", Self::story);
        if let Some(asks) = asks {
            if !entry.has("respond_by") {
                let what = format!("{asks} names a time to answer by, like respond_by = \"48h story\"");
                self.refuse(
                    Code::MissingKey,
                    entry.span_of("asks"),
                    &entry.key("respond_by"),
                    what,
                );
            }
            for key in ["code", "answer"].into_iter().filter(|key| entry.has(key)) {
                let what = format!("{asks} is asked in words, and answered with ACCEPT, COUNTER or DECLINE");
                self.refuse(Code::Value, entry.span_of(key), &entry.key(key), what);
            }
        } else if respond_by.is_some() && answer == Some(ResponseAttribute::None) {
            let what = "a time to answer by, and no answer is asked for";
            let span = entry.span_of("respond_by");
            self.refuse(Code::Value, span, &entry.key("respond_by"), what);
        }
        (asks, respond_by)
    }

    /// Officers, at least one, none twice.
    pub(super) fn signers(&mut self, value: Value<'_>, path: &str) -> Option<Vec<Placed<String>>> {
        let names = self.all_known(Kind::Officer, value, path)?;
        if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
            self.refuse(Code::Value, value.span(), path, "somebody has to sign");
        }
        for (n, name) in names.iter().enumerate() {
            if names[..n].iter().any(|other| other.value == name.value) {
                let what = format!(
                    "\"{}\" signs twice; two signatures are of two officers",
                    name.value
                );
                self.refuse(Code::Role, name.span.clone(), path, what);
            }
        }
        Some(names)
    }

    fn coding(&mut self, entry: &Entry<'_>) -> Option<Coding> {
        let code = self.may(entry, "code", Self::code);
        if entry.has("fields") && !entry.has("code") {
            let what = "fields belong to a code";
            self.refuse(Code::Value, entry.span_of("fields"), &entry.key("fields"), what);
        }
        let fields = self.may(entry, "fields", |reader, value, path| {
            let table = reader.table(value, path)?;
            let mut fields = BTreeMap::new();
            for (key, value) in table.table {
                if let Some(text) = reader.placed_text(value, &table.key(key.get_ref())) {
                    fields.insert(key.get_ref().to_string(), text);
                }
            }
            Some(fields)
        });
        Some(Coding {
            code: code?,
            fields: fields.unwrap_or_default(),
        })
    }

    /// A code's name. Whether the codebook has it, the codebook says.
    pub(super) fn code(&mut self, value: Value<'_>, path: &str) -> Option<Placed<String>> {
        let code = self.placed_text(value, path)?;
        let shape = code.bytes().map(|byte| match byte {
            b'A'..=b'Z' => b'A',
            b'0'..=b'9' => b'0',
            other => other,
        });
        if shape.eq(*b"AA-00") {
            return Some(code);
        }
        let what = "a code is two letters and two digits, like HZ-01";
        self.refuse(Code::Value, value.span(), path, what);
        None
    }

    fn new_message(&mut self, only: &[String], value: Value<'_>, path: &str) -> Option<Placed<Alias>> {
        let alias: Placed<Alias> = self.parsed(value, path)?;
        if alias.copy.is_some() {
            let what = "a message is named without #; its copies are counted by themselves";
            self.refuse(Code::Value, value.span(), path, what);
        }
        self.declare_in(Kind::Message, &alias.name, only, value.span(), path);
        Some(alias)
    }

    /// An act of an institution; of a player, its verb is known already.
    pub(super) fn institution(
        &mut self,
        entry: &Entry<'_>,
        verb: Option<InstitutionVerb>,
        side: Option<Side>,
    ) -> Option<Institution> {
        let side = match side {
            Some(side) => Some(side),
            None => self.must(entry, "side", word!(Side)),
        };
        let by = self.must(entry, "by", Self::signers);
        let channel = self.may(entry, "channel", Self::text);
        if verb == Some(InstitutionVerb::Open) && channel.as_deref().is_none_or(|name| name == ALL_CHANNELS) {
            let what = "a charter is about one channel; write which, like \"MARITIME\"";
            self.refuse(Code::MissingKey, entry.span.clone(), &entry.key("channel"), what);
        }
        let scope = self.may(entry, "scope", Self::texts);
        let reason = self.may(entry, "reason", Self::text);
        let effective = self.may(entry, "effective", Self::span);
        let review_by = self.may(entry, "review_by", Self::span);
        let since = self.may(entry, "since", Self::span);
        let of_officer = verb.is_some_and(InstitutionVerb::names_an_officer);
        let kind = if of_officer { Kind::Officer } else { Kind::Desk };
        let identity = self.may(entry, "identity", |r, value, path| r.known(kind, value, path));
        if of_officer && !entry.has("identity") {
            let what = "retire, enrol and try-old name an officer, like identity = \"moreau\"";
            self.refuse(Code::MissingKey, entry.span.clone(), &entry.key("identity"), what);
        }
        let ends = matches!(verb, Some(InstitutionVerb::Deny | InstitutionVerb::UseBackup));
        if ends && !entry.has("identity") {
            let what = "deny and use-backup name a desk, like identity = \"A\"";
            self.refuse(Code::MissingKey, entry.span.clone(), &entry.key("identity"), what);
        }
        Some(Institution {
            verb: verb?,
            side: side?,
            by: by?,
            channel,
            scope: scope.unwrap_or_default(),
            reason,
            effective,
            review_by,
            identity,
            since,
        })
    }
}
