//! What a verifier believes: its own folders, one per trust domain, never anything from the evidence.
//!
//! A trust folder holds `root.pub` (one line: `hotline-root <trust domain> <base64 of the statement root>`) and
//! `roster` (see [`crate::key`]), and `deny` where the side has ended identities by two officers. A trust folder that lies inside the log to be verified is refused: whoever made the
//! log could have made the folder too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;

use crate::checkpoint::{Checkpoint, CheckpointError, LogVerifier};
use crate::dsse::{KeyError, PublicKey};
use crate::hash::Hash;
use crate::key::{DenyError, DenyList, KeyEntry, KeyRefusal, Roster, RosterError, RosterSet};
use crate::note::{Note, NoteError};
use crate::tiles::{self, TileError};

/// Why a trust folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] TileError),
    /// Not the one line that `root.pub` must hold.
    #[error("{0} must hold one line of the form: hotline-root <trust domain> <base64 of 32 bytes>")]
    NotARoot(PathBuf),
    /// The statement root is a weak or malformed key.
    #[error("the statement root in {path} is refused")]
    BadRoot {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// The roster is refused.
    #[error("the roster in {path} is refused")]
    Roster {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: RosterError,
    },
    /// The deny-list is refused.
    #[error("the deny-list in {path} is refused")]
    Deny {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<DenyError>,
    },
    /// No trust folder there.
    #[error("{0} is no trust folder and holds none: no root.pub is there")]
    Nothing(PathBuf),
    /// Two folders for one trust domain.
    #[error("{path} is a second folder for trust domain {trust_domain}")]
    Twice {
        /// The folder.
        path: PathBuf,
        /// The trust domain.
        trust_domain: String,
    },
}

/// Numbers of the orders of a deny-list that are to end nobody.
pub type Unproven<'a> = dyn Fn(&DenyList, &Roster) -> BTreeSet<u64> + 'a;

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointRefusal {
    /// The note is malformed or its signature fails.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No roster has a LOG key for this origin.
    #[error("no roster of ours has a LOG key for {0}")]
    UnknownLog(String),
    /// The only key that signed it may not be used.
    #[error(transparent)]
    Key(#[from] KeyRefusal),
}

impl CheckpointRefusal {
    /// Stable name of the rule that was broken.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            CheckpointRefusal::Checkpoint(CheckpointError::Note(
                NoteError::NotSigned(_) | NoteError::BadSignature(_),
            )) => "BAD_SIGNATURE",
            CheckpointRefusal::Checkpoint(_) => "MALFORMED",
            CheckpointRefusal::UnknownLog(_) => "UNKNOWN_KEY",
            CheckpointRefusal::Key(refusal) => refusal.rule(),
        }
    }
}

/// The rosters that a verifier believes, and where they came from.
#[derive(Debug, Clone, Default)]
pub struct TrustPolicy {
    rosters: RosterSet,
    folders: Vec<PathBuf>,
}

impl TrustPolicy {
    /// A policy of rosters that are already believed.
    #[must_use]
    pub fn new(rosters: RosterSet) -> TrustPolicy {
        TrustPolicy {
            rosters,
            folders: Vec::new(),
        }
    }

    /// Reads trust folders. A folder without `root.pub` is taken as one that holds trust folders, one per trust domain.
    ///
    /// # Errors
    /// When one cannot be read, is malformed, holds none, or serves a trust domain that another one serves already.
    pub fn load<P: AsRef<Path>>(folders: &[P]) -> Result<TrustPolicy, TrustError> {
        TrustPolicy::load_judged(folders, &|_, _| BTreeSet::new())
    }

    /// The same for one folder of trust folders, by a reader who remembers which orders of deny-lists it has seen:
    /// `unproven` names those that are to end nobody.
    ///
    /// # Errors
    /// As [`TrustPolicy::load`].
    pub fn load_folder_judged(folder: &Path, unproven: &Unproven<'_>) -> Result<TrustPolicy, TrustError> {
        TrustPolicy::load_judged(&[folder], unproven)
    }

    fn load_judged<P: AsRef<Path>>(
        folders: &[P],
        unproven: &Unproven<'_>,
    ) -> Result<TrustPolicy, TrustError> {
        let mut policy = TrustPolicy::default();
        for folder in folders {
            let folder = folder.as_ref();
            if folder.join(ROOT_FILE).exists() {
                policy.add(folder, unproven)?;
                continue;
            }
            let inside = trust_folders_in(folder)?;
            if inside.is_empty() {
                return Err(TrustError::Nothing(folder.to_owned()));
            }
            for folder in inside {
                policy.add(&folder, unproven)?;
            }
        }
        Ok(policy)
    }

    /// Reads one trust folder, or one folder of trust folders.
    ///
    /// # Errors
    /// As [`TrustPolicy::load`].
    pub fn load_folder(folder: &Path) -> Result<TrustPolicy, TrustError> {
        TrustPolicy::load(&[folder])
    }

    /// The rosters.
    #[must_use]
    pub fn rosters(&self) -> &RosterSet {
        &self.rosters
    }

    /// The first trust folder that lies inside `dir`, or is it.
    #[must_use]
    pub fn folder_inside(&self, dir: &Path) -> Option<&Path> {
        let dir = real(dir);
        self.folders
            .iter()
            .find(|folder| real(folder).starts_with(&dir))
            .map(PathBuf::as_path)
    }

    /// Believes a checkpoint that an unrevoked LOG key of its own origin has signed, and returns it with the hash of
    /// that key's statement. Validity is not judged: a checkpoint bears no time.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn checkpoint(&self, note: &[u8]) -> Result<(Checkpoint, Hash), CheckpointRefusal> {
        let (checkpoint, entry) = self.signed_checkpoint(note)?;
        entry.check_not_revoked()?;
        Ok((checkpoint, entry.hash))
    }

    /// A checkpoint that a LOG key of its own origin has signed, and that key; one that has ended only where no other
    /// did. A thief may have made it then: whoever takes it has to date it.
    ///
    /// # Errors
    /// Why it is no checkpoint of a log that our rosters know.
    pub fn signed_checkpoint(&self, note: &[u8]) -> Result<(Checkpoint, &KeyEntry), CheckpointRefusal> {
        let parsed = Note::parse(note).map_err(CheckpointError::from)?;
        let origin = Checkpoint::danger_parse_unverified(note)?.origin;
        let keys = self.rosters.log_keys(&origin);
        let mut refusal = match keys.as_slice() {
            [] => CheckpointRefusal::UnknownLog(origin.clone()),
            [..] => CheckpointError::from(NoteError::NotSigned(origin.clone())).into(),
        };
        let mut ended = None;
        for entry in keys {
            let verifier = LogVerifier::new(&origin, entry.key).map_err(CheckpointError::from)?;
            match parsed.verify(verifier.verifier_key()) {
                Err(NoteError::NotSigned(_)) => {}
                Err(error) => refusal = CheckpointError::from(error).into(),
                Ok(()) if entry.revoked.is_some() => ended = ended.or(Some((entry, verifier))),
                Ok(()) => return Ok((Checkpoint::parse_and_verify(note, &verifier)?, entry)),
            }
        }
        match ended {
            Some((entry, verifier)) => Ok((Checkpoint::parse_and_verify(note, &verifier)?, entry)),
            None => Err(refusal),
        }
    }

    fn add(&mut self, folder: &Path, unproven: &Unproven<'_>) -> Result<(), TrustError> {
        let (trust_domain, root) = read_root(&folder.join(ROOT_FILE))?;
        if self.rosters.roster(&trust_domain).is_some() {
            return Err(TrustError::Twice {
                path: folder.to_owned(),
                trust_domain,
            });
        }
        let path = folder.join("roster");
        let bytes = tiles::read(&path, MAX_ROSTER_FILE)?;
        let text = String::from_utf8_lossy(&bytes);
        let refused = |source| TrustError::Roster {
            path: path.clone(),
            source,
        };
        let roster = Roster::parse(&text, &trust_domain, root, None).map_err(refused)?;
        let denied = read_deny(&folder.join(DENY_FILE), &roster)?.map(|list| {
            let void = unproven(&list, &roster);
            list.without(void)
        });
        self.rosters.update(roster).map_err(refused)?;
        if let Some(denied) = denied {
            self.rosters.deny(denied);
        }
        self.folders.push(folder.to_owned());
        Ok(())
    }
}

/// Rosters that are believed, with longer deny-lists of theirs that lie in a folder of trust folders and hold against
/// these very rosters: what ends somebody counts also where the rest of the folder is refused. None if there is no such
/// list.
#[must_use]
pub fn denied_anew(folder: &Path, held: &RosterSet, unproven: &Unproven<'_>) -> Option<RosterSet> {
    let longer = held.rosters().filter_map(|roster| {
        let path = folder.join(roster.trust_domain()).join(DENY_FILE);
        let list = read_deny(&path, roster).ok()??;
        let before = held
            .deny_list(roster.trust_domain())
            .map_or_else(|| DenyList::empty(roster), Clone::clone);
        list.check_not_older(&before).ok()?;
        let longer = list.denials().len() > before.denials().len();
        let void = unproven(&list, roster);
        let list = list.without(void);
        // One of the same length may hold another order in the place of one that ended nobody, or be judged otherwise.
        let ends_more = list.counting().count() > before.counting().count();
        (longer || ends_more).then_some(list)
    });
    let longer: Vec<DenyList> = longer.collect();
    if longer.is_empty() {
        return None;
    }
    let mut rosters = held.clone();
    for list in longer {
        rosters.deny(list);
    }
    Some(rosters)
}

/// The line of `root.pub` for a statement root.
#[must_use]
pub fn root_line(trust_domain: &str, root: &PublicKey) -> String {
    format!("{ROOT_WORD} {trust_domain} {}\n", BASE64.encode(root.as_bytes()))
}

/// Trust domain and statement root in the text of a `root.pub`; `None` when it is not of that form.
///
/// # Errors
/// When the form is right and the key is refused.
pub fn parse_root(text: &str) -> Option<Result<(String, PublicKey), KeyError>> {
    let mut lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let mut words = line.split(' ');
    let (Some(ROOT_WORD), Some(domain), Some(key), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    let bytes = crate::base64::decode(key)?;
    Some(PublicKey::parse(&bytes).map(|key| (domain.to_owned(), key)))
}

const ROOT_WORD: &str = "hotline-root";
const DENY_FILE: &str = "deny";
const ROOT_FILE: &str = "root.pub";
const MAX_ROOT_FILE: usize = 4096;
const MAX_ROSTER_FILE: usize = crate::key::MAX_ROSTER_BYTES;

/// The folders in `parent` that hold a `root.pub`, by name.
fn trust_folders_in(parent: &Path) -> Result<Vec<PathBuf>, TrustError> {
    let failed = |source| TileError::Io {
        path: parent.to_owned(),
        source,
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(parent).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A name that begins with a dot is work in progress.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let folder = entry.path();
        if folder.join(ROOT_FILE).exists() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

fn read_root(path: &Path) -> Result<(String, PublicKey), TrustError> {
    let bytes = tiles::read(path, MAX_ROOT_FILE)?;
    match parse_root(&String::from_utf8_lossy(&bytes)) {
        None => Err(TrustError::NotARoot(path.to_owned())),
        Some(Err(source)) => Err(TrustError::BadRoot {
            path: path.to_owned(),
            source,
        }),
        Some(Ok(root)) => Ok(root),
    }
}

/// The deny-list beside a roster; none when there is no such file.
fn read_deny(path: &Path, roster: &Roster) -> Result<Option<DenyList>, TrustError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = tiles::read(path, crate::key::MAX_DENY_BYTES)?;
    DenyList::parse(&String::from_utf8_lossy(&bytes), roster)
        .map(Some)
        .map_err(|source| TrustError::Deny {
            path: path.to_owned(),
            source: Box::new(source),
        })
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests;
