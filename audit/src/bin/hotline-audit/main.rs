//! `hotline-audit`: verifies exported logs and evidence bundles offline, with nothing but files.
//!
//! It is small on purpose, so that it can be handed to the other side alone: no configuration, no network, no clock.
//! Results go to stdout, complaints to stderr.
#![forbid(unsafe_code)]

mod bundles;
mod folders;
mod words;

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use hotline_audit::compare::Log;
use words::{Form, Words};

const USAGE: &str = "\
Verifies evidence of a hotline offline.

Usage:
  hotline-audit verify  BUNDLE --policy FILE [--json] [--gapless]
  hotline-audit compare BUNDLE BUNDLE --policy FILE [--json]
  hotline-audit dispute BUNDLE BUNDLE --policy FILE --message ID [--json]
  hotline-audit verify  DIR --trust DIR [--trust DIR]... [--json] [--gapless]
  hotline-audit compare DIR DIR --trust DIR [--trust DIR]... [--json]
  hotline-audit report  FILE --trust DIR [--trust DIR]... [--json]
  hotline-audit show    BUNDLE|DIR

verify    checks one side's bundle, or one exported log: every signature, chain, leaf and signed checkpoint.
compare   joins two and says what only one holds, and what cannot both be true.
dispute   decides one message of two bundles, with its proofs. ID: a name like A-0017, or 8 hex digits of its hash or id.
report    checks whose names stand under a report, and that no byte of it was altered since; and prints it.
show      lists what is in it and verifies nothing.
--policy  your own policy file: statement roots, logs, and who must have cosigned (audit/FORMAT.md 18).
--trust   a folder with root.pub and roster of one trust domain, or a folder of such folders. It must be your own and
          lie outside the log.
--gapless also counts gaps in chains as a failure.

Exit codes:
  0   MATCH: it verifies; both match; the message arrived and both say so; the report is VALID by both sides
  1   nothing is forged, but one holds statements that the other lacks, or there are gaps (--gapless)
  2   wrong usage
  3   a file cannot be read
  4   CANNOT_TELL: a log's key is not known, or no such message
  8   FAILED(rule): refused or failed by that rule; a folder or a report that fails
  10  SENT_NO_RECEIPT      11  RECEIPT_PROVES_DELIVERY
  12  TRUNCATED   13  ALTERED(index)   14  FORK   15  EQUIVOCATION
";

/// Everything fits.
const GOOD: u8 = 0;
/// Nothing is forged, but one lacks what the other has.
const DIFFERS: u8 = 1;
/// Nothing can be said.
const CANNOT_TELL: u8 = 4;
/// Verification failed.
const BAD: u8 = 8;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(Failure::Usage(why)) => {
            eprintln!("hotline-audit: {why}\n  next: hotline-audit --help");
            ExitCode::from(2)
        }
        Err(Failure::Unreadable(why)) => {
            eprintln!("hotline-audit: {why}");
            ExitCode::from(3)
        }
    }
}

enum Failure {
    Usage(String),
    Unreadable(String),
}

fn run(args: &[String]) -> Result<u8, Failure> {
    let Some((verb, rest)) = args.split_first() else {
        return Err(usage("say what to do"));
    };
    let words = words::sort(rest)?;
    match (verb.as_str(), words.places.as_slice()) {
        ("verify", [dir]) if is_folder(dir, &words) => folders::verify(dir, &words),
        ("verify", [file]) => bundles::verify(file, &words),
        ("compare", [a, b]) if is_folder(a, &words) && is_folder(b, &words) => folders::compare(a, b, &words),
        ("compare", [a, b]) if is_folder(a, &words) || is_folder(b, &words) => Err(usage(
            "one is a folder and one a file: name two bundles, or two exported logs",
        )),
        ("compare", [a, b]) => bundles::compare(a, b, &words),
        ("dispute", [a, b]) => bundles::dispute(a, b, &words),
        ("report", [file]) => folders::report(file, &words),
        ("show", [dir]) if is_folder(dir, &words) => {
            folders::show(&Log::read(dir).map_err(|error| unreadable(&error))?)
        }
        ("show", [file]) => bundles::show(file, &words),
        ("help" | "--help" | "-h", _) => {
            say(&USAGE)?;
            Ok(GOOD)
        }
        ("verify" | "compare" | "dispute" | "report" | "show", _) => {
            Err(usage("a place is missing, or there is one too many"))
        }
        (other, _) => Err(usage(&format!("there is no verb {other:?}"))),
    }
}

/// What is no folder is read as a bundle. A place where nothing is was meant as a folder by whoever names `--trust`, which
/// only folders take; that it cannot be read is told where it is read.
fn is_folder(place: &Path, words: &Words) -> bool {
    place.is_dir() || (!place.exists() && !words.trust.is_empty())
}

fn print<T: Display + serde::Serialize>(report: &T, form: &Form) -> Result<(), Failure> {
    match form {
        Form::Text => say(report),
        Form::Json => say(&serde_json::to_string_pretty(report).map_err(|error| unreadable(&error))?),
    }
}

fn say(what: &impl Display) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{what}") {
        // A reader that has gone has seen enough, and the verdict stands in the exit code.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| unreadable(&error)),
    }
}

fn usage(why: &str) -> Failure {
    Failure::Usage(why.to_owned())
}

/// The error with all its causes, in one line.
fn unreadable(error: &dyn std::error::Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    Failure::Unreadable(text)
}
