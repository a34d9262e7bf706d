//! `hotline exercise import` and `export`: a plan as a spreadsheet.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_exercise::{
    bundle::Evidence,
    expect::judge,
    report,
    scenario::{Scenario, fresh::id_of, lists::StageKind, mark::Serial},
    sheet::{self, Base, Became, FILE_MAX, Grid, SheetErrors},
    timeline::Timeline,
};

use super::{failed, fresh_file, report as reports, scenario};
use crate::exit::{self, Failure, Outcome};

/// What `import` takes.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The sheet: .csv or .xlsx.
    #[arg(value_name = "FILE")]
    sheet: PathBuf,
    /// A new file for the scenario.
    #[arg(long, value_name = "FILE.toml")]
    out: PathBuf,
    /// The scenario, by id or file, whose plan the rows replace. Without it two desks and two relays are made around them.
    #[arg(long, value_name = "SCENARIO")]
    base: Option<String>,
}

/// What `export` takes.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A scenario's id or file.
    #[arg(
        value_name = "SCENARIO",
        required_unless_present = "from",
        conflicts_with = "from"
    )]
    scenario: Option<String>,
    /// A new file: .csv or .xlsx.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The folder of a played exercise, or its evidence: its own plan, with when each inject came and what became of it.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// How a sheet is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv,
    Xlsx,
}

/// Reads a sheet, and writes the scenario.
///
/// # Errors
/// If the sheet or the base has mistakes, each with its place, or the file is there already.
pub fn import(args: &ImportArgs) -> Outcome {
    let form = form(&args.sheet)?;
    let base = args.base.as_deref().map(scenario::load).transpose()?;
    let file = args.sheet.display().to_string();
    let bytes = bytes(&args.sheet)?;
    let grid = match form {
        Form::Csv => sheet::csv(&file, &bytes),
        Form::Xlsx => sheet::xlsx(&file, &bytes),
    };
    let grid: Grid = grid.map_err(|errors| mistaken(&file, &errors))?;
    let stem = args
        .out
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let id = stem.as_deref().and_then(id_of);
    let base = match &base {
        Some(scenario) => Base::Of(scenario),
        None => Base::Made(id.as_deref()),
    };
    let out = args.out.display().to_string();
    let text = sheet::import(&grid, base, &out).map_err(|errors| mistaken(&file, &errors))?;
    fresh_file(&args.out, text.as_bytes())?;
    crate::say!(
        "{out}: {} injects from {file}; nothing is wrong with it",
        injects(&text)
    );
    eprintln!("  next: hotline exercise dry-run {out}");
    Ok(exit::OK)
}

fn injects(text: &str) -> usize {
    text.lines()
        .filter(|line| *line == "[[event.incident.inject]]")
        .count()
}

/// Writes a plan as a sheet.
///
/// # Errors
/// If there is no such scenario or evidence, or the file is there already.
pub fn export(args: &ExportArgs) -> Outcome {
    let form = form(&args.out)?;
    let (scenario, became) = match (&args.from, &args.scenario) {
        (Some(folder), _) => played(folder)?,
        (None, Some(named)) => (scenario::load(named)?.as_ref().clone(), BTreeMap::new()),
        (None, None) => return Err(failed(&"neither a scenario nor --from was named")),
    };
    let rows = sheet::export(&scenario, &became);
    let bytes = match form {
        Form::Csv => sheet::to_csv(&rows),
        Form::Xlsx => sheet::to_xlsx(&rows),
    };
    let bytes = bytes.map_err(|error| failed(&exit::chain(&error)))?;
    fresh_file(&args.out, &bytes)?;
    crate::say!(
        "{}: {} injects of {}",
        args.out.display(),
        rows.len(),
        *scenario.id
    );
    Ok(exit::OK)
}

/// The scenario that was played, and what became of its injects.
fn played(folder: &Path) -> Result<(Scenario, BTreeMap<Serial, Became>), Failure> {
    let folder = reports::evidence_in(folder);
    let evidence = Evidence::open(&folder).map_err(|error| reports::incomplete(&error))?;
    let timeline = Timeline::load(&evidence).map_err(|error| reports::unreadable(&exit::chain(&error)))?;
    let mut stages = StageKind::ALL.iter();
    let stage = stages.find(|stage| stage.name() == timeline.startex.stage);
    let stage = *stage.ok_or_else(|| reports::unreadable("STARTEX names a stage that is none"))?;
    let variant = timeline.startex.variant.clone();
    let judged = judge(&evidence.scenario, variant.as_deref(), stage, &timeline);
    let model = report::build(&evidence, &timeline, &judged);
    let became = model
        .msel
        .iter()
        .filter_map(|row| Some((row.serial.parse().ok()?, Became::of(row))));
    let became = became.collect();
    Ok((evidence.scenario, became))
}

fn form(file: &Path) -> Result<Form, Failure> {
    let ending = file
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("csv") => Ok(Form::Csv),
        Some("xlsx") => Ok(Form::Xlsx),
        _ => Err(Failure::new(
            "HL-EX-120",
            exit::USAGE,
            format!("{} ends neither in .csv nor in .xlsx", file.display()),
            "save the sheet as \"CSV UTF-8\" or as XLSX",
        )),
    }
}

/// At most one byte more than is allowed, so that a larger file is refused by its reader and never held whole.
fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::io(&file.display().to_string(), &error);
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    opened
        .take(FILE_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

/// All mistakes, under the number of the first; each stands there with its own.
fn mistaken(file: &str, errors: &SheetErrors) -> Failure {
    let all = errors.mistakes.len() + errors.more;
    let code = errors
        .mistakes
        .first()
        .map_or("HL-EX-120", |first| first.code.as_str());
    let mistakes = if all == 1 { "mistake" } else { "mistakes" };
    Failure::new(
        code,
        exit::CONFIG,
        format!("{file} has {all} {mistakes}\n{errors}"),
        "exercise/SHEETS.md says what each column takes",
    )
}
