//! The measurements, and what they have in common: a schedule, a sender, traffic, and one shape for what was measured.

pub mod breaking;
pub mod failover;
pub mod gaps;
pub mod latency;
pub mod open;
pub mod pacer;
pub mod sender;
pub mod throughput;
pub mod traffic;

use serde_json::Value;

use super::{
    report::{run::Run, times::Times},
    slo::metric::Values,
};

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
