//! The after-action report (AAR/IP, in HSEEP's shape): a [`Model`](model::Model) in, bytes out.
//!
//! Whoever fills the model reads the evidence; here nothing is read but the model. No clock, no locale, no host, no path
//! and no version of the program that reports: the same model gives the same bytes, on any machine, in any year
//! (`exercise/REPORT.md` has the rules and names the test of each).

mod figures;
mod history1967;
mod html;
mod json;
pub mod mermaid;
pub mod model;
mod page;
mod svg;
mod words;

pub use history1967::Median;
pub use json::json;
pub use page::page;

#[cfg(test)]
mod tests;
