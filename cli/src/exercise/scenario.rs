//! Finding and reading a scenario: one that comes with the program, by its id, or a file.

use std::{fs::File, io::Read as _, path::Path, sync::Arc};

use hotline_exercise::scenario::{
    self, FILE_MAX, Scenario, check as checks,
    place::{Code, Coded},
    shipped,
};

use crate::exit::{self, Failure, Outcome};

/// Reads a scenario by id or file.
///
/// # Errors
/// If there is none, or it has mistakes: each with its place.
pub fn load(named: &str) -> Result<Arc<Scenario>, Failure> {
    let read = match shipped::by_id(named) {
        Some(shipped) => scenario::parse(shipped.file, shipped.text),
        None => scenario::parse_bytes(named, &bytes(named)?),
    };
    read.map(Arc::new).map_err(|errors| {
        let all = errors.mistakes.len() + errors.more;
        mistaken(named, errors.mistakes.first(), all, &errors.to_string())
    })
}

/// Reads a scenario that can be played.
///
/// # Errors
/// As [`load`], and what cannot be played.
pub fn playable(named: &str) -> Result<Arc<Scenario>, Failure> {
    let scenario = load(named)?;
    let found = checks::check(&scenario);
    let first = found.first();
    if first.is_none() {
        return Ok(scenario);
    }
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    Err(mistaken(named, first, found.len(), &found.join("\n")))
}

/// `hotline exercise check`.
///
/// # Errors
/// As [`playable`].
pub fn check(named: &str) -> Outcome {
    let scenario = playable(named)?;
    let points: u32 = scenario
        .expects
        .iter()
        .map(|expect| u32::from(expect.score))
        .sum();
    crate::say!(
        "{} {}: {} injects, {} expectations ({points} points), {} seats; nothing is wrong with it",
        *scenario.id,
        scenario
            .title
            .in_or_any(hotline_exercise::scenario::lists::Tongue::En),
        scenario.injects().count(),
        scenario.expects.len(),
        scenario.seats.len(),
    );
    Ok(exit::OK)
}

fn bytes(file: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::NotFound && !Path::new(file).exists() {
            let known: Vec<&str> = shipped::ALL.iter().map(|shipped| shipped.id).collect();
            return Failure::new(
                "HL-EX-140",
                exit::USAGE,
                format!("there is no scenario and no file {file}"),
                format!("one of {}, or a scenario's file", known.join(", ")),
            );
        }
        Failure::io(file, &error)
    };
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that a larger file is refused by the reader and never held whole.
    let most = FILE_MAX as u64 + 1;
    let opened = File::open(file).map_err(failed)?;
    opened.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// All mistakes, under the number of the first; each stands there with its own.
fn mistaken(named: &str, first: Option<&Coded>, all: usize, told: &str) -> Failure {
    let code = first.map_or(Code::NotToml, |mistake| mistake.code);
    let mistakes = if all == 1 { "mistake" } else { "mistakes" };
    Failure::new(
        &code.to_string(),
        exit::CONFIG,
        format!("{named} has {all} {mistakes}\n{told}"),
        "exercise/SCENARIO.md says what each key takes; hotline exercise check FILE looks again",
    )
}
