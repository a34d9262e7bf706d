//! The evidence of an exercise: every log exported, every public trust folder, scenario and codebook, in one folder that
//! needs nothing else.

use std::{fs, io, path::Path};

use hotline_exercise::{
    bundle::{CODEBOOK, EXCON, LOGS, SCENARIO, TRUST, write_manifest},
    codebook::shipped,
    live::site::Site,
    scenario::Scenario,
};

use super::failed;
use crate::{
    exit::Failure,
    log::export::export,
    pki::excon::{DOMAIN, Excon},
};

/// Name of the folder in an exercise's folder.
pub const FOLDER: &str = "evidence";

/// Gathers it in a new folder. Nothing may run any more.
///
/// # Errors
/// If a log cannot be exported or a file cannot be written.
pub fn gather(site: &Site, excon: &Excon, scenario: &Scenario, folder: &Path) -> Result<(), Failure> {
    let failed_at = |error: io::Error| Failure::io(&folder.display().to_string(), &error);
    let logs = folder.join(LOGS);
    for relay in site.relays() {
        export(&relay.ledger, &logs.join(format!("relay-{}", relay.name)))?;
    }
    for (_, desk) in site.desks() {
        export(&desk.ledger, &logs.join(format!("desk-{}", desk.name)))?;
    }
    export(&excon.ledger(), &logs.join(EXCON))?;
    let trust = folder.join(TRUST);
    for side in &site.sides {
        copy(&side.trust.join(&side.domain), &trust.join(&side.domain)).map_err(failed_at)?;
    }
    copy(&excon.trust.join(DOMAIN), &trust.join(DOMAIN)).map_err(failed_at)?;
    fs::write(folder.join(SCENARIO), &scenario.source.text).map_err(failed_at)?;
    fs::write(folder.join(CODEBOOK), shipped::STARTER).map_err(failed_at)?;
    write_manifest(folder).map_err(|error| failed(&error))?;
    Ok(())
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

/// Copies a folder of plain files and folders. What is neither is left out.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, there) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &there)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), there)?;
        }
    }
    Ok(())
}
