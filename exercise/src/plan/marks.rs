//! What has happened, by name. A repeated message without a number of a copy means all copies.

use std::collections::BTreeMap;

use super::past::Point;
use crate::scenario::{
    Scenario,
    mark::{Alias, Mark},
    msel::{Deed, Sending},
    player::Do,
};

/// Marks that were reached, of one variant of a scenario. Names that it does not have are not kept, so that it stays as
/// small as the scenario is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Marks {
    /// How many copies of each message there are.
    copies: BTreeMap<String, u16>,
    desks: Vec<String>,
    seen: BTreeMap<Mark, Point>,
}

/// Whether something with these variants is in the play.
pub(crate) fn plays(only: &[String], variant: Option<&str>) -> bool {
    only.is_empty() || variant.is_some_and(|variant| only.iter().any(|name| name == variant))
}

impl Marks {
    /// None reached yet.
    pub(crate) fn new(scenario: &Scenario, variant: Option<&str>) -> Self {
        let mut copies = BTreeMap::new();
        let mut name = |sending: &Sending| {
            if let Some(alias) = &sending.alias {
                let most = copies.entry(alias.name.clone()).or_insert(1);
                *most = sending.repeat.max(*most);
            }
        };
        let here = |only: &[String]| plays(only, variant);
        for inject in scenario.injects().filter(|inject| here(&inject.only)) {
            if let Deed::Message { sending, .. } = &inject.deed {
                name(sending);
            }
        }
        let rules = scenario.players.iter().flat_map(|player| &player.rules);
        for deed in rules.filter(|rule| here(&rule.only)).flat_map(|rule| &rule.deeds) {
            if let Do::Send(sending) | Do::Answer(_, sending) | Do::Correct(sending) = deed {
                name(sending);
            }
        }
        for expect in scenario.expects.iter().filter(|expect| here(&expect.only)) {
            if let Some(filter) = &expect.of {
                copies.entry(filter.alias.name.clone()).or_insert(1);
            }
        }
        let desks = scenario.topology.desks.iter();
        Self {
            copies,
            desks: desks.map(|desk| desk.name.value.clone()).collect(),
            seen: BTreeMap::new(),
        }
    }

    /// The name in its one form: no number where there is one copy. `None` for a name or a copy that the scenario does not
    /// have.
    pub(crate) fn named(&self, alias: &Alias) -> Option<Alias> {
        let copies = *self.copies.get(&alias.name)?;
        let copy = match alias.copy {
            Some(1) if copies == 1 => None,
            Some(copy) if copy > copies => return None,
            copy => copy,
        };
        Some(Alias {
            name: alias.name.clone(),
            copy,
        })
    }

    /// How many copies there are of a message; 0 for a name that the scenario does not have.
    pub(crate) fn copies(&self, name: &str) -> u16 {
        self.copies.get(name).copied().unwrap_or(0)
    }

    /// Keeps a mark. Of one that is told again the earliest moment counts. False if the scenario has no such name, or if it
    /// does not say which copy of several.
    pub(crate) fn reach(&mut self, mark: Mark, at: Point) -> bool {
        let Mark::Rung { of, rung, at: desk } = mark else {
            self.keep(mark, at);
            return true;
        };
        let Some(of) = self.named(&of) else {
            return false;
        };
        let whole = of.copy.is_none() && self.copies(&of.name) > 1;
        if whole || desk.as_ref().is_some_and(|desk| !self.desks.contains(desk)) {
            return false;
        }
        if desk.is_some() {
            let of = of.clone();
            self.keep(Mark::Rung { of, rung, at: None }, at);
        }
        self.keep(Mark::Rung { of, rung, at: desk }, at);
        true
    }

    fn keep(&mut self, mark: Mark, at: Point) {
        let earliest = self.seen.entry(mark).or_insert(at);
        *earliest = at.min(*earliest);
    }

    /// When it was reached: by the last of all copies, if it names none.
    pub(crate) fn when(&self, mark: &Mark) -> Option<Point> {
        let Mark::Rung { of, rung, at } = mark else {
            return self.seen.get(mark).copied();
        };
        let of = self.named(of)?;
        let copies = self.copies(&of.name);
        if of.copy.is_some() || copies == 1 {
            let (rung, at) = (*rung, at.clone());
            return self.seen.get(&Mark::Rung { of, rung, at }).copied();
        }
        let each = (1..=copies).map(|copy| {
            let of = Alias {
                name: of.name.clone(),
                copy: Some(copy),
            };
            let (rung, at) = (*rung, at.clone());
            self.seen.get(&Mark::Rung { of, rung, at }).copied()
        });
        each.collect::<Option<Vec<Point>>>()?.into_iter().max()
    }
}
