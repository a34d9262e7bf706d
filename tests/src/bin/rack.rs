//! `rack`: breaks real processes and files, in the counts that CI asks for.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | every promise held |
//! | 1 | it could not run: no strace, a process that does not start |
//! | 2 | the words typed make no sense |
//! | 3 | a promise was broken |
//!
//! The program drives itself: with the word `ledger` it is the small process that appends to a ledger, and with the verbs
//! of a relay or desk it is the product, so that one build has everything.
#![forbid(unsafe_code)]

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::Parser;
use hotline_cli::exit::die_with_parent;
use hotline_tests::{
    crash,
    rack::{
        Rack,
        ledger_process::{self, Load, Task},
        plan::{self, Counts},
    },
};

/// It could not run.
const FAILED: u8 = 1;
/// A promise was broken.
const BROKEN: u8 = 3;

/// Breaks real processes and files on purpose, and says which promises broke with them. tests/RACK.md describes it.
#[derive(Debug, Parser)]
#[command(name = "rack")]
struct Args {
    /// What is random hangs on it: moments, images, bits.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this case or part: ledger, relay, line, points, random, whole, image, flip, disk; or ledger/fresh/sync/kill/7.
    #[arg(long, value_name = "CASE")]
    only: Option<String>,
    /// Kills of single processes at random moments.
    #[arg(long, value_name = "N", default_value_t = Counts::FULL.random)]
    kills: u64,
    /// Kills of the whole line.
    #[arg(long, value_name = "N", default_value_t = Counts::FULL.whole)]
    line_kills: u64,
    /// Power-cut images.
    #[arg(long, value_name = "N", default_value_t = Counts::FULL.images)]
    images: u64,
    /// Bit flips.
    #[arg(long, value_name = "N", default_value_t = Counts::FULL.flips)]
    flips: u64,
    /// Print one object as the last line.
    #[arg(long)]
    json: bool,
}

/// The small process, when the first word is `ledger`.
#[derive(Debug, Parser)]
struct LedgerArgs {
    #[arg(long)]
    ledger: PathBuf,
    #[arg(long)]
    until: u64,
    #[arg(long)]
    large: bool,
    #[arg(long)]
    die_with_parent: Option<i32>,
}

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    match words.nth(1).as_ref().and_then(|word| word.to_str()) {
        Some("ledger") => append(&LedgerArgs::parse_from(std::env::args_os().skip(1))),
        Some("relay" | "desk") => match crash::install() {
            Ok(()) => hotline_cli::main(std::env::args_os()),
            Err(why) => cannot(&why),
        },
        _ => break_things(Args::parse()),
    }
}

fn append(args: &LedgerArgs) -> ExitCode {
    if let Err(failure) = die_with_parent(args.die_with_parent) {
        failure.print();
        return ExitCode::from(failure.exit);
    }
    let load = if args.large { Load::Large } else { Load::Small };
    ExitCode::from(ledger_process::main(&Task {
        ledger: args.ledger.clone(),
        until: args.until,
        load,
    }))
}

fn break_things(args: Args) -> ExitCode {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return cannot(&format!("its own program cannot be found: {error}")),
    };
    let mut rack = match Rack::new(program, args.seed) {
        Ok(rack) => rack,
        Err(why) => return cannot(&why),
    };
    rack.only = args.only;
    let counts = Counts {
        random: args.kills,
        whole: args.line_kills,
        images: args.images,
        flips: args.flips,
        ..Counts::FULL
    };
    // What cannot be set up ends the harness with a panic; that is no broken promise.
    let tally =
        match std::thread::spawn(move || plan::run(&rack, &counts, &mut |line| eprintln!("{line}"))).join() {
            Ok(Ok(tally)) => tally,
            Ok(Err(why)) => return cannot(&why),
            Err(_) => return cannot("the harness ended; what it said stands above"),
        };
    let said = if args.json {
        format!("{}\n", tally.object())
    } else {
        tally.text()
    };
    // The exit code speaks also when nobody reads.
    let _ = std::io::stdout().write_all(said.as_bytes());
    ExitCode::from(if tally.broken.is_empty() { 0 } else { BROKEN })
}

fn cannot(why: &str) -> ExitCode {
    eprintln!("rack: {why}");
    ExitCode::from(FAILED)
}
