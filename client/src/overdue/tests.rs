//! Who is asked for how long: a CANCEL waits for a person, and a corrected reading is to be read again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeSet, sync::Arc};

use hotline_audit::{
    key::RosterSet,
    statement::{Content, Header, Message, Reference},
};
use hotline_core::{
    id::Place,
    ladder::Signer,
    release::{Draft, Recipient},
    words::{MessageType, OfficerRole, ResponseAttribute},
};

use super::*;
use crate::{book::Provenance, judge::JudgedMessage};

pub(crate) const A_DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
pub(crate) const B_DESK: &str = "spiffe://exercise.borenia.example/desk/ops";
pub(crate) const OKOYE: &str = "spiffe://exercise.avelia.example/officer/okoye";
pub(crate) const LUND: &str = "spiffe://exercise.borenia.example/officer/lund";

fn id(text: &str) -> Identity {
    text.parse().unwrap()
}

fn wall(ms: u64) -> WallTime {
    WallTime::from_unix_ms(ms)
}

pub(crate) fn hash(byte: u8) -> Hash {
    Hash([byte; 32])
}

/// A book at A with one message of its own, and the CANCEL of it if asked for.
pub(crate) fn book(cancelled: bool) -> Book {
    let mut book = Book::new(id(A_DESK), Arc::new(RosterSet::new()));
    add(&mut book, 1, None, &[B_DESK]);
    if cancelled {
        add(&mut book, 2, Some(1), &[B_DESK]);
    }
    book
}

/// The same, and that message is for these desks to act on.
pub(crate) fn to_desks(desks: &[&str]) -> Book {
    let mut book = Book::new(id(A_DESK), Arc::new(RosterSet::new()));
    add(&mut book, 1, None, desks);
    book
}

fn add(book: &mut Book, byte: u8, cancels: Option<u8>, desks: &[&str]) {
    let action = |desk: &&str| Recipient {
        identity: id(desk),
        kind: RecipientKind::Action,
    };
    let function = cancels.map_or(Function::Notify, |_| Function::Cancel);
    let message = Message {
        header: Header {
            id: [byte; 16],
            trust_domain: "exercise.avelia.example".into(),
            exercise: "E".into(),
            conversation: [1; 16],
            sender: A_DESK.into(),
            key_statement: hash(1),
            recipients: Vec::new(),
            claimed_time_ms: 1,
            epoch: 1,
            sequence: u64::from(byte),
            previous: Hash::ZERO,
            seen: Vec::new(),
        },
        traffic_class: TrafficClass::Formal.to_wire(),
        message_type: 1,
        function: function.to_wire(),
        precedence: 3,
        channel: String::new(),
        number: u64::from(byte),
        response_attribute: 1,
        refers_to: cancels.map(|byte| Reference {
            sender: A_DESK.into(),
            id: [byte; 16],
            sha256: hash(byte),
        }),
        answer: 0,
        approvals: Vec::new(),
        content: Content::plain([1; 32], "Stand off."),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: 0,
    };
    let judged = JudgedMessage {
        draft: Draft {
            sender: id(A_DESK),
            recipients: desks.iter().map(action).collect(),
            class: TrafficClass::Formal,
            message_type: MessageType::Exercise,
            function,
            precedence: Precedence::Immediate,
            channel: String::new(),
            response: ResponseAttribute::Roger,
            refers_to: None,
            answer: None,
            code: None,
            text: "Stand off.".into(),
        },
        releaser: id(OKOYE),
        releaser_roles: BTreeSet::from([OfficerRole::Releaser]),
        second: None,
    };
    let at = Provenance {
        hash: hash(byte),
        index: u64::from(byte),
        stored: wall(1),
        leg: None,
    };
    book.add_message(&at, Arc::new(message), Ok(judged));
}

/// Somebody at a desk signs about a message; `at` is the time, and the place in that desk's chain.
pub(crate) fn signs(book: &mut Book, message: u8, desk: &str, rung: Rung, at: u64) {
    let signer = match rung {
        Rung::Delivered | Rung::Displayed => Signer::Desk(id(desk)),
        _ => Signer::Officer {
            identity: id(if desk == A_DESK { OKOYE } else { LUND }),
            roles: [OfficerRole::WatchOfficer, OfficerRole::Releaser].into(),
            desk: id(desk),
        },
    };
    let fact = Fact {
        arrived: wall(at),
        claimed: wall(at),
        rung,
        signer,
        answer: (rung == Rung::Answered).then_some(Answer::Roger),
        text: format!("{at}"),
        leg: None,
        place: Place::new(1, at).ok(),
    };
    let letter = book.letter_mut(&hash(message)).unwrap();
    letter.ladder.apply(fact).unwrap();
}

/// Since when a message waits.
fn since(book: &Book, message: u8) -> Option<u64> {
    let letter = book.letter(&hash(message)).unwrap();
    waits_since(letter).map(|(_, fact)| fact.arrived.unix_ms())
}

#[test]
fn a_cancelled_message_asks_nobody_and_its_cancel_asks_until_somebody_has_seen_it() {
    let mut book = book(true);
    signs(&mut book, 1, B_DESK, Rung::Delivered, 10);
    signs(&mut book, 2, B_DESK, Rung::Delivered, 20);
    let over = |book: &Book, byte| is_over(book, book.letter(&hash(byte)).unwrap(), wall(30));
    assert!(over(&book, 1));
    assert!(!over(&book, 2));
    assert_eq!(since(&book, 2), Some(20));
    signs(&mut book, 2, B_DESK, Rung::Displayed, 21);
    assert_eq!(since(&book, 2), Some(20), "a screen is no person");
    signs(&mut book, 2, B_DESK, Rung::Acknowledged, 22);
    assert_eq!(since(&book, 2), None);
}

#[test]
fn what_was_corrected_waits_anew_until_it_is_read_back_again() {
    let mut book = book(false);
    signs(&mut book, 1, B_DESK, Rung::Delivered, 10);
    signs(&mut book, 1, B_DESK, Rung::ReadBack, 11);
    assert_eq!(since(&book, 1), None, "the sender has the word");
    signs(&mut book, 1, A_DESK, Rung::Corrected, 40);
    assert_eq!(since(&book, 1), Some(40));
    signs(&mut book, 1, B_DESK, Rung::Acknowledged, 41);
    assert_eq!(since(&book, 1), Some(40), "an acknowledgement is no reading");
    signs(&mut book, 1, B_DESK, Rung::Holding, 42);
    assert_eq!(since(&book, 1), Some(42), "it asks for time");
    signs(&mut book, 1, B_DESK, Rung::ReadBack, 43);
    assert_eq!(since(&book, 1), None);
    signs(&mut book, 1, A_DESK, Rung::Corrected, 50);
    assert_eq!(since(&book, 1), Some(50));
}

#[test]
fn whoever_answers_or_declines_what_was_corrected_reads_nothing_back_any_more() {
    for ends in [Rung::Answered, Rung::Declined, Rung::Insufficient] {
        let mut book = book(false);
        signs(&mut book, 1, B_DESK, Rung::Delivered, 10);
        signs(&mut book, 1, B_DESK, Rung::Acknowledged, 11);
        signs(&mut book, 1, B_DESK, Rung::ReadBack, 12);
        signs(&mut book, 1, A_DESK, Rung::Corrected, 13);
        let letter = book.letter(&hash(1)).unwrap();
        assert!(owes_reading(letter, &id(B_DESK)).is_some(), "acknowledged before");
        signs(&mut book, 1, B_DESK, ends, 14);
        assert_eq!(since(&book, 1), None, "{ends}");
    }
}
