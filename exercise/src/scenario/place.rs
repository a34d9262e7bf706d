//! Values with their place in the text, and mistakes with their number.

use std::{fmt, ops::Deref, ops::Range};

use hotline_faults::caret::Marked;

/// A value, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// What it is.
    pub value: T,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

impl<T> Placed<T> {
    /// A value that stands in no text.
    pub const fn nowhere(value: T) -> Self {
        Self { value, span: 0..0 }
    }
}

impl<T> Deref for Placed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// What kind of mistake it is. Each has a number that people can look up in `SCENARIO.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The file is no TOML, no UTF-8, or too large.
    NotToml,
    /// A key that the table does not have.
    UnknownKey,
    /// A key that the table needs.
    MissingKey,
    /// A length of time that does not name its clock.
    NoClock,
    /// A length of wall time.
    WallClock,
    /// A date or an hour of the day.
    Absolute,
    /// A name that stands for nothing.
    UnknownName,
    /// One name for two things.
    NameTwice,
    /// An officer who may not do that.
    Role,
    /// Two injects that are in each other's way.
    Overlap,
    /// What can never happen.
    Unreachable,
    /// Two faults that do not combine.
    Faults,
    /// An expectation that nothing can fulfil.
    Expectation,
    /// What the codebook does not have, or does not allow.
    Codebook,
    /// A seat that needs a script and has none.
    NoScript,
    /// A text that is too long, empty, or in a language that the file does not name.
    Text,
    /// A value of the wrong type, or outside its list or range.
    Value,
}

impl Code {
    /// Every code, in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::NotToml,
        Self::UnknownKey,
        Self::MissingKey,
        Self::NoClock,
        Self::WallClock,
        Self::Absolute,
        Self::UnknownName,
        Self::NameTwice,
        Self::Role,
        Self::Overlap,
        Self::Unreachable,
        Self::Faults,
        Self::Expectation,
        Self::Codebook,
        Self::NoScript,
        Self::Text,
        Self::Value,
    ];

    /// The number behind `HL-EX-`.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::NotToml => 101,
            Self::UnknownKey => 102,
            Self::MissingKey => 103,
            Self::NoClock => 104,
            Self::WallClock => 105,
            Self::Absolute => 106,
            Self::UnknownName => 107,
            Self::NameTwice => 108,
            Self::Role => 109,
            Self::Overlap => 110,
            Self::Unreachable => 111,
            Self::Faults => 112,
            Self::Expectation => 113,
            Self::Codebook => 114,
            Self::NoScript => 115,
            Self::Text => 116,
            Self::Value => 117,
        }
    }
}

impl fmt::Display for Code {
    /// `HL-EX-104`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HL-EX-{}", self.number())
    }
}

/// One mistake: its number, its place, a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// Which kind.
    pub code: Code,
    /// Where, and what is wrong.
    pub marked: Marked,
}

impl fmt::Display for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.marked)
    }
}

/// Everything that is wrong with a scenario file, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioErrors {
    /// The mistakes, at most [`MISTAKES_MAX`].
    pub mistakes: Vec<Coded>,
    /// How many more there are.
    pub more: usize,
}

/// Most mistakes that are told of one file: more than a person mends before checking again.
pub const MISTAKES_MAX: usize = 100;

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, mistake) in self.mistakes.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for ScenarioErrors {}
