//! What the conductor and a scripted player say to each other: a JSON object a line, over the player's standard input and
//! output.
//!
//! The player holds its officers' keys and the conductor none; the conductor holds the plan. A player is told what its
//! seat may know: injects for it, the clock, names of messages, labels of desks.

use serde::{Deserialize, Serialize};

/// What a player is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ToPlayer {
    /// The story clock runs like this from now on.
    Clock {
        /// How it runs: [`crate::record::running_codes`].
        running: (u32, u32),
        /// The story's time now, in milliseconds.
        story_ms: u64,
    },
    /// An inject is delivered to this seat.
    Inject {
        /// Its number.
        serial: String,
    },
    /// Send the message of this inject, or do what its institution does.
    Send {
        /// Its number.
        serial: String,
        /// It was told before control stopped: what the desk has sent of it is not sent again.
        #[serde(default, skip_serializing_if = "is_false")]
        again: bool,
    },
    /// A message has this name.
    Named {
        /// The name.
        alias: String,
        /// SHA-256 of the message, hex.
        message: String,
    },
    /// A desk shows this label.
    Label {
        /// The desk.
        desk: String,
        /// The label.
        label: String,
    },
    /// Something with a name happened.
    Mark {
        /// Its name.
        mark: String,
    },
    /// This officer types the second passphrase from now on.
    Phrase {
        /// Who.
        officer: String,
    },
}

/// Whether it is left out.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What a player says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FromPlayer {
    /// It sits at its desk. The first line.
    Seated,
    /// A message that it released has this name.
    Named {
        /// The name.
        alias: String,
        /// SHA-256 of the message, hex.
        message: String,
    },
    /// It has done what an inject told it to, or could not.
    Sent {
        /// The inject's number.
        serial: String,
        /// Why not, if so.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        refused: String,
    },
    /// It has played a rule, or was refused.
    Played {
        /// The rule.
        rule: String,
        /// What was refused, if anything was.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        refused: String,
    },
    /// It writes down a judgement.
    Stated {
        /// About what.
        what: String,
        /// What it says.
        is: String,
    },
    /// A security officer's watch has found something.
    Duress {
        /// About which officer.
        officer: String,
        /// `DURESS`, or `LOST`.
        what: String,
        /// When it was noted, milliseconds since 1970 by the clock of the officer's seat; 0 where that is not known.
        noted_ms: u64,
    },
    /// So many deeds wait for their time.
    Waiting {
        /// How many.
        deeds: usize,
        /// When in the story the first of them is due, in milliseconds; none if there is none, or one waits for the line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_story_ms: Option<u64>,
    },
}
