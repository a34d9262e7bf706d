//! `hotline lesson`: four lessons in the terminal, each with a line of its own that is really broken.
//!
//! A lesson says what it is about to do, does it on real relays and desks of this machine, shows what was measured, and
//! asks a question about it. It writes nothing outside a folder that goes when it ends.

mod guide;
mod line;
mod relay;
mod silent;
mod tamper;
mod twice;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hotline_transport::Seams;

use self::{guide::Guide, line::LessonLine};
use crate::{
    demo::Place,
    exit::{self, Failure, Outcome},
};

/// `hotline lesson`.
#[derive(Debug, Args)]
pub struct LessonArgs {
    /// Which; without it they are listed.
    #[arg(value_name = "NAME")]
    name: Option<Name>,
    /// Wait for nobody: every question is answered by the lesson itself. So it is without a terminal.
    #[arg(long)]
    no_input: bool,
    /// Keep everything in this folder, which must be empty or not exist.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// The lessons, in the order in which they are best taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Send a message, kill a relay in the middle of traffic, and read the ladder.
    KillARelay,
    /// Four silences that look alike, and what tells one from another.
    WhySilent,
    /// The same messages over QUIC only, TCP only, one relay and two, while things break; one chart.
    WhyTwice,
    /// Change one byte, leave out a page, and put an old log back: who finds it.
    Tamper,
}

impl Name {
    const fn about(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::KillARelay => ("kill-a-relay", "a relay dies in the middle of traffic", "2 min"),
            Self::WhySilent => ("why-silent", "four silences, and what tells them apart", "4 min"),
            Self::WhyTwice => ("why-twice", "why every message travels twice; one chart", "3 min"),
            Self::Tamper => ("tamper", "change a log, and see who finds it", "2 min"),
        }
    }
}

/// Runs a lesson, or lists them.
///
/// # Errors
/// A [`Failure`] if its line could not be set up. What was not as the lesson says is the exit code.
pub fn run(args: LessonArgs) -> Outcome {
    let Some(name) = args.name else {
        for name in Name::value_variants() {
            let (name, about, takes) = name.about();
            crate::say!("{name:<14} {about} ({takes})");
        }
        crate::say!("\nStart with: hotline lesson kill-a-relay");
        return Ok(exit::OK);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("starting", &error))?;
    let place = Place::make(args.keep)?;
    let mut guide = Guide::new(args.no_input);
    let done = runtime.block_on(teach(name, place.path(), &mut guide));
    drop(place);
    done?;
    Ok(guide.end())
}

async fn teach(name: Name, dir: &Path, guide: &mut Guide) -> Result<(), Failure> {
    let seams = Seams::system();
    let mut line = LessonLine::build(dir, &seams).await?;
    let taught = match name {
        Name::KillARelay => relay::teach(&mut line, guide).await,
        Name::WhySilent => silent::teach(&mut line, guide).await,
        Name::WhyTwice => twice::teach(&mut line, guide).await,
        Name::Tamper => tamper::teach(&mut line, guide).await,
    };
    line.stage.close().await;
    taught
}
