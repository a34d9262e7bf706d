//! What a relay signs and appends to its own log: with the LOG key of that relay, and with no other.

use super::{StatementError, When, check_named, signed_by, wrong_type};
use crate::checkpoint::Checkpoint;
use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::key::{Purpose, RosterSet, Subject, is_roster_entry, origin_of};
use crate::statement::{CosignRefused, LogLink, PeerCheckpoint, RelayRecord};
use crate::strict::peek_bytes;

/// A relay's record that is genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayVerified {
    /// The envelope with its exact bytes.
    pub statement: SignedStatement,
    /// What it says.
    pub record: RelayRecord,
    /// Hash of its bytes.
    pub hash: Hash,
}

/// Verifies what a relay signed into its own log. The note inside is not judged.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_relay_record(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<RelayVerified, StatementError> {
    relay_record(bytes, rosters, When::At(now_ms))
}

/// Verifies a relay's record as an archive does: signature, purpose and subject count; whether the key has ended is for
/// the caller to judge.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_relay_record_archived(
    bytes: &[u8],
    rosters: &RosterSet,
) -> Result<RelayVerified, StatementError> {
    relay_record(bytes, rosters, When::Archive)
}

/// Verifies what a relay is about to append to its own log, with the note inside: whoever audits that log later must find
/// no fault in it, whatever others made the relay write down.
///
/// # Errors
/// The first rule that is broken; nothing that is refused here may become a leaf.
pub fn verify_relay_record_to_append(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<RelayVerified, StatementError> {
    let verified = relay_record(bytes, rosters, When::At(now_ms))?;
    let record = &verified.record;
    let origin_in = |note: &[u8]| {
        let read = Checkpoint::danger_parse_unverified(note);
        read.map(|checkpoint| checkpoint.origin)
            .map_err(|error| StatementError::Note(error.to_string()))
    };
    let wrong = |origin: String| Err(StatementError::Note(format!("it is of {origin:?}")));
    match record {
        RelayRecord::PeerCheckpoint(said) => match origin_in(&said.note)? {
            own if Some(own.as_str()) == origin_of(record.relay()) => wrong(own),
            _ => Ok(verified),
        },
        RelayRecord::LogLink(said) if !said.old_note.is_empty() => match origin_in(&said.old_note)? {
            old if old == said.old_origin => Ok(verified),
            other => wrong(other),
        },
        RelayRecord::LogLink(_) | RelayRecord::CosignRefused(_) => Ok(verified),
    }
}

pub(crate) fn relay_record(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<RelayVerified, StatementError> {
    let statement = SignedStatement::parse(bytes)?;
    if !is_relay_record(statement.payload_type) {
        return Err(wrong_type());
    }
    // All three name their key statement in field 2.
    let named = peek_bytes(&statement.payload, 2);
    let entry = signed_by(&statement, named, Purpose::Log, rosters, when)?;
    let payload = &statement.payload;
    let record = match statement.payload_type {
        PayloadType::PeerCheckpoint => RelayRecord::PeerCheckpoint(PeerCheckpoint::decode(payload)?),
        PayloadType::CosignRefused => RelayRecord::CosignRefused(CosignRefused::decode(payload)?),
        _ => RelayRecord::LogLink(LogLink::decode(payload)?),
    };
    check_named(entry, record.key_statement(), record.relay())?;
    if Subject::parse(record.relay()).is_none_or(|relay| relay.role != "relay") {
        return Err(StatementError::NotARelay(record.relay().to_owned()));
    }
    let hash = statement.hash();
    Ok(RelayVerified {
        statement,
        record,
        hash,
    })
}

/// True for what a relay writes into its own log by itself.
#[must_use]
pub fn is_relay_record(kind: PayloadType) -> bool {
    matches!(
        kind,
        PayloadType::PeerCheckpoint | PayloadType::CosignRefused | PayloadType::LogLink
    )
}

/// True for what relays append to their logs beside the statements of desks, and no other log holds: their records, roster
/// entries, and statements of deny-lists.
#[must_use]
pub fn is_relays_leaf(kind: PayloadType) -> bool {
    is_relay_record(kind) || is_roster_entry(kind) || kind == PayloadType::Deny
}

#[cfg(test)]
mod tests;
