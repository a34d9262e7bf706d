//! A site: the folders that a stage plays in. The exercise makes no identity; whoever calls it has made them before.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::scenario::lists::Side;

/// Everything that lies ready before a stage opens.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SidePlace {
    /// Which.
    #[serde(with = "crate::spelled")]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeskPlace {
    /// What the scenario calls it: `A`.
    pub name: String,
    /// Its settings.
    pub config: PathBuf,
    /// Its ledger.
    pub ledger: PathBuf,
    /// Its identity: `spiffe://exercise.avelia.example/desk/a`.
    pub identity: String,
    /// The identity that was issued beforehand, for the day on which its own has ended.
    pub backup: Option<Box<DeskPlace>>,
}

impl Site {
    /// All desks, with their sides.
    pub fn desks(&self) -> impl Iterator<Item = (&SidePlace, &DeskPlace)> + Clone {
        self.sides
            .iter()
            .flat_map(|side| side.desks.iter().map(move |desk| (side, desk)))
    }

    /// The names of all desks.
    #[must_use]
    pub fn desk_names(&self) -> Vec<String> {
        self.desks().map(|(_, desk)| desk.name.clone()).collect()
    }

    /// All relays.
    pub fn relays(&self) -> impl Iterator<Item = &RelayPlace> {
        self.sides.iter().flat_map(|side| &side.relays)
    }

    /// The desk at which somebody signs, also under its backup identity: [`desk_at`].
    #[must_use]
    pub fn desk_of(&self, identity: &str) -> Option<&str> {
        let backup = |desk: &DeskPlace| {
            desk.backup
                .as_ref()
                .is_some_and(|backup| backup.identity == identity)
        };
        let known = self.desks().find(|(_, desk)| backup(desk));
        known.map(|(_, desk)| desk.name.as_str()).or_else(|| {
            desk_at(
                self.desks()
                    .map(|(_, desk)| (desk.name.as_str(), desk.identity.as_str())),
                identity,
            )
        })
    }
}

/// The desk at which somebody signs, of desks with their identities: the desk itself, or for an officer the first one of the
/// officer's side. None for relays and strangers.
pub fn desk_at<'a>(
    desks: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    identity: &str,
) -> Option<&'a str> {
    let domain = |identity: &str| Some(identity.strip_prefix("spiffe://")?.split_once('/')?.0.to_owned());
    let own = desks.clone().find(|(_, desk)| *desk == identity);
    let officer = || {
        let (_, path) = identity.strip_prefix("spiffe://")?.split_once('/')?;
        path.starts_with("officer/").then_some(())?;
        let theirs = domain(identity)?;
        desks
            .clone()
            .find(|(_, desk)| domain(desk).is_some_and(|ours| ours == theirs))
    };
    own.or_else(officer).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_is_the_same_under_its_own_identity_and_under_its_backup() {
        let place = |name: &str, backup| DeskPlace {
            name: "A".into(),
            config: PathBuf::new(),
            ledger: PathBuf::new(),
            identity: format!("spiffe://exercise.avelia.example/desk/{name}"),
            backup,
        };
        let backup = place("a-backup", None);
        let side = SidePlace {
            side: Side::A,
            domain: "exercise.avelia.example".into(),
            trust: PathBuf::new(),
            relays: Vec::new(),
            desks: vec![place("a", Some(Box::new(backup)))],
        };
        let site = Site {
            root: PathBuf::new(),
            exe: PathBuf::new(),
            exercise: "S7-1".into(),
            sides: vec![side],
        };
        for name in ["a", "a-backup"] {
            let identity = format!("spiffe://exercise.avelia.example/desk/{name}");
            assert_eq!(site.desk_of(&identity), Some("A"), "{name}");
        }
    }

    #[test]
    fn whoever_signs_sits_at_a_desk_and_relays_at_none() {
        let desks = [
            ("A", "spiffe://exercise.avelia.example/desk/a"),
            ("A2", "spiffe://exercise.avelia.example/desk/a2"),
            ("B", "spiffe://exercise.borenia.example/desk/b"),
        ];
        let at = |identity: &str| desk_at(desks.iter().copied(), identity);
        assert_eq!(at("spiffe://exercise.avelia.example/desk/a2"), Some("A2"));
        assert_eq!(at("spiffe://exercise.borenia.example/officer/rossi"), Some("B"));
        assert_eq!(at("spiffe://exercise.avelia.example/relay/north"), None);
        assert_eq!(at("spiffe://exercise.caldria.example/officer/rossi"), None);
        assert_eq!(at("rossi"), None);
    }
}
