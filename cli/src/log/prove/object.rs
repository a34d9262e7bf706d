//! What `hotline log prove --json` prints. Fields are only added.

use std::path::PathBuf;

use hotline_audit::Hash;
use serde::Serialize;

use super::Proofs;
use crate::log::{read::Source, trust::Trust};

/// The object.
#[derive(Debug, Serialize)]
pub(super) struct Object {
    passed: bool,
    verdict: Option<&'static str>,
    size: u64,
    first_bad_index: Option<u64>,
    what: String,
    name: String,
    index: u64,
    sha256: Hash,
    statement: String,
    checked_against_trust: bool,
    proofs: Vec<ProofObject>,
}

/// One proof.
#[derive(Debug, Serialize)]
struct ProofObject {
    origin: String,
    relay: Option<String>,
    index: u64,
    passed: bool,
    fault: Option<String>,
    proof: String,
    file: Option<String>,
}

impl Object {
    pub(super) fn of(proved: &Proofs, log: &Source, trust: Option<&Trust>, files: &[PathBuf]) -> Self {
        let file = |place: usize| files.get(place).map(|file| file.display().to_string());
        let proofs = proved.proofs.iter().zip(1..).map(|(proof, place)| ProofObject {
            origin: proof.origin.clone(),
            relay: proof.relay.clone(),
            index: proof.proof.index,
            passed: proof.fault.is_none(),
            fault: proof.fault.clone(),
            proof: String::from_utf8_lossy(&proof.proof.encode()).into_owned(),
            file: file(place),
        });
        let bad = proved.proofs.iter().find_map(|proof| proof.fault.clone());
        Self {
            passed: proved.hold(),
            // A proof is no verdict about a log.
            verdict: None,
            size: log.size(),
            first_bad_index: bad.is_some().then_some(proved.statement.index),
            what: bad.unwrap_or_else(|| proved.in_words()),
            name: proved.statement.called.clone(),
            index: proved.statement.index,
            sha256: Hash::of(&proved.statement.bytes),
            statement: data_encoding::BASE64.encode(&proved.statement.bytes),
            checked_against_trust: trust.is_some(),
            proofs: proofs.collect(),
        }
    }
}
