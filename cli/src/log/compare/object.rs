//! What `hotline log compare --json` prints. Fields are only added.

use hotline_audit::{CompareReport, LogReport, verify::Verdict};
use serde::Serialize;

use super::{CompareArgs, Comparison};
use crate::log::trust::{Choice, Trust};

/// The object.
#[derive(Debug, Serialize)]
pub(super) struct Object<'a> {
    /// Nothing speaks against either log. Two honest logs that differ pass.
    passed: bool,
    verdict: Option<Verdict>,
    /// Statements that both hold.
    size: u64,
    /// Where a fork parts, or the first bad entry of the log that does not hold by itself.
    first_bad_index: Option<u64>,
    what: String,
    a: Party<'a>,
    b: Party<'a>,
    trust: Vec<String>,
    trust_named: bool,
    report: &'a CompareReport,
}

/// One of the logs.
#[derive(Debug, Serialize)]
struct Party<'a> {
    log: String,
    origin: &'a str,
    size: u64,
    verdict: Option<Verdict>,
    only_here: usize,
}

impl<'a> Object<'a> {
    pub(super) fn of(compared: &'a Comparison, args: &CompareArgs, trust: &Trust) -> Self {
        let report = &compared.report;
        let [origin_a, origin_b] = &compared.origins;
        let party = |log: &std::path::Path, origin: &'a str, one: &LogReport, only_here: usize| Party {
            log: log.display().to_string(),
            origin,
            size: one.entries,
            verdict: one.verdict,
            only_here,
        };
        Self {
            passed: compared.honest(),
            verdict: report.verdict,
            size: report.common,
            first_bad_index: first_bad(report),
            what: compared.in_words(),
            a: party(&args.a, origin_a, &report.a, report.only_a.len()),
            b: party(&args.b, origin_b, &report.b, report.only_b.len()),
            trust: trust
                .folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect(),
            trust_named: trust.choice == Choice::Named,
            report,
        }
    }
}

fn first_bad(report: &CompareReport) -> Option<u64> {
    let fork = report.fork.as_ref().map(|proof| proof.index);
    let equivocation = || report.equivocations.first().map(|proof| proof.index_a);
    fork.or(report.a.first_bad)
        .or(report.b.first_bad)
        .or_else(equivocation)
}
