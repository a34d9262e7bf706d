//! `hotline exercise report`: the report of an exercise, made from its evidence and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_exercise::{
    bundle::{BundleError, Evidence},
    expect::{Judged, Met, failed as not_met, judge},
    report,
    scenario::lists::StageKind,
    timeline::Timeline,
};

use super::{evidence::FOLDER, failed, handed, new_folder};
use crate::exit::{self, Failure, Outcome};

/// Name of the report that people read.
pub const PAGE: &str = "report.html";

/// What `report` takes.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The folder of an exercise, or its evidence.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// A new folder for the report.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// Makes the report again.
///
/// # Errors
/// As [`make`], and if the folder is not empty.
pub fn run(args: &ReportArgs) -> Outcome {
    new_folder(&args.out)?;
    make(&evidence_in(&args.from), &args.out, args.json)
}

/// The evidence in the folder of an exercise, or the folder itself.
pub fn evidence_in(folder: &Path) -> PathBuf {
    let inside = folder.join(FOLDER);
    if inside.is_dir() {
        inside
    } else {
        folder.to_owned()
    }
}

/// Verifies evidence, judges what was expected, and writes `report.html`, `report.json` and `timeline.csv` into a folder.
///
/// # Errors
/// If the evidence is incomplete, or a log of it does not hold.
pub fn make(folder: &Path, out: &Path, json: bool) -> Outcome {
    let written = write_all(folder, out)?;
    said(written, Some(out), json)
}

/// Verifies evidence that is at hand, judges what was expected, and writes nothing.
///
/// # Errors
/// As [`make`].
pub fn judge_only(evidence: &Evidence, json: bool) -> Outcome {
    let (_, judged, stage) = judged_of(evidence)?;
    said((judged, stage, fault_of(evidence)), None, json)
}

/// Tells what came of it, and gives the exit code.
fn said((judged, stage, fault): Written, out: Option<&Path>, json: bool) -> Outcome {
    tell(&judged, out, json);
    if let Some(what) = fault {
        return Err(
            Failure::new("HL-EX-180", exit::LOG, what, "hotline log verify names the entry").as_json(json),
        );
    }
    let lacking = not_met(&judged, stage);
    Ok(if lacking.is_empty() {
        exit::OK
    } else {
        exit::NOT_MET
    })
}

/// Makes a report again that was made before, and says nothing.
///
/// # Errors
/// As [`make`].
pub fn renew(folder: &Path, out: &Path) -> Result<(), Failure> {
    write_all(folder, out).map(drop)
}

/// The judged expectations, the stage, and what of the evidence does not hold.
type Written = (Vec<Judged>, StageKind, Option<String>);

fn write_all(folder: &Path, out: &Path) -> Result<Written, Failure> {
    let evidence = Evidence::open(folder).map_err(|error| incomplete(&error))?;
    let (timeline, judged, stage) = judged_of(&evidence)?;
    let model = report::build(&evidence, &timeline, &judged);
    let object = report::json(&model).map_err(|error| failed(&error))?;
    write(&out.join(PAGE), report::page(&model).as_bytes())?;
    write(&out.join("report.json"), &object)?;
    write(&out.join("timeline.csv"), report::csv(&timeline).as_bytes())?;
    if let Some(ruling) = &timeline.ruling {
        write(&out.join(handed::PAGE), ruling.page().as_bytes())?;
        handed::write_brought(ruling, out)?;
    }
    Ok((judged, stage, fault_of(&evidence)))
}

fn judged_of(evidence: &Evidence) -> Result<(Timeline, Vec<Judged>, StageKind), Failure> {
    let timeline = Timeline::load(evidence).map_err(|error| unreadable(&exit::chain(&error)))?;
    let stage = StageKind::ALL
        .iter()
        .find(|stage| stage.name() == timeline.startex.stage);
    let stage = *stage.ok_or_else(|| unreadable("STARTEX names a stage that is none"))?;
    let variant = timeline.startex.variant.clone();
    let judged = judge(&evidence.scenario, variant.as_deref(), stage, &timeline);
    Ok((timeline, judged, stage))
}

fn fault_of(evidence: &Evidence) -> Option<String> {
    let fault = evidence.first_fault();
    fault.map(|fault| format!("the evidence does not hold: {fault}"))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(file, bytes).map_err(|error| Failure::io(&file.display().to_string(), &error))
}

fn tell(judged: &[Judged], out: Option<&Path>, json: bool) {
    let (got, of) = judged
        .iter()
        .filter(|judged| judged.met != Met::NotAsked)
        .fold((0, 0), |(got, of), judged| {
            (got + u32::from(judged.got), of + u32::from(judged.score))
        });
    if json {
        let rows: Vec<serde_json::Value> = judged
            .iter()
            .map(|judged| {
                serde_json::json!({
                    "id": judged.id,
                    "met": judged.met.name(),
                    "must": judged.must,
                    "score": judged.got,
                    "of": judged.score,
                    "observed": judged.observed,
                })
            })
            .collect();
        let report = out.map(|out| out.join(PAGE).display().to_string());
        crate::say!(
            "{}",
            serde_json::json!({ "score": got, "of": of, "report": report, "expectations": rows })
        );
        return;
    }
    for judged in judged {
        let must = if judged.must { "must" } else { "    " };
        crate::say!(
            "{:<9} {:<4} {must} {} ({})",
            judged.met.name(),
            judged.id,
            judged.title,
            judged.observed
        );
    }
    match out {
        Some(out) => crate::say!("{got} of {of} points; {}", out.join(PAGE).display()),
        None => crate::say!("{got} of {of} points"),
    }
}

pub fn incomplete(error: &BundleError) -> Failure {
    Failure::new(
        error.code(),
        exit::CONFIG,
        exit::chain(error),
        "copy the whole folder of evidence again",
    )
}

pub fn unreadable(what: &str) -> Failure {
    Failure::new(
        "HL-EX-181",
        exit::CONFIG,
        what,
        "use the program of the version that the evidence names",
    )
}
