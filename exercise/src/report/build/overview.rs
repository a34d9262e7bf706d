//! What was played, when, where and by whom.

use super::{Making, moment, texts};
use crate::{
    record::{AT_CONTROL, Kind},
    report::model::{Attendee, Officer, Overview, PlayedBy, Seat, SignedOff},
    scenario::lists::SeatKind,
};

impl Making<'_> {
    pub(super) fn overview(&self) -> Overview {
        let (scenario, startex) = (self.scenario, &self.timeline.startex);
        let mut records = self.timeline.records();
        let begun = records.next().map(|(entry, _)| entry.at);
        let last = self
            .timeline
            .records()
            .last()
            .map(|(entry, _)| entry.at)
            .or(begun);
        let endex = self
            .timeline
            .records()
            .find_map(|(entry, record)| match &record.kind {
                Kind::Endex { why } => Some((entry.at, why.clone())),
                _ => None,
            });
        let begun = begun.unwrap_or_else(|| self.timeline.clock.moment(0, 0));
        let end = endex.as_ref().map(|(at, _)| *at).or(last).unwrap_or(begun);
        let took = |from: Option<u64>, to: Option<u64>| to.unwrap_or(0).saturating_sub(from.unwrap_or(0));
        Overview {
            scenario: scenario.id.value.clone(),
            title: texts(&scenario.title),
            summary: texts(&scenario.summary),
            handling: scenario.handling.clone(),
            sponsor: scenario.sponsor.clone(),
            contact: scenario.contact.clone(),
            stage: startex.stage.clone(),
            variant: startex.variant.clone(),
            seed: startex.seed,
            rate: startex.rate,
            startex: moment(begun),
            endex: endex.as_ref().map(|(at, _)| moment(*at)),
            ended: endex.map(|(_, why)| why),
            planned_story_ms: millis(scenario.duration.0),
            took_story_ms: took(begun.story_ms, end.story_ms),
            took_line_ms: took(begun.line_ms, end.line_ms),
            release: startex.release,
            languages: scenario
                .languages
                .iter()
                .map(|tongue| tongue.name().to_owned())
                .collect(),
            scenario_sha256: self.timeline.scenario_sha256.to_string(),
            codebook: startex.codebook.clone(),
            codebook_sha256: self.timeline.codebook_sha256.to_string(),
            seats: self.seats(),
            at_control: self.at_control(),
            signed_off: self.signed_off(),
        }
    }

    fn seats(&self) -> Vec<Seat> {
        let seats = self.scenario.seats.iter().map(|card| {
            let officers = card.officers.iter().map(|name| {
                let officer = self.scenario.officer(name);
                let roles = officer.map(|card| card.roles.as_slice()).unwrap_or_default();
                Officer {
                    name: name.value.clone(),
                    roles: roles.iter().map(ToString::to_string).collect(),
                }
            });
            let played = self.timeline.startex.seats.get(&card.name.value);
            Seat {
                name: card.name.value.clone(),
                kind: card.kind.name().to_owned(),
                desk: card.desk.as_ref().map(|desk| desk.value.clone()),
                officers: officers.collect(),
                played_by: match played.map(String::as_str) {
                    Some("person") => PlayedBy::Person,
                    Some("script") => PlayedBy::Script,
                    _ if card.kind == SeatKind::Control => PlayedBy::Script,
                    _ => PlayedBy::Nobody,
                },
            }
        });
        seats.collect()
    }

    /// Who joined control, by what control wrote down of it.
    fn at_control(&self) -> Vec<Attendee> {
        let mut found: Vec<Attendee> = Vec::new();
        for (entry, record) in self.timeline.records() {
            let Kind::Seat { seat, what } = &record.kind else {
                continue;
            };
            let (Some(name), Some((part, what))) = (seat.strip_prefix(AT_CONTROL), what.split_once(' '))
            else {
                continue;
            };
            let left = (what == "LEFT").then(|| moment(entry.at));
            match found.iter_mut().find(|attendee| attendee.name == name) {
                Some(known) => known.left = left,
                None => found.push(Attendee {
                    name: name.to_owned(),
                    part: part.to_owned(),
                    joined: moment(entry.at),
                    left,
                }),
            }
        }
        found
    }

    /// A note of the DIRECTOR that begins with SIGNED_OFF ends the draft.
    fn signed_off(&self) -> Option<SignedOff> {
        let records = self.timeline.entries.iter().enumerate();
        let mut signed = records.filter_map(|(no, entry)| match self.kind(no)? {
            Kind::Note { author, text, .. } if author == "DIRECTOR" && text.starts_with("SIGNED_OFF") => {
                Some(SignedOff {
                    by: author.clone(),
                    at: moment(entry.at),
                    leaf: self.link(no),
                })
            }
            _ => None,
        });
        signed.next()
    }

    /// What a record of control says; `None` for an entry that is none.
    pub(super) fn kind(&self, no: usize) -> Option<&Kind> {
        match &self.timeline.entries.get(no)?.what {
            crate::timeline::What::Control(record) => Some(&record.kind),
            _ => None,
        }
    }
}

pub(super) fn millis(length: std::time::Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
