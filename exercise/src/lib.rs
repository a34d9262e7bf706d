//! The exercise: scenarios, codebook, plan and report of a tabletop on the real line.
//!
//! What is here without a feature is pure, but for [`bundle`], which reads evidence from a folder: text and facts in, values
//! and bytes out. It opens no connection, reads no clock, and cannot touch the line.

pub mod bundle;
pub mod codebook;
pub mod counted;
pub mod dispute;
pub mod expect;
pub mod formula;
#[cfg(feature = "live")]
pub mod join;
#[cfg(feature = "live")]
pub mod live;
#[cfg(feature = "live")]
pub mod log;
pub mod order;
pub mod person;
pub mod plan;
pub mod record;
pub mod report;
pub mod scenario;
pub mod sheet;
pub mod signed;
#[cfg(feature = "simulated")]
pub mod simulated;
mod spelled;
#[cfg(test)]
mod testing;
pub mod timeline;
pub mod tongue;
