//! `hotline log compare`: two logs side by side, ledgers or exported folders in any mix.
//!
//! Two honest logs may differ: a desk lacks what was never meant for it, a relay what went by another one. That is said
//! in words and is no failure. A failure is what cannot both be true, or an end that is missing.
//!
//! Ledgers are read while they run. A statement that came after the first was read may have seen more of it than was
//! read then, so desks are read before relays, and what looks cut is read again before it is called so.

mod fresh;
mod object;

use std::path::{Path, PathBuf};

use clap::Args;
use hotline_audit::{
    CompareReport,
    compare::{Log, compare_directories, compare_logs},
    trust::TrustPolicy,
    verify::Verdict,
};
use hotline_core::text::inert_line;

use super::{
    read::{self, Source},
    say,
    trust::TrustArgs,
};
use crate::exit::{self, Failure, Outcome};

/// How often two running logs are read before what looks cut is called so.
const READINGS: usize = 3;

/// What `compare` takes.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A ledger, or an exported log.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The other one.
    #[arg(value_name = "B")]
    b: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What two logs say together.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The whole report.
    pub report: CompareReport,
    /// The logs' names, as they say themselves.
    pub origins: [String; 2],
}

impl Comparison {
    /// Whether nothing speaks against either log, though one may hold what the other lacks.
    #[must_use]
    pub fn honest(&self) -> bool {
        self.report.nothing_forged()
    }

    /// The result as a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let report = &self.report;
        let Some(verdict) = &report.verdict else {
            return format!("cannot tell: {}", report.conclusion);
        };
        let only = format!(
            "{} in both, {} only in the first, {} only in the second",
            statements(report.common),
            report.only_a.len(),
            report.only_b.len()
        );
        match verdict {
            Verdict::Match => format!(
                "nothing contradicts: {} in both, and no others",
                statements(report.common)
            ),
            Verdict::ReceiptProvesDelivery => {
                format!("nothing contradicts: {only}; all of those arrived, as receipts prove")
            }
            Verdict::SentNoReceipt => {
                let both = report.only_a.iter().chain(&report.only_b);
                let open = both
                    .filter(|missing| missing.verdict == Verdict::SentNoReceipt)
                    .count();
                format!(
                    "nothing contradicts: {only}; for {open} of those no receipt proves that they arrived"
                )
            }
            Verdict::Truncated | Verdict::Altered(_) | Verdict::Fork | Verdict::Equivocation => {
                format!("{verdict}: {}", report.conclusion)
            }
        }
    }
}

fn statements(count: u64) -> String {
    if count == 1 {
        "1 statement".to_owned()
    } else {
        format!("{count} statements")
    }
}

/// Runs the verb.
///
/// # Errors
/// A log or the trust cannot be used. Logs that contradict each other are no error: they are exit code 8.
pub fn run(args: &CompareArgs) -> Outcome {
    let trust = args.trust.need(&[&args.a, &args.b])?;
    trust.say();
    let compared = compare(&args.a, &args.b, &trust.policy)?;
    if args.json {
        say::object(&object::Object::of(&compared, args, &trust))?;
    } else {
        let [first, second] = &compared.origins;
        let names = format!(
            "  first:  {}\n  second: {}",
            inert_line(first).text,
            inert_line(second).text
        );
        say::text(&format!(
            "{}\n{names}\n\n{}",
            compared.in_words(),
            compared.report
        ))?;
    }
    Ok(if compared.honest() { exit::OK } else { exit::LOG })
}

/// Compares two logs, each a ledger (running or not) or an exported folder.
///
/// # Errors
/// One is neither, cannot be read, or was taken up by its owner meanwhile.
pub fn compare(a: &Path, b: &Path, trust: &TrustPolicy) -> Result<Comparison, Failure> {
    if a.is_dir() && b.is_dir() {
        let origins = [
            Source::open(a)?.origin().to_owned(),
            Source::open(b)?.origin().to_owned(),
        ];
        let report = compare_directories(a, b, trust).map_err(|error| read::damaged(exit::chain(&error)))?;
        return Ok(Comparison { report, origins });
    }
    let mut sizes = None;
    let mut readings = 1;
    loop {
        let pair = both(a, b)?;
        let compared = judge(&pair, trust);
        let mut conflicts = compared.report.conflicts.iter();
        let looks_cut = conflicts.any(|conflict| conflict.verdict == Verdict::Truncated);
        let now = pair.each_ref().map(|read| read.log.entries.len());
        // What stands still and lacks something will not get it.
        let settled = sizes == Some(now) || readings == READINGS;
        if !looks_cut || settled {
            return Ok(compared);
        }
        sizes = Some(now);
        readings += 1;
    }
}

/// A log in memory, under its name.
struct Read {
    origin: String,
    log: Log,
}

impl Read {
    fn of(source: &Source) -> Result<Self, Failure> {
        Ok(Self {
            origin: source.origin().to_owned(),
            log: source.log()?,
        })
    }

    /// Whether nothing was ever signed in it.
    fn is_fresh(&self) -> bool {
        self.log.note.is_empty() && self.log.entries.is_empty()
    }
}

/// Reads both, a relay's last: what desks have seen of relays is then there.
fn both(a: &Path, b: &Path) -> Result<[Read; 2], Failure> {
    let relay_first = Source::open(a)?.origin().contains("/relay/");
    if relay_first {
        let second = Read::of(&Source::open(b)?)?;
        Ok([Read::of(&Source::open(a)?)?, second])
    } else {
        Ok([Read::of(&Source::open(a)?)?, Read::of(&Source::open(b)?)?])
    }
}

fn judge(pair: &[Read; 2], trust: &TrustPolicy) -> Comparison {
    let [a, b] = pair;
    let mut report = compare_logs(&a.log, &b.log, trust);
    if a.is_fresh() || b.is_fresh() {
        fresh::amend(&mut report, pair);
    }
    Comparison {
        report,
        origins: pair.each_ref().map(|read| read.origin.clone()),
    }
}
