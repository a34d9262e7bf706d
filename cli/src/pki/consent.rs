//! `pki consent`: a releaser signs the charter anew.
//!
//! `init` signs it with the first declared RELEASER. When that officer's key ends or is revoked, the consent ends with
//! it, and another releaser's takes its place here; the next export carries it. Where the sides agree on another codebook,
//! the charter names it from then on, and what the other side has signed is no consent to these words any more.

use std::path::Path;

use hotline_audit::statement::CharterTerms;
use hotline_audit::{Hash, Purpose, SigningKey};
use hotline_client::sealed::{self, Unlocking};
use hotline_core::identity::Identity;
use hotline_core::time::WallTime;

use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::DomainFolder;
use super::{charter, declaration, layout};

/// What is consented to.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// The channel whose charter it is.
    pub channel: &'a str,
    /// The codebook that the charter names from now on; none if it stays as it is.
    pub codebook: Option<Hash>,
}

/// Signs the charter of a channel as `officer` (`officer/moreau`), in the domain's folder `dir`.
///
/// # Errors
/// If there is no such charter or officer, the key needs a passphrase, or the officer is no RELEASER with a good key.
pub fn consent(
    dir: &Path,
    words: &Words<'_>,
    officer: &str,
    unlocking: Option<&Unlocking<'_>>,
    now: WallTime,
) -> Result<Identity, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let _held = folder.hold()?;
    let identity = folder.holder(officer)?;
    if !declaration::is_channel(words.channel) {
        return Err(PkiError::Usage {
            why: format!("{:?} is no channel; one is called like MINISTER", words.channel),
        });
    }
    let place = folder
        .trust(folder.domain())
        .join(layout::CHARTER)
        .join(words.channel);
    let terms_file = place.join(layout::TERMS);
    let before = files::read(&terms_file)?;
    let terms = with_codebook(&terms_file, &before, words.codebook)?;
    let key = sealed::load_officer_key(&folder.of(&identity).join(layout::OFFICER_KEY), unlocking)?;
    let statement = signed(&folder, &identity, &key, &terms, now)?;
    let roster = folder.roster()?;
    charter::check_consent(&statement, &terms, &roster, now).map_err(|why| PkiError::KeyRefused {
        identity: identity.to_string(),
        why,
    })?;
    if terms != before {
        files::replace(&terms_file, &terms, Audience::Anybody)?;
    }
    let file = layout::consent(folder.domain().as_str());
    files::replace(&place.join(file), &statement, Audience::Anybody)?;
    Ok(identity)
}

/// The terms as they are to be signed: with another codebook, if one is named.
fn with_codebook(file: &Path, terms: &[u8], codebook: Option<Hash>) -> Result<Vec<u8>, PkiError> {
    if codebook.is_none() {
        return Ok(terms.to_vec());
    }
    let read =
        CharterTerms::decode(terms).map_err(|e| PkiError::unreadable(file, "the terms of a charter", e))?;
    Ok(CharterTerms {
        codebook_sha256: codebook,
        ..read
    }
    .encode())
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
