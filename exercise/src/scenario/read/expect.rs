//! Expectations.

use hotline_core::{
    duty::{OrderVerb, OverdueStep, ServiceKind},
    health::Health,
    precedence::Precedence,
    words::{Answer, Rung},
};

use super::{Code, Entry, Reader, Value, names::Kind, value::word};
use crate::scenario::{
    expect::{By, Compare, Expect, Filter, Is, Reached},
    lists::{Counting, Figure, Grade, Jump, Label, Side, StageKind, Word},
    mark::{Alias, Mark},
    place::Placed,
};

/// Highest score of one expectation.
const SCORE_MAX: u16 = 100;

/// The forms of `is`, each named by its first key.
const FORMS: [&str; 20] = [
    "rung",
    "label",
    "cause",
    "axis",
    "leg",
    "alarm",
    "said",
    "ordered",
    "refused",
    "third",
    "step",
    "duress",
    "alike",
    "interval",
    "verdict",
    "standing",
    "witnessed",
    "figure",
    "text_identical",
    "stated",
];

/// Keys that say by when.
const BY: [&str; 5] = ["within", "after", "recorded", "never", "during"];

impl Reader<'_> {
    pub(super) fn expect(&mut self, entry: &Entry<'_>) -> Option<Expect> {
        let known = [
            "id",
            "title",
            "is",
            "of",
            "objective",
            "score",
            "must",
            "stages",
            "only",
            "text",
        ];
        self.keys(entry, &known);
        let id = self.must(entry, "id", |r, value, path| {
            r.new_name(Kind::Expect, value, path)
        });
        let title = self.must(entry, "title", Self::tongues);
        let of = self.may(entry, "of", Self::filter);
        let is = self.must(entry, "is", |reader, value, path| {
            let table = reader.table(value, path)?;
            reader.is(&table, of.as_ref())
        });
        let objective = self.may(entry, "objective", |r, value, path| {
            r.known(Kind::Objective, value, path)
        });
        let score = self.may(entry, "score", |r, value, path| {
            r.number(value, path, 0, SCORE_MAX)
        });
        let must = self.may(entry, "must", Self::boolean);
        let stages = self.may(entry, "stages", |reader, value, path| {
            reader.list(value, path, word!(StageKind))
        });
        let only = self.may(entry, "only", Self::variants);
        let text = self.may(entry, "text", Self::tongues);
        Some(Expect {
            id: id?,
            title: title?,
            objective,
            score: score.unwrap_or(0),
            must: must.unwrap_or(false),
            stages: stages.unwrap_or_default(),
            only: only.unwrap_or_default(),
            text: text.unwrap_or_default(),
            of,
            is: is?,
            span: entry.span_of("is"),
        })
    }

    /// Names a message that people send. A script may send one by the same name.
    fn filter(&mut self, value: Value<'_>, path: &str) -> Option<Filter> {
        let entry = self.table(value, path)?;
        self.keys(&entry, &["code", "from", "precedence", "refers_to", "as"]);
        let code = self.may(&entry, "code", Self::code);
        let from = self.may(&entry, "from", word!(Side));
        let precedence = self.may(&entry, "precedence", word!(Precedence));
        let refers_to = self.may(&entry, "refers_to", Self::message);
        let alias: Placed<Alias> = self.must(&entry, "as", Self::parsed)?;
        self.also(Kind::Message, &alias.name);
        Some(Filter {
            code,
            from,
            precedence,
            refers_to,
            alias,
        })
    }

    fn is(&mut self, entry: &Entry<'_>, filter: Option<&Filter>) -> Option<Is> {
        let form = self.form(entry, &FORMS)?;
        let own: &[&str] = match form {
            "rung" => &["rung", "of", "at", "grade", "answer", "over", "text"],
            "label" => &["label", "at"],
            "cause" => &["cause", "at"],
            "axis" => &["axis", "state", "at"],
            "leg" => &["leg", "state", "at"],
            "alarm" => &["alarm", "at", "count", "says"],
            "said" => &["said", "at", "of", "jump"],
            "ordered" => &["ordered", "at", "channel", "agrees"],
            "refused" => &["refused", "by", "count", "shown", "says"],
            "third" => &["third", "of"],
            "step" => &["step", "of", "at"],
            "duress" => &["duress"],
            "alike" => &["alike", "of"],
            "interval" => &["interval", "within"],
            "verdict" => &["verdict", "of", "against", "insufficient"],
            "standing" => &["standing", "of"],
            "witnessed" => &["witnessed", "within", "entries"],
            "figure" => &["figure", "is"],
            "text_identical" => &["text_identical", "of"],
            _ => &["stated", "by", "is"],
        };
        let timed = !matches!(
            form,
            "refused"
                | "third"
                | "alike"
                | "interval"
                | "verdict"
                | "standing"
                | "witnessed"
                | "figure"
                | "text_identical"
                | "stated"
        );
        let known: Vec<&str> = own
            .iter()
            .copied()
            .chain(BY.into_iter().filter(|_| timed))
            .collect();
        self.keys(entry, &known);
        if timed {
            self.timed(entry, form, filter)
        } else {
            self.counted(entry, form, filter)
        }
    }

    /// The forms that say by when.
    fn timed(&mut self, entry: &Entry<'_>, form: &str, filter: Option<&Filter>) -> Option<Is> {
        let by = self.by(entry);
        let at = match form {
            "rung" | "step" => self.may(entry, "at", Self::a_desk),
            "duress" => None,
            _ => self.must(entry, "at", Self::a_desk),
        };
        let word = |reader: &mut Self, key| reader.must(entry, key, Self::text);
        Some(match form {
            "rung" => {
                let rung = self.may(entry, "rung", word!(Rung));
                let of = self.about(entry, filter);
                let grade = self.may(entry, "grade", word!(Grade));
                let answer = self.may(entry, "answer", word!(Answer));
                let over = self.may(entry, "over", Self::link);
                let text = self.may(entry, "text", Self::text);
                let reached = Reached {
                    rung: rung?,
                    of: of?,
                    at,
                    grade,
                    answer,
                    over,
                    text,
                };
                Is::Rung(reached, by?)
            }
            "label" => {
                let label = self.may(entry, "label", word!(Label));
                Is::Label(label?, at?, by?)
            }
            "cause" => Is::Cause(word(self, "cause")?, at?, by?),
            "axis" => {
                let axes = ["carrier", "watch", "political", "identity"];
                let axis = self.may(entry, "axis", |r, value, path| {
                    r.word(&axes, |axis| axis, value, path)
                });
                let state = word(self, "state");
                Is::Axis(axis?.to_owned(), state?, at?, by?)
            }
            "leg" => {
                let leg = self.may(entry, "leg", Self::link);
                let state = self.must(entry, "state", word!(Health));
                Is::Leg(leg?, state?, at?, by?)
            }
            "alarm" => {
                let alarm = word(self, "alarm");
                let count = self.may(entry, "count", Self::compare);
                let says = self.may(entry, "says", Self::text);
                Is::Alarm(alarm?, at?, count.unwrap_or(Compare::AtLeast(1)), says, by?)
            }
            "said" => {
                let said = self.may(entry, "said", word!(ServiceKind));
                let of = self.may(entry, "of", Self::message);
                let jump = self.may(entry, "jump", word!(Jump));
                if jump.is_some() && said.is_some_and(|said| said != ServiceKind::ClockStep) {
                    let what = "\"jump\" goes with \"said = \"CLOCK_STEP\"\"".to_owned();
                    self.refuse(Code::Value, entry.span_of("jump"), &entry.key("jump"), what);
                }
                Is::Said(said?, at?, of, jump, by?)
            }
            "duress" => {
                let officer = self.may(entry, "duress", |r, value, path| {
                    r.known(Kind::Officer, value, path)
                });
                Is::Duress(officer?, by?)
            }
            "ordered" => {
                let order = self.may(entry, "ordered", word!(OrderVerb));
                let channel = self.may(entry, "channel", Self::text);
                let agrees = self.may(entry, "agrees", Self::boolean);
                Is::Ordered(order?, at?, channel, agrees.unwrap_or(false), by?)
            }
            _ => {
                let step = self.may(entry, "step", word!(OverdueStep));
                let of = self.about(entry, filter);
                Is::Step(step?, of?, at, by?)
            }
        })
    }

    /// The forms that count or compare.
    fn counted(&mut self, entry: &Entry<'_>, form: &str, filter: Option<&Filter>) -> Option<Is> {
        Some(match form {
            "refused" => {
                let reason = self.may(entry, "refused", Self::text);
                let by = self.may(entry, "by", Self::text);
                let count = self.may(entry, "count", Self::compare);
                let shown = self.may(entry, "shown", |r, value, path| {
                    r.number(value, path, 0, u16::MAX)
                });
                let says = self.may(entry, "says", Self::text);
                Is::Refused {
                    reason: reason?,
                    by,
                    count: count.unwrap_or(Compare::AtLeast(1)),
                    shown: shown.unwrap_or(0).into(),
                    says,
                }
            }
            "third" => {
                let name = self.may(entry, "third", Self::text);
                let of = self.may(entry, "of", Self::message);
                Is::Third(name?, of)
            }
            "alike" => {
                let one = self.may(entry, "alike", Self::message);
                let other = self.about(entry, filter);
                Is::Alike(one?, other?)
            }
            "interval" => {
                let ends = self.may(entry, "interval", Self::two_marks);
                let within = self.must(entry, "within", Self::span);
                let (from, to) = ends?;
                Is::Interval {
                    from,
                    to,
                    within: within?,
                }
            }
            "verdict" => {
                let word = self.may(entry, "verdict", word!(Word));
                let of = self.about(entry, filter);
                let against = self.may(entry, "against", word!(Side));
                let insufficient = self.may(entry, "insufficient", Self::boolean);
                Is::Verdict {
                    word: word?,
                    of: of?,
                    against,
                    insufficient,
                }
            }
            "standing" => {
                let counting = self.may(entry, "standing", word!(Counting));
                let of = self.about(entry, filter);
                Is::Standing(counting?, of?)
            }
            "witnessed" => {
                let relay = self.may(entry, "witnessed", |r, value, path| {
                    r.known(Kind::Relay, value, path)
                });
                let within = self.must(entry, "within", Self::span);
                let entries = self.must(entry, "entries", |r, value, path| {
                    r.number(value, path, 1, u16::MAX)
                });
                Is::Witnessed {
                    relay: relay?,
                    within: within?,
                    entries: entries?.into(),
                }
            }
            "figure" => {
                let figure = self.may(entry, "figure", word!(Figure));
                let is = self.must(entry, "is", Self::compare);
                Is::Figure(figure?, is?)
            }
            "text_identical" => {
                let desks = self.may(entry, "text_identical", |r, value, path| {
                    r.all_known(Kind::Desk, value, path)
                });
                let of = self.about(entry, filter);
                Is::TextIdentical(desks?, of?)
            }
            _ => {
                let what = self.may(entry, "stated", Self::text);
                let by = self.must(entry, "by", |r, value, path| r.known(Kind::Seat, value, path));
                let is = self.must(entry, "is", Self::text);
                Is::Stated {
                    what: what?,
                    by: by?,
                    is: is?,
                }
            }
        })
    }

    /// Which message: `of`, or else the one that the expectation names.
    fn about(&mut self, entry: &Entry<'_>, filter: Option<&Filter>) -> Option<Placed<Alias>> {
        match filter {
            Some(filter) if !entry.has("of") => Some(filter.alias.clone()),
            _ => self.must(entry, "of", Self::message),
        }
    }

    /// `within` and `after`; or `recorded = true`; or `never = true`, perhaps `during` two marks.
    fn by(&mut self, entry: &Entry<'_>) -> Option<By> {
        let form = self.form(entry, &["within", "recorded", "never"])?;
        for (key, with) in [("after", "within"), ("during", "never")] {
            if entry.has(key) && form != with {
                let what = format!("\"{key}\" goes with \"{with}\"");
                self.refuse(Code::Value, entry.span_of(key), &entry.key(key), what);
            }
        }
        if form == "within" {
            let within = self.may(entry, "within", Self::span);
            let after = self.must(entry, "after", Self::mark);
            return Some(By::Within(within?, after?));
        }
        if self.may(entry, form, Self::boolean)? {
            return match form {
                "recorded" => Some(By::Recorded),
                _ if entry.has("during") => {
                    let during = self.may(entry, "during", Self::two_marks)?;
                    Some(By::Never(Some(during)))
                }
                _ => Some(By::Never(None)),
            };
        }
        let what = format!("\"{form}\" can only be true; leave it out otherwise");
        self.refuse(Code::Value, entry.span_of(form), &entry.key(form), what);
        None
    }

    fn two_marks(&mut self, value: Value<'_>, path: &str) -> Option<(Placed<Mark>, Placed<Mark>)> {
        let entry = self.table(value, path)?;
        self.keys(&entry, &["from", "to"]);
        let from = self.must(&entry, "from", Self::mark);
        let to = self.must(&entry, "to", Self::mark);
        Some((from?, to?))
    }

    /// `>=1`, `<= 3`, `== 0`.
    fn compare(&mut self, value: Value<'_>, path: &str) -> Option<Compare> {
        let text = self.text(value, path)?;
        let read = text.split_at_checked(2).and_then(|(sign, number)| {
            let number: u32 = number.trim().parse().ok()?;
            match sign {
                "==" => Some(Compare::Equal(number)),
                "<=" => Some(Compare::AtMost(number)),
                ">=" => Some(Compare::AtLeast(number)),
                _ => None,
            }
        });
        if read.is_none() {
            let what = format!("\"{text}\" compares nothing; write one like \"== 0\", \"<= 3\" or \">= 1\"");
            self.refuse(Code::Value, value.span(), path, what);
        }
        read
    }
}
