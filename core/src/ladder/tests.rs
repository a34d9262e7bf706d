//! The ladder: who climbs, who does not, and that order never matters.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use proptest::prelude::*;

const A_DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
const B_DESK: &str = "spiffe://exercise.borenia.example/desk/ops";
const B_STAFF: &str = "spiffe://exercise.borenia.example/desk/staff";
const B_AIR: &str = "spiffe://exercise.borenia.example/desk/air";
const NORTH: &str = "spiffe://exercise.avelia.example/relay/north";
const SOUTH: &str = "spiffe://exercise.borenia.example/relay/south";
const LUND: &str = "spiffe://exercise.borenia.example/officer/lund";

fn id(text: &str) -> Identity {
    text.parse().unwrap()
}

fn subject(response: ResponseAttribute) -> Subject {
    let recipient = |desk: &str, kind| Recipient {
        identity: id(desk),
        kind,
    };
    Subject {
        sender: id(A_DESK),
        recipients: vec![
            recipient(B_DESK, RecipientKind::Action),
            recipient(B_AIR, RecipientKind::Action),
            recipient(B_STAFF, RecipientKind::Information),
        ],
        response,
        since: WallTime::from_unix_ms(1),
    }
}

fn ladder() -> Ladder {
    Ladder::new(subject(ResponseAttribute::AcceptCounterDecline))
}

fn fact(rung: Rung, signer: Signer, at: u64) -> Fact {
    Fact {
        arrived: WallTime::from_unix_ms(at),
        claimed: WallTime::from_unix_ms(at),
        rung,
        signer,
        answer: None,
        text: String::new(),
        leg: None,
        place: None,
    }
}

fn desk(name: &str) -> Signer {
    Signer::Desk(id(name))
}

fn officer(name: &str, role: OfficerRole, desk: &str) -> Signer {
    Signer::Officer {
        identity: id(name),
        roles: [role].into(),
        desk: id(desk),
    }
}

fn answered(answer: Answer, desk: &str, at: u64) -> Fact {
    Fact {
        answer: Some(answer),
        ..fact(Rung::Answered, officer(LUND, OfficerRole::Releaser, desk), at)
    }
}

#[test]
fn a_message_climbs_from_relay_to_desk_to_person_to_answer() {
    let mut ladder = ladder();
    let watch = officer(LUND, OfficerRole::WatchOfficer, B_DESK);
    let climb = [
        (fact(Rung::Released, desk(A_DESK), 1), Rung::Released),
        (fact(Rung::Accepted, Signer::Relay(id(NORTH)), 2), Rung::Accepted),
        (fact(Rung::Accepted, Signer::Relay(id(SOUTH)), 3), Rung::Accepted),
        (fact(Rung::Delivered, desk(B_DESK), 4), Rung::Delivered),
        (fact(Rung::Alerted, desk(B_DESK), 5), Rung::Alerted),
        (fact(Rung::Displayed, desk(B_DESK), 6), Rung::Displayed),
        (fact(Rung::Acknowledged, watch, 7), Rung::Acknowledged),
        (answered(Answer::Accept, B_DESK, 8), Rung::Answered),
    ];
    for (fact, highest) in climb {
        assert_eq!(ladder.apply(fact), Ok(Step::First));
        assert_eq!(ladder.highest(), Some(highest));
    }
    assert_eq!(ladder.relays_accepted().len(), 2);
    assert_eq!(ladder.highest_at(&id(B_DESK)), Some(Rung::Closed));
    assert_eq!(ladder.highest_at(&id(B_AIR)), None);
    assert_eq!(ladder.undelivered(), [&id(B_AIR), &id(B_STAFF)]);
    assert_eq!(ladder.awaiting_person(), [&id(B_AIR)]);
    assert_eq!(ladder.timeline().len(), 8);
}

#[test]
fn only_a_named_desk_delivers() {
    for rung in [Rung::Delivered, Rung::Alerted, Rung::Displayed] {
        let mut ladder = ladder();
        assert!(ladder.apply(fact(rung, desk(B_STAFF), 1)).is_ok());
        for stranger in [
            A_DESK,
            "spiffe://exercise.borenia.example/desk/other",
            "spiffe://borenia.example/desk/ops",
        ] {
            assert_eq!(
                ladder.apply(fact(rung, desk(stranger), 1)),
                Err(Foreign::NotNamed { desk: id(stranger) })
            );
        }
        let relay = Signer::Relay(id(SOUTH));
        assert!(matches!(
            ladder.apply(fact(rung, relay, 1)),
            Err(Foreign::WrongSigner { .. })
        ));
        let person = officer(LUND, OfficerRole::WatchOfficer, B_DESK);
        assert!(matches!(
            ladder.apply(fact(rung, person, 1)),
            Err(Foreign::WrongSigner { .. })
        ));
    }
}

#[test]
fn only_a_watch_or_duty_officer_of_an_action_recipient_acknowledges() {
    for rung in [
        Rung::Acknowledged,
        Rung::Holding,
        Rung::ReadBack,
        Rung::Insufficient,
        Rung::Declined,
    ] {
        for role in OfficerRole::ALL {
            let may = matches!(role, OfficerRole::WatchOfficer | OfficerRole::DutyOfficer);
            assert_eq!(
                ladder()
                    .apply(fact(rung, officer(LUND, *role, B_DESK), 1))
                    .is_ok(),
                may,
                "{rung} {role}"
            );
        }
        let watch = |name, at| officer(name, OfficerRole::WatchOfficer, at);
        assert!(matches!(
            ladder().apply(fact(rung, watch(LUND, B_STAFF), 1)),
            Err(Foreign::NotForAction { .. })
        ));
        assert!(matches!(
            ladder().apply(fact(rung, watch(LUND, A_DESK), 1)),
            Err(Foreign::NotNamed { .. })
        ));
        let stranger = "spiffe://exercise.avelia.example/officer/okoye";
        let result = ladder().apply(fact(rung, watch(stranger, B_DESK), 1));
        assert!(matches!(result, Err(Foreign::OfficerOfOtherDomain { .. })));
        assert!(matches!(
            ladder().apply(fact(rung, desk(B_DESK), 1)),
            Err(Foreign::WrongSigner { .. })
        ));
        let posing = watch(B_DESK, B_DESK);
        assert!(matches!(
            ladder().apply(fact(rung, posing, 1)),
            Err(Foreign::WrongSigner { .. })
        ));
    }
}

#[test]
fn each_other_act_has_its_own_role() {
    for (rung, entitled) in [
        (Rung::Translated, OfficerRole::Translator),
        (Rung::Presented, OfficerRole::DutyOfficer),
        (Rung::Answered, OfficerRole::Releaser),
    ] {
        for role in OfficerRole::ALL {
            let mut act = fact(rung, officer(LUND, *role, B_DESK), 1);
            act.answer = (rung == Rung::Answered).then_some(Answer::Accept);
            assert_eq!(ladder().apply(act).is_ok(), *role == entitled, "{rung} {role}");
        }
    }
}

#[test]
fn a_message_is_translated_and_presented_at_a_desk_that_it_names() {
    for (rung, role) in [
        (Rung::Translated, OfficerRole::Translator),
        (Rung::Presented, OfficerRole::DutyOfficer),
    ] {
        let at = |desk: &str| ladder().apply(fact(rung, officer(LUND, role, desk), 1));
        for named in [B_DESK, B_AIR, B_STAFF] {
            assert_eq!(at(named), Ok(Step::First), "{rung}: for information, too");
        }
        let other = "spiffe://exercise.borenia.example/desk/other";
        assert_eq!(at(other), Err(Foreign::NotNamed { desk: id(other) }));
        assert_eq!(at(A_DESK), Err(Foreign::NotNamed { desk: id(A_DESK) }));
        let by_desk = ladder().apply(fact(rung, desk(B_DESK), 1));
        assert!(matches!(by_desk, Err(Foreign::WrongSigner { .. })));
    }
}

#[test]
fn a_second_translation_adds_its_saying_and_undoes_none() {
    let mut ladder = ladder();
    let by = || officer(LUND, OfficerRole::Translator, B_DESK);
    for (at, said) in [(1, "SIGHT into qbo"), (2, "CERTIFIED into qbo")] {
        let mut translated = fact(Rung::Translated, by(), at);
        translated.text = said.to_owned();
        assert!(ladder.apply(translated).is_ok());
    }
    let said: Vec<&str> = ladder.timeline().iter().map(|fact| fact.text.as_str()).collect();
    assert_eq!(said, ["SIGHT into qbo", "CERTIFIED into qbo"]);
    assert_eq!(ladder.highest(), Some(Rung::Translated));
}

#[test]
fn only_a_relay_of_either_side_accepts() {
    let accepted = |signer| ladder().apply(fact(Rung::Accepted, signer, 1));
    assert!(accepted(Signer::Relay(id(NORTH))).is_ok());
    assert!(accepted(Signer::Relay(id(SOUTH))).is_ok());
    let third = Signer::Relay(id("spiffe://exercise.caldria.example/relay/west"));
    assert!(matches!(accepted(third), Err(Foreign::RelayOfNoSide { .. })));
    assert!(matches!(
        accepted(Signer::Relay(id(B_DESK))),
        Err(Foreign::WrongSigner { .. })
    ));
    assert!(matches!(accepted(desk(B_DESK)), Err(Foreign::WrongSigner { .. })));
}

#[test]
fn only_the_sender_releases_and_nobody_signs_closed() {
    assert!(ladder().apply(fact(Rung::Released, desk(A_DESK), 1)).is_ok());
    assert!(matches!(
        ladder().apply(fact(Rung::Released, desk(B_DESK), 1)),
        Err(Foreign::NotTheSender { .. })
    ));
    let okoye = "spiffe://exercise.avelia.example/officer/okoye";
    assert!(
        ladder()
            .apply(fact(
                Rung::Released,
                officer(okoye, OfficerRole::Releaser, A_DESK),
                1
            ))
            .is_ok()
    );
    let auditor = officer(okoye, OfficerRole::Auditor, A_DESK);
    assert!(matches!(
        ladder().apply(fact(Rung::Released, auditor, 1)),
        Err(Foreign::LacksRole { .. })
    ));
    for signer in [desk(A_DESK), desk(B_DESK), Signer::Relay(id(NORTH))] {
        assert_eq!(
            ladder().apply(fact(Rung::Closed, signer, 1)),
            Err(Foreign::Unsigned { rung: Rung::Closed })
        );
    }
}

#[test]
fn a_foreign_fact_changes_nothing() {
    let mut ladder = ladder();
    ladder.apply(fact(Rung::Delivered, desk(B_DESK), 1)).unwrap();
    let before = ladder.clone();
    assert!(ladder.apply(fact(Rung::Displayed, desk(A_DESK), 2)).is_err());
    assert!(ladder.apply(answered(Answer::Roger, B_DESK, 2)).is_err());
    assert_eq!(ladder, before);
}

#[test]
fn an_answer_is_one_that_was_asked_for() {
    assert!(matches!(
        ladder().apply(answered(Answer::Yes, B_DESK, 1)),
        Err(Foreign::AnswerNotAllowed { .. })
    ));
    let mute = Fact {
        answer: None,
        ..answered(Answer::Accept, B_DESK, 1)
    };
    assert_eq!(ladder().apply(mute), Err(Foreign::NoAnswer));
    let stray = Fact {
        answer: Some(Answer::Accept),
        ..fact(Rung::Delivered, desk(B_DESK), 1)
    };
    assert!(matches!(ladder().apply(stray), Err(Foreign::StrayAnswer { .. })));
}

#[test]
fn a_message_is_closed_when_every_action_recipient_has_closed_it() {
    let mut ladder = ladder();
    ladder.apply(answered(Answer::Accept, B_DESK, 10)).unwrap();
    assert_eq!(ladder.highest(), Some(Rung::Answered));
    assert!(ladder.reached(Rung::Closed).is_none());
    ladder.apply(answered(Answer::Decline, B_AIR, 20)).unwrap();
    assert_eq!(ladder.highest(), Some(Rung::Closed));
    assert_eq!(
        ladder.reached(Rung::Closed).unwrap().arrived,
        WallTime::from_unix_ms(20)
    );
}

#[test]
fn a_counter_leaves_the_dialogue_open_and_passes_the_turn() {
    let mut ladder = ladder();
    ladder.apply(answered(Answer::Counter, B_DESK, 10)).unwrap();
    let open = Standing::Open {
        turn: Party::Asker,
        since: WallTime::from_unix_ms(10),
    };
    assert_eq!(ladder.dialogue(&id(B_DESK)), open);
}

#[test]
fn answers_count_in_the_order_of_the_chain_and_not_of_arrival() {
    let mut ladder = ladder();
    let at_place = |answer, sequence, at| Fact {
        place: Place::new(1, sequence).ok(),
        ..answered(answer, B_DESK, at)
    };
    ladder.apply(at_place(Answer::Accept, 6, 10)).unwrap();
    assert!(matches!(ladder.dialogue(&id(B_DESK)), Standing::Closed { .. }));
    ladder.apply(at_place(Answer::Counter, 5, 11)).unwrap();
    assert!(matches!(
        ladder.dialogue(&id(B_DESK)),
        Standing::Open {
            turn: Party::Asker,
            ..
        }
    ));
}

#[test]
fn standby_restarts_the_timer_that_delivered_started() {
    let mut ladder = ladder();
    let since = |ladder: &Ladder| match ladder.dialogue(&id(B_DESK)) {
        Standing::Open { since, .. } => since.unix_ms(),
        other => panic!("{other:?}"),
    };
    assert_eq!(since(&ladder), 1);
    ladder.apply(fact(Rung::Delivered, desk(B_DESK), 5)).unwrap();
    assert_eq!(since(&ladder), 5);
    ladder.apply(answered(Answer::Standby, B_DESK, 9)).unwrap();
    assert_eq!(since(&ladder), 9);
    ladder.apply(answered(Answer::FreeText, B_DESK, 12)).unwrap();
    assert_eq!(since(&ladder), 9);
}

#[test]
fn a_repeated_receipt_adds_nothing_and_a_second_officer_adds_a_name() {
    let mut ladder = ladder();
    let ack = fact(
        Rung::Acknowledged,
        officer(LUND, OfficerRole::WatchOfficer, B_DESK),
        5,
    );
    assert_eq!(ladder.apply(ack.clone()), Ok(Step::First));
    assert_eq!(
        ladder.apply(Fact {
            arrived: WallTime::from_unix_ms(9),
            ..ack.clone()
        }),
        Ok(Step::Repeated)
    );
    assert_eq!(ladder.timeline(), [&ack]);
    let second = officer(
        "spiffe://exercise.borenia.example/officer/berg",
        OfficerRole::DutyOfficer,
        B_DESK,
    );
    assert_eq!(
        ladder.apply(fact(Rung::Acknowledged, second, 6)),
        Ok(Step::Further)
    );
    assert_eq!(ladder.timeline().len(), 2);
}

#[test]
fn a_chatterer_fills_only_so_many_lines() {
    let mut ladder = ladder();
    for at in 0..100 {
        let note = fact(
            Rung::ReadBack,
            officer(LUND, OfficerRole::WatchOfficer, B_DESK),
            at,
        );
        let step = ladder.apply(note).unwrap();
        assert_eq!(step == Step::TooMany, at >= 8, "{at}");
    }
    assert_eq!(ladder.timeline().len(), MAX_SAYINGS);
}

#[test]
fn the_words_of_an_officer_are_never_printed() {
    let mut act = fact(
        Rung::Declined,
        officer(LUND, OfficerRole::WatchOfficer, B_DESK),
        1,
    );
    act.text = "conditions not appropriate".to_owned();
    assert!(!format!("{act:?}").contains("conditions"));
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let signers = prop_oneof![
        prop_oneof![Just(A_DESK), Just(B_DESK), Just(B_AIR), Just(B_STAFF)].prop_map(desk),
        prop_oneof![Just(NORTH), Just(SOUTH)].prop_map(|relay| Signer::Relay(id(relay))),
        (
            prop_oneof![Just(LUND), Just("spiffe://exercise.borenia.example/officer/berg")],
            proptest::collection::btree_set(proptest::sample::select(OfficerRole::ALL), 1..4),
            prop_oneof![Just(B_DESK), Just(B_AIR), Just(B_STAFF)],
        )
            .prop_map(|(name, roles, desk)| Signer::Officer {
                identity: id(name),
                roles,
                desk: id(desk)
            }),
    ];
    let rung = proptest::sample::select(Rung::ALL);
    let answer = proptest::sample::select(Answer::ALL);
    let words = prop_oneof![Just(""), Just("one"), Just("two")];
    (rung, signers, 0u64..40, 0u64..6, answer, words).prop_map(
        |(rung, signer, arrived, claimed, answer, text)| Fact {
            arrived: WallTime::from_unix_ms(arrived),
            claimed: WallTime::from_unix_ms(claimed),
            answer: (rung == Rung::Answered).then_some(answer),
            rung,
            signer,
            text: text.to_owned(),
            leg: None,
            place: Place::new(1, claimed).ok(),
        },
    )
}

fn climb(facts: &[Fact]) -> Ladder {
    let mut ladder = ladder();
    for fact in facts {
        let _ = ladder.apply(fact.clone());
    }
    ladder
}

/// Many facts of one talkative officer, so that the bound is reached.
fn chatter() -> impl Strategy<Value = Fact> {
    (0u64..40, 0u64..20).prop_map(|(arrived, claimed)| Fact {
        arrived: WallTime::from_unix_ms(arrived),
        claimed: WallTime::from_unix_ms(claimed),
        ..fact(
            Rung::ReadBack,
            officer(LUND, OfficerRole::WatchOfficer, B_DESK),
            0,
        )
    })
}

proptest! {
    #[test]
    fn the_order_of_facts_does_not_matter(
        (facts, shuffled) in proptest::collection::vec(prop_oneof![2 => any_fact(), 1 => chatter()], 0..80)
            .prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
    ) {
        prop_assert_eq!(climb(&facts), climb(&shuffled));
    }

    #[test]
    fn facts_told_twice_change_nothing(facts in proptest::collection::vec(any_fact(), 0..60)) {
        let once = climb(&facts);
        let twice: Vec<Fact> = facts.iter().chain(&facts).cloned().collect();
        prop_assert_eq!(climb(&twice), once);
    }

    #[test]
    fn no_fact_undoes_a_rung(facts in proptest::collection::vec(any_fact(), 0..60)) {
        let mut ladder = ladder();
        for fact in facts {
            let reached: Vec<Rung> = Rung::ALL.iter().copied().filter(|rung| *rung != Rung::Closed && ladder.reached(*rung).is_some()).collect();
            let highest = ladder.highest();
            let _ = ladder.apply(fact);
            prop_assert!(ladder.highest() >= highest.filter(|rung| *rung != Rung::Closed));
            for rung in reached {
                prop_assert!(ladder.reached(rung).is_some());
            }
        }
    }
}
