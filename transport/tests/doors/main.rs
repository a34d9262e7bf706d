//! One conformance suite for both doors: what gets in, what is refused and in which words, what closes live sessions.
//!
//! Every test runs at each door; a door that behaves differently fails by its name. Real sockets on loopback, real
//! certificates, no simulated parts but the wall clock.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod accepted;
mod closing;
mod crowded;
mod cut;
mod hybrid;
mod keys;
mod pki;
mod raw;
mod refused;
mod stage;
