//! `pki renew`: a new certificate for somebody whose old one ends soon.
//!
//! The identity stays, and so do the names on the certificate; the key stays unless a new one is asked for. Relays and
//! desks read the new file at their next start. Key statements have lifetimes of their own and are not touched.

use std::path::{Path, PathBuf};

use hotline_core::identity::{Identity, Role};
use hotline_core::time::WallTime;
use rcgen::KeyPair;

use super::certificate::{self};
use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::DomainFolder;
use super::layout;
use super::read_certificate::CertificateView;
use super::workshop::Workshop;

/// What becomes of the TLS key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsKey {
    /// The old one stays.
    Keep,
    /// A new one is made.
    New,
}

/// A renewed certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// Whose it is.
    pub identity: Identity,
    /// The certificate's file.
    pub file: PathBuf,
    /// When it ends, milliseconds since 1970.
    pub not_after_ms: u64,
}

/// Renews the certificate in a holder's folder, e.g. `DIR/DOMAIN/desk/ops` (or the `tls.crt` in it).
///
/// # Errors
/// If that is no holder's folder, the holder is revoked, or the CA cannot be used.
pub fn renew(
    path: &Path,
    key: TlsKey,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<Renewed, PkiError> {
    let (folder, identity) = find(path)?;
    let mut shop = Workshop::open(&folder, now, entropy)?;
    if shop.is_gone(&identity) {
        return Err(PkiError::Revoked {
            identity: identity.to_string(),
        });
    }
    let place = folder.of(&identity);
    let certificate_file = place.join(layout::TLS_CERTIFICATE);
    let key_file = place.join(layout::TLS_KEY);
    let old = CertificateView::from_pem(&certificate_file, &files::read_text(&certificate_file)?)?;
    if old.uris != [identity.to_string()] {
        let why = format!("its names are {:?}", old.uris);
        return Err(PkiError::unreadable(
            &certificate_file,
            "the certificate of its folder's holder",
            why,
        ));
    }
    let pair = match key {
        TlsKey::New => certificate::new_key()?,
        TlsKey::Keep => KeyPair::from_pem(&files::read_secret(&key_file)?)
            .map_err(|e| PkiError::unreadable(&key_file, "a TLS key", e))?,
    };
    let pem = shop.certificate(&identity, &old.dns, &old.ips, &pair)?;
    shop.save(&folder)?;
    if key == TlsKey::New {
        files::replace(&key_file, pair.serialize_pem().as_bytes(), Audience::Owner)?;
    }
    files::replace(&certificate_file, pem.as_bytes(), Audience::Anybody)?;
    let not_after_ms = CertificateView::from_pem(&certificate_file, &pem)?
        .validity
        .not_after_ms;
    Ok(Renewed {
        identity,
        file: certificate_file,
        not_after_ms,
    })
}

/// The domain's folder and the holder that a path below it names.
pub(super) fn find(path: &Path) -> Result<(DomainFolder, Identity), PkiError> {
    let what = "a holder's folder, such as DIR/exercise.avelia.example/desk/ops";
    let whole = path
        .canonicalize()
        .map_err(|source| PkiError::file("read", path, source))?;
    let place = if whole.is_dir() {
        whole.as_path()
    } else {
        whole.parent().unwrap_or(&whole)
    };
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name)
            .and_then(|name| name.to_str().map(str::to_owned))
    };
    let (Some(holder), Some(role), Some(root)) = (
        name(Some(place)),
        name(place.parent()),
        place.parent().and_then(Path::parent),
    ) else {
        return Err(PkiError::unreadable(path, what, "it lies too high"));
    };
    if role.parse::<Role>().is_err() {
        return Err(PkiError::unreadable(path, what, format!("{role:?} is no role")));
    }
    let folder = DomainFolder::open(root)?;
    let identity = folder.holder(&format!("{role}/{holder}"))?;
    Ok((folder, identity))
}
