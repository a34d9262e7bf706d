//! `hotline report`: what a log adds up to, for both sides to put their names to.

use std::{collections::BTreeMap, fs, ops::ControlFlow, path::PathBuf};

use clap::{Args, Subcommand};
use hotline_audit::{Hash, SignedStatement, report::ReportKind, statement::Payload};
use hotline_client::availability::{Collector, Counted, DeskReport, OrderReport, Report};
use hotline_core::{text::inert_line, time::WallTime};
use hotline_transport::Seams;
use serde::Serialize;

use crate::{
    desk::{self, Common},
    exit::{self, Failure, Outcome},
    log::read::{self, Source},
};

mod kept;
mod plain;
mod sign;
mod source;
mod words;

/// `hotline report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Comm checks scheduled, answered, late and missed, by path and cause; outages; the share that was available.
    Availability(AvailabilityArgs),
    /// What each side kept of what it owed the other, for both to sign: checks, promised answers, notices, suspensions.
    Trust(words::WordsArgs),
    /// What a state in the region may be shown, for both to sign: label, last human check, suspensions, counts; no content.
    Public(words::WordsArgs),
    /// Puts releasers' names under a report.
    Sign(sign::SignArgs),
}

/// `hotline report availability`.
#[derive(Debug, Args)]
pub struct AvailabilityArgs {
    #[command(flatten)]
    common: Common,
    /// A ledger (running or not) or an exported log; without it, the desk's own ledger.
    #[arg(long, value_name = "DIR|LEDGER")]
    log: Option<PathBuf>,
    /// How many days, 1 to 366.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=366), value_name = "DAYS")]
    days: u64,
    /// Up to when: 2026-11-26T12:00:00Z, or milliseconds since 1970; not in the future. Without it, up to the newest
    /// statement.
    #[arg(long, value_parser = moment, value_name = "TIME")]
    until: Option<u64>,
    /// Write the canonical JSON, whose SHA-256 is printed, to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The `--json` object: the report stands in it as its canonical JSON has it.
#[derive(Serialize)]
struct Printed<'a> {
    sha256: String,
    report: &'a Report,
}

/// Runs a report.
///
/// # Errors
/// The log cannot be read.
pub fn run(args: &ReportArgs) -> Outcome {
    match &args.verb {
        Verb::Availability(args) => availability(args).map_err(|failure| failure.as_json(args.common.json)),
        Verb::Trust(args) => words::run(args, ReportKind::Trust),
        Verb::Public(args) => words::run(args, ReportKind::Public),
        Verb::Sign(args) => sign::run(args).map_err(|failure| failure.as_json(args.common.json)),
    }
}

fn availability(args: &AvailabilityArgs) -> Outcome {
    let log = match &args.log {
        Some(log) => log.clone(),
        None => desk::load(&args.common)?.ledger,
    };
    let now_ms = Seams::system().clock.wall().unix_ms();
    has_passed(args.until, now_ms)?;
    let report = of_log(&Source::open(&log)?, args.days, args.until, now_ms)?;
    if let Some(file) = &args.out {
        fs::write(file, report.canonical())
            .map_err(|error| Failure::io(&file.display().to_string(), &error))?;
    }
    if args.common.json {
        desk::print::object(&Printed {
            sha256: report.sha256().to_string(),
            report: &report,
        });
    } else {
        crate::say_part!("{}", plain(&report));
        eprintln!("nothing is verified here: hotline log verify does");
    }
    Ok(exit::OK)
}

/// A report ends in the past: what is not due yet would count as missing.
fn has_passed(until_ms: Option<u64>, now_ms: u64) -> Result<(), Failure> {
    if until_ms.is_none_or(|until| until <= now_ms) {
        return Ok(());
    }
    Err(Failure::new(
        "HL-REPORT-001",
        exit::USAGE,
        "--until lies in the future: what is not due yet would count as missing",
        "name a moment that has passed, or leave --until away",
    ))
}

/// The report of a log, from its statements alone. Without `until_ms` it ends with the newest that claims no later time
/// than `now_ms`.
///
/// # Errors
/// The log cannot be read to its end.
pub fn of_log(log: &Source, days: u64, until_ms: Option<u64>, now_ms: u64) -> Result<Report, Failure> {
    let mut collector = Collector::at(now_ms);
    let stopped = log.each(&mut |_, bytes| {
        // What cannot be read is found by log verify, and says nothing here.
        if let Ok(payload) = SignedStatement::parse(&bytes).and_then(|signed| Payload::parse(&signed)) {
            collector.add(Hash::of(&bytes), &payload);
        }
        ControlFlow::Continue(())
    })?;
    match stopped {
        Some(why) => Err(read::damaged(format!("the log cannot be read further: {why}"))),
        None => Ok(collector.report(days, until_ms)),
    }
}

fn plain(report: &Report) -> String {
    let time = |ms| WallTime::from_unix_ms(ms).rfc3339();
    let mut text = format!(
        "availability of {} from {} to {}\n",
        inert_line(&report.exercise).text,
        time(report.from_ms),
        time(report.until_ms)
    );
    if report.under_order_ms > 0 {
        text.push_str(&format!(
            "suspended or severed for {} s of it: told apart, and not as unavailable\n",
            report.under_order_ms / 1000
        ));
    }
    if report.dormant_ms > 0 {
        text.push_str(&format!(
            "dormant for {} s of it: no person had answered a comm check for 30 days\n",
            report.dormant_ms / 1000
        ));
    }
    for (desk, of) in &report.desks {
        text.push_str(&format!("{}\n", inert_line(desk).text));
        text.push_str(&of_desk(of));
    }
    text.push_str(&format!("SHA-256 of its canonical JSON: {}\n", report.sha256()));
    text
}

fn of_desk(of: &DeskReport) -> String {
    let mut text = format!("  checks of this desk      {}\n", counted(&of.automatic));
    for (path, of) in &of.paths {
        text.push_str(&format!("    {:<22} {}\n", inert_line(path).text, counted(of)));
    }
    let human = &of.human;
    text.push_str(&format!(
        "  checks of its officers   {} hours: {} answered, {} late, {} missed, {} not made{}\n",
        human.scheduled,
        human.answered,
        human.late,
        human.missed,
        human.not_made,
        apart(human.under_order, None)
    ));
    for order in &of.orders {
        text.push_str(&ordered(order));
    }
    for (leg, outage) in &of.outages {
        text.push_str(&format!(
            "  outage of {:<14} {} times, {} s{}\n",
            inert_line(leg).text,
            outage.count,
            outage.total_ms / 1000,
            if outage.open { ", and lasts" } else { "" }
        ));
    }
    text.push_str(&format!(
        "  opened {}, closed {}, clock jumped {}, called again {}\n",
        of.opened,
        of.closed,
        of.clock_steps,
        pairs(&of.overdue)
    ));
    text
}

/// One order that stood.
fn ordered(order: &OrderReport) -> String {
    let time = |ms| WallTime::from_unix_ms(ms).rfc3339();
    format!(
        "  {} of {} by {}: {}; from {} {}\n",
        order.verb,
        order
            .channel
            .as_deref()
            .map_or_else(|| "all channels".into(), |name| inert_line(name).text),
        inert_line(&order.officer).text,
        inert_line(&order.reason).text,
        time(order.from_ms),
        order
            .until_ms
            .map_or_else(|| "on".into(), |ms| format!("until {}", time(ms)))
    )
}

/// What was due under an order, if anything was.
fn apart(due: u64, answered: Option<u64>) -> String {
    match (due, answered) {
        (0, _) => String::new(),
        (due, None) => format!("; {due} under an order"),
        (due, Some(answered)) => format!("; {due} under an order, of which {answered} answered"),
    }
}

fn counted(of: &Counted) -> String {
    let share = of.availability_ppm.map_or_else(
        || "-".to_owned(),
        |ppm| format!("{}.{:04} %", ppm / 10_000, ppm % 10_000),
    );
    let causes: BTreeMap<String, u64> = of
        .causes
        .iter()
        .map(|(cause, count)| ((*cause).to_owned(), *count))
        .collect();
    format!(
        "{share}: {} due, {} answered, {} late, {} missed, {} not sent ({}){}",
        of.scheduled,
        of.answered,
        of.late,
        of.missed,
        of.not_sent,
        pairs(&causes),
        apart(of.under_order, Some(of.under_order_answered))
    )
}

fn pairs(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "none".into();
    }
    let pairs: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    pairs.join(", ")
}

/// A moment as people type it.
fn moment(text: &str) -> Result<u64, String> {
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    let time: jiff::Timestamp = text
        .parse()
        .map_err(|_| format!("\"{text}\" is no time; 2026-11-26T12:00:00Z would work"))?;
    u64::try_from(time.as_millisecond()).map_err(|_| format!("\"{text}\" lies before 1970"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_moment_is_a_time_in_utc_or_milliseconds() {
        assert_eq!(moment("1970-01-01T00:01:00Z"), Ok(60_000));
        assert_eq!(moment("60000"), Ok(60_000));
        assert!(moment("1969-12-31T00:00:00Z").is_err());
        assert!(moment("tomorrow").is_err());
    }

    #[test]
    fn a_report_that_would_end_in_the_future_is_refused() {
        assert!(has_passed(None, 1000).is_ok() && has_passed(Some(1000), 1000).is_ok());
        assert_eq!(has_passed(Some(1001), 1000).unwrap_err().exit, exit::USAGE);
    }
}
