//! How a play goes on: what each inject waits for, where the story may leap, when it ends.

use std::fmt;

use hotline_core::{
    story::{Running, StoryClock},
    time::{LineTime, StoryTime},
};

use super::{
    Plan,
    due::moved,
    status::{Status, Step},
};
use crate::scenario::{
    lists::Ends,
    mark::{Mark, Serial},
};

/// What an inject waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// For its moment.
    Until(StoryTime),
    /// For something that has not happened.
    For(Mark),
    /// For an inject that will not come: that one, and how it stands.
    InVain(Serial, Status),
    /// For a controller.
    Controller,
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Until(story) => write!(f, "waits until {story}"),
            Self::For(mark) => write!(f, "waits for {mark}"),
            Self::InVain(serial, status) => write!(f, "waits for inject {serial}, which is {status}"),
            Self::Controller => f.write_str("waits for a controller"),
        }
    }
}

impl Plan {
    /// The next moment to which the story may leap while the line is quiet. `None` while anything is due, offered or being
    /// done, if the next thing counts on the line, and where a leap is not allowed at all.
    #[must_use]
    pub fn leap_to(&self, clock: &StoryClock, now: LineTime) -> Option<StoryTime> {
        let busy = |step: &Step| matches!(step.status, Status::Firing | Status::Called | Status::Entered);
        let still = matches!(clock.running(), Running::Running(_))
            && !self.steps.iter().any(busy)
            && self.due(clock, now).is_empty()
            && self.to_write(clock, now).is_empty()
            && self.offered(clock, now).is_empty();
        if !still || self.leap_refused().is_some() {
            return None;
        }
        let (moment, line) = self.ahead(clock, now).min()?;
        (!line).then_some(moment)
    }

    /// Planned ENDEX, with all shifts.
    #[must_use]
    pub fn end(&self) -> StoryTime {
        moved(
            StoryTime::from_startex(self.scenario.duration.0),
            self.past.shift(),
        )
    }

    /// Why the exercise ends now, as ENDEX says it; `None` while it goes on. `idle`: nobody who is played by a script has
    /// anything to do, and no expectation is open that the caller wants to wait for.
    #[must_use]
    pub fn ended(&self, clock: &StoryClock, now: LineTime, idle: bool) -> Option<&'static str> {
        if !matches!(clock.running(), Running::Running(_)) || self.scenario.ends == Ends::ByControl {
            return None;
        }
        let done = |step: &Step| {
            step.status.is_final() || matches!(self.waits(step.inject.serial), Some(Waits::InVain(..)))
        };
        if self.end() <= clock.at(now) {
            Some("DURATION")
        } else if self.scenario.ends == Ends::WhenDone && idle && self.steps.iter().all(done) {
            Some("DONE")
        } else {
            None
        }
    }

    /// What an inject waits for; `None` if it was begun, or will not come.
    #[must_use]
    pub fn waits(&self, serial: Serial) -> Option<Waits> {
        let step = self.step(serial).filter(|step| step.status.is_open())?;
        if step.status == Status::Entered {
            return Some(Waits::Controller);
        }
        if let Some(vain) = self.in_vain(step) {
            return Some(vain);
        }
        Some(match self.moment(step) {
            Some(moment) => Waits::Until(moment),
            None => Waits::For(step.basis.from().clone()),
        })
    }

    /// Follows the injects that it waits for to one that will not come. A file has no circle of them; none longer than the
    /// plan is followed.
    fn in_vain(&self, step: &Step) -> Option<Waits> {
        let mut from = step.basis.from();
        for _ in 0..self.steps.len() {
            let Mark::Inject(serial) = from else {
                return None;
            };
            if self.marks.when(from).is_some() {
                return None;
            }
            let before = self.step(*serial)?;
            if before.status.is_final() {
                return Some(Waits::InVain(*serial, before.status));
            }
            from = before.basis.from();
        }
        None
    }
}
