//! What control and a joined seat say to each other: one JSON object a line, over the control plane.
//!
//! A seat is told what its own person may know: injects for it, how the story runs. No plan, no other seat's words.

use std::collections::BTreeMap;

use hotline_client::request::{Answer, News, Request};
use serde::{Deserialize, Serialize};

/// Longest line of either end, in bytes. 16 MiB: a desk's whole list of messages behind a connection that broke.
pub const LINE_MAX: u64 = 16 * 1024 * 1024;

/// What a seat is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ToSeat {
    /// Control is there.
    Here,
    /// Something that the seat says it has taken: what it has not is told again over the next connection, in the same order.
    Owed {
        /// The number, from 1: each is taken once.
        no: u64,
        /// What.
        words: Box<ToSeat>,
    },
    /// A releaser of this seat is asked to consent to the channel's charter.
    Consent {
        /// The exact bytes of its terms, base64.
        terms: String,
        /// Who: an identity.
        officer: String,
        /// SHA-256 of that officer's key statement, hex.
        key_statement: String,
    },
    /// Everything that the desk needs but its keys: files by name, base64.
    Folder {
        /// The files.
        files: BTreeMap<String, String>,
    },
    /// Asks the desk.
    Ask {
        /// Which question.
        id: u64,
        /// What: [`may_be_asked`](super::may_be_asked).
        request: Box<Request>,
    },
    /// The story runs like this from now on.
    Clock {
        /// How it runs: [`crate::record::running_codes`].
        running: (u32, u32),
        /// The story's time, in milliseconds.
        story_ms: u64,
    },
    /// News or an order for this seat.
    Inject {
        /// Its number.
        serial: String,
        /// When, in milliseconds of story.
        story_ms: u64,
        /// What the person is told.
        what: String,
    },
    /// The exercise has ended: the desk closes and hands its log over.
    Ended,
    /// Control has what it needs.
    Bye,
    /// Nobody with this certificate sits here.
    Refused {
        /// Why.
        what: String,
    },
}

/// What a seat says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FromSeat {
    /// It is there.
    Here,
    /// It has taken what it is owed, up to this number.
    Took {
        /// The number.
        no: u64,
    },
    /// The consent, signed, base64.
    Consent {
        /// Exact bytes of the statement.
        statement: String,
    },
    /// Its desk is open.
    Open,
    /// It could not do what it was told last.
    Failed {
        /// Why.
        what: String,
    },
    /// What the desk answered.
    Answer {
        /// Which question.
        id: u64,
        /// What.
        answer: Box<Answer>,
    },
    /// The desk tells something.
    News {
        /// What.
        news: Box<News>,
    },
    /// Its desk has ended.
    Gone,
    /// Its desk runs again.
    Again,
    /// A part of a file of its log's export; the next part of the same file follows it.
    File {
        /// Its name.
        name: String,
        /// Bytes, base64.
        part: String,
    },
    /// That was the whole log.
    Handed {
        /// How many files.
        files: u64,
    },
}
