//! What a witness keeps in its ledger: the newest cosigned checkpoint of each log, and every one that conflicts.

use hotline_audit::{
    CosignVerifier, Hash, PayloadType, SignedStatement,
    note::Note,
    statement::PeerCheckpoint,
    witness::{BadSeen, Conflict, ConflictKind, Seen},
};
use hotline_core::time::WallTime;
use hotline_ledger::{Inspector, Ledger, ReadError, Record};

/// Where the newest cosigned checkpoint of a log lies; its key is the origin.
pub const WITNESS_SPACE: &str = "witness";
/// Where conflicting checkpoints lie; keys begin with the hash of the origin.
pub const CONFLICT_SPACE: &str = "witness-conflict";
/// How many conflicting checkpoints came beyond the bound; the key is as above.
const UNKEPT_SPACE: &str = "witness-conflict-unkept";

/// Most logs that are remembered, of all sides together. 1,024: sixteen sides that have used up theirs.
pub const MAX_LOGS: usize = 1024;
/// Most logs of one side whose keys count, as a relay witnesses them. 8: as many relays of one side as a log asks, and far
/// more than a side has. The place of one whose key has ended is free again.
pub const LOGS_OF_A_SIDE: usize = 8;
/// Most logs of one side that are remembered, with those whose keys have ended: what was cosigned is evidence and is not
/// given up. 64: a side that issues a relay of a new name every month takes five years.
pub const LOGS_OF_A_SIDE_EVER: usize = 64;
/// Most conflicting checkpoints kept per log that speak against it by themselves. A few prove the case.
pub const MAX_CONFLICTS: usize = 64;
/// Most kept whose proof did not hold: whoever sent them may have made the proof up, so they must not crowd out the others.
pub const MAX_UNPROVEN: usize = 64;

/// In keys behind the hash of the origin: what speaks against its log by itself, and what may not.
const PROVEN: u8 = 0;
const UNPROVEN: u8 = 1;

/// Whose log it is: the trust domain at the beginning of its origin.
#[must_use]
pub fn side_of(origin: &str) -> &str {
    origin.split_once('/').map_or(origin, |(side, _)| side)
}

/// Facts: key and value.
pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Small facts of a ledger, whoever reads it: its owner or somebody from outside.
pub trait Facts {
    /// One fact.
    ///
    /// # Errors
    /// The engine could not be read.
    fn fact(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError>;

    /// Facts whose keys begin with `prefix`, in order, behind `after`.
    ///
    /// # Errors
    /// The engine could not be read.
    fn facts(
        &self,
        space: &str,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, ReadError>;
}

impl Facts for Ledger {
    fn fact(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.record(space, key)
    }

    fn facts(
        &self,
        space: &str,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, ReadError> {
        match after {
            Some(after) => self.records_after(space, prefix, after, limit),
            None => self.records(space, prefix, limit),
        }
    }
}

impl Facts for Inspector {
    fn fact(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.record(space, key)
    }

    fn facts(
        &self,
        space: &str,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, ReadError> {
        self.records(space, prefix, after, limit)
    }
}

/// Why what a witness kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not what was kept.
    #[error(
        "{origin}: {source}; nothing of this log is cosigned until its record in the ledger is put right"
    )]
    Damaged {
        /// The log.
        origin: String,
        /// What is wrong.
        #[source]
        source: BadSeen,
    },
}

/// The newest checkpoint that was cosigned of this log.
///
/// # Errors
/// It cannot be read, or is not what was kept.
pub fn seen(facts: &impl Facts, origin: &str) -> Result<Option<Seen>, KeptError> {
    let Some(bytes) = facts.fact(WITNESS_SPACE, origin.as_bytes())? else {
        return Ok(None);
    };
    Seen::parse(&bytes)
        .and_then(|seen| {
            let own = seen.checkpoint().origin == origin;
            own.then_some(seen).ok_or(BadSeen)
        })
        .map(Some)
        .map_err(|source| KeptError::Damaged {
            origin: origin.to_owned(),
            source,
        })
}

/// What this witness has cosigned as a leaf of its own log says, with the log that it is of; none if the leaf says nothing
/// of that, or nothing newer than what is kept. A ledger that was put back forgets what it cosigned; its log does not.
#[must_use]
pub(crate) fn recalled(facts: &impl Facts, leaf: &[u8], witness: &CosignVerifier) -> Option<Record> {
    let statement = SignedStatement::parse(leaf).ok()?;
    if statement.payload_type != PayloadType::PeerCheckpoint {
        return None;
    }
    let said = PeerCheckpoint::decode(&statement.payload).ok()?;
    let found = Seen::recalled(&Note::parse(&said.note).ok()?, witness)?;
    let origin = found.checkpoint().origin.clone();
    let kept = seen(facts, &origin).ok()?;
    let newer = kept.is_none_or(|kept| kept.size() < found.size());
    newer.then(|| Record::Put {
        space: WITNESS_SPACE,
        key: origin.into_bytes(),
        value: found.encode(),
    })
}

/// The logs of which a checkpoint was cosigned.
///
/// # Errors
/// The ledger cannot be read.
pub fn witnessed(facts: &impl Facts) -> Result<Vec<String>, ReadError> {
    let rows = facts.facts(WITNESS_SPACE, &[], None, MAX_LOGS)?;
    Ok(rows
        .into_iter()
        .filter_map(|(key, _)| String::from_utf8(key).ok())
        .collect())
}

/// A conflicting checkpoint that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptConflict {
    /// Stable name of what does not fit.
    pub why: String,
    /// When it came, by this node's clock.
    pub at: WallTime,
    /// Who brought it.
    pub from: String,
    /// The note as it came.
    pub note: Vec<u8>,
}

const FIRST_WORD: &str = "hotline-conflict/1";

impl KeptConflict {
    fn encode(&self) -> Vec<u8> {
        let head = format!(
            "{FIRST_WORD} {} {} {}\n",
            self.why,
            self.at.unix_ms(),
            self.from.replace(char::is_whitespace, "_")
        );
        [head.as_bytes(), &self.note].concat()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (head, note) = bytes.split_at_checked(end + 1)?;
        let mut words = std::str::from_utf8(head).ok()?.trim_end().split(' ');
        if words.next() != Some(FIRST_WORD) {
            return None;
        }
        Some(Self {
            why: words.next()?.to_owned(),
            at: WallTime::from_unix_ms(words.next()?.parse().ok()?),
            from: words.next()?.to_owned(),
            note: note.to_vec(),
        })
    }
}

/// The conflicting checkpoints that were kept of this log, oldest first, and how many more came.
///
/// # Errors
/// The ledger cannot be read.
pub fn conflicts(facts: &impl Facts, origin: &str) -> Result<(Vec<KeptConflict>, u64), ReadError> {
    let prefix = Hash::of(origin.as_bytes());
    let rows = facts.facts(
        CONFLICT_SPACE,
        prefix.as_bytes(),
        None,
        MAX_CONFLICTS + MAX_UNPROVEN,
    )?;
    let mut kept: Vec<KeptConflict> = rows
        .iter()
        .filter_map(|(_, value)| KeptConflict::parse(value))
        .collect();
    kept.sort_by_key(|conflict| conflict.at);
    Ok((kept, unkept(facts, &prefix)?))
}

/// The kept checkpoints of this log whose proof did not hold, with their keys.
pub(super) fn unproven(facts: &impl Facts, origin: &str) -> Result<Vec<(Vec<u8>, KeptConflict)>, ReadError> {
    let prefix = [Hash::of(origin.as_bytes()).as_bytes().as_slice(), &[UNPROVEN]].concat();
    let rows = facts.facts(CONFLICT_SPACE, &prefix, None, MAX_UNPROVEN)?;
    let kept = rows.into_iter();
    Ok(kept
        .filter_map(|(key, value)| Some((key, KeptConflict::parse(&value)?)))
        .collect())
}

fn unkept(facts: &impl Facts, log: &Hash) -> Result<u64, ReadError> {
    let bytes = facts.fact(UNKEPT_SPACE, log.as_bytes())?;
    Ok(bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_be_bytes))
}

/// What is to be written so that this conflict is kept; nothing if it is kept already. Under the witness' lock.
pub(super) fn keep_conflict(
    facts: &impl Facts,
    conflict: &Conflict,
    (at, from): (WallTime, &str),
) -> Result<Option<Record>, ReadError> {
    let log = Hash::of(conflict.checkpoint.origin.as_bytes());
    // What proves nothing by itself is counted apart.
    let (class, most) = match conflict.why {
        ConflictKind::Proof => (UNPROVEN, MAX_UNPROVEN),
        ConflictKind::SameSize | ConflictKind::Mirrored | ConflictKind::EmptyRoot => (PROVEN, MAX_CONFLICTS),
    };
    let prefix = [log.as_bytes().as_slice(), &[class]].concat();
    let key = [prefix.as_slice(), Hash::of(&conflict.note).as_bytes()].concat();
    if facts.fact(CONFLICT_SPACE, &key)?.is_some() {
        return Ok(None);
    }
    if facts.facts(CONFLICT_SPACE, &prefix, None, most)?.len() >= most {
        let more = unkept(facts, &log)?.saturating_add(1);
        return Ok(Some(Record::Put {
            space: UNKEPT_SPACE,
            key: log.as_bytes().to_vec(),
            value: more.to_be_bytes().to_vec(),
        }));
    }
    let kept = KeptConflict {
        why: conflict.why.name().to_owned(),
        at,
        from: from.to_owned(),
        note: conflict.note.clone(),
    };
    Ok(Some(Record::Put {
        space: CONFLICT_SPACE,
        key,
        value: kept.encode(),
    }))
}
