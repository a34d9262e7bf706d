//! `hotline exercise resume`: an exercise whose control had stopped, by a crash or a power cut, goes on where it stood.

use std::path::PathBuf;

use clap::Args;
use hotline_exercise::{bundle::MANIFEST, codebook::shipped};
use hotline_transport::Seams;

use super::{
    evidence, failed,
    made::Made,
    run::{Begin, listen_for_interrupts, perform},
    scenario,
};
use crate::exit::{self, Failure, Outcome};

/// What `resume` takes.
#[derive(Clone, Debug, Args)]
pub struct ResumeArgs {
    /// The folder that `exercise run` was given with --out; of a scenario with variants the folder of one.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// Goes on to ENDEX, gathers the evidence and makes the report, which says so.
///
/// # Errors
/// A [`Failure`] if there is nothing to go on with, or it could not be played. That an expectation was not met is an exit
/// code.
pub async fn run(args: ResumeArgs) -> Outcome {
    let (made, play) = Made::again(&args.dir, args.json)?;
    let gathered = args.dir.join(evidence::FOLDER);
    if gathered.join(MANIFEST).exists() {
        return Err(Failure::new(
            "HL-EX-153",
            exit::USAGE,
            format!("{} is there: this exercise has ended", gathered.display()),
            format!(
                "hotline exercise report --from {} --out DIR makes its report",
                gathered.display()
            ),
        )
        .as_json(args.json));
    }
    if gathered.exists() {
        // It was being gathered: without its manifest it is none.
        std::fs::remove_dir_all(&gathered)
            .map_err(|error| Failure::io(&gathered.display().to_string(), &error))?;
    }
    let scenario = scenario::playable(&play.scenario)?;
    if scenario.sleeps() {
        let what = format!(
            "{} begins with a line that sleeps, and what its people had put in order by then cannot be told from its records",
            *scenario.id
        );
        let again = "play it again in a new folder";
        return Err(Failure::new("HL-EX-153", exit::CONFIG, what, again).as_json(args.json));
    }
    let codebook = shipped::starter().map_err(|errors| failed(&errors))?;
    let parts = (codebook, Seams::system());
    let interrupted = listen_for_interrupts();
    perform(&scenario, play, &made, parts, interrupted, Begin::WhereItStopped).await
}
