//! When injects are planned, as far as the file alone can say.

use std::{collections::BTreeMap, time::Duration};

use crate::scenario::{
    Scenario,
    expect::{By, Is},
    lists::StageKind,
    mark::{Mark, Serial},
    moment::Span,
    msel::When,
};

/// Thousandths of story time in one of line time, at most, when no person plays: ×60.
const FASTEST: u32 = hotline_core::story::Rate::FASTEST.thousandths();

/// The longest that a length can be in story time.
pub(super) fn longest(scenario: &Scenario, span: Span) -> Duration {
    let alone = |stage: &StageKind| *stage != StageKind::Live;
    let rate = if scenario.stage.allowed.iter().any(alone) {
        FASTEST
    } else {
        scenario.stage.speed.thousandths()
    };
    match span {
        Span::Story(length) => length.0,
        Span::Line(length) => length.0.saturating_mul(rate) / 1_000,
    }
}

/// The planned moments. One that hangs on what people do has none.
pub(crate) fn planned(scenario: &Scenario) -> BTreeMap<Serial, Duration> {
    let mut known = BTreeMap::new();
    // Each round finds all whose mark is known; a chain is no longer than there are injects.
    loop {
        let before = known.len();
        for inject in scenario.injects() {
            if let Some(at) = moment(scenario, &inject.when, &known) {
                known.insert(inject.serial, at);
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

fn moment(scenario: &Scenario, when: &When, known: &BTreeMap<Serial, Duration>) -> Option<Duration> {
    match when {
        When::At(at) => Some(at.0),
        When::After { mark, by } => Some(of(scenario, mark, known)?.saturating_add(longest(scenario, *by))),
        When::Unless { expect, within } => {
            let expect = scenario
                .expects
                .iter()
                .find(|other| other.id.value == expect.value)?;
            let from = match &expect.is {
                Is::Interval { from, .. } => from,
                other => match other.by()? {
                    By::Within(_, after) => after,
                    By::Recorded | By::Never(_) => return Some(longest(scenario, *within)),
                },
            };
            Some(of(scenario, from, known)?.saturating_add(longest(scenario, *within)))
        }
    }
}

/// When a mark comes, if the file alone says so.
pub(super) fn of(scenario: &Scenario, mark: &Mark, known: &BTreeMap<Serial, Duration>) -> Option<Duration> {
    match mark {
        Mark::Startex => Some(Duration::ZERO),
        Mark::Endex => Some(scenario.duration.0),
        Mark::Inject(serial) => known.get(serial).copied(),
        Mark::Rung { .. } => None,
    }
}
