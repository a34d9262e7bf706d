//! An evidence bundle: everything that one side hands to a third party, in one file that is the same for the same
//! evidence.
//!
//! The file is a plain ustar archive. Its layout is in `FORMAT.md` §20. What is read is not believed: [`Bundle::read`]
//! refuses by name what is not exactly such an archive (whatever is too large, leads out of it, is no plain file, is not
//! in the manifest, is a private key), holds the rest in memory, bounded, and never writes anything. What the files prove
//! is for [`crate::evidence`].

mod archive;
mod manifest;
mod place;
mod write;

pub use manifest::{FORMAT, Manifest};
pub use place::{KeyFile, Place};
pub use write::{BundleWriter, PackError};

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::keyfile;
use crate::tiles::Files;

/// Most files in a bundle.
pub const MAX_FILES: usize = 50_000;
/// Largest file in a bundle, in bytes: the largest bundle of entries is 16.8 MB, the largest roster 16 MiB.
pub const MAX_FILE_BYTES: u64 = 17 * 1024 * 1024;
/// Largest bundle, in bytes. All of it is held in memory.
pub const MAX_BUNDLE_BYTES: u64 = 512 * 1024 * 1024;

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// Why a file is refused as a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file cannot be read.
    #[error("could not read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not a ustar archive, or one that ends in the middle.
    #[error("not a bundle: {0}")]
    NotAnArchive(String),
    /// Too many files, a file that is too large, or too much in all.
    #[error("too large: {0}")]
    TooLarge(String),
    /// A name that is absolute, leads upwards, or is written oddly.
    #[error("{0:?} leads out of the bundle, or is no plain path")]
    PathTraversal(String),
    /// A link, device, folder or extension header.
    #[error("{0:?} is no plain file")]
    NotAFile(String),
    /// Two files of one name.
    #[error("{0:?} is there twice")]
    Duplicate(String),
    /// A private key.
    #[error("{0:?} is a private key, and keys do not belong in evidence: take it out, and end that key")]
    KeyFile(String),
    /// Trust anchors or a policy: those come from the auditor's own files.
    #[error("{0}")]
    ForeignAnchor(String),
    /// A file that has no place in a bundle.
    #[error("{0:?} has no place in a bundle")]
    UnknownFile(String),
    /// The manifest is not one, or lists other files than there are.
    #[error("the manifest {0}")]
    Manifest(String),
    /// The same files in another writing.
    #[error("the archive is not in the one writing that its files have")]
    NotCanonical,
}

impl BundleError {
    /// Stable name of the rule that was broken.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            BundleError::Io { .. } => "UNREADABLE",
            BundleError::NotAnArchive(_) => "NOT_AN_ARCHIVE",
            BundleError::TooLarge(_) => "TOO_LARGE",
            BundleError::PathTraversal(_) => "PATH_TRAVERSAL",
            BundleError::NotAFile(_) => "NOT_A_FILE",
            BundleError::Duplicate(_) => "DUPLICATE_FILE",
            BundleError::KeyFile(_) => "KEY_FILE",
            BundleError::ForeignAnchor(_) => "FOREIGN_ANCHOR",
            BundleError::UnknownFile(_) => "UNKNOWN_FILE",
            BundleError::Manifest(_) => "WRONG_MANIFEST",
            BundleError::NotCanonical => "NOT_CANONICAL",
        }
    }

    /// True when there is nothing to judge: no such file, or one that is no archive at all.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self, BundleError::Io { .. } | BundleError::NotAnArchive(_))
    }
}

/// The files of one bundle, whole, each where it belongs. Nothing that they say is believed.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// What it says of itself.
    pub manifest: Manifest,
    files: Arc<Files>,
}

impl Bundle {
    /// Reads a bundle from a file.
    ///
    /// # Errors
    /// The first thing that is refused.
    pub fn open(path: &Path) -> Result<Bundle, BundleError> {
        let failed = |source| BundleError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if !about.is_file() {
            return Err(failed(io::Error::other("not a plain file")));
        }
        Bundle::read(BufReader::new(file))
    }

    /// Reads a bundle from anywhere.
    ///
    /// # Errors
    /// As [`Bundle::open`].
    pub fn read(reader: impl Read) -> Result<Bundle, BundleError> {
        let files = archive::read(reader)?;
        for (name, bytes) in &files {
            if holds_a_key(name, bytes) {
                return Err(BundleError::KeyFile(name.clone()));
            }
        }
        for name in files.keys() {
            Place::of(name)?;
        }
        let bytes = files
            .get(MANIFEST)
            .ok_or_else(|| BundleError::Manifest("is missing".to_owned()))?;
        let manifest = Manifest::parse(bytes)?;
        manifest.check(&files)?;
        Ok(Bundle {
            manifest,
            files: Arc::new(files),
        })
    }

    /// Every file by its path.
    #[must_use]
    pub fn files(&self) -> &Arc<Files> {
        &self.files
    }

    /// Every file with its place, in the order of the paths.
    pub fn places(&self) -> impl Iterator<Item = (Place<'_>, &str, &[u8])> {
        self.files
            .iter()
            .filter_map(|(name, bytes)| Some((Place::of(name).ok()?, name.as_str(), bytes.as_slice())))
    }
}

/// Texts of openings and the like stand in JSON, where an armour is never a line of its own.
fn holds_a_key(name: &str, bytes: &[u8]) -> bool {
    if name.contains("/tile/") {
        keyfile::passes_for_a_tile(bytes)
    } else {
        keyfile::is_private_key(bytes)
    }
}
