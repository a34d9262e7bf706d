//! `pki export`: our own trust folder as one file for the other side, and the words to read aloud.

use std::path::Path;

use hotline_core::identity::TrustDomain;
use hotline_core::time::WallTime;

use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::DomainFolder;
use super::trust_file::{self, TrustFile};
use super::words::Fingerprint;

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Whose trust file it is.
    pub domain: TrustDomain,
    /// The fingerprint of its anchors.
    pub fingerprint: Fingerprint,
    /// How many roster entries it carries.
    pub roster_number: u64,
}

/// Writes the trust file of the domain's folder `dir` to `file`. An older trust file there is replaced; anything else
/// is left alone.
///
/// # Errors
/// If the folder cannot be read, does not hold together, or `file` is something else.
pub fn export(dir: &Path, file: &Path, now: WallTime) -> Result<Exported, PkiError> {
    let text = trust_file::write(&DomainFolder::open(dir)?)?;
    // Whatever the other side would refuse is refused here, where it can be mended.
    let checked = TrustFile::parse(file, &text, now)?;
    if file.exists() && !files::read(file)?.starts_with(trust_file::HEAD.as_bytes()) {
        return Err(PkiError::Exists {
            path: file.to_owned(),
        });
    }
    files::replace(file, text.as_bytes(), Audience::Anybody)?;
    Ok(Exported {
        domain: checked.domain,
        fingerprint: checked.fingerprint,
        roster_number: checked.roster.next_number().saturating_sub(1),
    })
}
