//! A domain's folder that exists: what `init` made and the other verbs read, extend or show.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hotline_audit::{PublicKey, Roster, SigningKey};
use hotline_core::identity::{Identity, Role, TrustDomain};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::certificate::Authority;
use super::error::PkiError;
use super::read_certificate::CertificateView;
use super::settings::PkiSettings;
use super::side::{self, SideFile};
use super::{files, keys, layout};

/// A folder made by `pki init`: the CA, the statement root and everybody's keys of one trust domain.
#[derive(Debug, Clone)]
pub struct DomainFolder {
    path: PathBuf,
    domain: TrustDomain,
    root: PublicKey,
}

/// A folder that nobody else writes to meanwhile.
#[derive(Debug)]
pub struct Held {
    _folder: File,
}

/// One line of `issued`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Serial number, big-endian.
    pub serial: Vec<u8>,
    /// To whom.
    pub identity: Identity,
}

impl DomainFolder {
    /// Opens a folder; it must be its owner's alone.
    ///
    /// # Errors
    /// If it is not a domain's folder, or others may enter it.
    pub fn open(path: &Path) -> Result<Self, PkiError> {
        let public = path.join(layout::ROOT_PUBLIC);
        if !public.exists() {
            let mut below = files::folders_below(path)?;
            below.retain(|name| path.join(name).join(layout::ROOT_PUBLIC).exists());
            return Err(PkiError::NoDomain {
                path: path.to_owned(),
                below,
            });
        }
        files::refuse_lax(path)?;
        let (domain, root) = keys::read_root(&public, &files::read_text(&public)?)?;
        Ok(Self {
            path: path.to_owned(),
            domain,
            root,
        })
    }

    /// Holds the folder for one writer until the result is dropped.
    ///
    /// # Errors
    /// [`PkiError::Busy`] if somebody else holds it.
    pub fn hold(&self) -> Result<Held, PkiError> {
        let folder = File::open(&self.path).map_err(|source| PkiError::file("opened", &self.path, source))?;
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Held { _folder: folder }),
            Err(Errno::WOULDBLOCK) => Err(PkiError::Busy {
                path: self.path.clone(),
            }),
            Err(errno) => Err(PkiError::file("held", &self.path, errno.into())),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its trust domain.
    #[must_use]
    pub fn domain(&self) -> &TrustDomain {
        &self.domain
    }

    /// The public half of its statement root.
    #[must_use]
    pub fn root(&self) -> &PublicKey {
        &self.root
    }

    /// The path of one of its files.
    #[must_use]
    pub fn file(&self, below: &str) -> PathBuf {
        self.path.join(below)
    }

    /// The text of one of its public files.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn text(&self, below: &str) -> Result<String, PkiError> {
        files::read_text(&self.file(below))
    }

    /// Its trust folder for a domain: its own, or one trusted later.
    #[must_use]
    pub fn trust(&self, domain: &TrustDomain) -> PathBuf {
        self.path.join(layout::TRUST).join(domain.as_str())
    }

    /// Its CA certificate.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn ca_certificate(&self) -> Result<CertificateView, PkiError> {
        CertificateView::from_pem(
            &self.file(layout::CA_CERTIFICATE),
            &self.text(layout::CA_CERTIFICATE)?,
        )
    }

    /// Its CA with the private key.
    ///
    /// # Errors
    /// If the key is not there (it may be kept elsewhere), others may read it, or it does not fit.
    pub fn authority(&self) -> Result<Authority, PkiError> {
        let key = files::read_secret(&self.file(layout::CA_KEY))?;
        let certificate = self.file(layout::CA_CERTIFICATE);
        Authority::open(&self.domain, &certificate, &files::read_text(&certificate)?, &key)
    }

    /// Its statement root with the private key.
    ///
    /// # Errors
    /// If the key is not there, others may read it, or it does not fit.
    pub fn statement_root(&self) -> Result<SigningKey, PkiError> {
        let path = self.file(layout::ROOT_KEY);
        let key = keys::signing_key(&path)?;
        if key.public() == self.root {
            return Ok(key);
        }
        Err(PkiError::unreadable(
            &path,
            "the key of the statement root",
            format!("{} names another", layout::ROOT_PUBLIC),
        ))
    }

    /// Its roster.
    ///
    /// # Errors
    /// If it cannot be read or does not hold together.
    pub fn roster(&self) -> Result<Roster, PkiError> {
        read_roster(
            &self.file(layout::ROSTER),
            &self.text(layout::ROSTER)?,
            &self.domain,
            self.root,
        )
    }

    /// What its own trust folder says about its side.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn side(&self) -> Result<SideFile, PkiError> {
        let path = self.trust(&self.domain).join(layout::SIDE);
        side::parse(&path, &files::read_text(&path)?)
    }

    /// What later verbs remember of the declared file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn settings(&self) -> Result<PkiSettings, PkiError> {
        PkiSettings::parse(&self.file(layout::SETTINGS), &self.text(layout::SETTINGS)?)
    }

    /// Every certificate ever issued here.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub fn issued(&self) -> Result<Vec<Issued>, PkiError> {
        let path = self.file(layout::ISSUED);
        let text = files::read_text(&path)?;
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                line.parse()
                    .map_err(|why| PkiError::unreadable(&path, "a record of certificates", why))
            })
            .collect()
    }

    /// Everybody who has a folder here, in order of role and name.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn holders(&self) -> Result<Vec<Identity>, PkiError> {
        let mut holders = Vec::new();
        for role in [Role::Relay, Role::Desk, Role::Officer] {
            for name in files::folders_below(&self.file(&role.to_string()))? {
                // A folder with another name is not ours.
                holders.extend(Identity::new(self.domain.clone(), role, &name));
            }
        }
        Ok(holders)
    }

    /// The identity that somebody names: `officer/okoye` or the whole `spiffe://…`.
    ///
    /// # Errors
    /// [`PkiError::Unknown`] with the names that exist.
    pub fn holder(&self, name: &str) -> Result<Identity, PkiError> {
        let mut holders = self.holders()?;
        // An escrow has a key for sealing and nothing else; it is listed nowhere, and can be ended.
        for name in files::folders_below(&self.file(&Role::Escrow.to_string()))? {
            holders.extend(Identity::new(self.domain.clone(), Role::Escrow, &name));
        }
        let known = || holders.iter().map(short).collect::<Vec<_>>().join(", ");
        holders
            .iter()
            .find(|identity| short(identity) == name || identity.to_string() == name)
            .cloned()
            .ok_or_else(|| PkiError::Unknown {
                name: name.to_owned(),
                folder: self.path.clone(),
                known: known(),
            })
    }

    /// The folder of one holder.
    #[must_use]
    pub fn of(&self, identity: &Identity) -> PathBuf {
        self.path.join(short(identity))
    }
}

/// Reads a roster and checks it; `path` is for errors.
///
/// # Errors
/// If it does not hold together under this statement root.
pub fn read_roster(
    path: &Path,
    text: &str,
    domain: &TrustDomain,
    root: PublicKey,
) -> Result<Roster, PkiError> {
    Roster::parse(text, domain.as_str(), root, None).map_err(|e| PkiError::unreadable(path, "a roster", e))
}

/// An identity as people type it here: `officer/okoye`.
#[must_use]
pub fn short(identity: &Identity) -> String {
    format!("{}/{}", identity.role(), identity.name())
}

impl FromStr for Issued {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut fields = line.split(' ');
        let (Some(serial), Some(identity)) = (fields.next(), fields.next()) else {
            return Err(format!("the line {line:?} has no serial number and identity"));
        };
        let serial = data_encoding::HEXLOWER
            .decode(serial.as_bytes())
            .map_err(|e| format!("{serial:?}: {e}"))?;
        Ok(Self {
            serial,
            identity: identity.parse().map_err(|e| format!("{identity:?}: {e}"))?,
        })
    }
}
