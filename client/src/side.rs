//! Whom a desk knows: the trust folders of both sides, read and checked.
//!
//! `side.toml` names relays, desks and charters and is an authority for none of them: an address that lies leads to a
//! relay whose certificate does not fit, and a charter counts only with the consents that officers of both sides signed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use hotline_audit::{
    Hash, PublicKey, check,
    key::{Purpose, RosterSet},
    statement::CharterTerms,
    trust::{TrustPolicy, Unproven},
};
use hotline_core::identity::Identity;

use crate::{config::DeskConfig, relay::RelayPlace, seal::Sealing, side_file::SideFile};

/// A charter that a releaser of each side signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCharter {
    /// The channel it opens.
    pub channel: String,
    /// Exact bytes of its terms.
    pub terms: Vec<u8>,
    /// Exact bytes of each side's signed consent.
    pub consents: Vec<Vec<u8>>,
}

/// Why a trust folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file.
    #[error("{file}: {detail}; hotline pki trust writes it anew")]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The rosters.
    #[error(transparent)]
    Trust(#[from] hotline_audit::trust::TrustError),
}

/// Relays, desks, rosters and charters of both sides.
#[derive(Clone, Debug)]
pub struct Directory {
    rosters: Arc<RosterSet>,
    relays: Vec<RelayPlace>,
    /// Every relay that is named, also those whose own side has ended them.
    named: BTreeSet<String>,
    prefixes: BTreeMap<String, String>,
    charters: Vec<SignedCharter>,
}

impl Directory {
    /// Reads the trust folders that the configuration names.
    ///
    /// # Errors
    /// [`DirectoryError`] names the file and what is wrong with it.
    pub fn load(config: &DeskConfig) -> Result<Self, DirectoryError> {
        Self::load_judged(config, &|_, _| BTreeSet::new())
    }

    /// The same by a reader who remembers which orders of deny-lists it has seen: `unproven` names those that are to end
    /// nobody.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_judged(config: &DeskConfig, unproven: &Unproven<'_>) -> Result<Self, DirectoryError> {
        let policy = TrustPolicy::load_folder_judged(&config.trust, unproven)?;
        let rosters = Arc::new(policy.rosters().clone());
        let mut directory = Self {
            rosters,
            relays: Vec::new(),
            named: BTreeSet::new(),
            prefixes: BTreeMap::new(),
            charters: Vec::new(),
        };
        let folders = folders(&config.trust)?;
        for folder in &folders {
            directory.side(folder)?;
        }
        directory.read_charters(&folders, config)?;
        Ok(directory)
    }

    fn side(&mut self, folder: &Path) -> Result<(), DirectoryError> {
        let file = folder.join("side.toml");
        let wrong = |detail: String| DirectoryError::File {
            file: file.clone(),
            detail,
        };
        let text = fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
        let side = SideFile::parse(&text).map_err(wrong)?;
        for relay in &side.relay {
            let identity = relay
                .identity
                .parse()
                .map_err(|error| wrong(format!("{}: {error}", relay.identity)))?;
            let place = RelayPlace {
                identity,
                quic: relay.quic,
                tcp: relay.tcp,
            };
            self.named.insert(place.identity.name().to_owned());
            // Nobody dials a relay whose own side has ended it.
            if self.rosters.denial(&relay.identity).is_none() {
                self.relays.push(place);
            }
        }
        for desk in side.desk {
            self.prefixes.insert(desk.identity, desk.prefix);
        }
        Ok(())
    }

    /// A charter counts when the same terms lie in both sides' folders and a releaser of each side signed them.
    fn read_charters(&mut self, folders: &[PathBuf], config: &DeskConfig) -> Result<(), DirectoryError> {
        let mut found: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
        for folder in folders {
            for charter in subfolders(&folder.join("charter"))? {
                let terms = read(&charter.join("terms"))?;
                for file in files_with(&charter, "consent")? {
                    let consent = read(&file)?;
                    let consents = found.entry(terms.clone()).or_default();
                    if !consents.contains(&consent) {
                        consents.push(consent);
                    }
                }
            }
        }
        for (terms, consents) in found {
            let Ok(read) = CharterTerms::decode(&terms) else {
                continue;
            };
            if read.exercise == config.exercise && self.both_sides_signed(&read, &terms, &consents) {
                self.charters.push(SignedCharter {
                    channel: read.channel,
                    terms,
                    consents,
                });
            }
        }
        Ok(())
    }

    /// Consents are agreements of the past: the signature and the role count, made inside the key's time, not today's clock.
    fn both_sides_signed(&self, terms: &CharterTerms, bytes: &[u8], consents: &[Vec<u8>]) -> bool {
        let hash = Hash::of(bytes);
        let signed_by = |side: &String| {
            consents.iter().any(|consent| {
                check::verify_consent_made(consent, &self.rosters).is_ok_and(|by| {
                    by.said.terms_sha256 == hash
                        && by
                            .roles
                            .contains(&hotline_core::words::OfficerRole::Releaser.to_wire())
                        && by
                            .officer
                            .parse::<Identity>()
                            .is_ok_and(|officer| officer.domain().as_str() == side)
                })
            })
        };
        !terms.sides.is_empty() && terms.sides.iter().all(signed_by)
    }

    /// The same under other rosters, which end more.
    pub(crate) fn under(&self, rosters: RosterSet) -> Self {
        let mut directory = self.clone();
        directory
            .relays
            .retain(|place| rosters.denial(&place.identity.to_string()).is_none());
        directory.rosters = Arc::new(rosters);
        directory
    }

    /// Whether a trust folder names a relay of this name, also one whose own side has ended it.
    #[must_use]
    pub fn names_relay(&self, name: &str) -> bool {
        self.named.contains(name)
    }

    /// Who may sign what.
    #[must_use]
    pub fn rosters(&self) -> &Arc<RosterSet> {
        &self.rosters
    }

    /// All relays of both sides.
    #[must_use]
    pub fn relays(&self) -> &[RelayPlace] {
        &self.relays
    }

    /// To whom a desk seals, and how, at this time.
    #[must_use]
    pub fn sealing(&self, config: &DeskConfig, now_ms: u64) -> Sealing {
        let both = (&config.identity, &config.peer);
        Sealing::new(both, config.seal, &self.rosters, now_ms)
    }

    /// What a desk's messages are called by.
    #[must_use]
    pub fn prefix(&self, desk: &str) -> Option<&str> {
        self.prefixes.get(desk).map(String::as_str)
    }

    /// The charters that both sides signed.
    pub fn charters(&self) -> impl Iterator<Item = &SignedCharter> {
        self.charters.iter()
    }

    /// Whether a channel has a charter that both sides signed.
    #[must_use]
    pub fn has_charter(&self, channel: &str) -> bool {
        self.charters.iter().any(|charter| charter.channel == channel)
    }

    /// The key statement of a desk for this public key, unless it was revoked.
    #[must_use]
    pub fn key_statement(&self, desk: &str, key: &PublicKey) -> Option<Hash> {
        self.key_of(desk, Purpose::Statement, key)
    }

    /// The key statement of an officer for this public key, unless it was revoked.
    #[must_use]
    pub fn officer_key_statement(&self, officer: &str, key: &PublicKey) -> Option<Hash> {
        self.key_of(officer, Purpose::Officer, key)
    }

    fn key_of(&self, subject: &str, purpose: Purpose, key: &PublicKey) -> Option<Hash> {
        self.rosters
            .rosters()
            .flat_map(|roster| roster.keys_of(subject, purpose))
            .find(|entry| entry.key == *key && entry.revoked.is_none())
            .map(|entry| entry.hash)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, DirectoryError> {
    fs::read(file).map_err(|error| DirectoryError::File {
        file: file.to_owned(),
        detail: error.to_string(),
    })
}

/// One folder per trusted domain. One with a root and no `side.toml` is half a folder, and reading it says so.
fn folders(trust: &Path) -> Result<Vec<PathBuf>, DirectoryError> {
    Ok(subfolders(trust)?
        .into_iter()
        .filter(|folder| folder.join("side.toml").is_file() || folder.join("root.pub").exists())
        .collect())
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, DirectoryError> {
    let mut found = entries(folder)?;
    // A name that begins with a dot is work in progress.
    found.retain(|path| {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        path.is_dir() && !hidden
    });
    Ok(found)
}

fn files_with(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, DirectoryError> {
    let mut found = entries(folder)?;
    found.retain(|path| path.is_file() && path.extension().is_some_and(|found| found == extension));
    Ok(found)
}

/// What a folder holds, in the order of names; nothing if there is no such folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DirectoryError> {
    let wrong = |error: std::io::Error| DirectoryError::File {
        file: folder.to_owned(),
        detail: error.to_string(),
    };
    match fs::read_dir(folder) {
        Ok(entries) => {
            let mut found = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(wrong)?;
            found.sort();
            Ok(found)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(wrong(error)),
    }
}
