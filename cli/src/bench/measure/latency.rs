//! `hotline bench latency`: one message in flight beside the floor ([`pairs`]), then messages on schedule ([`open`]).
//!
//! The first says what the line costs beside what the machine costs. The second is what a user of a line sees who does
//! not wait for the last message before the next one is due: every time counts from when the message was due, and the
//! people at desk B display and acknowledge every N-th. Promises (`--slo`) are held against the second, and against the
//! first only where it alone was asked for (`--closed-loop`).

pub mod pairs;

use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    Measured,
    breaking::Breaking,
    open::{self, Runs},
};
use crate::bench::{
    error::BenchError,
    line::{Line, Setup, child::Listener, people::People},
    progress,
    report::{
        conditions::Conditions,
        run::{Run, quantiles},
        table::{number, row, table},
        times::{COLUMNS, Times, median, rounded},
    },
    slo::metric::{Catalogue, Kind, Values},
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
}

/// What was measured.
#[derive(Debug)]
pub struct Latency {
    conditions: Conditions,
    /// How desks reach relays.
    legs: &'static str,
    pairs: Pairs,
    open: Option<Runs>,
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
        single.extend([("rate", Kind::Rate), ("lost", Kind::Count)]);
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
    let mut line = Line::open(setup, Breaking::wiring(breaking), Listener::Channel(told)).await?;
    let measured = Box::pin(on(setup.exe, &mut line, lines, plan, breaking)).await;
    line.closing(measured).await
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
    let people = People::sit(&line.sides().borenia, lines, &seams).await?;
    let pairs = pairs::measure(exe, line, plan).await?;
    let open = match plan.open {
        Some(open) => Some(on_schedule(line, &people, plan.messages, open, breaking).await?),
        None => None,
    };
    people.leave()?;
    Ok(Latency {
        conditions,
        legs: line.wired(),
        pairs,
        open,
    })
}

async fn on_schedule(
    line: &mut Line,
    people: &People,
    messages: u32,
    open: Open,
    breaking: Option<&Breaking>,
) -> Result<Runs, BenchError> {
    let Open {
        rate,
        acknowledge_every,
    } = open;
    people.acknowledge_every(acknowledge_every);
    let plan = open::Plan { rate, messages };
    let runs = open::runs(line, plan, breaking, |hash, came| {
        came.is_whole() && people.are_done_with(hash, came.acknowledged.is_some())
    });
    let runs = runs.await?;
    people.acknowledge_every(0);
    Ok(runs)
}

impl Measured for Latency {
    fn json(&self) -> Value {
        let Pairs { ways, floor, ratios } = &self.pairs;
        json!({
            "bench": "latency",
            "delivered_ms": ways.delivered.json(),
            "floor_ms": floor.json(),
            "ratio_p50": median(ratios).map(rounded),
            "rounds": ratios.len(),
            "ratios": ratios,
            "stored_ms": ways.stored.json(),
            "release_ms": ways.release.json(),
            "in_flight": 1,
            "legs": self.legs,
            "open": self.open.as_ref().map(|runs| runs.without.json()),
            "with_faults": self.open.as_ref().and_then(|runs| runs.with.as_ref()).map(Run::json),
            "conditions": self.conditions.json(),
        })
    }

    fn table(&self) -> String {
        let Pairs { ways, floor, ratios } = &self.pairs;
        let rows = [
            row(COLUMNS),
            ways.delivered.row("RELEASED to DELIVERED"),
            floor.row("the floor"),
            ways.stored.row("receipt on A's disk"),
            ways.release.row("asked to RELEASED"),
        ];
        let middle = number(median(ratios));
        let rounds = ratios.len();
        let open: String = self
            .runs()
            .iter()
            .map(|run| format!("\n{}", run.table()))
            .collect();
        format!(
            "One message in flight:\n{}A message takes {middle} times the floor (p50; median of {rounds} paired \
             rounds).\n{open}{}",
            table(&rows),
            self.conditions.words()
        )
    }

    fn runs(&self) -> Vec<&Run> {
        self.open.as_ref().map(Runs::all).unwrap_or_default()
    }

    fn floor(&self) -> Option<&Times> {
        Some(&self.pairs.floor)
    }

    fn values(&self) -> Values {
        let mut values = match &self.open {
            Some(runs) => runs.judged().values(),
            None => closed(&self.pairs),
        };
        if let Some(ratio) = median(&self.pairs.ratios) {
            values.insert("ratio_p50".into(), rounded(ratio));
        }
        values
    }
}

/// The rounds' own times, where nothing else was measured.
fn closed(pairs: &Pairs) -> Values {
    let ways = &pairs.ways;
    let named = [
        ("released", &ways.release),
        ("delivered", &ways.delivered),
        ("stored", &ways.stored),
    ];
    named
        .into_iter()
        .flat_map(|(key, times)| quantiles(times).map(move |(name, value)| (format!("{name}_{key}"), value)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::bench::report::run::tests::stalled;

    const PLAN: Plan = Plan {
        messages: 100,
        rounds: 3,
        open: Some(Open {
            rate: 100,
            acknowledge_every: 10,
        }),
    };

    fn measured(run: Option<Run>) -> Latency {
        let folder = tempfile::tempdir().unwrap();
        Latency {
            conditions: Conditions::of(folder.path()),
            legs: "direct",
            pairs: pairs::tests::three_rounds(),
            open: run.map(|without| Runs { without, with: None }),
        }
    }

    #[test]
    fn one_spoiled_round_does_not_move_the_ratio() {
        let told = measured(None).json();
        assert!((told["ratio_p50"].as_f64().unwrap() - 3.0).abs() < 0.01, "{told}");
        assert_eq!(
            (told["rounds"].as_u64(), told["ratios"].as_array().unwrap().len()),
            (Some(3), 3)
        );
    }

    #[test]
    fn the_object_has_the_fields_that_scripts_read() {
        let told = measured(Some(stalled())).json();
        for of in ["delivered_ms", "floor_ms", "stored_ms"] {
            for name in ["p50", "p90", "p99", "p999", "max"] {
                assert!(told[of][name].is_f64(), "{of}.{name}");
            }
        }
        assert!(!told.to_string().contains('\n'));
    }

    #[test]
    fn the_table_is_short() {
        let text = measured(Some(stalled())).table();
        assert!(text.contains("3.0") && text.lines().count() <= 24, "{text}");
    }

    #[test]
    fn every_metric_that_can_be_asked_for_is_measured() {
        for (plan, latency) in [
            (PLAN, measured(Some(stalled()))),
            (Plan { open: None, ..PLAN }, measured(None)),
        ] {
            catalogue(plan).is_measured(&latency.values());
        }
    }

    #[test]
    fn both_runs_are_told_and_the_one_with_faults_is_judged() {
        let mut latency = measured(Some(stalled()));
        let mut with = stalled();
        with.name = "with preset congested".into();
        for row in &mut with.rows {
            row.delivered = row.delivered.map(|time| time * 2);
        }
        latency.open = latency.open.map(|runs| Runs {
            with: Some(with),
            ..runs
        });
        let told = latency.json();
        assert_eq!(told["open"]["name"], "without faults");
        assert_eq!(told["with_faults"]["name"], "with preset congested");
        assert!((latency.values()["p50_delivered"] - 6.0).abs() < 0.1);
        assert!(latency.table().contains("with preset congested"));
        assert_eq!(latency.runs().len(), 2);
    }

    #[test]
    fn promises_are_held_against_the_schedule_and_not_against_the_rounds() {
        let latency = measured(Some(stalled()));
        assert!((latency.values()["max_delivered"] - 203.0).abs() < 1.0);
        assert!((measured(None).values()["max_delivered"] - 500.0).abs() < 1.0);
    }
}
