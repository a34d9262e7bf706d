//! How this room touches the disk: written aside, synced, then renamed; secrets 0600 in folders 0700; never over
//! something that is there, unless the caller replaces one public file of its own.
//!
//! A folder is made whole or not at all: [`Aside`] collects it next to its place and moves it there in one rename,
//! which fails if the place has been filled meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::PkiError;

/// Largest file this room reads. 20 MiB: a trust file holds a roster, of at most 16 MiB, and little else.
pub const FILE_BYTES_MAX: u64 = 20 * 1024 * 1024;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Its owner only: 0600.
    Owner,
    /// Everybody who gets into the folder: 0644.
    Anybody,
}

impl Audience {
    fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Anybody => 0o644,
        }
    }
}

/// A folder being made next to its place. Dropped unfinished, it leaves nothing behind.
#[derive(Debug)]
pub struct Aside {
    work: PathBuf,
    place: PathBuf,
    finished: bool,
}

impl Aside {
    /// Begins a folder that will stand at `place`, collecting it in `workplace`, which nobody reads and which lies on
    /// the same file system. `tag` tells concurrent makers apart.
    ///
    /// # Errors
    /// If the folders cannot be made, or somebody else works there under the same tag.
    pub fn begin(workplace: &Path, place: &Path, tag: u64) -> Result<Self, PkiError> {
        make_folder(workplace)?;
        make_folder(place.parent().unwrap_or(Path::new(".")))?;
        let name = place
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let work = workplace.join(format!(".{name}.making-{tag:016x}"));
        folder_builder()
            .create(&work)
            .map_err(|source| PkiError::file("made", &work, source))?;
        Ok(Self {
            work,
            place: place.to_owned(),
            finished: false,
        })
    }

    /// Writes one file below the folder; folders between are made.
    ///
    /// # Errors
    /// If the file exists or the disk refuses.
    pub fn write(&self, below: &str, bytes: &[u8], audience: Audience) -> Result<(), PkiError> {
        let path = self.work.join(below);
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        write_new(&path, bytes, audience)
    }

    /// Moves the folder to its place.
    ///
    /// # Errors
    /// If the place has been filled meanwhile; then nothing is left behind.
    pub fn finish(mut self) -> Result<(), PkiError> {
        refuse_filled(&self.place)?;
        fs::rename(&self.work, &self.place).map_err(|source| match source.kind() {
            std::io::ErrorKind::DirectoryNotEmpty | std::io::ErrorKind::AlreadyExists => PkiError::Exists {
                path: self.place.clone(),
            },
            _ => PkiError::file("renamed", &self.place, source),
        })?;
        self.finished = true;
        sync_parent(&self.place)
    }

    /// Exchanges the folder with the one at its place in one step, so that a reader sees the old or the new one; the
    /// old one is then removed.
    ///
    /// # Errors
    /// If the file system cannot exchange two folders; then the old one stands.
    pub fn replace(self) -> Result<(), PkiError> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        renameat_with(CWD, &self.work, CWD, &self.place, RenameFlags::EXCHANGE)
            .map_err(|errno| PkiError::file("exchanged", &self.place, errno.into()))?;
        // What was the old folder is now at `work`, which the drop removes.
        sync_parent(&self.place)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.finished {
            // Best effort: what stays is a hidden folder that nothing reads.
            drop(fs::remove_dir_all(&self.work));
        }
    }
}

/// Refuses a place where something already is. A missing or empty folder is fine.
///
/// # Errors
/// [`PkiError::Exists`], or what the system said.
pub fn refuse_filled(place: &Path) -> Result<(), PkiError> {
    match fs::read_dir(place) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(PkiError::Exists {
                path: place.to_owned(),
            }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Err(PkiError::Exists {
            path: place.to_owned(),
        }),
        Err(source) => Err(PkiError::file("read", place, source)),
    }
}

/// Writes a file that must not exist yet, and syncs it.
///
/// # Errors
/// [`PkiError::Exists`] if it does.
pub fn write_new(path: &Path, bytes: &[u8], audience: Audience) -> Result<(), PkiError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(audience.mode())
        .open(path)
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => PkiError::Exists {
                path: path.to_owned(),
            },
            _ => PkiError::file("written", path, source),
        })?;
    write_through(&mut file, path, bytes)
}

/// Replaces one file whole: readers see the old bytes or the new ones, never half of them.
///
/// # Errors
/// What the system said; then the old file stands.
pub fn replace(path: &Path, bytes: &[u8], audience: Audience) -> Result<(), PkiError> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let aside = path.with_file_name(format!(".{name}.making"));
    // One that a crash left behind is of no use to anybody.
    drop(fs::remove_file(&aside));
    write_new(&aside, bytes, audience)?;
    fs::rename(&aside, path).map_err(|source| PkiError::file("renamed", path, source))?;
    sync_parent(path)
}

/// Reads a file of at most [`FILE_BYTES_MAX`] bytes.
///
/// # Errors
/// If it cannot be read or is longer.
pub fn read(path: &Path) -> Result<Vec<u8>, PkiError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|source| PkiError::file("read", path, source))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(PkiError::unreadable(
            path,
            "a file of this product",
            format!("it is longer than {FILE_BYTES_MAX} bytes"),
        ));
    }
    Ok(bytes)
}

/// Reads a UTF-8 file of at most [`FILE_BYTES_MAX`] bytes.
///
/// # Errors
/// If it cannot be read, is longer, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, PkiError> {
    String::from_utf8(read(path)?).map_err(|error| PkiError::unreadable(path, "text", error))
}

/// Reads a secret, refusing one that others may read.
///
/// # Errors
/// [`PkiError::Lax`] with the permission bits.
pub fn read_secret(path: &Path) -> Result<String, PkiError> {
    refuse_lax(path)?;
    read_text(path)
}

/// Refuses a file or folder that anybody but its owner may enter, read or write.
///
/// # Errors
/// [`PkiError::Lax`] with the permission bits.
pub fn refuse_lax(path: &Path) -> Result<(), PkiError> {
    let mode = fs::metadata(path)
        .map_err(|source| PkiError::file("read", path, source))?
        .permissions()
        .mode()
        & 0o7777;
    if mode & 0o077 != 0 {
        return Err(PkiError::Lax {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// Names of the folders directly below, in order. A missing folder has none.
///
/// # Errors
/// What the system said.
pub fn folders_below(path: &Path) -> Result<Vec<String>, PkiError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(PkiError::file("read", path, source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| PkiError::file("read", path, source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Makes a folder and those above it, 0700; existing ones are left as they are.
///
/// # Errors
/// What the system said.
pub fn make_folder(path: &Path) -> Result<(), PkiError> {
    folder_builder()
        .recursive(true)
        .create(path)
        .map_err(|source| PkiError::file("made", path, source))
}

fn folder_builder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    builder
}

fn write_through(file: &mut File, path: &Path, bytes: &[u8]) -> Result<(), PkiError> {
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|source| PkiError::file("written", path, source))
}

fn sync_parent(path: &Path) -> Result<(), PkiError> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| PkiError::file("synced", parent, source))
}
