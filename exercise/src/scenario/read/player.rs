//! How empty seats are played.

use hotline_core::{
    precedence::Precedence,
    words::{Answer, Rung},
};

use super::{
    Code, Entry, Reader, Value,
    deed::{self, ACT, SENDING},
    names::Kind,
    value::word,
};
use crate::scenario::{
    lists::{Act, Grade, InstitutionVerb, Label, Tongue},
    moment::{Span, StorySpan},
    place::Placed,
    player::{ANSWER, AS_SHOWN, CAUSE, Cue, DTG, Do, LABEL, ORDER, REVIEWS, Rule, Script},
};

/// Most rules of one seat.
const RULES_MAX: usize = 64;
/// Most deeds of one rule.
const DEEDS_MAX: usize = 16;

/// Verbs that are no plain act of an officer. `open`, `suspend`, `sever` and `restore` are acts of an institution.
const VERBS: [&str; 13] = [
    "send",
    "answer",
    "correct",
    "display",
    "nothing",
    "holding",
    "insufficient",
    "translate",
    "state",
    "open",
    "suspend",
    "sever",
    "restore",
];

impl Reader<'_> {
    pub(super) fn player(&mut self, entry: &Entry<'_>) -> Option<Script> {
        self.keys(entry, &["seat", "rule"]);
        let seat = self.must(entry, "seat", |r, value, path| r.known(Kind::Seat, value, path));
        let rules = self.tables(entry, "rule", Self::rule);
        if rules.len() > RULES_MAX {
            let what = format!(
                "a seat has at most {RULES_MAX} rules, and this one has {}",
                rules.len()
            );
            self.refuse(Code::Value, entry.span.clone(), &entry.key("rule"), what);
        }
        Some(Script { seat: seat?, rules })
    }

    fn rule(&mut self, entry: &Entry<'_>) -> Option<Rule> {
        self.keys(
            entry,
            &["id", "when", "wait", "do", "times", "chance", "unless", "only"],
        );
        let id = self.must(entry, "id", |r, value, path| r.new_name(Kind::Rule, value, path));
        let only = self.may(entry, "only", Self::variants).unwrap_or_default();
        let when = self.must(entry, "when", Self::cue);
        let wait = self.may(entry, "wait", Self::span);
        let deeds = self.must(entry, "do", |reader, value, path| {
            reader.list(value, path, |reader, part, path| {
                let deed = reader.table(part, path)?;
                reader.a_deed(&deed, &only)
            })
        });
        let count = entry
            .table
            .get("do")
            .and_then(|list| Some(list.get_ref().as_array()?.len()));
        if count.is_some_and(|count| !(1..=DEEDS_MAX).contains(&count)) {
            let what = format!("a rule has 1 to {DEEDS_MAX} deeds; \"nothing\" is one");
            self.refuse(Code::Value, entry.span_of("do"), &entry.key("do"), what);
        }
        let times = self.may(entry, "times", |r, value, path| r.number(value, path, 1, 1_000));
        let chance = self.may(entry, "chance", |r, value, path| r.number(value, path, 0, 100));
        let unless = self.may(entry, "unless", Self::mark);
        Some(Rule {
            id: id?,
            when: when?,
            wait: wait.unwrap_or(Span::Story(StorySpan(std::time::Duration::ZERO))),
            deeds: deeds?,
            times: times.unwrap_or(1),
            chance,
            unless,
            only,
        })
    }

    /// Upon what: one of `inject`, `arrives`, `rung`, `label`, `mark`.
    fn cue(&mut self, value: Value<'_>, path: &str) -> Option<Cue> {
        let entry = self.table(value, path)?;
        let entry = &entry;
        let forms = ["inject", "arrives", "rung", "label", "mark"];
        let form = self.form(entry, &forms)?;
        match form {
            "inject" => {
                self.keys(entry, &["inject"]);
                self.may(entry, "inject", Self::inject).map(Cue::Inject)
            }
            "arrives" => {
                self.keys(entry, &["arrives", "at", "precedence"]);
                let code = self.may(entry, "arrives", |reader, value, path| {
                    if value.get_ref().as_str() == Some("any") {
                        return Some(None);
                    }
                    reader.code(value, path).map(Some)
                });
                let at = self.may(entry, "at", Self::a_desk);
                let precedence = self.may(entry, "precedence", |reader, value, path| {
                    reader.list(value, path, word!(Precedence))
                });
                Some(Cue::Arrives {
                    code: code?,
                    at,
                    precedence: precedence.unwrap_or_default(),
                })
            }
            "rung" => {
                self.keys(entry, &["rung", "of", "at"]);
                let rung = self.may(entry, "rung", word!(Rung));
                let of = self.must(entry, "of", Self::message);
                let at = self.may(entry, "at", Self::a_desk);
                Some(Cue::Rung {
                    rung: rung?,
                    of: of?,
                    at,
                })
            }
            "label" => {
                self.keys(entry, &["label", "at"]);
                let label = self.may(entry, "label", word!(Label));
                let at = self.must(entry, "at", Self::a_desk);
                Some(Cue::Label(label?, at?))
            }
            _ => {
                self.keys(entry, &["mark"]);
                self.may(entry, "mark", Self::mark).map(Cue::Mark)
            }
        }
    }

    /// Which of several forms a table has: the one key of them that is there.
    pub(super) fn form(&mut self, entry: &Entry<'_>, forms: &[&'static str]) -> Option<&'static str> {
        let there: Vec<&'static str> = forms.iter().copied().filter(|key| entry.has(key)).collect();
        match there[..] {
            [one] => Some(one),
            [] => {
                self.keys(entry, forms);
                let what = format!("one of these is needed: {}", forms.join(", "));
                self.refuse(Code::MissingKey, entry.span.clone(), &entry.path, what);
                None
            }
            [_, second, ..] => {
                let what = format!("only one of {} can stand here", there.join(", "));
                self.refuse(Code::Value, entry.span_of(second), &entry.key(second), what);
                None
            }
        }
    }

    pub(super) fn a_desk(&mut self, value: Value<'_>, path: &str) -> Option<Placed<String>> {
        self.known(Kind::Desk, value, path)
    }

    fn a_deed(&mut self, entry: &Entry<'_>, only: &[String]) -> Option<Do> {
        let verbs: Vec<&'static str> = VERBS
            .into_iter()
            .chain(Act::ALL.iter().map(|act| act.name()))
            .collect();
        let verb = self.must(entry, "verb", |r, value, path| {
            r.word(&verbs, |verb| verb, value, path)
        })?;
        if let Some(act) = Act::ALL.iter().find(|act| act.name() == verb) {
            return self.act(entry, *act);
        }
        let mut known = vec!["verb"];
        match verb {
            "send" | "correct" => known.extend(SENDING),
            "answer" => known.extend(SENDING.into_iter().chain(deed::ANSWER)),
            "holding" => known.extend(["by", "expect_by"]),
            "insufficient" => known.extend(["by", "fields"]),
            "translate" => known.extend(["by", "grade", "into", "text"]),
            "state" => known.extend(["what", "is"]),
            "open" | "suspend" | "sever" | "restore" => known.extend(ACT),
            _ => {}
        }
        self.keys(entry, &known);
        Some(match verb {
            "send" => Do::Send(self.sending(entry, only)?),
            "correct" => Do::Correct(self.sending(entry, only)?),
            "answer" => {
                let with = self.must(entry, "with", word!(Answer));
                let sending = self.sending(entry, only);
                Do::Answer(with?, sending?)
            }
            "display" => Do::Display,
            "holding" => {
                let by = self.must(entry, "by", Self::signers);
                let expect_by = self.must(entry, "expect_by", Self::story);
                Do::Holding {
                    by: by?,
                    expect_by: expect_by?,
                }
            }
            "insufficient" => {
                let by = self.must(entry, "by", Self::signers);
                let fields = self.must(entry, "fields", Self::texts);
                Do::Insufficient {
                    by: by?,
                    fields: fields?,
                }
            }
            "translate" => self.translate(entry)?,
            "state" => {
                let what = self.must(entry, "what", Self::text);
                let is = self.must(entry, "is", Self::text);
                let shows = [CAUSE, LABEL, ANSWER, DTG, REVIEWS, ORDER];
                if is.as_deref() == Some(AS_SHOWN)
                    && !shows.iter().any(|shown| what.as_deref() == Some(shown))
                {
                    let what = format!("a desk shows one of {}", shows.join(", "));
                    self.refuse(Code::Value, entry.span_of("what"), &entry.key("what"), what);
                }
                Do::State { what: what?, is: is? }
            }
            "open" => Do::Institution(self.institution(entry, Some(InstitutionVerb::Open), None)?),
            "suspend" => Do::Institution(self.institution(entry, Some(InstitutionVerb::Suspend), None)?),
            "sever" => Do::Institution(self.institution(entry, Some(InstitutionVerb::Sever), None)?),
            "restore" => Do::Institution(self.institution(entry, Some(InstitutionVerb::Restore), None)?),
            _ => Do::Nothing,
        })
    }

    fn translate(&mut self, entry: &Entry<'_>) -> Option<Do> {
        let by = self.must(entry, "by", Self::signers);
        let grade = self.must(entry, "grade", word!(Grade));
        let into = self.must(entry, "into", word!(Tongue));
        let text = self.must(entry, "text", Self::text);
        Some(Do::Translate {
            by: by?,
            grade: grade?,
            into: into?,
            text: text?,
        })
    }

    fn act(&mut self, entry: &Entry<'_>, act: Act) -> Option<Do> {
        self.keys(entry, &["verb", "by", "of", "text"]);
        let by = self.must(entry, "by", Self::signers);
        let of = self.may(entry, "of", Self::message);
        let text = match act {
            Act::ReadBack | Act::CorrectReadBack | Act::Decline | Act::Cancel | Act::Deny => {
                self.must(entry, "text", Self::text)
            }
            _ => self.may(entry, "text", Self::text),
        };
        Some(Do::Act {
            act,
            by: by?,
            of,
            text,
        })
    }
}
