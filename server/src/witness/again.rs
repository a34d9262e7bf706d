//! Checkpoints whose proof did not hold, looked at again when the mirror has come as far: then the entries say what they are.
//!
//! Whoever brings one may have made the proof up, so they are kept apart and only so many of each log. One that is a plain
//! beginning of the log after all is let go, and its place is free; one that is not proves a fork.

use hotline_audit::{
    Checkpoint,
    note::Note,
    witness::{Conflict, ConflictKind},
};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, Record};

use super::{
    book,
    office::{Office, not_kept, unreadable},
    reply::Reply,
    shelf,
};

impl Office {
    /// Looks at those of this log again. What cannot be read or kept now is looked at the next time.
    pub(super) async fn judge_again(&self, origin: &str) {
        let _one_at_a_time = self.compare.lock().await;
        if let Err(reply) = self.try_judge_again(origin).await {
            let why = String::from_utf8_lossy(&reply.body);
            tracing::warn!(log = origin, %why, "kept checkpoints could not be looked at again");
        }
    }

    async fn try_judge_again(&self, origin: &str) -> Result<(), Reply> {
        let held = self.held(origin);
        if !held.whole() {
            return Ok(());
        }
        let unproven = book::unproven(self.ledger(), origin).map_err(|error| unreadable(&error))?;
        for (key, kept) in unproven {
            let checkpoint = Note::parse(&kept.note)
                .ok()
                .and_then(|note| Checkpoint::danger_parse_extended(&note.text).ok());
            let Some(checkpoint) = checkpoint else {
                continue;
            };
            if checkpoint.size > held.next() {
                continue;
            }
            let root = shelf::root_of(self.ledger(), origin, &held, checkpoint.size)
                .map_err(|error| unreadable(&error))?;
            let mut batch = Batch::new(Lane::Control);
            batch.records.push(Record::Delete {
                space: book::CONFLICT_SPACE,
                key,
            });
            if root != checkpoint.root {
                let conflict = Conflict {
                    checkpoint,
                    note: kept.note,
                    why: ConflictKind::Mirrored,
                };
                self.tell(&conflict, &kept.from);
                let record = book::keep_conflict(self.ledger(), &conflict, (kept.at, &kept.from));
                batch.records.extend(record.map_err(|error| unreadable(&error))?);
            }
            let done = self.ledger().commit(batch).await;
            done.map_err(|error| not_kept(&error))?;
        }
        Ok(())
    }
}
