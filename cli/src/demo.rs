//! `hotline demo`: the main job, for real, in under half a minute.
//!
//! One story, HZ-01: a collision at sea, help wanted. Fresh certificates, two relays and two desks as processes, a FLASH
//! over four legs up the whole ladder, a relay killed while messages flow, a foreign certificate refused, a flipped byte
//! found, and four logs verified and compared. What is printed was measured. `--play` gives the desks to two people.

pub mod check;
pub mod intruder;
pub mod play;
pub mod stage;
pub mod story;
pub mod traffic;

use std::path::PathBuf;

use clap::Args;
use hotline_transport::Seams;

use crate::exit::{self, Failure, Outcome};

/// `hotline demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Print objects, one a line; the last one is the summary.
    #[arg(long)]
    json: bool,
    /// Keep everything in this folder, which must be empty or not exist.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Start both relays and leave the desks to two people in two terminals.
    #[arg(long, conflicts_with = "json")]
    play: bool,
}

/// Runs the demo.
///
/// # Errors
/// A [`Failure`] if it could not be set up; a step that fails is in the summary and the exit code.
pub fn run(args: DemoArgs) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("starting", &error))?;
    let exe = std::env::current_exe().map_err(|error| Failure::io("this program", &error))?;
    let place = Place::make(args.keep)?;
    let seams = Seams::system();
    let done = if args.play {
        runtime.block_on(play::run(place.path(), exe, &seams))
    } else {
        let told = check::Told::new(args.json);
        runtime.block_on(story::run(place.path(), exe, &seams, told, place.kept()))
    };
    // Children are gone by now; the folder goes with `place`.
    drop(place);
    done.map(|passed| if passed { exit::OK } else { exit::OTHER })
}

/// Where the demo, or a lesson, keeps its files.
pub(crate) enum Place {
    Kept(PathBuf),
    Passing(tempfile::TempDir),
}

impl Place {
    pub(crate) fn make(keep: Option<PathBuf>) -> Result<Self, Failure> {
        match keep {
            None => tempfile::Builder::new()
                .prefix("hotline-demo-")
                .tempdir()
                .map(Self::Passing)
                .map_err(|error| Failure::io("a temporary folder", &error)),
            Some(dir) => {
                let failed = |error: std::io::Error| Failure::io(&dir.display().to_string(), &error);
                std::fs::create_dir_all(&dir).map_err(failed)?;
                if std::fs::read_dir(&dir).map_err(failed)?.next().is_some() {
                    let what = format!("{} is not empty", dir.display());
                    return Err(Failure::new(
                        "HL-DEMO-007",
                        exit::USAGE,
                        what,
                        "name a new folder with --keep",
                    ));
                }
                std::path::absolute(&dir).map(Self::Kept).map_err(failed)
            }
        }
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        match self {
            Self::Kept(path) => path,
            Self::Passing(dir) => dir.path(),
        }
    }

    fn kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }
}
