//! What stands at STARTEX: the first record of an exercise.

use hotline_audit::Hash;
use hotline_core::story::Rate;

use super::site::Site;
use crate::{
    codebook::Codebook,
    record::{DeskWord, ProcessWord, Startex},
    scenario::{
        Scenario,
        lists::{ReleaseRule, StageKind},
    },
};

/// How an exercise is played.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// On which stage.
    pub stage: StageKind,
    /// The variant, if the scenario has any.
    pub variant: Option<&'a str>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How fast the story runs.
    pub rate: Rate,
    /// Seats where a person sits.
    pub persons: &'a [String],
}

/// The first record. Every process is of this program's version.
#[must_use]
pub fn startex(site: &Site, scenario: &Scenario, codebook: &Codebook, opening: Opening<'_>) -> Startex {
    let version = env!("CARGO_PKG_VERSION");
    let word = |who: String| ProcessWord {
        who,
        version: version.to_owned(),
    };
    let relays = site.relays().map(|relay| word(format!("relay {}", relay.name)));
    let desks = site.desks().map(|(_, desk)| word(format!("desk {}", desk.name)));
    let seats = scenario.seats.iter().map(|seat| seat.name.as_str());
    let played = seats.filter_map(|seat| {
        let script = scenario.players.iter().any(|script| *script.seat == *seat);
        match opening.persons.iter().any(|person| person == seat) {
            true => Some((seat.to_owned(), "person".to_owned())),
            false => script.then(|| (seat.to_owned(), "script".to_owned())),
        }
    });
    let known = site.desks().map(|(side, desk)| {
        let word = DeskWord {
            side: side.side.to_string(),
            identity: desk.identity.clone(),
            log: format!("desk-{}", desk.name),
            backup: desk.backup.as_ref().map(|backup| backup.identity.clone()),
        };
        (desk.name.clone(), word)
    });
    Startex {
        scenario: scenario.id.to_string(),
        variant: opening.variant.map(str::to_owned),
        scenario_sha256: Hash::of(scenario.source.text.as_bytes()).to_string(),
        codebook: format!("{}/{}", codebook.name(), codebook.version()),
        codebook_sha256: codebook.sha256().to_string(),
        stage: opening.stage.to_string(),
        seed: opening.seed,
        rate: opening.rate.thousandths(),
        release: match scenario.release {
            ReleaseRule::Two => 2,
            ReleaseRule::One => 1,
        },
        processes: std::iter::once(word("control".into()))
            .chain(relays)
            .chain(desks)
            .collect(),
        seats: played.collect(),
        desks: known.collect(),
    }
}
