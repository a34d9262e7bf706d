//! The one program people type: desk, relay, path, pki, log, bench, fault and demo.
//!
//! Results go to standard output, conversation to standard error; `--json` prints one object a line. Every error ends
//! in one thing to do, and exit codes are documented in [`exit`]. One file per verb; what a verb does is in the room it
//! belongs to, here it is only typed and printed.

pub mod bench;
pub mod channel;
pub mod check;
pub mod control;
pub mod demo;
pub mod desk;
pub mod doctor;
pub mod duress;
pub mod exercise;
pub mod exit;
pub mod fault;
mod join;
mod lesson;
pub mod log;
pub mod out;
pub mod path;
pub mod pki;
mod relay;
pub mod report;
pub mod status;
pub mod watch;
mod witness;

use std::{ffi::OsString, io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::exit::{Failure, Outcome};

/// A crisis line between two ministries, on one laptop.
#[derive(Debug, Parser)]
#[command(
    name = "hotline",
    version,
    about,
    max_term_width = 110,
    propagate_version = true
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Plays one whole crisis message on this machine: two relays, two desks, a killed relay, a refused certificate.
    Demo(demo::DemoArgs),
    /// A side's desk: write, read, acknowledge, answer.
    Desk(desk::DeskArgs),
    /// How the line stands: label, four axes with the facts behind each, and the cause of silence.
    Status(status::StatusArgs),
    /// The watch of a desk: take it, hand it over, leave it.
    Watch(watch::WatchArgs),
    /// Channels: open, suspend, sever, restore, list.
    Channel(channel::ChannelArgs),
    /// A comm check of people: a TEST message that somebody at the other desk answers within 5 minutes.
    Check(check::CheckArgs),
    /// What a log adds up to: the availability of the line.
    Report(report::ReportArgs),
    /// A side's relay.
    Relay(RelayArgs),
    /// The legs of a desk: how each stands, and how long its way is.
    Path(path::PathArgs),
    /// Identities, keys and trust.
    Pki(pki::args::PkiArgs),
    /// Evidence: verify, show, prove, compare and export logs.
    Log(log::LogArgs),
    /// Looks whether everything is in order: clocks, keys, chains, lists, every leg, MTU, disk, log.
    Doctor(doctor::DoctorArgs),
    /// The security officer's: who of a seat has typed the second passphrase, the one for duress.
    Duress(duress::DuressArgs),
    /// Tabletop exercises on the real line: scenarios, players, faults, a report.
    Exercise(exercise::ExerciseArgs),
    /// An exercise of this machine, run by hand: pause, resume, injects, faults, notes, ratings.
    Control(control::ControlArgs),
    /// Measures the line beside its physical floor.
    Bench(bench::BenchArgs),
    /// Lessons in the terminal, each on a line of its own that is really broken.
    Lesson(lesson::LessonArgs),
    /// Breaks a line on purpose: a proxy in front of a leg, and faults that come and go.
    Fault(fault::FaultArgs),
    /// A witness that belongs to neither side: cosigns the checkpoints of both sides' logs.
    Witness(witness::WitnessArgs),
}

#[derive(Debug, clap::Args)]
struct RelayArgs {
    #[command(subcommand)]
    verb: RelayVerb,
}

#[derive(Debug, Subcommand)]
enum RelayVerb {
    /// Runs a relay until it is told to end.
    Run {
        /// The relay's settings, as hotline pki init writes them.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// End when the process that started this one ends.
        #[arg(long, hide = true, value_name = "PID")]
        die_with_parent: Option<i32>,
    },
    /// Fetches the tail that this relay's ledger has lost from the other side's mirrors, and appends it as it was.
    Recover(relay::RecoverArgs),
    /// Begins the log of a new relay that follows one whose key may sign no more.
    Succeed(relay::SucceedArgs),
}

/// Runs the program with these words; the first is the program's own name.
#[must_use]
pub fn main(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results, everything else is a usage error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    match run(cli.verb) {
        Ok(exit::OK) if out::refused() => ExitCode::from(exit::OTHER),
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.exit)
        }
    }
}

fn run(verb: Verb) -> Outcome {
    match verb {
        Verb::Demo(args) => demo::run(args),
        Verb::Desk(args) => desk::run(args),
        Verb::Check(args) => check::run(args),
        Verb::Report(args) => report::run(&args),
        Verb::Status(args) => status::run(args),
        Verb::Watch(args) => watch::run(args),
        Verb::Channel(args) => channel::run(args),
        Verb::Relay(RelayArgs {
            verb: RelayVerb::Run {
                config,
                die_with_parent,
            },
        }) => {
            exit::die_with_parent(die_with_parent)?;
            Ok(hotline_server::serve::main(&config))
        }
        Verb::Relay(RelayArgs {
            verb: RelayVerb::Recover(args),
        }) => relay::recover(&args),
        Verb::Relay(RelayArgs {
            verb: RelayVerb::Succeed(args),
        }) => relay::succeed(&args),
        Verb::Pki(args) => {
            let mut out = std::io::stdout().lock();
            let done = pki::args::run(args, &mut out).map_err(|error| Failure {
                code: error.code().to_owned(),
                exit: error.exit_code(),
                what: exit::chain(&error),
                help: error.help(),
                json: false,
            });
            out.flush()
                .map_err(|error| Failure::io("standard output", &error))?;
            done.map(|()| exit::OK)
        }
        Verb::Witness(args) => witness::run(args),
        Verb::Path(args) => path::run(args),
        Verb::Log(args) => log::run(args),
        Verb::Doctor(args) => doctor::run(args),
        Verb::Duress(args) => duress::run(&args),
        Verb::Exercise(args) => exercise::run(args),
        Verb::Control(args) => control::run(args),
        Verb::Bench(args) => bench::run(args),
        Verb::Fault(args) => fault::run(args),
        Verb::Lesson(args) => lesson::run(args),
    }
}
