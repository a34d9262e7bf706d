#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod bounds;
mod rules;
mod s1;
