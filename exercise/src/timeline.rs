//! What happened, from the evidence alone: every statement of every log, once, on control's clocks.
//!
//! [`Timeline::load`] takes [`Evidence`](crate::bundle::Evidence) and gives the same value for the same evidence, on any
//! machine and in any order of its logs. Times are integers; nothing here reads a clock or knows a path. Where a time
//! comes from and how far it can be off stands in [`Moment`] and in `EVIDENCE.md`.

mod climbs;
pub(crate) mod clock;
mod control;
mod load;
mod moment;
mod offset;
mod what;

pub use climbs::{Climb, Foreign};
pub use clock::ControlClock;
pub(crate) use control::word;
pub(crate) use moment::show;
pub use moment::{Apart, Measured, Moment, UNKNOWN_MS};
pub use offset::{Offset, Offsets};
pub use what::{MessageFact, OfficerWord, ReceiptFact, ServiceFact, What};

use std::collections::BTreeMap;

use hotline_audit::{Hash, verify::Counted};

use crate::{
    bundle::{LogFact, PairFact, Witnessing},
    dispute::Ruling,
    record::{DeskWord, Startex},
    scenario::mark::Alias,
    signed::Unreadable,
};

/// Where a statement stands: a log's name and a leaf of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The log's folder: `relay-north`.
    pub log: String,
    /// The leaf, from 0.
    pub leaf: u64,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// Everywhere it stands, in order; at least one.
    pub places: Vec<Place>,
    /// The identity that signed it.
    pub who: String,
    /// Its signer's clock, milliseconds since 1970.
    pub claimed_ms: u64,
    /// The same on control's clocks.
    pub at: Moment,
    /// What it says.
    pub what: What,
}

/// Everything that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// What stood at STARTEX.
    pub startex: Startex,
    /// Every statement once, by time, then by its first place.
    pub entries: Vec<Entry>,
    /// Messages by their hash: where in `entries`.
    pub messages: BTreeMap<Hash, usize>,
    /// What every message has reached, by time where there is one.
    pub climbs: BTreeMap<Hash, Vec<Climb>>,
    /// What somebody signed about a message and does not count, by where it stands.
    pub foreign: Vec<Foreign>,
    /// What the scenario calls a message.
    pub aliases: BTreeMap<Alias, Hash>,
    /// Control's clocks.
    pub clock: ControlClock,
    /// How every desk's wall clock stood to control's, by the desk's name.
    pub offsets: BTreeMap<String, Offsets>,
    /// The logs.
    pub logs: Vec<LogFact>,
    /// The logs of both sides beside each other.
    pub pairs: Vec<PairFact>,
    /// Who has cosigned each relay's log, by its name.
    pub witnessing: BTreeMap<String, Witnessing>,
    /// What signatures by keys that have ended are worth, by the relays' logs.
    pub counted: Vec<Counted>,
    /// What an auditor says of a disputed message, where there is one.
    pub ruling: Option<Ruling>,
    /// The exercise that every statement names; empty if two do not name the same.
    pub exercise: String,
    /// SHA-256 of the scenario's file in the evidence.
    pub scenario_sha256: Hash,
    /// SHA-256 of the codebook in the evidence.
    pub codebook_sha256: Hash,
}

/// Why there is no timeline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    /// Control has not said that the exercise began.
    #[error("the log of control does not begin with STARTEX")]
    NoStartex,
    /// A record of control that cannot be read.
    #[error("record #{leaf} of control")]
    NotARecord {
        /// Its leaf.
        leaf: u64,
        /// What is wrong with it.
        #[source]
        why: Unreadable,
    },
}

impl Timeline {
    /// The desk with this identity.
    #[must_use]
    pub fn desk_of(&self, identity: &str) -> Option<(&str, &DeskWord)> {
        let found = self.startex.desks.iter().find(|(_, desk)| desk.is(identity))?;
        Some((found.0, found.1))
    }

    /// The name under which people know an identity: `A` for a desk, `relay north` for a relay.
    #[must_use]
    pub fn name_of(&self, identity: &str) -> String {
        if let Some((name, _)) = self.desk_of(identity) {
            return name.to_owned();
        }
        hotline_audit::key::Subject::parse(identity).map_or_else(
            || identity.to_owned(),
            |subject| match subject.role {
                "relay" => format!("relay {}", subject.name),
                _ => subject.name.to_owned(),
            },
        )
    }

    /// A message by its hash.
    #[must_use]
    pub fn message(&self, sha256: &Hash) -> Option<(&Entry, &MessageFact)> {
        let entry = self.entries.get(*self.messages.get(sha256)?)?;
        match &entry.what {
            What::Message(message) => Some((entry, message)),
            _ => None,
        }
    }

    /// The messages that the scenario calls by this name: one copy, or all of them in order.
    #[must_use]
    pub fn named(&self, alias: &Alias) -> Vec<Hash> {
        if alias.copy.is_some() {
            return self.aliases.get(alias).copied().into_iter().collect();
        }
        let of_name = self.aliases.iter().filter(|(named, _)| named.name == alias.name);
        of_name.map(|(_, hash)| *hash).collect()
    }

    /// Every record of control, in the order of its log.
    pub fn records(&self) -> impl Iterator<Item = (&Entry, &crate::record::Record)> {
        let mut records: Vec<_> = self
            .entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Control(record) => Some((entry, &**record)),
                _ => None,
            })
            .collect();
        records.sort_by_key(|(entry, _)| entry.places.first().map_or(0, |place| place.leaf));
        records.into_iter()
    }

    /// What a message has reached.
    #[must_use]
    pub fn climbs_of(&self, message: &Hash) -> &[Climb] {
        self.climbs.get(message).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
