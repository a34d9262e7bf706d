//! What desks showed, as control saw it: labels, causes, axes, lamps, alarms.

use std::collections::BTreeMap;

use hotline_core::health::Health;

use crate::{
    record::{Kind, Seen},
    scenario::msel::Link,
    timeline::{Moment, What},
};

use super::{
    by::{Occurrence, Until},
    case::Case,
};

/// How a desk stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) label: Option<String>,
    pub(super) causes: Vec<String>,
    pub(super) axes: BTreeMap<String, String>,
    pub(super) legs: BTreeMap<String, String>,
    /// Since when on control's wall clock, as the desk itself says: where it does.
    since: BTreeMap<String, Moment>,
}

/// A look of control at a desk: when, where in the timeline, what it showed then, and what was new.
pub(super) struct Look<'s> {
    pub(super) at: Moment,
    pub(super) entry: usize,
    pub(super) standing: Standing,
    pub(super) new: &'s Seen,
}

impl Standing {
    /// A record holds only what has changed.
    fn take(&mut self, seen: &Seen, since: impl Fn(u64) -> Option<Moment>) {
        if let Some(label) = &seen.label {
            self.label = Some(label.clone());
        }
        if let Some(causes) = &seen.causes {
            self.causes.clone_from(causes);
        }
        self.axes.extend(seen.axes.clone());
        for (leg, state) in &seen.legs {
            self.legs.insert(leg.clone(), state.clone());
            match seen.legs_since_ms.get(leg).and_then(|ms| since(*ms)) {
                Some(since) => self.since.insert(leg.clone(), since),
                None => self.since.remove(leg),
            };
        }
    }

    /// Since when these legs stand as they do: since the last of them does. `None` if a desk did not say that of one.
    fn legs_since<'l>(&self, mut legs: impl Iterator<Item = &'l String>) -> Option<Moment> {
        legs.try_fold(None, |last: Option<Moment>, leg| {
            let since = *self.since.get(leg)?;
            Some(last.max(Some(since)))
        })?
    }
}

impl Case<'_> {
    /// Every look at a desk, in the order of control's log.
    pub(super) fn looks(&self, desk: &str) -> Vec<Look<'_>> {
        let mut seen: Vec<(u64, usize, Moment, &Seen)> = self
            .timeline
            .entries
            .iter()
            .enumerate()
            .filter_map(|(no, entry)| match &entry.what {
                What::Control(record) => match &record.kind {
                    Kind::Observed { desk: of, seen } if of == desk && !self.is_over(Some(&entry.at)) => {
                        let leaf = entry.places.first().map_or(0, |place| place.leaf);
                        Some((leaf, no, entry.at, &**seen))
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect();
        seen.sort_by_key(|(leaf, ..)| *leaf);
        let mut standing = Standing::default();
        let looks = seen.into_iter().map(|(_, entry, at, new)| {
            // The desk told its clock in the same answer.
            let since = |ms: u64| {
                let (desk_ms, half_ms) = new.wall_ms?;
                let ago_ms = desk_ms.checked_sub(ms)?;
                let wall_ms = at.wall_ms.checked_sub(ago_ms)?;
                let off_ms = at.uncertainty_ms.saturating_add(u64::from(half_ms));
                Some(self.timeline.clock.moment(wall_ms, off_ms))
            };
            standing.take(new, since);
            Look {
                at,
                entry,
                standing: standing.clone(),
                new,
            }
        });
        looks.collect()
    }

    /// Every stretch in which a desk was seen to stand so.
    pub(super) fn stood(
        &self,
        desk: &str,
        what: &str,
        stands: impl Fn(&Standing) -> bool,
    ) -> Vec<Occurrence> {
        let mut stretches: Vec<Occurrence> = Vec::new();
        let mut open = false;
        for look in self.looks(desk) {
            match (stands(&look.standing), open) {
                (true, false) => stretches.push(Occurrence {
                    from: Some(look.at),
                    until: Until::Open,
                    entry: look.entry,
                    what: format!("{what} at {desk}"),
                    late: false,
                }),
                (false, true) => {
                    if let Some(last) = stretches.last_mut() {
                        last.until = Until::Moment(look.at);
                    }
                }
                (true, true) | (false, false) => {}
            }
            open = stands(&look.standing);
        }
        stretches
    }

    /// Every stretch in which lamps stood so. It begins when the desk says that the last of them came to stand so: control
    /// looks a few times a second only.
    pub(super) fn lit(&self, link: &Link, desk: &str, what: &str, state: Health) -> Vec<Occurrence> {
        let mut stretches = self.stood(desk, what, |standing| self.lamp(link, standing, state));
        let looks = self.looks(desk);
        for stretch in &mut stretches {
            let look = looks.iter().find(|look| look.entry == stretch.entry);
            let since = look.and_then(|look| {
                let legs = look.standing.legs.keys().filter(|leg| self.is_of(link, leg));
                look.standing.legs_since(legs)
            });
            stretch.from = since.or(stretch.from);
        }
        stretches
    }

    /// Every alarm of this code that a desk raised; of those with these words, if any are asked for.
    pub(super) fn alarms(&self, desk: &str, code: &str, says: Option<&str>) -> Vec<Occurrence> {
        let is = |(raised, sentence): &&(String, String)| {
            raised == code && says.is_none_or(|says| sentence.contains(says))
        };
        let mut alarms = Vec::new();
        for look in self.looks(desk) {
            for _ in look.new.alarms.iter().filter(is) {
                alarms.push(Occurrence {
                    from: Some(look.at),
                    until: Until::Point,
                    entry: look.entry,
                    what: format!("alarm {code} at {desk}"),
                    late: false,
                });
            }
        }
        alarms
    }

    /// Whether a lamp stands so: the leg's, or every one of a path's.
    fn lamp(&self, link: &Link, standing: &Standing, state: Health) -> bool {
        let lamps = standing.legs.iter();
        let mut lamps = lamps.filter(|(leg, _)| self.is_of(link, leg)).peekable();
        lamps.peek().is_some() && lamps.all(|(_, lamp)| lamp == state.name())
    }

    /// Whether a leg (`north/quic`) is the one of a link, or one of its path.
    pub(super) fn is_of(&self, link: &Link, leg: &str) -> bool {
        let (of, by) = leg.split_once('/').unwrap_or((leg, ""));
        match link {
            Link::Leg { relay, door, .. } => *relay == *of && *door == *by,
            Link::Path(path) => {
                let mut relays = self.scenario.topology.relays.iter();
                relays.any(|card| *card.name == *of && card.path == *path)
            }
        }
    }
}
