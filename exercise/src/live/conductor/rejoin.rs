//! Seats whose people joined, behind a stop of control: their desks went on, and they call again by themselves. Until one
//! does it is away; then what its desk tells counts from when it was.

use std::collections::{BTreeMap, BTreeSet};

use hotline_client::view::MessageView;

use super::{
    ConductError, Conductor, resume,
    seats::{Told, told},
};
use crate::{
    live::scene::Scene,
    log::Kept,
    plan::Status,
    record::{Kind, Record, Stamp},
    scenario::{mark::Serial, msel::Deed},
    timeline::clock::ControlClock,
};

impl<S: Scene> Conductor<S> {
    /// Seats whose people joined.
    pub(super) fn joined_seats(&self) -> Vec<String> {
        let persons = self.hand.iter().flat_map(|hand| &hand.persons);
        let joined = persons.filter(|(_, told)| matches!(told, Told::Joined(_)));
        joined.map(|(seat, _)| seat.clone()).collect()
    }

    /// Whether somebody joined who has not called.
    pub(super) fn is_away(&self, seat: &str) -> bool {
        let hand = self.hand.as_ref();
        hand.is_some_and(|hand| hand.persons.get(seat).is_some_and(Told::is_away))
    }

    /// Desks of those who joined are to be heard, and who is not here yet is away; `left`: of whom the records say so already.
    pub(super) fn are_away(&mut self, left: &BTreeSet<String>) -> Result<(), ConductError> {
        for seat in self.joined_seats() {
            if let Some(desk) = self.desk_of_seat(&seat) {
                self.unheard.insert(desk);
            }
            if self.is_away(&seat) && !left.contains(&seat) {
                let what = "LEFT".to_owned();
                self.note(Kind::Seat { seat, what })?;
            }
        }
        Ok(())
    }

    /// Seats hear once more what was delivered to them, each under the number of before: what one has taken it does not take
    /// twice. `begun`: the record with which each was begun, by its number.
    pub(super) fn tell_seats_again(&self, begun: &BTreeMap<u64, (Serial, Stamp)>) {
        for (record, (serial, stamp)) in begun {
            let Some(step) = self.plan.step(*serial) else {
                continue;
            };
            let told_to = matches!(step.inject.deed, Deed::News { .. } | Deed::Order { .. });
            if !told_to || step.status() != Status::Delivered {
                continue;
            }
            for seat in &step.inject.to {
                if let Some(Told::Joined(line)) = self.person_at(seat) {
                    line.tell_as(*record, told(&step.inject, stamp.story));
                }
            }
        }
    }

    /// What control had to say about who joined, if it stopped before that was written down.
    pub(super) fn note_the_rest(&mut self, records: &[Kept]) -> Result<(), ConductError> {
        if let Some(hand) = &mut self.hand {
            let said = |note: &String| {
                let is = |kept: &Kept| matches!(&kept.record.kind, Kind::Note { text, .. } if text == note);
                records.iter().any(is)
            };
            hand.notes.retain(|note| !said(note));
        }
        self.first_notes()
    }

    /// A desk tells what it knows: of one that is heard for the first time since control had stopped, from when it was.
    pub(super) fn take_list(&mut self, desk: &str, messages: &[MessageView]) -> Result<(), ConductError> {
        if !self.unheard.contains(desk) {
            for message in messages {
                self.message(desk, message);
            }
            return Ok(());
        }
        let kept = self.log.records()?;
        let records: Vec<&Record> = kept.iter().map(|kept| &kept.record).collect();
        let clock = ControlClock::of(&records);
        for message in messages {
            self.message_at(desk, message, |at_ms| resume::stamp(&clock, at_ms));
        }
        self.unheard.remove(desk);
        Ok(())
    }
}
