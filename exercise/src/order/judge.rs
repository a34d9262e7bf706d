//! What a genuine order becomes, or why it does not.

use hotline_core::story::{ClockError, Running};

use super::{Command, DIRECTOR, Genuine, Heads, SIGNED_OFF};
use crate::{
    plan::{Head, Order, OrderError, Plan},
    record::{Kind, Stamp},
    scenario::msel::FaultDeed,
};

/// An order that is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    /// Behind `HL-EX-`: 171 how it stands, 172 another controller came before, 173 not a controller.
    pub number: u16,
    /// A sentence.
    pub what: String,
    /// What would do.
    pub help: String,
}

/// What an order becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum Becomes {
    /// This record.
    Record(Kind),
    /// A fault is put on.
    Fault {
        /// Its name.
        name: String,
        /// What, where and until when.
        deed: FaultDeed,
    },
    /// A fault is taken off.
    Mend {
        /// Its name.
        name: String,
    },
}

impl Refusal {
    /// How it stands does not allow it.
    #[must_use]
    pub fn state(what: impl Into<String>, help: &str) -> Self {
        Self {
            number: 171,
            what: what.into(),
            help: help.to_owned(),
        }
    }

    /// It is no controller's.
    #[must_use]
    pub fn stranger(what: String) -> Self {
        Self {
            number: 173,
            what: format!("not an order of a controller of this exercise: {what}"),
            help: "a controller's key is in control/NAME of the exercise's folder; observers read only"
                .into(),
        }
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> String {
        format!("HL-EX-{}", self.number)
    }
}

/// Judges an order. `in_force`: the faults that are.
///
/// # Errors
/// [`Refusal`], with what would do. Nothing has changed.
pub fn judge(
    plan: &Plan,
    heads: &Heads,
    genuine: &Genuine,
    in_force: &[&str],
    stamp: Stamp,
) -> Result<Becomes, Refusal> {
    let stale = newer(heads, genuine);
    if let Some(order) = genuine.command.order() {
        let newest = plan.head(order.subject());
        let expects = stale.as_ref().map_or(newest, |(knew, _)| Head(*knew));
        let records = plan.order_expecting(&order, expects, stamp);
        return match (records, stale) {
            (_, Some((_, refusal))) => Err(refusal),
            (Ok(kinds), None) => one(kinds),
            (Err(error), None) => Err(refused(&order, &error)),
        };
    }
    if let Some((_, refusal)) = stale {
        return Err(refusal);
    }
    beside_the_plan(plan, genuine, in_force)
}

/// What another controller has ordered about the same since this one looked.
fn newer(heads: &Heads, genuine: &Genuine) -> Option<(u64, Refusal)> {
    let class = genuine.command.class()?;
    let (knew, told) = heads.since(&class, genuine.expects, &genuine.controller)?;
    let by = told.by.as_deref().unwrap_or_default();
    let what = format!(
        "another controller acted since you looked: {by} ordered \"{}\" about {class} at {} of story (record {})",
        told.words, told.stamp.story, told.number
    );
    let refusal = Refusal {
        number: 172,
        what,
        help: "hotline control status shows how it stands now; then order it again".into(),
    };
    Some((knew, refusal))
}

fn one(kinds: Vec<Kind>) -> Result<Becomes, Refusal> {
    let kind = kinds.into_iter().next();
    kind.map(Becomes::Record)
        .ok_or_else(|| Refusal::state("nothing comes of it", STATUS))
}

const STATUS: &str = "hotline control status shows how everything stands";

fn refused(order: &Order, error: &OrderError) -> Refusal {
    let help = match error {
        OrderError::Clock(ClockError::AlreadyPaused) => "hotline control resume",
        OrderError::Clock(ClockError::NotPaused) => "hotline control pause",
        OrderError::Clock(ClockError::Ended) => AFTER,
        OrderError::Clock(ClockError::NotStarted) => "wait for STARTEX",
        OrderError::Stands { .. } => match order {
            Order::Record { .. } => "hotline control note",
            _ => STATUS,
        },
        _ => STATUS,
    };
    Refusal {
        number: error.number(),
        what: error.to_string(),
        help: help.to_owned(),
    }
}

const AFTER: &str = "behind ENDEX there are note, rate, improve and sign-off";

/// Notes, ratings, faults: what no plan decides.
fn beside_the_plan(plan: &Plan, genuine: &Genuine, in_force: &[&str]) -> Result<Becomes, Refusal> {
    let ended = plan.clock().running() == Running::Ended;
    let author = || genuine.controller.clone();
    let kind = match &genuine.command {
        Command::Note { text, objective } => Kind::Note {
            author: author(),
            text: said("a note", text)?,
            objective: objective
                .as_deref()
                .map(|id| objective_of(plan, id))
                .transpose()?,
        },
        Command::Rate {
            objective,
            rating,
            text,
        } => Kind::Rating {
            author: author(),
            objective: objective_of(plan, objective)?,
            rating: *rating,
            text: text.clone(),
        },
        Command::Improve {
            finding,
            action,
            owner,
            due,
        } => Kind::Improvement {
            finding: said("a finding", finding)?,
            action: said("an action", action)?,
            owner: owner.clone(),
            due: due.clone(),
        },
        Command::SignOff { .. } if !ended => {
            return Err(Refusal::state(
                "a report is signed off behind ENDEX",
                "hotline control end, then sign-off",
            ));
        }
        Command::SignOff { text } => Kind::Note {
            author: DIRECTOR.to_owned(),
            text: signed_off(&author(), text),
            objective: None,
        },
        Command::Fault(_) | Command::Mend { .. } if ended => {
            return Err(Refusal::state(ClockError::Ended.to_string(), AFTER));
        }
        Command::Fault(word) if in_force.contains(&word.name.as_str()) => {
            return Err(Refusal::state(
                format!("fault \"{}\" is in force already", word.name),
                "mend it first, or give another --name",
            ));
        }
        Command::Fault(word) => {
            let deed = word.deed().map_err(|what| {
                Refusal::state(what, "hotline fault add --help lists faults and their values")
            })?;
            let name = word.name.clone();
            return Ok(Becomes::Fault { name, deed });
        }
        Command::Mend { name } if in_force.contains(&name.as_str()) => {
            return Ok(Becomes::Mend { name: name.clone() });
        }
        Command::Mend { name } => {
            let known = match in_force {
                [] => "no fault is in force".to_owned(),
                names => format!("in force: {}", names.join(", ")),
            };
            return Err(Refusal::state(
                format!("there is no fault \"{name}\"; {known}"),
                STATUS,
            ));
        }
        // What is an order of the plan but for a number that is none.
        command => {
            let what = format!("\"{}\" names no inject and no rate", command.typed());
            return Err(Refusal::state(what, STATUS));
        }
    };
    Ok(Becomes::Record(kind))
}

fn signed_off(by: &str, text: &str) -> String {
    match text {
        "" => format!("{SIGNED_OFF} by {by}"),
        text => format!("{SIGNED_OFF} by {by}: {text}"),
    }
}

fn said(what: &str, text: &str) -> Result<String, Refusal> {
    match text.trim().is_empty() {
        true => Err(Refusal::state(
            format!("{what} says something"),
            "type it in quotes",
        )),
        false => Ok(text.to_owned()),
    }
}

fn objective_of(plan: &Plan, id: &str) -> Result<String, Refusal> {
    let mut known = plan
        .scenario()
        .objectives
        .iter()
        .map(|known| known.id.value.as_str());
    if known.clone().any(|known| known == id) {
        return Ok(id.to_owned());
    }
    let all: Vec<&str> = known.by_ref().collect();
    Err(Refusal::state(
        format!("there is no objective {id} in this scenario"),
        &format!("one of {}", all.join(", ")),
    ))
}
