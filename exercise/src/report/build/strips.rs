//! Availability of paths and legs, as control saw them on the desks.

use std::collections::BTreeMap;

use super::Making;
use crate::{
    record::Kind,
    report::model::{Gap, Leaf, Strip, StripKind, StripSpan, StripState},
};

/// What every leg of every desk was last seen to be, from a moment on.
struct Look {
    line_ms: u64,
    leaf: Leaf,
    /// By desk and leg.
    legs: BTreeMap<(String, String), StripState>,
}

impl Making<'_> {
    /// Paths first, then legs, by name.
    pub(super) fn strips(&self) -> Vec<Strip> {
        let looks = self.looks();
        let Some((first, last)) = looks.first().zip(looks.last()) else {
            return Vec::new();
        };
        let end = self.end_line_ms().max(last.line_ms);
        let begin = first.line_ms;
        let mut strips = Vec::new();
        let mut relays: Vec<(u16, &str)> = self
            .scenario
            .topology
            .relays
            .iter()
            .map(|relay| (relay.path, relay.name.value.as_str()))
            .collect();
        relays.sort_unstable();
        let mut paths: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for (path, relay) in relays {
            paths.entry(path).or_default().push(relay);
        }
        for (path, relays) in paths {
            let state = |look: &Look| path_state(look, &relays);
            strips.push(strip(
                format!("path {path}"),
                StripKind::Path,
                &looks,
                (begin, end),
                state,
            ));
        }
        for (desk, leg) in last.legs.keys() {
            let key = (desk.clone(), leg.clone());
            let state = |look: &Look| look.legs.get(&key).copied().unwrap_or(StripState::Unknown);
            strips.push(strip(
                format!("{desk} {leg}"),
                StripKind::Leg,
                &looks,
                (begin, end),
                state,
            ));
        }
        strips
    }

    fn looks(&self) -> Vec<Look> {
        let mut legs: BTreeMap<(String, String), StripState> = BTreeMap::new();
        let mut looks = Vec::new();
        for no in self.record_numbers() {
            if let Some(Kind::Observed { desk, seen }) = self.kind(no)
                && !seen.legs.is_empty()
                && let Some(entry) = self.timeline.entries.get(no)
            {
                for (leg, state) in &seen.legs {
                    legs.insert((desk.clone(), leg.clone()), lamp(state));
                }
                looks.push(Look {
                    line_ms: entry.at.line_ms.unwrap_or(0),
                    leaf: self.link(no),
                    legs: legs.clone(),
                });
            }
        }
        looks
    }

    /// ENDEX on the line, or the last record.
    fn end_line_ms(&self) -> u64 {
        let last = self.timeline.records().last();
        last.and_then(|(entry, _)| entry.at.line_ms).unwrap_or(0)
    }
}

/// A path is as good as its worse end, and an end as good as its best leg.
fn path_state(look: &Look, relays: &[&str]) -> StripState {
    let mut ends: BTreeMap<&str, StripState> = BTreeMap::new();
    for ((desk, leg), state) in &look.legs {
        let relay = leg.split('/').next().unwrap_or_default();
        if relays.contains(&relay) {
            let end = ends.entry(desk).or_insert(*state);
            *end = (*end).min(*state);
        }
    }
    ends.into_values().max().unwrap_or(StripState::Unknown)
}

fn lamp(state: &str) -> StripState {
    match state {
        "UP" | "PROVING" => StripState::Up,
        "SUSPECT" => StripState::Suspect,
        "DOWN" => StripState::Down,
        _ => StripState::Unknown,
    }
}

fn strip(
    name: String,
    kind: StripKind,
    looks: &[Look],
    (begin, end): (u64, u64),
    state: impl Fn(&Look) -> StripState,
) -> Strip {
    let mut spans: Vec<StripSpan> = Vec::new();
    let mut gaps: Vec<Gap> = Vec::new();
    for look in looks {
        let state = state(look);
        if spans.last().is_some_and(|last| last.state == state) {
            continue;
        }
        if let Some(last) = spans.last_mut() {
            last.to_line_ms = look.line_ms;
        }
        if state == StripState::Down {
            gaps.push(Gap {
                from_line_ms: look.line_ms,
                length_ms: end.saturating_sub(look.line_ms),
                leaf: Some(look.leaf.clone()),
            });
        } else if let Some(gap) = gaps.last_mut()
            && gap.from_line_ms.saturating_add(gap.length_ms) == end
        {
            gap.length_ms = look.line_ms.saturating_sub(gap.from_line_ms);
        }
        spans.push(StripSpan {
            state,
            from_line_ms: look.line_ms.max(begin),
            to_line_ms: end,
        });
    }
    spans.retain(|span| span.from_line_ms < span.to_line_ms);
    Strip {
        name,
        kind,
        spans,
        gaps,
    }
}
