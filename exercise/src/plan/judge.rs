//! A controller's order, judged: the records that it becomes, or why it does not.

use hotline_core::{
    story::{ClockError, Running, Turn},
    time::StoryTime,
};

use super::{
    Plan,
    order::{Head, Order, OrderError, Subject, distance, show_move},
    status::{NOW, Status, Step},
};
use crate::{
    record::{InjectStatus, Kind, Stamp, TurnWord},
    scenario::{lists::Approve, mark::Serial},
};

impl Plan {
    /// The newest record about this.
    #[must_use]
    pub fn head(&self, subject: Subject) -> Head {
        self.heads.get(&subject).copied().unwrap_or_default()
    }

    /// As [`order`](Self::order), of a controller that has seen no newer record about this than `expects`.
    ///
    /// # Errors
    /// [`OrderError`], above all [`OrderError::Stale`].
    pub fn order_expecting(
        &self,
        order: &Order,
        expects: Head,
        stamp: Stamp,
    ) -> Result<Vec<Kind>, OrderError> {
        let newest = self.head(order.subject());
        if expects != newest {
            return Err(OrderError::Stale {
                knew: expects.0,
                newest: newest.0,
            });
        }
        self.order(order, stamp)
    }

    /// The records that an order becomes. They take effect by being written and [taken](Self::take).
    ///
    /// # Errors
    /// [`OrderError`], with what would do.
    pub fn order(&self, order: &Order, stamp: Stamp) -> Result<Vec<Kind>, OrderError> {
        let clock = |turn, word| self.may_turn(turn, stamp, word);
        let kind = match order {
            Order::Pause => clock(Turn::Pause, TurnWord::Pause)?,
            Order::Resume => clock(Turn::Resume, TurnWord::Resume)?,
            Order::Speed(rate) => clock(Turn::Speed(*rate), TurnWord::Speed(rate.thousandths()))?,
            Order::Shift(by) => self.shift(*by)?,
            Order::Leap(to) => self.leap(*to, stamp)?,
            Order::End => {
                self.may_turn(Turn::End, stamp, TurnWord::Pause)?;
                Kind::Endex {
                    why: "CONTROL".to_owned(),
                }
            }
            Order::Fire(serial) => self.fire(self.known(*serial)?)?,
            Order::Publish(serial) => self.publish(self.known(*serial)?, stamp)?,
            Order::Skip { serial, why } => {
                let step = self.known(*serial)?;
                match step.status.is_open() || step.status == Status::Called {
                    true => word(step, InjectStatus::Skipped, why.clone()),
                    false => return Err(stands(step, "only one that has not been begun is skipped")),
                }
            }
            Order::Unskip(serial) => {
                let step = self.known(*serial)?;
                match step.status {
                    Status::Skipped => word(step, InjectStatus::Unskipped, String::new()),
                    _ => return Err(stands(step, "it is not skipped")),
                }
            }
            Order::Move { serial, by } => self.shove(self.known(*serial)?, *by)?,
            Order::Record { serial, result } => {
                let step = self.known(*serial)?;
                match step.status {
                    Status::Completed | Status::Skipped | Status::NotNeeded => {
                        return Err(stands(step, "its result cannot be written down; write a note"));
                    }
                    _ => word(step, InjectStatus::Completed, result.clone()),
                }
            }
        };
        Ok(vec![kind])
    }

    fn known(&self, serial: Serial) -> Result<&Step, OrderError> {
        let clock = self.clock().running();
        match self.step(serial) {
            None => Err(OrderError::NoInject(serial)),
            Some(_) if clock == Running::NotStarted => Err(ClockError::NotStarted.into()),
            Some(_) if clock == Running::Ended => Err(ClockError::Ended.into()),
            Some(step) => Ok(step),
        }
    }

    fn may_turn(&self, turn: Turn, stamp: Stamp, word: TurnWord) -> Result<Kind, OrderError> {
        self.clock().turn(turn, stamp.line)?;
        Ok(Kind::Clock { turn: word })
    }

    fn shift(&self, by: i64) -> Result<Kind, OrderError> {
        distance(by)?;
        match self.clock().running() {
            Running::NotStarted => Err(ClockError::NotStarted.into()),
            Running::Ended => Err(ClockError::Ended.into()),
            Running::Running(_) | Running::Paused(_) => Ok(Kind::Clock {
                turn: TurnWord::Shift(by),
            }),
        }
    }

    fn leap(&self, to: StoryTime, stamp: Stamp) -> Result<Kind, OrderError> {
        let ms = u64::try_from(to.since_startex().as_millis()).unwrap_or(u64::MAX);
        let kind = self.may_turn(Turn::Leap(to), stamp, TurnWord::Leap(ms))?;
        if let Some(why) = self.leap_refused() {
            return Err(OrderError::NoLeap(why));
        }
        match self.leap_to(&self.clock(), stamp.line) {
            None => Err(OrderError::NoLeap("something is to be done first".into())),
            Some(next) if next < to => Err(OrderError::NoLeap(format!("there is something to do at {next}"))),
            Some(_) => Ok(kind),
        }
    }

    /// Why the story does not leap in this play at all.
    pub(super) fn leap_refused(&self) -> Option<String> {
        if !self.scenario.stage.leap {
            return Some("the scenario does not allow it".into());
        }
        let seat = self.persons.iter().next()?;
        Some(format!("a person sits at seat \"{seat}\""))
    }

    fn fire(&self, step: &Step) -> Result<Kind, OrderError> {
        match step.status {
            Status::Pending | Status::Entered | Status::Approved => {
                Ok(word(step, InjectStatus::Approved, NOW.to_owned()))
            }
            Status::Skipped => Err(stands(step, "unskip it first")),
            _ => Err(stands(step, "each inject is done once")),
        }
    }

    fn publish(&self, step: &Step, stamp: Stamp) -> Result<Kind, OrderError> {
        let passed = || self.moment(step).is_some_and(|moment| moment <= stamp.story);
        match step.status {
            Status::Entered => self.fire(step),
            Status::Pending if step.inject.approve == Approve::Hand && passed() => self.fire(step),
            Status::Pending if step.inject.approve == Approve::Hand => {
                Ok(word(step, InjectStatus::Approved, String::new()))
            }
            Status::Pending => Err(stands(step, "it needs no approval; fire it to have it now")),
            _ => Err(stands(step, "it does not wait for approval")),
        }
    }

    fn shove(&self, step: &Step, by: i64) -> Result<Kind, OrderError> {
        distance(by)?;
        match step.status.is_open() {
            true => Ok(word(step, InjectStatus::Moved, show_move(by))),
            false => Err(stands(step, "only one that has not been begun is moved")),
        }
    }
}

fn stands(step: &Step, instead: &'static str) -> OrderError {
    OrderError::Stands {
        serial: step.inject.serial,
        status: step.status,
        instead,
    }
}

fn word(step: &Step, status: InjectStatus, what: String) -> Kind {
    Kind::Inject {
        serial: step.inject.serial.to_string(),
        status,
        what,
    }
}
