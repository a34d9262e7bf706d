//! `hotline exercise resume`: an exercise whose control had stopped, by a crash or a power cut, goes on where it stood.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_exercise::{
    bundle::{LOGS, MANIFEST},
    codebook::shipped,
};
use hotline_transport::Seams;

use super::{
    evidence, failed, live,
    made::Made,
    roll::Roll,
    run::{Begin, listen_for_interrupts, perform},
    scenario,
};
use crate::exit::{self, Failure, Outcome};

/// What `resume` takes.
#[derive(Clone, Debug, Args)]
pub struct ResumeArgs {
    /// The folder of the exercise: what --out named, or exercise-SCENARIO; of a scenario with variants the folder of one.
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
    let (made, play, joined) = Made::again(&args.dir, args.json)?;
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
    let scenario = scenario::playable(&play.scenario)?;
    if scenario.sleeps() {
        let what = format!(
            "{} begins with a line that sleeps, and what its people had put in order by then cannot be told from its records",
            *scenario.id
        );
        let again = "play it again in a new folder";
        return Err(Failure::new("HL-EX-153", exit::CONFIG, what, again).as_json(args.json));
    }
    if gathered.exists() {
        // It was being gathered: without its manifest it is none.
        let seats = joined.iter().flat_map(Roll::seats);
        let desks: Vec<String> = seats
            .map(|seat| live::desk(&scenario, &seat).to_owned())
            .collect();
        clear(&gathered, &desks).map_err(|error| Failure::io(&gathered.display().to_string(), &error))?;
    }
    let codebook = shipped::starter().map_err(|errors| failed(&errors))?;
    let interrupted = listen_for_interrupts();
    if let Some(roll) = joined {
        return live::resume(&scenario, play, (made, roll), codebook, interrupted).await;
    }
    let parts = (codebook, Seams::system());
    perform(&scenario, play, &made, parts, interrupted, Begin::WhereItStopped).await
}

/// Takes away what was gathered, but for the logs that these desks of people who joined have handed over: they may be gone
/// with their machines.
fn clear(gathered: &Path, desks: &[String]) -> io::Result<()> {
    let logs = gathered.join(LOGS);
    let kept: Vec<PathBuf> = desks.iter().map(|desk| logs.join(live::log_of(desk))).collect();
    if !kept.iter().any(|log| log.exists()) {
        return fs::remove_dir_all(gathered);
    }
    for folder in [gathered, &logs] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.is_dir() {
                _ if path == logs || kept.contains(&path) => {}
                true => fs::remove_dir_all(&path)?,
                false => fs::remove_file(&path)?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn of_evidence_that_was_being_gathered_only_what_cannot_be_had_again_is_kept() {
        let place = tempfile::tempdir().unwrap();
        let gathered = place.path().join("evidence");
        let make = |name: &str| {
            let log = gathered.join(LOGS).join(name);
            fs::create_dir_all(&log).unwrap();
            fs::write(log.join("checkpoint"), name).unwrap();
        };
        for name in ["desk-A", "desk-B", "relay-north"] {
            make(name);
        }
        fs::write(gathered.join("scenario.toml"), "").unwrap();
        clear(&gathered, &["B".into(), "C".into()]).unwrap();
        let left = |folder: &Path| {
            let names = fs::read_dir(folder).unwrap();
            names.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
        };
        assert_eq!(left(&gathered), [LOGS]);
        assert_eq!(left(&gathered.join(LOGS)), ["desk-B"]);
        clear(&gathered, &["C".into()]).unwrap();
        assert!(!gathered.exists());
    }
}
