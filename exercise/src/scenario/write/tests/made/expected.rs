//! Any expectation.

use super::*;

fn by() -> BoxedStrategy<By> {
    prop_oneof![
        (span(), mark()).prop_map(|(within, after)| By::Within(within, after)),
        Just(By::Recorded),
        option::of((mark(), mark())).prop_map(By::Never),
    ]
    .boxed()
}

fn compare() -> impl Strategy<Value = Compare> {
    prop_oneof![
        any::<u32>().prop_map(Compare::Equal),
        any::<u32>().prop_map(Compare::AtMost),
        any::<u32>().prop_map(Compare::AtLeast),
    ]
}

fn reached() -> BoxedStrategy<Reached> {
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
    (first, second)
        .prop_map(|((rung, of, at, grade), (answer, over, text))| Reached {
            rung,
            of,
            at,
            grade,
            answer,
            over: over.map(Placed::nowhere),
            text,
        })
        .boxed()
}

fn is() -> BoxedStrategy<Is> {
    let axes = select(&["carrier", "watch", "political", "identity"][..]);
    prop_oneof![
        (reached(), by()).prop_map(|(reached, by)| Is::Rung(reached, by)),
        (select(Label::ALL), desk(), by()).prop_map(|(label, at, by)| Is::Label(label, at, by)),
        (text(), desk(), by()).prop_map(|(cause, at, by)| Is::Cause(cause, at, by)),
        (axes, text(), desk(), by()).prop_map(|(axis, state, at, by)| Is::Axis(axis.into(), state, at, by)),
        (link(), select(Health::ALL.to_vec()), desk(), by()).prop_map(|(leg, state, at, by)| Is::Leg(
            Placed::nowhere(leg),
            state,
            at,
            by
        )),
        (text(), desk(), compare(), option::of(text()), by())
            .prop_map(|(alarm, at, count, says, by)| Is::Alarm(alarm, at, count, says, by)),
        (
            text(),
            compare(),
            0..9_u32,
            option::of(text()),
            option::of(text())
        )
            .prop_map(|(reason, count, shown, by, says)| Is::Refused {
                reason,
                by,
                count,
                shown,
                says
            }),
        (
            select(OrderVerb::ALL.to_vec()),
            desk(),
            option::of(text()),
            any::<bool>(),
            by()
        )
            .prop_map(|(verb, at, channel, agrees, by)| Is::Ordered(verb, at, channel, agrees, by)),
        (text(), option::of(alias())).prop_map(|(name, of)| Is::Third(name, of)),
        (
            select(ServiceKind::ALL.to_vec()),
            desk(),
            option::of(alias()),
            option::of(select(Jump::ALL)),
            by()
        )
            .prop_map(|(said, at, of, jump, by)| {
                let jump = jump.filter(|_| said == ServiceKind::ClockStep);
                Is::Said(said, at, of, jump, by)
            }),
        (
            select(OverdueStep::ALL.to_vec()),
            alias(),
            option::of(desk()),
            by()
        )
            .prop_map(|(step, of, at, by)| Is::Step(step, of, at, by)),
        (name(&["haddad", "novak"]), by()).prop_map(|(officer, by)| Is::Duress(officer, by)),
        (alias(), alias()).prop_map(|(one, other)| Is::Alike(one, other)),
        (mark(), mark(), span()).prop_map(|(from, to, within)| Is::Interval { from, to, within }),
        (
            select(Word::ALL),
            alias(),
            option::of(select(Side::ALL)),
            option::of(any::<bool>())
        )
            .prop_map(|(word, of, against, insufficient)| Is::Verdict {
                word,
                of,
                against,
                insufficient,
            }),
        (select(Counting::ALL), alias()).prop_map(|(counting, of)| Is::Standing(counting, of)),
        (name(&["north", "south"]), span(), 1..=1_000_u32).prop_map(|(relay, within, entries)| {
            Is::Witnessed {
                relay,
                within,
                entries,
            }
        }),
        (select(Figure::ALL), compare()).prop_map(|(figure, compare)| Is::Figure(figure, compare)),
        (vec(desk(), 1..3), alias()).prop_map(|(desks, of)| Is::TextIdentical(desks, of)),
        (text(), name(&["A", "control"]), text()).prop_map(|(what, by, is)| Is::Stated { what, by, is }),
    ]
    .boxed()
}

pub(super) fn expectation() -> BoxedStrategy<Expect> {
    let filter = option::of((
        option::of(select(Side::ALL)),
        option::of(select(Precedence::ALL.to_vec())),
    ));
    let first = (tongues(), filter, is(), 0..=100_u16);
    let second = (any::<bool>(), variants(), option::of(tongues()));
    (first, second)
        .prop_map(|((title, filter, is, score), (must, only, text))| Expect {
            id: Placed::nowhere("E1".to_owned()),
            title,
            objective: must.then(|| Placed::nowhere("O1".to_owned())),
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
                code: from.map(|_| Placed::nowhere("HZ-01".to_owned())),
                from,
                precedence,
                refers_to: None,
                alias: Placed::nowhere(Alias {
                    name: "m1".into(),
                    copy: None,
                }),
            }),
            is,
            span: 0..0,
        })
        .boxed()
}
