//! `pki rotate`: a new key for a desk's statements, beside the old one, for a change of keys that both sides sign.
//!
//! The new key is enrolled and lies in `statement.next.key`; nothing signs with it until `hotline channel rekey` of both
//! sides says so, and the old one counts until the time named there. `--finish` puts it in the old one's place, once the
//! desk signs with it, and keeps the old one beside it.
//!
//! `--seal` makes and enrols a new key for sealing, of a desk or an escrow. The old one stays beside it, because others seal
//! to it until they have the new roster, and because it opens what was sealed to it. Nobody has to agree.

use std::fs;
use std::path::{Path, PathBuf};

use hotline_audit::{Hash, Purpose};
use hotline_client::seal::{OLD_MAX, old_key};
use hotline_core::identity::{Identity, Role};
use hotline_core::time::WallTime;
use zeroize::Zeroizing;

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
        /// Where the old one is kept.
        old: PathBuf,
    },
    /// A new key for sealing was made and enrolled.
    Seals {
        /// Whose it is.
        identity: Identity,
        /// Its file.
        file: PathBuf,
        /// Where the one before it is kept, if there was one.
        old: Option<PathBuf>,
        /// Hash of its roster entry.
        key_statement: Hash,
    },
}

/// Makes and enrols a new key for sealing of the desk or escrow in this folder, e.g. `DIR/DOMAIN/desk/ops`. A key that ends
/// soon is followed by it: nothing is ever sealed to a key that has ended.
///
/// # Errors
/// If that is the folder of neither, its holder is revoked, the books cannot be used, or too many old keys lie there.
pub fn seal(path: &Path, now: WallTime, entropy: &mut dyn FnMut(&mut [u8])) -> Result<Rotated, PkiError> {
    let (folder, identity) = find(path)?;
    let name = match identity.role() {
        Role::Desk => layout::SEAL_KEY,
        Role::Escrow => layout::ESCROW_KEY,
        _ => {
            return Err(PkiError::Usage {
                why: format!("nothing is sealed to {identity}: only desks and escrows have such keys"),
            });
        }
    };
    let file = folder.of(&identity).join(name);
    let mut shop = Workshop::open(&folder, now, entropy)?;
    if shop.is_gone(&identity) {
        return Err(PkiError::Revoked {
            identity: identity.to_string(),
        });
    }
    // Files first, the roster last: an enrolled key that its desk does not have would shut out whoever seals to it.
    let old = match file.exists() {
        true => Some(keep_old(&file)?),
        false => None,
    };
    let (text, public_key) = shop.new_seal_key()?;
    files::replace(&file, text.as_bytes(), Audience::Owner)?;
    let key_statement = shop.enrol_seal(&identity, public_key)?;
    shop.save(&folder)?;
    Ok(Rotated::Seals {
        identity,
        file,
        old,
        key_statement,
    })
}

/// Copies a key to the next place for old ones.
fn keep_old(file: &Path) -> Result<PathBuf, PkiError> {
    let mut places = (1..=OLD_MAX).map(|number| old_key(file, number));
    let place = places
        .find(|place| !place.exists())
        .ok_or_else(|| PkiError::Usage {
            why: format!("{OLD_MAX} old keys lie beside {}: move some away", file.display()),
        })?;
    let text = Zeroizing::new(files::read_secret(file)?);
    files::write_new(&place, text.as_bytes(), Audience::Owner)?;
    Ok(place)
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

/// Puts the new key in the old one's place, and keeps the old one: whether both sides have agreed is known to the desk and
/// not here, and a desk that has only a key which does not count yet could say nothing.
///
/// # Errors
/// If that is no desk's folder, no new key lies there, or too many old ones do.
pub fn finish(path: &Path) -> Result<Rotated, PkiError> {
    let (folder, identity) = find(path)?;
    let place = desk_folder(&folder.of(&identity), &identity)?;
    let (next, file) = (
        place.join(layout::NEXT_STATEMENT_KEY),
        place.join(layout::STATEMENT_KEY),
    );
    if !next.exists() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(PkiError::file("moved", &next, missing));
    }
    let old = keep_old(&file)?;
    fs::rename(&next, &file).map_err(|source| PkiError::file("moved", &next, source))?;
    Ok(Rotated::Finished { identity, file, old })
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
