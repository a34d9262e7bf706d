//! Whose line it is: a desk or a relay, by its settings file.

use std::path::{Path, PathBuf};

use hotline_audit::Purpose;
use hotline_client::config::DeskConfig;
use hotline_core::identity::Identity;
use hotline_server::config::RelayConfig;

use super::finding::Findings;
use crate::{desk::here, exit};

/// Who is examined.
pub(super) struct Patient {
    /// The settings file.
    pub(super) file: PathBuf,
    /// Who it is.
    pub(super) identity: Identity,
    pub(super) certificate: PathBuf,
    pub(super) tls_key: PathBuf,
    /// Signing keys, each with its name in the settings.
    pub(super) signing_keys: Vec<(&'static str, PathBuf)>,
    pub(super) trust: PathBuf,
    pub(super) ledger: PathBuf,
    kind: Kind,
}

enum Kind {
    Desk(Box<DeskConfig>),
    Relay(Box<RelayConfig>),
}

/// Names that settings files have, in the order in which they are looked for.
const NAMES: [&str; 2] = ["desk.toml", "relay.toml"];

/// Reads the settings named, or those in this folder. Without any, only the machine is examined.
pub(super) fn find(named: Option<&Path>, findings: &mut Findings) -> Option<Patient> {
    let file = match named {
        Some(file) => file.to_owned(),
        None => match NAMES.iter().map(PathBuf::from).find(|file| file.is_file()) {
            Some(file) => file,
            None => match here::unnamed() {
                Ok(file) => file,
                Err(failure) => {
                    findings.warn(
                        "settings",
                        format!("{}: only this machine is looked at", failure.what),
                        "hotline doctor --config DIR/DOMAIN/desk/ops/desk.toml",
                    );
                    return None;
                }
            },
        },
    };
    match load(&file) {
        Ok(patient) => {
            findings.ok(
                "settings",
                format!("{} in {}", patient.identity, file.display()),
                format!("cat {}", file.display()),
            );
            Some(patient)
        }
        Err(why) => {
            findings.fail(
                exit::CONFIG,
                "settings",
                why,
                "hotline pki init --from FILE --out DIR",
            );
            None
        }
    }
}

fn load(file: &Path) -> Result<Patient, String> {
    // Only a relay has doors to listen at.
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let is_relay = toml::from_str::<toml::Table>(&text).is_ok_and(|table| table.contains_key("listen"));
    if is_relay {
        let config = RelayConfig::load(file).map_err(|error| error.to_string())?;
        return Ok(Patient {
            file: file.to_owned(),
            identity: config.identity.clone(),
            certificate: config.certificate.clone(),
            tls_key: config.tls_key.clone(),
            signing_keys: relay_keys(&config),
            trust: config.trust.clone(),
            ledger: config.ledger.clone(),
            kind: Kind::Relay(Box::new(config)),
        });
    }
    let config = DeskConfig::load(file).map_err(|error| error.to_string())?;
    Ok(Patient {
        file: file.to_owned(),
        identity: config.identity.clone(),
        certificate: config.certificate.clone(),
        tls_key: config.tls_key.clone(),
        signing_keys: vec![
            ("statement_key", config.statement_key.clone()),
            ("log_key", config.log_key.clone()),
        ],
        trust: config.trust.clone(),
        ledger: config.ledger.clone(),
        kind: Kind::Desk(Box::new(config)),
    })
}

fn relay_keys(config: &RelayConfig) -> Vec<(&'static str, PathBuf)> {
    let mut keys = vec![("log.key", config.log_key.clone())];
    if let Some(witness) = &config.witness {
        keys.push(("witness.key", witness.witness.clone()));
        keys.extend(witness.mirror.clone().map(|mirror| ("mirror.key", mirror)));
    }
    keys
}

impl Patient {
    /// The desk's settings, if it is one.
    pub(super) fn desk(&self) -> Option<&DeskConfig> {
        match &self.kind {
            Kind::Desk(config) => Some(config),
            Kind::Relay(_) => None,
        }
    }

    /// The relay's settings, if it is one.
    pub(super) fn relay(&self) -> Option<&RelayConfig> {
        match &self.kind {
            Kind::Relay(config) => Some(config),
            Kind::Desk(_) => None,
        }
    }

    /// The file of its signing key for a purpose, if it has one.
    pub(super) fn signing_key(&self, purpose: Purpose) -> Option<&Path> {
        let wanted = match purpose {
            Purpose::Statement => "statement",
            Purpose::Log => "log",
            Purpose::Witness => "witness",
            Purpose::Mirror => "mirror",
            Purpose::Officer | Purpose::Control => return None,
        };
        let mut keys = self.signing_keys.iter();
        keys.find(|(name, _)| name.starts_with(wanted))
            .map(|(_, file)| file.as_path())
    }

    /// The folder of its domain, as `hotline pki` wants it: two above its own.
    pub(super) fn domain_folder(&self) -> String {
        let own = self.file.parent().unwrap_or(Path::new("."));
        let folder = own.join("../..");
        folder.canonicalize().unwrap_or(folder).display().to_string()
    }
}
