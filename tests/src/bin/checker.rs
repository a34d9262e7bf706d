//! `checker DIR`: judges a run's files.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | no promise was broken |
//! | 1 | the files cannot be read, or are no run files |
//! | 2 | the words typed make no sense |
//! | 3 | a promise was broken |
#![forbid(unsafe_code)]

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::Parser;
use hotline_tests::checker::{self, Rules, judge::Order, say};

/// The files cannot be read.
const UNREADABLE: u8 = 1;
/// A promise was broken.
const BROKEN: u8 = 3;

/// Judges a run by what its driver wrote: lost, duplicate, altered, never sent, falsely delivered, out of order,
/// longest silence. tests/RUNFILES.md describes the files.
#[derive(Debug, Parser)]
#[command(name = "checker")]
struct Args {
    /// The folder with sent.jsonl, delivered.jsonl and shown.jsonl.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print one object.
    #[arg(long)]
    json: bool,
    /// Messages of one class must have been shown in the order in which they were sent.
    #[arg(long)]
    in_order: bool,
    /// Longest silence allowed, in milliseconds.
    #[arg(long, value_name = "MS")]
    silence_max: Option<u64>,
}

fn main() -> ExitCode {
    // clap ends usage errors with 2 itself.
    let args = Args::parse();
    let run = match checker::read(&args.folder) {
        Ok(run) => run,
        Err(error) => {
            eprintln!("checker: {error}");
            return ExitCode::from(UNREADABLE);
        }
    };
    let rules = Rules {
        order: if args.in_order { Order::Strict } else { Order::Free },
        silence_ms_max: args.silence_max,
    };
    let judgement = checker::judge(&run, rules);
    let said = if args.json {
        format!("{}\n", say::object(&judgement, &run))
    } else {
        say::text(&judgement, &run)
    };
    // The exit code speaks also when nobody reads.
    let _ = std::io::stdout().write_all(said.as_bytes());
    ExitCode::from(if judgement.passed() { 0 } else { BROKEN })
}
