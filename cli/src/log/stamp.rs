//! `hotline log stamp`: an RFC 3161 time stamp over a checkpoint, by an authority that neither side runs.
//!
//! A checkpoint's cosignatures say when the other side had seen it; a time stamp says it by a third clock. `--out` writes
//! the newest checkpoint and a request for it; an authority answers with a response file; `--check` judges the three.
//!
//! Requests and tokens are ASN.1, of which this program reads none: the `openssl` program makes and verifies them, if it
//! is installed. What this program judges itself is whether the checkpoint is signed by its log, and whether the log still
//! is what the checkpoint says.

use std::{
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use clap::Args;
use hotline_audit::{
    Checkpoint, Hash,
    tree::{Frontier, leaf_hash},
};
use hotline_core::text::inert_line;
use serde::Serialize;

use super::{
    read::{self, Source},
    say,
    trust::TrustArgs,
};
use crate::exit::{self, Failure, Outcome};

/// The program that makes and verifies requests and tokens.
const OPENSSL: &str = "openssl";
/// The stamped bytes: a checkpoint, as its log signed it.
const CHECKPOINT: &str = "checkpoint";
/// For the authority.
const REQUEST: &str = "request.tsq";
/// From the authority.
const RESPONSE: &str = "response.tsr";

/// What `stamp` takes.
#[derive(Debug, Args)]
pub struct StampArgs {
    /// A ledger (running or not), or an exported log.
    #[arg(value_name = "DIR|LEDGER")]
    log: PathBuf,
    /// Write the newest checkpoint and a request for a stamp into this new folder.
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Judge the stamp in this folder: checkpoint, and the authority's response.tsr.
    #[arg(long, value_name = "DIR", conflicts_with = "out", requires = "authority")]
    check: Option<PathBuf>,
    /// The authority's CA certificate (PEM): yours, never one that came with the stamp.
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// A stamp that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stamp {
    /// Whether all of it holds.
    pub passed: bool,
    /// The log.
    pub origin: String,
    /// Leaves under the checkpoint.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// When the authority says that it saw the checkpoint, in its own words.
    pub stamped: Option<String>,
    /// What was found.
    pub what: String,
}

/// Runs the verb.
///
/// # Errors
/// Files or trust cannot be used, or openssl is not installed. A stamp that does not hold is exit code 8.
pub fn run(args: &StampArgs) -> Outcome {
    match (&args.out, &args.check, &args.authority) {
        (Some(out), ..) => {
            let checkpoint = request(&args.log, out)?;
            let what = format!(
                "a request for a stamp over checkpoint {} of {} is in {}",
                checkpoint.size,
                inert_line(&checkpoint.origin).text,
                out.display()
            );
            let next = "give request.tsq to the authority and put its answer beside it as response.tsr";
            if args.json {
                say::object(&serde_json::json!({ "passed": true, "what": what, "next": next }))?;
            } else {
                say::text(&what)?;
                eprintln!("  next: {next}");
            }
            Ok(exit::OK)
        }
        (None, Some(folder), Some(authority)) => {
            let stamp = check(args, folder, authority)?;
            if args.json {
                say::object(&stamp)?;
            } else {
                say::text(&stamp.what)?;
            }
            Ok(if stamp.passed { exit::OK } else { exit::LOG })
        }
        (None, ..) => unreachable!("clap asks for one of the two"),
    }
}

/// Writes the newest checkpoint of a log and a request for a stamp over it into a new folder.
///
/// # Errors
/// Nothing was signed yet, the folder is there already, or openssl cannot make the request.
pub fn request(log: &Path, out: &Path) -> Result<Checkpoint, Failure> {
    let source = Source::open(log)?;
    if source.note().is_empty() {
        let what = "nothing was signed in this log yet";
        return Err(Failure::new("HL-LOG-008", exit::OTHER, what, ""));
    }
    let checkpoint = Checkpoint::danger_parse_unverified(source.note())
        .map_err(|error| read::damaged(exit::chain(&error)))?;
    fs::create_dir(out).map_err(|error| Failure::io(&out.display().to_string(), &error))?;
    let file = out.join(CHECKPOINT);
    fs::write(&file, source.note()).map_err(|error| Failure::io(&file.display().to_string(), &error))?;
    let (note, asked) = (
        file.display().to_string(),
        out.join(REQUEST).display().to_string(),
    );
    let words = ["ts", "-query", "-data", &note, "-sha256", "-cert", "-out", &asked];
    let made = openssl(&words)?;
    if made.status.success() {
        return Ok(checkpoint);
    }
    let what = format!("openssl made no request: {}", said(&made));
    Err(Failure::new("HL-LOG-016", exit::OTHER, what, "openssl ts -help"))
}

/// Judges a stamp.
///
/// # Errors
/// Files or trust cannot be used, or openssl is not installed.
pub(super) fn check(args: &StampArgs, folder: &Path, authority: &Path) -> Result<Stamp, Failure> {
    let trust = args.trust.need(&[&args.log])?;
    trust.say();
    let (note_file, response) = (folder.join(CHECKPOINT), folder.join(RESPONSE));
    let note = fs::read(&note_file).map_err(|error| Failure::io(&note_file.display().to_string(), &error))?;
    for file in [&response, authority] {
        if !file.is_file() {
            let found = io::Error::from(io::ErrorKind::NotFound);
            return Err(Failure::io(&file.display().to_string(), &found));
        }
    }
    let log = Source::open(&args.log)?;
    let refused = |checkpoint: Option<Checkpoint>, what: String| {
        let checkpoint = checkpoint.unwrap_or(Checkpoint {
            origin: log.origin().to_owned(),
            size: 0,
            root: Hash::ZERO,
        });
        stamp(checkpoint, None, what)
    };
    let checkpoint = match trust.policy.checkpoint(&note) {
        Ok((checkpoint, _)) => checkpoint,
        Err(error) => {
            let why = exit::chain(&error);
            return Ok(refused(
                None,
                format!("the stamped checkpoint is not to be believed: {why}"),
            ));
        }
    };
    if let Some(fault) = other_log(&log, &checkpoint)? {
        return Ok(refused(Some(checkpoint), fault));
    }
    let [data, answer, ca] = [&note_file, &response, authority].map(|file| file.display().to_string());
    // An answer has words around its token that nobody signed: what follows reads the token alone.
    let temporary = tempfile::tempdir().map_err(|error| Failure::io("a temporary folder", &error))?;
    let token = temporary.path().join("token").display().to_string();
    let taken = openssl(&["ts", "-reply", "-in", &answer, "-token_out", "-out", &token])?;
    if !taken.status.success() {
        let what = format!("the answer holds no stamp: {}", said(&taken));
        return Ok(refused(Some(checkpoint), what));
    }
    let verify = [
        "ts",
        "-verify",
        "-data",
        &data,
        "-in",
        &token,
        "-token_in",
        "-CAfile",
        &ca,
    ];
    let verified = openssl(&verify)?;
    if !verified.status.success() {
        let what = format!("the stamp does not hold: {}", said(&verified));
        return Ok(refused(Some(checkpoint), what));
    }
    let told = openssl(&["ts", "-reply", "-in", &token, "-token_in", "-token_out", "-text"])?;
    let Some(when) = time_in(&String::from_utf8_lossy(&told.stdout)) else {
        let what = "openssl does not tell the time of this stamp".to_owned();
        return Ok(refused(Some(checkpoint), what));
    };
    let origin = inert_line(&checkpoint.origin).text;
    let what = format!("checkpoint {} of {origin} was stamped at {when}", checkpoint.size);
    Ok(stamp(checkpoint, Some(when), what))
}

fn stamp(checkpoint: Checkpoint, stamped: Option<String>, what: String) -> Stamp {
    Stamp {
        passed: stamped.is_some(),
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root,
        stamped,
        what,
    }
}

/// Why the log is not the one that the checkpoint was made of; none if it is, or has grown from it.
fn other_log(log: &Source, checkpoint: &Checkpoint) -> Result<Option<String>, Failure> {
    if log.origin() != checkpoint.origin {
        let (ours, stamped) = (inert_line(log.origin()).text, inert_line(&checkpoint.origin).text);
        return Ok(Some(format!("this is the log {ours}, and {stamped} was stamped")));
    }
    let mut tree = Frontier::new();
    let stopped = log.each(&mut |_, entry| {
        if tree.size() == checkpoint.size {
            return ControlFlow::Break(());
        }
        tree.push(leaf_hash(&entry));
        ControlFlow::Continue(())
    })?;
    if tree.size() < checkpoint.size {
        let why = stopped.map_or_else(String::new, |why| format!(" ({why})"));
        let (have, stamped) = (tree.size(), checkpoint.size);
        return Ok(Some(format!(
            "the log has {have} entries, and {stamped} were stamped{why}"
        )));
    }
    let same = tree.root() == checkpoint.root;
    Ok((!same).then(|| {
        format!(
            "the first {} entries of this log are not those that were stamped",
            checkpoint.size
        )
    }))
}

fn openssl(words: &[&str]) -> Result<Output, Failure> {
    Command::new(OPENSSL).args(words).output().map_err(|error| {
        let what = format!("a time stamp needs the openssl program, which cannot be started: {error}");
        Failure::new(
            "HL-LOG-014",
            exit::OTHER,
            what,
            "install openssl, then do it again",
        )
    })
}

/// What openssl said, on one line.
fn said(output: &Output) -> String {
    let both = [&output.stderr[..], &output.stdout[..]].concat();
    let text = String::from_utf8_lossy(&both);
    inert_line(text.split_whitespace().collect::<Vec<_>>().join(" ").as_str()).text
}

/// `Nov 27 04:00:00 2026 GMT`, out of openssl's words about a token.
fn time_in(text: &str) -> Option<String> {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Time stamp:"))?;
    Some(inert_line(line.trim()).text)
}
