//! Where control sockets lie, and which rigs run.

use std::{
    env, fs, io,
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

/// Longest name of a rig, in characters: its socket's path must fit the system's 107 bytes.
const NAME_MAX: usize = 40;

/// Whether a rig may be called so.
///
/// # Errors
/// A sentence: what is wrong, and what would do.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > NAME_MAX || name.starts_with('.') || !name.chars().all(plain) {
        return Err(format!(
            "\"{name}\" is no name; write up to {NAME_MAX} letters, digits, dots and dashes, like north-quic"
        ));
    }
    Ok(())
}

/// The socket of the rig of that name, in a folder that only its user can enter; the folder is made.
///
/// # Errors
/// If the name is none, or the folder cannot be made or belongs to somebody else.
pub fn default_socket(name: &str) -> io::Result<PathBuf> {
    check_name(name).map_err(|what| io::Error::new(io::ErrorKind::InvalidInput, what))?;
    let folder = folder();
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => ours(&folder)?,
    }
    Ok(folder.join(format!("{name}.sock")))
}

/// The rigs of this user that run, by name, each with its socket.
///
/// # Errors
/// If the folder belongs to somebody else, or cannot be read.
pub fn running() -> io::Result<Vec<(String, PathBuf)>> {
    let folder = folder();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    ours(&folder)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.strip_suffix(".sock")) else {
            continue;
        };
        // A socket that a killed process left does not answer.
        if UnixStream::connect(&path).is_ok() {
            found.push((name.to_owned(), path.clone()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn folder() -> PathBuf {
    match env::var_os("XDG_RUNTIME_DIR").filter(|dir| Path::new(dir).is_dir()) {
        Some(dir) => PathBuf::from(dir).join("hotline-fault"),
        None => env::temp_dir().join(format!("hotline-fault-{}", uid())),
    }
}

fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// In a folder that others may write to, somebody may have been faster.
fn ours(folder: &Path) -> io::Result<()> {
    let about = fs::symlink_metadata(folder)?;
    if about.is_dir() && about.uid() == uid() && about.mode() & 0o077 == 0 {
        return Ok(());
    }
    let what = format!(
        "{} is not a folder of yours alone (mode 0700); name a socket with --control",
        folder.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
}
