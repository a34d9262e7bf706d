//! Both sides' logs, verified and compared, as one set of statements.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_audit::{
    Hash, SignedStatement,
    compare::{Log, compare_verified},
    key::Subject,
    statement::Payload,
    trust::TrustPolicy,
    verify::{LogReport, verify_log},
};
use hotline_exercise::bundle::{Evidence, LOGS, LogKind, TRUST};

use crate::{
    exercise::report::{evidence_in, incomplete},
    exit::{self, Failure, chain},
};

/// Where the logs are.
#[derive(Clone, Debug, Args)]
pub struct SourceArgs {
    /// The folder of a played exercise, or its evidence.
    #[arg(long, value_name = "DIR", conflicts_with = "log")]
    pub from: Option<PathBuf>,
    /// A desk's exported log; once for each side.
    #[arg(long, value_name = "DIR", requires = "trust")]
    pub log: Vec<PathBuf>,
    /// Your own trust folders. Without it those of the evidence count, which are those of whoever made it.
    #[arg(long, value_name = "DIR")]
    pub trust: Vec<PathBuf>,
}

/// What both sides' desks hold, each statement once, in the order of their hashes.
pub struct Both {
    /// The statements.
    pub statements: BTreeMap<Hash, Payload>,
    /// The logs: origin, size and root of each.
    pub logs: BTreeMap<String, (u64, Hash)>,
    /// The two trust domains, ascending.
    pub sides: [String; 2],
}

impl SourceArgs {
    /// Whether any logs were named.
    pub fn is_named(&self) -> bool {
        self.from.is_some() || !self.log.is_empty()
    }

    /// Reads and verifies them.
    ///
    /// # Errors
    /// If a log cannot be read or does not hold, two contradict each other, or they are not those of two sides' desks.
    pub fn read(&self) -> Result<Both, Failure> {
        let (logs, trust) = match &self.from {
            Some(folder) => self.evidence(folder)?,
            None => (self.logs()?, self.policy()?),
        };
        let reports: Vec<LogReport> = logs
            .iter()
            .map(|(_, log)| verify_log(&log.entries, &log.note, &trust))
            .collect();
        for ((name, _), report) in logs.iter().zip(&reports) {
            holds(name, report)?;
        }
        contradict(&logs, &reports, &trust)?;
        let sides = sides(&reports)?;
        let mut both = Both {
            statements: BTreeMap::new(),
            logs: BTreeMap::new(),
            sides,
        };
        for ((_, log), report) in logs.iter().zip(&reports) {
            if let Some(checkpoint) = &report.checkpoint {
                both.logs
                    .insert(checkpoint.origin.clone(), (checkpoint.size, checkpoint.root));
            }
            for entry in &log.entries {
                if let Ok(payload) = SignedStatement::parse(entry).and_then(|signed| Payload::parse(&signed))
                {
                    both.statements.insert(Hash::of(entry), payload);
                }
            }
        }
        Ok(both)
    }

    /// The desks' logs of an exercise's evidence.
    fn evidence(&self, folder: &Path) -> Result<(Vec<(String, Log)>, TrustPolicy), Failure> {
        let folder = evidence_in(folder);
        let evidence = Evidence::open(&folder).map_err(|error| incomplete(&error))?;
        let trust = match self.trust.is_empty() {
            true => {
                eprintln!(
                    "trusting {}, which is of whoever made the evidence",
                    folder.join(TRUST).display()
                );
                evidence.trust
            }
            false => self.policy()?,
        };
        let desks = evidence
            .logs
            .into_iter()
            .filter(|(_, log)| log.kind == Some(LogKind::Desk));
        let desks = desks.map(|(name, log)| (format!("{LOGS}/{name}"), log.log));
        Ok((desks.collect(), trust))
    }

    fn logs(&self) -> Result<Vec<(String, Log)>, Failure> {
        let each = self.log.iter().map(|dir| {
            let name = dir.display().to_string();
            let failed = |error| {
                Failure::new(
                    "HL-REPORT-002",
                    exit::CONFIG,
                    format!("{name} is no exported log: {}", chain(&error)),
                    "hotline log export LEDGER --out DIR writes one",
                )
            };
            let log = Log::read(dir).map_err(failed)?;
            Ok((name, log))
        });
        each.collect()
    }

    fn policy(&self) -> Result<TrustPolicy, Failure> {
        TrustPolicy::load(&self.trust).map_err(|error| {
            Failure::new(
                "HL-REPORT-002",
                exit::CONFIG,
                chain(&error),
                "name your own trust folder with --trust",
            )
        })
    }
}

fn holds(name: &str, report: &LogReport) -> Result<(), Failure> {
    if report.passed() {
        return Ok(());
    }
    let why = report.faults.first().map_or_else(
        || report.conclusion.clone(),
        |fault| format!("{}: {}", fault.rule, fault.explanation),
    );
    let why = hotline_core::text::inert_line(&why).text;
    Err(Failure::new(
        "HL-REPORT-003",
        exit::LOG,
        format!("{name} does not hold, and nothing is counted from it: {why}"),
        "hotline log verify names the entry",
    ))
}

/// Two desks' logs that cannot both be true are counted by nobody.
fn contradict(logs: &[(String, Log)], reports: &[LogReport], trust: &TrustPolicy) -> Result<(), Failure> {
    for (no, (first, a)) in logs.iter().enumerate() {
        for (other, (second, b)) in logs.iter().enumerate().skip(no + 1) {
            let (one, two) = (reports[no].clone(), reports[other].clone());
            let compared = compare_verified(a, b, one, two, trust);
            if !compared.nothing_forged() {
                let why = hotline_core::text::inert_line(&compared.conclusion).text;
                return Err(Failure::new(
                    "HL-REPORT-003",
                    exit::LOG,
                    format!("{first} and {second} contradict each other: {why}"),
                    "hotline log compare has the proof",
                ));
            }
        }
    }
    Ok(())
}

/// The trust domains of the desks whose logs these are: exactly two.
fn sides(reports: &[LogReport]) -> Result<[String; 2], Failure> {
    let mut sides: Vec<String> = Vec::new();
    let mut strangers: Vec<String> = Vec::new();
    for report in reports {
        let origin = report
            .checkpoint
            .as_ref()
            .map_or("", |checkpoint| checkpoint.origin.as_str());
        let owner = hotline_audit::key::subject_of_origin(origin);
        match Subject::parse(&owner) {
            Some(subject) if subject.role == "desk" => sides.push(subject.domain.to_owned()),
            _ => strangers.push(origin.to_owned()),
        }
    }
    sides.sort();
    sides.dedup();
    if strangers.is_empty()
        && let Ok(two) = <[String; 2]>::try_from(sides.clone())
    {
        return Ok(two);
    }
    let found: Vec<String> = sides.into_iter().chain(strangers).collect();
    Err(Failure::new(
        "HL-REPORT-002",
        exit::USAGE,
        format!(
            "the logs of desks of two sides are counted; these are of {}",
            found.join(", ")
        ),
        "name a desk's log of each side with --log, or an exercise's folder with --from",
    ))
}
