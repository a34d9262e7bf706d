//! `hotline-audit`: verifies exported logs offline, with nothing but files.
//!
//! It is small on purpose, so that it can be handed to the other side alone: no configuration, no network, no clock.
//! Results go to stdout, complaints to stderr.
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hotline_audit::compare::{Log, compare_directories};
use hotline_audit::dsse::{PayloadType, SignedStatement};
use hotline_audit::report::{MAX_REPORT_BYTES, SignedReport};
use hotline_audit::statement::{Control, Payload};
use hotline_audit::trust::TrustPolicy;
use hotline_audit::verify::verify_directory;

const USAGE: &str = "\
Verifies exported hotline logs offline.

Usage:
  hotline-audit verify DIR --trust DIR [--trust DIR]... [--json] [--gapless]
  hotline-audit compare A B --trust DIR [--trust DIR]... [--json]
  hotline-audit report FILE --trust DIR [--trust DIR]... [--json]
  hotline-audit show DIR

verify    checks one exported log: every signature, chain, leaf and the signed checkpoint.
compare   checks two and says what only one holds, and what cannot both be true.
report    checks whose names stand under a report, and that no byte of it was altered since; and prints it.
show      lists the statements of a log and verifies nothing.
--trust   a folder with root.pub and roster of one trust domain, or a folder of such folders. It must be your own and
          lie outside the log.
--gapless also counts gaps in chains as a failure.

Exit codes:
  0  the log verifies; the logs match; the report is VALID by both sides
  1  nothing is forged, but one log holds statements that the other lacks (compare), or there are gaps (--gapless)
  2  wrong usage
  3  a trust folder, a log or a report cannot be read
  8  verification failed, or cannot tell because the log's key is not known; a signature of a report lacks or does not count
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(outcome) => outcome.code(),
        Err(Failure::Usage(why)) => {
            eprintln!("hotline-audit: {why}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Failure::Unreadable(why)) => {
            eprintln!("hotline-audit: {why}");
            ExitCode::from(3)
        }
    }
}

enum Failure {
    Usage(String),
    Unreadable(String),
}

enum Outcome {
    Good,
    Differs,
    Bad,
}

impl Outcome {
    fn code(&self) -> ExitCode {
        match self {
            Outcome::Good => ExitCode::SUCCESS,
            Outcome::Differs => ExitCode::from(1),
            Outcome::Bad => ExitCode::from(8),
        }
    }
}

enum Form {
    Text,
    Json,
}

enum Gaps {
    Allowed,
    Refused,
}

/// The words of a command line, sorted.
struct Words {
    places: Vec<PathBuf>,
    trust: Vec<PathBuf>,
    form: Form,
    gaps: Gaps,
}

fn run(args: &[String]) -> Result<Outcome, Failure> {
    let Some((verb, rest)) = args.split_first() else {
        return Err(usage("say what to do"));
    };
    let words = sort(rest)?;
    match (verb.as_str(), words.places.as_slice()) {
        ("verify", [dir]) => {
            let report = verify_directory(dir, &policy(&words)?);
            print(&report, &words.form)?;
            Ok(match (report.passed(), &words.gaps) {
                (false, _) => Outcome::Bad,
                (true, Gaps::Refused) if !report.gaps.is_empty() => Outcome::Differs,
                (true, Gaps::Refused | Gaps::Allowed) => Outcome::Good,
            })
        }
        ("compare", [a, b]) => {
            let report = compare_directories(a, b, &policy(&words)?).map_err(|error| unreadable(&error))?;
            print(&report, &words.form)?;
            Ok(match (report.passed(), report.nothing_forged()) {
                (true, _) => Outcome::Good,
                (false, true) => Outcome::Differs,
                (false, false) => Outcome::Bad,
            })
        }
        ("report", [file]) => {
            let policy = policy(&words)?;
            let verdict = read_report(file)?.judge(policy.rosters());
            print(&verdict, &words.form)?;
            Ok(if verdict.valid {
                Outcome::Good
            } else {
                Outcome::Bad
            })
        }
        ("show", [dir]) => show(&Log::read(dir).map_err(|error| unreadable(&error))?),
        ("help" | "--help" | "-h", _) => {
            say(&USAGE)?;
            Ok(Outcome::Good)
        }
        ("report", _) => Err(usage("a file is missing, or there is one too many")),
        ("verify" | "compare" | "show", _) => Err(usage("a folder is missing, or there is one too many")),
        (other, _) => Err(usage(&format!("there is no verb {other:?}"))),
    }
}

/// At most one byte more than a report has, so that a larger file is refused and never held whole.
fn read_report(file: &Path) -> Result<SignedReport, Failure> {
    let mut bytes = Vec::new();
    let most = MAX_REPORT_BYTES as u64 + 1;
    let opened = File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes));
    let at = |why: &dyn Display| Failure::Unreadable(format!("{}: {why}", file.display()));
    opened.map_err(|error| at(&error))?;
    SignedReport::parse(&bytes).map_err(|error| at(&error))
}

fn sort(args: &[String]) -> Result<Words, Failure> {
    let mut words = Words {
        places: Vec::new(),
        trust: Vec::new(),
        form: Form::Text,
        gaps: Gaps::Allowed,
    };
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--json" => words.form = Form::Json,
            "--gapless" => words.gaps = Gaps::Refused,
            "--trust" => words
                .trust
                .push(rest.next().ok_or_else(|| usage("--trust needs a folder"))?.into()),
            flag if flag.starts_with('-') && flag != "-h" => {
                return Err(usage(&format!("there is no flag {flag}")));
            }
            place => words.places.push(place.into()),
        }
    }
    Ok(words)
}

fn policy(words: &Words) -> Result<TrustPolicy, Failure> {
    if words.trust.is_empty() {
        return Err(usage(
            "--trust is missing: trust anchors are your own files, never those of the log",
        ));
    }
    TrustPolicy::load(&words.trust).map_err(|error| unreadable(&error))
}

fn print<T: Display + serde::Serialize>(report: &T, form: &Form) -> Result<(), Failure> {
    match form {
        Form::Text => say(report),
        Form::Json => say(&serde_json::to_string_pretty(report).map_err(|error| unreadable(&error))?),
    }
}

/// One line a statement. Names are shown with everything odd in them escaped; contents are not shown.
fn show(log: &Log) -> Result<Outcome, Failure> {
    for (index, entry) in log.entries.iter().enumerate() {
        let line = match SignedStatement::parse(entry) {
            Err(error) => format!("not a statement: {error}"),
            Ok(statement) if statement.payload_type == PayloadType::Control => control_line(&statement),
            Ok(statement) => match Payload::parse(&statement) {
                Err(_) => format!("{} {}", statement.payload_type, statement.hash()),
                Ok(payload) => {
                    let header = payload.header();
                    let (kind, sender) = (statement.payload_type, header.sender.escape_debug());
                    let (epoch, sequence, time) = (header.epoch, header.sequence, header.claimed_time_ms);
                    format!(
                        "{kind} {sender} {epoch}.{sequence} claimed {time} ms {}",
                        statement.hash()
                    )
                }
            },
        };
        say(&format!("#{index} {line}"))?;
    }
    Ok(Outcome::Good)
}

/// A control record, without what it says.
fn control_line(statement: &SignedStatement) -> String {
    let (kind, hash) = (statement.payload_type, statement.hash());
    match Control::decode(&statement.payload) {
        Err(_) => format!("{kind} {hash}"),
        Ok(record) => {
            let (conductor, subject) = (record.conductor.escape_debug(), record.subject.escape_debug());
            let (sequence, number, wall) = (record.sequence, record.kind, record.wall_ms);
            format!("{kind} {conductor} {sequence} kind {number} \"{subject}\" claimed {wall} ms {hash}")
        }
    }
}

fn say(what: &impl Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{what}").map_err(|error| unreadable(&error))
}

fn usage(why: &str) -> Failure {
    Failure::Usage(why.to_owned())
}

/// The error with all its causes, in one line.
fn unreadable(error: &dyn std::error::Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    Failure::Unreadable(text)
}
