//! `hotline log export`: a log as plain files in the C2SP tlog-tiles layout, for whoever does not have this program.
//!
//! The folder is made aside and renamed into place, whole or not at all. It never replaces anything: an older export is
//! evidence of what the log was.

mod dsse;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_audit::{
    Hash,
    tiles::{TileError, write_log},
};
use serde::Serialize;
use tempfile::TempDir;

use super::{
    read::{self, Leaves},
    say,
};
use crate::exit::{self, Failure, Outcome};

/// What `export` takes.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A ledger, running or not.
    #[arg(value_name = "LEDGER")]
    ledger: PathBuf,
    /// A new folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A new folder for each statement as a DSSE envelope (JSON), which other software verifies too.
    #[arg(long, value_name = "DIR")]
    dsse: Option<PathBuf>,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The log's name.
    pub origin: String,
    /// Entries in the folder.
    pub size: u64,
    /// Their root, which the checkpoint in the folder signs.
    pub root: Hash,
    /// The folder.
    pub folder: PathBuf,
}

/// The object that `--json` prints. Fields are only added.
#[derive(Debug, Serialize)]
struct Object {
    passed: bool,
    verdict: Option<&'static str>,
    origin: String,
    size: u64,
    root: Hash,
    first_bad_index: Option<u64>,
    what: String,
    folder: String,
}

/// Runs the verb.
///
/// # Errors
/// As [`export`].
pub fn run(args: &ExportArgs) -> Outcome {
    let Exported {
        origin,
        size,
        root,
        folder,
    } = export(&args.ledger, &args.out)?;
    let mut what = format!("{size} entries of {origin} are in {}", folder.display());
    if let Some(envelopes) = &args.dsse {
        dsse::write(&folder, size, envelopes)?;
        what.push_str(&format!(", and as DSSE envelopes in {}", envelopes.display()));
    }
    if args.json {
        say::object(&Object {
            passed: true,
            // Nothing was judged, only written.
            verdict: None,
            origin,
            size,
            root,
            first_bad_index: None,
            what,
            folder: folder.display().to_string(),
        })?;
    } else {
        say::text(&what)?;
        eprintln!("  next: hotline log verify {} --trust DIR", folder.display());
    }
    Ok(exit::OK)
}

/// Writes the log of a ledger into the new folder `out`: checkpoint, tiles and entries. The signatures are not verified;
/// that the entries give the signed root is.
///
/// # Errors
/// The folder holds something already or cannot be written; nothing was signed yet; or the entries are not those that
/// were signed. Then nothing is left behind.
pub fn export(ledger: &Path, out: &Path) -> Result<Exported, Failure> {
    let opened = read::ledger(ledger)?;
    let Some(note) = opened.head().note.clone() else {
        let what = format!("nothing was signed in {} yet", ledger.display());
        return Err(Failure::new(
            "HL-LOG-008",
            exit::OTHER,
            what,
            "export it once it has an entry",
        ));
    };
    let aside = aside(out)?;
    let mut leaves = Leaves::of(&opened);
    let entries = leaves.by_ref().map(|leaf| Ok::<_, io::Error>(leaf.bytes));
    let written = write_log(aside.path(), &note, entries);
    if let Some(stop) = &leaves.stopped {
        return Err(read::damaged(format!("entry #{}: {}", stop.index, stop.why)));
    }
    let checkpoint = written.map_err(|error| refusal(ledger, &error))?;
    read::still_alone(&opened)?;
    into_place(aside, out)?;
    Ok(Exported {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root,
        folder: out.to_owned(),
    })
}

/// A folder beside a new one, to be filled and renamed.
fn aside(out: &Path) -> Result<TempDir, Failure> {
    refuse_filled(out)?;
    let failed = |error: io::Error| Failure::io(&out.display().to_string(), &error);
    let parent = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    tempfile::Builder::new()
        .prefix(".hotline-export-")
        .tempdir_in(parent)
        .map_err(failed)
}

fn into_place(aside: TempDir, out: &Path) -> Result<(), Failure> {
    fs::rename(aside.path(), out).map_err(|error| Failure::io(&out.display().to_string(), &error))?;
    // Renamed: there is nothing left for the guard to remove.
    drop(aside.keep());
    Ok(())
}

fn refuse_filled(out: &Path) -> Result<(), Failure> {
    let filled = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(Failure::io(&out.display().to_string(), &error)),
    };
    if filled {
        let what = format!("{} is not empty, and an export replaces nothing", out.display());
        return Err(Failure::new(
            "HL-LOG-006",
            exit::USAGE,
            what,
            "name a new folder with --out",
        ));
    }
    Ok(())
}

fn refusal(ledger: &Path, error: &TileError) -> Failure {
    let what = format!("{}: {}", ledger.display(), exit::chain(error));
    match error {
        TileError::Io { .. } => Failure::new(
            "HL-IO-001",
            exit::OTHER,
            what,
            "check the path and its permissions",
        ),
        TileError::WrongLength { .. }
        | TileError::EntryTooLarge(_)
        | TileError::TooFewEntries { .. }
        | TileError::WrongRoot { .. }
        | TileError::Checkpoint(_)
        | TileError::Source { .. }
        | TileError::NoSuchNode { .. } => Failure::new(
            "HL-LOG-002",
            exit::LOG,
            what,
            "hotline log verify names the entry",
        ),
    }
}
