//! What is due, what is offered to a controller, and what is to be written down by itself.

use std::time::Duration;

use hotline_core::{
    plant,
    story::{Running, StoryClock},
    time::{LineTime, StoryTime},
};

use super::{
    DUE_AT_ONCE, OVERDUE, Plan, Point,
    basis::Basis,
    status::{Status, Step},
};
use crate::{
    record::{InjectStatus, Kind},
    scenario::{lists::Ends, mark::Serial, moment::Span},
};

/// What an expectation says to the contingency that asks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Not yet, or the inject asks nothing.
    Comes,
    /// It was met: the contingency never comes.
    NotNeeded,
}

/// A moment, so many milliseconds later or earlier; STARTEX at the earliest.
pub(super) fn moved(story: StoryTime, by: i64) -> StoryTime {
    let (length, step) = (story.since_startex(), Duration::from_millis(by.unsigned_abs()));
    StoryTime::from_startex(match by < 0 {
        true => length.saturating_sub(step),
        false => length.saturating_add(step),
    })
}

impl Plan {
    /// Injects to be done now: at most [`DUE_AT_ONCE`], in the order of their moments, then of the file. What a controller
    /// wants now comes first, in a pause too; nothing else does. What is overdue is [`offered`](Self::offered) instead.
    #[must_use]
    pub fn due(&self, clock: &StoryClock, now: LineTime) -> Vec<Serial> {
        let mut due: Vec<(bool, StoryTime, Serial)> = self
            .steps
            .iter()
            .filter_map(|step| {
                let moment = self.due_at(step, clock, now)?;
                Some((step.status != Status::Called, moment, step.inject.serial))
            })
            .collect();
        // A stable sort: those of one moment stay in the order of the file.
        due.sort_by_key(|(planned, moment, _)| (*planned, *moment));
        due.truncate(DUE_AT_ONCE);
        due.into_iter().map(|(_, _, serial)| serial).collect()
    }

    fn due_at(&self, step: &Step, clock: &StoryClock, now: LineTime) -> Option<StoryTime> {
        if matches!(clock.running(), Running::NotStarted | Running::Ended) {
            return None;
        }
        if step.status == Status::Called {
            if plant::active("fire-waits-for-the-pause") && matches!(clock.running(), Running::Paused(_)) {
                return None;
            }
            return step.point.map(|point| point.story);
        }
        let ready = matches!(step.status, Status::Pending | Status::Approved) && !step.unapproved();
        let runs = matches!(clock.running(), Running::Running(_));
        let moment = self.moment(step).filter(|_| ready && runs)?;
        let comes = moment <= clock.at(now)
            && !self.overdue(step, moment, clock, now)
            && self.verdict(step, Some(moment), clock.at(now)) == Verdict::Comes;
        comes.then_some(moment)
    }

    /// The moment of the story at which an inject is planned, with all shifts and moves; of one that was begun or left out,
    /// when that was. `None` while it hangs on something that has not happened. One that counts on the line has the moment that
    /// it will be then at the present rate.
    #[must_use]
    pub fn planned(&self, serial: Serial) -> Option<StoryTime> {
        let step = self.step(serial)?;
        match step.status.is_open() {
            true => self.moment(step),
            false => step.point.map(|point| point.story),
        }
    }

    pub(super) fn moment(&self, step: &Step) -> Option<StoryTime> {
        let (base, span, shifted) = match &step.basis {
            Basis::At(at) => return Some(moved(StoryTime::from_startex(*at), self.by(step, 0))),
            Basis::After(mark, span)
            | Basis::Unless {
                from: mark,
                within: span,
                ..
            } => {
                let base = self.marks.when(mark)?;
                (base, *span, base.shift)
            }
        };
        let moment = match span {
            Span::Story(length) => base.story.after(length.0),
            Span::Line(length) => self.past.story(base.run.saturating_add(length.0))?,
        };
        Some(moved(moment, self.by(step, shifted)))
    }

    /// By how much an inject lies later than the file has it. Shifts before its mark have moved the mark.
    fn by(&self, step: &Step, shifted: i64) -> i64 {
        let shift = self.past.shift().saturating_sub(shifted);
        shift.saturating_add(step.moved)
    }

    /// Whether it is too late to come by itself.
    fn overdue(&self, step: &Step, moment: StoryTime, clock: &StoryClock, now: LineTime) -> bool {
        if plant::active("overdue-comes-by-itself") {
            return false;
        }
        if moment.after(OVERDUE) < step.known {
            return true;
        }
        let Running::Running(rate) = clock.running() else {
            return false;
        };
        let thousandths = rate.thousandths().max(1_000);
        let limit = OVERDUE.saturating_mul(thousandths) / 1_000;
        // Of many at one moment the later ones wait for the earlier ones: that is no delay of theirs.
        let before = self
            .newest
            .and_then(|(serial, done)| Some((self.moment(self.step(serial)?)?, done)));
        let from = match before {
            Some((of, done)) if of == moment => done.max(moment),
            _ => moment,
        };
        from.after(limit) < clock.at(now)
    }

    fn verdict(&self, step: &Step, moment: Option<StoryTime>, now: StoryTime) -> Verdict {
        let Basis::Unless { asks, .. } = &step.basis else {
            return Verdict::Comes;
        };
        let marked = asks.mark.as_ref().and_then(|mark| self.marks.when(mark));
        let told = self.told.get(&asks.expect).copied();
        let happened: Option<Point> = marked.into_iter().chain(told).min();
        let in_time = happened.is_some_and(|point| moment.is_none_or(|moment| point.story <= moment));
        let decided = match asks.never {
            // It is known at the end only.
            true => !in_time && moment.is_some_and(|moment| moment <= now),
            false => in_time,
        };
        match decided {
            true => Verdict::NotNeeded,
            false => Verdict::Comes,
        }
    }

    /// Injects that wait for a controller's word and could come now: overdue ones, and those to be approved by hand whose
    /// moment has come. In the order of their moments.
    #[must_use]
    pub fn offered(&self, clock: &StoryClock, now: LineTime) -> Vec<Serial> {
        let story = clock.at(now);
        let offered = |step: &&Step| match step.status {
            Status::Entered => true,
            Status::Pending | Status::Approved => {
                let moment = self.moment(step);
                step.unapproved()
                    && moment.is_some_and(|moment| moment <= story)
                    && self.verdict(step, moment, story) == Verdict::Comes
            }
            _ => false,
        };
        let mut found: Vec<&Step> = self.steps.iter().filter(offered).collect();
        found.sort_by_key(|step| self.moment(step));
        found.into_iter().map(|step| step.inject.serial).collect()
    }

    /// What the plan has decided by itself and is not written yet: an inject is overdue, a contingency not needed. To be
    /// written, and taken, before asking what is due.
    #[must_use]
    pub fn to_write(&self, clock: &StoryClock, now: LineTime) -> Vec<Kind> {
        if matches!(clock.running(), Running::NotStarted | Running::Ended) {
            return Vec::new();
        }
        let story = clock.at(now);
        let decided = |step: &Step| {
            let moment = self.moment(step);
            if !step.status.is_open() {
                return None;
            }
            if self.verdict(step, moment, story) == Verdict::NotNeeded {
                return Some(inject(step, InjectStatus::NotNeeded));
            }
            let late = moment.is_some_and(|moment| self.overdue(step, moment, clock, now));
            let enters = late && step.status != Status::Entered && !step.unapproved();
            enters.then(|| inject(step, InjectStatus::Entered))
        };
        self.steps.iter().filter_map(decided).collect()
    }

    /// When on the line to ask again: at once, if anything is due or to be written; else at the next moment of the plan.
    /// `None` if nothing comes by itself, as in a pause.
    #[must_use]
    pub fn next_wake(&self, clock: &StoryClock, now: LineTime) -> Option<LineTime> {
        if !self.due(clock, now).is_empty() || !self.to_write(clock, now).is_empty() {
            return Some(now);
        }
        let next = self.ahead(clock, now).map(|(moment, _)| moment).min()?;
        clock.when(next).map(|line| line.max(now))
    }

    /// Moments of the plan that are still to come, and whether each counts on the line.
    pub(super) fn ahead(&self, clock: &StoryClock, now: LineTime) -> impl Iterator<Item = (StoryTime, bool)> {
        let story = clock.at(now);
        let end = (self.scenario.ends != Ends::ByControl).then(|| (self.end(), false));
        let end = end.filter(|(moment, _)| *moment > story);
        self.steps_ahead(clock, now).chain(end)
    }

    fn steps_ahead(&self, clock: &StoryClock, now: LineTime) -> impl Iterator<Item = (StoryTime, bool)> {
        let story = clock.at(now);
        let waiting = |step: &&Step| matches!(step.status, Status::Pending | Status::Approved);
        let steps = self
            .steps
            .iter()
            .filter(waiting)
            .filter_map(|step| Some((self.moment(step)?, step.basis.on_line())));
        steps.filter(move |(moment, _)| *moment > story)
    }
}

/// The next moment of an inject, leaving out the planned end.
pub(super) fn next_inject(plan: &Plan, clock: &StoryClock, now: LineTime) -> Option<StoryTime> {
    plan.steps_ahead(clock, now).map(|(moment, _)| moment).min()
}

fn inject(step: &Step, status: InjectStatus) -> Kind {
    Kind::Inject {
        serial: step.inject.serial.to_string(),
        status,
        what: String::new(),
    }
}
