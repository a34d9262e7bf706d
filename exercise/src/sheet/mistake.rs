//! What is wrong with a sheet, each with its cell.

use std::fmt;

use hotline_core::text::inert_line;

use crate::scenario::place::MISTAKES_MAX;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its number: `HL-EX-120` and so on, or one of a scenario's.
    pub code: String,
    /// Where: `msel.xlsx, sheet "MSEL", cell B7 (planned T+)`.
    pub place: String,
    /// A sentence: what is there, what is wrong with it, and what would do.
    pub what: String,
}

/// The file is no sheet that can be read, or too large.
pub(super) const NO_SHEET: &str = "HL-EX-120";
/// The columns are not those of a plan.
pub(super) const COLUMNS: &str = "HL-EX-121";
/// What stands in a cell cannot stand there.
pub(super) const CELL: &str = "HL-EX-122";

impl Mistake {
    pub(super) fn new(code: &str, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            place: inert_line(&place.into()).text,
            what: inert_line(&what.into()).text,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.place, self.what)
    }
}

/// Everything that is wrong with a sheet, in the order of its cells.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct SheetErrors {
    /// The mistakes: at least one, at most [`MISTAKES_MAX`].
    pub mistakes: Vec<Mistake>,
    /// How many more there are.
    pub more: usize,
}

impl SheetErrors {
    pub(super) fn one(mistake: Mistake) -> Self {
        Self {
            mistakes: vec![mistake],
            more: 0,
        }
    }

    pub(super) fn push(&mut self, mistake: Mistake) {
        if self.mistakes.len() < MISTAKES_MAX {
            self.mistakes.push(mistake);
        } else {
            self.more += 1;
        }
    }

    /// These, if there are any.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.mistakes.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for SheetErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> = self.mistakes.iter().map(ToString::to_string).collect();
        f.write_str(&told.join("\n"))?;
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}
