//! `pki seal`: puts an officer's key under a passphrase. The format is [`hotline_client::sealed`]'s.

use std::path::{Path, PathBuf};

use hotline_client::sealed::{self, KeyFile, Passphrase};
use hotline_core::identity::Role;
use zeroize::Zeroizing;

use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::DomainFolder;
use super::layout;

/// Seals the key of `officer/<name>` in the domain's folder `dir`, in place. The plain file is replaced; on most disks
/// its old blocks stay readable to whoever takes the disk, so seal before a key has been used in earnest.
///
/// # Errors
/// If there is no such officer, the key is sealed already or not there, or the passphrase is too short.
pub fn seal(
    dir: &Path,
    name: &str,
    passphrase: &Passphrase,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<PathBuf, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let identity = folder.holder(name)?;
    if identity.role() != Role::Officer {
        return Err(PkiError::Usage {
            why: format!("{identity} is no officer, and only officers have a passphrase"),
        });
    }
    let path = folder.of(&identity).join(layout::OFFICER_KEY);
    let text = Zeroizing::new(files::read_secret(&path)?);
    match sealed::kind(&text) {
        Some(KeyFile::Plain) => {}
        Some(KeyFile::Sealed) => {
            return Err(PkiError::unreadable(&path, "a plain key", "it is sealed already"));
        }
        None => {
            return Err(PkiError::unreadable(
                &path,
                "an officer's key",
                "it opens as none",
            ));
        }
    }
    let pkcs8 =
        sealed::pem_body(&text).map_err(|why| PkiError::unreadable(&path, "an officer's key", why))?;
    let pkcs8 = Zeroizing::new(pkcs8);
    let mut random = [0; sealed::RANDOM_BYTES];
    entropy(&mut random);
    let text = sealed::seal(&identity.to_string(), &pkcs8, passphrase, &random)?;
    files::replace(&path, text.as_bytes(), Audience::Owner)?;
    Ok(path)
}
