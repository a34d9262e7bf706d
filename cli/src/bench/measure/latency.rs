//! `hotline bench latency`: one message in flight beside the floor ([`pairs`]), then messages on schedule ([`open`]).
//!
//! The first says what the line costs beside what the machine costs. The second is what a user of a line sees who does
//! not wait for the last message before the next one is due: every time counts from when the message was due, and the
//! people at desk B display and acknowledge every N-th. Promises (`--slo`) are held against the second, and against the
//! first only where it alone was asked for (`--closed-loop`).

mod alone;
pub mod pairs;
mod told;

use std::{path::Path, sync::Arc};

use hotline_exercise::live::child::Listener;
use tokio::sync::mpsc;

use super::{
    breaking::Breaking,
    legs::Legs,
    open::{self, Runs},
};
use crate::bench::{
    error::BenchError,
    line::{Line, Setup, Wiring, people::People},
    progress,
    report::{conditions::Conditions, run::Run},
    slo::metric::{Catalogue, Kind},
};
use pairs::Pairs;

/// Lines of desk B that may wait for the people there. 16,384: what a desk keeps for a slow watcher.
const LINES_MAX: usize = 16_384;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages over all rounds, and again on schedule; the floor gets as many.
    pub messages: u32,
    /// Rounds.
    pub rounds: u32,
    /// The part on schedule.
    pub open: Option<Open>,
}

/// The part on schedule.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// Messages a second.
    pub rate: u32,
    /// Each N-th is displayed and acknowledged at desk B; none with 0.
    pub acknowledge_every: u32,
    /// So many messages over each leg alone; none with 0.
    pub each_leg: u32,
}

/// What was measured.
#[derive(Debug)]
pub struct Latency {
    conditions: Conditions,
    /// How desks reach relays.
    legs: &'static str,
    pairs: Pairs,
    open: Option<Runs>,
    /// Each leg alone.
    alone: Vec<Run>,
}

/// What promises can be about.
pub fn catalogue(plan: Plan) -> Catalogue {
    let series = match plan.open {
        None => vec!["released", "delivered", "stored"],
        Some(open) => {
            let mut series = vec![
                "released",
                "accepted",
                "accepted_north",
                "accepted_south",
                "delivered",
                "stored",
            ];
            if open.acknowledge_every > 0 {
                series.extend(["displayed", "acknowledged"]);
            }
            series
        }
    };
    let mut single = vec![("ratio_p50", Kind::Ratio)];
    if plan.open.is_some() {
        single.extend([
            ("rate", Kind::Rate),
            ("lost", Kind::Count),
            ("suspect_count", Kind::Count),
            ("down_count", Kind::Count),
        ]);
    }
    Catalogue {
        bench: "latency",
        series,
        single,
    }
}

/// Sets up a line and a floor, measures, and removes everything.
///
/// # Errors
/// If they cannot be set up, or a message of the rounds is not receipted.
pub async fn measure(
    setup: Setup<'_>,
    plan: Plan,
    breaking: Option<&Breaking>,
) -> Result<Latency, BenchError> {
    progress("two relays, two desks and the floor are coming up …");
    let (told, lines) = mpsc::channel(LINES_MAX);
    let mut line = Line::open(setup, wiring(plan, breaking), Listener::Channel(told)).await?;
    let measured = Box::pin(on(setup.exe, &mut line, lines, plan, breaking)).await;
    line.closing(measured).await
}

/// Links are needed to break something, and to leave a leg alone.
fn wiring(plan: Plan, breaking: Option<&Breaking>) -> Wiring {
    match (Breaking::wiring(breaking), plan.open) {
        (Wiring::Direct, Some(open)) if open.each_leg > 0 => Wiring::Links { seed: 0 },
        (wiring, _) => wiring,
    }
}

async fn on(
    exe: &Path,
    line: &mut Line,
    lines: mpsc::Receiver<String>,
    plan: Plan,
    breaking: Option<&Breaking>,
) -> Result<Latency, BenchError> {
    if let Some(breaking) = breaking {
        breaking.check(line.links()?)?;
    }
    let conditions = Conditions::of(line.folder());
    let seams = line.sender().station().seams().clone();
    let legs = Legs::new(Arc::clone(&seams.clock));
    let _listening = legs.listen(line.sender().station().events());
    let people = People::sit(&line.sides().borenia, lines, legs.clone(), &seams).await?;
    let pairs = pairs::measure(exe, line, plan).await?;
    let open = match plan.open {
        Some(open) => Some(on_schedule(line, (&people, &legs), plan.messages, open, breaking).await?),
        None => None,
    };
    people.leave()?;
    let alone = match plan.open {
        Some(Open { rate, each_leg, .. }) if each_leg > 0 => {
            let messages = each_leg;
            alone::each(line, open::Plan { rate, messages }).await?
        }
        _ => Vec::new(),
    };
    Ok(Latency {
        conditions,
        legs: line.wired(),
        pairs,
        open,
        alone,
    })
}

async fn on_schedule(
    line: &mut Line,
    (people, legs): (&People, &Legs),
    messages: u32,
    open: Open,
    breaking: Option<&Breaking>,
) -> Result<Runs, BenchError> {
    let Open {
        rate,
        acknowledge_every,
        ..
    } = open;
    people.acknowledge_every(acknowledge_every);
    let plan = open::Plan { rate, messages };
    let runs = open::runs(line, plan, breaking, Some(legs), |hash, came| {
        came.is_whole() && people.are_done_with(hash, came.acknowledged.is_some())
    });
    let runs = runs.await?;
    people.acknowledge_every(0);
    Ok(runs)
}
