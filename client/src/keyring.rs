//! The officers' keys of a seat: found by the officer's name, read, and matched with the roster.

use std::path::PathBuf;

use hotline_core::identity::{Identity, Role};

use crate::{
    compose::Officer,
    config::DeskConfig,
    sealed::{SealedKeyError, Unlocking, load_officer_key},
    side::Directory,
};

/// The officer's key file in the officer's folder.
pub const KEY_FILE: &str = "officer.key";

/// Why an officer cannot sign here.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// No officer can have this name.
    #[error("\"{name}\" is no officer's name: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: String,
    },
    /// The key file.
    #[error(transparent)]
    Key(#[from] SealedKeyError),
    /// The roster has no key like it.
    #[error("the roster has no usable key of {identity} that fits {}", .file.display())]
    NotEnrolled {
        /// Who.
        identity: String,
        /// The key file.
        file: PathBuf,
    },
}

/// Reads the key of an officer of this seat.
///
/// # Errors
/// [`KeyringError`].
pub fn officer(
    config: &DeskConfig,
    directory: &Directory,
    name: &str,
    unlocking: Option<&Unlocking<'_>>,
) -> Result<Officer, KeyringError> {
    let domain = config.identity.domain().clone();
    let identity = Identity::new(domain, Role::Officer, name).map_err(|error| KeyringError::Name {
        name: name.to_owned(),
        why: error.to_string(),
    })?;
    let file = config.officers.join(name).join(KEY_FILE);
    let key = load_officer_key(&file, unlocking)?;
    let identity = identity.to_string();
    match directory.officer_key_statement(&identity, &key.public()) {
        Some(key_statement) => Ok(Officer {
            identity,
            key_statement,
            key,
        }),
        None => Err(KeyringError::NotEnrolled { identity, file }),
    }
}
