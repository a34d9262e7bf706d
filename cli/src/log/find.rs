//! Finding one statement by what people have of it: a name, an id, the beginning of a hash.

use std::ops::ControlFlow;

use hotline_audit::{Hash, statement::Payload};
use hotline_core::{id::StatementId, name::MessageName, text::inert_line};

use super::{
    names::{Names, payload, short},
    read::{self, Source},
};
use crate::exit::{self, Failure};

/// Fewest hex digits that name a statement.
const MIN_DIGITS: usize = 8;
/// Most statements that are listed when several fit.
const MAX_LISTED: usize = 8;

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `A-0017`.
    Name(MessageName),
    /// The beginning of an id or hash, lower-case hex.
    Digits(String),
}

/// A statement that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its index.
    pub index: u64,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// What it is called.
    pub called: String,
}

impl Wanted {
    /// Reads what was typed.
    ///
    /// # Errors
    /// It is neither a name nor enough of an id or hash.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let digits = text.to_ascii_lowercase();
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex && (MIN_DIGITS..=64).contains(&digits.len()) {
            return Ok(Self::Digits(digits));
        }
        text.parse().map(Self::Name).map_err(|_| {
            let what = format!(
                "\"{}\" is neither a name nor an id or hash",
                inert_line(text).text
            );
            let help = "a message's name is like A-0017; of an id or hash at least 8 hex digits are needed";
            Failure::new("HL-LOG-005", exit::USAGE, what, help)
        })
    }

    fn fits(&self, bytes: &[u8], names: &Names) -> bool {
        let said = payload(bytes);
        match self {
            Self::Name(name) => match said {
                Some(Payload::Message(message)) => {
                    // Where no prefix is known, a number is all that a name can say.
                    name.number() == message.number
                        && (!names.has_prefixes() || names.of(&message) == name.to_string())
                }
                Some(
                    Payload::Receipt(_)
                    | Payload::Act(_)
                    | Payload::Annex(_)
                    | Payload::Charter(_)
                    | Payload::Service(_)
                    | Payload::Watch(_)
                    | Payload::Lifecycle(_),
                )
                | None => false,
            },
            Self::Digits(digits) => {
                let id = said.map(|said| StatementId(said.header().id).to_string());
                Hash::of(bytes).to_string().starts_with(digits) || id.is_some_and(|id| id.starts_with(digits))
            }
        }
    }
}

/// The one statement of a log that is asked for.
///
/// # Errors
/// There is none, or there are several; then they are listed.
pub fn find(log: &Source, text: &str, names: &Names) -> Result<Found, Failure> {
    let wanted = Wanted::parse(text)?;
    let mut found: Vec<Found> = Vec::new();
    let stopped = log.each(&mut |index, bytes| {
        if wanted.fits(&bytes, names) {
            let called = match payload(&bytes) {
                Some(Payload::Message(message)) => names.of(&message),
                Some(_) | None => short(&Hash::of(&bytes)),
            };
            found.push(Found { index, bytes, called });
        }
        if found.len() > MAX_LISTED {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    if found.len() > 1 {
        let list: Vec<String> = found
            .iter()
            .map(|one| format!("#{} {}", one.index, short(&Hash::of(&one.bytes))))
            .collect();
        let what = format!(
            "{} fits several statements: {}",
            inert_line(text).text,
            list.join(", ")
        );
        return Err(Failure::new(
            "HL-LOG-005",
            exit::USAGE,
            what,
            "name one by its hash, or name your trust folder",
        ));
    }
    match (found.pop(), stopped) {
        (Some(found), _) => Ok(found),
        (None, Some(why)) => Err(read::damaged(format!(
            "not found, and the log cannot be read further: {why}"
        ))),
        (None, None) => {
            let what = format!("no statement in this log is called {}", inert_line(text).text);
            Err(Failure::new(
                "HL-LOG-005",
                exit::USAGE,
                what,
                "hotline log show lists what is there",
            ))
        }
    }
}
