//! What came of it: expectations, counts, objectives, notes, improvements.

use hotline_core::words::{Rung, TrafficClass};

use super::{Making, moment, overview::millis};
use crate::{
    expect::{self, Judged, Met},
    record::{InjectStatus, Kind},
    report::model::{
        ClockName, Counts, ExpectRow, ImprovementRow, NoteRow, ObjectiveRow, Outcome, RatingRow, Summary,
    },
    scenario::lists::{Figure, Tongue},
    timeline::{UNKNOWN_MS, What},
};

/// Most notes of control that the summary repeats.
const NOTED_MAX: usize = 3;

impl Making<'_> {
    pub(super) fn expectations(&self) -> Vec<ExpectRow> {
        self.judged
            .iter()
            .map(|judged| self.expectation(judged))
            .collect()
    }

    fn expectation(&self, judged: &Judged) -> ExpectRow {
        let asked = judged.met != Met::NotAsked;
        let apart = judged.measured.map(|measured| measured.apart);
        ExpectRow {
            id: judged.id.clone(),
            title: judged.title.clone(),
            objective: judged.objective.clone(),
            must: judged.must,
            outcome: match judged.met {
                Met::Yes => Outcome::Met,
                Met::No => Outcome::Missed,
                Met::Undecided => Outcome::Undecided,
                Met::NotAsked => Outcome::NotAsked,
            },
            expected: judged.expected.clone(),
            observed: judged.observed.clone(),
            // Within its uncertainty a moment can lie before its mark: then it came at once.
            value_ms: apart.map(|apart| u64::try_from(apart.value_ms).unwrap_or(0)),
            uncertain_ms: apart
                .map(|apart| apart.uncertainty_ms)
                .filter(|off| *off != UNKNOWN_MS),
            limit_ms: judged.limit.map(|limit| millis(limit.length())),
            clock: judged.measured.map(|measured| {
                if measured.story {
                    ClockName::Story
                } else {
                    ClockName::Line
                }
            }),
            score: u32::from(judged.got),
            score_of: if asked { u32::from(judged.score) } else { 0 },
            leaves: judged.leaves.iter().map(|place| self.link_place(place)).collect(),
        }
    }

    pub(super) fn summary(&self, expectations: &[ExpectRow]) -> Summary {
        let asked = self.scenario.expects.iter().zip(expectations);
        let asked = asked.filter(|(_, row)| row.outcome != Outcome::NotAsked);
        let mut noted = self.all_notes();
        noted.truncate(NOTED_MAX);
        Summary {
            asked: asked
                .map(|(expect, _)| expect.title.in_or_any(Tongue::En).to_owned())
                .collect(),
            counts: self.counts(expectations),
            strengths: Summary::best(expectations),
            weaknesses: Summary::worst(expectations),
            noted,
        }
    }

    fn counts(&self, expectations: &[ExpectRow]) -> Counts {
        let variant = self.timeline.startex.variant.as_deref();
        let figure = |figure| {
            let counted = expect::figure(self.scenario, variant, self.timeline, figure);
            u32::try_from(counted.number).unwrap_or(u32::MAX)
        };
        let mut counts = Counts {
            lost: figure(Figure::Lost),
            shown_twice: figure(Figure::ShownTwice),
            score: expectations.iter().map(|row| row.score).sum(),
            score_of: expectations.iter().map(|row| row.score_of).sum(),
            open: self.dialogues().last().map_or(0, |last| last.open),
            ..Counts::default()
        };
        self.count_messages(&mut counts);
        self.count_records(&mut counts);
        counts
    }

    fn count_messages(&self, counts: &mut Counts) {
        for entry in &self.timeline.entries {
            let What::Message(fact) = &entry.what else {
                continue;
            };
            if fact.class != TrafficClass::Formal {
                continue;
            }
            let climbs = self.timeline.climbs_of(&entry.sha256);
            let reached = |rung| u32::from(climbs.iter().any(|climb| climb.rung == rung));
            counts.messages += 1;
            counts.delivered += reached(Rung::Delivered);
            counts.acknowledged += reached(Rung::Acknowledged);
            counts.answered += reached(Rung::Answered);
        }
        counts.precedences = self.precedences();
    }

    fn count_records(&self, counts: &mut Counts) {
        for status in self.last_statuses().into_values() {
            match status {
                InjectStatus::Delivered | InjectStatus::Completed => counts.injects_done += 1,
                InjectStatus::Skipped => counts.injects_skipped += 1,
                InjectStatus::Failed | InjectStatus::Unknown => counts.injects_failed += 1,
                InjectStatus::NotNeeded => counts.injects_not_needed += 1,
                _ => {}
            }
        }
        for (_, record) in self.timeline.records() {
            match &record.kind {
                Kind::Fault { on: true, .. } => counts.faults += 1,
                Kind::Refused { .. } => counts.refused += 1,
                _ => {}
            }
        }
    }

    pub(super) fn objectives(&self, expectations: &[ExpectRow]) -> Vec<ObjectiveRow> {
        let rows = self.scenario.objectives.iter().map(|objective| {
            let id = objective.id.value.as_str();
            let mine = || {
                expectations
                    .iter()
                    .filter(|row| row.objective.as_deref() == Some(id))
            };
            ObjectiveRow {
                id: id.to_owned(),
                title: objective.title.in_or_any(Tongue::En).to_owned(),
                capability: objective.capability.clone(),
                targets: objective.targets.clone(),
                score: mine().map(|row| row.score).sum(),
                score_of: mine().map(|row| row.score_of).sum(),
                ratings: self.ratings(id),
                notes: self.notes(Some(id)),
            }
        });
        rows.collect()
    }

    fn ratings(&self, id: &str) -> Vec<RatingRow> {
        let rows = self
            .record_numbers()
            .into_iter()
            .filter_map(|no| match self.kind(no)? {
                Kind::Rating {
                    author,
                    objective,
                    rating,
                    text,
                } if objective == id => Some(RatingRow {
                    at: moment(self.timeline.entries.get(no)?.at),
                    author: author.clone(),
                    rating: *rating,
                    text: text.clone(),
                    leaf: self.link(no),
                }),
                _ => None,
            });
        rows.collect()
    }

    /// Notes about an objective; or about none.
    pub(super) fn notes(&self, about: Option<&str>) -> Vec<NoteRow> {
        self.notes_where(|objective| objective == about)
    }

    fn all_notes(&self) -> Vec<NoteRow> {
        self.notes_where(|_| true)
    }

    fn notes_where(&self, wanted: impl Fn(Option<&str>) -> bool) -> Vec<NoteRow> {
        let rows = self
            .record_numbers()
            .into_iter()
            .filter_map(|no| match self.kind(no)? {
                Kind::Note {
                    author,
                    text,
                    objective,
                } if wanted(objective.as_deref()) => Some(NoteRow {
                    at: moment(self.timeline.entries.get(no)?.at),
                    author: author.clone(),
                    text: text.clone(),
                    leaf: self.link(no),
                }),
                _ => None,
            });
        rows.collect()
    }

    pub(super) fn improvements(&self) -> Vec<ImprovementRow> {
        let rows = self
            .record_numbers()
            .into_iter()
            .filter_map(|no| match self.kind(no)? {
                Kind::Improvement {
                    finding,
                    action,
                    owner,
                    due,
                } => Some(ImprovementRow {
                    finding: finding.clone(),
                    action: action.clone(),
                    owner: owner.clone(),
                    due: due.clone(),
                    leaf: self.link(no),
                }),
                _ => None,
            });
        rows.collect()
    }

    /// Messages that are FORMAL, in the order of their release.
    pub(super) fn formal(&self) -> impl Iterator<Item = usize> {
        let entries = self.timeline.entries.iter().enumerate();
        entries
            .filter(|(_, entry)| match &entry.what {
                What::Message(fact) => fact.class == TrafficClass::Formal,
                _ => false,
            })
            .map(|(no, _)| no)
    }
}
