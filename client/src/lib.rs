//! The desk: open, draft, release, acknowledge, answer, watch.
//!
//! A [`station::Station`] is a desk that is open. It keeps warm sessions to every relay through both doors, hands every
//! released message to every relay, shows the first copy, and answers with signed receipts. What it knows it makes anew
//! from its own ledger at every start. Officers' keys never come in here but to be used by a verb's own process
//! ([`compose`]).
//!
//! The way of a message out: [`compose`] (officers sign) → [`request`] → engine (a place in the chain, one commit) →
//! [`outgoing`] → [`leg`] and [`lane`]. The way in: lane (signature, inclusion, checkpoint) → engine (first copy, one
//! commit with its receipt) → [`book`] → [`view`]. This room never imports `server`.

mod ages;
pub mod availability;
pub mod book;
pub mod channels;
pub mod compose;
pub mod config;
pub mod cosigned;
pub mod ended_keys;
mod engine;
pub mod input;
pub mod judge;
pub mod keyring;
pub mod lane;
pub mod leg;
pub mod logview;
pub mod memory;
pub mod outgoing;
pub mod overdue;
pub mod own;
pub mod past;
pub mod quarantine;
mod recent;
mod rekey;
pub mod relay;
pub mod request;
mod restart;
pub mod round;
pub mod seal;
pub mod sealed;
pub mod services;
pub mod share;
pub mod side;
pub mod socket;
pub mod standing;
pub mod station;
pub mod status;
pub mod story;
pub mod translation;
pub mod trust;
pub mod verdict;
pub mod view;

pub use hotline_transport::side_file;
