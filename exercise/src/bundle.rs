//! The evidence of an exercise: one folder from which the report is made, and nothing else is.
//!
//! ```text
//! manifest.json        every other file: its length and SHA-256
//! scenario.toml        what was played
//! codebook.toml        the codebook that both sides held
//! trust/<domain>/      public trust folders of A, B and EXCON
//! logs/<name>/         each log as `hotline log export` writes it: relay-north, desk-A, excon
//! handed-in/<side>/<name>/  where a message is disputed: the copies that each side handed in
//! openings/<hash>.json salt and text of each sealed statement, as a desk that could read it has exported it
//! ```
//!
//! [`Evidence::open`] reads it: every file must be the one that the manifest names, every log is verified against the
//! trust in the folder, and logs of the two sides are compared. A log that does not hold is no error here: that it does
//! not is a fact of the report. `EVIDENCE.md` is the specification.

mod logs;
mod manifest;
mod witnessed;

pub use logs::{LogFact, LogKind, PairFact, VerifiedLog};
pub use manifest::{FILE_MAX, FILES_MAX, FORMAT, FileFact, MANIFEST, Manifest, TOTAL_MAX, write_manifest};
pub use witnessed::{Head, Witnessing};

use std::{collections::BTreeMap, path::Path};

use hotline_audit::{
    Hash,
    compare::Log,
    opening::{Opening, OpeningFile},
    tiles::TileError,
    trust::{TrustError, TrustPolicy},
};

use crate::{
    codebook::{self, BookErrors, Codebook},
    dispute::{Copies, HANDED_IN},
    scenario::{self, Scenario, lists::Side, place::ScenarioErrors},
};

/// What was played.
pub const SCENARIO: &str = "scenario.toml";
/// The codebook that both sides held.
pub const CODEBOOK: &str = "codebook.toml";
/// Folder of the public trust folders.
pub const TRUST: &str = "trust";
/// Folder of the exported logs.
pub const LOGS: &str = "logs";
/// Folder of what sealed statements say, one file each.
pub const OPENINGS: &str = "openings";
/// The log of control, below [`LOGS`].
pub const EXCON: &str = "excon";

/// Most logs: twice those of two sides with four relays and two desks each, and control's.
pub const LOGS_MAX: usize = 25;

/// Why the evidence cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file of the manifest, or one that every bundle has, is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// A file is not the one that the manifest names.
    #[error("{name} is not the file that the manifest names: {why}")]
    Altered {
        /// Its name in the folder.
        name: String,
        /// In what it differs.
        why: String,
    },
    /// A file of which the manifest knows nothing.
    #[error("{0} is not in the manifest")]
    Extra(String),
    /// More than evidence of an exercise has.
    #[error("{name} is too large: {why}")]
    TooLarge {
        /// The file, or the folder.
        name: String,
        /// Which bound.
        why: String,
    },
    /// The manifest cannot be read as one.
    #[error("{MANIFEST} is no manifest of this format: {0}")]
    NoManifest(String),
    /// The file system said no.
    #[error("{name} cannot be used")]
    Io {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A log without a readable checkpoint.
    #[error("{name} is no exported log")]
    NoLog {
        /// Its folder.
        name: String,
        /// Why.
        #[source]
        source: TileError,
    },
    /// The trust folders cannot be used.
    #[error("the trust folders cannot be used")]
    Trust(#[from] TrustError),
    /// The scenario cannot be read.
    #[error("{0}")]
    Scenario(ScenarioErrors),
    /// The codebook cannot be read.
    #[error("{0}")]
    Codebook(BookErrors),
}

impl BundleError {
    /// The stable name of what is wrong: `HL-EX-181`, an incomplete or altered bundle.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "HL-EX-181"
    }
}

/// Everything that a report is made from, verified.
#[derive(Debug)]
pub struct Evidence {
    /// What was played.
    pub scenario: Scenario,
    /// The codebook that both sides held.
    pub codebook: Codebook,
    /// Whom the folder's own trust believes.
    pub trust: TrustPolicy,
    /// The logs, by name.
    pub logs: BTreeMap<String, VerifiedLog>,
    /// Logs side by side.
    pub pairs: Vec<PairFact>,
    /// What each side handed in, where a message is disputed. It is in no timeline and no figure.
    pub copies: Copies,
    /// What sealed statements say, by the statement's hash. Each counts only where it fits the commitment.
    pub openings: BTreeMap<Hash, Opening>,
    /// Every file but the manifest, by name; empty if it was never a folder.
    pub files: BTreeMap<String, FileFact>,
    /// SHA-256 of the manifest; of nothing if it was never a folder.
    pub manifest_sha256: Hash,
}

impl Evidence {
    /// Reads and verifies a folder of evidence.
    ///
    /// # Errors
    /// [`BundleError`], which names the file that is missing, altered, unknown or too large. That a log does not verify is
    /// no error, but a fact: [`VerifiedLog::report`].
    pub fn open(dir: &Path) -> Result<Self, BundleError> {
        let manifest = Manifest::read(dir)?;
        manifest.check(dir)?;
        let scenario = text(dir, SCENARIO, &manifest)?;
        let codebook = text(dir, CODEBOOK, &manifest)?;
        if !manifest.files.keys().any(|name| name.starts_with("trust/")) {
            return Err(BundleError::Missing(TRUST.to_owned()));
        }
        let trust = TrustPolicy::load_folder(&dir.join(TRUST))?;
        let mut logs = BTreeMap::new();
        for name in names(&manifest, LOGS)? {
            let log = read_log(LOGS, &name, dir)?;
            logs.insert(name, log);
        }
        if !logs.contains_key(EXCON) {
            return Err(BundleError::Missing(format!("{LOGS}/{EXCON}/checkpoint")));
        }
        let mut evidence = Self::of(&scenario, &codebook, trust, logs)?;
        evidence.copies = copies(dir, &manifest)?;
        evidence.openings = openings(dir, &manifest)?;
        evidence.files = manifest.files.clone();
        evidence.manifest_sha256 = Hash::of(manifest.canonical().as_bytes());
        Ok(evidence)
    }

    /// The same from texts and logs at hand; everything is verified here.
    ///
    /// # Errors
    /// The scenario or the codebook cannot be read.
    pub fn of(
        scenario: &str,
        codebook: &str,
        trust: TrustPolicy,
        logs: BTreeMap<String, Log>,
    ) -> Result<Self, BundleError> {
        let scenario = scenario::parse(SCENARIO, scenario).map_err(BundleError::Scenario)?;
        let codebook = codebook::read(CODEBOOK, codebook).map_err(BundleError::Codebook)?;
        let logs = logs::verify(logs, &trust);
        let pairs = logs::pairs(&logs, &trust);
        Ok(Self {
            scenario,
            codebook,
            trust,
            logs,
            pairs,
            copies: Copies::new(),
            openings: BTreeMap::new(),
            files: BTreeMap::new(),
            manifest_sha256: Hash::of(b""),
        })
    }

    /// True when every log verifies, but for one whose identity its own side has ended, and no two contradict each other.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.first_fault().is_none()
    }

    /// The first thing that does not hold, as a sentence; none if everything does.
    #[must_use]
    pub fn first_fault(&self) -> Option<String> {
        let ended = |name: &String| self.logs.get(name).is_some_and(|log| log.ended);
        let of_log = self.logs.values().filter(|log| !log.ended).find_map(|log| {
            let fault = log.fact().fault?;
            Some(format!("{}: {fault}", log.name))
        });
        of_log.or_else(|| {
            let mut pairs = self.pairs.iter();
            let pair = pairs.find(|pair| !pair.nothing_forged && !ended(&pair.a) && !ended(&pair.b))?;
            Some(format!("{} and {}: {}", pair.a, pair.b, pair.conclusion))
        })
    }
}

/// A text of the folder, whose hash was checked.
fn text(dir: &Path, name: &str, manifest: &Manifest) -> Result<String, BundleError> {
    if !manifest.files.contains_key(name) {
        return Err(BundleError::Missing(name.to_owned()));
    }
    let bytes = manifest::read_file(&dir.join(name), name)?;
    String::from_utf8(bytes).map_err(|_| BundleError::Altered {
        name: name.to_owned(),
        why: "it is no UTF-8".into(),
    })
}

/// Names of the logs below a folder, of which there are not too many.
fn names(manifest: &Manifest, below: &str) -> Result<Vec<String>, BundleError> {
    let names = manifest.logs(below);
    if names.len() > LOGS_MAX {
        let why = format!("more than {LOGS_MAX} logs");
        let name = below.to_owned();
        return Err(BundleError::TooLarge { name, why });
    }
    Ok(names)
}

/// What each side handed in.
fn copies(dir: &Path, manifest: &Manifest) -> Result<Copies, BundleError> {
    let mut copies = Copies::new();
    for side in Side::ALL {
        let below = format!("{HANDED_IN}/{side}");
        for name in names(manifest, &below)? {
            let log = read_log(&below, &name, dir)?;
            copies.entry(*side).or_default().insert(name, log);
        }
    }
    Ok(copies)
}

/// The openings that the manifest names.
fn openings(dir: &Path, manifest: &Manifest) -> Result<BTreeMap<Hash, Opening>, BundleError> {
    let mut openings = BTreeMap::new();
    let below = format!("{OPENINGS}/");
    for name in manifest.files.keys().filter(|name| name.starts_with(&below)) {
        let bytes = manifest::read_file(&dir.join(name), name)?;
        let file = OpeningFile::parse(&bytes).map_err(|error| BundleError::Altered {
            name: name.clone(),
            why: error.to_string(),
        })?;
        openings.insert(file.statement, file.opening);
    }
    Ok(openings)
}

fn read_log(below: &str, name: &str, dir: &Path) -> Result<Log, BundleError> {
    Log::read(&dir.join(below).join(name)).map_err(|source| BundleError::NoLog {
        name: format!("{below}/{name}"),
        source,
    })
}

#[cfg(test)]
mod tests;
