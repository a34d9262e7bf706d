//! Where a log is read from: the ledger of a relay or desk, running or not, or an exported folder.
//!
//! Nothing here takes a ledger's lock or changes its files, and nothing is believed: who reads from here either
//! verifies or says that it does not. Ledgers are read in pages, from one moment of their life.

use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use hotline_audit::{
    Checkpoint, Hash,
    compare::Log,
    tiles::{TILE_WIDTH, TileDir},
    tree::inclusion_proof,
};
use hotline_ledger::{InspectError, Inspector, OpenError, Stored};

use crate::exit::{self, Failure};

/// Bytes of leaves read at a time.
const PAGE_BYTES: usize = 1024 * 1024;

/// A log that can be read.
#[derive(Debug)]
pub enum Source {
    /// The file of a relay or desk.
    Ledger(Box<Inspector>),
    /// An exported folder.
    Folder(Folder),
}

/// An exported log.
#[derive(Debug)]
pub struct Folder {
    tiles: TileDir,
    note: Vec<u8>,
    checkpoint: Checkpoint,
}

impl Source {
    /// Opens a ledger (a file) or an exported log (a folder with a checkpoint).
    ///
    /// # Errors
    /// It is neither, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        if !path.is_dir() {
            return ledger(path).map(|ledger| Self::Ledger(Box::new(ledger)));
        }
        let tiles = TileDir::new(path);
        if !path.join("checkpoint").exists() {
            let what = format!(
                "{} is no exported log: there is no checkpoint in it",
                path.display()
            );
            return Err(Failure::new("HL-LOG-001", exit::USAGE, what, inside(path)));
        }
        let unreadable = |error: &dyn std::error::Error| damaged(exit::chain(error));
        let note = tiles.checkpoint().map_err(|error| unreadable(&error))?;
        let checkpoint = Checkpoint::danger_parse_unverified(&note).map_err(|error| unreadable(&error))?;
        Ok(Self::Folder(Folder {
            tiles,
            note,
            checkpoint,
        }))
    }

    /// The log's name, as it says itself.
    #[must_use]
    pub fn origin(&self) -> &str {
        match self {
            Self::Ledger(ledger) => &ledger.about().origin,
            Self::Folder(folder) => &folder.checkpoint.origin,
        }
    }

    /// Entries, as its head says.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Ledger(ledger) => ledger.head().size,
            Self::Folder(folder) => folder.checkpoint.size,
        }
    }

    /// The newest signed note; empty while nothing was signed.
    #[must_use]
    pub fn note(&self) -> &[u8] {
        match self {
            Self::Ledger(ledger) => ledger.head().note.as_deref().unwrap_or_default(),
            Self::Folder(folder) => &folder.note,
        }
    }

    /// The ledger, if it is one.
    #[must_use]
    pub fn ledger(&self) -> Option<&Inspector> {
        match self {
            Self::Ledger(ledger) => Some(ledger),
            Self::Folder(_) => None,
        }
    }

    /// Shows every entry in order until the visitor has enough; returns why it ended early, if it could not go on.
    ///
    /// # Errors
    /// The owner of a resting ledger started meanwhile.
    pub fn each(
        &self,
        visit: &mut dyn FnMut(u64, Vec<u8>) -> ControlFlow<()>,
    ) -> Result<Option<String>, Failure> {
        match self {
            Self::Ledger(ledger) => {
                let mut leaves = Leaves::of(ledger);
                for leaf in leaves.by_ref() {
                    if visit(leaf.index, leaf.bytes).is_break() {
                        return Ok(None);
                    }
                }
                still_alone(ledger)?;
                Ok(leaves.stopped.map(|stop| stop.why))
            }
            Self::Folder(folder) => Ok(folder.each(visit)),
        }
    }

    /// The hashes that lead from entry `index` to the root of the log.
    ///
    /// # Errors
    /// What is stored gives no proof.
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash>, Failure> {
        match self {
            Self::Ledger(ledger) => ledger
                .inclusion(index)
                .map_err(|error| damaged(exit::chain(&error))),
            Self::Folder(Folder {
                tiles, checkpoint, ..
            }) => inclusion_proof(&tiles.tree(checkpoint.size), index, checkpoint.size)
                .map_err(|error| damaged(exit::chain(&error))),
        }
    }

    /// Note and entries, as far as they can be read.
    ///
    /// # Errors
    /// As [`Source::each`].
    pub fn log(&self) -> Result<Log, Failure> {
        let mut entries = Vec::new();
        self.each(&mut |_, bytes| {
            entries.push(bytes);
            ControlFlow::Continue(())
        })?;
        Ok(Log {
            note: self.note().to_vec(),
            entries,
        })
    }
}

impl Folder {
    fn each(&self, visit: &mut dyn FnMut(u64, Vec<u8>) -> ControlFlow<()>) -> Option<String> {
        let size = self.checkpoint.size;
        let mut index = 0;
        for number in 0..size.div_ceil(TILE_WIDTH) {
            let bundle = match self.tiles.bundle(number, size) {
                Ok(bundle) => bundle,
                Err(error) => return Some(exit::chain(&error)),
            };
            for entry in bundle.entries {
                if visit(index, entry).is_break() {
                    return None;
                }
                index += 1;
            }
            if bundle.broken {
                return Some(format!("bundle {number} holds bytes that are no entry"));
            }
        }
        (index < size).then(|| format!("{index} entries of {size} are there"))
    }
}

/// Where reading a ledger stopped before its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The first entry that is missing or cannot be read.
    pub index: u64,
    /// What is wrong with it.
    pub why: String,
}

/// The leaves of a ledger in order, up to the first that is missing or cannot be read.
#[derive(Debug)]
pub struct Leaves<'a> {
    ledger: &'a Inspector,
    page: std::vec::IntoIter<Stored>,
    next: u64,
    /// Why they ended before the head; none while they go on, or when they reached it.
    pub stopped: Option<Stop>,
}

impl<'a> Leaves<'a> {
    /// From the first one.
    #[must_use]
    pub fn of(ledger: &'a Inspector) -> Self {
        Self {
            ledger,
            page: Vec::new().into_iter(),
            next: 0,
            stopped: None,
        }
    }
}

impl Iterator for Leaves<'_> {
    type Item = Stored;

    fn next(&mut self) -> Option<Stored> {
        if self.page.len() == 0 && self.stopped.is_none() {
            match self.ledger.leaves(self.next, PAGE_BYTES) {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => {
                    self.stopped = Some(Stop {
                        index: self.next,
                        why: exit::chain(&error),
                    });
                }
            }
        }
        let leaf = self.page.next()?;
        self.next = leaf.index.saturating_add(1);
        Some(leaf)
    }
}

/// Opens a ledger to read it, whoever runs on it.
///
/// # Errors
/// It is no ledger, or cannot be read.
pub fn ledger(path: &Path) -> Result<Inspector, Failure> {
    Inspector::open(path).map_err(|error| {
        let what = exit::chain(&error);
        match error {
            InspectError::NotThere { ref source, .. } if source.kind() != io::ErrorKind::NotFound => {
                Failure::io(&path.display().to_string(), source)
            }
            InspectError::NotThere { .. } => Failure::new("HL-LOG-001", exit::USAGE, what, NAME_A_LOG),
            InspectError::Open(OpenError::NotALedger { .. } | OpenError::Format { .. }) => {
                Failure::new("HL-LOG-001", exit::USAGE, what, NAME_A_LOG)
            }
            InspectError::Open(_) => damaged(what),
            InspectError::NoSharedMemory { .. } => Failure::new(
                "HL-LOG-009",
                exit::OTHER,
                what,
                "cp the ledger and its -wal file to a folder of your own",
            ),
            InspectError::TakenUp { .. } => taken_up(what),
        }
    })
}

/// To be asked behind the last read.
///
/// # Errors
/// The owner of a resting ledger started meanwhile.
pub fn still_alone(ledger: &Inspector) -> Result<(), Failure> {
    ledger.still_alone().map_err(|error| taken_up(error.to_string()))
}

fn taken_up(what: String) -> Failure {
    Failure::new("HL-LOG-007", exit::OTHER, what, "run the same command again")
}

/// Nothing is there.
pub(super) fn missing(path: &Path) -> Failure {
    let what = format!("{} cannot be found", path.display());
    Failure::new("HL-LOG-001", exit::USAGE, what, NAME_A_LOG)
}

/// What is there cannot be read as the log that it was.
pub(crate) fn damaged(what: String) -> Failure {
    Failure::new(
        "HL-LOG-002",
        exit::LOG,
        what,
        "compare with a copy, or with the other side's log",
    )
}

const NAME_A_LOG: &str =
    "name a ledger (relay.ledger, desk.ledger) or a folder that hotline log export wrote";

/// What to do with a folder that is no exported log.
fn inside(folder: &Path) -> String {
    let mut ledgers: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "ledger"))
        .collect();
    ledgers.sort();
    match ledgers.first() {
        Some(ledger) => format!("name the ledger: {}", ledger.display()),
        None => NAME_A_LOG.to_owned(),
    }
}
