//! What a desk remembers beside its log: small records in the same ledger, and how they are read back.
//!
//! | space | key | value |
//! |---|---|---|
//! | `checkpoint` | relay name | the newest checkpoint note of that relay that was checked |
//! | `instance` | relay name | 16 bytes: the relay's ledger |
//! | `cursor` | relay name, lane number | mailbox cursor, 8 bytes |
//! | `accepted` | statement hash, relay name | stored ms, leaf index, tree size (8 bytes each), inclusion hashes |
//! | `note` | relay name, tree size | the note those proofs stand under |
//! | `cosigned` | relay name, tree size | the note of that size with the cosignatures that came |
//! | `arrival` | first leaf of a commit round | stored ms (8 bytes), then the leg of each entry, a line each |
//! | `shown` | statement hash | 1: about to be drawn |
//! | `draft` | message id | the sheet, JSON |
//! | `draft.opening` | message id | salt and text of a draft that is sealed, JSON |
//! | `opening` | statement hash | salt (32 bytes) and text of a sealed content |
//! | `missing` | sender, epoch, first and last place | 1: a gap in that sender's chain |
//! | `outbox.queued`, `outbox.accepted`, `outbox.delivered`, `outbox.generation` | see `outgoing` | what is still to be sent |
//! | `signs` | empty | the ledger's instance (16 bytes), and the chain epoch it signs in (8 bytes) |
//! | `quarantine` | statement hash | arrival, leg, reason, and the bytes if they stand beside the log; JSON |
//! | `verdict` | statement or consent hash | rule and reason, JSON: what stood against it when it came |
//! | `ended` | hash of an officer's key statement | leaf, 8 bytes: nothing that the ended key signed inside counts from there on |
//! | `trust` | trust domain | what was newest of it: `hotline_ledger::TrustMemory` |
//! | `presence` | relay name, desk | what that relay said last of the desk at the other end, JSON |
//! | `story` | empty | the newest word of an exercise's story and when it was told, JSON |
//! | `fault` | relay name, hash of the two | two notes of a relay that signed two histories: see [`fault`] |

pub mod fault;

use hotline_audit::Hash;
use hotline_core::{
    chain::{End, Missing},
    id::Hash32,
    identity::Identity,
    leg::{Lane, RelayName},
};
use hotline_ledger::Record;

use crate::status::PresenceStatus;

/// Newest checkpoint per relay.
pub const CHECKPOINT: &str = "checkpoint";
/// Ledger instance per relay.
pub const INSTANCE: &str = "instance";
/// Cursor per relay and lane.
pub const CURSOR: &str = "cursor";
/// Relays' acceptances with their proofs.
pub const ACCEPTED: &str = "accepted";
/// Notes those proofs stand under.
pub const NOTE: &str = "note";
/// Cosigned checkpoints of relays' logs.
pub const COSIGNED: &str = "cosigned";
/// When and by which leg statements came.
pub const ARRIVAL: &str = "arrival";
/// What was about to be drawn.
pub const SHOWN: &str = "shown";
/// Drafts.
pub const DRAFT: &str = "draft";
/// What sealed drafts say: beside them, because both together may be more than a record holds.
pub const DRAFT_OPENING: &str = "draft.opening";
/// What sealed statements say.
pub const OPENING: &str = "opening";
/// Gaps in senders' chains.
pub const MISSING: &str = "missing";
/// Which ledger signs, and in which chain epoch.
pub const SIGNS: &str = "signs";
/// What came after its signer's key had ended.
pub const QUARANTINE: &str = "quarantine";
/// What stood against a message or a consent when it came.
pub const VERDICT: &str = "verdict";
/// From which leaf on nothing counts that an ended key signed inside.
pub const ENDED: &str = "ended";
/// What each relay said last of the desk at the other end.
pub const PRESENCE: &str = "presence";
/// How the story of an exercise ran when this desk was told last.
pub const STORY: &str = "story";
/// Proofs against relays.
pub const FAULT: &str = "fault";

/// The record that the ledger with this instance signs in this chain epoch. A copy of the ledger gets another instance, so
/// it is known for one until it has opened an epoch of its own.
#[must_use]
pub fn signs_record(instance: &[u8; 16], epoch: u64) -> Record {
    Record::Put {
        space: SIGNS,
        key: Vec::new(),
        value: [instance.as_slice(), &epoch.to_be_bytes()].concat(),
    }
}

/// Reads that record.
#[must_use]
pub fn read_signs(value: &[u8]) -> Option<([u8; 16], u64)> {
    let (instance, epoch) = value.split_at_checked(16)?;
    Some((
        instance.try_into().ok()?,
        u64::from_be_bytes(epoch.try_into().ok()?),
    ))
}

/// The key of a cursor.
#[must_use]
pub fn cursor_key(relay: &RelayName, lane: Lane) -> Vec<u8> {
    format!("{relay}\n{}", lane.to_wire()).into_bytes()
}

/// Reads the key of a cursor.
#[must_use]
pub fn read_cursor_key(key: &[u8]) -> Option<(RelayName, Lane)> {
    let (relay, lane) = std::str::from_utf8(key).ok()?.split_once('\n')?;
    Some((relay.parse().ok()?, Lane::from_wire(lane.parse().ok()?)?))
}

/// The key of a gap.
#[must_use]
pub fn missing_key(sender: &Identity, missing: &Missing) -> Vec<u8> {
    let end = match missing.end {
        End::At(last) => last.to_string(),
        End::Open { until } => until.to_string(),
    };
    format!("{sender}\n{}\n{}\n{end}", missing.epoch, missing.first).into_bytes()
}

/// Reads the key of a gap.
#[must_use]
pub fn read_missing_key(key: &[u8]) -> Option<(Identity, Missing)> {
    let mut parts = std::str::from_utf8(key).ok()?.split('\n');
    let sender = parts.next()?.parse().ok()?;
    let (epoch, first) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let end = parts.next()?;
    let end = match end.parse::<Hash>() {
        Ok(until) => End::Open {
            until: Hash32(until.0),
        },
        Err(_) => End::At(end.parse().ok()?),
    };
    Some((sender, Missing { epoch, first, end }))
}

/// The record of what a relay said last of a desk; none if it cannot be written, which no status is.
#[must_use]
pub fn presence_record(relay: &RelayName, desk: &str, said: &PresenceStatus) -> Option<Record> {
    Some(Record::Put {
        space: PRESENCE,
        key: presence_key(relay, desk),
        value: serde_json::to_vec(said).ok()?,
    })
}

/// The key of that record.
#[must_use]
pub fn presence_key(relay: &RelayName, desk: &str) -> Vec<u8> {
    format!("{relay}\n{desk}").into_bytes()
}

/// The record of a cosigned checkpoint.
#[must_use]
pub fn cosigned_record(relay: &RelayName, size: u64, note: &[u8]) -> Record {
    Record::Put {
        space: COSIGNED,
        key: cosigned_key(relay, size),
        value: note.to_vec(),
    }
}

/// The record that takes it back.
#[must_use]
pub fn no_cosigned_record(relay: &RelayName, size: u64) -> Record {
    Record::Delete {
        space: COSIGNED,
        key: cosigned_key(relay, size),
    }
}

fn cosigned_key(relay: &RelayName, size: u64) -> Vec<u8> {
    let mut key = format!("{relay}\n").into_bytes();
    key.extend_from_slice(&size.to_be_bytes());
    key
}

/// A relay's acceptance of one statement, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The statement.
    pub statement: Hash,
    /// The relay.
    pub relay: RelayName,
    /// When it was stored here, milliseconds since 1970.
    pub stored_ms: u64,
    /// Leaf index in the relay's log.
    pub index: u64,
    /// Size of the tree that the proof is for.
    pub size: u64,
    /// Inclusion proof.
    pub proof: Vec<Hash>,
}

impl Acceptance {
    /// As a record.
    #[must_use]
    pub fn record(&self) -> Record {
        let key = [
            self.statement.as_bytes().as_slice(),
            self.relay.as_str().as_bytes(),
        ]
        .concat();
        let mut value = Vec::with_capacity(24 + 32 * self.proof.len());
        for number in [self.stored_ms, self.index, self.size] {
            value.extend_from_slice(&number.to_be_bytes());
        }
        for hash in &self.proof {
            value.extend_from_slice(hash.as_bytes());
        }
        Record::Put {
            space: ACCEPTED,
            key,
            value,
        }
    }

    /// Reads a record back.
    #[must_use]
    pub fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let (statement, relay) = key.split_at_checked(32)?;
        let mut numbers = [0; 3];
        let (head, hashes) = value.split_at_checked(24)?;
        for (number, bytes) in numbers.iter_mut().zip(head.chunks_exact(8)) {
            *number = u64::from_be_bytes(bytes.try_into().ok()?);
        }
        let [stored_ms, index, size] = numbers;
        Some(Self {
            statement: Hash::from_slice(statement)?,
            relay: std::str::from_utf8(relay).ok()?.parse().ok()?,
            stored_ms,
            index,
            size,
            proof: hashes.chunks(32).map(Hash::from_slice).collect::<Option<_>>()?,
        })
    }
}

/// The record of a note that proofs stand under.
#[must_use]
pub fn note_record(relay: &RelayName, size: u64, note: &[u8]) -> Record {
    Record::Put {
        space: NOTE,
        key: note_key(relay, size),
        value: note.to_vec(),
    }
}

/// The key of that record.
#[must_use]
pub fn note_key(relay: &RelayName, size: u64) -> Vec<u8> {
    [relay.as_str().as_bytes(), b"\n", size.to_be_bytes().as_slice()].concat()
}

/// When and by which legs the entries of one commit round came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArrivalNote {
    /// When they were stored here, milliseconds since 1970.
    pub stored_ms: u64,
    /// The leg of each entry; empty for our own.
    pub legs: Vec<String>,
}

impl ArrivalNote {
    /// As bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            self.stored_ms.to_be_bytes().as_slice(),
            self.legs.join("\n").as_bytes(),
        ]
        .concat()
    }

    /// Reads them back.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let (time, legs) = value.split_at_checked(8)?;
        Some(Self {
            stored_ms: u64::from_be_bytes(time.try_into().ok()?),
            legs: std::str::from_utf8(legs)
                .ok()?
                .split('\n')
                .map(str::to_owned)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn an_acceptance_reads_back_as_it_was() {
        let acceptance = Acceptance {
            statement: Hash::of(b"statement"),
            relay: "north".parse().unwrap(),
            stored_ms: 5,
            index: 6,
            size: 7,
            proof: vec![Hash::of(b"a"), Hash::of(b"b")],
        };
        let Record::Put { key, value, .. } = acceptance.record() else {
            panic!("not a put")
        };
        assert_eq!(Acceptance::read(&key, &value), Some(acceptance));
        assert_eq!(Acceptance::read(&key[..20], &value), None);
        assert_eq!(Acceptance::read(&key, &value[..30]), None);
    }

    #[test]
    fn an_arrival_note_keeps_an_empty_leg_in_its_place() {
        let note = ArrivalNote {
            stored_ms: 9,
            legs: vec!["north/quic".into(), String::new()],
        };
        assert_eq!(ArrivalNote::read(&note.to_bytes()), Some(note));
    }

    #[test]
    fn who_signs_in_which_epoch_reads_back() {
        let Record::Put { value, .. } = signs_record(&[7; 16], 70) else {
            panic!("it is put");
        };
        assert_eq!(read_signs(&value), Some(([7; 16], 70)));
        assert_eq!(read_signs(&value[1..]), None);
    }

    #[test]
    fn a_cursor_key_reads_back() {
        let north = "north".parse().unwrap();
        assert_eq!(
            read_cursor_key(&cursor_key(&north, Lane::Bulk)),
            Some((north, Lane::Bulk))
        );
    }
}
