//! Two sides' bundles: one timeline, what only one holds, and what cannot both be true.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::{SERVICES, word};
use super::names;
use super::statements::Known;
use super::timeline::domain_of;
use super::{CopyReport, Event, Evidence, Finding, Life, Ruling};
use crate::hash::Hash;
use crate::statement::Payload;

/// A statement that only one side's own logs hold.
#[derive(Debug, Clone, serde::Serialize)]
pub struct OnlyOne {
    /// The statement.
    pub event: Event,
    /// Trust domain of the side that lacks it.
    pub lacking: String,
    /// Whether somebody of another side than its sender's has signed for it.
    pub received: bool,
    /// Whether the lacking side's own desk signed it.
    pub own: bool,
    /// Whether it is the last word of a desk that closed: nobody was to send it any more.
    pub closing: bool,
}

/// What two sides' evidence says together.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CompareBundles {
    /// The one word.
    pub verdict: Ruling,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// The verdict as a sentence.
    pub sentence: String,
    /// Trust domains of both sides, in the order in which they were named.
    pub sides: [String; 2],
    /// Every copy of a log.
    pub logs: Vec<CopyReport>,
    /// Statements that both sides hold.
    pub common: u64,
    /// What only one holds.
    pub only_one: Vec<OnlyOne>,
    /// Every message with its ladder.
    pub messages: Vec<Life>,
    /// Every statement, in an order that nothing contradicts.
    pub timeline: Vec<Event>,
    /// Everything that does not fit, the gravest first.
    pub findings: Vec<Finding>,
    /// For a person to look at; no proof of anything.
    pub remarks: Vec<String>,
}

impl Evidence<'_> {
    /// The report on two bundles together.
    #[must_use]
    pub fn compare(&self) -> CompareBundles {
        let timeline = self.timeline();
        let only_one = self.only_one(&timeline);
        let verdict = self.compared(&only_one);
        let naming = self.naming();
        let messages = timeline
            .iter()
            .filter_map(|event| self.statements.get(&event.sha256))
            .filter_map(|known| match &known.verified.payload {
                Payload::Message(message) => Some(self.life(known, message, &naming)),
                _ => None,
            })
            .collect();
        let common = timeline.iter().filter(|event| event.held_by.len() > 1).count() as u64;
        CompareBundles {
            exit_code: verdict.exit_code(),
            sentence: self.compared_sentence(&verdict, &only_one, common),
            verdict,
            sides: [self.side(0).to_owned(), self.side(1).to_owned()],
            logs: self.copy_reports(),
            common,
            only_one,
            messages,
            timeline,
            findings: self.findings.clone(),
            remarks: self.remarks.clone(),
        }
    }

    fn only_one(&self, timeline: &[Event]) -> Vec<OnlyOne> {
        let received = self.received();
        let sides = [self.side(0), self.side(1)];
        let mut found = Vec::new();
        let last = last_places(timeline);
        for event in timeline.iter().filter(|event| event.held_by.len() == 1) {
            let lacking = sides
                .iter()
                .find(|side| !event.held_by.iter().any(|held| held == *side));
            let Some(lacking) = lacking else { continue };
            let own = domain_of(&event.sender) == Some(lacking);
            let place = (event.epoch, event.sequence);
            found.push(OnlyOne {
                received: received.contains(&event.sha256),
                own,
                closing: !own
                    && event.name.as_deref() == Some("DESK_CLOSES")
                    && last.get(event.sender.as_str()) == Some(&place),
                lacking: (*lacking).to_owned(),
                event: event.clone(),
            });
        }
        found
    }

    /// Statements that somebody of another side has named in what he signed.
    pub(super) fn received(&self) -> BTreeSet<Hash> {
        let mut received = BTreeSet::new();
        for (_, known) in self.statements.iter().filter(|(_, known)| !known.doubtful) {
            let signer = domain_of(&known.verified.header().sender);
            let foreign = |hash: &Hash| {
                let sender = self
                    .statements
                    .get(hash)
                    .map(|named| &named.verified.header().sender);
                sender.is_some_and(|sender| domain_of(sender) != signer)
            };
            received.extend(named_as_received(known).into_iter().filter(foreign));
        }
        received
    }

    fn compared(&self, only_one: &[OnlyOne]) -> Ruling {
        if let Some(gravest) = self.findings.first() {
            return gravest.ruling.clone();
        }
        let message = |missing: &&OnlyOne| missing.event.kind == "message";
        if only_one.iter().filter(message).any(|missing| !missing.received) {
            return Ruling::SentNoReceipt;
        }
        let receipt =
            |missing: &&OnlyOne| missing.own && ["receipt", "act", "annex"].contains(&missing.event.kind);
        if only_one
            .iter()
            .any(|missing| message(&missing) || receipt(&missing))
        {
            return Ruling::ReceiptProvesDelivery;
        }
        if only_one.iter().all(|missing| missing.closing) {
            Ruling::Match
        } else {
            Ruling::OnlyOneHolds
        }
    }

    fn compared_sentence(&self, verdict: &Ruling, only_one: &[OnlyOne], common: u64) -> String {
        if let Some(gravest) = self.findings.first() {
            return gravest.sentence();
        }
        let first = |wanted: &dyn Fn(&&OnlyOne) -> bool| {
            let message = |missing: &&OnlyOne| missing.event.kind == "message" && wanted(missing);
            let found = only_one
                .iter()
                .find(message)
                .or_else(|| only_one.iter().find(wanted));
            found.map_or_else(String::new, |missing| {
                let called = missing.event.name.clone();
                let called = called.unwrap_or_else(|| format!("a {}", missing.event.kind));
                format!(
                    "{called} of {}, which {} lacks",
                    names::short(&missing.event.sender),
                    missing.lacking
                )
            })
        };
        match verdict {
            Ruling::Match => {
                let closing = match only_one.len() {
                    0 => String::new(),
                    count => format!(
                        "; {count} more that only the signer holds, each a desk's last word as it closed"
                    ),
                };
                format!("both sides hold the same {common} statements, and nothing contradicts{closing}")
            }
            Ruling::SentNoReceipt => format!(
                "nothing contradicts, but nothing proves that this arrived: {}",
                first(&|missing| missing.event.kind == "message" && !missing.received)
            ),
            Ruling::ReceiptProvesDelivery => format!(
                "a side lacks what its own signature proves that it had: {}",
                first(&|missing| missing.received || missing.own)
            ),
            _ => format!(
                "nothing contradicts: {common} statements in both, {} in one only, no message among them",
                only_one.len()
            ),
        }
    }
}

/// The newest place in each sender's chain.
fn last_places(timeline: &[Event]) -> BTreeMap<&str, (u64, u64)> {
    let mut last = BTreeMap::new();
    for event in timeline {
        let newest = last.entry(event.sender.as_str()).or_default();
        *newest = (event.epoch, event.sequence).max(*newest);
    }
    last
}

/// As [`super::ladder::named_by`]; of what a desk says of itself only that it could not open what came.
fn named_as_received(known: &Known) -> Vec<Hash> {
    match &known.verified.payload {
        Payload::Service(service) if word(&SERVICES, service.kind) != "NOT_OPENED" => Vec::new(),
        _ => super::ladder::named_by(known),
    }
}
