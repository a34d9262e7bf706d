//! What somebody has shown that speaks against this log: kept beside it, so that a start knows it again when nobody can be
//! reached, and `doctor` can say what to do.
//!
//! Record `against`, empty key: the name of whoever showed it, a newline, and the note, which our own key signed.

use hotline_audit::LogVerifier;
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, Damage, Ledger, Record};

use super::{
    judge::{self, Holds},
    wire::Answered,
};

/// Space of the record.
pub const AGAINST: &str = "against";

/// Keeps it, before anything else is said of it. A log that cannot even keep that is read-only already.
pub(super) async fn keep(ledger: &Ledger, witness: &str, note: Vec<u8>) {
    let value = [witness.as_bytes(), b"\n", &note].concat();
    let mut batch = Batch::new(Lane::Control);
    batch.records.push(Record::Put {
        space: AGAINST,
        key: Vec::new(),
        value,
    });
    if let Err(error) = ledger.commit(batch).await {
        tracing::warn!(%error, "what speaks against this log could not be kept beside it");
    }
}

/// What was shown before, if it still speaks against this log.
#[must_use]
pub fn recall(ledger: &Ledger, own: &[LogVerifier]) -> Option<Damage> {
    let kept = ledger.record(AGAINST, &[]).ok().flatten()?;
    let (witness, note) = read(&kept)?;
    let shown = Answered {
        status: 200,
        body: note.to_vec().into(),
    };
    match judge::held(&shown, own, ledger, witness) {
        Ok(Holds::Against(damage, _)) => Some(damage),
        Ok(Holds::Nothing | Holds::Beginning(_) | Holds::Busy | Holds::Unproven(_)) | Err(_) => None,
    }
}

/// Reads the record: who, and the note.
#[must_use]
pub fn read(value: &[u8]) -> Option<(&str, &[u8])> {
    let at = value.iter().position(|byte| *byte == b'\n')?;
    let (witness, note) = value.split_at_checked(at)?;
    Some((std::str::from_utf8(witness).ok()?, note.get(1..)?))
}
