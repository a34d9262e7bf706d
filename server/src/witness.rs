//! A relay as witness and mirror of other logs, and the neutral witness that is nothing else.
//!
//! `audit::witness` decides; here what it decides is kept and then said. The newest cosigned checkpoint of a log is read,
//! compared and replaced under one lock, and is in the ledger before its cosignature leaves. Conflicting checkpoints are
//! kept, entries that are brought are kept once each package of them is proved, and a mirror cosigns only what is on disk.
//! The layers: [`book`] and [`shelf`] (what is kept), [`office`] and [`upload`] (the two calls), [`again`] (what the mirror's entries say of kept checkpoints), [`http`] (their paths), [`bounded`] (how many callers),
//! [`pace`] (how often), [`tally`] (counters), [`anchor`] (what a relay then writes into its own log), [`neutral`] (the
//! process of its own). `server/WITNESS.md` tells the procedure to whoever runs one.

mod again;
pub mod anchor;
pub mod book;
pub mod bounded;
pub mod http;
pub mod neutral;
pub mod office;
pub(crate) mod own;
pub mod pace;
pub mod reply;
pub mod shelf;
pub mod tally;
pub mod upload;

pub use book::{Facts, WITNESS_SPACE};
pub use office::{KnownLogs, Office, OfficeParts};
pub use reply::Reply;
pub use shelf::{MirroredLog, Shelf, mirrored_logs};

#[cfg(test)]
mod tests;
