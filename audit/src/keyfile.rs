//! Private keys, known by their content: they do not belong beside evidence, and whoever finds one there refuses it.
//!
//! Every key file of ours, sealed or not, and those of other software carry a PEM armour that names a private key. A
//! key under an innocent name is found too; one that was wrapped in something else is not.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a file that are looked at. A key file of ours has less than one kB; comments may stand before it.
const LOOKED_AT: u64 = 64 * 1024;
/// Most files and folders that are looked at in one folder.
const MAX_LOOKED_AT: usize = 100_000;

/// Whether a text file holds a private key: a line that opens the armour of one.
#[must_use]
pub fn is_private_key(bytes: &[u8]) -> bool {
    let looked_at = bytes.get(..LOOKED_AT as usize).unwrap_or(bytes);
    looked_at.split(|byte| *byte == b'\n').any(opens_a_key)
}

/// `-----BEGIN PRIVATE KEY-----`, `-----BEGIN HOTLINE SEALED KEY-----` and their kin.
fn opens_a_key(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else {
        return false;
    };
    let named = line
        .trim()
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.strip_suffix("-----"));
    named.is_some_and(|name| name.ends_with("PRIVATE KEY") || name.ends_with("SEALED KEY"))
}

/// Whether a file of tiles is a private key in truth. What entries say may look like anything, but no entry begins like
/// this: only the first line counts.
#[must_use]
pub fn passes_for_a_tile(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').next().is_some_and(opens_a_key)
}

/// The first private key in a folder of evidence.
#[must_use]
pub fn inside(dir: &Path) -> Option<PathBuf> {
    let tiles = dir.join("tile");
    let mut waiting = vec![dir.to_owned()];
    let mut looked_at = 0;
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            looked_at += 1;
            if looked_at > MAX_LOOKED_AT {
                return None;
            }
            let path = entry.path();
            // A link could lead in a circle, and a pipe could be waited for: neither is followed.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => waiting.push(path),
                Ok(kind) if kind.is_file() && holds_a_key(&path, path.starts_with(&tiles)) => {
                    return Some(path);
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    None
}

fn holds_a_key(path: &Path, tile: bool) -> bool {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut bytes));
    let judge = if tile { passes_for_a_tile } else { is_private_key };
    read.is_ok() && judge(&bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_private_key_is_known_by_its_content_under_any_name() {
        for key in [
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "# mine\n  -----BEGIN EC PRIVATE KEY-----\r\nAAAA\n",
            "-----BEGIN HOTLINE SEALED KEY-----\nofficer: x\n",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        ] {
            assert!(is_private_key(key.as_bytes()), "{key}");
        }
        for other in [
            "-----BEGIN CERTIFICATE-----\nAAAA\n",
            "-----BEGIN PUBLIC KEY-----\n",
            "{\"text\":\"-----BEGIN PRIVATE KEY-----\"}",
            "",
        ] {
            assert!(!is_private_key(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_key_file_anywhere_in_a_folder_is_found_and_what_entries_say_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        fs::create_dir_all(dir.path().join("tile/entries")).unwrap();
        fs::create_dir_all(dir.path().join("deep/er")).unwrap();
        let entry = format!("\0\u{7f}said\n{key}");
        fs::write(dir.path().join("tile/entries/000"), entry).unwrap();
        assert_eq!(inside(dir.path()), None);
        for name in ["deep/er/notes.txt", "tile/entries/001"] {
            let path = dir.path().join(name);
            fs::write(&path, key).unwrap();
            assert_eq!(inside(dir.path()), Some(path.clone()));
            fs::remove_file(path).unwrap();
        }
    }
}
