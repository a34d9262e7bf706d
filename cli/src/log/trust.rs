//! Whom a verifier believes: folders of its own, never anything that comes with the log.
//!
//! `--trust` names them. Without it, a ledger that lies where `hotline pki init` put it is verified with the trust of the
//! side (or of control) whose ledger it is (`../../trust`), and the person is told so: that is right at home, and wrong for a folder
//! that somebody else has sent.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_audit::trust::TrustPolicy;

use super::read::{self, Source};
use crate::{
    exit::{self, Failure},
    pki::layout,
};

/// The flags that name trust.
#[derive(Clone, Debug, Default, Args)]
pub struct TrustArgs {
    /// A folder with root.pub and roster of one trust domain, or a folder of such folders. Yours, never the log's.
    #[arg(long, value_name = "DIR")]
    pub trust: Vec<PathBuf>,
    /// The same; a file of such a folder names the folder.
    #[arg(long, value_name = "FILE-or-DIR")]
    pub policy: Vec<PathBuf>,
}

/// How trust was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By flags.
    Named,
    /// It lies beside the ledger, in the folder of the ledger's own side.
    Found,
}

/// The trust that a verb uses.
#[derive(Clone, Debug)]
pub struct Trust {
    /// What is believed.
    pub policy: TrustPolicy,
    /// The folders that say so.
    pub folders: Vec<PathBuf>,
    /// How they were chosen.
    pub choice: Choice,
}

impl TrustArgs {
    /// The trust that is named or found for these logs; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be used, or lies inside a log; or a log is not there.
    pub fn choose(&self, logs: &[&Path]) -> Result<Option<Trust>, Failure> {
        if let Some(log) = logs.iter().find(|log| !log.exists()) {
            return Err(read::missing(log));
        }
        let named = self.named()?;
        let (folders, choice) = if named.is_empty() {
            let Some(found) = logs.iter().find_map(|log| beside(log)) else {
                return Ok(None);
            };
            (vec![found], Choice::Found)
        } else {
            (named, Choice::Named)
        };
        let policy = TrustPolicy::load(&folders).map_err(|error| unusable(exit::chain(&error)))?;
        for log in logs.iter().filter(|log| log.is_dir()) {
            refuse_inside(&policy, log)?;
        }
        Ok(Some(Trust {
            policy,
            folders,
            choice,
        }))
    }

    /// The same, where nothing can be done without.
    ///
    /// # Errors
    /// As [`TrustArgs::choose`], or there is none.
    pub fn need(&self, logs: &[&Path]) -> Result<Trust, Failure> {
        self.choose(logs)?.ok_or_else(|| {
            Failure::new(
                "HL-LOG-004",
                exit::USAGE,
                "--trust is missing, and no log lies where hotline pki init puts it: what is believed never comes from a log",
                "name your own trust folder, e.g. --trust exercise.avelia.example/trust",
            )
        })
    }

    fn named(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut folders = self.trust.clone();
        for path in &self.policy {
            let file = path.file_name().and_then(|name| name.to_str());
            match file {
                _ if !path.is_file() => folders.push(path.clone()),
                Some(layout::ROOT_PUBLIC | layout::ROSTER | layout::SIDE) => {
                    folders.push(
                        path.parent()
                            .map_or_else(|| PathBuf::from("."), Path::to_path_buf),
                    );
                }
                Some(_) | None => {
                    return Err(unusable(format!(
                        "{} is no file of a trust folder",
                        path.display()
                    )));
                }
            }
        }
        Ok(folders)
    }
}

impl Trust {
    /// Tells the person which trust was used, when nobody named it.
    pub fn say(&self) {
        if self.choice == Choice::Found {
            let folders: Vec<String> = self
                .folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect();
            eprintln!(
                "trust: {}, of the side whose ledger this is; --trust DIR names another",
                folders.join(", ")
            );
        }
    }
}

/// The trust folder of the side whose ledger this is, if it lies where `hotline pki init` put it.
fn beside(ledger: &Path) -> Option<PathBuf> {
    let real = ledger.canonicalize().ok().filter(|path| path.is_file())?;
    let role = real.parent()?.parent()?;
    let laid_out = matches!(role.file_name()?.to_str()?, "relay" | "desk" | layout::CONTROL);
    let trust = role.parent()?.join(layout::TRUST);
    (laid_out && trust.is_dir()).then_some(trust)
}

fn refuse_inside(policy: &TrustPolicy, log: &Path) -> Result<(), Failure> {
    match policy.folder_inside(log) {
        None => Ok(()),
        Some(folder) => Err(unusable(format!(
            "the trust folder {} lies inside the log {}: whoever made the log could have made it too",
            folder.display(),
            log.display()
        ))),
    }
}

fn unusable(what: String) -> Failure {
    Failure::new(
        "HL-LOG-003",
        exit::IDENTITY,
        what,
        "name your own trust folder, the one that hotline pki trust fills",
    )
}

/// Every folder below these that describes a side: the folder itself, or those in it.
pub(super) fn sides(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        if folder.join(layout::SIDE).is_file() {
            found.push(folder.clone());
            continue;
        }
        let below = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        found.extend(below.filter(|path| path.join(layout::SIDE).is_file()));
    }
    found.sort();
    found
}

/// Opens the logs after their trust was chosen, so that a refused trust folder is told first.
///
/// # Errors
/// As [`TrustArgs::choose`] and [`Source::open`].
pub fn open_with(args: &TrustArgs, log: &Path) -> Result<(Source, Option<Trust>), Failure> {
    let trust = args.choose(&[log])?;
    Ok((Source::open(log)?, trust))
}
