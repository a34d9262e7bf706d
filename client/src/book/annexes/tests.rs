//! Annexes climb, translations stand beside, and nothing touches the original.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeSet, sync::Arc};

use hotline_audit::{
    PayloadType, SignedStatement, SigningKey,
    key::RosterSet,
    opening::Opening,
    statement::{AnnexDone, Content, Header, Message, OfficerAnnex, Reference},
};
use hotline_core::{
    annex::{Grade, Translated},
    id::Place,
    precedence::Precedence,
    release::{Draft, Recipient},
    words::{Function, MessageType, OfficerRole, RecipientKind, ResponseAttribute, Rung, TrafficClass},
};

use super::*;
use crate::{
    judge::{AnnexSaid, JudgedMessage},
    seal::NotOpened,
    view,
};

const AVELIA: &str = "spiffe://exercise.avelia.example/desk/ops";
const BORENIA: &str = "spiffe://exercise.borenia.example/desk/ops";
const ORIGINAL: &str = "The vessel is ours.";

fn at(byte: u8) -> Provenance {
    Provenance {
        hash: Hash([byte; 32]),
        index: u64::from(byte),
        stored: WallTime::from_unix_ms(u64::from(byte)),
        leg: None,
    }
}

fn message() -> Message {
    Message {
        header: Header {
            id: [1; 16],
            trust_domain: "exercise.avelia.example".into(),
            exercise: "E".into(),
            conversation: [1; 16],
            sender: AVELIA.into(),
            key_statement: Hash([1; 32]),
            recipients: Vec::new(),
            claimed_time_ms: 1,
            epoch: 1,
            sequence: 1,
            previous: Hash::ZERO,
            seen: Vec::new(),
        },
        traffic_class: 1,
        message_type: 1,
        function: 1,
        precedence: 2,
        channel: String::new(),
        number: 1,
        response_attribute: 1,
        refers_to: None,
        answer: 0,
        approvals: Vec::new(),
        content: Content::plain([1; 32], ORIGINAL),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: 0,
    }
}

fn released() -> JudgedMessage {
    JudgedMessage {
        draft: Draft {
            sender: AVELIA.parse().unwrap(),
            recipients: vec![Recipient {
                identity: BORENIA.parse().unwrap(),
                kind: RecipientKind::Action,
            }],
            class: TrafficClass::Formal,
            message_type: MessageType::Exercise,
            function: Function::Notify,
            precedence: Precedence::Routine,
            channel: String::new(),
            response: ResponseAttribute::None,
            refers_to: None,
            answer: None,
            code: None,
            text: ORIGINAL.into(),
        },
        releaser: "spiffe://exercise.avelia.example/officer/lindqvist"
            .parse()
            .unwrap(),
        releaser_roles: BTreeSet::from([OfficerRole::Releaser]),
        second: None,
    }
}

fn translated(place: u64, grade: Grade, of_annex: Option<u8>, role: OfficerRole) -> JudgedAnnex {
    let about = Translated {
        desk: BORENIA.parse().unwrap(),
        language: "qbo".parse().unwrap(),
        grade,
    };
    JudgedAnnex {
        officer: "spiffe://exercise.borenia.example/officer/castellan"
            .parse()
            .unwrap(),
        roles: BTreeSet::from([role]),
        desk: BORENIA.parse().unwrap(),
        message: Reference {
            sender: AVELIA.into(),
            id: [1; 16],
            sha256: Hash([1; 32]),
        },
        said: AnnexSaid::Translated {
            about,
            text: format!("Laiv {place}."),
            of_annex: of_annex.map(|byte| Hash([byte; 32])),
        },
        claimed_ms: place,
        id: [9; 16],
        signed: Hash::of(&place.to_be_bytes()),
        place: Place::new(1, place).ok(),
    }
}

fn book() -> Book {
    Book::new(AVELIA.parse().unwrap(), Arc::new(RosterSet::new()))
}

fn add_message(book: &mut Book) {
    book.add_message(&at(1), Arc::new(message()), Ok(released()));
}

fn seen(book: &Book) -> view::MessageView {
    view::of(
        book.letter(&Hash([1; 32])).unwrap(),
        "A",
        WallTime::from_unix_ms(99),
    )
}

#[test]
fn a_translation_never_replaces_the_original() {
    let mut book = book();
    add_message(&mut book);
    let before = seen(&book);
    book.add_annex(
        &at(2),
        Ok(translated(2, Grade::Sight, None, OfficerRole::Translator)),
    );
    let certified = translated(3, Grade::Certified, Some(2), OfficerRole::Translator);
    let changes = book.add_annex(&at(3), Ok(certified));
    let climbed = Change::Climbed {
        message: Hash([1; 32]),
        rung: Rung::Translated,
    };
    assert_eq!(changes, [climbed]);
    let after = seen(&book);
    assert_eq!(
        (after.text.as_str(), after.shown_text.as_str()),
        (ORIGINAL, ORIGINAL)
    );
    assert_eq!(
        (&after.sha256, &after.id, &after.name),
        (&before.sha256, &before.id, &before.name)
    );
    let grades: Vec<_> = after
        .translations
        .iter()
        .map(|one| (one.grade.as_str(), one.replaced_by.is_some()))
        .collect();
    assert_eq!(grades, [("SIGHT", true), ("CERTIFIED", false)]);
    assert_eq!(after.state, "TRANSLATED");
}

#[test]
fn a_translation_that_overtook_its_message_is_there_when_the_message_comes() {
    let mut early = book();
    early.add_annex(
        &at(2),
        Ok(translated(2, Grade::Sight, None, OfficerRole::Translator)),
    );
    add_message(&mut early);
    let mut in_order = book();
    add_message(&mut in_order);
    in_order.add_annex(
        &at(2),
        Ok(translated(2, Grade::Sight, None, OfficerRole::Translator)),
    );
    assert_eq!(seen(&early).translations, seen(&in_order).translations);
    assert_eq!(seen(&early).rungs, seen(&in_order).rungs);
    assert_eq!(seen(&early).translations.len(), 1);
}

#[test]
fn the_translation_of_an_officer_without_the_role_is_foreign_and_shown_nowhere() {
    let mut book = book();
    add_message(&mut book);
    let changes = book.add_annex(
        &at(2),
        Ok(translated(2, Grade::Sight, None, OfficerRole::Drafter)),
    );
    assert!(matches!(&changes[..], [Change::Foreign { .. }]), "{changes:?}");
    assert!(seen(&book).translations.is_empty());
    let changes = book.add_annex(&at(3), Err(Rejected::NoWords));
    assert!(matches!(&changes[..], [Change::Foreign { .. }]), "{changes:?}");
}

#[test]
fn a_new_translation_is_offered_what_it_may_replace() {
    let mut book = book();
    add_message(&mut book);
    book.add_annex(
        &at(2),
        Ok(translated(2, Grade::Rough, None, OfficerRole::Translator)),
    );
    let view = seen(&book);
    let of = |desk: &str, language: &str, grade| {
        view.replaceable(&desk.parse().unwrap(), &language.parse().unwrap(), grade)
    };
    let older = of(BORENIA, "qbo", Grade::Certified).unwrap();
    assert_eq!((older.sha256, older.id), (Hash([2; 32]), [9; 16]));
    assert_eq!(of(BORENIA, "qbo", Grade::Sight), None);
    assert_eq!(of(BORENIA, "qav", Grade::Certified), None);
    assert_eq!(of(AVELIA, "qbo", Grade::Certified), None);
}

fn about(hash: Hash, said: JudgedAnnex) -> JudgedAnnex {
    let message = Reference {
        sha256: hash,
        ..said.message
    };
    JudgedAnnex { message, ..said }
}

fn long(place: u64) -> JudgedAnnex {
    let mut said = translated(place, Grade::Sight, None, OfficerRole::Translator);
    if let AnnexSaid::Translated { text, .. } = &mut said.said {
        *text = "a".repeat(1024);
    }
    said
}

#[test]
fn ten_thousand_annexes_for_a_message_that_never_comes_fill_no_memory() {
    let mut book = book();
    for place in 1..=10_000 {
        assert_eq!(book.add_annex(&at(2), Ok(long(place))), []);
    }
    let held = book.early.held();
    assert!(held.entries <= 64 && held.bytes <= 1 << 20, "{held:?}");
    // And for as many messages that never come.
    for place in 1..=40_000_u64 {
        let said = about(Hash::of(&place.to_le_bytes()), long(place));
        assert_eq!(book.add_annex(&at(2), Ok(said)), []);
    }
    let held = book.early.held();
    assert!(held.entries <= 16_384 && held.bytes <= 16 << 20, "{held:?}");
    assert!(held.entries > 8_000, "what there is room for is kept: {held:?}");
}

#[test]
fn an_annex_that_names_another_message_than_its_hash_is_foreign_whichever_came_first() {
    for (sender, id) in [(AVELIA, [2; 16]), (BORENIA, [1; 16])] {
        let wrong = || {
            let said = translated(2, Grade::Sight, None, OfficerRole::Translator);
            let message = Reference {
                sender: sender.into(),
                id,
                ..said.message
            };
            Ok(JudgedAnnex { message, ..said })
        };
        let mut in_order = book();
        add_message(&mut in_order);
        let changes = in_order.add_annex(&at(2), wrong());
        assert!(matches!(&changes[..], [Change::Foreign { .. }]), "{changes:?}");
        let mut early = book();
        early.add_annex(&at(2), wrong());
        let changes = early.add_message(&at(1), Arc::new(message()), Ok(released()));
        assert!(
            changes
                .iter()
                .any(|change| matches!(change, Change::Foreign { .. })),
            "{changes:?}"
        );
        for book in [in_order, early] {
            assert!(seen(&book).translations.is_empty());
            assert_ne!(seen(&book).state, "TRANSLATED");
        }
    }
}

#[test]
fn a_translation_that_was_not_believed_when_it_came_is_not_believed_after_a_restart() {
    let content = Content::plain([5; 32], "Laiv.");
    let said = OfficerAnnex {
        officer: "spiffe://exercise.borenia.example/officer/castellan".into(),
        key_statement: Hash([1; 32]),
        desk: BORENIA.into(),
        exercise: "E".into(),
        message: Reference {
            sender: AVELIA.into(),
            id: [1; 16],
            sha256: at(1).hash,
        },
        done: AnnexDone::Translated {
            grade: 1,
            language: "qbo".into(),
            content_sha256: content.sha256(),
            of_annex: None,
        },
        claimed_time_ms: 4,
    };
    let key = SigningKey::from_seed(&[5; 32]);
    let signed = SignedStatement::sign(PayloadType::OfficerAnnex, &said.encode(), &key).unwrap();
    let annex = Annex {
        header: Header {
            sender: BORENIA.into(),
            ..message().header
        },
        annex: signed.into_bytes(),
        content: Some(content.clone()),
    };
    let words = Ok(Opening::in_the_clear(&content).unwrap());
    let recalled = |against: Option<&Verdict>| {
        let mut book = Book::new(BORENIA.parse().unwrap(), Arc::new(RosterSet::new()));
        add_message(&mut book);
        let changes = book.recall_annex(&at(2), (&annex, Some(&words)), against);
        format!("{changes:?}")
    };
    let verdict = Verdict::not_opened(&NotOpened::Unsealed);
    assert!(!recalled(None).contains("in the clear"), "{}", recalled(None));
    let told = recalled(Some(&verdict));
    assert!(told.contains("Foreign") && told.contains(&verdict.why), "{told}");
}
