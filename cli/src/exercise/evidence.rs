//! The evidence of an exercise: every log exported, every public trust folder, scenario and codebook, in one folder that
//! needs nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use hotline_audit::{TrustPolicy, compare::Log};
use hotline_client::seal::SealSecret;
use hotline_exercise::{
    bundle::{CODEBOOK, EXCON, Evidence, LOGS, OPENINGS, SCENARIO, TRUST, write_manifest},
    codebook::shipped,
    live::site::{DeskPlace, Site},
    scenario::Scenario,
};

use super::{failed, handed};
use crate::{
    exit::Failure,
    log::{export::export, openings, read},
    pki::{
        excon::{DOMAIN, Excon},
        layout,
    },
};

/// Name of the folder in an exercise's folder.
pub const FOLDER: &str = "evidence";

/// Gathers it in a new folder. Nothing may run any more.
///
/// # Errors
/// If a log cannot be exported or a file cannot be written.
pub fn gather(site: &Site, excon: &Excon, scenario: &Scenario, folder: &Path) -> Result<(), Failure> {
    gather_with(site, excon, scenario, &[], folder)
}

/// The same, where the logs of some desks came from elsewhere and lie in the folder already, or are missing.
///
/// # Errors
/// As [`gather`].
pub fn gather_with(
    site: &Site,
    excon: &Excon,
    scenario: &Scenario,
    elsewhere: &[String],
    folder: &Path,
) -> Result<(), Failure> {
    let logs = folder.join(LOGS);
    for relay in site.relays() {
        export_signed(&relay.ledger, &logs.join(format!("relay-{}", relay.name)))?;
    }
    for (_, desk) in site.desks().filter(|(_, desk)| !elsewhere.contains(&desk.name)) {
        for place in std::iter::once(desk).chain(desk.backup.as_deref()) {
            export_signed(&place.ledger, &logs.join(log_name(place)))?;
            if place.ledger.exists() {
                openings::export(&place.ledger, &folder.join(OPENINGS))?;
            }
        }
    }
    if !elsewhere.is_empty() {
        open_with_escrows(site, folder)?;
    }
    export(&excon.ledger(), &logs.join(EXCON))?;
    beside_logs(site, excon, scenario, folder)
}

/// Opens what relays carried with the escrows of both sides, which lie in the exercise's folder: desks that are elsewhere
/// hand over logs and no openings. What does not open as it must has none, and the report goes without its words.
fn open_with_escrows(site: &Site, folder: &Path) -> Result<(), Failure> {
    let to = folder.join(OPENINGS);
    for side in &site.sides {
        let Some(domain) = side.trust.parent() else {
            continue;
        };
        let file = domain
            .join("escrow")
            .join(layout::ESCROW)
            .join(layout::ESCROW_KEY);
        if !file.exists() {
            continue;
        }
        let secret = SealSecret::load(&file).map_err(|error| failed(&error))?;
        for relay in site.relays().filter(|relay| relay.ledger.exists()) {
            openings::open(
                &read::Source::open(&relay.ledger)?,
                (&secret, &BTreeSet::new()),
                &to,
            )?;
        }
    }
    Ok(())
}

/// Exports the log of a relay or desk, if anything was signed in it: a backup that was never used has none, nor has who never
/// ran. The report says whose log is missing.
fn export_signed(ledger: &Path, to: &Path) -> Result<(), Failure> {
    if !ledger.exists() || read::ledger(ledger)?.head().note.is_none() {
        return Ok(());
    }
    export(ledger, to).map(drop)
}

/// The same of logs that are at hand.
///
/// # Errors
/// If a log is not whole, or a file cannot be written.
pub fn gather_logs(
    site: &Site,
    excon: &Excon,
    scenario: &Scenario,
    logs: &BTreeMap<String, Log>,
    folder: &Path,
) -> Result<(), Failure> {
    for (name, log) in logs {
        handed::write_one(log, &folder.join(LOGS).join(name))?;
    }
    beside_logs(site, excon, scenario, folder)
}

/// What evidence holds beside logs, and its manifest.
fn beside_logs(site: &Site, excon: &Excon, scenario: &Scenario, folder: &Path) -> Result<(), Failure> {
    let failed_at = |error: io::Error| Failure::io(&folder.display().to_string(), &error);
    let trust = folder.join(TRUST);
    for side in &site.sides {
        copy_trust(&side.trust.join(&side.domain), &trust.join(&side.domain)).map_err(failed_at)?;
    }
    copy_trust(&excon.trust.join(DOMAIN), &trust.join(DOMAIN)).map_err(failed_at)?;
    fs::write(folder.join(SCENARIO), &scenario.source.text).map_err(failed_at)?;
    fs::write(folder.join(CODEBOOK), shipped::STARTER).map_err(failed_at)?;
    dispute(site, scenario, folder)?;
    write_manifest(folder).map_err(|error| failed(&error))?;
    Ok(())
}

/// What the sides hand in, where a message of the scenario is disputed. Made of the logs that lie there already, which stay.
fn dispute(site: &Site, scenario: &Scenario, folder: &Path) -> Result<(), Failure> {
    if !scenario.has_dispute() {
        return Ok(());
    }
    let failed_at = |error: io::Error| Failure::io(&folder.display().to_string(), &error);
    let mut logs = BTreeMap::new();
    for entry in fs::read_dir(folder.join(LOGS)).map_err(failed_at)? {
        let entry = entry.map_err(failed_at)?;
        let log = Log::read(&entry.path()).map_err(|error| failed(&error))?;
        logs.insert(entry.file_name().to_string_lossy().into_owned(), log);
    }
    let trust = TrustPolicy::load_folder(&folder.join(TRUST)).map_err(|error| failed(&error))?;
    let evidence = Evidence::of(&scenario.source.text, shipped::STARTER, trust, logs);
    let copies = handed::copies(&evidence.map_err(|error| failed(&error))?, site);
    handed::write(&copies, folder)
}

/// The folder of a desk's log: `desk-A`, and `desk-A-backup` of its backup, whoever of the two is in use.
fn log_name(desk: &DeskPlace) -> String {
    let backup = desk.identity.ends_with("-backup");
    format!("desk-{}{}", desk.name, if backup { "-backup" } else { "" })
}

/// Exports control's log anew into evidence that was gathered before, where records were added behind ENDEX.
///
/// # Errors
/// As [`gather`]; what is there is only replaced by what is whole.
pub fn renew_control(excon: &Excon, folder: &Path) -> Result<(), Failure> {
    let failed_at = |error: io::Error| Failure::io(&folder.display().to_string(), &error);
    let place = folder.join(LOGS).join(EXCON);
    let [aside, old] = ["excon.new", "excon.old"].map(|name| folder.with_file_name(name));
    for left in [&aside, &old] {
        if left.exists() {
            fs::remove_dir_all(left).map_err(failed_at)?;
        }
    }
    export(&excon.ledger(), &aside)?;
    // A verb that was killed in the middle has left none in its place.
    let moved = match place.exists() {
        true => fs::rename(&place, &old).and_then(|()| fs::rename(&aside, &place)),
        false => fs::rename(&aside, &place),
    };
    moved.map_err(failed_at)?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(failed_at)?;
    }
    write_manifest(folder).map_err(|error| failed(&error))?;
    Ok(())
}

/// What a verifier reads of a trust folder: the root, the roster, and where there is one the list of ended identities.
const TRUST_FILES: [&str; 3] = ["root.pub", "roster", "deny"];

/// Copies a trust folder as far as a verifier reads it. Certificates, charters and the side's addresses stay behind:
/// whoever is handed evidence has no use for them.
fn copy_trust(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for name in TRUST_FILES {
        let file = from.join(name);
        match fs::symlink_metadata(&file) {
            Ok(found) if found.is_file() => {
                fs::copy(&file, to.join(name))?;
            }
            Ok(_) => return Err(io::Error::other(format!("{name} is no plain file"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && name == "deny" => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn evidence_holds_of_a_trust_folder_what_a_verifier_reads_and_no_address() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["root.pub", "roster", "side.toml", "ca.crt", "crl.pem"] {
            fs::write(from.path().join(name), name).unwrap();
        }
        fs::create_dir_all(from.path().join("charter/MINISTER")).unwrap();
        let copied = || {
            let names = fs::read_dir(to.path()).unwrap();
            let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        copy_trust(from.path(), to.path()).unwrap();
        assert_eq!(copied(), ["root.pub", "roster"]);
        fs::write(from.path().join("deny"), "deny").unwrap();
        copy_trust(from.path(), to.path()).unwrap();
        assert_eq!(copied(), ["deny", "root.pub", "roster"]);
        fs::remove_file(from.path().join("roster")).unwrap();
        assert!(copy_trust(from.path(), to.path()).is_err());
    }
}
