//! Making a bundle: the same files give the same bytes, whenever and wherever it is made.

use std::collections::BTreeMap;
use std::io::{self, Write};

use tar::{Builder, EntryType, Header};

use super::{BundleError, MANIFEST, MAX_FILE_BYTES, MAX_FILES, Manifest, Place};
use crate::keyfile;
use crate::tiles::Files;

/// Why a bundle cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file that a reader would refuse.
    #[error(transparent)]
    Refused(#[from] BundleError),
    /// It could not be written.
    #[error("could not write the bundle")]
    Io(#[from] io::Error),
}

/// Collects the files of a bundle.
#[derive(Debug, Default)]
pub struct BundleWriter {
    files: Files,
}

impl BundleWriter {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> BundleWriter {
        BundleWriter::default()
    }

    /// Adds a file. The same file twice is one.
    ///
    /// # Errors
    /// When a reader would refuse it: by its path, its size, because it is a private key, or because another file has
    /// this path already.
    pub fn add(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), BundleError> {
        Place::of(path)?;
        if keyfile::is_private_key(&bytes) && !path.contains("/tile/") {
            return Err(BundleError::KeyFile(path.to_owned()));
        }
        if bytes.len() as u64 > MAX_FILE_BYTES || self.files.len() + 1 >= MAX_FILES {
            return Err(BundleError::TooLarge(format!("{path:?}")));
        }
        match self.files.get(path) {
            Some(held) if *held != bytes => Err(BundleError::Duplicate(path.to_owned())),
            Some(_) => Ok(()),
            None => {
                self.files.insert(path.to_owned(), bytes);
                Ok(())
            }
        }
    }

    /// Whether a file with this path is there.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The files so far.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Writes the bundle of `side`. `names` are what people call its desks.
    ///
    /// # Errors
    /// When a path does not fit into the archive, or writing fails.
    pub fn finish(
        mut self,
        side: &str,
        names: BTreeMap<String, String>,
        out: impl Write,
    ) -> Result<Manifest, PackError> {
        let manifest = Manifest::of(side, names, &self.files);
        self.files.insert(MANIFEST.to_owned(), manifest.encode());
        pack(&self.files, out)?;
        Ok(manifest)
    }
}

/// The one archive of these files: ustar, sorted by path, without times, owners or anything else.
pub(super) fn pack(files: &Files, out: impl Write) -> io::Result<()> {
    let mut builder = Builder::new(out);
    for (path, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_path(path)?;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes.as_slice())?;
    }
    builder.into_inner()?.flush()
}
