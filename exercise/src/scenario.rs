//! A scenario as valid values: cast, plan, expectations, scripts. `SCENARIO.md` says how it is written.
//!
//! [`parse`] reads a file and finds every mistake at once, each with its place; [`check::check`] then finds what cannot be
//! played. Nothing here opens a file, reads a clock,
//! or knows a process.

pub mod cast;
pub mod check;
pub mod expect;
pub mod fresh;
pub mod lists;
pub mod mark;
pub mod moment;
pub mod msel;
pub mod place;
pub mod player;
mod read;
pub mod shipped;
pub mod suggest;
mod write;

use std::collections::BTreeMap;

use cast::{Attack, Handout, Made, Objective, OfficerCard, Pin, SeatCard, StageRules, Tongues, Topology};
use expect::{Expect, Is};
use lists::{Ends, InstitutionVerb, ReleaseRule, Tongue};
use mark::Alias;
use moment::StorySpan;
use msel::{Deed, Event, Inject, Institution, together};
use place::{Placed, ScenarioErrors};
use player::Script;
#[cfg(test)]
pub(crate) use write::tests::made::scenario as made;
pub use write::write;

/// Largest scenario file, in bytes. The longest shipped one has a tenth of it.
pub const FILE_MAX: usize = 256 * 1024;

/// A scenario that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name, like `S1`.
    pub id: Placed<String>,
    /// What it is called.
    pub title: Tongues,
    /// What it is about.
    pub summary: Tongues,
    /// What stands on every page.
    pub handling: String,
    /// Planned time from STARTEX to ENDEX.
    pub duration: Placed<StorySpan>,
    /// When it ends.
    pub ends: Ends,
    /// How many officers release OVERRIDE and FLASH.
    pub release: ReleaseRule,
    /// The languages of its texts.
    pub languages: Vec<Tongue>,
    /// Who ordered the exercise.
    pub sponsor: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// Where and how fast it is played.
    pub stage: StageRules,
    /// The codebook.
    pub codebook: Pin,
    /// Relays and desks.
    pub topology: Topology,
    /// How old everything is at STARTEX.
    pub made: Made,
    /// Names of variants, and what each is.
    pub variants: BTreeMap<String, String>,
    /// The officers.
    pub officers: Vec<OfficerCard>,
    /// The seats.
    pub seats: Vec<SeatCard>,
    /// What is to be learned.
    pub objectives: Vec<Objective>,
    /// The plan.
    pub events: Vec<Event>,
    /// What is expected.
    pub expects: Vec<Expect>,
    /// How empty seats are played.
    pub players: Vec<Script>,
    /// Prepared attacks.
    pub attacks: Vec<Attack>,
    /// Role cards.
    pub handouts: Vec<Handout>,
    /// The file itself.
    pub source: Source,
}

/// The file that a scenario was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As errors name it.
    pub file: String,
    /// Every byte of it.
    pub text: String,
}

impl Scenario {
    /// All injects, in the order of the file: the order of those that are due at one moment.
    pub fn injects(&self) -> impl Iterator<Item = &Inject> {
        let incidents = self.events.iter().flat_map(|event| &event.incidents);
        incidents.flat_map(|incident| &incident.injects)
    }

    /// Whether the line sleeps at STARTEX: nothing of it runs until people wake it.
    #[must_use]
    pub fn sleeps(&self) -> bool {
        self.acts().any(|act| act.verb == InstitutionVerb::Wake)
    }

    /// Whether an officer is enrolled while it is played, and is nobody before.
    #[must_use]
    pub fn comes_later(&self, officer: &OfficerCard) -> bool {
        let mut enrolled = self.acts().filter(|act| act.verb == InstitutionVerb::Enrol);
        enrolled.any(|act| {
            act.identity
                .as_ref()
                .is_some_and(|name| **name == *officer.name.value)
        })
    }

    /// Every act of an institution that the plan has.
    pub fn acts(&self) -> impl Iterator<Item = &Institution> {
        self.injects().filter_map(|inject| match &inject.deed {
            Deed::Institution(act) => Some(act),
            _ => None,
        })
    }

    /// The message that an auditor is to decide about in this play, if one is disputed.
    #[must_use]
    pub fn disputed(&self, variant: Option<&str>) -> Option<&Alias> {
        let variant: Vec<String> = variant.into_iter().map(str::to_owned).collect();
        let mut expects = self
            .expects
            .iter()
            .filter(|expect| together(&expect.only, &variant));
        expects.find_map(|expect| match &expect.is {
            Is::Verdict { of, .. } => Some(&of.value),
            _ => None,
        })
    }

    /// Whether a message is disputed in any play of it.
    #[must_use]
    pub fn has_dispute(&self) -> bool {
        self.expects
            .iter()
            .any(|expect| matches!(expect.is, Is::Verdict { .. }))
    }

    /// An officer by name.
    #[must_use]
    pub fn officer(&self, name: &str) -> Option<&OfficerCard> {
        self.officers.iter().find(|officer| *officer.name == *name)
    }

    /// A seat by name.
    #[must_use]
    pub fn seat(&self, name: &str) -> Option<&SeatCard> {
        self.seats.iter().find(|seat| *seat.name == *name)
    }
}

/// Reads a scenario. `file` is what errors call it.
///
/// # Errors
/// [`ScenarioErrors`]: every mistake that can be found without playing it, in the order of the file.
pub fn parse(file: &str, text: &str) -> Result<Scenario, ScenarioErrors> {
    read::scenario(file, text)
}

/// Reads a scenario from the bytes of a file.
///
/// # Errors
/// As [`parse`]; and bytes that are no UTF-8, with the place of the first.
pub fn parse_bytes(file: &str, bytes: &[u8]) -> Result<Scenario, ScenarioErrors> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(file, text),
        Err(error) => Err(read::not_utf8(file, bytes, error.valid_up_to())),
    }
}

#[cfg(test)]
mod tests;
