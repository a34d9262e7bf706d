//! `pki rotate`: a new key for a desk's statements, beside the old one, for a change of keys that both sides sign.
//!
//! The new key is enrolled and lies in `statement.next.key`; nothing signs with it until `hotline channel rekey` of both
//! sides says so, and the old one counts until the time named there. `--finish` puts it in the old one's place, once the
//! desk signs with it.

use std::fs;
use std::path::{Path, PathBuf};

use hotline_audit::{Hash, Purpose};
use hotline_core::identity::{Identity, Role};
use hotline_core::time::WallTime;

use super::error::PkiError;
use super::files::{self, Audience};
use super::renew::find;
use super::workshop::Workshop;
use super::{keys, layout};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// A new key was made and enrolled.
    Made {
        /// Whose it is.
        identity: Identity,
        /// Its file.
        file: PathBuf,
        /// Hash of its key statement: what `hotline channel rekey` announces.
        key_statement: Hash,
    },
    /// The new key took the old one's place.
    Finished {
        /// Whose it is.
        identity: Identity,
        /// Its file now.
        file: PathBuf,
    },
}

/// Makes and enrols a new statement key of the desk in the holder's folder, e.g. `DIR/DOMAIN/desk/ops`.
///
/// # Errors
/// If that is no desk's folder, the desk is revoked, the books cannot be used, or a new key lies there already.
pub fn rotate(path: &Path, now: WallTime, entropy: &mut dyn FnMut(&mut [u8])) -> Result<Rotated, PkiError> {
    let (folder, identity) = find(path)?;
    let place = desk_folder(&folder.of(&identity), &identity)?;
    let file = place.join(layout::NEXT_STATEMENT_KEY);
    if file.exists() {
        return Err(PkiError::Usage {
            why: format!(
                "{} lies there already: hotline pki rotate --finish puts it in the old key's place, once the desk signs with it",
                file.display()
            ),
        });
    }
    let mut shop = Workshop::open(&folder, now, entropy)?;
    if shop.is_gone(&identity) {
        return Err(PkiError::Revoked {
            identity: identity.to_string(),
        });
    }
    let (key, text) = keys::new_signing_key(shop.entropy);
    // The key first: an enrolled key that nobody has would be announced in vain.
    files::replace(&file, text.as_bytes(), Audience::Owner)?;
    let key_statement = shop.enrol(Purpose::Statement, &identity, &[], key.public())?;
    shop.save(&folder)?;
    Ok(Rotated::Made {
        identity,
        file,
        key_statement,
    })
}

/// Puts the new key in the old one's place.
///
/// # Errors
/// If that is no desk's folder, or no new key lies there.
pub fn finish(path: &Path) -> Result<Rotated, PkiError> {
    let (folder, identity) = find(path)?;
    let place = desk_folder(&folder.of(&identity), &identity)?;
    let (next, file) = (
        place.join(layout::NEXT_STATEMENT_KEY),
        place.join(layout::STATEMENT_KEY),
    );
    fs::rename(&next, &file).map_err(|source| PkiError::file("moved", &next, source))?;
    Ok(Rotated::Finished { identity, file })
}

fn desk_folder(place: &Path, identity: &Identity) -> Result<PathBuf, PkiError> {
    if identity.role() == Role::Desk {
        return Ok(place.to_owned());
    }
    Err(PkiError::Usage {
        why: format!(
            "{identity} is no desk: relays get a new log by hotline relay succeed, officers by hotline pki issue"
        ),
    })
}
