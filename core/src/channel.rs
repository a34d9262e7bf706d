//! How a channel stands, and why nobody answers: four axes with their facts, one label, and the cause of silence.
//!
//! Facts go in that were verified before: legs, what relays signed about the other desk, who keeps the watch, orders of
//! releasers, charters, what became of messages. State comes out, with the evidence behind it, in words a person can
//! act on. No clock and no map of changing order: the same facts give the same answer on both sides of the line.
//! The specification is `core/README.md`, section 14.
//!
//! In its files: [`axes`] the closed lists, [`evidence`] a fact as people see it, [`paths`] the carrier, [`watch`] who
//! attends, [`orders`] suspended and severed, `memory` how
//! much of it is remembered, [`rekey`] keys that change, [`restore`] what a restoration still lacks, [`label`] the one word,
//! [`cause`] why it is silent, `rank` which
//! cause stands first, [`floor`] what passes all the same.

pub mod axes;
pub mod cause;
pub mod evidence;
pub mod floor;
pub mod label;
mod memory;
pub mod orders;
pub mod paths;
mod rank;
pub mod rekey;
pub mod restore;
pub mod watch;

#[cfg(test)]
mod tests;

pub use axes::{Axis, Carrier, Identified, Political, Watched};
pub use cause::{Cause, CauseKind, Stage, Waiting};
pub use evidence::{Evidence, Proof};
pub use label::{Label, Standing, label, label_of_line};
pub use orders::{Order, Orders};
pub use paths::{LegFact, Paths, PresenceFact, Told};
pub use rekey::{Rekey, RekeyPhase};
pub use restore::{Restoring, Shown};
pub use watch::{Attendance, WatchEntry};
