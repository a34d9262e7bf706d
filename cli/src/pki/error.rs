//! What can go wrong with identities, in the words of the person at the keyboard.
//!
//! Every error has a stable code (`HL-PKI-004`), an exit code and one next step. The text is a lowercase fragment
//! that completes "could not …: "; it names the file and the value, never the contents of a key.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use hotline_client::sealed::SealedKeyError;

use super::refusal::TrustRefusal;

/// One thing that is wrong with a declared file: where, what stands there, and what would work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path of the key, e.g. `relay[0].quic`.
    pub key: String,
    /// The value found, or "nothing".
    pub found: String,
    /// Why it cannot be used.
    pub why: String,
    /// A value that would work.
    pub works: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            found,
            why,
            works,
        } = self;
        write!(f, "{key}: found {found}; {why}; this would work: {works}")
    }
}

/// Why a verb of `hotline pki` stopped.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// HL-PKI-001: the declared file is wrong; nothing was written.
    #[error("{file} declares something that cannot be made:\n{}", list(.faults))]
    Declared {
        /// The file as named by the caller.
        file: String,
        /// Everything that is wrong with it.
        faults: Vec<Fault>,
    },
    /// HL-PKI-002: something is already there, and nothing is ever overwritten.
    #[error("{} is already there, and nothing is ever overwritten", .path.display())]
    Exists {
        /// The folder or file.
        path: PathBuf,
    },
    /// HL-PKI-003: the disk said no.
    #[error("{} could not be {doing}", .path.display())]
    File {
        /// "read", "written", "made", "renamed".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// HL-PKI-004: a secret that others can read.
    #[error("{} may be read by others (mode {mode:04o})", .path.display())]
    Lax {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// HL-PKI-005: a file is not what it should be.
    #[error("{} is not {what}: {why}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// "a certificate", "a roster", …
        what: &'static str,
        /// What was found.
        why: String,
    },
    /// HL-PKI-006: the other side's trust file was refused; nothing was changed.
    #[error("{} was not trusted: {reason}", .path.display())]
    Trust {
        /// The trust file.
        path: PathBuf,
        /// Why.
        reason: TrustRefusal,
    },
    /// HL-PKI-007: both sides' charters differ; nothing was merged.
    #[error("the charter of channel {channel} differs: {term} is {ours:?} here and {theirs:?} there")]
    CharterDiffers {
        /// The channel.
        channel: String,
        /// The first term that differs.
        term: &'static str,
        /// What our file says.
        ours: String,
        /// What theirs says.
        theirs: String,
    },
    /// HL-PKI-008: nobody has this name here.
    #[error("there is no {name} in {}; there is: {known}", .folder.display())]
    Unknown {
        /// What was asked for.
        name: String,
        /// The domain's folder.
        folder: PathBuf,
        /// The names that exist.
        known: String,
    },
    /// HL-PKI-009: the identity was revoked before.
    #[error("{identity} is revoked")]
    Revoked {
        /// The identity.
        identity: String,
    },
    /// HL-PKI-010: a key that must not be enrolled, e.g. a weak one, whose signatures anybody could have made.
    #[error("the key for {identity} is refused: {why}")]
    KeyRefused {
        /// Whose key it was to be.
        identity: String,
        /// What is wrong with it.
        why: String,
    },
    /// HL-PKI-011: a certificate or list could not be made.
    #[error("{what} could not be made: {why}")]
    Making {
        /// What was being made.
        what: &'static str,
        /// What the library said.
        why: String,
    },
    /// HL-PKI-012: the CA or another certificate has ended.
    #[error("{what} ended at {at}")]
    Ended {
        /// What ended.
        what: String,
        /// When, RFC 3339.
        at: String,
    },
    /// HL-PKI-013: an officer's key could not be sealed or opened.
    #[error(transparent)]
    Sealed(#[from] SealedKeyError),
    /// HL-PKI-014: the command line does not say what is needed.
    #[error("{why}")]
    Usage {
        /// What is missing or contradictory.
        why: String,
    },
    /// HL-PKI-015: the result could not be printed.
    #[error("the result could not be printed")]
    Print(#[source] io::Error),
    /// HL-PKI-016: another hotline pki works in the same folder. Two at once could sign two rosters with one number.
    #[error("another hotline pki works in {}", .path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// HL-PKI-017: the folder named is not that of a domain.
    #[error("{} is not the folder of a domain; domains below it: {}", .path.display(), names(.below))]
    NoDomain {
        /// The folder.
        path: PathBuf,
        /// Folders of domains directly below it.
        below: Vec<String>,
    },
}

impl PkiError {
    /// Stable name of the error, for people and for `--json`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Declared { .. } => "HL-PKI-001",
            Self::Exists { .. } => "HL-PKI-002",
            Self::File { .. } => "HL-PKI-003",
            Self::Lax { .. } => "HL-PKI-004",
            Self::Unreadable { .. } => "HL-PKI-005",
            Self::Trust { .. } => "HL-PKI-006",
            Self::CharterDiffers { .. } => "HL-PKI-007",
            Self::Unknown { .. } => "HL-PKI-008",
            Self::Revoked { .. } => "HL-PKI-009",
            Self::KeyRefused { .. } => "HL-PKI-010",
            Self::Making { .. } => "HL-PKI-011",
            Self::Ended { .. } => "HL-PKI-012",
            Self::Sealed(_) => "HL-PKI-013",
            Self::Usage { .. } => "HL-PKI-014",
            Self::Print(_) => "HL-PKI-015",
            Self::Busy { .. } => "HL-PKI-016",
            Self::NoDomain { .. } => "HL-PKI-017",
        }
    }

    /// Exit code of the program: 2 usage, 3 declared file, 4 identity or certificate, 1 the machine.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Unknown { .. } | Self::NoDomain { .. } => 2,
            Self::Declared { .. } => 3,
            Self::File { .. } | Self::Print(_) | Self::Busy { .. } => 1,
            Self::Exists { .. }
            | Self::Lax { .. }
            | Self::Unreadable { .. }
            | Self::Trust { .. }
            | Self::CharterDiffers { .. }
            | Self::Revoked { .. }
            | Self::KeyRefused { .. }
            | Self::Making { .. }
            | Self::Ended { .. }
            | Self::Sealed(_) => 4,
        }
    }

    /// One next step.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Declared { file, .. } => format!("mend {file}, then run the same command again"),
            Self::Exists { path } => format!(
                "choose another --out, or move {} away if nobody uses its keys any more",
                path.display()
            ),
            Self::File { path, .. } => format!("check that {} exists, is yours, and has room", path.display()),
            Self::Lax { path, .. } => format!(
                "chmod {} {}, and replace the key if others were on this machine",
                if path.is_dir() { "700" } else { "600" },
                path.display()
            ),
            Self::Unreadable { path, .. } => format!("hotline pki inspect {}", path.display()),
            Self::Trust { reason, .. } => reason.help(),
            Self::CharterDiffers { .. } => {
                "agree on one text, put it into both declared files, and let the side that changed run pki init anew".into()
            }
            Self::Unknown { folder, .. } => format!("hotline pki list --dir {}", folder.display()),
            Self::Revoked { .. } => "a revoked name stays revoked: issue a new name".into(),
            Self::KeyRefused { .. } => {
                "use a key that is good now: hotline pki list shows them, hotline pki issue makes new ones".into()
            }
            Self::Making { .. } => "this is a fault of hotline itself: please report it with this message".into(),
            Self::Ended { .. } => "make new identities in a fresh folder: hotline pki init --from FILE --out DIR".into(),
            Self::Sealed(SealedKeyError::PassphraseNeeded { .. }) => "name a file with --present-passphrase-file, or type it".into(),
            Self::Sealed(SealedKeyError::NotNoted { .. }) => "let its owner write there, then run the same command again".into(),
            Self::Sealed(SealedKeyError::SamePassphrases) => "choose another one".into(),
            Self::Sealed(_) => "try the passphrase again, or issue the officer a new key".into(),
            Self::Usage { .. } => "hotline pki --help".into(),
            Self::Print(_) => "check where the output goes".into(),
            Self::NoDomain { path, below } => match below.first() {
                Some(first) => format!("name the folder of one domain, e.g. --dir {}", path.join(first).display()),
                None => "make one: hotline pki init --from FILE --out DIR".into(),
            },
            Self::Busy { .. } => "wait for it to finish, then run the same command again".into(),
        }
    }

    pub(crate) fn file(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn unreadable(path: &Path, what: &'static str, why: impl fmt::Display) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            what,
            why: why.to_string(),
        }
    }

    pub(crate) fn making(what: &'static str, why: impl fmt::Display) -> Self {
        Self::Making {
            what,
            why: why.to_string(),
        }
    }
}

fn names(below: &[String]) -> String {
    if below.is_empty() {
        "none".to_owned()
    } else {
        below.join(", ")
    }
}

fn list(faults: &[Fault]) -> String {
    faults
        .iter()
        .map(|fault| format!("  - {fault}"))
        .collect::<Vec<_>>()
        .join("\n")
}
