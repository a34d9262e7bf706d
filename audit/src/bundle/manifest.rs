//! The manifest: which files a bundle has, with the hash of each, and whose it is. It is signed by nobody: it guards
//! against loss and haste. What proves something is in the files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BundleError, MANIFEST};
use crate::hash::Hash;
use crate::tiles::Files;

/// The one format that there is.
pub const FORMAT: &str = "hotline-bundle/1";

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Trust domain of the side that hands it in.
    pub side: String,
    /// What people call the desks: `A` for messages named A-0017. A habit, no evidence.
    pub names: BTreeMap<String, String>,
    /// Every other file.
    pub files: BTreeMap<String, FileEntry>,
}

/// One file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// SHA-256, hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

impl Manifest {
    /// The manifest of these files.
    #[must_use]
    pub fn of(side: &str, names: BTreeMap<String, String>, files: &Files) -> Manifest {
        let listed = files.iter().filter(|(name, _)| *name != MANIFEST);
        Manifest {
            format: FORMAT.to_owned(),
            side: side.to_owned(),
            names,
            files: listed
                .map(|(name, bytes)| (name.clone(), FileEntry::of(bytes)))
                .collect(),
        }
    }

    /// Reads one in its one writing.
    pub(super) fn parse(bytes: &[u8]) -> Result<Manifest, BundleError> {
        let malformed = |why: String| BundleError::Manifest(why);
        let manifest: Manifest =
            serde_json::from_slice(bytes).map_err(|error| malformed(format!("is not one: {error}")))?;
        if manifest.format != FORMAT {
            return Err(malformed(format!(
                "is of format {:?}, not {FORMAT}",
                manifest.format
            )));
        }
        if manifest.encode() != bytes {
            return Err(malformed("is not in its one writing".to_owned()));
        }
        Ok(manifest)
    }

    /// Its one writing.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Maps with text keys and plain fields are always JSON.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// The files must be exactly those listed.
    pub(super) fn check(&self, files: &Files) -> Result<(), BundleError> {
        let wrong = |why: String| Err(BundleError::Manifest(why));
        for (name, bytes) in files.iter().filter(|(name, _)| *name != MANIFEST) {
            match self.files.get(name) {
                None => return wrong(format!("does not list {name:?}")),
                Some(listed) if *listed != FileEntry::of(bytes) => {
                    return wrong(format!("lists {name:?} with another hash or size"));
                }
                Some(_) => {}
            }
        }
        match self.files.keys().find(|name| !files.contains_key(*name)) {
            Some(missing) => wrong(format!("lists {missing:?}, which is missing")),
            None => Ok(()),
        }
    }
}

impl FileEntry {
    fn of(bytes: &[u8]) -> FileEntry {
        FileEntry {
            sha256: Hash::of(bytes).to_string(),
            size: bytes.len() as u64,
        }
    }
}
