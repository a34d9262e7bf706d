//! Seats and desks that come and go. Each turn is a signed record, and behind each a desk is asked what it has shown meanwhile:
//! so much of both as an exercise needs, because a seat may be another ministry's and its program another one.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_core::time::LineTime;

use super::{
    ConductError, Conductor,
    said::{Room, Said},
};
use crate::{live::scene::Scene, record::Kind};

/// How long between two looks at everything that one desk has shown. 5 s of line: what it shows meanwhile it also tells.
const ANEW_APART: Duration = Duration::from_secs(5);
/// How long the happenings that lie there at ENDEX may take. 10 s of line: thousands of records.
const LAST_WITHIN: Duration = Duration::from_secs(10);

/// Who came and went.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// How many turns of each were written down.
    written: Said,
    /// Desks that have turned since everything they have shown was looked at.
    anew: BTreeSet<String>,
    /// When that was.
    looked: BTreeMap<String, LineTime>,
}

impl Turns {
    /// What this desk has shown is to be looked at.
    pub(super) fn look_at(&mut self, desk: String) {
        self.anew.insert(desk);
    }

    /// Whether it is time for that; then it counts as done.
    pub(super) fn is_due(&mut self, desk: &str, now: LineTime) -> bool {
        let rests = self
            .looked
            .get(desk)
            .is_some_and(|at| now.since(*at) < ANEW_APART);
        if rests || !self.anew.remove(desk) {
            return false;
        }
        self.looked.insert(desk.to_owned(), now);
        true
    }

    /// Every desk that has turned is due.
    fn all_due(&mut self) {
        self.looked.clear();
    }
}

impl<S: Scene> Conductor<S> {
    /// Somebody has come or gone: that is written down, as often as an exercise needs.
    pub(super) fn turned(&mut self, who: &str, kind: Kind) -> Result<(), ConductError> {
        match self.turns.written.more(who) {
            Room::Yes => self.note(kind).map(drop),
            Room::NoMore => self.note_of_control(format!(
                "{who} came and went too often: no more of it is written down"
            )),
            Room::No => Ok(()),
        }
    }

    /// Hears what lay there when the exercise ended: no more than that, not for ever, and not where somebody interrupts.
    pub(super) async fn hear_the_last(&mut self) -> Result<(), ConductError> {
        self.turns.all_due();
        let (lay, began) = (self.stage.unheard(), self.now());
        for heard in 0..lay {
            if self.is_interrupted() || self.now().since(began) >= LAST_WITHIN {
                let left = lay - heard;
                return self
                    .note_of_control(format!("{left} happenings lay there at ENDEX and were not heard"));
            }
            match self.stage.heard_already() {
                Some(happening) => self.hear(happening).await?,
                None => break,
            }
        }
        Ok(())
    }

    fn note_of_control(&mut self, text: String) -> Result<(), ConductError> {
        let author = "conductor".to_owned();
        let objective = None;
        self.note(Kind::Note {
            author,
            text,
            objective,
        })
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_that_turns_all_the_time_is_looked_at_anew_now_and_then_and_once_more_at_endex() {
        let at = |ms: u64| LineTime::from_start(Duration::from_millis(ms));
        let mut turns = Turns::default();
        let mut looked = 0;
        for ms in (0..20_000).step_by(250) {
            turns.look_at("B".into());
            looked += u32::from(turns.is_due("B", at(ms)));
        }
        assert_eq!(looked, 4);
        assert!(!turns.is_due("A", at(20_000)), "it has not turned");
        turns.look_at("B".into());
        assert!(!turns.is_due("B", at(19_999)));
        turns.all_due();
        assert!(turns.is_due("B", at(19_999)) && !turns.is_due("B", at(30_000)));
    }
}
