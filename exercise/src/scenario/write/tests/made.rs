//! Scenarios that no person wrote: S1's cast, and any plan that the format allows.

use std::{collections::BTreeMap, time::Duration};

use hotline_core::{
    contact::Contact,
    duty::{OverdueStep, ServiceKind},
    health::Health,
    precedence::Precedence,
    story::Rate,
    words::{Answer, OfficerRole, ResponseAttribute, Rung},
};
use hotline_faults::{live::Direction, spec};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::super::super::{
    Scenario,
    cast::{Attack, Handout, Made, Tongues},
    expect::{By, Compare, Expect, Filter, Is, Reached},
    lists::{
        Act, Approve, AttackKind, Category, Figure, Grade, InjectKind, InstitutionVerb, Label, ProcessDeed,
        Side, StageKind, Tongue,
    },
    mark::{Alias, Mark, Serial},
    moment::{LineSpan, Span, StorySpan},
    msel::{Coding, Deed, Event, FaultDeed, Incident, Inject, Institution, Link, Sending, Until, When},
    parse,
    place::Placed,
    player::{Cue, Do, Rule, Script},
    shipped,
};

fn placed<T>(value: T) -> Placed<T> {
    Placed { value, span: 0..0 }
}

fn name(of: &'static [&'static str]) -> impl Strategy<Value = Placed<String>> {
    select(of).prop_map(|name| placed(name.to_owned()))
}

fn desk() -> impl Strategy<Value = Placed<String>> {
    name(&["A", "B"])
}

/// Letters of any kind, quotation marks, backslashes, line feeds, what a spreadsheet takes for a formula.
pub(super) fn text() -> impl Strategy<Value = String> {
    let any = "[ -~äßöλ漢\u{202e}\u{1f6f0}\n\"'\\\\=+@-]{0,24}";
    any.prop_map(|text| format!("{text}x"))
}

fn tongues() -> impl Strategy<Value = Tongues> {
    let each = (select(Tongue::ALL), text());
    vec(each, 1..4).prop_map(|texts| Tongues(texts.into_iter().collect()))
}

fn length() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..200_000_u64).prop_map(Duration::from_secs),
        (0..9_999_u64).prop_map(Duration::from_millis),
        (0..9_999_u64).prop_map(Duration::from_micros),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    (length(), any::<bool>()).prop_map(|(length, story)| match story {
        true => Span::Story(StorySpan(length)),
        false => Span::Line(LineSpan(length)),
    })
}

fn story() -> impl Strategy<Value = StorySpan> {
    length().prop_map(StorySpan)
}

fn alias() -> impl Strategy<Value = Placed<Alias>> {
    let of = select(&["m1", "sar", "r1"][..]);
    (of, option::of(1..40_u16)).prop_map(|(name, copy)| {
        placed(Alias {
            name: name.to_owned(),
            copy,
        })
    })
}

fn mark() -> impl Strategy<Value = Placed<Mark>> {
    let rung = (alias(), select(Rung::ALL.to_vec()), option::of(desk()));
    prop_oneof![
        Just(Mark::Startex),
        Just(Mark::Endex),
        Just(Mark::Inject(SERIAL)),
        rung.prop_map(|(of, rung, at)| Mark::Rung {
            of: of.value,
            rung,
            at: at.map(|desk| desk.value),
        }),
    ]
    .prop_map(placed)
}

const SERIAL: Serial = Serial {
    event: 1,
    incident: 1,
    inject: 1,
};

fn officers() -> impl Strategy<Value = Vec<Placed<String>>> {
    prop_oneof![
        Just(vec![placed("haddad".to_owned())]),
        Just(vec![placed("okoye".to_owned()), placed("lindqvist".to_owned())]),
    ]
}

fn link() -> impl Strategy<Value = Link> {
    prop_oneof![
        Just(Link::Path(2)),
        Just(Link::Leg {
            desk: "A".into(),
            relay: "south".into(),
            door: "tcp".into(),
        }),
    ]
}

fn coding() -> impl Strategy<Value = Coding> {
    let fields = vec((select(&["whose", "a field", "ü"][..]), text()), 0..3);
    fields.prop_map(|fields| Coding {
        code: placed("HZ-01".to_owned()),
        fields: fields
            .into_iter()
            .map(|(field, text)| (field.to_owned(), placed(text)))
            .collect(),
    })
}

fn sending() -> impl Strategy<Value = Sending> {
    let what = prop_oneof![
        (coding(), option::of(tongues())).prop_map(|(code, text)| (Some(code), text.unwrap_or_default())),
        tongues().prop_map(|text| (None, text)),
    ];
    let asked = prop_oneof![
        Just((None, None, None)),
        option::of(select(answers())).prop_map(|answer| (answer, None, None)),
        story().prop_map(|within| (None, None, Some(within))),
        (select(Contact::ALL.to_vec()), story()).prop_map(|(asks, within)| (None, Some(asks), Some(within))),
    ];
    let rest = (
        officers(),
        select(Precedence::ALL.to_vec()),
        option::of(text()),
        1..9_u16,
    );
    (what, asked, rest).prop_map(
        |((code, text), (answer, asks, respond_by), (by, level, channel, repeat))| {
            let asks = asks.filter(|_| code.is_none());
            Sending {
                by,
                code,
                text,
                span: 0..0,
                precedence: Some(level),
                answer,
                asks,
                respond_by,
                channel,
                alias: None,
                repeat,
            }
        },
    )
}

fn answers() -> Vec<ResponseAttribute> {
    ResponseAttribute::ALL.to_vec()
}

fn institution() -> impl Strategy<Value = Institution> {
    let verbs = [
        InstitutionVerb::Suspend,
        InstitutionVerb::Sever,
        InstitutionVerb::Restore,
    ];
    let first = (
        select(verbs.to_vec()),
        select(Side::ALL),
        officers(),
        option::of(text()),
    );
    let second = (
        vec(text(), 0..3),
        option::of(text()),
        option::of(span()),
        option::of(span()),
    );
    (first, second).prop_map(
        |((verb, side, by, channel), (scope, reason, effective, review_by))| Institution {
            verb,
            side,
            by,
            channel,
            scope,
            reason,
            effective,
            review_by,
        },
    )
}

/// Every fault of the room `faults` whose values an inject can hold.
fn fault() -> impl Strategy<Value = Deed> {
    let kinds: Vec<&(&str, &str)> = spec::KINDS
        .iter()
        .filter(|(kind, _)| !AFTER.contains(kind))
        .collect();
    let until = prop_oneof![
        (1..999_u64).prop_map(|s| Until::For(Span::Line(LineSpan(Duration::from_secs(s))))),
        mark().prop_map(Until::Mark),
    ];
    (select(kinds), link(), until).prop_map(|((kind, form), link, until)| {
        let values: BTreeMap<String, String> = form
            .replace(['[', ']'], "")
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        Deed::Fault(FaultDeed {
            fault: spec::fault(kind, &values).unwrap(),
            link: placed(link),
            direction: Direction::Both,
            until,
        })
    })
}

/// Their own `after` is an inject's word for when it comes.
const AFTER: [&str; 2] = ["timeout", "reset_peer"];

pub(super) fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (tongues(), option::of(text())).prop_map(|(text, source)| Deed::News { text, source }),
        (tongues(), select(OfficerRole::ALL.to_vec())).prop_map(|(text, role)| Deed::Order { text, role }),
        (desk(), sending()).prop_map(|(desk, sending)| Deed::Message { desk, sending }),
        fault(),
        (select(ProcessDeed::ALL), name(&["A", "north"])).prop_map(|(deed, who)| Deed::Process { deed, who }),
        (name(&["B", "south"]), any::<bool>(), length()).prop_map(|(who, back, by)| Deed::Clock {
            who,
            back,
            by
        }),
        institution().prop_map(Deed::Institution),
        Just(Deed::Attack(placed("copied".to_owned()))),
        name(&["haddad", "novak"]).prop_map(Deed::Phrase),
        Just(Deed::Hand),
    ]
}

fn inject() -> impl Strategy<Value = Inject> {
    let when = prop_oneof![
        story().prop_map(When::At),
        (mark(), span()).prop_map(|(mark, by)| When::After { mark, by }),
        span().prop_map(|within| When::Unless {
            expect: placed("E1".to_owned()),
            within,
        }),
    ];
    let first = (
        tongues(),
        when,
        deed(),
        select(Approve::ALL),
        option::of(text()),
        option::of(text()),
    );
    let second = (
        option::of(tongues()),
        option::of(text()),
        variants(),
        select(Category::ALL),
        any::<bool>(),
    );
    (first, second).prop_map(
        |((title, when, deed, approve, from, controller), (expected, note, only, category, told))| Inject {
            serial: SERIAL,
            title,
            kind: match when {
                When::Unless { .. } => InjectKind::Contingency,
                _ if told => InjectKind::ExpectedAction,
                _ => InjectKind::Contextual,
            },
            when,
            to: vec![placed("A".to_owned()), placed("observer".to_owned())],
            category: (told || matches!(deed, Deed::Fault(_))).then_some(category),
            deed,
            approve,
            from,
            controller,
            objective: told.then(|| placed("O2".to_owned())),
            expected: expected.unwrap_or_default(),
            note,
            only,
            span: 0..0,
        },
    )
}

fn variants() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![Just(Vec::new()), Just(vec!["a".to_owned()])]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        (span(), mark()).prop_map(|(within, after)| By::Within(within, after)),
        Just(By::Recorded),
        option::of((mark(), mark())).prop_map(By::Never),
    ]
}

fn compare() -> impl Strategy<Value = Compare> {
    prop_oneof![
        any::<u32>().prop_map(Compare::Equal),
        any::<u32>().prop_map(Compare::AtMost),
        any::<u32>().prop_map(Compare::AtLeast),
    ]
}

fn reached() -> impl Strategy<Value = Reached> {
    let first = (
        select(Rung::ALL.to_vec()),
        alias(),
        option::of(desk()),
        option::of(select(Grade::ALL)),
    );
    let second = (
        option::of(select(Answer::ALL.to_vec())),
        option::of(link()),
        option::of(text()),
    );
    (first, second).prop_map(|((rung, of, at, grade), (answer, over, text))| Reached {
        rung,
        of,
        at,
        grade,
        answer,
        over: over.map(placed),
        text,
    })
}

fn is() -> impl Strategy<Value = Is> {
    let axes = select(&["carrier", "watch", "political", "identity"][..]);
    prop_oneof![
        (reached(), by()).prop_map(|(reached, by)| Is::Rung(reached, by)),
        (select(Label::ALL), desk(), by()).prop_map(|(label, at, by)| Is::Label(label, at, by)),
        (text(), desk(), by()).prop_map(|(cause, at, by)| Is::Cause(cause, at, by)),
        (axes, text(), desk(), by()).prop_map(|(axis, state, at, by)| Is::Axis(axis.into(), state, at, by)),
        (link(), select(Health::ALL.to_vec()), desk(), by()).prop_map(|(leg, state, at, by)| Is::Leg(
            placed(leg),
            state,
            at,
            by
        )),
        (text(), desk(), compare(), by()).prop_map(|(alarm, at, count, by)| Is::Alarm(alarm, at, count, by)),
        (text(), compare(), 0..9_u32).prop_map(|(reason, count, shown)| Is::Refused { reason, count, shown }),
        (
            select(ServiceKind::ALL.to_vec()),
            desk(),
            option::of(alias()),
            by()
        )
            .prop_map(|(said, at, of, by)| Is::Said(said, at, of, by)),
        (
            select(OverdueStep::ALL.to_vec()),
            alias(),
            option::of(desk()),
            by()
        )
            .prop_map(|(step, of, at, by)| Is::Step(step, of, at, by)),
        (mark(), mark(), span()).prop_map(|(from, to, within)| Is::Interval { from, to, within }),
        (select(Figure::ALL), compare()).prop_map(|(figure, compare)| Is::Figure(figure, compare)),
        (vec(desk(), 1..3), alias()).prop_map(|(desks, of)| Is::TextIdentical(desks, of)),
        (text(), name(&["A", "control"]), text()).prop_map(|(what, by, is)| Is::Stated { what, by, is }),
    ]
}

fn expectation() -> impl Strategy<Value = Expect> {
    let filter = option::of((
        option::of(select(Side::ALL)),
        option::of(select(Precedence::ALL.to_vec())),
    ));
    let first = (tongues(), filter, is(), 0..=100_u16);
    let second = (any::<bool>(), variants(), option::of(tongues()));
    (first, second).prop_map(|((title, filter, is, score), (must, only, text))| Expect {
        id: placed("E1".to_owned()),
        title,
        objective: must.then(|| placed("O1".to_owned())),
        score,
        must,
        stages: if must {
            vec![StageKind::Headless]
        } else {
            Vec::new()
        },
        only,
        text: text.unwrap_or_default(),
        of: filter.map(|(from, precedence)| Filter {
            code: from.map(|_| placed("HZ-01".to_owned())),
            from,
            precedence,
            alias: placed(Alias {
                name: "m1".into(),
                copy: None,
            }),
        }),
        is,
        span: 0..0,
    })
}

fn cue() -> impl Strategy<Value = Cue> {
    let code = option::of(Just(placed("HZ-01".to_owned())));
    prop_oneof![
        Just(Cue::Inject(placed(SERIAL))),
        (
            code,
            option::of(desk()),
            vec(select(Precedence::ALL.to_vec()), 0..3)
        )
            .prop_map(|(code, at, precedence)| Cue::Arrives { code, at, precedence }),
        (select(Rung::ALL.to_vec()), alias(), option::of(desk())).prop_map(|(rung, of, at)| Cue::Rung {
            rung,
            of,
            at
        }),
        (select(Label::ALL), desk()).prop_map(|(label, at)| Cue::Label(label, at)),
        mark().prop_map(Cue::Mark),
    ]
}

fn deed_of_a_player() -> impl Strategy<Value = Do> {
    prop_oneof![
        sending().prop_map(Do::Send),
        (select(Answer::ALL.to_vec()), sending()).prop_map(|(answer, sending)| Do::Answer(answer, sending)),
        sending().prop_map(Do::Correct),
        Just(Do::Display),
        Just(Do::Nothing),
        (select(Act::ALL), officers(), option::of(alias()), text()).prop_map(|(act, by, of, text)| Do::Act {
            act,
            by,
            of,
            text: Some(text),
        }),
        (officers(), story()).prop_map(|(by, expect_by)| Do::Holding { by, expect_by }),
        (officers(), vec(text(), 1..3)).prop_map(|(by, fields)| Do::Insufficient { by, fields }),
        (officers(), select(Grade::ALL), select(Tongue::ALL), text()).prop_map(|(by, grade, into, text)| {
            Do::Translate {
                by,
                grade,
                into,
                text,
            }
        }),
        institution().prop_map(Do::Institution),
        text().prop_map(|is| Do::State {
            what: "label".into(),
            is
        }),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let first = (cue(), span(), vec(deed_of_a_player(), 1..4), 1..9_u16);
    (first, option::of(0..=100_u16), option::of(mark()), variants()).prop_map(
        |((when, wait, deeds, times), chance, unless, only)| Rule {
            id: placed("the-rule".to_owned()),
            when,
            wait,
            deeds,
            times,
            chance,
            unless,
            only,
        },
    )
}

/// Any scenario.
pub(crate) fn scenario() -> impl Strategy<Value = Scenario> {
    let parts = (inject(), expectation(), rule(), tongues(), text());
    let numbers = (100..=60_000_u32, 0..99_u16, any::<bool>());
    (parts, numbers).prop_map(|((inject, expect, rule, title, words), (rate, days, flag))| {
        let mut made = parse("S1.toml", shipped::ALL[0].text).unwrap();
        made.title = title.clone();
        made.handling = words.clone();
        made.sponsor = flag.then(|| words.clone());
        made.variants = [("a".to_owned(), words.clone())].into();
        made.stage.speed = Rate::from_thousandths(rate).unwrap();
        made.stage.leap = flag;
        made.made = Made {
            days_before: days,
            lifetime_days: 1 + days,
            dormant_days: days,
        };
        made.officers[0].sealed = flag;
        made.topology.doors = vec![placed("tcp".to_owned())];
        made.topology.relays[1].profile = Some(placed("satellite".to_owned()));
        made.objectives[0].capability = Some(words.clone());
        made.objectives[0].targets = vec![words.clone(), "two".into()];
        made.attacks = vec![Attack {
            id: placed("copied".to_owned()),
            kind: AttackKind::StolenKey,
            of: Some(placed("haddad".to_owned())),
            session: flag,
        }];
        made.handouts = vec![Handout {
            id: placed("card".to_owned()),
            seat: placed("A".to_owned()),
            text: title.clone(),
        }];
        made.events = vec![Event {
            serial: 1,
            title: title.clone(),
            incidents: vec![Incident {
                serial: (1, 1),
                title,
                injects: vec![inject],
            }],
        }];
        made.players = vec![names_all(rule)];
        made.expects = vec![expect];
        made
    })
}

/// The rule's seat, and another rule that sends every message that marks may name.
fn names_all(rule: Rule) -> Script {
    let sends = ["m1", "sar", "r1"].map(|name| {
        Do::Send(Sending {
            by: vec![placed("haddad".to_owned())],
            code: None,
            text: Tongues([(Tongue::En, "words".to_owned())].into()),
            span: 0..0,
            precedence: Some(Precedence::Routine),
            answer: None,
            asks: None,
            respond_by: None,
            channel: None,
            alias: Some(placed(Alias {
                name: name.into(),
                copy: None,
            })),
            repeat: 1,
        })
    });
    let first = Rule {
        id: placed("sends".to_owned()),
        when: Cue::Inject(placed(SERIAL)),
        wait: Span::Story(StorySpan(Duration::ZERO)),
        deeds: sends.to_vec(),
        times: 1,
        chance: None,
        unless: None,
        only: Vec::new(),
    };
    Script {
        seat: placed("A".to_owned()),
        rules: vec![first, rule],
    }
}
