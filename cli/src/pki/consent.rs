//! `pki consent`: a releaser signs the charter anew.
//!
//! `init` signs it with the first declared RELEASER. When that officer's key ends or is revoked, the consent ends with
//! it, and another releaser's takes its place here; the next export carries it.

use std::path::Path;

use hotline_audit::{Purpose, SigningKey};
use hotline_client::sealed::{self, Passphrase};
use hotline_core::identity::Identity;
use hotline_core::time::WallTime;

use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::DomainFolder;
use super::{charter, declaration, layout};

/// Signs the terms of `channel` as `officer` (`officer/moreau`), in the domain's folder `dir`.
///
/// # Errors
/// If there is no such charter or officer, the key needs a passphrase, or the officer is no RELEASER with a good key.
pub fn consent(
    dir: &Path,
    channel: &str,
    officer: &str,
    passphrase: Option<&Passphrase>,
    now: WallTime,
) -> Result<Identity, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let _held = folder.hold()?;
    let identity = folder.holder(officer)?;
    if !declaration::is_channel(channel) {
        return Err(PkiError::Usage {
            why: format!("{channel:?} is no channel; one is called like MINISTER"),
        });
    }
    let place = folder.trust(folder.domain()).join(layout::CHARTER).join(channel);
    let terms = files::read(&place.join(layout::TERMS))?;
    let key = sealed::load_officer_key(&folder.of(&identity).join(layout::OFFICER_KEY), passphrase)?;
    let statement = signed(&folder, &identity, &key, &terms, now)?;
    let roster = folder.roster()?;
    charter::check_consent(&statement, &terms, &roster, now).map_err(|why| PkiError::KeyRefused {
        identity: identity.to_string(),
        why,
    })?;
    let file = layout::consent(folder.domain().as_str());
    files::replace(&place.join(file), &statement, Audience::Anybody)?;
    Ok(identity)
}

fn signed(
    folder: &DomainFolder,
    identity: &Identity,
    key: &SigningKey,
    terms: &[u8],
    now: WallTime,
) -> Result<Vec<u8>, PkiError> {
    let roster = folder.roster()?;
    let refused = |why: &str| PkiError::KeyRefused {
        identity: identity.to_string(),
        why: why.to_owned(),
    };
    let entry = roster
        .current_key(&identity.to_string(), Purpose::Officer, now.unix_ms())
        .ok_or_else(|| refused("the roster has no key of this officer that is good now"))?;
    if entry.key != key.public() {
        return Err(refused("the roster names another key than the file holds"));
    }
    Ok(charter::consent(terms, identity, entry.hash, key, now)?.into_bytes())
}
