//! `hotline log bundle`: everything that a side hands to a third party, in one file.
//!
//! It collects what lies below one folder: ledgers (running or not), exported logs, the side's trust folder and
//! certificates. The same evidence gives the same bytes. Nothing is verified but what a reader would refuse anyway, and no
//! private key gets in. `hotline-audit` judges the file (`audit/FORMAT.md` §20).

mod collect;
mod desk;
mod keys;
mod notes;
mod place;
mod relay;

#[cfg(test)]
pub(in crate::log) use place::{desk_lags, opened};

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_audit::bundle::{BundleWriter, Manifest, PackError};
use serde::Serialize;

use super::say;
use crate::exit::{self, Failure, Outcome};

/// What `bundle` takes.
#[derive(Debug, Args)]
pub struct BundleArgs {
    /// A side's folder, as hotline pki init and demo --keep make it; one relay's or desk's folder; or exported logs.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// A new file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Your own trust folder, where none lies beside the ledgers.
    #[arg(long, value_name = "DIR")]
    trust: Vec<PathBuf>,
    /// Disclose the words of this message: a name like A-0017, or 8 hex digits of its hash or id. Without any, words that
    /// are sealed stay sealed.
    #[arg(long, value_name = "ID")]
    open: Vec<String>,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Bundled {
    /// The file's manifest.
    pub manifest: Manifest,
    /// Names of the logs in it.
    pub logs: Vec<String>,
    /// Messages whose words are disclosed.
    pub opened: usize,
}

/// The object that `--json` prints. Fields are only added.
#[derive(Debug, Serialize)]
struct Object<'a> {
    passed: bool,
    side: &'a str,
    logs: &'a [String],
    files: usize,
    opened: usize,
    file: String,
    what: &'a str,
}

/// Runs the verb.
///
/// # Errors
/// As [`bundle`].
pub fn run(args: &BundleArgs) -> Outcome {
    let done = bundle(&args.from, &args.out, &args.trust, &args.open)?;
    let (side, files) = (&done.manifest.side, done.manifest.files.len());
    let what = format!(
        "{files} files of {side} are in {}: {} logs, {} messages opened",
        args.out.display(),
        done.logs.len(),
        done.opened
    );
    if args.json {
        say::object(&Object {
            passed: true,
            side,
            logs: &done.logs,
            files,
            opened: done.opened,
            file: args.out.display().to_string(),
            what: &what,
        })?;
    } else {
        say::text(&what)?;
        eprintln!(
            "  next: hotline-audit verify {} --policy FILE",
            args.out.display()
        );
    }
    Ok(exit::OK)
}

/// Writes the bundle of what lies below `from` into the new file `out`, whole or not at all.
///
/// # Errors
/// There is no log below `from`, or logs of two sides; the file is there already; something cannot be read or written;
/// or a message that is to be opened is not there or cannot be opened.
pub fn bundle(from: &Path, out: &Path, trust: &[PathBuf], open: &[String]) -> Result<Bundled, Failure> {
    if out.exists() {
        let what = format!(
            "{} is there already, and evidence replaces nothing",
            out.display()
        );
        return Err(Failure::new(
            "HL-LOG-006",
            exit::USAGE,
            what,
            "name a new file with --out",
        ));
    }
    let found = place::Found::below(from, trust)?;
    let mut writer = BundleWriter::new();
    let collected = collect::all(&found, open, &mut writer)?;
    write(writer, &found.side, collected.names, out).map(|manifest| Bundled {
        manifest,
        logs: collected.logs,
        opened: collected.opened,
    })
}

fn write(
    writer: BundleWriter,
    side: &str,
    names: BTreeMap<String, String>,
    out: &Path,
) -> Result<Manifest, Failure> {
    let failed = |error: io::Error| Failure::io(&out.display().to_string(), &error);
    let parent = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let aside = tempfile::Builder::new()
        .prefix(".hotline-bundle-")
        .tempfile_in(parent)
        .map_err(failed)?;
    let packed = writer.finish(side, names, io::BufWriter::new(aside.as_file()));
    let manifest = packed.map_err(|error| match error {
        PackError::Io(error) => failed(error),
        PackError::Refused(refused) => refusal(&refused),
    })?;
    aside.as_file().sync_all().map_err(failed)?;
    aside
        .persist_noclobber(out)
        .map_err(|error| failed(error.error))?;
    Ok(manifest)
}

/// What no reader would take is not written either.
fn refusal(error: &hotline_audit::bundle::BundleError) -> Failure {
    Failure::new(
        "HL-LOG-010",
        exit::LOG,
        format!("{}: {error}", error.rule()),
        "take it out of the folder, or name the folder of one relay or desk",
    )
}
