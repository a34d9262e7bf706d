//! Names that people say aloud: `A-0017`, the seventeenth message of Avelia's first desk.
//!
//! A name is for people and screens. The key of a statement is its sender and id; two messages never share those,
//! while a prefix is only a desk's habit.

use std::fmt;
use std::str::FromStr;

use crate::identity::{excerpt, shown};

/// A message's name: the desk's prefix and the message's number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageName {
    prefix: String,
    number: u64,
}

/// Text that is no message name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a message name: it would read like A-0017", shown(.found))]
pub struct NotAMessageName {
    /// What stood there.
    pub found: String,
}

impl MessageName {
    /// Puts a name together.
    ///
    /// # Errors
    /// [`NotAMessageName`] unless the prefix is a letter and at most seven more letters or digits, all upper case, and
    /// the number at least 1.
    pub fn new(prefix: &str, number: u64) -> Result<Self, NotAMessageName> {
        let letters = prefix.len() <= MAX_PREFIX
            && prefix.starts_with(|first: char| first.is_ascii_uppercase())
            && prefix
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if letters && number > 0 {
            Ok(Self {
                prefix: prefix.to_owned(),
                number,
            })
        } else {
            Err(NotAMessageName {
                found: excerpt(&format!("{prefix}-{number}")),
            })
        }
    }

    /// The desk's prefix: `A`, or `A2` for a side's second desk.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The number, from 1.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Display for MessageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04}", self.prefix, self.number)
    }
}

impl FromStr for MessageName {
    type Err = NotAMessageName;

    /// Reads a name as people type it: `A-0017`, `A-17` and `a-17` are the same.
    fn from_str(text: &str) -> Result<Self, NotAMessageName> {
        let bad = || NotAMessageName { found: excerpt(text) };
        let (prefix, digits) = text.split_once('-').ok_or_else(bad)?;
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(bad());
        }
        let number = digits.parse().map_err(|_| bad())?;
        Self::new(&prefix.to_ascii_uppercase(), number).map_err(|_| bad())
    }
}

/// Letters and digits of a prefix at most.
const MAX_PREFIX: usize = 8;
/// Digits of the largest `u64`.
const MAX_DIGITS: usize = 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_has_at_least_four_digits() {
        assert_eq!(MessageName::new("A", 17).unwrap().to_string(), "A-0017");
        assert_eq!(MessageName::new("A2", 123_456).unwrap().to_string(), "A2-123456");
    }

    #[test]
    fn people_may_leave_out_zeros_and_capitals() {
        for text in ["A-0017", "A-17", "a-17", "a-000017"] {
            assert_eq!(
                text.parse::<MessageName>().unwrap(),
                MessageName::new("A", 17).unwrap()
            );
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "A",
            "A-",
            "-17",
            "17",
            "A-0",
            "A--17",
            "A-+17",
            "A-1 7",
            "2A-17",
            "Ä-17",
            "A-17-1",
            "ABCDEFGHI-1",
            "A-99999999999999999999",
        ] {
            assert!(text.parse::<MessageName>().is_err(), "{text:?} was read");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_back_as_it_was_written(prefix in "[A-Z][A-Z0-9]{0,7}", number in 1u64..) {
            let name = MessageName::new(&prefix, number).unwrap();
            prop_assert_eq!(name.to_string().parse::<MessageName>().unwrap(), name);
        }
    }
}
