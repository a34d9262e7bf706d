//! A dry run: the plan by itself, on a clock that leaps. It touches nothing.

use std::sync::Arc;

use hotline_audit::Hash;
use hotline_core::time::{LineTime, StoryTime, WallTime};

use super::{Plan, Waits, due};
use crate::{
    record::{InjectStatus, Kind, Startex},
    scenario::{Scenario, mark::Serial},
};

/// What becomes of one inject when nobody does anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dry {
    /// Which.
    pub serial: Serial,
    /// When it comes, or what it waits for.
    pub comes: Result<StoryTime, Waits>,
}

/// Every inject in the order in which it comes if no player does anything and every controller approves at once; behind
/// them, in the order of the file, those that wait for players. What counts on the line counts at the scenario's own rate.
#[must_use]
pub fn dry_run(scenario: &Arc<Scenario>, variant: Option<&str>) -> Vec<Dry> {
    let mut plan = Plan::new(Arc::clone(scenario), variant);
    let mut now = LineTime::START;
    write(
        &mut plan,
        now,
        Kind::Startex(Box::new(startex(scenario, variant))),
    );
    let mut came = Vec::new();
    // Each round begins an inject or goes on to the next moment; there are at most as many of both as injects.
    for _ in 0..=plan.steps.len() * 2 {
        let clock = plan.clock();
        for kind in plan.to_write(&clock, now) {
            write(&mut plan, now, kind);
        }
        let ready = plan.due(&clock, now);
        let ready = ready
            .first()
            .copied()
            .or_else(|| plan.offered(&clock, now).first().copied());
        let next = due::next_inject(&plan, &clock, now).and_then(|moment| clock.when(moment));
        match (ready, next) {
            (Some(serial), _) => {
                for status in [InjectStatus::Firing, InjectStatus::Delivered] {
                    let (serial, what) = (serial.to_string(), String::new());
                    write(&mut plan, now, Kind::Inject { serial, status, what });
                }
                let comes = Ok(clock.at(now));
                came.push(Dry { serial, comes });
            }
            (None, Some(next)) => now = next,
            (None, None) => break,
        }
    }
    let waiting = plan.steps.iter().filter_map(|step| {
        let waits = plan.waits(step.inject.serial)?;
        Some(Dry {
            serial: step.inject.serial,
            comes: Err(waits),
        })
    });
    came.extend(waiting);
    came
}

/// Writes what the plan has itself proposed. What it did not take would leave its inject waiting.
fn write(plan: &mut Plan, now: LineTime, kind: Kind) {
    if let Ok(record) = plan.record(kind, WallTime::from_unix_ms(0), now) {
        let _ = plan.take(&record);
    }
}

fn startex(scenario: &Scenario, variant: Option<&str>) -> Startex {
    Startex {
        scenario: scenario.id.value.clone(),
        variant: variant.map(str::to_owned),
        scenario_sha256: Hash::of(scenario.source.text.as_bytes()).to_string(),
        codebook: String::new(),
        codebook_sha256: String::new(),
        stage: "dry-run".into(),
        seed: 0,
        rate: scenario.stage.speed.thousandths(),
        release: 2,
        processes: Vec::new(),
        seats: std::collections::BTreeMap::new(),
        desks: std::collections::BTreeMap::new(),
    }
}
