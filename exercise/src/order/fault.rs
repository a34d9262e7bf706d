//! A fault that a controller puts on by hand: the same as an inject of the file has it.

use std::{collections::BTreeMap, str::FromStr};

use hotline_faults::spec;
use serde::{Deserialize, Serialize};

use crate::scenario::{
    mark::{Mark, Serial},
    moment::Span,
    msel::{FaultDeed, Link, Until},
    place::Placed,
};

/// Longest name of a fault, in characters. 64: a kind and a link, twice over.
const NAME_MAX: usize = 64;

/// A fault as it is typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultWord {
    /// What it is called.
    pub name: String,
    /// What is wrong: `cut`, `latency`.
    pub kind: String,
    /// With which values: `delay`, `100ms`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Where: `path 1`, `A north/quic`.
    pub link: String,
    /// Which way: `up`, `down`, `both`.
    pub direction: String,
    /// For how long, with its clock: `30s story`; until ENDEX without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<String>,
}

impl FaultWord {
    /// The deed, as an inject has it.
    ///
    /// # Errors
    /// A sentence: which word is wrong, and what would do.
    pub fn deed(&self) -> Result<FaultDeed, String> {
        self.check_name()?;
        let fault = spec::fault(&self.kind, &self.values).map_err(|error| error.what)?;
        let direction = spec::direction(&self.direction)?;
        fault.check_apart(direction).map_err(|error| error.to_string())?;
        Ok(FaultDeed {
            fault,
            link: unplaced(self.link.parse()?),
            direction,
            until: match &self.lasts {
                None => Until::Mark(unplaced(Mark::Endex)),
                Some(text) => match Span::parse(text).map_err(|error| error.what)? {
                    lasts if lasts.is_zero() => return Err("a fault lasts longer than nothing".into()),
                    lasts => Until::For(lasts),
                },
            },
        })
    }

    /// Injects give their faults their numbers: a hand does not take one.
    fn check_name(&self) -> Result<(), String> {
        let plain = self.name.chars().all(|letter| !letter.is_control());
        if self.name.trim().is_empty() || self.name.chars().count() > NAME_MAX || !plain {
            return Err(format!(
                "a fault's name is one line of 1 to {NAME_MAX} characters"
            ));
        }
        match self.name.parse::<Serial>() {
            Ok(serial) => Err(format!(
                "{serial} is the name of an inject's own fault; give another"
            )),
            Err(_) => Ok(()),
        }
    }
}

/// Nothing that stands in a file.
fn unplaced<T>(value: T) -> Placed<T> {
    Placed { value, span: 0..0 }
}

impl FromStr for Link {
    type Err = String;

    /// `path 1`, `A north/quic`.
    fn from_str(text: &str) -> Result<Self, String> {
        let leg = |desk: &str, leg: &str| {
            let (relay, door) = leg.split_once('/')?;
            ["quic", "tcp"].contains(&door).then(|| Self::Leg {
                desk: desk.to_owned(),
                relay: relay.to_owned(),
                door: door.to_owned(),
            })
        };
        let link = match text.split_once(' ') {
            Some(("path", number)) => number.parse().ok().map(Self::Path),
            Some((desk, rest)) => leg(desk, rest),
            None => None,
        };
        link.ok_or_else(|| format!("\"{text}\" is no link; write one like \"path 1\" or \"A north/quic\""))
    }
}
