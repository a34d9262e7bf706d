//! `hotline exercise new`: a small scenario to begin with.

use std::path::PathBuf;

use clap::Args;
use hotline_exercise::scenario::fresh::{id_of, like, text};

use super::{fresh_file, scenario};
use crate::exit::{self, Failure, Outcome};

/// What `new` takes.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// A new file. Its name becomes the scenario's.
    #[arg(long, default_value = "new.toml", value_name = "FILE.toml")]
    out: PathBuf,
    /// What the exercise is called.
    #[arg(long, value_name = "WORDS")]
    title: Option<String>,
    /// Begin with another scenario, by id or file, instead of the small one. Its comments are not kept.
    #[arg(long, value_name = "SCENARIO")]
    from: Option<String>,
}

/// Writes it.
///
/// # Errors
/// If the file is there already, or the title is none.
pub fn run(args: &NewArgs) -> Outcome {
    let stem = args
        .out
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let id = stem.as_deref().and_then(id_of);
    let title = args.title.as_deref();
    let made = match &args.from {
        None => text(id.as_deref(), title),
        Some(named) => like(scenario::load(named)?.as_ref(), id.as_deref(), title),
    };
    let made = made.map_err(|errors| {
        Failure::new(
            "HL-EX-116",
            exit::USAGE,
            format!("no scenario can be called that\n{errors}"),
            "give it another --title",
        )
    })?;
    fresh_file(&args.out, made.as_bytes())?;
    let out = args.out.display();
    crate::say!("{out}: a scenario that can be played; change it, and look at it with");
    crate::say!("  hotline exercise check {out}");
    crate::say!("  hotline exercise dry-run {out}");
    Ok(exit::OK)
}
