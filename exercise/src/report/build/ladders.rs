//! How long each rung took: of the messages that the scenario names, and over all of them.

use hotline_core::words::{ResponseAttribute, Rung};

use super::{Making, moment};
use crate::{
    report::model::{ClockName, HistoryStep, Ladder, LadderStep, LatencyRow, Wait, WaitKind},
    scenario::{
        expect::{By, Is},
        lists::Grade,
        mark::Mark,
        moment::Span,
    },
    timeline::{Climb, Entry, MessageFact, Moment, What},
};

/// Most ladders that are drawn.
const LADDERS_MAX: usize = 4;

/// From a rung to a rung, with grade, on a clock, and the step of 1967 that it is laid beside.
type Step = (Rung, Rung, Option<Grade>, ClockName, Option<HistoryStep>);

const STEPS: [Step; 10] = [
    (Rung::Released, Rung::Accepted, None, ClockName::Line, None),
    (
        Rung::Released,
        Rung::Delivered,
        None,
        ClockName::Line,
        Some(HistoryStep::SentToReceived),
    ),
    (Rung::Delivered, Rung::Alerted, None, ClockName::Line, None),
    (Rung::Delivered, Rung::Displayed, None, ClockName::Story, None),
    (Rung::Delivered, Rung::Acknowledged, None, ClockName::Story, None),
    (Rung::Delivered, Rung::Holding, None, ClockName::Story, None),
    (
        Rung::Delivered,
        Rung::Translated,
        Some(Grade::Sight),
        ClockName::Story,
        Some(HistoryStep::ReceivedToSight),
    ),
    (
        Rung::Released,
        Rung::Presented,
        None,
        ClockName::Story,
        Some(HistoryStep::SentToPrincipal),
    ),
    (
        Rung::Released,
        Rung::Translated,
        Some(Grade::Certified),
        ClockName::Story,
        Some(HistoryStep::SentToCertified),
    ),
    (Rung::Delivered, Rung::Answered, None, ClockName::Story, None),
];

impl Making<'_> {
    /// Of messages that have a name of their own, in the order of release.
    pub(super) fn ladders(&self) -> Vec<Ladder> {
        let named = self.formal().filter_map(|no| {
            let entry = self.timeline.entries.get(no)?;
            let alias = self.aliases.get(&entry.sha256)?;
            (!alias.contains('#')).then_some((entry, alias.as_str()))
        });
        named
            .take(LADDERS_MAX)
            .filter_map(|(entry, alias)| self.ladder(entry, alias))
            .collect()
    }

    fn ladder(&self, entry: &Entry, alias: &str) -> Option<Ladder> {
        let What::Message(fact) = &entry.what else {
            return None;
        };
        let to: Vec<String> = fact.to.iter().map(|desk| self.timeline.name_of(desk)).collect();
        let from = self.timeline.name_of(&entry.who);
        let code = fact.code().map_or_else(String::new, |code| format!("{code}, "));
        let mut steps = vec![approved(entry, fact)];
        steps.extend(STEPS.iter().map(|step| self.step(entry, step)));
        Some(Ladder {
            message: self.lines.spoken(&entry.sha256),
            about: format!("{alias}, {code}{}, {from} to {}", fact.precedence, to.join(" ")),
            steps,
        })
    }

    fn step(&self, entry: &Entry, (from, rung, grade, clock, history): &Step) -> LadderStep {
        let climb = first(self.timeline.climbs_of(&entry.sha256), *rung, *grade);
        let leaf = climb.and_then(|climb| match (climb.rung, climb.at) {
            (Rung::Accepted, Some(at)) => self.link_accepted(entry, &climb.desk, moment(at)),
            _ => Some(self.link(climb.entry)),
        });
        LadderStep {
            from: from.to_string(),
            rung: match grade {
                Some(grade) => format!("{rung} {}", grade.name()),
                None => rung.to_string(),
            },
            clock: *clock,
            ms: self.took(entry, *from, *rung, *grade, *clock),
            history: *history,
            leaf,
        }
    }

    /// How long one message took from rung to rung.
    fn took(
        &self,
        entry: &Entry,
        from: Rung,
        to: Rung,
        grade: Option<Grade>,
        clock: ClockName,
    ) -> Option<u64> {
        let climbs = self.timeline.climbs_of(&entry.sha256);
        let begin = first(climbs, from, None)?.at?;
        between(&begin, &first(climbs, to, grade)?.at?, clock)
    }

    /// How long rungs took over all FORMAL messages.
    pub(super) fn latency(&self) -> Vec<LatencyRow> {
        let rows = STEPS.iter().filter_map(|(from, rung, grade, clock, _)| {
            let times = self.formal().filter_map(|no| {
                let entry = self.timeline.entries.get(no)?;
                self.took(entry, *from, *rung, *grade, *clock)
            });
            let mut row = LatencyRow::over(rung.name(), from.name(), *clock, times.collect())?;
            row.only = grade.map(|grade| grade.name().to_owned());
            Some(row)
        });
        rows.collect()
    }

    /// How long people took to acknowledge and to answer, by release of the message. Of what nobody acknowledged only
    /// messages that ask for an answer, or that were expected to be acknowledged in a time, are listed.
    pub(super) fn waits(&self) -> Vec<Wait> {
        let mut waits = Vec::new();
        for no in self.formal() {
            let Some(entry) = self.timeline.entries.get(no) else {
                continue;
            };
            let What::Message(fact) = &entry.what else {
                continue;
            };
            for desk in fact.to.iter().map(|desk| self.timeline.name_of(desk)) {
                waits.extend(self.wait(entry, fact, &desk, WaitKind::Acknowledge));
                waits.extend(self.wait(entry, fact, &desk, WaitKind::Answer));
            }
        }
        waits
    }

    fn wait(&self, entry: &Entry, fact: &MessageFact, desk: &str, kind: WaitKind) -> Option<Wait> {
        let rung = match kind {
            WaitKind::Acknowledge => Rung::Acknowledged,
            WaitKind::Answer => Rung::Answered,
        };
        let at_desk: Vec<Climb> = self
            .timeline
            .climbs_of(&entry.sha256)
            .iter()
            .filter(|climb| climb.desk == desk)
            .cloned()
            .collect();
        let delivered = first(&at_desk, Rung::Delivered, None)?.at?;
        let came = first(&at_desk, rung, None);
        let deadline_ms = self.deadline(entry, rung);
        if came.is_none() && deadline_ms.is_none() && fact.response == ResponseAttribute::None {
            return None;
        }
        if kind == WaitKind::Answer && fact.response == ResponseAttribute::None {
            return None;
        }
        Some(Wait {
            message: self.lines.spoken(&entry.sha256),
            precedence: fact.precedence.to_string(),
            kind,
            desk: desk.to_owned(),
            from: moment(delivered),
            story_ms: came.and_then(|came| between(&delivered, &came.at?, ClockName::Story)),
            deadline_ms,
            leaf: came.map(|came| self.link(came.entry)),
        })
    }

    /// The time in which the scenario expects a rung of this message behind DELIVERED.
    fn deadline(&self, entry: &Entry, wanted: Rung) -> Option<u64> {
        let variant = self.timeline.startex.variant.as_deref();
        self.scenario.expects.iter().find_map(|expect| match &expect.is {
            Is::Rung(reached, By::Within(Span::Story(span), mark)) if reached.rung == wanted => {
                let Mark::Rung {
                    rung: Rung::Delivered,
                    ..
                } = &mark.value
                else {
                    return None;
                };
                let named = crate::expect::named(self.scenario, variant, self.timeline, &reached.of);
                named
                    .contains(&entry.sha256)
                    .then(|| super::overview::millis(span.0))
            }
            _ => None,
        })
    }
}

/// From the last officer's signature to the release, both by the sender's clocks.
fn approved(entry: &Entry, fact: &MessageFact) -> LadderStep {
    let last = fact.officers.iter().map(|(_, _, at)| *at).max();
    LadderStep {
        from: "approval".into(),
        rung: Rung::Released.to_string(),
        clock: ClockName::Line,
        ms: last.map(|last| entry.claimed_ms.saturating_sub(last)),
        history: Some(HistoryStep::ApprovedToSent),
        leaf: None,
    }
}

/// The first time that a rung was reached, of those that have a time.
fn first(climbs: &[Climb], rung: Rung, grade: Option<Grade>) -> Option<&Climb> {
    let mut fits = climbs
        .iter()
        .filter(|climb| climb.rung == rung && (grade.is_none() || climb.grade == grade));
    fits.clone()
        .find(|climb| climb.at.is_some())
        .or_else(|| fits.next())
}

fn between(begin: &Moment, end: &Moment, clock: ClockName) -> Option<u64> {
    match clock {
        ClockName::Line => Some(end.line_ms?.saturating_sub(begin.line_ms?)),
        ClockName::Story => Some(end.story_ms?.saturating_sub(begin.story_ms?)),
    }
}
