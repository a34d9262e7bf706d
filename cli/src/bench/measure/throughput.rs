//! `hotline bench throughput`: many messages in flight.
//!
//! A message counts when it is fully receipted: both relays have signed ACCEPTED, desk B has signed DELIVERED, and desk
//! A has checked all three and has them on disk. Only then does the next one leave, so that a slower relay is waited for
//! and no work is pushed behind the end of the measurement. Time is cut into slices, each with one of the floor's beside
//! it, in turn the first; what runs while the line fills and drains is not counted. Processor time is that of the line's
//! own slices; desk A's process includes its releaser, who signs every message, and the measurement itself.
//!
//! That says what the line can carry, and is a closed loop: nothing leaves while it stalls. What a message takes under
//! load is measured behind it, on schedule ([`open`]), at a share of the rate that was found or at one that was named.

mod slice;

use std::{path::Path, time::Duration};

use hotline_exercise::live::child::Listener;
use serde_json::{Map, Value, json};

use super::{
    Measured,
    breaking::Breaking,
    open::{self, Runs},
};
use crate::bench::{
    error::BenchError,
    floor::{Floor, Passed},
    line::{Line, PROCESSES, Setup, usage::megabytes},
    progress,
    report::{
        conditions::Conditions,
        run::Run,
        table::{number, row, table},
        times::{Times, median, ms, ratio, rounded},
    },
    slo::metric::{Catalogue, Kind, Values},
};
use slice::Slice;

/// How long a slice is at least; shorter runs have one slice.
const SLICE: Duration = Duration::from_secs(2);
/// What runs before a slice is counted: the line fills.
const RAMP: Duration = Duration::from_millis(300);

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages in flight at any time.
    pub in_flight: u32,
    /// How long, over all slices; the floor gets as long, and so does the schedule.
    pub time: Duration,
    /// The part on schedule.
    pub open: Option<Load>,
}

/// How many messages a second leave on schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// That many.
    Rate(u32),
    /// So many hundredths of what the line just carried.
    Percent(u32),
}

impl Load {
    fn rate(self, carried: f64) -> u32 {
        match self {
            Self::Rate(rate) => rate,
            // Both are small and positive; a line that carries nothing is asked for one a second.
            Self::Percent(percent) => (carried * f64::from(percent) / 100.0).max(1.0) as u32,
        }
    }
}

/// What promises can be about.
pub fn catalogue(plan: Plan) -> Catalogue {
    let mut single = vec![
        ("rate", Kind::Rate),
        ("ratio", Kind::Ratio),
        ("cpu_ms_per_1000", Kind::Time),
    ];
    let mut series = Vec::new();
    if plan.open.is_some() {
        single.push(("lost", Kind::Count));
        series.extend([
            "released",
            "accepted",
            "accepted_north",
            "accepted_south",
            "delivered",
            "stored",
        ]);
    }
    Catalogue {
        bench: "throughput",
        series,
        single,
    }
}

/// What was measured.
#[derive(Debug)]
pub struct Throughput {
    conditions: Conditions,
    /// How desks reach relays.
    legs: &'static str,
    in_flight: u32,
    ours: Passed,
    floor: Passed,
    ratios: Vec<f64>,
    cpu: [Duration; 4],
    resident: [u64; 4],
    open: Option<Runs>,
}

/// Sets up a line and a floor, measures, and removes everything.
///
/// # Errors
/// If they cannot be set up, or a message is not receipted.
pub async fn measure(
    setup: Setup<'_>,
    plan: Plan,
    breaking: Option<&Breaking>,
) -> Result<Throughput, BenchError> {
    progress("two relays, two desks and the floor are coming up …");
    let mut line = Line::open(setup, Breaking::wiring(breaking), Listener::Nobody).await?;
    let measured = Box::pin(on(setup.exe, &mut line, plan, breaking)).await;
    line.closing(measured).await
}

async fn on(
    exe: &Path,
    line: &mut Line,
    plan: Plan,
    breaking: Option<&Breaking>,
) -> Result<Throughput, BenchError> {
    if let Some(breaking) = breaking {
        breaking.check(line.links()?)?;
    }
    let seams = line.sender().station().seams().clone();
    let mut floor = Floor::open(exe, line.folder(), line.sides(), &seams).await?;
    let mut whole = Throughput::nothing(Conditions::of(line.folder()), line.wired(), plan.in_flight);
    let (slices, time) = slices(plan.time);
    // Warm-up: a short slice of each that is not counted.
    slice::run(line, plan.in_flight, RAMP, RAMP).await?;
    floor.window(plan.in_flight, RAMP, RAMP).await?;
    for number in 0..slices {
        let (ours, theirs) = if number % 2 == 0 {
            let ours = slice::run(line, plan.in_flight, RAMP, time).await?;
            (ours, floor.window(plan.in_flight, RAMP, time).await?)
        } else {
            let theirs = floor.window(plan.in_flight, RAMP, time).await?;
            (slice::run(line, plan.in_flight, RAMP, time).await?, theirs)
        };
        whole.add(&ours, theirs);
        let (ours, theirs) = (per_second(ours.passed), per_second(theirs));
        progress(&format!(
            "slice {} of {slices}: {ours:.0} a second, floor {theirs:.0}",
            number + 1
        ));
    }
    floor.close().await?;
    if let Some(load) = plan.open {
        let rate = load.rate(per_second(whole.ours));
        let seconds = u32::try_from(plan.time.as_secs()).unwrap_or(u32::MAX).max(1);
        let messages = rate.saturating_mul(seconds);
        let schedule = open::Plan { rate, messages };
        whole.open = Some(open::runs(line, schedule, breaking, None, |_, came| came.is_whole()).await?);
    }
    Ok(whole)
}

/// How many slices, and how long each is.
fn slices(time: Duration) -> (u32, Duration) {
    let slices = u32::try_from(time.as_secs() / SLICE.as_secs())
        .unwrap_or(u32::MAX)
        .max(1);
    (slices, time / slices)
}

fn per_second(passed: Passed) -> f64 {
    // Exact up to 2^53 messages.
    let seconds = passed.time.as_secs_f64();
    if seconds > 0.0 {
        passed.messages as f64 / seconds
    } else {
        0.0
    }
}

impl Throughput {
    fn nothing(conditions: Conditions, legs: &'static str, in_flight: u32) -> Self {
        let none = Passed {
            messages: 0,
            time: Duration::ZERO,
        };
        Self {
            conditions,
            legs,
            in_flight,
            ours: none,
            floor: none,
            ratios: Vec::new(),
            cpu: [Duration::ZERO; 4],
            resident: [0; 4],
            open: None,
        }
    }

    fn add(&mut self, ours: &Slice, floor: Passed) {
        self.ratios
            .extend(ratio(per_second(ours.passed), per_second(floor)));
        for (sum, part) in [(&mut self.ours, ours.passed), (&mut self.floor, floor)] {
            sum.messages = sum.messages.saturating_add(part.messages);
            sum.time = sum.time.saturating_add(part.time);
        }
        for (sum, part) in self.cpu.iter_mut().zip(ours.cpu) {
            *sum = sum.saturating_add(part);
        }
        for (most, now) in self.resident.iter_mut().zip(ours.resident) {
            *most = (*most).max(now);
        }
    }

    /// Milliseconds of processor time for 1,000 messages.
    fn per_thousand(&self, cpu: Duration) -> Option<f64> {
        (self.ours.messages > 0).then(|| rounded(ms(cpu) * 1000.0 / self.ours.messages as f64))
    }
}

impl Measured for Throughput {
    fn json(&self) -> Value {
        let mut cpu = Map::new();
        cpu.insert("whole".into(), json!(self.per_thousand(self.cpu.iter().sum())));
        let mut resident = Map::new();
        for ((name, used), bytes) in PROCESSES.into_iter().zip(self.cpu).zip(self.resident) {
            cpu.insert(name.into(), json!(self.per_thousand(used)));
            resident.insert(name.into(), json!(megabytes(bytes)));
        }
        json!({
            "bench": "throughput",
            "messages_per_second": rounded(per_second(self.ours)),
            "floor_per_second": rounded(per_second(self.floor)),
            "ratio": median(&self.ratios).map(rounded),
            "slices": self.ratios.len(),
            "ratios": self.ratios,
            "messages": self.ours.messages,
            "in_flight": self.in_flight,
            "seconds": rounded(self.ours.time.as_secs_f64()),
            "cpu_ms_per_1000": cpu,
            "rss_mb": resident,
            "legs": self.legs,
            "open": self.open.as_ref().map(|runs| runs.without.json()),
            "with_faults": self.open.as_ref().and_then(|runs| runs.with.as_ref()).map(Run::json),
            "conditions": self.conditions.json(),
        })
    }

    fn table(&self) -> String {
        let mut rows = vec![row(["", "messages/s"])];
        for (name, passed) in [("fully receipted", self.ours), ("the floor", self.floor)] {
            rows.push(row([name, &format!("{:.0}", per_second(passed))]));
        }
        let mut used = vec![row(["process", "CPU ms/1,000", "memory MB"])];
        for ((name, cpu), bytes) in PROCESSES.into_iter().zip(self.cpu).zip(self.resident) {
            used.push(row([
                name,
                &number(self.per_thousand(cpu)),
                &format!("{:.1}", megabytes(bytes)),
            ]));
        }
        used.push(row(["whole", &number(self.per_thousand(self.cpu.iter().sum()))]));
        let (in_flight, part) = (self.in_flight, number(median(&self.ratios)));
        let words = self.conditions.words();
        let open: String = self
            .runs()
            .iter()
            .map(|run| format!("{}\n", run.table()))
            .collect();
        format!(
            "{}\n{}\n{in_flight} in flight: {part} of the floor's rate (median of paired slices).\n\n{open}{words}",
            table(&rows),
            table(&used)
        )
    }

    fn runs(&self) -> Vec<&Run> {
        self.open.as_ref().map(Runs::all).unwrap_or_default()
    }

    fn floor(&self) -> Option<&Times> {
        None
    }

    fn values(&self) -> Values {
        let mut values = self
            .open
            .as_ref()
            .map(|runs| runs.judged().values())
            .unwrap_or_default();
        values.insert("rate".into(), rounded(per_second(self.ours)));
        let single = [
            ("ratio", median(&self.ratios).map(rounded)),
            ("cpu_ms_per_1000", self.per_thousand(self.cpu.iter().sum())),
        ];
        for (name, value) in single {
            values.extend(value.map(|value| (name.to_owned(), value)));
        }
        values
    }
}

#[cfg(test)]
mod tests;
