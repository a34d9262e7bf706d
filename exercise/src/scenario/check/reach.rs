//! What can never come: an inject behind the end or behind itself, and a seat that nobody plays.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{Code, Findings, comes::Comes, moments, sent::desk_of};
use crate::scenario::{
    expect::{By, Expect, Is},
    lists::{Ends, Scripted, SeatKind, Side, StageKind},
    mark::{Mark, Serial},
    msel::{Deed, Until, When},
    player::{Cue, Rule},
};

/// Injects that wait for themselves, for what never comes, for the end, or until after it.
pub(super) fn injects(findings: &mut Findings<'_>, comes: &Comes<'_>) {
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
        let (span, waits_for) = match &inject.when {
            When::At(_) => (inject.span.clone(), None),
            When::After { mark, .. } => (mark.span.clone(), Some(&mark.value)),
            When::Unless { expect, .. } => (expect.span.clone(), comes.begins(expect)),
        };
        if waits_for == Some(&Mark::Endex) {
            findings.refuse(Code::Unreachable, span, &key, "nothing comes after ENDEX");
        } else if circle(&waits, inject.serial) {
            let what = "this inject waits for itself, and never comes";
            findings.refuse(Code::Unreachable, inject.span.clone(), &key, what);
        } else if let Some(Err(why)) = waits_for.map(|mark| comes.mark(mark, &inject.only)) {
            let what = format!("this inject never comes: {why}");
            findings.refuse(Code::Unreachable, span, &key, what);
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

/// Faults that are to end by what never comes, and rules of scripts whose cue never does.
pub(super) fn marks(findings: &mut Findings<'_>, comes: &Comes<'_>) {
    let scenario = findings.scenario;
    for inject in scenario.injects() {
        if let Deed::Fault(fault) = &inject.deed
            && let Until::Mark(mark) = &fault.until
            && let Err(why) = comes.mark(mark, &inject.only)
        {
            let what = format!("this fault never ends: {why}; write until = \"ENDEX\" if that is meant");
            let key = format!("inject {}", inject.serial);
            findings.refuse(Code::Unreachable, mark.span.clone(), &key, what);
        }
    }
    for script in &scenario.players {
        let desk = scenario.seat(&script.seat).and_then(|seat| seat.desk.as_ref());
        let side = desk
            .and_then(|desk| desk_of(scenario, desk))
            .map(|desk| desk.side);
        for rule in &script.rules {
            if let Err(why) = comes.cue(rule, side) {
                let what = format!("this rule is never played: {why}");
                let key = format!("rule {}", *rule.id);
                findings.refuse(Code::Unreachable, cue_span(rule), &key, what);
            }
        }
    }
}

fn cue_span(rule: &Rule) -> Range<usize> {
    match &rule.when {
        Cue::Inject(serial) => serial.span.clone(),
        Cue::Rung { of, .. } => of.span.clone(),
        Cue::Mark(mark) => mark.span.clone(),
        Cue::Arrives { code: Some(code), .. } => code.span.clone(),
        Cue::Arrives { .. } | Cue::Label(..) => rule.id.span.clone(),
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

/// A side that cannot be made: each has a relay and a desk of its own.
pub(super) fn sides(findings: &mut Findings<'_>) {
    let topology = &findings.scenario.topology;
    for side in Side::ALL {
        let lacks = [
            ("relay", topology.relays.iter().all(|relay| relay.side != *side)),
            ("desk", topology.desks.iter().all(|desk| desk.side != *side)),
        ];
        for (what, _) in lacks.into_iter().filter(|(_, lacks)| *lacks) {
            let key = format!("topology.{what}");
            let what = format!("side {side} needs a {what} of its own");
            findings.refuse(Code::MissingKey, topology.profile.span.clone(), &key, what);
        }
    }
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
pub(super) fn expectations(findings: &mut Findings<'_>, comes: &Comes<'_>) {
    let scenario = findings.scenario;
    for expect in &scenario.expects {
        let here = |stage: &StageKind| scenario.stage.allowed.contains(stage);
        let what = match &expect.is {
            Is::TextIdentical(desks, _) if desks.len() < 2 => {
                "the same text needs two desks to be the same at".to_owned()
            }
            Is::Interval { from, to, .. } if from.value == to.value => {
                "from and to are the same mark".to_owned()
            }
            other => match other.by() {
                Some(By::Within(_, after)) if after.value == Mark::Endex => {
                    "nothing comes after ENDEX".to_owned()
                }
                _ if !expect.stages.is_empty() && !expect.stages.iter().any(here) => {
                    "it is asked on no stage that the file allows".to_owned()
                }
                _ => match possible(expect, comes) {
                    Ok(()) => continue,
                    Err(why) => format!("nothing can fulfil this: {why}"),
                },
            },
        };
        let key = format!("expectation {}", expect.id.value);
        findings.refuse(Code::Expectation, expect.span.clone(), &key, what);
    }
}

/// Whether everything that it asks for can come.
fn possible(expect: &Expect, comes: &Comes<'_>) -> Result<(), String> {
    let only = &expect.only;
    match &expect.is {
        // What is never to be may well be impossible.
        is if matches!(is.by(), Some(By::Never(_))) => Ok(()),
        Is::Rung(reached, by) => {
            let mark = Mark::Rung {
                of: reached.of.value.clone(),
                rung: reached.rung,
                at: reached.at.as_ref().map(|at| at.value.clone()),
            };
            comes.mark(&mark, only)?;
            began(by, only, comes)
        }
        Is::Interval { from, to, .. } => {
            comes.mark(from, only)?;
            comes.mark(to, only)
        }
        Is::Step(_, of, _, by) => {
            comes.message(of, only)?;
            began(by, only, comes)
        }
        Is::Duress(officer, by) => {
            comes.has_second(officer)?;
            began(by, only, comes)
        }
        Is::Alike(one, other) => {
            comes.message(one, only)?;
            comes.message(other, only)
        }
        Is::Standing(_, of) if comes.forged(of) => Ok(()),
        Is::Verdict { of, .. } | Is::Standing(_, of) | Is::TextIdentical(_, of) | Is::Third(_, Some(of)) => {
            comes.message(of, only)
        }
        is => is.by().map_or(Ok(()), |by| began(by, only, comes)),
    }
}

fn began(by: &By, only: &[String], comes: &Comes<'_>) -> Result<(), String> {
    match by {
        By::Within(_, after) => comes.mark(after, only),
        By::Recorded | By::Never(_) => Ok(()),
    }
}
