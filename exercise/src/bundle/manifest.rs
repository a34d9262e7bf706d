//! The manifest: every file of the folder with its length and SHA-256, in one writing.

use std::{collections::BTreeMap, fs, io, io::Read, path::Path};

use hotline_audit::Hash;
use serde::{Deserialize, Serialize};

use super::BundleError;

/// The manifest's own name.
pub const MANIFEST: &str = "manifest.json";

/// The layout that is read and written.
pub const FORMAT: u32 = 1;

/// Most bytes of one file. The largest is a full bundle of log entries: 256 of at most 65,535 bytes, each behind its length.
pub const FILE_MAX: u64 = 256 * (65_535 + 2);

/// Most files. A log of a million entries has four thousand bundles and as many tiles.
pub const FILES_MAX: usize = 65_536;

/// Most bytes of all files together: ten logs of a million statements of some hundred bytes each.
pub const TOTAL_MAX: u64 = 1 << 30;

/// Longest name of a file, in bytes; and most folders on the way to it.
const NAME_MAX: usize = 255;
const DEPTH_MAX: usize = 12;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFact {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, hex.
    pub sha256: String,
}

/// What the folder holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Every file but the manifest, by its name with `/` between folders.
    pub files: BTreeMap<String, FileFact>,
}

impl Manifest {
    /// Its one writing.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// It is missing, malformed, of another format, or not in its one writing.
    pub(super) fn read(dir: &Path) -> Result<Self, BundleError> {
        let bytes = read_file(&dir.join(MANIFEST), MANIFEST)?;
        let none = |why: String| BundleError::NoManifest(why);
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| none(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(none(format!(
                "it is of format {}, and {FORMAT} is known here",
                manifest.format
            )));
        }
        if manifest.canonical().as_bytes() != bytes {
            return Err(none("it says the same in other bytes than are written".into()));
        }
        if let Some(name) = manifest.files.keys().find(|name| !is_inside(name)) {
            let name = hotline_core::text::inert_line(name).text;
            return Err(none(format!("{name} is no name of a file in the folder")));
        }
        Ok(manifest)
    }

    /// Every file is the one that is named, and there is no other.
    pub(super) fn check(&self, dir: &Path) -> Result<(), BundleError> {
        let found = walk(dir)?;
        if let Some(name) = self.files.keys().find(|name| !found.contains_key(*name)) {
            return Err(BundleError::Missing(name.clone()));
        }
        if let Some(name) = found.keys().find(|name| !self.files.contains_key(*name)) {
            return Err(BundleError::Extra(name.clone()));
        }
        for (name, told) in &self.files {
            let why = match fact(dir, name)? {
                fact if fact == *told => continue,
                fact if fact.bytes != told.bytes => {
                    format!("it has {} bytes, and had {}", fact.bytes, told.bytes)
                }
                fact => format!("its SHA-256 is {}, and was {}", fact.sha256, told.sha256),
            };
            let name = name.clone();
            return Err(BundleError::Altered { name, why });
        }
        Ok(())
    }

    /// Names of the logs below a folder, in order.
    pub(super) fn logs(&self, below: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|name| name.strip_prefix(below)?.strip_prefix('/')?.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }
}

/// Writes the manifest of a folder that is otherwise complete, aside and then in place.
///
/// # Errors
/// [`BundleError`]: a file cannot be read, is no plain file, or the folder is beyond its bounds.
pub fn write_manifest(dir: &Path) -> Result<Manifest, BundleError> {
    let mut files = BTreeMap::new();
    for name in walk(dir)?.into_keys() {
        let fact = fact(dir, &name)?;
        files.insert(name, fact);
    }
    let manifest = Manifest {
        format: FORMAT,
        files,
    };
    let aside = dir.join(".manifest.json.new");
    let failed = |source| io_error(MANIFEST, source);
    fs::write(&aside, manifest.canonical()).map_err(failed)?;
    fs::rename(&aside, dir.join(MANIFEST)).map_err(failed)?;
    Ok(manifest)
}

/// A relative name of plain parts, none of which leaves the folder or hides.
fn is_inside(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    name != MANIFEST && name.len() <= NAME_MAX && name.split('/').all(plain)
}

/// Every file below `dir` with its length, without the manifest.
fn walk(dir: &Path) -> Result<BTreeMap<String, u64>, BundleError> {
    let mut found = BTreeMap::new();
    let mut total = 0_u64;
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let failed = |source| io_error(&folder, source);
        if folder.split('/').count() > DEPTH_MAX {
            return Err(too_large(&folder, format!("more than {DEPTH_MAX} folders deep")));
        }
        for entry in fs::read_dir(dir.join(&folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let part = entry.file_name().to_string_lossy().into_owned();
            let name = if folder.is_empty() {
                part
            } else {
                format!("{folder}/{part}")
            };
            let kind = entry.file_type().map_err(failed)?;
            if name == MANIFEST {
                continue;
            }
            if !is_inside(&name) || !(kind.is_dir() || kind.is_file()) {
                return Err(BundleError::Extra(hotline_core::text::inert_line(&name).text));
            }
            if kind.is_dir() {
                folders.push(name);
                continue;
            }
            let bytes = entry.metadata().map_err(failed)?.len();
            total = total.saturating_add(bytes);
            found.insert(name, bytes);
            if found.len() > FILES_MAX {
                return Err(too_large("the folder", format!("more than {FILES_MAX} files")));
            }
            if total > TOTAL_MAX {
                return Err(too_large("the folder", format!("more than {TOTAL_MAX} bytes")));
            }
        }
    }
    Ok(found)
}

fn fact(dir: &Path, name: &str) -> Result<FileFact, BundleError> {
    let content = read_file(&dir.join(name), name)?;
    Ok(FileFact {
        bytes: content.len() as u64,
        sha256: Hash::of(&content).to_string(),
    })
}

/// The content of a plain file of at most [`FILE_MAX`] bytes.
pub(super) fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, BundleError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => BundleError::Missing(name.to_owned()),
        _ => io_error(name, source),
    };
    if !fs::symlink_metadata(path).map_err(failed)?.is_file() {
        let why = "it is no plain file".to_owned();
        let name = name.to_owned();
        return Err(BundleError::Altered { name, why });
    }
    let mut content = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(FILE_MAX + 1)
        .read_to_end(&mut content)
        .map_err(failed)?;
    if content.len() as u64 > FILE_MAX {
        return Err(too_large(name, format!("more than {FILE_MAX} bytes")));
    }
    Ok(content)
}

fn io_error(name: &str, source: io::Error) -> BundleError {
    let name = if name.is_empty() { "the folder" } else { name }.to_owned();
    BundleError::Io { name, source }
}

fn too_large(name: &str, why: String) -> BundleError {
    let name = name.to_owned();
    BundleError::TooLarge { name, why }
}
