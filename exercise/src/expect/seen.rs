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
    fn take(&mut self, seen: &Seen) {
        if let Some(label) = &seen.label {
            self.label = Some(label.clone());
        }
        if let Some(causes) = &seen.causes {
            self.causes.clone_from(causes);
        }
        self.axes.extend(seen.axes.clone());
        self.legs.extend(seen.legs.clone());
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
            standing.take(new);
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

    /// Every alarm of this code that a desk raised.
    pub(super) fn alarms(&self, desk: &str, code: &str) -> Vec<Occurrence> {
        let mut alarms = Vec::new();
        for look in self.looks(desk) {
            for _ in look.new.alarms.iter().filter(|(raised, _)| raised == code) {
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
    pub(super) fn lamp(&self, link: &Link, standing: &Standing, state: Health) -> bool {
        match link {
            Link::Leg { relay, door, .. } => standing
                .legs
                .get(&format!("{relay}/{door}"))
                .is_some_and(|lamp| lamp == state.name()),
            Link::Path(path) => {
                let of_path = |leg: &str| {
                    let relay = leg.split('/').next().unwrap_or_default();
                    let relays = &self.scenario.topology.relays;
                    relays
                        .iter()
                        .any(|card| *card.name == *relay && card.path == *path)
                };
                let mut lamps = standing.legs.iter().filter(|(leg, _)| of_path(leg)).peekable();
                lamps.peek().is_some() && lamps.all(|(_, lamp)| lamp == state.name())
            }
        }
    }
}
