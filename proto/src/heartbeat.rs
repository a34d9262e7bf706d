//! Heartbeats as both ends of a lane send them.

use hotline_core::time::{LineTime, WallTime};

use crate::v1;

/// A probe with this number, or (with number 0) an answer alone; `answers` is the newest probe that the other end sent. It
/// says nothing yet of a log or of presence: that is a relay's, and its to add.
#[must_use]
pub fn heartbeat(sequence: u64, answers: u64, (wall, line): (WallTime, LineTime)) -> v1::Heartbeat {
    v1::Heartbeat {
        sequence,
        answers,
        wall_ms: wall.unix_ms(),
        line_ms: u64::try_from(line.since_start().as_millis()).unwrap_or(u64::MAX),
        checkpoint: None,
        presence: Vec::new(),
        cosigned: Vec::new(),
    }
}
