//! One message in flight, round by round beside the floor.
//!
//! Measured from RELEASED, which is the desk's answer that the release is committed, to the moment when the DELIVERED
//! receipt of the same message is at the sender and verified: signed by the recipient after its own commit. The floor ends
//! at the same point, when B's answer is at A. Until the receipt is on A's own disk, too, and may be shown, is told beside
//! it (`stored_ms`), and only then the next message leaves.
//!
//! One in flight is a closed loop by its definition: a message leaves when the one before has come back, so nothing waits
//! for a late one, and a stall is seen once. Each round of the line has a round of the floor beside it, in turn the first;
//! the median of the rounds' ratios is the figure, for a neighbour that takes the processor for a second spoils one ratio
//! and not the result.

use std::path::Path;

use super::Plan;
use crate::bench::{
    error::BenchError,
    floor::{Floor, FloorError},
    line::Line,
    progress,
    report::times::{Times, ratio},
};

/// Messages before anything is measured, on the line and on the floor.
const WARM_UP: u32 = 200;

/// What messages of the line took.
#[derive(Debug)]
pub struct Ways {
    /// From asking to RELEASED.
    pub release: Times,
    /// From RELEASED to DELIVERED.
    pub delivered: Times,
    /// Until the receipt was on desk A's disk.
    pub stored: Times,
}

/// What all rounds took.
#[derive(Debug)]
pub struct Pairs {
    /// The line.
    pub ways: Ways,
    /// The floor.
    pub floor: Times,
    /// How many times the floor's median the line's was, round by round.
    pub ratios: Vec<f64>,
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

impl Pairs {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            ways: Ways::new(),
            floor: Times::new(),
            ratios: Vec::new(),
        }
    }

    /// Takes a round of each.
    pub fn add(&mut self, ours: &Ways, floor: &Times) {
        self.ways.add_all(ours);
        self.floor.add_all(floor);
        self.ratios.extend(ratio(ours.delivered.p50(), floor.p50()));
    }
}

/// Measures all rounds.
///
/// # Errors
/// If the floor cannot be set up, or a message is not receipted.
pub async fn measure(exe: &Path, line: &mut Line, plan: Plan) -> Result<Pairs, BenchError> {
    let seams = line.sender().station().seams().clone();
    let mut floor = Floor::open(exe, line.folder(), line.sides(), &seams).await?;
    let mut whole = Pairs::new();
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

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::time::Duration;

    use super::*;

    fn times(ms: u64) -> Times {
        [Duration::from_millis(ms)].into_iter().collect()
    }

    /// 30, 500 and 20 ms beside a floor of 10.
    pub fn three_rounds() -> Pairs {
        let mut whole = Pairs::new();
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
            open: None,
        };
        let shares: Vec<u32> = (0..20).map(|round| share(plan, round)).collect();
        assert_eq!(shares.iter().sum::<u32>(), 2005);
        assert!(shares.iter().all(|share| (100..=101).contains(share)));
    }
}
