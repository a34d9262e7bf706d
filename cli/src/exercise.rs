//! `hotline exercise`: tabletop exercises on the real line.
//!
//! A scenario file says who sits where, what happens, what is expected and how empty seats are played. What that means is
//! in the room `exercise`; here it is typed, identities are made, and results are printed.

mod asked;
mod attacker;
mod by_hand;
mod dry;
pub(crate) mod evidence;
mod fresh;
pub(crate) mod handed;
mod list;
mod live;
mod lobby;
mod made;
mod making;
mod player;
mod replay;
pub(crate) mod report;
mod resume;
mod roll;
mod run;
mod scenario;
mod security;
mod sheets;
pub mod simulate;
mod simulated;

use std::{fmt, path::PathBuf};

use clap::{Args, Subcommand};

use crate::exit::{self, Failure, Outcome};

/// What `exercise` takes.
#[derive(Debug, Args)]
pub struct ExerciseArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The scenarios that come with the program.
    List(list::ListArgs),
    /// Reads a scenario and finds what cannot be played, each mistake with its place.
    Check {
        /// A scenario's id or file.
        #[arg(value_name = "FILE")]
        scenario: String,
    },
    /// Writes a small scenario with comments, to begin with.
    New(fresh::NewArgs),
    /// Makes a scenario of a spreadsheet.
    Import(sheets::ImportArgs),
    /// Writes the plan of a scenario, or of a played exercise, as a spreadsheet.
    Export(sheets::ExportArgs),
    /// Shows what would come when. Nothing is started.
    DryRun(dry::DryArgs),
    /// Plays a scenario.
    Run(run::RunArgs),
    /// Plays exercises that seeds draw, in simulated worlds, and judges them.
    Simulate(simulate::SimulateArgs),
    /// Goes on with an exercise whose control was ended in the middle of it.
    Resume(resume::ResumeArgs),
    /// Makes the report of an exercise again from its evidence.
    Report(report::ReportArgs),
    /// What a neutral auditor says of the message that is disputed in a played exercise. The exit code is the verdict's:
    /// 0 MATCH, 4 cannot tell, 10 SENT_NO_RECEIPT, 11 RECEIPT_PROVES_DELIVERY, 12 TRUNCATED, 13 ALTERED, 14 FORK,
    /// 15 EQUIVOCATION.
    Ruling(handed::RulingArgs),
    /// Plays a finished exercise back as it happened, from its evidence. It only looks.
    Replay(replay::ReplayArgs),
    /// A scripted player. Started by `run`.
    #[command(hide = true)]
    Player(player::PlayerArgs),
    /// The attacker of a prepared attack. Started by `run`.
    #[command(hide = true)]
    Attacker(attacker::AttackerArgs),
    /// A side's security officer. Started by `run`.
    #[command(hide = true)]
    SecurityOfficer(security::SecurityArgs),
}

/// Runs the verb.
///
/// # Errors
/// A [`Failure`].
pub fn run(args: ExerciseArgs) -> Outcome {
    match args.verb {
        Verb::List(args) => list::run(&args),
        Verb::Check { scenario } => scenario::check(&scenario),
        Verb::Simulate(args) => simulate::run(&args),
        Verb::New(args) => fresh::run(&args),
        Verb::Import(args) => sheets::import(&args),
        Verb::Export(args) => sheets::export(&args),
        Verb::DryRun(args) => dry::run(&args),
        Verb::Report(args) => report::run(&args),
        Verb::Ruling(args) => handed::run(&args),
        Verb::Replay(args) => on_one_thread(replay::run(args)),
        Verb::Run(args) if args.simulated => simulated::run(args),
        Verb::Run(args) => on_one_thread(run::run(args)),
        Verb::Resume(args) => on_one_thread(resume::run(args)),
        Verb::Player(args) => {
            exit::die_with_parent(args.die_with_parent)?;
            on_one_thread(player::run(args))
        }
        Verb::Attacker(args) => {
            exit::die_with_parent(args.die_with_parent)?;
            on_one_thread(attacker::run(args))
        }
        Verb::SecurityOfficer(args) => {
            exit::die_with_parent(args.die_with_parent)?;
            on_one_thread(security::run(args))
        }
    }
}

/// How long what is left may take to end. 1 s: everything that matters has ended by then.
const ENDS_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);

/// Children ask to end with the thread that started them: the exercise runs on this one, not on a worker.
fn on_one_thread(verb: impl Future<Output = Outcome>) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("the runtime", &error))?;
    let outcome = runtime.block_on(verb);
    // The lobby may still wait for a line that nobody types: it would hold the end up until Enter is pressed.
    runtime.shutdown_timeout(ENDS_WITHIN);
    outcome
}

/// Something that could not be made for an exercise.
fn failed(error: &dyn fmt::Display) -> Failure {
    Failure::new(
        "HL-EX-151",
        exit::OTHER,
        error.to_string(),
        "hotline exercise check FILE finds what cannot be played",
    )
}

/// Writes a file that is not there yet, whole.
pub(crate) fn fresh_file(file: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let place = file.display().to_string();
    let opened = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file);
    let mut opened = opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::new(
            "HL-EX-130",
            exit::CONFIG,
            format!("{place} is there already, and nothing is replaced"),
            "name a new file with --out",
        ),
        _ => Failure::io(&place, &error),
    })?;
    opened
        .write_all(bytes)
        .map_err(|error| Failure::io(&place, &error))
}

/// A folder that must be empty or not exist.
fn new_folder(folder: &PathBuf) -> Result<(), Failure> {
    let place = folder.display().to_string();
    std::fs::create_dir_all(folder).map_err(|error| Failure::io(&place, &error))?;
    let mut entries = std::fs::read_dir(folder).map_err(|error| Failure::io(&place, &error))?;
    if entries.next().is_some() {
        return Err(Failure::new(
            "HL-EX-130",
            exit::CONFIG,
            format!("{place} is not empty, and an exercise replaces nothing"),
            "name a new folder with --out",
        ));
    }
    Ok(())
}
