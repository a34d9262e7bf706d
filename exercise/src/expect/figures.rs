//! Figures that the timeline counts.

mod clocks;
mod gaps;

use std::collections::BTreeMap;

use hotline_audit::Hash;
use hotline_core::words::{Rung, TrafficClass};

use crate::{
    bundle::LogKind,
    record::Kind,
    scenario::{expect::Compare, lists::Figure, mark::Alias},
    timeline::{MessageFact, What},
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
    /// What could not be counted, if anything could not.
    pub unseen: Option<String>,
}

/// Most messages that a sentence names.
const NAMED_MAX: usize = 5;

impl Case<'_> {
    pub(super) fn figure(&self, figure: Figure, compare: Compare) -> Finding {
        let counted = self.count(figure);
        let mut what = match counted.what.as_str() {
            "" => String::new(),
            what => format!(": {what}"),
        };
        // Control itself saw the clocks; everything else is counted in logs.
        let missing = self.missing_log().filter(|_| figure != Figure::OffsetErrorMs);
        let met = match (compare.holds(counted.number), missing) {
            (true, None) if let Some(unseen) = &counted.unseen => {
                what = format!("{what}; {unseen}");
                Met::Undecided
            }
            (true, None) => Met::Yes,
            (true, Some(owner)) => {
                what = format!("{what}, without the log of {owner}");
                Met::Undecided
            }
            (false, _) => Met::No,
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
                    ..gaps::said(&gaps)
                }
            }
            Figure::GapMs => {
                let gaps = self.gaps();
                Counted {
                    number: gaps.iter().fold(0, |all, gap| gap.length_ms.saturating_add(all)),
                    ..gaps::said(&gaps)
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
            let forged = self.forged().contains(message);
            if accepted && !forged && fact.to.iter().any(|desk| !self.arrived(message, desk)) {
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
        let own = |name: &str| {
            let mut logs = self.timeline.logs.iter();
            logs.any(|log| log.name == name && log.kind == Some(LogKind::Desk) && log.owner == identity)
        };
        let held = self
            .timeline
            .message(message)
            .is_some_and(|(entry, _)| entry.places.iter().any(|place| own(&place.log)));
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

    /// What prepared attacks forged, as control wrote down: a stolen key signs as well as its owner's, and nobody else
    /// could tell. Nobody has lost it that it did not come, and whoever shows it shows what is false.
    pub(super) fn forged(&self) -> Vec<Hash> {
        let attacks = self.scenario.attacks.iter();
        let named = attacks.flat_map(|attack| {
            let alias = attack.id.parse::<Alias>().ok();
            alias.map_or_else(Vec::new, |alias| self.timeline.named(&alias))
        });
        named.collect()
    }

    /// Shown as a message, and nobody of the line has signed such a one in any log that verifies, or an attacker has.
    fn false_displays(&self) -> Counted {
        let forged = self.forged();
        let shows = self.shows().into_iter();
        let unknown =
            shows.filter(|((message, _), _)| !self.is_released(message) || forged.contains(message));
        let unknown: Vec<(Hash, usize)> = unknown
            .map(|((message, _), entries)| (message, entries.first().copied().unwrap_or_default()))
            .collect();
        self.said(&unknown)
    }

    /// Somebody of the line has signed it, and by the rule of release.
    fn is_released(&self, message: &Hash) -> bool {
        self.timeline
            .message(message)
            .is_some_and(|(_, fact)| fact.released.is_ok())
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
            unseen: None,
        }
    }

    /// FORMAL messages with what they say.
    pub(super) fn formal(&self) -> impl Iterator<Item = (Hash, &MessageFact)> {
        self.timeline
            .entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Message(fact) if fact.class == TrafficClass::Formal && fact.released.is_ok() => {
                    Some((entry.sha256, &**fact))
                }
                _ => None,
            })
    }
}
