//! To what a releaser of a seat has consented: one charter, for as long as the seat is. Control may ask again, because the
//! answer was lost; it may not ask for another consent.

use std::{fs, io, path::Path};

use hotline_audit::Hash;
use serde::{Deserialize, Serialize};

use crate::join::place::PLANE;

/// In the folder of the control plane.
const FILE: &str = "consented.json";

/// What was consented to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consented {
    /// Who.
    pub(super) officer: String,
    /// By which key.
    pub(super) key_statement: String,
    /// SHA-256 of the terms, hex.
    pub(super) terms: String,
}

impl Consented {
    pub(super) fn to(terms: &[u8], officer: &str, key_statement: &str) -> Self {
        Self {
            officer: officer.to_owned(),
            key_statement: key_statement.to_owned(),
            terms: Hash::of(terms).to_string(),
        }
    }

    /// Keeps it, before anything is signed; refuses it where the seat has consented to something else.
    pub(super) fn keep(&self, dir: &Path) -> Result<(), String> {
        let file = dir.join(PLANE).join(FILE);
        let failed = |error: io::Error| format!("what this seat has consented to cannot be kept: {error}");
        let before = match fs::read(&file) {
            Ok(bytes) => Some(serde_json::from_slice::<Self>(&bytes).map_err(|error| failed(error.into()))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        match before {
            Some(before) if before == *self => Ok(()),
            Some(_) => Err("this seat has consented to other terms already".into()),
            None => {
                let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
                let new = file.with_extension("new");
                fs::write(&new, text)
                    .and_then(|()| fs::rename(&new, &file))
                    .map_err(failed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_seat_consents_to_one_charter_however_often_it_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(PLANE)).unwrap();
        let first = Consented::to(b"terms", "novak", "aa");
        first.keep(dir.path()).unwrap();
        first.keep(dir.path()).unwrap();
        for other in [
            Consented::to(b"other terms", "novak", "aa"),
            Consented::to(b"terms", "rossi", "aa"),
            Consented::to(b"terms", "novak", "bb"),
        ] {
            assert!(
                other.keep(dir.path()).unwrap_err().contains("already"),
                "{other:?}"
            );
        }
    }
}
