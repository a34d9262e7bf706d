//! One-time codes: `7-crossover-clock`, a number and two words of the BIP 39 list, and where to take it.
//!
//! The number says which code it is, and is no secret. The words are: 22 bits, of which a stranger gets three tries.

use std::{fmt, str::FromStr};

use bip39::Language;

/// Where control listens unless something else is said.
pub const DEFAULT_AT: &str = "127.0.0.1:4717";
/// Highest number of a code.
pub const NUMBER_MAX: u16 = 999;
/// Words of the list: 11 bits each.
const WORDS: u16 = 2048;

/// A one-time code.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    number: u16,
    words: [&'static str; 2],
}

/// A code, and where it is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The code.
    pub code: Code,
    /// `host:port`.
    pub at: String,
}

/// What was typed is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{typed}\" is no code: {why}")]
pub struct CodeError {
    typed: String,
    why: String,
}

impl Code {
    /// A new code of this number.
    pub fn new(number: u16, entropy: &mut dyn FnMut(&mut [u8])) -> Self {
        let list = Language::English.word_list();
        let mut word = || {
            let mut bytes = [0; 2];
            entropy(&mut bytes);
            // 65,536 is a multiple of 2,048: every word is as likely.
            list[usize::from(u16::from_be_bytes(bytes) % WORDS)]
        };
        let words = [word(), word()];
        Self { number, words }
    }

    /// Which code it is.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// What both ends must know.
    #[must_use]
    pub fn password(&self) -> String {
        let [first, second] = self.words;
        format!("{}-{first}-{second}", self.number)
    }
}

/// As it is read aloud.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.password())
    }
}

/// Without its words, which are a secret.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.number)
    }
}

impl FromStr for Code {
    type Err = CodeError;

    /// Reads a code as people type it: capitals, spaces and underscores do not matter. A word that is on no list is a
    /// typing mistake, and is said before it costs a try.
    fn from_str(typed: &str) -> Result<Self, CodeError> {
        let wrong = |why: String| CodeError {
            typed: typed.to_owned(),
            why,
        };
        let mut parts = typed
            .split(|c: char| c == '-' || c == '_' || c.is_whitespace())
            .filter(|part| !part.is_empty());
        let form = || wrong("it reads like 7-crossover-clock".into());
        let (Some(number), Some(first), Some(second), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(form());
        };
        let number = number.parse().map_err(|_| form())?;
        if !(1..=NUMBER_MAX).contains(&number) {
            return Err(form());
        }
        let list = Language::English.word_list();
        let word = |typed: &str| {
            let typed = typed.to_lowercase();
            let known = list.iter().find(|known| **known == typed);
            known
                .copied()
                .ok_or_else(|| wrong(format!("no code has the word {typed}")))
        };
        Ok(Self {
            number,
            words: [word(first)?, word(second)?],
        })
    }
}

impl FromStr for Ticket {
    type Err = CodeError;

    /// Reads `7-crossover-clock`, or `7-crossover-clock@192.0.2.7:4717`.
    fn from_str(typed: &str) -> Result<Self, CodeError> {
        let (code, at) = typed.split_once('@').unwrap_or((typed, DEFAULT_AT));
        let port = at.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() {
            return Err(CodeError {
                typed: typed.to_owned(),
                why: "behind the @ stands a host and a port: 192.0.2.7:4717".into(),
            });
        }
        Ok(Self {
            code: code.parse()?,
            at: at.to_owned(),
        })
    }
}

/// As it is typed.
impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at == DEFAULT_AT {
            true => write!(f, "{}", self.code),
            false => write!(f, "{}@{}", self.code, self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn zeros(bytes: &mut [u8]) {
        bytes.fill(0);
    }

    #[test]
    fn a_code_is_read_back_however_people_type_it() {
        let code = Code::new(7, &mut zeros);
        assert_eq!(code.to_string(), "7-abandon-abandon");
        for typed in ["7-abandon-abandon", "7 Abandon ABANDON", " 7_abandon-abandon "] {
            assert_eq!(typed.parse::<Code>().unwrap(), code, "{typed}");
        }
    }

    #[test]
    fn a_typing_mistake_is_told_before_it_costs_a_try() {
        for typed in [
            "",
            "7",
            "7-abandon",
            "7-abandn-abandon",
            "0-abandon-abandon",
            "x-abandon-abandon",
            "1000-abandon-abandon",
        ] {
            assert!(typed.parse::<Code>().is_err(), "{typed}");
        }
        assert!(
            "7-abandn-abandon"
                .parse::<Code>()
                .unwrap_err()
                .to_string()
                .contains("abandn")
        );
    }

    #[test]
    fn a_ticket_says_where_unless_it_is_the_usual_place() {
        let here: Ticket = "7-abandon-ability".parse().unwrap();
        assert_eq!(
            (here.at.as_str(), here.to_string().as_str()),
            (DEFAULT_AT, "7-abandon-ability")
        );
        let there: Ticket = "7-abandon-ability@192.0.2.7:99".parse().unwrap();
        assert_eq!(there.to_string(), "7-abandon-ability@192.0.2.7:99");
        assert!("7-abandon-ability@there".parse::<Ticket>().is_err());
    }

    #[test]
    fn a_code_does_not_show_its_words_where_it_is_logged() {
        assert_eq!(format!("{:?}", Code::new(7, &mut zeros)), "Code(7)");
    }
}
