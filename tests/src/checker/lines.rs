//! The lines of run files: one JSON object each, in the order in which the driver saw things happen.

use serde::{Deserialize, Serialize};

/// A line of `sent.jsonl`: a message was handed to the sender's desk.
///
/// Written twice: before the desk is asked (`kept` is false) and when it has answered that it keeps the message (`kept`
/// is true). Between the two nobody knows; a message of which only the first line is there may come or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The message, under whatever name is unique in this run.
    pub id: String,
    /// Its urgency: order is judged within one class.
    pub class: String,
    /// SHA-256 of what the driver handed in, hex: of its own words, not of anything the product made of them.
    pub sha256: String,
    /// Whether the desk has answered that it keeps it.
    pub kept: bool,
    /// When, in milliseconds since the run began, on the driver's clock.
    pub t_ms: u64,
}

/// A line of `delivered.jsonl`: the sender's desk showed that the message is with the recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The message.
    pub id: String,
    /// When, as in [`Sent::t_ms`].
    pub t_ms: u64,
}

/// A line of `shown.jsonl`: the recipient's desk showed the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The message.
    pub id: String,
    /// SHA-256 of what was on the screen, hex.
    pub sha256: String,
    /// Whether the desk marked it as shown before (after a restart).
    pub again: bool,
    /// When, as in [`Sent::t_ms`].
    pub t_ms: u64,
}

/// All lines of a run, each file in its own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// `sent.jsonl`.
    pub sent: Vec<Sent>,
    /// `delivered.jsonl`.
    pub delivered: Vec<Delivered>,
    /// `shown.jsonl`.
    pub shown: Vec<Shown>,
    /// Files whose last line was torn when the driver ended, each with what is left of that line's length in bytes.
    pub torn: Vec<(String, usize)>,
}

/// Name of the file of [`Sent`].
pub const SENT: &str = "sent.jsonl";
/// Name of the file of [`Delivered`].
pub const DELIVERED: &str = "delivered.jsonl";
/// Name of the file of [`Shown`].
pub const SHOWN: &str = "shown.jsonl";
