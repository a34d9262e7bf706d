//! `hotline report sign`: releasers' names under a report.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_audit::report::{MAX_REPORT_BYTES, SignedReport};
use hotline_client::{compose, side::Directory};
use hotline_core::words::OfficerRole;
use hotline_transport::Seams;
use serde_json::json;

use super::{plain, source::SourceArgs, words};
use crate::{
    desk::{self, Common, keyring},
    exit::{self, Failure, Outcome},
};

/// What `sign` takes.
#[derive(Debug, Args)]
pub struct SignArgs {
    #[command(flatten)]
    pub common: Common,
    /// The report.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A releaser of this desk; may be given more than once.
    #[arg(long = "as", value_name = "NAME", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    source: SourceArgs,
}

/// Adds signatures. With logs at hand it counts again first, and signs nothing that it does not count itself.
///
/// # Errors
/// If the file is no report, somebody may not sign it, or the count differs.
pub fn run(args: &SignArgs) -> Outcome {
    let mut report = read(&args.file)?;
    let config = desk::load(&args.common)?;
    let mine = config.identity.domain().to_string();
    let refused = |what: String, help: &str| Failure::new("HL-REPORT-005", exit::IDENTITY, what, help);
    if !report.sides.contains(&mine) {
        let what = format!(
            "the report is of {}, and this desk is of {mine}",
            report.sides.join(" and ")
        );
        return Err(refused(what, "name a desk of one of them with --config"));
    }
    recounted(args, &report)?;
    let directory = Directory::load(&config).map_err(|error| {
        Failure::new(
            "HL-DESK-021",
            exit::IDENTITY,
            exit::chain(&error),
            "hotline pki trust writes trust folders",
        )
    })?;
    let clock = Seams::system().clock;
    for name in &args.names {
        let by = keyring::named(&config, &directory, &args.common, name)?;
        let signature = compose::report_signature(&by, &report, clock.as_ref())
            .map_err(|error| refused(error.to_string(), "make the report again"))?;
        report
            .add(signature)
            .map_err(|error| refused(error.to_string(), "make the report again"))?;
    }
    // What would not count is not written: a role that lacks, a name that stands there already, bytes that were altered.
    let verdict = report.judge(directory.rosters());
    if let Some(fault) = verdict.faults.iter().find(|fault| fault.rule != "NOT_SIGNED") {
        let what = format!("{}: {}; nothing was signed", fault.rule, fault.what);
        let releaser = OfficerRole::Releaser.name();
        return Err(refused(
            what,
            &format!("a {releaser} of each side signs the report once, as it was made"),
        ));
    }
    replace(&args.file, report.to_file().as_bytes())?;
    if args.common.json {
        crate::say!(
            "{}",
            json!({ "file": args.file.display().to_string(), "sha256": verdict.sha256, "valid": verdict.valid, "signed_by": verdict.signed_by })
        );
        return Ok(exit::OK);
    }
    plain::tell(&report);
    for name in &verdict.signed_by {
        crate::say!("signed for {} by {}", name.side, name.officer);
    }
    let next = match verdict.faults.first() {
        Some(lacks) => format!("{}: have it signed there too", lacks.what),
        None => format!(
            "hotline-audit report {} --trust DIR says VALID to anybody who trusts both",
            args.file.display()
        ),
    };
    eprintln!("  next: {next}");
    Ok(exit::OK)
}

/// Refuses what the logs at hand do not say.
fn recounted(args: &SignArgs, report: &SignedReport) -> Result<(), Failure> {
    if !args.source.is_named() {
        eprintln!("not counted again: --from or --log with --trust counts before it signs");
        return Ok(());
    }
    let counted = words::count(&args.source.read()?, report.kind)?;
    if counted.text() == report.text() {
        return Ok(());
    }
    Err(Failure::new(
        "HL-REPORT-004",
        exit::LOG,
        format!(
            "{} says something else than these logs; nothing was signed",
            args.file.display()
        ),
        "make it again with hotline report trust or public, and compare",
    ))
}

fn read(file: &Path) -> Result<SignedReport, Failure> {
    let place = file.display().to_string();
    let mut bytes = Vec::new();
    let most = MAX_REPORT_BYTES as u64 + 1;
    let opened = File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes));
    opened.map_err(|error| Failure::io(&place, &error))?;
    SignedReport::parse(&bytes).map_err(|error| {
        Failure::new(
            "HL-REPORT-005",
            exit::CONFIG,
            format!("{place}: {error}"),
            "hotline report trust or public writes a report",
        )
    })
}

/// Replaces a file by a whole one, or not at all.
fn replace(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| Failure::io(&file.display().to_string(), error);
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut written = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    written.write_all(bytes).map_err(|error| failed(&error))?;
    written.as_file().sync_all().map_err(|error| failed(&error))?;
    written
        .persist(file)
        .map(drop)
        .map_err(|error| failed(&error.error))
}
