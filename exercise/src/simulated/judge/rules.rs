//! The rules of the exercise clock (CLOCK.md) and of control (CONTROL.md), looked for in control's own records.

use std::{collections::BTreeMap, time::Duration};

use hotline_core::story::Running;
use hotline_faults::value;

use super::{Broken, Promise};
use crate::{
    log::Kept,
    plan::{OFFERED_APART, OVERDUE},
    record::{InjectStatus, Kind, Record, TurnWord},
    scenario::{
        Scenario,
        lists::Approve,
        msel::{Deed, When},
    },
    simulated::stage::{Seen, Witnessed},
};

/// How much later on the line than it must something may be written down: a look and the time of a question.
const LATE: Duration = Duration::from_secs(1);
/// Records hold whole milliseconds: what a conversion may be off, in milliseconds of story at the fastest rate.
const ROUNDED_MS: u128 = 61;
/// What is written for an inject that was fired by hand.
const NOW: &str = "NOW";
/// A rule of players that is no deed of a script: a desk rings by itself.
const RINGS: &str = "alarm";

/// What is known of an inject while records are read.
#[derive(Default)]
struct Inject {
    begun: u32,
    skipped: bool,
    /// Entered, approved or called: it does not come by itself at its moment any more.
    by_hand: bool,
    /// When it was called, until it is begun.
    called: Option<Duration>,
    moved_ms: i64,
}

/// Reads the records once.
struct Reading<'a> {
    scenario: &'a Scenario,
    injects: BTreeMap<&'a str, Inject>,
    shifted_ms: i64,
    paused: Option<Duration>,
    offered: Option<Duration>,
    ended: bool,
    broken: Vec<Broken>,
}

/// Rules that control's records break.
pub(super) fn of_records(records: &[Kept], scenario: &Scenario, controlled: bool) -> Vec<Broken> {
    let mut reading = Reading {
        scenario,
        injects: BTreeMap::new(),
        shifted_ms: 0,
        paused: None,
        offered: None,
        ended: false,
        broken: Vec::new(),
    };
    let mut before: Option<&Record> = None;
    for kept in records {
        if let Some(before) = before {
            reading.clock(before, &kept.record);
        }
        reading.take(&kept.record, controlled);
        reading.ordered(kept, controlled);
        before = Some(&kept.record);
    }
    reading.never_called();
    reading.broken
}

/// By how much an inject was moved, in milliseconds: `+20s`.
fn moved(what: &str) -> i64 {
    let length = what.get(1..).and_then(|length| value::duration(length).ok());
    let ms = length.map_or(0, |length| i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
    if what.starts_with('-') { -ms } else { ms }
}

fn line(record: &Record) -> Duration {
    record.stamp.line.since_start()
}

fn story(record: &Record) -> Duration {
    record.stamp.story.since_startex()
}

impl<'a> Reading<'a> {
    fn breaks(&mut self, record: &Record, what: impl Into<String>) {
        let at = line(record).as_millis();
        let what = format!("at {at} ms of line: {}", what.into());
        self.broken.push(Broken::new(Promise::Exercise, what));
    }

    /// The story has run as the clock said it would.
    fn clock(&mut self, before: &Record, record: &Record) {
        let leapt = matches!(
            record.kind,
            Kind::Clock {
                turn: TurnWord::Leap(_)
            }
        );
        let (Some(on_line), Some(in_story)) = (
            line(record).checked_sub(line(before)),
            story(record).checked_sub(story(before)),
        ) else {
            return self.breaks(record, "a clock ran back");
        };
        let due = match before.running {
            Running::Running(rate) => on_line.as_millis() * u128::from(rate.thousandths()) / 1_000,
            Running::NotStarted | Running::Paused(_) | Running::Ended => 0,
        };
        if !leapt && in_story.as_millis().abs_diff(due) > ROUNDED_MS {
            let told = in_story.as_millis();
            self.breaks(record, format!("the story went on by {told} ms instead of {due}"));
        }
    }

    fn take(&mut self, record: &'a Record, controlled: bool) {
        match &record.kind {
            Kind::Clock {
                turn: TurnWord::Shift(by_ms),
            } => self.shifted_ms += by_ms,
            Kind::Inject { serial, status, what } => self.inject(record, serial, (*status, what), controlled),
            Kind::Played { seat, rule, .. } if rule != RINGS => {
                let stands = |from: Duration| line(record).saturating_sub(from) > LATE;
                if self.paused.is_some_and(stands) {
                    self.breaks(record, format!("{seat} played {rule} in a pause"));
                }
            }
            Kind::Endex { .. } => self.ended = true,
            _ => {}
        }
        self.paused = match record.running {
            Running::Paused(_) => self.paused.or_else(|| Some(line(record))),
            _ => None,
        };
    }

    fn inject(
        &mut self,
        record: &'a Record,
        serial: &'a str,
        (status, what): (InjectStatus, &str),
        controlled: bool,
    ) {
        match status {
            InjectStatus::Firing => return self.begun(record, serial, controlled),
            InjectStatus::Moved => {
                let by = moved(what);
                self.injects.entry(serial).or_default().moved_ms += by;
            }
            _ => {}
        }
        let inject = self.injects.entry(serial).or_default();
        match status {
            InjectStatus::Skipped => {
                inject.skipped = true;
                inject.called = None;
            }
            InjectStatus::Unskipped => inject.skipped = false,
            InjectStatus::Entered => inject.by_hand = true,
            InjectStatus::Approved => {
                inject.by_hand = true;
                if what == NOW {
                    inject.called = Some(line(record));
                }
            }
            InjectStatus::Completed => inject.called = None,
            _ => {}
        }
    }

    fn begun(&mut self, record: &'a Record, serial: &'a str, controlled: bool) {
        if self.ended {
            self.breaks(record, format!("inject {serial} was begun behind ENDEX"));
        }
        let inject = self.injects.entry(serial).or_default();
        inject.begun += 1;
        let (begun, skipped, by_hand) = (inject.begun, inject.skipped, inject.by_hand);
        let (called, moved_ms) = (inject.called.take(), inject.moved_ms);
        if begun > 1 {
            self.breaks(record, format!("inject {serial} was begun {begun} times"));
        }
        if skipped {
            self.breaks(record, format!("inject {serial} was begun, and is left out"));
        }
        if let Some(called) = called {
            let waited = line(record).saturating_sub(called);
            if waited > LATE {
                let waited = waited.as_millis();
                self.breaks(
                    record,
                    format!("inject {serial} was fired and waited {waited} ms"),
                );
            }
            return;
        }
        if self.paused.is_some() {
            self.breaks(record, format!("inject {serial} came by itself in a pause"));
        }
        let mut injects = self.scenario.injects();
        let Some(known) = injects.find(|inject| inject.serial.to_string() == serial) else {
            return self.breaks(record, format!("there is no inject {serial}"));
        };
        let hand = known.approve == Approve::Hand;
        if by_hand || hand {
            // Without a controller what is offered comes one by one.
            let apart = self.offered.map(|last| line(record).saturating_sub(last));
            self.offered = Some(line(record));
            if !controlled && apart.is_some_and(|apart| apart < OFFERED_APART) {
                self.breaks(record, format!("inject {serial} came in a burst"));
            }
        } else if let When::At(at) = &known.when {
            self.at_its_moment(record, serial, at.0, moved_ms);
        }
    }

    /// What comes by itself comes at its moment.
    fn at_its_moment(&mut self, record: &Record, serial: &str, at: Duration, moved_ms: i64) {
        let at = i128::try_from(at.as_millis()).unwrap_or(i128::MAX);
        let moment = (at + i128::from(self.shifted_ms) + i128::from(moved_ms)).max(0);
        let now = i128::try_from(story(record).as_millis()).unwrap_or(i128::MAX);
        let rate = match record.running {
            Running::Running(rate) => rate.thousandths(),
            _ => 1_000,
        };
        let late = i128::try_from(OVERDUE.as_millis()).unwrap_or(0) * i128::from(rate.max(1_000)) / 1_000;
        if now > moment + late + 1 {
            self.breaks(
                record,
                format!("inject {serial} came by itself {} ms too late", now - moment),
            );
        }
        if now + 1 < moment {
            self.breaks(
                record,
                format!("inject {serial} came {} ms too early", moment - now),
            );
        }
    }

    /// What a controller ordered stands in the record with the order inside.
    fn ordered(&mut self, kept: &Kept, controlled: bool) {
        let ordered = match &kept.record.kind {
            Kind::Clock { .. } => true,
            Kind::Inject { status, .. } => matches!(
                status,
                InjectStatus::Approved
                    | InjectStatus::Skipped
                    | InjectStatus::Unskipped
                    | InjectStatus::Moved
                    | InjectStatus::Completed
            ),
            _ => false,
        };
        if controlled && ordered && kept.order.is_empty() {
            self.breaks(&kept.record, "what was ordered is written down without the order");
        }
    }

    fn never_called(&mut self) {
        let waiting = self.injects.iter().filter(|(_, inject)| inject.called.is_some());
        let waiting: Vec<String> = waiting.map(|(serial, _)| (*serial).to_owned()).collect();
        self.broken.extend(waiting.into_iter().map(|serial| {
            let what = format!("inject {serial} was fired and never came");
            Broken::new(Promise::Exercise, what)
        }));
    }
}

/// Whether an inject ends or starts this process.
fn is_process(scenario: &Scenario, serial: &str, who: &str) -> bool {
    scenario.injects().any(|inject| {
        let of = matches!(&inject.deed, Deed::Process { who: process, .. } if **process == *who);
        of && inject.serial.to_string() == serial
    })
}

/// Deeds that were done before the record which says so was on disk.
pub(super) fn of_deeds(records: &[Kept], scenario: &Scenario, witnessed: &[Witnessed]) -> Vec<Broken> {
    let mut processes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for deed in witnessed {
        let known = usize::try_from(deed.records)
            .unwrap_or(usize::MAX)
            .min(records.len());
        let written = records.get(..known).unwrap_or(records);
        let firing = |serial: &str| {
            written.iter().any(|kept| {
                matches!(&kept.record.kind, Kind::Inject { serial: of, status: InjectStatus::Firing, .. } if of == serial)
            })
        };
        let said = match &deed.seen {
            Seen::Told(serial) => firing(serial),
            Seen::Broke(name) => written.iter().any(
                |kept| matches!(&kept.record.kind, Kind::Fault { name: of, on: true, .. } if of == name),
            ),
            Seen::Process(who) => {
                let times = processes.entry(who).or_default();
                *times += 1;
                // Control that goes on ends again what was ended on purpose.
                let begun = written.iter().filter(|kept| match &kept.record.kind {
                    Kind::Inject {
                        serial,
                        status: InjectStatus::Firing,
                        ..
                    } => is_process(scenario, serial, who),
                    Kind::Resumed { .. } => true,
                    _ => false,
                });
                begun.count() >= *times
            }
        };
        if !said {
            let what = format!(
                "{:?} was done with {} records on disk, and none says so",
                deed.seen, deed.records
            );
            broken.push(Broken::new(Promise::Exercise, what));
        }
    }
    broken
}
