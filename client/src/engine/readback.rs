//! What a desk lets its officers sign about what was read back. The ladder's rules (`core/README.md` §6.6) decide what it
//! means; here is said before it is signed what would mean nothing.

use hotline_audit::statement::OfficerAct;
use hotline_core::{ladder::ReadBack, words::Rung};

use super::verbs::refusal;
use crate::{
    book::{Direction, Letter},
    request::Refusal,
};

/// Whether such an act about this message means anything.
pub(super) fn permit(letter: &Letter, read: &OfficerAct) -> Result<(), Refusal> {
    match Rung::from_wire(read.rung) {
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
