//! `hotline bench failover`: a relay is killed under traffic, again and again.
//!
//! Messages are released on a fixed schedule whether or not the ones before are back, and a receipt's time counts from
//! the moment when its message was due. A relay is killed with SIGKILL (north and south in turn), started again after a
//! while, and the stretch lasts until every leg of both desks is up, no more is owed than a second's messages, and two
//! more seconds have passed. Before each such stretch, and after the last, lies a quiet one as long as the stretch before
//! it, watched in the same way; the longest gap between two DELIVERED receipts in either kind is what is compared. One
//! that touches a stretch with a kill is the kill's.
//!
//! Lost is a message that desk A released and that has no DELIVERED receipt, or that desk B never showed; shown twice is
//! one that desk B told its watcher of more than once.

mod gaps;
mod shown;

use std::{path::Path, time::Duration};

use hotline_core::time::LineTime;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    Measured, open,
    pacer::Schedule,
    traffic::{Sent, Traffic},
};
use crate::bench::{
    error::BenchError,
    line::{Line, Which, child::Listener},
    progress,
    report::{
        conditions::Conditions,
        run::Run,
        table::{number, row, table},
        times::{COLUMNS, Times, ms, ratio},
    },
    slo::metric::{Catalogue, Values},
};
use gaps::{Stretch, longest_inside, longest_touching};
use shown::Shown;

/// What promises can be about.
pub fn catalogue() -> Catalogue {
    Catalogue {
        bench: "failover",
        series: Vec::new(),
        single: Vec::new(),
    }
}

/// The first quiet stretch, before any kill has shown how long its stretch takes.
const FIRST_QUIET: Duration = Duration::from_secs(3);
/// What follows once the line is whole and still counts as the kill's. 2 s: longer than a silent leg takes to be noticed.
const SETTLE: Duration = Duration::from_secs(2);
/// Traffic before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// Lines of desk B that may wait for us. 16,384: what a desk keeps for a slow watcher.
const LINES_MAX: usize = 16_384;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many times a relay is killed.
    pub kills: u32,
    /// Messages a second.
    pub rate: u32,
    /// How long a killed relay stays away.
    pub down: Duration,
}

/// What was measured.
#[derive(Debug)]
pub struct Failover {
    conditions: Conditions,
    rate: u32,
    delivered: Times,
    /// The longest gap of each stretch with a kill.
    with_kill: Vec<Duration>,
    /// The longest gap of each quiet stretch.
    without_kill: Vec<Duration>,
    released: usize,
    lost: usize,
    shown_twice: usize,
}

/// Sets up a line with the program `exe`, measures, and removes everything.
///
/// # Errors
/// If it cannot be set up, a relay does not come back, or the measurement missed events.
pub async fn measure(exe: &Path, dir: Option<&Path>, plan: Plan) -> Result<Failover, BenchError> {
    progress("two relays and two desks are coming up …");
    let (told, lines) = mpsc::channel(LINES_MAX);
    let mut line = Line::open(exe, dir, Listener::Channel(told)).await?;
    let shown = shown::watch(lines);
    let measured = Box::pin(on(&mut line, shown, plan)).await;
    line.closing(measured).await
}

async fn on(line: &mut Line, shown: shown::Watcher, plan: Plan) -> Result<Failover, BenchError> {
    let conditions = Conditions::of(line.folder());
    let mut traffic = Traffic::start(
        line.sender(),
        Schedule {
            period: open::period(plan.rate),
            count: None,
        },
    )?;
    let (mut quiet, mut kills) = (Vec::new(), Vec::new());
    let stretches = async {
        line.watch_for(WARM_UP).await?;
        let (mut length, mut which) = (FIRST_QUIET, Which::North);
        for kill in 0..plan.kills {
            quiet.push(quietly(line, length).await?);
            let stretch = killing(line, which, plan).await?;
            length = stretch.length();
            progress(&format!(
                "kill {} of {}: over after {:.1} s",
                kill + 1,
                plan.kills,
                length.as_secs_f64()
            ));
            kills.push(stretch);
            which = which.other();
        }
        quiet.push(quietly(line, length).await?);
        Ok::<(), BenchError>(())
    };
    tokio::select! {
        done = stretches => done?,
        error = traffic.failed() => return Err(error),
    }
    let sent = traffic.finish(|_, came| came.delivered.is_some()).await?;
    let shown = shown.finish(&sent.released()).await?;
    Ok(Failover::of(conditions, plan, &sent, &shown, (&quiet, &kills)))
}

async fn quietly(line: &mut Line, length: Duration) -> Result<Stretch, BenchError> {
    let from = line.sender().now();
    line.watch_for(length).await?;
    Ok(Stretch {
        from,
        to: line.sender().now(),
    })
}

async fn killing(line: &mut Line, which: Which, plan: Plan) -> Result<Stretch, BenchError> {
    let from = line.sender().now();
    line.kill(which).await?;
    line.watch_for(plan.down).await?;
    line.restart(which).await?;
    // A relay that comes back is behind: what it catches up with belongs to the kill.
    line.wait_until_whole(u64::from(plan.rate)).await?;
    line.watch_for(SETTLE).await?;
    Ok(Stretch {
        from,
        to: line.sender().now(),
    })
}

impl Failover {
    fn of(
        conditions: Conditions,
        plan: Plan,
        sent: &Sent,
        shown: &Shown,
        (quiet, kills): (&[Stretch], &[Stretch]),
    ) -> Self {
        let times = sent.receipt_times();
        let all = |longest: fn(&[LineTime], Stretch) -> Duration, stretches: &[Stretch]| {
            stretches
                .iter()
                .map(|stretch| longest(&times, *stretch))
                .collect()
        };
        Self {
            conditions,
            rate: plan.rate,
            delivered: sent
                .left
                .iter()
                .filter_map(|(hash, left)| Some(sent.came.get(hash)?.delivered?.since(left.due)))
                .collect(),
            with_kill: all(longest_touching, kills),
            without_kill: all(longest_inside, quiet),
            released: sent.released().len(),
            lost: sent
                .released()
                .iter()
                .filter(|hash| {
                    sent.came.get(*hash).is_none_or(|came| came.delivered.is_none()) || !shown.ever(hash)
                })
                .count(),
            shown_twice: shown.more_than_once(),
        }
    }

    fn worst(gaps: &[Duration]) -> f64 {
        ms(gaps.iter().copied().max().unwrap_or_default())
    }
}

impl Measured for Failover {
    fn json(&self) -> Value {
        let (with, without) = (Self::worst(&self.with_kill), Self::worst(&self.without_kill));
        let each = |gaps: &[Duration]| gaps.iter().map(|gap| ms(*gap)).collect::<Vec<_>>();
        json!({
            "bench": "failover",
            "kills": self.with_kill.len(),
            "gap_ms": { "with_kill": with, "without_kill": without },
            "ratio": ratio(with, without),
            "lost": self.lost,
            "shown_twice": self.shown_twice,
            "released": self.released,
            "rate": self.rate,
            "delivered_ms": self.delivered.json(),
            "gaps_ms": { "with_kill": each(&self.with_kill), "without_kill": each(&self.without_kill) },
            "conditions": self.conditions.json(),
        })
    }

    fn table(&self) -> String {
        let (with, without) = (Self::worst(&self.with_kill), Self::worst(&self.without_kill));
        let gaps = [
            row(["longest gap between receipts", "ms"]),
            row(["with a kill", &format!("{with:.1}")]),
            row(["without", &format!("{without:.1}")]),
        ];
        let times = [row(COLUMNS), self.delivered.row("due to DELIVERED")];
        let Self {
            released,
            lost,
            shown_twice,
            rate,
            ..
        } = self;
        let (kills, times_as) = (self.with_kill.len(), number(ratio(with, without)));
        let words = self.conditions.words();
        format!(
            "{}\n{}\n{kills} kills, {released} messages at {rate} a second: {lost} lost, {shown_twice} shown twice.\n\
             The longest gap with a kill is {times_as} times the longest without.\n{words}",
            table(&gaps),
            table(&times),
        )
    }

    fn runs(&self) -> Vec<&Run> {
        Vec::new()
    }

    fn floor(&self) -> Option<&Times> {
        None
    }

    fn values(&self) -> Values {
        Values::new()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn measured() -> Failover {
        let folder = tempfile::tempdir().unwrap();
        let mut delivered = Times::new();
        delivered.add(Duration::from_millis(4));
        Failover {
            conditions: Conditions::of(folder.path()),
            rate: 100,
            delivered,
            with_kill: [12, 30].map(Duration::from_millis).to_vec(),
            without_kill: [20, 11, 15].map(Duration::from_millis).to_vec(),
            released: 900,
            lost: 0,
            shown_twice: 0,
        }
    }

    #[test]
    fn the_longest_gap_of_each_kind_is_compared() {
        let told = measured().json();
        assert_eq!(told["gap_ms"], json!({ "with_kill": 30.0, "without_kill": 20.0 }));
        assert_eq!(told["ratio"], 1.5);
        assert_eq!(
            (&told["kills"], &told["lost"], &told["shown_twice"]),
            (&json!(2), &json!(0), &json!(0))
        );
    }

    #[test]
    fn the_table_tells_losses_and_duplicates() {
        let text = measured().table();
        assert!(
            text.contains("0 lost, 0 shown twice") && text.contains("1.50 times"),
            "{text}"
        );
    }
}
