//! What each side hands in: its own logs and its copies of the other side's relays' logs, as the plan has it prepare them.

use std::collections::BTreeMap;

use hotline_audit::{Hash, LogSigner, compare::Log, key::Subject};

use super::{Copies, tamper};
use crate::{
    bundle::{Evidence, LogKind, VerifiedLog},
    expect,
    record::{InjectStatus, Kind},
    scenario::{
        lists::{HandedIn, Side},
        msel::{Deed, HandIn},
    },
    timeline::Timeline,
};

/// Who has a log's key: by the name of the log. The exercise has those that it made itself.
pub type Keys<'k> = dyn Fn(&str) -> Result<LogSigner, String> + 'k;

/// What both sides hand in, and what could not be prepared as planned, in words. Nothing is handed in where the scenario has
/// no disputed message.
pub fn hand_in(evidence: &Evidence, timeline: &Timeline, keys: &Keys<'_>) -> (Copies, Vec<String>) {
    let variant = timeline.startex.variant.as_deref();
    let Some(alias) = evidence.scenario.disputed(variant) else {
        return (Copies::new(), Vec::new());
    };
    let message = expect::named(&evidence.scenario, variant, timeline, alias)
        .first()
        .copied();
    let mut copies: Copies = Side::ALL
        .iter()
        .map(|side| (*side, as_they_are(evidence, timeline, *side)))
        .collect();
    let mut failed = Vec::new();
    for deed in ordered(evidence, timeline) {
        if let Err(why) = prepare(&mut copies, evidence, timeline, (&deed, message), keys) {
            failed.push(format!("{deed}: {why}"));
        }
    }
    (copies, failed)
}

/// A side's own desks' and relays' logs, and its copies of the other side's relays' logs.
fn as_they_are(evidence: &Evidence, timeline: &Timeline, side: Side) -> BTreeMap<String, Log> {
    let logs = evidence.logs.values().filter(|log| match log.kind {
        Some(LogKind::Desk) => side_of(timeline, &log.owner) == Some(side),
        Some(LogKind::Relay) => true,
        Some(LogKind::Control) | None => false,
    });
    logs.map(|log| (log.name.clone(), log.log.clone())).collect()
}

/// What the plan had prepared, of what was delivered.
fn ordered(evidence: &Evidence, timeline: &Timeline) -> Vec<HandIn> {
    let done = |serial: &str| {
        timeline.records().any(|(_, record)| match &record.kind {
            Kind::Inject {
                serial: of, status, ..
            } => of == serial && *status == InjectStatus::Delivered,
            _ => false,
        })
    };
    let injects = evidence.scenario.injects();
    let ordered = injects.filter_map(|inject| match &inject.deed {
        Deed::HandIn(deed) if done(&inject.serial.to_string()) => Some(deed.clone()),
        _ => None,
    });
    ordered.collect()
}

fn prepare(
    copies: &mut Copies,
    evidence: &Evidence,
    timeline: &Timeline,
    (deed, message): (&HandIn, Option<Hash>),
    keys: &Keys<'_>,
) -> Result<(), String> {
    let log = log_of(evidence, &deed.who.value).ok_or("that log is not in the evidence")?;
    let side = side_of(timeline, &log.owner).ok_or("its owner is of no side")?;
    let logs = copies.entry(side).or_default();
    if deed.how == HandedIn::Withhold {
        logs.remove(&log.name);
        return Ok(());
    }
    let message = message.ok_or("no such message was released")?;
    let copy = logs.get_mut(&log.name).ok_or("that log is not handed in")?;
    let signer = keys(&log.name)?;
    *copy = match deed.how {
        HandedIn::Truncate => tamper::truncated(copy, &message, &signer),
        HandedIn::Alter => tamper::altered(copy, &message, &signer),
        HandedIn::SecondHistory => tamper::second_history(copy, &message, &signer),
        HandedIn::Withhold => None,
    }
    .ok_or("it does not hold the message")?;
    Ok(())
}

/// A desk's log or a relay's, by the name that the scenario has for its owner.
fn log_of<'e>(evidence: &'e Evidence, who: &str) -> Option<&'e VerifiedLog> {
    let names = ["desk", "relay"].map(|kind| format!("{kind}-{who}"));
    names.iter().find_map(|name| evidence.logs.get(name))
}

/// Whose an identity is.
pub(super) fn side_of(timeline: &Timeline, identity: &str) -> Option<Side> {
    let domain = Subject::parse(identity)?.domain;
    let mut desks = timeline.startex.desks.values();
    let desk =
        desks.find(|desk| Subject::parse(&desk.identity).is_some_and(|known| known.domain == domain))?;
    desk.side.parse().ok()
}
