//! `relay succeed`: a new log that follows one whose key may sign no more.
//!
//! The new relay has an identity and keys of its own, and an empty ledger. Its first leaf is a signed statement
//! (`log-link.v1`) that names the old log, the newest checkpoint of it that is known, and why. The old key is revoked in the
//! roster; the old ledger stays as it is, for it is evidence.

use std::collections::BTreeSet;

use hotline_audit::{Checkpoint, LogVerifier, PayloadType, note::Note, statement::LogLink};
use hotline_core::{identity::Identity, leg::Lane};
use hotline_ledger::{Batch, Inspector, Restored};
use hotline_transport::Seams;

use crate::{
    anchor::{Cosigner, log_keys},
    config::RelayConfig,
    recover::Asking,
    relog,
    run::{self, Believed, StartError},
};

/// Most bytes of the reason. 1 KiB: a paragraph.
const REASON_MAX: usize = 1024;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succeeded {
    /// The new relay.
    pub relay: Identity,
    /// Origin of the log that it follows.
    pub old_origin: String,
    /// Leaves of the newest checkpoint of that log that is known; none if none is.
    pub old_size: Option<u64>,
}

/// Why a log does not follow another.
#[derive(Debug, thiserror::Error)]
pub enum SucceedError {
    /// What a start would refuse too.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The same log.
    #[error(
        "{0} cannot follow itself: issue another relay with hotline pki issue relay, and name its settings"
    )]
    Same(Identity),
    /// Of another side.
    #[error("{new} is no relay of the side of {old}")]
    OtherSide {
        /// The new one.
        new: Identity,
        /// The old one.
        old: Identity,
    },
    /// The new log is none.
    #[error("the log of {relay} has {size} leaves already; what it follows must be its first")]
    NotEmpty {
        /// The new relay.
        relay: Identity,
        /// Its leaves.
        size: u64,
    },
    /// Nobody would believe it.
    #[error(
        "no roster that this relay believes knows its log key: hand the roster to its trust folder first"
    )]
    NoKey,
    /// The reason.
    #[error("a reason is 1 to {REASON_MAX} bytes long")]
    Reason,
    /// The ledger.
    #[error("the ledger does not take it: {0}")]
    Ledger(String),
}

/// Writes the first leaf of the log of `new`, which follows that of `old`.
///
/// # Errors
/// [`SucceedError`]; nothing was written.
pub async fn succeed(
    new: &RelayConfig,
    old: &RelayConfig,
    reason: &str,
    seams: &Seams,
) -> Result<Succeeded, SucceedError> {
    if new.identity == old.identity {
        return Err(SucceedError::Same(new.identity.clone()));
    }
    if new.identity.domain() != old.identity.domain() {
        return Err(SucceedError::OtherSide {
            new: new.identity.clone(),
            old: old.identity.clone(),
        });
    }
    if reason.is_empty() || reason.len() > REASON_MAX {
        return Err(SucceedError::Reason);
    }
    let believed = Believed::read(new, &|_, _| std::collections::BTreeSet::new())?;
    let pen = run::pen_of(new, &believed.rosters)?.ok_or(SucceedError::NoKey)?;
    let old_note = newest_note(new, old, &believed, seams).await?;
    let (ledger, _) = run::open_for(new, seams, Restored::ReadOnly)?;
    let size = ledger.head().size;
    if size > 0 {
        let relay = new.identity.clone();
        return Err(SucceedError::NotEmpty { relay, size });
    }
    let claimed_time_ms = seams.clock.wall().unix_ms();
    let note = old_note
        .as_ref()
        .map(|(_, note)| note.clone())
        .unwrap_or_default();
    let link = LogLink {
        relay: pen.relay().to_owned(),
        key_statement: pen.key_statement(),
        old_origin: old.identity.origin(),
        old_note: note,
        reason: reason.to_owned(),
        claimed_time_ms,
    };
    let signed = pen
        .sign_record(PayloadType::LogLink, &link.encode())
        .ok_or(SucceedError::NoKey)?;
    relog::own(&signed, &believed.rosters, claimed_time_ms)
        .map_err(|error| SucceedError::Ledger(error.to_string()))?;
    let entry = relog::entry(&signed.into_bytes(), &new.identity)
        .map_err(|error| SucceedError::Ledger(error.to_string()))?;
    let committed = ledger.commit(Batch::of(Lane::Control, vec![entry])).await;
    committed.map_err(|error| SucceedError::Ledger(error.to_string()))?;
    Ok(Succeeded {
        relay: new.identity.clone(),
        old_origin: old.identity.origin(),
        old_size: old_note.map(|(size, _)| size),
    })
}

/// The newest checkpoint of the old log that its own ledger or anybody else holds, under its own signature.
async fn newest_note(
    new: &RelayConfig,
    old: &RelayConfig,
    believed: &Believed,
    seams: &Seams,
) -> Result<Option<(u64, Vec<u8>)>, SucceedError> {
    let origin = old.identity.origin();
    let keys = log_keys(&old.identity, &believed.rosters);
    let own = Inspector::open(&old.ledger)
        .ok()
        .and_then(|inspector| inspector.head().note.clone())
        .and_then(|note| {
            let shown = keys
                .iter()
                .find_map(|key| Checkpoint::parse_and_verify(&note, key).ok())?;
            Some((shown.size, note))
        });
    let cosigners = run::whom(new, &believed.rosters, seams)?;
    let theirs = match Asking::new(new, seams) {
        Ok(asking) => asking.about(&origin, keys.clone()).newest_note().await,
        Err(_) => None,
    };
    let newest = [own, theirs].into_iter().flatten().max_by_key(|(size, _)| *size);
    Ok(newest.and_then(|(size, note)| Some((size, known_lines(&note, &keys, &cosigners)?))))
}

/// A note with the lines that the log's own keys and these cosigners have made, and no others: whoever showed it could put
/// any number of lines beneath it, and it becomes a leaf.
fn known_lines(note: &[u8], own: &[LogVerifier], cosigners: &[Cosigner]) -> Option<Vec<u8>> {
    let mut note = Note::parse(note).ok()?;
    let text = note.text.clone();
    let mut keys = BTreeSet::new();
    note.signatures.retain(|line| {
        let single = Note {
            text: text.clone(),
            signatures: vec![line.clone()],
        };
        let by_log = own.iter().any(|key| single.verify(key.verifier_key()).is_ok());
        let by_cosigner = cosigners.iter().any(|of| {
            let keys = [Some(&of.witness), of.mirror.as_ref()];
            keys.into_iter()
                .flatten()
                .any(|key| key.time_of(&text, line).is_some())
        });
        // A cosigner may cosign as often as it likes; one line of each is enough.
        (by_log || by_cosigner) && keys.insert((line.name.clone(), line.key_id))
    });
    (!note.signatures.is_empty()).then(|| note.encode())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{CosignSigner, CosignerName, Hash, LogSigner, SigningKey, note::NoteSignature};

    use super::*;
    use crate::anchor::Via;

    #[test]
    fn of_an_old_note_only_lines_of_the_log_and_of_known_cosigners_are_kept() {
        let origin = "exercise.avelia.example/relay/north";
        let log = LogSigner::new(origin, SigningKey::from_seed(&[1; 32])).unwrap();
        let name = CosignerName::witness("exercise.borenia.example/relay/south").unwrap();
        let witness = CosignSigner::new(name, SigningKey::from_seed(&[2; 32]));
        let mut note = Note::parse(&log.checkpoint(3, Hash([3; 32])).sign(&log)).unwrap();
        note.signatures.push(witness.cosign(&note.text, 7));
        let good = note.encode();
        note.signatures.push(witness.cosign(&note.text, 8));
        note.signatures.extend((0..12u32).map(|n| NoteSignature {
            name: format!("stranger{n}"),
            key_id: n.to_be_bytes(),
            signature: vec![0; 72],
        }));
        let cosigner = Cosigner {
            via: Via::Http {
                address: "127.0.0.1:1".parse().unwrap(),
                prefix: String::new(),
            },
            witness: witness.verifier(),
            mirror: None,
        };
        assert_eq!(
            known_lines(&note.encode(), &[log.verifier()], &[cosigner]),
            Some(good)
        );
    }
}
