//! The black-box checker: what became of every message, from what the *driver* of a run wrote, never the product.
//!
//! A driver appends a line to one of three files whenever it hands a message in, is told that one was delivered, or sees
//! one on the recipient's screen (`tests/RUNFILES.md` is the format). This judges such a folder: lost, duplicate, altered,
//! never sent, falsely delivered, out of order, longest silence. It knows nothing of relays, desks, ledgers or statements,
//! imports nothing of ours, and so can judge any run or exercise whoever drove it.
//!
//! [`lines`] are the lines, [`write`](mod@write) is for drivers, [`read`] reads a folder, [`judge`](mod@judge) is pure, [`say`] puts it
//! in words.

pub mod judge;
pub mod lines;
pub mod read;
pub mod say;
pub mod write;

pub use judge::{Judgement, Rules, Verdict, judge};
pub use lines::{Delivered, Run, Sent, Shown};
pub use read::{ReadError, read};
pub use write::RunFiles;
