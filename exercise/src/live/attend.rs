//! Who is at control: controllers and observers who joined from elsewhere, and whether control still hears them.
//!
//! Their connections are short: each verb that is typed makes one. Somebody counts as gone who has had none for two minutes.
//! What changed is handed to the conductor, which writes it down.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::record::AT_CONTROL;

/// Whoever has had no connection for so long has gone. 2 min: between two looks of somebody who watches an exercise.
pub const GONE_AFTER: Duration = Duration::from_secs(120);
/// As what somebody joined.
pub const CONTROLLER: &str = "CONTROLLER";
/// The same of one who only looks.
pub const OBSERVER: &str = "OBSERVER";

/// Everybody who joined control. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Attendance(Arc<Mutex<BTreeMap<String, Attends>>>);

#[derive(Debug)]
struct Attends {
    part: &'static str,
    open: usize,
    heard: Instant,
    /// Whether the records say that they are there; none before they say anything.
    told: Option<bool>,
}

/// Somebody joined, or is gone, as a record of a seat says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// `control/lindqvist`.
    pub seat: String,
    /// `CONTROLLER JOINED`, `OBSERVER LEFT`.
    pub what: String,
}

/// A connection of somebody; dropped, it has ended.
#[derive(Debug)]
pub struct Call {
    attendance: Attendance,
    name: String,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.attendance.hear(&self.name, |open| open.saturating_sub(1));
    }
}

impl Attendance {
    /// Somebody has joined: [`CONTROLLER`] or [`OBSERVER`].
    pub fn joins(&self, name: &str, part: &'static str) {
        self.begins(name, part, None);
    }

    /// Somebody had joined before control stopped and went on: the records say so.
    pub fn returns(&self, name: &str, part: &'static str) {
        self.begins(name, part, Some(true));
    }

    fn begins(&self, name: &str, part: &'static str, told: Option<bool>) {
        let attends = Attends {
            part,
            open: 0,
            heard: Instant::now(),
            told,
        };
        self.all().insert(name.to_owned(), attends);
    }

    /// Somebody has a connection.
    #[must_use]
    pub fn calls(&self, name: &str) -> Call {
        self.hear(name, |open| open.saturating_add(1));
        Call {
            attendance: self.clone(),
            name: name.to_owned(),
        }
    }

    /// What is to be written down now.
    #[must_use]
    pub fn turns(&self, now: Instant) -> Vec<Turn> {
        let mut turns = Vec::new();
        for (name, attends) in self.all().iter_mut() {
            let here = attends.open > 0 || now.saturating_duration_since(attends.heard) < GONE_AFTER;
            // That somebody joined is written down in any case, also of one who has never been heard since.
            let is = here || attends.told.is_none();
            if attends.told.replace(is) != Some(is) {
                let what = if is { "JOINED" } else { "LEFT" };
                turns.push(Turn {
                    seat: format!("{AT_CONTROL}{name}"),
                    what: format!("{} {what}", attends.part),
                });
            }
        }
        turns
    }

    fn hear(&self, name: &str, open: impl FnOnce(usize) -> usize) {
        if let Some(attends) = self.all().get_mut(name) {
            attends.open = open(attends.open);
            attends.heard = Instant::now();
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Attends>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(attendance: &Attendance, now: Instant) -> Vec<String> {
        let turns = attendance.turns(now).into_iter();
        turns.map(|turn| format!("{} {}", turn.seat, turn.what)).collect()
    }

    #[test]
    fn who_joined_control_is_told_once_and_again_when_they_have_gone_and_are_back() {
        let attendance = Attendance::default();
        attendance.joins("hollis", OBSERVER);
        attendance.joins("lindqvist", CONTROLLER);
        let both = [
            "control/hollis OBSERVER JOINED",
            "control/lindqvist CONTROLLER JOINED",
        ];
        assert_eq!(told(&attendance, Instant::now()), both);
        let watching = attendance.calls("lindqvist");
        let later = Instant::now() + GONE_AFTER;
        assert_eq!(told(&attendance, later), ["control/hollis OBSERVER LEFT"]);
        drop(watching);
        let left = Instant::now();
        let later = left + GONE_AFTER;
        while Instant::now() == left {}
        drop(attendance.calls("hollis"));
        let turned = [
            "control/hollis OBSERVER JOINED",
            "control/lindqvist CONTROLLER LEFT",
        ];
        assert_eq!(told(&attendance, later), turned);
        assert_eq!(told(&attendance, later), Vec::<String>::new());
    }

    #[test]
    fn who_had_joined_before_control_stopped_is_not_told_again_and_has_gone_if_they_do_not_call() {
        let attendance = Attendance::default();
        attendance.returns("lindqvist", CONTROLLER);
        assert_eq!(told(&attendance, Instant::now()), Vec::<String>::new());
        let later = Instant::now() + GONE_AFTER;
        assert_eq!(told(&attendance, later), ["control/lindqvist CONTROLLER LEFT"]);
    }
}
