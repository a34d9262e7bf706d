//! The second passphrase: that it was told, and that nobody else was.

use std::collections::BTreeSet;

use hotline_audit::Hash;

use crate::{
    record::Kind,
    scenario::{cast::security_officer, expect::By, mark::Alias},
    timeline::What,
};

use super::{
    Met,
    by::{Occurrence, Until},
    case::{Case, Finding},
};

/// What was signed: a rung, where, and by which officer.
type Step = (String, String, Option<String>);

impl Case<'_> {
    /// The watch of this officer's own security officer told control that the officer typed the second passphrase. That
    /// it was never told is not known where the watch had died.
    pub(super) fn duress(&self, officer: &str, by: &By) -> Finding {
        let card = self.scenario.officer(officer);
        let watch = card.map_or_else(String::new, |card| security_officer(card.side));
        let told = self.controls(|kind| match kind {
            Kind::Duress {
                seat,
                officer: whose,
                what,
                ..
            } => (*seat == watch && whose == officer && what == "DURESS")
                .then(|| (Until::Point, format!("DURESS of {officer}, told by {seat}"))),
            _ => None,
        });
        let found = self.by(&told, by, &format!("DURESS of {officer}"), None);
        if !matches!((by, found.met), (By::Never(_), Met::Yes)) {
            return found;
        }
        let player = format!("player {watch}");
        let died = self.controls(|kind| match kind {
            Kind::Process { who, deed } => {
                (*who == player && deed == "DIED").then(|| (Until::Open, format!("{watch} had died")))
            }
            _ => None,
        });
        match self.by(&died, by, &watch, None).met {
            Met::Yes => found,
            _ => {
                let why = format!("{}, but {watch} had died", found.observed);
                Finding::new(Met::Undecided, why).seen_in(died.iter().map(|died| died.entry))
            }
        }
    }

    /// What control wrote down, as it occurred.
    fn controls(&self, what: impl Fn(&Kind) -> Option<(Until, String)>) -> Vec<Occurrence> {
        let entries = self.timeline.entries.iter().enumerate();
        let found = entries.filter_map(|(no, entry)| {
            let What::Control(record) = &entry.what else {
                return None;
            };
            let (until, what) = what(&record.kind)?;
            Some(Occurrence {
                from: Some(entry.at),
                until,
                entry: no,
                what,
                late: false,
            })
        });
        found.collect()
    }

    /// Whether a message looks like another one that came before it: its rungs, and what was told at every desk since.
    pub(super) fn alike(&self, one: &Alias, other: &Alias) -> Finding {
        let (found, before) = (self.messages(one), self.messages(other));
        let ([message], [model]) = (found.as_slice(), before.as_slice()) else {
            return Finding::new(Met::No, format!("{one} or {other} is not one released message"));
        };
        let (steps, as_before) = (self.steps(message), self.steps(model));
        let entries = [message, model]
            .into_iter()
            .filter_map(|message| self.entry_of(message));
        let entries: Vec<usize> = entries.collect();
        if let Some(differs) = difference(&steps, &as_before) {
            return Finding::new(Met::No, format!("{one}, unlike {other}: {differs}")).seen_in(entries);
        }
        let names: Vec<String> = std::iter::once(self.spoken(message))
            .chain(steps.iter().filter_map(|(_, _, officer)| officer.clone()))
            .collect();
        if let Some((entry, told)) = self.told_since(message, &names) {
            return Finding::new(Met::No, told).seen_in([entry]);
        }
        if let Some(owner) = self.missing_log() {
            let why = format!("{one} looks like {other}, but the log of {owner} is not in the evidence");
            return Finding::new(Met::Undecided, why).seen_in(entries);
        }
        let seen = format!(
            "{one} looks like {other}: {} steps, nobody told anything else",
            steps.len()
        );
        Finding::new(Met::Yes, seen).seen_in(entries)
    }

    /// What was signed about a message.
    fn steps(&self, message: &Hash) -> BTreeSet<Step> {
        let climbs = self.timeline.climbs_of(message).iter();
        climbs
            .map(|climb| (climb.rung.to_string(), climb.desk.clone(), climb.officer.clone()))
            .collect()
    }

    fn entry_of(&self, message: &Hash) -> Option<usize> {
        let mut entries = self.timeline.entries.iter();
        entries.position(|entry| entry.sha256 == *message)
    }

    /// The first alarm of any desk, behind a message, that is one of duress or names the message or who signed about it; or the
    /// first deed that anybody was refused.
    fn told_since(&self, message: &Hash, names: &[String]) -> Option<(usize, String)> {
        let entry = self.entry_of(message).unwrap_or_default();
        let since = self.timeline.entries.iter().enumerate().skip(entry);
        let mut told = since.filter_map(|(no, entry)| match &entry.what {
            What::Control(record) => told_by(&record.kind, names).map(|told| (no, told)),
            _ => None,
        });
        told.next()
    }
}

fn told_by(kind: &Kind, names: &[String]) -> Option<String> {
    match kind {
        Kind::Observed { desk, seen } => {
            let about = |(code, what): &&(String, String)| {
                code == "DURESS" || names.iter().any(|name| what.contains(name.as_str()))
            };
            let (code, what) = seen.alarms.iter().find(about)?;
            Some(format!("alarm {code} at {desk}: {what}"))
        }
        Kind::Played { seat, refused, .. } if !refused.is_empty() => {
            Some(format!("{seat} was refused: {refused}"))
        }
        _ => None,
    }
}

fn difference(one: &BTreeSet<Step>, other: &BTreeSet<Step>) -> Option<String> {
    let said = |(rung, desk, officer): &Step| {
        let by = officer
            .as_ref()
            .map_or_else(String::new, |officer| format!(" by {officer}"));
        format!("{rung} at {desk}{by}")
    };
    let more = one
        .difference(other)
        .next()
        .map(|step| format!("also {}", said(step)));
    more.or_else(|| {
        other
            .difference(one)
            .next()
            .map(|step| format!("no {}", said(step)))
    })
}
