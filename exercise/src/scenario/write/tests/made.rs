//! Scenarios that no person wrote: S1's cast, and any plan that the format allows.

use std::{collections::BTreeMap, time::Duration};

use hotline_core::{
    contact::Contact,
    duty::{OrderVerb, OverdueStep, ServiceKind},
    health::Health,
    precedence::Precedence,
    story::Rate,
    words::{Answer, OfficerRole, ResponseAttribute, Rung, TrafficClass},
};
use hotline_faults::{live::Direction, spec};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::super::super::{
    Scenario,
    cast::{Attack, Handout, Made, Tongues},
    expect::{By, Compare, Expect, Filter, Is, Reached},
    lists::{
        Act, Approve, AttackKind, Category, Counting, Figure, Grade, HandedIn, InjectKind, InstitutionVerb,
        Jump, Label, ProcessDeed, Side, StageKind, Tongue, Word,
    },
    mark::{Alias, Mark, Serial},
    moment::{LineSpan, Span, StorySpan},
    msel::{
        Coding, Deed, Event, FaultDeed, HandIn, Incident, Inject, Institution, Link, Sending, Until, When,
    },
    parse,
    place::Placed,
    player::{Cue, Do, Rule, Script},
    shipped,
};

mod expected;
mod players;

use expected::expectation;
use players::rule;

fn name(of: &'static [&'static str]) -> impl Strategy<Value = Placed<String>> {
    select(of).prop_map(|name| Placed::nowhere(name.to_owned()))
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
        Placed::nowhere(Alias {
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
    .prop_map(Placed::nowhere)
}

const SERIAL: Serial = Serial {
    event: 1,
    incident: 1,
    inject: 1,
};

fn officers() -> impl Strategy<Value = Vec<Placed<String>>> {
    prop_oneof![
        Just(vec![Placed::nowhere("haddad".to_owned())]),
        Just(vec![
            Placed::nowhere("okoye".to_owned()),
            Placed::nowhere("lindqvist".to_owned())
        ]),
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
        code: Placed::nowhere("HZ-01".to_owned()),
        fields: fields
            .into_iter()
            .map(|(field, text)| (field.to_owned(), Placed::nowhere(text)))
            .collect(),
    })
}

fn sending() -> BoxedStrategy<Sending> {
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
        (option::of(select(&CLASSES[..])), any::<bool>()),
    );
    (what, asked, rest)
        .prop_map(
            |(
                (code, text),
                (answer, asks, respond_by),
                (by, level, channel, repeat, (class, safety_of_life)),
            )| {
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
                    class,
                    safety_of_life,
                    same: false,
                }
            },
        )
        .boxed()
}

fn answers() -> Vec<ResponseAttribute> {
    ResponseAttribute::ALL.to_vec()
}

/// What people may send.
const CLASSES: [TrafficClass; 4] = [
    TrafficClass::Formal,
    TrafficClass::Service,
    TrafficClass::Test,
    TrafficClass::Control,
];

fn institution() -> BoxedStrategy<Institution> {
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
        option::of(span()),
    );
    (first, second)
        .prop_map(
            |((verb, side, by, channel), (scope, reason, effective, review_by, since))| Institution {
                verb,
                side,
                by,
                channel,
                scope,
                reason,
                effective,
                review_by,
                identity: None,
                since,
            },
        )
        .boxed()
}

/// Every fault of the room `faults` whose values an inject can hold.
fn fault() -> BoxedStrategy<Deed> {
    let kinds: Vec<&(&str, &str)> = spec::KINDS
        .iter()
        .filter(|(kind, _)| !AFTER.contains(kind))
        .collect();
    let until = prop_oneof![
        (1..999_u64).prop_map(|s| Until::For(Span::Line(LineSpan(Duration::from_secs(s))))),
        mark().prop_map(Until::Mark),
    ];
    (select(kinds), link(), until)
        .prop_map(|((kind, form), link, until)| {
            let values: BTreeMap<String, String> = form
                .replace(['[', ']'], "")
                .split_whitespace()
                .filter_map(|word| word.split_once('='))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            Deed::Fault(FaultDeed {
                fault: spec::fault(kind, &values).unwrap(),
                link: Placed::nowhere(link),
                direction: Direction::Both,
                until,
            })
        })
        .boxed()
}

/// Their own `after` is an inject's word for when it comes.
const AFTER: [&str; 2] = ["timeout", "reset_peer"];

pub(super) fn deed() -> BoxedStrategy<Deed> {
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
        Just(Deed::Attack(Placed::nowhere("copied".to_owned()))),
        name(&["haddad", "novak"]).prop_map(Deed::Phrase),
        (select(HandedIn::ALL), name(&["A", "north"]), alias())
            .prop_map(|(how, who, of)| Deed::HandIn(HandIn { how, who, of })),
        Just(Deed::Hand),
    ]
    .boxed()
}

fn inject() -> BoxedStrategy<Inject> {
    let when = prop_oneof![
        story().prop_map(When::At),
        (mark(), span()).prop_map(|(mark, by)| When::After { mark, by }),
        span().prop_map(|within| When::Unless {
            expect: Placed::nowhere("E1".to_owned()),
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
    (first, second)
        .prop_map(
            |((title, when, deed, approve, from, controller), (expected, note, only, category, told))| {
                Inject {
                    serial: SERIAL,
                    title,
                    kind: match when {
                        When::Unless { .. } => InjectKind::Contingency,
                        _ if told => InjectKind::ExpectedAction,
                        _ => InjectKind::Contextual,
                    },
                    when,
                    to: vec![
                        Placed::nowhere("A".to_owned()),
                        Placed::nowhere("observer".to_owned()),
                    ],
                    category: (told || matches!(deed, Deed::Fault(_))).then_some(category),
                    deed,
                    approve,
                    from,
                    controller,
                    objective: told.then(|| Placed::nowhere("O2".to_owned())),
                    expected: expected.unwrap_or_default(),
                    note,
                    only,
                    span: 0..0,
                }
            },
        )
        .boxed()
}

fn variants() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![Just(Vec::new()), Just(vec!["a".to_owned()])]
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
        made.topology.doors = vec![Placed::nowhere("tcp".to_owned())];
        made.topology.relays[1].profile = Some(Placed::nowhere("satellite".to_owned()));
        made.objectives[0].capability = Some(words.clone());
        made.objectives[0].targets = vec![words.clone(), "two".into()];
        made.attacks = vec![Attack {
            id: Placed::nowhere("copied".to_owned()),
            kind: AttackKind::StolenKey,
            of: Some(Placed::nowhere("haddad".to_owned())),
            session: flag,
        }];
        made.handouts = vec![Handout {
            id: Placed::nowhere("card".to_owned()),
            seat: Placed::nowhere("A".to_owned()),
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
            by: vec![Placed::nowhere("haddad".to_owned())],
            code: None,
            text: Tongues([(Tongue::En, "words".to_owned())].into()),
            span: 0..0,
            precedence: Some(Precedence::Routine),
            answer: None,
            asks: None,
            respond_by: None,
            channel: None,
            alias: Some(Placed::nowhere(Alias {
                name: name.into(),
                copy: None,
            })),
            repeat: 1,
            class: None,
            safety_of_life: false,
            same: false,
        })
    });
    let first = Rule {
        id: Placed::nowhere("sends".to_owned()),
        when: Cue::Inject(Placed::nowhere(SERIAL)),
        wait: Span::Story(StorySpan(Duration::ZERO)),
        deeds: sends.to_vec(),
        times: 1,
        chance: None,
        unless: None,
        only: Vec::new(),
    };
    Script {
        seat: Placed::nowhere("A".to_owned()),
        rules: vec![first, rule],
    }
}
