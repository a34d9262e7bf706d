//! The keyring: officers' keys of this seat, read in the verb's own process and never handed to the station.

use std::{fs, path::Path};

use hotline_client::{
    compose::Officer,
    config::DeskConfig,
    sealed::{Passphrase, SealedKeyError, Unlocking, load_officer_key},
    side::Directory,
};
use hotline_core::{
    identity::{Identity, Role},
    words::OfficerRole,
};
use hotline_transport::Seams;

use super::{Common, seat::Seat};
use crate::exit::{self, Failure};

/// The officer's key file in the officer's folder.
const KEY_FILE: &str = "officer.key";

/// Reads an officer's key: the one named, or the first of this seat with one of these roles.
///
/// # Errors
/// If there is none, or the key cannot be read.
pub fn officer(
    seat: &Seat,
    common: &Common,
    wanted: Option<&str>,
    roles: &[OfficerRole],
    other_than: Option<&str>,
) -> Result<Officer, Failure> {
    let name = match wanted {
        Some(name) => name.to_owned(),
        None => first_with(seat, roles, other_than)
            .ok_or_else(|| nobody(seat, roles, other_than).as_json(common.json))?,
    };
    named(&seat.config, &seat.directory, common, &name)
}

/// Reads the key of an officer by name, of a desk that need not be open.
///
/// # Errors
/// If there is none, or the key cannot be read.
pub fn named(
    config: &DeskConfig,
    directory: &Directory,
    common: &Common,
    name: &str,
) -> Result<Officer, Failure> {
    let identity = identity(config, name)?;
    let file = config.officers.join(name).join(KEY_FILE);
    let key = read(&file, common)?;
    let key_statement = directory
        .officer_key_statement(&identity.to_string(), &key.public())
        .ok_or_else(|| {
            let what = format!(
                "the roster has no usable key of {identity} that fits {}",
                file.display()
            );
            Failure::new(
                "HL-DESK-031",
                exit::IDENTITY,
                what,
                "hotline pki list shows who is enrolled",
            )
            .as_json(common.json)
        })?;
    Ok(Officer {
        identity: identity.to_string(),
        key_statement,
        key,
    })
}

fn identity(config: &DeskConfig, name: &str) -> Result<Identity, Failure> {
    Identity::new(config.identity.domain().clone(), Role::Officer, name).map_err(|error| {
        let what = format!("\"{name}\" is no officer's name: {error}");
        Failure::new(
            "HL-DESK-030",
            exit::USAGE,
            what,
            "name a folder of the seat's officers, e.g. okoye",
        )
    })
}

/// The officers whose folders lie at this seat, in the order of their names.
#[must_use]
pub fn names(seat: &Seat) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(&seat.config.officers)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join(KEY_FILE).is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The first officer of this seat, in the order of names, with one of these roles.
#[must_use]
pub fn first_with(seat: &Seat, roles: &[OfficerRole], other_than: Option<&str>) -> Option<String> {
    names(seat).into_iter().find(|name| {
        let Ok(identity) = identity(&seat.config, name) else {
            return false;
        };
        let identity = identity.to_string();
        let has = seat.roles_of(&identity);
        other_than != Some(identity.as_str()) && roles.iter().any(|role| has.contains(&role.to_wire()))
    })
}

fn nobody(seat: &Seat, roles: &[OfficerRole], other_than: Option<&str>) -> Failure {
    let roles: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    if let Some(first) = other_than {
        let first = first.rsplit('/').next().unwrap_or(first);
        let what = format!(
            "two officers sign this, and beside {first} no officer with the role {} has a key in {}",
            roles.join(" or "),
            seat.config.officers.display()
        );
        let help = "--precedence IMMEDIATE and below need one officer, answers to a FLASH too; or have a second officer join this seat";
        return Failure::new("HL-DESK-032", exit::IDENTITY, what, help);
    }
    let what = format!(
        "no officer with the role {} has a key in {}",
        roles.join(" or "),
        seat.config.officers.display()
    );
    Failure::new(
        "HL-DESK-032",
        exit::IDENTITY,
        what,
        "name one with --officer, or hotline pki issue officer",
    )
}

fn read(file: &Path, common: &Common) -> Result<hotline_audit::SigningKey, Failure> {
    let failed = |error: &SealedKeyError| {
        Failure::new(
            "HL-DESK-033",
            exit::IDENTITY,
            exit::chain(error),
            "hotline pki inspect FILE explains a key",
        )
        .as_json(common.json)
    };
    match load_officer_key(file, None) {
        Ok(key) => Ok(key),
        Err(SealedKeyError::PassphraseNeeded { .. }) => {
            let passphrase = passphrase(file, common)?;
            let unlocking = Unlocking::now(&passphrase, &Seams::system());
            load_officer_key(file, Some(&unlocking)).map_err(|error| failed(&error))
        }
        Err(error) => Err(failed(&error)),
    }
}

fn passphrase(file: &Path, common: &Common) -> Result<Passphrase, Failure> {
    let prompt = format!("passphrase of {}", file.display());
    crate::pki::passphrase::ask(&prompt, common.passphrase_file.as_deref()).map_err(|error| {
        Failure::new(
            "HL-DESK-034",
            exit::IDENTITY,
            error.to_string(),
            "name a file with --passphrase-file",
        )
        .as_json(common.json)
    })
}
