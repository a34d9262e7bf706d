//! What others have shown that speaks against this log: kept beside it, so that a start knows it again when nobody can be
//! reached, `recover` brings no less than was shown, and `doctor` can say what to do.
//!
//! Records `against`: the key is the hash of the checkpoint's text, the value the name of whoever showed it, a newline, and
//! the note, which our own key signed. Each checkpoint is one record, so that none takes the place of another: cosigners are
//! asked one beside the other, and what one shows may be older than what another one has shown.

use hotline_audit::{Checkpoint, Hash, LogVerifier, note::Note};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, Damage, Ledger, ReadError, Record};

use super::{
    judge::{self, Holds},
    kept::KeepError,
    wire::Answered,
};
use crate::witness::book::Facts;

/// Space of the records.
pub const AGAINST: &str = "against";

/// Most that are kept. 16: the largest and a few proofs of other histories say all there is to say. What is no beginning of
/// this log and the largest of all stay; smaller ones that are only ahead go first.
pub const AGAINST_MAX: usize = 16;

/// Most that are read. Cosigners that show something at the same moment may each add one beyond the bound.
const READ_MAX: usize = AGAINST_MAX + super::whom::COSIGNERS_MAX;

/// What somebody showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who.
    pub witness: String,
    /// The note, which our own key signed.
    pub note: Vec<u8>,
    key: Vec<u8>,
}

impl Shown {
    fn parse((key, value): (Vec<u8>, Vec<u8>)) -> Option<Self> {
        let at = value.iter().position(|byte| *byte == b'\n')?;
        let (witness, note) = value.split_at_checked(at)?;
        Some(Self {
            witness: std::str::from_utf8(witness).ok()?.to_owned(),
            note: note.get(1..)?.to_vec(),
            key,
        })
    }

    fn of(witness: &str, note: Vec<u8>) -> Self {
        let text = Note::parse(&note).map(|note| note.text.into_bytes());
        let key = Hash::of(text.as_ref().unwrap_or(&note)).as_bytes().to_vec();
        Self {
            witness: witness.to_owned(),
            note,
            key,
        }
    }

    fn record(&self) -> Record {
        Record::Put {
            space: AGAINST,
            key: self.key.clone(),
            value: [self.witness.as_bytes(), b"\n", &self.note].concat(),
        }
    }

    /// That it is kept no more.
    #[must_use]
    pub fn forgotten(&self) -> Record {
        Record::Delete {
            space: AGAINST,
            key: self.key.clone(),
        }
    }

    fn damage(&self, ledger: &Ledger, own: &[LogVerifier]) -> Option<Damage> {
        let shown = Answered {
            status: 200,
            body: self.note.clone().into(),
        };
        match judge::held(&shown, own, ledger, &self.witness) {
            Ok(Holds::Against(damage, _)) => Some(damage),
            Ok(Holds::Nothing | Holds::Beginning(_) | Holds::Busy | Holds::Unproven(_)) | Err(_) => None,
        }
    }
}

/// Everything that was shown and is kept.
///
/// # Errors
/// The ledger cannot be read.
pub fn all(facts: &impl Facts) -> Result<Vec<Shown>, ReadError> {
    let rows = facts.facts(AGAINST, &[], None, READ_MAX)?;
    Ok(rows.into_iter().filter_map(Shown::parse).collect())
}

/// Keeps it, before anything else is said of it. A log that cannot even keep that is read-only already.
pub(super) async fn keep(ledger: &Ledger, witness: &str, note: Vec<u8>) {
    if let Err(error) = keep_or_say(ledger, &Shown::of(witness, note)).await {
        tracing::warn!(%error, "what speaks against this log could not be kept beside it");
    }
}

async fn keep_or_say(ledger: &Ledger, shown: &Shown) -> Result<(), KeepError> {
    let kept = all(ledger)?;
    if kept.iter().any(|other| other.key == shown.key) {
        return Ok(());
    }
    let mut batch = Batch::new(Lane::Control);
    if kept.len() >= AGAINST_MAX {
        let goes = least(ledger, kept.iter().chain([shown]))?;
        match goes.filter(|goes| goes.key != shown.key) {
            Some(goes) => batch.records.push(goes.forgotten()),
            None => return Ok(()),
        }
    }
    batch.records.push(shown.record());
    ledger.commit(batch).await?;
    Ok(())
}

/// What a note is worth beside others, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// Nothing any more: it is no checkpoint, or a beginning of what is here by now.
    Nothing,
    /// Another one says more.
    Ahead(u64),
    /// It proves another history, or is the largest.
    All,
}

/// Which goes where there is no room for all; none if each of them is needed.
fn least<'s>(ledger: &Ledger, all: impl Iterator<Item = &'s Shown>) -> Result<Option<&'s Shown>, ReadError> {
    let all: Vec<(&Shown, Option<Checkpoint>)> = all
        .map(|shown| (shown, Checkpoint::danger_parse_unverified(&shown.note).ok()))
        .collect();
    let sizes = all
        .iter()
        .filter_map(|(_, checkpoint)| Some(checkpoint.as_ref()?.size));
    let largest = sizes.max().unwrap_or(0);
    let mut least: Option<(Worth, &Shown)> = None;
    for (shown, checkpoint) in &all {
        let worth = match checkpoint {
            None => Worth::Nothing,
            Some(checkpoint) => worth(ledger, checkpoint, largest)?,
        };
        if least.is_none_or(|(before, _)| worth < before) {
            least = Some((worth, shown));
        }
    }
    Ok(least.and_then(|(worth, shown)| (worth != Worth::All).then_some(shown)))
}

fn worth(ledger: &Ledger, shown: &Checkpoint, largest: u64) -> Result<Worth, ReadError> {
    if shown.size > ledger.head().size {
        return Ok(match shown.size {
            size if size == largest => Worth::All,
            size => Worth::Ahead(size),
        });
    }
    let same = ledger.root_at(shown.size)? == shown.root;
    Ok(if same { Worth::Nothing } else { Worth::All })
}

/// What was shown before, if it still speaks against this log: another history before all, else the most leaves.
#[must_use]
pub fn recall(ledger: &Ledger, own: &[LogVerifier]) -> Option<Damage> {
    let kept = all(ledger).ok()?;
    let against = kept.iter().filter_map(|shown| shown.damage(ledger, own));
    against.max_by_key(|damage| match damage {
        Damage::WitnessAhead { held, .. } => (false, *held),
        _ => (true, 0),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::{super::judge::tests as logs, *};

    fn note(size: u64, root: u8) -> Vec<u8> {
        logs::log(1)
            .checkpoint(size, Hash([root; 32]))
            .sign(&logs::log(1))
    }

    fn sizes(ledger: &Ledger) -> Vec<u64> {
        let shown = all(ledger).unwrap();
        let mut sizes: Vec<u64> = shown
            .iter()
            .map(|shown| Checkpoint::danger_parse_unverified(&shown.note).unwrap().size)
            .collect();
        sizes.sort_unstable();
        sizes
    }

    #[tokio::test]
    async fn what_one_witness_shows_takes_nothing_from_what_another_one_has_shown() {
        let own = [logs::log(1).verifier()];
        let ledger = logs::ledger(&["a", "b", "c"]);
        keep(&ledger, "first", note(5000, 1)).await;
        keep(&ledger, "second", note(4900, 1)).await;
        keep(&ledger, "third", note(5000, 1)).await;
        assert_eq!(sizes(&ledger), [4900, 5000]);
        let ahead = Damage::WitnessAhead {
            witness: "first".into(),
            held: 5000,
            found: 3,
        };
        assert_eq!(recall(&ledger, &own), Some(ahead), "the most that was shown");
        keep(&ledger, "fourth", note(2, 9)).await;
        keep(&ledger, "second", note(4901, 1)).await;
        let forked = Damage::Forked {
            witness: "fourth".into(),
            size: 2,
        };
        assert_eq!(recall(&ledger, &own), Some(forked), "a proof is not forgotten");
    }

    #[tokio::test]
    async fn where_there_is_no_room_the_largest_and_every_proof_of_another_history_stay() {
        let ledger = logs::ledger(&["a", "b", "c"]);
        let beginning = logs::ledger(&["a", "b"]).head().note.unwrap();
        keep(&ledger, "south", beginning).await;
        keep(&ledger, "south", note(3, 9)).await;
        keep(&ledger, "south", note(9000, 1)).await;
        for size in 100..140 {
            keep(&ledger, "south", note(size, 1)).await;
        }
        keep(&ledger, "south", note(1, 9)).await;
        let kept = sizes(&ledger);
        assert_eq!(kept.len(), AGAINST_MAX, "{kept:?}");
        assert_eq!((kept[0], kept[1], kept[15]), (1, 3, 9000), "{kept:?}");
        assert!(
            kept[2..15].iter().eq(&(127..140).collect::<Vec<u64>>()),
            "{kept:?}"
        );
        for root in 20..60 {
            keep(&ledger, "south", note(2, root)).await;
        }
        keep(&ledger, "south", note(9001, 1)).await;
        let kept = sizes(&ledger);
        assert_eq!((kept.len(), kept[15]), (AGAINST_MAX, 9001), "{kept:?}");
    }
}
