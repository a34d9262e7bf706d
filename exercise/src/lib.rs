//! The exercise: scenarios, codebook, plan and report of a tabletop on the real line.
//!
//! What is here without a feature is pure: text and facts in, values and bytes out. It opens no file and no connection,
//! reads no clock, and cannot touch the line.

pub mod codebook;
pub mod record;
pub mod report;
pub mod scenario;
