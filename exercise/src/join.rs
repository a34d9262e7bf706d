//! Joining an exercise: what a person at another machine and control say to each other, and what proves it.
//!
//! ```text
//! code -> SPAKE2 over the connection -> both ends proven -> keys made by whoever joins -> words compared -> certificates
//! ```
//!
//! A [`code`] is read aloud. [`pake`] makes a key of it that only the two ends of one connection have, bound to that
//! connection. [`book`] says which codes are open: one use, three tries, a quarter of an hour. [`words`] is what is said.
//! Nothing here opens a connection or reads a clock; the whole protocol is told in `exercise/JOIN.md`.

pub mod book;
pub mod code;
pub mod keys;
pub mod pake;
pub mod words;
