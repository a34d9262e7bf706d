//! Injects that are in each other's way: faults that a link does not bear together, deeds on one process.

use std::{collections::BTreeSet, time::Duration};

use hotline_faults::live::{Named, Protocol, combine::joins};

use super::{Code, Findings, moments, sent::desk_of};
use crate::scenario::{
    Scenario,
    msel::{Deed, FaultDeed, Inject, Link, Until, together},
};

/// One leg, as the stage names its links, and what it carries.
type Leg = (String, Protocol);

/// A fault in force.
struct InForce<'a> {
    inject: &'a Inject,
    named: Named,
    legs: BTreeSet<Leg>,
    ends: Duration,
}

/// Faults that their link cannot have, or that do not join those which are in force when they come.
pub(super) fn faults(findings: &mut Findings<'_>) {
    let scenario = findings.scenario;
    let mut before: Vec<InForce<'_>> = Vec::new();
    for (inject, fault, begins) in planned(scenario) {
        let new = InForce {
            inject,
            named: Named {
                name: format!("inject {}", inject.serial),
                fault: fault.fault.clone(),
                direction: fault.direction,
                since: begins,
            },
            legs: legs(scenario, &fault.link.value),
            ends: ends(scenario, &fault.until, begins),
        };
        if let Some(why) = refused(&before, &new) {
            findings.refuse(Code::Faults, inject.span.clone(), &new.named.name, why);
        }
        before.push(new);
    }
    for inject in scenario.injects() {
        let Deed::Fault(fault) = &inject.deed else {
            continue;
        };
        let legs = legs(scenario, &fault.link.value);
        if let Some(Err(error)) = legs
            .iter()
            .map(|(_, protocol)| fault.fault.here(*protocol))
            .find(Result::is_err)
        {
            let key = format!("inject {}", inject.serial);
            findings.refuse(Code::Faults, fault.link.span.clone(), &key, error.to_string());
        }
    }
}

/// Those whose moment the file says, in the order in which they come.
fn planned(scenario: &Scenario) -> Vec<(&Inject, &FaultDeed, Duration)> {
    let planned = moments::planned(scenario);
    let mut faults: Vec<_> = scenario
        .injects()
        .filter_map(|inject| match &inject.deed {
            Deed::Fault(fault) => Some((inject, fault, *planned.get(&inject.serial)?)),
            _ => None,
        })
        .collect();
    // A sort that keeps the order of the file for those of one moment.
    faults.sort_by_key(|(_, _, begins)| *begins);
    faults
}

/// When it ends, at the latest that the file says.
fn ends(scenario: &Scenario, until: &Until, begins: Duration) -> Duration {
    /// What comes upon an inject comes when that is done.
    const BEHIND: Duration = Duration::from_millis(1);
    match until {
        Until::For(span) => begins.saturating_add(moments::longest(scenario, *span)),
        Until::Mark(mark) => {
            let known = moments::of(scenario, mark, &moments::planned(scenario));
            known.unwrap_or(scenario.duration.0).saturating_add(BEHIND)
        }
    }
}

/// The links of the stage behind a name. Desks of one side share theirs.
fn legs(scenario: &Scenario, link: &Link) -> BTreeSet<Leg> {
    const DOORS: [(&str, Protocol); 2] = [("quic", Protocol::Udp), ("tcp", Protocol::Tcp)];
    match link {
        Link::Leg { desk, relay, door } => {
            let side = desk_of(scenario, desk).map(|desk| desk.side);
            let protocol = DOORS.iter().find(|(name, _)| name == door);
            side.zip(protocol)
                .map(|(side, (_, protocol))| (format!("{side} {relay}/{door}"), *protocol))
                .into_iter()
                .collect()
        }
        Link::Path(path) => {
            let relays = scenario
                .topology
                .relays
                .iter()
                .filter(|relay| relay.path == *path);
            let sides: BTreeSet<_> = scenario.topology.desks.iter().map(|desk| desk.side).collect();
            relays
                .flat_map(|relay| sides.iter().map(move |side| (side, relay)))
                .flat_map(|(side, relay)| {
                    DOORS.map(|(door, protocol)| (format!("{side} {}/{door}", *relay.name), protocol))
                })
                .collect()
        }
    }
}

/// Why a fault cannot join those that are in force on one of its legs.
fn refused(before: &[InForce<'_>], new: &InForce<'_>) -> Option<String> {
    new.legs.iter().find_map(|leg| {
        let there: Vec<Named> = before
            .iter()
            .filter(|there| {
                there.legs.contains(leg)
                    && new.named.since < there.ends
                    && together(&there.inject.only, &new.inject.only)
            })
            .map(|there| there.named.clone())
            .collect();
        let error = joins(&there, &new.named).err()?;
        Some(format!("on {}: {error}", leg.0))
    })
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
