//! Every message, from its release to its end.

use hotline_core::words::Rung;

use super::{Making, moment};
use crate::report::lines::person;
use crate::{
    report::model::{Climb, Leaf, Message, Translation},
    timeline::{self, Entry, MessageFact, What},
};

impl Making<'_> {
    pub(super) fn transcript(&self) -> Vec<Message> {
        let entries = self.timeline.entries.iter().enumerate();
        let mut messages: Vec<Message> = entries
            .filter_map(|(no, entry)| match &entry.what {
                What::Message(fact) => Some(self.message(no, entry, fact)),
                _ => None,
            })
            .collect();
        messages.sort_by(|one, other| (one.released, &one.name).cmp(&(other.released, &other.name)));
        messages
    }

    fn message(&self, no: usize, entry: &Entry, fact: &MessageFact) -> Message {
        let climbs = self.timeline.climbs_of(&entry.sha256);
        Message {
            name: self.lines.spoken(&entry.sha256),
            sha256: entry.sha256.to_string(),
            alias: self.aliases.get(&entry.sha256).cloned(),
            from: self.timeline.name_of(&entry.who),
            to: fact.to.iter().map(|desk| self.timeline.name_of(desk)).collect(),
            class: fact.class.to_string(),
            function: fact.function.to_string(),
            precedence: fact.precedence.to_string(),
            channel: fact.channel.clone(),
            code: fact.code().map(str::to_owned),
            // Nobody signs in which language an original is.
            language: None,
            text: fact
                .text
                .clone()
                .unwrap_or_else(|| "(this text cannot be shown)".into()),
            refers: fact.refers_to.map(|hash| self.lines.spoken(&hash)),
            released: moment(entry.at),
            leaf: self.link(no),
            translations: climbs
                .iter()
                .filter_map(|climb| self.translation(climb))
                .collect(),
            ladder: climbs
                .iter()
                .filter_map(|climb| self.climb(entry, climb))
                .collect(),
        }
    }

    /// A rung with a time. Of an acceptance without one only the relay's log speaks: its entry is in the annex.
    fn climb(&self, message: &Entry, climb: &timeline::Climb) -> Option<Climb> {
        let at = moment(climb.at?);
        let leaf: Leaf = if climb.rung == Rung::Accepted {
            self.link_accepted(message, &climb.desk, at)?
        } else {
            self.link(climb.entry)
        };
        let by = match (&climb.officer, climb.rung) {
            (Some(officer), _) => format!("{} of desk {}", person(officer), climb.desk),
            (None, Rung::Accepted) => climb.desk.clone(),
            (None, _) => format!("desk {}", climb.desk),
        };
        Some(Climb {
            rung: climb.rung.to_string(),
            by,
            detail: self.detail(climb),
            at,
            leaf,
        })
    }

    /// Grade, answer or words.
    fn detail(&self, climb: &timeline::Climb) -> String {
        let entry = self.timeline.entries.get(climb.entry);
        let what = entry.map(|entry| &entry.what);
        match (climb.grade, climb.answer, what) {
            (Some(grade), _, Some(What::Act(word))) => format!("{}, {}", grade.name(), word.language),
            (Some(grade), ..) => grade.name().to_owned(),
            (None, Some(answer), _) => {
                let name = entry
                    .map(|entry| self.lines.spoken(&entry.sha256))
                    .unwrap_or_default();
                format!("{answer}, {name}")
            }
            (None, None, Some(What::Act(word))) => word.text.clone(),
            (None, None, Some(What::Receipt(receipt))) => match receipt.messages.as_slice() {
                [(_, leg)] => format!("by {leg}"),
                _ => String::new(),
            },
            (None, None, _) => String::new(),
        }
    }

    fn translation(&self, climb: &timeline::Climb) -> Option<Translation> {
        let entry = self.timeline.entries.get(climb.entry)?;
        match &entry.what {
            What::Act(word) if word.rung == Rung::Translated => Some(Translation {
                grade: word.grade.map_or("", |grade| grade.name()).to_owned(),
                language: word.language.clone(),
                by: person(&word.officer),
                text: word.text.clone(),
                at: moment(entry.at),
                leaf: self.link(climb.entry),
            }),
            _ => None,
        }
    }
}
