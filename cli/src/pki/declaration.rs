//! What a side declares before anything is made: its name, domains, relays, desks, officers, peer and charter.
//!
//! The file is TOML; `certs-example/avelia.toml` is the worked example. It is read and checked whole before the first
//! key is made: first every key and type, then what they mean together; all faults of a kind are told at once, each
//! with its key, the value found and one that would work. Nothing secret stands in it. Reading lives in `read`, the
//! rules in `check`.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use hotline_audit::Hash;
use hotline_core::identity::{TrustDomain, World};
use hotline_core::words::OfficerRole;

use super::error::{Fault, PkiError};
use super::files;

mod check;
mod read;

pub(in crate::pki) use check::{is_channel, new_desk, new_relay};

/// Relays a side may declare. 8: each is a leg pair of every desk, and DESIGN asks for two.
pub const RELAYS_MAX: usize = 8;
/// Desks a side may declare.
pub const DESKS_MAX: usize = 32;
/// Officers a side may declare.
pub const OFFICERS_MAX: usize = 256;

/// A side as its declared file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// How errors name the file.
    pub file: String,
    /// Name of the side, e.g. "Avelia".
    pub side: String,
    /// What its message names start with, e.g. "A".
    pub prefix: String,
    /// Its trust domains, at most one of each world.
    pub domains: Vec<TrustDomain>,
    /// How long what is made lives.
    pub lifetimes: Lifetimes,
    /// Identifier of the exercise, as both sides' charter names it.
    pub exercise: Option<String>,
    /// The same for the OPERATION domain.
    pub operation: Option<String>,
    /// The side's relays.
    pub relays: Vec<DeclaredRelay>,
    /// The side's desks.
    pub desks: Vec<DeclaredDesk>,
    /// The side's officers.
    pub officers: Vec<DeclaredOfficer>,
    /// The other side.
    pub peer: DeclaredPeer,
    /// The channel both sides open.
    pub charter: DeclaredCharter,
    /// Whether its desks and its escrow get keys for sealing. Always, but in worlds that are simulated.
    pub seals: bool,
}

/// How long what is made lives, from the moment it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// The CA certificate and the revocation list.
    pub authority: Duration,
    /// The certificates of relays, desks and officers; never longer than the CA.
    pub certificate: Duration,
    /// Key statements of desks, relays and officers.
    pub key_statement: Duration,
}

/// A relay of the side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredRelay {
    /// Its name, e.g. "north".
    pub name: String,
    /// Where it listens for QUIC, and where desks find it.
    pub quic: SocketAddr,
    /// Where it listens for TCP, and where desks find it.
    pub tcp: SocketAddr,
    /// Loopback address of its health and metrics.
    pub status: SocketAddr,
    /// DNS names in its certificate, for gRPC clients of others; never an identity.
    pub dns: Vec<String>,
    /// IP addresses in its certificate, likewise.
    pub ips: Vec<IpAddr>,
}

/// A desk of the side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredDesk {
    /// Its name, e.g. "ops".
    pub name: String,
    /// What its message names start with, e.g. "A" or "A2".
    pub prefix: String,
}

/// An officer of the side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredOfficer {
    /// The name, e.g. "okoye".
    pub name: String,
    /// The roles, ascending, without repeats.
    pub roles: Vec<OfficerRole>,
    /// The desk at which this officer sits.
    pub desk: String,
}

/// The other side, as far as our own files need to know it before its trust file arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredPeer {
    /// Its name, e.g. "Borenia".
    pub side: String,
    /// Its trust domains.
    pub domains: Vec<TrustDomain>,
    /// The desk our desks write to.
    pub desk: String,
}

/// The terms of a channel's charter. Both sides declare the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredCharter {
    /// Name of the channel, e.g. "MINISTER".
    pub channel: String,
    /// Level of those who speak on it.
    pub level: String,
    /// What it is for.
    pub scope: String,
    /// When it is watched.
    pub hours: String,
    /// What each side promises to sign, and how soon.
    pub receipt_policy: String,
    /// SHA-256 of the codebook that both sides hold, if they agree on one: its key is `codebook`.
    pub codebook: Option<Hash>,
}

impl Declaration {
    /// Reads and checks a declared file.
    ///
    /// # Errors
    /// [`PkiError::Declared`] with everything that is wrong, or that the file cannot be read.
    pub fn load(path: &Path) -> Result<Self, PkiError> {
        Self::parse(&files::read_text(path)?, &path.display().to_string())
    }

    /// Reads and checks the text of a declared file; `file` is how errors name it.
    ///
    /// # Errors
    /// [`PkiError::Declared`] with everything that is wrong.
    pub fn parse(text: &str, file: &str) -> Result<Self, PkiError> {
        let declaration = read::declaration(text, file)?;
        declaration.check()?;
        Ok(declaration)
    }

    /// Checks every rule again; for callers who changed a field.
    ///
    /// # Errors
    /// [`PkiError::Declared`] with everything that is wrong.
    pub fn check(&self) -> Result<(), PkiError> {
        let faults = check::faults(self);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(PkiError::Declared {
                file: self.file.clone(),
                faults,
            })
        }
    }

    /// The same declaration for one of its domains only.
    ///
    /// # Errors
    /// [`PkiError::Declared`] if it does not declare that domain.
    pub fn only(mut self, domain: &str) -> Result<Self, PkiError> {
        let declared = names(&self.domains);
        self.domains.retain(|name| name.to_string() == domain);
        if self.domains.is_empty() {
            let fault = Fault {
                key: "--domain".into(),
                found: format!("{domain:?}"),
                why: "the file declares no such domain".into(),
                works: declared,
            };
            return Err(PkiError::Declared {
                file: self.file,
                faults: vec![fault],
            });
        }
        Ok(self)
    }

    /// The identifier that charters and statements of this world carry.
    #[must_use]
    pub fn identifier(&self, world: World) -> Option<&str> {
        match world {
            World::Exercise => self.exercise.as_deref(),
            World::Operation => self.operation.as_deref(),
        }
    }

    /// The other side's domain in this world.
    #[must_use]
    pub fn peer_domain(&self, world: World) -> Option<&TrustDomain> {
        self.peer.domains.iter().find(|domain| domain.world() == world)
    }

    /// Who signs the consent to the charter: the first declared RELEASER.
    #[must_use]
    pub fn consenting_officer(&self) -> Option<&DeclaredOfficer> {
        self.officers
            .iter()
            .find(|officer| officer.roles.contains(&OfficerRole::Releaser))
    }
}

fn names(domains: &[TrustDomain]) -> String {
    domains
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
