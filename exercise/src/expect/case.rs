//! The case that is judged: scenario and timeline, and how the one's names are found in the other.

use std::collections::BTreeSet;

use hotline_audit::Hash;
use hotline_core::words::{Function, Rung};

use crate::{
    bundle::{LogFact, LogKind},
    record::{InjectStatus, Kind},
    scenario::{
        Scenario,
        expect::Filter,
        mark::{Alias, Mark, Serial},
        moment::Span,
        msel::{Deed, Sending, together},
        player::Do,
    },
    timeline::{Climb, Measured, MessageFact, Moment, Place, Timeline, What},
};

use super::{Met, by::earlier};

/// Scenario and timeline.
pub(super) struct Case<'c> {
    pub(super) scenario: &'c Scenario,
    pub(super) variant: Vec<String>,
    pub(super) timeline: &'c Timeline,
    /// ENDEX; `None` where the records end before it.
    endex: Option<Moment>,
    /// ENDEX, or the last record.
    pub(super) end: Option<Moment>,
    /// Messages that their own desk has cancelled.
    cancelled: BTreeSet<Hash>,
}

/// What came of one expectation.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) met: Met,
    pub(super) observed: String,
    pub(super) at: Option<Moment>,
    pub(super) measured: Option<Measured>,
    pub(super) limit: Option<Span>,
    /// Where in the timeline.
    pub(super) entries: Vec<usize>,
}

/// A mark that has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came {
    /// When; `None` where no time is known.
    pub(super) at: Option<Moment>,
    /// Where in the timeline.
    pub(super) entry: usize,
}

/// One message of several that bear a name: marks about that name mean this one.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) alias: &'a Alias,
    pub(super) message: Hash,
}

/// Most filters that name a message by another one, one behind the other. 16: a long dialogue; two that name each other end.
const FILTERS_DEEP: usize = 16;

/// Most statements that one expectation links to: more than anybody follows.
const LINKS_MAX: usize = 64;

impl Finding {
    pub(super) fn new(met: Met, observed: impl Into<String>) -> Self {
        Self {
            met,
            observed: observed.into(),
            at: None,
            measured: None,
            limit: None,
            entries: Vec::new(),
        }
    }

    pub(super) fn at(mut self, at: Option<Moment>, entry: usize) -> Self {
        self.at = at;
        self.entries.push(entry);
        self
    }

    pub(super) fn within(mut self, measured: Measured, limit: Span) -> Self {
        self.measured = Some(measured);
        self.limit = Some(limit);
        self
    }

    pub(super) fn seen_in(mut self, entries: impl IntoIterator<Item = usize>) -> Self {
        self.entries.extend(entries);
        self
    }
}

impl<'c> Case<'c> {
    pub(super) fn new(scenario: &'c Scenario, variant: Option<&str>, timeline: &'c Timeline) -> Self {
        Self {
            scenario,
            variant: variant.into_iter().map(str::to_owned).collect(),
            timeline,
            endex: endex(timeline),
            end: timeline.records().last().map(|(entry, _)| entry.at),
            cancelled: cancelled(timeline),
        }
    }

    /// Whether something was surely behind ENDEX: the exercise was over. A time that nobody knows is not.
    pub(super) fn is_over(&self, at: Option<&Moment>) -> bool {
        match (&self.endex, at) {
            (Some(endex), Some(at)) => earlier(endex, at) == Met::Yes,
            _ => false,
        }
    }

    /// Whether the desk that sent a message has cancelled it.
    pub(super) fn is_cancelled(&self, message: &Hash) -> bool {
        self.cancelled.contains(message)
    }

    /// Everywhere these entries stand; of each entry its first place.
    pub(super) fn places(&self, entries: &[usize]) -> Vec<Place> {
        let mut places: Vec<Place> = entries
            .iter()
            .filter_map(|entry| self.timeline.entries.get(*entry)?.places.first().cloned())
            .collect();
        places.sort();
        places.dedup();
        places.truncate(LINKS_MAX);
        places
    }

    /// The first log that STARTEX promises and the evidence does not have, by the name of its owner: `desk B`.
    pub(super) fn missing_log(&self) -> Option<String> {
        let (startex, logs) = (&self.timeline.startex, &self.timeline.logs);
        let desks = startex.desks.iter();
        let mut desks = desks.filter(|(_, desk)| {
            !logs
                .iter()
                .any(|log| log.name == desk.log && log.owner == desk.identity)
        });
        if let Some((name, _)) = desks.next() {
            return Some(format!("desk {name}"));
        }
        let relays = startex.processes.iter().map(|process| process.who.as_str());
        let mut relays = relays.filter(|who| who.starts_with("relay "));
        let missing = relays.find(|who| {
            let of = |log: &&LogFact| log.kind == Some(LogKind::Relay);
            !logs
                .iter()
                .filter(of)
                .any(|log| self.timeline.name_of(&log.owner) == *who)
        });
        missing.map(str::to_owned)
    }

    /// The messages of this name: those that control wrote down, else the first that fits a filter of that name.
    pub(super) fn messages(&self, alias: &Alias) -> Vec<Hash> {
        self.called(alias, FILTERS_DEEP)
    }

    /// The same, through at most so many filters that name a message by another one.
    fn called(&self, alias: &Alias, deep: usize) -> Vec<Hash> {
        let named = self.timeline.named(alias);
        if !named.is_empty() {
            return named;
        }
        let filters = self
            .scenario
            .expects
            .iter()
            .filter(|expect| together(&expect.only, &self.variant))
            .filter_map(|expect| expect.of.as_ref())
            .filter(|filter| filter.alias.value == *alias);
        let Some(deep) = deep.checked_sub(1) else {
            return Vec::new();
        };
        let found = filters.filter_map(|filter| self.first(filter, deep));
        found.take(1).collect()
    }

    /// The first message that fits a filter.
    fn first(&self, filter: &Filter, deep: usize) -> Option<Hash> {
        let of = filter.refers_to.as_ref().map(|of| self.called(of, deep));
        let mut messages = self
            .timeline
            .entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Message(message) => Some((entry, &**message)),
                _ => None,
            });
        let fits = |who: &str, message: &MessageFact| {
            let side = self.timeline.desk_of(who).map(|(_, desk)| desk.side.as_str());
            let code = filter.code.as_ref();
            code.is_none_or(|code| message.code() == Some(code.value.as_str()))
                && filter.from.is_none_or(|from| side == Some(from.name()))
                && filter
                    .precedence
                    .is_none_or(|precedence| message.precedence == precedence)
                && of
                    .as_ref()
                    .is_none_or(|of| message.refers_to.is_some_and(|to| of.contains(&to)))
        };
        messages
            .find(|(entry, message)| message.released.is_ok() && fits(&entry.who, message))
            .map(|(entry, _)| entry.sha256)
    }

    /// How many messages of this name the plan has.
    pub(super) fn planned(&self, alias: &Alias) -> usize {
        if alias.copy.is_some() {
            return 1;
        }
        let injects = self
            .scenario
            .injects()
            .filter(|inject| together(&inject.only, &self.variant))
            .filter_map(|inject| match &inject.deed {
                Deed::Message { sending, .. } => Some(sending),
                _ => None,
            });
        let rules = self
            .scenario
            .players
            .iter()
            .flat_map(|player| &player.rules)
            .filter(|rule| together(&rule.only, &self.variant));
        let sends = rules.flat_map(|rule| &rule.deeds).filter_map(|deed| match deed {
            Do::Send(sending) | Do::Answer(_, sending) | Do::Correct(sending) => Some(sending),
            _ => None,
        });
        let named = |sending: &&Sending| {
            let named = sending.alias.as_ref();
            named.is_some_and(|named| named.value.name == alias.name)
        };
        let repeats = injects.chain(sends).filter(named).map(|sending| sending.repeat);
        usize::from(repeats.max().unwrap_or(1))
    }

    /// A message's rung: every time that it was reached, by time. What was done behind ENDEX does not count, but that what
    /// was sent before it came.
    pub(super) fn climbs<'t>(
        &'t self,
        message: &Hash,
        rung: Rung,
        at: Option<&'t str>,
    ) -> impl Iterator<Item = &'t Climb> + use<'t, 'c> {
        let climbs = self.timeline.climbs_of(message).iter();
        let came = matches!(rung, Rung::Accepted | Rung::Delivered);
        climbs
            .filter(move |climb| climb.rung == rung && at.is_none_or(|desk| climb.desk == desk))
            .filter(move |climb| came || !self.is_over(climb.at.as_ref()))
    }

    /// A mark, or a sentence that says that it has not come.
    pub(super) fn mark(&self, mark: &Mark, about: Option<About<'_>>) -> Result<Came, String> {
        match mark {
            Mark::Startex => self.record(mark, |kind| matches!(kind, Kind::Startex(_))),
            Mark::Endex => self.record(mark, |kind| matches!(kind, Kind::Endex { .. })),
            Mark::Inject(serial) => self.record(mark, |kind| is_done(kind, *serial)),
            Mark::Rung { of, rung, at } => {
                let (messages, planned) = match about {
                    Some(about) if about.alias == of => (vec![about.message], 1),
                    _ => (self.messages(of), self.planned(of)),
                };
                let first = |message: &Hash| {
                    let climb = self.climbs(message, *rung, at.as_deref()).next()?;
                    Some(Came {
                        at: climb.at,
                        entry: climb.entry,
                    })
                };
                let lacking = messages.len() < planned;
                let came: Option<Vec<Came>> = messages.iter().map(first).collect();
                let came = came.filter(|_| !lacking);
                // Of several messages the mark has come when it has for all that the plan has; nobody knows when if the
                // time of one is not known.
                came.and_then(|came| {
                    let untimed = came.iter().find(|came| came.at.is_none()).copied();
                    untimed.or_else(|| came.into_iter().max_by_key(|came| came.at))
                })
                .ok_or_else(|| format!("{mark} has not come"))
            }
        }
    }

    fn record(&self, mark: &Mark, is: impl Fn(&Kind) -> bool) -> Result<Came, String> {
        let entries = self.timeline.entries.iter().enumerate();
        let mut found = entries.filter_map(|(no, entry)| match &entry.what {
            What::Control(record) if is(&record.kind) => Some((no, entry)),
            _ => None,
        });
        found
            .next()
            .map(|(no, entry)| Came {
                at: Some(entry.at),
                entry: no,
            })
            .ok_or_else(|| format!("{mark} has not come"))
    }

    /// What people say aloud: `A-0017`.
    pub(super) fn spoken(&self, message: &Hash) -> String {
        match self.timeline.message(message) {
            Some((entry, fact)) => format!("{}-{:04}", self.timeline.name_of(&entry.who), fact.number),
            None => format!("message {}", message.to_string().get(..12).unwrap_or_default()),
        }
    }
}

fn endex(timeline: &Timeline) -> Option<Moment> {
    let mut entries = timeline.entries.iter();
    let endex = entries.find(|entry| match &entry.what {
        What::Control(record) => matches!(record.kind, Kind::Endex { .. }),
        _ => false,
    });
    endex.map(|entry| entry.at)
}

fn cancelled(timeline: &Timeline) -> BTreeSet<Hash> {
    let cancels = timeline.entries.iter().filter_map(|entry| match &entry.what {
        What::Message(fact) if fact.function == Function::Cancel && fact.released.is_ok() => {
            let of = fact.refers_to?;
            let (message, _) = timeline.message(&of)?;
            (message.who == entry.who).then_some(of)
        }
        _ => None,
    });
    cancels.collect()
}

fn is_done(kind: &Kind, of: Serial) -> bool {
    match kind {
        Kind::Inject { serial, status, .. } => {
            matches!(status, InjectStatus::Delivered | InjectStatus::Completed)
                && serial.parse::<Serial>() == Ok(of)
        }
        _ => false,
    }
}
