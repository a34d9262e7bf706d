//! What can never come: an inject behind the end or behind itself, and a seat that nobody plays.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Findings, moments};
use crate::scenario::{
    expect::{By, Is},
    lists::{Ends, Scripted, SeatKind, StageKind},
    mark::{Mark, Serial},
    msel::When,
};

/// Injects that wait for themselves, for the end, or until after it.
pub(super) fn injects(findings: &mut Findings<'_>) {
    let scenario = findings.scenario;
    let planned = moments::planned(scenario);
    let waits: BTreeMap<Serial, Serial> = scenario
        .injects()
        .filter_map(|inject| match &inject.when {
            When::After { mark, .. } => match mark.value {
                Mark::Inject(serial) => Some((inject.serial, serial)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    for inject in scenario.injects() {
        let key = format!("inject {}", inject.serial);
        if let When::After { mark, .. } = &inject.when
            && mark.value == Mark::Endex
        {
            let what = "nothing comes after ENDEX";
            findings.refuse(Code::Unreachable, mark.span.clone(), &key, what);
        } else if circle(&waits, inject.serial) {
            let what = "this inject waits for itself, and never comes";
            findings.refuse(Code::Unreachable, inject.span.clone(), &key, what);
        } else if let Some(at) = planned.get(&inject.serial)
            && *at > scenario.duration.0
            && scenario.ends != Ends::ByControl
        {
            let what = format!(
                "this inject is due {} s after STARTEX, and the exercise ends after {} s",
                at.as_secs(),
                scenario.duration.0.as_secs()
            );
            findings.refuse(Code::Unreachable, inject.span.clone(), &key, what);
        }
    }
}

/// Whether what it waits for waits for it.
fn circle(waits: &BTreeMap<Serial, Serial>, serial: Serial) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = waits.get(&serial);
    while let Some(at) = next {
        if *at == serial {
            return true;
        }
        if !seen.insert(*at) {
            return false;
        }
        next = waits.get(at);
    }
    false
}

/// Desks that a stage without people cannot play.
pub(super) fn scripts(findings: &mut Findings<'_>) {
    let scenario = findings.scenario;
    let alone = scenario
        .stage
        .allowed
        .iter()
        .any(|stage| *stage != StageKind::Live);
    for seat in scenario.seats.iter().filter(|seat| seat.kind == SeatKind::Desk) {
        let script = scenario
            .players
            .iter()
            .any(|player| player.seat.value == seat.name.value);
        let needed = seat.scripted == Scripted::Always || alone;
        let what = match (needed, script, seat.scripted) {
            (true, false, _) => {
                "needs a [[player]]: this seat is played by a script on a stage without people"
            }
            (true, true, Scripted::Never) => "is never scripted, and a stage without people is allowed",
            _ => continue,
        };
        let what = format!("seat \"{}\" {what}", seat.name.value);
        findings.refuse(Code::NoScript, seat.name.span.clone(), "seat", what);
    }
}

/// Expectations that nothing can fulfil.
pub(super) fn expectations(findings: &mut Findings<'_>) {
    let scenario = findings.scenario;
    for expect in &scenario.expects {
        let here = |stage: &StageKind| scenario.stage.allowed.contains(stage);
        let what = match &expect.is {
            Is::TextIdentical(desks, _) if desks.len() < 2 => {
                "the same text needs two desks to be the same at"
            }
            Is::Interval { from, to, .. } if from.value == to.value => "from and to are the same mark",
            other => match other.by() {
                Some(By::Within(_, after)) if after.value == Mark::Endex => "nothing comes after ENDEX",
                _ if !expect.stages.is_empty() && !expect.stages.iter().any(here) => {
                    "it is asked on no stage that the file allows"
                }
                _ => continue,
            },
        };
        let key = format!("expectation {}", expect.id.value);
        findings.refuse(Code::Expectation, expect.span.clone(), &key, what);
    }
}
