//! `hotline exercise dry-run`: what would come when. Nothing is started.

use std::sync::Arc;

use clap::Args;
use hotline_exercise::{
    plan::agenda::{Item, What, agenda},
    scenario::{
        Scenario, check,
        lists::{Approve, Tongue},
        msel::{Inject, When},
    },
    sheet,
};
use serde::Serialize;

use super::{failed, scenario};
use crate::exit::{self, Failure, Outcome};

/// What `dry-run` takes.
#[derive(Debug, Args)]
pub struct DryArgs {
    /// A scenario's id or file.
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    /// Which variant, of a scenario that has any. Without it what is in every variant.
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// The whole, as `--json` prints it. Fields are only added.
#[derive(Debug, Serialize)]
struct Dry {
    scenario: String,
    variant: Option<String>,
    /// Planned length in milliseconds of story.
    duration_ms: u64,
    items: Vec<Row>,
    /// What `check` finds: what is in each other's way, and what can never come.
    clashes: Vec<String>,
}

/// One line.
#[derive(Debug, Serialize)]
struct Row {
    /// `T+00:05:00`, or `-` where it waits for people.
    at: String,
    /// Milliseconds of story; none where it waits for people.
    at_ms: Option<u64>,
    serial: String,
    /// `inject`, or `fault ends`.
    what: &'static str,
    kind: &'static str,
    method: &'static str,
    to: Vec<String>,
    title: String,
    /// What it says or does.
    text: String,
    /// Of a contingency: if which expectation is not met in what time.
    contingency: Option<String>,
    /// What it waits for, if not for its moment.
    waits: Option<String>,
    /// A controller approves it first.
    by_hand: bool,
}

/// Shows it.
///
/// # Errors
/// If there is no such scenario or variant. What clashes is shown, and ends with the code of `check`.
pub fn run(args: &DryArgs) -> Outcome {
    let scenario = scenario::load(&args.scenario)?;
    known(&scenario, args.variant.as_deref()).map_err(|failure| failure.as_json(args.json))?;
    let variant = args.variant.as_deref();
    let items = agenda(&scenario, variant);
    let rows = items.iter().filter_map(|item| row(&scenario, item)).collect();
    let found = check::check(&scenario);
    let dry = Dry {
        scenario: scenario.id.value.clone(),
        variant: args.variant.clone(),
        duration_ms: millis(scenario.duration.0),
        items: rows,
        clashes: found.iter().map(ToString::to_string).collect(),
    };
    if args.json {
        crate::say!("{}", serde_json::to_string(&dry).map_err(|error| failed(&error))?);
    } else {
        tell(&scenario, &dry);
    }
    Ok(if found.is_empty() { exit::OK } else { exit::CONFIG })
}

fn known(scenario: &Scenario, variant: Option<&str>) -> Result<(), Failure> {
    let Some(variant) = variant.filter(|variant| !scenario.variants.contains_key(*variant)) else {
        return Ok(());
    };
    let known: Vec<&str> = scenario.variants.keys().map(String::as_str).collect();
    let help = match known.is_empty() {
        true => "leave --variant out".to_owned(),
        false => format!("one of {}", known.join(", ")),
    };
    let what = format!("{} has no variant {variant}", *scenario.id);
    Err(Failure::new("HL-EX-151", exit::CONFIG, what, help))
}

fn row(scenario: &Arc<Scenario>, item: &Item) -> Option<Row> {
    let inject = scenario.injects().find(|inject| inject.serial == item.serial)?;
    let at = item.comes.as_ref().ok();
    let waits = item.comes.as_ref().err().map(ToString::to_string);
    Some(Row {
        at: at.map_or_else(|| "-".to_owned(), ToString::to_string),
        at_ms: at.map(|at| millis(at.since_startex())),
        serial: inject.serial.to_string(),
        what: match item.what {
            What::Inject => "inject",
            What::FaultEnds => "fault ends",
        },
        kind: inject.kind.name(),
        method: inject.deed.method().name(),
        to: inject.to.iter().map(|seat| seat.value.clone()).collect(),
        title: inject.title.in_or_any(Tongue::En).to_owned(),
        text: sheet::words(inject),
        contingency: contingency(inject),
        waits,
        by_hand: inject.approve == Approve::Hand,
    })
}

fn contingency(inject: &Inject) -> Option<String> {
    match &inject.when {
        When::Unless { expect, within } => Some(format!("if {} is not met within {within}", expect.value)),
        When::At(_) | When::After { .. } => None,
    }
}

fn millis(length: std::time::Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

fn tell(scenario: &Scenario, dry: &Dry) {
    let inert = |text: &str| hotline_core::text::inert_line(text).text;
    let variant = dry
        .variant
        .as_ref()
        .map_or_else(String::new, |variant| format!(", variant {variant}"));
    crate::say!(
        "{} \"{}\"{variant}",
        dry.scenario,
        inert(scenario.title.in_or_any(Tongue::En))
    );
    crate::say!("{:<11} {:<8} {:<12} {:<8} what", "T+", "serial", "method", "to");
    for row in &dry.items {
        let method = if row.what == "inject" {
            row.method
        } else {
            row.what
        };
        let mut words = inert(&row.title);
        for more in [&row.contingency, &row.waits].into_iter().flatten() {
            words = format!("{words} ({more})");
        }
        if row.by_hand {
            words.push_str(" (a controller approves it)");
        }
        crate::say!(
            "{:<11} {:<8} {method:<12} {:<8} {words}",
            row.at,
            row.serial,
            row.to.join(",")
        );
    }
    let end = hotline_core::time::StoryTime::from_startex(scenario.duration.0);
    crate::say!("{:<11} planned ENDEX, at the latest", end.to_string());
    crate::say!("as if no player did anything and every controller approved at once; nothing was started");
    if !dry.clashes.is_empty() {
        crate::say!("\n{} clash:", dry.clashes.len());
        for clash in &dry.clashes {
            crate::say!("{clash}");
        }
    }
}
