//! What makes a relay a witness: its keys, and the logs that it believes.

use std::{path::Path, sync::Arc};

use hotline_audit::{
    CosignSigner, CosignVerifier, CosignerName, LogVerifier, SigningKey,
    key::{Purpose, RosterSet, Subject, subject_of_origin},
};
use hotline_core::identity::Identity;
use hotline_ledger::Ledger;
use hotline_transport::{Seams, credentials};

use super::office::{KnownLogs, Office, OfficeParts};
use crate::{config::WitnessKeys, relay::Relay, run::StartError};

/// The witness of the relay with these keys; none where the rosters do not know the witness' key, for then nobody could
/// check its word.
pub(crate) fn office(
    identity: &Identity,
    keys: &WitnessKeys,
    rosters: &RosterSet,
    (ledger, seams): (&Ledger, &Seams),
) -> Result<Option<Office>, StartError> {
    let origin = identity.origin();
    let witness = signer(&keys.witness, CosignerName::witness(&origin))?;
    if !enrolled(identity, &witness.verifier(), Purpose::Witness, rosters) {
        tracing::warn!("no roster knows this relay's witness key: it cosigns nothing");
        return Ok(None);
    }
    let mirror = match &keys.mirror {
        None => None,
        Some(file) => Some(signer(file, CosignerName::mirror(&origin))?),
    };
    let mirror = mirror.filter(|mirror| {
        let known = enrolled(identity, &mirror.verifier(), Purpose::Mirror, rosters);
        if !known {
            tracing::warn!("no roster knows this relay's mirror key: it mirrors nothing");
        }
        known
    });
    let parts = OfficeParts {
        ledger: ledger.clone(),
        clock: Arc::clone(&seams.clock),
        spawner: seams.spawner.clone(),
        witness,
        mirror,
    };
    Office::open(parts)
        .map(Some)
        .map_err(|error| StartError::FirstWrite(error.to_string()))
}

/// What verifies the word of a relay as a witness, by its own key file.
pub(crate) fn witness_verifier(
    identity: &Identity,
    keys: &WitnessKeys,
) -> Result<CosignVerifier, StartError> {
    let signer = signer(&keys.witness, CosignerName::witness(&identity.origin()))?;
    Ok(signer.verifier())
}

pub(super) fn signer(
    file: &Path,
    name: Result<CosignerName, hotline_audit::note::NoteError>,
) -> Result<CosignSigner, StartError> {
    let unusable = |detail: String| StartError::Key {
        file: file.display().to_string(),
        detail,
    };
    let document = credentials::load_signing_key(file)?;
    let key = SigningKey::from_pkcs8(&document).map_err(|error| unusable(error.to_string()))?;
    let name = name.map_err(|error| unusable(error.to_string()))?;
    Ok(CosignSigner::new(name, key))
}

fn enrolled(identity: &Identity, verifier: &CosignVerifier, purpose: Purpose, rosters: &RosterSet) -> bool {
    let relay = identity.to_string();
    let mut keys = rosters
        .rosters()
        .flat_map(|roster| roster.keys_of(&relay, purpose));
    keys.any(|entry| entry.key == *verifier.key() && entry.revoked.is_none())
}

/// The relay as somebody who knows logs.
pub(crate) fn known(relay: &Arc<Relay>) -> Arc<dyn KnownLogs> {
    Arc::clone(relay) as Arc<dyn KnownLogs>
}

/// A relay witnesses and mirrors the logs of the other relays in the rosters that it believes.
impl KnownLogs for Relay {
    fn keys(&self, origin: &str) -> Vec<LogVerifier> {
        if !self.mirrored(origin) {
            return Vec::new();
        }
        self.rosters()
            .log_keys(origin)
            .into_iter()
            .filter(|entry| entry.check_not_revoked().is_ok())
            .filter_map(|entry| LogVerifier::new(origin, entry.key).ok())
            .collect()
    }

    fn sides_are_bounded(&self) -> bool {
        true
    }

    fn counts(&self, own: &CosignVerifier) -> bool {
        let rosters = self.rosters();
        let mut purposes = [Purpose::Witness, Purpose::Mirror].into_iter();
        purposes.any(|purpose| enrolled(&self.identity, own, purpose, &rosters))
    }

    fn mirrored(&self, origin: &str) -> bool {
        let subject = subject_of_origin(origin);
        origin != self.identity.origin()
            && Subject::parse(&subject).is_some_and(|subject| subject.role == "relay")
    }
}
