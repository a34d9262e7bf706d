//! State from records: the only way in which a plan changes.

use std::borrow::Borrow;
use std::sync::Arc;

use hotline_audit::Hash;
use hotline_core::{
    story::{ClockError, Rate, Running, StoryClock, Turn},
    time::{LineTime, StoryTime, WallTime},
};

use super::{
    Plan, Point,
    order::{self, Head, Subject},
    status::{NoSuchStep, Step},
};
use crate::{
    record::{InjectStatus, Kind, Record, Stamp, Startex, TurnWord},
    scenario::{
        Scenario,
        mark::{Alias, Mark},
    },
};

/// A record that cannot follow those before it. The plan has not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// A turn that the clock does not take.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// A status that the inject cannot have.
    #[error(transparent)]
    Step(#[from] NoSuchStep),
    /// An inject that is not in the plan.
    #[error("there is no inject {0} in this plan")]
    NoInject(String),
    /// A rate outside ×0.1 to ×60, in thousandths.
    #[error("{0} thousandths are no rate of a story clock")]
    NoRate(u32),
    /// A length by which nothing can be moved.
    #[error("\"{0}\" is no length by which an inject was moved")]
    NoMove(String),
    /// The records are of another scenario, or variant.
    #[error("these are records of {0}, not of this scenario")]
    OtherScenario(String),
    /// Line time runs back.
    #[error("a record is older on the line than the one before it")]
    Backwards,
    /// The clock does not run as the record says.
    #[error("the record says that the story clock is {said:?}, and it is {is:?}")]
    OtherRunning {
        /// What the record says.
        said: Running,
        /// What follows from all records.
        is: Running,
    },
}

impl Plan {
    /// The plan and its clock as the records leave them.
    ///
    /// # Errors
    /// [`FoldError`] of the first record that cannot follow.
    pub fn fold<R: Borrow<Record>>(
        scenario: Arc<Scenario>,
        variant: Option<&str>,
        records: impl IntoIterator<Item = R>,
    ) -> Result<(Self, StoryClock), FoldError> {
        let mut plan = Self::new(scenario, variant);
        for record in records {
            plan.take(record.borrow())?;
        }
        let clock = plan.clock();
        Ok((plan, clock))
    }

    /// Whether a record may come next. To be asked before it is written: what stands in the log for good and cannot be taken
    /// makes the whole log unreadable.
    ///
    /// # Errors
    /// [`FoldError`]: why not.
    pub fn admits(&self, record: &Record) -> Result<(), FoldError> {
        let line = record.stamp.line;
        if self.last.is_some_and(|last| line < last.line) {
            return Err(FoldError::Backwards);
        }
        let is = self.turned(&record.kind, line)?;
        if is.running() != record.running {
            return Err(FoldError::OtherRunning {
                said: record.running,
                is: is.running(),
            });
        }
        match &record.kind {
            Kind::Inject { serial, status, what } => {
                by(*status, what)?;
                let step = self.steps.get(self.position(serial)?);
                step.map_or(Ok(()), |step| Ok(step.admits(*status)?))
            }
            _ => Ok(()),
        }
    }

    /// Takes one record, the next of the log.
    ///
    /// # Errors
    /// [`FoldError`]: nothing has changed.
    pub fn take(&mut self, record: &Record) -> Result<(), FoldError> {
        self.admits(record)?;
        let line = record.stamp.line;
        let is = self.turned(&record.kind, line)?;
        let point = self.past.point(line, record.stamp.story);
        match &record.kind {
            Kind::Startex(startex) => {
                self.past.bend(is, line);
                self.started(startex, self.past.point(line, StoryTime::STARTEX));
            }
            Kind::Clock {
                turn: TurnWord::Shift(by),
            } => {
                self.past.shifted(is, line, *by);
                let open = self.steps.iter_mut().filter(|step| step.status.is_open());
                open.for_each(|step| step.put(record.stamp.story));
            }
            Kind::Clock { turn } => {
                self.past.bend(is, line);
                if let TurnWord::Speed(_) = turn {
                    // What counts on the line may lie ahead again.
                    let counts = self.steps.iter_mut().filter(|step| step.basis.on_line());
                    counts.for_each(Step::judge_anew);
                }
            }
            Kind::Endex { .. } => {
                self.past.bend(is, line);
                self.marks.reach(Mark::Endex, point);
            }
            Kind::Resumed { .. } => self.resumed(record, is),
            Kind::Inject { serial, status, what } => self.inject(serial, *status, what, point)?,
            Kind::Named { alias, message } => self.named(alias, message),
            Kind::Seat { seat, what } => match what.as_str() {
                "JOINED" => {
                    self.persons.insert(seat.clone());
                }
                _ => {
                    self.persons.remove(seat);
                }
            },
            _ => {}
        }
        self.last = Some(record.stamp);
        self.taken += 1;
        if let Some(subject) = Subject::of(&record.kind) {
            self.heads.insert(subject, Head(self.taken));
        }
        Ok(())
    }

    /// The record that says this now: with the story's time, and how the clock runs behind it. It is to be written, and then
    /// taken. `line` in whole milliseconds, as records hold them: the clock of a [`fold`](Self::fold) is then the same one.
    ///
    /// # Errors
    /// [`FoldError`]: it could not be taken.
    pub fn record(&self, kind: Kind, wall: WallTime, line: LineTime) -> Result<Record, FoldError> {
        let clock = self.turned(&kind, line)?;
        let story = match (&kind, self.last) {
            // While control was not there the story stood still.
            (Kind::Resumed { .. }, Some(last)) => clock.at(last.line),
            _ => clock.at(line),
        };
        Ok(Record {
            stamp: Stamp { wall, line, story },
            running: clock.running(),
            kind,
        })
    }

    /// The clock behind a record.
    fn turned(&self, kind: &Kind, line: LineTime) -> Result<StoryClock, FoldError> {
        let mut clock = self.past.clock();
        let turn = match kind {
            Kind::Startex(startex) => {
                self.same_scenario(startex)?;
                Turn::Start(rate(startex.rate)?)
            }
            Kind::Clock { turn } => match turn {
                TurnWord::Pause => Turn::Pause,
                TurnWord::Resume => Turn::Resume,
                TurnWord::Speed(thousandths) => Turn::Speed(rate(*thousandths)?),
                TurnWord::Leap(ms) => {
                    Turn::Leap(StoryTime::from_startex(std::time::Duration::from_millis(*ms)))
                }
                TurnWord::Shift(_) if clock.running() == Running::Ended => {
                    return Err(ClockError::Ended.into());
                }
                TurnWord::Shift(_) => return Ok(clock),
            },
            Kind::Endex { .. } => Turn::End,
            _ => return Ok(clock),
        };
        clock.turn(turn, line)?;
        Ok(clock)
    }

    fn same_scenario(&self, startex: &Startex) -> Result<(), FoldError> {
        let sha256 = Hash::of(self.scenario.source.text.as_bytes()).to_string();
        let same = startex.scenario == self.scenario.id.value
            && startex.scenario_sha256 == sha256
            && startex.variant == self.variant;
        match same {
            true => Ok(()),
            false => {
                let variant = startex
                    .variant
                    .iter()
                    .map(|variant| format!(", variant {variant}"));
                let variant: String = variant.collect();
                Err(FoldError::OtherScenario(format!(
                    "{}{variant} (SHA-256 {})",
                    startex.scenario, startex.scenario_sha256
                )))
            }
        }
    }

    fn started(&mut self, startex: &Startex, point: Point) {
        let persons = startex.seats.iter().filter(|(_, who)| *who == "person");
        self.persons.extend(persons.map(|(seat, _)| seat.clone()));
        self.marks.reach(Mark::Startex, point);
    }

    /// From the last record to this one control was not there, and the story stood still.
    fn resumed(&mut self, record: &Record, clock: StoryClock) {
        let Some(last) = self
            .last
            .filter(|_| matches!(clock.running(), Running::Running(_)))
        else {
            return;
        };
        let mut clock = clock;
        for (turn, line) in [(Turn::Pause, last.line), (Turn::Resume, record.stamp.line)] {
            if clock.turn(turn, line).is_ok() {
                self.past.bend(clock, line);
            }
        }
    }

    fn inject(
        &mut self,
        serial: &str,
        status: InjectStatus,
        what: &str,
        point: Point,
    ) -> Result<(), FoldError> {
        let (at, by) = (self.position(serial)?, by(status, what)?);
        let Some(step) = self.steps.get_mut(at) else {
            return Ok(());
        };
        step.take(status, what, by, point)?;
        let serial = step.inject.serial;
        match status {
            InjectStatus::Firing => self.newest = Some((serial, point.story)),
            InjectStatus::Delivered | InjectStatus::Failed | InjectStatus::Completed => {
                if let Some((_, done)) = self.newest.as_mut().filter(|(of, _)| *of == serial) {
                    *done = point.story;
                }
                if status != InjectStatus::Failed {
                    self.marks.reach(Mark::Inject(serial), point);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn position(&self, serial: &str) -> Result<usize, FoldError> {
        let named = |step: &Step| step.inject.serial.to_string() == serial;
        let found = self.steps.iter().position(named);
        found.ok_or_else(|| FoldError::NoInject(serial.to_owned()))
    }

    fn named(&mut self, alias: &str, message: &str) {
        let alias = alias.parse::<Alias>().ok();
        if let Some(alias) = alias.and_then(|alias| self.marks.named(&alias)) {
            self.names.entry(alias).or_insert_with(|| message.to_owned());
        }
    }
}

/// By how much a record moves an inject, in milliseconds.
fn by(status: InjectStatus, what: &str) -> Result<i64, FoldError> {
    match status {
        InjectStatus::Moved => order::read_move(what).ok_or_else(|| FoldError::NoMove(what.to_owned())),
        _ => Ok(0),
    }
}

fn rate(thousandths: u32) -> Result<Rate, FoldError> {
    Rate::from_thousandths(thousandths).ok_or(FoldError::NoRate(thousandths))
}
