//! What a desk lets its officers sign about what was read back. The ladder's rules (`core/README.md` §6.6) decide what it
//! means; here is said before it is signed what would mean nothing.

use hotline_audit::statement::OfficerAct;
use hotline_core::{
    ladder::{MAX_SAYINGS, ReadBack},
    words::{RecipientKind, Rung},
};

use super::verbs::refusal;
use crate::{
    book::{Direction, Letter},
    request::Refusal,
};

/// Whether such an act about this message means anything.
pub(super) fn permit(letter: &Letter, read: &OfficerAct) -> Result<(), Refusal> {
    let rung = Rung::from_wire(read.rung);
    if let Some(rung) = rung.filter(|rung| matches!(rung, Rung::ReadBack | Rung::Corrected)) {
        one_desk(letter)?;
        not_too_often(letter, rung, &read.officer)?;
    }
    match rung {
        Some(Rung::ReadBack) if read.text.trim().is_empty() => Err(nothing(
            "a reading back says what was understood",
            "hotline desk act READ_BACK MESSAGE --text \"...\"",
        )),
        Some(Rung::Corrected) if read.text.trim().is_empty() => Err(nothing(
            "a correction says what is right",
            "hotline desk act CORRECTED MESSAGE --text \"...\"",
        )),
        Some(Rung::Corrected) if awaiting(letter).next().is_none() => Err(nothing(
            "nothing of it was read back that waits for a word",
            "hotline desk send --function UPDATE --refers-to MESSAGE \"...\" corrects the message itself",
        )),
        Some(Rung::Confirmed) if letter.direction == Direction::Out => confirms(letter, &read.text),
        _ => Ok(()),
    }
}

/// CORRECTED does not say whose reading it corrects: of a message for several desks nobody could tell.
fn one_desk(letter: &Letter) -> Result<(), Refusal> {
    let recipients = letter.ladder.subject().recipients.iter();
    if recipients.filter(|to| to.kind == RecipientKind::Action).count() <= 1 {
        return Ok(());
    }
    Err(nothing(
        "several desks are to act on it: nobody could tell whose reading a correction is about",
        "hotline desk ack MESSAGE, and ask its sender for a message to each desk",
    ))
}

/// Beyond so many the ladder keeps no more of one officer, and neither side would see it.
fn not_too_often(letter: &Letter, rung: Rung, officer: &str) -> Result<(), Refusal> {
    let said = letter.ladder.timeline().into_iter();
    let said = said.filter(|fact| fact.rung == rung && fact.signer.identity().to_string() == officer);
    if said.count() < MAX_SAYINGS {
        return Ok(());
    }
    Err(nothing(
        "this officer has signed that eight times about it, and more is not kept",
        "another officer signs it (--officer), or its sender sends a new message",
    ))
}

/// While something waits, a confirmation repeats it: whoever signs other words has not read them.
fn confirms(letter: &Letter, text: &str) -> Result<(), Refusal> {
    let mut waits = awaiting(letter).peekable();
    if waits.peek().is_none() || waits.any(|words| words == text) {
        return Ok(());
    }
    Err(nothing(
        "these are not the words that were read back",
        "hotline desk act CONFIRMED MESSAGE without --text repeats them, CORRECTED says what is right",
    ))
}

/// What was read back and waits for the sender's word.
fn awaiting(letter: &Letter) -> impl Iterator<Item = &str> {
    letter.ladder.read_backs().filter_map(|(_, stands)| match stands {
        ReadBack::Awaits { words } => Some(words),
        ReadBack::Nothing | ReadBack::Confirmed { .. } | ReadBack::Corrected { .. } => None,
    })
}

fn nothing(what: &str, help: &str) -> Refusal {
    refusal(16, 1, what.to_owned(), help)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{Hash, statement::Reference};

    use super::*;
    use crate::overdue::tests::{A_DESK, B_DESK, LUND, OKOYE, book, hash, signs, to_desks};

    fn says(rung: Rung, desk: &str) -> OfficerAct {
        OfficerAct {
            officer: (if desk == A_DESK { OKOYE } else { LUND }).to_owned(),
            key_statement: Hash::ZERO,
            rung: rung.to_wire(),
            desk: desk.to_owned(),
            exercise: "E".into(),
            message: Reference {
                sender: A_DESK.into(),
                id: [1; 16],
                sha256: hash(1),
            },
            text: "18 miles.".into(),
            claimed_time_ms: 99,
        }
    }

    #[test]
    fn what_the_ladder_would_not_keep_is_refused_before_it_is_signed() {
        let mut book = book(false);
        let refused = |book: &crate::book::Book, rung, desk| {
            let refused = permit(book.letter(&hash(1)).unwrap(), &says(rung, desk)).err();
            refused.map(|refusal| refusal.code)
        };
        for turn in 0..8 {
            assert_eq!(refused(&book, Rung::ReadBack, B_DESK), None, "{turn}");
            signs(&mut book, 1, B_DESK, Rung::ReadBack, 10 + 2 * turn);
            assert_eq!(refused(&book, Rung::Corrected, A_DESK), None, "{turn}");
            if turn < 7 {
                signs(&mut book, 1, A_DESK, Rung::Corrected, 11 + 2 * turn);
            }
        }
        let full = Some("HL-DESK-016".to_owned());
        assert_eq!(refused(&book, Rung::ReadBack, B_DESK), full);
        signs(&mut book, 1, A_DESK, Rung::Corrected, 30);
        assert_eq!(refused(&book, Rung::Corrected, A_DESK), full);
        assert_eq!(refused(&book, Rung::Confirmed, A_DESK), None);
    }

    #[test]
    fn a_message_for_several_desks_is_not_read_back() {
        let book = to_desks(&[B_DESK, "spiffe://exercise.borenia.example/desk/air"]);
        let letter = book.letter(&hash(1)).unwrap();
        let refused = permit(letter, &says(Rung::ReadBack, B_DESK)).unwrap_err();
        assert_eq!(refused.code, "HL-DESK-016");
        assert!(permit(letter, &says(Rung::Holding, B_DESK)).is_ok());
        let one = to_desks(&[B_DESK]);
        assert!(permit(one.letter(&hash(1)).unwrap(), &says(Rung::ReadBack, B_DESK)).is_ok());
    }
}
