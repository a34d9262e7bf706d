//! The exercise: scenarios, codebook, plan and report of a tabletop on the real line.
//!
//! What is here without a feature is pure: text and facts in, values and bytes out. It opens no connection, reads no
//! clock, and cannot touch the line. Only [`bundle`] opens files: those of the evidence.

pub mod bundle;
pub mod codebook;
pub mod expect;
pub mod record;
pub mod report;
pub mod scenario;
pub mod timeline;

#[cfg(test)]
pub(crate) mod testing;
