//! How often this station has told of each message as a new one. News and lists take different ways and come in any order;
//! this number is in both, so that nobody has to guess from the time whether two words are about one showing or two.

use std::collections::BTreeMap;

use hotline_audit::Hash;

use super::Engine;
use crate::{book::Direction, station::Event as StationEvent, view::AnnouncedView};

/// What was told as new since the station was opened.
pub(super) struct Announced {
    run: String,
    times: BTreeMap<Hash, u32>,
}

impl Announced {
    /// Nothing yet, in this opening of this ledger.
    pub(super) fn of(instance: &[u8; 16], boot: u64) -> Self {
        let instance = data_encoding::HEXLOWER.encode(instance);
        Self {
            run: format!("{instance}-{boot}"),
            times: BTreeMap::new(),
        }
    }

    /// It is told once more. Counted beside the book: an entry that is made anew has been told all the same.
    fn note(&mut self, message: Hash) {
        let times = self.times.entry(message).or_default();
        *times = times.saturating_add(1);
    }

    /// What a view says of it; none if this run has not told of it.
    pub(super) fn view(&self, message: &Hash) -> Option<AnnouncedView> {
        let times = *self.times.get(message)?;
        let run = self.run.clone();
        Some(AnnouncedView { run, times })
    }
}

impl Engine {
    /// Tells whoever watches that a message is there. What came in and is shown as formal is counted.
    pub(super) fn tell_new(&mut self, message: Hash) {
        let shown = self
            .book
            .letter(&message)
            .is_none_or(|letter| letter.direction == Direction::In && letter.rejected.is_none());
        if shown {
            self.announced.note(message);
        }
        // Nobody may be listening.
        let _ = self.events.send(StationEvent::Added(message));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_message_says_how_often_it_was_told_as_new_in_this_run_and_in_no_other() {
        let mut first = Announced::of(&[1; 16], 4);
        let (one, other) = (Hash::of(b"one"), Hash::of(b"other"));
        first.note(one);
        let told = first.view(&one).unwrap();
        assert_eq!((told.times, first.view(&other)), (1, None));
        first.note(one);
        assert_eq!(first.view(&one).unwrap().times, 2);
        let mut next = Announced::of(&[1; 16], 5);
        assert_eq!(next.view(&one), None, "what was told before stands in the ledger");
        next.note(one);
        assert_ne!(next.view(&one).unwrap().run, told.run);
    }
}
