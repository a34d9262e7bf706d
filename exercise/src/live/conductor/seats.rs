//! Injects for seats: a script is told over its standard input, a person by a file that is read with `tail -f`.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{ConductError, Conductor};
use crate::{
    live::{scene::Scene, stage::StageError, words::ToPlayer},
    scenario::{
        lists::Tongue,
        msel::{Deed, Inject},
    },
};

impl<S: Scene> Conductor<S> {
    /// Delivers news or an order to a seat.
    pub(super) async fn hand_over(&mut self, seat: &str, inject: &Inject) -> Result<(), ConductError> {
        match self.person_at(seat) {
            Some(file) => Ok(self.tell_person(seat, &file, inject)?),
            None => {
                let serial = inject.serial.to_string();
                Ok(self.stage.tell(seat, &ToPlayer::Inject { serial }).await?)
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

    fn person_at(&self, seat: &str) -> Option<PathBuf> {
        self.hand.as_ref()?.persons.get(seat).cloned()
    }

    /// People find the role card of their seat before anything else.
    pub(super) fn hand_out_cards(&self) -> Result<(), StageError> {
        for card in &self.plan.scenario().handouts {
            if let Some(file) = self.person_at(&card.seat) {
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
