//! One slice of the line at full load: fill, count, drain.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hotline_client::station::Event;
use tokio::{
    sync::{Semaphore, broadcast},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::bench::{
    error::BenchError,
    floor::Passed,
    line::Line,
    measure::sender::{RECEIPTED_WITHIN, Receipts, Sender, next},
};

/// How often a drain is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What passed in a slice, and what it took.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Messages fully receipted.
    pub passed: Passed,
    /// Processor time of each process.
    pub cpu: [Duration; 4],
    /// Memory of each process at its end, in bytes.
    pub resident: [u64; 4],
}

/// What the tasks of a slice share.
struct Shared {
    sender: Arc<Sender>,
    places: Semaphore,
    released: AtomicU64,
    receipted: AtomicU64,
    enough: CancellationToken,
}

/// Keeps so many in flight for `ramp`, counts for `time`, then lets all come back.
///
/// # Errors
/// If a message is refused, or some are not receipted within 30 s.
pub async fn run(
    line: &mut Line,
    in_flight: u32,
    ramp: Duration,
    time: Duration,
) -> Result<Slice, BenchError> {
    let in_flight = usize::try_from(in_flight).unwrap_or(Semaphore::MAX_PERMITS);
    let shared = Arc::new(Shared {
        sender: Arc::clone(line.sender()),
        places: Semaphore::new(in_flight),
        released: AtomicU64::new(0),
        receipted: AtomicU64::new(0),
        enough: CancellationToken::new(),
    });
    let mut tasks = JoinSet::new();
    let events = line.sender().station().events();
    tasks.spawn(receipts(Arc::clone(&shared), events));
    for _ in 0..in_flight {
        tasks.spawn(releases(Arc::clone(&shared)));
    }
    let slice = tokio::select! {
        counted = count(line, &shared, ramp, time) => counted?,
        // No task ends before there is enough, unless something failed.
        Some(ended) = tasks.join_next() => return Err(early(ended)),
    };
    drain(&shared, &mut tasks).await?;
    line.wait_until_whole(0).await?;
    Ok(slice)
}

async fn count(line: &Line, shared: &Shared, ramp: Duration, time: Duration) -> Result<Slice, BenchError> {
    tokio::time::sleep(ramp).await;
    let (from, before, used) = (
        line.sender().now(),
        shared.receipted.load(Ordering::Relaxed),
        line.usage()?,
    );
    tokio::time::sleep(time).await;
    let (to, after, uses) = (
        line.sender().now(),
        shared.receipted.load(Ordering::Relaxed),
        line.usage()?,
    );
    let mut cpu = [Duration::ZERO; 4];
    for ((spent, after), before) in cpu.iter_mut().zip(uses).zip(used) {
        *spent = after.cpu.saturating_sub(before.cpu);
    }
    let passed = Passed {
        messages: after.saturating_sub(before),
        time: to.since(from),
    };
    Ok(Slice {
        passed,
        cpu,
        resident: uses.map(|usage| usage.resident),
    })
}

/// Nothing more leaves; waits for what is under way.
async fn drain(shared: &Shared, tasks: &mut JoinSet<Result<(), BenchError>>) -> Result<(), BenchError> {
    shared.enough.cancel();
    let deadline = shared.sender.now().after(RECEIPTED_WITHIN);
    // All but the one that counts receipts end by themselves.
    while tasks.len() > 1 {
        if let Some(ended) = tasks.join_next().await {
            ended.map_err(|error| BenchError::Ended(error.to_string()))??;
        }
    }
    loop {
        let (released, receipted) = (
            shared.released.load(Ordering::Relaxed),
            shared.receipted.load(Ordering::Relaxed),
        );
        if receipted >= released {
            return Ok(());
        }
        if shared.sender.now() > deadline {
            let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            return Err(BenchError::NotReceipted {
                missing: whole(released - receipted),
                released: whole(released),
                within: RECEIPTED_WITHIN,
            });
        }
        if let Some(ended) = tasks.try_join_next() {
            return Err(early(ended));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Releases whenever a place is free.
async fn releases(shared: Arc<Shared>) -> Result<(), BenchError> {
    loop {
        let place = tokio::select! {
            biased;
            () = shared.enough.cancelled() => return Ok(()),
            place = shared.places.acquire() => place,
        };
        // Given back by whoever sees the last receipt.
        place
            .map_err(|error| BenchError::Ended(error.to_string()))?
            .forget();
        let sheet = shared.sender.sheet()?;
        shared.released.fetch_add(1, Ordering::Relaxed);
        shared.sender.release(sheet).await?;
    }
}

/// Counts messages that are fully receipted, and frees their places.
async fn receipts(shared: Arc<Shared>, mut events: broadcast::Receiver<Event>) -> Result<(), BenchError> {
    let mut receipts = Receipts::default();
    loop {
        if let Some(seen) = next(&mut events).await?
            && receipts.take(seen)
        {
            shared.receipted.fetch_add(1, Ordering::Relaxed);
            shared.places.add_permits(1);
        }
    }
}

fn early(ended: Result<Result<(), BenchError>, tokio::task::JoinError>) -> BenchError {
    match ended {
        Ok(Err(error)) => error,
        Ok(Ok(())) => BenchError::Ended("a releaser stopped".into()),
        Err(error) => BenchError::Ended(error.to_string()),
    }
}
