//! `hotline exercise list`: the scenarios that come with the program.

use clap::Args;
use hotline_exercise::scenario::{
    self,
    lists::{StageKind, Tongue},
    shipped,
};
use serde::Serialize;

use crate::{
    exercise::failed,
    exit::{self, Outcome},
};

/// What `list` takes.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Print one object a line.
    #[arg(long)]
    json: bool,
}

/// A scenario, as `--json` prints it. Fields are only added.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    title: String,
    summary: String,
    /// Planned length in seconds of story.
    duration_s: u64,
    stages: Vec<&'static str>,
    variants: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// If a shipped scenario cannot be read, which a test excludes.
pub fn run(args: &ListArgs) -> Outcome {
    for shipped in shipped::ALL {
        let scenario = scenario::parse(shipped.file, shipped.text).map_err(|errors| failed(&errors))?;
        let row = Row {
            id: scenario.id.to_string(),
            title: scenario.title.in_or_any(Tongue::En).to_owned(),
            summary: scenario.summary.in_or_any(Tongue::En).to_owned(),
            duration_s: scenario.duration.0.as_secs(),
            stages: scenario
                .stage
                .allowed
                .iter()
                .map(|stage: &StageKind| stage.name())
                .collect(),
            variants: scenario.variants.keys().cloned().collect(),
        };
        if args.json {
            crate::say!("{}", serde_json::to_string(&row).map_err(|error| failed(&error))?);
        } else {
            let Row {
                id,
                title,
                summary,
                duration_s,
                stages,
                ..
            } = row;
            crate::say!(
                "{id:<5} {title} ({} min of story; {})",
                duration_s / 60,
                stages.join(", ")
            );
            crate::say!("      {summary}");
        }
    }
    if !args.json {
        eprintln!("  next: hotline exercise run S1 --headless --seed 1 --out DIR");
    }
    Ok(exit::OK)
}
