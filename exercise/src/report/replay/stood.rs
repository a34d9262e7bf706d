//! How an exercise stood at a moment of its story, by its records alone.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    bundle::Evidence,
    order::{Clocks, FaultStands, Heads, Standing},
    plan::{FoldError, Plan},
    record::{Kind, Record, Stamp},
    timeline::{Entry, Timeline},
};

/// Why an exercise cannot be played back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A record does not follow from those before it and the scenario.
    #[error("record #{leaf} of control does not follow from those before it")]
    DoesNotFollow {
        /// Its leaf in control's log.
        leaf: u64,
        /// Why not.
        #[source]
        why: FoldError,
    },
    /// Control wrote nothing down.
    #[error("there is no record of control")]
    NoRecord,
}

/// What is known beside the plan.
#[derive(Default)]
struct Beside {
    heads: Heads,
    records: u64,
    stamp: Option<Stamp>,
    faults: Vec<FaultStands>,
    seats: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

/// As the records before this moment leave it. All records are folded, so that one that cannot follow is told.
pub(super) fn at(evidence: &Evidence, timeline: &Timeline, from_ms: u64) -> Result<Standing, ReplayError> {
    let scenario = Arc::new(evidence.scenario.clone());
    let mut plan = Plan::new(scenario, timeline.startex.variant.as_deref());
    let mut beside = Beside::default();
    let mut standing = None;
    for (entry, record) in timeline.records() {
        if Clocks::of(record.stamp).story_ms >= from_ms && standing.is_none() {
            standing = beside.standing(timeline, &plan);
        }
        let follows = plan.take(record);
        follows.map_err(|why| ReplayError::DoesNotFollow {
            leaf: entry.places.first().map_or(0, |place| place.leaf),
            why,
        })?;
        beside.take(entry, record);
    }
    let at_the_end = || beside.standing(timeline, &plan);
    standing.or_else(at_the_end).ok_or(ReplayError::NoRecord)
}

impl Beside {
    fn take(&mut self, entry: &Entry, record: &Record) {
        self.records += 1;
        self.stamp = Some(record.stamp);
        self.heads.take(self.records, entry.sha256, None, record);
        match &record.kind {
            Kind::Startex(startex) => self.seats.clone_from(&startex.seats),
            Kind::Seat { seat, what } => {
                let who = match what.as_str() {
                    "JOINED" => "person",
                    "SCRIPTED" => "script",
                    _ => "",
                };
                self.seats.insert(seat.clone(), who.to_owned());
            }
            Kind::Observed { desk, seen } => {
                if let Some(label) = &seen.label {
                    self.labels.insert(desk.clone(), label.clone());
                }
            }
            Kind::Fault {
                name,
                on,
                fault,
                links,
            } => self.fault(name, *on, fault, links, record.stamp),
            _ => {}
        }
    }

    fn fault(&mut self, name: &str, on: bool, fault: &str, links: &[String], stamp: Stamp) {
        self.faults.retain(|stands| stands.name != name);
        if on {
            self.faults.push(FaultStands {
                name: name.to_owned(),
                fault: fault.to_owned(),
                links: links.to_vec(),
                since: Clocks::of(stamp),
                // Written when it is asked for: a later record says when it was taken off.
                until: String::new(),
            });
        }
    }

    /// None before the first record: nothing stood then.
    fn standing(&self, timeline: &Timeline, plan: &Plan) -> Option<Standing> {
        let stamp = self.stamp?;
        let mut standing = Standing::of(&timeline.exercise, plan, &self.heads, self.records, stamp);
        standing.faults.clone_from(&self.faults);
        for fault in &mut standing.faults {
            fault.until = taken_off(timeline, fault);
        }
        for seat in &mut standing.seats {
            seat.who = self.seats.get(&seat.seat).cloned().unwrap_or_default();
            seat.label = self.labels.get(&seat.desk).cloned().unwrap_or_default();
        }
        Some(standing)
    }
}

/// When a fault was taken off, in words.
fn taken_off(timeline: &Timeline, fault: &FaultStands) -> String {
    let off = timeline.records().map(|(_, record)| record).find(|record| {
        let is = matches!(&record.kind, Kind::Fault { name, on: false, .. } if *name == fault.name);
        is && Clocks::of(record.stamp).line_ms >= fault.since.line_ms
    });
    off.map_or_else(
        || "to the end".to_owned(),
        |record| format!("until {}", record.stamp.story),
    )
}
