//! Control's log: a record is signed and on disk before anything is done about it.
//!
//! It is an ordinary ledger (room `ledger`) whose owner is the conductor: a tree of RFC 6962 under checkpoints of the log
//! key, so that exports and verification are those of every other log. The records are one chain, `FORMAT.md` §14.
//! Nothing is signed here that a verifier would refuse: each record is verified with control's own roster first.
//!
//! Appending waits for the disk in the caller's thread, some milliseconds at most. A log that has failed stays failed, and
//! the exercise ends: what control does without writing it down is no exercise.

mod error;
mod pen;

use std::path::{Path, PathBuf};

use hotline_audit::{Hash, RosterSet, SigningKey};
use hotline_core::{identity::Identity, leg::Lane};
use hotline_ledger::{Batch, Engine, Entry, Head, Ledger, Mode, OpenOptions, Opening, Restored, Standing};

pub use error::LogError;
use pen::Pen;

use crate::record::Record;
use crate::signed;

/// The ledger's file in control's folder.
pub const LEDGER: &str = "excon.ledger";
/// What a control record is in the ledger's `kind` column, behind the kinds of the line.
const LEDGER_KIND: u8 = 64;
/// Bytes of records read at a time: 1 MiB.
const PAGE_BYTES: usize = 1024 * 1024;

/// Fills a buffer with unpredictable bytes.
pub type Entropy = Box<dyn FnMut(&mut [u8]) + Send>;

/// With what the conductor writes its log.
pub struct Keys {
    /// The conductor, e.g. `spiffe://exercise.excon.example/control/conductor`.
    pub identity: Identity,
    /// The exercise's identifier.
    pub exercise: String,
    /// Signs the records.
    pub statement: SigningKey,
    /// Signs the checkpoints.
    pub log: SigningKey,
    /// Control's own roster, which enrols both.
    pub rosters: RosterSet,
    /// For the records' ids.
    pub entropy: Entropy,
}

/// A record as the log has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its place, from 0.
    pub index: u64,
    /// SHA-256 of its signed bytes: what orders expect and the next record names.
    pub hash: Hash,
    /// What it says, times to the millisecond.
    pub record: Record,
    /// The exact bytes of the order that it carries out; empty where nobody ordered it.
    pub order: Vec<u8>,
}

/// Control's log, open for its one writer.
pub struct ExconLog {
    ledger: Ledger,
    pen: Pen,
    /// Records there are, which is also the newest one's sequence.
    sequence: u64,
    /// Hash of the newest record; [`Hash::ZERO`] while there is none.
    newest: Hash,
}

impl ExconLog {
    /// Opens the log in `folder`, which exists; makes it if there is none. Goes on behind the newest record.
    ///
    /// # Errors
    /// [`LogError`]: keys that the roster does not enrol; a ledger of somebody else, of another exercise, in use or
    /// damaged.
    pub fn open(folder: &Path, keys: Keys) -> Result<Self, LogError> {
        Self::open_on(Engine::Sqlite { path: path(folder) }, keys)
    }

    /// The same, on any engine.
    ///
    /// # Errors
    /// As [`ExconLog::open`].
    pub fn open_on(engine: Engine, keys: Keys) -> Result<Self, LogError> {
        let (mut pen, signer) = Pen::of(keys)?;
        let (ledger, opening) = Ledger::open(OpenOptions {
            engine,
            owner: pen.identity.clone(),
            origin: signer.origin().to_owned(),
            signer: Some(signer),
            entropy: &mut |buffer| (pen.entropy)(buffer),
            mode: Mode::Inline,
            restored: Restored::ReadOnly,
        })?;
        let Opening { size, standing, .. } = opening;
        if let Standing::ReadOnly { reason } = standing {
            return Err(LogError::Damaged(reason.to_string()));
        }
        let mut log = Self {
            ledger,
            pen,
            sequence: 0,
            newest: Hash::ZERO,
        };
        if let Some(last) = size.checked_sub(1) {
            let stored = log.ledger.entry(last)?.ok_or(LogError::Gone(last))?;
            let control = log.pen.read(&stored)?;
            log.pen.check_place(&stored, &control)?;
            (log.sequence, log.newest) = (size, stored.hash);
        }
        Ok(log)
    }

    /// Signs a record and makes it durable; returns its hash. `order` is the controller's signed order that it carries
    /// out. When this returns an error nothing may be done; a log that has ended says so from then on.
    ///
    /// # Errors
    /// [`LogError`]: the detail is too long, the order is not one that a verifier would take here, or the disk failed.
    pub fn append(&mut self, record: &Record, order: Option<&[u8]>) -> Result<Hash, LogError> {
        let sequence = self.sequence.saturating_add(1);
        let blank = self.pen.blank(sequence, self.newest, order);
        let control = signed::control_of(record, blank)?;
        let statement = self.pen.sign(&control)?;
        let hash = statement.hash();
        let entry = Entry {
            bytes: statement.into_bytes(),
            hash,
            kind: LEDGER_KIND,
            sender: control.conductor,
            id: control.id,
            epoch: 1,
            sequence,
            mailbox: Vec::new(),
        };
        self.ledger.commit(Batch::of(Lane::Control, vec![entry])).wait()?;
        (self.sequence, self.newest) = (sequence, hash);
        Ok(hash)
    }

    /// All records in order, each verified and read.
    ///
    /// # Errors
    /// [`LogError`]: one cannot be read, is not the conductor's, or breaks the chain.
    pub fn records(&self) -> Result<Vec<Kept>, LogError> {
        let mut kept: Vec<Kept> = Vec::new();
        let mut previous = Hash::ZERO;
        while (kept.len() as u64) < self.sequence {
            let from = kept.len() as u64;
            let page = self.ledger.entries(from..self.sequence, PAGE_BYTES)?;
            if page.is_empty() {
                return Err(LogError::Gone(from));
            }
            for stored in page {
                let control = self.pen.read(&stored)?;
                self.pen.check_place(&stored, &control)?;
                if control.previous != previous {
                    return Err(LogError::Chain(stored.index));
                }
                previous = stored.hash;
                let record = signed::record_of(&control).map_err(|why| LogError::Unreadable {
                    index: stored.index,
                    why,
                })?;
                kept.push(Kept {
                    index: stored.index,
                    hash: stored.hash,
                    record,
                    order: control.order,
                });
            }
        }
        Ok(kept)
    }

    /// How many records there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.sequence
    }

    /// Hash of the newest record; [`Hash::ZERO`] while there is none.
    #[must_use]
    pub fn newest(&self) -> Hash {
        self.newest
    }

    /// Where the log stands, with its newest signed checkpoint.
    #[must_use]
    pub fn head(&self) -> Head {
        self.ledger.head()
    }
}

/// The ledger's file in control's folder.
#[must_use]
pub fn path(folder: &Path) -> PathBuf {
    folder.join(LEDGER)
}

#[cfg(test)]
mod tests;
