//! A message that one side says it sent and the other denies: what each side hands in behind ENDEX, and what an auditor
//! finds in it.
//!
//! [`hand_in`] makes copies of logs, as the plan has each side prepare them; the logs of the exercise stay as they are.
//! [`rule`] is the audit: it packs those copies as the two bundles that sides hand in, and takes the word of the library
//! behind `hotline-audit dispute` on them, under control's policy and nothing else.
//! [`Ruling::page`] says what came of it on one page, in the languages of both sides.

mod bring;
mod codes;
mod hand_in;
mod life;
mod page;
mod ruling;
mod tamper;

pub use bring::Brought;
pub use hand_in::hand_in;
pub use life::{Fact, Standing};
pub use page::{CHECK, PROVED, Parts, command};
pub use ruling::{Finding, HandedLog, Ruling, rule};
pub use tamper::truncated;

use std::collections::BTreeMap;

use hotline_audit::compare::Log;

use crate::scenario::lists::Side;

/// Folder of what the sides handed in, in the evidence: `handed-in/B/relay-south`.
pub const HANDED_IN: &str = "handed-in";

/// Folder of the very files on which an auditor decides, beside the report: `A.bundle`, `B.bundle`, `policy`.
pub const BUNDLES: &str = "dispute";
/// The auditor's policy, in [`BUNDLES`].
pub const POLICY: &str = "policy";

/// A side's bundle, in [`BUNDLES`].
#[must_use]
pub fn bundle_name(side: Side) -> String {
    format!("{side}.bundle")
}

/// What each side hands in, by the name that the log has in the evidence.
pub type Copies = BTreeMap<Side, BTreeMap<String, Log>>;

#[cfg(test)]
mod tests;
