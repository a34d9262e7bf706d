//! The relay's configuration file: typed, and checked whole before a port opens.
//!
//! One TOML file; paths in it are relative to the file's own folder. An error names the file, the key, the value found
//! and one that would work. What the file does not say has a default with a reason, never a guess at run time.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_audit::cosign::CosignVerifier;

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
    #[serde(default)]
    peer: Vec<PeerFile>,
    #[serde(default)]
    witnesses: Vec<NeutralFile>,
    witness_every: Option<String>,
    witness_entries: Option<u64>,
    witness: Option<Log>,
    mirror: Option<Log>,
    key_exchange: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeerFile {
    identity: String,
    quic: String,
    tcp: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NeutralFile {
    url: String,
    key: String,
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

/// How long a checkpoint may be the newest without being offered to witnesses, unless the file says otherwise. 10 s: well
/// below the 60 s after which a cut of the log's tail must show.
pub const WITNESS_EVERY: Duration = Duration::from_secs(10);

/// After how many new entries one is offered sooner. 100: as many as may be cut away unseen.
pub const WITNESS_ENTRIES: u64 = 100;

/// Whom a relay asks to witness its log, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchoring {
    /// Where relays of other sides are, before what the trust folders say of them.
    pub peers: Vec<PeerPlace>,
    /// Witnesses of no side.
    pub neutral: Vec<NeutralWitness>,
    /// A checkpoint is offered at the latest so long after the one before.
    pub every: Duration,
    /// And sooner when so many entries have come.
    pub entries: u64,
}

/// Where a relay of another side is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerPlace {
    /// Its identity, which its certificate must name exactly.
    pub identity: Identity,
    /// Its QUIC door.
    pub quic: SocketAddr,
    /// Its TCP door.
    pub tcp: SocketAddr,
}

/// A witness that belongs to no side: known by its key alone, reached without TLS, since its answers prove themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeutralWitness {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its paths begin with: empty, or a `/` and what follows.
    pub prefix: String,
    /// Its key.
    pub key: CosignVerifier,
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
    /// Whom it asks to witness its log; none if it asks nobody.
    pub anchoring: Option<Anchoring>,
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
            anchoring: anchoring(
                &check,
                (&raw.peer, &raw.witnesses),
                (raw.witness_every.as_deref(), raw.witness_entries),
            )?,
            witness: witness_keys(&check, raw.witness, raw.mirror)?,
        })
    }
}

fn anchoring(
    check: &Checker<'_>,
    (peers, neutral): (&[PeerFile], &[NeutralFile]),
    (every, entries): (Option<&str>, Option<u64>),
) -> Result<Option<Anchoring>, ConfigError> {
    let every = match every {
        None => WITNESS_EVERY,
        Some("never") => return Ok(None),
        Some(found) => seconds(found).ok_or_else(|| {
            check.wrong(
                "witness_every",
                found,
                "is no time from 1s to 60s, nor never",
                "10s",
            )
        })?,
    };
    let entries = entries.unwrap_or(WITNESS_ENTRIES);
    if entries == 0 {
        return Err(check.wrong("witness_entries", "0", "is no number of entries", "100"));
    }
    let peer = |peer: &PeerFile| {
        let example = "spiffe://exercise.borenia.example/relay/south";
        Ok(PeerPlace {
            identity: check.identity("peer.identity", &peer.identity, Role::Relay, example)?,
            quic: check.address("peer.quic", &peer.quic)?,
            tcp: check.address("peer.tcp", &peer.tcp)?,
        })
    };
    Ok(Some(Anchoring {
        peers: peers.iter().map(peer).collect::<Result<_, _>>()?,
        neutral: neutral
            .iter()
            .map(|found| neutral_witness(check, found))
            .collect::<Result<_, _>>()?,
        every,
        entries,
    }))
}

fn neutral_witness(check: &Checker<'_>, found: &NeutralFile) -> Result<NeutralWitness, ConfigError> {
    let example = "http://127.0.0.1:7499/";
    let (place, prefix) = found
        .url
        .strip_prefix("http://")
        .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
        .ok_or_else(|| {
            check.wrong(
                "witnesses.url",
                &found.url,
                "does not begin with http://",
                example,
            )
        })?;
    let address = place.parse().map_err(|_| {
        let problem = "names no address with a port; names are not looked up";
        check.wrong("witnesses.url", &found.url, problem, example)
    })?;
    let prefix = prefix.trim_end_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if !prefix.bytes().all(plain) {
        let problem = "has signs in its path that need quoting";
        return Err(check.wrong("witnesses.url", &found.url, problem, example));
    }
    Ok(NeutralWitness {
        address,
        prefix: if prefix.is_empty() {
            String::new()
        } else {
            format!("/{prefix}")
        },
        key: found
            .key
            .parse()
            .map_err(|error: hotline_audit::note::NoteError| {
                let example = "witness.example/w1+f2d74aa5+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR";
                check.wrong("witnesses.key", &found.key, &error.to_string(), example)
            })?,
    })
}

/// A time from 1 to 60 seconds.
fn seconds(text: &str) -> Option<Duration> {
    let number: u64 = text.strip_suffix('s')?.parse().ok()?;
    (1..=60).contains(&number).then(|| Duration::from_secs(number))
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
        let asked = config.anchoring.unwrap();
        assert_eq!(
            (asked.every, asked.entries, asked.peers.len()),
            (WITNESS_EVERY, 100, 0)
        );
    }

    #[test]
    fn whom_a_relay_asks_is_read_and_never_asks_nobody() {
        let key = "witness.example/w1";
        let key = CosignVerifier::new(
            key.parse().unwrap(),
            hotline_audit::SigningKey::from_seed(&[7; 32]).public(),
        );
        let text = format!(
            "{GOOD}witness_every = \"2s\"\nwitness_entries = 7\n\
             [[peer]]\nidentity = \"spiffe://exercise.borenia.example/relay/south\"\n\
             quic = \"127.0.0.1:1\"\ntcp = \"127.0.0.1:2\"\n\
             [[witnesses]]\nurl = \"http://127.0.0.1:7499/w/\"\nkey = \"{key}\"\n"
        );
        let asked = load(&text).unwrap().anchoring.unwrap();
        assert_eq!((asked.every, asked.entries), (Duration::from_secs(2), 7));
        assert_eq!(asked.peers[0].identity.name(), "south");
        assert_eq!(
            (asked.neutral[0].prefix.as_str(), &asked.neutral[0].key),
            ("/w", &key)
        );
        assert!(
            load(&format!("{GOOD}witness_every = \"never\"\n"))
                .unwrap()
                .anchoring
                .is_none()
        );
        for (from, to) in [
            ("http://127.0.0.1:7499/w/", "https://127.0.0.1:7499/"),
            ("http://127.0.0.1:7499/w/", "http://witness.example/"),
            ("\"2s\"", "\"90s\""),
            ("witness_entries = 7", "witness_entries = 0"),
            ("/relay/south", "/desk/ops"),
        ] {
            let message = load(&text.replace(from, to)).unwrap_err().to_string();
            assert!(message.contains("for example"), "{message}");
        }
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
