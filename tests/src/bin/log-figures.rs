//! `log-figures`: how fast a log is verified, by us and by Go, and how a log grows. Measured, not judged; the last line
//! is one object.
//!
//!     cargo run --release -p hotline-tests --bin log-figures -- all --go

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use hotline_tests::figures::{
    Done, grow, made,
    verify::{self, Verifiers},
};
use serde_json::json;

/// Measures logs.
#[derive(Debug, Parser)]
#[command(name = "log-figures")]
enum Args {
    /// Makes a log and measures everything.
    All {
        /// Entries of the log that is verified, and of the largest that is appended to.
        #[arg(long, default_value_t = 1_000_000)]
        entries: u64,
        /// Times that each verifier runs; the median counts.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Builds Go's driver (tests/foreign) and runs it beside ours.
        #[arg(long)]
        go: bool,
    },
    /// Verifies a log's signature, entries, tiles and root, as Go's driver does.
    Tree {
        /// The exported log.
        log: PathBuf,
        /// The file with its verifier key.
        vkey: PathBuf,
    },
    /// Verifies everything in a log.
    Whole {
        /// The exported log.
        log: PathBuf,
        /// The trust folder.
        trust: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Args::parse() {
        Args::All { entries, rounds, go } => all(entries, rounds, go),
        Args::Tree { log, vkey } => verify::tree(&log, &vkey),
        Args::Whole { log, trust } => verify::whole(&log, &trust),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("log-figures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn all(entries: u64, rounds: usize, go: bool) -> Done {
    let folder = tempfile::tempdir()?;
    let foreign = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign");
    let go = if go {
        Some(verify::go_driver(&foreign, folder.path())?)
    } else {
        None
    };
    eprintln!("making a log of {entries} signed statements");
    made::make(folder.path(), entries)?;
    eprintln!("verifying it {rounds} times");
    let own = std::env::current_exe()?;
    let verified = Verifiers { own: &own, go }.measure(folder.path(), entries, rounds)?;
    let steps: Vec<u64> = [entries / 100, entries / 10, entries]
        .into_iter()
        .filter(|step| *step > 0)
        .collect();
    eprintln!("appending to a tree at {steps:?}");
    let tree = grow::tree(&steps)?;
    eprintln!("appending to a ledger at {steps:?}");
    let ledger = grow::ledger(folder.path(), &steps)?;
    println!(
        "{}",
        json!({ "verify": verified, "tree": tree, "ledger": ledger })
    );
    Ok(())
}
