//! Injects for seats: a script is told over its standard input, a person by a file that is read with `tail -f`, and one who
//! joined over the control plane.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use hotline_core::time::StoryTime;

use super::{ConductError, Conductor};
use crate::{
    live::{
        joined::{Line, words::ToSeat},
        scene::Scene,
        stage::StageError,
        words::ToPlayer,
    },
    scenario::{
        lists::Tongue,
        msel::{Deed, Inject},
    },
};

impl<S: Scene> Conductor<S> {
    /// Delivers news or an order to a seat; false if it waits there until the seat is back.
    pub(super) async fn hand_over(&mut self, seat: &str, inject: &Inject) -> Result<bool, ConductError> {
        match self.person_at(seat) {
            Some(Told::File(file)) => {
                self.tell_person(seat, &file, inject)?;
                Ok(true)
            }
            Some(Told::Joined(line)) => {
                // Its number is that of the record that it was begun with: nobody else's, whoever conducts.
                let record = self.hand.as_ref().map_or(0, |hand| hand.records);
                line.tell_as(record, told(inject, self.story()));
                Ok(line.here().is_some())
            }
            None => {
                let serial = inject.serial.to_string();
                self.stage.tell(seat, &ToPlayer::Inject { serial }).await?;
                Ok(true)
            }
        }
    }

    /// Only a script sends by itself.
    pub(super) fn only_a_script(&self, seat: &str) -> Result<(), StageError> {
        match self.person_at(seat) {
            None => Ok(()),
            Some(_) => Err(StageError::Person {
                seat: seat.to_owned(),
                what: "have it sent, and then order record".into(),
            }),
        }
    }

    /// People who joined hear how the clock runs.
    pub(super) fn tell_joined(&self, running: (u32, u32), story_ms: u64) {
        let told = self.hand.iter().flat_map(|hand| hand.persons.values());
        for told in told {
            if let Told::Joined(line) = told {
                line.tell(ToSeat::Clock { running, story_ms });
            }
        }
    }

    /// Whether a person sits there.
    pub(super) fn is_person(&self, seat: &str) -> bool {
        self.person_at(seat).is_some()
    }

    pub(super) fn person_at(&self, seat: &str) -> Option<Told> {
        self.hand.as_ref()?.persons.get(seat).cloned()
    }

    /// Whether a desk runs on this machine: it was started here, and people who joined are at no desk of ours.
    pub(super) fn is_here(&self, desk: &str) -> bool {
        let persons = self.hand.iter().flat_map(|hand| &hand.persons);
        let mut joined = persons.filter(|(_, told)| matches!(told, Told::Joined(_)));
        !joined.any(|(seat, _)| {
            let card = self.plan.scenario().seat(seat);
            card.and_then(|card| card.desk.as_ref())
                .is_some_and(|at| **at == *desk)
        })
    }

    /// People find the role card of their seat before anything else. Who joined has it in the seat's folder.
    pub(super) fn hand_out_cards(&self) -> Result<(), StageError> {
        for card in &self.plan.scenario().handouts {
            if let Some(Told::File(file)) = self.person_at(&card.seat) {
                let text = card.text.in_or_any(Tongue::En).replace('\n', " ");
                write_to_person(&card.seat, &file, &format!("ROLE CARD: {text}\n"))?;
            }
        }
        Ok(())
    }

    fn tell_person(&self, seat: &str, file: &Path, inject: &Inject) -> Result<(), StageError> {
        let line = format!("{} {} {}\n", self.story(), inject.serial, spoken(&inject.deed));
        write_to_person(seat, file, &line)
    }
}

fn write_to_person(seat: &str, file: &Path, line: &str) -> Result<(), StageError> {
    let told = File::options()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    told.map_err(|error| StageError::Person {
        seat: seat.to_owned(),
        what: format!("{}: {error}", file.display()),
    })
}

/// How a person at a seat is told injects.
#[derive(Clone, Debug)]
pub enum Told {
    /// In a file of this machine.
    File(PathBuf),
    /// Over the control plane.
    Joined(Line),
}

impl Told {
    /// Whether the connection to a person who joined is lost.
    pub(super) fn is_away(&self) -> bool {
        match self {
            Self::File(_) => false,
            Self::Joined(line) => line.here().is_none(),
        }
    }
}

/// An inject as a seat that joined is told it.
pub(super) fn told(inject: &Inject, story: StoryTime) -> ToSeat {
    ToSeat::Inject {
        serial: inject.serial.to_string(),
        story_ms: u64::try_from(story.since_startex().as_millis()).unwrap_or(u64::MAX),
        what: spoken(&inject.deed),
    }
}

/// What an inject says to a person, in a line.
fn spoken(deed: &Deed) -> String {
    let text = match deed {
        Deed::News { text, source } => match source {
            Some(source) => format!("NEWS ({source}): {}", text.in_or_any(Tongue::En)),
            None => format!("NEWS: {}", text.in_or_any(Tongue::En)),
        },
        Deed::Order { text, role } => format!("ORDER to the {role}: {}", text.in_or_any(Tongue::En)),
        _ => String::new(),
    };
    text.replace('\n', " ")
}
