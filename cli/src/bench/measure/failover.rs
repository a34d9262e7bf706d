//! `hotline bench failover`: legs and relays are broken under traffic, again and again.
//!
//! Messages are released on schedule whether or not the ones before are back, and a receipt's time counts from the moment
//! when its message was due. Every leg of both desks goes through a link that can be broken. A fault is drawn by the seed
//! ([`deck`]): a relay is killed (SIGKILL) or stopped, one leg is cut one way, or its UDP blocked. It is mended after a
//! while, and the stretch lasts until every leg of both desks is up, no more is owed than a second's messages, and two
//! more seconds have passed. Before each such stretch, and after the last, lies a quiet one as long as the stretch before
//! it, watched in the same way; the longest gap between two DELIVERED receipts in either kind is what is compared. One
//! that touches a stretch with a fault is the fault's.
//!
//! When a desk called a leg SUSPECT or DOWN counts from the moment when the fault was applied, and when the leg was back
//! from the moment when it was mended (for a killed relay: when it listens again). Of several legs the slowest counts.
//!
//! Cutting all legs at once is a kind of its own, and only where it is asked for. Its gap is as long as the cut and in no
//! comparison; what counts is when desk B shows the first message once the first leg has healed.
//!
//! Lost is a message that desk A released and that has no DELIVERED receipt, or that desk B never showed; shown twice is
//! one that desk B told its watcher of more than once; out of order is one that it showed behind a later one of the same
//! sender.

pub mod deck;
mod shown;
mod stretch;
mod told;

use std::{sync::Arc, time::Duration};

use hotline_core::{outbox::Bounds, precedence::Precedence, time::LineTime};
use hotline_exercise::live::child::Listener;
use tokio::sync::mpsc;

use super::{
    gaps::{Stretch, longest_inside, longest_touching},
    legs::{Legs, Noticed},
    open::{Played, period},
    pacer::Schedule,
    traffic::{Sent, Traffic},
};
use crate::bench::{
    error::BenchError,
    line::{Line, Setup, Wiring},
    progress,
    report::{
        conditions::Conditions,
        run::{Gap, Run, Shade},
        times::Times,
    },
};
use deck::{Draw, Kind, Target};
use shown::Shown;
use stretch::Done;
pub use told::catalogue;

/// The first quiet stretch, before any fault has shown how long its stretch takes.
const FIRST_QUIET: Duration = Duration::from_secs(3);
/// Traffic before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// Messages of the floor. 500: a second's worth.
const FLOOR_MESSAGES: u32 = 500;
/// Lines of desk B that may wait for us. 16,384: what a desk keeps for a slow watcher.
const LINES_MAX: usize = 16_384;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many faults.
    pub faults: u32,
    /// Of which kinds.
    pub kinds: Vec<Kind>,
    /// What chance is drawn from.
    pub seed: u64,
    /// Messages a second.
    pub rate: u32,
    /// How long a fault lasts.
    pub lasts: Duration,
}

/// One fault, and what came of it.
#[derive(Clone, Debug)]
pub struct Happened {
    /// What was broken.
    pub draw: Draw,
    /// From the beginning of the run.
    pub at: Duration,
    /// Until it was mended.
    pub lasted: Duration,
    /// The longest gap of its stretch.
    pub gap: Duration,
    /// What both desks noticed of each leg that could not carry.
    pub legs: Vec<(String, Noticed)>,
    /// Messages that desk B showed in its stretch behind a later one.
    pub out_of_order: usize,
    /// What came of cutting all legs.
    pub healed: Option<Healed>,
}

/// What came once the first of all legs had healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Healed {
    /// Until desk B showed the first message that was due since the cut, from when the leg healed.
    pub first_shown: Option<Duration>,
    /// How much later the other legs healed.
    pub others_after: Duration,
}

/// What was measured.
#[derive(Debug)]
pub struct Failover {
    conditions: Conditions,
    /// The floor, before anything was broken.
    floor: Times,
    faults: Vec<Happened>,
    /// The longest gap of each quiet stretch.
    quiet: Vec<Duration>,
    released: usize,
    lost: usize,
    shown_twice: usize,
    out_of_order: usize,
    run: Run,
}

impl Plan {
    /// Whether desk A can keep what it is to release while all legs are cut, and until they have carried it.
    ///
    /// # Errors
    /// If not.
    fn fits(&self) -> Result<(), BenchError> {
        let limit = Bounds::default().limit(Precedence::Routine) as u64;
        let backlog = self.backlog();
        if !self.kinds.contains(&Kind::AllCut) || backlog <= limit / 2 {
            return Ok(());
        }
        Err(BenchError::Backlog {
            backlog,
            most: limit / 2,
        })
    }
}

/// Sets up a line, measures, and removes everything.
///
/// # Errors
/// If it cannot be set up, a leg does not come back, or the measurement missed events.
pub async fn measure(setup: Setup<'_>, plan: &Plan) -> Result<Failover, BenchError> {
    plan.fits()?;
    let draws = deck::draw(plan.seed, &plan.kinds, plan.faults)?;
    progress("two relays and two desks are coming up …");
    let (told, lines) = mpsc::channel(LINES_MAX);
    let wiring = Wiring::Links { seed: plan.seed };
    let mut line = Line::open(setup, wiring, Listener::Channel(told)).await?;
    let legs = Legs::new(Arc::clone(&line.sender().station().seams().clock));
    let shown = shown::watch(lines, legs.clone());
    let measured = Box::pin(on(setup, &mut line, &legs, shown, plan, draws)).await;
    line.closing(measured).await
}

async fn on(
    setup: Setup<'_>,
    line: &mut Line,
    legs: &Legs,
    shown: shown::Watcher,
    plan: &Plan,
    draws: Vec<Draw>,
) -> Result<Failover, BenchError> {
    let surroundings = Surroundings {
        conditions: Conditions::of(line.folder()),
        floor: super::floor(setup.exe, line, FLOOR_MESSAGES).await?,
    };
    let _listening = legs.listen(line.sender().station().events());
    let schedule = Schedule {
        period: period(plan.rate),
        count: None,
    };
    let mut traffic = Traffic::start(line.sender(), schedule)?;
    let mut stretches = Stretches::default();
    tokio::select! {
        done = all(line, plan, draws, &mut stretches) => done?,
        error = traffic.failed() => return Err(error),
    }
    let sent = traffic.finish(|_, came| came.delivered.is_some()).await?;
    let shown = shown.finish(&sent.released()).await?;
    let counted = Counted::of(&sent, &shown);
    let seen = Seen::of(&sent, shown);
    let played = Played::from(stretches.begin.unwrap_or(LineTime::START), sent);
    let run = played.run(line.sender(), "with faults", plan.rate).await?;
    stretches.judged(legs, &seen, &played.receipts, surroundings, counted, run)
}

/// What desk B showed, beside when it was due.
struct Seen {
    shown: Shown,
    /// When each shown message was due and first shown.
    times: Vec<(LineTime, LineTime)>,
}

impl Seen {
    fn of(sent: &Sent, shown: Shown) -> Self {
        let times = sent.left.iter();
        let times = times.filter_map(|(hash, left)| Some((left.due, shown.first(hash)?)));
        Self {
            times: times.collect(),
            shown,
        }
    }

    /// Until the first message was shown that was due since the cut at `since`, from when a leg healed.
    fn first_after(&self, since: LineTime, healed: LineTime) -> Option<Duration> {
        let late = self
            .times
            .iter()
            .filter(|(due, shown)| *due >= since && *shown >= healed);
        late.map(|(_, shown)| shown.since(healed)).min()
    }
}

/// Where it was measured, and what that costs anybody.
struct Surroundings {
    conditions: Conditions,
    floor: Times,
}

/// What was done, stretch by stretch.
#[derive(Default)]
struct Stretches {
    begin: Option<LineTime>,
    quiet: Vec<Stretch>,
    broken: Vec<(Draw, Done)>,
}

/// What of all messages is told as a number.
struct Counted {
    released: usize,
    lost: usize,
    shown_twice: usize,
    out_of_order: usize,
}

impl Counted {
    fn of(sent: &Sent, shown: &Shown) -> Self {
        let receipted = |hash| sent.came.get(hash).is_some_and(|came| came.delivered.is_some());
        Self {
            released: sent.left.len(),
            lost: sent
                .left
                .keys()
                .filter(|hash| !receipted(*hash) || !shown.ever(hash))
                .count(),
            shown_twice: shown.more_than_once(),
            out_of_order: shown.out_of_order(None),
        }
    }
}

async fn all(
    line: &mut Line,
    plan: &Plan,
    draws: Vec<Draw>,
    stretches: &mut Stretches,
) -> Result<(), BenchError> {
    line.watch_for(WARM_UP).await?;
    stretches.begin = Some(line.sender().now());
    let (mut length, count) = (FIRST_QUIET, draws.len());
    for (number, draw) in draws.into_iter().enumerate() {
        stretches.quiet.push(quietly(line, length).await?);
        let done = stretch::play(line, &draw, plan).await?;
        let took = done.broken.stretch().length();
        // What is not compared needs no quiet as long.
        length = done.first_healed.map_or(took, |_| FIRST_QUIET);
        progress(&format!(
            "fault {} of {count}, {draw}: over after {:.1} s",
            number + 1,
            took.as_secs_f64()
        ));
        stretches.broken.push((draw, done));
    }
    stretches.quiet.push(quietly(line, length).await?);
    Ok(())
}

async fn quietly(line: &mut Line, length: Duration) -> Result<Stretch, BenchError> {
    let from = line.sender().now();
    line.watch_for(length).await?;
    Ok(Stretch {
        from,
        to: line.sender().now(),
    })
}

impl Stretches {
    /// Everything measured, from what was done, what the desks said and when receipts came.
    fn judged(
        self,
        legs: &Legs,
        seen: &Seen,
        receipts: &[LineTime],
        surroundings: Surroundings,
        counted: Counted,
        mut run: Run,
    ) -> Result<Failover, BenchError> {
        let begin = self.begin.unwrap_or(LineTime::START);
        let mut faults = Vec::new();
        for (draw, done) in self.broken {
            let broken = done.broken;
            let gap = longest_touching(receipts, broken.stretch());
            run.shades.push(Shade {
                from: broken.at.since(begin),
                to: broken.mended.since(begin),
                what: draw.to_string(),
            });
            run.gaps.push(Gap {
                from: gap.from.since(begin),
                length: gap.length(),
            });
            let noticed = draw.target.legs()?.into_iter();
            let noticed = noticed.map(|link| {
                let noticed = legs.noticed(&link, done.of(&link, &draw.target));
                (link.to_string(), noticed)
            });
            faults.push(Happened {
                at: broken.at.since(begin),
                lasted: done.first_healed.unwrap_or(broken.mended).since(broken.at),
                gap: gap.length(),
                legs: noticed.collect(),
                out_of_order: seen.shown.out_of_order(Some(broken.stretch())),
                healed: done.first_healed.map(|healed| Healed {
                    first_shown: seen.first_after(broken.at, healed),
                    others_after: broken.mended.since(healed),
                }),
                draw,
            });
        }
        let quiet = self.quiet.into_iter();
        legs.missed_nothing()?;
        let Surroundings { conditions, floor } = surroundings;
        Ok(Failover {
            conditions,
            floor,
            faults,
            quiet: quiet
                .map(|stretch| longest_inside(receipts, stretch).length())
                .collect(),
            released: counted.released,
            lost: counted.lost,
            shown_twice: counted.shown_twice,
            out_of_order: counted.out_of_order,
            run,
        })
    }
}
