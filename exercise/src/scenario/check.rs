//! What can be read and still cannot be played: injects in each other's way, and what can never come.
//!
//! Moments are worked out on the story clock. A length on the line counts at the fastest rate that the file allows: what
//! is apart then is apart at every slower rate.

mod codes;
mod comes;
mod moments;
mod overlap;
mod reach;
mod roles;
mod sent;

pub(crate) use moments::planned;

use std::ops::Range;

use hotline_faults::caret::Marked;

use super::{
    Scenario,
    place::{Code, Coded},
};
use crate::codebook::shipped;

/// Looks for everything that cannot be, in the order of the file.
#[must_use]
pub fn check(scenario: &Scenario) -> Vec<Coded> {
    let mut findings = Findings {
        scenario,
        found: Vec::new(),
    };
    let comes = comes::Comes::of(scenario);
    reach::sides(&mut findings);
    reach::injects(&mut findings, &comes);
    reach::marks(&mut findings, &comes);
    reach::scripts(&mut findings);
    reach::expectations(&mut findings, &comes);
    match shipped::starter() {
        Ok(book) => {
            codes::book(&mut findings, &book);
            codes::messages(&mut findings, &book);
            roles::releases(&mut findings, &book);
            roles::answers(&mut findings, &comes, &book);
        }
        Err(errors) => findings.refuse(
            Code::Codebook,
            scenario.codebook.file.span.clone(),
            "codebook.file",
            errors.to_string(),
        ),
    }
    roles::officers(&mut findings, &comes);
    overlap::faults(&mut findings);
    overlap::processes(&mut findings);
    findings.found.sort_by_key(|(start, _)| *start);
    findings.found.into_iter().map(|(_, coded)| coded).collect()
}

struct Findings<'a> {
    scenario: &'a Scenario,
    found: Vec<(usize, Coded)>,
}

impl Findings<'_> {
    fn refuse(&mut self, code: Code, span: Range<usize>, key: &str, what: impl Into<String>) {
        let source = &self.scenario.source;
        let start = span.start;
        let marked = Marked::new(&source.file, &source.text, span, key, what);
        self.found.push((start, Coded { code, marked }));
    }
}

#[cfg(test)]
mod tests;
