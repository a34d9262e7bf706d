//! The settings files that `init` and `issue` write: `relay.toml`, `desk.toml` and the CA's own `pki.toml`.
//!
//! Every path in them is relative to the file it stands in, so that a folder can be moved or copied to another machine
//! whole. Only addresses, names and paths stand here, never a secret.

use std::path::Path;
use std::time::Duration;

use hotline_core::identity::Identity;
use serde::{Deserialize, Serialize};

use super::declaration::{DeclaredRelay, Lifetimes};
use super::error::PkiError;

/// What `pki issue` and `pki renew` need to remember from the declared file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PkiSettings {
    /// How long certificates live, in seconds.
    pub certificate_seconds: u64,
    /// How long key statements live, in seconds.
    pub key_statement_seconds: u64,
    /// The other side's desk to which new desks write.
    pub peer: String,
    /// The channel on which new desks speak.
    pub channel: String,
}

impl PkiSettings {
    /// What a declaration says.
    #[must_use]
    pub fn new(lifetimes: Lifetimes, peer: &Identity, channel: &str) -> Self {
        Self {
            certificate_seconds: lifetimes.certificate.as_secs(),
            key_statement_seconds: lifetimes.key_statement.as_secs(),
            peer: peer.to_string(),
            channel: channel.to_owned(),
        }
    }

    /// How long certificates live.
    #[must_use]
    pub fn certificate(&self) -> Duration {
        Duration::from_secs(self.certificate_seconds)
    }

    /// How long key statements live.
    #[must_use]
    pub fn key_statement(&self) -> Duration {
        Duration::from_secs(self.key_statement_seconds)
    }

    /// Reads `pki.toml`.
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(path: &Path, text: &str) -> Result<Self, PkiError> {
        toml::from_str(text).map_err(|e| PkiError::unreadable(path, "the settings of a CA", e.message()))
    }

    /// The text that is written.
    ///
    /// # Errors
    /// If TOML cannot express it, which no checked declaration causes.
    pub fn to_text(&self) -> Result<String, PkiError> {
        toml::to_string(self).map_err(|e| PkiError::making("the settings of the CA", e))
    }
}

/// The text of `relay.toml`.
#[must_use]
pub fn relay(identity: &Identity, relay: &DeclaredRelay) -> String {
    let DeclaredRelay {
        quic, tcp, status, ..
    } = relay;
    format!(
        "# A relay's settings, written by hotline pki. Paths are relative to this file.\n\
         identity = \"{identity}\"\n\
         \n\
         # The two doors, and health and metrics on this machine only.\n\
         listen.quic = \"{quic}\"\n\
         listen.tcp = \"{tcp}\"\n\
         listen.status = \"{status}\"\n\
         \n\
         tls.certificate = \"tls.crt\"\n\
         tls.key = \"tls.key\"\n\
         \n\
         # The key of this relay's log. It signs one history, ever: never copy it to a second running relay.\n\
         log.key = \"log.key\"\n\
         ledger = \"relay.ledger\"\n\
         \n\
         # With these it cosigns the checkpoints of other relays and holds their entries; without them it does neither.\n\
         witness.key = \"witness.key\"\n\
         mirror.key = \"mirror.key\"\n\
         \n\
         # A folder that holds one folder per trusted domain.\n\
         trust = \"../../trust\"\n"
    )
}

/// What `desk.toml` says besides paths.
pub struct DeskSettings<'a> {
    /// The desk.
    pub identity: &'a Identity,
    /// What its message names start with.
    pub prefix: &'a str,
    /// The other side's desk.
    pub peer: &'a str,
    /// The exercise or operation.
    pub exercise: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// Whether it has a key for sealing.
    pub seals: bool,
}

/// The text of `desk.toml`.
#[must_use]
pub fn desk(settings: &DeskSettings<'_>) -> String {
    let DeskSettings {
        identity,
        prefix,
        peer,
        exercise,
        channel,
        seals,
    } = settings;
    let seal_key = if *seals {
        "# The key that opens what is sealed to this desk.\nseal_key = \"seal.key\"\n"
    } else {
        ""
    };
    // The one value that people choose freely.
    let exercise = toml::Value::from(*exercise);
    format!(
        "# A desk's settings, written by hotline pki. Paths are relative to this file.\n\
         identity = \"{identity}\"\n\
         prefix = \"{prefix}\"\n\
         \n\
         ledger = \"desk.ledger\"\n\
         socket = \"desk.sock\"\n\
         \n\
         tls.certificate = \"tls.crt\"\n\
         tls.key = \"tls.key\"\n\
         statement_key = \"statement.key\"\n\
         # The key of this desk's log. It signs one history, ever: never copy it to a second running desk.\n\
         log_key = \"log.key\"\n\
         {seal_key}\
         \n\
         # A folder that holds one folder per trusted domain, and one with a folder per officer of this machine.\n\
         trust = \"../../trust\"\n\
         officers = \"../../officer\"\n\
         \n\
         peer = \"{peer}\"\n\
         exercise = {exercise}\n\
         channel = \"{channel}\"\n"
    )
}
