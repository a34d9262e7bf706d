//! The relay: verify, commit, sign, hand on.
//!
//! A relay takes statements from desks at two doors, refuses what is not in order, commits the rest to its ledger and
//! its tamper-evident log in one durable transaction, answers with the log's signed checkpoint, and hands on. It never
//! parses content, and nobody has to trust it: desks check every answer.
//!
//! The way of a statement: [`service`] → [`session`] → [`intake`] ([`admit`], then the ledger) → the writer of every
//! session of its recipients. This room never imports `client`.

pub mod admit;
pub mod anchor;
pub mod config;
pub mod control;
mod flashes;
pub mod frames;
pub mod intake;
mod outlet;
pub mod presence;
mod pulse;
mod reader;
pub mod recover;
pub mod refused;
pub mod relay;
pub mod reload;
pub mod relog;
mod remembered;
mod roll;
pub mod run;
pub mod serve;
pub mod service;
pub mod session;
pub mod status;
pub mod succeed;
pub mod telemetry;
pub mod witness;
mod writer;
