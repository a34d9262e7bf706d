//! What senders said of messages of theirs that did not arrive in time.

use std::collections::BTreeMap;

use hotline_audit::{Hash, statement::Service};
use hotline_core::{identity::Identity, nondelivery::Said, text::inert_line, time::WallTime};

use crate::book::Provenance;

/// Messages of which it is remembered. 4,096: as many as wait for a delivery at once.
const MESSAGES_MAX: usize = hotline_core::nondelivery::WAITING_MAX;
/// Statements about one message. 64: as many as it can name recipients.
const EACH_MAX: usize = 64;

/// A sender's signed word that it held no DELIVERED of a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonDelivery {
    /// Of which desk.
    pub desk: Identity,
    /// Formal name of the cause of silence, as the sender saw it then.
    pub cause: String,
    /// The same in plain words, inert; may be empty.
    pub plain: String,
    /// The sender's legs that were down, and since when, milliseconds since 1970; 0 for not known.
    pub down: Vec<(String, u64)>,
    /// When it was stored here.
    pub stored: WallTime,
    /// When its signer says it was.
    pub claimed: WallTime,
    /// SHA-256 of the exact signed bytes.
    pub hash: Hash,
}

/// By message.
#[derive(Clone, Debug, Default)]
pub(super) struct Undelivered(BTreeMap<Hash, Vec<NonDelivery>>);

impl Undelivered {
    /// Takes a NON_DELIVERY that is on disk. Only a message's own sender can say it; anything else proves nothing and is
    /// found in the log alone. So is a second one of the same desk.
    pub(super) fn note(&mut self, at: &Provenance, service: &Service) {
        let header = &service.header;
        let Some(message) = &service.refers_to else { return };
        let Ok(said) = service.text.parse::<Said>() else {
            return;
        };
        if message.sender != header.sender {
            return;
        }
        if self.0.len() >= MESSAGES_MAX && !self.0.contains_key(&message.sha256) {
            self.0.pop_first();
        }
        let of = self.0.entry(message.sha256).or_default();
        if of.len() >= EACH_MAX || of.iter().any(|known| known.desk == said.desk) {
            return;
        }
        let down = service.legs.iter();
        of.push(NonDelivery {
            desk: said.desk,
            cause: said.cause,
            plain: inert_line(&said.plain).text,
            down: down.map(|leg| (inert_line(&leg.leg).text, leg.ms)).collect(),
            stored: at.stored,
            claimed: WallTime::from_unix_ms(header.claimed_time_ms),
            hash: at.hash,
        });
    }

    pub(super) fn of(&self, message: &Hash) -> &[NonDelivery] {
        self.0.get(message).map_or(&[], Vec::as_slice)
    }
}
