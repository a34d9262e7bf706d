//! Any rule of a script.

use super::*;

fn cue() -> BoxedStrategy<Cue> {
    let code = option::of(Just(Placed::nowhere("HZ-01".to_owned())));
    prop_oneof![
        Just(Cue::Inject(Placed::nowhere(SERIAL))),
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
    .boxed()
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

pub(super) fn rule() -> BoxedStrategy<Rule> {
    let first = (cue(), span(), vec(deed_of_a_player(), 1..4), 1..9_u16);
    (first, option::of(0..=100_u16), option::of(mark()), variants())
        .prop_map(|((when, wait, deeds, times), chance, unless, only)| Rule {
            id: Placed::nowhere("the-rule".to_owned()),
            when,
            wait,
            deeds,
            times,
            chance,
            unless,
            only,
        })
        .boxed()
}
