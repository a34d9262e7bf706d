//! `hotline bench latency`: one message in flight.
//!
//! Measured from RELEASED, which is the desk's answer that the release is committed, to the moment when the DELIVERED
//! receipt of the same message is at the sender and verified: signed by the recipient after its own commit. The floor ends
//! at the same point, when B's answer is at A. Until the receipt is on A's own disk, too, and may be shown, is told beside
//! it (`stored_ms`), and only then the next message leaves.
//!
//! One in flight is a closed loop by its definition: a message leaves when the one before has come back, so nothing waits
//! for a late one and nothing has to be corrected. Each round of the line has a round of the floor beside it, in turn the
//! first; the median of the rounds' ratios is the figure, for a neighbour that takes the processor for a second spoils one
//! ratio and not the result.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    Report,
    child::Listener,
    conditions::Conditions,
    error::BenchError,
    floor::{Floor, FloorError},
    line::Line,
    progress,
    spread::{COLUMNS, Times, median, ratio, rounded},
    table::{number, row, table},
};

/// Messages before anything is measured, on the line and on the floor.
const WARM_UP: u32 = 200;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages over all rounds; the floor gets as many.
    pub messages: u32,
    /// Rounds.
    pub rounds: u32,
}

/// What was measured.
#[derive(Debug)]
pub struct Latency {
    conditions: Conditions,
    ways: Ways,
    floor: Times,
    ratios: Vec<f64>,
}

/// Sets up a line and a floor with the program `exe`, measures, and removes everything.
///
/// # Errors
/// If they cannot be set up, or a message is not receipted.
pub async fn measure(exe: &Path, dir: Option<&Path>, plan: Plan) -> Result<Latency, BenchError> {
    progress("two relays, two desks and the floor are coming up …");
    let mut line = Line::open(exe, dir, Listener::Nobody).await?;
    let measured = Box::pin(on(exe, &mut line, plan)).await;
    line.closing(measured).await
}

async fn on(exe: &Path, line: &mut Line, plan: Plan) -> Result<Latency, BenchError> {
    let seams = line.sender().station().seams().clone();
    let mut floor = Floor::open(exe, line.folder(), line.sides(), &seams).await?;
    let mut whole = Latency {
        conditions: Conditions::of(line.folder()),
        ways: Ways::new(),
        floor: Times::new(),
        ratios: Vec::new(),
    };
    line_round(line, WARM_UP).await?;
    floor_round(&mut floor, WARM_UP).await?;
    for round in 0..plan.rounds {
        let messages = share(plan, round);
        let (ours, theirs) = if round % 2 == 0 {
            let ours = line_round(line, messages).await?;
            (ours, floor_round(&mut floor, messages).await?)
        } else {
            let theirs = floor_round(&mut floor, messages).await?;
            (line_round(line, messages).await?, theirs)
        };
        whole.add(&ours, &theirs);
        progress(&format!(
            "round {} of {}: {:.3} ms, floor {:.3} ms",
            round + 1,
            plan.rounds,
            ours.delivered.p50(),
            theirs.p50()
        ));
    }
    floor.close().await?;
    Ok(whole)
}

/// Messages of that round: as equal as whole numbers allow.
fn share(plan: Plan, round: u32) -> u32 {
    plan.messages / plan.rounds + u32::from(round < plan.messages % plan.rounds)
}

/// What messages of the line took.
#[derive(Debug)]
struct Ways {
    release: Times,
    delivered: Times,
    stored: Times,
}

impl Ways {
    fn new() -> Self {
        Self {
            release: Times::new(),
            delivered: Times::new(),
            stored: Times::new(),
        }
    }

    fn add_all(&mut self, other: &Self) {
        self.release.add_all(&other.release);
        self.delivered.add_all(&other.delivered);
        self.stored.add_all(&other.stored);
    }
}

async fn line_round(line: &mut Line, messages: u32) -> Result<Ways, BenchError> {
    let mut ways = Ways::new();
    let mut events = line.sender().station().events();
    for _ in 0..messages {
        let way = line.sender().one(&mut events).await?;
        ways.release.add(way.release);
        ways.delivered.add(way.delivered);
        ways.stored.add(way.stored);
    }
    // The second relay's acceptance may still be on its way: it is not to fall into the floor's round.
    line.wait_until_whole(0).await?;
    Ok(ways)
}

async fn floor_round(floor: &mut Floor, messages: u32) -> Result<Times, FloorError> {
    let mut times = Times::new();
    for _ in 0..messages {
        times.add(floor.one().await?);
    }
    Ok(times)
}

impl Latency {
    fn add(&mut self, ours: &Ways, floor: &Times) {
        self.ways.add_all(ours);
        self.floor.add_all(floor);
        self.ratios.extend(ratio(ours.delivered.p50(), floor.p50()));
    }
}

impl Report for Latency {
    fn json(&self) -> Value {
        json!({
            "bench": "latency",
            "delivered_ms": self.ways.delivered.json(),
            "floor_ms": self.floor.json(),
            "ratio_p50": median(&self.ratios).map(rounded),
            "rounds": self.ratios.len(),
            "ratios": self.ratios,
            "stored_ms": self.ways.stored.json(),
            "release_ms": self.ways.release.json(),
            "in_flight": 1,
            "conditions": self.conditions.json(),
        })
    }

    fn table(&self) -> String {
        let rows = [
            row(COLUMNS),
            self.ways.delivered.row("RELEASED to DELIVERED"),
            self.floor.row("the floor"),
            self.ways.stored.row("receipt on A's disk"),
            self.ways.release.row("asked to RELEASED"),
        ];
        let middle = number(median(&self.ratios));
        let rounds = self.ratios.len();
        let words = self.conditions.words();
        format!(
            "{}\nA message takes {middle} times the floor (p50; median of {rounds} paired rounds).\n{words}",
            table(&rows)
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::time::Duration;

    use super::*;

    fn times(ms: u64) -> Times {
        let mut times = Times::new();
        times.add(Duration::from_millis(ms));
        times
    }

    fn three_rounds() -> Latency {
        let folder = tempfile::tempdir().unwrap();
        let mut whole = Latency {
            conditions: Conditions::of(folder.path()),
            ways: Ways::new(),
            floor: Times::new(),
            ratios: Vec::new(),
        };
        for (ours, floor) in [(30, 10), (500, 10), (20, 10)] {
            let ways = Ways {
                release: times(1),
                delivered: times(ours),
                stored: times(ours + 1),
            };
            whole.add(&ways, &times(floor));
        }
        whole
    }

    #[test]
    fn rounds_share_the_messages_and_lose_none() {
        let plan = Plan {
            messages: 2005,
            rounds: 20,
        };
        let shares: Vec<u32> = (0..20).map(|round| share(plan, round)).collect();
        assert_eq!(shares.iter().sum::<u32>(), 2005);
        assert!(shares.iter().all(|share| (100..=101).contains(share)));
    }

    #[test]
    fn one_spoiled_round_does_not_move_the_ratio() {
        let told = three_rounds().json();
        assert!((told["ratio_p50"].as_f64().unwrap() - 3.0).abs() < 0.01, "{told}");
        assert_eq!(
            (told["rounds"].as_u64(), told["ratios"].as_array().unwrap().len()),
            (Some(3), 3)
        );
    }

    #[test]
    fn the_object_has_the_fields_that_scripts_read() {
        let told = three_rounds().json();
        for of in ["delivered_ms", "floor_ms", "stored_ms"] {
            for name in ["p50", "p90", "p99", "p999", "max"] {
                assert!(told[of][name].is_f64(), "{of}.{name}");
            }
        }
        assert!(!told.to_string().contains('\n'));
    }

    #[test]
    fn the_table_is_short() {
        let text = three_rounds().table();
        assert!(text.contains("3.0") && text.lines().count() <= 10, "{text}");
    }
}
