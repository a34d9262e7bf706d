//! From evidence, timeline and what was judged to the [`Model`] that a report is made of. Nothing is added: what is not in
//! the evidence is not in the report.

mod cosigned;
mod dialogues;
mod dispute;
mod figures;
mod integrity;
mod ladders;
mod lanes;
mod msel;
mod overview;
mod precedences;
mod results;
mod strips;
mod transcript;

pub(super) use lanes::is_news;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use hotline_audit::Hash;

use super::{
    lines::Lines,
    model::{Command, FORMAT, Leaf, LeafRow, Model, Moment, Texts, Verify},
};
use crate::{
    bundle::{Evidence, LOGS, TRUST},
    expect::Judged,
    scenario::{Scenario, cast::Tongues},
    timeline::{self, Entry, Timeline},
};

/// Makes the model. The same evidence gives the same model.
#[must_use]
pub fn build(evidence: &Evidence, timeline: &Timeline, judged: &[Judged]) -> Model {
    let making = Making::new(evidence, timeline, judged);
    let expectations = making.expectations();
    let transcript = making.transcript();
    let mut model = Model {
        report: FORMAT,
        overview: making.overview(),
        integrity: making.integrity(),
        dispute: making.dispute(),
        summary: making.summary(&expectations),
        figures: making.figures(),
        msel: making.msel(),
        objectives: making.objectives(&expectations),
        notes: making.notes(None),
        improvements: making.improvements(),
        expectations,
        transcript,
        leaves: Vec::new(),
        verify: making.verify(),
    };
    model.leaves = making.leaves();
    model
}

/// What the model is made from, and what was linked to so far.
struct Making<'m> {
    evidence: &'m Evidence,
    scenario: &'m Scenario,
    timeline: &'m Timeline,
    judged: &'m [Judged],
    variant: Vec<String>,
    /// Entries of the timeline that something links to.
    linked: RefCell<BTreeSet<usize>>,
    /// What a relay's own leaf of a message says.
    accepted: RefCell<BTreeMap<Leaf, LeafRow>>,
    /// Entries by the first place at which they stand.
    by_place: BTreeMap<timeline::Place, usize>,
    /// How entries are named.
    lines: Lines<'m>,
    /// What the scenario calls messages.
    aliases: BTreeMap<Hash, String>,
}

impl<'m> Making<'m> {
    fn new(evidence: &'m Evidence, timeline: &'m Timeline, judged: &'m [Judged]) -> Self {
        let places = timeline.entries.iter().enumerate();
        let by_place = places.filter_map(|(no, entry)| Some((entry.places.first()?.clone(), no)));
        let aliases = timeline.aliases.iter();
        Self {
            evidence,
            scenario: &evidence.scenario,
            timeline,
            judged,
            variant: timeline.startex.variant.clone().into_iter().collect(),
            linked: RefCell::default(),
            accepted: RefCell::default(),
            by_place: by_place.collect(),
            lines: Lines::new(timeline),
            aliases: aliases.map(|(alias, hash)| (*hash, alias.to_string())).collect(),
        }
    }

    /// The leaf of an entry: the first place at which it stands. From now on the report has it.
    fn link(&self, no: usize) -> Leaf {
        self.linked.borrow_mut().insert(no);
        let place = self
            .timeline
            .entries
            .get(no)
            .and_then(|entry| entry.places.first());
        place.map_or_else(|| Leaf::new("", 0), |place| Leaf::new(&place.log, place.leaf))
    }

    /// The leaf of a place at which an entry stands first.
    fn link_place(&self, place: &timeline::Place) -> Leaf {
        match self.by_place.get(place) {
            Some(no) => self.link(*no),
            None => Leaf::new(&place.log, place.leaf),
        }
    }

    /// The leaf of a message in a relay's log: that the relay accepted it.
    fn link_accepted(&self, message: &Entry, relay: &str, at: Moment) -> Option<Leaf> {
        let log = self
            .timeline
            .logs
            .iter()
            .find(|log| self.timeline.name_of(&log.owner) == relay)?;
        let place = message.places.iter().find(|place| place.log == log.name)?;
        let leaf = Leaf::new(&place.log, place.leaf);
        let row = LeafRow {
            leaf: leaf.clone(),
            sha256: message.sha256.to_string(),
            kind: "ACCEPTED".into(),
            who: relay.to_owned(),
            subject: self.lines.spoken(&message.sha256),
            at,
        };
        self.accepted.borrow_mut().insert(leaf.clone(), row);
        Some(leaf)
    }

    /// Everything that was linked to, by log and leaf.
    fn leaves(&self) -> Vec<LeafRow> {
        let mut rows = self.accepted.borrow().clone();
        for no in self.linked.borrow().iter() {
            if let Some(entry) = self.timeline.entries.get(*no)
                && let Some(place) = entry.places.first()
            {
                let leaf = Leaf::new(&place.log, place.leaf);
                let row = LeafRow {
                    leaf: leaf.clone(),
                    sha256: entry.sha256.to_string(),
                    kind: self.lines.kind(entry),
                    who: self.lines.who(entry),
                    subject: self.lines.subject(entry),
                    at: moment(entry.at),
                };
                rows.insert(leaf, row);
            }
        }
        rows.into_values().collect()
    }

    /// How anyone checks the report again: in the folder that holds it and the evidence.
    fn verify(&self) -> Verify {
        let files = self.evidence.files.iter();
        let files = files.map(|(name, fact)| (format!("evidence/{name}"), fact.sha256.clone()));
        let again = Command {
            run: "hotline exercise report --from . --out again && cmp report.json again/report.json".into(),
            proves: "The report follows from the evidence, byte by byte.".into(),
        };
        let logs = self.timeline.logs.iter().map(|log| Command {
            run: format!(
                "hotline-audit verify evidence/{LOGS}/{} --trust evidence/{TRUST}",
                log.name
            ),
            proves: format!(
                "Every entry of {} is signed by whom it names, and the root of its {} entries is {}.",
                log.name, log.entries, log.root
            ),
        });
        let pairs = self.timeline.pairs.iter().map(|pair| Command {
            run: format!(
                "hotline-audit compare evidence/{LOGS}/{} evidence/{LOGS}/{} --trust evidence/{TRUST}",
                pair.a, pair.b
            ),
            proves: format!(
                "What {} and {} hold, and that neither contradicts the other.",
                pair.a, pair.b
            ),
        });
        let commands = [again].into_iter().chain(logs).chain(pairs);
        Verify {
            files: files.collect(),
            commands: commands.chain(self.handed_in_twice()).collect(),
        }
    }
}

/// A moment of the timeline as the report has it. What lies before STARTEX stands at its beginning.
pub(super) fn moment(at: timeline::Moment) -> Moment {
    let known = |off: u64| match off {
        timeline::UNKNOWN_MS => None,
        off => u32::try_from(off).ok(),
    };
    Moment {
        story_ms: at.story_ms.unwrap_or(0),
        line_ms: at.line_ms.unwrap_or(0),
        wall_ms: at.wall_ms,
        uncertain_ms: known(at.uncertainty_ms),
        story_uncertain_ms: known(at.story_uncertainty_ms),
    }
}

fn texts(tongues: &Tongues) -> Texts {
    let texts = tongues.0.iter();
    texts
        .map(|(tongue, text)| (tongue.name().to_owned(), text.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
