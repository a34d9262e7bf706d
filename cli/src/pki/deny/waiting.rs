//! The first of two signatures, in a file until the second officer comes.

use std::path::PathBuf;

use data_encoding::BASE64;
use hotline_audit::statement::DenyOrder;

use super::order_in;
use crate::pki::error::PkiError;
use crate::pki::files::{self, Audience};
use crate::pki::folder::DomainFolder;
use crate::pki::layout;

/// A first signature that waits for the second.
pub(super) struct Waiting {
    pub(super) order: DenyOrder,
    pub(super) signature: Vec<u8>,
    pub(super) file: PathBuf,
}

impl Waiting {
    pub(super) fn read(folder: &DomainFolder) -> Result<Option<Self>, PkiError> {
        let file = folder.file(layout::DENY_PENDING);
        if !file.exists() {
            return Ok(None);
        }
        let unreadable = |why: String| PkiError::unreadable(&file, "an order that waits", why);
        let text = files::read_text(&file)?;
        let signature = BASE64
            .decode(text.trim_end().as_bytes())
            .map_err(|error| unreadable(error.to_string()))?;
        let order = order_in(&signature).map_err(|error| unreadable(error.to_string()))?;
        Ok(Some(Self {
            order,
            signature,
            file,
        }))
    }

    pub(super) fn write(folder: &DomainFolder, signature: &[u8]) -> Result<(), PkiError> {
        let text = format!("{}\n", BASE64.encode(signature));
        files::replace(
            &folder.file(layout::DENY_PENDING),
            text.as_bytes(),
            Audience::Owner,
        )
    }

    pub(super) fn remove(folder: &DomainFolder) -> Result<(), PkiError> {
        let file = folder.file(layout::DENY_PENDING);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(PkiError::file("removed", &file, error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
