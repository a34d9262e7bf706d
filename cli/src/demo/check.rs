//! Telling the demo as it happens, and adding up what passed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What must hold, as a sentence.
    pub name: String,
    /// Whether it did.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
}

/// What the demo measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Whether every check passed.
    pub passed: bool,
    /// All checks.
    pub checks: Vec<Check>,
    /// Messages that were released and never delivered.
    pub lost: u64,
    /// Messages that were shown more than once.
    pub shown_twice: u64,
    /// Longest time between two DELIVERED receipts around the kill, in milliseconds.
    pub gap_ms: f64,
    /// The same in as much traffic without a kill, in milliseconds.
    pub gap_ms_without_kill: f64,
    /// Time of each rung of the FLASH after its release, in milliseconds.
    pub ladder_ms: BTreeMap<String, u64>,
    /// How long the demo took, in seconds.
    pub seconds: f64,
}

/// Tells people, or scripts.
#[derive(Debug)]
pub struct Told {
    json: bool,
    /// The summary so far.
    pub summary: Summary,
}

impl Told {
    /// Nothing told yet.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self {
            json,
            summary: Summary::default(),
        }
    }

    /// Tells what happens.
    pub fn step(&self, what: &str) {
        if self.json {
            crate::say!("{}", json!({ "step": what }));
        } else {
            crate::say!("  · {what}");
        }
    }

    /// Opens a part of the story.
    pub fn part(&self, what: &str) {
        if self.json {
            crate::say!("{}", json!({ "part": what }));
        } else {
            crate::say!("\n{what}");
        }
    }

    /// Notes what was checked.
    pub fn check(&mut self, name: &str, passed: bool, detail: impl Into<String>) {
        let check = Check {
            name: name.to_owned(),
            passed,
            detail: detail.into(),
        };
        if self.json {
            crate::say!("{}", json!({ "check": check }));
        } else {
            let mark = if passed { "ok  " } else { "FAIL" };
            crate::say!("  {mark} {name}: {}", check.detail);
        }
        self.summary.checks.push(check);
    }

    /// Ends the story; tells whether everything passed.
    pub fn finish(mut self, next: &[String]) -> bool {
        let failed = self.summary.checks.iter().filter(|check| !check.passed).count();
        self.summary.passed = failed == 0 && !self.summary.checks.is_empty();
        let passed = self.summary.passed;
        if self.json {
            match serde_json::to_string(&self.summary) {
                Ok(line) => crate::say!("{line}"),
                Err(error) => eprintln!("the summary could not be printed: {error}"),
            }
            return passed;
        }
        crate::say!(
            "\n{} of {} checks passed in {:.1} s; lost {}, shown twice {}, longest gap {:.0} ms with a relay killed and {:.0} ms without",
            self.summary.checks.len() - failed,
            self.summary.checks.len(),
            self.summary.seconds,
            self.summary.lost,
            self.summary.shown_twice,
            self.summary.gap_ms,
            self.summary.gap_ms_without_kill,
        );
        crate::say!("\nRun next:");
        for line in next {
            crate::say!("  {line}");
        }
        passed
    }
}
