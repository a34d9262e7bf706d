//! Keys for sealing: this desk's own and its side's escrows. One that ends is followed in time, because nothing is sent
//! where there was one and is none.

use hotline_audit::{key::SealKeyEntry, trust::TrustPolicy};
use hotline_client::{config::DeskConfig, seal::SealSecret};
use hotline_core::time::WallTime;

use super::{certificates, finding::Findings, settings::Patient};
use crate::{exit, pki::certificate::Validity};

/// What the rosters say of the keys, and whether the files hold this desk's.
pub(super) fn keys(patient: &Patient, desk: &DeskConfig, now: WallTime, findings: &mut Findings) {
    // That trust cannot be read is told with the lists.
    let Ok(policy) = TrustPolicy::load_folder(&patient.trust) else {
        return;
    };
    let rosters = policy.rosters();
    let (me, domain) = (patient.identity.to_string(), patient.identity.domain().as_str());
    let rotate = |holder: &str| format!("hotline pki rotate --seal {}/{holder}", patient.domain_folder());
    let own = rotate(&format!("desk/{}", patient.identity.name()));
    match rosters.seal_key(&me, now.unix_ms()) {
        Some(entry) => {
            certificates::left("key for sealing", validity(entry), now, &own, findings);
            held(desk, entry, &own, findings);
        }
        None => {
            let mut ever = rosters
                .rosters()
                .flat_map(hotline_audit::Roster::seal_keys)
                .filter(|entry| entry.statement.subject == me);
            match ever.next() {
                Some(_) => findings.fail(
                    exit::IDENTITY,
                    "key for sealing",
                    "no key of this desk in the roster is valid: nothing can be sent",
                    own,
                ),
                None => findings.warn(
                    "key for sealing",
                    "this desk has none: what it sends and receives goes in the clear, or not at all",
                    own,
                ),
            }
        }
    }
    for escrow in rosters.escrows(domain, now.unix_ms()) {
        let name = escrow.statement.subject.rsplit('/').next().unwrap_or_default();
        let what = format!("key of escrow {name}");
        let run = rotate(&format!("escrow/{name}"));
        certificates::left(&what, validity(escrow), now, &run, findings);
    }
}

/// Whether the files hold the key that others seal to.
fn held(desk: &DeskConfig, entry: &SealKeyEntry, run: &str, findings: &mut Findings) {
    let what = "key seal_key";
    let Some(file) = &desk.seal_key else {
        let fact = "the roster names a key for sealing, and desk.toml no file: nothing can be opened";
        return findings.fail(
            exit::IDENTITY,
            what,
            fact,
            "write seal_key = \"seal.key\" into desk.toml",
        );
    };
    match SealSecret::load_all(file) {
        Err(error) => {
            let fix = format!("chmod 600 {}", file.display());
            findings.fail(exit::IDENTITY, what, error.to_string(), fix);
        }
        Ok(keys)
            if keys
                .iter()
                .any(|key| *key.public() == *entry.statement.public_key) =>
        {
            let fact = format!(
                "its owner's alone, and the one of the roster; {} in all",
                keys.len()
            );
            findings.ok(what, fact, format!("hotline pki inspect {}", file.display()));
        }
        Ok(_) => {
            let fact = "the files hold another key than the roster names: nothing can be opened";
            findings.fail(exit::IDENTITY, what, fact, run);
        }
    }
}

fn validity(entry: &SealKeyEntry) -> Validity {
    Validity {
        not_before_ms: entry.statement.not_before_ms,
        not_after_ms: entry.statement.not_after_ms,
    }
}
