//! `side.toml`: what the holder of a trust folder knows about one side beyond its keys: names, addresses, charters.
//!
//! It lies in `trust/<domain>/` beside `ca.crt`, `crl.pem`, `root.pub` and `roster`. Relays and desks read it to know
//! whom to dial and whom to write to. Nothing in it is an authority: an address that lies leads to a relay whose
//! certificate does not fit, and an officer's roles stand in the roster. Written by machine, in a trust file signed by
//! the side's statement root.

use std::net::SocketAddr;

use hotline_core::identity::{Identity, Role, TrustDomain};
use serde::{Deserialize, Serialize};

/// One side, as a trust folder describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideFile {
    /// Name of the side.
    pub side: String,
    /// What its message names start with.
    pub prefix: String,
    /// The trust domain this folder is about.
    pub domain: String,
    /// The exercise or operation, as the charters name it.
    pub exercise: String,
    /// Its relays.
    #[serde(default)]
    pub relay: Vec<SideRelay>,
    /// Its desks.
    #[serde(default)]
    pub desk: Vec<SideDesk>,
    /// Its officers.
    #[serde(default)]
    pub officer: Vec<SideOfficer>,
    /// The charters it consents to.
    #[serde(default)]
    pub charter: Vec<SideCharter>,
}

/// A relay and where it is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideRelay {
    /// Its identity.
    pub identity: String,
    /// Its QUIC door.
    pub quic: SocketAddr,
    /// Its TCP door.
    pub tcp: SocketAddr,
}

/// A desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideDesk {
    /// Its identity.
    pub identity: String,
    /// What its message names start with.
    pub prefix: String,
}

/// An officer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideOfficer {
    /// The identity; roles stand in the roster.
    pub identity: String,
    /// Identity of the desk at which this officer sits.
    pub desk: String,
}

/// A charter's terms, for people; the signed bytes lie beside in `charter/<channel>/terms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideCharter {
    /// Name of the channel.
    pub channel: String,
    /// Level of those who speak on it.
    pub level: String,
    /// What it is for.
    pub scope: String,
    /// When it is watched.
    pub hours: String,
    /// What each side promises to sign, and how soon.
    pub receipt_policy: String,
}

impl SideFile {
    /// Reads and checks the text of a side file.
    ///
    /// # Errors
    /// If it is not one, or names an identity of another domain or role: what is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let side: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        side.check()?;
        Ok(side)
    }

    /// The text that is written.
    ///
    /// # Errors
    /// If TOML cannot express it, which no checked side causes.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        let body = toml::to_string(self)?;
        Ok(format!(
            "# What a trust folder says about one side. Written by hotline pki; keys are in the files beside.\n{body}"
        ))
    }

    /// The trust domain.
    ///
    /// # Errors
    /// What is wrong with the name.
    pub fn trust_domain(&self) -> Result<TrustDomain, String> {
        TrustDomain::parse(&self.domain).map_err(|e| e.to_string())
    }

    fn check(&self) -> Result<(), String> {
        let domain = self.trust_domain()?;
        let named = self.relay.iter().map(|relay| (&relay.identity, Role::Relay));
        let named = named.chain(self.desk.iter().map(|desk| (&desk.identity, Role::Desk)));
        let named = named.chain(
            self.officer
                .iter()
                .map(|officer| (&officer.identity, Role::Officer)),
        );
        let named = named.chain(self.officer.iter().map(|officer| (&officer.desk, Role::Desk)));
        for (text, role) in named {
            let identity: Identity = text.parse().map_err(|e| format!("{text:?}: {e}"))?;
            if *identity.domain() != domain || identity.role() != role {
                return Err(format!("{text:?} is not a {role} of {domain}"));
            }
        }
        Ok(())
    }
}
