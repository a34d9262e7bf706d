//! Desks, relays and control, with what happened in each.

use std::collections::BTreeMap;

use hotline_core::{duty::ServiceKind, words::Rung};

use super::{Making, moment};
use crate::{
    record::Kind,
    report::model::{FaultSpan, Lane, LaneKind, Mark, MarkClass},
    scenario::{
        lists::Side,
        msel::{Deed, together},
    },
    timeline::{Entry, What},
};

impl Making<'_> {
    /// Desks of A, relays, desks of B, control.
    pub(super) fn lanes(&self) -> Vec<Lane> {
        let mut marks = self.marks();
        let topology = &self.scenario.topology;
        let desks = |side| {
            let desks = topology.desks.iter().filter(move |desk| desk.side == side);
            desks.map(|desk| (format!("desk {}", desk.name.value), LaneKind::Desk))
        };
        let relays = topology
            .relays
            .iter()
            .map(|relay| (format!("relay {}", relay.name.value), LaneKind::Relay));
        let named = desks(Side::A)
            .chain(relays)
            .chain(desks(Side::B))
            .chain([("control".to_owned(), LaneKind::Control)]);
        let lanes = named.map(|(name, kind)| {
            let mut marks = marks.remove(&name).unwrap_or_default();
            marks.sort_by(|one, other| (one.at, &one.leaf).cmp(&(other.at, &other.leaf)));
            Lane { name, kind, marks }
        });
        lanes.collect()
    }

    fn marks(&self) -> BTreeMap<String, Vec<Mark>> {
        let mut marks: BTreeMap<String, Vec<Mark>> = BTreeMap::new();
        for (no, entry) in self.timeline.entries.iter().enumerate() {
            if is_news(entry) {
                let kind = self.lines.kind(entry);
                let mark = Mark {
                    at: moment(entry.at),
                    class: MarkClass::of(&kind),
                    text: format!("{kind} {}", self.lines.subject(entry)),
                    kind,
                    leaf: self.link(no),
                };
                marks.entry(self.lines.who(entry)).or_default().push(mark);
            }
            for climb in self.timeline.climbs_of(&entry.sha256) {
                let accepted = climb.rung == Rung::Accepted;
                let Some(at) = climb.at.filter(|_| accepted) else {
                    continue;
                };
                let at = moment(at);
                if let Some(leaf) = self.link_accepted(entry, &climb.desk, at) {
                    let kind = climb.rung.to_string();
                    marks.entry(climb.desk.clone()).or_default().push(Mark {
                        at,
                        class: MarkClass::of(&kind),
                        text: format!("{kind} {}", self.lines.subject(entry)),
                        kind,
                        leaf,
                    });
                }
            }
        }
        marks
    }

    pub(super) fn fault_spans(&self) -> Vec<FaultSpan> {
        let mut spans: Vec<FaultSpan> = Vec::new();
        for no in self.record_numbers() {
            let (Some(entry), Some(kind)) = (self.timeline.entries.get(no), self.kind(no)) else {
                continue;
            };
            match kind {
                Kind::Fault {
                    name,
                    on: true,
                    fault,
                    links,
                } => spans.push(FaultSpan {
                    name: name.clone(),
                    fault: fault.clone(),
                    category: self.category(name),
                    links: links.clone(),
                    lanes: self.shaded(links),
                    from: moment(entry.at),
                    to: None,
                    leaf: self.link(no),
                }),
                Kind::Fault { name, on: false, .. } => {
                    let open = spans
                        .iter_mut()
                        .rfind(|span| span.name == *name && span.to.is_none());
                    if let Some(open) = open {
                        open.to = Some(moment(entry.at));
                        self.link(no);
                    }
                }
                _ => {}
            }
        }
        spans
    }

    /// Where a fault comes from, as the inject of its name says.
    fn category(&self, name: &str) -> Option<String> {
        let mut injects = self
            .scenario
            .injects()
            .filter(|inject| together(&inject.only, &self.variant) && matches!(inject.deed, Deed::Fault(_)));
        let inject = injects.find(|inject| name.contains(&inject.serial.to_string()))?;
        inject.category.map(|category| category.name().to_owned())
    }

    /// The lanes of the desks and relays that links name; all if a link names neither.
    fn shaded(&self, links: &[String]) -> Vec<String> {
        let topology = &self.scenario.topology;
        let names = |link: &str| {
            let words: Vec<&str> = link.split([' ', '/']).collect();
            let desks = topology.desks.iter().map(|desk| ("desk", &desk.name.value));
            let relays = topology.relays.iter().map(|relay| ("relay", &relay.name.value));
            let named = desks
                .chain(relays)
                .filter(|(_, name)| words.contains(&name.as_str()));
            named
                .map(|(what, name)| format!("{what} {name}"))
                .collect::<Vec<_>>()
        };
        let mut lanes: Vec<String> = links.iter().flat_map(|link| names(link)).collect();
        lanes.sort();
        lanes.dedup();
        lanes
    }
}

/// Ticks, annexes and looks without news would hide everything else.
pub(in crate::report) fn is_news(entry: &Entry) -> bool {
    match &entry.what {
        What::Control(record) => match &record.kind {
            Kind::Tick | Kind::Annex { .. } | Kind::Named { .. } => false,
            Kind::Observed { seen, .. } => seen.label.is_some() || !seen.alarms.is_empty(),
            Kind::Played { refused, .. } => !refused.is_empty(),
            _ => true,
        },
        What::Service(service) => !matches!(service.kind, ServiceKind::Check | ServiceKind::CheckAnswer),
        What::Other(_) => false,
        _ => true,
    }
}
