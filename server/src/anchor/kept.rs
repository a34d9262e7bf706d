//! The cosigned checkpoints of this log, as they are kept beside it and shown to whoever asks.
//!
//! Records of space `cosigned`: key is the size (8 bytes, big-endian), value the note with the log's own signature and every
//! cosignature of it that came. The newest are in memory. At most 4,096 are kept; then every second of the older ones goes.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hotline_audit::{
    cosign::CosignVerifier,
    note::{Note, NoteSignature},
};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, CommitError, Ledger, Moves, ReadError, Record, Watcher};

/// Space of the records.
pub const COSIGNED: &str = "cosigned";

/// Most notes that are kept.
const KEPT_MAX: usize = 4096;

/// The newest that are never thinned out.
const NEWEST_KEPT: usize = 1024;

/// Notes that are looked through for the newest line of one cosigner.
const LOOKED_AT: usize = 64;

/// A checkpoint with cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// Leaves.
    pub size: u64,
    /// The note: the log's own line, and those of cosigners.
    pub note: Vec<u8>,
    /// Whether a mirror is among them.
    pub mirrored: bool,
}

/// What there is of them.
#[derive(Debug, Default)]
pub struct Kept {
    newest: Mutex<Newest>,
    /// One writer at a time: it reads a note, adds a line, and writes it.
    adding: tokio::sync::Mutex<()>,
    moved: Arc<Moves>,
}

#[derive(Debug, Default)]
struct Newest {
    sizes: BTreeSet<u64>,
    cosigned: Option<Arc<Cosigned>>,
    mirrored: Option<Arc<Cosigned>>,
}

impl Kept {
    /// The newest cosigned checkpoint, and the newest that a mirror cosigned, if that is another one.
    #[must_use]
    pub fn newest(&self) -> Vec<Arc<Cosigned>> {
        let newest = self.lock();
        let mirrored = newest.mirrored.clone();
        let same = newest.cosigned.as_ref().map(|note| note.size) == mirrored.as_ref().map(|note| note.size);
        newest
            .cosigned
            .iter()
            .cloned()
            .chain(mirrored.filter(|_| !same))
            .collect()
    }

    /// The size of the newest checkpoint under which this cosigner's line is kept; none of those that are not kept any more.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn newest_of(&self, ledger: &Ledger, cosigner: &CosignVerifier) -> Result<Option<u64>, ReadError> {
        let sizes: Vec<u64> = self.lock().sizes.iter().rev().take(LOOKED_AT).copied().collect();
        for size in sizes {
            let note = ledger.record(COSIGNED, &size.to_be_bytes())?;
            let note = note.and_then(|bytes| Note::parse(&bytes).ok());
            if note.is_some_and(|note| cosigner.verify(&note).is_some()) {
                return Ok(Some(size));
            }
        }
        Ok(None)
    }

    /// Tells whoever waits of every change from now on.
    #[must_use]
    pub fn moves(&self) -> Watcher {
        self.moved.watch()
    }

    /// Adds a cosigner's line to the note of a checkpoint; `note` is the one that was offered.
    ///
    /// # Errors
    /// If the ledger takes or gives nothing.
    pub async fn add(
        &self,
        ledger: &Ledger,
        (size, note): (u64, &Note),
        line: NoteSignature,
        mirrored: bool,
    ) -> Result<(), KeepError> {
        let _adding = self.adding.lock().await;
        let key = size.to_be_bytes().to_vec();
        let before = ledger.record(COSIGNED, &key)?;
        let mut note = before
            .and_then(|bytes| Note::parse(&bytes).ok())
            .filter(|kept| kept.text == note.text)
            .unwrap_or_else(|| note.clone());
        note.signatures
            .retain(|kept| (&kept.name, kept.key_id) != (&line.name, line.key_id));
        note.signatures.push(line);
        let value = note.encode();
        let mut batch = Batch::new(Lane::Bulk);
        batch.records.push(Record::Put {
            space: COSIGNED,
            key,
            value: value.clone(),
        });
        let thinned = self.thinned(size);
        batch.records.extend(thinned.iter().map(|size| Record::Delete {
            space: COSIGNED,
            key: size.to_be_bytes().to_vec(),
        }));
        ledger.commit(batch).await?;
        let mirrored = mirrored || is_mirrored(&note);
        self.show(Cosigned {
            size,
            note: value,
            mirrored,
        });
        let mut newest = self.lock();
        for size in thinned {
            newest.sizes.remove(&size);
        }
        Ok(())
    }

    fn show(&self, cosigned: Cosigned) {
        {
            let mut newest = self.lock();
            newest.sizes.insert(cosigned.size);
            let cosigned = Arc::new(cosigned);
            let is_newer = |before: &Option<Arc<Cosigned>>| {
                before.as_ref().is_none_or(|note| note.size <= cosigned.size)
            };
            if is_newer(&newest.cosigned) {
                newest.cosigned = Some(Arc::clone(&cosigned));
            }
            if cosigned.mirrored && is_newer(&newest.mirrored) {
                newest.mirrored = Some(cosigned);
            }
        }
        self.moved.tell();
    }

    /// Which go, once this one is kept too.
    fn thinned(&self, added: u64) -> Vec<u64> {
        let newest = self.lock();
        if newest.sizes.len() < KEPT_MAX || newest.sizes.contains(&added) {
            return Vec::new();
        }
        let older = newest.sizes.len().saturating_sub(NEWEST_KEPT);
        newest
            .sizes
            .iter()
            .take(older)
            .skip(1)
            .step_by(2)
            .copied()
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Newest> {
        // Each change is a few assignments without a pause.
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The ledger did not take it.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Takes up what was kept before this start.
///
/// # Errors
/// If the ledger cannot be read.
pub fn load(kept: &Kept, ledger: &Ledger) -> Result<(), ReadError> {
    for (key, value) in ledger.records(COSIGNED, &[], KEPT_MAX + 1)? {
        let (Ok(size), Ok(note)) = (key.try_into().map(u64::from_be_bytes), Note::parse(&value)) else {
            continue;
        };
        kept.show(Cosigned {
            size,
            mirrored: is_mirrored(&note),
            note: value,
        });
    }
    Ok(())
}

/// Whether a mirror is among its cosigners, by their names.
fn is_mirrored(note: &Note) -> bool {
    note.signatures.iter().any(|line| line.name.ends_with("/mirror"))
}
