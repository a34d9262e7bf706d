//! What can come at all, worked out from STARTEX on: an inject whose mark can come, a message whose sender has a cue that
//! can. What is left over waits for itself, or for something that nobody does.

use std::collections::{BTreeMap, BTreeSet};

use hotline_core::words::Rung;

use super::sent::{self, Origin, Sent};
use crate::scenario::{
    Scenario,
    expect::{By, Filter, Is},
    lists::{Side, StageKind},
    mark::{Alias, Mark, Serial},
    msel::{Inject, When, together},
    player::{Cue, Rule},
};

/// What can come.
pub(super) struct Comes<'a> {
    scenario: &'a Scenario,
    sent: Vec<Sent<'a>>,
    /// For each of `sent`, what a filter asks of it.
    codes: Vec<Option<&'a str>>,
    /// Whether people may play: they send what a filter names.
    people: bool,
    injects: BTreeMap<Serial, &'a [String]>,
    sendings: BTreeSet<usize>,
}

impl<'a> Comes<'a> {
    /// Works it out.
    pub(super) fn of(scenario: &'a Scenario) -> Self {
        let sent = sent::all(scenario);
        let code = |sent: &Sent<'a>| sent.sending.code.as_ref().map(|coding| coding.code.as_str());
        let mut comes = Self {
            scenario,
            codes: sent.iter().map(code).collect(),
            sent,
            people: scenario.stage.allowed.contains(&StageKind::Live),
            injects: BTreeMap::new(),
            sendings: BTreeSet::new(),
        };
        // Each round adds at least one, so there are no more rounds than injects and messages.
        while comes.round() {}
        comes
    }

    fn round(&mut self) -> bool {
        let before = self.injects.len() + self.sendings.len();
        let injects = self.scenario.injects().filter(|inject| self.can(inject));
        let injects: Vec<&'a Inject> = injects.collect();
        self.injects.extend(
            injects
                .iter()
                .map(|inject| (inject.serial, inject.only.as_slice())),
        );
        let sendings = (0..self.sent.len()).filter(|number| self.goes(*number));
        let sendings: Vec<usize> = sendings.collect();
        self.sendings.extend(sendings);
        self.injects.len() + self.sendings.len() > before
    }

    fn can(&self, inject: &Inject) -> bool {
        let mark = match &inject.when {
            When::At(_) => return true,
            When::After { mark, .. } => &mark.value,
            When::Unless { expect, .. } => match self.begins(expect) {
                Some(mark) => mark,
                None => return true,
            },
        };
        self.mark(mark, &inject.only).is_ok()
    }

    /// The mark from which an expectation's time counts.
    pub(super) fn begins(&self, expect: &str) -> Option<&'a Mark> {
        let expect = self.scenario.expects.iter().find(|other| *other.id == *expect)?;
        match (&expect.is, expect.is.by()) {
            (Is::Interval { from, .. }, _) | (_, Some(By::Within(_, from))) => Some(&from.value),
            _ => None,
        }
    }

    fn goes(&self, number: usize) -> bool {
        match self.sent.get(number).map(|sent| sent.origin) {
            Some(Origin::Inject(inject)) => self.injects.contains_key(&inject.serial),
            Some(Origin::Rule(rule)) => self.cue(rule, self.sent.get(number).and_then(side_of)).is_ok(),
            None => false,
        }
    }

    /// Whether a mark can come in a play that has these variants; else why not.
    pub(super) fn mark(&self, mark: &Mark, only: &[String]) -> Result<(), String> {
        match mark {
            Mark::Startex | Mark::Endex => Ok(()),
            Mark::Inject(serial) => match self.injects.get(serial) {
                Some(there) if together(there, only) => Ok(()),
                Some(_) => Err(format!("inject {serial} is in no variant of this")),
                // The number of an event or incident, not of an inject, is no mark either.
                None => Err(format!("inject {serial} never comes")),
            },
            Mark::Rung { of, rung, at } => {
                self.message(of, only)?;
                self.signed_there(of, *rung, at.as_deref())
            }
        }
    }

    /// Whether an officer has a second passphrase.
    pub(super) fn has_second(&self, officer: &str) -> Result<(), String> {
        match self.scenario.officer(officer) {
            Some(card) if card.duress => Ok(()),
            _ => Err(format!(
                "{officer} has no second passphrase; give the officer duress = true"
            )),
        }
    }

    /// Whether a message of this name can come.
    pub(super) fn message(&self, of: &Alias, only: &[String]) -> Result<(), String> {
        let named = self.called(&of.name);
        let mut filters = self
            .scenario
            .expects
            .iter()
            .filter_map(|expect| expect.of.as_ref());
        if filters.any(|filter| filter.alias.name == of.name && self.found(filter)) {
            return Ok(());
        }
        if named.is_empty() {
            return Err(format!("nothing that can come sends a message \"{}\"", of.name));
        }
        if !named.iter().any(|sent| together(variants(sent), only)) {
            return Err(format!("\"{}\" is sent in no variant of this", of.name));
        }
        let most = named.iter().map(|sent| sent.sending.repeat).max().unwrap_or(1);
        match of.copy {
            Some(copy) if copy > most => Err(format!("\"{}\" is sent {most} times", of.name)),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an attack forges a message of this name.
    pub(super) fn forged(&self, of: &Alias) -> bool {
        self.scenario.attacks.iter().any(|attack| *attack.id == *of.name)
    }

    /// The desk that sends a message; none if several do, or the file does not say.
    pub(super) fn sender(&self, name: &str) -> Option<&'a str> {
        let named = self.called(name);
        let mut desks = named.iter().map(|sent| sent.desk.map(|desk| desk.name.as_str()));
        let first = desks.next().flatten()?;
        desks.all(|desk| desk == Some(first)).then_some(first)
    }

    /// The first message of this name that can come.
    pub(super) fn first(&self, name: &str) -> Option<Sent<'a>> {
        self.called(name).first().copied()
    }

    fn called(&self, name: &str) -> Vec<Sent<'a>> {
        let there = self.sendings.iter().filter_map(|number| self.sent.get(*number));
        there.filter(|sent| sent.is_called(name)).copied().collect()
    }

    /// Whether people, or something in the file, may send what a filter names.
    fn found(&self, filter: &Filter) -> bool {
        let fits = |number: &usize| {
            let Some(sent) = self.sent.get(*number) else {
                return false;
            };
            let code = filter.code.as_ref().map(|code| code.as_str());
            (code.is_none() || self.codes.get(*number) == Some(&code))
                && (filter.from.is_none() || side_of(sent) == filter.from)
        };
        self.people || self.sendings.iter().any(fits)
    }

    /// Whether a cue can come; else why not. `side`: of the seat that waits for it.
    pub(super) fn cue(&self, rule: &Rule, side: Option<Side>) -> Result<(), String> {
        match &rule.when {
            Cue::Inject(serial) => self.mark(&Mark::Inject(serial.value), &rule.only),
            Cue::Rung { rung, of, at } => {
                let mark = Mark::Rung {
                    of: of.value.clone(),
                    rung: *rung,
                    at: at.as_ref().map(|at| at.value.clone()),
                };
                self.mark(&mark, &rule.only)
            }
            Cue::Mark(mark) => self.mark(mark, &rule.only),
            Cue::Arrives { code: Some(code), .. } if !self.people => {
                let arrives = self.sendings.iter().any(|number| {
                    self.codes.get(*number) == Some(&Some(code.as_str()))
                        && self.sent.get(*number).and_then(side_of) != side
                });
                match arrives {
                    true => Ok(()),
                    false => Err(format!("nobody on the other side ever sends {}", **code)),
                }
            }
            Cue::Arrives { .. } | Cue::Label(..) => Ok(()),
        }
    }

    /// Each rung is signed at one end of the line only.
    fn signed_there(&self, of: &Alias, rung: Rung, at: Option<&str>) -> Result<(), String> {
        let (Some(at), Some(sender)) = (at, self.sender(&of.name)) else {
            return Ok(());
        };
        let why = match rung {
            Rung::Accepted => format!("{rung} is signed by relays, at no desk"),
            Rung::Drafted | Rung::Released | Rung::Confirmed | Rung::Corrected if at != sender => {
                format!("{rung} is signed where \"{of}\" comes from, at {sender}")
            }
            Rung::Drafted | Rung::Released | Rung::Confirmed | Rung::Corrected | Rung::Closed => {
                return Ok(());
            }
            _ if at == sender => format!("{rung} is signed where \"{of}\" arrives, and {at} sends it"),
            _ => return Ok(()),
        };
        Err(why)
    }
}

fn side_of(sent: &Sent<'_>) -> Option<Side> {
    sent.desk.map(|desk| desk.side)
}

fn variants<'a>(sent: &Sent<'a>) -> &'a [String] {
    match sent.origin {
        Origin::Inject(inject) => &inject.only,
        Origin::Rule(rule) => &rule.only,
    }
}
