//! `pki revoke`: an identity ends, now and for good.
//!
//! Its certificates go onto the revocation list and its key statements end in the roster, both in the same step, and in
//! our own trust folder at once, where running relays and desks find it. The other side learns it from the next export, so
//! the verb says to make one. This is the part that needs CA and statement root; the verb asks two officers first
//! ([`super::deny`]).

use std::path::Path;

use hotline_core::identity::Identity;
use hotline_core::time::WallTime;

use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::DomainFolder;
use super::read_certificate::{RevocationListView, RevokedSerial};
use super::workshop::Workshop;
use super::{charter, layout};

/// What ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Whose identity it was.
    pub identity: Identity,
    /// How many certificates were added to the list.
    pub certificates: usize,
    /// How many key statements ended.
    pub keys: usize,
    /// Channels whose charter no longer has a consent of ours that counts.
    pub charters: Vec<String>,
    /// The list's new number.
    pub list_number: u64,
    /// The roster's newest entry.
    pub roster_number: u64,
}

/// Revokes `name` (`officer/okoye`, or the whole identity) in the domain's folder `dir`.
///
/// # Errors
/// If nobody has this name, it is revoked already, or the CA cannot be used.
pub fn revoke(
    dir: &Path,
    name: &str,
    reason: &str,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<Revoked, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let identity = folder.holder(name)?;
    if reason.trim().is_empty() {
        return Err(PkiError::Usage {
            why: "a revocation needs a --reason, in words that both sides will read".into(),
        });
    }
    let mut shop = Workshop::open(&folder, now, entropy)?;
    let list_path = folder.file(layout::REVOCATION_LIST);
    let mut list = RevocationListView::from_pem(&list_path, &folder.text(layout::REVOCATION_LIST)?)?;
    let fresh: Vec<_> = folder
        .issued()?
        .into_iter()
        .filter(|issued| issued.identity == identity)
        .filter(|issued| !list.revoked.iter().any(|revoked| revoked.serial == issued.serial))
        .map(|issued| RevokedSerial {
            serial: issued.serial,
            at_ms: now.unix_ms(),
        })
        .collect();
    let keys = shop.revoke_keys(&identity, reason)?;
    shop.forget(&identity);
    if fresh.is_empty() && keys == 0 {
        return Err(PkiError::Revoked {
            identity: identity.to_string(),
        });
    }
    let certificates = fresh.len();
    list.revoked.extend(fresh);
    let list_number = list.number.saturating_add(1);
    let text = shop.authority.revocation_list(list_number, now, &list.revoked)?;
    // The list first: it is what closes the door.
    files::replace(
        &folder.trust(folder.domain()).join(layout::REVOCATION_LIST),
        text.as_bytes(),
        Audience::Anybody,
    )?;
    files::replace(&list_path, text.as_bytes(), Audience::Anybody)?;
    shop.save(&folder)?;
    let charters = charters_without_consent(&folder, now)?;
    Ok(Revoked {
        identity,
        certificates,
        keys,
        list_number,
        charters,
        roster_number: shop.roster.roster().next_number().saturating_sub(1),
    })
}

fn charters_without_consent(folder: &DomainFolder, now: WallTime) -> Result<Vec<String>, PkiError> {
    let roster = folder.roster()?;
    let place = folder.trust(folder.domain()).join(layout::CHARTER);
    let mut channels = Vec::new();
    for channel in files::folders_below(&place)? {
        let terms = files::read(&place.join(&channel).join(layout::TERMS))?;
        let consent = files::read(
            &place
                .join(&channel)
                .join(layout::consent(folder.domain().as_str())),
        )?;
        if charter::check_consent(&consent, &terms, &roster, now).is_err() {
            channels.push(channel);
        }
    }
    Ok(channels)
}
