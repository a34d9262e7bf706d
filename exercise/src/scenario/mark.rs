//! Names of what happens: `STARTEX`, `inject 1.1.1`, `m1.DELIVERED@B`. Plans and expectations hang on them.

use std::{fmt, str::FromStr};

use hotline_core::words::Rung;

/// An inject's number: event, incident, inject. `1.2.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial {
    /// From 1.
    pub event: u16,
    /// Within the event, from 1.
    pub incident: u16,
    /// Within the incident, from 1.
    pub inject: u16,
}

/// A message as the file calls it: `m1`; of a repeated one a single copy: `sar#7`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// Which of several, from 1; all if none.
    pub copy: Option<u16>,
}

/// Something that happens, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// The exercise begins.
    Startex,
    /// The exercise ends.
    Endex,
    /// An inject is delivered.
    Inject(Serial),
    /// A message reaches a rung.
    Rung {
        /// Which message.
        of: Alias,
        /// Which rung.
        rung: Rung,
        /// At which desk; at any if none.
        at: Option<String>,
    },
}

/// The text names nothing that can happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAMark(String);

/// Longest name, in characters. A name may become part of a file's name.
pub const NAME_MAX: usize = 32;

/// A name: a letter or digit, then at most 31 more letters, digits or hyphens.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_MAX
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Part of a serial number: 1 to 9999, without leading zeros.
pub(super) fn part(text: &str) -> Option<u16> {
    let plain = (1..=4).contains(&text.len()) && !text.starts_with('0');
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
        .filter(|_| plain)
}

impl FromStr for Serial {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let mut parts = text.split('.').map(part);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(event)), Some(Some(incident)), Some(Some(inject)), None) => Ok(Self {
                event,
                incident,
                inject,
            }),
            _ => Err(NotAMark(format!(
                "\"{text}\" is no number of an inject; write event, incident and inject, like \"1.2.3\""
            ))),
        }
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.event, self.incident, self.inject)
    }
}

impl FromStr for Alias {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let (name, copy) = match text.split_once('#') {
            Some((name, copy)) => (name, Some(part(copy))),
            None => (text, None),
        };
        match copy {
            Some(None) => Err(NotAMark(format!(
                "\"{text}\": behind # stands which one, like sar#7"
            ))),
            _ if !is_name(name) => Err(NotAMark(format!(
                "\"{text}\" is no name of a message; write one like m1"
            ))),
            copy => Ok(Self {
                name: name.to_owned(),
                copy: copy.flatten(),
            }),
        }
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.copy {
            Some(copy) => write!(f, "#{copy}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Mark {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        if let Some(serial) = text.strip_prefix("inject ") {
            return serial.parse().map(Self::Inject);
        }
        let (of, rest) = match (text, text.split_once('.')) {
            ("STARTEX", _) => return Ok(Self::Startex),
            ("ENDEX", _) => return Ok(Self::Endex),
            (_, Some(parts)) => parts,
            (_, None) => {
                return Err(NotAMark(format!(
                    "\"{text}\" names nothing that happens; write STARTEX, inject 1.1.1 or m1.DELIVERED@B"
                )));
            }
        };
        let (rung, at) = match rest.split_once('@') {
            Some((rung, at)) => (rung, Some(at)),
            None => (rest, None),
        };
        if at.is_some_and(|at| !is_name(at)) {
            return Err(NotAMark(format!(
                "\"{text}\": behind @ stands a desk, like m1.DELIVERED@B"
            )));
        }
        let rung = rung
            .parse()
            .map_err(|error: hotline_core::words::UnknownWord| NotAMark(error.to_string()))?;
        Ok(Self::Rung {
            of: of.parse()?,
            rung,
            at: at.map(str::to_owned),
        })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Startex => f.write_str("STARTEX"),
            Self::Endex => f.write_str("ENDEX"),
            Self::Inject(serial) => write!(f, "inject {serial}"),
            Self::Rung { of, rung, at: None } => write!(f, "{of}.{rung}"),
            Self::Rung {
                of,
                rung,
                at: Some(at),
            } => write!(f, "{of}.{rung}@{at}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_mark_is_written_as_it_is_read() {
        for text in [
            "STARTEX",
            "ENDEX",
            "inject 1.1.1",
            "m1.RELEASED",
            "m1.DELIVERED@B",
            "sar#7.DISPLAYED@A2",
        ] {
            assert_eq!(text.parse::<Mark>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_mark_is_refused_with_what_would_do() {
        for text in [
            "",
            "STARTX",
            "inject 1.1",
            "inject 01.1.1",
            "inject 1.1.1.1",
            "m1",
            "m1.DELIVRED",
            "m1.DELIVERED@",
            "m1.DELIVERED@B/..",
            "sar#0.RELEASED",
            "../m1.RELEASED",
        ] {
            assert!(text.parse::<Mark>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_name_can_leave_a_folder() {
        for text in [
            "..",
            ".",
            "a/b",
            "a\\b",
            "-a",
            "a\0",
            "a b",
            "",
            "ä",
            &"a".repeat(33),
        ] {
            assert!(!is_name(text), "{text}");
        }
        assert!(is_name("S1") && is_name("a-notifies"));
    }
}
