//! The after-action report (AAR/IP, in HSEEP's shape): a [`Model`](model::Model) in, bytes out.
//!
//! [`build`] fills the model from the evidence; the papers read nothing else. No clock, no locale, no host, no path and no
//! version of the program that reports: the same evidence gives the same bytes, on any machine, in any year
//! (`exercise/REPORT.md` has the rules and names the test of each).

mod build;
mod csv;
mod figures;
mod history1967;
mod html;
mod json;
mod lines;
pub mod mermaid;
pub mod model;
mod page;
pub mod replay;
mod svg;
pub(crate) mod words;

pub use build::build;
pub use csv::csv;
pub use history1967::Median;
pub use json::json;
pub use page::page;

#[cfg(test)]
mod tests;
