//! What was found: one line each, and the exit code that follows.

use std::io::Write as _;

use serde::Serialize;

use crate::exit::{self, Failure};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// In order.
    Ok,
    /// Works, and somebody should act before it does not.
    Warn,
    /// Does not work.
    #[serde(rename = "FAIL")]
    Fail,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// How bad.
    pub(super) level: Level,
    /// What was looked at: `leg north/quic`.
    pub(super) what: String,
    /// What was found.
    pub(super) fact: String,
    /// One command to run: to mend it, or to look closer.
    pub(super) run: String,
    /// The exit code if this is the worst.
    #[serde(skip)]
    pub(super) code: u8,
}

/// All lines, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    lines: Vec<Finding>,
}

/// Exit codes from the worst to the least.
const WORST_FIRST: [u8; 5] = [
    exit::LOG,
    exit::IDENTITY,
    exit::CONFIG,
    exit::UNREACHABLE,
    exit::OTHER,
];

/// The object that `--json` prints. Fields are only added.
#[derive(Serialize)]
struct Object<'a> {
    ok: usize,
    warn: usize,
    fail: usize,
    exit: u8,
    lines: &'a [Finding],
}

impl Findings {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn ok(&mut self, what: impl Into<String>, fact: impl Into<String>, run: impl Into<String>) {
        self.add(Level::Ok, exit::OK, what, fact, run);
    }

    pub(super) fn warn(&mut self, what: impl Into<String>, fact: impl Into<String>, run: impl Into<String>) {
        self.add(Level::Warn, exit::OK, what, fact, run);
    }

    pub(super) fn fail(
        &mut self,
        code: u8,
        what: impl Into<String>,
        fact: impl Into<String>,
        run: impl Into<String>,
    ) {
        self.add(Level::Fail, code, what, fact, run);
    }

    pub(super) fn add(
        &mut self,
        level: Level,
        code: u8,
        what: impl Into<String>,
        fact: impl Into<String>,
        run: impl Into<String>,
    ) {
        let inert = |text: String| hotline_core::text::inert_line(&text).text;
        self.lines.push(Finding {
            level,
            what: inert(what.into()),
            fact: inert(fact.into()),
            run: inert(run.into()),
            code,
        });
    }

    fn count(&self, level: Level) -> usize {
        self.lines.iter().filter(|line| line.level == level).count()
    }

    /// The exit code of the worst FAIL; 0 without one.
    pub(super) fn exit(&self) -> u8 {
        let failed = |code: &u8| {
            self.lines
                .iter()
                .any(|line| line.level == Level::Fail && line.code == *code)
        };
        WORST_FIRST.into_iter().find(failed).unwrap_or(exit::OK)
    }

    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        let text = if json {
            let object = Object {
                ok: self.count(Level::Ok),
                warn: self.count(Level::Warn),
                fail: self.count(Level::Fail),
                exit: self.exit(),
                lines: &self.lines,
            };
            serde_json::to_string(&object).unwrap_or_default() + "\n"
        } else {
            self.text()
        };
        std::io::stdout()
            .write_all(text.as_bytes())
            .map_err(|error| Failure::io("standard output", &error))
    }

    fn text(&self) -> String {
        let width = self
            .lines
            .iter()
            .map(|line| line.what.chars().count())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for Finding {
            level,
            what,
            fact,
            run,
            ..
        } in &self.lines
        {
            text.push_str(&format!(
                "{:<4}  {what:<width$}  {fact}  [run: {run}]\n",
                level.word()
            ));
        }
        text.push_str(&format!(
            "{} ok, {} warn, {} FAIL\n",
            self.count(Level::Ok),
            self.count(Level::Warn),
            self.count(Level::Fail)
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_that_of_the_worst_and_a_warning_is_none() {
        let mut findings = Findings::new();
        findings.ok("disk", "9.1 GiB free", "df -h .");
        findings.warn("clock", "2.5 s apart", "date -u");
        assert_eq!(findings.exit(), exit::OK);
        findings.fail(
            exit::UNREACHABLE,
            "leg north/quic",
            "no answer",
            "hotline doctor north",
        );
        assert_eq!(findings.exit(), exit::UNREACHABLE);
        findings.fail(
            exit::IDENTITY,
            "key tls.key",
            "has mode 0644",
            "chmod 600 tls.key",
        );
        findings.fail(
            exit::UNREACHABLE,
            "leg south/quic",
            "no answer",
            "hotline doctor south",
        );
        assert_eq!(findings.exit(), exit::IDENTITY);
        findings.fail(exit::LOG, "log", "ALTERED(3)", "hotline log verify desk.ledger");
        assert_eq!(findings.exit(), exit::LOG);
    }

    #[test]
    fn every_line_has_a_level_a_fact_and_one_command() {
        let mut findings = Findings::new();
        findings.ok("disk", "9.1 GiB free", "df -h .");
        findings.fail(
            exit::IDENTITY,
            "key tls.key",
            "has mode 0644",
            "chmod 600 tls.key",
        );
        assert_eq!(
            findings.text(),
            "ok    disk         9.1 GiB free  [run: df -h .]\n\
             FAIL  key tls.key  has mode 0644  [run: chmod 600 tls.key]\n\
             1 ok, 0 warn, 1 FAIL\n"
        );
    }
}
