//! Figures that the timeline counts.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::Hash;
use hotline_core::{
    duty::ServiceKind,
    leg::Door,
    words::{Rung, TrafficClass},
};

use crate::{
    bundle::LogKind,
    record::Kind,
    scenario::{
        expect::Compare,
        lists::Figure,
        msel::{Deed, together},
    },
    timeline::{MessageFact, Moment, Offset, What},
};

use super::{
    Met,
    case::{Case, Finding},
};

/// A figure, with the statements behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many, or how long in milliseconds.
    pub number: u64,
    /// What was counted, in words; empty if nothing was.
    pub what: String,
    /// Where in the timeline.
    pub entries: Vec<usize>,
}

/// A desk's clock takes up to so long to be seen wrong after control has set it: control looks every five seconds.
const SETTLES_MS: u64 = 10_000;

/// Most messages that a sentence names.
const NAMED_MAX: usize = 5;

impl Case<'_> {
    pub(super) fn figure(&self, figure: Figure, compare: Compare) -> Finding {
        let counted = self.count(figure);
        let met = if compare.holds(counted.number) {
            Met::Yes
        } else {
            Met::No
        };
        let what = match counted.what.as_str() {
            "" => String::new(),
            what => format!(": {what}"),
        };
        Finding::new(met, format!("{} is {}{what}", figure.name(), counted.number)).seen_in(counted.entries)
    }

    pub(super) fn count(&self, figure: Figure) -> Counted {
        match figure {
            Figure::Lost => self.lost(),
            Figure::ShownTwice => self.shown_twice(),
            Figure::FalseDisplays => self.false_displays(),
            Figure::Gaps => {
                let gaps = self.gaps();
                Counted {
                    number: gaps.len() as u64,
                    ..gaps_said(&gaps)
                }
            }
            Figure::GapMs => {
                let gaps = self.gaps();
                Counted {
                    number: gaps.iter().map(|gap| gap.length_ms).sum(),
                    ..gaps_said(&gaps)
                }
            }
            Figure::OffsetErrorMs => self.offset_error(),
        }
    }

    /// Messages that a relay's log holds, and that never came to a desk which was to act on them.
    fn lost(&self) -> Counted {
        let mut lost = Vec::new();
        for (message, no) in &self.timeline.messages {
            let Some((_, fact)) = self.timeline.message(message) else {
                continue;
            };
            let accepted = self.climbs(message, Rung::Accepted, None).next().is_some();
            if accepted && fact.to.iter().any(|desk| !self.arrived(message, desk)) {
                lost.push((*message, *no));
            }
        }
        self.said(&lost)
    }

    /// A desk has a message if it said so, or if its own log holds it.
    fn arrived(&self, message: &Hash, identity: &str) -> bool {
        let desk = self.timeline.name_of(identity);
        let told = self
            .climbs(message, Rung::Delivered, Some(&desk))
            .next()
            .is_some();
        let own = self
            .timeline
            .logs
            .iter()
            .find(|log| log.kind == Some(LogKind::Desk) && log.owner == identity);
        let held = own.is_some_and(|own| {
            self.timeline
                .message(message)
                .is_some_and(|(entry, _)| entry.places.iter().any(|place| place.log == own.name))
        });
        told || held
    }

    /// How often each desk showed each message to people: as control saw it, and as the desk signed it.
    fn shows(&self) -> BTreeMap<(Hash, String), Vec<usize>> {
        let (mut seen, mut signed) = (BTreeMap::new(), BTreeMap::new());
        for (no, entry) in self.timeline.entries.iter().enumerate() {
            match &entry.what {
                What::Control(record) => {
                    if let Kind::Observed { desk, seen: look } = &record.kind {
                        for shown in look.shown.iter().filter_map(|shown| shown.parse().ok()) {
                            let of: &mut Vec<usize> = seen.entry((shown, desk.clone())).or_default();
                            of.push(no);
                        }
                    }
                }
                What::Receipt(receipt) if receipt.rung == Rung::Displayed => {
                    let desk = self.timeline.name_of(&entry.who);
                    for (message, _) in &receipt.messages {
                        let of: &mut Vec<usize> = signed.entry((*message, desk.clone())).or_default();
                        of.push(no);
                    }
                }
                _ => {}
            }
        }
        // Both tell of the same showing: the larger number counts.
        for (key, entries) in signed {
            let of = seen.entry(key).or_default();
            if entries.len() > of.len() {
                *of = entries;
            }
        }
        seen
    }

    fn shown_twice(&self) -> Counted {
        let mut twice = Vec::new();
        for ((message, _), entries) in self.shows() {
            if entries.len() > 1 {
                twice.push((message, entries.last().copied().unwrap_or_default()));
            }
        }
        self.said(&twice)
    }

    /// Shown as a message, and nobody of the line has signed such a one in any log that verifies.
    fn false_displays(&self) -> Counted {
        let shows = self.shows().into_iter();
        let unknown = shows.filter(|((message, _), _)| !self.timeline.messages.contains_key(message));
        let unknown: Vec<(Hash, usize)> = unknown
            .map(|((message, _), entries)| (message, entries.first().copied().unwrap_or_default()))
            .collect();
        self.said(&unknown)
    }

    /// Stretches in which every leg of a desk through one relay was down, as the desk itself signed. A gap that does not end
    /// lasts until ENDEX, or the last record.
    fn gaps(&self) -> Vec<Gap> {
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
        let end_ms = self.end().map_or(0, |end| end.wall_ms);
        for (key, (from_ms, begun)) in open {
            gaps.push(Gap::new(&key, from_ms, end_ms, vec![begun]));
        }
        gaps
    }

    /// ENDEX, or the last record.
    pub(super) fn end(&self) -> Option<Moment> {
        self.timeline.records().last().map(|(entry, _)| entry.at)
    }

    /// How far the clocks that control set wrong were seen elsewhere than it had set them. A clock that nobody set is as
    /// right as its machine is, and not asked about.
    fn offset_error(&self) -> Counted {
        let mut worst = Counted::default();
        for (desk, offsets) in &self.timeline.offsets {
            let mut set: Vec<(u64, i64)> = Vec::new();
            for (serial, ahead_ms) in self.clocks_set(desk) {
                if let Ok(came) = self.mark(&crate::scenario::mark::Mark::Inject(serial), None)
                    && let Some(at) = came.at
                {
                    set.push((at.wall_ms, ahead_ms));
                }
            }
            set.sort_unstable();
            let Some((first, _)) = set.first().copied() else {
                continue;
            };
            let before = |look: &&Offset| look.control_ms < first;
            let base = offsets.looks().iter().rfind(before).map_or(0, Offset::ahead_ms);
            for look in offsets.looks() {
                let last = set.iter().rfind(|(at, _)| *at <= look.control_ms);
                let Some((at, ahead_ms)) = last else { continue };
                if look.control_ms < at.saturating_add(SETTLES_MS) {
                    continue;
                }
                let off = look.ahead_ms().abs_diff(base.saturating_add(*ahead_ms));
                let off = off.saturating_sub(look.uncertainty_ms);
                if off > worst.number {
                    worst.number = off;
                    worst.what = format!(
                        "at {desk}, {ahead_ms} ms ahead by the plan, {} seen",
                        look.ahead_ms()
                    );
                }
            }
        }
        worst
    }

    /// Injects that set this desk's clock, and by how much it is ahead behind each.
    fn clocks_set(&self, desk: &str) -> Vec<(crate::scenario::mark::Serial, i64)> {
        let injects = self
            .scenario
            .injects()
            .filter(|inject| together(&inject.only, &self.variant));
        injects
            .filter_map(|inject| match &inject.deed {
                Deed::Clock { who, back, by } if **who == *desk => {
                    let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                    Some((inject.serial, if *back { -ms } else { ms }))
                }
                _ => None,
            })
            .collect()
    }

    fn said(&self, messages: &[(Hash, usize)]) -> Counted {
        let names: Vec<String> = messages
            .iter()
            .take(NAMED_MAX)
            .map(|(message, _)| self.spoken(message))
            .collect();
        Counted {
            number: messages.len() as u64,
            what: names.join(", "),
            entries: messages.iter().map(|(_, no)| *no).collect(),
        }
    }

    /// FORMAL messages with what they say.
    pub(super) fn formal(&self) -> impl Iterator<Item = (Hash, &MessageFact)> {
        self.timeline
            .entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Message(fact) if fact.class == TrafficClass::Formal => Some((entry.sha256, &**fact)),
                _ => None,
            })
    }
}

/// A stretch without a path.
struct Gap {
    of: String,
    length_ms: u64,
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

fn gaps_said(gaps: &[Gap]) -> Counted {
    let each = gaps.iter().take(NAMED_MAX);
    let named: Vec<String> = each
        .map(|gap| format!("{} for {} ms", gap.of, gap.length_ms))
        .collect();
    Counted {
        number: 0,
        what: named.join(", "),
        entries: gaps.iter().flat_map(|gap| gap.entries.clone()).collect(),
    }
}
