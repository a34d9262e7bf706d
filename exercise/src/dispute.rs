//! A message that one side says it sent and the other denies: what each side hands in behind ENDEX, and what an auditor
//! finds in it.
//!
//! [`hand_in`] makes copies of logs, as the plan has each side prepare them; the logs of the exercise stay as they are.
//! [`rule`] is the audit: it takes those copies and the auditor's own trust, and nothing else.
//! [`Ruling::page`] says what came of it on one page, in the languages of both sides.

mod codes;
mod findings;
mod hand_in;
mod life;
mod page;
mod ruling;
mod tamper;

pub use hand_in::hand_in;
pub use life::Fact;
pub use page::{CHECK, COMMAND, PROVED, Parts};
pub use ruling::{Finding, HandedLog, Ruling, rule};
pub use tamper::truncated;

use std::collections::BTreeMap;

use hotline_audit::compare::Log;

use crate::scenario::lists::Side;

/// Folder of what the sides handed in, in the evidence: `handed-in/B/relay-south`.
pub const HANDED_IN: &str = "handed-in";

/// What each side hands in, by the name that the log has in the evidence.
pub type Copies = BTreeMap<Side, BTreeMap<String, Log>>;

#[cfg(test)]
mod tests;
