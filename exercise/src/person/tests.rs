//! A scripted seat: what it hears, and what it wants done and when.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod bounds;
mod rules;
mod s1;
