//! `pki issue`: one more relay, desk, escrow or officer for a domain that exists.
//!
//! The newcomer's folder is made aside; the books are written; then the folder takes its place. If the machine stops in
//! between, a key statement of a key that nobody has stays in the roster, and the name must be another one.

use std::path::{Path, PathBuf};

use hotline_audit::PublicKey;
use hotline_core::identity::{Identity, Role};
use hotline_core::time::WallTime;

use super::declaration::{self, DeclaredDesk, DeclaredOfficer, DeclaredRelay};
use super::error::PkiError;
use super::files::{self, Aside};
use super::folder::DomainFolder;
use super::side::SideFile;
use super::workshop::{Bench, Workshop};

/// Who is to be issued an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Newcomer {
    /// A relay.
    Relay(DeclaredRelay),
    /// A desk.
    Desk(DeclaredDesk),
    /// An escrow, by its name.
    Escrow(String),
    /// An officer whose key is made here.
    Officer(DeclaredOfficer),
    /// An officer who brings the public half of a key that stays elsewhere, 32 bytes in base64.
    OfficerWithKey(DeclaredOfficer, String),
}

/// What was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIdentity {
    /// The identity.
    pub identity: Identity,
    /// Its folder.
    pub folder: PathBuf,
}

/// Issues an identity in the domain's folder `dir`.
///
/// # Errors
/// If the name is taken or was ever revoked, the key is weak, a desk is unknown, or the CA cannot be used.
pub fn issue(
    dir: &Path,
    newcomer: &Newcomer,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<NewIdentity, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let (role, name) = newcomer.role_and_name();
    let identity = Identity::new(folder.domain().clone(), role, name)
        .map_err(|e| PkiError::Usage { why: e.to_string() })?;
    let place = folder.of(&identity);
    files::refuse_filled(&place)?;
    let mut shop = Workshop::open(&folder, now, entropy)?;
    refuse_used(&shop, &identity)?;
    newcomer.check(&folder, &shop.side)?;

    let tag = u64::from_be_bytes(shop.random());
    let aside = Aside::begin(folder.path(), &place, tag)?;
    let bench = Bench {
        aside: &aside,
        below: "",
    };
    match newcomer {
        Newcomer::Relay(relay) => drop(shop.relay(bench, relay)?),
        Newcomer::Desk(desk) => drop(shop.desk(bench, desk)?),
        Newcomer::Escrow(name) => drop(shop.escrow(bench, name)?),
        Newcomer::Officer(officer) => drop(shop.officer(bench, officer)?),
        Newcomer::OfficerWithKey(officer, key) => {
            drop(shop.officer_with(bench, officer, own_key(&identity, key)?)?);
        }
    }
    shop.save(&folder)?;
    aside.finish()?;
    Ok(NewIdentity {
        identity,
        folder: place,
    })
}

impl Newcomer {
    fn role_and_name(&self) -> (Role, &str) {
        match self {
            Self::Relay(relay) => (Role::Relay, &relay.name),
            Self::Desk(desk) => (Role::Desk, &desk.name),
            Self::Escrow(name) => (Role::Escrow, name),
            Self::Officer(officer) | Self::OfficerWithKey(officer, _) => (Role::Officer, &officer.name),
        }
    }

    fn check(&self, folder: &DomainFolder, side: &SideFile) -> Result<(), PkiError> {
        let faults = match self {
            Self::Relay(relay) => declaration::new_relay(relay),
            Self::Desk(desk) => {
                let prefixes: Vec<_> = side.desk.iter().map(|desk| desk.prefix.as_str()).collect();
                declaration::new_desk(desk, &side.prefix, &prefixes)
            }
            // Whatever is a name of an identity will do.
            Self::Escrow(_) => Vec::new(),
            Self::Officer(officer) | Self::OfficerWithKey(officer, _) => {
                folder.holder(&format!("desk/{}", officer.desk))?;
                Vec::new()
            }
        };
        match faults.first() {
            None => Ok(()),
            Some(fault) => Err(PkiError::Usage {
                why: fault.to_string(),
            }),
        }
    }
}

fn own_key(identity: &Identity, key: &str) -> Result<PublicKey, PkiError> {
    super::keys::public_key(key).map_err(|why| PkiError::KeyRefused {
        identity: identity.to_string(),
        why,
    })
}

/// A name has one history: a second holder of it could be taken for the first.
fn refuse_used(shop: &Workshop<'_>, identity: &Identity) -> Result<(), PkiError> {
    let (roster, name) = (shop.roster.roster(), identity.to_string());
    let signs = roster.keys().any(|key| key.statement.subject == name);
    if signs || roster.seal_keys().any(|key| key.statement.subject == name) {
        return Err(PkiError::Revoked {
            identity: identity.to_string(),
        });
    }
    Ok(())
}
