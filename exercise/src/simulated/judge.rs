//! The judge of simulated exercises: it sees logs and records, and knows nothing of the seed.

mod causes;
mod rules;

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::trust::TrustPolicy;

use super::{hand::Ordered, play::Ending};
use crate::{
    bundle::Evidence,
    codebook::shipped,
    expect::{self, Judged, Met},
    record::Kind,
    scenario::{Scenario, lists::StageKind},
    timeline::Timeline,
};

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// No accepted message is lost.
    Lost,
    /// Nothing is shown twice.
    ShownTwice,
    /// No label of silence is wrong.
    Label,
    /// Every log verifies.
    Logs,
    /// The rules of the clock and of control.
    Exercise,
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Lost,
        Self::ShownTwice,
        Self::Label,
        Self::Logs,
        Self::Exercise,
    ];

    /// As tallies call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::ShownTwice => "shown_twice",
            Self::Label => "wrong_labels",
            Self::Logs => "logs_that_do_not_verify",
            Self::Exercise => "rules_broken",
        }
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// How, in a sentence.
    pub what: String,
}

impl Broken {
    fn new(promise: Promise, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { promise, what }
    }
}

/// Everything that is wrong with an exercise.
#[must_use]
pub fn judge(ending: &Ending, scenario: &Scenario, trust: &TrustPolicy) -> Vec<Broken> {
    let mut broken = Vec::new();
    if let Err(error) = &ending.played {
        let what = format!("it broke off: {}", hotline_core::causes::chain(error));
        broken.push(Broken::new(Promise::Exercise, what));
    }
    broken.extend(of_evidence(ending, scenario, trust));
    broken.extend(labels(ending));
    broken.extend(dead(ending));
    broken.extend(rules::of_records(
        &ending.records,
        scenario,
        !ending.orders.is_empty(),
    ));
    broken.extend(causes::of_causes(&ending.records));
    broken.extend(rules::of_deeds(&ending.records, scenario, &ending.witnessed));
    let obeyed = |order: &&Ordered| order.must_fail && order.done;
    let obeyed = ending.orders.iter().filter(obeyed);
    broken.extend(obeyed.map(|order| {
        let what = format!("{} was carried out, and no controller signed it", order.what);
        Broken::new(Promise::Exercise, what)
    }));
    broken
}

/// The expectations that stand in every exercise, from the evidence alone.
fn of_evidence(ending: &Ending, scenario: &Scenario, trust: &TrustPolicy) -> Vec<Broken> {
    let text = &scenario.source.text;
    let evidence = Evidence::of(text, shipped::STARTER, trust.clone(), ending.logs.clone());
    let evidence = match evidence {
        Ok(evidence) => evidence,
        Err(error) => return vec![Broken::new(Promise::Logs, error.to_string())],
    };
    let timeline = match Timeline::load(&evidence) {
        Ok(timeline) => timeline,
        Err(error) => return vec![Broken::new(Promise::Logs, error.to_string())],
    };
    let judged = expect::judge(scenario, None, StageKind::Simulated, &timeline);
    judged
        .into_iter()
        .filter(|judged| judged.met == Met::No || undecided(judged))
        .filter_map(|judged| {
            let promise = match judged.id.as_str() {
                "C2" => Promise::ShownTwice,
                "C3" => Promise::Lost,
                "C4" => Promise::Logs,
                "C7" => Promise::Label,
                "C1" | "C5" | "C6" => Promise::Exercise,
                // What a scenario expects is a matter of what was drawn.
                _ => return None,
            };
            let what = format!("{} {}: {}", judged.id, judged.title, judged.observed);
            Some(Broken::new(promise, what))
        })
        .collect()
}

/// What could not be decided counts as broken where it always can be: whether logs verify, and whether labels hold.
fn undecided(judged: &Judged) -> bool {
    judged.met == Met::Undecided && ["C4", "C7"].contains(&judged.id.as_str())
}

/// Labels that say nothing of a line on which nothing passes.
const WHOLE: [&str; 5] = ["OPEN", "DEGRADED", "UNRESPONSIVE", "DORMANT", "TESTING"];

/// How long a desk may be dead before the other one says that nothing passes. Three seconds of line: twice promise 5, and a look.
const DEAD_FOR: Duration = Duration::from_secs(3);

/// A desk whose other end is dead says so.
fn dead(ending: &Ending) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut since: BTreeMap<&str, Duration> = BTreeMap::new();
    let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
    for kept in &ending.records {
        let now = kept.record.stamp.line.since_start();
        match &kept.record.kind {
            Kind::Process { who, deed } => {
                match deed.as_str() {
                    "KILL" => drop(since.insert(who, now)),
                    _ => drop(since.remove(who.as_str())),
                }
                if deed == "DIED" {
                    let what = format!("{who} died by itself at {} ms of line", now.as_millis());
                    broken.push(Broken::new(Promise::Exercise, what));
                }
                continue;
            }
            Kind::Observed { desk, seen } => {
                if let Some(label) = &seen.label {
                    labels.insert(desk, label);
                }
            }
            _ => continue,
        }
        for (desk, label) in &labels {
            let other = if *desk == "A" { "B" } else { "A" };
            let gone = since
                .get(other)
                .is_some_and(|since| now.saturating_sub(*since) > DEAD_FOR);
            if gone && !since.contains_key(desk) && WHOLE.contains(label) {
                let at = now.as_millis();
                let what = format!("{label} at {desk} at {at} ms of line, and desk {other} is dead");
                broken.push(Broken::new(Promise::Label, what));
            }
        }
    }
    broken
}

/// A desk all of whose legs are down says so.
fn labels(ending: &Ending) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut seen: BTreeMap<&str, (BTreeMap<&str, &str>, &str)> = BTreeMap::new();
    for kept in &ending.records {
        let Kind::Observed { desk, seen: news } = &kept.record.kind else {
            continue;
        };
        let (legs, label) = seen.entry(desk).or_default();
        let turned = news
            .legs
            .iter()
            .map(|(leg, state)| (leg.as_str(), state.as_str()));
        legs.extend(turned);
        if let Some(news) = &news.label {
            *label = news;
        }
        let down = !legs.is_empty() && legs.values().all(|state| *state == "DOWN");
        if down && WHOLE.contains(label) {
            let at = kept.record.stamp.line.since_start().as_millis();
            let what = format!("{label} at {desk} at {at} ms of line, and every leg is down");
            broken.push(Broken::new(Promise::Label, what));
        }
    }
    broken
}
