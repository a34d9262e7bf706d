//! `hotline log show`: every entry in plain words. It reads and explains; it verifies nothing, and says so.

use std::{ops::ControlFlow, path::PathBuf};

use clap::Args;
use hotline_audit::Hash;
use serde::Serialize;

use super::{
    kept,
    names::Names,
    openings,
    plain::{self, EntryView, Words},
    read::{self, Source},
    say::{self, Reader},
    trust::{self, TrustArgs},
};
use crate::exit::{self, Failure, Outcome};

/// Most kept proofs of equivocation that are shown.
const MAX_CONFLICTS: usize = 64;

/// What `show` takes.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A ledger (running or not), or an exported log.
    #[arg(value_name = "DIR|LEDGER")]
    log: PathBuf,
    /// Show the words of messages and acts too.
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    trust: TrustArgs,
    /// Print objects, one a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// A kept proof of equivocation, as an object.
#[derive(Debug, Serialize)]
struct Conflict {
    kind: &'static str,
    sender: String,
    index: u64,
    sha256: Hash,
    plain: String,
}

/// Runs the verb.
///
/// # Errors
/// The log cannot be read.
pub fn run(args: &ShowArgs) -> Outcome {
    let (log, trust) = trust::open_with(&args.trust, &args.log)?;
    let mut names = Names::of_trust(trust.as_ref().map_or(&[], |trust| &trust.folders));
    names.learn(&log)?;
    eprintln!("nothing is verified here: hotline log verify does");
    let words = if args.text { Words::Shown } else { Words::Kept };
    let mut failed = None;
    let stopped = entries(&log, &names, words, &mut |view| {
        let printed = if args.json {
            line_of(&view)
        } else {
            say::line_of(&view.to_text())
        };
        match printed {
            Ok(Reader::There) => ControlFlow::Continue(()),
            Ok(Reader::Gone) => ControlFlow::Break(()),
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    if let Some(why) = stopped {
        return Err(read::damaged(format!("the log cannot be read further: {why}")));
    }
    conflicts(&log, args)?;
    Ok(exit::OK)
}

/// Shows every entry to a visitor, until it has enough; returns why it ended early, if it could not go on.
///
/// # Errors
/// The log cannot be read.
pub fn entries(
    log: &Source,
    names: &Names,
    words: Words,
    visit: &mut dyn FnMut(EntryView) -> ControlFlow<()>,
) -> Result<Option<String>, Failure> {
    let mut failed = None;
    let stopped = log.each(&mut |index, bytes| {
        let view = seen(log, (index, &bytes), names, words);
        match view {
            Ok(view) => visit(view),
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(stopped), Err)
}

/// One entry, with what a desk keeps beside its log: what sealed words say, and which relays hold it.
fn seen(
    log: &Source,
    (index, bytes): (u64, &[u8]),
    names: &Names,
    words: Words,
) -> Result<EntryView, Failure> {
    let Some(ledger) = log.ledger() else {
        return Ok(plain::entry(index, bytes, names, (words, None)));
    };
    let hash = Hash::of(bytes);
    let opening = match words {
        Words::Shown => openings::kept(ledger, &hash)?,
        Words::Kept => None,
    };
    let mut view = plain::entry(index, bytes, names, (words, opening.as_ref()));
    view.held_by = kept::relays(ledger, &hash)?;
    Ok(view)
}

fn line_of(value: &impl Serialize) -> Result<Reader, Failure> {
    let line = serde_json::to_string(value)
        .map_err(|error| Failure::io("the object", &std::io::Error::other(error)))?;
    say::line_of(&line)
}

/// Statements that are not in the log because another with the same id or place was there first.
fn conflicts(log: &Source, args: &ShowArgs) -> Result<(), Failure> {
    let Some(ledger) = log.ledger() else { return Ok(()) };
    let kept = ledger
        .conflicts(MAX_CONFLICTS)
        .map_err(|error| read::damaged(exit::chain(&error)))?;
    for conflict in kept.kept {
        let sender = hotline_core::text::inert_line(&conflict.sender).text;
        let plain = format!(
            "EQUIVOCATION: {sender} signed another statement for the id or place of #{}; both are kept",
            conflict.stored_index
        );
        if args.json {
            let (index, sha256) = (conflict.stored_index, conflict.hash);
            say::object(&Conflict {
                kind: "equivocation",
                sender,
                index,
                sha256,
                plain,
            })?;
        } else {
            say::text(&plain)?;
        }
    }
    if kept.not_kept > 0 {
        eprintln!("{} more were counted and not kept", kept.not_kept);
    }
    Ok(())
}
