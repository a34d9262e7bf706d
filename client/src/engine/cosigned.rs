//! What others have cosigned of the relays' logs: kept, shown, and told to whoever waits for it.

use hotline_core::{
    identity::Identity,
    leg::{Leg, RelayName},
};

use super::Engine;
use crate::{
    book::{Direction, Letter},
    cosigned::{Capacity, Cosigned, CosignedLog, HeldView},
    memory::{self, Acceptance},
    round::Round,
    status::CosignedStatus,
};

/// Relays' acceptances of one message that are looked at. 16: more relays than a line has.
const ACCEPTED_MAX: usize = 16;

impl Engine {
    /// A checkpoint that was linked to what is known of the relay's log, and that the other side has cosigned.
    pub(super) fn heard_cosigned(&mut self, leg: &Leg, cosigned: Cosigned, round: &mut Round) {
        let Some(relay) = self.relays.get_mut(&leg.relay) else {
            return;
        };
        // The word of a relay that signed two histories counts for nothing.
        if relay.fault.is_some() {
            return;
        }
        let cosigned = relay.cosigned.merged(cosigned);
        round
            .records
            .push(memory::cosigned_record(&leg.relay, cosigned.size, &cosigned.note));
        for size in relay.cosigned.add(cosigned) {
            round.records.push(memory::no_cosigned_record(&leg.relay, size));
        }
        round.cosigned = true;
    }

    /// What was cosigned of a log that its relay has lost counts for no other log.
    pub(super) fn forget_cosigned(&mut self, name: &RelayName, round: &mut Round) {
        if let Some(relay) = self.relays.get_mut(name) {
            let gone = relay.cosigned.clear();
            let records = gone
                .into_iter()
                .map(|size| memory::no_cosigned_record(name, size));
            round.records.extend(records);
        }
    }

    /// Where a message of ours is held, by the relays' signed acceptances and what others have cosigned of their logs.
    pub(super) fn held_of(&self, letter: &Letter) -> Vec<HeldView> {
        if letter.direction != Direction::Out {
            return Vec::new();
        }
        let accepted = self
            .ledger
            .records(memory::ACCEPTED, letter.hash.as_bytes(), ACCEPTED_MAX);
        let peers = recipients(letter);
        let of = |acceptance: Acceptance| {
            let relay = self.relays.get(&acceptance.relay)?;
            let identity = &relay.shared.place.identity;
            Some(
                relay
                    .cosigned
                    .held(identity, acceptance.index, (self.me.domain(), &peers)),
            )
        };
        accepted
            .unwrap_or_default()
            .iter()
            .filter_map(|(key, value)| of(Acceptance::read(key, value)?))
            .collect()
    }

    /// The newest checkpoint of a relay's log that others have cosigned.
    pub(super) fn cosigned_status(cosigned: &CosignedLog) -> Option<CosignedStatus> {
        let newest = cosigned.newest()?;
        let by = newest.by.first()?;
        Some(CosignedStatus {
            size: newest.size,
            by: by.relay.to_string(),
            at_ms: by.unix_s.saturating_mul(1000),
            mirrored: newest.by.iter().any(|by| by.capacity == Capacity::Mirror),
        })
    }
}

/// The trust domains of its recipients.
fn recipients(letter: &Letter) -> Vec<String> {
    let named = letter.message.header.recipients.iter();
    named
        .filter_map(|to| to.identity.parse::<Identity>().ok())
        .map(|to| to.domain().to_string())
        .collect()
}
