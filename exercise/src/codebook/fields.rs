//! What may stand in a field. Every value has exactly one writing, on one line, that cannot pass for anything else.
//!
//! [`Kind::read`] takes a text only if writing its value again gives the same text. So reading and writing are inverse
//! by construction.

use std::fmt;

use hotline_core::{name::MessageName, text};

mod place;
mod time;

pub use place::{Fix, Point};
pub use time::Stamp;

/// What may stand in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `OURS`, `YOURS` or `THIRD(name)`.
    Whose,
    /// A date-time group: `260942Z NOV 26`.
    Dtg,
    /// One or several date-time groups.
    Dtgs,
    /// A place and how far off it may be: `12-34.5N 123-45.6E within 2.0 NM`.
    Position,
    /// The corners of an area, at least three.
    Area,
    /// The points of a way, at least two.
    Track,
    /// A whole number with its unit: `12 NM`.
    Number {
        /// The unit, in the field's own words; empty for a mere count.
        unit: String,
        /// The least that is taken.
        least: u32,
        /// The most that is taken.
        most: u32,
    },
    /// `YES` or `NO`.
    YesNo,
    /// One word of a list.
    Choice(Vec<String>),
    /// One or several words of a list, in its order.
    Choices(Vec<String>),
    /// The name of a message: `A-0017`.
    Reference,
    /// One line of words.
    Text {
        /// Characters at most.
        most: u32,
    },
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Whose platform or act it is.
    Whose(Whose),
    /// A time.
    Dtg(Stamp),
    /// Several times.
    Dtgs(Vec<Stamp>),
    /// A place with its uncertainty.
    Position(Fix),
    /// Corners.
    Area(Vec<Point>),
    /// A way.
    Track(Vec<Point>),
    /// A number and its unit.
    Number {
        /// How many.
        count: u32,
        /// Of what; empty for a mere count.
        unit: String,
    },
    /// YES or NO.
    YesNo(YesNo),
    /// A word.
    Choice(String),
    /// Words.
    Choices(Vec<String>),
    /// A message.
    Reference(MessageName),
    /// A line of words.
    Text(String),
}

/// To whom a platform or an act is attributed, from the sender's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// The sender's.
    Ours,
    /// The reader's.
    Yours,
    /// A third party's.
    Third(String),
}

/// YES or NO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YesNo {
    /// It is so.
    Yes,
    /// It is not so.
    No,
}

impl Kind {
    /// Its word in a codebook file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Whose => "whose",
            Self::Dtg => "dtg",
            Self::Dtgs => "dtgs",
            Self::Position => "position",
            Self::Area => "area",
            Self::Track => "track",
            Self::Number { .. } => "number",
            Self::YesNo => "yes-no",
            Self::Choice(_) => "choice",
            Self::Choices(_) => "choices",
            Self::Reference => "reference",
            Self::Text { .. } => "text",
        }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// A sentence: what is wrong, and what would do.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let value = self.parse(text)?;
        let written = value.to_string();
        if written == text {
            Ok(value)
        } else {
            Err(format!("{} is written \"{written}\"", shown(text)))
        }
    }

    /// Whether `value` is one of this kind, within its bounds.
    ///
    /// # Errors
    /// A sentence: what is wrong.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        match self.read(&value.to_string()) {
            Ok(read) if read == *value => Ok(()),
            Ok(_) => Err(format!("this is no {}; {}", self.name(), self.example())),
            Err(why) => Err(why),
        }
    }

    fn parse(&self, text: &str) -> Result<Value, String> {
        let wrong = || format!("{} is no {}; {}", shown(text), self.name(), self.example());
        match self {
            Self::Whose => whose(text).map(Value::Whose).ok_or_else(wrong),
            Self::Dtg => Stamp::parse(text).map(Value::Dtg).ok_or_else(wrong),
            Self::Dtgs => {
                let times = each(text, 1, Stamp::parse).ok_or_else(wrong)?;
                Ok(Value::Dtgs(times))
            }
            Self::Position => Fix::parse(text).map(Value::Position).ok_or_else(wrong),
            Self::Area => {
                let corners = each(text, AREA_LEAST, Point::parse).ok_or_else(wrong)?;
                Ok(Value::Area(corners))
            }
            Self::Track => {
                let points = each(text, TRACK_LEAST, Point::parse).ok_or_else(wrong)?;
                Ok(Value::Track(points))
            }
            Self::Number { unit, least, most } => {
                let digits = if unit.is_empty() {
                    text
                } else {
                    text.strip_suffix(unit)
                        .and_then(|rest| rest.strip_suffix(' '))
                        .ok_or_else(wrong)?
                };
                let count: u32 = digits.parse().map_err(|_| wrong())?;
                if !(*least..=*most).contains(&count) {
                    return Err(format!(
                        "{} is out of range: {least} to {most} {unit}",
                        shown(text)
                    ));
                }
                let unit = unit.clone();
                Ok(Value::Number { count, unit })
            }
            Self::YesNo => match text {
                "YES" => Ok(Value::YesNo(YesNo::Yes)),
                "NO" => Ok(Value::YesNo(YesNo::No)),
                _ => Err(wrong()),
            },
            Self::Choice(words) => match words.iter().find(|word| *word == text) {
                Some(word) => Ok(Value::Choice(word.clone())),
                None => Err(wrong()),
            },
            Self::Choices(words) => choices(words, text).map(Value::Choices).ok_or_else(wrong),
            Self::Reference => text.parse().map(Value::Reference).map_err(|_| wrong()),
            Self::Text { most } => {
                check_line(text, *most)?;
                Ok(Value::Text(text.to_owned()))
            }
        }
    }

    /// What belongs there, with an example: "write OURS, YOURS or THIRD(name)".
    #[must_use]
    pub fn example(&self) -> String {
        match self {
            Self::Whose => "write OURS, YOURS or THIRD(name)".to_owned(),
            Self::Dtg => "write one like 260942Z NOV 26".to_owned(),
            Self::Dtgs => "write them like 260942Z NOV 26; 261000Z NOV 26".to_owned(),
            Self::Position => "write one like 12-34.5N 123-45.6E within 2.0 NM".to_owned(),
            Self::Area => {
                format!("write {AREA_LEAST} to {LIST_MOST} corners like 12-34.5N 123-45.6E, parted by \"; \"")
            }
            Self::Track => {
                format!("write {TRACK_LEAST} to {LIST_MOST} points like 12-34.5N 123-45.6E, parted by \"; \"")
            }
            Self::Number { unit, least, most } => {
                format!("write a whole number from {least} to {most} {unit}")
                    .trim_end()
                    .to_owned()
            }
            Self::YesNo => "write YES or NO".to_owned(),
            Self::Choice(words) => format!("write one of {}", words.join(", ")),
            Self::Choices(words) => format!(
                "write some of {}, in this order, parted by \"; \"",
                words.join(", ")
            ),
            Self::Reference => "write one like A-0017".to_owned(),
            Self::Text { most } => format!("write one line of at most {most} characters"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whose(Whose::Ours) => f.write_str("OURS"),
            Self::Whose(Whose::Yours) => f.write_str("YOURS"),
            Self::Whose(Whose::Third(name)) => write!(f, "THIRD({name})"),
            Self::Dtg(time) => time.fmt(f),
            Self::Dtgs(times) => joined(f, times),
            Self::Position(fix) => fix.fmt(f),
            Self::Area(points) | Self::Track(points) => joined(f, points),
            Self::Number { count, unit } if unit.is_empty() => count.fmt(f),
            Self::Number { count, unit } => write!(f, "{count} {unit}"),
            Self::YesNo(YesNo::Yes) => f.write_str("YES"),
            Self::YesNo(YesNo::No) => f.write_str("NO"),
            Self::Choice(word) => f.write_str(word),
            Self::Choices(words) => joined(f, words),
            Self::Reference(name) => name.fmt(f),
            Self::Text(line) => f.write_str(line),
        }
    }
}

/// Whether `line` is one line of words that a person can see as it is: nothing that acts, no letters borrowed from a
/// script that looks alike, and single spaces, so that no gap makes the rest look like another line.
///
/// # Errors
/// A sentence: what is wrong.
pub fn check_line(line: &str, most: u32) -> Result<(), String> {
    let length = line.chars().count();
    if !line.chars().any(char::is_alphanumeric) {
        return Err("there are no words in it".to_owned());
    }
    if length > most as usize {
        return Err(format!("it has {length} characters, and at most {most} fit"));
    }
    let inert = text::inert_line(line);
    if inert.marked > 0 {
        return Err(format!(
            "it holds characters that act or deceive: {}",
            shown(line)
        ));
    }
    if line
        .chars()
        .any(|c| (c.is_whitespace() && c != ' ') || c == BLANK_PATTERN)
    {
        return Err("it holds a space that is not the common one".to_owned());
    }
    if line.starts_with(' ') || line.ends_with(' ') || line.contains("  ") {
        return Err("spaces stand between words only, one at a time".to_owned());
    }
    Ok(())
}

fn whose(text: &str) -> Option<Whose> {
    match text {
        "OURS" => Some(Whose::Ours),
        "YOURS" => Some(Whose::Yours),
        _ => {
            let name = text.strip_prefix("THIRD(")?.strip_suffix(')')?;
            let plain = check_line(name, THIRD_MOST).is_ok() && !name.contains(['(', ')']);
            plain.then(|| Whose::Third(name.to_owned()))
        }
    }
}

fn choices(words: &[String], text: &str) -> Option<Vec<String>> {
    let mut left = words.iter();
    text.split(PART)
        .map(|part| left.find(|word| *word == part).cloned())
        .collect()
}

fn each<T>(text: &str, least: usize, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let parts: Vec<&str> = text.split(PART).take(LIST_MOST + 1).collect();
    if !(least..=LIST_MOST).contains(&parts.len()) {
        return None;
    }
    parts.into_iter().map(read).collect()
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, parts: &[T]) -> fmt::Result {
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            f.write_str(PART)?;
        }
        part.fmt(f)?;
    }
    Ok(())
}

/// A stranger's words in a sentence of ours: short, and inert.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_MOST).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", text::inert_line(&short).text)
}

/// Between the parts of a list.
const PART: &str = "; ";
/// Parts of a list at most: more corners than a person reads aloud without a mistake.
pub const LIST_MOST: usize = 16;
/// Corners of an area at least.
const AREA_LEAST: usize = 3;
/// Points of a way at least.
const TRACK_LEAST: usize = 2;
/// Characters of a third party's name at most.
const THIRD_MOST: u32 = 40;
/// Characters of a stranger's text shown in a sentence.
const SHOWN_MOST: usize = 60;
/// A letter of braille without dots: it is no white space, and nothing of it is seen.
const BLANK_PATTERN: char = '\u{2800}';
