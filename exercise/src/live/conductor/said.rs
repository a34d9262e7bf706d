//! How much of what people at seats say is written down: each becomes a signed record, and a seat may be another ministry's.

use std::collections::BTreeMap;

/// Most judgements and refusals of one seat that are written down. 500: one every ten seconds of a long evening.
const SAID_MAX: u32 = 500;

/// How much each seat has said.
#[derive(Debug, Default)]
pub(super) struct Said(BTreeMap<String, u32>);

/// Whether more is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Yes.
    Yes,
    /// No, and this is the moment to say so.
    NoMore,
    /// No, and it was said.
    No,
}

impl Said {
    /// A seat says something more.
    pub(super) fn more(&mut self, seat: &str) -> Room {
        let said = self.0.entry(seat.to_owned()).or_default();
        *said = said.saturating_add(1);
        match *said {
            ..=SAID_MAX => Room::Yes,
            few if few == SAID_MAX + 1 => Room::NoMore,
            _ => Room::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_that_says_too_much_is_told_of_once_and_leaves_the_other_its_room() {
        let mut said = Said::default();
        for _ in 0..SAID_MAX {
            assert_eq!(said.more("B"), Room::Yes);
        }
        assert_eq!(said.more("B"), Room::NoMore);
        assert_eq!(said.more("B"), Room::No);
        assert_eq!(said.more("A"), Room::Yes);
    }
}
