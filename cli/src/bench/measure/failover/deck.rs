//! What is broken, drawn by a seed.
//!
//! Two decks of cards. One has a card for each kind of fault, and every kind has a deck with a card for each thing it can
//! be done to. A deck is shuffled anew when it is empty, so that every kind comes as often as every other, and over enough
//! faults every leg of both desks meets each.

use std::fmt;

use clap::ValueEnum;
use hotline_core::leg::{Door, Leg};
use hotline_faults::{Dice, live::Direction};

use crate::bench::{
    error::BenchError,
    line::{
        links::{Desk, LinkName},
        relays::Which,
    },
};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Kind {
    /// A relay is killed (SIGKILL), and started again.
    Kill,
    /// A relay is stopped (SIGSTOP), and goes on.
    Pause,
    /// One leg of one desk carries nothing in one direction.
    OneWayCut,
    /// One leg over UDP carries nothing in either direction.
    UdpBlock,
    /// No leg of either desk carries anything. Only where it is asked for: a gap as long as the fault is no news.
    AllCut,
}

/// What is broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A relay: all its legs with both desks.
    Relay(Which),
    /// A leg, in one direction or both.
    Link(LinkName, Way),
    /// All legs of both desks. This one heals first, at both.
    Line(Leg),
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// From the desk to the relay.
    Up,
    /// From the relay to the desk.
    Down,
    /// Both.
    Both,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Its kind.
    pub kind: Kind,
    /// What it breaks.
    pub target: Target,
}

impl Kind {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 5] = [
        Self::Kill,
        Self::Pause,
        Self::OneWayCut,
        Self::UdpBlock,
        Self::AllCut,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::OneWayCut => "one-way-cut",
            Self::UdpBlock => "udp-block",
            Self::AllCut => "all-cut",
        }
    }

    /// Everything it can be done to.
    fn targets(self) -> Result<Vec<Target>, BenchError> {
        Ok(match self {
            Self::Kill | Self::Pause => Which::ALL.map(Target::Relay).to_vec(),
            Self::OneWayCut => LinkName::all()?
                .into_iter()
                .flat_map(|link| [Way::Up, Way::Down].map(|way| Target::Link(link.clone(), way)))
                .collect(),
            Self::UdpBlock => LinkName::all()?
                .into_iter()
                .filter(|link| link.leg.door == Door::Quic)
                .map(|link| Target::Link(link, Way::Both))
                .collect(),
            Self::AllCut => LinkName::all()?
                .into_iter()
                .filter(|link| link.desk == Desk::A)
                .map(|link| Target::Line(link.leg))
                .collect(),
        })
    }
}

impl Way {
    /// As the links know it: up is away from the desk, which dials.
    pub fn direction(self) -> Direction {
        match self {
            Self::Up => Direction::Up,
            Self::Down => Direction::Down,
            Self::Both => Direction::Both,
        }
    }
}

impl Target {
    /// The legs that cannot carry while it is broken.
    pub fn legs(&self) -> Result<Vec<LinkName>, BenchError> {
        Ok(match self {
            Self::Link(link, _) => vec![link.clone()],
            Self::Line(_) => LinkName::all()?,
            Self::Relay(which) => LinkName::all()?
                .into_iter()
                .filter(|link| link.leg.relay.as_str() == which.name())
                .collect(),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relay(which) => write!(f, "relay {}", which.name()),
            Self::Link(link, Way::Up) => write!(f, "{link} to the relay"),
            Self::Link(link, Way::Down) => write!(f, "{link} from the relay"),
            Self::Link(link, Way::Both) => link.fmt(f),
            Self::Line(first) => write!(f, "all legs, {first} heals first"),
        }
    }
}

impl fmt::Display for Draw {
    /// `one-way-cut A north/quic to the relay`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.target)
    }
}

/// So many faults of these kinds.
///
/// # Errors
/// If no kind is named.
pub fn draw(seed: u64, kinds: &[Kind], count: u32) -> Result<Vec<Draw>, BenchError> {
    let dice = Dice::new(seed);
    let mut order = Deck::new(kinds.to_vec(), dice.apart("kinds"));
    let mut decks = Vec::new();
    for kind in Kind::ALL {
        decks.push((kind, Deck::new(kind.targets()?, dice.apart(kind.name()))));
    }
    let mut next = || {
        let kind = order.next()?;
        let (_, deck) = decks.iter_mut().find(|(of, _)| *of == kind)?;
        Some(Draw {
            kind,
            target: deck.next()?,
        })
    };
    let drawn: Vec<Draw> = (0..count).map_while(|_| next()).collect();
    if drawn.is_empty() {
        return Err(BenchError::Ended("no kind of fault is named".into()));
    }
    Ok(drawn)
}

/// Cards that come in an order of chance, each as often as every other.
struct Deck<T> {
    cards: Vec<T>,
    left: Vec<T>,
    dice: Dice,
}

impl<T: Clone> Deck<T> {
    fn new(cards: Vec<T>, dice: Dice) -> Self {
        Self {
            cards,
            left: Vec::new(),
            dice,
        }
    }

    fn next(&mut self) -> Option<T> {
        if self.left.is_empty() {
            self.left = self.cards.clone();
            // Fisher and Yates.
            for last in (1..self.left.len()).rev() {
                let other = self
                    .dice
                    .below(u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1));
                self.left.swap(last, usize::try_from(other).unwrap_or(0));
            }
        }
        self.left.pop()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_same_seed_breaks_the_same_and_another_something_else() {
        let of = |seed| draw(seed, &Kind::ALL, 20).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn every_kind_comes_as_often_and_every_leg_is_reached() {
        // 5 kinds; the largest deck has 8 legs in 2 directions.
        let drawn = draw(7, &Kind::ALL, 5 * 16).unwrap();
        let mut kinds: BTreeMap<Kind, u32> = BTreeMap::new();
        let mut targets: BTreeMap<Kind, BTreeSet<Target>> = BTreeMap::new();
        for draw in drawn {
            *kinds.entry(draw.kind).or_default() += 1;
            targets.entry(draw.kind).or_default().insert(draw.target);
        }
        assert!(kinds.values().all(|count| *count == 16), "{kinds:?}");
        assert_eq!(targets[&Kind::OneWayCut].len(), 16);
        assert_eq!(targets[&Kind::UdpBlock].len(), 4);
        assert_eq!(targets[&Kind::Kill].len(), 2);
        assert_eq!(targets[&Kind::AllCut].len(), 4);
    }

    #[test]
    fn a_relay_takes_its_legs_with_both_desks() {
        let legs = Target::Relay(Which::South).legs().unwrap();
        let names: Vec<String> = legs.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            ["A south/quic", "A south/tcp", "B south/quic", "B south/tcp"]
        );
    }

    #[test]
    fn only_the_kinds_that_were_named_are_drawn() {
        let drawn = draw(1, &[Kind::Kill], 4).unwrap();
        assert!(drawn.iter().all(|draw| draw.kind == Kind::Kill));
        assert_eq!(drawn[0].to_string().split(' ').next(), Some("kill"));
        assert!(draw(1, &[], 4).is_err());
    }
}
