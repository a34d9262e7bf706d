//! `side.toml` as `pki` writes it: the type is the client's, what stands in it is declared here.

use std::path::Path;

use hotline_client::side_file::SideCharter;
pub use hotline_client::side_file::{SideDesk, SideFile, SideOfficer, SideRelay};
use hotline_core::identity::TrustDomain;

use super::declaration::{Declaration, DeclaredCharter};
use super::error::PkiError;

/// A side with no relays, desks or officers yet.
#[must_use]
pub fn of(declaration: &Declaration, domain: &TrustDomain) -> SideFile {
    SideFile {
        side: declaration.side.clone(),
        prefix: declaration.prefix.clone(),
        domain: domain.to_string(),
        exercise: declaration
            .identifier(domain.world())
            .unwrap_or_default()
            .to_owned(),
        relay: Vec::new(),
        desk: Vec::new(),
        officer: Vec::new(),
        charter: vec![charter(&declaration.charter)],
    }
}

/// Reads and checks the text of a side file; `path` is for errors.
///
/// # Errors
/// If it is not one, or names an identity of another domain or role.
pub fn parse(path: &Path, text: &str) -> Result<SideFile, PkiError> {
    SideFile::parse(text).map_err(|why| PkiError::unreadable(path, "a side file", why))
}

/// The text that is written.
///
/// # Errors
/// If TOML cannot express it, which no checked side causes.
pub fn to_text(side: &SideFile) -> Result<String, PkiError> {
    side.to_text().map_err(|e| PkiError::making("the side file", e))
}

fn charter(charter: &DeclaredCharter) -> SideCharter {
    SideCharter {
        channel: charter.channel.clone(),
        level: charter.level.clone(),
        scope: charter.scope.clone(),
        hours: charter.hours.clone(),
        receipt_policy: charter.receipt_policy.clone(),
    }
}
