//! The verbs on exported folders, under trust folders.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use hotline_audit::compare::{Log, compare_directories};
use hotline_audit::dsse::{PayloadType, SignedStatement};
use hotline_audit::report::{MAX_REPORT_BYTES, SignedReport};
use hotline_audit::statement::{Control, Payload};
use hotline_audit::trust::TrustPolicy;
use hotline_audit::verify::verify_directory;

use crate::words::{Gaps, Words};
use crate::{BAD, DIFFERS, Failure, GOOD, print, say, unreadable, usage};

/// Verifies one exported log.
pub(crate) fn verify(dir: &Path, words: &Words) -> Result<u8, Failure> {
    let report = verify_directory(dir, &trust(words)?);
    print(&report, &words.form)?;
    Ok(match (report.passed(), &words.gaps) {
        (false, _) => BAD,
        (true, Gaps::Refused) if !report.gaps.is_empty() => DIFFERS,
        (true, Gaps::Refused | Gaps::Allowed) => GOOD,
    })
}

/// Compares two exported logs.
pub(crate) fn compare(a: &Path, b: &Path, words: &Words) -> Result<u8, Failure> {
    let report = compare_directories(a, b, &trust(words)?).map_err(|error| unreadable(&error))?;
    print(&report, &words.form)?;
    Ok(match (report.passed(), report.nothing_forged()) {
        (true, _) => GOOD,
        (false, true) => DIFFERS,
        (false, false) => BAD,
    })
}

/// Checks whose names stand under a report.
pub(crate) fn report(file: &Path, words: &Words) -> Result<u8, Failure> {
    let trust = trust(words)?;
    let verdict = read_report(file)?.judge(trust.rosters());
    print(&verdict, &words.form)?;
    Ok(if verdict.valid { GOOD } else { BAD })
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

fn trust(words: &Words) -> Result<TrustPolicy, Failure> {
    if words.policy.is_some() {
        return Err(usage("--policy is for bundles; a folder is judged with --trust"));
    }
    if words.trust.is_empty() {
        return Err(usage(
            "--trust is missing: trust anchors are your own files, never those of the log",
        ));
    }
    TrustPolicy::load(&words.trust).map_err(|error| unreadable(&error))
}

/// One line a statement. Names are shown with everything odd in them escaped; contents are not shown.
pub(crate) fn show(log: &Log) -> Result<u8, Failure> {
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
    Ok(GOOD)
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
