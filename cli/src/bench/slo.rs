//! `--slo 'p99_delivered<50ms'`: what a measurement must keep, decided by the exit code.
//!
//! Read whole before anything is measured: a metric that does not exist or a unit that does not fit is an error of the
//! words typed, with a caret under it. Judged after measuring; one that is missed ends the program with exit code 9.
//! A metric for which nothing was measured is missed, never passed over.

pub mod judge;
pub mod metric;
pub mod parse;
