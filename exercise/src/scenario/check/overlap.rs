//! Injects that are in each other's way: faults of one kind on one link, deeds on one process.

use std::time::Duration;

use super::{Code, Findings, moments};
use crate::scenario::msel::{Deed, FaultDeed, Inject, Until, together};
use hotline_faults::live::Direction;

/// Kinds of fault of which a link bears one at a time.
const ALONE: [&str; 6] = ["burst", "reorder", "flapping", "hold", "timeout", "reset_peer"];

/// Two faults of such a kind on one link, the second while the first lasts.
pub(super) fn faults(findings: &mut Findings<'_>) {
    let scenario = findings.scenario;
    let planned = moments::planned(scenario);
    let mut before: Vec<(&Inject, &FaultDeed, Duration, Duration)> = Vec::new();
    for inject in scenario.injects() {
        let (Deed::Fault(fault), Some(begins)) = (&inject.deed, planned.get(&inject.serial)) else {
            continue;
        };
        let ends = match &fault.until {
            Until::For(span) => begins.saturating_add(moments::longest(scenario, *span)),
            Until::Mark(_) => scenario.duration.0,
        };
        for (other, its, from, to) in &before {
            let ways = fault.direction == its.direction
                || [fault.direction, its.direction].contains(&Direction::Both);
            if ways
                && fault.link.value == its.link.value
                && fault.fault.kind() == its.fault.kind()
                && ALONE.contains(&fault.fault.kind())
                && begins < to
                && from < &ends
                && together(&inject.only, &other.only)
            {
                let what = format!(
                    "a second {} on one link while inject {} still lasts; a link bears one",
                    fault.fault.kind(),
                    other.serial
                );
                let key = format!("inject {}", inject.serial);
                findings.refuse(Code::Faults, inject.span.clone(), &key, what);
            }
        }
        before.push((inject, fault, *begins, ends));
    }
}

/// Two deeds on one process at one moment.
pub(super) fn processes(findings: &mut Findings<'_>) {
    let planned = moments::planned(findings.scenario);
    let mut before: Vec<(&Inject, &str)> = Vec::new();
    for inject in findings.scenario.injects() {
        let Deed::Process { who, .. } = &inject.deed else {
            continue;
        };
        let at = planned.get(&inject.serial);
        let clash = before.iter().find(|(other, name)| {
            *name == who.value
                && at.is_some()
                && planned.get(&other.serial) == at
                && together(&inject.only, &other.only)
        });
        if let Some((other, _)) = clash {
            let what = format!(
                "inject {} does something else to \"{}\" at the same moment",
                other.serial, who.value
            );
            let key = format!("inject {}", inject.serial);
            findings.refuse(Code::Overlap, inject.span.clone(), &key, what);
        }
        before.push((inject, &who.value));
    }
}
