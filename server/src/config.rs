//! The relay's configuration file: typed, and checked whole before a port opens.
//!
//! One TOML file; paths in it are relative to the file's own folder. An error names the file, the key, the value found
//! and one that would work. What the file does not say has a default with a reason, never a guess at run time.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use hotline_core::{
    health::Profile,
    identity::{Identity, Role},
};
pub use hotline_transport::settings::ConfigError;
use hotline_transport::{
    KeyPolicy,
    settings::{self, Checker},
};
use serde::Deserialize;

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    identity: String,
    listen: Listen,
    tls: Tls,
    log: Log,
    ledger: PathBuf,
    trust: PathBuf,
    profile: Option<String>,
    key_exchange: Option<String>,
    witness: Option<Log>,
    mirror: Option<Log>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listen {
    quic: String,
    tcp: String,
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    key: PathBuf,
}

/// A relay's configuration, every value of it valid.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// Who this relay is.
    pub identity: Identity,
    /// Where the QUIC door listens (UDP). Port 0 lets the system choose.
    pub quic: SocketAddr,
    /// Where the TCP door listens. Port 0 lets the system choose.
    pub tcp: SocketAddr,
    /// Where health, reflection and metrics are served: a loopback address, or nowhere.
    pub status: Option<SocketAddr>,
    /// The relay's certificate chain (PEM).
    pub certificate: PathBuf,
    /// The key of that certificate (PEM, mode 0600).
    pub tls_key: PathBuf,
    /// The relay's log key (PEM, mode 0600).
    pub log_key: PathBuf,
    /// The ledger file; made at the first start.
    pub ledger: PathBuf,
    /// Folder that holds one trust folder per trusted domain.
    pub trust: PathBuf,
    /// The farthest kind of line by which desks reach it; `lan` unless the file says otherwise.
    pub profile: Profile,
    /// Which ways to agree on keys its doors take; the hybrid one first unless the file says otherwise.
    pub key_exchange: KeyPolicy,
    /// With what it cosigns other logs, if it does.
    pub witness: Option<WitnessKeys>,
}

/// The keys with which a relay cosigns other logs (PEM, mode 0600).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKeys {
    /// Its key as a witness.
    pub witness: PathBuf,
    /// Its key as a mirror; without it, it is none.
    pub mirror: Option<PathBuf>,
}

impl RelayConfig {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the key, the value and one that would work. Nothing has been opened by then.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let raw: File = settings::read(file)?;
        let check = Checker::new(file);
        let example = "spiffe://exercise.avelia.example/relay/north";
        Ok(Self {
            identity: check.identity("identity", &raw.identity, Role::Relay, example)?,
            quic: check.address("listen.quic", &raw.listen.quic)?,
            tcp: check.address("listen.tcp", &raw.listen.tcp)?,
            status: match raw.listen.status {
                Some(found) => Some(check.loopback("listen.status", &found)?),
                None => None,
            },
            certificate: check.existing("tls.certificate", &raw.tls.certificate, "tls.crt")?,
            tls_key: check.existing("tls.key", &raw.tls.key, "tls.key")?,
            log_key: check.existing("log.key", &raw.log.key, "log.key")?,
            ledger: check.creatable("ledger", &raw.ledger, "relay.ledger")?,
            trust: check.existing("trust", &raw.trust, "../../trust")?,
            profile: check.profile("profile", raw.profile.as_deref())?,
            key_exchange: check.key_exchange(raw.key_exchange.as_deref())?,
            witness: witness_keys(&check, raw.witness, raw.mirror)?,
        })
    }
}

/// A mirror takes entries up to checkpoints that the witness has compared, so there is none without one.
fn witness_keys(
    check: &Checker<'_>,
    witness: Option<Log>,
    mirror: Option<Log>,
) -> Result<Option<WitnessKeys>, ConfigError> {
    let mirror = match mirror {
        Some(Log { key }) => Some(check.existing("mirror.key", &key, "mirror.key")?),
        None => None,
    };
    match (witness, mirror) {
        (Some(Log { key }), mirror) => Ok(Some(WitnessKeys {
            witness: check.existing("witness.key", &key, "witness.key")?,
            mirror,
        })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(check.wrong(
            "witness.key",
            "",
            "a mirror needs the key of a witness beside its own",
            "witness.key = \"witness.key\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::fs;

    use super::*;

    const GOOD: &str = r#"
identity = "spiffe://exercise.avelia.example/relay/north"
ledger = "relay.ledger"
trust = "trust"
listen.quic = "127.0.0.1:0"
listen.tcp = "127.0.0.1:0"
listen.status = "127.0.0.1:0"
tls.certificate = "tls.crt"
tls.key = "tls.key"
log.key = "log.key"
"#;

    fn load(text: &str) -> Result<RelayConfig, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "trust",
            "tls.crt",
            "tls.key",
            "log.key",
            "witness.key",
            "mirror.key",
        ] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let file = dir.path().join("relay.toml");
        fs::write(&file, text).unwrap();
        RelayConfig::load(&file)
    }

    #[test]
    fn a_whole_file_is_read() {
        let config = load(GOOD).unwrap();
        assert_eq!(config.identity.name(), "north");
        assert!(config.ledger.ends_with("relay.ledger"));
        assert_eq!(config.profile, Profile::Lan);
        let far = load(&format!("profile = \"satellite\"\n{GOOD}")).unwrap();
        assert_eq!(far.profile, Profile::Satellite);
        assert_eq!(config.key_exchange, KeyPolicy::HybridFirst);
        let strict = load(&format!("key_exchange = \"hybrid-only\"\n{GOOD}")).unwrap();
        assert_eq!(strict.key_exchange, KeyPolicy::HybridOnly);
    }

    #[test]
    fn an_error_names_file_key_value_and_one_that_would_work() {
        for (key, from, to) in [
            (
                "listen.quic",
                "listen.quic = \"127.0.0.1:0\"",
                "listen.quic = \"north\"",
            ),
            (
                "listen.status",
                "listen.status = \"127.0.0.1:0\"",
                "listen.status = \"0.0.0.0:1\"",
            ),
            ("identity", "/relay/north", "/desk/ops"),
            ("tls.key", "tls.key = \"tls.key\"", "tls.key = \"missing.key\""),
            ("ledger", "\"relay.ledger\"", "\"nowhere/relay.ledger\""),
            (
                "profile",
                "trust = \"trust\"",
                "trust = \"trust\"\nprofile = \"moon\"",
            ),
            (
                "key_exchange",
                "trust = \"trust\"",
                "trust = \"trust\"\nkey_exchange = \"classical\"",
            ),
        ] {
            let message = load(&GOOD.replace(from, to)).unwrap_err().to_string();
            for part in ["relay.toml", key, "for example"] {
                assert!(message.contains(part), "{message} lacks {part}");
            }
        }
    }

    #[test]
    fn a_relay_is_a_witness_and_a_mirror_if_the_file_names_their_keys() {
        assert_eq!(load(GOOD).unwrap().witness, None);
        let witness = format!("{GOOD}witness.key = \"witness.key\"\n");
        assert_eq!(load(&witness).unwrap().witness.unwrap().mirror, None);
        let both = load(&format!("{witness}mirror.key = \"mirror.key\"\n")).unwrap();
        assert!(both.witness.unwrap().mirror.unwrap().ends_with("mirror.key"));
        let alone = load(&format!("{GOOD}mirror.key = \"mirror.key\"\n")).unwrap_err();
        assert!(
            alone.to_string().contains("needs the key of a witness"),
            "{alone}"
        );
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let message = load(&format!("{GOOD}\nlissten = 1\n")).unwrap_err().to_string();
        assert!(message.contains("lissten"), "{message}");
    }
}
