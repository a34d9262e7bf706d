//! Outgoing: the outbox machine of `core`, its records in the ledger, and the bytes it sends.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use hotline_audit::{Hash, tree};
use hotline_core::{
    health::Profile,
    id::{StatementId, StatementKey},
    identity::Identity,
    leg::{Lane, Leg, RelayName},
    outbox::{Bounds, Event, GoesOn, Keep, Outbox, OutboxItem, QueueError, Then},
    plant,
    precedence::Precedence,
    time::LineTime,
};
use hotline_ledger::{Ledger, ReadError, Record};
use serde::{Deserialize, Serialize};

use crate::lane::Outbound;

/// Statements in the outbox. Its keys are their ids.
pub const QUEUED: &str = "outbox.queued";
/// Which relay has which of them. A key is an id, then the relay's name.
pub const ACCEPTED: &str = "outbox.accepted";
/// Which recipient has which of them. A key is an id, then the desk.
pub const DELIVERED: &str = "outbox.delivered";
const GENERATION: &str = "outbox.generation";

/// Records read at once when a ledger is taken up.
const PAGE: usize = 1024;

/// An outbox item as it is kept.
#[derive(Serialize, Deserialize)]
struct Queued {
    ticket: u64,
    precedence: u32,
    lane: u32,
    relays: Vec<String>,
    recipients: Vec<String>,
}

/// What is still to be sent, with its bytes.
pub struct Outgoing {
    me: Identity,
    relays: BTreeSet<RelayName>,
    outbox: Outbox,
    bytes: BTreeMap<StatementId, Outbound>,
    /// Ids of the statements in `bytes`, by their hash.
    ids: BTreeMap<Hash, StatementId>,
    /// Desks whose DELIVERED is recorded, so that forgetting deletes exactly those records.
    delivered: BTreeMap<StatementId, Vec<String>>,
}

/// Why the outbox of a ledger cannot be taken up.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The ledger.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record is not one.
    #[error("the ledger's record {space} is not in order")]
    Record {
        /// Which space.
        space: &'static str,
    },
}

impl Outgoing {
    /// Takes up what the ledger keeps.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(
        me: &Identity,
        relays: impl IntoIterator<Item = RelayName>,
        ledger: &Ledger,
    ) -> Result<Self, RestoreError> {
        let mut kept = Vec::new();
        for_each(ledger, QUEUED, |key, value| {
            let read = || queued(me, key, value);
            kept.push(read().ok_or(RestoreError::Record { space: QUEUED })?);
            Ok::<(), RestoreError>(())
        })?;
        for_each(ledger, GENERATION, |key, value| {
            let read = || {
                Some(Keep::Generation {
                    relay: text(key)?.parse().ok()?,
                    generation: number(value)?,
                })
            };
            kept.push(read().ok_or(RestoreError::Record { space: GENERATION })?);
            Ok::<(), RestoreError>(())
        })?;
        for_each(ledger, ACCEPTED, |key, value| {
            let read = || {
                let (statement, relay) = split(me, key)?;
                Some(Keep::Accepted {
                    statement,
                    relay: relay.parse().ok()?,
                    generation: number(value)?,
                })
            };
            kept.push(read().ok_or(RestoreError::Record { space: ACCEPTED })?);
            Ok::<(), RestoreError>(())
        })?;
        let mut delivered: BTreeMap<StatementId, Vec<String>> = BTreeMap::new();
        for_each(ledger, DELIVERED, |key, _| {
            let read = || {
                let (statement, by) = split(me, key)?;
                Some(Keep::Delivered {
                    statement,
                    by: by.parse().ok()?,
                })
            };
            let keep = read().ok_or(RestoreError::Record { space: DELIVERED })?;
            if let Keep::Delivered { statement, by } = &keep {
                delivered.entry(statement.id).or_default().push(by.to_string());
            }
            kept.push(keep);
            Ok::<(), RestoreError>(())
        })?;
        if plant::active("outbox-forgotten-on-restart") {
            kept.clear();
        }
        Ok(Self {
            me: me.clone(),
            relays: relays.into_iter().collect(),
            outbox: Outbox::restore(Bounds::default(), kept),
            bytes: BTreeMap::new(),
            ids: BTreeMap::new(),
            delivered,
        })
    }

    /// The same, as patient with each relay as the kind of line to it asks for.
    #[must_use]
    pub fn paced(mut self, profile: impl Fn(&RelayName) -> Profile) -> Self {
        for relay in &self.relays {
            self.outbox.pace(relay, profile(relay));
        }
        self
    }

    /// Queues a statement of ours that the same round commits.
    ///
    /// # Errors
    /// [`QueueError`]: nothing was queued.
    pub fn queue(
        &mut self,
        id: [u8; 16],
        bytes: &[u8],
        (precedence, lane): (Precedence, Lane),
        recipients: BTreeSet<Identity>,
        now: LineTime,
        records: &mut Vec<Record>,
    ) -> Result<Vec<Then>, QueueError> {
        let item = OutboxItem {
            statement: self.key(id),
            precedence,
            lane,
            relays: self.relays.clone(),
            recipients,
        };
        let done = self.outbox.queue(item, now)?;
        self.remember(StatementId(id), outbound(bytes));
        self.keep(done.keep, records);
        Ok(done.then)
    }

    /// Tells the machine what happened.
    pub fn handle(&mut self, event: Event, now: LineTime, records: &mut Vec<Record>) -> Vec<Then> {
        let done = self.outbox.handle(event, now);
        self.keep(done.keep, records);
        done.then
    }

    /// A statement's bytes, for a lane.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn outbound(
        &mut self,
        statement: &StatementKey,
        ledger: &Ledger,
    ) -> Result<Option<Outbound>, ReadError> {
        if let Some(known) = self.bytes.get(&statement.id) {
            return Ok(Some(known.clone()));
        }
        let stored = ledger.by_id(&statement.sender.to_string(), &statement.id.0)?;
        let Some(read) = stored.map(|stored| outbound(&stored.bytes)) else {
            return Ok(None);
        };
        self.remember(statement.id, read.clone());
        Ok(Some(read))
    }

    /// The id of a statement that was sent lately and is not over.
    #[must_use]
    pub fn id_of(&self, hash: &Hash) -> Option<[u8; 16]> {
        self.ids.get(hash).map(|id| id.0)
    }

    fn remember(&mut self, id: StatementId, outbound: Outbound) {
        self.ids.insert(outbound.hash, id);
        self.bytes.insert(id, outbound);
    }

    /// Notes that a copy was handed to a leg.
    pub fn sent(&mut self, statement: StatementKey, leg: Leg, now: LineTime) {
        // Sending keeps nothing.
        let _ = self.outbox.handle(Event::Sent { statement, leg }, now);
    }

    /// Whether a copy leaves now, after the outbox `before` was taken up anew as this one.
    pub fn go_on(
        &mut self,
        before: &Self,
        statement: &StatementKey,
        relay: &RelayName,
        now: LineTime,
    ) -> GoesOn {
        self.outbox.go_on(&before.outbox, statement, relay, now)
    }

    /// The key of a statement of ours.
    #[must_use]
    pub fn key(&self, id: [u8; 16]) -> StatementKey {
        StatementKey {
            sender: self.me.clone(),
            id: StatementId(id),
        }
    }

    /// How many statements a relay has not accepted.
    #[must_use]
    pub fn owed_to(&self, relay: &RelayName) -> usize {
        self.outbox.owed_to(relay)
    }

    /// Relays that have not accepted a statement of ours.
    #[must_use]
    pub fn owed_by(&self, id: [u8; 16]) -> BTreeSet<RelayName> {
        self.outbox
            .standing(&self.key(id))
            .map(|standing| standing.owed)
            .unwrap_or_default()
    }

    /// How many statements are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outbox.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outbox.is_empty()
    }

    /// When the machine wants to be woken.
    #[must_use]
    pub fn next_wake(&self) -> Option<LineTime> {
        self.outbox.next_wake()
    }

    fn keep(&mut self, keeps: Vec<Keep>, records: &mut Vec<Record>) {
        for keep in keeps {
            match keep {
                Keep::Queued { ticket, item } => {
                    let value = serde_json::to_vec(&Queued {
                        ticket,
                        precedence: item.precedence.to_wire(),
                        lane: item.lane.to_wire(),
                        relays: item.relays.iter().map(ToString::to_string).collect(),
                        recipients: item.recipients.iter().map(ToString::to_string).collect(),
                    })
                    .expect("numbers and strings have a JSON form");
                    records.push(Record::Put {
                        space: QUEUED,
                        key: item.statement.id.0.to_vec(),
                        value,
                    });
                }
                Keep::Accepted {
                    statement,
                    relay,
                    generation,
                } => records.push(Record::Put {
                    space: ACCEPTED,
                    key: join(&statement, relay.as_str()),
                    value: generation.to_be_bytes().to_vec(),
                }),
                Keep::Delivered { statement, by } => {
                    let by = by.to_string();
                    records.push(Record::Put {
                        space: DELIVERED,
                        key: join(&statement, &by),
                        value: vec![1],
                    });
                    self.delivered.entry(statement.id).or_default().push(by);
                }
                Keep::Generation { relay, generation } => records.push(Record::Put {
                    space: GENERATION,
                    key: relay.as_str().as_bytes().to_vec(),
                    value: generation.to_be_bytes().to_vec(),
                }),
                Keep::Forget { statement } => self.forget(&statement, records),
            }
        }
    }

    fn forget(&mut self, statement: &StatementKey, records: &mut Vec<Record>) {
        if let Some(outbound) = self.bytes.remove(&statement.id) {
            self.ids.remove(&outbound.hash);
        }
        records.push(Record::Delete {
            space: QUEUED,
            key: statement.id.0.to_vec(),
        });
        let stays = plant::active("acceptances-left-behind");
        for relay in self.relays.iter().filter(|_| !stays) {
            records.push(Record::Delete {
                space: ACCEPTED,
                key: join(statement, relay.as_str()),
            });
        }
        for by in self.delivered.remove(&statement.id).unwrap_or_default() {
            records.push(Record::Delete {
                space: DELIVERED,
                key: join(statement, &by),
            });
        }
    }
}

/// A statement ready for a lane.
#[must_use]
pub fn outbound(bytes: &[u8]) -> Outbound {
    Outbound {
        bytes: Bytes::copy_from_slice(bytes),
        hash: Hash::of(bytes),
        leaf: tree::leaf_hash(bytes),
    }
}

fn queued(me: &Identity, key: &[u8], value: &[u8]) -> Option<Keep> {
    let read: Queued = serde_json::from_slice(value).ok()?;
    let id = StatementId(key.try_into().ok()?);
    Some(Keep::Queued {
        ticket: read.ticket,
        item: OutboxItem {
            statement: StatementKey {
                sender: me.clone(),
                id,
            },
            precedence: Precedence::from_wire(read.precedence)?,
            lane: Lane::from_wire(read.lane)?,
            relays: read
                .relays
                .iter()
                .map(|relay| relay.parse().ok())
                .collect::<Option<_>>()?,
            recipients: read
                .recipients
                .iter()
                .map(|desk| desk.parse().ok())
                .collect::<Option<_>>()?,
        },
    })
}

fn join(statement: &StatementKey, behind: &str) -> Vec<u8> {
    [statement.id.0.as_slice(), behind.as_bytes()].concat()
}

fn split<'a>(me: &Identity, key: &'a [u8]) -> Option<(StatementKey, &'a str)> {
    let (id, behind) = key.split_at_checked(16)?;
    let statement = StatementKey {
        sender: me.clone(),
        id: StatementId(id.try_into().ok()?),
    };
    Some((statement, text(behind)?))
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

/// Every record of a space, in pages.
///
/// # Errors
/// If the ledger cannot be read, or `take` fails.
pub fn for_each<E: From<ReadError>>(
    ledger: &Ledger,
    space: &str,
    mut take: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut page = ledger.records(space, &[], PAGE)?;
    loop {
        for (key, value) in &page {
            take(key, value)?;
        }
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        if page.len() < PAGE {
            return Ok(());
        }
        page = ledger.records_after(space, &[], last, PAGE)?;
    }
}
