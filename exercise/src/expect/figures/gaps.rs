//! Gaps of a path, as desks signed them.

use std::collections::{BTreeMap, BTreeSet};

use hotline_core::{duty::ServiceKind, leg::Door};

use crate::{expect::case::Case, timeline::What};

use super::{Counted, NAMED_MAX};

impl Case<'_> {
    /// Stretches in which every leg of a desk through one relay was down, as the desk itself signed. A gap that does not end
    /// lasts until ENDEX, or the last record.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let mut down: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let mut open: BTreeMap<(String, String), (u64, usize)> = BTreeMap::new();
        let mut gaps = Vec::new();
        let doors = match self.scenario.topology.doors.len() {
            0 => Door::ALL.len(),
            named => named,
        };
        for (no, entry) in self.timeline.entries.iter().enumerate() {
            let What::Service(service) = &entry.what else {
                continue;
            };
            let outage = match service.kind {
                ServiceKind::PathOutage => true,
                ServiceKind::PathRestored => false,
                _ => continue,
            };
            let desk = self.timeline.name_of(&entry.who);
            for (leg, since_ms) in &service.legs {
                let relay = leg.split('/').next().unwrap_or_default().to_owned();
                let key = (desk.clone(), relay);
                let legs = down.entry(key.clone()).or_default();
                if outage {
                    legs.insert(leg.clone());
                } else {
                    legs.remove(leg);
                }
                // The moment that the desk names, brought to control's clock as its statement was.
                let named = if *since_ms == 0 {
                    entry.claimed_ms
                } else {
                    *since_ms
                };
                let at_ms = entry
                    .at
                    .wall_ms
                    .saturating_sub(entry.claimed_ms.saturating_sub(named));
                if legs.len() >= doors {
                    open.entry(key).or_insert((at_ms, no));
                } else if let Some((from_ms, begun)) = open.remove(&key) {
                    gaps.push(Gap::new(&key, from_ms, at_ms, vec![begun, no]));
                }
            }
        }
        let end_ms = self.end.map_or(0, |end| end.wall_ms);
        for (key, (from_ms, begun)) in open {
            gaps.push(Gap::new(&key, from_ms, end_ms, vec![begun]));
        }
        gaps
    }
}

/// A stretch without a path.
pub(super) struct Gap {
    of: String,
    pub(super) length_ms: u64,
    entries: Vec<usize>,
}

impl Gap {
    fn new(key: &(String, String), from_ms: u64, to_ms: u64, entries: Vec<usize>) -> Self {
        Self {
            of: format!("{} by {}", key.0, key.1),
            length_ms: to_ms.saturating_sub(from_ms),
            entries,
        }
    }
}

pub(super) fn said(gaps: &[Gap]) -> Counted {
    let each = gaps.iter().take(NAMED_MAX);
    let named: Vec<String> = each
        .map(|gap| format!("{} for {} ms", gap.of, gap.length_ms))
        .collect();
    Counted {
        number: 0,
        what: named.join(", "),
        entries: gaps.iter().flat_map(|gap| gap.entries.clone()).collect(),
        unseen: None,
    }
}
