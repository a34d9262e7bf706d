//! Relays that this desk has found to sign two histories.

use std::{collections::BTreeMap, path::Path};

use hotline_audit::{Checkpoint, LogVerifier, trust::TrustPolicy};
use hotline_client::memory::{self, fault::Fault};
use hotline_ledger::Inspector;

use super::{finding::Findings, settings::Patient};
use crate::exit;

/// Proofs that are looked at: all that a desk keeps of 16 relays, more than a line has.
const LOOKED_AT_MAX: usize = 16 * memory::fault::FAULTS_MAX;

/// Names each relay against which two notes are kept here.
pub(super) fn examine(patient: &Patient, findings: &mut Findings) {
    let (Ok(ledger), Ok(trust)) = (
        Inspector::open(&patient.ledger),
        TrustPolicy::load_folder(&patient.trust),
    ) else {
        // Said by the lines about both.
        return;
    };
    let Ok(kept) = ledger.records(memory::FAULT, &[], None, LOOKED_AT_MAX) else {
        return;
    };
    let folder = patient.file.parent().unwrap_or(Path::new("."));
    let run = format!("hotline log bundle --from {} --out FILE", folder.display());
    for (origin, proofs) in by_log(&kept) {
        let (what, bad, fact) = told(&origin, &proofs, &trust);
        match bad {
            true => findings.fail(exit::LOG, what, fact, run.clone()),
            false => findings.warn(what, fact, run.clone()),
        }
    }
}

/// The proofs that there are, by the log that they are about.
fn by_log(kept: &[(Vec<u8>, Vec<u8>)]) -> BTreeMap<String, Vec<Fault>> {
    let mut by_log: BTreeMap<String, Vec<Fault>> = BTreeMap::new();
    for proof in kept.iter().filter_map(|(key, value)| Fault::read(key, value)) {
        let [note, _] = &proof.notes;
        if let Ok(head) = Checkpoint::danger_parse_unverified(note) {
            by_log.entry(head.origin).or_default().push(proof);
        }
    }
    by_log
}

/// What it is about, whether it is a fork of the key that the log is signed with now, and what was found.
fn told(origin: &str, proofs: &[Fault], trust: &TrustPolicy) -> (String, bool, String) {
    let keys = trust.rosters().log_keys(origin).into_iter();
    let keys: Vec<LogVerifier> = keys
        .filter(|entry| entry.revoked.is_none())
        .filter_map(|entry| LogVerifier::new(origin, entry.key).ok())
        .collect();
    let fork = proofs
        .iter()
        .find_map(|proof| keys.iter().find_map(|key| proof.fork(key)));
    let first = proofs.iter().map(|proof| proof.found).min();
    let since = first.map_or_else(String::new, |first| format!(", found {}", first.rfc3339()));
    let name = proofs.first().map_or(origin, |proof| proof.relay.as_str());
    let fact = match &fork {
        Some(fork) => format!("{fork}{since}; its word counts for nothing until its log has a new key"),
        None => format!(
            "{} pairs of its checkpoints are kept{since}: the one is not shown to extend the other, or an old key signed both",
            proofs.len()
        ),
    };
    (format!("history {name}"), fork.is_some(), fact)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use hotline_audit::{Enrolment, Hash, LogSigner, Purpose, RosterBuilder, SigningKey, trust::root_line};
    use hotline_core::time::WallTime;

    use super::*;

    const ORIGIN: &str = "exercise.borenia.example/relay/south";

    fn note(seed: u8, size: u64, root: u8) -> Vec<u8> {
        let signer = LogSigner::new(ORIGIN, SigningKey::from_seed(&[seed; 32])).unwrap();
        signer.checkpoint(size, Hash([root; 32])).sign(&signer)
    }

    /// South's log key is that of seed 7.
    fn trust(folder: &Path) -> TrustPolicy {
        let (domain, root) = ("exercise.borenia.example", SigningKey::from_seed(&[1; 32]));
        let text = root_line(domain, &root.public());
        let mut builder = RosterBuilder::new(domain, root).unwrap();
        let enrolment = Enrolment {
            purpose: Purpose::Log,
            subject: format!("spiffe://{ORIGIN}"),
            roles: Vec::new(),
            public_key: SigningKey::from_seed(&[7; 32]).public(),
            not_before_ms: 1,
            not_after_ms: u64::MAX,
        };
        builder.enrol(enrolment).unwrap();
        let folder = folder.join(domain);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("root.pub"), text).unwrap();
        std::fs::write(folder.join("roster"), builder.finish().to_text()).unwrap();
        TrustPolicy::load_folder(folder.parent().unwrap()).unwrap()
    }

    fn proof(notes: [Vec<u8>; 2]) -> Fault {
        Fault {
            relay: "south".parse().unwrap(),
            found: WallTime::from_unix_ms(1_795_000_000_000),
            notes,
        }
    }

    #[test]
    fn a_fork_that_is_kept_is_named_as_a_failure_and_one_of_an_old_key_or_of_two_sizes_as_a_warning() {
        let place = tempfile::tempdir().unwrap();
        let trust = trust(place.path());
        let told = |notes| told(ORIGIN, &[proof(notes)], &trust);
        let (what, bad, fact) = told([note(7, 17, 1), note(7, 17, 2)]);
        assert_eq!((what.as_str(), bad), ("history south", true));
        assert!(
            fact.contains("FORK") && fact.contains("size 17") && fact.contains("found 2026-"),
            "{fact}"
        );
        assert!(!told([note(8, 17, 1), note(8, 17, 2)]).1, "an old key");
        assert!(!told([note(7, 17, 1), note(7, 19, 2)]).1, "two sizes");
    }
}
