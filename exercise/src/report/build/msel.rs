//! The plan beside what became of it.

use std::collections::BTreeMap;

use hotline_faults::spec;

use super::{Making, moment, overview::millis};
use crate::{
    record::{InjectStatus, Kind},
    report::{
        lines::status_name,
        model::{MselRow, Planned},
    },
    scenario::{
        cast::Tongues,
        lists::Tongue,
        mark::{Mark, Serial},
        moment::Span,
        msel::{Deed, Inject, Link, Sending, When, together},
    },
};

impl Making<'_> {
    pub(super) fn msel(&self) -> Vec<MselRow> {
        let last = self.last_records();
        let mut rows = Vec::new();
        for event in &self.scenario.events {
            for incident in &event.incidents {
                for inject in &incident.injects {
                    if together(&inject.only, &self.variant) {
                        let mut row = self.inject(inject, &last);
                        row.event = english(&event.title);
                        row.incident = english(&incident.title);
                        rows.push(row);
                    }
                }
            }
        }
        rows
    }

    fn inject(&self, inject: &Inject, last: &BTreeMap<Serial, (usize, InjectStatus)>) -> MselRow {
        let record = last.get(&inject.serial);
        let result = record.and_then(|(no, _)| match self.kind(*no)? {
            Kind::Inject { what, .. } => Some(what.clone()),
            _ => None,
        });
        MselRow {
            serial: inject.serial.to_string(),
            event: String::new(),
            incident: String::new(),
            title: english(&inject.title),
            kind: inject.kind.name().to_owned(),
            method: inject.deed.method().name().to_owned(),
            category: inject.category.map(|category| category.name().to_owned()),
            from: inject.from.clone(),
            to: inject.to.iter().map(|seat| seat.value.clone()).collect(),
            precedence: match &inject.deed {
                Deed::Message { sending, .. } => sending.precedence.map(|level| level.to_string()),
                _ => None,
            },
            text: deed_words(&inject.deed),
            expected: english(&inject.expected),
            objective: inject.objective.as_ref().map(|objective| objective.value.clone()),
            controller: inject.controller.clone(),
            planned: self.planned(&inject.when),
            actual: self.came(&Mark::Inject(inject.serial)).map(moment),
            status: record
                .map_or("PENDING", |(_, status)| status_name(*status))
                .to_owned(),
            result: result.unwrap_or_default(),
            leaf: record.map(|(no, _)| self.link(*no)),
        }
    }

    fn planned(&self, when: &When) -> Planned {
        match when {
            When::At(at) => Planned {
                words: format!("{} after STARTEX", Span::Story(*at)),
                story_ms: Some(millis(at.0)),
            },
            When::After { mark, by } => {
                let story_ms = match by {
                    Span::Story(span) => self
                        .came(&mark.value)
                        .and_then(|at| at.story_ms)
                        .map(|story| story.saturating_add(millis(span.0))),
                    // How much of the story passes meanwhile is control's business.
                    Span::Line(_) => None,
                };
                Planned {
                    words: format!("{by} after {}", mark.value),
                    story_ms,
                }
            }
            When::Unless { expect, within } => Planned {
                words: format!("if {} is not met within {within}", expect.value),
                story_ms: None,
            },
        }
    }

    /// When a mark came.
    pub(super) fn came(&self, mark: &Mark) -> Option<crate::timeline::Moment> {
        let variant = self.timeline.startex.variant.as_deref();
        crate::expect::mark_at(self.scenario, variant, self.timeline, mark)
    }

    /// The last record about every inject that has one.
    fn last_records(&self) -> BTreeMap<Serial, (usize, InjectStatus)> {
        let mut last = BTreeMap::new();
        for no in self.record_numbers() {
            if let Some(Kind::Inject { serial, status, .. }) = self.kind(no)
                && let Ok(serial) = serial.parse::<Serial>()
            {
                last.insert(serial, (no, *status));
            }
        }
        last
    }

    pub(super) fn last_statuses(&self) -> BTreeMap<Serial, InjectStatus> {
        let last = self.last_records().into_iter();
        last.map(|(serial, (_, status))| (serial, status)).collect()
    }
}

fn english(tongues: &Tongues) -> String {
    tongues.in_or_any(Tongue::En).to_owned()
}

/// What an inject says or does, in words.
fn deed_words(deed: &Deed) -> String {
    match deed {
        Deed::News { text, .. } => english(text),
        Deed::Order { text, role } => format!("{role}: {}", english(text)),
        Deed::Message { desk, sending } => format!("{} sends {}", desk.value, sending_words(sending)),
        Deed::Fault(fault) => {
            let link = match &fault.link.value {
                Link::Path(path) => format!("path {path}"),
                Link::Leg { desk, relay, door } => format!("{desk} {relay}/{door}"),
            };
            format!("{} on {link}", spec::line(&fault.fault))
        }
        Deed::Process { deed, who } => format!("{} {}", deed.name(), who.value),
        Deed::Clock { who, back, by } => {
            let sign = if *back { "-" } else { "+" };
            format!("clock of {} {sign}{} s", who.value, by.as_secs())
        }
        Deed::Institution(act) => format!("{} by {}", act.verb.name(), act.side.name()),
        Deed::Attack(attack) => format!("attack {}", attack.value),
        Deed::Phrase(officer) => format!("{} types the second passphrase from now on", officer.value),
        Deed::HandIn(hand_in) => format!("handed in behind ENDEX: {hand_in}"),
        Deed::Hand => "done by hand".into(),
    }
}

fn sending_words(sending: &Sending) -> String {
    let what = match &sending.code {
        Some(coding) => coding.code.value.clone(),
        None => english(&sending.text),
    };
    match sending.repeat {
        0 | 1 => what,
        times => format!("{times} times: {what}"),
    }
}
