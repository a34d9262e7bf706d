//! The release rule, told from both sides.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::id::StatementId;

fn id(text: &str) -> Identity {
    text.parse().unwrap()
}

fn draft(precedence: Precedence) -> Draft {
    Draft {
        sender: id("spiffe://exercise.avelia.example/desk/ops"),
        recipients: vec![Recipient {
            identity: id("spiffe://exercise.borenia.example/desk/ops"),
            kind: RecipientKind::Action,
        }],
        class: TrafficClass::Formal,
        message_type: MessageType::Exercise,
        function: Function::Notify,
        precedence,
        channel: "AIR".to_owned(),
        response: ResponseAttribute::Roger,
        refers_to: None,
        answer: None,
        code: None,
        text: "We search for a crew.".to_owned(),
    }
}

fn operation() -> Draft {
    Draft {
        sender: id("spiffe://avelia.example/desk/ops"),
        recipients: vec![Recipient {
            identity: id("spiffe://borenia.example/desk/ops"),
            kind: RecipientKind::Action,
        }],
        message_type: MessageType::Operation,
        ..draft(Precedence::Flash)
    }
}

fn approval(name: &str, roles: &[OfficerRole], capacity: Capacity) -> ApprovalFact {
    ApprovalFact {
        officer: id(&format!("spiffe://exercise.avelia.example/officer/{name}")),
        roles: roles.iter().copied().collect(),
        capacity,
    }
}

fn drafter() -> ApprovalFact {
    approval("marsh", &[OfficerRole::Drafter], Capacity::Drafter)
}

fn releaser() -> ApprovalFact {
    approval("okoye", &[OfficerRole::Releaser], Capacity::Releaser)
}

fn judge(draft: &Draft, approvals: &[ApprovalFact]) -> Result<Released, ReleaseError> {
    Released::judge(draft, approvals, ReleaseRule::ByPrecedence)
}

#[test]
fn a_flash_needs_two_officers() {
    for precedence in [Precedence::Flash, Precedence::Override] {
        let flash = draft(precedence);
        let released = judge(&flash, &[drafter(), releaser()]).unwrap();
        assert_eq!(released.releaser(), &releaser().officer);
        assert_eq!(released.second(), Some(&drafter().officer));
        assert_eq!(
            judge(&flash, &[releaser()]),
            Err(ReleaseError::NeedsSecondOfficer {
                precedence,
                signed: releaser().officer
            })
        );
        let other = approval("ruiz", &[OfficerRole::Releaser], Capacity::Releaser);
        assert!(judge(&flash, &[releaser(), other]).is_ok());
    }
}

#[test]
fn one_officer_who_signs_twice_is_still_one() {
    let both = &[OfficerRole::Drafter, OfficerRole::Releaser];
    let flash = draft(Precedence::Flash);
    let twice = [
        approval("okoye", both, Capacity::Drafter),
        approval("okoye", both, Capacity::Releaser),
    ];
    assert!(matches!(
        judge(&flash, &twice),
        Err(ReleaseError::NeedsSecondOfficer { .. })
    ));
}

#[test]
fn all_others_need_one_releaser_and_a_drafter_is_none() {
    for precedence in [
        Precedence::Immediate,
        Precedence::Priority,
        Precedence::Routine,
        Precedence::Deferred,
    ] {
        assert!(judge(&draft(precedence), &[releaser()]).is_ok());
        assert_eq!(
            judge(&draft(precedence), &[drafter()]),
            Err(ReleaseError::NoReleaser)
        );
        assert_eq!(judge(&draft(precedence), &[]), Err(ReleaseError::NoReleaser));
    }
    assert_eq!(
        judge(&draft(Precedence::Flash), &[drafter()]),
        Err(ReleaseError::NoReleaser)
    );
}

#[test]
fn a_cancel_and_a_holding_message_need_one_officer_even_as_flash() {
    let holding = Draft {
        code: Some("CM-01".to_owned()),
        ..draft(Precedence::Flash)
    };
    assert!(judge(&holding, &[releaser()]).is_ok());
    let refers_to = Some(StatementKey {
        sender: holding.sender.clone(),
        id: StatementId([7; 16]),
    });
    let cancel = Draft {
        function: Function::Cancel,
        refers_to,
        ..draft(Precedence::Override)
    };
    assert!(judge(&cancel, &[releaser()]).is_ok());
}

#[test]
fn an_officer_cannot_sign_as_what_the_officer_is_not() {
    let watch = approval(
        "ruiz",
        &[OfficerRole::WatchOfficer, OfficerRole::Drafter],
        Capacity::Releaser,
    );
    let officer = watch.officer.clone();
    assert_eq!(
        judge(&draft(Precedence::Routine), &[watch]),
        Err(ReleaseError::NotEntitled {
            officer,
            capacity: Capacity::Releaser
        })
    );
    let nobody = approval("ruiz", &[], Capacity::Drafter);
    assert!(matches!(
        judge(&draft(Precedence::Flash), &[nobody, releaser()]),
        Err(ReleaseError::NotEntitled { .. })
    ));
}

#[test]
fn only_officers_of_the_sending_side_approve() {
    for stranger in [
        "spiffe://exercise.borenia.example/officer/okoye",
        "spiffe://avelia.example/officer/okoye",
        "spiffe://exercise.avelia.example/desk/ops",
    ] {
        let foreign = ApprovalFact {
            officer: id(stranger),
            ..releaser()
        };
        assert!(matches!(
            judge(&draft(Precedence::Routine), &[releaser(), foreign]),
            Err(ReleaseError::ForeignOfficer { .. })
        ));
    }
}

#[test]
fn a_single_officer_suffices_only_in_an_exercise() {
    let flash = draft(Precedence::Flash);
    assert!(Released::judge(&flash, &[releaser()], ReleaseRule::SingleOfficer).is_ok());
    assert_eq!(
        Released::judge(&flash, &[drafter()], ReleaseRule::SingleOfficer),
        Err(ReleaseError::NoReleaser)
    );
    let officer = id("spiffe://avelia.example/officer/okoye");
    let real = [ApprovalFact {
        officer,
        ..releaser()
    }];
    assert!(matches!(
        Released::judge(&operation(), &real, ReleaseRule::SingleOfficer),
        Err(ReleaseError::SingleOfficerOutsideExercise { .. })
    ));
}

#[test]
fn a_flash_has_at_most_200_words() {
    for precedence in [Precedence::Flash, Precedence::Immediate] {
        let with = |words: usize| Draft {
            text: vec!["word"; words].join(" "),
            ..draft(precedence)
        };
        assert_eq!(check_draft(&with(200)), Ok(()));
        assert_eq!(
            check_draft(&with(201)),
            Err(ReleaseError::TooManyWords {
                words: 201,
                limit: 200,
                precedence
            })
        );
    }
    let long = Draft {
        text: "word ".repeat(5000),
        ..draft(Precedence::Priority)
    };
    assert_eq!(check_draft(&long), Ok(()));
}

#[test]
fn leaving_out_the_spaces_does_not_lift_the_limit() {
    assert_eq!(count_words("one two\nthree"), 3);
    assert_eq!(count_words(&"x".repeat(24)), 1);
    assert_eq!(count_words(&"停".repeat(48)), 2);
    let dense = Draft {
        text: "x".repeat(24 * 200 + 1),
        ..draft(Precedence::Flash)
    };
    assert!(matches!(
        check_draft(&dense),
        Err(ReleaseError::TooManyWords { words: 201, .. })
    ));
}

#[test]
fn a_text_in_which_nothing_can_be_seen_is_empty() {
    for text in ["", " \n", "\u{200b}\u{2060}"] {
        assert_eq!(
            check_draft(&Draft {
                text: text.to_owned(),
                ..draft(Precedence::Routine)
            }),
            Err(ReleaseError::EmptyText)
        );
    }
}

#[test]
fn a_formal_message_names_its_channel() {
    let without = Draft {
        channel: String::new(),
        ..draft(Precedence::Routine)
    };
    assert_eq!(check_draft(&without), Err(ReleaseError::NoChannel));
    assert_eq!(
        check_draft(&Draft {
            class: TrafficClass::Service,
            ..without
        }),
        Ok(())
    );
    let excon = Draft {
        class: TrafficClass::Excon,
        ..draft(Precedence::Routine)
    };
    assert_eq!(check_draft(&excon), Err(ReleaseError::ExconOnTheLine));
}

#[test]
fn exercise_and_operation_never_meet_in_one_message() {
    let mut crossed = draft(Precedence::Routine);
    crossed.recipients[0].identity = id("spiffe://borenia.example/desk/ops");
    assert!(matches!(
        check_draft(&crossed),
        Err(ReleaseError::WorldsDiffer { .. })
    ));
    let as_operation = Draft {
        message_type: MessageType::Operation,
        ..draft(Precedence::Routine)
    };
    assert!(matches!(
        check_draft(&as_operation),
        Err(ReleaseError::TypeOfOtherWorld { .. })
    ));
    let as_exercise = Draft {
        message_type: MessageType::Exercise,
        ..operation()
    };
    assert!(matches!(
        check_draft(&as_exercise),
        Err(ReleaseError::TypeOfOtherWorld { .. })
    ));
    assert_eq!(check_draft(&operation()), Ok(()));
}

#[test]
fn somebody_is_to_act_and_all_recipients_are_other_desks_named_once() {
    let with = |recipients: &[(&str, RecipientKind)]| Draft {
        recipients: recipients
            .iter()
            .map(|(desk, kind)| Recipient {
                identity: id(desk),
                kind: *kind,
            })
            .collect(),
        ..draft(Precedence::Routine)
    };
    let peer = "spiffe://exercise.borenia.example/desk/ops";
    let us = "spiffe://exercise.avelia.example/desk/ops";
    let officer = "spiffe://exercise.borenia.example/officer/lund";
    assert_eq!(check_draft(&with(&[])), Err(ReleaseError::NoActionRecipient));
    assert_eq!(
        check_draft(&with(&[(peer, RecipientKind::Information)])),
        Err(ReleaseError::NoActionRecipient)
    );
    assert_eq!(
        check_draft(&with(&[
            (peer, RecipientKind::Action),
            (us, RecipientKind::Information)
        ])),
        Err(ReleaseError::ToItself)
    );
    assert!(matches!(
        check_draft(&with(&[
            (peer, RecipientKind::Action),
            (peer, RecipientKind::Information)
        ])),
        Err(ReleaseError::RecipientTwice { .. })
    ));
    assert!(matches!(
        check_draft(&with(&[(officer, RecipientKind::Action)])),
        Err(ReleaseError::RecipientNotADesk { .. })
    ));
    let many = Draft {
        recipients: vec![draft(Precedence::Routine).recipients[0].clone(); 33],
        ..draft(Precedence::Routine)
    };
    assert_eq!(
        check_draft(&many),
        Err(ReleaseError::TooManyRecipients { named: 33 })
    );
    let from_officer = Draft {
        sender: id("spiffe://exercise.avelia.example/officer/okoye"),
        ..draft(Precedence::Routine)
    };
    assert!(matches!(
        check_draft(&from_officer),
        Err(ReleaseError::SenderNotADesk { .. })
    ));
}

#[test]
fn a_reply_answers_and_whatever_corrects_refers() {
    let reply = Draft {
        function: Function::Reply,
        answer: Some(Answer::Roger),
        ..draft(Precedence::Routine)
    };
    assert_eq!(
        check_draft(&reply),
        Err(ReleaseError::RefersToNothing {
            function: Function::Reply
        })
    );
    let refers_to = Some(StatementKey {
        sender: reply.recipients[0].identity.clone(),
        id: StatementId([1; 16]),
    });
    assert_eq!(
        check_draft(&Draft {
            refers_to: refers_to.clone(),
            ..reply.clone()
        }),
        Ok(())
    );
    let silent = Draft {
        refers_to,
        answer: None,
        ..reply.clone()
    };
    assert_eq!(check_draft(&silent), Err(ReleaseError::ReplyWithoutAnswer));
    let answering = Draft {
        function: Function::Notify,
        ..reply
    };
    assert!(matches!(
        check_draft(&answering),
        Err(ReleaseError::AnswerWithoutReply { .. })
    ));
}

#[test]
fn the_words_of_a_draft_are_never_printed() {
    let printed = format!("{:?}", draft(Precedence::Routine));
    assert!(!printed.contains("crew"), "{printed}");
    assert!(printed.contains("text_bytes: 21"), "{printed}");
}
