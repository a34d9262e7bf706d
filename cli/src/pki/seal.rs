//! `pki seal`: puts an officer's key under a passphrase, or under two. The format is [`hotline_client::sealed`]'s.

use std::path::{Path, PathBuf};

use hotline_client::sealed::{self, KeyFile, Passphrase, Unlocking, Watching, book::Book};
use hotline_core::identity::{Identity, Role};
use zeroize::Zeroizing;

use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::DomainFolder;
use super::layout;

/// What is typed to seal a key.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// Opens the key if it is sealed already.
    pub present: Option<&'a Unlocking<'a>>,
    /// The passphrase of every day.
    pub first: &'a Passphrase,
    /// The one for an officer under duress, and the book that tells the security officer of it.
    pub second: Option<(&'a Passphrase, &'a Path)>,
}

/// Seals the key of `officer/<name>` in the domain's folder `dir`, in place; one that is sealed already, anew. The old file
/// is replaced; on most disks its old blocks stay readable to whoever takes the disk, so seal before a key has been used
/// in earnest.
///
/// # Errors
/// If there is no such officer, the key is not there or does not open, or a passphrase is too short.
pub fn seal(
    dir: &Path,
    name: &str,
    typed: Typed<'_>,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<PathBuf, PkiError> {
    let (identity, path) = key_of(dir, name)?;
    let text = Zeroizing::new(files::read_secret(&path)?);
    let pkcs8 = match (sealed::kind(&text), typed.present) {
        (Some(KeyFile::Plain), _) => Zeroizing::new(
            sealed::pem_body(&text).map_err(|why| PkiError::unreadable(&path, "an officer's key", why))?,
        ),
        (Some(KeyFile::Sealed), Some(present)) => sealed::unlock(&path, &text, present)?,
        (Some(KeyFile::Sealed), None) => {
            return Err(sealed::SealedKeyError::PassphraseNeeded { path }.into());
        }
        (None, _) => {
            return Err(PkiError::unreadable(
                &path,
                "an officer's key",
                "it opens as none",
            ));
        }
    };
    let passphrases = (typed.first, typed.second.map(|(second, _)| second));
    let sealed = sealed::seal(&identity.to_string(), &pkcs8, passphrases, entropy)?;
    if let (Some(watching), Some((_, book))) = (sealed.second, typed.second) {
        // Before the key: a second passphrase of which nobody is told would be worse than none.
        write_down(book, identity, watching)?;
    }
    files::replace(&path, sealed.text.as_bytes(), Audience::Owner)?;
    Ok(path)
}

/// Whether the key of `officer/<name>` is sealed already.
///
/// # Errors
/// If there is no such officer, or no key.
pub fn is_sealed(dir: &Path, name: &str) -> Result<bool, PkiError> {
    let (_, path) = key_of(dir, name)?;
    let text = Zeroizing::new(files::read_secret(&path)?);
    Ok(sealed::kind(&text) == Some(KeyFile::Sealed))
}

fn key_of(dir: &Path, name: &str) -> Result<(Identity, PathBuf), PkiError> {
    let folder = DomainFolder::open(dir)?;
    let identity = folder.holder(name)?;
    if identity.role() != Role::Officer {
        return Err(PkiError::Usage {
            why: format!("{identity} is no officer, and only officers have a passphrase"),
        });
    }
    let path = folder.of(&identity).join(layout::OFFICER_KEY);
    Ok((identity, path))
}

fn write_down(file: &Path, officer: Identity, watching: Watching) -> Result<(), PkiError> {
    let mut book = if file.exists() {
        read_book(file)?
    } else {
        Book::default()
    };
    book.add(officer, watching);
    let text = Zeroizing::new(book.text());
    files::replace(file, text.as_bytes(), Audience::Owner)
}

/// Reads a duress book, which only its owner may read.
///
/// # Errors
/// If others may read it, or it is none.
pub fn read_book(file: &Path) -> Result<Book, PkiError> {
    let text = Zeroizing::new(files::read_secret(file)?);
    Book::parse(&text).map_err(|error| PkiError::unreadable(file, "a duress book", error))
}
