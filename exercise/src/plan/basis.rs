//! From where an inject's moment is counted.

use std::time::Duration;

use crate::scenario::{
    Scenario,
    expect::{By, Expect, Is, Reached},
    mark::Mark,
    moment::Span,
    msel::{Inject, When},
};

/// From where an inject's moment is counted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Basis {
    /// From STARTEX, in story time.
    At(Duration),
    /// From a mark.
    After(Mark, Span),
    /// From a mark, if an expectation is not met.
    Unless { from: Mark, within: Span, asks: Asks },
}

/// The expectation that a contingency asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asks {
    /// Its name.
    pub(super) expect: String,
    /// The mark that decides it; none if only the conductor can say.
    pub(super) mark: Option<Mark>,
    /// It is met as long as that does not happen.
    pub(super) never: bool,
}

impl Basis {
    pub(super) fn of(scenario: &Scenario, inject: &Inject, here: impl Fn(&[String]) -> bool) -> Self {
        match &inject.when {
            When::At(at) => Self::At(at.0),
            When::After { mark, by } => Self::After(mark.value.clone(), *by),
            When::Unless { expect, within } => {
                let bears = |other: &&Expect| other.id.value == expect.value && here(&other.only);
                let is = scenario.expects.iter().find(bears).map(|expect| &expect.is);
                Self::Unless {
                    from: is.map_or(Mark::Startex, from),
                    within: *within,
                    asks: Asks {
                        expect: expect.value.clone(),
                        mark: is.and_then(decides),
                        never: is.is_some_and(|is| matches!(is.by(), Some(By::Never(_)))),
                    },
                }
            }
        }
    }

    /// Whether it counts on the line, so that its moment in the story hangs on how fast the story runs.
    pub(super) const fn on_line(&self) -> bool {
        match self {
            Self::At(_) => false,
            Self::After(_, span) | Self::Unless { within: span, .. } => matches!(span, Span::Line(_)),
        }
    }

    /// The mark that it is counted from.
    pub(super) const fn from(&self) -> &Mark {
        match self {
            Self::At(_) => &Mark::Startex,
            Self::After(mark, _) | Self::Unless { from: mark, .. } => mark,
        }
    }
}

/// From where an expectation counts.
fn from(is: &Is) -> Mark {
    match (is, is.by()) {
        (Is::Interval { from, .. }, _)
        | (_, Some(By::Within(_, from)))
        | (_, Some(By::Never(Some((from, _))))) => from.value.clone(),
        _ => Mark::Startex,
    }
}

/// The mark that decides an expectation. A grade, an answer, a link or words are no part of a mark.
fn decides(is: &Is) -> Option<Mark> {
    let plain = |reached: &Reached| {
        reached.grade.is_none()
            && reached.answer.is_none()
            && reached.over.is_none()
            && reached.text.is_none()
    };
    match is {
        Is::Rung(reached, _) if plain(reached) => Some(Mark::Rung {
            of: reached.of.value.clone(),
            rung: reached.rung,
            at: reached.at.as_ref().map(|desk| desk.value.clone()),
        }),
        Is::Interval { to, .. } => Some(to.value.clone()),
        _ => None,
    }
}
