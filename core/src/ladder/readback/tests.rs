//! Reading back: confirmed is what was repeated word for word, in whatever order facts come.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::{
    id::Place,
    ladder::{Foreign, Signer, Subject},
    release::Recipient,
    time::WallTime,
    words::{OfficerRole, RecipientKind, ResponseAttribute},
};

const A_DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
const B_DESK: &str = "spiffe://exercise.borenia.example/desk/ops";
const OKOYE: &str = "spiffe://exercise.avelia.example/officer/okoye";
const LUND: &str = "spiffe://exercise.borenia.example/officer/lund";

fn id(text: &str) -> Identity {
    text.parse().unwrap()
}

fn ladder() -> Ladder {
    Ladder::new(Subject {
        sender: id(A_DESK),
        recipients: vec![Recipient {
            identity: id(B_DESK),
            kind: RecipientKind::Action,
        }],
        response: ResponseAttribute::Roger,
        since: WallTime::from_unix_ms(1),
    })
}

/// An act at a place of its desk's chain.
fn act(rung: Rung, at: &str, sequence: u64, text: &str) -> Fact {
    let by = if at == A_DESK { OKOYE } else { LUND };
    let time = WallTime::from_unix_ms(sequence);
    Fact {
        arrived: time,
        claimed: time,
        rung,
        signer: Signer::Officer {
            identity: id(by),
            roles: [OfficerRole::WatchOfficer].into(),
            desk: id(at),
        },
        answer: None,
        text: text.to_owned(),
        leg: None,
        place: Place::new(1, sequence).ok(),
    }
}

fn stands(facts: &[Fact]) -> (String, String) {
    let mut ladder = ladder();
    for fact in facts {
        ladder.apply(fact.clone()).unwrap();
    }
    let stands = ladder.read_back(&id(B_DESK));
    let said = match stands {
        ReadBack::Nothing => String::new(),
        ReadBack::Awaits { words } | ReadBack::Confirmed { words } => words.to_owned(),
        ReadBack::Corrected { correction, .. } => correction.to_owned(),
    };
    (stands.name().to_owned(), said)
}

fn is(name: &str, said: &str) -> (String, String) {
    (name.to_owned(), said.to_owned())
}

#[test]
fn what_is_read_back_waits_until_its_sender_confirms_or_corrects_it() {
    let wrong = act(Rung::ReadBack, B_DESK, 1, "Stand off 8 miles.");
    let no = act(Rung::Corrected, A_DESK, 1, "18 miles.");
    let right = act(Rung::ReadBack, B_DESK, 2, "Stand off 18 miles.");
    let yes = act(Rung::Confirmed, A_DESK, 2, "Stand off 18 miles.");
    let facts = [wrong, no, right, yes];
    for (known, name, said) in [
        (0, "", ""),
        (1, "READ_BACK", "Stand off 8 miles."),
        (2, "CORRECTED", "18 miles."),
        (3, "READ_BACK", "Stand off 18 miles."),
        (4, "CONFIRMED", "Stand off 18 miles."),
    ] {
        assert_eq!(stands(&facts[..known]), is(name, said), "{known} facts");
    }
    // And in whatever order they come.
    let mut backwards = facts.clone();
    backwards.reverse();
    assert_eq!(stands(&backwards), is("CONFIRMED", "Stand off 18 miles."));
}

#[test]
fn a_confirmation_that_crosses_a_new_reading_does_not_confirm_it() {
    let first = act(Rung::ReadBack, B_DESK, 1, "18 miles.");
    let yes = act(Rung::Confirmed, A_DESK, 1, "18 miles.");
    let second = act(Rung::ReadBack, B_DESK, 2, "80 miles.");
    for facts in [
        [first.clone(), yes.clone(), second.clone()],
        [first.clone(), second.clone(), yes.clone()],
        [yes, second, first],
    ] {
        assert_eq!(stands(&facts), is("READ_BACK", "80 miles."));
    }
}

#[test]
fn a_confirmation_of_a_message_that_came_late_confirms_no_reading() {
    let late = act(Rung::Confirmed, A_DESK, 1, "");
    let read = act(Rung::ReadBack, B_DESK, 1, "18 miles.");
    assert_eq!(stands(&[late, read]), is("READ_BACK", "18 miles."));
}

#[test]
fn only_the_sender_corrects_and_only_the_recipient_reads_back() {
    for (rung, at) in [
        (Rung::Corrected, B_DESK),
        (Rung::Confirmed, B_DESK),
        (Rung::ReadBack, A_DESK),
    ] {
        let refused = ladder().apply(act(rung, at, 1, "18 miles."));
        assert!(
            matches!(
                refused,
                Err(Foreign::NotTheSender { .. } | Foreign::NotNamed { .. } | Foreign::NotForAction { .. })
            ),
            "{rung} at {at}: {refused:?}"
        );
    }
}

#[test]
fn what_was_read_back_is_never_printed_by_debug() {
    let mut ladder = ladder();
    ladder.apply(act(Rung::ReadBack, B_DESK, 1, "18 miles.")).unwrap();
    let shown = format!("{:?}", ladder.read_back(&id(B_DESK)));
    assert!(!shown.contains("miles"), "{shown}");
}
