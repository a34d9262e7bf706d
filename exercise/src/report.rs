//! The after-action report (AAR/IP, in HSEEP's shape): a [`Model`](model::Model) in, bytes out.
//!
//! Whoever fills the model reads the evidence; here nothing is read but the model. No clock, no locale, no host, no path
//! and no version of the program that reports: the same model gives the same bytes, on any machine, in any year
//! (`exercise/REPORT.md` has the rules and names the test of each).

pub mod model;
