//! The rules of one seat, and what stands in the way of a single deed.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::Hash;
use hotline_core::words::Rung;

use super::wish::{Play, Step};
use crate::{
    plan::{Marks, plays},
    scenario::{
        Scenario,
        mark::{Alias, Mark},
        place::Placed,
        player::{Cue, Do, Rule},
    },
};

/// Most rules of one seat.
pub const RULES_MAX: usize = 64;
/// Most deeds of one rule.
pub const DEEDS_MAX: usize = 16;

/// Why a seat cannot be played, or not any longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// There is no such seat.
    #[error("there is no seat \"{0}\"")]
    NoSeat(String),
    /// A script with too many rules, or deeds in one.
    #[error(
        "the script of seat \"{0}\" has more than {RULES_MAX} rules, or more than {DEEDS_MAX} deeds in one"
    )]
    TooLarge(String),
    /// More is pending than any script means.
    #[error("HL-EX-170 the script of seat \"{seat}\" ran away: {what}")]
    RanAway {
        /// Which seat.
        seat: String,
        /// Of what there is too much.
        what: &'static str,
    },
}

impl PersonError {
    /// The number behind `HL-EX-`.
    #[must_use]
    pub const fn number(&self) -> u16 {
        match self {
            Self::NoSeat(_) => 107,
            Self::TooLarge(_) | Self::RanAway { .. } => 170,
        }
    }
}

/// The rules of a seat in this variant, in the order of the file. None, if it has no script.
pub(super) fn rules(
    scenario: &Scenario,
    seat: &str,
    variant: Option<&str>,
) -> Result<Vec<Rule>, PersonError> {
    let scripts = scenario
        .players
        .iter()
        .filter(|script| *script.seat.value == *seat);
    let rules: Vec<Rule> = scripts
        .flat_map(|script| &script.rules)
        .filter(|rule| plays(&rule.only, variant))
        .cloned()
        .collect();
    match rules.len() <= RULES_MAX && rules.iter().all(|rule| rule.deeds.len() <= DEEDS_MAX) {
        true => Ok(rules),
        false => Err(PersonError::TooLarge(seat.to_owned())),
    }
}

/// Names of messages and rungs that the rules hang on.
pub(super) fn asks(rules: &[Rule]) -> BTreeSet<(String, Rung)> {
    let of_mark = |mark: &Mark| match mark {
        Mark::Rung { of, rung, .. } => Some((of.name.clone(), *rung)),
        Mark::Startex | Mark::Endex | Mark::Inject(_) => None,
    };
    let of_rule = |rule: &Rule| {
        let cue = match &rule.when {
            Cue::Rung { rung, of, .. } => Some((of.name.clone(), *rung)),
            Cue::Mark(mark) => of_mark(mark),
            Cue::Inject(_) | Cue::Arrives { .. } | Cue::Label(..) => None,
        };
        let unless = rule.unless.as_ref().and_then(|mark| of_mark(mark));
        cue.into_iter().chain(unless)
    };
    rules.iter().flat_map(of_rule).collect()
}

/// What becomes of one deed of a play whose time has come.
pub(super) fn step(
    rules: &[Rule],
    marks: &Marks,
    names: &BTreeMap<Alias, Hash>,
    play: &Play,
    deed: usize,
) -> Step {
    let Some(rule) = rules.get(play.rule) else {
        return Step::Over;
    };
    // It may have happened while the rule waited.
    let happened = rule
        .unless
        .as_ref()
        .is_some_and(|mark| marks.when(mark).is_some());
    let Some(deed) = rule.deeds.get(deed).filter(|_| !happened) else {
        return Step::Over;
    };
    let about = match deed {
        Do::Act { of: Some(alias), .. } => {
            let known = marks.named(alias).and_then(|alias| names.get(&alias).copied());
            match known {
                Some(message) => Some(message),
                None => return Step::Nameless,
            }
        }
        _ => play.about.or_else(|| match &rule.when {
            Cue::Mark(Placed {
                value: Mark::Rung { of, .. },
                ..
            }) => names.get(&marks.named(of)?).copied(),
            _ => None,
        }),
    };
    Step::Do(Box::new(super::Wish {
        rule: rule.id.value.clone(),
        deed: deed.clone(),
        about,
    }))
}
