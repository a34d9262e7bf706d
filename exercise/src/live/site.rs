//! A site: the folders that a stage plays in. The exercise makes no identity; whoever calls it has made them before.

use std::path::PathBuf;

use crate::scenario::lists::Side;

/// Everything that lies ready before a stage opens.
#[derive(Clone, Debug)]
pub struct Site {
    /// The folder that holds all of it.
    pub root: PathBuf,
    /// The program that its processes run.
    pub exe: PathBuf,
    /// The identifier of the exercise, as every statement carries it.
    pub exercise: String,
    /// The two sides.
    pub sides: Vec<SidePlace>,
}

/// What one side has.
#[derive(Clone, Debug)]
pub struct SidePlace {
    /// Which.
    pub side: Side,
    /// Its trust domain: `exercise.avelia.example`.
    pub domain: String,
    /// Its trust folder, with a folder for each domain that it trusts.
    pub trust: PathBuf,
    /// Its relays.
    pub relays: Vec<RelayPlace>,
    /// Its desks.
    pub desks: Vec<DeskPlace>,
}

/// A relay's files.
#[derive(Clone, Debug)]
pub struct RelayPlace {
    /// Its name: `north`.
    pub name: String,
    /// The path that runs through it.
    pub path: u16,
    /// Its settings.
    pub config: PathBuf,
    /// Its ledger.
    pub ledger: PathBuf,
}

/// A desk's files.
#[derive(Clone, Debug)]
pub struct DeskPlace {
    /// What the scenario calls it: `A`.
    pub name: String,
    /// Its settings.
    pub config: PathBuf,
    /// Its ledger.
    pub ledger: PathBuf,
    /// Its identity: `spiffe://exercise.avelia.example/desk/a`.
    pub identity: String,
}

impl Site {
    /// All desks, with their sides.
    pub fn desks(&self) -> impl Iterator<Item = (&SidePlace, &DeskPlace)> {
        self.sides
            .iter()
            .flat_map(|side| side.desks.iter().map(move |desk| (side, desk)))
    }

    /// All relays.
    pub fn relays(&self) -> impl Iterator<Item = &RelayPlace> {
        self.sides.iter().flat_map(|side| &side.relays)
    }

    /// The desk at which somebody signs: the desk itself, or the first one of an officer's side. None for relays and
    /// strangers.
    #[must_use]
    pub fn desk_of(&self, identity: &str) -> Option<&str> {
        let own = self.desks().find(|(_, desk)| desk.identity == identity);
        let officer = || {
            let rest = identity.strip_prefix("spiffe://")?;
            let (domain, path) = rest.split_once('/')?;
            path.starts_with("officer/").then_some(())?;
            self.desks().find(|(side, _)| side.domain == domain)
        };
        own.or_else(officer).map(|(_, desk)| desk.name.as_str())
    }
}
