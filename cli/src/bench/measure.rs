//! The measurements, and what they have in common: a schedule, a sender, traffic, and one shape for what was measured.

pub mod breaking;
pub mod failover;
pub mod gaps;
pub mod latency;
pub mod legs;
pub mod open;
pub mod pacer;
pub mod sender;
pub mod throughput;
pub mod traffic;

use std::path::Path;

use serde_json::Value;

use super::{
    error::BenchError,
    floor::Floor,
    line::Line,
    report::{run::Run, times::Times},
    slo::metric::Values,
};

/// Messages of the floor's warm-up.
const FLOOR_WARM_UP: u32 = 200;

/// The floor's times, one message in flight, beside a line that is idle.
///
/// # Errors
/// If it cannot be set up, or does not answer.
pub async fn floor(exe: &Path, line: &Line, messages: u32) -> Result<Times, BenchError> {
    let seams = line.sender().station().seams().clone();
    let mut floor = Floor::open(exe, line.folder(), line.sides(), &seams).await?;
    for _ in 0..FLOOR_WARM_UP {
        floor.one().await?;
    }
    let mut times = Times::new();
    for _ in 0..messages {
        times.add(floor.one().await?);
    }
    floor.close().await?;
    Ok(times)
}

/// What was measured, for people, for scripts and for figures.
pub trait Measured {
    /// Its own keys, as one object.
    fn json(&self) -> Value;
    /// A short table.
    fn table(&self) -> String;
    /// Runs on schedule, in the order in which they were made.
    fn runs(&self) -> Vec<&Run>;
    /// The floor's times, if it was measured message by message.
    fn floor(&self) -> Option<&Times>;
    /// What promises are held against.
    fn values(&self) -> Values;
}
