//! `pki use-backup`: when a desk's identity has ended, its side goes on under another one that was issued beforehand.
//!
//! The same verb on both sides, each in its own folder. At home it checks that the backup's keys are good and prints eight
//! words that stand for them, to be read aloud over another path than the line. On the other side it compares the words
//! with the roster that is trusted there, and has this side's desks write to the backup from their next start on.

use std::path::{Path, PathBuf};

use hotline_audit::{Purpose, Roster};
use hotline_core::identity::{Identity, Role};
use hotline_core::time::WallTime;

use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::DomainFolder;
use super::refusal::TrustRefusal;
use super::trust::Compared;
use super::words::Fingerprint;
use super::{deny, layout};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backup {
    /// It is ours, and ready.
    Ours {
        /// Who.
        identity: Identity,
        /// Words that stand for its keys.
        words: String,
        /// Its settings.
        settings: PathBuf,
    },
    /// It is the other side's, and our desks write to it from now on.
    Theirs {
        /// Who.
        identity: Identity,
        /// Words that stand for its keys.
        words: String,
        /// The settings that were changed.
        changed: Vec<PathBuf>,
    },
}

/// Goes over to a backup desk: one of ours (`desk/ops-backup`), or the other side's by its whole identity.
///
/// # Errors
/// If nobody has this name, its keys have ended, or its words were not compared.
pub fn use_backup(dir: &Path, name: &str, compared: &Compared, now: WallTime) -> Result<Backup, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let _held = folder.hold()?;
    match name.parse::<Identity>() {
        Ok(identity) if identity.domain() != folder.domain() => theirs(&folder, identity, compared, now),
        Ok(_) | Err(_) => ours(&folder, name, now),
    }
}

fn ours(folder: &DomainFolder, name: &str, now: WallTime) -> Result<Backup, PkiError> {
    let identity = folder.holder(name)?;
    let words = words_of(&folder.trust(folder.domain()), &folder.roster()?, &identity, now)?;
    let settings = folder.of(&identity).join(layout::DESK_SETTINGS);
    Ok(Backup::Ours {
        identity,
        words,
        settings,
    })
}

fn theirs(
    folder: &DomainFolder,
    identity: Identity,
    compared: &Compared,
    now: WallTime,
) -> Result<Backup, PkiError> {
    let place = folder.trust(identity.domain());
    let roster = deny::trusted_roster(&place)?;
    let words = words_of(&place, &roster, &identity, now)?;
    let refuse = |reason| PkiError::Trust {
        path: place.join(layout::ROSTER),
        reason,
    };
    match compared {
        Compared::Vouched => {}
        Compared::Aloud(spoken) if Fingerprint::same_words(&words, spoken) => {}
        Compared::Aloud(_) => return Err(refuse(TrustRefusal::WordsDiffer { words })),
        Compared::NotYet => return Err(refuse(TrustRefusal::WordsNotCompared { words })),
    }
    let mut changed = Vec::new();
    for desk in files::folders_below(&folder.file(&Role::Desk.to_string()))? {
        let settings = folder
            .file(&Role::Desk.to_string())
            .join(desk)
            .join(layout::DESK_SETTINGS);
        write_peer(&settings, &identity)?;
        changed.push(settings);
    }
    write_peer(&folder.file(layout::SETTINGS), &identity)?;
    Ok(Backup::Theirs {
        identity,
        words,
        changed,
    })
}

/// Words that stand for a desk's statement and log keys, as a roster enrols them.
fn words_of(place: &Path, roster: &Roster, identity: &Identity, now: WallTime) -> Result<String, PkiError> {
    let name = identity.to_string();
    let refused = |why: &str| PkiError::KeyRefused {
        identity: name.clone(),
        why: why.to_owned(),
    };
    if identity.role() != Role::Desk {
        return Err(refused("only desks have a backup to go over to"));
    }
    let list = deny::read_list(place, roster)?;
    if list.denials().iter().any(|denial| denial.order.identity == name) {
        return Err(refused("two officers have ended it"));
    }
    let key = |purpose| {
        roster
            .current_key(&name, purpose, now.unix_ms())
            .map(|entry| entry.hash)
            .ok_or_else(|| refused("the roster has no key of it that is good now"))
    };
    let keys = [key(Purpose::Statement)?, key(Purpose::Log)?];
    Ok(Fingerprint::of_keys(&name, &keys).words())
}

/// Puts another peer into a settings file; everything else, comments too, stays as it is.
fn write_peer(file: &Path, peer: &Identity) -> Result<(), PkiError> {
    let text = files::read_text(file)?;
    let mut found = false;
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.split('=').next().is_some_and(|key| key.trim() == "peer") {
            found = true;
            lines.push(format!("peer = \"{peer}\""));
        } else {
            lines.push(line.to_owned());
        }
    }
    if !found {
        return Err(PkiError::unreadable(
            file,
            "settings that name a peer",
            "it names none",
        ));
    }
    files::replace(file, (lines.join("\n") + "\n").as_bytes(), Audience::Anybody)
}
