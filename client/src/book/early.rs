//! What was said of messages that have not come yet, bounded: who signs much fills no memory, and leaves nothing out that
//! another desk signed.
//!
//! A statement that overtakes its message is rare: its signer has the message, and this desk will have it soon. What is
//! left out here stands in the log all the same; only the ladder of its message does not show it.

use std::collections::{BTreeMap, VecDeque};

use hotline_audit::Hash;
use hotline_core::{
    annex::{MAX_TRANSLATION_BYTES, MAX_TRANSLATIONS},
    identity::Identity,
};

use super::annexes::Said;

/// Entries that one desk has for one message. 64: several times what a watch signs of one message; further ones are left
/// out.
const OF_ONE_ENTRIES_MAX: usize = 64;
/// Bytes that one desk has for one message. About 800 KiB: as many of the longest translations as a message keeps, and then
/// the rungs.
const OF_ONE_BYTES_MAX: usize = (MAX_TRANSLATIONS + 1) * (MAX_TRANSLATION_BYTES + ENTRY_BYTES);
/// Entries in sum. 16,384: four rungs of each of 4,096 messages, that of a third desk may come first by as many after an
/// outage.
const ENTRIES_MAX: usize = 16_384;
/// Bytes in sum. 16 MiB: twice what so many rungs take. Beyond either bound the desk that has most loses what it said of
/// the message that it named first.
const BYTES_MAX: usize = 16 << 20;
/// What an entry takes beside its words, in bytes: identities, roles, hashes and times.
const ENTRY_BYTES: usize = 512;

/// What was said early.
#[derive(Debug, Default)]
pub(super) struct Early {
    by_desk: BTreeMap<Option<Identity>, OfDesk>,
    held: Size,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size {
    pub(super) bytes: usize,
    pub(super) entries: usize,
}

/// What one desk said.
#[derive(Debug, Default)]
struct OfDesk {
    by_message: BTreeMap<Hash, (Size, Vec<(Hash, Said)>)>,
    /// Messages in the order in which they were named first. One that has come may still stand here.
    order: VecDeque<Hash>,
    held: Size,
}

impl Early {
    /// How much there is.
    #[cfg(test)]
    pub(super) const fn held(&self) -> Size {
        self.held
    }

    /// Keeps what `statement` said of a message that has not come.
    pub(super) fn keep(&mut self, message: Hash, statement: Hash, said: Said) {
        let desk = said.fact.signer.desk().cloned();
        let size = Size::of(&said);
        if self
            .by_desk
            .entry(desk)
            .or_default()
            .keep(message, (statement, said), size)
        {
            self.held.add(size);
        }
        while self.held.entries > ENTRIES_MAX || self.held.bytes > BYTES_MAX {
            let most = self.by_desk.values_mut().max_by_key(|of_desk| of_desk.held);
            let Some(left_out) = most.and_then(OfDesk::leave_out) else {
                return;
            };
            self.held.take(left_out);
        }
    }

    /// What was said of a message that comes now, with the statements that said it: of each desk in its order.
    pub(super) fn come(&mut self, message: &Hash) -> Vec<(Hash, Said)> {
        let mut all = Vec::new();
        for of_desk in self.by_desk.values_mut() {
            if let Some((size, said)) = of_desk.remove(message) {
                self.held.take(size);
                all.extend(said);
            }
        }
        all
    }

    /// What is kept of a message.
    pub(super) fn of(&self, message: &Hash) -> impl Iterator<Item = &Said> {
        let of_desks = self.by_desk.values();
        of_desks
            .filter_map(|of_desk| of_desk.by_message.get(message))
            .flat_map(|(_, said)| said.iter().map(|(_, said)| said))
    }
}

impl OfDesk {
    /// Whether there was room for it.
    fn keep(&mut self, message: Hash, said: (Hash, Said), size: Size) -> bool {
        if !self.by_message.contains_key(&message) {
            self.order.push_back(message);
        }
        let (held, kept) = self.by_message.entry(message).or_default();
        if kept.len() >= OF_ONE_ENTRIES_MAX || held.bytes + size.bytes > OF_ONE_BYTES_MAX {
            return false;
        }
        held.add(size);
        kept.push(said);
        self.held.add(size);
        true
    }

    fn remove(&mut self, message: &Hash) -> Option<(Size, Vec<(Hash, Said)>)> {
        let removed = self.by_message.remove(message)?;
        self.held.take(removed.0);
        if self.order.front() == Some(message) {
            self.order.pop_front();
        } else if self.order.len() > 2 * self.by_message.len() + OF_ONE_ENTRIES_MAX {
            self.order.retain(|named| self.by_message.contains_key(named));
        }
        Some(removed)
    }

    /// Leaves out what was said of the message that was named first; how much that was, if there was any.
    fn leave_out(&mut self) -> Option<Size> {
        while let Some(first) = self.order.pop_front() {
            if let Some((size, _)) = self.remove(&first) {
                return Some(size);
            }
        }
        None
    }
}

impl Size {
    fn of(said: &Said) -> Self {
        let words = said.fact.text.len() + said.translation.as_ref().map_or(0, |one| one.text.len());
        let named = said.named.as_ref().map_or(0, |reference| reference.sender.len());
        Self {
            bytes: ENTRY_BYTES + words + named,
            entries: 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.entries += other.entries;
    }

    fn take(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_sub(other.bytes);
        self.entries = self.entries.saturating_sub(other.entries);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_core::{
        ladder::{Fact, Signer},
        time::WallTime,
        words::Rung,
    };

    use super::*;

    fn said(desk: &str, text: &str) -> Said {
        let fact = Fact {
            arrived: WallTime::from_unix_ms(1),
            claimed: WallTime::from_unix_ms(1),
            rung: Rung::Delivered,
            signer: Signer::Desk(
                format!("spiffe://exercise.borenia.example/desk/{desk}")
                    .parse()
                    .unwrap(),
            ),
            answer: None,
            text: text.into(),
            leg: None,
            place: None,
        };
        fact.into()
    }

    fn hash(number: u64) -> Hash {
        Hash::of(&number.to_be_bytes())
    }

    #[test]
    fn a_desk_that_says_very_much_leaves_out_nothing_that_another_desk_said() {
        let mut early = Early::default();
        early.keep(hash(0), hash(1), said("ops", "first"));
        for number in 0..100_000 {
            early.keep(hash(0), hash(2), said("second", "much"));
            early.keep(hash(number), hash(2), said("second", "much"));
        }
        assert_eq!(early.held.entries, ENTRIES_MAX);
        let come = early.come(&hash(0));
        let first = |(statement, said): &(Hash, Said)| *statement == hash(1) && said.fact.text == "first";
        assert_eq!(come.iter().filter(|one| first(one)).count(), 1);
        assert!(early.of(&hash(99_999)).next().is_some(), "the newest are kept");
        assert!(early.of(&hash(1)).next().is_none());
    }

    #[test]
    fn many_words_fill_no_memory_and_messages_that_come_make_room() {
        let (mut early, text) = (Early::default(), "a".repeat(48 << 10));
        for number in 0..1_000 {
            early.keep(hash(number % 20), hash(1), said("ops", &text));
        }
        assert!(early.held.bytes <= BYTES_MAX, "{:?}", early.held);
        for number in 0..20 {
            let bytes: usize = early.of(&hash(number)).map(|said| said.fact.text.len()).sum();
            assert!(bytes <= OF_ONE_BYTES_MAX);
            early.come(&hash(number));
        }
        assert_eq!(early.held, Size::default());
        for number in 0..100_000 {
            early.keep(hash(number), hash(1), said("ops", ""));
            early.come(&hash(number.saturating_sub(3)));
        }
        let order = early.by_desk.values().map(|of_desk| of_desk.order.len());
        assert!(order.max().unwrap() < 1_000);
    }
}
