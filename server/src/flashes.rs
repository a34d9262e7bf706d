//! The newest urgent messages that passed this relay, so that what is said of them can go as they went.
//!
//! A receipt does not say how urgent its messages are. This memory does not outlive the process and may forget: then a
//! receipt goes by one leg of its desk, and by the mailbox, like any other.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hotline_audit::{
    Hash, SignedStatement,
    statement::{OfficerAct, Payload},
};
use hotline_core::{precedence::Urgency, recent::Recent};

/// Messages that are remembered. 1,024 of 32 bytes: far more FLASHes than a line carries while receipts are on their way.
const REMEMBERED: usize = 1024;

/// Hashes of urgent messages, the newest 1,024.
#[derive(Debug)]
pub(crate) struct Flashes(Mutex<Recent<Hash>>);

impl Default for Flashes {
    fn default() -> Self {
        Self(Mutex::new(Recent::at_most(REMEMBERED)))
    }
}

impl Flashes {
    /// Remembers an urgent message; tells whether this is one, or is said of one.
    pub(crate) fn urgent(&self, hash: Hash, payload: &Payload) -> bool {
        match payload {
            Payload::Message(message) => {
                let urgent = Urgency::of_wire(message.precedence) == Urgency::Urgent;
                if urgent {
                    self.insert(hash);
                }
                urgent
            }
            Payload::Receipt(receipt) => receipt.items.iter().any(|item| self.knows(&item.sha256)),
            Payload::Act(act) => SignedStatement::parse(&act.act)
                .ok()
                .and_then(|signed| OfficerAct::decode(&signed.payload).ok())
                .is_some_and(|read| self.knows(&read.message.sha256)),
            // An annex is not handed on early, so nothing hangs on it.
            Payload::Annex(_)
            | Payload::Charter(_)
            | Payload::Service(_)
            | Payload::Watch(_)
            | Payload::Lifecycle(_) => false,
        }
    }

    fn insert(&self, hash: Hash) {
        self.lock().insert(hash);
    }

    fn knows(&self, hash: &Hash) -> bool {
        self.lock().contains(hash)
    }

    fn lock(&self) -> MutexGuard<'_, Recent<Hash>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use hotline_audit::statement::{Header, Receipt, ReceiptItem};

    use super::*;

    fn receipt_of(sha256: Hash) -> Payload {
        let header = Header {
            id: [1; 16],
            trust_domain: String::new(),
            exercise: String::new(),
            conversation: [0; 16],
            sender: String::new(),
            key_statement: Hash::of(b"key"),
            recipients: Vec::new(),
            claimed_time_ms: 0,
            epoch: 1,
            sequence: 1,
            previous: Hash::of(b"before"),
            seen: Vec::new(),
        };
        let items = vec![ReceiptItem {
            id: [2; 16],
            sha256,
            leg: "north/quic".into(),
        }];
        Payload::Receipt(Receipt {
            header,
            rung: 4,
            subject: String::new(),
            items,
        })
    }

    #[test]
    fn a_receipt_is_as_urgent_as_its_message_until_that_is_forgotten() {
        let flashes = Flashes::default();
        let flash = Hash::of(b"flash");
        let urgent = |hash| flashes.urgent(Hash::of(b"receipt"), &receipt_of(hash));
        assert!(!urgent(flash), "no such message has passed");
        flashes.insert(flash);
        assert!(urgent(flash));
        assert!(!urgent(Hash::of(b"routine")));
        for number in 1..REMEMBERED {
            flashes.insert(Hash::of(&number.to_be_bytes()));
        }
        assert!(urgent(flash), "the oldest of so many");
        flashes.insert(Hash::of(b"one more"));
        assert!(!urgent(flash));
    }
}
