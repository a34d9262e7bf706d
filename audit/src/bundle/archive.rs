//! Reading an archive that somebody hostile may have made.
//!
//! Sizes are checked before anything is read, names before anything is kept, and what was read must be, byte for byte,
//! what [`super::write`] makes of the same files: so there is one archive for one set of files, and nothing beside them
//! in which something could hide.

use std::io::{self, Read};

use ring::digest::{Context, Digest, SHA256};
use tar::{Archive, EntryType};

use super::{BundleError, MAX_BUNDLE_BYTES, MAX_FILE_BYTES, MAX_FILES, write};
use crate::tiles::Files;

/// Reads all files of an archive.
pub(super) fn read(reader: impl Read) -> Result<Files, BundleError> {
    // One byte more than is allowed, so that more is noticed.
    let mut counted = Counted {
        inner: reader.take(MAX_BUNDLE_BYTES + 1),
        bytes: 0,
        digest: Context::new(&SHA256),
    };
    let files = read_files(&mut counted)?;
    io::copy(&mut counted, &mut io::sink()).map_err(|error| broken(&error))?;
    if counted.bytes > MAX_BUNDLE_BYTES {
        return Err(too_large(format!(
            "more than {MAX_BUNDLE_BYTES} bytes in the archive"
        )));
    }
    let mut again = Counted {
        inner: io::sink(),
        bytes: 0,
        digest: Context::new(&SHA256),
    };
    write::pack(&files, &mut again).map_err(|_| BundleError::NotCanonical)?;
    let same = again.bytes == counted.bytes && same(again.digest.finish(), counted.digest.finish());
    if same {
        Ok(files)
    } else {
        Err(BundleError::NotCanonical)
    }
}

fn read_files(reader: impl Read) -> Result<Files, BundleError> {
    let mut archive = Archive::new(reader);
    // Raw: extension headers are entries like others, and refused like others.
    let entries = archive.entries().map_err(|error| broken(&error))?.raw(true);
    let mut files = Files::new();
    let mut total = 0u64;
    for entry in entries {
        let mut entry = entry.map_err(|error| broken(&error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != EntryType::Regular || entry.header().as_ustar().is_none() {
            return Err(BundleError::NotAFile(name));
        }
        check_name(&name)?;
        let size = entry.size();
        total = total.saturating_add(size);
        if size > MAX_FILE_BYTES || total > MAX_BUNDLE_BYTES {
            return Err(too_large(format!("{name:?} says that it has {size} bytes")));
        }
        if files.len() == MAX_FILES {
            return Err(too_large(format!("more than {MAX_FILES} files")));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| broken(&error))?;
        if bytes.len() as u64 != size {
            return Err(BundleError::NotAnArchive(format!("{name:?} ends early")));
        }
        if files.insert(name.clone(), bytes).is_some() {
            return Err(BundleError::Duplicate(name));
        }
    }
    Ok(files)
}

/// A relative path of plain parts, written with what identities and tiles are written with, and nothing else.
fn check_name(name: &str) -> Result<(), BundleError> {
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    if name.split('/').all(plain) {
        Ok(())
    } else {
        Err(BundleError::PathTraversal(name.to_owned()))
    }
}

fn same(a: Digest, b: Digest) -> bool {
    a.as_ref() == b.as_ref()
}

fn too_large(what: String) -> BundleError {
    BundleError::TooLarge(what)
}

/// In our own words: the reader's repeat bytes of the file, and those may command a terminal.
fn broken(error: &io::Error) -> BundleError {
    BundleError::NotAnArchive(match error.raw_os_error() {
        Some(_) => error.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "it breaks off in the middle".to_owned(),
        None => "it is no ustar archive, or is damaged where an entry begins".to_owned(),
    })
}

/// Counts and hashes what passes.
struct Counted<T> {
    inner: T,
    bytes: u64,
    digest: Context,
}

impl<T> Counted<T> {
    fn passed(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.digest.update(bytes);
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(bytes) = buffer.get(..read) {
            self.passed(bytes);
        }
        Ok(read)
    }
}

impl<W: io::Write> io::Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        if let Some(bytes) = bytes.get(..written) {
            self.passed(bytes);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
