//! A controller's order: what is typed, what is signed, and what becomes of it.
//!
//! An order is JSON as [`Command::detail`] writes it, inside a signed `control-order.v1` (`FORMAT.md` §14). Whoever
//! carries it out proves it ([`Genuine::of`]), judges it ([`judge`]), and writes the record that it becomes with the
//! order's exact bytes inside. Nothing here reads a clock or does anything. What each order writes: `CONTROL.md`.

mod fault;
mod genuine;
mod heads;
mod judge;
mod standing;
mod words;

use std::time::Duration;

use hotline_audit::{Hash, statement::ControlOrder};
use hotline_core::{story::Rate, time::StoryTime};
use serde::{Deserialize, Serialize};

pub use fault::FaultWord;
pub use genuine::{Authority, Genuine};
pub use heads::{Class, Heads, Told};
pub use judge::{Becomes, Refusal, judge};
pub use standing::{Clocks, FaultStands, InjectStands, RecordStands, SeatStands, Standing};
pub use words::{label, words};

use crate::{plan::Order, record::Rating, scenario::mark::Serial};

/// Who signs a note that ends the draft of a report.
pub const DIRECTOR: &str = "DIRECTOR";
/// How the text of that note begins.
pub const SIGNED_OFF: &str = "SIGNED_OFF";

/// What a controller orders. Times in milliseconds of story, rates in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// The story stands.
    Pause,
    /// It goes on.
    Resume,
    /// At another rate.
    Speed {
        /// In thousandths.
        rate: u32,
    },
    /// Everything that has not been begun, later or (negative) earlier.
    Shift {
        /// By how much.
        by_ms: i64,
    },
    /// Straight to a moment of the story.
    Leap {
        /// Which, since STARTEX.
        to_ms: u64,
    },
    /// This inject now.
    Fire {
        /// Its number.
        serial: String,
    },
    /// Not this inject.
    Skip {
        /// Its number.
        serial: String,
        /// Why.
        why: String,
    },
    /// This inject after all.
    Unskip {
        /// Its number.
        serial: String,
    },
    /// This inject later or (negative) earlier.
    Move {
        /// Its number.
        serial: String,
        /// By how much.
        by_ms: i64,
    },
    /// This inject is approved, or comes now if it is overdue.
    Publish {
        /// Its number.
        serial: String,
    },
    /// A person did this inject.
    Record {
        /// Its number.
        serial: String,
        /// What came of it.
        result: String,
    },
    /// Something is written down.
    Note {
        /// What.
        text: String,
        /// About which objective.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        objective: Option<String>,
    },
    /// An objective is rated.
    Rate {
        /// Which.
        objective: String,
        /// How.
        rating: Rating,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// A fault is put on links.
    Fault(FaultWord),
    /// A fault is taken off.
    Mend {
        /// Its name.
        name: String,
    },
    /// A finding, and what is to be done about it.
    Improve {
        /// What was found.
        finding: String,
        /// What is to be done.
        action: String,
        /// Who does it.
        owner: String,
        /// By when.
        due: String,
    },
    /// The report is no draft any more.
    SignOff {
        /// What is said with it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// ENDEX.
    End,
}

/// An order that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order says {0}")]
pub struct NotAnOrder(String);

/// Who signs an order, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// 16 random bytes.
    pub id: [u8; 16],
    /// The exercise's identifier.
    pub exercise: String,
    /// The controller's identity.
    pub controller: String,
    /// Hash of its key statement.
    pub key_statement: Hash,
    /// Its clock, milliseconds since 1970.
    pub claimed_ms: u64,
}

impl Command {
    /// What is to be signed. `expects`: the newest record of this [class](Self::class) that the controller has seen;
    /// [`Hash::ZERO`] for none.
    ///
    /// # Errors
    /// [`NotAnOrder`]: never for what this program makes.
    pub fn unsigned(&self, by: By, expects: Hash) -> Result<ControlOrder, NotAnOrder> {
        Ok(ControlOrder {
            id: by.id,
            exercise: by.exercise,
            controller: by.controller,
            key_statement: by.key_statement,
            kind: self.kind(),
            subject: self.subject().to_owned(),
            detail: self.detail()?,
            expects,
            claimed_time_ms: by.claimed_ms,
        })
    }

    /// The kind of the record that comes of it.
    #[must_use]
    pub const fn kind(&self) -> u32 {
        match self {
            Self::Pause | Self::Resume | Self::Speed { .. } | Self::Shift { .. } | Self::Leap { .. } => 3,
            Self::Fire { .. }
            | Self::Skip { .. }
            | Self::Unskip { .. }
            | Self::Move { .. }
            | Self::Publish { .. }
            | Self::Record { .. } => 4,
            Self::Fault(_) | Self::Mend { .. } => 5,
            Self::Note { .. } | Self::SignOff { .. } => 7,
            Self::Rate { .. } => 8,
            Self::End => 16,
            Self::Improve { .. } => 17,
        }
    }

    /// What it is about, in a word; may be empty.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Pause | Self::Resume | Self::Speed { .. } | Self::Shift { .. } | Self::Leap { .. } => {
                "clock"
            }
            Self::Fire { serial }
            | Self::Unskip { serial }
            | Self::Publish { serial }
            | Self::Skip { serial, .. }
            | Self::Move { serial, .. }
            | Self::Record { serial, .. } => serial,
            Self::Fault(word) => &word.name,
            Self::Mend { name } => name,
            Self::Rate { objective, .. } => objective,
            Self::Note { objective, .. } => objective.as_deref().unwrap_or_default(),
            Self::Improve { .. } | Self::SignOff { .. } | Self::End => "",
        }
    }

    /// The records among which another controller may have come before; `None` where two do not get in each other's
    /// way.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Fault(word) => Some(Class::Fault(word.name.clone())),
            Self::Mend { name } => Some(Class::Fault(name.clone())),
            _ => self.order().map(|order| Class::Plan(order.subject())),
        }
    }

    /// The plan's order, of one that turns the clock or is about an inject. A number that is none is no order of a plan.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        let serial = |text: &String| text.parse::<Serial>().ok();
        Some(match self {
            Self::Pause => Order::Pause,
            Self::Resume => Order::Resume,
            Self::Speed { rate } => Order::Speed(Rate::from_thousandths(*rate)?),
            Self::Shift { by_ms } => Order::Shift(*by_ms),
            Self::Leap { to_ms } => Order::Leap(StoryTime::from_startex(Duration::from_millis(*to_ms))),
            Self::End => Order::End,
            Self::Fire { serial: text } => Order::Fire(serial(text)?),
            Self::Unskip { serial: text } => Order::Unskip(serial(text)?),
            Self::Publish { serial: text } => Order::Publish(serial(text)?),
            Self::Skip { serial: text, why } => Order::Skip {
                serial: serial(text)?,
                why: why.clone(),
            },
            Self::Move { serial: text, by_ms } => Order::Move {
                serial: serial(text)?,
                by: *by_ms,
            },
            Self::Record { serial: text, result } => Order::Record {
                serial: serial(text)?,
                result: result.clone(),
            },
            Self::Note { .. }
            | Self::Rate { .. }
            | Self::Fault(_)
            | Self::Mend { .. }
            | Self::Improve { .. }
            | Self::SignOff { .. } => return None,
        })
    }

    /// It as JSON: the bytes that are signed.
    ///
    /// # Errors
    /// [`NotAnOrder`]: never for what this program makes.
    pub fn detail(&self) -> Result<String, NotAnOrder> {
        serde_json::to_string(self).map_err(|error| NotAnOrder(error.to_string()))
    }

    /// Reads what a genuine order says.
    ///
    /// # Errors
    /// [`NotAnOrder`]: other JSON, an unknown word, parts that do not belong together, or other bytes than would be
    /// written.
    pub fn parse(signed: &ControlOrder) -> Result<Self, NotAnOrder> {
        let command: Self =
            serde_json::from_str(&signed.detail).map_err(|error| NotAnOrder(error.to_string()))?;
        if command.detail()? != signed.detail {
            return Err(NotAnOrder("the same in other bytes than are written".into()));
        }
        if (command.kind(), command.subject()) != (signed.kind, signed.subject.as_str()) {
            return Err(NotAnOrder(
                "that it is about something else than was signed".into(),
            ));
        }
        Ok(command)
    }

    /// The verb and what it is about, as it is typed.
    #[must_use]
    pub fn typed(&self) -> String {
        let verb = match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Speed { .. } => "speed",
            Self::Shift { .. } => "shift",
            Self::Leap { .. } => "leap",
            Self::Fire { .. } => "fire",
            Self::Skip { .. } => "skip",
            Self::Unskip { .. } => "unskip",
            Self::Move { .. } => "move",
            Self::Publish { .. } => "publish",
            Self::Record { .. } => "record",
            Self::Note { .. } => "note",
            Self::Rate { .. } => "rate",
            Self::Fault(_) => "fault",
            Self::Mend { .. } => "mend",
            Self::Improve { .. } => "improve",
            Self::SignOff { .. } => "sign-off",
            Self::End => "end",
        };
        match (self, self.subject()) {
            (_, "" | "clock") => verb.to_owned(),
            (_, subject) => format!("{verb} {subject}"),
        }
    }
}

#[cfg(test)]
mod tests;
