//! What a relay signs and appends to its own log beside the statements that it carries: the other side's checkpoints that
//! it has seen, cosignatures that it did not get, and of which log its own goes on from. They stand in no chain.

use crate::hash::Hash;
use crate::strict::{Reader, StrictError, StrictFault, Writer};

/// Most bytes of a note inside a statement: 48 KiB, so that it fits with room for the rest.
pub const MAX_LOGGED_NOTE: usize = 48 * 1024;

/// One of the three, by its payload type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayRecord {
    /// A checkpoint of another log that it has seen.
    PeerCheckpoint(PeerCheckpoint),
    /// A cosignature that it asked for and did not get.
    CosignRefused(CosignRefused),
    /// The log that this one follows.
    LogLink(LogLink),
}

impl RelayRecord {
    /// The relay that signs.
    #[must_use]
    pub fn relay(&self) -> &str {
        match self {
            RelayRecord::PeerCheckpoint(said) => &said.relay,
            RelayRecord::CosignRefused(said) => &said.relay,
            RelayRecord::LogLink(said) => &said.relay,
        }
    }

    /// Hash of the key statement of the relay's LOG key.
    #[must_use]
    pub fn key_statement(&self) -> Hash {
        match self {
            RelayRecord::PeerCheckpoint(said) => said.key_statement,
            RelayRecord::CosignRefused(said) => said.key_statement,
            RelayRecord::LogLink(said) => said.key_statement,
        }
    }

    /// The relay's clock, milliseconds since 1970 (UTC); a claim.
    #[must_use]
    pub fn claimed_time_ms(&self) -> u64 {
        match self {
            RelayRecord::PeerCheckpoint(said) => said.claimed_time_ms,
            RelayRecord::CosignRefused(said) => said.claimed_time_ms,
            RelayRecord::LogLink(said) => said.claimed_time_ms,
        }
    }
}

/// A checkpoint of another log, as a leaf of the relay's own: so what stands behind it came later than that tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCheckpoint {
    /// The relay that signs, with its LOG key.
    pub relay: String,
    /// Hash of the relay's key statement.
    pub key_statement: Hash,
    /// Exact bytes of the other log's checkpoint, with all signatures and cosignatures known.
    pub note: Vec<u8>,
    /// The relay's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
    /// Entries of that log that the relay's mirror holds durably; 0 when it mirrors none.
    pub mirrored: u64,
}

impl PeerCheckpoint {
    /// Strictly reads one; the note inside is not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one peer-checkpoint payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<PeerCheckpoint, StrictError> {
        let mut reader = Reader::new("PeerCheckpointPayload", bytes);
        let said = PeerCheckpoint {
            relay: reader.text(1, "relay")?,
            key_statement: reader.hash(2, "key_statement")?,
            note: note(&mut reader, 3, "note")?
                .ok_or_else(|| StrictError::new("PeerCheckpointPayload", "note", StrictFault::Missing))?,
            claimed_time_ms: reader.number(4, "claimed_time_ms")?,
            mirrored: reader.number_or_none(5, "mirrored")?,
        };
        reader.finish()?;
        Ok(said)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.relay)
            .bytes(2, self.key_statement.as_bytes())
            .bytes(3, &self.note)
            .number(4, self.claimed_time_ms)
            .number(5, self.mirrored)
            .finish()
    }
}

/// A cosignature that a relay asked for and did not get: a refusal is written down, it does not stop the traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignRefused {
    /// The relay that signs, with its LOG key.
    pub relay: String,
    /// Hash of the relay's key statement.
    pub key_statement: Hash,
    /// Name of the cosigner, e.g. `exercise.borenia.example/relay/south/witness`.
    pub witness: String,
    /// Size of the own checkpoint that was offered; 0 for an empty log.
    pub size: u64,
    /// 1 UNREACHABLE, 2 REFUSED, 3 CONFLICT (it knows another size), 4 FORK (it knows another tree), 5 BAD_ANSWER.
    pub reason: u32,
    /// HTTP status of the answer; 0 when there was none.
    pub status: u32,
    /// The relay's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
    /// Since when it has been refused, by the same clock.
    pub since_ms: u64,
}

impl CosignRefused {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one cosign-refused payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<CosignRefused, StrictError> {
        let mut reader = Reader::new("CosignRefusedPayload", bytes);
        let said = CosignRefused {
            relay: reader.text(1, "relay")?,
            key_statement: reader.hash(2, "key_statement")?,
            witness: reader.text(3, "witness")?,
            size: reader.number_or_none(4, "size")?,
            reason: reader.code(5, "reason", 1..=5)?,
            status: reader.optional_code(6, "status", 100..=599)?,
            claimed_time_ms: reader.number(7, "claimed_time_ms")?,
            since_ms: reader.number(8, "since_ms")?,
        };
        reader.finish()?;
        Ok(said)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.relay)
            .bytes(2, self.key_statement.as_bytes())
            .text(3, &self.witness)
            .number(4, self.size)
            .number(5, u64::from(self.reason))
            .number(6, u64::from(self.status))
            .number(7, self.claimed_time_ms)
            .number(8, self.since_ms)
            .finish()
    }
}

/// The first leaf of a log that goes on for another one whose key may sign no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLink {
    /// The relay that signs, with its LOG key: the new identity.
    pub relay: String,
    /// Hash of the relay's key statement.
    pub key_statement: Hash,
    /// Origin of the log that ended.
    pub old_origin: String,
    /// Newest checkpoint note of it that is known; empty when none is.
    pub old_note: Vec<u8>,
    /// Why, in words.
    pub reason: String,
    /// The relay's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_time_ms: u64,
}

impl LogLink {
    /// Strictly reads one; the note inside is not looked into.
    ///
    /// # Errors
    /// When the bytes are not exactly one log-link payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<LogLink, StrictError> {
        let mut reader = Reader::new("LogLinkPayload", bytes);
        let said = LogLink {
            relay: reader.text(1, "relay")?,
            key_statement: reader.hash(2, "key_statement")?,
            old_origin: reader.text(3, "old_origin")?,
            old_note: note(&mut reader, 4, "old_note")?.unwrap_or_default(),
            reason: reader.text(5, "reason")?,
            claimed_time_ms: reader.number(6, "claimed_time_ms")?,
        };
        reader.finish()?;
        Ok(said)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .text(1, &self.relay)
            .bytes(2, self.key_statement.as_bytes())
            .text(3, &self.old_origin)
            .bytes(4, &self.old_note)
            .text(5, &self.reason)
            .number(6, self.claimed_time_ms)
            .finish()
    }
}

/// A note of at most [`MAX_LOGGED_NOTE`] bytes.
fn note(reader: &mut Reader<'_>, number: u64, field: &'static str) -> Result<Option<Vec<u8>>, StrictError> {
    match reader.optional_bytes(number, field)? {
        Some(note) if note.len() > MAX_LOGGED_NOTE => Err(reader.error(
            field,
            StrictFault::TooLarge {
                bytes: note.len(),
                limit: MAX_LOGGED_NOTE,
            },
        )),
        note => Ok(note.map(<[u8]>::to_vec)),
    }
}
