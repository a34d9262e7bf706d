//! The harness: a whole line on the stage, and hands that do what people, scripts and strangers do to it.
//!
//! Everything here acts from outside: processes of the real program, their standard output and exit codes, sockets,
//! certificates and files. Waiting is [`wait::eventually`], never a pause that hopes. A test has its own folder and
//! ports, and its processes end with it. What is deliberately not here: any knowledge of how a promise is kept.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "the harness of tests: what cannot be set up ends the test"
)]

pub mod checker;
pub mod crash;
pub mod figures;
pub mod hand;
pub mod headless;
pub mod knock;
pub mod ledgers;
pub mod line;
pub mod rack;
pub mod schema;
pub mod storm;
pub mod talker;
pub mod traffic;
pub mod verb;
pub mod wait;

pub use line::{AVELIA, BORENIA, Line};
