//! The desk's configuration file: typed, and checked whole before anything is opened.
//!
//! One TOML file; paths in it are relative to the file's own folder. Who the relays are and where they listen comes
//! from the trust folders (`side.toml` of each side), so that an exchange of trust files is all two desks need.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_core::{
    commcheck,
    health::Profile,
    identity::{Identity, Role, World},
    leg::RelayName,
    release::ReleaseRule,
    story,
};
pub use hotline_transport::settings::ConfigError;
use hotline_transport::{
    KeyPolicy,
    settings::{self, Checker},
};
use serde::Deserialize;

use crate::seal::SealRule;

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    identity: String,
    prefix: String,
    ledger: PathBuf,
    socket: PathBuf,
    tls: Tls,
    statement_key: PathBuf,
    log_key: PathBuf,
    trust: PathBuf,
    peer: String,
    exercise: String,
    channel: String,
    officers: PathBuf,
    profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, String>,
    checks_every: Option<String>,
    human_time_factor: Option<u32>,
    release: Option<String>,
    key_exchange: Option<String>,
    seal_key: Option<PathBuf>,
    seal: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: PathBuf,
    key: PathBuf,
}

/// A desk's configuration, every value of it valid.
#[derive(Clone, Debug)]
pub struct DeskConfig {
    /// The file this came from.
    pub file: PathBuf,
    /// Who this desk is.
    pub identity: Identity,
    /// What its messages are called by: `A` of `A-0017`.
    pub prefix: String,
    /// The ledger file; made at the first start.
    pub ledger: PathBuf,
    /// The Unix socket on which a running station serves the verbs.
    pub socket: PathBuf,
    /// The desk's certificate chain (PEM).
    pub certificate: PathBuf,
    /// The key of that certificate (PEM, mode 0600).
    pub tls_key: PathBuf,
    /// The desk's statement key (PEM, mode 0600).
    pub statement_key: PathBuf,
    /// The desk's log key (PEM, mode 0600).
    pub log_key: PathBuf,
    /// Folder that holds one trust folder per trusted domain.
    pub trust: PathBuf,
    /// The desk at the other end.
    pub peer: Identity,
    /// Exercise or operation identifier; inside every signed statement.
    pub exercise: String,
    /// The channel that FORMAL messages go by unless one is named.
    pub channel: String,
    /// Folder that holds one folder per officer of this seat.
    pub officers: PathBuf,
    /// The kind of line to the relays; `lan` unless the file says otherwise.
    pub profile: Profile,
    /// Relays to which the line is of another kind, by name.
    pub profiles: BTreeMap<RelayName, Profile>,
    /// How often a station that is run sends a comm check; none for never. 60 s unless set.
    pub checks_every: Option<Duration>,
    /// By how much human deadlines (escalation, the answer to a human comm check) are divided. 1 unless set, and always 1
    /// outside an exercise; no timer of the line looks at it. A desk that is told of a story runs them on that instead.
    pub human_time_factor: u32,
    /// How many officers release OVERRIDE and FLASH: two, unless the desks of an exercise were set to one. Each desk judges
    /// what comes by its own setting, so both must have the same.
    pub release: ReleaseRule,
    /// Which ways to agree on keys its legs take; the hybrid one first unless the file says otherwise.
    pub key_exchange: KeyPolicy,
    /// The key with which this desk opens what is sealed to it (mode 0600); none of a desk that has none.
    pub seal_key: Option<PathBuf>,
    /// Whether words may be in the clear. Never in an OPERATION; in an exercise they may where a desk has no key for
    /// sealing, unless the file says `seal = "required"`.
    pub seal: SealRule,
}

impl DeskConfig {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the key, the value and one that would work.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        const DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
        let raw: File = settings::read(file)?;
        let check = Checker::new(file);
        let identity = check.identity("identity", &raw.identity, Role::Desk, DESK)?;
        let peer = check.identity("peer", &raw.peer, Role::Desk, DESK)?;
        if identity.world() != peer.world() {
            let problem = "is of the other world: EXERCISE and OPERATION never meet";
            return Err(check.wrong(
                "peer",
                &raw.peer,
                problem,
                "spiffe://exercise.borenia.example/desk/ops",
            ));
        }
        Ok(Self {
            file: file.to_owned(),
            prefix: check.filled("prefix", raw.prefix, "A")?,
            ledger: check.creatable("ledger", &raw.ledger, "desk.ledger")?,
            socket: check.creatable("socket", &raw.socket, "desk.sock")?,
            certificate: check.existing("tls.certificate", &raw.tls.certificate, "tls.crt")?,
            tls_key: check.existing("tls.key", &raw.tls.key, "tls.key")?,
            statement_key: check.existing("statement_key", &raw.statement_key, "statement.key")?,
            log_key: check.existing("log_key", &raw.log_key, "log.key")?,
            trust: check.existing("trust", &raw.trust, "../../trust")?,
            exercise: check.filled("exercise", raw.exercise, "FIRST LIGHT")?,
            channel: check.filled("channel", raw.channel, "MINISTER")?,
            officers: check.folder().join(raw.officers),
            profile: check.profile("profile", raw.profile.as_deref())?,
            profiles: profiles(&check, &raw.profiles)?,
            checks_every: match raw.checks_every.as_deref() {
                None => Some(commcheck::EVERY),
                Some("off") => None,
                Some(found) => Some(interval(found).ok_or_else(|| {
                    check.wrong("checks_every", found, "is no time from 1s to 1h, nor off", "60s")
                })?),
            },
            human_time_factor: match raw.human_time_factor {
                None => 1,
                Some(factor) => factor_of(&check, factor, &identity)?,
            },
            release: release_of(&check, raw.release.as_deref(), &identity)?,
            key_exchange: check.key_exchange(raw.key_exchange.as_deref())?,
            seal_key: raw
                .seal_key
                .map(|file| check.existing("seal_key", &file, "seal.key"))
                .transpose()?,
            seal: seal_of(&check, raw.seal.as_deref(), &identity)?,
            identity,
            peer,
        })
    }

    /// The kind of line to a relay.
    #[must_use]
    pub fn profile_of(&self, relay: &RelayName) -> Profile {
        self.profiles.get(relay).copied().unwrap_or(self.profile)
    }
}

fn profiles(
    check: &Checker<'_>,
    named: &BTreeMap<String, String>,
) -> Result<BTreeMap<RelayName, Profile>, ConfigError> {
    named
        .iter()
        .map(|(relay, profile)| {
            let relay = relay
                .parse()
                .map_err(|_| check.wrong("profiles", relay, "is not the name of a relay", "north"))?;
            Ok((relay, check.profile("profiles", Some(profile))?))
        })
        .collect()
}

/// A factor for human deadlines: an exercise may have one.
fn factor_of(check: &Checker<'_>, factor: u32, identity: &Identity) -> Result<u32, ConfigError> {
    let problem = match (factor, identity.world()) {
        (1, _) | (2..=story::FACTOR_MAX, World::Exercise) => return Ok(factor),
        (_, World::Operation) => "shortens human deadlines, which only an exercise may",
        (_, World::Exercise) => "is not from 1 to 3600",
    };
    Err(check.wrong("human_time_factor", &factor.to_string(), problem, "60"))
}

/// How many officers release OVERRIDE and FLASH: an exercise may have one.
fn release_of(
    check: &Checker<'_>,
    found: Option<&str>,
    identity: &Identity,
) -> Result<ReleaseRule, ConfigError> {
    let (found, problem) = match (found, identity.world()) {
        (None | Some("two"), _) => return Ok(ReleaseRule::ByPrecedence),
        (Some("one"), World::Exercise) => return Ok(ReleaseRule::SingleOfficer),
        (Some("one"), World::Operation) => (
            "one",
            "lets one officer release a FLASH, which only an exercise may",
        ),
        (Some(other), _) => (other, "is neither one nor two"),
    };
    Err(check.wrong("release", found, problem, "two"))
}

/// Whether words may be in the clear: in an exercise they may.
fn seal_of(check: &Checker<'_>, found: Option<&str>, identity: &Identity) -> Result<SealRule, ConfigError> {
    let (found, problem) = match (found, identity.world()) {
        (None, world) => return Ok(SealRule::of(world)),
        (Some("required"), _) => return Ok(SealRule::Required),
        (Some("offered"), World::Exercise) => return Ok(SealRule::Offered),
        (Some("offered"), World::Operation) => (
            "offered",
            "lets words pass in the clear, which only an exercise may",
        ),
        (Some(other), _) => (other, "is neither required nor offered"),
    };
    Err(check.wrong("seal", found, problem, "required"))
}

/// A time from 1 s to 1 h: `5s`, `2m`, `1h`.
fn interval(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    (1..=3600)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_officer_releases_and_words_are_in_the_clear_only_in_an_exercise() {
        let check = Checker::new(Path::new("desk.toml"));
        let identity = |domain: &str| {
            let text = format!("spiffe://{domain}/desk/ops");
            text.parse::<Identity>().ok()
        };
        let (exercise, operation) = (identity("exercise.avelia.example"), identity("avelia.example"));
        let (Some(exercise), Some(operation)) = (exercise, operation) else {
            unreachable!("both are identities");
        };
        let rule = |found, identity| release_of(&check, found, identity).ok();
        for identity in [&exercise, &operation] {
            assert_eq!(rule(None, identity), Some(ReleaseRule::ByPrecedence));
            assert_eq!(rule(Some("two"), identity), Some(ReleaseRule::ByPrecedence));
            assert_eq!(rule(Some("three"), identity), None);
        }
        assert_eq!(rule(Some("one"), &exercise), Some(ReleaseRule::SingleOfficer));
        assert_eq!(rule(Some("one"), &operation), None);
        let seal = |found, identity| seal_of(&check, found, identity).ok();
        assert_eq!(seal(None, &exercise), Some(SealRule::Offered));
        assert_eq!(seal(Some("required"), &exercise), Some(SealRule::Required));
        assert_eq!(seal(None, &operation), Some(SealRule::Required));
        assert_eq!(seal(Some("offered"), &operation), None);
        assert_eq!(seal(Some("never"), &exercise), None);
    }

    #[test]
    fn an_interval_is_a_number_and_a_unit_from_one_second_to_one_hour() {
        assert_eq!(interval("1s"), Some(Duration::from_secs(1)));
        assert_eq!(interval("2m"), Some(Duration::from_secs(120)));
        assert_eq!(interval("1h"), Some(Duration::from_secs(3600)));
        for wrong in [
            "",
            "s",
            "0s",
            "2h",
            "60",
            "60ms",
            "-1s",
            "99999999999999999999s",
            "\u{e9}",
        ] {
            assert_eq!(interval(wrong), None, "{wrong}");
        }
    }
}
