//! Everything that the rack does, in two lanes side by side: lines under traffic mostly wait, the rest mostly computes.
//!
//! Each lane is a thread with a runtime of its own: a child process ends with the thread that started it.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

use super::{
    Rack,
    flips::Resting,
    full_disk, image, ledger_sweep, line_kills,
    points::{self, Passes},
    relay_sweep,
    tally::Tally,
};

/// How much of each is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// In sweeps of the ledger process: every so many N.
    pub ledger_stride: u64,
    /// In sweeps of a relay: every so many N.
    pub relay_stride: u64,
    /// In sweeps of a line's processes: every so many N …
    pub line_stride: usize,
    /// … below this. Threads send without end, so that no run ends clean.
    pub line_below: u64,
    /// At named points.
    pub points: Passes,
    /// Kills of single processes at random moments.
    pub random: u64,
    /// Kills of the whole line.
    pub whole: u64,
    /// Power-cut images.
    pub images: u64,
    /// Bit flips.
    pub flips: u64,
}

impl Counts {
    /// What CI does: above 500 kills (60 of them of the whole line), 300 images and 2,000 flips, with room.
    pub const FULL: Self = Self {
        ledger_stride: 1,
        relay_stride: 2,
        line_stride: 3,
        line_below: 40,
        points: Passes::FULL,
        random: 120,
        whole: 80,
        images: 2_000,
        flips: 4_000,
    };
}

/// Runs it; `say` is told what each part came to.
///
/// # Errors
/// Something cannot be done here; the sentence says what.
pub fn run(rack: &Rack, counts: &Counts, say: &mut (dyn FnMut(String) + Send)) -> Result<Tally, String> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|threads| {
        let lines = {
            let tell = tell.clone();
            threads.spawn(move || in_runtime(lines(rack, counts, &tell)))
        };
        let rest = threads.spawn(move || in_runtime(rest(rack, counts, &tell)));
        for line in told {
            say(line);
        }
        let mut tally = joined(lines)?;
        tally.add(joined(rest)?);
        Ok(tally)
    })
}

type Tell = std::sync::mpsc::Sender<String>;

/// Lines under traffic.
async fn lines(rack: &Rack, counts: &Counts, tell: &Tell) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let done = part("whole", tell, line_kills::all_at_once(rack, counts.whole)).await;
    tally.add(done);
    tally.add(part("random", tell, line_kills::at_random(rack, counts.random)).await);
    let sweep = line_kills::sweep(rack, counts.line_stride, counts.line_below);
    tally.add(part("line", tell, sweep).await);
    if rack.may_want("points") {
        let mut missed = None;
        let points = async {
            let driven = points::every(rack, &counts.points).await;
            driven.unwrap_or_else(|why| {
                missed = Some(why);
                Tally::default()
            })
        };
        tally.add(part("points", tell, points).await);
        if let Some(why) = missed {
            return Err(why);
        }
    }
    if rack.wants("disk") {
        let mount = full_disk::Mount::find()?;
        tally.add(part("disk", tell, full_disk::fill(rack, mount)).await);
    }
    Ok(tally)
}

/// Files, and single processes.
async fn rest(rack: &Rack, counts: &Counts, tell: &Tell) -> Result<Tally, String> {
    let mut tally = Tally::default();
    if rack.may_want("ledger") {
        tally.add(part("ledger", tell, ledger_sweep::every(rack, counts.ledger_stride)).await);
    }
    if rack.may_want("image") {
        let events = image::record(rack).await?;
        let images = async { image::open_all(rack, &events, counts.images) };
        tally.add(part("image", tell, images).await);
    }
    if rack.may_want("flip") {
        let resting = Resting::made(&rack.program).await;
        let flips = async { resting.flip(rack, counts.flips) };
        tally.add(part("flip", tell, flips).await);
    }
    if rack.may_want("relay") {
        tally.add(part("relay", tell, relay_sweep::every(rack, counts.relay_stride)).await);
    }
    Ok(tally)
}

/// One part, and a line about it: what it did and how long it took.
async fn part(name: &str, tell: &Tell, work: impl Future<Output = Tally>) -> Tally {
    let start = Instant::now();
    let tally = work.await;
    let took = Duration::from_secs(start.elapsed().as_secs());
    if tally != Tally::default() {
        // Nobody listens any more when the other lane could not run.
        let _ = tell.send(format!("{name}: {}, {took:?}", tally.in_short()));
    }
    tally
}

fn in_runtime(work: impl Future<Output = Result<Tally, String>>) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(work)
}

fn joined(lane: std::thread::ScopedJoinHandle<'_, Result<Tally, String>>) -> Result<Tally, String> {
    lane.join()
        .unwrap_or_else(|_| Err("the harness ended; what it said stands above".into()))
}
