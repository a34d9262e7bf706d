//! The newest cursor of each mailbox, in memory: whoever waits for letters is woken by its own, and asks no engine in vain.
//!
//! The writer moves a cursor after it has shown the head of its round, so that whoever is woken finds its letters under a
//! checkpoint. A mailbox that is not in here is looked up once and remembered; the larger of two cursors is the true one,
//! because none moves back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hotline_core::leg::Lane;

use crate::moves::{Moves, Watcher};

/// Mailboxes that are remembered while nobody watches them. 4,096: more desks than any line has.
const REMEMBERED: usize = 4_096;

/// Newest cursors by recipient and lane.
#[derive(Default)]
pub(crate) struct Mailboxes(Mutex<Known>);

type Known = BTreeMap<String, [Option<Newest>; 3]>;

/// One mailbox.
struct Newest {
    cursor: u64,
    moves: Arc<Moves>,
}

fn place(lane: Lane) -> usize {
    match lane {
        Lane::Control => 0,
        Lane::Message => 1,
        Lane::Bulk => 2,
    }
}

impl Mailboxes {
    /// The newest cursor, if it is known.
    pub(crate) fn newest(&self, recipient: &str, lane: Lane) -> Option<u64> {
        self.with(|known| Some(known.get(recipient)?[place(lane)].as_ref()?.cursor))
    }

    /// Tells of every newer cursor than this one, which was looked up.
    pub(crate) fn watch(&self, recipient: &str, lane: Lane, cursor: u64) -> Watcher {
        self.with(|known| moved(known, recipient, lane, cursor).watch())
    }

    /// Remembers a cursor that was looked up, or that a round gave out.
    pub(crate) fn moved(&self, recipient: &str, lane: Lane, cursor: u64) {
        self.with(|known| {
            moved(known, recipient, lane, cursor);
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn moved<'a>(known: &'a mut Known, recipient: &str, lane: Lane, cursor: u64) -> &'a Arc<Moves> {
    if known.len() >= REMEMBERED && !known.contains_key(recipient) {
        let watched = |newest: &Newest| Arc::strong_count(&newest.moves) > 1;
        known.retain(|_, lanes| lanes.iter().flatten().any(watched));
    }
    let newest = known.entry(recipient.to_owned()).or_default()[place(lane)].get_or_insert_with(|| Newest {
        cursor,
        moves: Arc::default(),
    });
    if cursor > newest.cursor {
        newest.cursor = cursor;
        newest.moves.tell();
    }
    &newest.moves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_never_moves_back() {
        let mailboxes = Mailboxes::default();
        assert_eq!(mailboxes.newest("desk", Lane::Message), None);
        mailboxes.moved("desk", Lane::Message, 7);
        mailboxes.moved("desk", Lane::Message, 6);
        assert_eq!(mailboxes.newest("desk", Lane::Message), Some(7));
        assert_eq!(mailboxes.newest("desk", Lane::Bulk), None);
    }

    #[tokio::test]
    async fn who_watches_a_mailbox_is_woken_by_its_letters_and_by_no_others() {
        let mailboxes = Mailboxes::default();
        let mut watching = mailboxes.watch("desk", Lane::Message, 7);
        mailboxes.moved("desk", Lane::Bulk, 8);
        mailboxes.moved("other", Lane::Message, 8);
        let woken = async |watching: &mut Watcher| {
            tokio::select! { biased; () = watching.changed() => true, () = std::future::ready(()) => false }
        };
        assert!(!woken(&mut watching).await);
        mailboxes.moved("desk", Lane::Message, 8);
        assert!(woken(&mut watching).await);
    }

    #[tokio::test]
    async fn strangers_fill_no_memory_and_disturb_no_watcher() {
        let mailboxes = Mailboxes::default();
        let mut watching = mailboxes.watch("desk", Lane::Bulk, 1);
        for number in 0..=REMEMBERED {
            mailboxes.moved(&number.to_string(), Lane::Bulk, 1);
        }
        assert_eq!(mailboxes.newest("0", Lane::Bulk), None);
        assert_eq!(mailboxes.newest(&REMEMBERED.to_string(), Lane::Bulk), Some(1));
        mailboxes.moved("desk", Lane::Bulk, 2);
        watching.changed().await;
    }
}
