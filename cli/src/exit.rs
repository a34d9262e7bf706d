//! Exit codes and errors: what every verb ends with.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | another error |
//! | 2 | the words typed make no sense |
//! | 3 | a configuration or declared file is invalid |
//! | 4 | an identity, certificate or key cannot be used |
//! | 5 | no relay can be reached on any path |
//! | 6 | received, but not acknowledged (or answered) in time |
//! | 7 | answered UNABLE, NEGATIVE, NO, DECLINE or INSUFFICIENT |
//! | 8 | a log failed its verification |
//! | 9 | measured, and a promise (`--slo`) was missed |
//! | 10 | an expectation of an exercise was not met |
//! | 11 | fewer legs answer than were asked for |
//! | 12 | a second passphrase was typed, or what would tell it is not whole |

use std::io;

pub use hotline_core::causes::chain;
use hotline_core::text::inert;
use serde_json::json;

/// Done.
pub const OK: u8 = 0;
/// Another error.
pub const OTHER: u8 = 1;
/// The words typed make no sense.
pub const USAGE: u8 = 2;
/// A configuration or declared file is invalid.
pub const CONFIG: u8 = 3;
/// An identity, certificate or key cannot be used.
pub const IDENTITY: u8 = 4;
/// No relay can be reached on any path.
pub const UNREACHABLE: u8 = 5;
/// Not acknowledged or answered in time.
pub const NOT_IN_TIME: u8 = 6;
/// Answered, and the answer is no.
pub const ANSWERED_NO: u8 = 7;
/// A log failed its verification.
pub const LOG: u8 = 8;
/// Measured, and a promise was missed.
pub const SLO_MISSED: u8 = 9;
/// An expectation of an exercise was not met.
pub const NOT_MET: u8 = 10;
/// Fewer legs answer than were asked for.
pub const REDUNDANCY: u8 = 11;
/// A second passphrase was typed, or what would tell it is not whole.
pub const ALARM: u8 = 12;

/// What a verb ends with: its exit code, or a failure.
pub type Outcome = Result<u8, Failure>;

/// A verb that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable code: `HL-DESK-003`.
    pub code: String,
    /// Exit code.
    pub exit: u8,
    /// A sentence with the facts in it.
    pub what: String,
    /// The next thing to run or do.
    pub help: String,
    /// Whether it is printed as an object.
    pub json: bool,
}

impl Failure {
    /// A failure of a verb.
    #[must_use]
    pub fn new(code: &str, exit: u8, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            exit,
            what: what.into(),
            help: help.into(),
            json: false,
        }
    }

    /// A file, socket or terminal that failed.
    #[must_use]
    pub fn io(place: &str, error: &io::Error) -> Self {
        Self::new(
            "HL-IO-001",
            OTHER,
            format!("{place}: {error}"),
            match error.kind() {
                io::ErrorKind::StorageFull => "free space on that disk, then again",
                _ => "check the path and its permissions",
            },
        )
    }

    /// The same, printed as an object.
    #[must_use]
    pub fn as_json(mut self, json: bool) -> Self {
        self.json = json;
        self
    }

    /// As a person reads it. Words of others may be in it: a peer's reason, a name in a file.
    fn lines(&self) -> String {
        let mut lines = format!("error [{}]: {}\n", self.code, inert(&self.what).text);
        if !self.help.is_empty() {
            lines.push_str(&format!("  next: {}\n", inert(&self.help).text));
        }
        lines
    }

    /// Tells the person, or the script.
    pub fn print(&self) {
        if self.json {
            let Self {
                code,
                exit,
                what,
                help,
                ..
            } = self;
            crate::say!(
                "{}",
                json!({ "error": { "code": code, "exit": exit, "what": what, "help": help } })
            );
        } else {
            eprint!("{}", self.lines());
        }
    }
}

/// Asks the system to end this process with the one that started it (its process id), even while it is stopped.
///
/// # Errors
/// If the system has no such thing, or the other process is gone already.
pub fn die_with_parent(parent: Option<i32>) -> Result<(), Failure> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let Some(parent) = parent else { return Ok(()) };
    let failed =
        |error: rustix::io::Errno| Failure::io("asking to end with the parent process", &error.into());
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(failed)?;
    // The parent may have ended before we asked: then somebody else is our parent by now.
    if getppid().is_none_or(|now| now.as_raw_nonzero().get() != parent) {
        return Err(Failure::new(
            "HL-IO-002",
            OTHER,
            "the process that started this one is gone",
            "",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_peer_says_does_nothing_to_the_terminal_on_which_a_failure_is_told() {
        let wild = Failure::new("HL-EX-194", IDENTITY, "no\u{1b}[2J\u{9b}31m\u{202e}", "ask\r");
        let told = wild.lines();
        assert!(!told.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\r']), "{told:?}");
        assert!(
            told.starts_with("error [HL-EX-194]: no") && told.contains("\n  next: ask"),
            "{told:?}"
        );
    }
}
